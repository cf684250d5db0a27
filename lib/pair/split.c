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

/* Classes by first appearance; all items without a label are one more, at its place. */
static int class_numbers(const struct sn_items *items, size_t **class, size_t *classes)
{
	size_t none = SIZE_MAX, n = 0;

	*class = sn_alloc(items->n + 1, sizeof **class);
	if (!*class)
		return SN_ENOMEM;
	for (size_t i = 0; i < items->n; i++) {
		uint32_t label = items->entry[i].label;

		if (label == SN_NO_CLASS) {
			if (none == SIZE_MAX)
				none = n++;
			(*class)[i] = none;
			continue;
		}
		/* labels are numbered by first appearance: shifted by one where nil came before */
		(*class)[i] = label + (none != SIZE_MAX && label >= none);
		if ((*class)[i] >= n)
			n = (*class)[i] + 1;
	}
	*classes = n;
	return 0;
}

/* Of n items of a class, chosen by chance: the first `part` after a shuffle. */
static void choose(uint8_t *second, struct sn_random *r, size_t *item, size_t n, size_t part)
{
	sn_random_shuffle(r, item, n);
	for (size_t i = 0; i < part; i++)
		second[item[i]] = 1;
}

/* Items of each class; of its forgeries as large a part as of all its items. */
static int split_items(uint8_t *second, const struct sn_items *items, const size_t *class,
		       size_t classes, double share, uint64_t seed)
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
		size_t n = genuine + forged, part = part_of(n, share);
		size_t of_forged = n ? (part * forged + n / 2) / n : 0;
		struct sn_random r = sn_random(seed, SN_RANDOM_SPLIT, SN_SPLIT_ITEM, c);

		choose(second, &r, item + first[2 * c], genuine, part - of_forged);
		choose(second, &r, item + first[2 * c + 1], forged, of_forged);
	}
	free(first);
	free(item);
	return st;
}

static int split_classes(uint8_t *second, const struct sn_items *items, const size_t *class,
			 size_t classes, double share, uint64_t seed)
{
	struct sn_random r = sn_random(seed, SN_RANDOM_SPLIT, SN_SPLIT_CLASS, 0);
	size_t *order = sn_alloc(classes + 1, sizeof *order);
	uint8_t *chosen = sn_alloc(classes + 1, 1);
	int st = order && chosen ? 0 : SN_ENOMEM;

	for (size_t c = 0; st == 0 && c < classes; c++)
		order[c] = c;
	if (st == 0)
		choose(chosen, &r, order, classes, part_of(classes, share));
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

int sn_split(uint8_t *second, const struct sn_items *items, enum sn_split_by by, double share,
	     uint64_t seed)
{
	size_t *class = NULL, classes = 0;
	int st;

	if (!(share > 0 && share < 1))
		return sn_fail(SN_EUSAGE, "share %g is not between 0 and 1", share);
	if ((st = class_numbers(items, &class, &classes)) < 0)
		return st;
	memset(second, 0, items->n);
	st = by == SN_SPLIT_CLASS ? split_classes(second, items, class, classes, share, seed)
				  : split_items(second, items, class, classes, share, seed);
	free(class);
	if (st < 0)
		return st;
	return refuse_empty(second, items,
			    by == SN_SPLIT_CLASS ? "there is one class; split by item"
						 : "each class has one item; split by class");
}

/* Mark the class of the label, or the item of the key. */
static int mark(uint8_t *marked, const struct sn_items *items, struct sn_keys *keys,
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
	class = sn_items_class(items, text, size);
	if (class == SN_NO_CLASS)
		return sn_fail(SN_EDATA, "no item has the label '%.*s'", (int)size, text);
	marked[class] = 1;
	return 0;
}

int sn_split_list(uint8_t *second, const struct sn_items *items, enum sn_split_by by,
		  const char *list, size_t size, const char *name)
{
	struct sn_keys keys = { 0 };
	const char *p = list, *end = list + size;
	uint8_t *chosen = NULL;
	int st = 0;

	memset(second, 0, items->n);
	if (by == SN_SPLIT_ITEM)
		st = sn_keys_make(&keys, items);
	else if (!(chosen = sn_alloc(items->labels + 1, 1)))
		st = SN_ENOMEM;
	for (uint64_t line = 1; st == 0 && p < end; line++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((stop ? stop : end) - p);

		if (n && p[n - 1] == '\r')
			n--;
		if (n > SN_MAX_STRING)
			st = sn_fail(SN_EDATA, "a line longer than %u bytes", SN_MAX_STRING);
		else if (n)
			st = mark(chosen ? chosen : second, items, &keys, by, p, n);
		if (st < 0)
			sn_fail_at(st, "%s:%" PRIu64, name, line);
		p = stop ? stop + 1 : end;
	}
	for (size_t i = 0; chosen && st == 0 && i < items->n; i++)
		second[i] = items->entry[i].label != SN_NO_CLASS && chosen[items->entry[i].label];
	free(chosen);
	sn_keys_release(&keys);
	return st < 0 ? st : refuse_empty(second, items, "the list takes all or nothing");
}
