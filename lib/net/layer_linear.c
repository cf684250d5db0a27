/* linear - y = W x + b */
#include <stdlib.h>
#include <string.h>
#include <sn/kernel.h>
#include "layer.h"

struct linear {
	struct sn_linear shape;
	bool bias;
	bool relu; /* the next layer's */
	void *low; /* weights packed in reduced precision */
	struct sn_init init, bias_init;
};

/* More weights than these, 512 KB, are read once for all images of a batch. */
enum { WIDE_WEIGHTS = 1 << 17 };

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct linear *v = l->own;
	const char *out = sn_words_operand(w);
	int st;

	v->bias = true;
	if (!out)
		return sn_fail(SN_EDATA, "line %u: linear without a number of outputs, wanted: %s",
			       w->line, l->kind->synopsis);
	if ((st = sn_words_count(w, "outputs", out, 1, &v->shape.out)) < 0 ||
	    (st = sn_words_yes(w, "bias", sn_words_option(w, "bias"), &v->bias)) < 0 ||
	    (st = sn_inits_parse(&v->init, &v->bias_init, w)) < 0)
		return st;
	return 0;
}

static int shape(struct sn_layer *l)
{
	struct linear *v = l->own;
	size_t weight[2] = { v->shape.out, l->in_size };
	int st;

	if (l->in.h != 1 || l->in.w != 1)
		return sn_fail(
			SN_EDATA,
			"it takes a flat input and gets %zux%zux%zu: put 'flatten' before it",
			l->in.w, l->in.h, l->in.c);
	v->shape.in = l->in_size;
	l->out = (struct sn_shape){ 1, 1, v->shape.out };
	if ((st = sn_layer_param(l, "weight", weight, 2, true, true)) < 0 ||
	    (v->bias && (st = sn_layer_param(l, "bias", &v->shape.out, 1, true, false)) < 0))
		return st;
	l->multiply_adds = l->param[0].count;
	l->wide = l->param[0].wide = l->param[0].count > WIDE_WEIGHTS;
	return 0;
}

static void init(struct sn_layer *l, uint64_t seed)
{
	struct linear *v = l->own;
	struct sn_random r = sn_random(seed, SN_RANDOM_INIT, l->index, 0),
			 b = sn_random(seed, SN_RANDOM_INIT, l->index, 1);

	sn_init_values(&v->init, l->param[0].value, l->param[0].count, v->shape.in, v->shape.out,
		       &r);
	if (v->bias)
		sn_init_values(&v->bias_init, l->param[1].value, v->shape.out, v->shape.in,
			       v->shape.out, &b);
}

static bool absorb(struct sn_layer *l, const struct sn_layer *next, bool training)
{
	struct linear *v = l->own;

	if (next->kind != &sn_layer_relu || l->absorbs[training])
		return false;
	return v->relu = true;
}

/* ---- reduced precision ---------------------------------------------------------------- */

/* The layer as the convolution of a picture of one pixel. */
static struct sn_conv pixel(const struct sn_layer *l)
{
	const struct sn_linear *s = &((const struct linear *)l->own)->shape;

	return (struct sn_conv){ .h = 1,
				 .w = 1,
				 .c = s->in,
				 .oh = 1,
				 .ow = 1,
				 .k = s->out,
				 .kh = 1,
				 .kw = 1,
				 .stride = 1 };
}

/* Small ones gain nothing, and what they give is often the embedding. */
static bool is_low(const struct sn_layer *l, bool training)
{
	struct sn_conv s = pixel(l);

	return !training && l->precision != SN_FLOAT && l->wide && sn_low_holds(&s, l->precision);
}

static int prepare(struct sn_layer *l, bool training)
{
	struct linear *v = l->own;
	struct sn_conv s = pixel(l);

	if (!is_low(l, training))
		return 0;
	free(v->low);
	v->low = sn_alloc_unset(sn_low_packed(&s, l->precision), 1);
	return v->low ? 0 : SN_ENOMEM;
}

static size_t pieces(const struct sn_layer *l, bool training)
{
	struct sn_conv s = pixel(l);

	return is_low(l, training) ? sn_low_pieces(&s) : 0;
}

static void pack(struct sn_layer *l, bool training, size_t piece)
{
	struct sn_conv s = pixel(l);

	(void)training;
	sn_low_pack(&s, l->precision, l->param[0].value, NULL, ((struct linear *)l->own)->low,
		    piece);
}

static void release(struct sn_layer *l)
{
	free(((struct linear *)l->own)->low);
}

static size_t images(const struct sn_layer *l)
{
	(void)l;
	return SN_BLOCK;
}

static struct sn_finish finish_of(const struct sn_layer *l)
{
	const struct linear *v = l->own;

