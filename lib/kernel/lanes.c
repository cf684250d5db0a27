/*
 * lanes - convolution with a picture in each lane of a vector (simd/lanes.c): for layers whose
 * channels are too few to fill vectors.
 *
 * Rows are transposed as they are needed, into a ring of as many as a window has; so are the rows
 * of sums on their way out.
 *
 * packed: [blocks of outputs][kh kw c][outputs of the block]; a sum of gradients has the same
 * layout.
 */
#include <math.h>
#include <string.h>
#include "crew.h"

enum {
	CHUNK = 4096, /* floats of sums that stay in the first cache */
	POINTS = 64,  /* pixels of a block of the weight gradient, about */
	MOST_ROWS = 64
};

static size_t run(const struct sn_conv *s)
{
	return s->kw * s->c;
}

static size_t taps(const struct sn_conv *s)
{
	return s->kh * run(s);
}

/* Pixels of a row with its borders. */
static size_t width(const struct sn_conv *s)
{
	return s->w + 2 * s->pad_w;
}

static size_t images(const struct sn_conv *s)
{
	(void)s;
	return sn_simd()->lanes;
}

/* ---- forward --------------------------------------------------------------------------- */

static size_t packed(const struct sn_conv *s)
{
	return taps(s) * s->k;
}

static size_t pieces(const struct sn_conv *s)
{
	return sn_lane_outputs(s).blocks;
}

static void pack(const struct sn_conv *s, const struct sn_conv_view *v, float *to, size_t piece)
{
	struct sn_parts p = sn_lane_outputs(s);
	size_t from = sn_part_from(&p, piece), n = sn_part_size(&p, piece);
	to += from * taps(s);
	for (size_t i = 0; i < s->kh; i++)
		for (size_t j = 0; j < s->kw; j++)
			for (size_t c = 0; c < s->c; c++)
				for (size_t o = 0; o < n; o++)
					*to++ = sn_view_weight(v, from + o, c, i, j);
}

/* Pixels whose sums stay in the first cache. */
static struct sn_parts chunks(const struct sn_conv *s)
{
	size_t most = CHUNK / (s->k * sn_simd()->lanes), rows = sn_simd()->lanes_rows;
	return sn_parts(s->ow, most < rows ? rows : most / rows * rows);
}

static size_t chunk_floats(const struct sn_conv *s)
{
	struct sn_parts p = chunks(s);
	return sn_part_size(&p, 0) * s->k;
}

static size_t zeros(const struct sn_conv *s)
{
	size_t x = s->w * s->c, y = s->ow * s->k;
	return sn_round_up(x > y ? x : y, SN_SIMD_LANES);
}

/* Columns of the window, [from, to), that meet the picture at some of m pixels. */
static void columns_met(const struct sn_conv *s, size_t pixel, size_t m, size_t *from, size_t *to)
{
	size_t first = pixel * s->stride, last = (pixel + m - 1) * s->stride;
	if (s->mirrors) {
		*from = 0, *to = s->kw;
		return;
	}
	*from = last < s->pad_w ? s->pad_w - last : 0;
	*to = sn_least(s->kw, s->w + s->pad_w - first);
}

/* What a step of m rows and o outputs costs: multiply-adds or loads. */
static double step(size_t m, size_t o)
{
	return (double)(m * o > m + o ? m * o : m + o);
}

/* Cycles of sixteen pictures. */
static double cost(const struct sn_conv *s)
{
	const size_t rows = sn_simd()->lanes_rows;
	const struct sn_parts p = sn_lane_outputs(s), blocks = sn_parts(s->ow, rows);
	double lines = 0, sum = 0, once = 0;
	if (s->kh > MOST_ROWS)
		return INFINITY;
	for (size_t y = 0; y < s->oh; y++) {
		size_t top = y * s->stride, from = top < s->pad_h ? s->pad_h - top : 0;
		lines += (double)(sn_least(s->kh, s->h + s->pad_h - top) - from);
	}
	for (size_t b = 0; b < blocks.blocks; b++) {
		size_t m = sn_part_size(&blocks, b), from, to;
		columns_met(s, sn_part_from(&blocks, b), m, &from, &to);
		for (size_t k = 0; k < p.blocks; k++) {
			size_t o = sn_part_size(&p, k);
			sum += (double)((to - from) * s->c) * step(m, o) + 5;
			once += 20 + 1.5 * (double)(m * o);
		}
	}
	return lines * sum + (double)s->oh * once + 5 * (double)(s->oh * s->ow * s->k) +
	       9 * (double)(s->h * s->w * s->c);
}

static size_t scratch(const struct sn_conv *s, size_t n)
{
	(void)n;
	return zeros(s) + s->kh * sn_ring_row(s, width(s)) +
	       chunk_floats(s) * (sn_simd()->lanes + 1);
}

/* A block of pixels, all outputs; columns of the window that meet the border alone are left out.
 * row: of the window, that the job begins with. */
