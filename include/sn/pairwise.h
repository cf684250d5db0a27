/* pairwise - the distances of many pairs, measured by several threads and written in order. */
#ifndef SN_PAIRWISE_H
#define SN_PAIRWISE_H

#include <sn/twins.h>

struct sn_pairwise;

/**
 *   twins    in  the embeddings; items are added between sn_pairwise_flush and sn_pairwise_add only
 *   w        in  where the pairs go, with their distance as `d`, and `p` where twins tell it
 *   threads  in  0: all processors; 1: none but the caller's.  Few pairs start none either
 * Borrows twins and w.
 */
SN_MUST_CHECK int sn_pairwise_new(struct sn_pairwise **p, const struct sn_twins *twins,
				  struct sn_writer *w, unsigned threads);

/**
 * Take a record that is a pair (copied).  It is written later, as late as at the next flush.
 * SN_EDATA, SN_ENAN as sn_twins_distance, for this pair or one before it: the message says which.
 */
SN_MUST_CHECK int sn_pairwise_add(struct sn_pairwise *p, const struct sn_record *pair);

/** Measure and write what was taken; what is written else to w comes behind it. */
SN_MUST_CHECK int sn_pairwise_flush(struct sn_pairwise *p);

/** Drops what was not flushed.  NULL is allowed. */
void sn_pairwise_free(struct sn_pairwise *p);

#endif
