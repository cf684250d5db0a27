/* section - a section of items becomes one of pairs. */
#include <inttypes.h>
#include <string.h>

#include "private.h"

int sn_pairing_begin(struct sn_pairing *p, struct sn_header *h, struct sn_writer *w)
{
	int st = sn_header_set_kind(h, "pairs");

	if (st == 0 && p->window)
		st = sn_header_set_uint(h, "window", p->window);
	p->w = w;
	p->items.window = p->window;
	memset(p->written, 0, sizeof p->written);
	return st;
}

static int write_pair(void *pairing, const struct sn_index_pair *pair)
{
	struct sn_pairing *p = pairing;
	struct sn_pair record = {
		.a = p->items.entry[pair->a].number,
		.b = p->items.entry[pair->b].number,
		.same = pair->same,
		.trial = pair->trial,
		.batch = pair->batch,
	};

	p->written[pair->same]++;
	return sn_write_pair(p->w, &record);
}

static int write_pairs(struct sn_pairing *p)
{
	int st = 0;

	for (size_t i = 0; i < p->pairs.n && st == 0; i++)
		st = write_pair(p, &p->pairs.pair[i]);
	return st;
}

int sn_pairing_item(struct sn_pairing *p, const struct sn_item *item)
{
	int st = sn_items_add(&p->items, item, NULL);

	if (st < 0 || !p->window)
		return st;
	st = sn_pair_window(&p->pairs, &p->items, p->window, &p->options);
	return st < 0 ? st : write_pairs(p);
}

static void note_missing(const struct sn_pairing *p, size_t there)
{
	size_t n = p->items.n - there;

	if (n == 1)
		sn_note("1 key in '%s' is that of no item: '%s'; its pairs will have no distance",
			sn_pair_list_name(p->list), p->items.entry[there].key);
	else if (n)
		sn_note("%zu keys in '%s' are those of no item, the first is '%s'; their pairs "
			"will have no distance",
			n, sn_pair_list_name(p->list), p->items.entry[there].key);
}

/* The items that a list names and nobody has, then the list's pairs. */
static int write_list(struct sn_pairing *p)
{
	size_t there = p->items.n;
	uint64_t again;
	int st = sn_pair_list_match(p->list, &p->items, &p->pairs, &again);

	if (st < 0)
		return st;
	note_missing(p, there);
	if (again)
		sn_note("%" PRIu64 " line%s of '%s' left out: the pair came before", again,
			again == 1 ? "" : "s", sn_pair_list_name(p->list));
	for (size_t i = there; i < p->items.n && st == 0; i++) {
		const struct sn_entry *e = &p->items.entry[i];
		struct sn_item item = { .number = e->number,
					.key = { (const uint8_t *)e->key, e->key_size } };

		st = sn_write_item(p->w, &item);
	}
	return st < 0 ? st : write_pairs(p);
}

static int write_drawn(struct sn_pairing *p)
{
	int st = sn_pair_draw(&p->pairs, &p->items, &p->options);

	if (st < 0)
		return st;
	if (p->pairs.singles)
		sn_note("%" PRIu64 " %s one genuine item: %s different pairs only",
			p->pairs.singles, p->pairs.singles == 1 ? "class has" : "classes have",
			p->pairs.singles == 1 ? "it gives" : "they give");
	return write_pairs(p);
}

static void note_window(const struct sn_pairing *p)
{
	static const char *const kind[] = { [SN_DIFFERENT] = "different", [SN_SAME] = "same" };

	for (int i = 0; i < 2 && p->options.selection != SN_PAIR_ALL; i++)
		if (p->items.n && !p->written[i])
			sn_note("no %s pair: no item has one for it among the %zu before it; mix "
				"the items, or widen --window",
				kind[i], p->window);
}

int sn_pairing_end(struct sn_pairing *p)
{
	int st = 0;

	if (p->window)
		note_window(p);
	else if (p->items.n == 0 && p->allow_empty)
		st = 0;
	else if (p->options.selection == SN_PAIR_LIST)
		st = write_list(p);
	else if (p->options.selection == SN_PAIR_ALL)
		st = sn_pair_each(&p->items, &p->options, write_pair, p);
	else
		st = write_drawn(p);
	sn_items_clear(&p->items);
	return st;
}

void sn_pairing_release(struct sn_pairing *p)
{
	sn_items_clear(&p->items);
	sn_pairs_release(&p->pairs);
}
