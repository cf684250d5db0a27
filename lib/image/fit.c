/*
 * fit - pictures of any size brought to one size, in whole numbers: exact, and rounded once.
 *
 * Along an axis of n pixels that becomes one of m, output pixel i is a sum of inputs with whole
 * weights over d: m <= n   mean of the area:  d = n; weight of input j = overlap of [jm, jm+m) and
 * [in, in+n) m > n    bilinear:          d = 2m; centres meet: p = (2i+1)n - m, held within [0,
 * 2m(n-1)]; weights 2m - p%2m and p%2m of inputs p/2m and p/2m + 1 so a pixel is  (sum over y, x of
 * wy wx v  +  dy dx / 2) / (dy dx).
 */
#include <stdlib.h>
#include <string.h>
#include "private.h"

const char *const sn_fit_names[] = { "stretch", "pad", "crop", NULL };

/* With sides up to 2^23 one axis' sums stay within 32 bits and two axes' within 64. */
#define MAX_FIT (1u << 23)

/* The inputs of output pixel i: the first, and how many; weights by weight(). */
struct span {
	size_t first, n;
};

struct axis {
	size_t n, m;
	uint32_t d;
};

static struct axis axis(size_t n, size_t m)
{
	return (struct axis){ n, m, (uint32_t)(m <= n ? n : 2 * m) };
}

static int64_t centre(const struct axis *a, size_t i)
{
	int64_t p = (int64_t)((2 * i + 1) * a->n) - (int64_t)a->m,
		last = 2 * (int64_t)a->m * (int64_t)(a->n - 1);

	return p < 0 ? 0 : p > last ? last : p;
}

static struct span span(const struct axis *a, size_t i)
{
	struct span s;

	if (a->m <= a->n) {
		s.first = i * a->n / a->m;
		s.n = ((i + 1) * a->n + a->m - 1) / a->m - s.first;
	} else {
		int64_t p = centre(a, i);

		s.first = (size_t)(p / a->d);
		s.n = p % a->d ? 2 : 1;
	}
	return s;
}

static uint32_t weight(const struct axis *a, size_t i, size_t j)
{
	if (a->m <= a->n) {
		size_t lo = i * a->n > j * a->m ? i * a->n : j * a->m;
		size_t hi = (i + 1) * a->n < (j + 1) * a->m ? (i + 1) * a->n : (j + 1) * a->m;

		return (uint32_t)(hi - lo);
	} else {
		int64_t p = centre(a, i);
		uint32_t part = (uint32_t)(p % a->d);

		return (size_t)(p / a->d) == j ? a->d - part : part;
	}
}

/* A plan of an axis: spans and weights, so that they are worked out once and not once a row. */
struct plan {
	struct axis axis;
	struct span *span;
	uint32_t *weight; /* of all spans, one after another */
};

static int plan_new(struct plan *p, size_t n, size_t m)
{
	size_t total = 0, at = 0;

	p->axis = axis(n, m);
	p->span = malloc(m * sizeof *p->span);
	if (!p->span)
		return sn_fail_memory();
	for (size_t i = 0; i < m; i++) {
		p->span[i] = span(&p->axis, i);
		total += p->span[i].n;
	}
	p->weight = malloc(total * sizeof *p->weight);
	if (!p->weight)
		return sn_fail_memory();
	for (size_t i = 0; i < m; i++)
		for (size_t k = 0; k < p->span[i].n; k++)
			p->weight[at++] = weight(&p->axis, i, p->span[i].first + k);
	return 0;
}

static void plan_release(struct plan *p)
{
	free(p->span);
	free(p->weight);
}

static uint8_t grey(const uint8_t *p)
{
	return (uint8_t)((299u * p[0] + 587u * p[1] + 114u * p[2] + 500) / 1000);
}

void sn_image_grey(struct sn_image *image)
{
	if (image->c != 3)
		return;
	for (size_t i = 0; i < image->w * image->h; i++)
		image->pixels[i] = grey(image->pixels + 3 * i);
	image->c = 1;
}

/* Part of a picture: rows `stride` bytes apart. */
struct view {
	const uint8_t *pixels;
	size_t w, h, c, stride;
};

/* A row's sums over x, in c samples a pixel: grey first where the picture has colours and c is 1.
 */
