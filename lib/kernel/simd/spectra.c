/*
 * spectra - products of spectra, summed over channels or tiles.
 *
 * (a + ib)(c - id) takes three products instead of four (Gauss), which are summed apart:
 *     s = (a + b) c    p = a (c + d)    q = b (c - d)    real part s - q, imaginary part s - p
 * Sums and differences of factors cost nothing, since adders stand beside the multipliers.
 */
#include "../fft.h"
#include "vector.h"

void SN_NAME(sn_fft_product)(const struct sn_spectra *s);
void SN_NAME(sn_fft_turned_product)(const struct sn_spectra *s);

#define SPECTRA 4 /* rows of a block */
#if SN_LANES == 16
#define VECTORS 2 /* of a block's columns: 24 sums, 6 and 2 factors */
#else
#define VECTORS 1 /* 12 sums, 3 and 1 */
#endif

INLINE void block(const struct sn_spectra *s, const float *a, const float *b, float *y,
		  const size_t m, const size_t v, const int turned)
{
	const size_t a_row = turned ? 1 : s->a_row, a_step = turned ? s->a_step : 1;
	const size_t a_other = s->a_imaginary, b_other = s->b_imaginary, b_step = s->b_step;
	vector both[SPECTRA][VECTORS], plus[SPECTRA][VECTORS], minus[SPECTRA][VECTORS];
	const float *row[SPECTRA];
	UNROLL for (size_t i = 0; i < m; i++)
	{
		row[i] = a + i * a_row;
		UNROLL for (size_t j = 0; j < v; j++) both[i][j] = plus[i][j] = minus[i][j] =
			(vector){ 0 };
	}
	for (size_t k = 0; k < s->depth; k++, b += b_step) {
		vector c[VECTORS], sum[VECTORS], difference[VECTORS];
		UNROLL for (size_t j = 0; j < v; j++)
		{
			vector d = *(const unaligned *)(b + b_other + j * SN_LANES);
			c[j] = *(const unaligned *)(b + j * SN_LANES);
			sum[j] = c[j] + d;
			difference[j] = c[j] - d;
		}
		UNROLL for (size_t i = 0; i < m; i++)
		{
			vector re = broadcast(row[i][k * a_step]),
			       im = broadcast(row[i][k * a_step + a_other]);
			UNROLL for (size_t j = 0; j < v; j++)
			{
				plus[i][j] += re * sum[j];
				minus[i][j] += im * difference[j];
			}
			re += im;
			UNROLL for (size_t j = 0; j < v; j++) both[i][j] += re * c[j];
		}
	}
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t j = 0; j < v; j++)
		{
			float *to = y + i * s->y_row + j * SN_LANES;
			vector re = both[i][j] - minus[i][j], im = both[i][j] - plus[i][j];
			if (s->adds) {
				re += *(unaligned *)to;
				im += *(unaligned *)(to + s->y_imaginary);
			}
			*(unaligned *)to = re;
			*(unaligned *)(to + s->y_imaginary) = im;
		}
	}
}

/* A slot of real frequencies: its planes have nothing to do with each other. */
INLINE void real_block(const struct sn_spectra *s, const float *a, const float *b, float *y,
		       const size_t m, const size_t v, const int turned)
{
	const size_t a_row = turned ? 1 : s->a_row, a_step = turned ? s->a_step : 1;
	vector sum[SPECTRA][VECTORS];
	const float *row[SPECTRA];
	UNROLL for (size_t i = 0; i < m; i++)
	{
		row[i] = a + i * a_row;
		UNROLL for (size_t j = 0; j < v; j++) sum[i][j] = (vector){ 0 };
	}
	for (size_t k = 0; k < s->depth; k++, b += s->b_step)
		UNROLL for (size_t i = 0; i < m; i++)
		{
			vector x = broadcast(row[i][k * a_step]);
			UNROLL for (size_t j = 0; j < v; j++) sum[i][j] +=
				x * *(const unaligned *)(b + j * SN_LANES);
		}
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t j = 0; j < v; j++)
		{
			unaligned *to = (unaligned *)(y + i * s->y_row + j * SN_LANES);
			if (s->adds)
				sum[i][j] += *to;
			*to = sum[i][j];
		}
	}
}

#define EACH_M(call, v)                                                                            \
	switch (m) {                                                                               \
	case 1:                                                                                    \
		call(1, v);                                                                        \
		break;                                                                             \
	case 2:                                                                                    \
		call(2, v);                                                                        \
		break;                                                                             \
	case 3:                                                                                    \
		call(3, v);                                                                        \
		break;                                                                             \
	default:                                                                                   \
		call(4, v);                                                                        \
		break;                                                                             \
	}

INLINE void all_blocks(const struct sn_spectra *s, const int turned)
{
	const size_t vectors = (s->n + SN_LANES - 1) / SN_LANES;
	const size_t a_row = turned ? 1 : s->a_row;
	for (size_t j = 0, v; j < vectors; j += v) {
		v = vectors - j < VECTORS ? vectors - j : VECTORS;
		const float *b = s->b + j * SN_LANES;
		for (size_t i = 0, m; i < s->rows; i += m) {
			m = s->rows - i < SPECTRA ? s->rows - i : SPECTRA;
			const float *a = s->a + i * a_row;
			float *y = s->y + i * s->y_row + j * SN_LANES;
#define BLOCK(m, v) block(s, a, b, y, m, v, turned)
#define REAL_BLOCK(m, v)                                                                           \
	real_block(s, a, b, y, m, v, turned),                                                      \
		real_block(s, a + s->a_imaginary, b + s->b_imaginary, y + s->y_imaginary, m, v,    \
			   turned)
			if (s->real && v == VECTORS) {
				EACH_M(REAL_BLOCK, VECTORS)
			} else if (s->real) {
				EACH_M(REAL_BLOCK, 1)
			} else if (v == VECTORS) {
				EACH_M(BLOCK, VECTORS)
			} else {
				EACH_M(BLOCK, 1)
			}
		}
	}
}

void SN_NAME(sn_fft_product)(const struct sn_spectra *s)
{
	all_blocks(s, 0);
}

void SN_NAME(sn_fft_turned_product)(const struct sn_spectra *s)
{
	all_blocks(s, 1);
}
