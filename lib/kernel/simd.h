/*
 * simd - the two loops under every layer, compiled once per instruction set from one source.
 *
 * Both keep one order of additions for every output, whatever its place in a block and whatever
 * the block's remainder, so that a result depends on its own inputs alone.
 */
#ifndef SN_SIMD_H
#define SN_SIMD_H

#include <stddef.h>

/** Rows that sn_simd.rows takes at most, on any instruction set. */
#define SN_SIMD_ROWS 12

struct sn_simd {
	const char *isa; /* "x86-64-v4", "x86-64-v3", "x86-64-v2", "generic" */
	size_t columns;	 /* outputs of one call at most: a panel's width */
	size_t rows;	 /* rows (first factors) of one call at most, <= SN_SIMD_ROWS */

	/**
	 * y[i][j] = start[j] + sum over s < segments, k < length of a[i][s * jump + k] * b[(s *
	 * length + k) * step + j] for i < m, j < n, added in the order of s and k. a      m
	 * pointers, m <= rows; length floats are read at each segment b      second factor; of each
	 * line n floats are read, or `columns` where `step` >= columns and n == columns start  [n],
	 * NULL: zeros y      m pointers to n floats, overwritten
	 */
	void (*rows_by_panel)(const float *const *a, size_t m, size_t segments, size_t length,
			      size_t jump, const float *b, size_t step, const float *start,
			      float *const *y, size_t n);

	/**
	 * y[i * y_step + j] += sum over r < lines, q < points of a[r * a_line + q * a_point + i] *
	 * b[r * b_line + q * b_point + j] for i < m, j < n, added in the order of r and q to the
	 * old value. m <= rows, n <= columns
	 */
	void (*outer)(const float *a, size_t a_line, size_t a_point, const float *b, size_t b_line,
		      size_t b_point, size_t lines, size_t points, size_t m, float *y,
		      size_t y_step, size_t n);
};

/** The best that this processor runs, or what the environment's SN_ISA names (v4, v3, v2, generic)
 * where it runs that. Chosen once. */
const struct sn_simd *sn_simd(void);

/** All that this processor runs, best first, NULL at the end: for tests. */
const struct sn_simd *const *sn_simd_all(void);

#endif
