/* tanh - y = tanh(x), dx = dy (1 - y^2) */
#include <math.h>
#include "layer.h"
#include "../kernel/sweeps.h"

static void forward(const struct sn_call *c)
{
	sn_sweeps()->tanh(c->x, c->n * c->layer->in_size, c->y);
}

static void backward(const struct sn_call *c)
{
	if (c->dx)
		sn_sweeps()->tanh_back(c->y, c->dy, c->n * c->layer->in_size, c->dx);
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
