/* twins - the embeddings of a section's items, and the distances of its pairs. */
#ifndef SN_TWINS_H
#define SN_TWINS_H

#include <sn/distance.h>
#include <sn/items.h>
#include <sn/model.h>

/** What is kept while a section of pairs is read.  Zero-initialised is ready for sn_twins_begin. */
struct sn_twins {
	enum sn_distance distance;
	double threshold;      /* yes means d <= threshold; NaN: none */
	bool tell_probability; /* a pair gets `p` besides its distance */
	struct sn_items items; /* data: the embedding, float [dim] */
	size_t dim;	       /* numbers in an embedding; 0: none seen yet */
	size_t missing;	       /* items without a picture so far */
	struct sn_model_note note;
};

/**
 * Begin a section: what was kept of the last one goes.
 *   h          in/out  its header; the keys `distance` and `threshold` are set (or removed)
 *   distance   in      what the user wants; NULL: the model's, else euclidean
 *   threshold  in      the same; NaN: the model's, where the distance is the model's, else none
 * The header's `window` lets older embeddings be forgotten.  SN_EDATA for a distance that wants
 * weights where the model has none.
 */
SN_MUST_CHECK int sn_twins_begin(struct sn_twins *t, struct sn_header *h,
				 const enum sn_distance *distance, double threshold);

/**
 * Within a section that was begun: pairs get the probability to be the same, by the model's
 * calibration, and the header its key `probability`.  SN_EDATA where the model has none, or the
 * distance is not the model's.
 */
SN_MUST_CHECK int sn_twins_tell_probability(struct sn_twins *t, struct sn_header *h);

/** Keep an item's embedding (copied). SN_EDATA where it is none, or not as long as the others. */
SN_MUST_CHECK int sn_twins_add(struct sn_twins *t, const struct sn_item *item);

/**
 * The distance of a pair: 1 and *d; 0 where one of the two has no picture (d is nil).
 * SN_EDATA for an item that was forgotten, SN_ENAN where d is too large for a float.
 */
SN_MUST_CHECK int sn_twins_distance(const struct sn_twins *t, const struct sn_pair *pair, float *d);

/** Two items by their numbers. */
struct sn_pair_numbers {
	uint64_t a, b;
};
/**
 * The distances of n pairs, what sn_twins_distance gives for each, but 0 where there is none.
 *   d     out  [n]
 *   done  out  n, or how many went well before the one that failed
 */
SN_MUST_CHECK int sn_twins_distances(const struct sn_twins *t, const struct sn_pair_numbers *pair,
				     size_t n, float *d, size_t *done);
/** Has one of the two no picture? */
bool sn_twins_misses(const struct sn_twins *t, const struct sn_pair *pair);

void sn_twins_release(struct sn_twins *t);

#endif
