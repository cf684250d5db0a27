/*
 * pass - forward through layers.  Neighbouring layers that look at one image only go through image
 * by image, so that what is between them stays in the cache; those that multiply with large weights
 * take a block of images at a time.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "pass.h"

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The layer takes blocks. */
static bool blocks(const struct sn_net *net, size_t i)
{
	return net->layer[i]->kind->flags & SN_LAYER_BLOCKS;
}

int sn_benches_new(struct sn_benches **out, const struct sn_net *net, unsigned threads)
{
	size_t scratch = 0, image = 0, block = 0, all;
	struct sn_benches *b;

	for (size_t i = 0; i < net->layers; i++) {
		const struct sn_layer *l = net->layer[i];
		size_t most = larger(l->in_size, l->out_size);
		if (l->kind->scratch)
			scratch = larger(scratch, l->kind->scratch(l));
		image = larger(image, most);
		if (blocks(net, i))
			block = larger(block, most * SN_BLOCK);
	}
	/* whole cache lines, so that no two threads share one */
	scratch = (scratch + 15) / 16 * 16;
	image = (image + 15) / 16 * 16;
	if (!(b = sn_alloc(1, sizeof *b + threads * sizeof b->bench[0])))
		return SN_ENOMEM;
	b->threads = threads;
	b->scratch = scratch;
	b->image = image;
	b->block = block;
	b->held = net->held * SN_BLOCK;
	all = scratch + 2 * image + 2 * block + b->held;
	for (unsigned t = 0; t < threads; t++) {
		float *f = sn_alloc(all, sizeof *f);
		if (!f) {
			sn_benches_free(b);
			return SN_ENOMEM;
		}
		float *g = f + scratch + 2 * image;
		b->bench[t] = (struct sn_bench){
			f, { f + scratch, f + scratch + image }, { g, g + block }, g + 2 * block
		};
	}
	*out = b;
	return 0;
}

void sn_benches_free(struct sn_benches *b)
{
	if (!b)
		return;
	for (unsigned t = 0; t < b->threads; t++)
		free(b->bench[t].scratch);
	free(b);
}

/* Where the output of layer i goes if it is to stay: for image m of the block that begins with
 * image `first`; NULL where only the next layer sees it. */
static float *staying(const struct sn_walk *w, const struct sn_bench *bench, size_t i, size_t first,
		      size_t m)
{
	const struct sn_layer *l = w->net->layer[i];

	if (w->out[i])
		return w->out[i] + (first + m) * l->out_size;
	return l->held ? bench->held + l->place * SN_BLOCK + m * l->out_size : NULL;
}

/* What layer i, or SN_INPUT, gave for that image; `last` where it does not stay. */
static const float *output(const struct sn_walk *w, const struct sn_bench *bench, size_t i,
			   size_t first, size_t m, const float *last)
{
	const float *y;

	if (i == SN_INPUT)
		return w->x + (first + m) * w->net->layer[0]->in_size;
	y = staying(w, bench, i, first, m);
	return y ? y : last;
}

/* Layer k for the images m to m + n of a block.  last: the output of the layer before it; y: where
 * its own goes if it does not stay.  Returns its output. */
static const float *run(const struct sn_walk *w, const struct sn_bench *bench, size_t k,
			size_t first, size_t m, size_t n, const float *last, float *y)
{
	const struct sn_layer *l = w->net->layer[k];
	struct sn_call c = { .layer = l, .batch = w->batch, .first = first + m, .n = n };
	float *stays = staying(w, bench, k, first, m);

	c.x = output(w, bench, l->from, first, m, last);
	if (l->kind->flags & SN_LAYER_TWO)
		c.x2 = output(w, bench, l->from2, first, m, NULL);
	c.y = stays ? stays : y;
	c.memory = w->memory ? w->memory[k] : NULL;
	c.scratch = bench->scratch;
	l->kind->forward(&c);
	return c.y;
}

