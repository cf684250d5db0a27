/*
 * linear_gradients - of a linear layer, whose weights stay as they are, [out][in].
 *
 *     input gradient   rows of weights are lines of panels, some rows and columns at a time
 *     weight gradient  outer products, in the order of the images
 *
 * Both together go through the weights in blocks that stay in the second cache: what the one has
 * read is there for who moves the weights by the other.
 */
#include <string.h>
#include "ahead.h"
#include "window.h"

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t parts(size_t n, size_t of)
{
	return (n + of - 1) / of;
}

/* ---- of the input ----------------------------------------------------------------------- */

/* Rows of weights, and columns, that are read together. */
enum { DEPTH = 128, WIDTH = 512 };

/* What is done with every piece of work, so that all of it is done after the last one. */
struct beside {
	struct sn_ahead next;
	const struct sn_linear_taker *taker; /* NULL, or who is told of rows [row, end) */
	size_t row, end, from, n;
	size_t pieces; /* that are left */
};

static void beside(struct beside *b)
{
	sn_ask(&b->next);
	if (!b->taker)
		return;
	for (size_t i = parts(b->end - b->row, b->pieces--); i > 0; i--)
		b->taker->ask(b->taker->context, b->row++, b->from, b->n);
}

/* dx += dy times some rows of weights, in some columns.  dy is copied: its rows may be pages apart,
 * and would share the few lines of one set of the first cache. */
static void input_block(const struct sn_linear *s, const float *dy, size_t n, const float *weight,
			size_t o, size_t depth, size_t from, size_t to, float *dx, struct beside *b)
{
	const struct sn_simd *simd = sn_simd();
	float copy[SN_SIMD_ROWS][DEPTH];
	const float *a[SN_SIMD_ROWS];
	float *y[SN_SIMD_ROWS];
	struct sn_rows job = {
		.a = a, .segments = 1, .length = depth, .step = s->in, .adds = o > 0, .y = y
	};
	for (size_t first = 0; first < n; first += simd->rows) {
		job.m = min(simd->rows, n - first);
		for (size_t r = 0; r < job.m; r++) {
			memcpy(copy[r], dy + (first + r) * s->out + o, depth * sizeof *dy);
			a[r] = copy[r];
		}
		for (size_t i = from; i < to; i += simd->columns) {
			beside(b);
			job.b = weight + o * s->in + i;
			job.n = min(simd->columns, to - i);
			for (size_t r = 0; r < job.m; r++)
				y[r] = dx + (first + r) * s->in + i;
			simd->rows_by_panel(&job);
		}
	}
}

static size_t input_pieces(size_t n, size_t width)
{
	return parts(n, sn_simd()->rows) * parts(width, sn_simd()->columns);
}

/* The rows of weights behind a block. */
static struct sn_ahead rows_behind(const struct sn_linear *s, const float *weight, size_t row,
				   size_t from, size_t width, size_t pieces)
{
	size_t rows = min(DEPTH, s->out - row);
	return sn_ahead(weight + row * s->in + from, s->in, rows, width, pieces);
}

void sn_linear_input_gradient(const struct sn_linear *s, const float *dy, size_t n,
			      const float *weight, size_t from, size_t to, float *dx)
{
	for (size_t i = from; i < to; i += WIDTH)
		for (size_t o = 0; o < s->out; o += DEPTH) {
			size_t depth = min(DEPTH, s->out - o), width = min(WIDTH, to - i);
			struct beside b = { .next = rows_behind(s, weight, o + depth, i, width,
								input_pieces(n, width)) };
			input_block(s, dy, n, weight, o, depth, i, i + width, dx, &b);
		}
}

/* ---- of the weights --------------------------------------------------------------------- */

void sn_linear_weight_gradient(const struct sn_linear *s, const float *x, const float *dy, size_t n,
			       const struct sn_linear_tile *t, float *dw)
{
	const struct sn_simd *simd = sn_simd();
	const size_t width = t->to_in - t->from_in;
	struct sn_outer job = {
		.a_point = s->out, .b_point = s->in, .lines = 1, .points = n, .y_step = width
	};
	for (size_t i = t->from_in; i < t->to_in; i += simd->columns) {
		size_t behind = min(simd->columns, t->to_in - min(i + simd->columns, t->to_in));
		struct sn_ahead next = sn_ahead(x + i + simd->columns, s->in, n, behind,
						parts(t->to_out - t->from_out, simd->rows));
		job.b = x + i;
		job.n = min(simd->columns, t->to_in - i);
		for (size_t o = t->from_out; o < t->to_out; o += simd->rows) {
			sn_ask(&next);
			job.a = dy + o;
			job.m = min(simd->rows, t->to_out - o);
			job.y = dw + (o - t->from_out) * width + i - t->from_in;
			simd->outer(&job);
		}
	}
}

