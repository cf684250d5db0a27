/*
 * sampler - training batches by walks: over the classes of each family, and in each class over its
 * genuine items and over its forgeries.  The state after step s follows from the options and s
 * alone.
 */
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct class_walks {
	struct sn_walk genuine, forged;
	uint64_t visits;
};

/* Walks over what a batch takes of a family. */
struct family {
	struct sn_walk classes;
	struct sn_walk conditions; /* those that its genuine items have; none without `across` */
};

struct sn_sampler {
	size_t p, k, each; /* each: classes of a family that a batch takes */
	uint64_t seed;
	struct sn_classes start; /* as they were, to begin again */
	struct sn_classes now;	 /* what the walks shuffle */
	struct class_walks *class;
	size_t *open; /* [n_open] classes that take part, by family */
	size_t n_open;
	struct sn_families families; /* of open */
	struct family *family;
	size_t *order; /* [n_open] what the walks over classes shuffle */
	struct sn_conditions conditions;
	size_t *found, *mixed; /* conditions by family; what the walks over them shuffle */
	size_t *first_mixed;   /* [families + 1] where each one's begin; NULL: none */
	size_t *chosen;	       /* [families a batch takes] */
	size_t n_chosen;       /* families a batch takes */
	size_t *picked;	       /* [each] classes, [k] conditions */
	size_t items;
	struct sn_random random;
	uint64_t step; /* next one */
};

/* ---- making it ------------------------------------------------------------------------- */

static void begin(struct sn_sampler *s)
{
	const struct sn_group *g = &s->start.genuine, *f = &s->start.forged;

	memcpy(s->now.genuine.item, g->item, g->n * sizeof *g->item);
	memcpy(s->now.forged.item, f->item, f->n * sizeof *f->item);
	for (size_t c = 0; c < s->start.n; c++) {
		size_t own = sn_group_size(g, c), false_ones = sn_group_size(f, c);

		s->class[c] = (struct class_walks){
			{ s->now.genuine.item + g->first[c], own, own },
			{ s->now.forged.item + f->first[c], false_ones, false_ones },
			0,
		};
	}
	memcpy(s->order, s->open, s->n_open * sizeof *s->order);
	if (s->first_mixed)
		memcpy(s->mixed, s->found, s->first_mixed[s->families.n] * sizeof *s->mixed);
	for (size_t i = 0; i < s->families.n; i++) {
		size_t first = s->families.first[i], n = s->families.first[i + 1] - first;

		s->family[i].classes = (struct sn_walk){ s->order + first, n, n };
		if (!s->first_mixed)
			continue;
		n = s->first_mixed[i + 1] - s->first_mixed[i];
		s->family[i].conditions = (struct sn_walk){ s->mixed + s->first_mixed[i], n, n };
	}
	s->random = sn_random(s->seed, SN_RANDOM_SAMPLE, 0, 0);
	s->step = 0;
}

static int open_classes(struct sn_sampler *s)
{
	bool twins = false;

	for (size_t c = 0; c < s->start.n; c++) {
		size_t own = sn_group_size(&s->start.genuine, c);

		if (!own)
			continue;
		s->open[s->n_open++] = c;
		twins |= own > 1;
		s->items += own + sn_group_size(&s->start.forged, c);
	}
	if (s->n_open < 2)
		return sn_fail(SN_EDATA,
			       "too few classes to learn from: there %s %zu with genuine "
			       "items, wanted at least 2",
			       s->n_open == 1 ? "is" : "are", s->n_open);
	if (!twins)
		return sn_fail(SN_EDATA,
			       "no same pair to learn from: each of the %zu labels has one "
			       "genuine item",
			       s->n_open);
	return 0;
}

/* A family of one class, all alone in a batch, would give no different pair: it is left out. */
static int drop_lonely(struct sn_sampler *s, unsigned within)
{
	size_t families = 0, classes = 0;

	for (size_t f = 0; f < s->families.n; f++) {
		size_t from = s->families.first[f], n = s->families.first[f + 1] - from;

		if (n < 2)
			continue;
		memmove(s->open + classes, s->open + from, n * sizeof *s->open);
		s->families.first[families++] = classes;
		classes += n;
	}
	s->families.first[families] = classes;
	s->families.n = families;
	s->n_open = classes;
	if (families)
		return 0;
	return sn_fail(SN_EDATA,
		       "no two classes share the first %s of their labels, so that no batch has "
		       "different pairs; give fewer parts, or more groups a batch",
		       within == 1 ? "part" : "parts");
}

