/*
 * tape - training passes.  Layers fall into segments, within which a block of images goes through
 * without looking at the others; between them all threads meet: where batch norm needs the whole
 * batch, and at wide layers, which walk their weights.
 *
 * Where several layers read one output, its gradient is the sum of what they give, for the whole
 * batch: the last of them, which is the first to go back, sets it and the others add.
 */
#include <stdlib.h>
#include <string.h>
#include "pass.h"
#include "../kernel/sweeps.h"

struct sn_tape {
	struct sn_net *net;
	struct sn_pool *pool;
	size_t most; /* images */
	struct sn_batch batch;
	const float *x;
	struct sn_benches *benches;
	float **out;	      /* [layers] outputs that the backward pass or a later segment reads */
	float **fork;	      /* [layers] gradients of held outputs */
	void **memory;	      /* [layers] */
	float *whole[2];      /* gradients of all images between segments */
	float **sums;	      /* [layers] [tasks][sum] */
	struct sn_tree *tree; /* [threads][layers] */
	float **tree_memory;  /* [threads * layers] */
	size_t lowest;	      /* layer: none below it has parameters */
	size_t reached;	      /* layer: the backward pass goes down to it */
	float *dx;	      /* of the network's input; NULL: not wanted */
	const struct sn_descent *descent; /* NULL: all gradients are stored */
	bool *bad;			  /* [layers] a gradient that is not finite */
	bool turned;			  /* blocks go through from the last to the first */
	bool forward_done;
};

enum { FEW = 8 };

/* Pieces of the backward pass: each a power of two of blocks. More than threads, so that all end at
 * about the same time. */
static size_t most_tasks(const struct sn_tape *t)
{
	return 4 * (size_t)sn_pool_threads(t->pool);
}

/* Blocks of so many whose images' gradients of parameters are added up in their order: where there
 * are many, several, since sums that are zeroed and joined are large. */
static size_t series_of(size_t blocks)
{
	size_t series = 1;

	while (blocks >= 2 * FEW * series)
		series *= 2;
	return series;
}

static size_t span_of(const struct sn_tape *t, size_t blocks)
{
	size_t span = series_of(blocks);

	while ((blocks + span - 1) / span > most_tasks(t))
		span *= 2;
	return span;
}

static size_t blocks_of(const struct sn_tape *t, size_t n)
{
	return (n + t->net->block - 1) / t->net->block;
}

/* The layer whose backward pass does layer i's. */
static struct sn_layer *lead_of(const struct sn_net *net, size_t i)
{
	return net->layer[net->layer[i]->lead];
}

/* The first of the layers whose backward passes are one with layer i's. */
static size_t first_of(const struct sn_net *net, size_t i)
{
	const size_t lead = net->layer[i]->lead;

	while (i > 0 && net->layer[i - 1]->lead == lead)
		i--;
	return i;
}

/* The backward pass of layer i needs all of dy at once. */
static bool is_meeting(const struct sn_net *net, size_t i)
{
	return lead_of(net, i)->kind->back_gather || net->layer[i]->wide;
}

/* Layer i is the last that its lead's backward pass does. */
static bool is_end(const struct sn_net *net, size_t i)
{
	return i + 1 == net->layers || net->layer[i + 1]->lead != net->layer[i]->lead;
}

/* Of the last layer of a unit. */
static bool keeps_output(const struct sn_net *net, size_t i)
{
	const struct sn_layer *l = net->layer[i], *next;

	if (i + 1 == net->layers || l->held || l->wide)
		return true;
	next = net->layer[i + 1];
	return l->kind->flags & SN_LAYER_KEEPS_Y || next->kind->flags & SN_LAYER_KEEPS_X ||
	       next->kind->gather || next->wide;
}

/* Its sum of gradients goes through the tree. */
static bool is_summed(const struct sn_layer *l)
{
	return l->kind->sum && !l->wide;
}

/* ---- memory ------------------------------------------------------------------------- */

static float *floats(size_t a, size_t b)
{
	size_t n;

	if (!sn_multiply(&n, a, b)) {
		sn_fail_memory();
		return NULL;
	}
	return sn_alloc_unset(n, sizeof(float));
}

