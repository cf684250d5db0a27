/*
 * direct - convolution as it is defined, without lowering: windows read in place (window.h).
 *
 * packed: panels [ceil(k / columns)][kh kw c][columns]; a sum of gradients has the same layout.
 */
#include <string.h>
#include "window.h"

static size_t taps(const struct sn_conv *s)
{
	return s->kh * s->kw * s->c;
}

static size_t padded(const struct sn_conv *s)
{
	return sn_round_up(s->k, sn_simd()->columns);
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Blocks of pixels that waste little, of one image if it has them. */
static size_t images_wanted(const struct sn_conv *s)
{
	return min(sn_round_up(96, s->oh * s->ow) / (s->oh * s->ow), SN_KERNEL_IMAGES);
}

/* Images of a turn: their bordered copies stay in the second cache. */
static size_t images(const struct sn_conv *s, size_t n)
{
	size_t one = sn_bordered_size(s, 1);
	size_t most = one ? 65536 / one : n;
	return most < 1 ? 1 : min(most, n);
}

/* ---- forward -------------------------------------------------------------------------- */

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/* Cycles of a block of m pixels and v vectors, a step: multiply-adds or loads. */
static double step(double m, double v)
{
	return larger(m * v, m + v);
}

/* A panel that is half empty needs half the work; stores of odd numbers of channels are slow. */
static double cost(const struct sn_conv *s)
{
	double all = (double)taps(s), lines = (double)s->oh, w = (double)s->ow;
	double borders = 2 * (double)sn_bordered_size(s, 1), cycles = 0;
	if (taps(s) > SN_WINDOW_TAPS || s->ow < SN_WINDOW_LINE) {
		double run = (double)(s->kw * s->c);
		return lines * w * ((run + 4) * (double)s->kh + 12) *
			       (double)sn_round_up(s->k, 16) * 1.05 +
		       borders;
	}
	const size_t whole = (s->ow + 11) / 12;
	double blocks = (double)whole, m = w / blocks;
	for (size_t from = 0; from < s->k; from += 32) {
		double v = s->k - from > 16 ? 2 : 1;
		cycles += all * step(m, v) * 1.04 + 20 + 3 * m * v;
		if (s->k - from < 32 && s->k % 16)
			cycles += 40 * m;
	}
	return 16 * cycles * blocks * lines + borders;
}

static size_t packed(const struct sn_conv *s)
{
	return taps(s) * padded(s);
}

static size_t pieces(const struct sn_conv *s)
{
	return padded(s) / sn_simd()->columns;
}

static void pack(const struct sn_conv *s, const struct sn_conv_view *v, float *to, size_t piece)
{
	size_t columns = sn_simd()->columns, from = piece * columns;
	float *panel = to + piece * taps(s) * columns;
	for (size_t i = 0; i < s->kh; i++)
		for (size_t j = 0; j < s->kw; j++)
			for (size_t c = 0; c < s->c; c++)
				for (size_t o = 0; o < columns; o++)
					*panel++ = from + o < s->k
							   ? sn_view_weight(v, from + o, c, i, j)
							   : 0;
}

static size_t scratch(const struct sn_conv *s, size_t n)
{
	return sn_bordered_size(s, images(s, n));
}

static void forward(const struct sn_conv *s, const float *x, size_t n, const float *panels,
		    const struct sn_finish *f, float *y, float *memory)
{
	size_t turn = images(s, n);
	for (size_t first = 0, m; first < n; first += m) {
		m = min(turn, n - first);
		struct sn_field field = sn_bordered(s, x + first * s->h * s->w * s->c, m, memory);
		sn_windows(field, m, s->stride, s->kh, s->kw * s->c, panels, f,
			   y + first * s->oh * s->ow * s->k, s->oh, s->ow, s->k);
	}
}

/* ---- weight gradient ------------------------------------------------------------------ */

/* dy in whole vectors at every pixel. */
static size_t widened(const struct sn_conv *s)
{
	return s->k % sn_simd()->columns ? s->oh * s->ow * padded(s) : 0;
}

static double gradient_cost(const struct sn_conv *s)
{
	double pixels = (double)(s->oh * s->ow), lines = (double)s->oh;
	const size_t run = s->kw * s->c, wholes = run / 12, rest = run % 12;
	double cycles = widened(s) ? 20 * pixels : 0;
	for (size_t from = 0; from < s->k; from += 32) {
		double v = s->k - from > 16 ? 2 : 1;
		double whole = (step(12, v) + 1) * pixels + 5 * lines + 36 * v + 20;
		double last = (step((double)rest, v) + 1) * pixels + 5 * lines + 20;
		cycles += (double)s->kh * ((double)wholes * whole + (rest ? last : 0));
	}
	return 16 * cycles + 2 * (double)sn_bordered_size(s, 1);
}

static size_t gradient_scratch(const struct sn_conv *s, size_t n)
{
	(void)n;
	return sn_bordered_size(s, 1) + widened(s);
}

static void image_gradient(const struct sn_conv *s, const float *x, const float *dy, float *sum,
			   float *memory)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns, run = s->kw * s->c, pixels = s->oh * s->ow;
	struct sn_field f = sn_bordered(s, x, 1, memory);
	float *wide = memory + sn_bordered_size(s, 1);
	size_t step = s->k;
	if (widened(s)) {
		step = padded(s);
		memset(wide, 0, pixels * step * sizeof *wide);
		for (size_t p = 0; p < pixels; p++)
			memcpy(wide + p * step, dy + p * s->k, s->k * sizeof *dy);
		dy = wide;
	}
	struct sn_outer job = { .a_line = s->stride * f.row,
				.a_point = s->stride * f.point,
				.b_line = s->ow * step,
				.b_point = step,
				.lines = s->oh,
				.points = s->ow,
				.y_step = columns };
	for (size_t from = 0; from < s->k; from += columns, sum += taps(s) * columns) {
		/* a last panel that is half empty needs half the work */
		job.n = s->k - from <= columns / 2 ? columns / 2 : columns;
		job.b = dy + from;
		for (size_t i = 0; i < s->kh; i++)
			for (size_t t = 0; t < run; t += simd->rows) {
				job.a = f.x + i * f.row + t;
				job.m = min(simd->rows, run - t);
				job.y = sum + (i * run + t) * columns;
				simd->outer(&job);
			}
	}
}

static void gradient(const struct sn_conv *s, const float *x, const float *dy, size_t n, float *sum,
		     float *memory)
{
	for (size_t i = 0; i < n; i++)
		image_gradient(s, x + i * s->h * s->w * s->c, dy + i * s->oh * s->ow * s->k, sum,
			       memory);
}

static void unpack(const struct sn_conv *s, float *sum, float *dw)
{
	size_t columns = sn_simd()->columns, area = s->kh * s->kw;
	for (size_t o = 0; o < s->k; o++) {
		const float *panel = sum + o / columns * taps(s) * columns + o % columns;
		for (size_t c = 0; c < s->c; c++)
			for (size_t t = 0; t < area; t++)
				dw[(o * s->c + c) * area + t] = panel[(t * s->c + c) * columns];
	}
}

const struct sn_conv_way sn_way_direct = {
	.name = "direct",
	.cost = cost,
	.packed = packed,
	.pieces = pieces,
	.pack = pack,
	.scratch = scratch,
	.forward = forward,
	.images = images_wanted,
	.gradient_cost = gradient_cost,
	.sum = packed,
	.gradient_scratch = gradient_scratch,
	.gradient = gradient,
	.unpack = unpack,
};
