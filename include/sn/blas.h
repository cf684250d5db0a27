/* blas - what libsn asks of OpenBLAS besides its products.  It is loaded at the first call. */
#ifndef SN_BLAS_H
#define SN_BLAS_H

#include <stddef.h>

/**
 * Make OpenBLAS compute in the calling thread alone: threads are ours to start, and the order of
 * additions must not depend on their number.  Once at the start of a program, and in each thread
 * that calls BLAS: its OpenMP builds keep the number for every thread apart.
 */
void sn_blas_single(void);

/**
 * c = a b', all in rows: a [m][k], b [n][k], c [m][n], sizes below 2^31.  In float, in an order of
 * additions that nobody promises: for choosing, not for results.  Without OpenBLAS by plain loops.
 */
void sn_blas_product(float *c, const float *a, const float *b, size_t m, size_t n, size_t k);

/** "OpenBLAS 0.3.21 SkylakeX, pthreads", or "none" and why, into text[128]; returns text. */
const char *sn_blas_text(char text[128]);

#endif
