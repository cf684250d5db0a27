/*
 * norm - batch norm's passes and sums over pixels, and the like of prelu.
 *
 * Sums are floats over PART rows, and these parts are added up in double.  Moments are taken about
 * each part's first row, so that nothing cancels where the mean is large.
 */
#include "channels.h"
#include "../sweeps.h"

void SN_NAME(sn_moments)(const float *x, size_t pixels, size_t c, double *sum, double *squares);
void SN_NAME(sn_sums)(const float *x, size_t pixels, size_t c, double *sum);
void SN_NAME(sn_norm)(const struct sn_norm *n, const float *x, size_t pixels, float *y);
void SN_NAME(sn_norm_sums)(const struct sn_norm *n, const float *x, const float *dy, size_t pixels,
			   double *sum, double *slopes);
void SN_NAME(sn_norm_back)(const struct sn_norm *n, const float *x, const float *dy, size_t pixels,
			   float *dx);
void SN_NAME(sn_prelu)(const float *w, size_t c, const float *x, size_t pixels, float *y);
void SN_NAME(sn_prelu_back)(const float *w, size_t c, const float *x, const float *dy,
			    size_t pixels, float *dx);
void SN_NAME(sn_prelu_sums)(const float *x, const float *dy, size_t pixels, size_t c, double *sum);
void SN_NAME(sn_maxpool_sums)(const uint8_t *tap, const float *from, const float *dy, size_t pixels,
			      size_t c, double *sum, double *slopes);

/* ---- passes ------------------------------------------------------------------------- */

/* The norm's arrays as rows. */
struct rows {
	const float *mean, *scale, *bias, *slope, *shift;
};

INLINE struct rows rows_of(const struct sn_norm *n, size_t width, float memory[5][REPEATED])
{
	return (struct rows){ row_of(n->mean, n->c, width, memory[0]),
			      row_of(n->scale, n->c, width, memory[1]),
			      row_of(n->bias, n->c, width, memory[2]),
			      row_of(n->slope, n->c, width, memory[3]),
			      row_of(n->shift, n->c, width, memory[4]) };
}

enum pass {
	FORWARD,
	FORWARD_RELU,
	PRELU,
	BACK,
	BACK_RELU,
	BACK_MASKED,
	BACK_RELU_MASKED,
	PRELU_BACK
};

/* Of the row's vector i on. */
INLINE vector forward_at(struct rows r, vector x, size_t i)
{
	return (x - at(r.mean + i)) * at(r.scale + i) + at(r.bias + i);
}

INLINE vector pass_at(struct rows r, vector x, vector dy, size_t i, const enum pass pass)
{
	if (pass == FORWARD)
		return forward_at(r, x, i);
	if (pass == FORWARD_RELU)
		return rectified(forward_at(r, x, i));
	if (pass == PRELU || pass == PRELU_BACK) {
		vector v = pass == PRELU ? x : dy;
		return chosen(x > 0, v, v * at(r.scale + i));
	}
	if (pass == BACK_RELU || pass == BACK_RELU_MASKED)
		dy = (vector)((forward_at(r, x, i) > 0) & (mask)dy);
	dy = dy * at(r.scale + i) + ((x - at(r.mean + i)) * at(r.slope + i) + at(r.shift + i));
	if (pass == BACK_MASKED || pass == BACK_RELU_MASKED)
		dy = (vector)((x > 0) & (mask)dy);
	return dy;
}

/* n floats, at most a row. */
INLINE void pass_row(struct rows r, const float *x, const float *dy, float *y, size_t n,
		     const enum pass pass)
{
	const int back = pass >= BACK;
	size_t i = 0;
	for (; i + SN_LANES <= n; i += SN_LANES)
		put(y + i, pass_at(r, at(x + i), back ? at(dy + i) : (vector){ 0 }, i, pass));
	if (i == n)
		return;
	if (n > SN_LANES) {
		i = n - SN_LANES;
		put(y + i, pass_at(r, at(x + i), back ? at(dy + i) : (vector){ 0 }, i, pass));
	} else {
		vector v, d = { 0 };
		load(&v, x, n, 1, 0);
		if (back)
			load(&d, dy, n, 1, 0);
		v = pass_at(r, v, d, 0, pass);
		store(y, &v, n, 1);
	}
}

INLINE void pass_pixels(const struct sn_norm *n, const float *x, const float *dy, size_t pixels,
			float *y, const enum pass pass)
{
	const size_t width = row_width(n->c), all = pixels * n->c;
	float memory[5][REPEATED];
	const struct rows r = rows_of(n, width, memory);
	size_t i = 0;
	for (; i + width <= all; i += width)
		pass_row(r, x + i, pass >= BACK ? dy + i : NULL, y + i, width, pass);
	if (i < all)
		pass_row(r, x + i, pass >= BACK ? dy + i : NULL, y + i, all - i, pass);
}

