/* linear - y = W x + b */
#include <stdlib.h>
#include <string.h>
#include <sn/kernel.h>
#include "layer.h"

_Static_assert(SN_BLOCK == SN_LINEAR_ROWS, "a block goes through a linear layer in one piece");

struct linear {
	struct sn_linear shape;
	bool bias;
	struct sn_init init, bias_init;
	float *packed;
};

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
	return sn_layer_floats(&v->packed, sn_linear_packed(&v->shape));
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

static void changed(struct sn_layer *l)
{
	struct linear *v = l->own;

	sn_linear_pack(&v->shape, l->param[0].value, v->packed);
}

static void release(struct sn_layer *l)
{
	free(((struct linear *)l->own)->packed);
}

static void forward(const struct sn_call *c)
{
	const struct linear *v = c->layer->own;

	sn_linear_forward(&v->shape, c->x, c->n, v->packed,
			  v->bias ? c->layer->param[1].value : NULL, c->y);
}

static void backward(const struct sn_call *c)
{
	const struct linear *v = c->layer->own;

	if (c->dx)
		sn_linear_input_gradient(&v->shape, c->dy, c->n, c->layer->param[0].value, c->dx);
}

/* Rows of a tile: its partial sums stay in the cache. */
static size_t tile_rows(const struct sn_linear *s)
{
	size_t rows = 16384 / s->in;

	return rows < 1 ? 1 : rows > s->out ? s->out : rows;
}

static size_t tiles(const struct sn_layer *l)
{
	const struct linear *v = l->own;

	return (v->shape.out + tile_rows(&v->shape) - 1) / tile_rows(&v->shape);
}

/* A row's weights, and its bias at the end of the tile. */
static size_t tile_width(const struct sn_linear *s)
{
	return tile_rows(s) * (s->in + 1);
}

static size_t tile_scratch(const struct sn_layer *l, size_t n)
{
	const struct linear *v = l->own;

	return tile_width(&v->shape) * sn_tree_slots((n + SN_BLOCK - 1) / SN_BLOCK);
}

static void tile(const struct sn_layer *l, size_t index, const float *x, const float *dy, size_t n,
		 float *memory)
{
	const struct linear *v = l->own;
	const struct sn_linear *s = &v->shape;
	size_t from = index * tile_rows(s),
	       to = from + tile_rows(s) < s->out ? from + tile_rows(s) : s->out;
	size_t weights = (to - from) * s->in;
	struct sn_tree tree;

	sn_tree_begin(&tree, memory, tile_width(s), (n + SN_BLOCK - 1) / SN_BLOCK);
	tree.width = weights + (to - from); /* the last tile may be smaller */
	for (size_t first = 0; first < n; first += SN_BLOCK) {
		size_t block = n - first < SN_BLOCK ? n - first : SN_BLOCK;
		float *sum = sn_tree_next(&tree), *bias = sum + weights;
		sn_linear_weight_gradient(s, x + first * s->in, dy + first * s->out, block, from,
					  to, sum);
		memset(bias, 0, (to - from) * sizeof *bias);
		for (size_t i = 0; i < block; i++)
			for (size_t o = from; o < to; o++)
				bias[o - from] += dy[(first + i) * s->out + o];
		sn_tree_add(&tree);
	}
	const float *sum = sn_tree_sum(&tree);
	memcpy(l->param[0].grad + from * s->in, sum, weights * sizeof *sum);
	if (v->bias)
		memcpy(l->param[1].grad + from, sum + weights, (to - from) * sizeof *sum);
}

const struct sn_layer_kind sn_layer_linear = {
	.name = "linear",
	.prefix = "fc",
	.synopsis = "linear OUTPUTS [bias=yes|no] [init=RULE] [bias-init=RULE] [name=NAME]",
	.size = sizeof(struct linear),
	.flags = SN_LAYER_BLOCKS | SN_LAYER_KEEPS_X,
	.parse = parse,
	.shape = shape,
	.init = init,
	.changed = changed,
	.release = release,
	.forward = forward,
	.backward = backward,
	.tiles = tiles,
	.tile_scratch = tile_scratch,
	.tile = tile,
};
