/* tanh - y = tanh(x), dx = dy (1 - y^2) */
#include <math.h>
#include "layer.h"

static void forward(const struct sn_call *c)
{
	size_t n = c->n * c->layer->in_size;

	for (size_t i = 0; i < n; i++)
		c->y[i] = tanhf(c->x[i]);
}

static void backward(const struct sn_call *c)
{
	size_t n = c->n * c->layer->in_size;
	const float *restrict y = c->y, *restrict dy = c->dy;
	float *restrict dx = c->dx;

	if (!dx)
		return;
	for (size_t i = 0; i < n; i++)
		dx[i] = dy[i] * (1 - y[i] * y[i]);
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	(void)l;
	r->least = tanhf(r->least);
	r->most = tanhf(r->most);
	r->unit = false;
}

const struct sn_layer_kind sn_layer_tanh = {
	.name = "tanh",
	.prefix = "tanh",
	.synopsis = "tanh [name=NAME]",
	.flags = SN_LAYER_KEEPS_Y,
	.range = range,
	.forward = forward,
	.backward = backward,
};
