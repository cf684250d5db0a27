/* bootstrap - pairs of identities, kept or added up, and the intervals of all replicates. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <sn/memory.h>
#include <sn/random.h>
#include <sn/threads.h>
#include "bootstrap.h"

#define FREE_SLOT UINT32_MAX
#define MAX_IDENTITIES (UINT32_MAX - 1)

int sn_bootstrap_new(struct sn_bootstrap **b, size_t replicates, uint64_t seed, size_t limit)
{
	*b = sn_alloc(1, sizeof(**b));
	if (!*b)
		return SN_ENOMEM;
	(*b)->replicates = replicates;
	(*b)->seed = seed;
	(*b)->kept.limit = limit ? limit : SN_BOOTSTRAP_PAIRS;
	return 0;
}

void sn_bootstrap_free(struct sn_bootstrap *b)
{
	if (!b)
		return;
	free(b->identity.name);
	free(b->identity.slot);
	free(b->kept.pair);
	free(b->edge);
	free(b->sum);
	free(b->weight);
	free(b->value);
	free(b);
}

size_t sn_bootstrap_identities(const struct sn_bootstrap *b)
{
	return b->identity.n;
}

size_t sn_bootstrap_replicates(const struct sn_bootstrap *b)
{
	return b->replicates;
}

/* Poisson with mean 1: the least k whose cumulative probability exceeds the draw. */
uint8_t sn_bootstrap_weight(uint64_t seed, size_t replicate, uint64_t name)
{
	struct sn_random r;
	double draw, probability = 0.36787944117144233, sum = 0; /* 1/e */
	uint8_t k = 0;
	if (replicate == 0)
		return 1;
	r = sn_random(seed, SN_RANDOM_BOOTSTRAP, replicate, name);
	draw = sn_random_unit(&r);
	for (;; probability /= ++k) {
		sum += probability;
		if (draw < sum || k == 20)
			return k;
	}
}

/* ---- identities ----------------------------------------------------------------------- */

static size_t slot_of(const struct sn_bootstrap *b, uint64_t name)
{
	size_t at = name & (b->identity.slots - 1);
	while (b->identity.slot[at] != FREE_SLOT && b->identity.name[b->identity.slot[at]] != name)
		at = (at + 1) & (b->identity.slots - 1);
	return at;
}

static int index_identities(struct sn_bootstrap *b)
{
	size_t slots = b->identity.slots ? 2 * b->identity.slots : 64;
	uint32_t *slot = sn_alloc(slots, sizeof(*slot));
	if (!slot)
		return SN_ENOMEM;
	memset(slot, 0xff, slots * sizeof(*slot));
	free(b->identity.slot);
	b->identity.slot = slot;
	b->identity.slots = slots;
	for (size_t i = 0; i < b->identity.n; i++)
		slot[slot_of(b, b->identity.name[i])] = (uint32_t)i;
	return 0;
}

int sn_bootstrap_identity(struct sn_bootstrap *b, const char *name, size_t size, bool label,
			  uint32_t *identity)
{
	uint64_t hash = XXH3_64bits_withSeed(name, size, label);
	size_t at;
	int st;
	if (2 * (b->identity.n + 1) > b->identity.slots && (st = index_identities(b)) < 0)
		return st;
	at = slot_of(b, hash);
	if (b->identity.slot[at] == FREE_SLOT) {
		if (b->identity.n == MAX_IDENTITIES)
			return sn_fail(SN_EDATA, "more than %lu identities",
				       (unsigned long)MAX_IDENTITIES);
		st = sn_grow(&b->identity.name, &b->identity.capacity, b->identity.n + 1,
			     sizeof(*b->identity.name));
		if (st < 0)
			return st;
		b->identity.name[b->identity.n] = hash;
		b->identity.slot[at] = (uint32_t)b->identity.n++;
	}
	*identity = b->identity.slot[at];
	return 0;
}

/* ---- pairs beyond those that are kept -------------------------------------------------- */

static int compare_pairs(const void *a, const void *b)
{
	float x = ((const struct weighed_pair *)a)->d, y = ((const struct weighed_pair *)b)->d;
	return (x > y) - (x < y);
}

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

enum {
	EVEN = 512, /* bins of as many pairs each */
	OCTAVE = 4, /* and towards both ends, where rates are small, as many for each halving */
	HALVINGS = 24,
	EDGES = 2 * (EVEN + 2 * OCTAVE * HALVINGS) + 1,
};

