/*
 * search - nearest neighbours, exactly.
 *
 * Threads share the gallery out by blocks and keep the nearest k of each probe that they saw; the
 * nearest of these are the nearest of all.  Matches are in a total order, by sn_distance and place,
 * so the result depends neither on the blocks nor on who took them.
 *
 * For euclidean distances and the cosine a matrix product says which items cannot be among the
 * nearest, and only the others are measured.  With p and g moved to the gallery's middle and
 * scaled to lengths that cannot overflow, |p-g|^2 <= r^2 is the same as
 *
 *     pg - gg/2 >= (pp - r^2) / 2
 *
 * of which the left side is known in float.  With u = 2^-24, S = |p| + |g| and n numbers, whatever
 * the order of additions, pg is wrong by at most n u / (1 - n u) |p| |g| <= n u / (1 - n u) S^2 / 4
 * (Higham, Accuracy and Stability, 3.1), and the moving of p and g, gg/2 and the difference add at
 * most 4 u S^2: so much less is asked for.  The cosine is pg of vectors scaled to length 1.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/blas.h>
#include <sn/search.h>
#include "nearest.h"
#include "products.h"
#include "sums.h"

enum {
	MOST_PROBES = 1024,	/* at once */
	TILE = 256,		/* probes of one product */
	MOST_ITEMS = 1024,	/* of a block */
	BLOCK_FLOATS = 1 << 17, /* about as many numbers in a block */
	SAMPLE = 1024,		/* items that the gallery's middle is taken from */
};
#define MATCH_BYTES ((size_t)256 << 20)
#define PROBE_FLOATS ((size_t)1 << 26)

/* What a thread works with. */
struct scratch {
	float *block; /* [items][dim] */
	float *half;  /* [items] gg/2 */
	float *c;     /* [TILE][items] */
	float *x;     /* [dim] an item's own numbers, aligned */
	struct sn_match *match;
	struct nearest *best; /* [batch], into match */
	bool single;
};

struct sn_search {
	const struct sn_gallery *g;
	enum sn_distance distance;
	const float *head;
	size_t k, keep, dim, size; /* keep: k, or all there are */
	struct sn_pool *pool;
	unsigned threads;
	size_t batch, items;
	bool products;
	double *middle; /* [dim] */
	double error;	/* of a product, in S^2, or for the cosine as it is */
	const struct sn_products_ways *ways;
	struct scratch *scratch; /* [threads] */

	/* the probes of one run */
	const float *x;
	const struct sn_slice *skip;
	size_t n;
	float *packed;	/* [batch][dim] */
	double *square; /* [batch] pp */
	float *centre;	/* [dim] the middle, scaled */
	float scale;
};

/* ---- setting up ----------------------------------------------------------------------- */

static void find_middle(struct sn_search *s)
{
	size_t n = s->size < SAMPLE ? s->size : SAMPLE;
	if (s->distance == SN_COSINE)
		return;
	for (size_t i = 0; i < n; i++) {
		/* evenly spaced, without overflow */
		size_t index = s->size / n * i;
		memcpy(s->scratch[0].x, sn_gallery_x(s->g, index), s->dim * sizeof(float));
		for (size_t j = 0; j < s->dim; j++)
			s->middle[j] += (double)s->scratch[0].x[j] / (double)n;
	}
}

static void bound_error(struct sn_search *s)
{
	const double u = 0x1p-24, n = (double)s->dim;
	double terms = s->distance == SN_COSINE ? n + 8 : n / 4 + 8;
	/* beyond a sixteenth the bound says nothing, and all are measured */
	s->error = n * u > 0x1p-4 ? INFINITY : 1.02 * terms * u / (1 - n * u);
}

