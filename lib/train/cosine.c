/*
 * The cosine embedding loss, c the cosine of two embeddings and m the margin, a cosine itself:
 *     L = s (1-c) + (1-s) max(0, c-m)
 * Put in D = 1-c.
 */
#include "loss_private.h"

double cosine_pair(double *slope, const struct sn_objective *o, double d, bool same)
{
	double over = 1 - d <= o->margin ? 0 : 1 - d - o->margin; /* keeps a NaN */

	*slope = same ? 1 : over > 0 ? -1 : over;
	return same ? d : over;
}
