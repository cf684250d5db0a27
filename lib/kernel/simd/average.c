/* average - the means of windows, and their gradients; channels in loops that become vectors. */
#include "vector.h"
#include "../sweeps.h"

void SN_NAME(sn_average)(const struct sn_window *w, const float *x, float *y);
void SN_NAME(sn_average_back)(const struct sn_window *w, const float *dy, float *dx);

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The window's rows and columns that lie in the picture. */
static size_t rows_of(const struct sn_window *w, size_t oy)
{
	return least(w->kh, w->h - oy * w->stride);
}

static size_t columns_of(const struct sn_window *w, size_t ox)
{
	return least(w->kw, w->w - ox * w->stride);
}

static void add(float *restrict to, const float *restrict x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += x[i];
}

static void add_share(float *restrict to, const float *restrict x, float share, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += x[i] * share;
}

static void scaled(float *restrict y, const float *restrict x, float share, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] * share;
}

void SN_NAME(sn_average)(const struct sn_window *w, const float *x, float *y)
{
	const size_t c = w->c, row = w->w * c;
	for (size_t oy = 0; oy < w->oh; oy++)
		for (size_t ox = 0; ox < w->ow; ox++, y += c) {
			const float *corner = x + (oy * row + ox * c) * w->stride;
			size_t kh = rows_of(w, oy), kw = columns_of(w, ox);
			memcpy(y, corner, c * sizeof *y);
			for (size_t t = 1; t < kh * kw; t++)
				add(y, corner + t / kw * row + t % kw * c, c);
			float share = 1 / (float)(kh * kw);
			for (size_t i = 0; i < c; i++)
				y[i] *= share;
		}
}

void SN_NAME(sn_average_back)(const struct sn_window *w, const float *dy, float *dx)
{
	const size_t c = w->c, row = w->w * c;
	const bool apart = w->stride >= w->kh && w->stride >= w->kw;
	if (!apart || w->stride > w->kh || w->stride > w->kw || w->oh * w->stride < w->h ||
	    w->ow * w->stride < w->w)
		memset(dx, 0, w->h * row * sizeof *dx);
	for (size_t oy = 0; oy < w->oh; oy++)
		for (size_t ox = 0; ox < w->ow; ox++, dy += c) {
			float *corner = dx + (oy * row + ox * c) * w->stride;
			size_t kh = rows_of(w, oy), kw = columns_of(w, ox);
			float share = 1 / (float)(kh * kw);
			for (size_t t = 0; t < kh * kw; t++) {
				float *to = corner + t / kw * row + t % kw * c;
				if (apart)
					scaled(to, dy, share, c);
				else
					add_share(to, dy, share, c);
			}
		}
}
