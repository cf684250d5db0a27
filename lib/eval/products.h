/* products - what is done to vectors before and behind their matrix product. */
#ifndef EVAL_PRODUCTS_H
#define EVAL_PRODUCTS_H

#include <stddef.h>

struct sn_products_ways {
	/* y = x scale - centre, rounded once where scale is a power of two; returns the sum of y y.
	   x: bytes, not aligned */
	double (*shift)(float *y, const void *x, const float *centre, float scale, size_t dim);
	/* y = x scale, in double and rounded once */
	void (*stretch)(float *y, const void *x, double scale, size_t dim);
	/* the first j in [from, n) where not c_j - h_j < limit; n: there is none */
	size_t (*find)(const float *c, const float *h, size_t from, size_t n, float limit);
};

/** For the instruction set that sn_kernel_isa names. */
const struct sn_products_ways *sn_products_ways(void);

#endif
