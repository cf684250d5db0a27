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
#include "stem.h"

/* Of embedding, of training: packed weights and what follows the sum. */
struct pack {
	float *packed; /* [groups] */
	void *low;     /* in its place: packed in reduced precision */
	float *finish; /* bias, scale, shift [channels] each */
	const struct sn_layer *norm;
	bool relu, norm_last; /* the norm comes before the relu or behind it */
};

struct conv {
	struct sn_conv shape;	  /* of a group, as the kernel sees it */
	struct sn_conv_plan plan; /* the same; where `mirrors`, it gets what the layer gets */
	size_t pad_h, pad_w;	  /* the border */
	bool reflect;		  /* it mirrors the picture; otherwise it is zero */
	bool mirrors;		  /* so does the kernel, but in the input gradient */
	size_t channels, groups;  /* channels of the output */
	bool bias;
	struct sn_init init, bias_init;
	struct pack pack[2];
	float *back;	     /* [groups] packed for the input gradient */
	struct sn_stem stem; /* training */
};

static const struct sn_layer_kind stem_kind;

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

/* The kernel gets a picture with its border. */
static bool own_border(const struct conv *v)
{
	return v->reflect && (v->pad_h || v->pad_w);
}

/* The kernel gets what the layer gets. */
static bool plain(const struct conv *v)
{
	return !own_border(v) && v->groups == 1;
}

/* It gets all images of a call. */
static bool together(const struct conv *v)
{
	return plain(v) || v->mirrors;
}

static int shape(struct sn_layer *l)
{
	struct conv *v = l->own;
	struct sn_conv *s = &v->shape;
	size_t count, lowered, packed;
	int st;

	if ((st = check_shape(l)) < 0)
		return st;
	s->pad_h = own_border(v) ? 0 : v->pad_h;
	s->pad_w = own_border(v) ? 0 : v->pad_w;
	s->h = l->in.h + (own_border(v) ? 2 * v->pad_h : 0);
	s->w = l->in.w + (own_border(v) ? 2 * v->pad_w : 0);
	s->c = l->in.c / v->groups;
	s->k = v->channels / v->groups;
	s->oh = (s->h + 2 * s->pad_h - s->kh) / s->stride + 1;
	s->ow = (s->w + 2 * s->pad_w - s->kw) / s->stride + 1;
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
	sn_conv_plan(&v->plan, s);
	v->mirrors =
		own_border(v) && v->groups == 1 && sn_conv_mirrors(&v->plan, v->pad_h, v->pad_w);
	if (!sn_multiply(&packed, v->groups, sn_conv_packed(&v->plan, SN_CONV_FORWARD)) ||
	    packed > 4u * SN_MAX_WEIGHTS)
		return sn_fail(SN_EDATA, "windows of %zux%zu in %zu groups take too much memory",
			       s->kw, s->kh, v->groups);
	l->multiply_adds = (uint64_t)count * s->oh * s->ow;
	return 0;
}

static const char *way(const struct sn_layer *l, enum sn_conv_pass pass)
{
	return sn_conv_way_name(&((const struct conv *)l->own)->plan, pass);
}

static size_t images(const struct sn_layer *l)
{
	const struct conv *v = l->own;

	return together(v) ? sn_conv_images(&v->plan) : 1;
}

