/* Pairs with distances, sorted by what is known of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/evaluation.h>
#include <sn/memory.h>
#include "scores.h"

/* classes of supports without a label: behind all labels, told apart by number */
#define UNLABELLED (UINT64_C(1) << 32)

/* What an entry's data holds. */
struct known {
	uint32_t identity; /* to the bootstrap */
	size_t picture;	   /* of the leak; SIZE_MAX: none */
};

static int add_knowledge(struct sn_evaluation *e, struct sn_entry *entry)
{
	bool labelled = entry->label != SN_NO_CLASS;
	const char *name = labelled ? e->items.label[entry->label] : entry->key;
	size_t size = labelled ? e->items.label_size[entry->label] : entry->key_size;
	struct known *known = sn_alloc(1, sizeof(*known));
	int st = 0;
	if (!known)
		return SN_ENOMEM;
	entry->data = known;
	if (e->bootstrap)
		st = sn_bootstrap_identity(e->bootstrap, name, size, labelled, &known->identity);
	if (st < 0 || !e->leak)
		return st;
	known->picture = sn_leak_find(e->leak, entry->key, entry->key_size);
	return known->picture == SIZE_MAX ? 0 /* may be missing */
					  : sn_leak_item(e->leak, known->picture, entry->forged);
}

int sn_evaluation_item(struct sn_evaluation *e, const struct sn_item *item)
{
	struct sn_entry *entry;
	int st = sn_items_add(&e->items, item, &entry);
	e->pictures++;
	return st == 0 && (e->bootstrap || e->leak) ? add_knowledge(e, entry) : st;
}

uint64_t sn_trial_class(const struct sn_entry *support)
{
	return support->label == SN_NO_CLASS ? UNLABELLED + support->number : support->label;
}

static int add_to_trial(struct sn_evaluation *e, const struct sn_pair *p,
			const struct sn_entry *support)
{
	if (p->same == SN_UNKNOWN)
		return sn_fail(SN_EDATA,
			       "a pair of a trial that is not known to be same or different; "
			       "label the pictures, or say it in sn-pair's list");
	return sn_trials_add(&e->trials, p->trial, sn_trial_class(support), p->d_nil ? NAN : p->d,
			     p->same == SN_SAME);
}

static int add_to_probe(struct sn_evaluation *e, const struct sn_pair *p,
			const struct sn_entry *item)
{
	if (e->items.window)
		return sn_fail(SN_EDATA, "identification compares a probe with a whole gallery; "
					 "this stream pairs within a window");
	if (p->same == SN_UNKNOWN)
		return sn_fail(SN_EDATA,
			       "a probe that is not known to be same or different; label the "
			       "pictures, or say it in sn-pair's list");
	return sn_identification_add(&e->identification, p->a, sn_trial_class(item),
				     p->d_nil ? NAN : p->d, p->same == SN_SAME);
}

static enum sn_pair_kind kind_of(const struct sn_pair *p, const struct sn_entry *a,
				 const struct sn_entry *b)
{
	if (p->same == SN_SAME)
		return SN_KIND_SAME;
	return a->label == b->label && a->label != SN_NO_CLASS && a->forged != b->forged
		       ? SN_KIND_SKILLED
		       : SN_KIND_RANDOM;
}

static int add_known(struct sn_evaluation *e, float d, const struct sn_entry *a,
		     const struct sn_entry *b, enum sn_pair_kind kind)
{
	const struct known *ka = a->data, *kb = b->data;
	int st = 0;
	if (e->bootstrap)
		st = sn_bootstrap_pair(e->bootstrap, d, ka->identity, kb->identity, kind);
	if (st < 0 || !e->leak)
		return st;
	if (ka->picture == SIZE_MAX || kb->picture == SIZE_MAX)
		return sn_fail(SN_EDATA,
			       "'%s' is the key of none of the %zu pictures of --leak; keys begin "
			       "with the folder as sn-load or sn-pair got it",
			       ka->picture == SIZE_MAX ? a->key : b->key,
			       sn_leak_pictures(e->leak));
	return sn_leak_pair(e->leak, ka->picture, kb->picture, kind);
}

