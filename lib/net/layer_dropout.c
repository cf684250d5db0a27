/*
 * dropout - training drops each number with probability p, the others grow by 1 / (1 - p).
 * The mask of an image is a function of seed, step, its item number and the layer.
 */
#include <string.h>
#include "layer.h"

struct dropout {
	double p;
};

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct dropout *v = l->own;
	const char *p = sn_words_operand(w);

	if (!p)
		return sn_fail(SN_EDATA, "line %u: dropout without a share, wanted: %s", w->line,
			       l->kind->synopsis);
	return sn_words_real(w, "share", p, 0, 0.999, &v->p);
}

static size_t memory(const struct sn_layer *l, size_t n, size_t block)
{
	(void)block;
	return n * l->out_size;
}

static float scale(const struct sn_layer *l)
{
	return (float)(1 / (1 - ((const struct dropout *)l->own)->p));
}

static void mask(const struct sn_call *c, size_t image, uint8_t *keep)
{
	const struct sn_layer *l = c->layer;
	const struct sn_batch *b = c->batch;
	uint32_t limit = (uint32_t)(((const struct dropout *)l->own)->p * 4294967296.0);
	struct sn_random r =
		sn_random(b->seed, SN_RANDOM_DROPOUT, b->step,
			  b->item[image] ^ sn_random_mix(l->index + 1)); /* far from other items */

	for (size_t i = 0; i < l->out_size; i += 2) {
		uint64_t draw = sn_random_next(&r);
		keep[i] = (uint32_t)draw >= limit;
		if (i + 1 < l->out_size)
			keep[i + 1] = (uint32_t)(draw >> 32) >= limit;
	}
}

static void forward(const struct sn_call *c)
{
	size_t n = c->layer->out_size;
	float s = scale(c->layer);

	if (!c->batch->training) {
		memcpy(c->y, c->x, c->n * n * sizeof *c->y);
		return;
	}
	for (size_t i = 0; i < c->n; i++) {
		uint8_t *restrict keep = (uint8_t *)c->memory + (c->first + i) * n;
		const float *restrict x = c->x + i * n;
		float *restrict y = c->y + i * n;
		mask(c, c->first + i, keep);
		for (size_t j = 0; j < n; j++) /* a product: NaN stays NaN */
			y[j] = x[j] * (keep[j] ? s : 0);
	}
}

static void backward(const struct sn_call *c)
{
	size_t n = c->layer->out_size, total = c->n * n;
	const uint8_t *restrict keep = (const uint8_t *)c->memory + c->first * n;
	const float *restrict dy = c->dy;
	float *restrict dx = c->dx, s = scale(c->layer);

	if (!dx)
		return;
	for (size_t i = 0; i < total; i++)
		dx[i] = dy[i] * (keep[i] ? s : 0);
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	/* embeddings are made without dropping */
	(void)l;
	(void)r;
}

const struct sn_layer_kind sn_layer_dropout = {
	.name = "dropout",
	.prefix = "drop",
	.synopsis = "dropout SHARE [name=NAME]",
	.size = sizeof(struct dropout),
	.flags = SN_LAYER_CHANCE,
	.parse = parse,
	.range = range,
	.memory = memory,
	.forward = forward,
	.backward = backward,
};