static int make_scratch(struct sn_search *s, struct scratch *w)
{
	size_t n;
	if (!sn_multiply(&n, s->batch, s->keep))
		return sn_fail_memory();
	w->x = sn_alloc(s->dim, sizeof(float));
	w->match = sn_alloc_unset(n, sizeof *w->match);
	w->best = sn_alloc(s->batch, sizeof *w->best);
	w->block = sn_alloc_unset(s->items * s->dim, sizeof(float));
	w->half = sn_alloc(s->items, sizeof(float));
	w->c = sn_alloc_unset((size_t)TILE * s->items, sizeof(float));
	if (!w->x || !w->match || !w->best || !w->block || !w->half || !w->c)
		return SN_ENOMEM;
	for (size_t i = 0; i < s->batch; i++)
		w->best[i] = (struct nearest){ w->match + i * s->keep, 0, s->keep };
	return 0;
}

static size_t at_least_1(size_t n)
{
	return n ? n : 1;
}

static void choose_sizes(struct sn_search *s)
{
	size_t by_match = MATCH_BYTES / sizeof(struct sn_match) / s->threads / s->keep;
	size_t by_dim = PROBE_FLOATS / s->dim;
	s->batch = by_match < by_dim ? by_match : by_dim;
	s->batch = at_least_1(s->batch < MOST_PROBES ? s->batch : MOST_PROBES);
	s->items = BLOCK_FLOATS / s->dim;
	s->items = at_least_1(s->items < MOST_ITEMS ? s->items : MOST_ITEMS);
}

static int set_up(struct sn_search *s)
{
	int st;
	choose_sizes(s);
	s->products = s->distance == SN_EUCLIDEAN || s->distance == SN_SQEUCLIDEAN ||
		      s->distance == SN_COSINE;
	s->ways = sn_products_ways();
	s->middle = sn_alloc(s->dim, sizeof *s->middle);
	s->centre = sn_alloc(s->dim, sizeof *s->centre);
	s->packed = sn_alloc_unset(s->batch * s->dim, sizeof *s->packed);
	s->square = sn_alloc(s->batch, sizeof *s->square);
	s->scratch = sn_alloc(s->threads, sizeof *s->scratch);
	if (!s->middle || !s->centre || !s->packed || !s->square || !s->scratch)
		return SN_ENOMEM;
	for (unsigned t = 0; t < s->threads; t++)
		if ((st = make_scratch(s, &s->scratch[t])) < 0)
			return st;
	find_middle(s);
	bound_error(s);
	return 0;
}

int sn_search_new(struct sn_search **out, const struct sn_gallery *g, enum sn_distance distance,
		  const float *head, size_t k, struct sn_pool *pool)
{
	struct sn_search *s;
	int st;
	*out = NULL;
	if (k == 0)
		return sn_fail(SN_EUSAGE, "no neighbours are wanted");
	if (distance == SN_WEIGHTED_L1 && !head)
		return sn_fail(SN_EDATA,
			       "the distance weighted-l1 wants a model with its weights; these "
			       "embeddings come from none: choose another by -d");
	s = sn_alloc(1, sizeof *s);
	if (!s)
		return SN_ENOMEM;
	s->g = g;
	s->distance = distance;
	s->head = head;
	s->k = k;
	s->dim = sn_gallery_dim(g);
	s->size = sn_gallery_size(g);
	s->keep = k < s->size ? k : s->size;
	s->pool = pool;
	s->threads = sn_pool_threads(pool);
	if ((st = set_up(s)) < 0)
		sn_search_free(s);
	else
		*out = s;
	return st;
}

void sn_search_free(struct sn_search *s)
{
	if (!s)
		return;
	for (unsigned t = 0; s->scratch && t < s->threads; t++) {
		struct scratch *w = &s->scratch[t];
		free(w->x);
		free(w->match);
		free(w->best);
		free(w->block);
		free(w->half);
		free(w->c);
	}
	free(s->scratch);
	free(s->middle);
	free(s->centre);
	free(s->packed);
	free(s->square);
	free(s);
}

size_t sn_search_batch(const struct sn_search *s)
{
	return s->batch;
}

