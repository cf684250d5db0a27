/*
 * whitening - sums in doubles over blocks of embeddings; every sum is in the embeddings' order,
 * whoever computes it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include <sn/whitening.h>

enum {
	BLOCK = 64, /* embeddings that are added together */
	BAND = 32, /* rows of the covariance: of the sums one thread's, of its root done together */
	ROWS = 8,  /* of them, a thread's */
	LANES = 8, /* partial sums of a product */
};

struct sn_whitening {
	size_t dim;
	struct sn_pool *pool;
	double *covariance; /* [dim][dim], of which the lower triangle is used */
	double *block;	    /* [BLOCK][dim] */
	size_t rows;	    /* in it */
	double sign;	    /* with which they are added */
	double *sum;	    /* [classes][dim] */
	size_t sums;	    /* capacity, numbers */
	size_t *count;	    /* [classes] */
	size_t counts;	    /* capacity */
	size_t classes;
	size_t n;
};

int sn_whitening_new(struct sn_whitening **out, size_t dim, struct sn_pool *pool)
{
	struct sn_whitening *w;

	*out = NULL;
	if (dim > SN_WHITENING_MOST)
		return sn_fail(SN_EDATA,
			       "embeddings of %zu numbers are too long, wanted at most %d: let a "
			       "pooling or linear layer make them shorter",
			       dim, SN_WHITENING_MOST);
	if (!(w = sn_alloc(1, sizeof *w)))
		return SN_ENOMEM;
	w->dim = dim;
	w->pool = pool;
	w->sign = 1;
	w->covariance = sn_alloc(dim * dim, sizeof *w->covariance);
	w->block = sn_alloc(BLOCK * dim, sizeof *w->block);
	if (!w->covariance || !w->block) {
		sn_whitening_free(w);
		return SN_ENOMEM;
	}
	*out = w;
	return 0;
}

void sn_whitening_free(struct sn_whitening *w)
{
	if (!w)
		return;
	free(w->covariance);
	free(w->block);
	free(w->sum);
	free(w->count);
	free(w);
}

/* ---- the sums ----------------------------------------------------------------------- */

static void add_scaled(double *restrict to, const double *restrict x, double scale, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += scale * x[i];
}

/* A band of the covariance: the products of the block's embeddings with themselves. */
static int add_band(void *context, size_t index, unsigned thread)
{
	const struct sn_whitening *w = context;
	size_t first = index * BAND, end = first + BAND < w->dim ? first + BAND : w->dim;

	(void)thread;
	for (size_t i = first; i < end; i++)
		for (size_t r = 0; r < w->rows; r++) {
			const double *x = w->block + r * w->dim;
			add_scaled(w->covariance + i * w->dim, x, w->sign * x[i], i + 1);
		}
	return 0;
}

static int flush_block(struct sn_whitening *w)
{
	int st = sn_pool_run(w->pool, (w->dim + BAND - 1) / BAND, add_band, w);

	w->rows = 0;
	return st;
}

static int add_row(struct sn_whitening *w, const double *x, double scale)
{
	double *row = w->block + w->rows * w->dim;

	for (size_t i = 0; i < w->dim; i++)
		row[i] = scale * x[i];
	return ++w->rows == BLOCK ? flush_block(w) : 0;
}

static int have_class(struct sn_whitening *w, size_t class)
{
	size_t before = w->classes;
	int st;

	if (class < before)
		return 0;
	if ((st = sn_grow(&w->count, &w->counts, class + 1, sizeof *w->count)) < 0 ||
	    (st = sn_grow(&w->sum, &w->sums, (class + 1) * w->dim, sizeof *w->sum)) < 0)
		return st;
	w->classes = class + 1;
	memset(w->count + before, 0, (w->classes - before) * sizeof *w->count);
	memset(w->sum + before * w->dim, 0, (w->classes - before) * w->dim * sizeof *w->sum);
	return 0;
}

int sn_whitening_add(struct sn_whitening *w, const float *x, size_t class)
{
	double *row = w->block + w->rows * w->dim;
	int st = have_class(w, class);

	if (st < 0)
		return st;
	for (size_t i = 0; i < w->dim; i++)
		row[i] = (double)x[i];
	add_scaled(w->sum + class * w->dim, row, 1, w->dim);
	w->count[class]++;
	w->n++;
	return ++w->rows == BLOCK ? flush_block(w) : 0;
}

/* From the products about 0 to those about the classes' means. */
static int take_means_away(struct sn_whitening *w)
{
	int st = flush_block(w);

	w->sign = -1;
	for (size_t c = 0; st == 0 && c < w->classes; c++)
		if (w->count[c])
			st = add_row(w, w->sum + c * w->dim, 1 / sqrt((double)w->count[c]));
	return st < 0 ? st : flush_block(w);
}

/* ---- the matrix --------------------------------------------------------------------- */

