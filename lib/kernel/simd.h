/*
 * simd - the inner loops under every layer, compiled once per instruction set from the sources in
 * simd/.
 *
 * All keep one order of additions for every output, whatever its place in a block and whatever the
 * block's remainder, so that a result depends on its own inputs alone.
 */
#ifndef SN_SIMD_H
#define SN_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/kernel.h>
#include "fft.h"

/** Rows that sn_simd.rows_by_panel takes at most, on any instruction set. */
#define SN_SIMD_ROWS 12
/** The widest vector, in floats: for arrays that any instruction set uses. */
#define SN_SIMD_LANES 16

/**
 * y[i][j] = sum over s < segments, k < length of a[i][s * jump + k] * b[(s * length + k) * step +
 * j] for i < m, j < n, added in the order of s and k to 0 or, where `adds`, to the old value; then
 * finished.
 *   a       m pointers, m <= rows; length floats are read at each segment
 *   b       of each line n floats are read, or `columns` where step == columns
 *   finish  NULL: none; its arrays begin with this panel's first column
 *   y       m pointers to n floats
 */
struct sn_rows {
	const float *const *a;
	size_t m, segments, length, jump;
	const float *b;
	size_t step;
	bool adds;
	const struct sn_finish *finish;
	float *const *y;
	size_t n;
};

/**
 * Pixels of a line times a panel, for windows of few numbers: y[i * y_point + j] = sum over k <
 * length of a[i * a_point + offset[k]] * b[k * columns + j] for i < pixels (any number), j < n, in
 * the order of k, finished.  finish, whose arrays begin with the panel's first column: or NULL
 */
struct sn_taps {
	const float *a;
	size_t a_point, pixels;
	const int32_t *offset;
	size_t length;
	const float *b;
	const struct sn_finish *finish;
	float *y;
	size_t y_point, n;
};

/**
 * y[i * y_step + j] += sum over r < lines, q < points of a[r * a_line + q * a_point + i] *
 * b[r * b_line + q * b_point + j] for i < m, j < n, added in the order of r and q to the old value.
 * m <= rows, n <= columns
 */
struct sn_outer {
	const float *a;
	size_t a_line, a_point;
	const float *b;
	size_t b_line, b_point;
	size_t lines, points;
	size_t m;
	float *y;
	size_t y_step, n;
};

/**
 * Sums of products along both factors: for i < m, j < n
 *     sum[i * dot_columns + j] += sum over k < length of a[i * a_step + k] * b[j * b_step + k]
 * to 0 where `first`; each lane of a vector has a sum of its own, added up at the end.
 *   m <= dot_rows, n <= dot_columns
 *   ahead  as many numbers are asked for while it works, to be at hand later
 *   sum    dot_sums floats, of which those that stand for no i or j are of no meaning
 */
struct sn_dots {
	const float *a;
	size_t a_step, m;
	const float *b;
	size_t b_step, n;
	size_t length;
	const float *ahead;
	bool first;
	float *sum;
};

/**
 * rows_by_panel in reduced precision: groups of 2 (bf16) or 4 (int8) numbers are multiplied and
 * added up by one instruction.  Lengths and steps count such groups, of 4 bytes each.
 *   a        m pointers, m <= rows
 *   b        [segments * length][columns] groups
 *   factor   int8: [m] of a row; its sums, less 128 times that of the weights, are multiplied with
 *            it and with those of the columns before they are finished
 *   columns  int8: [2][columns] factors, sums of weights (as int32_t)
 */
struct sn_low_rows {
	const uint32_t *const *a;
	size_t m, segments, length, jump;
	const uint32_t *b;
	const float *factor, *columns;
	const struct sn_finish *finish;
	float *const *y;
	size_t n;
};

struct sn_low_loops {
	void (*rows_by_panel)(const struct sn_low_rows *job);
	/** n numbers of x, multiplied with `scale`, to bf16 or to 128 + int8. */
	void (*convert)(void *to, const float *x, size_t n, float scale);
};

/**
 * Any number of rows times a panel: y[i * y_step + j] = sum over k < depth of a[i * a_step + k] *
 * b[k * columns + j] for i < m, j < n, added in the order of k, in parts that the depth gives.  n:
 * whole vectors, <= columns
 */
struct sn_product {
	const float *a;
	size_t a_step, m, depth;
	const float *b;
	float *y;
	size_t y_step, n;
};

