/* loss - what training makes small. */
#ifndef SN_LOSS_H
#define SN_LOSS_H

#include <stddef.h>
#include <sn/error.h>

enum sn_loss { SN_LOSS_CONTRASTIVE };
extern const char *const sn_loss_names[]; /* "contrastive", NULL */

/**
 * Contrastive loss of one pair (Hadsell, Chopra, LeCun 2006, with s = 1 for same):
 *     L = 1/2 s D^2 + 1/2 (1-s) max(0, m-D)^2          dL/dD = s D - (1-s) max(0, m-D)
 *   slope  out  dL/dD; may be NULL          d  in  D >= 0, NaN gives NaN
 *   same   in   1 same, 0 different         m  in  margin > 0, in the unit of d
 * Returns the loss of the pair; a mean is the double sum in pair order over n.
 */
double sn_contrastive(double *slope, float d, int same, double m);

#endif