static int plan_layer(struct sn_tape *t, size_t i, size_t span)
{
	const struct sn_layer *l = t->net->layer[i];
	unsigned threads = sn_pool_threads(t->pool);

	if (l->held && !(t->fork[i] = floats(t->most, l->out_size)))
		return SN_ENOMEM;
	if (l->kind->memory && l->lead == i &&
	    !(t->memory[i] = sn_alloc(l->kind->memory(l, t->most, t->net->block), 1)))
		return SN_ENOMEM;
	if (!is_summed(l))
		return 0;
	size_t width = l->kind->sum(l);
	if (!(t->sums[i] = floats(most_tasks(t), width)))
		return SN_ENOMEM;
	for (unsigned k = 0; k < threads; k++)
		if (!(t->tree_memory[k * t->net->layers + i] = floats(sn_tree_slots(span), width)))
			return SN_ENOMEM;
	return 0;
}

/* A sum that is the first to set the gradients of both that it reads sets one for both: from then
 * on the one is read before others add to it. */
static void share_forks(struct sn_tape *t)
{
	for (size_t i = 0; i < t->net->layers; i++) {
		const struct sn_layer *l = t->net->layer[i];
		if (l->kind->flags & SN_LAYER_TWO && l->from != SN_INPUT && l->from2 != SN_INPUT &&
		    !t->fork[l->from] && t->net->layer[l->from2]->last_read == i)
			t->fork[l->from] = t->fork[l->from2];
	}
}

static int plan(struct sn_tape *t)
{
	struct sn_net *net = t->net;
	unsigned threads = sn_pool_threads(t->pool);
	size_t whole = 0, span = span_of(t, blocks_of(t, t->most));
	int st;

	if ((st = sn_benches_new(&t->benches, net, threads, true, t->most)) < 0)
		return st;
	t->out = sn_alloc(net->layers, sizeof *t->out);
	t->fork = sn_alloc(net->layers, sizeof *t->fork);
	t->memory = sn_alloc(net->layers, sizeof *t->memory);
	t->sums = sn_alloc(net->layers, sizeof *t->sums);
	t->bad = sn_alloc(net->layers, sizeof *t->bad);
	t->tree = sn_alloc(threads * net->layers, sizeof *t->tree);
	t->tree_memory = sn_alloc(threads * net->layers, sizeof *t->tree_memory);
	if (!t->out || !t->fork || !t->memory || !t->sums || !t->bad || !t->tree || !t->tree_memory)
		return SN_ENOMEM;
	for (size_t i = 0, end; i < net->layers; i = end) {
		end = sn_unit_end(net, i, true);
		if (keeps_output(net, end - 1) || net->layer[i]->wide)
			if (!(t->out[end - 1] = floats(t->most, net->layer[end - 1]->out_size)))
				return SN_ENOMEM;
	}
	t->lowest = net->layers;
	for (size_t i = net->layers; i-- > 0;) {
		const struct sn_layer *l = net->layer[i];
		if ((st = plan_layer(t, i, span)) < 0)
			return st;
		if (l->params)
			t->lowest = i;
		if (is_meeting(net, i) && is_end(net, i) && l->out_size > whole)
			whole = l->out_size;
		if (l->wide && l->in_size > whole)
			whole = l->in_size;
	}
	share_forks(t);
	for (int k = 0; k < 2; k++)
		if (!(t->whole[k] = floats(t->most, whole)))
			return SN_ENOMEM;
	return 0;
}

int sn_tape_new(struct sn_tape **out, struct sn_net *net, struct sn_pool *pool, size_t n)
{
	struct sn_tape *t;
	int st;

	*out = NULL;
	if (n == 0)
		return sn_fail(SN_EUSAGE, "a batch of no images");
	if (!(t = sn_alloc(1, sizeof *t)))
		return SN_ENOMEM;
	t->net = net;
	t->pool = pool;
	t->most = n;
	if ((st = plan(t)) < 0) {
		sn_tape_free(t);
		return st;
	}
	*out = t;
	return 0;
}

static void free_all(void *array, size_t n)
{
	void **p = array;

	for (size_t i = 0; p && i < n; i++)
		free(p[i]);
	free(p);
}

