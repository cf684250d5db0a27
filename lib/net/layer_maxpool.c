/*
 * maxpool - the largest of each window and channel; only windows that lie within the picture.  The
 * first of equal values wins; a NaN wins over all, so that it is not lost.
 *
 * Training keeps which pixel of its window each maximum came from, a byte; of windows of more
 * pixels, which take plain loops, its place in the picture.
 */
#include <string.h>
#include "layer.h"
#include "../kernel/sweeps.h"

struct maxpool {
	size_t kw, kh, stride;
};

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct maxpool *v = l->own;
	const char *size = sn_words_option(w, "size"), *stride = sn_words_option(w, "stride");
	int st;

	if (!size)
		return sn_fail(SN_EDATA, "line %u: maxpool without size=, wanted: %s", w->line,
			       l->kind->synopsis);
	if ((st = sn_words_extent(w, "size", size, 1, &v->kw, &v->kh)) < 0)
		return st;
	if (!stride && v->kw != v->kh)
		return sn_fail(SN_EDATA, "line %u: maxpool of %zux%zu without stride=", w->line,
			       v->kw, v->kh);
	v->stride = v->kw;
	return sn_words_count(w, "stride", stride, 1, &v->stride);
}

static int shape(struct sn_layer *l)
{
	struct maxpool *v = l->own;

	if (l->in.h < v->kh || l->in.w < v->kw)
		return sn_fail(SN_EDATA, "a window of %zux%zu does not fit %zux%zu", v->kw, v->kh,
			       l->in.w, l->in.h);
	l->out.h = (l->in.h - v->kh) / v->stride + 1;
	l->out.w = (l->in.w - v->kw) / v->stride + 1;
	l->out.c = l->in.c;
	return 0;
}

static struct sn_window window(const struct sn_layer *l)
{
	const struct maxpool *v = l->own;

	return (struct sn_window){ l->in.h,  l->in.w, l->in.c, l->out.h,
				   l->out.w, v->kh,   v->kw,   v->stride };
}

static bool is_large(const struct sn_layer *l)
{
	const struct maxpool *v = l->own;

	return v->kh * v->kw > SN_MOST_TAPS;
}

bool sn_maxpool_window(const struct sn_layer *l, struct sn_window *w)
{
	if (l->kind != &sn_layer_maxpool || is_large(l))
		return false;
	*w = window(l);
	return true;
}

static size_t memory(const struct sn_layer *l, size_t n, size_t block)
{
	(void)block;
	return n * l->out_size * (is_large(l) ? sizeof(uint32_t) : 1);
}

/* ---- large windows --------------------------------------------------------------------- */

static void pool(const struct sn_layer *l, const float *x, float *y, uint32_t *place)
{
	const struct maxpool *v = l->own;
	size_t c = l->in.c, row = l->in.w * c;

	for (size_t i = 0; i < l->out_size; i++) {
		size_t o = i % c, ox = i / c % l->out.w, oy = i / c / l->out.w;
		size_t corner = oy * v->stride * row + ox * v->stride * c + o, best = corner;
		for (size_t t = 1; t < v->kh * v->kw; t++) {
			size_t at = corner + t / v->kw * row + t % v->kw * c;
			if (x[at] > x[best] || x[at] != x[at])
				best = at;
		}
		y[i] = x[best];
		if (place)
			place[i] = (uint32_t)best;
	}
}

static void unpool(const struct sn_layer *l, const uint32_t *place, const float *dy, float *dx)
{
	memset(dx, 0, l->in_size * sizeof *dx);
	for (size_t i = 0; i < l->out_size; i++)
		dx[place[i]] += dy[i];
}

/* ---- passes ---------------------------------------------------------------------------- */

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct sn_window w = window(l);

	for (size_t i = 0; i < c->n; i++) {
		const float *x = c->x + i * l->in_size;
		float *y = c->y + i * l->out_size;
		size_t at = (c->first + i) * l->out_size;
		if (is_large(l))
			pool(l, x, y, c->batch->training ? (uint32_t *)c->memory + at : NULL);
		else
			sn_sweeps()->maxpool(&w, NULL, false, x, y,
					     c->batch->training ? (uint8_t *)c->memory + at : NULL,
					     NULL);
	}
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct sn_window w = window(l);

	for (size_t i = 0; c->dx && i < c->n; i++) {
		const float *dy = c->dy + i * l->out_size;
		float *dx = c->dx + i * l->in_size;
		size_t at = (c->first + i) * l->out_size;
		if (is_large(l))
			unpool(l, (const uint32_t *)c->memory + at, dy, dx);
		else
			sn_sweeps()->maxpool_back(&w, NULL, (const uint8_t *)c->memory + at, dy,
						  NULL, dx, NULL);
	}
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	(void)l;
	r->unit = false;
}

const struct sn_layer_kind sn_layer_maxpool = {
	.name = "maxpool",
	.prefix = "pool",
	.synopsis = "maxpool size=N|WxH [stride=size] [name=NAME]",
	.size = sizeof(struct maxpool),
	.parse = parse,
	.shape = shape,
	.range = range,
	.memory = memory,
	.forward = forward,
	.backward = backward,
};