/**
 * Sums of outer products, of any number of rows: y[i * y_step + j] += sum over q < points of
 * a[q * a_step + i] * b[q * b_step + j] for i < m, j < n, added in the order of q, in parts that
 * the number of points gives; to 0 where `first`.  n: whole vectors, <= columns
 */
struct sn_outer_sums {
	const float *a;
	size_t a_step, m;
	const float *b;
	size_t b_step, points;
	bool first;
	float *y;
	size_t y_step, n;
};

/** Winograd's transforms of one axis (simd/tiles.c), from n or t numbers to t or n. */
enum sn_transform {
	SN_TILE_INPUT,	  /* t -> t */
	SN_TILE_GRADIENT, /* n -> t, the transpose of OUTPUT */
	SN_TILE_OUTPUT,	  /* t -> n */
	SN_TILE_FINISH,	  /* the same, finished, the first `valid` alone stored */
	SN_TILE_WEIGHT,	  /* n -> t */
	SN_TILE_UNWEIGHT, /* t -> n, the transpose of WEIGHT */
};

/** 3 <= t <= SN_TILE_MOST, 2 <= n < t */
#define SN_TILE_MOST 8

/**
 * Windows of 3 at every second number: two of its taps meet every other number, a window of two,
 * and the one between them the rest, which is multiplied as it is.  A tile has 2 n + 1 points: n + 1
 * of the window of two, then n of the tap.  Of the tap all share one weight: n + 2 points of
 * weights.
 */
enum sn_tile_kind {
	SN_TILE_PLAIN,
	SN_TILE_STRIDED, /* INPUT: 2 n + 1 -> 2 n + 1, WEIGHT: 3 -> n + 2 */
	/* its input gradient: INPUT, of dy: n + 1 -> 2 n + 1, OUTPUT, FINISH: 2 n + 1 -> 2 n */
	SN_TILE_SPREAD,
	SN_TILE_KINDS
};

/** n of tiles of stride 2; and numbers of a tile at most. */
#define SN_TILE_STRIDED_MOST 4
#define SN_TILE_NUMBERS 9

/**
 * One transform at items of lines, a vector at a time: number i stands at from[i] + line *
 * from_line + item * from_item, what comes out at to + i * to_point + line * to_line + item *
 * to_item.
 *   finish  its arrays begin with this vector's first channel
 */
struct sn_lines {
	enum sn_tile_kind kind;
	size_t t, lines, items; /* t: of stride 2, n + 1 */
	const float *from[SN_TILE_NUMBERS];
	size_t from_line, from_item;
	float *to;
	size_t to_point, to_line, to_item;
	const struct sn_finish *finish;
	size_t valid;
};

/*
 * A picture in each lane: every number below is a vector of `lanes` floats, one of each picture,
 * but the weights.
 */

/**
 * y[i][o] = sum over s < lines, t < length of a[s][a_from + i * a_point + t] *
 * b[s * b_line + t * outputs + o] for i < m, o < outputs, added in the order of s and t to 0, then
 * finished.  Steps of a and y are in floats.
 *   m <= lanes_rows, outputs <= lanes_outputs
 *   finish  never NULL; its arrays begin with the first output
 */
struct sn_lanes_product {
	const float *const *a;
	size_t a_from, a_point, lines, length;
	const float *b; /* not vectors */
	size_t b_line;
	const struct sn_finish *finish;
	size_t m, outputs;
	float *y;
	size_t y_point;
};

/**
 * y[i][o] += sum over s < lines, q < points of a[s][a_from + q * a_point + i] *
 * b[s][b_from + q * b_point + o] for i < m, o < outputs, in the order of s and q; to 0 where
 * `first`.  y has no gaps.  m <= lanes_rows, outputs <= lanes_outputs
 */
struct sn_lanes_outer {
	const float *const *a;
	size_t a_from, a_point;
	const float *const *b;
	size_t b_from, b_point;
	size_t lines, points, m, outputs;
	bool first;
	float *y;
};

/*
 * Winograd's tiles, a picture in each lane: `outputs` x `outputs` numbers are computed with
 * `points` x `points` products.
 */

/** Windows of side points + 1 - outputs: 6 points and 4 outputs, or 8 points and 3 to 5 outputs. */
struct sn_lane_tiles {
	size_t points, outputs;
};

/** Transforms of a tile: number (i, j) of channel c stands at from[i] + j * point + c * lanes, its
 * transform's number f at to + f * step + c * lanes. */
