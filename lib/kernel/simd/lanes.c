/*
 * lanes - convolution with one picture in each lane of a vector: nothing is wasted on few channels.
 *
 * Blocks of sums, pixels by outputs or taps by outputs, stay in registers.  Every sum is one chain
 * of multiply-adds in the order of the taps, whatever the block.
 */
#include "vector.h"

void SN_NAME(sn_lanes_in)(const float *const *from, size_t n, float *to);
void SN_NAME(sn_lanes_out)(const float *from, size_t n, float *const *to);
void SN_NAME(sn_lanes_product)(const struct sn_lanes_product *job);
void SN_NAME(sn_lanes_outer)(const struct sn_lanes_outer *job);
void SN_NAME(sn_lanes_add)(const float *from, size_t n, float *sum);

/* ---- transposing ---------------------------------------------------------------------- */

#if SN_LANES == 16
#define LOW 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define HIGH 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define LOW_PAIR 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH_PAIR 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define EVEN 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30
#define ODD 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31
#define FOURS(x, y, p, q, r, s)                                                                    \
	__builtin_shufflevector(x, y, 4 * p, 4 * p + 1, 4 * p + 2, 4 * p + 3, 4 * q, 4 * q + 1,    \
				4 * q + 2, 4 * q + 3, 4 * r, 4 * r + 1, 4 * r + 2, 4 * r + 3,      \
				4 * s, 4 * s + 1, 4 * s + 2, 4 * s + 3)
#elif SN_LANES == 8
#define LOW 0, 8, 1, 9, 4, 12, 5, 13
#define HIGH 2, 10, 3, 11, 6, 14, 7, 15
#define LOW_PAIR 0, 1, 8, 9, 4, 5, 12, 13
#define HIGH_PAIR 2, 3, 10, 11, 6, 7, 14, 15
#define EVEN 0, 2, 8, 10, 4, 6, 12, 14
#define ODD 1, 3, 9, 11, 5, 7, 13, 15
#define FOURS(x, y, p, q)                                                                          \
	__builtin_shufflevector(x, y, 4 * p, 4 * p + 1, 4 * p + 2, 4 * p + 3, 4 * q, 4 * q + 1,    \
				4 * q + 2, 4 * q + 3)
#else
#define LOW 0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#define LOW_PAIR 0, 1, 4, 5
#define HIGH_PAIR 2, 3, 6, 7
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#endif

/* Lane l of vector i becomes lane i of vector l. */
INLINE void transpose(vector *v)
{
	vector t[SN_LANES];
	/* four by four within the fours of lanes: t[4g + c] holds, in its fours q, column 4q + c of
	 * the rows 4g to 4g + 3 */
	UNROLL for (size_t g = 0; g < SN_LANES; g += 4)
	{
		vector a = __builtin_shufflevector(v[g], v[g + 1], LOW);
		vector b = __builtin_shufflevector(v[g], v[g + 1], HIGH);
		vector c = __builtin_shufflevector(v[g + 2], v[g + 3], LOW);
		vector d = __builtin_shufflevector(v[g + 2], v[g + 3], HIGH);
		t[g] = __builtin_shufflevector(a, c, LOW_PAIR);
		t[g + 1] = __builtin_shufflevector(a, c, HIGH_PAIR);
		t[g + 2] = __builtin_shufflevector(b, d, LOW_PAIR);
		t[g + 3] = __builtin_shufflevector(b, d, HIGH_PAIR);
	}
#if SN_LANES == 16
	UNROLL for (size_t c = 0; c < 4; c++)
	{
		vector a = FOURS(t[c], t[4 + c], 0, 1, 4, 5), b = FOURS(t[c], t[4 + c], 2, 3, 6, 7);
		vector d = FOURS(t[8 + c], t[12 + c], 0, 1, 4, 5),
		       e = FOURS(t[8 + c], t[12 + c], 2, 3, 6, 7);
		v[c] = FOURS(a, d, 0, 2, 4, 6);
		v[4 + c] = FOURS(a, d, 1, 3, 5, 7);
		v[8 + c] = FOURS(b, e, 0, 2, 4, 6);
		v[12 + c] = FOURS(b, e, 1, 3, 5, 7);
	}
#elif SN_LANES == 8
	UNROLL for (size_t c = 0; c < 4; c++)
	{
		v[c] = FOURS(t[c], t[4 + c], 0, 2);
		v[4 + c] = FOURS(t[c], t[4 + c], 1, 3);
	}
#else
	UNROLL for (size_t c = 0; c < 4; c++) v[c] = t[c];
#endif
}

