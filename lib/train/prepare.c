/*
 * prepare - the pictures of a step, made ready ahead of it.
 *
 * Two batches: one is computed with, the other is being made by threads of its own, in pieces of a
 * few images.  What an image becomes depends on seed, step and its item's number alone, so that
 * nobody can tell who made it, or when.
 */
#include <stdlib.h>
#include <string.h>
#include <sn/augment.h>
#include <sn/memory.h>
#include <sn/threads.h>
#include "prepare.h"

#define PIECE 8 /* images: small enough that threads end together */

struct made;
struct piece {
	struct made *made;
	size_t from, to; /* images */
};

struct made {
	struct batch batch; /* its arrays are its own */
	size_t pair_capacity;
	float *x;
	uint64_t *number;
	uint64_t step;
	bool begun;
	struct piece *piece; /* [pieces] */
	size_t pieces;
};

struct prepare {
	const struct sn_dataset *data;
	const struct sn_train_options *options;
	struct sn_prep prep;
	struct sn_prep_table table;
	struct plan *plan;
	struct sn_queue *queue; /* NULL: no threads */
	struct made made[2];
	size_t most;
	uint64_t last; /* steps of all epochs */

	/* the items with their turned classes, where there are such */
	struct sn_dataset turned;
	struct sn_train_options turned_options;
	uint8_t *held;
	size_t *source; /* [turned.items.n] item of the data, and which of its versions */
	uint8_t *version;
};

/* ---- turned classes -------------------------------------------------------------------- */

static int add_version(struct prepare *p, const struct sn_entry *e, unsigned version)
{
	const struct sn_items *items = &p->data->items;
	const char *suffix = sn_turn_suffix(version);
	struct sn_item item = { .number = e->number * p->options->turns + version,
				.forged = e->forged };
	struct sn_buffer label = { 0 };
	int st = 0;

	item.key = (struct sn_slice){ (const uint8_t *)e->key, e->key_size };
	if (e->label != SN_NO_CLASS) {
		if ((st = sn_buffer_add(&label, items->label[e->label],
					items->label_size[e->label])) == 0)
			st = sn_buffer_add(&label, suffix, strlen(suffix));
		item.label = (struct sn_slice){ label.data, label.size };
	}
	if (st == 0)
		st = sn_items_add(&p->turned.items, &item, NULL);
	sn_buffer_release(&label);
	return st;
}

/* Each item in all its versions, one after another; without a label there is no class to turn. */
static int turn_classes(struct prepare *p)
{
	const struct sn_items *items = &p->data->items;
	const uint8_t *held = p->options->held;
	unsigned turns = p->options->turns;
	size_t n = 0, most;
	int st;

	if (p->data->has_pairs)
		return sn_fail(SN_EUSAGE, "turned classes are sampled from items, and this is "
					  "pairs");
	if (p->prep.w != p->prep.h)
		return sn_fail(SN_EUSAGE,
			       "quarter turns want a square picture, and the network's is %zux%zu",
			       p->prep.w, p->prep.h);
	if (!sn_multiply(&most, items->n, turns))
		return sn_fail_memory();
	p->source = sn_alloc(most, sizeof *p->source);
	p->version = sn_alloc(most, sizeof *p->version);
	p->held = sn_alloc(most, sizeof *p->held);
	if (!p->source || !p->version || !p->held)
		return SN_ENOMEM;
	for (size_t i = 0; i < items->n; i++) {
		const struct sn_entry *e = &items->entry[i];
		if (e->number > (UINT64_MAX - turns) / turns)
			return sn_fail(SN_EDATA,
				       "the number of item '%s' is too large to be "
				       "multiplied",
				       e->key);
		for (unsigned v = 0; v < (e->label == SN_NO_CLASS ? 1 : turns); v++, n++) {
			if ((st = add_version(p, e, v)) < 0)
				return st;
			p->source[n] = i;
			p->version[n] = (uint8_t)v;
			p->held[n] = held && held[i];
		}
	}
	p->turned_options = *p->options;
	p->turned_options.held = p->held;
	p->turned_options.version = p->version;
	return 0;
}

/* ---- one image ------------------------------------------------------------------------- */

const struct sn_items *prepare_items(const struct prepare *p)
{
	return p->source ? &p->turned.items : &p->data->items;
}

static int make_image(const struct prepare *p, struct made *m, size_t i,
		      struct sn_augment_room *room, uint8_t *turned, uint8_t *changed)
{
	const struct sn_prep *prep = &p->prep;
	size_t item = m->batch.image[i], image = p->data->image;
	const uint8_t *pixels = p->data->pixels + (p->source ? p->source[item] : item) * image;
	int st;

	m->number[i] = prepare_items(p)->entry[item].number;
	if (p->source && p->version[item]) {
		sn_turn(turned, pixels, prep->h, prep->w, prep->c, p->version[item]);
		pixels = turned;
	}
	if (p->options->augment) {
		st = sn_augment_apply(
			p->options->augment, room, changed, pixels, prep->h, prep->w, prep->c,
			sn_random(p->options->seed, SN_RANDOM_AUGMENT, m->step, m->number[i]));
		if (st < 0)
			return st;
		pixels = changed;
	}
	sn_prep_floats(&p->table, pixels, m->x + i * image);
	return 0;
}

