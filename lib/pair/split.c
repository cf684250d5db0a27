/* split - which items are kept for testing. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

/* share of n, rounded, at least 1 and not all (0 of 1) */
static size_t part_of(size_t n, double share)
{
	size_t part = (size_t)llround((double)n * share);

	if (part < 1)
		part = 1;
	return part < n ? part : n ? n - 1 : 0;
}

/*
 * Classes, or at a level groups of them, by first appearance; all items without a label are one
 * more, at its place.
 */
static int class_numbers(const struct sn_items *items, unsigned level, size_t **class,
			 size_t *classes)
{
	struct sn_items groups;
	size_t none = SIZE_MAX, n = 0, *number = NULL;
	int st = sn_levels_make(&groups, items, level);

	*class = sn_alloc(items->n + 1, sizeof **class);
	number = sn_alloc(items->labels + 1, sizeof *number); /* + 1; 0: not seen yet */
	if (st == 0 && (!*class || !number))
		st = SN_ENOMEM;
	for (size_t i = 0; st == 0 && i < items->n; i++) {
		uint32_t label = items->entry[i].label;
		size_t *at = label == SN_NO_CLASS ? &none : &number[groups.entry[label].label];

		if (*at == (at == &none ? SIZE_MAX : 0))
			*at = ++n;
		(*class)[i] = *at - 1;
	}
	*classes = n;
	sn_items_clear(&groups);
	free(number);
	if (st < 0) {
		free(*class);
		*class = NULL;
	}
	return st;
}

/* Of n items of a class, chosen by chance: the first `part` after a shuffle. */
static void choose(uint8_t *second, struct sn_random *r, size_t *item, size_t n, size_t part)
{
	sn_random_shuffle(r, item, n);
	for (size_t i = 0; i < part; i++)
		second[item[i]] = 1;
}

/*
 * One of the folds: those of class c, shuffled genuine ones before shuffled forgeries, are dealt
 * out in turn, from fold c on, so that no fold gets the odd ones of all classes.
 */
static void deal(uint8_t *second, struct sn_random *r, size_t *genuine, size_t n, size_t n_forged,
		 size_t class, const struct sn_split_options *o)
{
	sn_random_shuffle(r, genuine, n);
	sn_random_shuffle(r, genuine + n, n_forged);
	for (size_t i = 0; i < n + n_forged; i++)
		second[genuine[i]] = (i + class) % o->folds == o->fold - 1;
}

/* Items of each class; of its forgeries as large a part as of all its items. */
static int split_items(uint8_t *second, const struct sn_items *items, const size_t *class,
		       size_t classes, const struct sn_split_options *o)
{
	/* genuine items of class c begin at first[2 c], its forgeries at first[2 c + 1] */
	size_t *first = sn_alloc(2 * classes + 2, sizeof *first);
	size_t *item = sn_alloc(items->n + 1, sizeof *item);
	int st = first && item ? 0 : SN_ENOMEM;

	for (size_t i = 0; st == 0 && i < items->n; i++)
		first[2 * class[i] + items->entry[i].forged + 2]++;
	for (size_t g = 0; st == 0 && g < 2 * classes; g++)
		first[g + 2] += first[g + 1];
	for (size_t i = 0; st == 0 && i < items->n; i++)
		item[first[2 * class[i] + items->entry[i].forged + 1]++] = i;
	for (size_t c = 0; st == 0 && c < classes; c++) {
		size_t genuine = first[2 * c + 1] - first[2 * c];
		size_t forged = first[2 * c + 2] - first[2 * c + 1];
		size_t n = genuine + forged, part = part_of(n, o->share);
		size_t of_forged = n ? (part * forged + n / 2) / n : 0;
		struct sn_random r = sn_random(o->seed, SN_RANDOM_SPLIT, SN_SPLIT_ITEM, c);

		if (o->folds) {
			deal(second, &r, item + first[2 * c], genuine, forged, c, o);
			continue;
		}
		choose(second, &r, item + first[2 * c], genuine, part - of_forged);
		choose(second, &r, item + first[2 * c + 1], forged, of_forged);
	}
	free(first);
	free(item);
	return st;
}

static int split_classes(uint8_t *second, const struct sn_items *items, const size_t *class,
			 size_t classes, const struct sn_split_options *o)
{
	struct sn_random r = sn_random(o->seed, SN_RANDOM_SPLIT, SN_SPLIT_CLASS, 0);
	size_t *order = sn_alloc(classes + 1, sizeof *order), from = 0, to;
	uint8_t *chosen = sn_alloc(classes + 1, 1);
	int st = order && chosen ? 0 : SN_ENOMEM;

	if (st == 0 && o->folds > classes)
		st = sn_fail(SN_EDATA, "too few classes for %" PRIu64 " folds: there are %zu%s",
			     o->folds, classes, o->level ? " at this level" : "");
	for (size_t c = 0; st == 0 && c < classes; c++)
		order[c] = c;
	if (st == 0) {
		sn_random_shuffle(&r, order, classes);
		to = part_of(classes, o->share);
		if (o->folds) { /* below 2^32 classes: no overflow */
			from = (size_t)((o->fold - 1) * classes / o->folds);
			to = (size_t)(o->fold * classes / o->folds);
		}
		for (size_t i = from; i < to; i++)
			chosen[order[i]] = 1;
	}
	for (size_t i = 0; st == 0 && i < items->n; i++)
		second[i] = chosen[class[i]];
	free(order);
	free(chosen);
	return st;
}

