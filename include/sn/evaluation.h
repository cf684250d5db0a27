/* evaluation - distances and what is known of their pairs, as the rows that sn-eval prints. */
#ifndef SN_EVALUATION_H
#define SN_EVALUATION_H

#include <sn/bootstrap.h>
#include <sn/items.h>
#include <sn/leak.h>
#include <sn/metric.h>

/** Zero-initialised is empty; a stream's `window` goes to items.window. */
struct sn_evaluation {
	struct sn_items items;
	struct sn_scores all; /* the pairs with a distance that are same or different */
	struct sn_scores
		skilled;	 /* its different pairs of one label, one of them forged; no same */
	struct sn_scores random; /* its other different ones, where there are skilled; no same */
	struct sn_trials trials;
	struct sn_identification identification;
	/* set before the first item: */
	bool identify;			/* the first item of each pair is a probe */
	struct sn_bootstrap *bootstrap; /* gets the pairs; the caller's; NULL: none */
	struct sn_leak *leak;		/* knows the pictures; the caller's; NULL: none */
	uint64_t pictures;		/* items that came */
	uint64_t failed;  /* pictures that could not be decoded, as the stream's end says */
	uint64_t pairs;	  /* all that came */
	uint64_t missing; /* without a distance: failures to acquire */
	uint64_t unknown; /* neither same nor different */
};

SN_MUST_CHECK int sn_evaluation_item(struct sn_evaluation *e, const struct sn_item *item);
/** SN_EDATA for a pair without the key d, or of a trial and not known to be same or different. */
SN_MUST_CHECK int sn_evaluation_pair(struct sn_evaluation *e, const struct sn_pair *pair);

/** The class that a trial's support stands for: its label, or without one itself. */
uint64_t sn_trial_class(const struct sn_entry *support);

/** After the last pair: sort. 0 also where a class is empty: sn_scores_sort(&e->all) tells. */
SN_MUST_CHECK int sn_evaluation_finish(struct sn_evaluation *e);

/** One measure. */
struct sn_row {
	const char *measure; /* static */
	double value;
	double lower, upper; /* 95 % interval; NaN: none */
	uint64_t n;	     /* pairs, or trials, that it is made of */
};
#define SN_MAX_ROWS 160

/** What sn_evaluation_rows is asked for. */
struct sn_row_options {
	double threshold;	     /* for the rates at a threshold; NaN: the one of equal error */
	const struct sn_scores *dev; /* sorted, where the threshold was chosen; NULL: not so */
	unsigned threads;	     /* of the bootstrap; 0: all processors */
	double leak_limit;	     /* of all questions; NaN: sn_leak_limits */
};

/**
 * The measures of a finished evaluation, in the order of sn-eval(1).
 *   rows       out how many there are
 * Rows of verification need pairs of both classes, rows of trials need trials; rows that have
 * nothing to say are left out.
 */
SN_MUST_CHECK int sn_evaluation_rows(struct sn_evaluation *e, const struct sn_row_options *options,
				     struct sn_row row[SN_MAX_ROWS], int *rows);

/**
 * Failure to acquire: the share of pairs without a distance; or, where all have one because they
 * were made of what could be read, the share of pictures that could not.
 *   n  out  pairs, or pictures, that it is a share of
 */
double sn_failure_to_acquire(const struct sn_evaluation *e, uint64_t *failures, uint64_t *n);

/**
 * The shortest text that gives the threshold back exactly, so that the pair it comes from is still
 * accepted when it is typed; returns text.
 */
const char *sn_threshold_text(char text[32], double threshold);

void sn_evaluation_release(struct sn_evaluation *e);

#endif
