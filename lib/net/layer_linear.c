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
	l->wide = l->param[0].count > WIDE_WEIGHTS;
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
 * of a piece of the input gradient. */
enum { LEAST_OUTPUTS = 48, OUTPUTS = 252, STEP = 6, IMAGES = 128, COLUMNS = 512 };
/* Rows and columns of a piece of the weight gradient, which stay in the cache with the sums of
 * blocks of so many images. */
enum { TILE_ROWS = 48, TILE_COLUMNS = 512, TILE_IMAGES = 64 };

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
	case SN_WIDE_INPUT:
		return parts(s->in, COLUMNS);
	case SN_WIDE_WEIGHT:
		return parts(s->out, TILE_ROWS) * parts(s->in, TILE_COLUMNS);
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
	case SN_WIDE_INPUT:
		return 0;
	case SN_WIDE_WEIGHT:
		return TILE_ROWS * (TILE_COLUMNS + 1) * sn_tree_slots(parts(n, TILE_IMAGES));
	}
	return 0;
}

/* A tile of weights: blocks of images in order, joined by the tree; and the rows' biases at the
 * first tile of the rows. */
static bool tile(const struct sn_layer *l, const struct sn_wide *w, size_t index, float *memory)
{
	const struct linear *v = l->own;
	const struct sn_linear *s = &v->shape;
	size_t across = parts(s->in, TILE_COLUMNS);
	struct sn_linear_tile t = { .from_out = index / across * TILE_ROWS,
				    .from_in = index % across * TILE_COLUMNS };
	struct sn_tree tree;

	t.to_out = min(t.from_out + TILE_ROWS, s->out);
	t.to_in = min(t.from_in + TILE_COLUMNS, s->in);
	size_t rows = t.to_out - t.from_out, width = t.to_in - t.from_in;
	sn_tree_begin(&tree, memory, rows * (width + 1), parts(w->n, TILE_IMAGES));
	for (size_t first = 0; first < w->n; first += TILE_IMAGES) {
		size_t n = min(TILE_IMAGES, w->n - first);
		const float *dy = w->dy + first * s->out;
		float *part = sn_tree_next(&tree), *bias = part + rows * width;
		memset(part, 0, rows * (width + 1) * sizeof *part);
		sn_linear_weight_gradient(s, w->x + first * s->in, dy, n, &t, part);
		for (size_t i = 0; t.from_in == 0 && i < n; i++)
			for (size_t o = 0; o < rows; o++)
				bias[o] += dy[i * s->out + t.from_out + o];
		sn_tree_add(&tree);
	}
	const float *total = sn_tree_sum(&tree);
	for (size_t o = 0; o < rows; o++)
		memcpy(l->param[0].grad + (t.from_out + o) * s->in + t.from_in, total + o * width,
		       width * sizeof *total);
	if (v->bias && t.from_in == 0)
		memcpy(l->param[1].grad + t.from_out, total + rows * width, rows * sizeof *total);
	return sn_all_finite(total, rows * (width + 1));
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
	case SN_WIDE_INPUT:
		sn_linear_input_gradient(s, w->dy, w->n, l->param[0].value, piece * COLUMNS,
					 min((piece + 1) * COLUMNS, s->in), w->dx);
		return true;
	case SN_WIDE_WEIGHT:
		return tile(l, w, piece, memory);
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
