/*
 * Sums over the numbers of two embeddings.
 *
 * Every sum runs over LANES partial sums, element i in lane i mod LANES, and the lanes are joined
 * in one fixed tree; so it depends on its two vectors alone, and as each term is the same to the
 * bit for (a,b) and (b,a), so is the sum.  The differences are taken in double, where the
 * difference of two floats of like size is exact.
 *
 * The loops of eight are written once and compiled for several instruction sets.  No product and
 * sum are rounded as one (-ffp-contract=off), so that all processors give the same bits.
 */
#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include <sn/kernel.h>
#include "sums.h"

#define LANES 8
#define INLINE static inline __attribute__((always_inline))

INLINE double join(const double s[LANES])
{
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* The last, fewer than LANES elements, filled up with zeros, which add nothing to any sum here. */
INLINE const float *tail(float padded[LANES], const float *p, size_t done, size_t dim)
{
	memset(padded, 0, LANES * sizeof(float));
	memcpy(padded, p + done, (dim - done) * sizeof(float));
	return padded;
}

INLINE void add_squares(double s[LANES], const float *a, const float *b)
{
	for (int j = 0; j < LANES; j++) {
		double e = (double)a[j] - (double)b[j];
		s[j] += e * e;
	}
}

INLINE double squares(const float *a, const float *b, size_t dim)
{
	double s[LANES] = { 0 };
	float pa[LANES], pb[LANES];
	size_t i = 0;
	for (; dim - i >= LANES; i += LANES)
		add_squares(s, a + i, b + i);
	if (i < dim)
		add_squares(s, tail(pa, a, i, dim), tail(pb, b, i, dim));
	return join(s);
}

INLINE void add_absolute(double s[LANES], const float *a, const float *b)
{
	for (int j = 0; j < LANES; j++)
		s[j] += fabs((double)a[j] - (double)b[j]);
}

INLINE double absolute(const float *a, const float *b, size_t dim)
{
	double s[LANES] = { 0 };
	float pa[LANES], pb[LANES];
	size_t i = 0;
	for (; dim - i >= LANES; i += LANES)
		add_absolute(s, a + i, b + i);
	if (i < dim)
		add_absolute(s, tail(pa, a, i, dim), tail(pb, b, i, dim));
	return join(s);
}

INLINE void add_weighted(double s[LANES], const float *a, const float *b, const float *w)
{
	for (int j = 0; j < LANES; j++)
		s[j] += (double)w[j] * fabs((double)a[j] - (double)b[j]);
}

INLINE double weighted(const float *a, const float *b, size_t dim, const float *w)
{
	double s[LANES] = { 0 };
	float pa[LANES], pb[LANES], pw[LANES];
	size_t i = 0;
	for (; dim - i >= LANES; i += LANES)
		add_weighted(s, a + i, b + i, w + i);
	if (i < dim)
		add_weighted(s, tail(pa, a, i, dim), tail(pb, b, i, dim), tail(pw, w, i, dim));
	return join(s);
}

INLINE void add_products(double ab[LANES], double aa[LANES], double bb[LANES], const float *a,
			 const float *b)
{
	for (int j = 0; j < LANES; j++) {
		ab[j] += (double)a[j] * (double)b[j];
		aa[j] += (double)a[j] * (double)a[j];
		bb[j] += (double)b[j] * (double)b[j];
	}
}

INLINE struct sn_products products(const float *a, const float *b, size_t dim)
{
	double sab[LANES] = { 0 }, saa[LANES] = { 0 }, sbb[LANES] = { 0 };
	float pa[LANES], pb[LANES];
	size_t i = 0;
	for (; dim - i >= LANES; i += LANES)
		add_products(sab, saa, sbb, a + i, b + i);
	if (i < dim)
		add_products(sab, saa, sbb, tail(pa, a, i, dim), tail(pb, b, i, dim));
	return (struct sn_products){ join(sab), join(saa), join(sbb) };
}

/* ---- for each instruction set --------------------------------------------------------- */

#define COMPILED(name, target)                                                                     \
	target static double squares_##name(const float *a, const float *b, size_t dim)            \
	{                                                                                          \
		return squares(a, b, dim);                                                         \
	}                                                                                          \
	target static double absolute_##name(const float *a, const float *b, size_t dim)           \
	{                                                                                          \
		return absolute(a, b, dim);                                                        \
	}                                                                                          \
	target static double weighted_##name(const float *a, const float *b, size_t dim,           \
					     const float *w)                                       \
	{                                                                                          \
		return weighted(a, b, dim, w);                                                     \
	}                                                                                          \
	target static struct sn_products products_##name(const float *a, const float *b,           \
							 size_t dim)                               \
	{                                                                                          \
		return products(a, b, dim);                                                        \
	}                                                                                          \
	static const struct sn_sums sums_##name = { squares_##name, absolute_##name,               \
						    weighted_##name, products_##name };

COMPILED(generic, )
#ifdef __x86_64__
COMPILED(avx2, __attribute__((target("avx2"))))
#endif

static const struct sn_sums *choose(void)
{
#ifdef __x86_64__
	const char *isa = sn_kernel_isa();
	/* vectors of 512 bits gain nothing: the adding of one waits for the one before */
	if (strcmp(isa, "x86-64-v4") == 0 || strcmp(isa, "x86-64-v3") == 0)
		return &sums_avx2;
#endif
	return &sums_generic;
}

const struct sn_sums *sn_sums(void)
{
	static const struct sn_sums *_Atomic chosen;
	const struct sn_sums *s = atomic_load_explicit(&chosen, memory_order_relaxed);
	if (!s) {
		s = choose(); /* twice at once gives the same */
		atomic_store_explicit(&chosen, s, memory_order_relaxed);
	}
	return s;
}
