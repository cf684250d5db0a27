/*
 * avgpool - the mean of each window and channel.  Windows that would reach over the edge are left
 * out, or with ceil=yes taken as far as they lie in the picture: the mean of what is there.
 */
#include <string.h>
#include "layer.h"

struct avgpool {
	size_t kw, kh, stride;
	bool ceil;
};

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct avgpool *v = l->own;
	const char *size = sn_words_option(w, "size"), *stride = sn_words_option(w, "stride");
	int st;

	if (!size)
		return sn_fail(SN_EDATA, "line %u: avgpool without size=, wanted: %s", w->line,
			       l->kind->synopsis);
	if ((st = sn_words_extent(w, "size", size, 1, &v->kw, &v->kh)) < 0 ||
	    (st = sn_words_yes(w, "ceil", sn_words_option(w, "ceil"), &v->ceil)) < 0)
		return st;
	if (!stride && v->kw != v->kh)
		return sn_fail(SN_EDATA, "line %u: avgpool of %zux%zu without stride=", w->line,
			       v->kw, v->kh);
	v->stride = v->kw;
	return sn_words_count(w, "stride", stride, 1, &v->stride);
}

/* Windows along a side of n; a partial one must begin within it. */
static size_t windows(const struct avgpool *v, size_t n, size_t size)
{
	size_t rest = n - size, whole = rest / v->stride + 1;

	return whole + (v->ceil && rest % v->stride && whole * v->stride < n);
}

static int shape(struct sn_layer *l)
{
	struct avgpool *v = l->own;

	if (l->in.h < v->kh || l->in.w < v->kw)
		return sn_fail(SN_EDATA, "a window of %zux%zu does not fit %zux%zu", v->kw, v->kh,
			       l->in.w, l->in.h);
	l->out.h = windows(v, l->in.h, v->kh);
	l->out.w = windows(v, l->in.w, v->kw);
	l->out.c = l->in.c;
	return 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A window: rows [top, bottom), points [left, right). */
struct window {
	size_t top, bottom, left, right;
	float share; /* 1 / pixels */
};

static struct window window_at(const struct sn_layer *l, size_t oy, size_t ox)
{
	const struct avgpool *v = l->own;
	struct window w = { oy * v->stride, 0, ox * v->stride, 0, 0 };

	w.bottom = least(w.top + v->kh, l->in.h);
	w.right = least(w.left + v->kw, l->in.w);
	w.share = 1 / (float)((w.bottom - w.top) * (w.right - w.left));
	return w;
}

static void image_forward(const struct sn_layer *l, const float *image, float *restrict y)
{
	size_t c = l->in.c;

	for (size_t o = 0; o < l->out.h * l->out.w; o++, y += c) {
		struct window w = window_at(l, o / l->out.w, o % l->out.w);
		memset(y, 0, c * sizeof *y);
		for (size_t r = w.top; r < w.bottom; r++) {
			for (size_t q = w.left; q < w.right; q++) {
				const float *restrict x = image + (r * l->in.w + q) * c;
				for (size_t i = 0; i < c; i++)
					y[i] += x[i];
			}
		}
		for (size_t i = 0; i < c; i++)
			y[i] *= w.share;
	}
}

static void image_backward(const struct sn_layer *l, const float *restrict dy, float *image)
{
	size_t c = l->in.c;

	memset(image, 0, l->in_size * sizeof *image);
	for (size_t o = 0; o < l->out.h * l->out.w; o++, dy += c) {
		struct window w = window_at(l, o / l->out.w, o % l->out.w);
		for (size_t r = w.top; r < w.bottom; r++) {
			for (size_t q = w.left; q < w.right; q++) {
				float *restrict dx = image + (r * l->in.w + q) * c;
				for (size_t i = 0; i < c; i++)
					dx[i] += dy[i] * w.share;
			}
		}
	}
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;

	for (size_t i = 0; i < c->n; i++)
		image_forward(l, c->x + i * l->in_size, c->y + i * l->out_size);
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;

	for (size_t i = 0; c->dx && i < c->n; i++)
		image_backward(l, c->dy + i * l->out_size, c->dx + i * l->in_size);
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	(void)l;
	r->unit = false;
}

const struct sn_layer_kind sn_layer_avgpool = {
	.name = "avgpool",
	.prefix = "avgpool",
	.synopsis = "avgpool size=N|WxH [stride=size] [ceil=yes|no] [name=NAME]",
	.size = sizeof(struct avgpool),
	.parse = parse,
	.shape = shape,
	.range = range,
	.forward = forward,
	.backward = backward,
};