/* The last block of a line overlaps the one before it; a line shorter than a block goes one by one.
 */
void SN_NAME(sn_lanes_in)(const float *const *from, size_t n, float *to)
{
	if (n < SN_LANES) {
		for (size_t i = 0; i < n; i++)
			for (size_t l = 0; l < SN_LANES; l++)
				to[i * SN_LANES + l] = from[l][i];
		return;
	}
	for (size_t i = 0; i < n; i += SN_LANES) {
		vector v[SN_LANES];
		if (i > n - SN_LANES)
			i = n - SN_LANES;
		UNROLL for (size_t l = 0; l < SN_LANES; l++) v[l] = vector_at(from[l] + i);
		transpose(v);
		UNROLL for (size_t l = 0; l < SN_LANES; l++)
			vector_to(to + (i + l) * SN_LANES, v[l]);
	}
}

void SN_NAME(sn_lanes_out)(const float *from, size_t n, float *const *to)
{
	if (n < SN_LANES) {
		for (size_t l = 0; l < SN_LANES; l++)
			for (size_t i = 0; i < n; i++)
				to[l][i] = from[i * SN_LANES + l];
		return;
	}
	for (size_t i = 0; i < n; i += SN_LANES) {
		vector v[SN_LANES];
		if (i > n - SN_LANES)
			i = n - SN_LANES;
		UNROLL for (size_t l = 0; l < SN_LANES; l++) v[l] =
			vector_at(from + (i + l) * SN_LANES);
		transpose(v);
		UNROLL for (size_t l = 0; l < SN_LANES; l++) vector_to(to[l] + i, v[l]);
	}
}

/* ---- products ------------------------------------------------------------------------- */

INLINE void product_block(const struct sn_lanes_product *r, const size_t m, const size_t outputs)
{
	const size_t length = r->length;
	vector sum[LANES_ROWS][LANES_OUTPUTS];
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t o = 0; o < outputs; o++) sum[i][o] = (vector){ 0 };
	}
	for (size_t s = 0; s < r->lines; s++) {
		const float *p[LANES_ROWS], *b = r->b + s * r->b_line;
		UNROLL for (size_t i = 0; i < m; i++) p[i] = r->a[s] + r->a_from + i * r->a_point;
		for (size_t t = 0; t < length; t++) {
			vector x[LANES_ROWS];
			UNROLL for (size_t i = 0; i < m; i++) x[i] = vector_at(p[i] + t * SN_LANES);
			UNROLL for (size_t o = 0; o < outputs; o++)
			{
				vector w = broadcast(b[t * outputs + o]);
				UNROLL for (size_t i = 0; i < m; i++) sum[i][o] += x[i] * w;
			}
		}
	}
	UNROLL for (size_t o = 0; o < outputs; o++)
	{
		const struct sn_finish *f = r->finish;
		const float bias = f->bias ? f->bias[o] : 0;
		UNROLL for (size_t i = 0; i < m; i++) sum[i][o] += bias;
		if (f->relu) {
			UNROLL for (size_t i = 0; i < m; i++) sum[i][o] = rectified(sum[i][o]);
		}
		if (f->scale) {
			const float scale = f->scale[o], shift = f->shift[o];
			UNROLL for (size_t i = 0; i < m; i++) sum[i][o] = sum[i][o] * scale + shift;
		}
		UNROLL for (size_t i = 0; i < m; i++)
			vector_to(r->y + i * r->y_point + o * SN_LANES, sum[i][o]);
	}
}

