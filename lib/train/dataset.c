/* dataset - a stream of pictures in memory, each at the network's size, as u1 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sn/train.h>
#include "part.h"

/*
 * Pictures wait here until there are enough to be fitted in parallel.  Bounded in bytes, because a
 * record may hold 48 MiB.
 */
#define WAITING 256
#define WAITING_BYTES (64u << 20)

struct waiting {
	struct sn_dataset *data;
	const struct sn_prep *prep;
	struct sn_tensor x[WAITING]; /* data: offset into raw, until fit_waiting */
	size_t at[WAITING];
	size_t n;
	struct sn_buffer raw;
};

static int fit_one(void *context, size_t index, unsigned thread)
{
	struct waiting *w = context;
	size_t first = w->data->items.n - w->n;
	struct sn_tensor x = w->x[index];
	int st;

	(void)thread;
	x.data = w->raw.data + w->at[index];
	st = sn_prep_pixels(w->prep, &x, w->data->pixels + (first + index) * w->data->image);
	if (st < 0)
		return sn_fail_at(st, "item '%s'", w->data->items.entry[first + index].key);
	return 0;
}

static int fit_waiting(struct waiting *w, struct sn_pool *pool)
{
	struct sn_dataset *data = w->data;
	size_t bytes;
	int st;

	if (!w->n)
		return 0;
	if (!sn_multiply(&bytes, data->items.n, data->image))
		return sn_fail_memory();
	if ((st = sn_grow(&data->pixels, &data->capacity, bytes, 1)) < 0)
		return st;
	if ((st = sn_pool_run(pool, w->n, fit_one, w)) < 0)
		return st;
	w->n = 0;
	w->raw.size = 0;
	return 0;
}

static int add_item(struct waiting *w, const struct sn_item *item, struct sn_pool *pool)
{
	struct sn_entry *entry;
	int st;

	if (!item->x.type)
		return sn_fail(SN_EDATA,
			       "the picture of '%.*s' is missing: training wants every picture",
			       (int)item->key.size, (const char *)item->key.data);
	if (item->x.type != 'u')
		return sn_fail(
			SN_EDATA,
			"this is embeddings, sn-train wants pictures: put it before sn-embed");
	if ((st = sn_items_add(&w->data->items, item, &entry)) < 0)
		return st;
	w->x[w->n] = item->x;
	w->at[w->n] = w->raw.size;
	if ((st = sn_buffer_add(&w->raw, item->x.data, item->x.count)) < 0)
		return st;
	w->n++;
	if (w->n == WAITING || w->raw.size >= WAITING_BYTES)
		return fit_waiting(w, pool);
	return 0;
}

static int add_pair(struct sn_dataset *data, const struct sn_pair *pair)
{
	const struct sn_entry *a = sn_items_find(&data->items, pair->a);
	const struct sn_entry *b = sn_items_find(&data->items, pair->b);

	if (!a || !b)
		return sn_fail(SN_EDATA,
			       "pair [%" PRIu64 ", %" PRIu64 "] of items that did not come",
			       pair->a, pair->b);
	if (pair->same == SN_UNKNOWN)
		return sn_fail(SN_EDATA,
			       "pair of '%s' and '%s' does not say whether they are the same: "
			       "training wants "
			       "labels, or pairs by sn-pair --list",
			       a->key, b->key);
	if (data->pairs.n == 0)
		data->has_batches = pair->batch != SN_NONE;
	else if (data->has_batches != (pair->batch != SN_NONE))
		return sn_fail(SN_EDATA, "some sections have pairs with 'batch', others without");
	return sn_pairs_add(&data->pairs,
			    (struct sn_index_pair){ (size_t)(a - data->items.entry),
						    (size_t)(b - data->items.entry), pair->same,
						    pair->trial, pair->batch });
}

static int add_header(struct sn_dataset *data, const struct sn_record *rec)
{
	struct sn_header *header;
	int st;

	if ((st = sn_header_parse(&header, rec)) < 0)
		return st;
	st = sn_header_expect(header, "items pairs");
	data->has_pairs = strcmp(sn_header_kind(header), "pairs") == 0;
	sn_header_free(header);
	return st;
}

int sn_dataset_read(struct sn_dataset *data, struct sn_reader *r, const struct sn_prep *prep,
		    struct sn_pool *pool)
{
	struct waiting *w = sn_alloc(1, sizeof *w);
	struct sn_record *rec = sn_alloc(1, sizeof *rec);
	struct sn_join *join = NULL;
	bool seen = false;
	int st = SN_ENOMEM, got;

	if (!w || !rec)
		goto out;
	w->data = data;
	w->prep = prep;
	data->image = prep->h * prep->w * prep->c;
	if ((st = sn_join_new(&join, r)) < 0)
		goto out;
	while ((got = sn_join_read(join, rec)) > 0) {
		st = 0;
		if (got == SN_HEADER) {
			seen = true;
			st = add_header(data, rec);
		} else if (got == SN_RECORD && rec->map == SN_MAP_ITEM) {
			st = add_item(w, &rec->item, pool);
		} else if (got == SN_RECORD && rec->map == SN_MAP_PAIR) {
			st = add_pair(data, &rec->pair);
		}
		if (st < 0) {
			st = st == SN_ENOMEM ? st : sn_reader_blame_last(r, st);
			goto out;
		}
	}
	if ((st = got) < 0 || (st = fit_waiting(w, pool)) < 0 || (st = seen) == 0)
		goto out;
	if (data->items.n == 0)
		st = sn_fail(SN_EDATA, "%s: no pictures in it", sn_reader_name(r));
	else if (data->has_pairs && data->pairs.n == 0)
		st = sn_fail(SN_EDATA, "%s: no pairs in it", sn_reader_name(r));
out:
	sn_join_free(join);
	free(rec);
	if (w)
		sn_buffer_release(&w->raw);
	free(w);
	return st;
}

void sn_dataset_release(struct sn_dataset *data)
{
	sn_items_clear(&data->items);
	sn_pairs_release(&data->pairs);
	free(data->pixels);
	memset(data, 0, sizeof *data);
}

int sn_dataset_pairs(struct sn_pairs *pairs, const struct sn_dataset *data, const uint8_t *of,
		     const struct sn_pair_options *options)
{
	struct part part = { 0 };
	int st = part_take(&part, &data->items, of, true);

	if (st == 0)
		st = sn_pair_draw(pairs, &part.items, options);
	for (size_t i = 0; st == 0 && i < pairs->n; i++) {
		pairs->pair[i].a = part.index[pairs->pair[i].a];
		pairs->pair[i].b = part.index[pairs->pair[i].b];
	}
	part_release(&part);
	return st;
}
