/*
 * batchnorm, per channel:
 *     y = w xhat + b,  xhat = (x - m) / sqrt(v + eps)
 * Training takes mean m and variance v (over N) from the batch's pixels and moves the running ones
 * by `momentum` (the running variance over N - 1); embedding takes the running ones.
 *     S1 = sum dy,  S2 = sum dy xhat
 *     db = S1,  dw = S2,  dx = w / sqrt(v + eps) (dy - S1/N - xhat S2/N)
 * Sums are double: in order within a block of images, blocks joined by the tree.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "layer.h"

enum { WEIGHT, BIAS, MEAN, VARIANCE };

struct batchnorm {
	double eps, momentum;
	float *scale, *shift; /* [c] of embedding: w / sqrt(running v + eps), b - scale m */
};

/* In training, behind one another in the layer's memory; blocks = those of n images. */
struct state {
	float *mean, *scale;  /* [c] y = (x - mean) scale + b */
	float *slope, *shift; /* [c] dx = dy scale + (x - mean) slope + shift */
	double *inverse;      /* [c] 1 / sqrt(v + eps) */
	double *sums;	      /* [blocks][2][c] */
};

static struct state state_of(const struct sn_layer *l, void *memory)
{
	size_t c = l->in.c;
	double *d = memory;
	float *f = (float *)(d + c);

	return (struct state){ f, f + c, f + 2 * c, f + 3 * c, d, (double *)(f + 4 * c) };
}

static size_t memory(const struct sn_layer *l, size_t n, size_t block)
{
	size_t c = l->in.c, blocks = (n + block - 1) / block;

	return (c + 2 * c + blocks * 2 * c) * sizeof(double);
}

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct batchnorm *v = l->own;
	int st;

	v->eps = 1e-5;
	v->momentum = 0.1;
	if ((st = sn_words_real(w, "eps", sn_words_option(w, "eps"), 1e-12, 1, &v->eps)) < 0)
		return st;
	return sn_words_real(w, "momentum", sn_words_option(w, "momentum"), 0, 1, &v->momentum);
}

static int shape(struct sn_layer *l)
{
	static const char *const suffix[] = { "weight", "bias", "running_mean", "running_var" };
	struct batchnorm *v = l->own;
	int st;

	l->out = l->in;
	for (int i = WEIGHT; i <= VARIANCE; i++)
		if ((st = sn_layer_param(l, suffix[i], &l->in.c, 1, i < MEAN, false)) < 0)
			return st;
	if ((st = sn_layer_floats(&v->scale, 2 * l->in.c)) < 0)
		return st;
	v->shift = v->scale + l->in.c;
	return 0;
}

static void init(struct sn_layer *l, uint64_t seed)
{
	(void)seed;
	for (size_t i = 0; i < l->in.c; i++) {
		l->param[WEIGHT].value[i] = l->param[VARIANCE].value[i] = 1;
		l->param[BIAS].value[i] = l->param[MEAN].value[i] = 0;
	}
}

void sn_batchnorm_line(const struct sn_layer *l, float *scale, float *shift)
{
	const struct batchnorm *v = l->own;

	for (size_t i = 0; i < l->in.c; i++) {
		double s = l->param[WEIGHT].value[i] / sqrt(l->param[VARIANCE].value[i] + v->eps);
		scale[i] = (float)s;
		shift[i] = (float)(l->param[BIAS].value[i] - l->param[MEAN].value[i] * s);
	}
}

static int prepare(struct sn_layer *l, bool training)
{
	struct batchnorm *v = l->own;

	if (!training)
		sn_batchnorm_line(l, v->scale, v->shift);
	return 0;
}

static void release(struct sn_layer *l)
{
	free(((struct batchnorm *)l->own)->scale);
}

/* The sums of the block that the call's images are in, cleared before its first image. */
static double *block_sums(const struct sn_call *c, double *sums)
{
	size_t width = 2 * c->layer->in.c;
	double *sum = sums + c->first / c->batch->block * width;

	if (c->first % c->batch->block == 0)
		memset(sum, 0, width * sizeof *sum);
	return sum;
}

static void gather(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t channels = l->in.c, pixels = c->n * l->in.h * l->in.w;
	double *sum = block_sums(c, state_of(l, c->memory).sums);
	double *restrict s = sum, *restrict q = sum + channels;

	for (size_t p = 0; p < pixels; p++) {
		const float *restrict x = c->x + p * channels;
		for (size_t i = 0; i < channels; i++) {
			s[i] += x[i];
			q[i] += (double)x[i] * x[i];
		}
	}
}

