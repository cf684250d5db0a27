/*
 * lane_tiles - Winograd's convolution with a picture in each lane of a vector.
 *
 * A tile of m x m outputs is, with n = m + r - 1 and n x n products, for a window of r x r
 *
 *     Y = A' [ (G w G') . (B' x B) ] A
 *
 * where w, x and Y stand for polynomials that are evaluated at n points: 0, 1, -1, 2, -2, for n = 8
 * also 1/2 and -1/2, and infinity.  A' w collects what was multiplied there, its transpose
 * evaluates, and so does G, scaled.  B' is what makes it come out right: line j has the
 * coefficients of the product of all (x - point) but that of point j.
 */
#include "vector.h"

void SN_NAME(sn_lane_tiles_in)(const struct sn_lane_tiles *t, const struct sn_lane_tiles_in *job);
void SN_NAME(sn_lane_tiles_spread)(const struct sn_lane_tiles *t,
				   const struct sn_lane_tiles_in *job);
void SN_NAME(sn_lane_tiles_out)(const struct sn_lane_tiles *t, const struct sn_lane_tiles_out *job);
void SN_NAME(sn_lane_tiles_product)(const struct sn_lane_tiles_product *job);
void SN_NAME(sn_lane_tiles_outer)(const struct sn_lane_tiles_outer *job);
void SN_NAME(sn_lane_tiles_weights)(const struct sn_lane_tiles *t, const float *w, size_t n,
				    float *u, size_t step);
void SN_NAME(sn_lane_tiles_unweights)(const struct sn_lane_tiles *t, const float *u, size_t step,
				      size_t n, float *w);
void SN_NAME(sn_lanes_add)(const float *from, size_t n, float *sum);

#define MOST 8 /* points */

/* ---- a line ---------------------------------------------------------------------------- */

/* B' x */
INLINE void input_line(const vector *x, vector *y, const size_t n)
{
	if (n == 6) {
		vector e = x[4] - 4 * x[2], o = x[3] - 4 * x[1], f = x[4] - x[2], p = x[3] - x[1];
		y[0] = 4 * x[0] - 5 * x[2] + x[4];
		y[1] = e + o;
		y[2] = e - o;
		y[3] = f + 2 * p;
		y[4] = f - 2 * p;
		y[5] = 4 * x[1] - 5 * x[3] + x[5];
	} else {
		vector e = x[2] + x[6] - 4.25f * x[4], o = x[1] + x[5] - 4.25f * x[3];
		vector f = x[6] + 0.25f * x[2] - 1.25f * x[4];
		vector p = 4 * x[5] + x[1] - 5 * x[3]; /* halved */
		vector g = x[6] + 4 * x[2] - 5 * x[4];
		vector q = x[5] + 4 * x[1] - 5 * x[3]; /* doubled */
		y[0] = x[0] - x[6] + 5.25f * (x[4] - x[2]);
		y[1] = e + o;
		y[2] = e - o;
		y[3] = f + 0.5f * p;
		y[4] = f - 0.5f * p;
		y[5] = g + 0.5f * q;
		y[6] = g - 0.5f * q;
		y[7] = x[7] - x[1] + 5.25f * (x[3] - x[5]);
	}
}

INLINE float point(size_t q)
{
	return q == 0 ? 1 : q == 1 ? 2 : 0.5f;
}

INLINE float power(float p, size_t i)
{
	float v = 1;
	UNROLL for (size_t k = 0; k < i; k++) v *= p;
	return v;
}

/* m coefficients evaluated at n points. */
INLINE void spread_line(const vector *x, vector *y, const size_t n, const size_t m)
{
	y[0] = x[0];
	y[n - 1] = x[m - 1];
	UNROLL for (size_t q = 0; q < (n - 2) / 2; q++)
	{
		const float p = point(q);
		vector even = x[0], odd = p * x[1];
		UNROLL for (size_t i = 2; i < m; i += 2) even += power(p, i) * x[i];
		UNROLL for (size_t i = 3; i < m; i += 2) odd += power(p, i) * x[i];
		y[1 + 2 * q] = even + odd;
		y[2 + 2 * q] = even - odd;
	}
}

