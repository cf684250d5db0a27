/*
 * references - verification against several: of each class some genuine items are its references,
 * and every other genuine one, its forgeries and one genuine item of each other class claim to be
 * of it.
 *
 * First a class's references among themselves, without trial; then a trial for each claim.
 */
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct claims {
	const struct sn_items *items;
	struct sn_classes classes; /* genuine items shuffled class by class: references first */
	size_t references;
	struct sn_random random;
	bool forged, others; /* which impostors */
	struct sn_pairs *pairs;
	uint64_t trials;
};

static const size_t *members(const struct claims *c, size_t class, size_t *n)
{
	*n = sn_group_size(&c->classes.genuine, class);
	return c->classes.genuine.item + c->classes.genuine.first[class];
}

static int add_claim(struct claims *c, size_t item, const size_t *reference, enum sn_same same)
{
	int st = 0;

	for (size_t i = 0; st == 0 && i < c->references; i++)
		st = sn_pairs_add(c->pairs, (struct sn_index_pair){ item, reference[i], same,
								    c->trials, SN_NONE });
	c->trials++;
	return st;
}

static int add_class(struct claims *c, size_t class)
{
	const struct sn_group *forged = &c->classes.forged;
	size_t n, others;
	const size_t *item = members(c, class, &n);
	int st = 0;

	for (size_t b = 1; b < c->references; b++)
		for (size_t a = 0; st == 0 && a < b; a++)
			st = sn_pairs_add(c->pairs,
					  (struct sn_index_pair){ item[a], item[b], SN_SAME,
								  SN_NONE, SN_NONE });
	for (size_t i = c->references; st == 0 && i < n; i++)
		st = add_claim(c, item[i], item, SN_SAME);
	for (size_t i = forged->first[class]; c->forged && st == 0 && i < forged->first[class + 1];
	     i++)
		st = add_claim(c, forged->item[i], item, SN_DIFFERENT);
	for (size_t o = 0; c->others && st == 0 && o < c->classes.n; o++) {
		const size_t *other = members(c, o, &others);

		if (o != class && others)
			st = add_claim(c, other[sn_random_below(&c->random, others)], item,
				       SN_DIFFERENT);
	}
	return st;
}

int sn_draw_references(struct sn_pairs *pairs, const struct sn_items *items,
		       const struct sn_pair_options *o)
{
	struct claims c = { .items = items, .references = o->shot, .pairs = pairs };
	enum sn_impostors impostors = o->impostors;
	size_t n, able = 0, classes = 0;
	int st;

	if (o->shot < 1)
		return sn_fail(SN_EUSAGE, "references wanted: at least 1 of each class");
	if ((st = sn_classes_make(&c.classes, items, NULL, 0)) < 0)
		return st;
	if ((st = sn_impostors_resolve(&impostors, c.classes.forged.n > 0)) < 0)
		goto out;
	c.forged = impostors != SN_IMPOSTORS_RANDOM;
	c.others = impostors != SN_IMPOSTORS_FORGED;
	c.random = sn_random(o->seed, SN_RANDOM_PAIR, SN_DRAW_REFERENCES, 0);
	for (size_t class = 0; class < c.classes.n; class ++) {
		size_t first = c.classes.genuine.first[class];

		members(&c, class, &n);
		sn_random_shuffle(&c.random, c.classes.genuine.item + first, n);
		able += n > o->shot;
		classes += n > 0;
	}
	if (!able || (c.others && !c.forged && classes < 2))
		st = sn_fail(SN_EDATA,
			     "nobody to verify: no label has more than %zu genuine items, %zu to "
			     "refer to and one to ask about, and another to be told from; lower "
			     "--references",
			     o->shot, o->shot);
	for (size_t class = 0; st == 0 && class < c.classes.n; class ++) {
		members(&c, class, &n);
		if (n > o->shot)
			st = add_class(&c, class);
		else if (n)
			pairs->singles++;
	}
out:
	sn_classes_release(&c.classes);
	return st;
}
