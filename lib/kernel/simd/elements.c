/* elements - number by number: loops that compilers make vectors of. */
#include "vector.h"
#include "../sweeps.h"

void SN_NAME(sn_relu)(const float *x, size_t n, float *y);
void SN_NAME(sn_relu_back)(const float *y, const float *dy, size_t n, float *dx);
void SN_NAME(sn_add)(const float *a, const float *b, size_t n, bool relu, float *y);
void SN_NAME(sn_accumulate)(float *to, const float *from, size_t n);

void SN_NAME(sn_relu)(const float *restrict x, size_t n, float *restrict y)
{
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] < 0 ? 0 : x[i];
}

void SN_NAME(sn_relu_back)(const float *restrict y, const float *restrict dy, size_t n,
			   float *restrict dx)
{
	for (size_t i = 0; i < n; i++) {
		float d = dy[i]; /* read in any case, so that the loop becomes vectors */
		dx[i] = y[i] > 0 ? d : 0;
	}
}

void SN_NAME(sn_add)(const float *restrict a, const float *restrict b, size_t n, bool relu,
		     float *restrict y)
{
	if (!relu) {
		for (size_t i = 0; i < n; i++)
			y[i] = a[i] + b[i];
		return;
	}
	for (size_t i = 0; i < n; i++) {
		float sum = a[i] + b[i];
		y[i] = sum < 0 ? 0 : sum;
	}
}

void SN_NAME(sn_accumulate)(float *restrict to, const float *restrict from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += from[i];
}
