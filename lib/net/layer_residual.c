/*
 * residual - the sum that ends a residual block, and the relu behind it: y = x + x2, dx = dx2 = dy,
 * 0 where the relu gave 0.
 */
#include <string.h>
#include "layer.h"
#include "../kernel/sweeps.h"

struct residual {
	bool relu[2]; /* embedding, training: the next layer's */
};

static bool absorb(struct sn_layer *l, const struct sn_layer *next, bool training)
{
	struct residual *v = l->own;

	if (next->kind != &sn_layer_relu || next->absorbs[training] || v->relu[training])
		return false;
	return v->relu[training] = true;
}

static void forward(const struct sn_call *c)
{
	const struct residual *v = c->layer->own;

	sn_sweeps()->add(c->x, c->x2, c->n * c->layer->in_size, v->relu[c->batch->training], c->y);
}

static void backward(const struct sn_call *c)
{
	const struct residual *v = c->layer->own;
	size_t n = c->n * c->layer->in_size;

	if (!c->dx)
		return;
	if (v->relu[true])
		sn_sweeps()->relu_back(c->y, c->dy, n, c->dx);
	else
		memcpy(c->dx, c->dy, n * sizeof *c->dx);
}

const struct sn_layer_kind sn_layer_residual = {
	.name = "residual",
	.prefix = "residual",
	.synopsis = "residual [name=NAME], layers, [shortcut, layers,] end",
	.size = sizeof(struct residual),
	.flags = SN_LAYER_TWO | SN_LAYER_BACK_AS_ONE,
	.absorb = absorb,
	.forward = forward,
	.backward = backward,
};
