/*
 * linear - the weights stay as they are, [out][in].
 *
 *     forward          products along `in`, in chunks that stay in the first cache: the chunk of
 *                      six rows of weights meets that of all images
 *     input gradient   rows of weights are lines of panels, some rows and columns at a time
 *     weight gradient  outer products, in the order of the images
 */
#include <string.h>
#include "window.h"

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- forward -------------------------------------------------------------------------- */

enum { CHUNK = 512 };

/* Copies of the images' chunks, apart by more than a page so that they share no set of the cache.
 */
static size_t chunk(const struct sn_linear *s)
{
	return s->in <= 2 * CHUNK ? s->in : CHUNK;
}

static size_t chunk_step(const struct sn_linear *s)
{
	return sn_round_up(chunk(s), SN_SIMD_LANES) + SN_SIMD_LANES;
}

/* Images and outputs whose partial sums are held at a time. */
enum { IMAGES = 128, OUTPUTS = 48 };

size_t sn_linear_scratch(const struct sn_linear *s, size_t n)
{
	size_t images = min(n, IMAGES), outputs = min(s->out, OUTPUTS);
	return images * chunk_step(s) + images * outputs * SN_SIMD_LANES;
}

/* Some images, some outputs. */
static void products(const struct sn_linear *s, const float *x, size_t n, const float *weight,
		     const struct sn_finish *f, size_t from, size_t to, float *y, float *chunks,
		     float *sums)
{
	const struct sn_simd *simd = sn_simd();
	const size_t outputs = to - from, step = chunk_step(s);
	struct sn_finish part;
	for (size_t k = 0; k < s->in; k += chunk(s)) {
		size_t length = min(chunk(s), s->in - k);
		for (size_t i = 0; i < n; i++)
			memcpy(chunks + i * step, x + i * s->in + k, length * sizeof *x);
		for (size_t j = 0; j < outputs; j += simd->dot_columns)
			for (size_t i = 0; i < n; i += simd->dot_rows) {
				struct sn_dots job = { .a = chunks + i * step,
						       .a_step = step,
						       .m = min(simd->dot_rows, n - i),
						       .b = weight + (from + j) * s->in + k,
						       .b_step = s->in,
						       .n = min(simd->dot_columns, outputs - j),
						       .length = length,
						       .first = k == 0,
						       .sum = sums +
							      (i * outputs + j) * simd->lanes,
						       .sum_step = outputs };
				simd->dots(&job);
			}
	}
	if (f)
		part = sn_finish_from(f, from);
	for (size_t i = 0; i < n; i++)
		simd->dots_finish(sums + i * outputs * simd->lanes, outputs, f ? &part : NULL,
				  y + i * s->out + from);
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

static void input_block(const struct sn_linear *s, const float *dy, size_t n, const float *weight,
			size_t o, size_t depth, size_t from, size_t to, float *dx)
{
	const struct sn_simd *simd = sn_simd();
	const float *a[SN_SIMD_ROWS];
	float *y[SN_SIMD_ROWS];
	struct sn_rows job = {
		.a = a, .segments = 1, .length = depth, .step = s->in, .adds = o > 0, .y = y
	};
	for (size_t i = from; i < to; i += simd->columns) {
		job.b = weight + o * s->in + i;
		job.n = min(simd->columns, to - i);
		for (size_t first = 0; first < n; first += simd->rows) {
			job.m = min(simd->rows, n - first);
			for (size_t r = 0; r < job.m; r++) {
				a[r] = dy + (first + r) * s->out + o;
				y[r] = dx + (first + r) * s->in + i;
			}
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
		job.b = x + i;
		job.n = min(simd->columns, t->to_in - i);
		for (size_t o = t->from_out; o < t->to_out; o += simd->rows) {
			job.a = dy + o;
			job.m = min(simd->rows, t->to_out - o);
			job.y = dw + (o - t->from_out) * width + i - t->from_in;
			simd->outer(&job);
		}
	}
}
