/*
 * lrn - local response normalisation across channels (Krizhevsky, Sutskever, Hinton 2012), with the
 * sum divided by n as PyTorch does:
 *     d[c] = k + alpha/n  sum of x[j]^2 over the window c - n/2 <= j < c - n/2 + n
 *     y[c] = x[c] d[c]^-beta
 *     dx[j] = dy[j] d[j]^-beta - 2 alpha beta / n  x[j]  sum of dy[c] y[c] / d[c] over the c whose
 *             window holds j
 */
#include <math.h>
#include "layer.h"

struct lrn {
	size_t n;
	double alpha, beta, k;
};

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct lrn *v = l->own;
	int st;

	*v = (struct lrn){ 5, 1e-4, 0.75, 2 };
	if ((st = sn_words_count(w, "n", sn_words_option(w, "n"), 1, &v->n)) < 0 ||
	    (st = sn_words_real(w, "alpha", sn_words_option(w, "alpha"), 0, 1e6, &v->alpha)) < 0 ||
	    (st = sn_words_real(w, "beta", sn_words_option(w, "beta"), 0, 100, &v->beta)) < 0 ||
	    (st = sn_words_real(w, "k", sn_words_option(w, "k"), 1e-6, 1e6, &v->k)) < 0)
		return st;
	return 0;
}

/* Of a pixel: d, its powers, and squares or ratios. */
static size_t scratch(const struct sn_layer *l, bool training)
{
	(void)training;
	return 3 * l->in.c;
}

/* sum[c] += the x of a window of n channels, `before` of them before c. */
static void add_windows(float *restrict sum, const float *restrict x, size_t channels, size_t n,
			size_t before)
{
	size_t end = n < before + channels ? n : before + channels;

	/* by distance, so that each loop is over all channels at once */
	for (size_t t = before < channels ? 0 : before - channels + 1; t < end; t++) {
		size_t back = before > t ? before - t : 0, ahead = t > before ? t - before : 0;
		for (size_t c = back; c + ahead < channels; c++)
			sum[c] += x[c + ahead - back];
	}
}

/* d and d^-beta of a pixel; squares: [channels] of memory. */
static void divisors(const struct sn_layer *l, const float *restrict x, float *restrict d,
		     float *restrict power, float *restrict squares)
{
	const struct lrn *v = l->own;
	size_t channels = l->in.c;
	float k = (float)v->k, a = (float)(v->alpha / (double)v->n);

	for (size_t c = 0; c < channels; c++) {
		squares[c] = x[c] * x[c];
		d[c] = 0;
	}
	add_windows(d, squares, channels, v->n, v->n / 2);
	for (size_t c = 0; c < channels; c++)
		d[c] = k + a * d[c];
	if (v->beta == 0.75) /* the usual one, in roots, which are vectors */
		for (size_t c = 0; c < channels; c++) {
			float root = sqrtf(d[c]);
			power[c] = 1 / (root * sqrtf(root));
		}
	else
		for (size_t c = 0; c < channels; c++)
			power[c] = powf(d[c], (float)-v->beta);
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	size_t channels = l->in.c, pixels = c->n * l->in.h * l->in.w;
	float *d = c->scratch, *power = d + channels, *squares = power + channels;

	for (size_t p = 0; p < pixels; p++) {
		const float *restrict x = c->x + p * channels;
		float *restrict y = c->y + p * channels;
		divisors(l, x, d, power, squares);
		for (size_t i = 0; i < channels; i++)
			y[i] = x[i] * power[i];
	}
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct lrn *v = l->own;
	size_t channels = l->in.c, pixels = c->n * l->in.h * l->in.w;
	float *restrict d = c->scratch, *restrict power = d + channels,
			*restrict ratio = power + channels;
	float a = (float)(2 * v->alpha * v->beta / (double)v->n);

	for (size_t p = 0; c->dx && p < pixels; p++) {
		const float *restrict x = c->x + p * channels, *restrict dy = c->dy + p * channels;
		float *restrict dx = c->dx + p * channels;
		divisors(l, x, d, power, ratio);
		for (size_t i = 0; i < channels; i++) {
			ratio[i] = dy[i] * x[i] * power[i] / d[i];
			d[i] = 0;
		}
		/* j's are the windows turned round */
		add_windows(d, ratio, channels, v->n, v->n - 1 - v->n / 2);
		for (size_t i = 0; i < channels; i++)
			dx[i] = dy[i] * power[i] - a * x[i] * d[i];
	}
}

/* Divided by k^beta at least. */
static void range(const struct sn_layer *l, struct sn_range *r)
{
	const struct lrn *v = l->own;
	float most = powf((float)v->k, (float)-v->beta);

	r->least = r->least < 0 ? r->least * most : 0;
	r->most = r->most > 0 ? r->most * most : 0;
	r->unit = false;
}

const struct sn_layer_kind sn_layer_lrn = {
	.name = "lrn",
	.prefix = "lrn",
	.synopsis = "lrn [n=5] [alpha=1e-4] [beta=0.75] [k=2] [name=NAME]",
	.size = sizeof(struct lrn),
	.flags = SN_LAYER_KEEPS_X,
	.parse = parse,
	.range = range,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
};
