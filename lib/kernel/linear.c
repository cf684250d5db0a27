/*
 * linear - forward.  The weights stay as they are, [out][in].
 *
 * Products along `in`, in chunks: that of the images stays in the second cache, that of some rows
 * of weights, which is read once, in the first; a chunk's sums are added up before they meet those
 * of the chunks before.
 */
#include <string.h>
#include "window.h"

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t parts(size_t n, size_t of)
{
	return (n + of - 1) / of;
}

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

/* Rows that are asked for, one with every piece of work: the rows of weights that are next to be
 * read, then some of the images' next chunk. */
struct ahead {
	const float *weight, *image, *here;
	size_t step, rows, images;
};

static void behind(struct ahead *a, const struct sn_linear *s, const float *weight, size_t outputs,
		   size_t k, size_t j)
{
	size_t across = sn_simd()->dot_columns;
	if ((j += across) >= outputs) {
		j = 0;
		k += min(chunk(s), s->in - k);
	}
	a->weight = weight + j * s->in + k;
	a->rows = k < s->in ? min(across, outputs - j) : 0;
}

static const float *next(struct ahead *a)
{
	const float *row = a->here;
	if (a->rows) {
		row = a->weight;
		a->weight += a->step;
		a->rows--;
	} else if (a->images) {
		row = a->image;
		a->image += a->step;
		a->images--;
	}
	return row;
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
		struct ahead ahead = { .image = x + k + length,
				       .step = s->in,
				       .images = k + length < s->in ? n : 0 };
		float *sum = sums;
		for (size_t i = 0; step && i < n; i++)
			memcpy(chunks + i * step, x + i * s->in + k, length * sizeof *x);
		for (size_t j = 0; j < outputs; j += simd->dot_columns) {
			ahead.here = weight + (from + j) * s->in + k;
			behind(&ahead, s, weight + from * s->in, outputs, k, j);
			for (size_t i = 0; i < n; i += simd->dot_rows, sum += simd->dot_sums) {
				struct sn_dots job = { .a = step ? chunks + i * step
								 : x + i * s->in + k,
						       .a_step = step ? step : s->in,
						       .m = min(simd->dot_rows, n - i),
						       .b = weight + (from + j) * s->in + k,
						       .b_step = s->in,
						       .n = min(simd->dot_columns, outputs - j),
						       .length = length,
						       .ahead = next(&ahead),
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