static int join(struct sn_layer *l, const struct sn_batch *b, void *memory)
{
	struct batchnorm *v = l->own;
	struct state s = state_of(l, memory);
	size_t channels = l->in.c;
	double n = (double)b->n * (double)(l->in.h * l->in.w);

	if (n < 2)
		return sn_fail(SN_EDATA,
			       "%s: batch norm needs more than one value of a channel: train on "
			       "more images a step",
			       l->name);
	sn_tree_join_f8(s.sums, (b->n + b->block - 1) / b->block, 2 * channels);
	for (size_t i = 0; i < channels; i++) {
		double mean = s.sums[i] / n, variance = s.sums[channels + i] / n - mean * mean;
		float *running_mean = l->param[MEAN].value + i,
		      *running_var = l->param[VARIANCE].value + i;
		variance = variance < 0 ? 0 : variance; /* rounding; NaN stays */
		s.mean[i] = (float)mean;
		s.inverse[i] = 1 / sqrt(variance + v->eps);
		s.scale[i] = (float)(l->param[WEIGHT].value[i] * s.inverse[i]);
		*running_mean = (float)((1 - v->momentum) * *running_mean + v->momentum * mean);
		*running_var = (float)((1 - v->momentum) * *running_var +
				       v->momentum * variance * n / (n - 1));
	}
	return 0;
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct batchnorm *v = l->own;
	size_t channels = l->in.c, pixels = c->n * l->in.h * l->in.w;
	const float *restrict bias = l->param[BIAS].value;
	const float *restrict scale = v->scale, *restrict shift = v->shift;

	if (!c->batch->training) {
		for (size_t p = 0; p < pixels; p++) {
			const float *restrict x = c->x + p * channels;
			float *restrict y = c->y + p * channels;
			for (size_t i = 0; i < channels; i++)
				y[i] = x[i] * scale[i] + shift[i];
		}
		return;
	}
	struct state s = state_of(l, c->memory);
	const float *restrict mean = s.mean;
	scale = s.scale;
	for (size_t p = 0; p < pixels; p++) {
		const float *restrict x = c->x + p * channels;
		float *restrict y = c->y + p * channels;
		for (size_t i = 0; i < channels; i++)
			y[i] = (x[i] - mean[i]) * scale[i] + bias[i];
	}
}

static void back_gather(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t channels = l->in.c;
	struct state st = state_of(l, c->memory);
	double *sum = block_sums(c, st.sums);
	double *restrict s = sum, *restrict q = sum + channels;
	const float *restrict mean = st.mean;

	for (size_t p = 0; p < c->n * l->in.h * l->in.w; p++) {
		const float *restrict x = c->x + p * channels, *restrict dy = c->dy + p * channels;
		for (size_t i = 0; i < channels; i++) {
			s[i] += dy[i];
			q[i] += (double)dy[i] * (double)(x[i] - mean[i]);
		}
	}
}

static void back_join(struct sn_layer *l, const struct sn_batch *b, void *memory)
{
	struct state s = state_of(l, memory);
	size_t channels = l->in.c;
	double n = (double)b->n * (double)(l->in.h * l->in.w);

	sn_tree_join_f8(s.sums, (b->n + b->block - 1) / b->block, 2 * channels);
	for (size_t i = 0; i < channels; i++) {
		double s1 = s.sums[i], s2 = s.sums[channels + i] * s.inverse[i];
		l->param[BIAS].grad[i] = (float)s1;
		l->param[WEIGHT].grad[i] = (float)s2;
		s.slope[i] = (float)(-s.scale[i] * s.inverse[i] * s2 / n);
		s.shift[i] = (float)(-s.scale[i] * s1 / n);
	}
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	struct state s = state_of(l, c->memory);
	size_t channels = l->in.c;
	const float *restrict mean = s.mean, *restrict scale = s.scale, *restrict slope = s.slope,
			      *restrict shift = s.shift;

	for (size_t p = 0; c->dx && p < c->n * l->in.h * l->in.w; p++) {
		const float *restrict x = c->x + p * channels, *restrict dy = c->dy + p * channels;
		float *restrict dx = c->dx + p * channels;
		for (size_t i = 0; i < channels; i++)
			dx[i] = dy[i] * scale[i] + ((x[i] - mean[i]) * slope[i] + shift[i]);
	}
}

const struct sn_layer_kind sn_layer_batchnorm = {
	.name = "batchnorm",
	.prefix = "bn",
	.synopsis = "batchnorm [eps=1e-5] [momentum=0.1] [name=NAME]",
	.size = sizeof(struct batchnorm),
	.flags = SN_LAYER_KEEPS_X | SN_LAYER_CHANCE,
	.parse = parse,
	.shape = shape,
	.init = init,
	.release = release,
	.prepare = prepare,
	.memory = memory,
	.gather = gather,
	.join = join,
	.forward = forward,
	.back_gather = back_gather,
	.back_join = back_join,
	.backward = backward,
};