void sn_tape_free(struct sn_tape *t)
{
	if (!t)
		return;
	unsigned threads = sn_pool_threads(t->pool);
	for (size_t i = 0; t->fork && i < t->net->layers; i++) {
		const struct sn_layer *l = t->net->layer[i];
		if (t->fork[i] && !l->held)
			t->fork[i] = NULL; /* another's */
	}
	free_all(t->out, t->net->layers);
	free_all(t->fork, t->net->layers);
	free_all(t->memory, t->net->layers);
	free_all(t->sums, t->net->layers);
	free_all(t->tree_memory, threads * t->net->layers);
	free(t->tree);
	free(t->bad);
	free(t->whole[0]);
	free(t->whole[1]);
	sn_benches_free(t->benches);
	free(t);
}

/* ---- what both passes need ---------------------------------------------------------- */

static const float *input_of(const struct sn_tape *t, size_t layer)
{
	size_t from = t->net->layer[layer]->from;

	return from == SN_INPUT ? t->x : t->out[from];
}

/* Of a layer, whose work ends with that of layer `last`. */
static struct sn_call call_of(const struct sn_tape *t, size_t layer, size_t last, size_t first,
			      size_t n)
{
	const struct sn_layer *l = t->net->layer[layer];
	const float *x = input_of(t, layer);
	float *y = t->out[last];

	return (struct sn_call){ .layer = l,
				 .batch = &t->batch,
				 .first = first,
				 .n = n,
				 .x = x ? x + first * l->in_size : NULL,
				 .y = y ? y + first * t->net->layer[last]->out_size : NULL,
				 .memory = t->memory[layer] };
}

static size_t block_size(const struct sn_tape *t, size_t first)
{
	return t->batch.n - first < t->net->block ? t->batch.n - first : t->net->block;
}

/*
 * Work for each of n pieces of the batch, every time from the other end: what the last ones left in
 * the cache is there for the first ones.
 */
static int run_pieces(struct sn_tape *t, size_t n,
		      int (*work)(void *context, size_t index, unsigned thread), void *context)
{
	t->turned = !t->turned;
	return sn_pool_run(t->pool, n, work, context);
}

static size_t piece_of(const struct sn_tape *t, size_t index, size_t n)
{
	return t->turned ? n - 1 - index : index;
}

/* ---- forward ------------------------------------------------------------------------ */

struct segment {
	struct sn_tape *t;
	size_t from, to; /* layers */
	const float *dy; /* backward: of layer to - 1, all images */
	float *dx;	 /* backward: of layer from, all images; NULL: the last segment */
	size_t series;	 /* backward: blocks of a sum of gradients of parameters */
	size_t span;	 /* backward: blocks of a task, a power of two of sums */
	size_t gather;	 /* layer whose gathering ends the segment; the number of layers: none */
	size_t last;	 /* backward: the last layer whose work that one does */
};

static struct sn_walk walk_of(const struct sn_tape *t)
{
	return (struct sn_walk){ t->net, &t->batch, t->x, t->out, t->memory, t->benches };
}

static int forward_block(void *context, size_t index, unsigned thread)
{
	const struct segment *s = context;
	const struct sn_tape *t = s->t;
	struct sn_walk w = walk_of(t);
	size_t first = piece_of(t, index, blocks_of(t, t->batch.n)) * t->net->block;

	sn_walk_forward(&w, s->from, s->to, s->gather, first, block_size(t, first), thread);
	return 0;
}

/* A layer that gathers the network's input itself, which no layer gives. */
static int gather_input(void *context, size_t index, unsigned thread)
{
	const struct segment *s = context;
	size_t first = index * s->t->net->block;
	struct sn_call c = call_of(s->t, s->to, s->to, first, block_size(s->t, first));

	c.scratch = s->t->benches->bench[thread].scratch;
	double start = sn_time_start(s->t->net, false);
	c.layer->kind->gather(&c);
	sn_time_stop(s->t->net, false, s->to, start);
	return 0;
}

