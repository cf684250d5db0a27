/*
 * conv - convolution
 *     y[p][o] = b[o] + sum over i, j, c of W[o][c][i][j] x[p stride - pad + (i, j)][c]
 * The kernels know squares of zeros around a picture; other borders (mirrored, or not the same on
 * both axes) and groups of channels are put together here.
 */
#include <stdlib.h>
#include <string.h>
#include <sn/kernel.h>
#include "layer.h"

struct conv {
	struct sn_conv shape;	 /* of a group, as the kernel sees it */
	size_t pad_h, pad_w;	 /* the border */
	bool reflect;		 /* it mirrors the picture; otherwise it is zero */
	bool own_border;	 /* the kernel gets a picture with its border */
	size_t channels, groups; /* channels of the output */
	bool bias;
	struct sn_init init, bias_init;
	float *packed;	 /* [groups] */
	uint32_t *shown; /* own_border: [h][w] of the bordered picture; see below */
};

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct conv *v = l->own;
	const char *channels = sn_words_operand(w), *size = sn_words_option(w, "size");
	const char *pad = sn_words_option(w, "pad"), *mode = sn_words_option(w, "pad-mode");
	struct sn_conv *s = &v->shape;
	int st;

	v->bias = true;
	v->groups = s->stride = 1;
	if (!channels || !size)
		return sn_fail(SN_EDATA, "line %u: conv without %s, wanted: %s", w->line,
			       channels ? "size=" : "channels", l->kind->synopsis);
	if ((st = sn_words_count(w, "channels", channels, 1, &v->channels)) < 0 ||
	    (st = sn_words_extent(w, "size", size, 1, &s->kw, &s->kh)) < 0 ||
	    (st = sn_words_count(w, "stride", sn_words_option(w, "stride"), 1, &s->stride)) < 0 ||
	    (st = sn_words_extent(w, "pad", pad, 0, &v->pad_w, &v->pad_h)) < 0 ||
	    (st = sn_words_count(w, "groups", sn_words_option(w, "groups"), 1, &v->groups)) < 0 ||
	    (st = sn_words_yes(w, "bias", sn_words_option(w, "bias"), &v->bias)) < 0 ||
	    (st = sn_inits_parse(&v->init, &v->bias_init, w)) < 0)
		return st;
	v->reflect = mode && strcmp(mode, "reflect") == 0;
	if (mode && !v->reflect && strcmp(mode, "zeros") != 0)
		return sn_fail(SN_EDATA, "line %u: pad-mode '%.64s', wanted zeros or reflect",
			       w->line, mode);
	return 0;
}

/* That the window fits, and the border it. */
static int check_shape(const struct sn_layer *l)
{
	const struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;

	if (l->in.c % v->groups || v->channels % v->groups)
		return sn_fail(SN_EDATA, "%zu groups do not divide %zu channels", v->groups,
			       l->in.c % v->groups ? l->in.c : v->channels);
	if (v->reflect && (v->pad_h >= l->in.h || v->pad_w >= l->in.w))
		return sn_fail(SN_EDATA, "a mirrored border of %zux%zu is not smaller than %zux%zu",
			       v->pad_w, v->pad_h, l->in.w, l->in.h);
	if (l->in.h + 2 * v->pad_h < s->kh || l->in.w + 2 * v->pad_w < s->kw) {
		if (v->pad_h == v->pad_w)
			return sn_fail(SN_EDATA,
				       "a window of %zux%zu does not fit %zux%zu with a border of "
				       "%zu",
				       s->kw, s->kh, l->in.w, l->in.h, v->pad_w);
		return sn_fail(SN_EDATA,
			       "a window of %zux%zu does not fit %zux%zu with a border of %zux%zu",
			       s->kw, s->kh, l->in.w, l->in.h, v->pad_w, v->pad_h);
	}
	if (!v->reflect && (v->pad_h >= s->kh || v->pad_w >= s->kw)) {
		if (v->pad_h == v->pad_w)
			return sn_fail(SN_EDATA,
				       "pad=%zu is not smaller than the window of %zux%zu",
				       v->pad_w, s->kw, s->kh);
		return sn_fail(SN_EDATA, "pad=%zux%zu is not smaller than the window of %zux%zu",
			       v->pad_w, v->pad_h, s->kw, s->kh);
	}
	return 0;
}

/* The place in a side of n whose mirror image is place i behind a border of pad. */
static size_t mirror(size_t i, size_t pad, size_t n)
{
	if (i < pad)
		return pad - i;
	i -= pad;
	return i < n ? i : 2 * (n - 1) - i;
}

/* For the pixels of the bordered picture, one after another: the pixel of the picture that each
 * shows, or the picture's number of pixels where it shows none. */
