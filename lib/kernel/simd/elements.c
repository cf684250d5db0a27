/* elements - number by number: loops that compilers make vectors of. */
#include "vector.h"
#include "../sweeps.h"

void SN_NAME(sn_relu)(const float *x, size_t n, float *y);
void SN_NAME(sn_relu_back)(const float *y, const float *dy, size_t n, float *dx);
void SN_NAME(sn_add)(const float *a, const float *b, size_t n, bool relu, float *y);
void SN_NAME(sn_accumulate)(float *to, const float *from, size_t n);
void SN_NAME(sn_leaky)(const float *x, size_t n, float slope, float *y);
void SN_NAME(sn_leaky_back)(const float *x, const float *dy, size_t n, float slope, float *dx);
void SN_NAME(sn_chance)(uint64_t key, uint32_t limit, size_t n, uint8_t *keep);
void SN_NAME(sn_drop)(const float *x, const uint8_t *keep, size_t n, float scale, float *y);

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

void SN_NAME(sn_leaky)(const float *restrict x, size_t n, float slope, float *restrict y)
{
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

void SN_NAME(sn_leaky_back)(const float *restrict x, const float *restrict dy, size_t n,
			    float slope, float *restrict dx)
{
	for (size_t i = 0; i < n; i++) {
		float d = dy[i];
		dx[i] = x[i] > 0 ? d : slope * d;
	}
}

/* ---- dropout ------------------------------------------------------------------------ */

/* sn_random_next(), whose i-th value depends on key and i alone. */
INLINE uint64_t draw(uint64_t key, uint64_t i)
{
	const uint64_t golden = 0x9e3779b97f4a7c15;
	uint64_t x = key + golden * i + golden;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

void SN_NAME(sn_chance)(uint64_t key, uint32_t limit, size_t n, uint8_t *restrict keep)
{
	enum { SOME = 64 };
	for (size_t i = 0; i < n; i += 2 * SOME) {
		uint64_t value[SOME];
		uint32_t half[2 * SOME];
		size_t m = n - i < 2 * SOME ? n - i : 2 * SOME;
		for (size_t k = 0; k < SOME; k++)
			value[k] = draw(key, i / 2 + k);
		for (size_t k = 0; k < SOME; k++) {
			half[2 * k] = (uint32_t)value[k];
			half[2 * k + 1] = (uint32_t)(value[k] >> 32);
		}
		for (size_t k = 0; k < m; k++)
			keep[i + k] = half[k] >= limit;
	}
}

/* A product: NaN stays NaN. */
void SN_NAME(sn_drop)(const float *restrict x, const uint8_t *restrict keep, size_t n, float scale,
		      float *restrict y)
{
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] * (scale * (float)keep[i]);
}
