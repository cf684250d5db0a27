/* relation - what makes two items the same or different, and the list of pairs. */
#include <stdlib.h>

#include "private.h"

void sn_pairs_release(struct sn_pairs *p)
{
	free(p->pair);
	*p = (struct sn_pairs){ 0 };
}

int sn_pairs_add(struct sn_pairs *p, struct sn_index_pair pair)
{
	int st = sn_grow(&p->pair, &p->capacity, p->n + 1, sizeof *p->pair);

	if (st < 0)
		return st;
	p->pair[p->n++] = pair;
	return 0;
}

enum sn_same sn_pair_relation(const struct sn_entry *a, const struct sn_entry *b, bool *paired)
{
	if (paired)
		*paired = !(a->forged && b->forged);
	if (a->label == SN_NO_CLASS || b->label == SN_NO_CLASS)
		return SN_UNKNOWN;
	return a->label == b->label && !a->forged && !b->forged ? SN_SAME : SN_DIFFERENT;
}

bool sn_pair_wanted(const struct sn_entry *a, const struct sn_entry *b, enum sn_impostors impostors,
		    enum sn_same *same)
{
	bool paired, genuine = !a->forged && !b->forged;

	*same = sn_pair_relation(a, b, &paired);
	if (!paired)
		return false;
	if (*same != SN_DIFFERENT)
		return true;
	switch (impostors) {
	case SN_IMPOSTORS_RANDOM:
		return genuine;
	case SN_IMPOSTORS_FORGED:
		return a->label == b->label;
	case SN_IMPOSTORS_BOTH:
		return genuine || a->label == b->label;
	case SN_IMPOSTORS_DEFAULT:
		break;
	}
	return true;
}

int sn_impostors_resolve(enum sn_impostors *impostors, bool forgeries)
{
	if (*impostors == SN_IMPOSTORS_DEFAULT)
		*impostors = forgeries ? SN_IMPOSTORS_BOTH : SN_IMPOSTORS_RANDOM;
	else if (*impostors != SN_IMPOSTORS_RANDOM && !forgeries)
		return sn_fail(SN_EDATA, "no forged item with a genuine one of its label: 'sn-load "
					 "--forged REGEX' marks forgeries, --impostors random does "
					 "without them");
	return 0;
}

int sn_pair_each(const struct sn_items *items, const struct sn_pair_options *options,
		 int (*call)(void *context, const struct sn_index_pair *pair), void *context)
{
	enum sn_impostors impostors = options->impostors;
	bool any = false, forged = false;
	struct sn_limits limits;
	int st;

	for (size_t i = 0; i < items->n; i++)
		forged |= items->entry[i].forged;
	if (impostors != SN_IMPOSTORS_DEFAULT &&
	    (st = sn_impostors_resolve(&impostors, forged)) < 0)
		return st;
	st = sn_limits_make(&limits, items, options->within, options->across);
	for (size_t b = 1; st >= 0 && b < items->n; b++)
		for (size_t a = 0; st >= 0 && a < b; a++) {
			struct sn_index_pair p = { a, b, SN_UNKNOWN, SN_NONE, SN_NONE };

			if (!sn_pair_wanted(&items->entry[a], &items->entry[b], impostors,
					    &p.same) ||
			    !sn_limits_allow(&limits, a, b))
				continue;
			any = true;
			st = call(context, &p);
		}
	sn_limits_release(&limits);
	if (st < 0)
		return st;
	if (!any && (options->within || options->across))
		return sn_fail(SN_EDATA, "no pair among %zu items that --within or --across allows",
			       items->n);
	if (!any)
		return sn_fail(SN_EDATA,
			       "no pair among %zu item%s: two items make a pair, but two "
			       "forgeries do not",
			       items->n, items->n == 1 ? "" : "s");
	return 0;
}