/* Edges at shares of the sorted distances of one kind, n > 0. */
static size_t quantiles(float *edge, const float *d, size_t n)
{
	size_t edges = 0;
	for (size_t i = 1; i <= EVEN; i++)
		edge[edges++] = d[(size_t)((double)(n - 1) * (double)i / EVEN)];
	for (int i = 1; i <= OCTAVE * HALVINGS; i++) {
		size_t rank = (size_t)((double)n * exp2(-(double)i / OCTAVE));
		if (rank >= n)
			continue;
		edge[edges++] = d[rank];
		edge[edges++] = d[n - 1 - rank];
	}
	return edges;
}

static int choose_edges(struct sn_bootstrap *b)
{
	size_t n = b->kept.n, of_kind, edges = 0, kept = 0;
	float *d = sn_alloc(n, sizeof(float));
	b->edge = sn_alloc(EDGES, sizeof(float));
	if (!d || !b->edge) {
		free(d);
		return SN_ENOMEM;
	}
	for (int same = 0; same < 2; same++) {
		of_kind = 0;
		for (size_t i = 0; i < n; i++)
			if ((b->kept.pair[i].kind == SN_KIND_SAME) == same)
				d[of_kind++] = b->kept.pair[i].d;
		if (of_kind)
			edges += quantiles(b->edge + edges, d, of_kind);
	}
	free(d);
	qsort(b->edge, edges, sizeof(float), compare_floats);
	for (size_t i = 0; i < edges; i++)
		if (kept == 0 || b->edge[i] > b->edge[kept - 1])
			b->edge[kept++] = b->edge[i];
	b->edges = kept;
	return 0;
}

/* Weights for the identities that have none yet. */
static int add_weights(struct sn_bootstrap *b)
{
	size_t columns = b->replicates + 1;
	int st = sn_grow(&b->weight, &b->weight_capacity, b->identity.n, columns);
	if (st < 0)
		return st;
	for (; b->weights < b->identity.n; b->weights++)
		for (size_t r = 0; r < columns; r++)
			b->weight[b->weights * columns + r] =
				sn_bootstrap_weight(b->seed, r, b->identity.name[b->weights]);
	return 0;
}

static void add_up(struct sn_bootstrap *b, const struct weighed_pair *p)
{
	size_t columns = b->replicates + 1, low = 0, high = b->edges - 1;
	const uint8_t *wa = b->weight + p->a * columns, *wb = b->weight + p->b * columns;
	uint64_t *sum;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (b->edge[middle] < p->d)
			low = middle + 1;
		else
			high = middle;
	}
	sum = b->sum + (low * KINDS + p->kind) * columns;
	if (p->a == p->b)
		for (size_t r = 0; r < columns; r++)
			sum[r] += wa[r];
	else
		for (size_t r = 0; r < columns; r++)
			sum[r] += (uint64_t)(wa[r] * wb[r]);
}

/* From keeping to adding up. */
static int stop_keeping(struct sn_bootstrap *b)
{
	size_t size;
	int st;
	qsort(b->kept.pair, b->kept.n, sizeof(*b->kept.pair), compare_pairs);
	if ((st = choose_edges(b)) < 0 || (st = add_weights(b)) < 0)
		return st;
	if (!sn_multiply(&size, b->edges * KINDS, b->replicates + 1))
		return sn_fail_memory();
	b->sum = calloc(size, sizeof(*b->sum)); /* not sn_alloc, which would touch every page */
	if (!b->sum)
		return sn_fail_memory();
	for (size_t i = 0; i < b->kept.n; i++)
		add_up(b, &b->kept.pair[i]);
	free(b->kept.pair);
	b->kept.pair = NULL;
	return 0;
}

int sn_bootstrap_pair(struct sn_bootstrap *b, float d, uint32_t a_identity, uint32_t b_identity,
		      enum sn_pair_kind kind)
{
	const struct weighed_pair p = { d, a_identity, b_identity, kind };
	int st;
	if (!b->sum && b->kept.n == b->kept.limit && (st = stop_keeping(b)) < 0)
		return st;
	if (b->sum) {
		if (b->weights < b->identity.n && (st = add_weights(b)) < 0)
			return st;
		add_up(b, &p);
		return 0;
	}
	st = sn_grow(&b->kept.pair, &b->kept.capacity, b->kept.n + 1, sizeof(p));
	if (st == 0)
		b->kept.pair[b->kept.n++] = p;
	return st;
}

