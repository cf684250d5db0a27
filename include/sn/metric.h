/* metric - how good distances are: ROC, EER, error rates at a threshold, N-way trials. */
#ifndef SN_METRIC_H
#define SN_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/error.h>

/*
 * Smaller d = more alike, and one inequality everywhere: yes means d <= t.  Up to a limit of pairs
 * all of these are exact: they work on the sorted distances themselves (4 bytes a pair, 8 while
 * sorting).  Beyond it the distances are counted in bins, whose upper edges then stand for them.
 */

/** Pairs that are kept as they are, 64 MiB; those beyond them, and they with them, are counted. */
#define SN_EXACT_PAIRS ((size_t)1 << 24)
/** The width of a bin, as a share of the distance, at most. */
#define SN_BIN_WIDTH 0x1p-13

/** Distances of one kind of pairs; owns d and bin. */
struct sn_sample {
	float *d;      /* [n] sorted by sn_scores_sort; NULL once counted */
	uint64_t *bin; /* private: the counts */
	size_t n, capacity;
	float least, most; /* where n > 0 */
	struct sn_moments {
		double mean, squares;
	} moments; /* private: of the counted */
};

/** Distances of same and of different pairs. Zero-initialised is empty. */
struct sn_scores {
	struct sn_sample same, different;
	bool sorted, counted;
	size_t limit; /* of pairs kept as they are; 0: SN_EXACT_PAIRS */
};
/** SN_ENAN where d is NaN, SN_ENOMEM. */
SN_MUST_CHECK int sn_scores_add(struct sn_scores *s, float d, bool same);
/** Count from now on, though the limit is not reached. */
SN_MUST_CHECK int sn_scores_count(struct sn_scores *s);
/** Sort both classes, rising. SN_EDATA where one is empty (the other is sorted all the same). */
SN_MUST_CHECK int sn_scores_sort(struct sn_scores *s);
void sn_scores_release(struct sn_scores *s);

/** FAR = share of different pairs accepted, FRR = share of same pairs rejected. Sorted scores. */
void sn_rates_at(const struct sn_scores *s, double t, double *far, double *frr);

/** How many pairs of each class have d <= t (in bins: and those of t's bin). Sorted scores; a class
 * may be empty. */
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
 * Equal error rate on the lower convex hull of (FAR, FRR), where it meets FAR = FRR: at most
 * sn_eer, and the same whatever the order of equal distances.  Provost and Fawcett (2001):
 * thresholds drawn by lot between two reach every point of the hull.  Sorted scores.  SN_ENOMEM.
 */
SN_MUST_CHECK int sn_eer_hull(const struct sn_scores *s, double *eer);

/**
 * Smallest detection cost: min over all thresholds, and none, of p FRR + (1 - p) FAR, divided by
 * min(p, 1 - p), the cost of one answer to all.  p in (0, 1) is the share of same pairs that is
 * reckoned with; both errors cost 1 (Kaldi's compute_min_dcf).  Sorted scores.
 */
double sn_min_dcf(const struct sn_scores *s, double p);

/** A corner of the ROC curve: the rates of a yes to all d <= threshold. */
struct sn_roc_point {
	double far, frr;
	double threshold; /* -inf: no to all */
};
/**
 * The ROC curve from no to all to yes to all, without the points that lie on the straight line
 * between others.  A negative answer of `point` ends it and is returned.  Sorted scores.
 */
SN_MUST_CHECK int sn_roc(const struct sn_scores *s,
			 int (*point)(void *context, const struct sn_roc_point *p), void *context);

/**
 * Separation (mean_different - mean_same) / sqrt((var_same + var_different) / 2), the variances
 * over n - 1.  NaN where both are 0.
 */
double sn_dprime(const struct sn_scores *s);

/** Mean in rising order, as sums of double; NaN for none. */
double sn_mean(const float *d, size_t n);
/** Mean, and variance over n - 1 (0 for fewer than 2), of sorted or counted distances. */
double sn_sample_mean(const struct sn_sample *x);
double sn_sample_variance(const struct sn_sample *x);

