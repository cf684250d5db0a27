/*
 * batchnorm, per channel, and in one go the relu and then the maxpool behind it:
 *     y = w xhat + b,  xhat = (x - m) / sqrt(v + eps)
 * Training takes mean m and variance v (over N) from the batch's pixels and moves the running ones
 * by `momentum` (the running variance over N - 1); embedding takes the running ones.
 *     S1 = sum dy,  S2 = sum dy xhat
 *     db = S1,  dw = S2,  dx = w / sqrt(v + eps) (dy - S1/N - xhat S2/N)
 * Sums are double: in order within a block of images, blocks joined by the tree.  Where a pool is
 * behind, dy counts for the winners alone, whose x - m are kept: the rest of x is read again only
 * to make dx.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "layer.h"
#include "../kernel/sweeps.h"

enum { WEIGHT, BIAS, MEAN, VARIANCE };

struct batchnorm {
	double eps, momentum;
	float *scale, *shift;	     /* [c] of embedding: w / sqrt(running v + eps), b - scale m */
	float *zero;		     /* [c] the mean of embedding */
	bool relu[2];		     /* embedding, training: the next layer's */
	const struct sn_layer *pool; /* training: the last one's; NULL: none */
	struct sn_window window;     /* its */
};

/* In training, behind one another in the layer's memory; blocks = those of n images. */
struct state {
	double *inverse;      /* [c] 1 / sqrt(v + eps) */
	double *sums;	      /* [blocks][2][c] */
	float *mean, *scale;  /* [c] y = (x - mean) scale + b */
	float *slope, *shift; /* [c] dx = dy scale + (x - mean) slope + shift */
	float *from;	      /* pool: [n][its out] x - mean of the winners */
	uint8_t *tap;	      /* pool: [n][its out] which they were */
};

static size_t blocks(size_t n, size_t block)
{
	return (n + block - 1) / block;
}

static size_t pooled(const struct sn_layer *l)
{
	const struct batchnorm *v = l->own;

	return v->pool ? v->pool->out_size : 0;
}

static struct state state_of(const struct sn_layer *l, void *memory, size_t n, size_t block)
{
	size_t c = l->in.c;
	struct state s = { .inverse = memory };

	s.sums = s.inverse + c;
	s.mean = (float *)(s.sums + blocks(n, block) * 2 * c);
	s.scale = s.mean + c;
	s.slope = s.scale + c;
	s.shift = s.slope + c;
	s.from = s.shift + c;
	s.tap = (uint8_t *)(s.from + n * pooled(l));
	return s;
}

static struct state state_at(const struct sn_call *c)
{
	return state_of(c->layer, c->memory, c->batch->n, c->batch->block);
}

static size_t memory(const struct sn_layer *l, size_t n, size_t block)
{
	size_t c = l->in.c;

	return c * sizeof(double) + blocks(n, block) * 2 * c * sizeof(double) +
	       4 * c * sizeof(float) + n * pooled(l) * (sizeof(float) + 1);
}

/* A line of the pool's picture. */
static size_t scratch(const struct sn_layer *l, bool training)
{
	const struct batchnorm *v = l->own;

	return training && v->pool ? l->in.w * l->in.c : 0;
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
	if ((st = sn_layer_floats(&v->scale, 3 * l->in.c)) < 0)
		return st;
	v->shift = v->scale + l->in.c;
	v->zero = v->shift + l->in.c;
	return 0;
}

/* The relu, then in training the maxpool. */
static bool absorb(struct sn_layer *l, const struct sn_layer *next, bool training)
{
	struct batchnorm *v = l->own;

	if (training && v->pool)
		return false;
	if (next->kind == &sn_layer_relu && !v->relu[training])
		return v->relu[training] = true;
	if (training && sn_maxpool_window(next, &v->window)) {
		v->pool = next;
		return true;
	}
	return false;
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
	double *sum = block_sums(c, state_at(c).sums);

	sn_sweeps()->moments(c->x, c->n * l->in.h * l->in.w, l->in.c, sum, sum + l->in.c);
}

int sn_batchnorm_check(const struct sn_layer *l, double n)
{
	if (n < 2)
		return sn_fail(SN_EDATA,
			       "%s: batch norm needs more than one value of a channel: train on "
			       "more images a step",
			       l->name);
	return 0;
}

double sn_batchnorm_move(const struct sn_layer *l, size_t i, double mean, double variance, double n)
{
	const struct batchnorm *v = l->own;
	float *running_mean = l->param[MEAN].value + i, *running_var = l->param[VARIANCE].value + i;

	*running_mean = (float)((1 - v->momentum) * *running_mean + v->momentum * mean);
	*running_var =
		(float)((1 - v->momentum) * *running_var + v->momentum * variance * n / (n - 1));
	return 1 / sqrt(variance + v->eps);
}

