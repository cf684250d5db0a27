/*
 * prelu - y = x where x > 0, else w x with a trained slope w, one for all or one for each channel.
 *     dw = sum of x dy where x <= 0
 * An image's sum is double.
 */
#include <math.h>
#include "layer.h"

struct prelu {
	bool each;
	double slope; /* in the beginning */
};

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct prelu *v = l->own;
	int st;

	v->slope = 0.25;
	if ((st = sn_words_yes(w, "each", sn_words_option(w, "each"), &v->each)) < 0)
		return st;
	return sn_words_real(w, "slope", sn_words_option(w, "slope"), 0, 1, &v->slope);
}

static size_t weights(const struct sn_layer *l)
{
	return ((const struct prelu *)l->own)->each ? l->in.c : 1;
}

static int shape(struct sn_layer *l)
{
	size_t n = weights(l);

	l->out = l->in;
	return sn_layer_param(l, "weight", &n, 1, true, false);
}

static void init(struct sn_layer *l, uint64_t seed)
{
	(void)seed;
	for (size_t i = 0; i < l->param[0].count; i++)
		l->param[0].value[i] = (float)((const struct prelu *)l->own)->slope;
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t channels = l->in.c, pixels = c->n * l->in.h * l->in.w;
	size_t step = weights(l) > 1;

	for (size_t p = 0; p < pixels; p++) {
		const float *restrict x = c->x + p * channels, *restrict w = l->param[0].value;
		float *restrict y = c->y + p * channels;
		for (size_t o = 0; o < channels; o++)
			y[o] = x[o] > 0 ? x[o] : w[o * step] * x[o];
	}
}

static void image_backward(const struct sn_layer *l, const float *x, const float *dy, float *dx,
			   float *sum)
{
	size_t channels = l->in.c, pixels = l->in.h * l->in.w, step = weights(l) > 1;
	const float *w = l->param[0].value;
	double all = 0;

	for (size_t o = 0; o < channels; o++) {
		double own = 0;
		for (size_t i = o; i < pixels * channels; i += channels) {
			own += x[i] > 0 ? 0 : (double)x[i] * (double)dy[i];
			if (dx)
				dx[i] = x[i] > 0 ? dy[i] : w[o * step] * dy[i];
		}
		if (step)
			sum[o] += (float)own;
		all += own;
	}
	if (!step)
		sum[0] += (float)all;
}

static void backward(const struct sn_call *c)
{
	size_t n = c->layer->in_size;

	for (size_t i = 0; i < c->n; i++)
		image_backward(c->layer, c->x + i * n, c->dy + i * n, c->dx ? c->dx + i * n : NULL,
			       c->sum);
}

static void sum_done(const struct sn_layer *l, float *sum)
{
	for (size_t i = 0; i < l->param[0].count; i++)
		l->param[0].grad[i] = sum[i];
}

/* The slope may become any number. */
static void range(const struct sn_layer *l, struct sn_range *r)
{
	(void)l;
	if (r->least < 0)
		*r = (struct sn_range){ -INFINITY, INFINITY, false };
	r->unit = false;
}

const struct sn_layer_kind sn_layer_prelu = {
	.name = "prelu",
	.prefix = "prelu",
	.synopsis = "prelu [each=yes|no] [slope=0.25] [name=NAME]",
	.size = sizeof(struct prelu),
	.flags = SN_LAYER_KEEPS_X,
	.parse = parse,
	.shape = shape,
	.init = init,
	.range = range,
	.forward = forward,
	.backward = backward,
	.sum = weights,
	.sum_done = sum_done,
};
