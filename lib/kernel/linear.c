/*
 * linear - the weights stay as they are, [out][in].
 *
 *     forward          products along `in`, in chunks: that of the images stays in the second
 *                      cache, that of some rows of weights, which is read once, in the first; a
 *                      chunk's sums are added up before they meet those of the chunks before
 *     input gradient   rows of weights are lines of panels, some rows and columns at a time
 *     weight gradient  outer products, in the order of the images
 */
#include <string.h>
#include "window.h"

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Rows that will be wanted next are asked for while the present ones are worked on, a few lines of
 * the cache with every piece of work: the processor foresees nothing beyond a page, and waits where
 * it is asked for much at once.
 */
struct ahead {
	const float *x; /* the row that is asked for */
	size_t step, rows, n;
	size_t at;   /* within it */
	size_t each; /* lines for a piece of work */
};

enum { LINE = 16 }; /* floats */

/* rows of n floats each, in so many pieces of work. */
static struct ahead ahead(const float *x, size_t step, size_t rows, size_t n, size_t pieces)
{
	size_t lines = (n + LINE - 1) / LINE * rows;
	return (struct ahead){ x, step, n ? rows : 0, n, 0, (lines + pieces - 1) / pieces };
}

static void ask(struct ahead *a)
{
	for (size_t i = 0; a->rows && i < a->each; i++) {
		__builtin_prefetch(a->x + a->at, 0, 2);
		if ((a->at += LINE) >= a->n) {
			a->at = 0;
			a->x += a->step;
			a->rows--;
		}
	}
}

static size_t parts(size_t n, size_t of)
{
	return (n + of - 1) / of;
}

/* ---- forward -------------------------------------------------------------------------- */

enum { CHUNK = 2048, PAGE = 4096 };

static size_t chunk(const struct sn_linear *s)
{
	return s->in < CHUNK ? s->in : CHUNK;
}

/* Rows that are whole pages apart would share the few lines of one set of the first cache with
 * those of the weights: the images' chunks are copied, apart by more than a page. */
static bool is_aliased(const struct sn_linear *s)
{
	return s->in * sizeof(float) % PAGE == 0;
}

static size_t chunk_step(const struct sn_linear *s)
{
	return is_aliased(s) ? sn_round_up(chunk(s), SN_SIMD_LANES) + SN_SIMD_LANES : 0;
}

/* Images whose chunks stay in the second cache, and outputs that take turns with them. */
enum { IMAGES = 64, OUTPUTS = 252 };

/* Blocks of sums that some images and outputs have. */
static size_t blocks(size_t images, size_t outputs)
{
	const struct sn_simd *simd = sn_simd();
	return parts(images, simd->dot_rows) * parts(outputs, simd->dot_columns);
}

size_t sn_linear_scratch(const struct sn_linear *s, size_t n)
{
	size_t images = min(n, IMAGES), outputs = min(s->out, OUTPUTS);
	size_t sums = blocks(images, outputs) * sn_simd()->dot_sums;
	return images * chunk_step(s) + sums + sn_round_up(outputs, SN_SIMD_LANES);
}

/* The rows behind output j at chunk k: the next ones, or the first ones of the next chunk. */
static struct ahead after(const struct sn_linear *s, const float *weight, size_t outputs, size_t k,
			  size_t j, size_t n)
{
	const struct sn_simd *simd = sn_simd();
	size_t length = min(chunk(s), s->in - k), pieces = parts(n, simd->dot_rows);
	if ((j += simd->dot_columns) >= outputs) {
		j = 0;
		k += length;
		length = min(chunk(s), s->in - k);
	}
	return ahead(weight + j * s->in + k, s->in, min(simd->dot_columns, outputs - j), length,
		     pieces);
}

/* The images' next chunk. */
static struct ahead next_chunk(const struct sn_linear *s, const float *x, size_t n, size_t k,
			       size_t pieces)
{
	size_t next = k + min(chunk(s), s->in - k);
	return ahead(x + next, s->in, n, min(chunk(s), s->in - next), pieces);
}

/* Blocks of sums -> the image's outputs. */
static void finish_image(const float *sums, size_t i, size_t n, size_t outputs,
			 const struct sn_finish *f, float *line, float *y)
{
	const struct sn_simd *simd = sn_simd();
	const size_t across = simd->dot_columns, step = parts(n, simd->dot_rows) * simd->dot_sums;
	sums += i / simd->dot_rows * simd->dot_sums + i % simd->dot_rows * across;
	for (size_t j = 0; j < outputs; j += across, sums += step)
		memcpy(line + j, sums, min(across, outputs - j) * sizeof *line);
	simd->dots_finish(line, outputs, f, y);
}

