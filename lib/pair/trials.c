/*
 * trials - N-way K-shot questions: a query, and of W classes, one of which is its own, K items
 * each.
 *
 * Groups (labels that share their first parts), the classes asked for within a group and the
 * queries of a class are walked by shuffles, so that all are asked for equally often.
 */
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct trial_group {
	size_t *class; /* classes with `shot` items at least, those that can be asked for first */
	size_t n, asked;
	struct sn_walk walk; /* over those that can be asked for */
};

struct trials {
	const struct sn_items *items;
	const struct sn_pair_options *o;
	struct sn_classes classes;  /* genuine items in the order of the queries' walks */
	struct sn_classes supports; /* the same in the order of the last draws */
	struct sn_pair_set set;
	struct sn_random random;
	size_t *class, *order; /* [classes]: by group; what the walks shuffle */
	struct sn_walk *query; /* [classes]: over its items */
	struct trial_group *group;
	size_t groups;
	struct sn_walk walk; /* over groups that can ask */
	size_t *scratch;     /* [items or classes, whichever are more] */
};

static int by_prefix(const void *a, const void *b, void *context)
{
	const struct trials *t = context;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	const char *p = t->items->label[x], *q = t->items->label[y];
	size_t m = sn_label_prefix(p, t->o->within), n = sn_label_prefix(q, t->o->within);
	int order = memcmp(p, q, m < n ? m : n);

	if (order || m != n)
		return order ? order : m < n ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool same_group(const struct trials *t, size_t x, size_t y)
{
	const char *p = t->items->label[x], *q = t->items->label[y];
	size_t n;

	if (!t->o->within)
		return true;
	n = sn_label_prefix(p, t->o->within);
	return n == sn_label_prefix(q, t->o->within) && !memcmp(p, q, n);
}

/* The classes of [from, to) as a group, where one can be asked for among enough of them. */
static void add_group(struct trials *t, size_t from, size_t to)
{
	struct trial_group *g = &t->group[t->groups];
	size_t shot = t->o->shot;

	*g = (struct trial_group){ .class = t->class + from };
	for (int can_ask = 1; can_ask >= 0; can_ask--) {
		for (size_t i = from; i < to; i++) {
			size_t c = t->scratch[i], n = sn_group_size(&t->classes.genuine, c);

			if (n >= shot && (n > shot) == can_ask)
				g->class[g->n++] = c;
		}
		if (can_ask)
			g->asked = g->n;
	}
	if (!g->asked || g->n < t->o->way)
		return;
	memcpy(t->order + from, g->class, g->asked * sizeof *t->order);
	g->walk = (struct sn_walk){ t->order + from, g->asked, g->asked };
	t->groups++;
}

static int make_groups(struct trials *t)
{
	size_t n = t->items->labels, all = t->items->n > n ? t->items->n : n;
	const struct sn_group *genuine = &t->classes.genuine;

	t->scratch = sn_alloc(all + 1, sizeof *t->scratch);
	t->class = sn_alloc(n + 1, sizeof *t->class);
	t->order = sn_alloc(n + 1, sizeof *t->order);
	t->query = sn_alloc(n + 1, sizeof *t->query);
	t->group = sn_alloc(n + 1, sizeof *t->group);
	t->walk.order = sn_alloc(n + 1, sizeof *t->walk.order);
	if (!t->scratch || !t->class || !t->order || !t->query || !t->group || !t->walk.order)
		return SN_ENOMEM;
	for (size_t c = 0; c < n; c++) {
		size_t size = sn_group_size(genuine, c);

		t->scratch[c] = c;
		t->query[c] = (struct sn_walk){ genuine->item + genuine->first[c], size, size };
	}
	if (t->o->within)
		qsort_r(t->scratch, n, sizeof *t->scratch, by_prefix, t);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && same_group(t, t->scratch[from], t->scratch[to]); to++)
			;
		add_group(t, from, to);
	}
	for (size_t g = 0; g < t->groups; g++)
		t->walk.order[g] = g;
	t->walk.n = t->walk.at = t->groups;
	return 0;
}

static int add_support(struct trials *t, struct sn_pairs *pairs, size_t query, size_t item,
		       uint64_t trial)
{
	bool own = t->items->entry[query].label == t->items->entry[item].label;
	struct sn_index_pair p = { query, item, own ? SN_SAME : SN_DIFFERENT, trial, SN_NONE };
	int st = sn_pair_set_add(&t->set, query, item);

	return st < 0 ? st : sn_pairs_add(pairs, p);
}

