/*
 * pass - forward through layers.  A unit is a layer with those whose work it does.  Neighbouring
 * units that take as many images at a time go together, so that what is between them stays in the
 * cache.  Wide layers, whose weights are more than a cache holds, take all images of the batch.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "pass.h"
#include "../kernel/sweeps.h"

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* ---- memory ------------------------------------------------------------------------- */

static size_t scratch_of(const struct sn_layer *l, bool training, size_t most)
{
	size_t size = 0;

	if (l->wide)
		size = l->kind->wide_scratch(l, SN_WIDE_FORWARD, most);
	if (l->wide && training)
		size = larger(size, l->kind->wide_scratch(l, SN_WIDE_BACKWARD, most));
	return l->kind->scratch && !l->wide ? l->kind->scratch(l, training) : size;
}

/* Layer i's output goes to another group of units than the layer itself. */
static bool is_group_end(const struct sn_net *net, size_t i)
{
	return i + 1 == net->layers || net->layer[i + 1]->wide || net->layer[i]->wide ||
	       net->layer[i + 1]->turn != net->layer[i]->turn;
}

int sn_benches_new(struct sn_benches **out, const struct sn_net *net, unsigned threads,
		   bool training, size_t most)
{
	size_t scratch = 0, image = 0, block = 0, all;
	struct sn_benches *b;

	for (size_t i = 0; i < net->layers; i++) {
		const struct sn_layer *l = net->layer[i];
		scratch = larger(scratch, scratch_of(l, training, most));
		if (l->wide)
			continue;
		image = larger(image, larger(l->in_size, l->out_size) * l->turn);
		if (is_group_end(net, i))
			block = larger(block, l->out_size * net->block);
	}
	/* whole cache lines, so that no two threads share one */
	scratch = (scratch + 15) / 16 * 16;
	image = (image + 15) / 16 * 16;
	block = (block + 15) / 16 * 16;
	if (!(b = sn_alloc(1, sizeof *b + threads * sizeof b->bench[0])))
		return SN_ENOMEM;
	b->threads = threads;
	b->scratch = scratch;
	b->image = image;
	b->block = block;
	b->held = net->held * net->block;
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
	free(b->whole);
	free(b);
}

/* ---- units -------------------------------------------------------------------------- */

/* Where the output of layer i goes if it is to stay: for image m of the block that begins with
 * image `first`; NULL where only the next layer sees it. */
