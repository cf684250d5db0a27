/* loss - what training makes small. */
#ifndef SN_LOSS_H
#define SN_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/distance.h>
#include <sn/error.h>
#include <sn/pair.h>

/*
 * The pairs of a batch say which images are positives of each other (same) and which negatives
 * (different).  The first kind of losses are sums over the pairs, each a function of the pair's
 * distance D; the others look at all pairs of an image at once.
 */
enum sn_loss {
	SN_LOSS_CONTRASTIVE,
	SN_LOSS_DOUBLE_MARGIN,
	SN_LOSS_CROSS_ENTROPY,
	SN_LOSS_COSINE,
	SN_LOSS_TRIPLET, /* from here on: no sums over pairs */
	SN_LOSS_NT_XENT,
	SN_LOSS_SUPCON,
	SN_LOSS_MULTI_SIMILARITY,
};
extern const char *const sn_loss_names[]; /* in that order, NULL at the end */

/** The contrastive loss as others write it; the formulas stand in contrastive.c and sn-loss(1). */
enum sn_contrastive_form {
	SN_CONTRASTIVE_HADSELL,
	SN_CONTRASTIVE_CAFFE,
	SN_CONTRASTIVE_CAFFE_LEGACY,
	SN_CONTRASTIVE_KERAS,
	SN_CONTRASTIVE_PML,
	SN_CONTRASTIVE_ST,
	SN_CONTRASTIVE_DLIB,
};
extern const char *const sn_contrastive_forms[];

/** Which triplets count. */
enum sn_mining { SN_BATCH_ALL, SN_BATCH_HARD, SN_SEMI_HARD };
extern const char *const sn_mining_names[];

struct sn_loss_filter;

/** What makes the difference between two embeddings small or large, and how it is weighed. */
struct sn_objective {
	enum sn_loss loss;
	double margin;
	enum sn_distance distance;
	enum sn_contrastive_form form; /* contrastive */
	enum sn_mining mining;	       /* triplet */
	double same_margin;	       /* double margin, pml: same pairs are left alone below it */
	double temperature;	       /* nt-xent, supcon */
	double alpha, beta, base, epsilon; /* multi-similarity */
	struct sn_loss_filter *filter;	   /* another program is the loss; NULL: the above is */
};

/** Is it a sum over pairs?  Has it a margin, and is that a distance (else a similarity)? */
bool sn_loss_is_sum(enum sn_loss loss);
bool sn_loss_has_margin(enum sn_loss loss);
/** The margin that its inventors give; NaN where the model's (else 1) is as good. */
double sn_loss_margin(enum sn_loss loss, enum sn_contrastive_form form);
/** The distance it is made for, else `otherwise`. */
enum sn_distance sn_loss_distance(enum sn_loss loss, enum sn_contrastive_form form,
				  enum sn_distance otherwise);

/**
 * Are the numbers of the objective in range?  SN_EUSAGE says which is not.  (What depends on a
 * network is sn_objective_check's.)
 */
SN_MUST_CHECK int sn_loss_check(const struct sn_objective *objective);

/**
 * Contrastive loss of one pair (Hadsell, Chopra, LeCun 2006, with s = 1 for same):
 *     L = 1/2 s D^2 + 1/2 (1-s) max(0, m-D)^2          dL/dD = s D - (1-s) max(0, m-D)
 *   slope  out  dL/dD; may be NULL          d  in  D >= 0, NaN gives NaN
 *   same   in   1 same, 0 different         m  in  margin > 0, in the unit of d
 * Returns the loss of the pair; a mean is the double sum in pair order over n.
 */
double sn_contrastive(double *slope, float d, int same, double m);

/** The loss of one pair at distance d, for losses that are sums; slope (may be NULL) as above. */
double sn_loss_pair(double *slope, const struct sn_objective *objective, float d, bool same);

/** Losses of pairs, added up in their order.  Zero-initialised is empty. */
struct sn_loss_sum {
	double all, by[2]; /* of all pairs; of different, same ones */
	uint64_t n[2], nonzero[2];
};
void sn_loss_add(struct sn_loss_sum *sum, double loss, bool same);
/**
 * Their mean; 0 of no pairs.
 *   balance  in   half for all same and half for all different pairs (but for forms with a mean
 *                 of their own, pml and dlib); else each pair the same
 *   weight   out  what a different, a same pair weighs in it; may be NULL
 */
double sn_loss_mean(double weight[2], const struct sn_objective *objective,
		    const struct sn_loss_sum *sum, bool balance);

/** The unique images of a step or section, and their pairs. */
struct sn_loss_batch {
	const float *y; /* [n][dim] embeddings; NULL: distances only, for losses that are sums */
	size_t n, dim;
	const struct sn_index_pair *pair; /* [pairs] a, b: rows of y; same: known */
	size_t pairs;
	const float *d;	   /* [pairs] their distances, by sn_distance */
	const float *head; /* [dim + 1] of weighted-l1, else NULL */
	bool balance;	   /* as above; losses that are no sums have their own mean */
	/* what a loss filter is told besides */
	uint64_t step;		      /* from 1; 0: validation */
	const struct sn_items *items; /* row i is item image[i]; NULL: rows have no names */
	const size_t *image;
};

struct sn_loss_result {
	double loss;	/* the mean */
	uint64_t terms; /* what it is the mean of; 0: there was nothing, and the loss is 0 */
	double active;	/* share of the terms that have a gradient; NaN: not known */
	float *dy;	/* in: [n][dim], overwritten with dL/dy; NULL: not wanted */
	float *dhead;	/* in: [dim + 1], the same for the head, where there is one */
};

/**
 * The mean loss of a batch and its gradient.  Sums are in double and in the order of the pairs,
 * the gradient is rounded to float once; where D = 0 (or a norm is 0) it is the subgradient 0.
 * SN_ENAN where loss or gradient is not finite; SN_EDATA for pairs that contradict each other;
 * SN_ENOMEM.  Keeps no pointer.
 */
SN_MUST_CHECK int sn_loss_measure(struct sn_loss_result *result,
				  const struct sn_objective *objective,
				  const struct sn_loss_batch *batch);

#endif
