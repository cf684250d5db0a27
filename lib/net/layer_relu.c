/*
 * relu - y = max(0, x); NaN stays NaN.
 *
 * In training with the maxpool behind it, in one go: a relu keeps the order, so that it is done to
 * maxima alone, and nothing of the picture is kept but which they were.
 */
#include <string.h>
#include "layer.h"
#include "../kernel/sweeps.h"

struct relu {
	const struct sn_layer *pool; /* training: the next layer; NULL: none */
	struct sn_window window;
};

static bool absorb(struct sn_layer *l, const struct sn_layer *next, bool training)
{
	struct relu *v = l->own;

	/* a picture of one pixel is a linear layer's, which does the relu */
	if (!training || v->pool || l->in.h * l->in.w == 1 || !sn_maxpool_window(next, &v->window))
		return false;
	v->pool = next;
	return true;
}

static size_t memory(const struct sn_layer *l, size_t n, size_t block)
{
	const struct relu *v = l->own;

	(void)block;
	return v->pool ? n * v->pool->out_size : 1;
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct relu *v = l->own;

	if (!v->pool || !c->batch->training) {
		sn_sweeps()->relu(c->x, c->n * l->in_size, c->y);
		return;
	}
	size_t out = v->pool->out_size;
	for (size_t i = 0; i < c->n; i++)
		sn_sweeps()->maxpool(&v->window, NULL, true, c->x + i * l->in_size, c->y + i * out,
				     (uint8_t *)c->memory + (c->first + i) * out, NULL);
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct relu *v = l->own;

	if (!c->dx)
		return;
	if (!v->pool) {
		sn_sweeps()->relu_back(c->y, c->dy, c->n * l->in_size, c->dx);
		return;
	}
	size_t out = v->pool->out_size;
	for (size_t i = 0; i < c->n; i++)
		sn_sweeps()->maxpool_back(&v->window, NULL,
					  (const uint8_t *)c->memory + (c->first + i) * out,
					  c->dy + i * out, NULL, c->dx + i * l->in_size, NULL);
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	(void)l;
	r->least = r->least < 0 ? 0 : r->least;
	r->most = r->most < 0 ? 0 : r->most;
	r->unit = false;
}

const struct sn_layer_kind sn_layer_relu = {
	.name = "relu",
	.prefix = "relu",
	.synopsis = "relu [name=NAME]",
	.size = sizeof(struct relu),
	.flags = SN_LAYER_KEEPS_Y | SN_LAYER_BACK_AS_ONE,
	.range = range,
	.absorb = absorb,
	.memory = memory,
	.forward = forward,
	.backward = backward,
};
