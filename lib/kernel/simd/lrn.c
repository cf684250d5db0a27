/*
 * lrn - local response normalisation across channels, sn_lrn in sweeps.h.
 *
 * Some pixels at a time: their squares, in lines with zeros on both sides, are all written before
 * windows of them are read, since a vector that was just written in two parts is slow to read.
 */
#include <math.h>
#include "channels.h"
#include "../sweeps.h"

void SN_NAME(sn_lrn)(const struct sn_lrn *l, const float *x, size_t pixels, float *y,
		     float *memory);
void SN_NAME(sn_lrn_back)(const struct sn_lrn *l, const float *x, const float *dy, size_t pixels,
			  float *dx, float *memory);

void SN_NAME(sn_lrn_maxpool)(const struct sn_window *w, const struct sn_lrn *l, const float *x,
			     float *y, uint8_t *tap, float *memory);
void SN_NAME(sn_maxpool)(const struct sn_window *w, const struct sn_norm *n, bool relu,
			 const float *x, float *y, uint8_t *tap, float *from);

INLINE vector root(vector x)
{
#if SN_LANES == 16
	return (vector)_mm512_sqrt_ps((__m512)x);
#elif SN_LANES == 8
	return (vector)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
	return (vector)_mm_sqrt_ps((__m128)x);
#else
	float line[SN_LANES];
	memcpy(line, &x, sizeof x);
	for (size_t l = 0; l < SN_LANES; l++)
		line[l] = sqrtf(line[l]);
	memcpy(&x, line, sizeof x);
	return x;
#endif
}

/* d^-beta, and 1 / d. */
INLINE vector power(vector d, float beta, vector *inverse)
{
	if (beta == 0.75F) { /* the usual one, in roots */
		vector r = 1 / root(d);
		*inverse = r * r;
		return r * root(r);
	}
	float line[SN_LANES];
	memcpy(line, &d, sizeof d);
	for (size_t l = 0; l < SN_LANES; l++)
		line[l] = powf(line[l], -beta);
	*inverse = 1 / d;
	memcpy(&d, line, sizeof d);
	return d;
}

/* The vector of a pixel that begins with channel i: whole ones, and at last one that overlaps, or
 * where there is but one of fewer channels, these. */
struct part {
	size_t i, n;
};

INLINE struct part part_at(size_t i, size_t c)
{
	if (i + SN_LANES <= c)
		return (struct part){ i, SN_LANES };
	return c < SN_LANES ? (struct part){ 0, c } : (struct part){ c - SN_LANES, SN_LANES };
}

INLINE vector take(const float *x, struct part p)
{
	vector v;
	if (p.n == SN_LANES)
		return at(x + p.i);
	load(&v, x, p.n, 1, 0);
	return v;
}

INLINE void give(float *y, vector v, struct part p)
{
	if (p.n == SN_LANES)
		put(y + p.i, v);
	else
		store(y, &v, p.n, 1);
}

/* The first channel of line p: as many zeros before it as a window can want. */
static float *line_of(const struct sn_lrn *l, float *memory, size_t p)
{
	return memory + p * sn_lrn_line(l) + (l->before > l->after ? l->before : l->after);
}

INLINE vector window_sum(const float *line, size_t before, size_t after)
{
	const float *first = line - before;
	vector sum = at(first);
	for (size_t t = 1; t <= before + after; t++)
		sum += at(first + t);
	return sum;
}

static size_t some(size_t pixels)
{
	return pixels < SN_LRN_PIXELS ? pixels : SN_LRN_PIXELS;
}

static void square(const struct sn_lrn *l, const float *x, size_t pixels, float *squares)
{
	for (size_t p = 0; p < pixels; p++, x += l->c) {
		float *line = line_of(l, squares, p);
		for (size_t i = 0; i < l->c; i += SN_LANES) {
			struct part part = part_at(i, l->c);
			vector v = take(x, part);
			give(line, v * v, part);
		}
	}
}

/* In memory: squares; backward: ratios and powers, too. */
void SN_NAME(sn_lrn)(const struct sn_lrn *l, const float *x, size_t pixels, float *y, float *memory)
{
	const size_t c = l->c, before = l->before, after = l->after;
	memset(memory, 0, some(pixels) * sn_lrn_line(l) * sizeof *memory);
	for (size_t m; pixels > 0; pixels -= m) {
		m = some(pixels);
		square(l, x, m, memory);
		for (size_t p = 0; p < m; p++, x += c, y += c) {
			const float *line = line_of(l, memory, p);
			for (size_t i = 0; i < c; i += SN_LANES) {
				struct part part = part_at(i, c);
				vector d =
					l->k + l->alpha * window_sum(line + part.i, before, after);
				vector inverse;
				give(y, take(x, part) * power(d, l->beta, &inverse), part);
			}
		}
	}
}

void SN_NAME(sn_lrn_back)(const struct sn_lrn *l, const float *x, const float *dy, size_t pixels,
			  float *dx, float *memory)
{
	const size_t c = l->c, before = l->before, after = l->after, width = sn_lrn_line(l);
	const float slope = 2 * l->alpha * l->beta;
	float *ratios = memory + some(pixels) * width, *powers = ratios + some(pixels) * width;
	memset(memory, 0, 2 * some(pixels) * width * sizeof *memory);
	for (size_t m; pixels > 0; pixels -= m) {
		m = some(pixels);
		square(l, x, m, memory);
		for (size_t p = 0; p < m; p++) {
			const float *line = line_of(l, memory, p);
			for (size_t i = 0; i < c; i += SN_LANES) {
				struct part part = part_at(i, c);
				vector d =
					l->k + l->alpha * window_sum(line + part.i, before, after);
				vector inverse, e = power(d, l->beta, &inverse);
				vector product = take(x + p * c, part) * take(dy + p * c, part);
				give(powers + p * width, e, part);
				give(line_of(l, ratios, p), product * e * inverse, part);
			}
		}
		/* j is in the windows of those that are as far on the other side */
		for (size_t p = 0; p < m; p++, x += c, dy += c, dx += c) {
			const float *line = line_of(l, ratios, p);
			for (size_t i = 0; i < c; i += SN_LANES) {
				struct part part = part_at(i, c);
				vector sum = window_sum(line + part.i, after, before);
				vector v = take(x, part);
				sum = take(dy, part) * take(powers + p * width, part) -
				      slope * v * sum;
				if (l->masks)
					sum = (vector)((v > 0) & (mask)sum);
				give(dx, sum, part);
			}
		}
	}
}

/* A row of windows at a time; lines that the next row shares are moved up. */
void SN_NAME(sn_lrn_maxpool)(const struct sn_window *w, const struct sn_lrn *l, const float *x,
			     float *y, uint8_t *tap, float *memory)
{
	const size_t line = w->w * w->c, out = w->ow * w->c;
	const size_t shared = w->kh > w->stride ? w->kh - w->stride : 0;
	struct sn_window row = *w;
	float *band = memory, *rest = memory + sn_lrn_band(w);
	row.h = w->kh;
	row.oh = 1;
	for (size_t oy = 0; oy < w->oh; oy++, y += out) {
		size_t have = oy ? shared : 0;
		memmove(band, band + (w->kh - have) * line, have * line * sizeof *band);
		SN_NAME(sn_lrn)
		(l, x + (oy * w->stride + have) * line, (w->kh - have) * w->w, band + have * line,
		 rest);
		SN_NAME(sn_maxpool)(&row, NULL, false, band, y, tap, NULL);
		if (tap)
			tap += out;
	}
}
