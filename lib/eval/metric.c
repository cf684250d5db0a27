/* The metrics of verification: everything that follows from the sorted distances of same and
 * different pairs. */
#include <math.h>
#include "equal.h"
#include "scores.h"

void sn_rates_at(const struct sn_scores *s, double t, double *far, double *frr)
{
	uint64_t same, different;
	sn_accepted_at(s, t, &same, &different);
	*far = (double)different / (double)s->different.n;
	*frr = (double)(s->same.n - same) / (double)s->same.n;
}

double sn_auc(const struct sn_scores *s)
{
	struct walk w = { 0 };
	unsigned __int128 halves = 0; /* pairs of pairs in the right order count 2, equal ones 1 */
	while (walk_on(&w, s))
		halves += (unsigned __int128)(w.same_to - w.same_below) *
			  (2 * (s->different.n - w.different_to) +
			   (w.different_to - w.different_below));
	return (double)halves / 2 / (double)s->same.n / (double)s->different.n;
}

double sn_eer(const struct sn_scores *s, double *threshold)
{
	struct equal equal = EQUAL_INIT;
	struct walk w = { 0 };
	while (walk_on(&w, s))
		equal_step(&equal, (double)w.different_to / (double)s->different.n,
			   (double)(s->same.n - w.same_to) / (double)s->same.n, (double)w.d);
	if (threshold)
		*threshold = equal.at;
	return equal.sum / 2;
}

double sn_best_accuracy(const struct sn_scores *s, double *threshold)
{
	struct walk w = { 0 };
	double best = -INFINITY, accuracy, at = NAN;
	while (walk_on(&w, s)) {
		accuracy = 1 - ((double)w.different_to / (double)s->different.n +
				(double)(s->same.n - w.same_to) / (double)s->same.n) /
				       2;
		if (accuracy > best) {
			best = accuracy;
			at = (double)w.d;
		}
	}
	if (threshold)
		*threshold = at;
	return best;
}

double sn_threshold_at_far(const struct sn_scores *s, double far)
{
	struct walk w = { 0 };
	double at = -INFINITY;
	/* the division that will judge the threshold, too */
	while (walk_on(&w, s) && (double)w.different_to / (double)s->different.n <= far)
		at = (double)w.d;
	return at;
}

double sn_min_dcf(const struct sn_scores *s, double p)
{
	struct walk w = { 0 };
	double least = p, far, frr, cost; /* no to all: FRR 1, FAR 0 */
	while (walk_on(&w, s)) {
		far = (double)w.different_to / (double)s->different.n;
		frr = (double)(s->same.n - w.same_to) / (double)s->same.n;
		cost = p * frr + (1 - p) * far;
		least = cost < least ? cost : least;
	}
	return least / (p < 1 - p ? p : 1 - p);
}

double sn_dprime(const struct sn_scores *s)
{
	double spread =
		sqrt((sn_sample_variance(&s->same) + sn_sample_variance(&s->different)) / 2);
	if (!(spread > 0))
		return NAN;
	return (sn_sample_mean(&s->different) - sn_sample_mean(&s->same)) / spread;
}
