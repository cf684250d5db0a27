/*
 * product - the matrix products of transformed tiles: rows times a panel, and sums over rows of
 * outer products.
 *
 * Sums are in parts of at most PART terms, each from 0, the parts added in order: a chain of some
 * hundred terms would round more than all transforms do.
 */
#include "vector.h"

void SN_NAME(sn_product)(const struct sn_product *job);
void SN_NAME(sn_outer_sums)(const struct sn_outer_sums *job);

enum { PART = 64 };

/* Terms of a part, all parts being of about the same length. */
INLINE size_t part_of(size_t terms)
{
	size_t parts = (terms + PART - 1) / PART;
	return parts ? (terms + parts - 1) / parts : 0;
}

INLINE void product_block(const struct sn_product *p, const size_t m, const size_t v,
			  const int adds)
{
	const size_t depth = p->depth, step = p->a_step, y_step = p->y_step;
	const float *b = p->b;
	float *y = p->y;
	/* a pointer to every third row leaves the rest to addressing */
	const float *a[(ROWS + 2) / 3];
	vector sum[ROWS][2];
	UNROLL for (size_t i = 0; i < m; i += 3) a[i / 3] = p->a + i * step;
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t j = 0; j < v; j++) sum[i][j] = (vector){ 0 };
	}
	for (size_t k = 0; k < depth; k++, b += WIDE) {
		vector factor[2];
		load(factor, b, v * SN_LANES, v, 1);
		/* the next part or panel: from beyond the second cache where weights are many */
		UNROLL for (size_t j = 0; j < v; j++)
			__builtin_prefetch(b + depth * WIDE + j * SN_LANES);
		UNROLL for (size_t i = 0; i < m; i++)
		{
			vector x = broadcast(a[i / 3][i % 3 * step]);
			UNROLL for (size_t j = 0; j < v; j++) sum[i][j] += x * factor[j];
		}
		UNROLL for (size_t i = 0; i < m; i += 3) a[i / 3]++;
	}
	UNROLL for (size_t i = 0; i < m; i++)
	{
		if (adds) {
			vector old[2];
			load(old, y + i * y_step, v * SN_LANES, v, 1);
			UNROLL for (size_t j = 0; j < v; j++) sum[i][j] += old[j];
		}
		store(y + i * y_step, sum[i], v * SN_LANES, v);
	}
}

INLINE void outer_sums_block(const struct sn_outer_sums *s, const size_t m, const size_t v,
			     const int flag)
{
	const size_t n = s->points, part = part_of(n), a_step = s->a_step, b_step = s->b_step;
	const size_t y_step = s->y_step;
	const float *a = s->a, *b = s->b;
	(void)flag;
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t j = 0; j < v; j++)
			__builtin_prefetch(s->y + i * y_step + j * SN_LANES, 1);
	}
	for (size_t first = 0, end; first < n; first = end) {
		vector sum[ROWS][2];
		end = first + part < n ? first + part : n;
		UNROLL for (size_t i = 0; i < m; i++)
		{
			UNROLL for (size_t j = 0; j < v; j++) sum[i][j] = (vector){ 0 };
		}
		for (size_t k = first; k < end; k++, a += a_step, b += b_step) {
			vector factor[2];
			load(factor, b, v * SN_LANES, v, 1);
			UNROLL for (size_t i = 0; i < m; i++)
			{
				vector x = broadcast(a[i]);
				UNROLL for (size_t j = 0; j < v; j++) sum[i][j] += x * factor[j];
			}
		}
		if (first > 0 || !s->first) {
			UNROLL for (size_t i = 0; i < m; i++)
			{
				vector old[2];
				load(old, s->y + i * y_step, v * SN_LANES, v, 1);
				UNROLL for (size_t j = 0; j < v; j++) sum[i][j] += old[j];
			}
		}
		UNROLL for (size_t i = 0; i < m; i++)
			store(s->y + i * y_step, sum[i], v * SN_LANES, v);
	}
}

#define DISPATCH(name, block, v, flag)                                                             \
	static void name(const struct sn_##block *job)                                             \
	{                                                                                          \
		switch (job->m) {                                                                  \
			EACH_ROW(block##_block, job, v, flag)                                      \
		default:                                                                           \
			break;                                                                     \
		}                                                                                  \
	}

DISPATCH(product_narrow, product, 1, 0)
DISPATCH(product_wide, product, 2, 0)
DISPATCH(product_narrow_adds, product, 1, 1)
DISPATCH(product_wide_adds, product, 2, 1)
DISPATCH(outer_sums_narrow, outer_sums, 1, 0)
DISPATCH(outer_sums_wide, outer_sums, 2, 0)

/* Rows of the next block of so many that are left: blocks of about the same height, since a low one
 * hides no latency. */
static size_t height(size_t left)
{
	size_t blocks = (left + ROWS - 1) / ROWS;
	return (left + blocks - 1) / blocks;
}

void SN_NAME(sn_product)(const struct sn_product *job)
{
	struct sn_product block = *job;
	for (size_t first = 0; first < job->depth; first += block.depth) {
		block.depth = part_of(job->depth);
		if (block.depth > job->depth - first)
			block.depth = job->depth - first;
		block.a = job->a + first;
		block.b = job->b + first * WIDE;
		block.y = job->y;
		for (size_t left = job->m; left; left -= block.m) {
			block.m = height(left);
			if (job->n > SN_LANES)
				(first ? product_wide_adds : product_wide)(&block);
			else
				(first ? product_narrow_adds : product_narrow)(&block);
			block.a += block.m * block.a_step;
			block.y += block.m * block.y_step;
		}
	}
}

void SN_NAME(sn_outer_sums)(const struct sn_outer_sums *job)
{
	struct sn_outer_sums block = *job;
	for (size_t left = job->m; left; left -= block.m) {
		block.m = height(left);
		if (job->n > SN_LANES)
			outer_sums_wide(&block);
		else
			outer_sums_narrow(&block);
		block.a += block.m;
		block.y += block.m * block.y_step;
	}
}
