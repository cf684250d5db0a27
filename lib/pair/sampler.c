/*
 * sampler - training batches by walks: one over the classes, and in each class one over its genuine
 * items and one over its forgeries.  The state after step s follows from the seed and s alone.
 */
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct class_walks {
	struct sn_walk genuine, forged;
	uint64_t visits;
};

struct sn_sampler {
	size_t p, k;
	uint64_t seed;
	struct sn_classes start; /* as they were, to begin again */
	struct sn_classes now;	 /* what the walks shuffle */
	struct class_walks *class;
	size_t *open;	     /* classes that take part */
	struct sn_walk walk; /* over open, by order */
	size_t *picked;	     /* [p] */
	size_t items;
	struct sn_random random;
	uint64_t step; /* next one */
};

static void begin(struct sn_sampler *s)
{
	const struct sn_group *g = &s->start.genuine, *f = &s->start.forged;

	memcpy(s->now.genuine.item, g->item, g->n * sizeof *g->item);
	memcpy(s->now.forged.item, f->item, f->n * sizeof *f->item);
	s->walk.n = 0;
	for (size_t c = 0; c < s->start.n; c++) {
		size_t own = sn_group_size(g, c), false_ones = sn_group_size(f, c);

		s->class[c] = (struct class_walks){
			{ s->now.genuine.item + g->first[c], own, own },
			{ s->now.forged.item + f->first[c], false_ones, false_ones },
			0,
		};
		if (own)
			s->open[s->walk.n++] = c;
	}
	s->walk.order = s->open;
	s->walk.at = s->walk.n;
	s->random = sn_random(s->seed, SN_RANDOM_SAMPLE, 0, 0);
	s->step = 0;
}

int sn_sampler_new(struct sn_sampler **sampler, const struct sn_items *items, const size_t *use,
		   size_t n_use, size_t p, size_t k, uint64_t seed)
{
	struct sn_sampler *s;
	bool twins = false;
	int st;

	*sampler = NULL;
	if (p < 2 || k < 2)
		return sn_fail(SN_EUSAGE,
			       "batches of %zux%zu: wanted at least two classes by two "
			       "items",
			       p, k);
	s = sn_alloc(1, sizeof *s);
	if (!s)
		return SN_ENOMEM;
	s->k = k;
	s->seed = seed;
	if ((st = sn_classes_make(&s->start, items, use, n_use)) < 0 ||
	    (st = sn_classes_make(&s->now, items, use, n_use)) < 0)
		goto fail;
	s->class = sn_alloc(s->start.n + 1, sizeof *s->class);
	s->open = sn_alloc(s->start.n + 1, sizeof *s->open);
	st = s->class && s->open ? 0 : SN_ENOMEM;
	if (st < 0)
		goto fail;
	begin(s);
	for (size_t i = 0; i < s->walk.n; i++) {
		const struct class_walks *c = &s->class[s->open[i]];

		twins |= c->genuine.n > 1;
		s->items += c->genuine.n + c->forged.n;
	}
	s->p = p < s->walk.n ? p : s->walk.n;
	s->picked = sn_alloc(s->p + 1, sizeof *s->picked);
	if (!s->picked)
		st = SN_ENOMEM;
	else if (s->walk.n < 2)
		st = sn_fail(SN_EDATA,
			     "too few classes to learn from: there %s %zu with genuine "
			     "items, wanted at least 2",
			     s->walk.n == 1 ? "is" : "are", s->walk.n);
	else if (!twins)
		st = sn_fail(SN_EDATA,
			     "no same pair to learn from: each of the %zu labels has one "
			     "genuine item",
			     s->walk.n);
	if (st < 0)
		goto fail;
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
	free(s->class);
	free(s->open);
	free(s->picked);
	free(s);
}

size_t sn_sampler_classes(const struct sn_sampler *s)
{
	return s->walk.n;
}

size_t sn_sampler_steps(const struct sn_sampler *s)
{
	size_t batch;

	if (!sn_multiply(&batch, s->p, s->k))
		return 1;
	return s->items / batch + (s->items % batch != 0);
}

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
		sn_walk_take(&s->walk, &s->random, s->p, s->picked);
		for (size_t i = 0; i < s->p; i++)
			*n += take(s, &s->class[s->picked[i]], index + *n);
	}
	qsort(index, *n, sizeof *index, by_index);
	return 0;
}