	return (struct sn_finish){ .bias = v->bias ? l->param[1].value : NULL, .relu = v->relu };
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- blocks of images ----------------------------------------------------------------- */

static size_t scratch(const struct sn_layer *l, bool training)
{
	(void)training;
	return sn_linear_scratch(&((const struct linear *)l->own)->shape, l->turn);
}

static void forward(const struct sn_call *c)
{
	const struct linear *v = c->layer->own;
	struct sn_finish f = finish_of(c->layer);

	sn_linear_forward(&v->shape, c->x, c->n, c->layer->param[0].value, &f, 0, v->shape.out,
			  c->y, c->scratch);
}

/* db += the sum of dy over n images, in order. */
static void add_bias(const struct sn_linear *s, const float *dy, size_t n, float *db)
{
	for (size_t i = 0; i < n; i++)
		for (size_t o = 0; o < s->out; o++)
			db[o] += dy[i * s->out + o];
}

static void backward(const struct sn_call *c)
{
	const struct linear *v = c->layer->own;
	const struct sn_linear *s = &v->shape;
	struct sn_linear_tile all = { 0, s->out, 0, s->in };

	sn_linear_weight_gradient(s, c->x, c->dy, c->n, &all, c->sum);
	add_bias(s, c->dy, c->n, c->sum + s->out * s->in);
	if (c->dx)
		sn_linear_input_gradient(s, c->dy, c->n, c->layer->param[0].value, 0, s->in, c->dx);
}

static size_t sum(const struct sn_layer *l)
{
	const struct linear *v = l->own;

	return v->shape.out * (v->shape.in + 1);
}

static void sum_done(const struct sn_layer *l, float *total)
{
	const struct linear *v = l->own;
	size_t weights = v->shape.out * v->shape.in;

	memcpy(l->param[0].grad, total, weights * sizeof *total);
	if (v->bias)
		memcpy(l->param[1].grad, total + weights, v->shape.out * sizeof *total);
}

/* ---- all images ----------------------------------------------------------------------- */

/* Outputs of a piece of the forward pass, of which it takes so many at a time, and images; columns
 * of a piece of the backward pass. */
enum {
	LEAST_OUTPUTS = 48,
	OUTPUTS = 252,
	STEP = 6,
	IMAGES = 128,
	COLUMNS = 256,
	MOST_COLUMNS = 1024
};

static size_t parts(size_t n, size_t of)
{
	return (n + of - 1) / of;
}

/* What comes out does not depend on the pieces.  Every piece reads all of x, so that they are few:
 * enough to keep the threads busy. */
static size_t forward_outputs(const struct sn_linear *s, const struct sn_wide *w)
{
	size_t outputs = parts(parts(s->out, 2 * (size_t)w->threads), STEP) * STEP;

	return outputs < LEAST_OUTPUTS ? LEAST_OUTPUTS : min(outputs, OUTPUTS);
}

static size_t forward_images(const struct sn_linear *s, const struct sn_wide *w)
{
	size_t images = IMAGES, across = parts(s->out, forward_outputs(s, w));

	while (images > SN_BLOCK && across * parts(w->n, images) < 2 * (size_t)w->threads)
		images /= 2;
	return images;
}

/* Pieces of the backward pass that follow each other ask for what the next one reads. */
static size_t backward_columns(const struct sn_linear *s, const struct sn_wide *w)
{
	size_t columns = s->in / (8 * (size_t)w->threads) / COLUMNS * COLUMNS;

	return columns < COLUMNS ? COLUMNS : min(columns, MOST_COLUMNS);
}

/* A wide layer embeds so; every piece converts all of x, so there are few. */
enum { LOW_PIECES = 8 };

static size_t low_panels(const struct sn_conv *s)
{
	return parts(sn_low_pieces(s), LOW_PIECES);
}

static size_t wide_pieces(const struct sn_layer *l, enum sn_wide_pass pass, const struct sn_wide *w)
{
	const struct sn_linear *s = &((const struct linear *)l->own)->shape;
	const struct sn_conv p = pixel(l);

	switch (pass) {
	case SN_WIDE_FORWARD:
		if (is_low(l, w->training))
			return parts(sn_low_pieces(&p), low_panels(&p));
		return parts(s->out, forward_outputs(s, w)) * parts(w->n, forward_images(s, w));
	case SN_WIDE_BACKWARD:
		return parts(s->in, backward_columns(s, w));
	}
	return 0;
}

static size_t wide_scratch(const struct sn_layer *l, enum sn_wide_pass pass, size_t n)
{
	const struct sn_linear *s = &((const struct linear *)l->own)->shape;

	const struct sn_conv p = pixel(l);
	size_t low;

	switch (pass) {
	case SN_WIDE_FORWARD:
		low = is_low(l, false) ? sn_low_scratch(&p, l->precision, n) : 0;
		return low ? low : sn_linear_scratch(s, min(n, IMAGES));
	case SN_WIDE_BACKWARD:
		return sn_linear_gradients_scratch(n);
	}
	return 0;
}

/* Gradients of weights on their way. */
struct taking {
	const struct sn_layer *l;
	const struct sn_wide *w;
	bool fine;
};

static size_t place(const struct sn_layer *l, size_t out, size_t from)
{
	return out * ((const struct linear *)l->own)->shape.in + from;
}

static void take(void *context, size_t out, size_t from, size_t n, const float *g)
{
	struct taking *t = context;
	const struct sn_descent *d = t->w->descent;
	size_t at = place(t->l, out, from);

	t->fine = t->fine && sn_all_finite(g, n);
	if (!d)
		memcpy(t->l->param[0].grad + at, g, n * sizeof *g);
	else if (t->fine)
		d->move(d->context, t->w->param, at, n, g);
}

static void ask(void *context, size_t out, size_t from, size_t n)
{
	const struct taking *t = context;
	const struct sn_descent *d = t->w->descent;

	d->ask(d->context, t->w->param, place(t->l, out, from), n);
}

/* Images whose biases are summed up in order, some outputs at a time. */
enum { BIAS_IMAGES = 64, BIASES = 64 };

static bool sum_biases(const struct sn_layer *l, const struct sn_wide *w)
{
	const size_t out = ((const struct linear *)l->own)->shape.out;
	float *grad = l->param[1].grad;

	memset(grad, 0, out * sizeof *grad);
	for (size_t o = 0; o < out; o += BIASES)
		for (size_t i = 0; i < w->n;) {
			const size_t n = min(BIASES, out - o), end = min(i + BIAS_IMAGES, w->n);
			float sum[BIASES] = { 0 };
			for (; i < end; i++)
				for (size_t k = 0; k < n; k++)
					sum[k] += w->dy[i * out + o + k];
			for (size_t k = 0; k < n; k++)
				grad[o + k] += sum[k];
		}
	return sn_all_finite(grad, out);
}

/* Some columns of the weights; the biases with the first of them. */
static bool back(const struct sn_layer *l, const struct sn_wide *w, size_t piece, float *memory)
{
	const struct linear *v = l->own;
	const struct sn_linear *s = &v->shape;
	struct taking t = { l, w, true };
	struct sn_linear_taker taker = { take, w->descent ? ask : NULL, &t };
	size_t columns = backward_columns(s, w), from = piece * columns;

	sn_linear_gradients(s, w->x, w->dy, w->n, l->param[0].value, from,
			    min(from + columns, s->in), w->dx, &taker, memory);
	return (!v->bias || piece > 0 || sum_biases(l, w)) && t.fine;
}

static bool wide(const struct sn_layer *l, enum sn_wide_pass pass, const struct sn_wide *w,
		 size_t piece, float *memory)
{
	const struct sn_linear *s = &((const struct linear *)l->own)->shape;

	switch (pass) {
	case SN_WIDE_FORWARD: {
		const struct linear *v = l->own;
		struct sn_conv p = pixel(l);
		struct sn_finish f = finish_of(l);
		if (is_low(l, w->training)) {
			size_t each = low_panels(&p);
			sn_low_forward(&p, l->precision, w->x, w->n, v->low, &f, piece * each,
				       min((piece + 1) * each, sn_low_pieces(&p)), w->y, memory);
			return true;
		}
		size_t outputs = forward_outputs(s, w), images = forward_images(s, w);
		size_t across = parts(s->out, outputs);
		size_t from = piece % across * outputs, first = piece / across * images;
		sn_linear_forward(s, w->x + first * s->in, min(images, w->n - first),
				  l->param[0].value, &f, from, min(from + outputs, s->out),
				  w->y + first * s->out, memory);
		return true;
	}
	case SN_WIDE_BACKWARD:
		return back(l, w, piece, memory);
	}
	return false;
}

const struct sn_layer_kind sn_layer_linear = {
	.name = "linear",
	.prefix = "fc",
	.synopsis = "linear OUTPUTS [bias=yes|no] [init=RULE] [bias-init=RULE] [name=NAME]",
	.size = sizeof(struct linear),
	.flags = SN_LAYER_KEEPS_X,
	.parse = parse,
	.shape = shape,
	.init = init,
	.absorb = absorb,
	.release = release,
	.prepare = prepare,
	.pieces = pieces,
	.pack = pack,
	.images = images,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.sum = sum,
	.sum_done = sum_done,
	.wide_pieces = wide_pieces,
	.wide_scratch = wide_scratch,
	.wide = wide,
};
