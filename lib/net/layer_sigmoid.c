/* sigmoid - y = 1 / (1 + exp(-x)), dx = dy y (1 - y) */
#include <math.h>
#include "layer.h"

static void forward(const struct sn_call *c)
{
	for (size_t i = 0; i < c->n * c->layer->in_size; i++)
		c->y[i] = 1 / (1 + expf(-c->x[i]));
}

static void backward(const struct sn_call *c)
{
	for (size_t i = 0; c->dx && i < c->n * c->layer->in_size; i++)
		c->dx[i] = c->dy[i] * (c->y[i] * (1 - c->y[i]));
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
