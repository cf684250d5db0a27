/*
 * whitening - directions in which embeddings of one class differ, made equal.
 *
 * What makes two pictures of one person differ (light, pose) moves their embeddings most in a few
 * directions.  Divide by the deviation within the classes in every direction, and what is left
 * tells the classes apart: within-class covariance normalisation (Hatch, Kajarekar, Stolcke 2006).
 * With the classes c, their n_c embeddings x of d numbers and their means m_c,
 *   W = 1/N sum_c sum_x (x - m_c)(x - m_c)',   S = W + shrink trace(W)/d I,   S = L L',
 *   y = inverse(L) (x - m),   m the mean of all.
 */
#ifndef SN_WHITENING_H
#define SN_WHITENING_H

#include <sn/threads.h>

#define SN_WHITENING_MOST 8192 /* numbers of an embedding: 0.5 GB of covariance */

struct sn_whitening;

/** Of embeddings of dim numbers; borrows the pool.  SN_EDATA above SN_WHITENING_MOST. */
SN_MUST_CHECK int sn_whitening_new(struct sn_whitening **w, size_t dim, struct sn_pool *pool);
void sn_whitening_free(struct sn_whitening *w); /* NULL is allowed */

/**
 * Another embedding.
 *   x      in  [dim], not kept
 *   class  in  classes are numbered from 0, without great gaps
 */
SN_MUST_CHECK int sn_whitening_add(struct sn_whitening *w, const float *x, size_t class);

/**
 * What was found of all: y = weight x + bias.  The same bytes for any pool.  Ends the sums: only
 * sn_whitening_free may follow.
 *   weight  out  [dim][dim], a row for each y: a lower triangle
 *   bias    out  [dim]
 * SN_EDATA where no class has two embeddings that differ, or shrink is too small for so few.
 */
SN_MUST_CHECK int sn_whitening_end(struct sn_whitening *w, double shrink, float *weight,
				   float *bias);

#endif