/* The transpose of spread_line. */
INLINE void collect_line(const vector *x, vector *y, const size_t n, const size_t m)
{
	vector sum[MOST / 2], difference[MOST / 2];
	UNROLL for (size_t q = 0; q < (n - 2) / 2; q++)
	{
		sum[q] = x[1 + 2 * q] + x[2 + 2 * q];
		difference[q] = x[1 + 2 * q] - x[2 + 2 * q];
	}
	UNROLL for (size_t i = 0; i < m; i++)
	{
		vector v = i % 2 ? difference[0] : sum[0];
		if (i == 0)
			v += x[0];
		UNROLL for (size_t q = 1; q < (n - 2) / 2; q++)
		{
			v += power(point(q), i) * (i % 2 ? difference[q] : sum[q]);
		}
		if (i == m - 1)
			v += x[n - 1];
		y[i] = v;
	}
}

/* What G has beside spread_line. */
INLINE float scale(size_t j, const size_t n)
{
	if (n == 6)
		return j == 0 ? 1.0f / 4 : j <= 2 ? -1.0f / 6 : j <= 4 ? 1.0f / 24 : 1;
	return j == 0 ? 1 : j <= 2 ? -2.0f / 9 : j <= 4 ? 1.0f / 90 : j <= 6 ? 32.0f / 45 : 1;
}

/* ---- tiles ----------------------------------------------------------------------------- */

/* B' x B of every channel's n x n numbers, or A x A' of m x m. */
INLINE void in_tile(const struct sn_lane_tiles_in *r, const size_t n, const size_t m,
		    const int spreads)
{
	const size_t side = spreads ? m : n;
	for (size_t c = 0; c < r->channels * SN_LANES; c += SN_LANES) {
		vector half[MOST][MOST];
		for (size_t j = 0; j < side; j++) {
			vector x[MOST], y[MOST];
			UNROLL for (size_t i = 0; i < side; i++) x[i] =
				vector_at(r->from[i] + j * r->point + c);
			if (spreads)
				spread_line(x, y, n, m);
			else
				input_line(x, y, n);
			UNROLL for (size_t i = 0; i < n; i++) half[i][j] = y[i];
		}
		float *to = r->to + c;
		for (size_t i = 0; i < n; i++, to += n * r->step) {
			vector y[MOST];
			if (spreads)
				spread_line(half[i], y, n, m);
			else
				input_line(half[i], y, n);
			UNROLL for (size_t j = 0; j < n; j++) vector_to(to + j * r->step, y[j]);
		}
	}
}

/* A' Y A of every output. */
INLINE void out_tile(const struct sn_lane_tiles_out *r, const size_t n, const size_t m)
{
	for (size_t o = 0; o < r->outputs; o++) {
		const struct sn_finish *f = r->finish;
		const float bias = f->bias ? f->bias[o] : 0;
		vector half[MOST][MOST];
		for (size_t j = 0; j < n; j++) {
			vector x[MOST], y[MOST];
			UNROLL for (size_t i = 0; i < n; i++) x[i] =
				vector_at(r->from + (i * n + j) * r->step + o * SN_LANES);
			collect_line(x, y, n, m);
			UNROLL for (size_t i = 0; i < m; i++) half[i][j] = y[i];
		}
		for (size_t i = 0; i < m; i++) {
			vector y[MOST];
			collect_line(half[i], y, n, m);
			UNROLL for (size_t j = 0; j < m; j++) y[j] += bias;
			if (f->relu) {
				UNROLL for (size_t j = 0; j < m; j++) y[j] = rectified(y[j]);
			}
			if (f->scale) {
				UNROLL for (size_t j = 0; j < m; j++) y[j] =
					y[j] * f->scale[o] + f->shift[o];
			}
			UNROLL for (size_t j = 0; j < m; j++)
				vector_to(r->to + i * r->line + j * r->point + o * SN_LANES, y[j]);
		}
	}
}

