/*
 * conv - convolution
 *     y[p][o] = b[o] + sum over i, j, c of W[o][c][i][j] x[p stride - pad + (i, j)][c]
 */
#include <stdlib.h>
#include <string.h>
#include <sn/kernel.h>
#include "layer.h"

struct conv {
	struct sn_conv shape;
	bool bias;
	struct sn_init init;
	float *packed;
};

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct conv *v = l->own;
	const char *channels = sn_words_operand(w), *size = sn_words_option(w, "size");
	int st;

	v->bias = true;
	v->shape.stride = 1;
	if (!channels || !size)
		return sn_fail(SN_EDATA, "line %u: conv without %s, wanted: %s", w->line,
			       channels ? "size=" : "channels", l->kind->synopsis);
	if ((st = sn_words_count(w, "channels", channels, 1, &v->shape.k)) < 0 ||
	    (st = sn_words_extent(w, "size", size, &v->shape.kw, &v->shape.kh)) < 0 ||
	    (st = sn_words_count(w, "stride", sn_words_option(w, "stride"), 1, &v->shape.stride)) <
		    0 ||
	    (st = sn_words_count(w, "pad", sn_words_option(w, "pad"), 0, &v->shape.pad)) < 0 ||
	    (st = sn_words_yes(w, "bias", sn_words_option(w, "bias"), &v->bias)) < 0 ||
	    (st = sn_init_parse(&v->init, w, sn_words_option(w, "init"))) < 0)
		return st;
	return 0;
}

static int shape(struct sn_layer *l)
{
	struct conv *v = l->own;
	struct sn_conv *s = &v->shape;
	size_t weight[4] = { s->k, l->in.c, s->kh, s->kw }, count, lowered;
	int st;

	s->h = l->in.h;
	s->w = l->in.w;
	s->c = l->in.c;
	if (s->h + 2 * s->pad < s->kh || s->w + 2 * s->pad < s->kw)
		return sn_fail(SN_EDATA,
			       "a window of %zux%zu does not fit %zux%zu with a border of %zu",
			       s->kw, s->kh, s->w, s->h, s->pad);
	if (s->pad >= s->kh || s->pad >= s->kw)
		return sn_fail(SN_EDATA, "pad=%zu is not smaller than the window of %zux%zu",
			       s->pad, s->kw, s->kh);
	s->oh = (s->h + 2 * s->pad - s->kh) / s->stride + 1;
	s->ow = (s->w + 2 * s->pad - s->kw) / s->stride + 1;
	l->out = (struct sn_shape){ s->oh, s->ow, s->k };
	if ((st = sn_layer_param(l, "weight", weight, 4, true, true)) < 0 ||
	    (v->bias && (st = sn_layer_param(l, "bias", &s->k, 1, true, false)) < 0))
		return st;
	/* the count is right: sn_layer_param has checked it */
	count = l->param[0].count;
	if (!sn_product(&lowered, (size_t[]){ s->oh, s->ow, s->kh, s->kw, s->c }, 5) ||
	    lowered > 4u * SN_MAX_ACTIVATION || s->oh * s->ow > SN_MAX_NUMBER)
		return sn_fail(SN_EDATA, "the picture is too large");
	l->multiply_adds = (uint64_t)count * s->oh * s->ow;
	return sn_layer_floats(&v->packed, sn_conv_packed(s));
}

static void init(struct sn_layer *l, uint64_t seed)
{
	struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;
	struct sn_random r = sn_random(seed, SN_RANDOM_INIT, l->index, 0),
			 b = sn_random(seed, SN_RANDOM_INIT, l->index, 1);
	size_t area = s->kh * s->kw;

	sn_init_weight(&v->init, l->param[0].value, l->param[0].count, area * s->c, area * s->k,
		       &r);
	if (v->bias)
		sn_init_bias(&v->init, l->param[1].value, s->k, area * s->c, &b);
}

static void changed(struct sn_layer *l)
{
	struct conv *v = l->own;

	sn_conv_pack(&v->shape, l->param[0].value, v->bias ? l->param[1].value : NULL, v->packed);
}

static void release(struct sn_layer *l)
{
	free(((struct conv *)l->own)->packed);
}

static size_t scratch(const struct sn_layer *l)
{
	return sn_conv_scratch(&((const struct conv *)l->own)->shape);
}

static void forward(const struct sn_call *c)
{
	const struct conv *v = c->layer->own;

	for (size_t i = 0; i < c->n; i++)
		sn_conv_forward(&v->shape, c->x + i * c->layer->in_size, v->packed,
				c->y + i * c->layer->out_size, c->scratch);
}

static void backward(const struct sn_call *c)
{
	const struct conv *v = c->layer->own;

	for (size_t i = 0; i < c->n; i++) {
		const float *dy = c->dy + i * c->layer->out_size;
		size_t x = i * c->layer->in_size;
		sn_conv_weight_gradient(&v->shape, c->x + x, dy, c->sum, c->scratch);
		if (c->dx)
			sn_conv_input_gradient(&v->shape, dy, v->packed, c->dx + x, c->scratch);
	}
}

static size_t sum(const struct sn_layer *l)
{
	return sn_conv_sum(&((const struct conv *)l->own)->shape);
}

static void sum_done(const struct sn_layer *l, const float *s)
{
	const struct conv *v = l->own;

	sn_conv_unpack(&v->shape, s, l->param[0].grad, v->bias ? l->param[1].grad : NULL);
}

const struct sn_layer_kind sn_layer_conv = {
	.name = "conv",
	.prefix = "conv",
	.synopsis =
		"conv CHANNELS size=N|WxH [stride=1] [pad=0] [bias=yes|no] [init=RULE] [name=NAME]",
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
