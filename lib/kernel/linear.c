/* Linear layers: images are the rows, so that a weight is read once for up to eight of them. */
#include <string.h>
#include <sn/kernel.h>
#include "simd.h"

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t sn_linear_packed(const struct sn_linear *s)
{
	size_t columns = sn_simd()->columns;
	return (s->out + columns - 1) / columns * columns * s->in;
}

void sn_linear_pack(const struct sn_linear *s, const float *weight, float *packed)
{
	size_t columns = sn_simd()->columns;
	memset(packed, 0, sn_linear_packed(s) * sizeof *packed);
	for (size_t from = 0; from < s->out; from += columns, packed += s->in * columns)
		for (size_t o = from; o < min(from + columns, s->out); o++)
			for (size_t i = 0; i < s->in; i++)
				packed[i * columns + o - from] = weight[o * s->in + i];
}

/*
 * y [n][width] = x [n][depth] times b, whose lines of `step` floats are read from panel to panel
 * `jump` floats apart.
 */
static void product(const float *x, size_t n, size_t depth, const float *b, size_t step,
		    size_t jump, const float *bias, float *y, size_t width)
{
	const struct sn_simd *simd = sn_simd();
	for (size_t from = 0; from < width; from += simd->columns, b += jump)
		for (size_t first = 0; first < n; first += simd->rows) {
			const float *a[SN_SIMD_ROWS];
			float *to[SN_SIMD_ROWS];
			size_t m = min(simd->rows, n - first);
			for (size_t i = 0; i < m; i++) {
				a[i] = x + (first + i) * depth;
				to[i] = y + (first + i) * width + from;
			}
			simd->rows_by_panel(a, m, 1, depth, 0, b, step, bias ? bias + from : NULL,
					    to, min(simd->columns, width - from));
		}
}

void sn_linear_forward(const struct sn_linear *s, const float *x, size_t n, const float *packed,
		       const float *bias, float *y)
{
	size_t columns = sn_simd()->columns;
	product(x, n, s->in, packed, columns, s->in * columns, bias, y, s->out);
}

void sn_linear_input_gradient(const struct sn_linear *s, const float *dy, size_t n,
			      const float *weight, float *dx)
{
	product(dy, n, s->out, weight, s->in, sn_simd()->columns, NULL, dx, s->in);
}

void sn_linear_weight_gradient(const struct sn_linear *s, const float *x, const float *dy, size_t n,
			       size_t from, size_t to, float *dw)
{
	const struct sn_simd *simd = sn_simd();
	memset(dw, 0, (to - from) * s->in * sizeof *dw);
	for (size_t o = from; o < to; o += simd->rows)
		for (size_t i = 0; i < s->in; i += simd->columns)
			simd->outer(dy + o, 0, s->out, x + i, 0, s->in, 1, n,
				    min(simd->rows, to - o), dw + (o - from) * s->in + i, s->in,
				    min(simd->columns, s->in - i));
}