/* The layers from `from` on that a block goes through by itself. */
static size_t next_meeting(const struct sn_net *net, size_t from)
{
	size_t end = sn_unit_end(net, from, true);

	if (net->layer[from]->wide)
		return end;
	while (end < net->layers && !net->layer[end]->wide && !net->layer[end]->kind->gather)
		end = sn_unit_end(net, end, true);
	return end;
}

static int forward_segment(struct segment *s)
{
	struct sn_tape *t = s->t;
	const struct sn_net *net = t->net;
	const struct sn_layer *l = net->layer[s->from];
	int st;

	if (!l->wide)
		return run_pieces(t, blocks_of(t, t->batch.n), forward_block, s);
	struct sn_wide w = { .n = t->batch.n, .x = input_of(t, s->from), .y = t->out[s->to - 1] };
	if ((st = sn_wide_run(net, s->from, SN_WIDE_FORWARD, &w, t->benches, t->pool, NULL)) < 0)
		return st;
	/* nobody has gathered what it gives */
	return s->gather < net->layers
		       ? sn_pool_run(t->pool, blocks_of(t, t->batch.n), gather_input, s)
		       : 0;
}

static int join(struct sn_tape *t, size_t i)
{
	struct sn_layer *l = t->net->layer[i];

	/* running statistics change what embeds */
	atomic_store(&t->net->ready[false], false);
	return l->kind->join(l, &t->batch, t->memory[i]);
}

int sn_tape_forward(struct sn_tape *t, const float *x, size_t n, const uint64_t *item,
		    uint64_t seed, uint64_t step, float *y)
{
	struct sn_net *net = t->net;
	struct segment s = { .t = t };
	size_t size;
	int st;

	t->forward_done = false;
	if (n == 0 || n > t->most)
		return sn_fail(SN_EUSAGE, "a batch of %zu images, wanted 1 to %zu", n, t->most);
	if ((st = sn_net_prepare(net, t->pool, true)) < 0)
		return st;
	t->x = x;
	t->batch = (struct sn_batch){ true, n, net->block, item, seed, step };
	if (net->layer[0]->kind->gather &&
	    ((st = sn_pool_run(t->pool, blocks_of(t, n), gather_input, &s)) < 0 ||
	     (st = join(t, 0)) < 0))
		return st;
	for (s.from = 0; s.from < net->layers; s.from = s.to) {
		s.to = next_meeting(net, s.from);
		bool meets = s.to < net->layers && net->layer[s.to]->kind->gather;
		s.gather = meets ? s.to : net->layers;
		if ((st = forward_segment(&s)) < 0 || (meets && (st = join(t, s.to)) < 0))
			return st;
	}
	size = n * sn_net_dim(net);
	memcpy(y, t->out[net->layers - 1], size * sizeof *y);
	if (!sn_all_finite(y, size)) {
		struct sn_walk w = walk_of(t);
		return sn_walk_blame(&w);
	}
	t->forward_done = true;
	return 0;
}

/* ---- backward ----------------------------------------------------------------------- */

/*
 * The gradient of what layer k reads from `source`.  Where several layers read it, or it is the
 * network's input: its place for the whole batch; otherwise `own`, for the images at hand.  NULL:
 * not wanted.  *adds: others have set it.
 */
static float *gradient_of(const struct sn_tape *t, size_t k, size_t source, size_t image,
			  float *own, bool *adds)
{
	const struct sn_net *net = t->net;

	*adds = false;
	if (source == SN_INPUT) {
		*adds = net->last_read != k;
		return t->dx ? t->dx + image * net->layer[0]->in_size : NULL;
	}
	if (source < t->reached)
		return NULL;
	if (!t->fork[source])
		return own;
	*adds = net->layer[source]->last_read != k;
	return t->fork[source] + image * net->layer[source]->out_size;
}

/* Layer k, and those before it that go back with it, for the images [image, image + n).  dy: their
 * gradient, unless it is that of a held output; dx: where that of its input goes, unless the same.
 * Returns dx. */
