/*
 * Cross-entropy of the weighted L1 distance (Koch, Zemel, Salakhutdinov 2015):
 *     z = sum w_i |a_i - b_i| + w_dim,   p = 1 / (1 + e^-z) that they are the same,   d = 1-p
 *     L = -s log p - (1-s) log (1-p),    dL/dz = p - s
 * The loss is that of d as sn-dist writes it, in a float; where that is 1, p counts as 2^-25, the
 * middle of what is rounded so.  The slope is z's, which knows better.
 */
#include <float.h>
#include <math.h>
#include "loss_private.h"

double koch_pair(double *slope, double d, bool same)
{
	double p = same ? 1 - d : d, least = same ? 0x1p-25 : (double)FLT_TRUE_MIN;

	if (p < least)
		p = least;
	*slope = same ? 1 / p : -1 / p;
	return -log(p);
}

double koch_slope(double z, bool same)
{
	return same ? -1 / (1 + exp(z)) : 1 / (1 + exp(-z));
}
