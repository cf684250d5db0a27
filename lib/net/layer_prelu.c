/*
 * prelu - y = x where x > 0, else w x with a trained slope w, one for all or one for each channel.
 *     dw = sum of x dy where x <= 0
 * An image's sum is floats over some pixels, and these parts double.
 */
#include <math.h>
#include <string.h>
#include "layer.h"
#include "../kernel/sweeps.h"

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
	size_t n = c->n * l->in_size;
	const float *w = l->param[0].value;

	if (weights(l) > 1)
		sn_sweeps()->prelu(w, l->in.c, c->x, n / l->in.c, c->y);
	else
		sn_sweeps()->leaky(c->x, n, w[0], c->y);
}

/* Sums of an image. */
static size_t scratch(const struct sn_layer *l, bool training)
{
	return training ? l->in.c * (sizeof(double) / sizeof(float)) : 0;
}

static void image_sums(const struct sn_layer *l, const float *x, const float *dy, double *own,
		       float *sum)
{
	size_t channels = l->in.c;
	double all = 0;

	memset(own, 0, channels * sizeof *own);
	sn_sweeps()->prelu_sums(x, dy, l->in.h * l->in.w, channels, own);
	for (size_t o = 0; o < channels; o++) {
		if (weights(l) > 1)
			sum[o] += (float)own[o];
		all += own[o];
	}
	if (weights(l) == 1)
		sum[0] += (float)all;
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t one = l->in_size, n = c->n * one;
	const float *w = l->param[0].value;

	for (size_t i = 0; i < c->n; i++)
		image_sums(l, c->x + i * one, c->dy + i * one, (double *)c->scratch, c->sum);
	if (c->dx && weights(l) > 1)
		sn_sweeps()->prelu_back(w, l->in.c, c->x, c->dy, n / l->in.c, c->dx);
	else if (c->dx)
		sn_sweeps()->leaky_back(c->x, c->dy, n, w[0], c->dx);
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
	.scratch = scratch,
	.range = range,
	.forward = forward,
	.backward = backward,
	.sum = weights,
	.sum_done = sum_done,
};
