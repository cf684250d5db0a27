/*
 * strided - the input gradient of strides above 1.  Two ways, chosen by the shape:
 *     gather   windows over dy, spread by the stride and bordered, the window turned by 180
 *              degrees: no sum leaves the registers
 *     scatter  dy[p] W^T, added to the window at p: nothing is multiplied with what the stride
 *              leaves empty
 *
 * packed: gathering panels [ceil(c / columns)][kh kw k][columns], or scattering ones
 * [ceil(kh kw c / columns)][k][columns].
 */
#include <string.h>
#include "window.h"

static size_t taps(const struct sn_conv *s)
{
	return s->kh * s->kw * s->c;
}

static size_t padded(size_t n)
{
	return sn_round_up(n, sn_simd()->columns);
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Multiplications; an addition to memory costs about 6. */
static size_t scattering(const struct sn_conv *s)
{
	return s->oh * s->ow * (s->k * padded(taps(s)) + 6 * taps(s));
}

static size_t gathering(const struct sn_conv *s)
{
	return s->h * s->w * s->kh * s->kw * s->k * padded(s->c);
}

static bool scatters(const struct sn_conv *s)
{
	return scattering(s) < gathering(s);
}

double sn_strided_cost(const struct sn_conv *s)
{
	return (double)min(scattering(s), gathering(s)) * 1.1;
}

size_t sn_strided_packed(const struct sn_conv *s)
{
	return s->k * (scatters(s) ? padded(taps(s)) : s->kh * s->kw * padded(s->c));
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

size_t sn_strided_scratch(const struct sn_conv *s)
{
	return scatters(s) ? sn_bordered_size(s, 1) + strip(s) * s->ow * taps(s) : spread_dy(s);
}

void sn_strided_pack(const struct sn_conv *s, const float *weight, float *packed)
{
	size_t columns = sn_simd()->columns, area = s->kh * s->kw;
	memset(packed, 0, sn_strided_packed(s) * sizeof *packed);
	for (size_t o = 0; o < s->k; o++)
		for (size_t c = 0; c < s->c; c++) {
			const float *w = weight + (o * s->c + c) * area;
			float *gather = packed + c / columns * area * s->k * columns + c % columns;
			for (size_t t = 0; t < area; t++) {
				size_t tap = t * s->c + c;
				if (scatters(s))
					packed[(tap / columns * s->k + o) * columns +
					       tap % columns] = w[t];
				else
					gather[((area - 1 - t) * s->k + o) * columns] = w[t];
			}
		}
}

static void add(float *restrict to, const float *restrict from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += from[i];
}

static void gather(const struct sn_conv *s, const float *dy, const float *panels, float *dx,
		   float *memory)
{
	/* dy's pixel (i, j) stands at (i, j) stride + kernel - 1 - pad; the rest is zero */
	size_t row = (s->w + s->kw - 1) * s->k;
	float *corner = memory + (s->kh - 1 - s->pad_h) * row + (s->kw - 1 - s->pad_w) * s->k;
	memset(memory, 0, spread_dy(s) * sizeof *memory);
	for (size_t i = 0; i < s->oh; i++)
		for (size_t j = 0; j < s->ow; j++)
			memcpy(corner + (i * row + j * s->k) * s->stride,
			       dy + (i * s->ow + j) * s->k, s->k * sizeof *dy);
	sn_windows((struct sn_field){ memory, 0, row, s->k }, 1, 1, s->kh, s->kw * s->k, panels,
		   NULL, dx, s->h, s->w, s->c);
}

static void scatter(const struct sn_conv *s, const float *dy, const float *panels, float *dx,
		    float *memory)
{
	size_t bordered = sn_bordered_size(s, 1);
	size_t line = s->w * s->c, row = (s->w + 2 * s->pad_w) * s->c, run = s->kw * s->c;
	float *field = bordered ? memory : dx, *parts = memory + bordered;
	memset(field, 0, (s->h + 2 * s->pad_h) * row * sizeof *field);
	for (size_t first = 0, lines; first < s->oh; first += lines) {
		lines = min(strip(s), s->oh - first);
		struct sn_field f = { dy + first * s->ow * s->k, 0, s->ow * s->k, s->k };
		sn_windows(f, 1, 1, 1, s->k, panels, NULL, parts, lines, s->ow, taps(s));
		const float *part = parts;
		for (size_t p = first * s->ow; p < (first + lines) * s->ow; p++) {
			float *corner =
				field + p / s->ow * s->stride * row + p % s->ow * s->stride * s->c;
			for (size_t i = 0; i < s->kh; i++, part += run)
				add(corner + i * row, part, run);
		}
	}
	for (size_t i = 0; bordered && i < s->h; i++)
		memcpy(dx + i * line, field + (i + s->pad_h) * row + s->pad_w * s->c,
		       line * sizeof *dx);
}

void sn_strided_input_gradient(const struct sn_conv *s, const float *dy, const float *packed,
			       float *dx, float *scratch)
{
	(scatters(s) ? scatter : gather)(s, dy, packed, dx, scratch);
}