static const float *back(const struct sn_tape *t, size_t k, size_t image, size_t n,
			 const struct sn_bench *bench, float *sum, const float *dy, float *dx)
{
	const size_t lead = t->net->layer[k]->lead, first = first_of(t->net, k);
	struct sn_call c = call_of(t, lead, k, image, n);
	size_t size = n * c.layer->in_size;
	bool adds;
	float *to = gradient_of(t, first, t->net->layer[first]->from, image, dx, &adds);

	c.scratch = bench->scratch;
	c.sum = sum;
	c.dy = t->fork[k] ? t->fork[k] + image * t->net->layer[k]->out_size : dy;
	c.dx = to && adds ? dx : to;
	double start = sn_time_start(t->net, true);
	c.layer->kind->backward(&c);
	if (to && adds)
		sn_sweeps()->accumulate(to, dx, size);
	if (c.layer->kind->flags & SN_LAYER_TWO && c.dx &&
	    (to = gradient_of(t, lead, c.layer->from2, image, NULL, &adds)) && to != c.dx) {
		if (adds)
			sn_sweeps()->accumulate(to, c.dx, size);
		else
			memcpy(to, c.dx, size * sizeof *to);
	}
	sn_time_stop(t->net, true, lead, start);
	return dx;
}

/* Layers [from, to) for one block, from the last to the first, those that take as many images at a
 * time together; parameter sums go to the thread's trees. */
static void backward_block(const struct segment *s, size_t first, size_t n, unsigned thread)
{
	const struct sn_tape *t = s->t;
	const struct sn_net *net = t->net;
	const struct sn_bench *bench = &t->benches->bench[thread];
	struct sn_tree *tree = t->tree + thread * net->layers;
	const float *dy = s->dy ? s->dy + first * net->layer[s->to - 1]->out_size : NULL;
	unsigned flip = 0;

	for (size_t end = s->to, i; end > s->from; end = i) {
		const size_t turn = net->layer[end - 1]->turn, out = net->layer[end - 1]->out_size;
		for (i = end - 1; i > s->from && net->layer[i - 1]->turn == turn;)
			i--;
		size_t in = net->layer[i]->in_size;
		/* where the group's dx goes when it is just what the layers before it wait for */
		bool flows = i > t->reached && net->layer[i]->from == i - 1 && !t->fork[i - 1];
		float *dx = !flows ? NULL : i > s->from ? bench->block[flip] : s->dx + first * in;
		flip ^= 1;
		for (size_t m = 0, count; m < n; m += count) {
			const float *d = dy ? dy + m * out : NULL;
			count = n - m < turn ? n - m : turn;
			unsigned side = 0;
			for (size_t k = end, next; k > i; k = next) {
				next = first_of(net, k - 1);
				float *to = next == i && dx ? dx + m * in : bench->image[side ^= 1];
				d = back(t, k - 1, first + m, count, bench,
					 t->sums[next] ? sn_tree_next(&tree[next]) : NULL, d, to);
			}
		}
		dy = dx;
	}
}

static size_t tasks_of(const struct segment *s)
{
	return (blocks_of(s->t, s->t->batch.n) + s->span - 1) / s->span;
}

static int backward_task(void *context, size_t at, unsigned thread)
{
	const struct segment *s = context;
	const struct sn_tape *t = s->t;
	const size_t index = piece_of(t, at, tasks_of(s));
	struct sn_layer *const *layer = t->net->layer;
	struct sn_tree *tree = t->tree + thread * t->net->layers;
	size_t block = t->net->block, first = index * s->span * block,
	       end = first + s->span * block;

	if (end > t->batch.n)
		end = t->batch.n;
	for (size_t k = s->from; k < s->to; k++)
		if (t->sums[k]) {
			size_t width = layer[k]->kind->sum(layer[k]);
			sn_tree_begin(&tree[k], t->tree_memory[thread * t->net->layers + k], width,
				      s->span / s->series);
			sn_tree_into(&tree[k], t->sums[k] + index * width);
		}
	for (; first < end; first += block) {
		size_t n = block_size(t, first), series = block * s->series;
		for (size_t k = s->from; k < s->to && first % series == 0; k++)
			if (t->sums[k])
				memset(sn_tree_next(&tree[k]), 0, tree[k].width * sizeof(float));
		backward_block(s, first, n, thread);
		for (size_t k = s->from;
		     k < s->to && (first + block >= end || (first + block) % series == 0); k++)
			if (t->sums[k])
				sn_tree_add(&tree[k]);
		if (s->gather < t->net->layers) {
			struct sn_call c = call_of(t, s->gather, s->last, first, n);
			const float *dy = t->fork[s->last] ? t->fork[s->last] : s->dx;
			c.dy = dy + first * t->net->layer[s->last]->out_size;
			c.scratch = t->benches->bench[thread].scratch;
			double start = sn_time_start(t->net, true);
			c.layer->kind->back_gather(&c);
			sn_time_stop(t->net, true, s->gather, start);
		}
	}
	for (size_t k = s->from; k < s->to; k++)
		if (t->sums[k])
			sn_tree_sum(&tree[k]);
	return 0;
}

