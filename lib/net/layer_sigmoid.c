/* sigmoid - y = 1 / (1 + exp(-x)), dx = dy y (1 - y) */
#include "layer.h"
#include "../kernel/sweeps.h"

static void forward(const struct sn_call *c)
{
	sn_sweeps()->sigmoid(c->x, c->n * c->layer->in_size, c->y);
}

static void backward(const struct sn_call *c)
{
	if (c->dx)
		sn_sweeps()->sigmoid_back(c->y, c->dy, c->n * c->layer->in_size, c->dx);
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
