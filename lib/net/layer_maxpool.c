/* maxpool - the largest of each window and channel; only windows that lie within the picture. */
#include <string.h>
#include "layer.h"

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

/* Training keeps the place in the picture that each maximum came from. */
static size_t memory(const struct sn_layer *l, size_t n, size_t block)
{
	(void)block;
	return n * l->out_size * sizeof(uint32_t);
}

/* The first of equal values wins; a NaN wins over all, so that it is not lost. */
static void pool(const struct sn_layer *l, const float *x, float *restrict y,
		 uint32_t *restrict place)
{
	const struct maxpool *v = l->own;
	size_t c = l->in.c, row = l->in.w * c;

	for (size_t oy = 0; oy < l->out.h; oy++) {
		for (size_t ox = 0; ox < l->out.w; ox++, y += c) {
			size_t corner = oy * v->stride * row + ox * v->stride * c;
			memcpy(y, x + corner, c * sizeof *y);
			for (size_t o = 0; place && o < c; o++)
				place[o] = (uint32_t)(corner + o);
			for (size_t t = 1; t < v->kh * v->kw; t++) {
				size_t at = corner + t / v->kw * row + t % v->kw * c;
				const float *restrict p = x + at;
				if (place)
					for (size_t o = 0; o < c; o++) {
						int more = (p[o] > y[o]) | (p[o] != p[o]);
						y[o] = more ? p[o] : y[o];
						place[o] = more ? (uint32_t)(at + o) : place[o];
					}
				else
					for (size_t o = 0; o < c; o++)
						y[o] = ((p[o] > y[o]) | (p[o] != p[o])) ? p[o]
											: y[o];
			}
			if (place)
				place += c;
		}
	}
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;

	for (size_t i = 0; i < c->n; i++) {
		uint32_t *place = c->batch->training
					  ? (uint32_t *)c->memory + (c->first + i) * l->out_size
					  : NULL;
		pool(l, c->x + i * l->in_size, c->y + i * l->out_size, place);
	}
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;

	for (size_t i = 0; c->dx && i < c->n; i++) {
		const uint32_t *place = (const uint32_t *)c->memory + (c->first + i) * l->out_size;
		const float *dy = c->dy + i * l->out_size;
		float *dx = c->dx + i * l->in_size;
		memset(dx, 0, l->in_size * sizeof *dx);
		for (size_t o = 0; o < l->out_size; o++)
			dx[place[o]] += dy[o];
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
