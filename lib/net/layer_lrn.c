/*
 * lrn - local response normalisation across channels (Krizhevsky, Sutskever, Hinton 2012), with the
 * sum divided by n as PyTorch does:
 *     d[c] = k + alpha/n  sum of x[j]^2 over the window c - n/2 <= j < c - n/2 + n
 *     y[c] = x[c] d[c]^-beta
 *     dx[j] = dy[j] d[j]^-beta - 2 alpha beta / n  x[j]  sum of dy[c] y[c] / d[c] over the c whose
 *             window holds j
 * and in one go the maxpool behind it, which is taken from a row of windows at a time.
 */
#include <math.h>
#include "layer.h"
#include "../kernel/sweeps.h"

struct lrn {
	size_t n;
	double alpha, beta, k;
	const struct sn_layer *pool[2]; /* embedding, training: the next layer; NULL: none */
	struct sn_window window;
};

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct lrn *v = l->own;
	int st;

	*v = (struct lrn){ .n = 5, .alpha = 1e-4, .beta = 0.75, .k = 2 };
	if ((st = sn_words_count(w, "n", sn_words_option(w, "n"), 1, &v->n)) < 0 ||
	    (st = sn_words_real(w, "alpha", sn_words_option(w, "alpha"), 0, 1e6, &v->alpha)) < 0 ||
	    (st = sn_words_real(w, "beta", sn_words_option(w, "beta"), 0, 100, &v->beta)) < 0 ||
	    (st = sn_words_real(w, "k", sn_words_option(w, "k"), 1e-6, 1e6, &v->k)) < 0)
		return st;
	return 0;
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct sn_lrn job(const struct sn_layer *l)
{
	const struct lrn *v = l->own;

	return (struct sn_lrn){ .c = l->in.c,
				.before = min(v->n / 2, l->in.c - 1),
				.after = min(v->n - 1 - v->n / 2, l->in.c - 1),
				.k = (float)v->k,
				.alpha = (float)(v->alpha / (double)v->n),
				.beta = (float)v->beta,
				.masks = l->masks };
}

/* The maxpool behind it, so that what comes out is not written and read as a whole. */
static bool absorb(struct sn_layer *l, const struct sn_layer *next, bool training)
{
	struct lrn *v = l->own;

	if (v->pool[training] || !sn_maxpool_window(next, &v->window))
		return false;
	v->pool[training] = next;
	return true;
}

static size_t scratch(const struct sn_layer *l, bool training)
{
	const struct lrn *v = l->own;
	const struct sn_lrn j = job(l);

	return (training ? 3 : 1) * SN_LRN_PIXELS * sn_lrn_line(&j) +
	       (v->pool[training] ? sn_lrn_band(&v->window) : 0);
}

/* Taps of the pool's winners. */
static size_t memory(const struct sn_layer *l, size_t n, size_t block)
{
	const struct lrn *v = l->own;

	(void)block;
	return v->pool[true] ? n * v->pool[true]->out_size : 1;
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct lrn *v = l->own;
	const bool training = c->batch->training;
	const struct sn_lrn j = job(l);

	if (!v->pool[training]) {
		sn_sweeps()->lrn(&j, c->x, c->n * l->in.h * l->in.w, c->y, c->scratch);
		return;
	}
	size_t out = v->pool[training]->out_size;
	for (size_t i = 0; i < c->n; i++)
		sn_sweeps()->lrn_maxpool(
			&v->window, &j, c->x + i * l->in_size, c->y + i * out,
			training ? (uint8_t *)c->memory + (c->first + i) * out : NULL, c->scratch);
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct lrn *v = l->own;
	const struct sn_lrn j = job(l);

	if (!c->dx)
		return;
	if (!v->pool[true]) {
		sn_sweeps()->lrn_back(&j, c->x, c->dy, c->n * l->in.h * l->in.w, c->dx, c->scratch);
		return;
	}
	size_t out = v->pool[true]->out_size;
	for (size_t i = 0; i < c->n; i++)
		sn_sweeps()->lrn_maxpool_back(
			&v->window, &j, (const uint8_t *)c->memory + (c->first + i) * out,
			c->dy + i * out, c->x + i * l->in_size, c->dx + i * l->in_size, c->scratch);
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
	.flags = SN_LAYER_KEEPS_X | SN_LAYER_BACK_AS_ONE | SN_LAYER_MASKS,
	.parse = parse,
	.range = range,
	.absorb = absorb,
	.scratch = scratch,
	.memory = memory,
	.forward = forward,
	.backward = backward,
};
