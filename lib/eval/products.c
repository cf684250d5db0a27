/* Loops over packed vectors and rows of products, compiled for several instruction sets. */
#include <stdbool.h>
#include <string.h>
#include <sn/kernel.h>
#include "products.h"

#define INLINE static inline __attribute__((always_inline))
#define LANES 8
#define CHUNK 64

INLINE float load(const void *x, size_t i)
{
	float f;
	memcpy(&f, (const char *)x + i * sizeof f, sizeof f);
	return f;
}

INLINE double shift(float *restrict y, const void *x, const float *restrict centre, float scale,
		    size_t dim)
{
	double s[LANES] = { 0 }, sum = 0;
	size_t i = 0;
	for (; dim - i >= LANES; i += LANES) {
		for (size_t j = 0; j < LANES; j++) {
			float v = load(x, i + j) * scale - centre[i + j];
			y[i + j] = v;
			s[j] += (double)v * (double)v;
		}
	}
	for (; i < dim; i++) {
		y[i] = load(x, i) * scale - centre[i];
		sum += (double)y[i] * (double)y[i];
	}
	for (size_t j = 0; j < LANES; j++)
		sum += s[j];
	return sum;
}

INLINE void stretch(float *restrict y, const void *x, double scale, size_t dim)
{
	for (size_t i = 0; i < dim; i++)
		y[i] = (float)((double)load(x, i) * scale);
}

INLINE size_t find(const float *c, const float *h, size_t from, size_t n, float limit)
{
	for (size_t j = from; j < n;) {
		size_t end = n - j < CHUNK ? n : j + CHUNK;
		if (end - j == CHUNK) {
			int any = 0;
			for (size_t l = 0; l < CHUNK; l++)
				any |= !(c[j + l] - h[j + l] < limit);
			if (!any) {
				j = end;
				continue;
			}
		}
		for (; j < end; j++)
			if (!(c[j] - h[j] < limit))
				return j;
	}
	return n;
}

#define COMPILED(name, target)                                                                     \
	target static double shift_##name(float *y, const void *x, const float *centre,            \
					  float scale, size_t dim)                                 \
	{                                                                                          \
		return shift(y, x, centre, scale, dim);                                            \
	}                                                                                          \
	target static void stretch_##name(float *y, const void *x, double scale, size_t dim)       \
	{                                                                                          \
		stretch(y, x, scale, dim);                                                         \
	}                                                                                          \
	target static size_t find_##name(const float *c, const float *h, size_t from, size_t n,    \
					 float limit)                                              \
	{                                                                                          \
		return find(c, h, from, n, limit);                                                 \
	}                                                                                          \
	static const struct sn_products_ways ways_##name = { shift_##name, stretch_##name,         \
							     find_##name };

COMPILED(generic, )
#ifdef __x86_64__
COMPILED(avx2, __attribute__((target("avx2"))))
#endif

const struct sn_products_ways *sn_products_ways(void)
{
#ifdef __x86_64__
	const char *isa = sn_kernel_isa();
	if (strcmp(isa, "x86-64-v4") == 0 || strcmp(isa, "x86-64-v3") == 0)
		return &ways_avx2;
#endif
	return &ways_generic;
}
