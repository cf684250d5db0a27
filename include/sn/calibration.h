/*
 * calibration - what a distance means: the threshold that answers yes or no, the probability that
 * two pictures are the same, and the distances that both were learnt from.
 */
#ifndef SN_CALIBRATION_H
#define SN_CALIBRATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sn/metric.h>

/**
 * P(same | d) = 1 / (1 + exp(slope d + offset)), where a share `prior` of all pairs is the same.
 * Of other shares q, add log((1 - q) / q) - log((1 - prior) / prior) to the offset.
 */
struct sn_probability {
	bool set;
	double slope, offset; /* slope > 0 */
	double prior;
};

struct sn_threshold {
	bool set;
	double d;		  /* yes means d <= threshold */
	double far;		  /* false accept rate it was chosen for; NaN: at equal error */
	char protocol[64];	  /* how it was chosen, e.g. "eer" or "far" */
	uint64_t same, different; /* pairs it was chosen on */
	uint64_t data;		  /* XXH3 of their distances, whatever their order; 0: not known */
	double measured_far, measured_frr; /* on those */
	/* their 95 % intervals, lower and upper end (Clopper-Pearson); NaN: not known */
	double far_interval[2], frr_interval[2];
	struct sn_probability probability;
};

/** No threshold, and nothing known. */
void sn_threshold_clear(struct sn_threshold *t);

/** In [0, 1]; p->set must hold. */
float sn_probability(const struct sn_probability *p, float d);

/**
 * Say of a threshold what it was chosen on, and learn the probability from the same distances.
 *   t  in/out  d, far and protocol are the caller's; all else is set
 *   s  in      sorted, both classes with pairs
 * The probability is Platt's (1999), as Lin, Lin and Weng (2007) compute it: logistic regression on
 * the distance, with targets that keep it away from 0 and 1 where nothing else would, classes
 * weighed so that each counts half: the prior is 0.5.  It is left unset where same pairs are no
 * nearer than different ones.
 */
SN_MUST_CHECK int sn_calibrate(struct sn_threshold *t, const struct sn_scores *s);

#endif
