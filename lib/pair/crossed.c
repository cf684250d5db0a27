/*
 * crossed - trials whose query was made under one condition, and all of whose supports were made
 * under one other: the query is one drawer's, the supports are another's.
 *
 * A room is a family of classes (labels that share their first parts) under one condition: of each
 * of its classes it has a cell, the items of that class made so, `shot` at least.  Rooms of fewer
 * than `way` cells are closed.  An item can be asked about where its class has a cell in an open
 * room of another condition, so that no trial has to be drawn in vain.
 */
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct cell {
	size_t class, room, from, n; /* from, n: in crossed.item */
};

struct room {
	size_t condition, from, n; /* from, n: in crossed.order */
};

struct crossed {
	const struct sn_items *items;
	const struct sn_pair_options *o;
	struct sn_conditions conditions;
	size_t *class, *family; /* [labels] classes by family; the family of each class */
	struct sn_families families;
	size_t *item; /* genuine items by family, condition and class; shuffled within cells */
	struct cell *cell;
	struct room *room;
	size_t cells, rooms;
	size_t *order;		   /* cells of a room, shuffled by the draws */
	size_t *door, *first_door; /* [cells] by class; those of class c begin at first_door[c] */
	struct sn_classes asked;   /* items that can be asked about */
	struct sn_walk *query;	   /* [labels] over those of each class */
	struct sn_walk *asking;	   /* [families] over classes that can be asked for */
	size_t *asking_order, *walk_order;
	struct sn_walk walk; /* over families that can ask */
	struct sn_random random;
};

static int compare(const struct crossed *x, size_t a, size_t b)
{
	const size_t c = x->items->entry[a].label, d = x->items->entry[b].label;

	if (x->family[c] != x->family[d])
		return x->family[c] < x->family[d] ? -1 : 1;
	if (x->conditions.of[a] != x->conditions.of[b])
		return x->conditions.of[a] < x->conditions.of[b] ? -1 : 1;
	return c != d ? c < d ? -1 : 1 : 0;
}

static int by_cell(const void *a, const void *b, void *context)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = compare(context, i, j);

	return order ? order : (i > j) - (i < j);
}

static int find_families(struct crossed *x)
{
	size_t n = x->items->labels;
	int st;

	x->class = sn_alloc(n + 1, sizeof *x->class);
	x->family = sn_alloc(n + 1, sizeof *x->family);
	if (!x->class || !x->family)
		return SN_ENOMEM;
	for (size_t c = 0; c < n; c++)
		x->class[c] = c;
	if ((st = sn_families_make(&x->families, x->items, x->class, n, x->o->within, NULL)) < 0)
		return st;
	for (size_t f = 0; f < x->families.n; f++)
		for (size_t i = x->families.first[f]; i < x->families.first[f + 1]; i++)
			x->family[x->class[i]] = f;
	return 0;
}

/* Cells of items[from, to), which are of one family and one condition; they stay if enough. */
static void add_room(struct crossed *x, size_t from, size_t to)
{
	struct room room = { x->conditions.of[x->item[from]], x->cells, 0 };

	for (size_t i = from, next; i < to; i = next) {
		for (next = i + 1; next < to && !compare(x, x->item[i], x->item[next]); next++)
			;
		if (next - i >= x->o->shot)
			x->cell[room.from + room.n++] =
				(struct cell){ x->items->entry[x->item[i]].label, x->rooms, i,
					       next - i };
	}
	if (room.n < x->o->way)
		return;
	x->cells += room.n;
	x->room[x->rooms++] = room;
}

