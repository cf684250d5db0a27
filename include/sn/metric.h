/* metric - how good distances are: ROC, EER, error rates at a threshold, N-way trials. Smaller d = more alike. */
#ifndef SN_METRIC_H
#define SN_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/error.h>

/** Distances of same and of different pairs. */
struct sn_scores {
	float *same, *different; /* [n_same], [n_different]; owned */
	size_t n_same, n_different;
	size_t same_capacity, different_capacity;
	bool sorted;
};
SN_MUST_CHECK int sn_scores_add(struct sn_scores *s, float d, bool same);
/** Sort both classes ascending. SN_EDATA where one is empty. */
SN_MUST_CHECK int sn_scores_sort(struct sn_scores *s);
void sn_scores_release(struct sn_scores *s);

/** Rates at "yes means d <= t": FAR = share of different pairs accepted, FRR = share of same pairs rejected. Sorted scores. */
void sn_rates_at(const struct sn_scores *s, double t, double *far, double *frr);

/** Area under the ROC curve: P(d_same < d_different) + 1/2 P(=).  Sorted scores. */
double sn_auc(const struct sn_scores *s);

/** Equal error rate: (FAR + FRR)/2 at the threshold (one of the distances) where |FAR - FRR| is smallest. Sorted scores. */
double sn_eer(const struct sn_scores *s, double *threshold);

/** Best of all thresholds: max of the balanced accuracy 1 - (FAR + FRR)/2.  Optimistic: chosen on what it is measured on. */
double sn_best_accuracy(const struct sn_scores *s, double *threshold);

/** The largest threshold whose FAR is at most `far`: -inf where even the smallest distance is too large a share. */
double sn_threshold_at_far(const struct sn_scores *s, double far);

/** Separation (mean_different - mean_same) / sqrt((var_same + var_different) / 2). */
double sn_dprime(const struct sn_scores *s);

/** Clopper-Pearson interval of k successes in n, at `confidence` (0.95). */
void sn_interval(double *lower, double *upper, uint64_t k, uint64_t n, double confidence);

#endif
