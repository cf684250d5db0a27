/* globalavg - the mean of each channel over the whole picture, in double. */
#include "layer.h"

static int shape(struct sn_layer *l)
{
	l->out = (struct sn_shape){ 1, 1, l->in.c };
	return 0;
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t channels = l->in.c, pixels = l->in.h * l->in.w;

	for (size_t i = 0; i < c->n; i++) {
		const float *x = c->x + i * l->in_size;
		for (size_t o = 0; o < channels; o++) {
			double sum = 0;
			for (size_t p = 0; p < pixels; p++)
				sum += x[p * channels + o];
			c->y[i * channels + o] = (float)(sum / (double)pixels);
		}
	}
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t channels = l->in.c, pixels = l->in.h * l->in.w;

	for (size_t i = 0; c->dx && i < c->n; i++) {
		const float *restrict dy = c->dy + i * channels;
		for (size_t p = 0; p < pixels; p++) {
			float *restrict dx = c->dx + i * l->in_size + p * channels;
			for (size_t o = 0; o < channels; o++)
				dx[o] = dy[o] / (float)pixels;
		}
	}
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
	.range = range,
	.forward = forward,
	.backward = backward,
};
