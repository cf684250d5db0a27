/*
 * dropout - training drops each number with probability p, the others grow by 1 / (1 - p).
 * The mask of an image is a function of seed, step, its item number and the layer.
 */
#include <string.h>
#include "layer.h"
#include "../kernel/sweeps.h"

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

	sn_sweeps()->chance(r.key, limit, l->out_size, keep);
}

static void forward(const struct sn_call *c)
{
	size_t n = c->layer->out_size;

	if (!c->batch->training) {
		memcpy(c->y, c->x, c->n * n * sizeof *c->y);
		return;
	}
	for (size_t i = 0; i < c->n; i++) {
		uint8_t *keep = (uint8_t *)c->memory + (c->first + i) * n;
		mask(c, c->first + i, keep);
		sn_sweeps()->drop(c->x + i * n, keep, n, scale(c->layer), c->y + i * n);
	}
}

static void backward(const struct sn_call *c)
{
	size_t n = c->layer->out_size;

	if (c->dx)
		sn_sweeps()->drop(c->dy, (const uint8_t *)c->memory + c->first * n, c->n * n,
				  scale(c->layer), c->dx);
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
	.flags = SN_LAYER_CHANCE | SN_LAYER_IDLE,
	.parse = parse,
	.range = range,
	.memory = memory,
	.forward = forward,
	.backward = backward,
};
