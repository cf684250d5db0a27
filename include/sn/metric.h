/* metric - how good distances are: ROC, EER, error rates at a threshold, N-way trials. */
#ifndef SN_METRIC_H
#define SN_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/error.h>

/*
 * Smaller d = more alike, and one inequality everywhere: yes means d <= t.  All of these are exact:
 * they work on the sorted distances themselves (4 bytes a pair, 8 while sorting), not on a
 * histogram.
 */

/** Distances of same and of different pairs. Zero-initialised is empty. */
struct sn_scores {
	float *same, *different; /* [n_same], [n_different]; owned */
	size_t n_same, n_different;
	size_t same_capacity, different_capacity;
	bool sorted;
};
/** SN_ENAN where d is NaN, SN_ENOMEM. */
SN_MUST_CHECK int sn_scores_add(struct sn_scores *s, float d, bool same);
/** Sort both classes, rising. SN_EDATA where one is empty (the other is sorted all the same). */
SN_MUST_CHECK int sn_scores_sort(struct sn_scores *s);
void sn_scores_release(struct sn_scores *s);

/** FAR = share of different pairs accepted, FRR = share of same pairs rejected. Sorted scores. */
void sn_rates_at(const struct sn_scores *s, double t, double *far, double *frr);

/** How many pairs of each class have d <= t. Sorted scores; a class may be empty. */
void sn_accepted_at(const struct sn_scores *s, double t, uint64_t *same, uint64_t *different);

/** Area under the ROC curve: P(d_same < d_different) + 1/2 P(=).  Sorted scores. */
double sn_auc(const struct sn_scores *s);

/**
 * Interval of the area: DeLong, DeLong and Clarke-Pearson (1988) on the logit's scale; where the
 * area is 0 or 1, and that method has nothing to say, Clopper-Pearson for the smaller class.
 * Sorted scores.
 */
void sn_auc_interval(const struct sn_scores *s, double *lower, double *upper, double confidence);

/**
 * Equal error rate: (FAR + FRR)/2 at the threshold (one of the distances) where |FAR - FRR| is
 * smallest; of those, where FAR + FRR is smallest; of those, the smallest.  Sorted scores;
 * threshold may be NULL.
 */
double sn_eer(const struct sn_scores *s, double *threshold);

/**
 * Best of all thresholds: max of the balanced accuracy 1 - (FAR + FRR)/2, at the smallest distance
 * that reaches it.  Optimistic: chosen on what it is measured on.  Sorted scores; threshold may
 * be NULL.
 */
double sn_best_accuracy(const struct sn_scores *s, double *threshold);

/**
 * The largest threshold (one of the distances, same or different) whose FAR is at most `far`; -inf
 * where even the smallest distance accepts too large a share.  Sorted scores.
 */
double sn_threshold_at_far(const struct sn_scores *s, double far);

/**
 * Separation (mean_different - mean_same) / sqrt((var_same + var_different) / 2), the variances
 * over n - 1.  NaN where both are 0.
 */
double sn_dprime(const struct sn_scores *s);

/** Mean in rising order, as sums of double; NaN for none. */
double sn_mean(const float *d, size_t n);

/**
 * Clopper-Pearson interval of k successes in n, at `confidence` in (0, 1): [0, 1] where n is 0
 * or k > n.  9856 of 10000 at 0.95: 0.98307 to 0.98784.
 */
void sn_interval(double *lower, double *upper, uint64_t k, uint64_t n, double confidence);

/* ---- N-way trials --------------------------------------------------------------------- */

/**
 * Trials: a query against supports of N classes; the answer is the class with the smallest mean
 * distance.  Zero-initialised is empty; owns `pair`.
 */
struct sn_trials {
	struct sn_trial_pair {
		uint64_t trial, class;
		float d; /* NaN: none (a missing picture) */
		bool same;
	} * pair; /* 24 bytes a pair; sorted by sn_trials_score */
	size_t n, capacity;
};

struct sn_trials_result {
	uint64_t trials;
	uint64_t right;	      /* the answer's class is the query's; a tie for it is wrong */
	uint64_t ties;	      /* trials that a tie decided */
	uint64_t incomplete;  /* trials that lack a distance: wrong, whatever the others say */
	uint64_t least, most; /* classes a trial has */
	double chance;	      /* share of right answers by guessing: mean of 1 / classes */
};

/** One pair, whose support is of `class`; `same`: so is the query.  They may come in any order. */
SN_MUST_CHECK int sn_trials_add(struct sn_trials *t, uint64_t trial, uint64_t class, float d,
				bool same);
/** Means are sums of double in the order of sn_trials_add. SN_EDATA where there are no trials. */
SN_MUST_CHECK int sn_trials_score(struct sn_trials *t, struct sn_trials_result *result);
void sn_trials_release(struct sn_trials *t);

#endif
