/*
 * dots - sums of products along both factors: linear layers whose weights stay as they are.
 *
 * A vector of partial sums for each pair of rows, whose lanes are added up at the end, halves onto
 * halves.
 */
#include "vector.h"

void SN_NAME(sn_dots)(const struct sn_dots *job);
void SN_NAME(sn_dots_finish)(const float *sum, size_t n, const struct sn_finish *finish, float *y);

#if SN_LANES == 16
#define DOT_ROWS 4
#define DOT_COLUMNS 6
#else
#define DOT_ROWS 2
#define DOT_COLUMNS 6
#endif

/* Halves of groups onto each other, the first of two vectors giving the first half of the result:
 * after the last step, lane l is the sum of vector l's lanes. */
#define SHUFFLE __builtin_shufflevector
#if SN_LANES == 16
INLINE vector halve16(vector a, vector b)
{
	return SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
	       SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}
INLINE vector halve8(vector a, vector b)
{
	return SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
	       SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}
INLINE vector halve4(vector a, vector b)
{
	return SHUFFLE(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) +
	       SHUFFLE(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
}
INLINE vector halve2(vector a, vector b)
{
	return SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
	       SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
#elif SN_LANES == 8
INLINE vector halve8(vector a, vector b)
{
	return SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
}
INLINE vector halve4(vector a, vector b)
{
	return SHUFFLE(a, b, 0, 1, 4, 5, 8, 9, 12, 13) + SHUFFLE(a, b, 2, 3, 6, 7, 10, 11, 14, 15);
}
INLINE vector halve2(vector a, vector b)
{
	return SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14) + SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}
#else
INLINE vector halve4(vector a, vector b)
{
	return SHUFFLE(a, b, 0, 1, 4, 5) + SHUFFLE(a, b, 2, 3, 6, 7);
}
INLINE vector halve2(vector a, vector b)
{
	return SHUFFLE(a, b, 0, 2, 4, 6) + SHUFFLE(a, b, 1, 3, 5, 7);
}
#endif

/* The sums of the lanes of SN_LANES vectors. */
INLINE vector sums_of_lanes(vector *v)
{
#if SN_LANES == 16
	UNROLL for (size_t i = 0; i < 8; i++) v[i] = halve16(v[2 * i], v[2 * i + 1]);
#endif
#if SN_LANES >= 8
	UNROLL for (size_t i = 0; i < 4; i++) v[i] = halve8(v[2 * i], v[2 * i + 1]);
#endif
	UNROLL for (size_t i = 0; i < 2; i++) v[i] = halve4(v[2 * i], v[2 * i + 1]);
	return halve2(v[0], v[1]);
}

enum {
	SUMS = DOT_ROWS * DOT_COLUMNS,
	VECTORS = (SUMS + SN_LANES - 1) / SN_LANES /* of their sums */
};

INLINE void block(const struct sn_dots *d, const size_t m, const size_t n)
{
	const size_t whole = d->length / SN_LANES * SN_LANES, rest = d->length - whole;
	vector sum[VECTORS * SN_LANES];

	UNROLL for (size_t i = 0; i < VECTORS * SN_LANES; i++) sum[i] = (vector){ 0 };
	for (size_t k = 0; k < whole; k += SN_LANES) {
		vector a[DOT_ROWS], b;
		__builtin_prefetch(d->ahead + k, 0, 2);
		UNROLL for (size_t i = 0; i < m; i++)
			load(&a[i], d->a + i * d->a_step + k, SN_LANES, 1, 1);
		UNROLL for (size_t j = 0; j < n; j++)
		{
			load(&b, d->b + j * d->b_step + k, SN_LANES, 1, 1);
			UNROLL for (size_t i = 0; i < m; i++) sum[i * DOT_COLUMNS + j] += a[i] * b;
		}
	}
	if (rest) {
		vector a[DOT_ROWS], b;
		UNROLL for (size_t i = 0; i < m; i++)
			load(&a[i], d->a + i * d->a_step + whole, rest, 1, 0);
		UNROLL for (size_t j = 0; j < n; j++)
		{
			load(&b, d->b + j * d->b_step + whole, rest, 1, 0);
			UNROLL for (size_t i = 0; i < m; i++) sum[i * DOT_COLUMNS + j] += a[i] * b;
		}
	}
	UNROLL for (size_t v = 0; v < VECTORS; v++)
	{
		vector all = sums_of_lanes(sum + v * SN_LANES);
		float *to = d->sum + v * SN_LANES;
		if (!d->first)
			all += vector_at(to);
		vector_to(to, all);
	}
}

#define EACH_COLUMN(m)                                                                             \
	switch (job->n) {                                                                          \
	case 1:                                                                                    \
		block(job, m, 1);                                                                  \
		break;                                                                             \
	case 2:                                                                                    \
		block(job, m, 2);                                                                  \
		break;                                                                             \
	case 3:                                                                                    \
		block(job, m, 3);                                                                  \
		break;                                                                             \
	case 4:                                                                                    \
		block(job, m, 4);                                                                  \
		break;                                                                             \
	case 5:                                                                                    \
		block(job, m, 5);                                                                  \
		break;                                                                             \
	case 6:                                                                                    \
		block(job, m, 6);                                                                  \
		break;                                                                             \
	default:                                                                                   \
		break;                                                                             \
	}

void SN_NAME(sn_dots)(const struct sn_dots *job)
{
	switch (job->m) {
	case 1:
		EACH_COLUMN(1)
		break;
	case 2:
		EACH_COLUMN(2)
		break;
#if DOT_ROWS == 4
	case 3:
		EACH_COLUMN(3)
		break;
	case 4:
		EACH_COLUMN(4)
		break;
#endif
	default:
		break;
	}
}

void SN_NAME(sn_dots_finish)(const float *sum, size_t n, const struct sn_finish *f, float *y)
{
	for (size_t j = 0; j < n; j += SN_LANES) {
		size_t width = n - j < SN_LANES ? n - j : SN_LANES;
		struct finish finish;
		vector v;
		load(&v, sum + j, width, 1, width == SN_LANES);
		finish_load(&finish, f, j, width, 1);
		finish_apply(&finish, &v, 1);
		store(y + j, &v, width, 1);
	}
}
