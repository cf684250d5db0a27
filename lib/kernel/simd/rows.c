/*
 * rows - a block of rows times a panel, and outer products.
 *
 * A block of ROWS x 2 vectors of sums stays in registers while the factors stream by.  Every sum is
 * one chain of multiply-adds in the order of k: blocks of fewer rows or columns are the same
 * chains, fewer of them.
 */
#include "vector.h"

void SN_NAME(sn_rows_by_panel)(const struct sn_rows *job);
void SN_NAME(sn_taps_by_panel)(const struct sn_taps *job);
void SN_NAME(sn_outer)(const struct sn_outer *job);

INLINE void rows_block(const struct sn_rows *r, const size_t m, const size_t v, const int whole)
{
	const float *b = r->b;
	const size_t length = r->length, step = r->step, n = r->n;
	vector sum[ROWS][2];
	UNROLL for (size_t i = 0; i < m; i++)
	{
		if (r->adds)
			load(sum[i], r->y[i], n, v, n == v * SN_LANES);
		else {
			UNROLL for (size_t j = 0; j < v; j++) sum[i][j] = (vector){ 0 };
		}
	}
	for (size_t s = 0; s < r->segments; s++) {
		const float *p[ROWS];
		UNROLL for (size_t i = 0; i < m; i++) p[i] = r->a[i] + s * r->jump;
		for (size_t k = 0; k < length; k++, b += step) {
			vector factor[2];
			load(factor, b, n, v, whole);
			UNROLL for (size_t i = 0; i < m; i++)
			{
				vector x = broadcast(p[i][k]);
				UNROLL for (size_t j = 0; j < v; j++) sum[i][j] += x * factor[j];
			}
		}
	}
	if (r->finish) {
		struct finish f;
		finish_load(&f, r->finish, 0, n, v);
		UNROLL for (size_t i = 0; i < m; i++) finish_apply(&f, sum[i], v);
	}
	UNROLL for (size_t i = 0; i < m; i++) store(r->y[i], sum[i], n, v);
}

struct taps {
	const struct sn_taps *t;
	const float *a;
	float *y;
	size_t m;
};

INLINE void taps_block(const struct taps *r, const size_t m, const size_t v)
{
	const struct sn_taps *t = r->t;
	const float *b = t->b, *p[ROWS];
	const int32_t *offset = t->offset, *end = offset + t->length;
	vector sum[ROWS][2];
	struct finish f;
	UNROLL for (size_t i = 0; i < m; i++)
	{
		p[i] = r->a + i * t->a_point;
		UNROLL for (size_t j = 0; j < v; j++) sum[i][j] = (vector){ 0 };
	}
	for (; offset < end; offset++, b += WIDE) {
		const ptrdiff_t place = *offset;
		vector factor[2];
		load(factor, b, WIDE, v, 1);
		UNROLL for (size_t i = 0; i < m; i++)
		{
			vector x = broadcast(p[i][place]);
			UNROLL for (size_t j = 0; j < v; j++) sum[i][j] += x * factor[j];
		}
	}
	finish_load(&f, t->finish, 0, t->n, v);
	UNROLL for (size_t i = 0; i < m; i++)
	{
		finish_apply(&f, sum[i], v);
		store(r->y + i * t->y_point, sum[i], t->n, v);
	}
}

INLINE void outer_block(const struct sn_outer *o, const size_t m, const size_t v, const int whole)
{
	const size_t points = o->points, a_point = o->a_point, b_point = o->b_point, n = o->n;
	vector sum[ROWS][2];
	UNROLL for (size_t i = 0; i < m; i++) load(sum[i], o->y + i * o->y_step, n, v, whole);
	for (size_t r = 0; r < o->lines; r++) {
		const float *p = o->a + r * o->a_line, *q = o->b + r * o->b_line;
		for (size_t k = 0; k < points; k++, p += a_point, q += b_point) {
			vector factor[2];
			load(factor, q, n, v, whole);
			UNROLL for (size_t i = 0; i < m; i++)
			{
				vector x = broadcast(p[i]);
				UNROLL for (size_t j = 0; j < v; j++) sum[i][j] += x * factor[j];
			}
		}
	}
	UNROLL for (size_t i = 0; i < m; i++) store(o->y + i * o->y_step, sum[i], n, v);
}

#define DISPATCH(name)                                                                             \
	static void name##_narrow(const struct sn_##name *job)                                     \
	{                                                                                          \
		switch (job->m) {                                                                  \
			EACH_ROW(name##_block, job, 1, 1)                                          \
		default:                                                                           \
			break;                                                                     \
		}                                                                                  \
	}                                                                                          \
	static void name##_wide(const struct sn_##name *job)                                       \
	{                                                                                          \
		switch (job->m) {                                                                  \
			EACH_ROW(name##_block, job, 2, 1)                                          \
		default:                                                                           \
			break;                                                                     \
		}                                                                                  \
	}                                                                                          \
	static void name##_ragged(const struct sn_##name *job)                                     \
	{                                                                                          \
		switch (job->m) {                                                                  \
			EACH_ROW(name##_block, job, 2, 0)                                          \
		default:                                                                           \
			break;                                                                     \
		}                                                                                  \
	}

DISPATCH(rows)
DISPATCH(outer)

void SN_NAME(sn_rows_by_panel)(const struct sn_rows *job)
{
	/* a packed panel has whole lines, whatever is wanted of them */
	if (job->step == WIDE ? job->n > SN_LANES : job->n == WIDE)
		rows_wide(job);
	else if (job->step == WIDE || job->n == SN_LANES)
		rows_narrow(job);
	else
		rows_ragged(job);
}

void SN_NAME(sn_outer)(const struct sn_outer *job)
{
	if (job->n == WIDE)
		outer_wide(job);
	else if (job->n == SN_LANES)
		outer_narrow(job);
	else
		outer_ragged(job);
}

#define TAPS_NARROW(job, m, v, whole) taps_block(job, m, 1)
#define TAPS_WIDE(job, m, v, whole) taps_block(job, m, 2)

void SN_NAME(sn_taps_by_panel)(const struct sn_taps *t)
{
	struct taps r = { t, t->a, t->y, 0 };
	const struct taps *job = &r;
	for (size_t left = t->pixels, blocks = (left + ROWS - 1) / ROWS; left > 0; left -= r.m) {
		r.m = (left + blocks - 1) / blocks;
		blocks--;
		if (t->n > SN_LANES) {
			switch (r.m) {
				EACH_ROW(TAPS_WIDE, job, 2, 1)
			default:
				break;
			}
		} else {
			switch (r.m) {
				EACH_ROW(TAPS_NARROW, job, 1, 1)
			default:
				break;
			}
		}
		r.a += r.m * t->a_point;
		r.y += r.m * t->y_point;
	}
}
