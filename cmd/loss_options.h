/*
 * loss_options - which loss, for the programs that measure it and those that train by it: rows for
 * their tables of options, and the objective that comes of them.
 */
#ifndef LOSS_OPTIONS_H
#define LOSS_OPTIONS_H

#include <math.h>
#include <sn/loss.h>
#include "cli.h"

enum loss_mean { LOSS_PLAIN, LOSS_BALANCED };
extern const char *const loss_means[];

struct loss_options {
	unsigned loss;	    /* enum sn_loss; once settled, the one in use */
	double margin;	    /* NaN: not given; infinity: auto; once settled, the one in use */
	unsigned form;	    /* enum sn_contrastive_form */
	unsigned mining;    /* enum sn_mining */
	double same_margin; /* NaN: not given */
	double temperature, alpha, beta, base, epsilon;
};
/* clang-format off */
#define LOSS_OPTIONS_INIT { SN_LOSS_CONTRASTIVE, NAN, SN_CONTRASTIVE_HADSELL, SN_BATCH_HARD, NAN, 0.1, 2, 50, 0.5, 0.1 }

/* Rows of a table, which must not be const: what a loss has no use for is left out of the history. */
#define LOSS_OPTIONS(l) \
	{ 'l', "loss", CLI_CHOICE, &(l).loss, "NAME", "which loss; cross-entropy where the distance is weighted-l1", \
	  0, 0, sn_loss_names, 0 }, \
	{ 'M', "margin", CLI_REAL, &(l).margin, "X", \
	  "push different pairs apart up to X; the model's unless given, else 1", 0, 0, NULL, CLI_AUTO }, \
	{ 0, "form", CLI_CHOICE, &(l).form, "NAME", "contrastive: as whom", 0, 0, sn_contrastive_forms, CLI_OMIT }, \
	{ 0, "same-margin", CLI_REAL, &(l).same_margin, "X", \
	  "double-margin, pml: leave same pairs alone below X; half the margin, and 0", 0, 1e6, NULL, CLI_OMIT }, \
	{ 0, "mining", CLI_CHOICE, &(l).mining, "NAME", "triplet: which ones", 0, 0, sn_mining_names, CLI_OMIT }, \
	{ 0, "temperature", CLI_REAL, &(l).temperature, "X", "nt-xent, supcon: divides the cosine", \
	  1e-6, 1e6, NULL, CLI_OMIT }, \
	{ 0, "alpha", CLI_REAL, &(l).alpha, "X", "multi-similarity: how hard it pulls", 1e-6, 1e6, NULL, CLI_OMIT }, \
	{ 0, "beta", CLI_REAL, &(l).beta, "X", "multi-similarity: how hard it pushes", 1e-6, 1e6, NULL, CLI_OMIT }, \
	{ 0, "base", CLI_REAL, &(l).base, "X", "multi-similarity: the cosine it weighs around", -1, 1, NULL, CLI_OMIT }, \
	{ 0, "epsilon", CLI_REAL, &(l).epsilon, "X", "multi-similarity: how much easier pairs may be", \
	  0, 1000, NULL, CLI_OMIT }
/* clang-format on */

/** After cli_parse: refuse (exit 2) numbers out of range, and options of another loss than -l's. */
void loss_options_check(const struct loss_options *l);

/**
 * The objective for a stream or a model: its distance and margin are the defaults.
 *   as_given   in      the options as they were parsed
 *   l          out     what is in use, for the history; the table's options that the loss has a use
 *                      for are remembered
 *   distance   in      what -d gave; NULL: the loss's own, else `otherwise`
 *   margin     in      the model's; 1 where there is none
 * SN_EUSAGE as sn_loss_check.  The margin may be infinite still: auto.
 */
SN_MUST_CHECK int loss_options_settle(struct sn_objective *objective, struct loss_options *l,
				      const struct loss_options *as_given, struct cli_option *table,
				      const enum sn_distance *distance, enum sn_distance otherwise,
				      double margin);

#endif