INLINE void outer_block(const struct sn_lanes_outer *r, const size_t m, const size_t outputs)
{
	vector sum[LANES_ROWS][LANES_OUTPUTS];
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t o = 0; o < outputs; o++) sum[i][o] =
			r->first ? (vector){ 0 } : vector_at(r->y + (i * outputs + o) * SN_LANES);
	}
	for (size_t s = 0; s < r->lines; s++) {
		const float *p = r->a[s] + r->a_from, *q = r->b[s] + r->b_from;
		for (size_t k = 0; k < r->points; k++, p += r->a_point, q += r->b_point) {
			vector x[LANES_ROWS];
			UNROLL for (size_t i = 0; i < m; i++) x[i] = vector_at(p + i * SN_LANES);
			UNROLL for (size_t o = 0; o < outputs; o++)
			{
				vector d = vector_at(q + o * SN_LANES);
				UNROLL for (size_t i = 0; i < m; i++) sum[i][o] += x[i] * d;
			}
		}
	}
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t o = 0; o < outputs; o++)
			vector_to(r->y + (i * outputs + o) * SN_LANES, sum[i][o]);
	}
}

LANES_SIZES(product, struct sn_lanes_product)
LANES_SIZES(outer, struct sn_lanes_outer)

void SN_NAME(sn_lanes_product)(const struct sn_lanes_product *job)
{
	product(job);
}

void SN_NAME(sn_lanes_outer)(const struct sn_lanes_outer *job)
{
	outer(job);
}

/* ---- adding up ------------------------------------------------------------------------ */

/* The sums of SN_LANES vectors' lanes, as one vector; in each, halves are added to halves. */
INLINE vector lanes_added(const float *from)
{
	vector v[SN_LANES], four[4];
	UNROLL for (size_t l = 0; l < SN_LANES; l++) v[l] = vector_at(from + l * SN_LANES);
	UNROLL for (size_t j = 0; j < 4; j++)
	{
#if SN_LANES == 16
		vector a = FOURS(v[j], v[4 + j], 0, 1, 4, 5) + FOURS(v[j], v[4 + j], 2, 3, 6, 7);
		vector b = FOURS(v[8 + j], v[12 + j], 0, 1, 4, 5) +
			   FOURS(v[8 + j], v[12 + j], 2, 3, 6, 7);
		four[j] = FOURS(a, b, 0, 2, 4, 6) + FOURS(a, b, 1, 3, 5, 7);
#elif SN_LANES == 8
		four[j] = FOURS(v[j], v[4 + j], 0, 2) + FOURS(v[j], v[4 + j], 1, 3);
#else
		four[j] = v[j];
#endif
	}
	vector a = __builtin_shufflevector(four[0], four[1], LOW_PAIR) +
		   __builtin_shufflevector(four[0], four[1], HIGH_PAIR);
	vector b = __builtin_shufflevector(four[2], four[3], LOW_PAIR) +
		   __builtin_shufflevector(four[2], four[3], HIGH_PAIR);
	return __builtin_shufflevector(a, b, EVEN) + __builtin_shufflevector(a, b, ODD);
}

void SN_NAME(sn_lanes_add)(const float *from, size_t n, float *sum)
{
	size_t i = 0;
	for (; i + SN_LANES <= n; i += SN_LANES)
		vector_to(sum + i, vector_at(sum + i) + lanes_added(from + i * SN_LANES));
	if (i < n) {
		float rest[SN_LANES * SN_LANES] = { 0 };
		vector v;
		memcpy(rest, from + i * SN_LANES, (n - i) * SN_LANES * sizeof *rest);
		v = lanes_added(rest);
		for (size_t l = 0; i < n; i++, l++)
			sum[i] += v[l];
	}
}
