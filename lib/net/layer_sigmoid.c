/* sigmoid - y = 1 / (1 + exp(-x)), dx = dy y (1 - y) */
#include <math.h>
#include "layer.h"

static void forward(const struct sn_call *c)
{
	size_t n = c->n * c->layer->in_size;

	for (size_t i = 0; i < n; i++)
		c->y[i] = 1 / (1 + expf(-c->x[i]));
}

static void backward(const struct sn_call *c)
{
	size_t n = c->n * c->layer->in_size;
	const float *restrict y = c->y, *restrict dy = c->dy;
	float *restrict dx = c->dx;

	if (!dx)
		return;
	for (size_t i = 0; i < n; i++)
		dx[i] = dy[i] * (y[i] * (1 - y[i]));
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	(void)l;
	*r = (struct sn_range){ 0, 1, false };
}

const struct sn_layer_kind sn_layer_sigmoid = {
	.name = "sigmoid",
	.prefix = "sigmoid",
	.synopsis = "sigmoid [name=NAME]",
	.flags = SN_LAYER_KEEPS_Y,
	.range = range,
	.forward = forward,
	.backward = backward,
};