/* The batch norm and relu behind it, in either order; in training batch norm wants all of x. */
static bool absorb(struct sn_layer *l, const struct sn_layer *next, bool training)
{
	struct conv *v = l->own;
	struct pack *p = &v->pack[training];

	if (training && !p->relu && plain(v) && sn_stem_begins(&v->stem, l, &v->shape, next)) {
		l->kind = &stem_kind;
		return true;
	}
	if (v->stem.norm && training)
		return sn_stem_follows(&v->stem, next);

	if (next->kind == &sn_layer_batchnorm && !training && !p->norm) {
		p->norm = next;
		p->norm_last = p->relu;
		return true;
	}
	if (next->kind == &sn_layer_relu && !next->absorbs[training] && !p->relu && !p->norm_last) {
		p->relu = true;
		return true;
	}
	return false;
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

static size_t packed_size(const struct conv *v, enum sn_conv_pass pass)
{
	return sn_conv_packed(&v->plan, pass);
}

/* Its products are of reduced precision. */
static bool is_low(const struct sn_layer *l, bool training)
{
	const struct conv *v = l->own;

	return !training && l->precision != SN_FLOAT && plain(v) &&
	       sn_low_pays(&v->plan, l->precision);
}

static int have_packed(struct sn_layer *l, bool training)
{
	struct conv *v = l->own;
	struct pack *p = &v->pack[training];

	if (!is_low(l, training))
		return sn_layer_floats(&p->packed, v->groups * packed_size(v, SN_CONV_FORWARD));
	free(p->low);
	p->low = sn_alloc(sn_low_packed(&v->shape, l->precision), 1);
	return p->low ? 0 : SN_ENOMEM;
}

/* Training packs for both ways. */
static int prepare(struct sn_layer *l, bool training)
{
	struct conv *v = l->own;
	struct pack *p = &v->pack[training];
	float *bias, *scale, *shift;
	int st;

	if ((st = have_packed(l, training)) < 0 ||
	    (st = sn_layer_floats(&p->finish, 3 * v->channels)) < 0 ||
	    (training &&
	     (st = sn_layer_floats(&v->back, v->groups * packed_size(v, SN_CONV_INPUT))) < 0))
		return st;
	bias = p->finish, scale = bias + v->channels, shift = scale + v->channels;
	memset(bias, 0, v->channels * sizeof *bias);
	if (v->bias)
		memcpy(bias, l->param[1].value, v->channels * sizeof *bias);
	if (!p->norm)
		return 0;
	sn_batchnorm_line(p->norm, scale, shift);
	if (!p->norm_last) /* (W x + b) scale + shift = (scale W) x + (b scale + shift) */
		for (size_t o = 0; o < v->channels; o++)
			bias[o] = bias[o] * scale[o] + shift[o];
	return 0;
}

static size_t forward_pieces(const struct sn_layer *l, bool training)
{
	const struct conv *v = l->own;

	if (is_low(l, training))
		return sn_low_pieces(&v->shape);
	return v->groups * sn_conv_pieces(&v->plan, SN_CONV_FORWARD);
}

static size_t pieces(const struct sn_layer *l, bool training)
{
	const struct conv *v = l->own;

	return forward_pieces(l, training) +
	       (training ? v->groups * sn_conv_pieces(&v->plan, SN_CONV_INPUT) : 0);
}

static void pack(struct sn_layer *l, bool training, size_t piece)
{
	struct conv *v = l->own;
	struct pack *p = &v->pack[training];
	enum sn_conv_pass pass = SN_CONV_FORWARD;
	float *to = p->packed;
	const float *scale = NULL;

	if (piece >= forward_pieces(l, training)) {
		piece -= forward_pieces(l, training);
		pass = SN_CONV_INPUT;
		to = v->back;
	} else if (p->norm && !p->norm_last) {
		scale = p->finish + v->channels;
	}
	if (pass == SN_CONV_FORWARD && is_low(l, training)) {
		sn_low_pack(&v->shape, l->precision, l->param[0].value, scale, p->low, piece);
		return;
	}
	size_t group = piece / sn_conv_pieces(&v->plan, pass);
	sn_conv_pack(&v->plan, pass, l->param[0].value + group * weights(&v->shape),
		     scale ? scale + group * v->shape.k : NULL, to + group * packed_size(v, pass),
		     piece % sn_conv_pieces(&v->plan, pass));
}

/* What follows the sum of a group. */
static struct sn_finish finish_of(const struct conv *v, bool training, size_t group)
{
	const struct pack *p = &v->pack[training];
	const float *bias = p->finish + group * v->shape.k;
	struct sn_finish f = { .bias = bias, .relu = p->relu };

	if (p->norm && p->norm_last) {
		f.scale = bias + v->channels;
		f.shift = f.scale + v->channels;
	}
	return f;
}

static void release(struct sn_layer *l)
{
	struct conv *v = l->own;

	free(v->pack[0].packed);
	free(v->pack[0].low);
	free(v->pack[0].finish);
	free(v->pack[1].packed);
	free(v->pack[1].finish);
	free(v->back);
}

/* ---- borders and groups ------------------------------------------------------------------------
 */

/* Pixels of a row of the picture that lie `left` pixels from the border's, if there is one. */
static size_t left_of(const struct conv *v)
{
	return own_border(v) ? v->pad_w : 0;
}

/* The row that row r, with its border, shows. */
static size_t row_of(const struct sn_layer *l, size_t r)
{
	const struct conv *v = l->own;

	return own_border(v) ? mirror(r, v->pad_h, l->in.h) : r;
}

/* What the kernel sees of a group: bordered, its channels alone. */
static void cut(const struct sn_layer *l, size_t group, const float *x, float *to)
{
	const struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;
	const size_t left = left_of(v), w = l->in.w, c = s->c;

	for (size_t r = 0; r < s->h; r++, to += s->w * c) {
		const float *from = x + row_of(l, r) * w * l->in.c + group * c;
		if (v->groups == 1)
			memcpy(to + left * c, from, w * c * sizeof *to);
		for (size_t p = 0; p < s->w; p++) {
			if (v->groups == 1 && p == left)
				p += w; /* which may be the end */
			if (p == s->w)
				break;
			const float *shown = from + mirror(p, left, w) * l->in.c;
			for (size_t i = 0; i < c; i++)
				to[p * c + i] = shown[i];
		}
	}
}

/* dx += the gradient of what was cut. */
static void uncut(const struct sn_layer *l, size_t group, const float *restrict d, float *dx)
{
	const struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;
	const size_t left = left_of(v), w = l->in.w, c = s->c;

	for (size_t r = 0; r < s->h; r++, d += s->w * c) {
		float *restrict to = dx + row_of(l, r) * w * l->in.c + group * c;
		if (v->groups == 1)
			sn_sweeps()->accumulate(to, d + left * c, w * c);
		for (size_t p = 0; p < s->w; p++) {
			if (v->groups == 1 && p == left)
				p += w;
			if (p == s->w)
				break;
			float *shown = to + mirror(p, left, w) * l->in.c;
			for (size_t i = 0; i < c; i++)
				shown[i] += d[p * c + i];
		}
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

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Of the kernel, for as many images as it gets at a time. */
static size_t kernel_scratch(const struct sn_layer *l, bool training)
{
	const struct conv *v = l->own;
	size_t n = together(v) ? l->turn : 1;
	size_t size = is_low(l, training) ? sn_low_scratch(&v->shape, l->precision, n)
					  : sn_conv_scratch(&v->plan, SN_CONV_FORWARD, n);

	if (training) {
		size = larger(size, sn_conv_scratch(&v->plan, SN_CONV_INPUT, n));
		size = larger(size, sn_conv_scratch(&v->plan, SN_CONV_WEIGHT, n));
	}
	return (size + 15) / 16 * 16;
}

/* The kernel's, and of what is cut: x, dx, a group's part of y or its gradient. */
static size_t scratch(const struct sn_layer *l, bool training)
{
	const struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;

	return kernel_scratch(l, training) +
	       (training && v->stem.norm ? sn_stem_scratch(&v->stem) : 0) +
	       (plain(v) ? 0 : 2 * s->h * s->w * s->c + s->oh * s->ow * s->k);
}

struct cuts {
	float *x, *dx, *y;
};

static struct cuts cuts(const struct sn_layer *l, bool training, float *memory)
{
	const struct sn_conv *s = &((const struct conv *)l->own)->shape;
	float *x = memory + kernel_scratch(l, training), *dx = x + s->h * s->w * s->c;

	return (struct cuts){ x, dx, dx + s->h * s->w * s->c };
}

/* ---- passes ---------------------------------------------------------------------------- */

static void forward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct conv *v = l->own;
	const bool training = c->batch->training;
	const float *packed = v->pack[training].packed;
	struct sn_finish f = finish_of(v, training, 0);
	struct cuts p;

	if (is_low(l, training)) {
		sn_low_forward(&v->shape, l->precision, c->x, c->n, v->pack[training].low, &f, 0,
			       sn_low_pieces(&v->shape), c->y, c->scratch);
		return;
	}
	if (together(v)) {
		sn_conv_forward(&v->plan, c->x, c->n, packed, &f, c->y, c->scratch);
		return;
	}
	p = cuts(l, training, c->scratch);
	for (size_t i = 0; i < c->n; i++)
		for (size_t g = 0; g < v->groups; g++) {
			float *y = c->y + i * l->out_size;
			f = finish_of(v, training, g);
			cut(l, g, c->x + i * l->in_size, p.x);
			sn_conv_forward(&v->plan, p.x, 1,
					packed + g * packed_size(v, SN_CONV_FORWARD), &f,
					v->groups == 1 ? y : p.y, c->scratch);
			if (v->groups > 1)
				put_group(v, g, p.y, y);
		}
}

/* dx may be NULL. */
static void cut_backward(const struct sn_call *c, size_t i)
{
	const struct sn_layer *l = c->layer;
	const struct conv *v = l->own;
	float *dx = c->dx ? c->dx + i * l->in_size : NULL;
	struct cuts p = cuts(l, true, c->scratch);

	if (dx)
		memset(dx, 0, l->in_size * sizeof *dx);
	for (size_t g = 0; g < v->groups; g++) {
		const float *dy = c->dy + i * l->out_size;
		cut(l, g, c->x + i * l->in_size, p.x);
		if (v->groups > 1) {
			take_group(v, g, dy, p.y);
			dy = p.y;
		}
		sn_conv_weight_gradient(&v->plan, p.x, dy, 1, c->sum + g * sn_conv_sum(&v->plan),
					c->scratch);
		if (!dx)
			continue;
		sn_conv_input_gradient(&v->plan, dy, 1, v->back + g * packed_size(v, SN_CONV_INPUT),
				       p.dx, c->scratch);
		uncut(l, g, p.dx, dx);
	}
}

/* All images but for dx, whose mirrored border is added to what it shows. */
static void mirrored_backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct conv *v = l->own;
	float *d = cuts(l, true, c->scratch).dx;

	sn_conv_weight_gradient(&v->plan, c->x, c->dy, c->n, c->sum, c->scratch);
	for (size_t i = 0; c->dx && i < c->n; i++) {
		float *dx = c->dx + i * l->in_size;
		memset(dx, 0, l->in_size * sizeof *dx);
		sn_conv_input_gradient(&v->plan, c->dy + i * l->out_size, 1, v->back, d,
				       c->scratch);
		uncut(l, 0, d, dx);
	}
}

static void backward(const struct sn_call *c)
{
	const struct conv *v = c->layer->own;

	if (v->mirrors) {
		mirrored_backward(c);
		return;
	}
	if (!plain(v)) {
		for (size_t i = 0; i < c->n; i++)
			cut_backward(c, i);
		return;
	}
	sn_conv_weight_gradient(&v->plan, c->x, c->dy, c->n, c->sum, c->scratch);
	if (c->dx)
		sn_conv_input_gradient(&v->plan, c->dy, c->n, v->back, c->dx, c->scratch);
}

static size_t sum(const struct sn_layer *l)
{
	const struct conv *v = l->own;

	return v->groups * sn_conv_sum(&v->plan);
}

static void sum_done(const struct sn_layer *l, float *total)
{
	const struct conv *v = l->own;
	const struct sn_conv *s = &v->shape;

	for (size_t g = 0; g < v->groups; g++)
		sn_conv_unpack(&v->plan, total + g * sn_conv_sum(&v->plan),
			       l->param[0].grad + g * weights(s),
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
	.release = release,
	.absorb = absorb,
	.way = way,
	.images = images,
	.prepare = prepare,
	.pieces = pieces,
	.pack = pack,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.sum = sum,
	.sum_done = sum_done,
};

/* ---- a stem ------------------------------------------------------------------------------ */

static const struct sn_stem *stem_of(const struct sn_layer *l)
{
	return &((const struct conv *)l->own)->stem;
}

/* Behind the kernel's scratch memory. */
static float *stem_scratch(const struct sn_call *c)
{
	return c->scratch + kernel_scratch(c->layer, true);
}

static size_t stem_memory(const struct sn_layer *l, size_t n, size_t block)
{
	return sn_stem_memory(stem_of(l), n, block);
}

static void stem_gather(const struct sn_call *c)
{
	sn_stem_gather(stem_of(c->layer), c, stem_scratch(c));
}

static int stem_join(struct sn_layer *l, const struct sn_batch *b, void *memory)
{
	return sn_stem_join(stem_of(l), l, b, memory);
}

static void stem_forward(const struct sn_call *c)
{
	if (c->batch->training)
		sn_stem_forward(stem_of(c->layer), c, stem_scratch(c));
	else
		forward(c);
}

static void stem_back_gather(const struct sn_call *c)
{
	sn_stem_back_gather(stem_of(c->layer), c, stem_scratch(c));
}

static void stem_back_join(struct sn_layer *l, const struct sn_batch *b, void *memory)
{
	sn_stem_back_join(stem_of(l), l, b, memory);
}

/* Parameters have their gradients; that of x is seldom wanted. */
static void stem_backward(const struct sn_call *c)
{
	const struct sn_layer *l = c->layer;
	const struct conv *v = l->own;
	const struct sn_finish f = finish_of(v, true, 0);

	for (size_t i = 0; c->dx && i < c->n; i++) {
		sn_conv_forward(&v->plan, c->x + i * l->in_size, 1, v->pack[true].packed, &f,
				sn_stem_given(&v->stem, stem_scratch(c)), c->scratch);
		sn_conv_input_gradient(&v->plan, sn_stem_gradient(&v->stem, c, i, stem_scratch(c)),
				       1, v->back, c->dx + i * l->in_size, c->scratch);
	}
}

static const struct sn_layer_kind stem_kind = {
	.name = "conv",
	.prefix = "conv",
	.size = sizeof(struct conv),
	.flags = SN_LAYER_KEEPS_X | SN_LAYER_CHANCE | SN_LAYER_BACK_AS_ONE,
	.init = init,
	.release = release,
	.absorb = absorb,
	.way = way,
	.images = images,
	.prepare = prepare,
	.pieces = pieces,
	.pack = pack,
	.scratch = scratch,
	.memory = stem_memory,
	.gather = stem_gather,
	.join = stem_join,
	.forward = stem_forward,
	.back_gather = stem_back_gather,
	.back_join = stem_back_join,
	.backward = stem_backward,
};
