/* window - rows of windows read in place; the fields and the loop that several ways share. */
#include <string.h>
#include "window.h"

size_t sn_bordered_size(const struct sn_conv *s, size_t n)
{
	return s->pad_h || s->pad_w ? n * (s->h + 2 * s->pad_h) * (s->w + 2 * s->pad_w) * s->c : 0;
}

struct sn_field sn_bordered(const struct sn_conv *s, const float *x, size_t n, float *memory)
{
	size_t row = (s->w + 2 * s->pad_w) * s->c, line = s->w * s->c;
	size_t image = (s->h + 2 * s->pad_h) * row;
	if (!s->pad_h && !s->pad_w)
		return (struct sn_field){ x, s->h * line, line, s->c };
	memset(memory, 0, n * image * sizeof *memory);
	for (size_t m = 0; m < n; m++) {
		float *corner = memory + m * image + s->pad_h * row + s->pad_w * s->c;
		for (size_t i = 0; i < s->h; i++, x += line)
			memcpy(corner + i * row, x, line * sizeof *x);
	}
	return (struct sn_field){ memory, image, row, s->c };
}

struct sn_finish sn_finish_from(const struct sn_finish *f, size_t from)
{
	struct sn_finish g = *f;
	if (g.bias)
		g.bias += from;
	if (g.scale) {
		g.scale += from;
		g.shift += from;
	}
	return g;
}

/* Line by line, the places of a window's numbers in a list. */
static void lines(struct sn_field f, size_t n, size_t stride, size_t kh, size_t length,
		  const float *panels, const struct sn_finish *finish, float *y, size_t h, size_t w,
		  size_t k)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns;
	int32_t offset[SN_WINDOW_TAPS];
	for (size_t i = 0; i < kh * length; i++)
		offset[i] = (int32_t)(i / length * f.row + i % length);
	for (size_t from = 0; from < k; from += columns, panels += kh * length * columns) {
		struct sn_finish part;
		struct sn_taps job = { .a_point = stride * f.point,
				       .pixels = w,
				       .offset = offset,
				       .length = kh * length,
				       .b = panels,
				       .y_point = k,
				       .n = k - from < columns ? k - from : columns };
		if (finish) {
			part = sn_finish_from(finish, from);
			job.finish = &part;
		}
		for (size_t i = 0; i < n * h; i++) {
			job.a = f.x + i / h * f.image + i % h * stride * f.row;
			job.y = y + i * w * k + from;
			simd->taps_by_panel(&job);
		}
	}
}

void sn_windows(struct sn_field f, size_t n, size_t stride, size_t kh, size_t length,
		const float *panels, const struct sn_finish *finish, float *y, size_t h, size_t w,
		size_t k)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns, blocks = (w + simd->rows - 1) / simd->rows;
	/* smaller blocks, which sixteen registers cut lines into, wait for their sums */
	if (kh * length <= SN_WINDOW_TAPS && w >= SN_WINDOW_LINE * blocks) {
		lines(f, n, stride, kh, length, panels, finish, y, h, w, k);
		return;
	}
	for (size_t from = 0; from < k; from += columns, panels += kh * length * columns) {
		const float *a[SN_SIMD_ROWS];
		float *to[SN_SIMD_ROWS];
		struct sn_finish part;
		struct sn_rows job = { .a = a,
				       .segments = kh,
				       .length = length,
				       .jump = f.row,
				       .b = panels,
				       .step = columns,
				       .y = to,
				       .n = k - from < columns ? k - from : columns };
		size_t image = 0, line = 0, point = 0, pixels = n * h * w;
		if (finish) {
			part = sn_finish_from(finish, from);
			job.finish = &part;
		}
		for (size_t p = 0; p < pixels;) {
			for (job.m = 0; job.m < simd->rows && p < pixels; job.m++, p++) {
				a[job.m] = f.x + image * f.image + line * stride * f.row +
					   point * stride * f.point;
				to[job.m] = y + p * k + from;
				if (++point == w) {
					point = 0;
					if (++line == h) {
						line = 0;
						image++;
					}
				}
			}
			simd->rows_by_panel(&job);
		}
	}
}