/* ---- replicates ----------------------------------------------------------------------- */

bool sn_steps_on(struct steps *s, struct step *step)
{
	const struct sn_bootstrap *b = s->b;
	const struct weighed_pair *p = b->kept.pair;
	size_t columns = b->replicates + 1;
	uint64_t any = 0;
	while (!any && s->next < (b->sum ? b->edges : b->kept.n)) {
		memset(step->weight, 0, sizeof(step->weight));
		if (b->sum) {
			step->d = (double)b->edge[s->next];
			for (size_t kind = 0; kind < KINDS; kind++)
				step->weight[kind] =
					b->sum[(s->next * KINDS + kind) * columns + s->replicate];
			s->next++;
		} else {
			float d = p[s->next].d;
			step->d = (double)d;
			for (; s->next < b->kept.n && p[s->next].d == d; s->next++) {
				uint32_t x = p[s->next].a, y = p[s->next].b;
				step->weight[p[s->next].kind] +=
					x == y ? s->weight[x]
					       : (uint64_t)(s->weight[x] * s->weight[y]);
			}
		}
		any = step->weight[0] + step->weight[1] + step->weight[2];
	}
	return any > 0;
}

struct job {
	struct sn_bootstrap *b;
	double threshold;
};

static int run_replicate(void *context, size_t index, unsigned thread)
{
	const struct job *job = context;
	struct sn_bootstrap *b = job->b;
	size_t measures = sn_replicate_measures(), columns = b->replicates + 1;
	double *value = sn_alloc(measures, sizeof(double));
	uint8_t *weight = sn_alloc(b->identity.n, 1);
	struct steps steps = { b, index, weight, 0 };
	int st = SN_ENOMEM;
	(void)thread;
	if (value && weight) {
		for (size_t i = 0; i < b->identity.n; i++)
			weight[i] = sn_bootstrap_weight(b->seed, index, b->identity.name[i]);
		st = sn_replicate(&steps, job->threshold, value);
	}
	for (size_t i = 0; i < measures && st == 0; i++)
		b->value[i * columns + index] = value[i];
	free(value);
	free(weight);
	return st;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x > y) - (x < y);
}

int sn_bootstrap_run(struct sn_bootstrap *b, double threshold, unsigned threads)
{
	size_t measures = sn_replicate_measures(), columns = b->replicates + 1;
	struct job job = { b, threshold };
	struct sn_pool *pool;
	int st;
	if (b->kept.pair)
		qsort(b->kept.pair, b->kept.n, sizeof(*b->kept.pair), compare_pairs);
	b->value = sn_alloc(measures * columns, sizeof(double));
	if (!b->value)
		return SN_ENOMEM;
	if ((st = sn_pool_new(&pool, threads)) < 0)
		return st;
	st = sn_pool_run(pool, columns, run_replicate, &job);
	sn_pool_free(pool);
	for (size_t i = 0; i < measures && st == 0; i++)
		qsort(b->value + i * columns + 1, b->replicates, sizeof(double), compare_doubles);
	return st;
}

/* Between the two nearest of n sorted values. */
static double quantile(const double *value, size_t n, double share)
{
	double at = share * (double)(n - 1);
	size_t below = (size_t)at;
	double above = below + 1 < n ? value[below + 1] : value[below];
	return value[below] + (at - (double)below) * (above - value[below]);
}

bool sn_bootstrap_interval(const struct sn_bootstrap *b, const char *measure, double value,
			   double confidence, double *lower, double *upper)
{
	size_t place = sn_replicate_measure(measure), n = b->replicates;
	double tail = (1 - confidence) / 2, shift;
	const double *v;
	if (place == sn_replicate_measures())
		return false;
	v = b->value + place * (n + 1);
	shift = b->sum ? value - *v : 0;
	for (v++; n > 0 && isnan(v[n - 1]); n--)
		; /* replicates without any pair of one kind */
	if (2 * n < b->replicates || n == 0 || isnan(shift) || v[0] == v[n - 1])
		return false;
	*lower = quantile(v, n, tail) + shift;
	*upper = quantile(v, n, 1 - tail) + shift;
	return true;
}
