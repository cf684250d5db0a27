/*
 * limits - pairs that a selection may not take, whatever their labels say: those of classes that do
 * not share the first parts of their labels, and those that were made under the same condition.
 */
#include <stdlib.h>

#include "private.h"

int sn_limits_make(struct sn_limits *l, const struct sn_items *items, unsigned within,
		   const char *across)
{
	int st = 0;

	*l = (struct sn_limits){ .entry = items->entry };
	if (within && (st = sn_levels_make(&l->groups, items, within)) == 0)
		l->within = true;
	if (st == 0 && across && (st = sn_conditions_make(&l->conditions, items, across)) == 0) {
		l->across = true;
		if (l->conditions.n < 2 && items->n)
			st = sn_fail(SN_EDATA,
				     "--across: '%s' finds the same in every key; a pair wants two "
				     "conditions",
				     across);
	}
	return st;
}

void sn_limits_release(struct sn_limits *l)
{
	sn_items_clear(&l->groups);
	sn_conditions_release(&l->conditions);
	*l = (struct sn_limits){ 0 };
}

bool sn_limits_allow(const struct sn_limits *l, size_t a, size_t b)
{
	const uint32_t c = l->entry[a].label, d = l->entry[b].label;

	if (l->across && l->conditions.of[a] == l->conditions.of[b])
		return false;
	if (!l->within || c == d)
		return !l->within || c != SN_NO_CLASS;
	return c != SN_NO_CLASS && d != SN_NO_CLASS &&
	       l->groups.entry[c].label == l->groups.entry[d].label;
}

/* ---- how many are left ------------------------------------------------------------------- */

static uint64_t pairs_of(uint64_t n)
{
	return n ? n * (n - 1) / 2 : 0;
}

struct counting {
	const struct sn_limits *limits;
	const struct sn_items *items;
};

static size_t family(const struct counting *c, size_t class)
{
	return c->limits->within ? c->limits->groups.entry[class].label : 0;
}

static int compare(const struct counting *c, size_t a, size_t b, bool classes)
{
	const struct sn_entry *x = &c->items->entry[a], *y = &c->items->entry[b];
	const size_t *of = c->limits->conditions.of;

	if (family(c, x->label) != family(c, y->label))
		return family(c, x->label) < family(c, y->label) ? -1 : 1;
	if (of[a] != of[b])
		return of[a] < of[b] ? -1 : 1;
	return !classes || x->label == y->label ? 0 : x->label < y->label ? -1 : 1;
}

static int by_cell(const void *a, const void *b, void *context)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = compare(context, i, j, true);

	return order ? order : (i > j) - (i < j);
}

/* Genuine ones among n items, and the forged ones. */
static uint64_t genuine(const struct counting *c, const size_t *item, size_t n, uint64_t *forged)
{
	*forged = 0;
	for (size_t i = 0; i < n; i++)
		*forged += c->items->entry[item[i]].forged;
	return n - *forged;
}

/* Of what has been counted, take away what is of one condition. */
static int leave_out_conditions(const struct counting *c, struct sn_kinds *k)
{
	size_t *item = sn_alloc(c->items->n + 1, sizeof *item), n = 0;
	uint64_t g, f;

	if (!item)
		return SN_ENOMEM;
	for (size_t i = 0; i < c->items->n; i++)
		if (c->items->entry[i].label != SN_NO_CLASS)
			item[n++] = i;
	qsort_r(item, n, sizeof *item, by_cell, (void *)(uintptr_t)c);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && !compare(c, item[from], item[to], false); to++)
			;
		for (size_t at = from, end; at < to; at = end) {
			size_t class = c->items->entry[item[at]].label;

			for (end = at + 1; end < to && !compare(c, item[at], item[end], true);
			     end++)
				;
			g = genuine(c, item + at, end - at, &f);
			k->random += pairs_of(g);
			k->same_of[class] -= pairs_of(g);
			k->forged_of[class] -= g * f;
		}
		/* what this takes too much, the cells above have added */
		k->random -= pairs_of(genuine(c, item + from, to - from, &f));
	}
	free(item);
	return 0;
}

int sn_kinds_count(struct sn_kinds *k, const struct sn_items *items,
		   const struct sn_classes *classes, const struct sn_limits *limits)
{
	const struct counting c = { limits, items };
	uint64_t *size = sn_alloc(classes->n + 1, sizeof *size); /* genuine items by family */
	int st = 0;

	*k = (struct sn_kinds){ .same_of = sn_alloc(classes->n + 1, sizeof *k->same_of),
				.forged_of = sn_alloc(classes->n + 1, sizeof *k->forged_of) };
	if (!size || !k->same_of || !k->forged_of) {
		free(size);
		return SN_ENOMEM;
	}
	/* pairs of a family, without those of a class (and of a condition, but of both) */
	for (size_t i = 0; i < classes->n; i++) {
		uint64_t g = sn_group_size(&classes->genuine, i);

		size[family(&c, i)] += g;
		k->same_of[i] = pairs_of(g);
		k->forged_of[i] = g * sn_group_size(&classes->forged, i);
	}
	for (size_t i = 0; i < classes->n; i++) /* families are fewer; the rest is 0 */
		k->random += pairs_of(size[i]);
	for (size_t i = 0; i < classes->n; i++)
		k->random -= k->same_of[i];
	free(size);
	if (limits->across)
		st = leave_out_conditions(&c, k);
	for (size_t i = 0; st == 0 && i < classes->n; i++) {
		k->same += k->same_of[i];
		k->forged += k->forged_of[i];
	}
	return st;
}

void sn_kinds_release(struct sn_kinds *k)
{
	free(k->same_of);
	free(k->forged_of);
	*k = (struct sn_kinds){ 0 };
}
