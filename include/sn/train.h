/* train - sampling, loss, gradient, step, validation: the loop that makes a model. */
#ifndef SN_TRAIN_H
#define SN_TRAIN_H

#include <sn/augment.h>
#include <sn/items.h>
#include <sn/loss.h>
#include <sn/model.h>
#include <sn/optimizer.h>
#include <sn/pair.h>
#include <sn/rules.h>
#include <sn/schedule.h>

/** Pictures ready for the network, and the pairs that came with them. */
struct sn_dataset {
	struct sn_items items;
	uint8_t *pixels;       /* [items.n][h][w][c] of the network's size */
	size_t image;	       /* bytes of one */
	size_t capacity;       /* private */
	struct sn_pairs pairs; /* empty: sample from the items */
	bool has_pairs;	       /* a stream of pairs, even where it held none */
	bool has_batches;      /* the pairs carry batch; a run of equal ones is a step */
};
/**
 * Read all sections of a stream of items or pairs as one set; pictures are fitted to the network
 * as they come.
 *   data  out  zero-initialised before; to be released also after an error
 *   pool  in   for the fitting; may be NULL
 * Returns 1, or 0 for an input without any section.  SN_EDATA for other kinds, embeddings, missing
 * pictures, pairs without same, and where there is no item, or in a stream of pairs no pair.
 */
SN_MUST_CHECK int sn_dataset_read(struct sn_dataset *data, struct sn_reader *r,
				  const struct sn_prep *prep, struct sn_pool *pool);
void sn_dataset_release(struct sn_dataset *data);

/**
 * The pairs that sn-pair(1) draws of a part of the set.
 *   pairs    out  indexes of the whole set
 *   of       in   [items.n] not 0: in the part; NULL: the part is the whole
 *   options  in   as of sn_pair_draw, whose errors are those of this one
 */
SN_MUST_CHECK int sn_dataset_pairs(struct sn_pairs *pairs, const struct sn_dataset *data,
				   const uint8_t *of, const struct sn_pair_options *options);

/**
 * The largest distance that two embeddings of the network can have, by the range of its last layer;
 * infinity where there is none.
 */
double sn_reach(const struct sn_net *net, enum sn_distance distance);
/** SN_EUSAGE where the objective makes no sense (sn_loss_check), or the network cannot be trained
 * for it: a margin out of reach. */
SN_MUST_CHECK int sn_objective_check(const struct sn_objective *objective,
				     const struct sn_net *net);

/**
 * Which epoch is the best: that of the smallest validation loss, of the smallest equal error rate,
 * or of the most trials answered right; of equal ones, that of the smallest loss.
 */
enum sn_select { SN_SELECT_LOSS, SN_SELECT_EER, SN_SELECT_ACCURACY };

/** What validation finds. */
struct sn_validation {
	double loss;	 /* mean over the pairs */
	double eer;	 /* NaN where the pairs are all same or all different */
	double accuracy; /* share of N-way trials answered, ties are wrong; NaN: no trials */
	bool point;	 /* have all images become one point? */
};

/** A training that survives; zero: none. */
struct sn_checkpoint_options {
	const char *path;   /* NULL: write none; else one before the first step, then */
	uint64_t steps;	    /* every so many steps; 0: */
	double seconds;	    /* after so much time, at the end of a step */
	const char *resume; /* NULL: begin anew; else go on from this one */
	/* encoded map {options, inputs, ...}: a checkpoint is resumed with the same alone */
	struct sn_slice options;
};

struct sn_train_options {
	struct sn_objective objective;
	uint64_t epochs;
	size_t batch; /* pairs a step, for pairs that carry no batch of their own */
	size_t p, k;  /* classes and items of each a step, for items */
	/* whose classes a step takes, and of which conditions: see struct sn_sampler_options */
	unsigned within;
	size_t groups;
	const char *across;
	enum sn_optimizer optimizer;
	double rate, momentum; /* Adam: beta1 = momentum */
	double decay; /* of weights; see sn/optimizer.h, which has nesterov and clip, too */
	bool nesterov;
	double clip;		      /* 0: none */
	const struct sn_rules *rules; /* of single layers; NULL: none */
	/*
	 * 0: none; else of the exponential average of all parameters, which is then what is
	 * validated and kept
	 */
	double average;
	enum sn_select select;
	struct sn_schedule schedule; /* of the rate */
	struct sn_checkpoint_options checkpoint;
	bool balance;	     /* same and different pairs of a batch weigh half each */
	const uint8_t *held; /* [data->items.n] not 0: not trained on; NULL: none */
	const struct sn_dataset *validation;	 /* NULL: none; may be the data itself */
	const struct sn_pairs *validation_pairs; /* into validation->items */
	uint64_t patience;			 /* epochs without gain before stopping; 0: never */
	uint64_t seed;
	/*
	 * What is done to the pictures of each step, anew each time by (seed, step, number); NULL:
	 * nothing.  Validation sees them as they are.
	 */
	const struct sn_augment *augment;
	unsigned turns; /* 4 or 8: so many versions of each class, see sn_turn; 0: as they are */
	const uint8_t *version; /* [data->items.n] private: the turn of each item */
};

