/*
 * Convolution without lowering.  Channels-last, with a border of zeros where there is padding,
 * every row of a window is one run of kw c floats: an output pixel is kh runs times a packed panel
 * of weights, read in place.
 *
 *     forward          y[p] = b + sum over i of x[p stride + (i, 0) ...] W[i]
 *     weight gradient  dW[i][j] += sum over p of x[p stride + (i, j)] dy[p]: outer products
 * The input gradient has two ways, chosen by the shape:
 *     gather   the forward loop over dy, spread by the stride and bordered, the window turned by
 *              180 degrees: no sum leaves the registers
 *     scatter  dy[p] W^T, added to the window at p: nothing is multiplied with the border, so
 *              that windows that are large beside the picture take half the work or less
 *
 * packed: forward panels [ceil(k / columns)][kh kw c][columns], bias [ceil(k / columns)][columns],
 * then for the input gradient gathering panels [ceil(c / columns)][kh kw k][columns] or scattering
 * ones [ceil(kh kw c / columns)][k][columns].  The gradient's sum has the first two.
 */
#include <string.h>
#include <sn/kernel.h>
#include "simd.h"

static size_t panels(size_t n)
{
	size_t columns = sn_simd()->columns;
	return (n + columns - 1) / columns;
}

static size_t padded(size_t n)
{
	return panels(n) * sn_simd()->columns;
}

static size_t taps(const struct sn_conv *s)
{
	return s->kh * s->kw * s->c;
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- sizes ---------------------------------------------------------------------------- */

size_t sn_conv_sum(const struct sn_conv *s)
{
	return (taps(s) + 1) * padded(s->k);
}

/* Does the input gradient scatter?  Compares multiplications; an addition to memory costs about 6.
 */
static int scatters(const struct sn_conv *s)
{
	size_t pixels = s->oh * s->ow;
	size_t scatter = pixels * (s->k * padded(taps(s)) + 6 * taps(s));
	return scatter < s->h * s->w * s->kh * s->kw * s->k * padded(s->c);
}

size_t sn_conv_packed(const struct sn_conv *s)
{
	return sn_conv_sum(s) +
	       s->k * (scatters(s) ? padded(taps(s)) : s->kh * s->kw * padded(s->c));
}

static size_t bordered_x(const struct sn_conv *s)
{
	return s->pad ? (s->h + 2 * s->pad) * (s->w + 2 * s->pad) * s->c : 0;
}

static size_t widened_dy(const struct sn_conv *s)
{
	return s->k % sn_simd()->columns ? s->oh * s->ow * padded(s->k) : 0;
}

static size_t spread_dy(const struct sn_conv *s)
{
	return (s->h + s->kh - 1) * (s->w + s->kw - 1) * s->k;
}

/* Lines of dy that are scattered together: what they give stays in the cache. */
static size_t strip(const struct sn_conv *s)
{
	size_t lines = 65536 / (s->ow * taps(s));
	return lines < 1 ? 1 : min(lines, s->oh);
}

size_t sn_conv_scratch(const struct sn_conv *s)
{
	size_t weight = bordered_x(s) + widened_dy(s);
	size_t input = scatters(s) ? bordered_x(s) + strip(s) * s->ow * taps(s) : spread_dy(s);
	return weight > input ? weight : input;
}

/* ---- weights -------------------------------------------------------------------------- */

void sn_conv_pack(const struct sn_conv *s, const float *weight, const float *bias, float *packed)
{
	size_t columns = sn_simd()->columns, area = s->kh * s->kw;
	float *turned = packed + sn_conv_sum(s), *b = packed + taps(s) * padded(s->k);
	memset(packed, 0, sn_conv_packed(s) * sizeof *packed);
	for (size_t o = 0; o < s->k; o++) {
		float *panel = packed + o / columns * taps(s) * columns + o % columns;
		for (size_t c = 0; c < s->c; c++) {
			const float *w = weight + (o * s->c + c) * area;
			float *gather = turned + c / columns * area * s->k * columns + c % columns;
			for (size_t t = 0; t < area; t++) {
				size_t tap = t * s->c + c;
				panel[tap * columns] = w[t];
				if (scatters(s))
					turned[(tap / columns * s->k + o) * columns +
					       tap % columns] = w[t];
				else
					gather[((area - 1 - t) * s->k + o) * columns] = w[t];
			}
		}
		b[o] = bias ? bias[o] : 0;
	}
}

void sn_conv_unpack(const struct sn_conv *s, const float *sum, float *weight, float *bias)
{
	size_t columns = sn_simd()->columns, area = s->kh * s->kw;
	for (size_t o = 0; o < s->k; o++) {
		const float *panel = sum + o / columns * taps(s) * columns + o % columns;
		for (size_t c = 0; c < s->c; c++)
			for (size_t t = 0; t < area; t++)
				weight[(o * s->c + c) * area + t] = panel[(t * s->c + c) * columns];
	}
	if (bias)
		memcpy(bias, sum + taps(s) * padded(s->k), s->k * sizeof *bias);
}

/* ---- passes --------------------------------------------------------------------------- */

/* Where the windows lie: a picture with its border. */
struct field {
	const float *x;
	size_t row, point; /* floats from a line, and a pixel, of it to the next */
};

/* The picture itself, or a copy with a border of zeros. */
static struct field border(const struct sn_conv *s, const float *x, float *scratch)
{
	size_t row = (s->w + 2 * s->pad) * s->c, line = s->w * s->c;
	if (!s->pad)
		return (struct field){ x, line, s->c };
	memset(scratch, 0, bordered_x(s) * sizeof *scratch);
	for (size_t i = 0; i < s->h; i++)
		memcpy(scratch + (i + s->pad) * row + s->pad * s->c, x + i * line,
		       line * sizeof *x);
	return (struct field){ scratch, row, s->c };
}

/*
 * Every output pixel [h][w][n] as kh runs of `length` floats times the panels: all pixels for one
 * panel, which stays in the cache.
 */
static void windows(struct field f, size_t stride, size_t kh, size_t length, const float *packed,
		    const float *bias, float *y, size_t h, size_t w, size_t n)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns, pixels = h * w;
	for (size_t from = 0; from < n; from += columns, packed += kh * length * columns) {
		for (size_t p = 0; p < pixels; p += simd->rows) {
			const float *a[SN_SIMD_ROWS];
			float *to[SN_SIMD_ROWS];
			size_t m = min(simd->rows, pixels - p);
			for (size_t i = 0; i < m; i++) {
				size_t line = (p + i) / w, point = (p + i) % w;
				a[i] = f.x + line * stride * f.row + point * stride * f.point;
				to[i] = y + (p + i) * n + from;
			}
			simd->rows_by_panel(a, m, kh, length, f.row, packed, columns,
					    bias ? bias + from : NULL, to, min(columns, n - from));
		}
	}
}