static void product(const struct sn_conv *s, struct sn_lanes_product *job, size_t pixel, size_t row,
		    const float *packed, const struct sn_finish *finish, float *y)
{
	const size_t lanes = sn_simd()->lanes;
	const struct sn_parts p = sn_lane_outputs(s);
	size_t from, to;
	columns_met(s, pixel, job->m, &from, &to);
	job->a_from = (pixel * s->stride + from) * s->c * lanes;
	job->length = (to - from) * s->c;
	for (size_t b = 0; b < p.blocks; b++) {
		size_t o = sn_part_from(&p, b);
		struct sn_finish f = *finish;
		if (f.bias)
			f.bias += o;
		if (f.scale) {
			f.scale += o;
			f.shift += o;
		}
		job->finish = &f;
		job->outputs = sn_part_size(&p, b);
		job->b = packed + o * taps(s) + (row * run(s) + from * s->c) * job->outputs;
		job->b_line = run(s) * job->outputs;
		job->y = y + o * lanes;
		sn_simd()->lanes_product(job);
	}
}

static void forward_turn(const struct sn_crew *c, const float *x, const float *packed,
			 const struct sn_finish *finish, float *y, float *memory)
{
	const struct sn_conv *s = c->s;
	const struct sn_simd *simd = sn_simd();
	const struct sn_parts all = chunks(s);
	float *sums = memory + zeros(s) + s->kh * sn_ring_row(s, width(s));
	float *nowhere = sums + chunk_floats(s) * c->lanes;
	struct sn_ring ring;
	memset(memory, 0, zeros(s) * sizeof *memory);
	sn_ring_init(&ring, c, x, s->kh, width(s), memory + zeros(s), memory);
	for (size_t line = 0; line < c->lines; line++) {
		const float *a[MOST_ROWS];
		size_t top = line * s->stride, i = 0, end = s->kh;
		struct sn_lanes_product job = { .a = a,
						.a_point = s->stride * s->c * c->lanes,
						.y_point = s->k * c->lanes };
		sn_ring_fill(&ring, top, top + s->kh);
		while (i < end && sn_ring_is_empty(&ring, top + i))
			i++;
		while (end > i && sn_ring_is_empty(&ring, top + end - 1))
			end--;
		for (; i + job.lines < end; job.lines++)
			a[job.lines] = sn_ring_line(&ring, top + i + job.lines);
		for (size_t b = 0; b < all.blocks; b++) {
			size_t from = sn_part_from(&all, b), n = sn_part_size(&all, b);
			struct sn_parts blocks = sn_parts(n, simd->lanes_rows);
			float *to[SN_SIMD_LANES];
			for (size_t k = 0; k < blocks.blocks; k++) {
				size_t pixel = sn_part_from(&blocks, k);
				job.m = sn_part_size(&blocks, k);
				product(s, &job, from + pixel, i, packed, finish,
					sums + pixel * job.y_point);
			}
			sn_crew_outputs(c, line, y + from * s->k, nowhere, to);
			simd->lanes_out(sums, n * s->k, to);
		}
	}
}

static void forward(const struct sn_conv *s, const float *x, size_t n, const float *packed,
		    const struct sn_finish *f, float *y, float *memory)
{
	for (size_t first = 0, m; first < n; first += m) {
		m = sn_least(n - first, sn_simd()->lanes);
		struct sn_crew c = sn_crew(s, m, 1);
		forward_turn(&c, x + first * s->h * s->w * s->c, packed, f,
			     y + first * s->oh * s->ow * s->k, memory);
	}
}

/* ---- weight gradient ------------------------------------------------------------------- */

/* Rows of sums that a block takes, and the columns it takes at a time. */
static size_t strip(const struct sn_conv *s)
{
	size_t lines = POINTS / s->ow;
	return lines < 1 ? 1 : sn_least(lines, s->oh);
}

static struct sn_parts columns(const struct sn_conv *s)
{
	return sn_parts(s->ow, POINTS);
}

static size_t slots(const struct sn_conv *s)
{
	return (strip(s) - 1) * s->stride + s->kh;
}

/* Whether one block sees the whole picture: then its sums need not be kept for the next. */
static bool is_single(const struct sn_conv *s)
{
	return strip(s) == s->oh && columns(s).blocks == 1;
}

/* Cycles of sixteen pictures. */
static double gradient_cost(const struct sn_conv *s)
{
	const struct sn_parts outs = sn_lane_outputs(s), parts = columns(s);
	const struct sn_parts blocks = sn_parts(run(s), sn_simd()->lanes_rows);
	double points = (double)(s->oh * s->ow), sums = (double)(taps(s) * s->k), sum = 0;
	const struct sn_parts strips = sn_parts(s->oh, strip(s));
	double turns = (double)strips.blocks * (double)parts.blocks;
	double lines = (double)(s->oh * parts.blocks), each = 3;
	if (s->kh > MOST_ROWS)
		return INFINITY;
	for (size_t b = 0; b < blocks.blocks; b++)
		for (size_t k = 0; k < outs.blocks; k++)
			sum += points * step(sn_part_size(&blocks, b), sn_part_size(&outs, k)) +
			       5 * lines + 20 * turns;
	/* sums that leave the cache between turns */
	if (!is_single(s) && sums > 20000)
		each = sums > 150000 ? 20 : 7;
	return (double)s->kh * sum + turns * each * sums + 3 * sums + 9 * points * (double)s->k +
	       9 * (double)(s->h * s->w * s->c);
}