void SN_NAME(sn_norm)(const struct sn_norm *n, const float *x, size_t pixels, float *y)
{
	if (n->relu)
		pass_pixels(n, x, NULL, pixels, y, FORWARD_RELU);
	else
		pass_pixels(n, x, NULL, pixels, y, FORWARD);
}

void SN_NAME(sn_norm_back)(const struct sn_norm *n, const float *x, const float *dy, size_t pixels,
			   float *dx)
{
	if (n->relu && n->masks)
		pass_pixels(n, x, dy, pixels, dx, BACK_RELU_MASKED);
	else if (n->masks)
		pass_pixels(n, x, dy, pixels, dx, BACK_MASKED);
	else if (n->relu)
		pass_pixels(n, x, dy, pixels, dx, BACK_RELU);
	else
		pass_pixels(n, x, dy, pixels, dx, BACK);
}

void SN_NAME(sn_prelu)(const float *w, size_t c, const float *x, size_t pixels, float *y)
{
	const struct sn_norm n = { .c = c, .scale = w };
	pass_pixels(&n, x, NULL, pixels, y, PRELU);
}

void SN_NAME(sn_prelu_back)(const float *w, size_t c, const float *x, const float *dy,
			    size_t pixels, float *dx)
{
	const struct sn_norm n = { .c = c, .scale = w };
	pass_pixels(&n, x, dy, pixels, dx, PRELU_BACK);
}

/* ---- sums --------------------------------------------------------------------------- */

enum { PART = 64 };

enum sums { SUMS, PRELU_SUMS, MOMENTS, SLOPES, RELU_SLOPES, TAP_SLOPES };

/* Of two kinds. */
INLINE int has_second(const enum sums what)
{
	return what >= MOMENTS;
}

/* What is summed up: [rows][width] of x, and where there are two, of another. */
struct source {
	const float *x;	    /* MOMENTS, SUMS; else x, or from */
	const float *dy;    /* *SLOPES */
	const uint8_t *tap; /* TAP_SLOPES */
	struct rows r;	    /* SLOPES, RELU_SLOPES */
};

/* Sums of lanes [lane, SN_LANES) of a vector, over `rows` rows about p. */
INLINE void settle(vector p, vector s, vector q, size_t rows, size_t lane, double *sum,
		   double *second, const enum sums what)
{
	float a[SN_LANES], b[SN_LANES], o[SN_LANES];
	double n = (double)rows;
	memcpy(a, &s, sizeof a);
	memcpy(b, &q, sizeof b);
	memcpy(o, &p, sizeof o);
	for (size_t l = lane; l < SN_LANES; l++) {
		if (what == MOMENTS) {
			sum[l] += n * o[l] + a[l];
			second[l] += b[l] + o[l] * (2.0 * a[l] + n * o[l]);
		} else {
			sum[l] += a[l];
			if (has_second(what))
				second[l] += b[l];
		}
	}
}

/* v vectors, from float i of the row on. */
INLINE void part_at(struct source f, size_t rows, size_t width, size_t i, const size_t v,
		    size_t lane, double *sum, double *second, const enum sums what)
{
	vector o[GROUP], s[GROUP], q[GROUP];
	UNROLL for (size_t j = 0; j < v; j++)
	{
		s[j] = q[j] = o[j] = (vector){ 0 };
		if (what == MOMENTS)
			o[j] = at(f.x + i + j * SN_LANES);
		else if (what == SLOPES || what == RELU_SLOPES)
			o[j] = at(f.r.mean + i + j * SN_LANES);
	}
	for (size_t r = 0; r < rows; r++) {
		UNROLL for (size_t j = 0; j < v; j++)
		{
			const size_t k = r * width + i + j * SN_LANES;
			vector x = at(f.x + k);
			if (what == SUMS) {
				s[j] += x;
			} else if (what == PRELU_SUMS) {
				s[j] += (vector)(~(x > 0) & (mask)(x * at(f.dy + k)));
			} else if (what == MOMENTS) {
				vector d = x - o[j];
				s[j] += d;
				q[j] += d * d;
			} else {
				vector d = at(f.dy + k);
				if (what == RELU_SLOPES)
					d = (vector)((forward_at(f.r, x, i + j * SN_LANES) > 0) &
						     (mask)d);
				if (what == TAP_SLOPES)
					d = (vector)((widened(f.tap + k) != SN_DEAD_TAP) & (mask)d);
				else
					x -= o[j];
				s[j] += d;
				q[j] += d * x;
			}
		}
	}
	UNROLL for (size_t j = 0; j < v; j++)
		settle(o[j], s[j], q[j], rows, lane, sum + i + j * SN_LANES,
		       second + i + j * SN_LANES, what);
}