void sn_walk_forward(const struct sn_walk *w, size_t from, size_t to, size_t first, size_t n,
		     unsigned thread)
{
	const struct sn_bench *bench = &w->benches->bench[thread];
	const float *x = NULL; /* of the layers before, for the block */
	unsigned flip = 0;

	for (size_t i = from, end; i < to; i = end) {
		end = i + 1;
		while (!blocks(w->net, i) && end < to && !blocks(w->net, end))
			end++;
		size_t step = blocks(w->net, i) ? n : 1, out = w->net->layer[end - 1]->out_size;
		float *y = bench->block[flip];
		flip ^= 1;
		for (size_t m = 0; m < n; m += step) {
			const float *last = x ? x + m * w->net->layer[i]->in_size : NULL;
			for (size_t k = i; k < end; k++)
				last = run(w, bench, k, first, m, step, last,
					   k + 1 == end ? y + m * out : bench->image[k & 1]);
		}
		x = y;
	}
}

bool sn_all_finite(const float *x, size_t n)
{
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t bits;
		memcpy(&bits, x + i, sizeof bits);
		bad |= (bits & 0x7f800000u) ==
		       0x7f800000u; /* integers, so that the loop is vectorised */
	}
	return !bad;
}

int sn_walk_blame(const struct sn_walk *w)
{
	const struct sn_net *net = w->net;
	const struct sn_bench *bench = &w->benches->bench[0];
	size_t worst = net->layers;

	if (!sn_all_finite(w->x, w->batch->n * net->layer[0]->in_size))
		return sn_fail(SN_ENAN, "the network's input is not finite");
	for (size_t m = 0; m < w->batch->n && worst > 0; m++) {
		const float *at = NULL;
		for (size_t k = 0; k < worst; k++) {
			at = run(w, bench, k, m, 0, 1, at, bench->image[k & 1]);
			if (!sn_all_finite(at, net->layer[k]->out_size))
				worst = k;
		}
	}
	return sn_fail(SN_ENAN, "layer '%s' gives a number that is not finite",
		       net->layer[worst < net->layers ? worst : net->layers - 1]->name);
}

/* ---- embedding ---------------------------------------------------------------------- */

struct embedding {
	struct sn_walk walk;
	size_t group; /* images of a piece of work */
};

static int embed_group(void *context, size_t index, unsigned thread)
{
	const struct embedding *e = context;
	size_t first = index * e->group, n = e->walk.batch->n - first;

	sn_walk_forward(&e->walk, 0, e->walk.net->layers, first, n < e->group ? n : e->group,
			thread);
	return 0;
}

int sn_net_embed(struct sn_net *net, struct sn_pool *pool, const float *x, size_t n, float *y)
{
	unsigned threads = sn_pool_threads(pool);
	struct sn_batch batch = { .n = n };
	struct sn_benches *b = NULL;
	float **out;
	int st;

	if (n == 0)
		return 0;
	if (!(out = sn_alloc(net->layers, sizeof *out)))
		return SN_ENOMEM;
	out[net->layers - 1] = y;
	b = atomic_exchange(&net->benches, NULL);
	if (b && b->threads < threads) {
		sn_benches_free(b);
		b = NULL;
	}
	if (!b && (st = sn_benches_new(&b, net, threads)) < 0)
		goto out;

	/* few images are shared out; what a piece holds does not change what comes out */
	size_t group = (n + threads - 1) / threads;
	struct embedding e = { { net, &batch, x, out, NULL, b },
			       group < SN_BLOCK ? group : SN_BLOCK };
	st = sn_pool_run(pool, (n + e.group - 1) / e.group, embed_group, &e);
	if (st == 0 && !sn_all_finite(y, n * sn_net_dim(net)))
		st = sn_walk_blame(&e.walk);
	sn_benches_free(atomic_exchange(&net->benches, b));
out:
	free(out);
	return st;
}
