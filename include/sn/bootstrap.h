/* bootstrap - how much the measures would differ with other people: intervals over identities. */
#ifndef SN_BOOTSTRAP_H
#define SN_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/error.h>

/*
 * Pairs that share a person are not independent, and there may be a thousand pairs for each person.
 * So it is the people who are drawn anew: in each replicate an identity has a weight that is
 * distributed as how often it would be drawn (Poisson with mean 1), a function of seed, replicate
 * and its name alone.  A pair weighs as much as the identities that it compares: their product, or
 * the one weight where both items are of one identity.
 *
 * Up to SN_BOOTSTRAP_PAIRS pairs are kept, 16 bytes each, and twice that while sorting.  Beyond it
 * they are added up, weighted, in bins whose edges are quantiles of those so far, and each
 * identity takes a byte a replicate more.
 */
#define SN_BOOTSTRAP_PAIRS ((size_t)1 << 22)

enum sn_pair_kind { SN_KIND_SAME, SN_KIND_RANDOM, SN_KIND_SKILLED };

struct sn_bootstrap;

/** replicates > 0; limit: of pairs that are kept, 0: SN_BOOTSTRAP_PAIRS. */
SN_MUST_CHECK int sn_bootstrap_new(struct sn_bootstrap **b, size_t replicates, uint64_t seed,
				   size_t limit);
void sn_bootstrap_free(struct sn_bootstrap *b); /* NULL is allowed */

/** The number of an identity, by its name; what has no label is an identity of its own, by key. */
SN_MUST_CHECK int sn_bootstrap_identity(struct sn_bootstrap *b, const char *name, size_t size,
					bool label, uint32_t *identity);
/** How many there are. */
size_t sn_bootstrap_identities(const struct sn_bootstrap *b);
size_t sn_bootstrap_replicates(const struct sn_bootstrap *b);

/** A pair of two identities. */
SN_MUST_CHECK int sn_bootstrap_pair(struct sn_bootstrap *b, float d, uint32_t a_identity,
				    uint32_t b_identity, enum sn_pair_kind kind);

/**
 * After the last pair: all replicates, with `threads` threads (0: all processors); the result does
 * not depend on how many.
 *   threshold  in  of the rates at a threshold: the same in all replicates
 */
SN_MUST_CHECK int sn_bootstrap_run(struct sn_bootstrap *b, double threshold, unsigned threads);

/**
 * The interval of a measure, by its name in sn-eval(1): the percentiles of the replicates.
 *   value  in  the measure itself; where pairs were added up in bins, the interval is moved by what
 *              that took from it
 * False, and nothing set, where there is none: an unknown measure, or no replicate differs from
 * the others (no errors at all, say), which tells nothing of what others might do.
 */
bool sn_bootstrap_interval(const struct sn_bootstrap *b, const char *measure, double value,
			   double confidence, double *lower, double *upper);

#endif
