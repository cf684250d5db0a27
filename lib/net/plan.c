/*
 * plan - how layers go together: which do their neighbours' work, how many images each takes at a
 * time, and what they make of their parameters before a pass.
 */
#include "layer.h"

size_t sn_unit_end(const struct sn_net *net, size_t i, bool training)
{
	return i + net->layer[i]->absorbs[training] + 1;
}

/* Nothing but the layer behind it reads what layer i gives. */
static bool is_read_once(const struct sn_net *net, size_t i)
{
	return i + 1 < net->layers && net->layer[i + 1]->from == i && !net->layer[i]->held;
}

static bool takes(struct sn_layer *l, const struct sn_layer *next, bool training)
{
	if (!training && next->kind->flags & SN_LAYER_IDLE)
		return true;
	return l->kind->absorb && l->kind->absorb(l, next, training);
}

/* From the last layer to the first, so that a layer can leave those alone that have taken others.
 */
static void absorb(struct sn_net *net, bool training)
{
	for (size_t i = net->layers; i-- > 0;) {
		struct sn_layer *l = net->layer[i];
		for (size_t k = i; is_read_once(net, k) && takes(l, net->layer[k + 1], training);
		     k++)
			l->absorbs[training]++;
	}
}

/* The relu before layer i, if that alone reads it: x > 0 where the gradient goes on. */
static bool masks(const struct sn_net *net, size_t i)
{
	return net->layer[i]->kind->flags & SN_LAYER_MASKS && i > 0 &&
	       net->layer[i - 1]->kind == &sn_layer_relu && net->layer[i - 1]->lead == i - 1 &&
	       is_read_once(net, i - 1) && net->layer[i]->turn == net->layer[i - 1]->turn;
}

/* Layers whose backward passes are one: they take the same number of images. */
static void lead(struct sn_net *net)
{
	for (size_t i = 0, end; i < net->layers; i = end) {
		struct sn_layer *l = net->layer[i];
		end = sn_unit_end(net, i, true);
		if (masks(net, i)) {
			l->masks = true;
			net->layer[i - 1]->lead = i;
		}
		for (size_t k = i; k < end; k++) {
			bool led = l->kind->flags & SN_LAYER_BACK_AS_ONE;
			net->layer[k]->lead = led ? i : k;
			if (led)
				net->layer[k]->turn = l->turn;
		}
	}
}

/* Something held before layer i is read behind it. */
static bool is_passed_by(const struct sn_net *net, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (net->layer[k]->held && net->layer[k]->last_read > i)
			return true;
	return net->last_read > i;
}

/* Floats of an image on both sides of a layer that stay in the second cache, about. */
enum { NEAR = 200000 };

static size_t turn(const struct sn_net *net, size_t i, size_t before)
{
	const struct sn_layer *l = net->layer[i];

	if (l->kind->images)
		return l->kind->images(l);
	if (before)
		return before;
	for (; i < net->layers; i++)
		if (net->layer[i]->kind->images)
			return net->layer[i]->kind->images(net->layer[i]);
	return l->in_size + l->out_size > NEAR ? 1 : SN_BLOCK;
}

/* Heavy networks have small blocks, so that small batches keep all threads busy. */
static size_t block(const struct sn_net *net)
{
	uint64_t work = 0;

	for (size_t i = 0; i < net->layers; i++)
		work += net->layer[i]->multiply_adds;
	return work > 2000000000 ? SN_BLOCK / 4 : work > 300000000 ? SN_BLOCK / 2 : SN_BLOCK;
}

void sn_net_plan(struct sn_net *net)
{
	size_t before = 0;

	net->block = block(net);
	for (size_t i = 0; i < net->layers; i++)
		if (net->layer[i]->wide && is_passed_by(net, i))
			net->layer[i]->wide = false;
	absorb(net, false);
	absorb(net, true);
	for (size_t i = 0; i < net->layers; i++) {
		struct sn_layer *l = net->layer[i];
		size_t t = turn(net, i, before);
		l->turn = t < net->block ? t : net->block;
		before = l->wide ? 0 : t;
	}
	lead(net);
}

/* ---- what layers make of their parameters ---------------------------------------------- */

struct packing {
	struct sn_net *net;
	bool training;
};

static int pack_piece(void *context, size_t index, unsigned thread)
{
	const struct packing *p = context;

	(void)thread;
	for (size_t i = 0; i < p->net->layers; i++) {
		struct sn_layer *l = p->net->layer[i];
		size_t pieces = l->kind->pieces ? l->kind->pieces(l, p->training) : 0;
		if (index < pieces) {
			l->kind->pack(l, p->training, index);
			break;
		}
		index -= pieces;
	}
	return 0;
}

static int prepare(struct sn_net *net, struct sn_pool *pool, bool training)
{
	struct packing p = { net, training };
	size_t pieces = 0;
	int st;

	for (size_t i = 0; i < net->layers; i++) {
		struct sn_layer *l = net->layer[i];
		if (l->kind->prepare && (st = l->kind->prepare(l, training)) < 0)
			return st;
		if (l->kind->pieces)
			pieces += l->kind->pieces(l, training);
	}
	return sn_pool_run(pool, pieces, pack_piece, &p);
}

int sn_net_prepare(struct sn_net *net, struct sn_pool *pool, bool training)
{
	int st = 0;

	if (atomic_load(&net->ready[training]))
		return 0;
	pthread_mutex_lock(&net->preparing);
	if (!atomic_load(&net->ready[training]) && (st = prepare(net, pool, training)) == 0)
		atomic_store(&net->ready[training], true);
	pthread_mutex_unlock(&net->preparing);
	return st;
}
