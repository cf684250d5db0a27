/* N-way trials: which of N classes is the query?  Ties are wrong answers, so that a constant
 * network scores nothing. */
#include <math.h>
#include <string.h>
#include "groups.h"

/* One trial, pairs sorted by class: true where the single nearest class is the query's. */
static int score_trial(void *context, const struct sn_group_pair *pair, size_t n)
{
	struct sn_trials_result *result = context;
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
	if (result->trials == 1 || classes < result->least)
		result->least = classes;
	if (classes > result->most)
		result->most = classes;
	return 0;
}

int sn_trials_add(struct sn_trials *t, uint64_t trial, uint64_t class, float d, bool same)
{
	const struct sn_group_pair p = { trial, class, d, same };
	return sn_groups_add(&t->groups, &p, "trial", score_trial, &t->so_far);
}

bool sn_trials_any(const struct sn_trials *t)
{
	return t->groups.n > 0 || t->so_far.trials > 0;
}

int sn_trials_score(struct sn_trials *t, struct sn_trials_result *result)
{
	int st = sn_groups_end(&t->groups, score_trial, &t->so_far);
	if (st < 0)
		return st;
	*result = t->so_far;
	if (result->trials == 0)
		return sn_fail(SN_EDATA, "there are no trials; sn-pair --trials makes them");
	result->chance /= (double)result->trials;
	return 0;
}

void sn_trials_release(struct sn_trials *t)
{
	sn_groups_release(&t->groups);
	memset(t, 0, sizeof(*t));
}