static int find_shown(struct sn_layer *l)
{
	struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;
	size_t h = l->in.h, w = l->in.w;

	if (!(v->shown = sn_alloc(s->h * s->w, sizeof *v->shown)))
		return SN_ENOMEM;
	for (size_t p = 0; p < s->h * s->w; p++) {
		size_t y = p / s->w, x = p % s->w, at = h * w;
		if (v->reflect)
			at = mirror(y, v->pad_h, h) * w + mirror(x, v->pad_w, w);
		else if (y >= v->pad_h && y - v->pad_h < h && x >= v->pad_w && x - v->pad_w < w)
			at = (y - v->pad_h) * w + x - v->pad_w;
		v->shown[p] = (uint32_t)at;
	}
	return 0;
}

static int shape(struct sn_layer *l)
{
	struct conv *v = l->own;
	struct sn_conv *s = &v->shape;
	size_t count, lowered, packed;
	int st;

	if ((st = check_shape(l)) < 0)
		return st;
	v->own_border = v->pad_h != v->pad_w || (v->reflect && v->pad_h);
	s->pad = v->own_border ? 0 : v->pad_h;
	s->h = l->in.h + (v->own_border ? 2 * v->pad_h : 0);
	s->w = l->in.w + (v->own_border ? 2 * v->pad_w : 0);
	s->c = l->in.c / v->groups;
	s->k = v->channels / v->groups;
	s->oh = (s->h + 2 * s->pad - s->kh) / s->stride + 1;
	s->ow = (s->w + 2 * s->pad - s->kw) / s->stride + 1;
	l->out = (struct sn_shape){ s->oh, s->ow, v->channels };
	size_t weight[4] = { v->channels, s->c, s->kh, s->kw };
	if ((st = sn_layer_param(l, "weight", weight, 4, true, true)) < 0 ||
	    (v->bias && (st = sn_layer_param(l, "bias", &v->channels, 1, true, false)) < 0))
		return st;
	/* the count is right: sn_layer_param has checked it */
	count = l->param[0].count;
	if (!sn_product(&lowered, (size_t[]){ s->oh, s->ow, s->kh, s->kw, s->c }, 5) ||
	    lowered > 4u * SN_MAX_ACTIVATION || s->oh * s->ow > SN_MAX_NUMBER ||
	    !sn_product(&lowered, (size_t[]){ s->h, s->w, l->in.c }, 3) ||
	    lowered > 4u * SN_MAX_ACTIVATION)
		return sn_fail(SN_EDATA, "the picture is too large");
	/* whole vectors of channels, which small groups do not fill */
	if (!sn_multiply(&packed, v->groups, sn_conv_packed(s)) || packed > 4u * SN_MAX_WEIGHTS)
		return sn_fail(SN_EDATA, "windows of %zux%zu in %zu groups take too much memory",
			       s->kw, s->kh, v->groups);
	l->multiply_adds = (uint64_t)count * s->oh * s->ow;
	if ((st = sn_layer_floats(&v->packed, packed)) < 0)
		return st;
	return v->own_border ? find_shown(l) : 0;
}

static void init(struct sn_layer *l, uint64_t seed)
{
	struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;
	struct sn_random r = sn_random(seed, SN_RANDOM_INIT, l->index, 0),
			 b = sn_random(seed, SN_RANDOM_INIT, l->index, 1);
	size_t area = s->kh * s->kw;

	sn_init_values(&v->init, l->param[0].value, l->param[0].count, area * s->c, area * s->k,
		       &r);
	if (v->bias)
		sn_init_values(&v->bias_init, l->param[1].value, v->channels, area * s->c,
			       area * s->k, &b);
}

/* Floats of a group's weights. */
static size_t weights(const struct sn_conv *s)
{
	return s->k * s->c * s->kh * s->kw;
}

static void changed(struct sn_layer *l)
{
	struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;

	for (size_t g = 0; g < v->groups; g++)
		sn_conv_pack(s, l->param[0].value + g * weights(s),
			     v->bias ? l->param[1].value + g * s->k : NULL,
			     v->packed + g * sn_conv_packed(s));
}

static void release(struct sn_layer *l)
{
	struct conv *v = l->own;

	free(v->packed);
	free(v->shown);
}

/* ---- borders and groups ------------------------------------------------------------------------
 */

/* What the kernel sees of a group: bordered, its channels alone. */
static void cut(const struct sn_layer *l, size_t group, const float *x, float *to)
{
	const struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;

	for (size_t p = 0; p < s->h * s->w; p++, to += s->c) {
		size_t from = v->own_border ? v->shown[p] : p;
		if (from < l->in.h * l->in.w)
			memcpy(to, x + from * l->in.c + group * s->c, s->c * sizeof *to);
		else
			memset(to, 0, s->c * sizeof *to);
	}
}

/* dx += the gradient of what was cut. */
static void uncut(const struct sn_layer *l, size_t group, const float *restrict d, float *dx)
{
	const struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;

	for (size_t p = 0; p < s->h * s->w; p++, d += s->c) {
		size_t from = v->own_border ? v->shown[p] : p;
		if (from == l->in.h * l->in.w)
			continue;
		float *restrict to = dx + from * l->in.c + group * s->c;
		for (size_t i = 0; i < s->c; i++)
			to[i] += d[i];
	}
}

