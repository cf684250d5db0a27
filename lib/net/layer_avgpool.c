/*
 * avgpool - the mean of each window and channel.  Windows that would reach over the edge are left
 * out, or with ceil=yes taken as far as they lie in the picture: the mean of what is there.
 */
#include "layer.h"
#include "../kernel/sweeps.h"

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

static struct sn_window window(const struct sn_layer *l)
{
	const struct avgpool *v = l->own;

	return (struct sn_window){ l->in.h,  l->in.w, l->in.c, l->out.h,
				   l->out.w, v->kh,   v->kw,   v->stride };
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct sn_window w = window(l);

	for (size_t i = 0; i < c->n; i++)
		sn_sweeps()->average(&w, c->x + i * l->in_size, c->y + i * l->out_size);
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct sn_window w = window(l);

	for (size_t i = 0; c->dx && i < c->n; i++)
		sn_sweeps()->average_back(&w, c->dy + i * l->out_size, c->dx + i * l->in_size);
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
