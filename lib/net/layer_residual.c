/* residual - the sum that ends a residual block: y = x + x2, dx = dx2 = dy; with a relu behind it.
 */
#include <string.h>
#include "layer.h"

struct residual {
	bool relu; /* the next layer's */
};

static bool absorb(struct sn_layer *l, const struct sn_layer *next, bool training)
{
	struct residual *v = l->own;

	if (next->kind != &sn_layer_relu || l->absorbs[training])
		return false;
	return v->relu = true;
}

static void forward(const struct sn_call *c)
{
	size_t n = c->n * c->layer->in_size;
	const float *restrict a = c->x, *restrict b = c->x2;
	float *restrict y = c->y;

	if (((const struct residual *)c->layer->own)->relu)
		for (size_t i = 0; i < n; i++) {
			float sum = a[i] + b[i];
			y[i] = sum < 0 ? 0 : sum;
		}
	else
		for (size_t i = 0; i < n; i++)
			y[i] = a[i] + b[i];
}

static void backward(const struct sn_call *c)
{
	if (c->dx)
		memcpy(c->dx, c->dy, c->n * c->layer->in_size * sizeof *c->dx);
}

const struct sn_layer_kind sn_layer_residual = {
	.name = "residual",
	.prefix = "residual",
	.synopsis = "residual [name=NAME], layers, [shortcut, layers,] end",
	.size = sizeof(struct residual),
	.flags = SN_LAYER_TWO,
	.absorb = absorb,
	.forward = forward,
	.backward = backward,
};