/* A group's channels of all pixels of y or dy, and back into the whole. */
static void take_group(const struct conv *v, size_t group, const float *whole, float *part)
{
	for (size_t p = 0; p < v->shape.oh * v->shape.ow; p++, part += v->shape.k)
		memcpy(part, whole + p * v->channels + group * v->shape.k,
		       v->shape.k * sizeof *part);
}

static void put_group(const struct conv *v, size_t group, const float *part, float *whole)
{
	for (size_t p = 0; p < v->shape.oh * v->shape.ow; p++, part += v->shape.k)
		memcpy(whole + p * v->channels + group * v->shape.k, part,
		       v->shape.k * sizeof *part);
}

static bool plain(const struct conv *v)
{
	return !v->own_border && v->groups == 1;
}

/* What is cut, a group's part of y, its gradient. */
static size_t scratch(const struct sn_layer *l)
{
	const struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;

	return sn_conv_scratch(s) + (plain(v) ? 0 : 2 * s->h * s->w * s->c + s->oh * s->ow * s->k);
}

struct pieces {
	float *x, *dx, *y, *scratch;
};

static struct pieces pieces(const struct conv *v, float *memory)
{
	const struct sn_conv *s = &v->shape;
	float *x = memory + sn_conv_scratch(s), *dx = x + s->h * s->w * s->c;

	return (struct pieces){ x, dx, dx + s->h * s->w * s->c, memory };
}

/* ---- passes
 * --------------------------------------------------------------------------------------- */

static void image_forward(const struct sn_layer *l, const float *x, float *y, float *memory)
{
	const struct conv *v = l->own;
	struct pieces p;

	if (plain(v)) {
		sn_conv_forward(&v->shape, x, v->packed, y, memory);
		return;
	}
	p = pieces(v, memory);
	for (size_t g = 0; g < v->groups; g++) {
		const float *packed = v->packed + g * sn_conv_packed(&v->shape);
		cut(l, g, x, p.x);
		sn_conv_forward(&v->shape, p.x, packed, v->groups == 1 ? y : p.y, p.scratch);
		if (v->groups > 1)
			put_group(v, g, p.y, y);
	}
}

/* dx may be NULL. */
static void image_backward(const struct sn_layer *l, const float *x, const float *dy, float *dx,
			   float *sum, float *memory)
{
	const struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;
	struct pieces p;

	if (plain(v)) {
		sn_conv_weight_gradient(s, x, dy, sum, memory);
		if (dx)
			sn_conv_input_gradient(s, dy, v->packed, dx, memory);
		return;
	}
	p = pieces(v, memory);
	if (dx)
		memset(dx, 0, l->in_size * sizeof *dx);
	for (size_t g = 0; g < v->groups; g++) {
		cut(l, g, x, p.x);
		take_group(v, g, dy, p.y);
		sn_conv_weight_gradient(s, p.x, p.y, sum + g * sn_conv_sum(s), p.scratch);
		if (!dx)
			continue;
		sn_conv_input_gradient(s, p.y, v->packed + g * sn_conv_packed(s), p.dx, p.scratch);
		uncut(l, g, p.dx, dx);
	}
}

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;

	for (size_t i = 0; i < c->n; i++)
		image_forward(l, c->x + i * l->in_size, c->y + i * l->out_size, c->scratch);
}

static void backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;

	for (size_t i = 0; i < c->n; i++)
		image_backward(l, c->x + i * l->in_size, c->dy + i * l->out_size,
			       c->dx ? c->dx + i * l->in_size : NULL, c->sum, c->scratch);
}

static size_t sum(const struct sn_layer *l)
{
	const struct conv *v = l->own;

	return v->groups * sn_conv_sum(&v->shape);
}

static void sum_done(const struct sn_layer *l, const float *total)
{
	const struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;

	for (size_t g = 0; g < v->groups; g++)
		sn_conv_unpack(s, total + g * sn_conv_sum(s), l->param[0].grad + g * weights(s),
			       v->bias ? l->param[1].grad + g * s->k : NULL);
}

const struct sn_layer_kind sn_layer_conv = {
	.name = "conv",
	.prefix = "conv",
	.synopsis = "conv CHANNELS size=N|WxH [stride=1] [pad=0|WxH] [pad-mode=zeros|reflect] "
		    "[groups=1] "
		    "[bias=yes|no] [init=RULE] [bias-init=RULE] [name=NAME]",
	.size = sizeof(struct conv),
	.flags = SN_LAYER_KEEPS_X,
	.parse = parse,
	.shape = shape,
	.init = init,
	.changed = changed,
	.release = release,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.sum = sum,
	.sum_done = sum_done,
};
