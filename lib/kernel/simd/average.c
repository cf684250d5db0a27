/* average - the means of windows, and their gradients. */
#include "channels.h"
#include "../sweeps.h"

void SN_NAME(sn_average)(const struct sn_window *w, const float *x, float *y);
void SN_NAME(sn_average_back)(const struct sn_window *w, const float *dy, float *dx);

/* A window: what of it lies in the picture, and floats from a line to the next. */
struct view {
	size_t kh, kw, row, c;
	float share;
};

INLINE struct view view_at(const struct sn_window *w, size_t oy, size_t ox)
{
	size_t down = w->h - oy * w->stride, along = w->w - ox * w->stride;
	struct view v = { w->kh < down ? w->kh : down, w->kw < along ? w->kw : along, w->w * w->c,
			  w->c, 0 };
	v.share = 1 / (float)(v.kh * v.kw);
	return v;
}

/* A vector of channels from the window's corner on, or n of them. */
INLINE void mean(struct view v, const float *x, float *y, size_t n, const int whole)
{
	vector sum = { 0 }, p;
	for (size_t ky = 0; ky < v.kh; ky++)
		for (size_t kx = 0; kx < v.kw; kx++) {
			load(&p, x + ky * v.row + kx * v.c, n, 1, whole);
			sum += p;
		}
	sum *= v.share;
	store(y, &sum, whole ? SN_LANES : n, 1);
}

void SN_NAME(sn_average)(const struct sn_window *w, const float *x, float *y)
{
	const size_t c = w->c;
	for (size_t oy = 0; oy < w->oh; oy++)
		for (size_t ox = 0; ox < w->ow; ox++, y += c) {
			const struct view v = view_at(w, oy, ox);
			const float *corner = x + (oy * w->w + ox) * w->stride * c;
			size_t i = 0;
			for (; i + SN_LANES <= c; i += SN_LANES)
				mean(v, corner + i, y + i, SN_LANES, 1);
			if (i < c && c > SN_LANES)
				mean(v, corner + c - SN_LANES, y + c - SN_LANES, SN_LANES, 1);
			else if (i < c)
				mean(v, corner, y, c, 0);
		}
}

INLINE void give(struct view v, const float *dy, float *dx, size_t n, const int adds,
		 const int whole)
{
	vector d, old;
	load(&d, dy, n, 1, whole);
	d *= v.share;
	for (size_t ky = 0; ky < v.kh; ky++)
		for (size_t kx = 0; kx < v.kw; kx++) {
			float *to = dx + ky * v.row + kx * v.c;
			vector sum = d;
			if (adds) {
				load(&old, to, n, 1, whole);
				sum += old;
			}
			store(to, &sum, whole ? SN_LANES : n, 1);
		}
}

INLINE void give_all(const struct sn_window *w, const float *dy, float *dx, const int adds)
{
	const size_t c = w->c;
	for (size_t oy = 0; oy < w->oh; oy++)
		for (size_t ox = 0; ox < w->ow; ox++, dy += c) {
			const struct view v = view_at(w, oy, ox);
			float *corner = dx + (oy * w->w + ox) * w->stride * c;
			size_t i = 0;
			for (; i + SN_LANES <= c; i += SN_LANES)
				give(v, dy + i, corner + i, SN_LANES, adds, 1);
			/* what overlaps must not be added twice */
			if (i < c && c > SN_LANES && !adds)
				give(v, dy + c - SN_LANES, corner + c - SN_LANES, SN_LANES, 0, 1);
			else if (i < c)
				give(v, dy + i, corner + i, c - i, adds, 0);
		}
}

void SN_NAME(sn_average_back)(const struct sn_window *w, const float *dy, float *dx)
{
	const bool apart = w->stride >= w->kh && w->stride >= w->kw;
	if (!apart || w->stride > w->kh || w->stride > w->kw || w->oh * w->stride < w->h ||
	    w->ow * w->stride < w->w)
		memset(dx, 0, w->h * w->w * w->c * sizeof *dx);
	if (apart)
		give_all(w, dy, dx, 0);
	else
		give_all(w, dy, dx, 1);
}
