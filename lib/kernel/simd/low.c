/*
 * low - a block of rows times a panel in reduced precision: the one place with intrinsics, since
 * GNU C has no words for these instructions.  Sums are chains in the order of k, as in rows.c;
 * those of int8 are exact.
 */
#include "vector.h"

#if defined __AVX512BF16__ && defined __AVX512VNNI__
#include <immintrin.h>

extern const struct sn_low_loops sn_bf16_v4, sn_int8_v4;

INLINE void finish_rows(const struct sn_low_rows *r, vector sum[][2], const size_t m)
{
	struct finish f;
	finish_load(&f, r->finish, 0, r->n, 2);
	UNROLL for (size_t i = 0; i < m; i++)
	{
		finish_apply(&f, sum[i], 2);
		store(r->y[i], sum[i], r->n, 2);
	}
}

INLINE void bf16_block(const struct sn_low_rows *r, const size_t m)
{
	const uint32_t *b = r->b;
	const size_t length = r->length;
	__m512 sum[ROWS][2];
	vector y[ROWS][2];
	UNROLL for (size_t i = 0; i < m; i++) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
	for (size_t s = 0; s < r->segments; s++) {
		const uint32_t *p[ROWS];
		UNROLL for (size_t i = 0; i < m; i++) p[i] = r->a[i] + s * r->jump;
		for (size_t k = 0; k < length; k++, b += WIDE) {
			__m512bh f = (__m512bh)_mm512_loadu_si512(b),
				 g = (__m512bh)_mm512_loadu_si512(b + SN_LANES);
			UNROLL for (size_t i = 0; i < m; i++)
			{
				__m512bh x = (__m512bh)_mm512_set1_epi32((int)p[i][k]);
				sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, f);
				sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, g);
			}
		}
	}
	UNROLL for (size_t i = 0; i < m; i++)
	{
		y[i][0] = (vector)sum[i][0];
		y[i][1] = (vector)sum[i][1];
	}
	finish_rows(r, y, m);
}

INLINE void int8_block(const struct sn_low_rows *r, const size_t m)
{
	const uint32_t *b = r->b;
	const size_t length = r->length;
	__m512i sum[ROWS][2];
	vector y[ROWS][2];
	UNROLL for (size_t i = 0; i < m; i++) sum[i][0] = sum[i][1] = _mm512_setzero_si512();
	for (size_t s = 0; s < r->segments; s++) {
		const uint32_t *p[ROWS];
		UNROLL for (size_t i = 0; i < m; i++) p[i] = r->a[i] + s * r->jump;
		for (size_t k = 0; k < length; k++, b += WIDE) {
			__m512i f = _mm512_loadu_si512(b), g = _mm512_loadu_si512(b + SN_LANES);
			UNROLL for (size_t i = 0; i < m; i++)
			{
				__m512i x = _mm512_set1_epi32((int)p[i][k]);
				sum[i][0] = _mm512_dpbusd_epi32(sum[i][0], x, f);
				sum[i][1] = _mm512_dpbusd_epi32(sum[i][1], x, g);
			}
		}
	}
	UNROLL for (size_t j = 0; j < 2; j++)
	{
		__m512 factor = _mm512_loadu_ps(r->columns + j * SN_LANES);
		__m512i weights = _mm512_loadu_si512(r->columns + WIDE + j * SN_LANES);
		UNROLL for (size_t i = 0; i < m; i++)
		{
			__m512i v = _mm512_sub_epi32(sum[i][j], _mm512_slli_epi32(weights, 7));
			__m512 scale = _mm512_mul_ps(factor, _mm512_set1_ps(r->factor[i]));
			y[i][j] = (vector)_mm512_mul_ps(_mm512_cvtepi32_ps(v), scale);
		}
	}
	finish_rows(r, y, m);
}

#define CASES(block)                                                                               \
	switch (job->m) {                                                                          \
		CASE(block, 1)                                                                     \
		CASE(block, 2)                                                                     \
		CASE(block, 3)                                                                     \
		CASE(block, 4) CASE(block, 5) CASE(block, 6) CASE(block, 7) CASE(block, 8)         \
			CASE(block, 9) CASE(block, 10) CASE(block, 11) CASE(block, 12) default     \
		    : break;                                                                       \
	}
#define CASE(block, m)                                                                             \
	case m:                                                                                    \
		block(job, m);                                                                     \
		break;

static void bf16_rows(const struct sn_low_rows *job)
{
	CASES(bf16_block)
}

static void int8_rows(const struct sn_low_rows *job)
{
	CASES(int8_block)
}

static void bf16_convert(void *to, const float *x, size_t n, float scale)
{
	uint16_t *p = to;
	for (size_t i = 0; i < n; i += SN_LANES) {
		size_t m = n - i < SN_LANES ? n - i : SN_LANES;
		__mmask16 k = (__mmask16)((1u << m) - 1);
		__m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(k, x + i), _mm512_set1_ps(scale));
		_mm256_mask_storeu_epi16(p + i, k, (__m256i)_mm512_cvtneps_pbh(v));
	}
}

static void int8_convert(void *to, const float *x, size_t n, float scale)
{
	uint8_t *p = to;
	for (size_t i = 0; i < n; i += SN_LANES) {
		size_t m = n - i < SN_LANES ? n - i : SN_LANES;
		__mmask16 k = (__mmask16)((1u << m) - 1);
		__m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(k, x + i), _mm512_set1_ps(scale));
		__m512i q = _mm512_add_epi32(_mm512_cvtps_epi32(v), _mm512_set1_epi32(128));
		_mm_mask_storeu_epi8(
			p + i, k,
			_mm512_cvtusepi32_epi8(_mm512_max_epi32(q, _mm512_setzero_si512())));
	}
}

const struct sn_low_loops sn_bf16_v4 = { bf16_rows, bf16_convert };
const struct sn_low_loops sn_int8_v4 = { int8_rows, int8_convert };

#else
/* ISO C wants a declaration in every file. */
typedef int sn_no_low;
#endif