/**
 * Clopper-Pearson interval of k successes in n, at `confidence` in (0, 1): [0, 1] where n is 0
 * or k > n.  9856 of 10000 at 0.95: 0.98307 to 0.98784.
 */
void sn_interval(double *lower, double *upper, uint64_t k, uint64_t n, double confidence);

/* ---- groups of pairs ------------------------------------------------------------------- */

/** Pairs of groups that are kept, 24 bytes each and twice that while sorting; a whole group at
 * least. */
#define SN_GROUPED_PAIRS ((size_t)1 << 22)

/** Pairs of trials, or of probes. Zero-initialised is empty; all private but the limit. */
struct sn_groups {
	struct sn_group_pair {
		uint64_t group, class;
		float d; /* NaN: none (a missing picture) */
		bool same;
	} * pair;
	size_t n, capacity;
	size_t limit;	      /* 0: SN_GROUPED_PAIRS */
	bool closed;	      /* are groups gone, */
	uint64_t last_closed; /* and which was the last? */
};

/* ---- N-way trials --------------------------------------------------------------------- */

struct sn_trials_result {
	uint64_t trials;
	uint64_t right;	      /* the answer's class is the query's; a tie for it is wrong */
	uint64_t ties;	      /* trials that a tie decided */
	uint64_t incomplete;  /* trials that lack a distance: wrong, whatever the others say */
	uint64_t least, most; /* classes a trial has */
	double chance;	      /* share of right answers by guessing: mean of 1 / classes */
};

/**
 * Trials: a query against supports of N classes; the answer is the class with the smallest mean
 * distance.  Zero-initialised is empty.
 */
struct sn_trials {
	struct sn_groups groups;
	struct sn_trials_result so_far; /* private */
};

/**
 * One pair, whose support is of `class`; `same`: so is the query.  They may come in any order up to
 * the limit of pairs, beyond it trial by trial, numbers rising: else SN_EDATA.
 */
SN_MUST_CHECK int sn_trials_add(struct sn_trials *t, uint64_t trial, uint64_t class, float d,
				bool same);
/** After the last.  Means are sums of double in the order of sn_trials_add. SN_EDATA where there
 * are no trials. */
SN_MUST_CHECK int sn_trials_score(struct sn_trials *t, struct sn_trials_result *result);
/** Are there any? */
bool sn_trials_any(const struct sn_trials *t);
void sn_trials_release(struct sn_trials *t);

/* ---- identification -------------------------------------------------------------------- */

/**
 * Probes against a gallery: the answer is the identity with the nearest item.  Zero-initialised is
 * empty; owns `probe`.
 */
struct sn_identification {
	struct sn_groups groups;
	struct sn_probe {
		float d;	 /* to the nearest item; NaN: no distance at all */
		uint32_t rank;	 /* of the right identity, 1 is first; 0: never found */
		bool mate;	 /* is the right identity in the gallery? */
		bool incomplete; /* lacks a distance */
	} * probe;		 /* [n] */
	size_t n, capacity;
	uint64_t most; /* identities that a probe was compared with */
};

/** One pair: the item is of `class`; `same`: so is the probe.  Order as in sn_trials_add. */
SN_MUST_CHECK int sn_identification_add(struct sn_identification *i, uint64_t probe, uint64_t class,
					float d, bool same);
/**
 * After the last: find the ranks, 1 more than the number of other identities that are as near as
 * the right one; 0 for a probe without mate, or with a mate and without one of its distances.
 */
SN_MUST_CHECK int sn_identification_finish(struct sn_identification *i);
void sn_identification_release(struct sn_identification *i);

/** Probes with a mate, and how many of them have it among their first k identities. */
uint64_t sn_identified(const struct sn_identification *i, uint64_t k, uint64_t *mated);
/**
 * Open set: a probe is answered where its nearest item is no farther than t.
 *   detected  out  of those with a mate: answered, and rightly
 *   alarms    out  of those without: answered
 */
void sn_open_set_at(const struct sn_identification *i, double t, uint64_t *detected,
		    uint64_t *alarms);
/** The largest distance whose share of false alarms is at most `share`; -inf where there is none.
 */
SN_MUST_CHECK int sn_open_set_threshold(const struct sn_identification *i, double share,
					double *threshold);

#endif
