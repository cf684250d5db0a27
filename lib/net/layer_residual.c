/* residual - the sum that ends a residual block: y = x + x2, dx = dx2 = dy. */
#include <string.h>
#include "layer.h"

static void forward(const struct sn_call *c)
{
	size_t n = c->n * c->layer->in_size;
	const float *restrict a = c->x, *restrict b = c->x2;
	float *restrict y = c->y;

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
	.flags = SN_LAYER_TWO,
	.forward = forward,
	.backward = backward,
};
