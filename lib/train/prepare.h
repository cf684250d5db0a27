/* prepare - the pictures of a step, made ready ahead of it */
#ifndef PREPARE_H
#define PREPARE_H

#include "plan.h"

struct prepare;

/** A step's batch as the network takes it; borrowed until the next prepare_step. */
struct ready {
	struct batch batch;	/* image: indexes into the items that are trained on */
	const float *x;		/* [images][h][w][c] */
	const uint64_t *number; /* [images] of the items */
};

/**
 * Plans and prepares the batches of a training: turned, augmented, as floats.
 *   threads  in  1: in the caller's thread when asked for; more: that many of its own, which make
 *                the next step's pictures while the caller computes with this one's
 * Borrows all but `prep`.  SN_EUSAGE for turns of pairs, or of pictures that are not square;
 * otherwise as plan_new.
 */
SN_MUST_CHECK int prepare_new(struct prepare **p, const struct sn_dataset *data,
			      const struct sn_prep *prep, const struct sn_train_options *options,
			      unsigned threads);
void prepare_free(struct prepare *p); /* NULL is allowed */

/** The items that are trained on: the data's, or all versions of them; borrowed. */
const struct sn_items *prepare_items(const struct prepare *p);
/** Steps of an epoch, and the most images a batch can have. */
size_t prepare_steps(const struct prepare *p);
size_t prepare_most_images(const struct prepare *p);

/**
 * A step's batch (from 0, over all epochs): a function of data, options and step.  Quick where it
 * is the one after the last asked for, which is under way already.
 */
SN_MUST_CHECK int prepare_step(struct prepare *p, uint64_t step, struct ready *ready);

#endif