static int gather_block(void *context, size_t index, unsigned thread)
{
	const struct segment *s = context;
	size_t first = index * s->t->net->block;
	struct sn_call c = call_of(s->t, s->gather, s->last, first, block_size(s->t, first));

	c.dy = s->dy + first * s->t->net->layer[s->last]->out_size;
	c.scratch = s->t->benches->bench[thread].scratch;
	c.layer->kind->back_gather(&c);
	return 0;
}

static size_t first_param(const struct sn_net *net, const struct sn_layer *l)
{
	size_t i = 0;

	while (net->param[i] != &l->param[0])
		i++;
	return i;
}

/* The wide layer to - 1: its gradients, and dx for all images. */
static int backward_wide(struct segment *s)
{
	struct sn_tape *t = s->t;
	size_t k = s->to - 1;
	const struct sn_net *net = t->net;
	struct sn_wide w = { .n = t->batch.n,
			     .training = true,
			     .x = input_of(t, k),
			     .dy = s->dy,
			     .dx = s->dx,
			     .descent = t->descent,
			     .param = first_param(net, net->layer[k]) };
	bool fine;
	int st = sn_wide_run(net, k, SN_WIDE_BACKWARD, &w, t->benches, t->pool, &fine);

	t->bad[k] = !fine;
	return st;
}

static int backward_blocks(struct segment *s)
{
	return run_pieces(s->t, tasks_of(s), backward_task, s);
}

/* ---- sums of parameter gradients ---------------------------------------------------------- */

/* Numbers of a piece of the tasks' sums. */
enum { JOINED = 8192 };

/* At the end all layers' sums together, so that there is something to do for all threads. */
struct joining {
	struct sn_tape *t;
	size_t tasks;
};

static size_t joined_pieces(const struct sn_tape *t, size_t k)
{
	const struct sn_layer *l = t->net->layer[k];

	return t->sums[k] ? (l->kind->sum(l) + JOINED - 1) / JOINED : 0;
}

static int join_piece(void *context, size_t index, unsigned thread)
{
	const struct joining *j = context;
	size_t k = j->t->net->layers;

	(void)thread;
	for (size_t n; k-- > j->t->reached; index -= n)
		if (index < (n = joined_pieces(j->t, k)))
			break;
	double start = sn_time_start(j->t->net, true);
	size_t width = j->t->net->layer[k]->kind->sum(j->t->net->layer[k]), from = index * JOINED;
	sn_tree_join(j->t->sums[k] + from, j->tasks, width,
		     width - from < JOINED ? width - from : JOINED);
	sn_time_stop(j->t->net, true, k, start);
	return 0;
}

static bool has_finite_gradients(const struct sn_layer *l)
{
	for (size_t p = 0; p < l->params; p++)
		if (l->param[p].grad && !sn_all_finite(l->param[p].grad, l->param[p].count))
			return false;
	return true;
}

/* From the last layer to the first, since the last ones are large. */
static int use_sum(void *context, size_t index, unsigned thread)
{
	const struct joining *j = context;
	struct sn_tape *t = j->t;
	size_t k = t->net->layers - 1 - index;
	const struct sn_layer *l = t->net->layer[k];

	(void)thread;
	if (!t->sums[k])
		return 0;
	double start = sn_time_start(t->net, true);
	l->kind->sum_done(l, t->sums[k]);
	t->bad[k] = !has_finite_gradients(l);
	sn_time_stop(t->net, true, k, start);
	return 0;
}

