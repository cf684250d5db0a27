/*
 * dots - sums of products along both factors: linear layers whose weights stay as they are.
 *
 * A vector of partial sums for each pair of rows; dots_finish adds a vector's lanes up, halves onto
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

INLINE void block(const struct sn_dots *d, const size_t m, const size_t n)
{
	const size_t whole = d->length / SN_LANES * SN_LANES, rest = d->length - whole;
	vector sum[DOT_ROWS][DOT_COLUMNS];

	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t j = 0; j < n; j++)
		{
			if (d->first)
				sum[i][j] = (vector){ 0 };
			else
				load(&sum[i][j], d->sum + (i * d->sum_step + j) * SN_LANES,
				     SN_LANES, 1, 1);
		}
	}
	for (size_t k = 0; k < whole; k += SN_LANES) {
		vector a[DOT_ROWS], b;
		UNROLL for (size_t i = 0; i < m; i++)
			load(&a[i], d->a + i * d->a_step + k, SN_LANES, 1, 1);
		UNROLL for (size_t j = 0; j < n; j++)
		{
			load(&b, d->b + j * d->b_step + k, SN_LANES, 1, 1);
			UNROLL for (size_t i = 0; i < m; i++) sum[i][j] += a[i] * b;
		}
	}
	if (rest) {
		vector a[DOT_ROWS], b;
		UNROLL for (size_t i = 0; i < m; i++)
			load(&a[i], d->a + i * d->a_step + whole, rest, 1, 0);
		UNROLL for (size_t j = 0; j < n; j++)
		{
			load(&b, d->b + j * d->b_step + whole, rest, 1, 0);
			UNROLL for (size_t i = 0; i < m; i++) sum[i][j] += a[i] * b;
		}
	}
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t j = 0; j < n; j++)
			store(d->sum + (i * d->sum_step + j) * SN_LANES, &sum[i][j], SN_LANES, 1);
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
	for (size_t j = 0; j < n; j++, sum += SN_LANES) {
		float line[SN_LANES];
		memcpy(line, sum, sizeof line);
		for (size_t half = SN_LANES / 2; half > 0; half /= 2)
			for (size_t l = 0; l < half; l++)
				line[l] += line[l + half];
		float v = line[0] + (f && f->bias ? f->bias[j] : 0);
		if (f && f->relu && v < 0)
			v = 0;
		if (f && f->scale)
			v = v * f->scale[j] + f->shift[j];
		y[j] = v;
	}
}