/* G w G', a filter in each lane: w [r][r] vectors, n of each there, to u. */
INLINE void weights_tile(const float *w, size_t count, float *u, size_t step, const size_t n,
			 const size_t r)
{
	vector half[MOST][MOST];
	for (size_t j = 0; j < r; j++) {
		vector x[MOST], y[MOST];
		UNROLL for (size_t i = 0; i < r; i++) x[i] = vector_at(w + (i * r + j) * SN_LANES);
		spread_line(x, y, n, r);
		UNROLL for (size_t i = 0; i < n; i++) half[i][j] = y[i] * scale(i, n);
	}
	for (size_t i = 0; i < n; i++) {
		vector y[MOST];
		spread_line(half[i], y, n, r);
		UNROLL for (size_t j = 0; j < n; j++)
		{
			y[j] *= scale(j, n);
			store(u + (i * n + j) * step, &y[j], count, 1);
		}
	}
}

/* G' u G, the transpose. */
INLINE void unweights_tile(const float *u, size_t step, size_t count, float *w, const size_t n,
			   const size_t r)
{
	vector half[MOST][MOST];
	for (size_t j = 0; j < n; j++) {
		vector x[MOST], y[MOST];
		UNROLL for (size_t i = 0; i < n; i++)
		{
			load(&x[i], u + (i * n + j) * step, count, 1, count == SN_LANES);
			x[i] *= scale(i, n);
		}
		collect_line(x, y, n, r);
		UNROLL for (size_t i = 0; i < r; i++) half[i][j] = y[i] * scale(j, n);
	}
	for (size_t i = 0; i < r; i++) {
		vector y[MOST];
		collect_line(half[i], y, n, r);
		UNROLL for (size_t j = 0; j < r; j++) vector_to(w + (i * r + j) * SN_LANES, y[j]);
	}
}

/* One copy of the code for each kind of tile: n points, m x m outputs. */
#define EACH_TILE(t, tile)                                                                         \
	switch ((t)->outputs * ((t)->points == 6 ? 0 : 1)) {                                       \
	case 0:                                                                                    \
		tile(6, 4);                                                                        \
		break;                                                                             \
	case 3:                                                                                    \
		tile(8, 3);                                                                        \
		break;                                                                             \
	case 4:                                                                                    \
		tile(8, 4);                                                                        \
		break;                                                                             \
	default:                                                                                   \
		tile(8, 5);                                                                        \
		break;                                                                             \
	}

void SN_NAME(sn_lane_tiles_in)(const struct sn_lane_tiles *t, const struct sn_lane_tiles_in *job)
{
	if (t->points == 6)
		in_tile(job, 6, 4, 0);
	else
		in_tile(job, 8, 4, 0);
}

void SN_NAME(sn_lane_tiles_spread)(const struct sn_lane_tiles *t,
				   const struct sn_lane_tiles_in *job)
{
#define SPREAD(n, m) in_tile(job, n, m, 1)
	EACH_TILE(t, SPREAD)
}

void SN_NAME(sn_lane_tiles_out)(const struct sn_lane_tiles *t, const struct sn_lane_tiles_out *job)
{
#define OUT(n, m) out_tile(job, n, m)
	EACH_TILE(t, OUT)
}

void SN_NAME(sn_lane_tiles_weights)(const struct sn_lane_tiles *t, const float *w, size_t count,
				    float *u, size_t step)
{
#define WEIGHTS(n, m) weights_tile(w, count, u, step, n, n + 1 - m)
	EACH_TILE(t, WEIGHTS)
}

void SN_NAME(sn_lane_tiles_unweights)(const struct sn_lane_tiles *t, const float *u, size_t step,
				      size_t count, float *w){
#define UNWEIGHTS(n, m) unweights_tile(u, step, count, w, n, n + 1 - m)
	EACH_TILE(t, UNWEIGHTS)
}