static void sum_row(uint32_t *sum, const struct view *in, size_t y, const struct plan *px, size_t c,
		    uint8_t *scratch)
{
	const uint8_t *row = in->pixels + y * in->stride;
	const uint32_t *weight = px->weight;

	if (c == 1 && in->c == 3) {
		for (size_t x = 0; x < in->w; x++)
			scratch[x] = grey(row + 3 * x);
		row = scratch;
	}
	for (size_t i = 0; i < px->axis.m; i++) {
		size_t n = px->span[i].n;
		const uint8_t *p = row + px->span[i].first * c;

		for (size_t k = 0; k < c; k++) {
			uint32_t s = 0;

			for (size_t j = 0; j < n; j++)
				s += weight[j] * p[j * c + k];
			*sum++ = s;
		}
		weight += n;
	}
}

/* in [h][w][c] -> out [h2][w2][c2], rows `stride` bytes apart. */
static int stretch(uint8_t *out, size_t stride, size_t w, size_t h, size_t c, const struct view *in)
{
	size_t samples = c == 3 && in->c == 3 ? 3 : 1, n = w * samples;
	struct plan px = { 0 }, py = { 0 };
	uint32_t *row[2] = { NULL, NULL };
	size_t has[2] = { SIZE_MAX, SIZE_MAX };
	uint64_t *sum = NULL, d;
	const uint32_t *weight;
	uint8_t *scratch = NULL;
	int st;

	if ((st = plan_new(&px, in->w, w)) < 0 || (st = plan_new(&py, in->h, h)) < 0)
		goto out;
	row[0] = malloc(n * sizeof *row[0]);
	row[1] = malloc(n * sizeof *row[1]);
	sum = malloc(n * sizeof *sum);
	scratch = malloc(in->w);
	if (!row[0] || !row[1] || !sum || !scratch) {
		st = sn_fail_memory();
		goto out;
	}
	d = (uint64_t)px.axis.d * py.axis.d;
	weight = py.weight;
	for (size_t i = 0; i < h; i++) {
		memset(sum, 0, n * sizeof *sum);
		for (size_t k = 0; k < py.span[i].n; k++) {
			size_t y = py.span[i].first + k;
			uint32_t *r = row[y & 1];

			/* neighbouring output rows share at most two input rows: each is summed
			 * over x once */
			if (has[y & 1] != y) {
				sum_row(r, in, y, &px, samples, scratch);
				has[y & 1] = y;
			}
			for (size_t j = 0; j < n; j++)
				sum[j] += (uint64_t)weight[k] * r[j];
		}
		weight += py.span[i].n;
		for (size_t x = 0; x < w; x++)
			for (size_t k = 0; k < c; k++)
				out[i * stride + x * c + k] =
					(uint8_t)((sum[x * samples + (samples == 3 ? k : 0)] +
						   d / 2) /
						  d);
	}
out:
	plan_release(&px);
	plan_release(&py);
	free(row[0]);
	free(row[1]);
	free(sum);
	free(scratch);
	return st;
}

/* a * b / c to the nearest, within [1, most]. */
static size_t share(size_t a, size_t b, size_t c, size_t most)
{
	size_t v = (a * b + c / 2) / c;

	return v < 1 ? 1 : v > most ? most : v;
}

int sn_image_fit(uint8_t *out, size_t w, size_t h, size_t c, const uint8_t *in, size_t in_w,
		 size_t in_h, size_t in_c, enum sn_fit fit, uint8_t fill)
{
	struct view view = { in, in_w, in_h, in_c, in_w * in_c };
	size_t stride = w * c, inner_w = w, inner_h = h;
	bool wider; /* than the output */

	if (w < 1 || h < 1 || w > MAX_FIT || h > MAX_FIT || (c != 1 && c != 3))
		return sn_fail(SN_EUSAGE, "cannot fit a picture to %zux%zux%zu", w, h, c);
	if (in_w < 1 || in_h < 1 || in_w > MAX_FIT || in_h > MAX_FIT || (in_c != 1 && in_c != 3))
		return sn_fail(SN_EDATA, "cannot fit a picture of %zux%zux%zu", in_w, in_h, in_c);
	if (w == in_w && h == in_h && c == in_c) {
		memcpy(out, in, w * h * c);
		return 0;
	}
	wider = in_w * h >= in_h * w;
	if (fit == SN_FIT_CROP) {
		if (wider)
			view.w = share(in_h, w, h, in_w);
		else
			view.h = share(in_w, h, w, in_h);
		view.pixels += (in_h - view.h) / 2 * view.stride + (in_w - view.w) / 2 * in_c;
	} else if (fit == SN_FIT_PAD) {
		if (wider)
			inner_h = share(in_h, w, in_w, h);
		else
			inner_w = share(in_w, h, in_h, w);
		memset(out, fill, w * h * c);
		out += (h - inner_h) / 2 * stride + (w - inner_w) / 2 * c;
	}
	return stretch(out, stride, inner_w, inner_h, c, &view);
}
