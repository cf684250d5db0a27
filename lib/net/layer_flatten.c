/* flatten - [h][w][c] -> [c h w]: PyTorch's order, so that the weights behind it are PyTorch's. */
#include "layer.h"
#include "../kernel/sweeps.h"

static int shape(struct sn_layer *l)
{
	l->out = (struct sn_shape){ 1, 1, l->in_size };
	return 0;
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;

	for (size_t i = 0; i < c->n; i++)
		sn_sweeps()->transpose(c->x + i * l->in_size, l->in.h * l->in.w, l->in.c,
				       c->y + i * l->in_size);
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;

	for (size_t i = 0; c->dx && i < c->n; i++)
		sn_sweeps()->transpose(c->dy + i * l->in_size, l->in.c, l->in.h * l->in.w,
				       c->dx + i * l->in_size);
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	(void)l;
	(void)r;
}

const struct sn_layer_kind sn_layer_flatten = {
	.name = "flatten",
	.prefix = "flatten",
	.synopsis = "flatten [name=NAME]",
	.shape = shape,
	.range = range,
	.forward = forward,
	.backward = backward,
};