/* ---- products -------------------------------------------------------------------------- */

INLINE void product_block(const struct sn_lane_tiles_product *r, const size_t m,
			  const size_t outputs)
{
	const float *x = r->x, *u = r->u;
	float *y = r->y;
	for (size_t f = 0; f < r->products; f++, x += r->x_step, y += r->y_step) {
		vector sum[LANES_ROWS][LANES_OUTPUTS];
		const float *p[LANES_ROWS];
		UNROLL for (size_t i = 0; i < m; i++)
		{
			p[i] = x + i * r->depth * SN_LANES;
			UNROLL for (size_t o = 0; o < outputs; o++) sum[i][o] = (vector){ 0 };
		}
		for (size_t k = 0; k < r->depth; k++, u += outputs) {
			vector a[LANES_ROWS];
			UNROLL for (size_t i = 0; i < m; i++) a[i] = vector_at(p[i] + k * SN_LANES);
			UNROLL for (size_t o = 0; o < outputs; o++)
			{
				vector w = broadcast(u[o]);
				UNROLL for (size_t i = 0; i < m; i++) sum[i][o] += a[i] * w;
			}
		}
		UNROLL for (size_t i = 0; i < m; i++)
		{
			UNROLL for (size_t o = 0; o < outputs; o++)
				vector_to(y + (i * outputs + o) * SN_LANES, sum[i][o]);
		}
	}
}

struct outer {
	const float *x, *d;
	size_t tiles, depth, m, outputs;
	bool first;
	float *y;
};

INLINE void outer_block(const struct outer *r, const size_t m, const size_t outputs)
{
	const float *x = r->x, *d = r->d;
	vector sum[LANES_ROWS][LANES_OUTPUTS];
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t o = 0; o < outputs; o++) sum[i][o] =
			r->first ? (vector){ 0 } : vector_at(r->y + (i * outputs + o) * SN_LANES);
	}
	for (size_t t = 0; t < r->tiles; t++, x += r->depth * SN_LANES, d += outputs * SN_LANES) {
		vector a[LANES_ROWS];
		UNROLL for (size_t i = 0; i < m; i++) a[i] = vector_at(x + i * SN_LANES);
		UNROLL for (size_t o = 0; o < outputs; o++)
		{
			vector b = vector_at(d + o * SN_LANES);
			UNROLL for (size_t i = 0; i < m; i++) sum[i][o] += a[i] * b;
		}
	}
	UNROLL for (size_t i = 0; i < m; i++)
	{
		UNROLL for (size_t o = 0; o < outputs; o++)
			vector_to(r->y + (i * outputs + o) * SN_LANES, sum[i][o]);
	}
}

LANES_SIZES(product, struct sn_lane_tiles_product)
LANES_SIZES(outer, struct outer)

void SN_NAME(sn_lane_tiles_product)(const struct sn_lane_tiles_product *job)
{
	product(job);
}

void SN_NAME(sn_lane_tiles_outer)(const struct sn_lane_tiles_outer *r)
{
	const size_t line = r->depth * r->outputs,
		     blocks = (r->depth + LANES_ROWS - 1) / LANES_ROWS;
	for (size_t f = 0; f < r->products; f++) {
		struct outer job = { .d = r->d + f * r->d_step,
				     .tiles = r->tiles,
				     .depth = r->depth,
				     .outputs = r->outputs,
				     .first = r->first };
		float *y = r->y + (r->sum ? 0 : f * line * SN_LANES);
		for (size_t b = 0, c = 0; b < blocks; b++, c += job.m) {
			job.m = (r->depth - c + blocks - b - 1) / (blocks - b);
			job.x = r->x + f * r->x_step + c * SN_LANES;
			job.y = y + c * r->outputs * SN_LANES;
			outer(&job);
		}
		if (r->sum)
			SN_NAME(sn_lanes_add)(y, line, r->sum + f * line);
	}
}
