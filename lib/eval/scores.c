/*
 * Distances of same and different pairs: kept and sorted up to a limit, then counted.
 *
 * The bits of a float, turned so that they order as the numbers do, cut to their upper 22: bins
 * that are as wide everywhere as the 8192th part of a power of two, so that near and far distances
 * are told apart equally well, wherever a network puts them.  The pages of bins that no distance
 * falls into take no memory.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include "scores.h"

#define BIN_BITS 22
#define BIN_COUNT ((size_t)1 << BIN_BITS)
#define CUT (32 - BIN_BITS)

const size_t sn_bins = BIN_COUNT;

/* A number that orders as the float does: -0 directly before 0. */
static uint32_t order_key(float f)
{
	uint32_t u;
	memcpy(&u, &f, sizeof(u));
	return u >> 31 ? ~u : u | 0x80000000u;
}

static float from_key(uint32_t key)
{
	uint32_t u = key >> 31 ? key & 0x7fffffffu : ~key;
	float f;
	memcpy(&f, &u, sizeof(f));
	return f;
}

size_t sn_bin(float d)
{
	return order_key(d) >> CUT;
}

float sn_bin_edge(size_t bin)
{
	float edge = from_key((uint32_t)bin << CUT | ((1u << CUT) - 1));
	return isnan(edge) ? INFINITY : edge; /* infinity shares its bin with no number */
}

/* ---- adding --------------------------------------------------------------------------- */

/* Welford (1962): mean and sum of squares about it, without the cancellation of a difference. */
static void moments_add(struct sn_moments *m, double d, size_t n)
{
	double from_mean = d - m->mean;
	m->mean += from_mean / (double)n;
	m->squares += from_mean * (d - m->mean);
}

static void count_all(struct sn_sample *x)
{
	for (size_t i = 0; i < x->n; i++) {
		x->bin[sn_bin(x->d[i])]++;
		moments_add(&x->moments, (double)x->d[i], i + 1);
	}
	free(x->d);
	x->d = NULL;
	x->capacity = 0;
}

int sn_scores_count(struct sn_scores *s)
{
	uint64_t *same, *different;
	if (s->counted)
		return 0;
	/* not sn_alloc, which would touch every page */
	same = calloc(BIN_COUNT, sizeof(*same));
	different = calloc(BIN_COUNT, sizeof(*different));
	if (!same || !different) {
		free(same);
		free(different);
		return sn_fail_memory();
	}
	s->same.bin = same;
	s->different.bin = different;
	count_all(&s->same);
	count_all(&s->different);
	s->counted = true;
	return 0;
}

int sn_scores_add(struct sn_scores *s, float d, bool same)
{
	struct sn_sample *x = same ? &s->same : &s->different;
	size_t limit = s->limit ? s->limit : SN_EXACT_PAIRS;
	int st;
	if (isnan(d))
		return sn_fail(SN_ENAN, "a distance is not a number");
	if (!s->counted && s->same.n + s->different.n >= limit && (st = sn_scores_count(s)) < 0)
		return st;
	s->sorted = false;
	if (s->counted) {
		x->bin[sn_bin(d)]++;
		moments_add(&x->moments, (double)d, x->n + 1);
	} else {
		if ((st = sn_grow(&x->d, &x->capacity, x->n + 1, sizeof(float))) < 0)
			return st;
		x->d[x->n] = d;
	}
	x->least = x->n == 0 || d < x->least ? d : x->least;
	x->most = x->n == 0 || d > x->most ? d : x->most;
	x->n++;
	return 0;
}

static void release(struct sn_sample *x)
{
	free(x->d);
	free(x->bin);
}

void sn_scores_release(struct sn_scores *s)
{
	release(&s->same);
	release(&s->different);
	memset(s, 0, sizeof(*s));
}

/* ---- sorting -------------------------------------------------------------------------- */

#define DIGIT 11
#define BINS (1u << DIGIT)

/* Radix sort, three passes of 11 bits: a third of qsort's time for millions, and no worst case. */
static int sort_floats(float *d, size_t n)
{
	float *scratch, *from = d, *to, *swap;
	size_t(*count)[BINS] = NULL, sum, c;
	if (n < 2)
		return 0;
	scratch = sn_alloc(n, sizeof(float));
	count = sn_alloc(3, sizeof(*count));
	if (!scratch || !count) {
		free(scratch);
		free(count);
		return SN_ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t key = order_key(d[i]);
		for (unsigned pass = 0; pass < 3; pass++)
			count[pass][key >> pass * DIGIT & (BINS - 1)]++;
	}
	to = scratch;
	for (unsigned pass = 0; pass < 3; pass++) {
		sum = 0;
		for (unsigned bin = 0; bin < BINS; bin++) {
			c = count[pass][bin];
			count[pass][bin] = sum;
			sum += c;
		}
		for (size_t i = 0; i < n; i++)
			to[count[pass][order_key(from[i]) >> pass * DIGIT & (BINS - 1)]++] =
				from[i];
		swap = from;
		from = to;
		to = swap;
	}
	memcpy(d, scratch, n * sizeof(float)); /* an odd number of passes ends in scratch */
	free(scratch);
	free(count);
	return 0;
}