struct sn_lane_tiles_in {
	const float *const *from;
	size_t point, channels;
	float *to;
	size_t step;
};

/** The way back, and the finish (never NULL; its arrays begin with the first output): output o's
 * number (i, j) goes to to + i * line + j * point + o * lanes. */
struct sn_lane_tiles_out {
	const float *from;
	size_t step, outputs;
	const struct sn_finish *finish;
	float *to;
	size_t line, point;
};

/** For each of the products f: y[f][i][o] = sum over k < depth of x[f][i][k] * u[f][k][o] for i <
 * m, o < outputs; x_step and y_step floats lie from one f to the next.  u: no vectors, no gaps.
 * m <= lanes_rows, outputs <= lanes_outputs */
struct sn_lane_tiles_product {
	const float *x;
	size_t x_step;
	const float *u;
	size_t depth, products, m, outputs;
	float *y;
	size_t y_step;
};

/** For each of the products f: y[f][k][o] += sum over i < tiles of x[f][i][k] * d[f][i][o] for k <
 * depth, o < outputs; to 0 where `first`.  With sum [f][k][o], no vectors, y is room for one f
 * alone, and its lanes are added to the sum.  outputs <= lanes_outputs */
struct sn_lane_tiles_outer {
	const float *x;
	size_t x_step;
	const float *d;
	size_t d_step;
	size_t tiles, depth, products, outputs;
	bool first;
	float *y, *sum;
};

struct sn_simd {
	const char *isa; /* "x86-64-v4", "x86-64-v3", "x86-64-v2", "generic" */
	size_t lanes;	 /* floats of a vector */
	size_t columns;	 /* outputs of one call at most: a panel's width */
	size_t rows;	 /* rows (first factors) of one call at most, <= SN_SIMD_ROWS */
	size_t dot_rows, dot_columns, dot_sums;

	void (*rows_by_panel)(const struct sn_rows *job);
	void (*taps_by_panel)(const struct sn_taps *job);
	void (*outer)(const struct sn_outer *job);
	void (*dots)(const struct sn_dots *job);
	/** y[j] = sum[j], finished; j < n. */
	void (*dots_finish)(const float *sum, size_t n, const struct sn_finish *finish, float *y);
	void (*product)(const struct sn_product *job);
	void (*outer_sums)(const struct sn_outer_sums *job);
	void (*tiles)(enum sn_transform what, size_t n, const struct sn_lines *job);
	const struct sn_fft_loops *fft;

	const struct sn_sweeps *sweeps;		/* all that is no product */
	const struct sn_low_loops *bf16, *int8; /* NULL where the set has none */

	size_t lanes_rows, lanes_outputs;
	/** `lanes` lines of n floats to n vectors, and back. */
	void (*lanes_in)(const float *const *from, size_t n, float *to);
	void (*lanes_out)(const float *from, size_t n, float *const *to);
	void (*lanes_product)(const struct sn_lanes_product *job);
	void (*lanes_outer)(const struct sn_lanes_outer *job);
	/** sum[i] += the lanes of vector i, added up in a fixed order; i < n. */
	void (*lanes_add)(const float *from, size_t n, float *sum);

	/** x: points x points numbers; spread, of dy: outputs x outputs. */
	void (*lane_tiles_in)(const struct sn_lane_tiles *t, const struct sn_lane_tiles_in *job);
	void (*lane_tiles_spread)(const struct sn_lane_tiles *t,
				  const struct sn_lane_tiles_in *job);
	void (*lane_tiles_out)(const struct sn_lane_tiles *t, const struct sn_lane_tiles_out *job);
	void (*lane_tiles_product)(const struct sn_lane_tiles_product *job);
	void (*lane_tiles_outer)(const struct sn_lane_tiles_outer *job);
	/** A filter in each lane: w [side][side][lanes], of which n <= lanes count, to u, `step`
	 * floats from one number to the next; unweights, of sums of gradients: back. */
	void (*lane_tiles_weights)(const struct sn_lane_tiles *t, const float *w, size_t n,
				   float *u, size_t step);
	void (*lane_tiles_unweights)(const struct sn_lane_tiles *t, const float *u, size_t step,
				     size_t n, float *w);
};

/** The best that this processor runs, or what the environment's SN_ISA names (v4, v3, v2, generic)
 * where it runs that. Chosen once. */
const struct sn_simd *sn_simd(void);

/** All that this processor runs, best first, NULL at the end: for tests. */
const struct sn_simd *const *sn_simd_all(void);

#endif