static int make_images(const struct prepare *p, struct made *m, size_t from, size_t to)
{
	struct sn_augment_room room = { 0 };
	uint8_t *scratch = sn_alloc(2, p->data->image);
	int st = scratch ? 0 : SN_ENOMEM;

	for (size_t i = from; st == 0 && i < to; i++)
		st = make_image(p, m, i, &room, scratch, scratch + p->data->image);
	sn_augment_room_release(&room);
	free(scratch);
	return st;
}

static int make_piece(void *context, void *job)
{
	const struct piece *piece = job;

	return make_images(context, piece->made, piece->from, piece->to);
}

/* ---- batches --------------------------------------------------------------------------- */

/* The plan's batch is the next one's with its next call: keep a copy. */
static int copy_batch(struct made *m, const struct batch *from)
{
	int st = sn_grow(&m->batch.pair, &m->pair_capacity, from->pairs, sizeof *m->batch.pair);

	if (st < 0)
		return st;
	memcpy(m->batch.pair, from->pair, from->pairs * sizeof *from->pair);
	memcpy(m->batch.image, from->image, from->images * sizeof *from->image);
	m->batch.pairs = from->pairs;
	m->batch.images = from->images;
	return 0;
}

static int begin(struct prepare *p, struct made *m, uint64_t step)
{
	struct batch batch;
	int st;

	if ((st = plan_batch(p->plan, step, &batch)) < 0 || (st = copy_batch(m, &batch)) < 0)
		return st;
	m->step = step;
	m->pieces = 0;
	for (size_t from = 0; from < batch.images; from += PIECE, m->pieces++)
		m->piece[m->pieces] =
			(struct piece){ m, from,
					from + PIECE < batch.images ? from + PIECE : batch.images };
	m->begun = true;
	for (size_t i = 0; p->queue && i < m->pieces; i++)
		if ((st = sn_queue_put(p->queue, &m->piece[i])) < 0)
			return st;
	return 0;
}

/* Wait for all that is under way, the older batch's pieces coming first. */
static int end(struct prepare *p, struct made *m)
{
	int first = 0, st;

	m->begun = false;
	if (!p->queue)
		return make_images(p, m, 0, m->batch.images);
	for (size_t i = 0; i < m->pieces; i++) {
		void *job;
		sn_queue_take(p->queue, &job, &st);
		if (st < 0 && first == 0)
			first = st;
	}
	return first;
}

int prepare_step(struct prepare *p, uint64_t step, struct ready *ready)
{
	struct made *m = &p->made[step % 2], *next = &p->made[(step + 1) % 2];
	int st;

	if (next->begun && (st = end(p, next)) < 0) /* another step than was thought */
		return st;
	if (m->begun && m->step != step && (st = end(p, m)) < 0)
		return st;
	if ((!m->begun && (st = begin(p, m, step)) < 0) || (st = end(p, m)) < 0)
		return st;
	*ready = (struct ready){ m->batch, m->x, m->number };
	/* what goes wrong ahead of time is said when it is asked for */
	if (p->queue && step + 1 < p->last && begin(p, next, step + 1) < 0)
		next->begun = false;
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------- */

static int made_new(struct made *m, const struct prepare *p)
{
	size_t inputs;

	if (!sn_multiply(&inputs, p->most, p->data->image))
		return sn_fail_memory();
	m->x = sn_alloc(inputs, sizeof *m->x);
	m->number = sn_alloc(p->most, sizeof *m->number);
	m->batch.image = sn_alloc(p->most, sizeof *m->batch.image);
	m->piece = sn_alloc(p->most / PIECE + 1, sizeof *m->piece);
	return m->x && m->number && m->batch.image && m->piece ? 0 : SN_ENOMEM;
}

int prepare_new(struct prepare **prepare, const struct sn_dataset *data, const struct sn_prep *prep,
		const struct sn_train_options *options, unsigned threads)
{
	struct prepare *p = sn_alloc(1, sizeof *p);
	int st;

	if (!p)
		return SN_ENOMEM;
	p->data = data;
	p->prep = *prep;
	sn_prep_table_init(&p->table, prep);
	p->options = options;
	if (options->turns > 1) {
		if ((st = turn_classes(p)) < 0 ||
		    (st = plan_new(&p->plan, &p->turned, &p->turned_options)) < 0)
			goto fail;
	} else if ((st = plan_new(&p->plan, data, options)) < 0) {
		goto fail;
	}
	p->most = plan_most_images(p->plan);
	p->last = options->epochs * plan_steps(p->plan);
	for (int i = 0; i < 2; i++)
		if ((st = made_new(&p->made[i], p)) < 0)
			goto fail;
	if (threads > 1 &&
	    (st = sn_queue_new(&p->queue, threads, 2 * (p->most / PIECE + 1), make_piece, p)) < 0)
		goto fail;
	*prepare = p;
	return 0;
fail:
	prepare_free(p);
	return st;
}

void prepare_free(struct prepare *p)
{
	if (!p)
		return;
	sn_queue_free(p->queue); /* first: its threads write into what follows */
	for (int i = 0; i < 2; i++) {
		free(p->made[i].batch.image);
		free(p->made[i].batch.pair);
		free(p->made[i].x);
		free(p->made[i].number);
		free(p->made[i].piece);
	}
	plan_free(p->plan);
	sn_items_clear(&p->turned.items);
	free(p->held);
	free(p->source);
	free(p->version);
	free(p);
}

size_t prepare_steps(const struct prepare *p)
{
	return plan_steps(p->plan);
}

size_t prepare_most_images(const struct prepare *p)
{
	return p->most;
}