static int join_sums(struct sn_tape *t, size_t tasks)
{
	struct joining j = { t, tasks };
	size_t pieces = 0;
	int st;

	for (size_t k = t->reached; k < t->net->layers; k++)
		pieces += joined_pieces(t, k);
	if ((st = sn_pool_run(t->pool, pieces, join_piece, &j)) < 0)
		return st;
	return sn_pool_run(t->pool, t->net->layers - t->reached, use_sum, &j);
}

static int check_gradients(const struct sn_tape *t, const float *dy)
{
	const struct sn_net *net = t->net;

	if (!sn_all_finite(dy, t->batch.n * sn_net_dim(net)))
		return sn_fail(SN_ENAN, "the gradient of the loss is not finite");
	for (size_t i = net->layers; i-- > 0;)
		if (t->bad[i])
			return sn_fail(SN_ENAN, "the gradient of layer '%s' is not finite",
				       net->layer[i]->name);
	return 0;
}

/* The layers of the next segment, and what its end does for the one below. */
static void next_segment(struct segment *s, size_t lowest, unsigned *flip)
{
	const struct sn_net *net = s->t->net;

	s->from = first_of(net, s->to - 1);
	if (!net->layer[s->from]->wide)
		while (s->from > lowest && !is_meeting(net, s->from - 1))
			s->from = first_of(net, s->from - 1);
	s->gather = net->layers;
	s->dx = NULL;
	if (s->from > lowest) {
		s->dx = s->t->whole[*flip];
		*flip ^= 1;
		s->last = s->from - 1;
		if (lead_of(net, s->last)->kind->back_gather)
			s->gather = net->layer[s->last]->lead;
	}
}

/* Gradients of parameters that come of it are those of the layer and of what it absorbs. */
static void back_join(struct sn_tape *t, struct sn_layer *l)
{
	const struct sn_net *net = t->net;

	l->kind->back_join(l, &t->batch, t->memory[l->index]);
	for (size_t k = l->index; k < sn_unit_end(net, l->index, true); k++)
		t->bad[k] = !has_finite_gradients(net->layer[k]);
}

static int go_back(struct sn_tape *t, const float *dy, float *dx)
{
	struct sn_net *net = t->net;
	size_t blocks = blocks_of(t, t->batch.n), lowest = dx ? 0 : t->lowest;
	struct segment s = { .t = t,
			     .to = net->layers,
			     .dy = dy,
			     .series = series_of(blocks),
			     .span = span_of(t, blocks) };
	unsigned flip = 0;
	int st;

	if (!t->forward_done)
		return sn_fail(SN_EUSAGE, "no forward pass before this backward pass");
	t->dx = dx;
	t->reached = lowest;
	if (lowest == net->layers)
		return check_gradients(t, dy);
	s.last = net->layers - 1;
	s.gather = net->layer[s.last]->lead;
	if (net->layer[s.gather]->kind->back_gather &&
	    (st = sn_pool_run(t->pool, blocks, gather_block, &s)) < 0)
		return st;
	while (s.to > lowest) {
		struct sn_layer *l = lead_of(net, s.to - 1);
		if (l->kind->back_join)
			back_join(t, l);
		next_segment(&s, lowest, &flip);
		if (l->wide && s.from == 0)
			s.dx = dx;
		if ((st = l->wide ? backward_wide(&s) : backward_blocks(&s)) < 0)
			return st;
		if (l->wide && s.gather < net->layers) {
			s.dy = s.dx;
			if ((st = sn_pool_run(t->pool, blocks, gather_block, &s)) < 0)
				return st;
		}
		s.to = s.from;
		s.dy = s.to > lowest && t->fork[s.to - 1] ? t->fork[s.to - 1] : s.dx;
	}
	if ((st = join_sums(t, tasks_of(&s))) < 0)
		return st;
	return check_gradients(t, dy);
}

int sn_tape_backward(struct sn_tape *t, const float *dy, float *dx)
{
	t->descent = NULL;
	return go_back(t, dy, dx);
}

int sn_tape_descend(struct sn_tape *t, const float *dy, const struct sn_descent *descent)
{
	int st;

	t->descent = descent;
	st = go_back(t, dy, NULL);
	t->forward_done = false; /* its weights are others now */
	return st;
}