static float *staying(const struct sn_walk *w, const struct sn_bench *bench, size_t i, size_t first,
		      size_t m)
{
	const struct sn_layer *l = w->net->layer[i];

	if (w->out[i])
		return w->out[i] + (first + m) * l->out_size;
	return l->held ? bench->held + l->place * w->net->block + m * l->out_size : NULL;
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

/* The unit [k, end) for the images m to m + n of a block.  last: the output of the unit before it;
 * y: where its own goes if it does not stay.  Returns its output. */
static const float *run(const struct sn_walk *w, const struct sn_bench *bench, size_t k, size_t end,
			size_t first, size_t m, size_t n, const float *last, float *y)
{
	const struct sn_layer *l = w->net->layer[k];
	struct sn_call c = { .layer = l, .batch = w->batch, .first = first + m, .n = n };
	float *stays = staying(w, bench, end - 1, first, m);

	c.x = output(w, bench, l->from, first, m, last);
	if (l->kind->flags & SN_LAYER_TWO)
		c.x2 = output(w, bench, l->from2, first, m, NULL);
	c.y = stays ? stays : y;
	c.memory = w->memory ? w->memory[k] : NULL;
	c.scratch = bench->scratch;
	double start = sn_time_start(w->net, false);
	l->kind->forward(&c);
	sn_time_stop(w->net, false, k, start);
	return c.y;
}

/* x: what layer k reads of those images. */
static void gather_images(const struct sn_walk *w, const struct sn_bench *bench, size_t k,
			  size_t first, size_t n, const float *x)
{
	struct sn_call c = { .layer = w->net->layer[k],
			     .batch = w->batch,
			     .first = first,
			     .n = n,
			     .x = x,
			     .memory = w->memory[k],
			     .scratch = bench->scratch };

	double start = sn_time_start(w->net, false);
	c.layer->kind->gather(&c);
	sn_time_stop(w->net, false, k, start);
}

void sn_walk_forward(const struct sn_walk *w, size_t from, size_t to, size_t gather, size_t first,
		     size_t n, unsigned thread)
{
	const struct sn_net *net = w->net;
	const struct sn_bench *bench = &w->benches->bench[thread];
	const bool training = w->batch->training;
	const float *x = NULL; /* of the units before, for the block */
	unsigned flip = 0;

	for (size_t i = from, end; i < to; i = end) {
		const size_t turn = net->layer[i]->turn, in = net->layer[i]->in_size;
		end = sn_unit_end(net, i, training);
		while (end < to && net->layer[end]->turn == turn)
			end = sn_unit_end(net, end, training);
		size_t out = net->layer[end - 1]->out_size;
		float *y = bench->block[flip];
		flip ^= 1;
		for (size_t m = 0, count; m < n; m += count) {
			const float *last = x ? x + m * in : NULL;
			unsigned side = 0;
			count = n - m < turn ? n - m : turn;
			for (size_t k = i, next; k < end; k = next) {
				next = sn_unit_end(net, k, training);
				last = run(w, bench, k, next, first, m, count, last,
					   next == end ? y + m * out : bench->image[side ^= 1]);
			}
			if (end == to && gather < net->layers)
				gather_images(
					w, bench, gather, first + m, count,
					output(w, bench, net->layer[gather]->from, first, m, last));
		}
		x = y;
	}
}

/* ---- wide layers --------------------------------------------------------------------- */

size_t sn_segment_end(const struct sn_net *net, size_t from, bool training)
{
	size_t end = sn_unit_end(net, from, training);

	if (net->layer[from]->wide)
		return end;
	while (end < net->layers && !net->layer[end]->wide)
		end = sn_unit_end(net, end, training);
	return end;
}

struct wide {
	const struct sn_layer *layer;
	enum sn_wide_pass pass;
	const struct sn_wide *w;
	const struct sn_benches *benches;
	atomic_bool bad;
};

static int wide_piece(void *context, size_t index, unsigned thread)
{
	struct wide *d = context;

	if (!d->layer->kind->wide(d->layer, d->pass, d->w, index,
				  d->benches->bench[thread].scratch))
		atomic_store(&d->bad, true);
	return 0;
}

int sn_wide_run(const struct sn_net *net, size_t k, enum sn_wide_pass pass, const struct sn_wide *w,
		const struct sn_benches *benches, struct sn_pool *pool, bool *fine)
{
	const struct sn_layer *l = net->layer[k];
	const bool back = pass != SN_WIDE_FORWARD;
	double start = sn_time_start(net, back);
	struct sn_wide shared = *w;
	struct wide d = { .layer = l, .pass = pass, .w = &shared, .benches = benches };
	shared.threads = sn_pool_threads(pool);
	int st = sn_pool_run(pool, l->kind->wide_pieces(l, pass, &shared), wide_piece, &d);

	sn_time_stop(net, back, k, start);
	if (fine)
		*fine = !atomic_load(&d.bad);
	return st;
}

/* ---- numbers that are none ------------------------------------------------------------ */

bool sn_all_finite(const float *x, size_t n)
{
	return sn_sweeps()->finite(x, n);
}

/* Of a unit that gave it: the first layer whose parameters are not finite, or else the first. */
static const struct sn_layer *culprit(const struct sn_net *net, size_t k, size_t end)
{
	for (size_t i = k; i < end; i++)
		for (size_t p = 0; p < net->layer[i]->params; p++)
			if (!sn_all_finite(net->layer[i]->param[p].value,
					   net->layer[i]->param[p].count))
				return net->layer[i];
	return net->layer[k];
}

/* An image through all layers, one after another, until one gives what is not finite: the first
 * layer behind it, or `worst`. */
static size_t first_bad(const struct sn_walk *w, size_t image, size_t worst)
{
	const struct sn_net *net = w->net;
	const bool training = w->batch->training;
	const float *x = w->x + image * net->layer[0]->in_size;
	float **out = sn_alloc(net->layers, sizeof *out);
	size_t bad = worst;

	for (size_t k = 0, end; out && k < worst; k = end) {
		const struct sn_layer *l = net->layer[k];
		end = sn_unit_end(net, k, training);
		const struct sn_layer *last = net->layer[end - 1];
		struct sn_call c = { .layer = l, .batch = w->batch, .first = image, .n = 1 };
		if (!(out[end - 1] = sn_alloc(last->out_size, sizeof(float))))
			break;
		c.x = l->from == SN_INPUT ? x : out[l->from];
		c.x2 = !(l->kind->flags & SN_LAYER_TWO) ? NULL
		       : l->from2 == SN_INPUT		? x
							: out[l->from2];
		c.y = out[end - 1];
		c.memory = w->memory ? w->memory[k] : NULL;
		c.scratch = w->benches->bench[0].scratch;
		struct sn_wide w1 = {
			.n = 1, .threads = 1, .training = training, .x = c.x, .y = c.y
		};
		size_t pieces = l->wide ? l->kind->wide_pieces(l, SN_WIDE_FORWARD, &w1) : 0;
		for (size_t p = 0; p < pieces; p++)
			l->kind->wide(l, SN_WIDE_FORWARD, &w1, p, c.scratch);
		if (!l->wide)
			l->kind->forward(&c);
		if (!sn_all_finite(c.y, last->out_size)) {
			bad = k;
			break;
		}
	}
	for (size_t k = 0; out && k < net->layers; k++)
		free(out[k]);
	free(out);
	return bad;
}

int sn_walk_blame(const struct sn_walk *w)
{
	const struct sn_net *net = w->net;
	size_t worst = net->layers;

	if (!sn_all_finite(w->x, w->batch->n * net->layer[0]->in_size))
		return sn_fail(SN_ENAN, "the network's input is not finite");
	for (size_t m = 0; m < w->batch->n && worst > 0; m++)
		worst = first_bad(w, m, worst);
	if (worst == net->layers)
		worst = net->layers - 1;
	return sn_fail(SN_ENAN, "layer '%s' gives a number that is not finite",
		       culprit(net, worst,
			       worst + 1 < net->layers ? sn_unit_end(net, worst, w->batch->training)
						       : net->layers)
			       ->name);
}