static int build_rooms(struct crossed *x)
{
	const struct sn_items *items = x->items;
	size_t n = 0;

	x->item = sn_alloc(items->n + 1, sizeof *x->item);
	x->cell = sn_alloc(items->n + 1, sizeof *x->cell);
	x->room = sn_alloc(items->n + 1, sizeof *x->room);
	if (!x->item || !x->cell || !x->room)
		return SN_ENOMEM;
	for (size_t i = 0; i < items->n; i++)
		if (items->entry[i].label != SN_NO_CLASS && !items->entry[i].forged)
			x->item[n++] = i;
	qsort_r(x->item, n, sizeof *x->item, by_cell, x);
	for (size_t from = 0, to; from < n; from = to) {
		size_t a = x->item[from];

		for (to = from + 1; to < n; to++) {
			size_t b = x->item[to];

			if (x->conditions.of[a] != x->conditions.of[b] ||
			    x->family[items->entry[a].label] != x->family[items->entry[b].label])
				break;
		}
		add_room(x, from, to);
	}
	return 0;
}

/* The cells of each class, by a counting sort. */
static int find_doors(struct crossed *x)
{
	size_t n = x->items->labels, *first;

	x->order = sn_alloc(x->cells + 1, sizeof *x->order);
	x->door = sn_alloc(x->cells + 1, sizeof *x->door);
	x->first_door = first = sn_alloc(n + 2, sizeof *first);
	if (!x->order || !x->door || !first)
		return SN_ENOMEM;
	for (size_t i = 0; i < x->cells; i++) {
		x->order[i] = i;
		first[x->cell[i].class + 2]++;
	}
	for (size_t c = 0; c < n; c++)
		first[c + 2] += first[c + 1];
	for (size_t i = 0; i < x->cells; i++)
		x->door[first[x->cell[i].class + 1]++] = i;
	return 0;
}

/*
 * How many open rooms of another condition than the item's have its class; *cell: its cell in the
 * k-th of them, where there are as many.
 */
static size_t doors(const struct crossed *x, size_t item, size_t k, size_t *cell)
{
	size_t class = x->items->entry[item].label, n = 0;

	for (size_t i = x->first_door[class]; i < x->first_door[class + 1]; i++) {
		if (x->room[x->cell[x->door[i]].room].condition == x->conditions.of[item])
			continue;
		if (n == k)
			*cell = x->door[i];
		n++;
	}
	return n;
}

/* Walks over families that can ask, their classes, and the items of these. */
static int build_walks(struct crossed *x)
{
	size_t labels = x->items->labels, n = 0, none, *use;
	struct sn_group *asked = &x->asked.genuine;
	int st;

	x->query = sn_alloc(labels + 1, sizeof *x->query);
	x->asking = sn_alloc(x->families.n + 1, sizeof *x->asking);
	x->asking_order = sn_alloc(labels + 1, sizeof *x->asking_order);
	x->walk_order = sn_alloc(x->families.n + 1, sizeof *x->walk_order);
	use = sn_alloc(x->items->n + 1, sizeof *use);
	if (!x->query || !x->asking || !x->asking_order || !x->walk_order || !use) {
		free(use);
		return SN_ENOMEM;
	}
	for (size_t i = 0; i < x->items->n; i++)
		if (x->items->entry[i].label != SN_NO_CLASS && !x->items->entry[i].forged &&
		    doors(x, i, SIZE_MAX, &none))
			use[n++] = i;
	st = sn_classes_make(&x->asked, x->items, use, n);
	free(use);
	if (st < 0)
		return st;
	for (size_t f = 0; f < x->families.n; f++) {
		size_t from = x->families.first[f], can_ask = 0;

		for (size_t i = from; i < x->families.first[f + 1]; i++) {
			size_t c = x->class[i], size = sn_group_size(asked, c);

			x->query[c] = (struct sn_walk){ asked->item + asked->first[c], size, size };
			if (size)
				x->asking_order[from + can_ask++] = c;
		}
		x->asking[f] = (struct sn_walk){ x->asking_order + from, can_ask, can_ask };
		if (can_ask)
			x->walk_order[x->walk.n++] = f;
	}
	x->walk.order = x->walk_order;
	x->walk.at = x->walk.n;
	return 0;
}

