/* globalavg - the mean of each channel over the whole picture. */
#include <string.h>
#include "layer.h"
#include "../kernel/sweeps.h"

static int shape(struct sn_layer *l)
{
	l->out = (struct sn_shape){ 1, 1, l->in.c };
	return 0;
}

/* Sums of an image. */
static size_t scratch(const struct sn_layer *l, bool training)
{
	(void)training;
	return l->in.c * (sizeof(double) / sizeof(float));
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t channels = l->in.c, pixels = l->in.h * l->in.w;
	double *sum = (double *)c->scratch;

	for (size_t i = 0; i < c->n; i++) {
		memset(sum, 0, channels * sizeof *sum);
		sn_sweeps()->sums(c->x + i * l->in_size, pixels, channels, sum);
		for (size_t o = 0; o < channels; o++)
			c->y[i * channels + o] = (float)(sum[o] / (double)pixels);
	}
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t side = l->in.h > l->in.w ? l->in.h : l->in.w;
	const struct sn_window whole = { l->in.h, l->in.w, l->in.c, 1, 1, l->in.h, l->in.w, side };

	for (size_t i = 0; c->dx && i < c->n; i++)
		sn_sweeps()->average_back(&whole, c->dy + i * l->in.c, c->dx + i * l->in_size);
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	(void)l;
	r->unit = false;
}

const struct sn_layer_kind sn_layer_globalavg = {
	.name = "globalavg",
	.prefix = "globalavg",
	.synopsis = "globalavg [name=NAME]",
	.shape = shape,
	.scratch = scratch,
	.range = range,
	.forward = forward,
	.backward = backward,
};