/*
 * `shot` supports of a class for a query, drawn one by one.  An item that the query has been
 * compared with in an earlier trial is taken only where the class has no other.
 */
static int add_supports(struct trials *t, struct sn_pairs *pairs, size_t query, size_t class,
			uint64_t trial)
{
	const struct sn_group *g = &t->supports.genuine;
	size_t n = sn_group_size(g, class), *item = g->item + g->first[class];
	size_t left = t->o->shot, seen = 0;
	int st = 0;

	for (size_t i = 0; i < n && left && st == 0; i++) {
		size_t j = i + sn_random_below(&t->random, n - i), x = item[j];

		item[j] = item[i];
		item[i] = x;
		if (x == query)
			continue;
		if (sn_pair_set_has(&t->set, query, x)) {
			t->scratch[seen++] = x;
			continue;
		}
		st = add_support(t, pairs, query, x, trial);
		left--;
	}
	for (size_t i = 0; i < seen && left && st == 0; i++, left--)
		st = add_support(t, pairs, query, t->scratch[i], trial);
	return st;
}

static int add_trial(struct trials *t, struct sn_pairs *pairs, uint64_t trial)
{
	struct trial_group *g;
	size_t own, query, at;
	int st = 0;

	sn_walk_take(&t->walk, &t->random, 1, &at);
	g = &t->group[at];
	sn_walk_take(&g->walk, &t->random, 1, &own);
	sn_walk_take(&t->query[own], &t->random, 1, &query);
	/* `way` classes to the front; where the query's own is not among them, it replaces one */
	for (size_t i = 0; i < t->o->way; i++) {
		size_t j = i + sn_random_below(&t->random, g->n - i), x = g->class[j];

		g->class[j] = g->class[i];
		g->class[i] = x;
	}
	at = sn_random_below(&t->random, t->o->way);
	for (size_t i = 0; i < t->o->way; i++)
		if (g->class[i] == own)
			at = i;
	for (size_t i = 0; i < t->o->way && st == 0; i++)
		st = add_supports(t, pairs, query, i == at ? own : g->class[i], trial);
	return st;
}

static int too_few_classes(const struct trials *t)
{
	size_t most = 0, enough = 0;
	const struct sn_group *g = &t->classes.genuine;

	for (size_t c = 0; c < t->classes.n; c++) {
		enough += sn_group_size(g, c) >= t->o->shot;
		most = sn_group_size(g, c) > most ? sn_group_size(g, c) : most;
	}
	if (most <= t->o->shot)
		return sn_fail(SN_EDATA,
			       "too few items: no label has more than %zu genuine ones, a "
			       "trial wants %zu and a query; lower --shot",
			       most, t->o->shot);
	if (t->o->within)
		return sn_fail(SN_EDATA,
			       "too few classes: no labels that share their first %u part%s "
			       "are %zu with %zu items each; lower --way, --shot or --within",
			       t->o->within, t->o->within == 1 ? "" : "s", t->o->way, t->o->shot);
	return sn_fail(SN_EDATA,
		       "too few classes: %zu have %zu genuine items, a trial wants %zu; "
		       "lower --way or --shot",
		       enough, t->o->shot, t->o->way);
}

int sn_draw_trials(struct sn_pairs *pairs, const struct sn_items *items,
		   const struct sn_pair_options *o)
{
	struct trials t = { .items = items, .o = o };
	int st;

	if (!o->count || o->way < 2 || !o->shot)
		return sn_fail(SN_EUSAGE, "trials wanted: at least 1, with 2 classes and 1 item of "
					  "each");
	if (o->across)
		return sn_draw_crossed_trials(pairs, items, o);
	t.random = sn_random(o->seed, SN_RANDOM_PAIR, SN_DRAW_TRIALS, 0);
	if ((st = sn_classes_make(&t.classes, items, NULL, 0)) == 0 &&
	    (st = sn_classes_make(&t.supports, items, NULL, 0)) == 0 &&
	    (st = make_groups(&t)) == 0 && !t.groups)
		st = too_few_classes(&t);
	for (uint64_t i = 0; st == 0 && i < o->count; i++)
		st = add_trial(&t, pairs, i);
	sn_classes_release(&t.classes);
	sn_classes_release(&t.supports);
	sn_pair_set_release(&t.set);
	free(t.class);
	free(t.order);
	free(t.query);
	free(t.group);
	free(t.walk.order);
	free(t.scratch);
	return st;
}