/* ---- exact distances ------------------------------------------------------------------ */

static bool is_skipped(const struct sn_search *s, size_t probe, size_t index)
{
	struct sn_slice key, skip;
	if (!s->skip || !s->skip[probe].data)
		return false;
	skip = s->skip[probe];
	key = sn_gallery_item(s->g, index).key;
	return key.size == skip.size &&
	       (key.size == 0 || memcmp(key.data, skip.data, key.size) == 0);
}

/* x: the item's numbers.  Is it one of the nearest so far? */
static bool measure(const struct sn_search *s, struct scratch *w, size_t probe, size_t index,
		    const float *x)
{
	struct sn_match m = { 0, index };
	if (is_skipped(s, probe, index))
		return false;
	m.d = sn_distance(s->distance, s->x + probe * s->dim, x, s->dim, s->head);
	return nearest_add(&w->best[probe], m);
}

/* A block's items, all of them. */
static void measure_block(const struct sn_search *s, struct scratch *w, size_t first, size_t n)
{
	for (size_t j = 0; j < n; j++)
		memcpy(w->block + j * s->dim, sn_gallery_x(s->g, first + j),
		       s->dim * sizeof(float));
	for (size_t i = 0; i < s->n; i++)
		for (size_t j = 0; j < n; j++)
			measure(s, w, i, first + j, w->block + j * s->dim);
}

/* ---- by products ---------------------------------------------------------------------- */

/* Packs one vector; returns the square of its length. */
static double pack(const struct sn_search *s, float *y, const float *x)
{
	double square;
	if (s->distance != SN_COSINE)
		return s->ways->shift(y, x, s->centre, s->scale, s->dim);
	square = sn_sums()->products(x, x, s->dim).aa;
	s->ways->stretch(y, x, square > 0 ? 1 / sqrt(square) : 0, s->dim);
	return 0;
}

/* Returns the largest length. */
static double pack_block(const struct sn_search *s, struct scratch *w, size_t first, size_t n)
{
	double most = 0;
	for (size_t j = 0; j < n; j++) {
		double square;
		memcpy(w->x, sn_gallery_x(s->g, first + j), s->dim * sizeof(float));
		square = pack(s, w->block + j * s->dim, w->x);
		most = square > most ? square : most;
		w->half[j] = (float)(square / 2);
	}
	return sqrt(most);
}

/* What pg - gg/2 has to reach at least, if the item is to be nearer than the worst so far. */
static float limit(const struct sn_search *s, const struct nearest *best, size_t probe,
		   double longest)
{
	double r, scale = (double)s->scale, sum, least;
	if (best->n < best->k)
		return -INFINITY;
	/* what is rounded to the same float may be nearer by its place; and the sums in double */
	r = (double)nextafterf(best->match[0].d, INFINITY) * (1 + 1e-12 + 0x1p-50 * (double)s->dim);
	if (s->distance == SN_COSINE) {
		least = 1 - r - 1e-12 - s->error;
	} else {
		r = s->distance == SN_EUCLIDEAN ? r * r : r;
		sum = sqrt(s->square[probe]) + longest;
		least = (s->square[probe] - r * scale * scale) / 2 - s->error * sum * sum -
			1e-30 * (double)s->dim;
	}
	if (!(least > -1e30)) /* nothing is known */
		return -INFINITY;
	return nextafterf((float)least, -INFINITY);
}

static void search_row(const struct sn_search *s, struct scratch *w, size_t probe, const float *c,
		       size_t first, size_t n, double longest)
{
	const struct nearest *best = &w->best[probe];
	float least = limit(s, best, probe, longest);
	for (size_t j = 0; (j = s->ways->find(c, w->half, j, n, least)) < n; j++) {
		memcpy(w->x, sn_gallery_x(s->g, first + j), s->dim * sizeof(float));
		if (measure(s, w, probe, first + j, w->x))
			least = limit(s, best, probe, longest);
	}
}