static size_t gradient_scratch(const struct sn_conv *s, size_t n)
{
	(void)n;
	size_t sums = taps(s) * (is_single(s) ? sn_least(sn_simd()->lanes_outputs, s->k) : s->k);
	return zeros(s) + slots(s) * sn_ring_row(s, width(s)) +
	       (strip(s) * s->ow * s->k + sums) * sn_simd()->lanes;
}

/* All taps of a block of outputs: sums is [taps][outputs][lanes]. */
static void outer(const struct sn_conv *s, const struct sn_ring *ring, size_t top,
		  struct sn_lanes_outer *job, size_t column, float *sums)
{
	const size_t lanes = sn_simd()->lanes;
	const struct sn_parts blocks = sn_parts(run(s), sn_simd()->lanes_rows);
	for (size_t i = 0; i < s->kh; i++) {
		const float *a[POINTS];
		for (size_t r = 0; r < job->lines; r++)
			a[r] = sn_ring_line(ring, top + r * s->stride + i);
		job->a = a;
		for (size_t b = 0; b < blocks.blocks; b++) {
			size_t t = sn_part_from(&blocks, b);
			job->m = sn_part_size(&blocks, b);
			job->a_from = (column * s->stride * s->c + t) * lanes;
			job->y = sums + (i * run(s) + t) * job->outputs * lanes;
			sn_simd()->lanes_outer(job);
		}
	}
}

static void gradient_turn(const struct sn_crew *c, const float *x, const float *dy, float *sum,
			  float *memory)
{
	const struct sn_conv *s = c->s;
	const struct sn_simd *simd = sn_simd();
	const struct sn_parts blocks = sn_lane_outputs(s), parts = columns(s);
	const size_t lanes = c->lanes, line_floats = s->ow * s->k * lanes;
	float *rows = memory + zeros(s) + slots(s) * sn_ring_row(s, width(s));
	float *sums = rows + strip(s) * line_floats;
	const bool single = is_single(s);
	struct sn_ring ring;
	memset(memory, 0, zeros(s) * sizeof *memory);
	sn_ring_init(&ring, c, x, slots(s), width(s), memory + zeros(s), memory);
	for (size_t line = 0, n; line < c->lines; line += n) {
		const float *b[POINTS];
		n = sn_least(strip(s), c->lines - line);
		sn_ring_fill(&ring, line * s->stride, (line + n - 1) * s->stride + s->kh);
		sn_crew_fill(c, dy, line, n, memory, rows, line_floats);
		for (size_t r = 0; r < n; r++)
			b[r] = rows + r * line_floats;
		for (size_t p = 0; p < parts.blocks; p++)
			for (size_t k = 0; k < blocks.blocks; k++) {
				size_t from = sn_part_from(&parts, p), o = sn_part_from(&blocks, k);
				struct sn_lanes_outer job = { .a_point = s->stride * s->c * lanes,
							      .b = b,
							      .b_from = (from * s->k + o) * lanes,
							      .b_point = s->k * lanes,
							      .lines = n,
							      .points = sn_part_size(&parts, p),
							      .outputs = sn_part_size(&blocks, k),
							      .first = line == 0 && p == 0 };
				outer(s, &ring, line * s->stride, &job, from,
				      single ? sums : sums + o * taps(s) * lanes);
				if (single)
					simd->lanes_add(sums, taps(s) * job.outputs,
							sum + o * taps(s));
			}
	}
	if (!single)
		simd->lanes_add(sums, taps(s) * s->k, sum);
}

static void gradient(const struct sn_conv *s, const float *x, const float *dy, size_t n, float *sum,
		     float *memory)
{
	for (size_t first = 0, m; first < n; first += m) {
		m = sn_least(n - first, sn_simd()->lanes);
		struct sn_crew c = sn_crew(s, m, 1);
		gradient_turn(&c, x + first * s->h * s->w * s->c, dy + first * s->oh * s->ow * s->k,
			      sum, memory);
	}
}

static void unpack(const struct sn_conv *s, float *sum, float *dw)
{
	struct sn_parts p = sn_lane_outputs(s);
	size_t area = s->kh * s->kw;
	for (size_t b = 0; b < p.blocks; b++) {
		size_t from = sn_part_from(&p, b), n = sn_part_size(&p, b);
		for (size_t t = 0; t < area; t++)
			for (size_t c = 0; c < s->c; c++)
				for (size_t o = 0; o < n; o++)
					dw[((from + o) * s->c + c) * area + t] = *sum++;
	}
}

const struct sn_conv_way sn_way_lanes = {
	.name = "lanes",
	.cost = cost,
	.packed = packed,
	.pieces = pieces,
	.pack = pack,
	.scratch = scratch,
	.forward = forward,
	.mirrors = true,
	.images = images,
	.gradient_cost = gradient_cost,
	.sum = packed,
	.gradient_scratch = gradient_scratch,
	.gradient = gradient,
	.unpack = unpack,
};