/* Which conditions the genuine items of each family have. */
static int find_conditions(struct sn_sampler *s, const struct sn_items *items, const char *across)
{
	const struct sn_group *g = &s->start.genuine;
	size_t *seen, n = 0, most = 0;
	int st;

	if ((st = sn_conditions_make(&s->conditions, items, across)) < 0)
		return st;
	seen = sn_alloc(s->conditions.n + 1, sizeof *seen);
	s->found = sn_alloc(g->n + 1, sizeof *s->found);
	s->mixed = sn_alloc(g->n + 1, sizeof *s->mixed);
	s->first_mixed = sn_alloc(s->families.n + 1, sizeof *s->first_mixed);
	if (!seen || !s->found || !s->mixed || !s->first_mixed) {
		free(seen);
		return SN_ENOMEM;
	}
	for (size_t f = 0; f < s->families.n; f++) {
		s->first_mixed[f] = n;
		for (size_t i = s->families.first[f]; i < s->families.first[f + 1]; i++)
			for (size_t j = g->first[s->open[i]]; j < g->first[s->open[i] + 1]; j++) {
				size_t c = s->conditions.of[g->item[j]];

				if (seen[c] == f + 1)
					continue;
				seen[c] = f + 1;
				s->found[n++] = c;
			}
		if (n - s->first_mixed[f] > most)
			most = n - s->first_mixed[f];
	}
	s->first_mixed[s->families.n] = n;
	free(seen);
	if (most < 2)
		return sn_fail(
			SN_EDATA,
			"--across: '%s' finds the same in all keys that are compared: wanted "
			"at least two conditions",
			across);
	return 0;
}

int sn_sampler_new(struct sn_sampler **sampler, const struct sn_items *items, const size_t *use,
		   size_t n_use, const struct sn_sampler_options *o)
{
	size_t groups = o->within && o->groups ? o->groups : 1;
	struct sn_sampler *s;
	int st;

	*sampler = NULL;
	if (o->p < 2 || o->k < 2)
		return sn_fail(SN_EUSAGE,
			       "batches of %zux%zu: wanted at least two classes by two "
			       "items",
			       o->p, o->k);
	if (o->p % groups)
		return sn_fail(SN_EUSAGE,
			       "batches of %zu classes of %zu groups: wanted as many of each", o->p,
			       groups);
	s = sn_alloc(1, sizeof *s);
	if (!s)
		return SN_ENOMEM;
	s->k = o->k;
	s->seed = o->seed;
	if ((st = sn_classes_make(&s->start, items, use, n_use)) < 0 ||
	    (st = sn_classes_make(&s->now, items, use, n_use)) < 0)
		goto fail;
	s->class = sn_alloc(s->start.n + 1, sizeof *s->class);
	s->open = sn_alloc(s->start.n + 1, sizeof *s->open);
	s->order = sn_alloc(s->start.n + 1, sizeof *s->order);
	st = s->class && s->open && s->order ? 0 : SN_ENOMEM;
	if (st < 0 || (st = open_classes(s)) < 0 ||
	    (st = sn_families_make(&s->families, items, s->open, s->n_open,
				   o->groups ? o->within : 0, o->version)) < 0 ||
	    (groups == 1 && s->families.n > 1 && (st = drop_lonely(s, o->within)) < 0) ||
	    (o->across && (st = find_conditions(s, items, o->across)) < 0))
		goto fail;
	s->n_chosen = groups < s->families.n ? groups : s->families.n;
	s->each = o->p / groups;
	if (s->each > s->n_open)
		s->each = s->n_open;
	s->p = s->each * s->n_chosen;
	s->family = sn_alloc(s->families.n, sizeof *s->family);
	s->chosen = sn_alloc(s->n_chosen, sizeof *s->chosen);
	s->picked = sn_alloc(s->each + s->k, sizeof *s->picked);
	if (!s->family || !s->chosen || !s->picked) {
		st = SN_ENOMEM;
		goto fail;
	}
	begin(s);
	*sampler = s;
	return 0;
fail:
	sn_sampler_free(s);
	return st;
}

