/*
 * maxpool - windows' maxima with the norm and the relu that come before, forward and backward.
 *
 * A norm grows with x or, where its scale is negative, falls: the largest norm is that of the
 * largest x, or the smallest.  A relu keeps the order.  So both are done to maxima alone.
 */
#include <math.h>
#include "channels.h"
#include "../sweeps.h"

void SN_NAME(sn_maxpool)(const struct sn_window *w, const struct sn_norm *n, bool relu,
			 const float *x, float *y, uint8_t *tap, float *from);
void SN_NAME(sn_maxpool_back)(const struct sn_window *w, const struct sn_norm *n,
			      const uint8_t *tap, const float *dy, const float *x, float *dx,
			      float *line);
void SN_NAME(sn_lrn_maxpool_back)(const struct sn_window *w, const struct sn_lrn *l,
				  const uint8_t *tap, const float *dy, const float *x, float *dx,
				  float *memory);
void SN_NAME(sn_norm_back)(const struct sn_norm *n, const float *x, const float *dy, size_t pixels,
			   float *dx);
void SN_NAME(sn_lrn_back)(const struct sn_lrn *l, const float *x, const float *dy, size_t pixels,
			  float *dx, float *memory);

typedef uint8_t bytes __attribute__((vector_size(SN_LANES)));

enum what { PLAIN, TAPS, NORM };

/* A job's constants: whole vectors, the window, what is wanted. */
struct form {
	int whole;
	size_t kh, kw;
	enum what what;
};

/* n channels of a pixel's window. */
INLINE void window(const struct sn_window w, const struct sn_norm norm, size_t i, size_t n,
		   bool relu, const float *x, float *y, uint8_t *tap, float *from,
		   const struct form f)
{
	const size_t row = w.w * w.c, c = w.c;
	vector best, p;
	mask which = { 0 }, sign = { 0 };
	if (f.what == NORM) {
		load(&p, norm.scale + i, n, 1, f.whole);
		sign = (mask)p & INT32_MIN;
	}
	load(&best, x, n, 1, f.whole);
	best = (vector)((mask)best ^ sign);
	for (size_t ky = 0; ky < f.kh; ky++)
		for (size_t kx = ky == 0; kx < f.kw; kx++) {
			load(&p, x + ky * row + kx * c, n, 1, f.whole);
			p = (vector)((mask)p ^ sign);
			mask more = (p > best) | ~(p <= INFINITY); /* or NaN */
			best = chosen(more, p, best);
			if (f.what != PLAIN)
				which = (mask)chosen(
					more, (vector)((mask){ 0 } + (int32_t)(ky * f.kw + kx)),
					(vector)which);
		}
	best = (vector)((mask)best ^ sign);
	if (f.what == NORM) {
		load(&p, norm.mean + i, n, 1, f.whole);
		best -= p;
		if (from)
			store(from, &best, n, 1);
		vector scale, bias;
		load(&scale, norm.scale + i, n, 1, f.whole);
		load(&bias, norm.bias + i, n, 1, f.whole);
		best = best * scale + bias;
	}
	if (relu) {
		which |= ~(best > 0) & SN_DEAD_TAP;
		best = rectified(best);
	}
	store(y, &best, n, 1);
	if (f.what != PLAIN && tap) {
		bytes b = __builtin_convertvector(which, bytes);
		memcpy(tap, &b, n);
	}
}

INLINE void windows(const struct sn_window w, const struct sn_norm norm, bool relu, const float *x,
		    float *y, uint8_t *tap, float *from, const struct form f)
{
	const size_t c = w.c;
	for (size_t oy = 0; oy < w.oh; oy++)
		for (size_t ox = 0; ox < w.ow; ox++) {
			const float *corner = x + (oy * w.w + ox) * w.stride * c;
			for (size_t i = 0; i < c; i += SN_LANES) {
				size_t k = f.whole && i + SN_LANES > c ? c - SN_LANES : i;
				window(w, norm, k, f.whole ? SN_LANES : c, relu, corner + k, y + k,
				       tap ? tap + k : NULL, from ? from + k : NULL, f);
			}
			y += c;
			if (tap)
				tap += c;
			if (from)
				from += c;
		}
}

INLINE void by_size(const struct sn_window w, const struct sn_norm n, bool relu, const float *x,
		    float *y, uint8_t *tap, float *from, const int whole, const enum what what)
{
	if (whole && w.kh == 2 && w.kw == 2)
		windows(w, n, relu, x, y, tap, from, (struct form){ whole, 2, 2, what });
	else if (whole && w.kh == 3 && w.kw == 3)
		windows(w, n, relu, x, y, tap, from, (struct form){ whole, 3, 3, what });
	else
		windows(w, n, relu, x, y, tap, from, (struct form){ whole, w.kh, w.kw, what });
}

