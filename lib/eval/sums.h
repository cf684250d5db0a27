/* sums - over the numbers of two embeddings, in one order on every processor. */
#ifndef SN_EVAL_SUMS_H
#define SN_EVAL_SUMS_H

#include <stddef.h>

/** ab, aa and bb: sums of a_i b_i, a_i a_i and b_i b_i. */
struct sn_products {
	double ab, aa, bb;
};

struct sn_sums {
	double (*squares)(const float *a, const float *b, size_t dim);	/* (a_i - b_i)^2 */
	double (*absolute)(const float *a, const float *b, size_t dim); /* |a_i - b_i| */
	/* w_i |a_i - b_i| */
	double (*weighted)(const float *a, const float *b, size_t dim, const float *w);
	struct sn_products (*products)(const float *a, const float *b, size_t dim);
};

/** For the instruction set that sn_kernel_isa names; all of them give the same bits. */
const struct sn_sums *sn_sums(void);

#endif