int sn_scores_sort(struct sn_scores *s)
{
	int st;
	if (!s->sorted && !s->counted &&
	    ((st = sort_floats(s->same.d, s->same.n)) < 0 ||
	     (st = sort_floats(s->different.d, s->different.n)) < 0))
		return st;
	s->sorted = true;
	if (s->same.n == 0 && s->different.n == 0)
		return sn_fail(SN_EDATA, "there are no pairs known to be same or different; "
					 "label the pictures, so that sn-pair can tell");
	if (s->same.n == 0)
		return sn_fail(SN_EDATA,
			       "no pair is of the same class; "
			       "error rates want some of both: see sn-pair -n and --balance");
	if (s->different.n == 0)
		return sn_fail(SN_EDATA,
			       "no pair is of different classes; "
			       "error rates want some of both: see sn-pair -n and --balance");
	return 0;
}

/* ---- the walk ------------------------------------------------------------------------- */

static bool walk_bins(struct walk *w, const struct sn_scores *s)
{
	const uint64_t *same = s->same.bin, *different = s->different.bin;
	if (w->same_to == s->same.n && w->different_to == s->different.n)
		return false;
	while (same[w->bin] + different[w->bin] == 0)
		w->bin++;
	w->d = sn_bin_edge(w->bin);
	w->same_below = w->same_to;
	w->different_below = w->different_to;
	w->same_to += same[w->bin];
	w->different_to += different[w->bin];
	w->bin++;
	return true;
}

bool walk_on(struct walk *w, const struct sn_scores *s)
{
	const float *same = s->same.d, *different = s->different.d;
	size_t n = s->same.n, m = s->different.n, i = w->same_to, j = w->different_to;
	if (s->counted)
		return walk_bins(w, s);
	if (i == n && j == m)
		return false;
	if (j == m || (i < n && same[i] < different[j]))
		w->d = same[i];
	else
		w->d = different[j];
	w->same_below = i;
	w->different_below = j;
	while (i < n && same[i] == w->d)
		i++;
	while (j < m && different[j] == w->d)
		j++;
	w->same_to = i;
	w->different_to = j;
	return true;
}

/* ---- counts at a threshold ------------------------------------------------------------ */

/* how many of d, sorted, are <= t */
static size_t count_up_to(const float *d, size_t n, double t)
{
	size_t low = 0, high = n, middle;
	while (low < high) {
		middle = low + (high - low) / 2;
		if ((double)d[middle] <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t bins_up_to(const struct sn_sample *x, double t)
{
	float f = (float)t;
	uint64_t count = 0;
	size_t last;
	if ((double)f > t)
		f = nextafterf(f, -INFINITY);
	last = sn_bin(f);
	for (size_t bin = 0; bin <= last; bin++)
		count += x->bin[bin];
	return count;
}

void sn_accepted_at(const struct sn_scores *s, double t, uint64_t *same, uint64_t *different)
{
	if (s->counted) {
		*same = bins_up_to(&s->same, t);
		*different = bins_up_to(&s->different, t);
		return;
	}
	*same = count_up_to(s->same.d, s->same.n, t);
	*different = count_up_to(s->different.d, s->different.n, t);
}

/* ---- moments -------------------------------------------------------------------------- */

double sn_mean(const float *d, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)d[i];
	return n ? sum / (double)n : NAN;
}

double sn_sample_mean(const struct sn_sample *x)
{
	return x->bin ? x->moments.mean : sn_mean(x->d, x->n);
}

double sn_sample_variance(const struct sn_sample *x)
{
	double mean, sum = 0;
	if (x->n < 2)
		return 0;
	if (x->bin)
		return x->moments.squares / (double)(x->n - 1);
	mean = sn_mean(x->d, x->n);
	for (size_t i = 0; i < x->n; i++)
		sum += ((double)x->d[i] - mean) * ((double)x->d[i] - mean);
	return sum / (double)(x->n - 1);
}
