/*
 * distance - how far apart two embeddings are.  The one function behind every distance that is
 * printed, compared or learnt from.
 */
#ifndef SN_DISTANCE_H
#define SN_DISTANCE_H

#include <stddef.h>
#include <sn/error.h>

enum sn_distance { SN_EUCLIDEAN, SN_SQEUCLIDEAN, SN_MANHATTAN, SN_COSINE, SN_WEIGHTED_L1 };
extern const char *const sn_distance_names[]; /* in that order, NULL at the end */

/**
 * Distance of a and b, always smaller = more alike:
 *   euclidean    sqrt(sum (a_i - b_i)^2)
 *   sqeuclidean  sum (a_i - b_i)^2
 *   manhattan    sum |a_i - b_i|
 *   cosine       max(0, 1 - ab / sqrt(aa bb)), 1 where a norm is 0
 *   weighted-l1  1 - p, p = 1 / (1 + exp(-(sum w_i |a_i - b_i| + w_dim)))     (Koch 2015)
 *   a, b  in  [dim]      head  in  [dim + 1] weights and bias of weighted-l1
 * Summed in double in one order: d(a,b) and d(b,a) have the same bits, and d(a,a) = 0 (weighted-l1
 * apart).  A NaN comes out as NaN, what is too large for a float as infinity.
 */
float sn_distance(enum sn_distance kind, const float *a, const float *b, size_t dim,
		  const float *head);

/**
 * Add g * dD/da to ga and g * dD/db to gb (both [dim], double).  Euclidean: subgradient 0 at
 * D = 0, and so for |.| at 0 and for the cosine where a norm is 0.
 *   d  in  the distance of a and b, from sn_distance
 */
void sn_distance_gradient(enum sn_distance kind, double *ga, double *gb, double g, float d,
			  const float *a, const float *b, size_t dim, const float *head);

/** The cosine of a and b in double, 0 where a norm is 0; its gradient is that of -SN_COSINE. */
double sn_similarity(const float *a, const float *b, size_t dim);

/** z = sum w_i |a_i - b_i| + w_dim, of which weighted-l1 is 1 / (1 + e^z). */
double sn_logit(const float *a, const float *b, size_t dim, const float *head);

/** Add g * dz/da to ga, g * dz/db to gb (both [dim]) and g * dz/dw to gw [dim + 1]. */
void sn_logit_gradient(double *ga, double *gb, double *gw, double g, const float *a, const float *b,
		       size_t dim, const float *head);

#endif
