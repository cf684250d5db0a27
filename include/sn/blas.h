/* blas - what libsn asks of OpenBLAS besides its products.  It is loaded at the first call. */
#ifndef SN_BLAS_H
#define SN_BLAS_H

/**
 * Make OpenBLAS compute in the calling thread alone: threads are ours to start, and the order of
 * additions must not depend on their number.  Once at the start of a program, and in each thread
 * that calls BLAS: its OpenMP builds keep the number for every thread apart.
 */
void sn_blas_single(void);

/** "OpenBLAS 0.3.21 SkylakeX, pthreads", or "none" and why, into text[128]; returns text. */
const char *sn_blas_text(char text[128]);

#endif