/* ---- both ------------------------------------------------------------------------------- */

/* Columns of a block of weights; rows of those whose gradient is held at a time, and floats from an
 * image's dy of these to the next's. */
enum { COLUMNS = 256, STRIP = 12, STRIP_STEP = 16 };

size_t sn_linear_gradients_scratch(size_t n)
{
	return n * (COLUMNS + STRIP_STEP) + STRIP * COLUMNS;
}

struct block {
	const struct sn_linear *s;
	const struct sn_linear_taker *taker;
	const float *dy;
	size_t n, from, width;
	float *x, *strip, *sums; /* x: [panels][n][columns] */
};

/* The images' columns of a block, and the next ones asked for. */
static void pack(const struct block *b, const float *x, size_t behind)
{
	const size_t columns = sn_simd()->columns;
	float *to = b->x;
	for (size_t i = 0; i < b->width; i += columns) {
		size_t m = min(columns, b->width - i);
		for (size_t k = 0; k < b->n; k++, to += columns) {
			const float *from = x + k * b->s->in + b->from + i;
			memcpy(to, from, m * sizeof *to);
			memset(to + m, 0, (columns - m) * sizeof *to);
			if (i + COLUMNS < b->width + behind)
				for (size_t l = 0; l < columns; l += SN_AHEAD_LINE)
					__builtin_prefetch(from + COLUMNS + l, 0, 2);
		}
	}
}

/* The images' dy of some rows. */
static void pack_strip(const struct block *b, size_t o, size_t rows)
{
	const float *dy = b->dy + o;
	float *to = b->strip;
	if (o + STRIP_STEP <= b->s->out) /* more than that, but a number that is known */
		for (size_t k = 0; k < b->n; k++, dy += b->s->out, to += STRIP_STEP)
			memcpy(to, dy, STRIP_STEP * sizeof *to);
	else
		for (size_t k = 0; k < b->n; k++, dy += b->s->out, to += STRIP_STEP)
			memcpy(to, dy, rows * sizeof *to);
}

/* The weights' gradient in rows [o, o + depth). */
static void weight_block(const struct block *b, size_t o, size_t depth, struct beside *beside_it)
{
	const struct sn_simd *simd = sn_simd();
	for (size_t end = o + depth, rows; o < end; o += rows) {
		struct sn_outer_sums job = { .a = b->strip,
					     .a_step = STRIP_STEP,
					     .b = b->x,
					     .b_step = simd->columns,
					     .points = b->n,
					     .first = true,
					     .y_step = COLUMNS,
					     .n = simd->columns };
		rows = min(STRIP, end - o);
		job.m = rows;
		pack_strip(b, o, rows);
		for (size_t i = 0; i < b->width; i += simd->columns, job.b += b->n * job.b_step) {
			beside(beside_it);
			job.y = b->sums + i;
			simd->outer_sums(&job);
		}
		for (size_t r = 0; r < rows; r++)
			b->taker->take(b->taker->context, o + r, b->from, b->width,
				       b->sums + r * COLUMNS);
	}
}

void sn_linear_gradients(const struct sn_linear *s, const float *x, const float *dy, size_t n,
			 const float *weight, size_t from, size_t to, float *dx,
			 const struct sn_linear_taker *taker, float *scratch)
{
	struct block b = { .s = s,
			   .taker = taker,
			   .dy = dy,
			   .n = n,
			   .x = scratch,
			   .strip = scratch + n * COLUMNS,
			   .sums = scratch + n * (COLUMNS + STRIP_STEP) };
	for (b.from = from; b.from < to; b.from += b.width) {
		b.width = min(COLUMNS, to - b.from);
		pack(&b, x, min(COLUMNS, to - b.from - b.width));
		for (size_t o = 0, depth; o < s->out; o += depth) {
			depth = min(DEPTH, s->out - o);
			size_t panels = parts(b.width, sn_simd()->columns);
			struct beside asks = { .taker = taker->ask ? taker : NULL,
					       .row = o,
					       .end = o + depth,
					       .from = b.from,
					       .n = b.width,
					       .pieces = input_pieces(n, b.width) };
			struct beside next = { .pieces = parts(depth, STRIP) * panels };
			next.next = rows_behind(s, weight, o + depth, b.from, b.width, next.pieces);
			if (dx)
				input_block(s, dy, n, weight, o, depth, b.from, b.from + b.width,
					    dx, &asks);
			weight_block(&b, o, depth, &next);
		}
	}
}
