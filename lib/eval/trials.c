/* N-way trials: which of N classes is the query?  Ties are wrong answers, so that a constant
 * network scores nothing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include <sn/metric.h>

int sn_trials_add(struct sn_trials *t, uint64_t trial, uint64_t class, float d, bool same)
{
	int st = sn_grow(&t->pair, &t->capacity, t->n + 1, sizeof(*t->pair));
	if (st < 0)
		return st;
	t->pair[t->n++] = (struct sn_trial_pair){ trial, class, d, same };
	return 0;
}

void sn_trials_release(struct sn_trials *t)
{
	free(t->pair);
	memset(t, 0, sizeof(*t));
}

static bool before(const struct sn_trial_pair *a, const struct sn_trial_pair *b)
{
	return a->trial != b->trial ? a->trial < b->trial : a->class < b->class;
}

/* Merge sort, bottom up: stable, as the order of a sum must not depend on the sorting. */
static int sort_pairs(struct sn_trials *t)
{
	size_t n = t->n;
	struct sn_trial_pair *from = t->pair, *to = sn_alloc(n, sizeof(*to)), *swap;
	if (!to)
		return SN_ENOMEM;
	for (size_t run = 1; run<n; run = run> n / 2 ? n : 2 * run) {
		for (size_t low = 0; low < n;) {
			size_t middle = n - low > run ? low + run : n;
			size_t high = n - middle > run ? middle + run : n;
			size_t i = low, j = middle;
			for (size_t k = low; k < high; k++)
				to[k] = i < middle && (j == high || !before(&from[j], &from[i]))
						? from[i++]
						: from[j++];
			low = high;
		}
		swap = from;
		from = to;
		to = swap;
	}
	free(to);
	t->pair = from;
	t->capacity = n;
	return 0;
}

/* One trial, pairs sorted by class: true where the single nearest class is the query's. */
static void score_trial(const struct sn_trial_pair *pair, size_t n, struct sn_trials_result *result)
{
	double best = INFINITY, sum, mean;
	uint64_t classes = 0;
	bool right = false, tie = false, incomplete = false;
	for (size_t i = 0, first; i < n; classes++) {
		bool same = false;
		sum = 0;
		for (first = i; i < n && pair[i].class == pair[first].class; i++) {
			sum += (double)pair[i].d;
			same |= pair[i].same;
			incomplete |= isnan(pair[i].d);
		}
		mean = sum / (double)(i - first);
		if (mean < best) {
			best = mean;
			right = same;
			tie = false;
		} else if (mean == best) {
			tie = true;
		}
	}
	result->trials++;
	result->right += right && !tie && !incomplete;
	result->ties += tie && !incomplete;
	result->incomplete += incomplete;
	result->chance += 1 / (double)classes;
	if (classes < result->least)
		result->least = classes;
	if (classes > result->most)
		result->most = classes;
}

int sn_trials_score(struct sn_trials *t, struct sn_trials_result *result)
{
	int st;
	memset(result, 0, sizeof(*result));
	if (t->n == 0)
		return sn_fail(SN_EDATA, "there are no trials; sn-pair --trials makes them");
	if ((st = sort_pairs(t)) < 0)
		return st;
	result->least = UINT64_MAX;
	for (size_t i = 0, first; i < t->n;) {
		for (first = i; i < t->n && t->pair[i].trial == t->pair[first].trial;)
			i++;
		score_trial(t->pair + first, i - first, result);
	}
	result->chance /= (double)result->trials;
	return 0;
}