static void search_block(const struct sn_search *s, struct scratch *w, size_t first, size_t n)
{
	double longest = pack_block(s, w, first, n);
	if (!w->single) /* OpenBLAS may keep its number of threads for each of ours */
		sn_blas_single();
	w->single = true;
	for (size_t i = 0; i < s->n; i += TILE) {
		size_t rows = s->n - i < TILE ? s->n - i : TILE;
		sn_blas_product(w->c, s->packed + i * s->dim, w->block, rows, n, s->dim);
		for (size_t row = 0; row < rows; row++)
			search_row(s, w, i + row, w->c + row * n, first, n, longest);
	}
}

static int work(void *context, size_t index, unsigned thread)
{
	const struct sn_search *s = context;
	size_t first = index * s->items;
	size_t n = s->size - first < s->items ? s->size - first : s->items;
	if (s->products)
		search_block(s, &s->scratch[thread], first, n);
	else
		measure_block(s, &s->scratch[thread], first, n);
	return 0;
}

/* A power of two that makes all numbers at most 1; of tiny ones it makes what it can. */
static void choose_scale(struct sn_search *s)
{
	float most = sn_gallery_most(s->g);
	int exponent = 0;
	for (size_t i = 0; i < s->n * s->dim; i++)
		most = fmaxf(most, fabsf(s->x[i]));
	frexpf(most, &exponent);
	s->scale = most > 0 ? ldexpf(1, exponent < -100 ? 100 : -exponent) : 1;
	for (size_t j = 0; j < s->dim; j++)
		s->centre[j] = (float)(s->middle[j] * (double)s->scale);
}

/* ---- a run ---------------------------------------------------------------------------- */

/* The nearest of what the threads found. */
static int merge(struct sn_search *s, size_t probe, struct sn_match *all, struct sn_match *match,
		 size_t *found)
{
	size_t n = 0;
	for (unsigned t = 0; t < s->threads; t++) {
		const struct nearest *best = &s->scratch[t].best[probe];
		memcpy(all + n, best->match, best->n * sizeof *all);
		n += best->n;
	}
	nearest_sort(all, n);
	*found = n < s->keep ? n : s->keep;
	memcpy(match, all, *found * sizeof *match);
	for (size_t i = 0; i < *found; i++) {
		struct sn_gallery_item item = sn_gallery_item(s->g, match[i].index);
		if (!isfinite(match[i].d))
			return sn_fail(SN_ENAN,
				       "the distance to '%.*s' of %s is %s; the embeddings are too "
				       "large",
				       (int)item.key.size, (const char *)item.key.data,
				       sn_gallery_name(s->g),
				       isnan(match[i].d) ? "not a number" : "infinite");
	}
	return 0;
}

int sn_search_run(struct sn_search *s, const float *x, size_t n, const struct sn_slice *skip,
		  struct sn_match *match, size_t *found)
{
	struct sn_match *all;
	size_t most;
	int st;
	if (n > s->batch)
		return sn_fail(SN_EUSAGE, "%zu probes at once, at most %zu", n, s->batch);
	if (!sn_multiply(&most, s->keep, s->threads))
		return sn_fail_memory();
	s->x = x;
	s->skip = skip;
	s->n = n;
	for (unsigned t = 0; t < s->threads; t++)
		for (size_t i = 0; i < n; i++)
			s->scratch[t].best[i].n = 0;
	if (s->products) {
		choose_scale(s);
		for (size_t i = 0; i < n; i++)
			s->square[i] = pack(s, s->packed + i * s->dim, x + i * s->dim);
	}
	if ((st = sn_pool_run(s->pool, (s->size + s->items - 1) / s->items, work, s)) < 0)
		return st;
	all = sn_alloc_unset(most, sizeof *all);
	if (!all)
		return SN_ENOMEM;
	for (size_t i = 0; i < n && st == 0; i++)
		st = merge(s, i, all, match + i * s->k, &found[i]);
	free(all);
	return st;
}