static int join(struct sn_layer *l, const struct sn_batch *b, void *memory)
{
	struct state s = state_of(l, memory, b->n, b->block);
	size_t channels = l->in.c;
	double n = (double)b->n * (double)(l->in.h * l->in.w);

	int st = sn_batchnorm_check(l, n);

	if (st < 0)
		return st;
	sn_tree_join_f8(s.sums, blocks(b->n, b->block), 2 * channels);
	for (size_t i = 0; i < channels; i++) {
		double mean = s.sums[i] / n, variance = s.sums[channels + i] / n - mean * mean;
		variance = variance < 0 ? 0 : variance; /* rounding; NaN stays */
		s.mean[i] = (float)mean;
		s.inverse[i] = sn_batchnorm_move(l, i, mean, variance, n);
		s.scale[i] = (float)(l->param[WEIGHT].value[i] * s.inverse[i]);
	}
	return 0;
}

/* What the loops need of training. */
static struct sn_norm norm_of(const struct sn_layer *l, const struct state *s)
{
	return (struct sn_norm){ .c = l->in.c,
				 .mean = s->mean,
				 .scale = s->scale,
				 .bias = l->param[BIAS].value,
				 .slope = s->slope,
				 .shift = s->shift,
				 .relu = ((const struct batchnorm *)l->own)->relu[true],
				 .masks = l->masks };
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct batchnorm *v = l->own;
	size_t pixels = c->n * l->in.h * l->in.w, out = pooled(l);

	if (!c->batch->training) {
		const struct sn_norm n = { .c = l->in.c,
					   .mean = v->zero,
					   .scale = v->scale,
					   .bias = v->shift,
					   .relu = v->relu[false] };
		sn_sweeps()->norm(&n, c->x, pixels, c->y);
		return;
	}
	struct state s = state_at(c);
	struct sn_norm n = norm_of(l, &s);
	if (!v->pool) {
		sn_sweeps()->norm(&n, c->x, pixels, c->y);
		return;
	}
	for (size_t i = 0; i < c->n; i++)
		sn_sweeps()->maxpool(&v->window, &n, n.relu, c->x + i * l->in_size, c->y + i * out,
				     s.tap + (c->first + i) * out, s.from + (c->first + i) * out);
}

static void back_gather(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct batchnorm *v = l->own;
	size_t channels = l->in.c, place = c->first * pooled(l);
	struct state s = state_at(c);
	double *sum = block_sums(c, s.sums);
	struct sn_norm n = norm_of(l, &s);

	if (v->pool)
		sn_sweeps()->maxpool_sums(s.tap + place, s.from + place, c->dy,
					  c->n * pooled(l) / channels, channels, sum,
					  sum + channels);
	else
		sn_sweeps()->norm_sums(&n, c->x, c->dy, c->n * l->in.h * l->in.w, sum,
				       sum + channels);
}

static void back_join(struct sn_layer *l, const struct sn_batch *b, void *memory)
{
	struct state s = state_of(l, memory, b->n, b->block);
	size_t channels = l->in.c;
	double n = (double)b->n * (double)(l->in.h * l->in.w);

	sn_tree_join_f8(s.sums, blocks(b->n, b->block), 2 * channels);
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
	const struct batchnorm *v = l->own;
	size_t out = pooled(l);
	struct state s = state_at(c);
	struct sn_norm n = norm_of(l, &s);

	if (!c->dx)
		return;
	if (!v->pool) {
		sn_sweeps()->norm_back(&n, c->x, c->dy, c->n * l->in.h * l->in.w, c->dx);
		return;
	}
	for (size_t i = 0; i < c->n; i++)
		sn_sweeps()->maxpool_back(&v->window, &n, s.tap + (c->first + i) * out,
					  c->dy + i * out, c->x + i * l->in_size,
					  c->dx + i * l->in_size, c->scratch);
}

const struct sn_layer_kind sn_layer_batchnorm = {
	.name = "batchnorm",
	.prefix = "bn",
	.synopsis = "batchnorm [eps=1e-5] [momentum=0.1] [name=NAME]",
	.size = sizeof(struct batchnorm),
	.flags = SN_LAYER_KEEPS_X | SN_LAYER_CHANCE | SN_LAYER_BACK_AS_ONE | SN_LAYER_MASKS,
	.parse = parse,
	.shape = shape,
	.init = init,
	.release = release,
	.absorb = absorb,
	.prepare = prepare,
	.scratch = scratch,
	.memory = memory,
	.gather = gather,
	.join = join,
	.forward = forward,
	.back_gather = back_gather,
	.back_join = back_join,
	.backward = backward,
};
