/* plan - which images and pairs make each step */
#ifndef PLAN_H
#define PLAN_H

#include <sn/train.h>

struct plan;

/** One step's batch; borrowed from the plan until the next plan_batch. */
struct batch {
	size_t *image; /* [images] indexes into the data's items, rising, each once */
	size_t images;
	struct sn_index_pair *pair; /* [pairs] a, b: rows of image, not items */
	size_t pairs;
};

/** Borrows data and options. SN_EDATA where there is nothing to learn from. */
SN_MUST_CHECK int plan_new(struct plan **plan, const struct sn_dataset *data,
			   const struct sn_train_options *options);
void plan_free(struct plan *plan); /* NULL is allowed */
/** Steps of an epoch, and the most images a batch can have. */
size_t plan_steps(const struct plan *plan);
size_t plan_most_images(const struct plan *plan);
/** Batch of a step (from 0, over all epochs): a function of data, options and step. */
SN_MUST_CHECK int plan_batch(struct plan *plan, uint64_t step, struct batch *batch);

#endif