static int refuse_empty(const uint8_t *second, const struct sn_items *items, const char *advice)
{
	size_t n = 0;

	for (size_t i = 0; i < items->n; i++)
		n += second[i];
	if (n && n < items->n)
		return 0;
	return sn_fail(SN_EDATA, "the %s part would be empty: %s", n ? "first" : "second", advice);
}

int sn_split_by(uint8_t *second, const struct sn_items *items, const struct sn_split_options *o)
{
	size_t *class = NULL, classes = 0;
	int st;

	if (o->folds ? !(o->fold >= 1 && o->fold <= o->folds && o->folds >= 2)
		     : !(o->share > 0 && o->share < 1))
		return o->folds ? sn_fail(SN_EUSAGE, "fold %" PRIu64 " is none of %" PRIu64,
					  o->fold, o->folds)
				: sn_fail(SN_EUSAGE, "share %g is not between 0 and 1", o->share);
	if ((st = class_numbers(items, o->by == SN_SPLIT_CLASS ? o->level : 0, &class, &classes)) <
	    0)
		return st;
	memset(second, 0, items->n);
	st = o->by == SN_SPLIT_CLASS ? split_classes(second, items, class, classes, o)
				     : split_items(second, items, class, classes, o);
	free(class);
	if (st < 0)
		return st;
	if (o->folds)
		return refuse_empty(second, items, "there are too few items for as many folds");
	return refuse_empty(
		second, items,
		o->by == SN_SPLIT_CLASS
			? o->level ? "all labels have the same first parts; raise --level"
				   : "there is one class; split by item"
			: "each class has one item; split by class");
}

int sn_split(uint8_t *second, const struct sn_items *items, enum sn_split_by by, double share,
	     uint64_t seed)
{
	return sn_split_by(second, items,
			   &(struct sn_split_options){ .by = by, .share = share, .seed = seed });
}

/* Mark the class of the label, or the item of the key. */
static int mark(uint8_t *marked, const struct sn_items *groups, struct sn_keys *keys,
		enum sn_split_by by, const char *text, size_t size)
{
	size_t index;
	uint32_t class;
	int st;

	if (by == SN_SPLIT_ITEM) {
		if ((st = sn_keys_find(keys, text, size, false, &index)) < 0)
			return st;
		if (st == 0)
			return sn_fail(SN_EDATA, "no item has the key '%.*s'", (int)size, text);
		marked[index] = 1;
		return 0;
	}
	class = sn_items_class(groups, text, size);
	if (class == SN_NO_CLASS)
		return sn_fail(SN_EDATA, "no item has the label '%.*s'", (int)size, text);
	marked[class] = 1;
	return 0;
}

int sn_split_list(uint8_t *second, const struct sn_items *items, const struct sn_split_options *o,
		  const char *list, size_t size, const char *name)
{
	struct sn_split_head head;
	struct sn_items groups = { 0 };
	struct sn_keys keys = { 0 };
	const char *p = list, *end = list + size;
	uint8_t *chosen = NULL;
	int st = sn_split_head_read(&head, list, size, name);
	bool skip = st > 0; /* the first line */

	if (st < 0)
		return st;
	memset(second, 0, items->n);
	if (o->by == SN_SPLIT_ITEM)
		st = sn_keys_make(&keys, items);
	else if ((st = sn_levels_make(&groups, items, o->level)) == 0 &&
		 !(chosen = sn_alloc(items->labels + 1, 1)))
		st = SN_ENOMEM;
	for (uint64_t line = 1; st == 0 && p < end; line++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((stop ? stop : end) - p);

		if (n && p[n - 1] == '\r')
			n--;
		if (n > SN_MAX_STRING)
			st = sn_fail(SN_EDATA, "a line longer than %u bytes", SN_MAX_STRING);
		else if (n && !(skip && line == 1))
			st = mark(chosen ? chosen : second, &groups, &keys, o->by, p, n);
		if (st < 0)
			sn_fail_at(st, "%s:%" PRIu64, name, line);
		p = stop ? stop + 1 : end;
	}
	for (size_t i = 0; chosen && st == 0 && i < items->n; i++)
		second[i] = items->entry[i].label != SN_NO_CLASS &&
			    chosen[groups.entry[items->entry[i].label].label];
	free(chosen);
	sn_items_clear(&groups);
	sn_keys_release(&keys);
	return st < 0 ? st : refuse_empty(second, items, "the list takes all or nothing");
}
