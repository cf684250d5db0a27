/* embed - embeddings in evaluation mode. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "pass.h"

struct embedding {
	struct sn_walk walk;
	size_t from, to; /* layers of the segment */
	size_t group;	 /* images of a piece of work */
};

static int embed_group(void *context, size_t index, unsigned thread)
{
	const struct embedding *e = context;
	size_t first = index * e->group, n = e->walk.batch->n - first;

	sn_walk_forward(&e->walk, e->from, e->to, SIZE_MAX, first, n < e->group ? n : e->group,
			thread);
	return 0;
}

/* Floats of an image that wide layers read and write. */
static size_t between(const struct sn_net *net)
{
	size_t size = 0;

	for (size_t i = 0, end; i < net->layers; i = end) {
		end = sn_segment_end(net, i, false);
		if (end < net->layers)
			size += net->layer[end - 1]->out_size;
	}
	return size;
}

/* Images that go through together at most: so many that wide weights are read seldom, so few that
 * what they read takes 32 MB at most. */
static size_t most_images(const struct sn_net *net)
{
	size_t size = between(net), most = 8 * SN_BLOCK;

	while (most > SN_BLOCK && most * size > 8u << 20)
		most -= SN_BLOCK;
	return most;
}

/* All segments for at most most_images images. */
static int embed_some(struct embedding *e, struct sn_pool *pool, float **out)
{
	const struct sn_net *net = e->walk.net;
	size_t n = e->walk.batch->n, threads = sn_pool_threads(pool);
	float *whole = e->walk.benches->whole;
	int st;

	/* few images are shared out; what a piece holds does not change what comes out */
	e->group = (n + threads - 1) / threads;
	if (e->group > net->block)
		e->group = net->block;
	for (e->from = 0; e->from < net->layers; e->from = e->to) {
		const struct sn_layer *l = net->layer[e->from];
		e->to = sn_segment_end(net, e->from, false);
		if (e->to < net->layers) {
			out[e->to - 1] = whole;
			whole += n * net->layer[e->to - 1]->out_size;
		}
		if (l->wide) {
			struct sn_wide w = { .n = n,
					     .x = l->from == SN_INPUT ? e->walk.x : out[l->from],
					     .y = out[e->to - 1] };
			st = sn_wide_run(net, e->from, SN_WIDE_FORWARD, &w, e->walk.benches, pool,
					 NULL);
		} else {
			st = sn_pool_run(pool, (n + e->group - 1) / e->group, embed_group, e);
		}
		if (st < 0)
			return st;
	}
	return 0;
}

/* What is between segments is written before it is read: no need to clear it. */
static int have_whole(struct sn_benches *b, size_t size)
{
	if (size <= b->whole_size)
		return 0;
	free(b->whole);
	b->whole_size = 0;
	if (!(b->whole = sn_alloc_unset(size, sizeof *b->whole)))
		return SN_ENOMEM;
	b->whole_size = size;
	return 0;
}

int sn_net_set_precision(struct sn_net *net, enum sn_precision precision)
{
	if (!sn_precision_runs(precision))
		return sn_fail(SN_EUSAGE, "this processor has no instructions for %s products",
			       sn_precision_names[precision]);
	for (size_t i = 0; i < net->layers; i++)
		net->layer[i]->precision = precision;
	/* other weights are packed, and other scratch memory is wanted */
	atomic_store(&net->ready[false], false);
	sn_benches_free(atomic_exchange(&net->benches, NULL));
	return 0;
}

int sn_net_embed(struct sn_net *net, struct sn_pool *pool, const float *x, size_t n, float *y)
{
	unsigned threads = sn_pool_threads(pool);
	const size_t most = most_images(net), in = net->layer[0]->in_size, dim = sn_net_dim(net);
	struct sn_benches *b = NULL;
	float **out;
	int st;

	if (n == 0)
		return 0;
	if ((st = sn_net_prepare(net, pool, false)) < 0)
		return st;
	b = atomic_exchange(&net->benches, NULL);
	if (b && b->threads < threads) {
		sn_benches_free(b);
		b = NULL;
	}
	if (!b && (st = sn_benches_new(&b, net, threads, false, most)) < 0)
		return st;
	st = have_whole(b, (n < most ? n : most) * between(net));
	if (!(out = sn_alloc(net->layers, sizeof *out)))
		st = SN_ENOMEM;
	for (size_t first = 0; st == 0 && first < n; first += most) {
		struct sn_batch batch = { .n = n - first < most ? n - first : most,
					  .block = net->block };
		struct embedding e = { .walk = { net, &batch, x + first * in, out, NULL, b } };
		out[net->layers - 1] = y + first * dim;
		if ((st = embed_some(&e, pool, out)) == 0 &&
		    !sn_all_finite(out[net->layers - 1], batch.n * dim))
			st = sn_walk_blame(&e.walk);
	}
	sn_benches_free(atomic_exchange(&net->benches, b));
	free(out);
	return st;
}