/* The first n floats of each row; n > SN_LANES. */
INLINE void part(struct source f, size_t rows, size_t width, size_t n, double *sum, double *second,
		 const enum sums what)
{
	size_t i = 0;
	for (; i + GROUP * SN_LANES <= n; i += GROUP * SN_LANES)
		part_at(f, rows, width, i, GROUP, 0, sum, second, what);
	for (; i + 2 * SN_LANES <= n; i += 2 * SN_LANES)
		part_at(f, rows, width, i, 2, 0, sum, second, what);
	if (i + SN_LANES <= n) {
		part_at(f, rows, width, i, 1, 0, sum, second, what);
		i += SN_LANES;
	}
	if (i < n)
		part_at(f, rows, width, n - SN_LANES, 1, SN_LANES - (n - i), sum, second, what);
}

/* A row of n floats, less than a vector: a copy of it. */
INLINE void part_short(struct source f, size_t n, double *sum, double *second, const enum sums what)
{
	float x[SN_LANES] = { 0 }, dy[SN_LANES] = { 0 };
	uint8_t tap[SN_LANES] = { 0 };
	double s[SN_LANES] = { 0 }, q[SN_LANES] = { 0 };
	struct source copy = { x, dy, tap, f.r };
	memcpy(x, f.x, n * sizeof *x);
	if (f.dy)
		memcpy(dy, f.dy, n * sizeof *dy);
	if (f.tap)
		memcpy(tap, f.tap, n);
	part_at(copy, 1, SN_LANES, 0, 1, 0, s, q, what);
	for (size_t l = 0; l < n; l++) {
		sum[l] += s[l];
		if (has_second(what))
			second[l] += q[l];
	}
}

INLINE void advance(struct source *f, size_t n)
{
	f->x += n;
	if (f->dy)
		f->dy += n;
	if (f->tap)
		f->tap += n;
}

INLINE void sum_pixels(struct source f, size_t pixels, size_t c, double *sum, double *second,
		       const enum sums what)
{
	const size_t width = row_width(c);
	size_t rows = pixels * c / width, rest = pixels * c % width;
	double own[2][REPEATED] = { { 0 } };
	double *s = width == c ? sum : own[0], *q = width == c && second ? second : own[1];
	for (size_t n; rows > 0; rows -= n) {
		n = rows < PART ? rows : PART;
		part(f, n, width, width, s, q, what);
		advance(&f, n * width);
	}
	if (rest >= SN_LANES)
		part(f, 1, width, rest, s, q, what);
	else if (rest)
		part_short(f, rest, s, q, what);
	for (size_t i = 0; width != c && i < width; i += c)
		for (size_t o = 0; o < c; o++) {
			sum[o] += s[i + o];
			if (has_second(what))
				second[o] += q[i + o];
		}
}

void SN_NAME(sn_sums)(const float *x, size_t pixels, size_t c, double *sum)
{
	sum_pixels((struct source){ .x = x }, pixels, c, sum, NULL, SUMS);
}

void SN_NAME(sn_prelu_sums)(const float *x, const float *dy, size_t pixels, size_t c, double *sum)
{
	sum_pixels((struct source){ .x = x, .dy = dy }, pixels, c, sum, NULL, PRELU_SUMS);
}

void SN_NAME(sn_moments)(const float *x, size_t pixels, size_t c, double *sum, double *squares)
{
	sum_pixels((struct source){ .x = x }, pixels, c, sum, squares, MOMENTS);
}

void SN_NAME(sn_norm_sums)(const struct sn_norm *n, const float *x, const float *dy, size_t pixels,
			   double *sum, double *slopes)
{
	float memory[5][REPEATED];
	struct source f = { .x = x, .dy = dy, .r = rows_of(n, row_width(n->c), memory) };
	if (n->relu)
		sum_pixels(f, pixels, n->c, sum, slopes, RELU_SLOPES);
	else
		sum_pixels(f, pixels, n->c, sum, slopes, SLOPES);
}

void SN_NAME(sn_maxpool_sums)(const uint8_t *tap, const float *from, const float *dy, size_t pixels,
			      size_t c, double *sum, double *slopes)
{
	sum_pixels((struct source){ .x = from, .dy = dy, .tap = tap }, pixels, c, sum, slopes,
		   TAP_SLOPES);
}
