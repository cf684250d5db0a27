/* flatten - [h][w][c] -> [c h w]: PyTorch's order, so that the weights behind it are PyTorch's. */
#include "layer.h"

static int shape(struct sn_layer *l)
{
	l->out = (struct sn_shape){ 1, 1, l->in_size };
	return 0;
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t area = l->in.h * l->in.w, channels = l->in.c;

	for (size_t i = 0; i < c->n; i++)
		for (size_t p = 0; p < area; p++)
			for (size_t o = 0; o < channels; o++)
				c->y[i * l->in_size + o * area + p] =
					c->x[i * l->in_size + p * channels + o];
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t area = l->in.h * l->in.w, channels = l->in.c;

	for (size_t i = 0; c->dx && i < c->n; i++)
		for (size_t p = 0; p < area; p++)
			for (size_t o = 0; o < channels; o++)
				c->dx[i * l->in_size + p * channels + o] =
					c->dy[i * l->in_size + o * area + p];
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
