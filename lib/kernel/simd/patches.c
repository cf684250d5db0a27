/*
 * patches - sums over the windows of a convolution, read in place: their moments, and their
 * products with the gradient of what a maxpool behind the convolution took.
 */
#include "channels.h"
#include "../sweeps.h"

void SN_NAME(sn_patch_moments)(const struct sn_patches *p, const float *x, double *sum);
void SN_NAME(sn_patch_slopes)(const struct sn_patches *p, const struct sn_window *w, const float *x,
			      const uint8_t *tap, const float *dy, float *sum);

/* ---- moments ------------------------------------------------------------------------- */

enum {
	PART = 64,		       /* pixels that are summed up in float */
	VECTORS = SN_PATCH / SN_LANES, /* of a window's numbers */
	HEIGHT = 4		       /* rows of products at a time */
};

/* sum[i][j] += q_i q_j over n windows, for HEIGHT rows from i on. */
INLINE void products(const float (*q)[SN_PATCH], size_t n, size_t i, double *sum)
{
	vector s[HEIGHT][VECTORS];
	float line[SN_PATCH];
	UNROLL for (size_t r = 0; r < HEIGHT; r++)
	{
		UNROLL for (size_t j = 0; j < VECTORS; j++) s[r][j] = (vector){ 0 };
	}
	for (size_t k = 0; k < n; k++) {
		vector factor[VECTORS];
		UNROLL for (size_t j = 0; j < VECTORS; j++) factor[j] = at(q[k] + j * SN_LANES);
		UNROLL for (size_t r = 0; r < HEIGHT; r++)
		{
			vector x = broadcast(q[k][i + r]);
			UNROLL for (size_t j = 0; j < VECTORS; j++) s[r][j] += x * factor[j];
		}
	}
	UNROLL for (size_t r = 0; r < HEIGHT; r++)
	{
		UNROLL for (size_t j = 0; j < VECTORS; j++) put(line + j * SN_LANES, s[r][j]);
		for (size_t j = 0; j < SN_PATCH; j++)
			sum[(i + r) * SN_PATCH + j] += line[j];
	}
}

void SN_NAME(sn_patch_moments)(const struct sn_patches *p, const float *x, double *sum)
{
	float q[PART][SN_PATCH] = { { 0 } };
	for (size_t k = 0; k < PART; k++)
		q[k][p->length] = 1;
	for (size_t y = 0; y < p->lines; y++)
		for (size_t first = 0, n; first < p->points; first += n) {
			const float *from = x + y * p->line + first * p->point;
			n = p->points - first < PART ? p->points - first : PART;
			for (size_t k = 0; k < n; k++, from += p->point)
				for (size_t i = 0; i < p->length; i++)
					q[k][i] = from[p->offset[i]];
			for (size_t i = 0; i <= p->length; i += HEIGHT)
				products((const float(*)[SN_PATCH])q, n, i, sum);
		}
}

/* ---- slopes -------------------------------------------------------------------------- */

/* Some of the window's numbers times some channels of dy. */
struct slopes {
	const struct sn_patches *p;
	const struct sn_window *w;
	const float *x, *dy;
	const uint8_t *tap;
	const int32_t *offset;
	float *sum;
	size_t m;
};

INLINE void slopes_of(const struct slopes *s, const size_t m, const size_t v, const size_t kh,
		      const size_t kw)
{
	const struct sn_window *w = s->w;
	const size_t c = w->c, line = s->p->line, point = s->p->point, stride = w->stride;
	const int32_t *offset = s->offset;
	vector sum[ROWS][2];
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t j = 0; j < v; j++) sum[i][j] = (vector){ 0 };
	}
	const float *dy = s->dy;
	const uint8_t *tap = s->tap;
	for (size_t oy = 0; oy < w->oh; oy++)
		for (size_t ox = 0; ox < w->ow; ox++, dy += c, tap += c) {
			const float *corner = s->x + (oy * line + ox * point) * stride;
			vector d[2];
			mask which[2];
			UNROLL for (size_t j = 0; j < v; j++)
			{
				d[j] = at(dy + j * SN_LANES);
				which[j] = widened(tap + j * SN_LANES);
			}
			for (size_t ky = 0; ky < kh; ky++)
				for (size_t kx = 0; kx < kw; kx++) {
					const float *q = corner + ky * line + kx * point;
					const int32_t t = (int32_t)(ky * kw + kx);
					vector won[2];
					UNROLL for (size_t j = 0; j < v; j++) won[j] =
						(vector)((which[j] == t) & (mask)d[j]);
					UNROLL for (size_t i = 0; i < m; i++)
					{
						vector f = broadcast(q[offset[i]]);
						UNROLL for (size_t j = 0; j < v; j++) sum[i][j] +=
							f * won[j];
					}
				}
		}
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t j = 0; j < v; j++) put(s->sum + i * c + j * SN_LANES, sum[i][j]);
	}
}

INLINE void slopes_block(const struct slopes *s, const size_t m, const size_t v, const int small)
{
	(void)small;
	if (s->w->kh == 2 && s->w->kw == 2)
		slopes_of(s, m, v, 2, 2);
	else
		slopes_of(s, m, v, s->w->kh, s->w->kw);
}

static void slopes_narrow(const struct slopes *job)
{
	switch (job->m) {
		EACH_ROW(slopes_block, job, 1, 0)
	default:
		break;
	}
}

static void slopes_wide(const struct slopes *job)
{
	switch (job->m) {
		EACH_ROW(slopes_block, job, 2, 0)
	default:
		break;
	}
}

/* What the 1 behind the window's numbers is multiplied with. */
static void living(const struct sn_window *w, const uint8_t *tap, const float *dy, float *sum)
{
	const size_t c = w->c;
	for (size_t i = 0; i < c; i += SN_LANES) {
		vector s = { 0 };
		for (size_t o = i; o < w->oh * w->ow * c; o += c)
			s += (vector)((widened(tap + o) != SN_DEAD_TAP) & (mask)at(dy + o));
		put(sum + i, s);
	}
}

void SN_NAME(sn_patch_slopes)(const struct sn_patches *p, const struct sn_window *w, const float *x,
			      const uint8_t *tap, const float *dy, float *sum)
{
	struct slopes s = { .p = p, .w = w, .x = x };
	size_t blocks = (p->length + ROWS - 1) / ROWS;
	for (size_t i = 0; i < p->length; i += s.m) {
		s.m = (p->length - i + blocks - 1) / blocks;
		blocks--;
		s.offset = p->offset + i;
		for (size_t c = 0, v; c < w->c; c += v) {
			v = w->c - c < WIDE ? SN_LANES : WIDE;
			s.tap = tap + c;
			s.dy = dy + c;
			s.sum = sum + i * w->c + c;
			(v == WIDE ? slopes_wide : slopes_narrow)(&s);
		}
	}
	living(w, tap, dy, sum + p->length * w->c);
}
