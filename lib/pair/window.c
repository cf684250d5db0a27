/* window - pairs of an item with those just before it. */
#include "private.h"

/* One of the items [from, last) that make such a pair with the last one; SIZE_MAX: there is none.
 */
static size_t choose(const struct sn_items *items, size_t from, enum sn_same same,
		     enum sn_impostors impostors, struct sn_random *r)
{
	const struct sn_entry *last = &items->entry[items->n - 1];
	size_t n = 0, which = SIZE_MAX;
	enum sn_same s;

	for (size_t a = from; a + 1 < items->n; a++)
		n += sn_pair_wanted(&items->entry[a], last, impostors, &s) && s == same;
	if (n)
		which = sn_random_below(r, n);
	for (size_t a = from; n && a + 1 < items->n; a++)
		if (sn_pair_wanted(&items->entry[a], last, impostors, &s) && s == same &&
		    which-- == 0)
			return a;
	return SIZE_MAX;
}

/* One different pair: where there are random ones and forgeries to choose from, either half the
 * time. */
static size_t choose_different(const struct sn_items *items, size_t from,
			       enum sn_impostors impostors, struct sn_random *r)
{
	size_t random = SIZE_MAX, forged = SIZE_MAX;

	if (impostors != SN_IMPOSTORS_FORGED)
		random = choose(items, from, SN_DIFFERENT, SN_IMPOSTORS_RANDOM, r);
	if (impostors != SN_IMPOSTORS_RANDOM)
		forged = choose(items, from, SN_DIFFERENT, SN_IMPOSTORS_FORGED, r);
	if (random == SIZE_MAX || (forged != SIZE_MAX && sn_random_below(r, 2)))
		return forged;
	return random;
}

int sn_pair_window(struct sn_pairs *pairs, const struct sn_items *items, size_t window,
		   const struct sn_pair_options *options)
{
	size_t last, from;
	struct sn_index_pair p = { 0, 0, SN_SAME, SN_NONE, SN_NONE };
	struct sn_random r;
	int st = 0;

	pairs->n = 0;
	if (options->selection != SN_PAIR_DEFAULT && options->selection != SN_PAIR_ALL)
		return sn_fail(SN_EUSAGE, "a window goes with the default selection or --all");
	if (!items->n)
		return 0;
	p.b = last = items->n - 1;
	from = last > window ? last - window : 0;
	if (options->selection == SN_PAIR_ALL) {
		for (p.a = from; p.a < last && st == 0; p.a++)
			if (sn_pair_wanted(&items->entry[p.a], &items->entry[last],
					   options->impostors, &p.same))
				st = sn_pairs_add(pairs, p);
		return st;
	}
	r = sn_random(options->seed, SN_RANDOM_PAIR, SN_DRAW_WINDOW, items->entry[last].number);
	p.a = choose(items, from, SN_SAME, SN_IMPOSTORS_DEFAULT, &r);
	if (p.a != SIZE_MAX && (st = sn_pairs_add(pairs, p)) < 0)
		return st;
	p.same = SN_DIFFERENT;
	p.a = choose_different(items, from, options->impostors, &r);
	return p.a == SIZE_MAX ? 0 : sn_pairs_add(pairs, p);
}