/** One row of the log. */
struct sn_train_row {
	uint64_t step, epoch; /* from 1 */
	uint64_t steps;	      /* in all, should patience not end it */
	double loss; /* mean of this batch, before its step; weighted where options->balance */
	double same, different; /* mean distances; NaN where there are none */
	double active;		/* share of pairs with a gradient */
	double spread;		/* mean over dimensions of the embeddings' standard deviation */
	double rate;
	double images;	/* a second */
	bool collapsed; /* set in one row: all embeddings have come together in one point */
	bool validated; /* an epoch ended here */
	struct sn_validation validation;
	bool best; /* the model of this row is the one kept so far */
};

/**
 * Train the model on data in place.  The weights of the best epoch by validation are kept, without
 * validation those of the last; the model's loss, margin and distance are set, its threshold is
 * forgotten.  Each unique image of a batch goes forward and backward once; the gradients of its
 * pairs are summed at its embedding, in double, in the order of the pairs. pool  in  any gives the
 * same model; may be NULL row   in  called after each step, from this thread; a return < 0 stops
 * the training with that code; may be NULL SN_ENAN names step and layer; SN_EUSAGE for a margin out
 * of reach; SN_EDATA where no pairs can be drawn.  After an error the weights are those of the
 * moment.
 */
SN_MUST_CHECK int sn_train(struct sn_model *model, const struct sn_dataset *data,
			   const struct sn_train_options *options, struct sn_pool *pool,
			   int (*row)(void *context, const struct sn_train_row *row),
			   void *context);

/**
 * A margin from the distances before any training: the mean distance of the different pairs of the
 * first step that has some, embedded in evaluation mode; for triplets half of it.
 *   options  in  the objective's distance, loss and form; how batches are made; held
 * SN_EDATA where there are none, or they are at distance 0; SN_EUSAGE for a loss whose margin is
 * no distance.
 */
SN_MUST_CHECK int sn_train_margin(double *margin, struct sn_model *model,
				  const struct sn_dataset *data,
				  const struct sn_train_options *options, struct sn_pool *pool);

/** A tensor whose gradient was checked. */
struct sn_gradient_row {
	const char *name; /* a parameter's, or "embeddings": the loss's own gradient */
	size_t numbers;
	/*
	 * What the loss changes by along a direction of chance, were the tensor moved by as much as
	 * its norm: as the gradient has it, and as small steps have it.
	 */
	double predicted, measured;
	double error; /* |measured - predicted|, over the larger of predicted and 0.02 of the loss
		       */
};

/**
 * Check the gradients of the first step against differences of its loss: at the embeddings, then of
 * every parameter.  The model is afterwards as it was.
 *   options  in  as of sn_train; objective, how batches are made, augmentation and seed matter
 *   tell     in  called after each tensor; a return < 0 ends it with that code
 */
SN_MUST_CHECK int sn_train_check_gradient(
	struct sn_model *model, const struct sn_dataset *data,
	const struct sn_train_options *options, struct sn_pool *pool,
	int (*tell)(void *context, const struct sn_gradient_row *row), void *context);

/* ---- the loss is a filter, too ----------------------------------------------------------- */

/**
 * Run COMMAND by the shell as the loss, over a pair of pipes: it is given a section of embeddings
 * and pairs for each step (and each validation), and answers with a section of gradients whose
 * header says the loss; see sn-train(1).  The objective's `filter` makes sn_loss_measure ask it.
 *   model  in  its distance, margin and head as they are at each step are told; borrowed
 */
SN_MUST_CHECK int sn_loss_filter_open(struct sn_loss_filter **f, const char *command,
				      const struct sn_model *model);
/** What its answers said of themselves, to be written into the model; NULL, NaN, -1: nothing. */
const char *sn_loss_filter_name(const struct sn_loss_filter *f);
double sn_loss_filter_margin(const struct sn_loss_filter *f);
int sn_loss_filter_distance(const struct sn_loss_filter *f);
/**
 * ok: close its input, read on to its end, and want exit status 0.  Not ok (the training failed):
 * end it, whatever it is about.  Ends f also where it fails.
 */
SN_MUST_CHECK int sn_loss_filter_close(struct sn_loss_filter *f, bool ok);

/**
 * Loss, equal error rate and answers of pairs in evaluation mode: what sn-embed | sn-dist and
 * sn-loss or sn-eval print for them, to the last bit.
 *   pairs  in   at least one, into data->items
 * SN_ENAN where the loss is not finite.
 */
SN_MUST_CHECK int sn_validate(struct sn_validation *found, struct sn_model *model,
			      const struct sn_dataset *data, const struct sn_pairs *pairs,
			      const struct sn_objective *objective, struct sn_pool *pool);

#endif