int sn_evaluation_pair(struct sn_evaluation *e, const struct sn_pair *p)
{
	const struct sn_entry *a = sn_items_find(&e->items, p->a);
	const struct sn_entry *b = sn_items_find(&e->items, p->b);
	enum sn_pair_kind kind;
	int st;
	if (!p->has_d)
		return sn_fail(SN_EDATA, "a pair without 'd'; sn-dist puts it in");
	if (!a || !b)
		return sn_fail(SN_EDATA,
			       "item %llu is not among the last %zu that the window keeps",
			       (unsigned long long)(a ? p->b : p->a), e->items.window);
	e->pairs++;
	if (p->trial != SN_NONE && (st = add_to_trial(e, p, b)) < 0)
		return st;
	if (e->identify && (st = add_to_probe(e, p, b)) < 0)
		return st;
	if (p->d_nil) {
		e->missing++;
		return 0;
	}
	if (p->same == SN_UNKNOWN) {
		e->unknown++;
		return 0;
	}
	kind = kind_of(p, a, b);
	if (kind == SN_KIND_SKILLED && (st = sn_scores_add(&e->skilled, p->d, false)) < 0)
		return st;
	if ((e->bootstrap || e->leak) && (st = add_known(e, p->d, a, b, kind)) < 0)
		return st;
	return sn_scores_add(&e->all, p->d, kind == SN_KIND_SAME);
}

/* The different pairs that are not skilled: all without skilled, both sorted or both counted. */
static int subtract_skilled(struct sn_evaluation *e)
{
	struct sn_sample *all = &e->all.different, *skilled = &e->skilled.different;
	struct sn_sample *random = &e->random.different;
	size_t j = 0, n = 0;
	int st;
	sn_scores_release(&e->random);
	if (e->all.counted && skilled->n && (st = sn_scores_count(&e->skilled)) < 0)
		return st;
	if (skilled->n == 0 || skilled->n == all->n)
		return 0;
	random->n = all->n - skilled->n;
	e->random.sorted = true;
	if (e->all.counted) {
		random->bin = calloc(sn_bins, sizeof(*random->bin));
		if (!random->bin)
			return sn_fail_memory();
		for (size_t i = 0; i < sn_bins; i++)
			if (all->bin[i]) /* pages that nothing is written to take no memory */
				random->bin[i] = all->bin[i] - skilled->bin[i];
		e->random.counted = true;
		return 0;
	}
	random->d = sn_alloc(random->n, sizeof(float));
	if (!random->d)
		return SN_ENOMEM;
	for (size_t i = 0; i < all->n; i++) {
		if (j < skilled->n && all->d[i] == skilled->d[j])
			j++;
		else if (n < random->n)
			random->d[n++] = all->d[i];
	}
	return 0;
}

int sn_evaluation_finish(struct sn_evaluation *e)
{
	int st = sn_scores_sort(&e->all);
	if (st < 0 && st != SN_EDATA)
		return st;
	/* skilled has no same pairs, which is no fault here */
	if ((st = sn_scores_sort(&e->skilled)) < 0 && st != SN_EDATA)
		return st;
	if ((st = sn_identification_finish(&e->identification)) < 0)
		return st;
	if (e->leak && (st = sn_leak_finish(e->leak)) < 0)
		return st;
	return subtract_skilled(e);
}

void sn_evaluation_release(struct sn_evaluation *e)
{
	sn_items_clear(&e->items);
	sn_scores_release(&e->all);
	sn_scores_release(&e->skilled);
	sn_scores_release(&e->random);
	sn_trials_release(&e->trials);
	sn_identification_release(&e->identification);
	memset(e, 0, sizeof(*e));
}