/* Some images, some outputs. */
static void products(const struct sn_linear *s, const float *x, size_t n, const float *weight,
		     const struct sn_finish *f, size_t from, size_t to, float *y, float *chunks,
		     float *sums)
{
	const struct sn_simd *simd = sn_simd();
	const size_t outputs = to - from, step = chunk_step(s);
	float *line = sums + blocks(n, outputs) * simd->dot_sums;
	struct sn_finish part;
	for (size_t k = 0; k < s->in; k += chunk(s)) {
		size_t length = min(chunk(s), s->in - k);
		struct ahead images = next_chunk(s, x, n, k, blocks(n, outputs));
		float *sum = sums;
		for (size_t i = 0; step && i < n; i++)
			memcpy(chunks + i * step, x + i * s->in + k, length * sizeof *x);
		for (size_t j = 0; j < outputs; j += simd->dot_columns) {
			struct ahead next = after(s, weight + from * s->in, outputs, k, j, n);
			for (size_t i = 0; i < n; i += simd->dot_rows, sum += simd->dot_sums) {
				ask(&next);
				ask(&images);
				struct sn_dots job = { .a = step ? chunks + i * step
								 : x + i * s->in + k,
						       .a_step = step ? step : s->in,
						       .m = min(simd->dot_rows, n - i),
						       .b = weight + (from + j) * s->in + k,
						       .b_step = s->in,
						       .n = min(simd->dot_columns, outputs - j),
						       .length = length,
						       .first = k == 0,
						       .sum = sum };
				simd->dots(&job);
			}
		}
	}
	if (f)
		part = sn_finish_from(f, from);
	for (size_t i = 0; i < n; i++)
		finish_image(sums, i, n, outputs, f ? &part : NULL, line, y + i * s->out + from);
}

void sn_linear_forward(const struct sn_linear *s, const float *x, size_t n, const float *weight,
		       const struct sn_finish *f, size_t from, size_t to, float *y, float *scratch)
{
	for (size_t i = 0; i < n; i += IMAGES) {
		size_t m = min(IMAGES, n - i);
		for (size_t o = from; o < to; o += OUTPUTS)
			products(s, x + i * s->in, m, weight, f, o, min(o + OUTPUTS, to),
				 y + i * s->out, scratch, scratch + min(n, IMAGES) * chunk_step(s));
	}
}

/* ---- gradients ------------------------------------------------------------------------ */

/* Rows of weights, and columns, that are read together: they stay in the second cache. */
enum { DEPTH = 128, WIDTH = 512 };

/* dx += dy times some rows of weights, in some columns.  dy is copied: its rows may be pages apart,
 * and would share the few lines of one set of the first cache. */
static void input_block(const struct sn_linear *s, const float *dy, size_t n, const float *weight,
			size_t o, size_t depth, size_t from, size_t to, float *dx)
{
	const struct sn_simd *simd = sn_simd();
	float copy[SN_SIMD_ROWS][DEPTH];
	const float *a[SN_SIMD_ROWS];
	float *y[SN_SIMD_ROWS];
	struct sn_rows job = {
		.a = a, .segments = 1, .length = depth, .step = s->in, .adds = o > 0, .y = y
	};
	size_t behind = o + depth < s->out ? min(DEPTH, s->out - o - depth) : 0;
	struct ahead next = ahead(weight + (o + depth) * s->in + from, s->in, behind, to - from,
				  parts(n, simd->rows) * parts(to - from, simd->columns));
	for (size_t first = 0; first < n; first += simd->rows) {
		job.m = min(simd->rows, n - first);
		for (size_t r = 0; r < job.m; r++) {
			memcpy(copy[r], dy + (first + r) * s->out + o, depth * sizeof *dy);
			a[r] = copy[r];
		}
		for (size_t i = from; i < to; i += simd->columns) {
			ask(&next);
			job.b = weight + o * s->in + i;
			job.n = min(simd->columns, to - i);
			for (size_t r = 0; r < job.m; r++)
				y[r] = dx + (first + r) * s->in + i;
			simd->rows_by_panel(&job);
		}
	}
}

void sn_linear_input_gradient(const struct sn_linear *s, const float *dy, size_t n,
			      const float *weight, size_t from, size_t to, float *dx)
{
	for (size_t i = from; i < to; i += WIDTH)
		for (size_t o = 0; o < s->out; o += DEPTH)
			input_block(s, dy, n, weight, o, min(DEPTH, s->out - o), i,
				    min(i + WIDTH, to), dx);
}

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
		struct ahead next = ahead(x + i + simd->columns, s->in, n, behind,
					  parts(t->to_out - t->from_out, simd->rows));
		job.b = x + i;
		job.n = min(simd->columns, t->to_in - i);
		for (size_t o = t->from_out; o < t->to_out; o += simd->rows) {
			ask(&next);
			job.a = dy + o;
			job.m = min(simd->rows, t->to_out - o);
			job.y = dw + (o - t->from_out) * width + i - t->from_in;
			simd->outer(&job);
		}
	}
}
