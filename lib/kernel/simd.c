/*
 * simd - the two inner loops in vectors of SN_LANES floats.
 *
 * One source, compiled with -DSN_LANES=16 -DSN_SIMD=sn_simd_v4 -march=x86-64-v4 and its like.  A
 * block of ROWS x 2 vectors of sums stays in registers while the factors stream by; GNU C's vector
 * types say what is meant without intrinsics.  Every sum is one chain of multiply-adds in the order
 * of k: blocks of fewer rows or columns are the same chains, fewer of them.
 */
#include <stdint.h>
#include <string.h>
#include "simd.h"

#define WIDE (2 * SN_LANES) /* columns of a block */

typedef float vector __attribute__((vector_size(SN_LANES * 4)));
typedef float unaligned __attribute__((vector_size(SN_LANES * 4), aligned(4), may_alias));

#if SN_LANES == 16
#define ROWS 12
#else
#define ROWS 6 /* sixteen registers: 12 sums, 2 factors, 1 broadcast */
#endif

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* n floats of a line in v vectors, the rest 0; `whole`: all of v vectors may be read. */
INLINE void load(vector *to, const float *p, size_t n, const size_t v, const int whole)
{
	float line[WIDE] = { 0 };
	if (!whole) {
		memcpy(line, p, n * sizeof *p);
		p = line;
	}
	UNROLL for (size_t j = 0; j < v; j++) to[j] = *(const unaligned *)(p + j * SN_LANES);
}

INLINE void store(float *p, const vector *from, size_t n, const size_t v)
{
	if (n == v * SN_LANES) {
		UNROLL for (size_t j = 0; j < v; j++) * (unaligned *)(p + j * SN_LANES) = from[j];
	} else {
		float line[WIDE];
		UNROLL for (size_t j = 0; j < v; j++) * (unaligned *)(line + j * SN_LANES) =
			from[j];
		memcpy(p, line, n * sizeof *p);
	}
}

struct rows {
	const float *const *a;
	size_t segments, length, jump;
	const float *b;
	size_t step;
	const float *start;
	float *const *y;
	size_t n;
};

INLINE void rows_block(const struct rows *r, const size_t m, const size_t v, const int whole)
{
	const float *b = r->b;
	const size_t length = r->length, step = r->step, n = r->n;
	vector sum[ROWS][2], first[2] = { { 0 }, { 0 } };
	if (r->start)
		load(first, r->start, n, v, 0);
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t j = 0; j < v; j++) sum[i][j] = first[j];
	}
	for (size_t s = 0; s < r->segments; s++) {
		const float *p[ROWS];
		UNROLL for (size_t i = 0; i < m; i++) p[i] = r->a[i] + s * r->jump;
		for (size_t k = 0; k < length; k++, b += step) {
			vector factor[2];
			load(factor, b, n, v, whole);
			UNROLL for (size_t i = 0; i < m; i++)
			{
				vector x = (vector){ 0 } + p[i][k];
				UNROLL for (size_t j = 0; j < v; j++) sum[i][j] += x * factor[j];
			}
		}
	}
	UNROLL for (size_t i = 0; i < m; i++) store(r->y[i], sum[i], n, v);
}

struct outer {
	const float *a, *b;
	size_t a_line, a_point, b_line, b_point, lines, points;
	float *y;
	size_t y_step, n;
};

INLINE void outer_block(const struct outer *o, const size_t m, const size_t v, const int whole)
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
				vector x = (vector){ 0 } + p[i];
				UNROLL for (size_t j = 0; j < v; j++) sum[i][j] += x * factor[j];
			}
		}
	}
	UNROLL for (size_t i = 0; i < m; i++) store(o->y + i * o->y_step, sum[i], n, v);
}

/* One copy of a block's code for every number of rows, so that its sums stay in registers. */
#define EACH(block, job, v, whole)                                                                 \
	switch (m) {                                                                               \
	case 1:                                                                                    \
		block(job, 1, v, whole);                                                           \
		break;                                                                             \
	case 2:                                                                                    \
		block(job, 2, v, whole);                                                           \
		break;                                                                             \
	case 3:                                                                                    \
		block(job, 3, v, whole);                                                           \
		break;                                                                             \
	case 4:                                                                                    \
		block(job, 4, v, whole);                                                           \
		break;                                                                             \
	case 5:                                                                                    \
		block(job, 5, v, whole);                                                           \
		break;                                                                             \
	case 6:                                                                                    \
		block(job, 6, v, whole);                                                           \
		break;                                                                             \
		MORE(block, job, v, whole)                                                         \
	default:                                                                                   \
		break;                                                                             \
	}

#if ROWS == 12
#define MORE(block, job, v, whole)                                                                 \
	case 7:                                                                                    \
		block(job, 7, v, whole);                                                           \
		break;                                                                             \
	case 8:                                                                                    \
		block(job, 8, v, whole);                                                           \
		break;                                                                             \
	case 9:                                                                                    \
		block(job, 9, v, whole);                                                           \
		break;                                                                             \
	case 10:                                                                                   \
		block(job, 10, v, whole);                                                          \
		break;                                                                             \
	case 11:                                                                                   \
		block(job, 11, v, whole);                                                          \
		break;                                                                             \
	case 12:                                                                                   \
		block(job, 12, v, whole);                                                          \
		break;
#else
#define MORE(block, job, v, whole)
#endif

#define DISPATCH(name)                                                                             \
	static void name##_narrow(const struct name *job, size_t m)                                \
	{                                                                                          \
		EACH(name##_block, job, 1, 1)                                                      \
	}                                                                                          \
	static void name##_wide(const struct name *job, size_t m)                                  \
	{                                                                                          \
		EACH(name##_block, job, 2, 1)                                                      \
	}                                                                                          \
	static void name##_ragged(const struct name *job, size_t m)                                \
	{                                                                                          \
		EACH(name##_block, job, 2, 0)                                                      \
	}

DISPATCH(rows)
DISPATCH(outer)

static void rows_by_panel(const float *const *a, size_t m, size_t segments, size_t length,
			  size_t jump, const float *b, size_t step, const float *start,
			  float *const *y, size_t n)
{
	const struct rows job = { a, segments, length, jump, b, step, start, y, n };
	if (step == WIDE ? n > SN_LANES : n == WIDE)
		rows_wide(&job, m);
	else if (step == WIDE || n == SN_LANES)
		rows_narrow(&job,
			    m); /* a packed panel has whole lines, whatever is wanted of them */
	else
		rows_ragged(&job, m);
}

static void outer(const float *a, size_t a_line, size_t a_point, const float *b, size_t b_line,
		  size_t b_point, size_t lines, size_t points, size_t m, float *y, size_t y_step,
		  size_t n)
{
	const struct outer job = { a,	  b,	  a_line, a_point, b_line, b_point,
				   lines, points, y,	  y_step,  n };
	if (n == WIDE)
		outer_wide(&job, m);
	else if (n == SN_LANES)
		outer_narrow(&job, m);
	else
		outer_ragged(&job, m);
}

extern const struct sn_simd SN_SIMD;
const struct sn_simd SN_SIMD = {
	.isa = SN_SIMD_NAME,
	.columns = WIDE,
	.rows = ROWS,
	.rows_by_panel = rows_by_panel,
	.outer = outer,
};
