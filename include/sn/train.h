/* train - sampling, loss, gradient, step, validation: the loop that makes a model. */
#ifndef SN_TRAIN_H
#define SN_TRAIN_H

#include <sn/items.h>
#include <sn/loss.h>
#include <sn/model.h>
#include <sn/pair.h>

/** Pictures ready for the network, and the pairs that came with them. */
struct sn_dataset {
	struct sn_items items;
	uint8_t *pixels;         /* [items.n][h][w][c] of the network's size */
	size_t image;            /* bytes of one */
	size_t capacity;         /* private */
	struct sn_pairs pairs;   /* empty: sample from the items */
	bool has_pairs;
	bool has_batches;        /* the pairs carry batch */
};
/** Read all sections of a stream of items or pairs. SN_EDATA for embeddings, missing pictures, pairs without same. */
SN_MUST_CHECK int sn_dataset_read(struct sn_dataset *data, struct sn_reader *r, const struct sn_prep *prep,
                                  struct sn_pool *pool);
void sn_dataset_release(struct sn_dataset *data);

enum sn_optimizer { SN_SGD, SN_ADAM };
extern const char *const sn_optimizer_names[];

struct sn_train_options {
	uint64_t epochs;
	size_t batch;            /* pairs a step (pairs) */
	size_t p, k;             /* classes and items of each a step (items) */
	enum sn_loss loss;
	double margin;
	enum sn_distance distance;
	enum sn_optimizer optimizer;
	double rate, momentum;   /* Adam: beta1 = momentum */
	double decay;            /* L2 on weights */
	bool balance;            /* items: same and different pairs weigh half each */
	const struct sn_dataset *validation; /* NULL: none; with pairs */
	uint64_t patience;       /* epochs without gain before stopping; 0: never */
	uint64_t seed;
};

/** One row of the log. */
struct sn_train_row {
	uint64_t step, epoch;
	uint64_t steps;          /* in all */
	double loss;             /* mean of this batch, before its step */
	double same, different;  /* mean distances; NaN where there are none */
	double active;           /* share of pairs with a gradient */
	double spread;           /* mean over dimensions of the embeddings' standard deviation */
	double rate;
	double images;           /* a second */
	bool validated;          /* an epoch ended here */
	double validation_loss, validation_eer;
	bool best;               /* the model of this row is the one kept so far */
};

/**
 * Train model on data in place; the best model by validation loss is kept (the last one without validation).
 *   row   called after each step, from this thread; a return < 0 stops the training with that code
 * SN_ENAN names step and layer; SN_EDATA where no pairs can be drawn.
 */
SN_MUST_CHECK int sn_train(struct sn_model *model, const struct sn_dataset *data, const struct sn_train_options *options,
                           struct sn_pool *pool, int (*row)(void *context, const struct sn_train_row *row),
                           void *context);

/** Mean loss and EER of the dataset's pairs in evaluation mode: what sn-embed | sn-dist | sn-loss print. */
SN_MUST_CHECK int sn_validate(struct sn_model *model, const struct sn_dataset *data, enum sn_loss loss, double margin,
                              enum sn_distance distance, struct sn_pool *pool, double *mean, double *eer);

/** Mean and deviation of all inputs (x = u1/255, inverted or not) of the dataset, into prep. */
SN_MUST_CHECK int sn_measure(struct sn_prep *prep, const struct sn_dataset *data);

#endif