void sn_conv_forward(const struct sn_conv *s, const float *x, const float *packed, float *y,
		     float *scratch)
{
	const float *bias = packed + taps(s) * padded(s->k);
	windows(border(s, x, scratch), s->stride, s->kh, s->kw * s->c, packed, bias, y, s->oh,
		s->ow, s->k);
}

static void add(float *restrict to, const float *restrict from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += from[i];
}

static void gather(const struct sn_conv *s, const float *dy, const float *panels, float *dx,
		   float *scratch)
{
	/* dy's pixel (i, j) stands at (i, j) stride + kernel - 1 - pad; the rest is zero */
	size_t width = s->w + s->kw - 1, row = width * s->k;
	float *corner = scratch + (s->kh - 1 - s->pad) * row + (s->kw - 1 - s->pad) * s->k;
	memset(scratch, 0, spread_dy(s) * sizeof *scratch);
	for (size_t i = 0; i < s->oh; i++)
		for (size_t j = 0; j < s->ow; j++)
			memcpy(corner + (i * row + j * s->k) * s->stride,
			       dy + (i * s->ow + j) * s->k, s->k * sizeof *dy);
	windows((struct field){ scratch, row, s->k }, 1, s->kh, s->kw * s->k, panels, NULL, dx,
		s->h, s->w, s->c);
}

static void scatter(const struct sn_conv *s, const float *dy, const float *panels, float *dx,
		    float *scratch)
{
	size_t line = s->w * s->c, row = (s->w + 2 * s->pad) * s->c, run = s->kw * s->c;
	float *field = s->pad ? scratch : dx, *parts = scratch + bordered_x(s);
	memset(field, 0, (s->h + 2 * s->pad) * row * sizeof *field);
	for (size_t first = 0, lines; first < s->oh; first += lines) {
		lines = min(strip(s), s->oh - first);
		windows((struct field){ dy + first * s->ow * s->k, s->ow * s->k, s->k }, 1, 1, s->k,
			panels, NULL, parts, lines, s->ow, taps(s));
		const float *part = parts;
		for (size_t p = first * s->ow; p < (first + lines) * s->ow; p++) {
			float *corner =
				field + p / s->ow * s->stride * row + p % s->ow * s->stride * s->c;
			for (size_t i = 0; i < s->kh; i++, part += run)
				add(corner + i * row, part, run);
		}
	}
	for (size_t i = 0; s->pad && i < s->h; i++)
		memcpy(dx + i * line, field + (i + s->pad) * row + s->pad * s->c,
		       line * sizeof *dx);
}

void sn_conv_input_gradient(const struct sn_conv *s, const float *dy, const float *packed,
			    float *dx, float *scratch)
{
	(scatters(s) ? scatter : gather)(s, dy, packed + sn_conv_sum(s), dx, scratch);
}

void sn_conv_weight_gradient(const struct sn_conv *s, const float *x, const float *dy, float *sum,
			     float *scratch)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns, run = s->kw * s->c, pixels = s->oh * s->ow;
	struct field f = border(s, x, scratch);
	float *wide = scratch + bordered_x(s), *bias = sum + taps(s) * padded(s->k);
	size_t step = s->k;
	for (size_t p = 0; p < pixels; p++)
		for (size_t o = 0; o < s->k; o++)
			bias[o] += dy[p * s->k + o];
	if (widened_dy(s)) { /* whole vectors at every pixel */
		step = padded(s->k);
		memset(wide, 0, pixels * step * sizeof *wide);
		for (size_t p = 0; p < pixels; p++)
			memcpy(wide + p * step, dy + p * s->k, s->k * sizeof *dy);
		dy = wide;
	}
	for (size_t from = 0; from < s->k; from += columns, sum += taps(s) * columns) {
		/* a last panel that is half empty needs half the work */
		size_t n = s->k - from <= columns / 2 ? columns / 2 : columns;
		for (size_t i = 0; i < s->kh; i++)
			for (size_t t = 0; t < run; t += simd->rows)
				simd->outer(f.x + i * f.row + t, s->stride * f.row,
					    s->stride * f.point, dy + from, s->ow * step, step,
					    s->oh, s->ow, min(simd->rows, run - t),
					    sum + (i * run + t) * columns, columns, n);
	}
}
