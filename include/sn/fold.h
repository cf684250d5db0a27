/* fold - the distances of a questioned item to several references as one. */
#ifndef SN_FOLD_H
#define SN_FOLD_H

#include <sn/stream.h>

/**
 * Of the distances d_i of one item to n references:
 *   mean    sum d_i / n
 *   min     the smallest
 *   excess  mean - the mean distance of the references among themselves: how much farther it is
 * from them than they are from each other (with one reference the mean itself)
 */
enum sn_fold { SN_FOLD_MEAN, SN_FOLD_MIN, SN_FOLD_EXCESS };
extern const char *const sn_fold_names[]; /* in that order, NULL at the end */

/**
 * Summed in double, in order, and rounded once.
 *   d      in  [n], n > 0
 *   among  in  mean distance of the references among themselves; 0 where there is one
 */
float sn_fold(enum sn_fold how, const float *d, size_t n, double among);

/**
 * The same over a stream of pairs, as sn-pair --references makes them: a run of pairs of one trial,
 * whose `a` is the questioned item and whose `b` are the references, becomes one pair; pairs
 * without trial are the references of the trials behind them among themselves.
 */
struct sn_folding;
SN_MUST_CHECK int sn_folding_new(struct sn_folding **f, enum sn_fold how);
void sn_folding_free(struct sn_folding *f); /* NULL is allowed */
/**
 * The next pair.
 *   folded  out  the trial that ended before this pair, if one did: its a and first b, same, trial,
 * and d; distances that are nil are left out, and d is nil where all are Returns 1 where folded is
 * set, else 0; SN_EDATA for a trial of several items, or whose pairs are same and different, or,
 * with SN_FOLD_EXCESS, whose references have not all been compared; SN_ENOMEM.
 */
SN_MUST_CHECK int sn_folding_pair(struct sn_folding *f, const struct sn_pair *pair,
				  struct sn_pair *folded);
/** After the last pair: the last trial.  SN_EDATA where there was no trial at all. */
SN_MUST_CHECK int sn_folding_end(struct sn_folding *f, struct sn_pair *folded);

#endif
