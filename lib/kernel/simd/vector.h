/*
 * vector - what the loops in this folder are written with: GNU C's vector types, which say what is
 * meant without intrinsics.
 *
 * Each source is compiled once per instruction set with -DSN_ISA=v4 -DSN_LANES=16 and its like;
 * SN_NAME(x) is x_v4 there.
 */
#ifndef SN_VECTOR_H
#define SN_VECTOR_H

#include <stdint.h>
#include <string.h>
#include "../simd.h"

#define SN_PASTE2(a, b) a##_##b
#define SN_PASTE(a, b) SN_PASTE2(a, b)
#define SN_NAME(name) SN_PASTE(name, SN_ISA)

#define WIDE (2 * SN_LANES) /* columns of a panel */

/* Rows of a block of sums, two vectors each, that registers hold beside their factors. */
#if SN_LANES == 16
#define ROWS 12
#else
#define ROWS 6 /* sixteen registers: 12 sums, 2 factors, 1 broadcast */
#endif

/* The same with a picture in each lane: a vector for each row and output. */
#define LANES_OUTPUTS 4
#if SN_LANES == 16
#define LANES_ROWS 6
#else
#define LANES_ROWS 3
#endif

typedef float vector __attribute__((vector_size(SN_LANES * 4)));
typedef float unaligned __attribute__((vector_size(SN_LANES * 4), aligned(4), may_alias));
typedef int32_t mask __attribute__((vector_size(SN_LANES * 4)));

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* x everywhere.  Taking 0 away is nothing; adding it would be an addition, for the sake of -0. */
INLINE vector broadcast(float x)
{
	return x - (vector){ 0 };
}

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

INLINE vector vector_at(const float *p)
{
	return *(const unaligned *)p;
}

INLINE void vector_to(float *p, vector v)
{
	*(unaligned *)p = v;
}

/* Negative numbers become 0; a NaN stays. */
INLINE vector rectified(vector x)
{
	mask negative = x < 0;
	return (vector)(~negative & (mask)x);
}

/* What struct sn_finish says, for the n columns of v vectors that its arrays begin with. */
struct finish {
	vector bias[2], scale[2], shift[2];
	int relu, affine;
};

INLINE void finish_load(struct finish *f, const struct sn_finish *from, size_t first, size_t n,
			const size_t v)
{
	int whole = n == v * SN_LANES;
	UNROLL for (size_t j = 0; j < v; j++) f->bias[j] = f->shift[j] = f->scale[j] =
		(vector){ 0 };
	f->relu = from && from->relu;
	f->affine = from && from->scale;
	if (from && from->bias)
		load(f->bias, from->bias + first, n, v, whole);
	if (f->affine) {
		load(f->scale, from->scale + first, n, v, whole);
		load(f->shift, from->shift + first, n, v, whole);
	}
}

INLINE void finish_apply(const struct finish *f, vector *y, const size_t v)
{
	UNROLL for (size_t j = 0; j < v; j++) y[j] += f->bias[j];
	if (f->relu) {
		UNROLL for (size_t j = 0; j < v; j++) y[j] = rectified(y[j]);
	}
	if (f->affine) {
		UNROLL for (size_t j = 0; j < v; j++) y[j] = y[j] * f->scale[j] + f->shift[j];
	}
}

/* One copy of a block's code for every number of rows, so that its sums stay in registers. */
#define EACH_OF_6(block, job, v, whole)                                                            \
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
		break;

#if ROWS == 12
#define EACH_OF_12(block, job, v, whole)                                                           \
	EACH_OF_6(block, job, v, whole)                                                            \
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
#define EACH_ROW EACH_OF_12
#else
#define EACH_ROW EACH_OF_6
#endif

/* name(job) by name_block(job, rows, outputs), one copy of it for every size. */
#if LANES_ROWS == 6
#define MORE_LANES_ROWS(block, outputs)                                                            \
	case 4:                                                                                    \
		block(job, 4, outputs);                                                            \
		break;                                                                             \
	case 5:                                                                                    \
		block(job, 5, outputs);                                                            \
		break;                                                                             \
	case 6:                                                                                    \
		block(job, 6, outputs);                                                            \
		break;
#else
#define MORE_LANES_ROWS(block, outputs)
#endif
#define LANES_ROWS_OF(name, type, outputs)                                                         \
	static void name##_##outputs(const type *job)                                              \
	{                                                                                          \
		switch (job->m) {                                                                  \
		case 1:                                                                            \
			name##_block(job, 1, outputs);                                             \
			break;                                                                     \
		case 2:                                                                            \
			name##_block(job, 2, outputs);                                             \
			break;                                                                     \
		case 3:                                                                            \
			name##_block(job, 3, outputs);                                             \
			break;                                                                     \
			MORE_LANES_ROWS(name##_block, outputs)                                     \
		default:                                                                           \
			break;                                                                     \
		}                                                                                  \
	}
#define LANES_SIZES(name, type)                                                                    \
	LANES_ROWS_OF(name, type, 1)                                                               \
	LANES_ROWS_OF(name, type, 2)                                                               \
	LANES_ROWS_OF(name, type, 3)                                                               \
	LANES_ROWS_OF(name, type, 4)                                                               \
	static void name(const type *job)                                                          \
	{                                                                                          \
		switch (job->outputs) {                                                            \
		case 1:                                                                            \
			name##_1(job);                                                             \
			break;                                                                     \
		case 2:                                                                            \
			name##_2(job);                                                             \
			break;                                                                     \
		case 3:                                                                            \
			name##_3(job);                                                             \
			break;                                                                     \
		default:                                                                           \
			name##_4(job);                                                             \
			break;                                                                     \
		}                                                                                  \
	}

#endif