static double product(const double *a, const double *b, size_t n)
{
	double part[LANES] = { 0 }, sum = 0;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (size_t l = 0; l < LANES; l++)
			part[l] += a[i + l] * b[i + l];
	for (size_t l = 0; l < LANES; l++)
		sum += part[l];
	for (; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/*
 * Rows of a lower triangle, band after band: what a band takes from the finished rows above is read
 * once for all of its rows, which threads share; within the band the rows follow one another.
 */
struct rows {
	double *a;  /* [n][n] */
	double *to; /* [BAND][n] sums of inverted rows */
	size_t n, first, end;
};

/* Number j of a row of L, from those before it and row j. */
static void factorise_at(double *row, const double *above, size_t j)
{
	row[j] = (row[j] - product(row, above, j)) / above[j];
}

static int factorise_above(void *context, size_t index, unsigned thread)
{
	const struct rows *r = context;
	size_t i0 = r->first + index * ROWS, i1 = i0 + ROWS < r->end ? i0 + ROWS : r->end;

	(void)thread;
	for (size_t j = 0; j < r->first; j++)
		for (size_t i = i0; i < i1; i++)
			factorise_at(r->a + i * r->n, r->a + j * r->n, j);
	return 0;
}

static int factorise_within(const struct rows *r)
{
	for (size_t i = r->first; i < r->end; i++) {
		double *row = r->a + i * r->n, rest;

		for (size_t j = r->first; j < i; j++)
			factorise_at(row, r->a + j * r->n, j);
		rest = row[i] - product(row, row, i);
		if (!(rest > 0))
			return SN_EDATA;
		row[i] = sqrt(rest);
	}
	return 0;
}

static int invert_above(void *context, size_t index, unsigned thread)
{
	const struct rows *r = context;
	size_t i0 = r->first + index * ROWS, i1 = i0 + ROWS < r->end ? i0 + ROWS : r->end;

	(void)thread;
	for (size_t i = i0; i < i1; i++)
		memset(r->to + (i - r->first) * r->n, 0, i * sizeof *r->to);
	for (size_t k = 0; k < r->first; k++)
		for (size_t i = i0; i < i1; i++)
			add_scaled(r->to + (i - r->first) * r->n, r->a + k * r->n,
				   r->a[i * r->n + k], k + 1);
	return 0;
}

static int invert_within(const struct rows *r)
{
	for (size_t i = r->first; i < r->end; i++) {
		double *l = r->a + i * r->n, *to = r->to + (i - r->first) * r->n;

		for (size_t k = r->first; k < i; k++)
			add_scaled(to, r->a + k * r->n, l[k], k + 1);
		for (size_t j = 0; j < i; j++)
			l[j] = -to[j] / l[i];
		l[i] = 1 / l[i];
	}
	return 0;
}

static int each_band(struct sn_whitening *w,
		     int (*above)(void *context, size_t index, unsigned thread),
		     int (*within)(const struct rows *r))
{
	struct rows r = { .a = w->covariance, .to = w->block, .n = w->dim };
	int st = 0;

	for (; st == 0 && r.first < r.n; r.first = r.end) {
		r.end = r.first + BAND < r.n ? r.first + BAND : r.n;
		st = sn_pool_run(w->pool, (r.end - r.first + ROWS - 1) / ROWS, above, &r);
		if (st == 0)
			st = within(&r);
	}
	return st;
}

/* The lower triangle becomes L, and L its inverse. */
static int invert_root(struct sn_whitening *w, double shrink)
{
	int st = each_band(w, factorise_above, factorise_within);

	if (st == SN_EDATA)
		return sn_fail(SN_EDATA,
			       "embeddings are too few, or too much alike, for %g of shrinkage: "
			       "use more",
			       shrink);
	return st < 0 ? st : each_band(w, invert_above, invert_within);
}

static int shrink_covariance(struct sn_whitening *w, double shrink)
{
	double trace = 0, most = 0;

	for (size_t c = 0; c < w->classes; c++)
		if ((double)w->count[c] > most)
			most = (double)w->count[c];
	if (most < 2)
		return sn_fail(SN_EDATA, "no class has two embeddings: a class's differences are "
					 "what is learned from");
	for (size_t i = 0; i < w->dim; i++) {
		for (size_t j = 0; j <= i; j++)
			w->covariance[i * w->dim + j] /= (double)w->n;
		trace += w->covariance[i * w->dim + i];
	}
	if (!(trace > 0))
		return sn_fail(SN_EDATA, "the embeddings of each class are all the same");
	for (size_t i = 0; i < w->dim; i++)
		w->covariance[i * w->dim + i] += shrink * trace / (double)w->dim;
	return 0;
}

/* Of all embeddings. */
static void find_mean(const struct sn_whitening *w, double *mean)
{
	memset(mean, 0, w->dim * sizeof *mean);
	for (size_t c = 0; c < w->classes; c++)
		add_scaled(mean, w->sum + c * w->dim, 1 / (double)w->n, w->dim);
}

int sn_whitening_end(struct sn_whitening *w, double shrink, float *weight, float *bias)
{
	size_t dim = w->dim;
	int st;

	if ((st = take_means_away(w)) < 0 || (st = shrink_covariance(w, shrink)) < 0 ||
	    (st = invert_root(w, shrink)) < 0)
		return st;
	find_mean(w, w->block);
	for (size_t i = 0; i < dim; i++) {
		const double *row = w->covariance + i * dim;

		for (size_t j = 0; j < dim; j++)
			weight[i * dim + j] = j <= i ? (float)row[j] : 0;
		bias[i] = (float)-product(row, w->block, i + 1);
	}
	return 0;
}