void sn_sampler_free(struct sn_sampler *s)
{
	if (!s)
		return;
	sn_classes_release(&s->start);
	sn_classes_release(&s->now);
	sn_families_release(&s->families);
	sn_conditions_release(&s->conditions);
	free(s->class);
	free(s->open);
	free(s->order);
	free(s->found);
	free(s->mixed);
	free(s->first_mixed);
	free(s->family);
	free(s->chosen);
	free(s->picked);
	free(s);
}

size_t sn_sampler_classes(const struct sn_sampler *s)
{
	return s->n_open;
}

size_t sn_sampler_steps(const struct sn_sampler *s)
{
	size_t batch;

	if (!sn_multiply(&batch, s->p, s->k))
		return 1;
	return s->items / batch + (s->items % batch != 0);
}

/* ---- batches --------------------------------------------------------------------------- */

/*
 * A class's share of a batch: forgeries are fewer than half, so that there are same pairs as well
 * (with k = 2 one at every other visit), but fill up what genuine items leave.
 */
static size_t take(struct sn_sampler *s, struct class_walks *c, size_t *out)
{
	size_t forged = s->k == 2 ? c->visits % 2 : (s->k - 1) / 2, genuine;

	if (forged > c->forged.n)
		forged = c->forged.n;
	genuine = s->k - forged < c->genuine.n ? s->k - forged : c->genuine.n;
	if (s->k > 2 || c->genuine.n < 2)
		forged = s->k - genuine < c->forged.n ? s->k - genuine : c->forged.n;
	c->visits++;
	sn_walk_take(&c->genuine, &s->random, genuine, out);
	sn_walk_take(&c->forged, &s->random, forged, out + genuine);
	return genuine + forged;
}

/* An item of the class under each of the conditions, where it has one. */
static size_t take_across(struct sn_sampler *s, size_t class, const size_t *condition, size_t n,
			  size_t *out)
{
	const struct sn_group *g = &s->start.genuine;
	size_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		size_t seen = 0;

		for (size_t j = g->first[class]; j < g->first[class + 1]; j++)
			if (s->conditions.of[g->item[j]] == condition[i] &&
			    sn_random_below(&s->random, ++seen) == 0)
				out[taken] = g->item[j];
		taken += seen > 0;
	}
	return taken;
}

static size_t take_family(struct sn_sampler *s, struct family *f, size_t *out)
{
	size_t each = s->each < f->classes.n ? s->each : f->classes.n, n = 0;
	size_t conditions = s->k < f->conditions.n ? s->k : f->conditions.n;

	sn_walk_take(&f->classes, &s->random, each, s->picked);
	sn_walk_take(&f->conditions, &s->random, conditions, s->picked + each);
	for (size_t i = 0; i < each; i++)
		n += conditions
			     ? take_across(s, s->picked[i], s->picked + each, conditions, out + n)
			     : take(s, &s->class[s->picked[i]], out + n);
	return n;
}

/* Families, as often as they have classes, none twice. */
static void choose_families(struct sn_sampler *s)
{
	for (size_t i = 0; i < s->n_chosen; i++) {
		size_t f, left = s->n_open, at;

		for (size_t j = 0; j < i; j++)
			left -= s->family[s->chosen[j]].classes.n;
		at = s->families.n == 1 ? 0 : (size_t)sn_random_below(&s->random, left);
		for (f = 0;; f++) {
			bool before = false;

			for (size_t j = 0; j < i; j++)
				before |= s->chosen[j] == f;
			if (before)
				continue;
			if (at < s->family[f].classes.n)
				break;
			at -= s->family[f].classes.n;
		}
		s->chosen[i] = f;
	}
}

static int by_index(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

int sn_sampler_batch(struct sn_sampler *s, uint64_t step, size_t *index, size_t *n)
{
	if (step < s->step)
		begin(s);
	for (; s->step <= step; s->step++) {
		*n = 0;
		choose_families(s);
		for (size_t i = 0; i < s->n_chosen; i++)
			*n += take_family(s, &s->family[s->chosen[i]], index + *n);
	}
	qsort(index, *n, sizeof *index, by_index);
	return 0;
}