void SN_NAME(sn_maxpool)(const struct sn_window *w, const struct sn_norm *n, bool relu,
			 const float *x, float *y, uint8_t *tap, float *from)
{
	const struct sn_norm norm = n ? *n : (struct sn_norm){ 0 };
	if (w->c >= SN_LANES) {
		if (n)
			by_size(*w, norm, relu, x, y, tap, from, 1, NORM);
		else if (tap)
			by_size(*w, norm, relu, x, y, tap, NULL, 1, TAPS);
		else
			by_size(*w, norm, relu, x, y, NULL, NULL, 1, PLAIN);
	} else {
		if (n)
			by_size(*w, norm, relu, x, y, tap, from, 0, NORM);
		else if (tap)
			by_size(*w, norm, relu, x, y, tap, NULL, 0, TAPS);
		else
			by_size(*w, norm, relu, x, y, NULL, NULL, 0, PLAIN);
	}
}

/* ---- backward ----------------------------------------------------------------------- */

/* Channels [i, i + n) of a pixel get dy if it is its window's tap t. */
INLINE void give(const uint8_t *tap, const float *dy, float *dx, size_t n, int32_t t,
		 const int adds, const int whole)
{
	uint8_t line[SN_LANES];
	vector d, old;
	if (!whole) {
		memcpy(line, tap, n);
		tap = line;
	}
	load(&d, dy, n, 1, whole);
	d = (vector)((widened(tap) == t) & (mask)d);
	if (adds) {
		load(&old, dx, n, 1, whole);
		d += old;
	}
	store(dx, &d, whole ? SN_LANES : n, 1);
}

/* Row ky of the windows in row oy of dy, to a row of dx. */
INLINE void give_row(const struct sn_window *w, size_t oy, size_t ky, const uint8_t *tap,
		     const float *dy, float *dx, const int adds, const int whole)
{
	const size_t c = w->c;
	tap += oy * w->ow * c;
	dy += oy * w->ow * c;
	for (size_t ox = 0; ox < w->ow; ox++, tap += c, dy += c)
		for (size_t kx = 0; kx < w->kw; kx++) {
			float *to = dx + (ox * w->stride + kx) * c;
			int32_t t = (int32_t)(ky * w->kw + kx);
			size_t i = 0;
			for (; whole && i + SN_LANES <= c; i += SN_LANES)
				give(tap + i, dy + i, to + i, SN_LANES, t, adds, whole);
			if (i == c)
				continue;
			/* what overlaps must not be added twice */
			if (whole && !adds)
				give(tap + c - SN_LANES, dy + c - SN_LANES, to + c - SN_LANES,
				     SN_LANES, t, adds, whole);
			else
				give(tap + i, dy + i, to + i, c - i, t, adds, 0);
		}
}

/* A row of the gradient of what was pooled: windows in the order of dy. */
static void picture_row(const struct sn_window *w, size_t r, const uint8_t *tap, const float *dy,
			float *dx)
{
	const size_t k = w->kh;
	size_t first = r < k ? 0 : (r - k) / w->stride + 1, last = r / w->stride;
	bool apart = w->stride >= w->kh && w->stride >= w->kw;
	last = last < w->oh ? last : w->oh - 1;
	if (!apart || first > last || w->stride > w->kw || w->ow * w->stride < w->w)
		memset(dx, 0, w->w * w->c * sizeof *dx);
	for (size_t oy = first; oy <= last; oy++) {
		size_t ky = r - oy * w->stride;
		if (apart && w->c >= SN_LANES)
			give_row(w, oy, ky, tap, dy, dx, 0, 1);
		else if (apart)
			give_row(w, oy, ky, tap, dy, dx, 0, 0);
		else if (w->c >= SN_LANES)
			give_row(w, oy, ky, tap, dy, dx, 1, 1);
		else
			give_row(w, oy, ky, tap, dy, dx, 1, 0);
	}
}

void SN_NAME(sn_maxpool_back)(const struct sn_window *w, const struct sn_norm *n,
			      const uint8_t *tap, const float *dy, const float *x, float *dx,
			      float *line)
{
	const size_t row = w->w * w->c;
	struct sn_norm norm;
	if (n) {
		norm = *n;
		norm.relu = false;
	}
	for (size_t r = 0; r < w->h; r++) {
		picture_row(w, r, tap, dy, n ? line : dx + r * row);
		if (n)
			SN_NAME(sn_norm_back)(&norm, x + r * row, line, w->w, dx + r * row);
	}
}

void SN_NAME(sn_lrn_maxpool_back)(const struct sn_window *w, const struct sn_lrn *l,
				  const uint8_t *tap, const float *dy, const float *x, float *dx,
				  float *memory)
{
	const size_t row = w->w * w->c;
	for (size_t r = 0; r < w->h; r++) {
		picture_row(w, r, tap, dy, memory);
		SN_NAME(sn_lrn_back)(l, x + r * row, memory, w->w, dx + r * row, memory + row);
	}
}