/* `shot` items of a cell, drawn one by one. */
static int add_cell(struct crossed *x, struct sn_pairs *pairs, size_t query,
		    const struct cell *cell, uint64_t trial)
{
	enum sn_same same = cell->class == x->items->entry[query].label ? SN_SAME : SN_DIFFERENT;
	size_t *item = x->item + cell->from;
	int st = 0;

	for (size_t i = 0; i < x->o->shot && st == 0; i++) {
		size_t j = i + sn_random_below(&x->random, cell->n - i), support = item[j];

		item[j] = item[i];
		item[i] = support;
		st = sn_pairs_add(pairs,
				  (struct sn_index_pair){ query, support, same, trial, SN_NONE });
	}
	return st;
}

static int add_trial(struct crossed *x, struct sn_pairs *pairs, uint64_t trial)
{
	size_t family, class, query, own = 0, at, n, *order;
	const struct room *room;
	int st = 0;

	sn_walk_take(&x->walk, &x->random, 1, &family);
	sn_walk_take(&x->asking[family], &x->random, 1, &class);
	sn_walk_take(&x->query[class], &x->random, 1, &query);
	n = doors(x, query, SIZE_MAX, &own);
	(void)doors(x, query, sn_random_below(&x->random, n), &own);
	room = &x->room[x->cell[own].room];
	order = x->order + room->from;
	/* `way` cells to the front; where the query's own is not among them, it replaces one */
	for (size_t i = 0; i < x->o->way; i++) {
		size_t j = i + sn_random_below(&x->random, room->n - i), cell = order[j];

		order[j] = order[i];
		order[i] = cell;
	}
	at = sn_random_below(&x->random, x->o->way);
	for (size_t i = 0; i < x->o->way; i++)
		if (order[i] == own)
			at = i;
	for (size_t i = 0; i < x->o->way && st == 0; i++)
		st = add_cell(x, pairs, query, &x->cell[i == at ? own : order[i]], trial);
	return st;
}

static int too_few(const struct crossed *x)
{
	size_t most = 0;

	for (size_t i = 0; i < x->rooms; i++)
		most = x->room[i].n > most ? x->room[i].n : most;
	if (x->conditions.n < 2)
		return sn_fail(SN_EDATA,
			       "--across: '%s' finds the same in every key; a trial wants two "
			       "conditions, one for its query and one for the others",
			       x->o->across);
	if (most)
		return sn_fail(SN_EDATA,
			       "no query: no item of the %zu classes and more that have %zu items "
			       "each under one condition of --across '%s' was made under another",
			       x->o->way, x->o->shot, x->o->across);
	return sn_fail(SN_EDATA,
		       "too few classes: under no condition of --across '%s' are %zu with %zu "
		       "genuine items each%s; lower --way, --shot or --within",
		       x->o->across, x->o->way, x->o->shot,
		       x->o->within ? ", that share the first parts of their labels" : "");
}

int sn_draw_crossed_trials(struct sn_pairs *pairs, const struct sn_items *items,
			   const struct sn_pair_options *o)
{
	struct crossed x = { .items = items, .o = o };
	int st;

	x.random = sn_random(o->seed, SN_RANDOM_PAIR, SN_DRAW_TRIALS, 0);
	if ((st = sn_conditions_make(&x.conditions, items, o->across)) == 0 &&
	    (st = find_families(&x)) == 0 && (st = build_rooms(&x)) == 0 &&
	    (st = find_doors(&x)) == 0 && (st = build_walks(&x)) == 0 && !x.walk.n)
		st = too_few(&x);
	for (uint64_t i = 0; st == 0 && i < o->count; i++)
		st = add_trial(&x, pairs, i);
	sn_conditions_release(&x.conditions);
	sn_families_release(&x.families);
	sn_classes_release(&x.asked);
	free(x.class);
	free(x.family);
	free(x.item);
	free(x.cell);
	free(x.room);
	free(x.order);
	free(x.door);
	free(x.first_door);
	free(x.query);
	free(x.asking);
	free(x.asking_order);
	free(x.walk_order);
	return st;
}
