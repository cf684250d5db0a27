/* batch - sn-pair's batches: an epoch of the sampler, all pairs of each batch. */
#include <stdlib.h>

#include "private.h"

/* The items that can be in a pair with these impostors. */
static int choose(const struct sn_items *items, enum sn_impostors impostors, size_t **use,
		  size_t *n)
{
	*n = 0;
	*use = sn_alloc(items->n + 1, sizeof **use);
	if (!*use)
		return SN_ENOMEM;
	for (size_t i = 0; i < items->n; i++)
		if (impostors != SN_IMPOSTORS_RANDOM || !items->entry[i].forged)
			(*use)[(*n)++] = i;
	return 0;
}

/* All pairs of a batch but those that an earlier one has: no pair comes twice. */
static int add_batch(struct sn_pairs *pairs, struct sn_pair_set *set, const struct sn_items *items,
		     enum sn_impostors impostors, uint64_t batch, const size_t *index, size_t n)
{
	for (size_t j = 1; j < n; j++)
		for (size_t i = 0; i < j; i++) {
			struct sn_index_pair p = { index[i], index[j], SN_UNKNOWN, SN_NONE, batch };
			int st;

			if (!sn_pair_wanted(&items->entry[p.a], &items->entry[p.b], impostors,
					    &p.same))
				continue;
			if ((st = sn_pair_set_add(set, p.a, p.b)) < 0 ||
			    (st == 1 && (st = sn_pairs_add(pairs, p)) < 0))
				return st;
		}
	return 0;
}

int sn_draw_batches(struct sn_pairs *pairs, const struct sn_items *items,
		    const struct sn_pair_options *o)
{
	const struct sn_sampler_options how = { .p = o->p, .k = o->k, .seed = o->seed };
	enum sn_impostors impostors = o->impostors;
	struct sn_sampler *sampler = NULL;
	struct sn_pair_set set = { 0 };
	size_t *use = NULL, *index = NULL, n, size;
	bool forged = false;
	int st;

	for (size_t i = 0; i < items->n; i++)
		forged |= items->entry[i].forged;
	if (impostors != SN_IMPOSTORS_DEFAULT &&
	    (st = sn_impostors_resolve(&impostors, forged)) < 0)
		return st;
	if ((st = choose(items, impostors, &use, &n)) < 0 ||
	    (st = sn_sampler_new(&sampler, items, use, n, &how)) < 0)
		goto out;
	if (sn_sampler_classes(sampler) < o->p) {
		st = sn_fail(SN_EDATA,
			     "too few classes: there are %zu with genuine items, a batch "
			     "wants %zu",
			     sn_sampler_classes(sampler), o->p);
		goto out;
	}
	/* no batch has more than all items, each once */
	if (!sn_multiply(&size, o->p, o->k) || size > items->n)
		size = items->n;
	index = sn_alloc(size, sizeof *index);
	st = index ? 0 : SN_ENOMEM;
	for (uint64_t b = 0; st == 0 && b < sn_sampler_steps(sampler); b++)
		if ((st = sn_sampler_batch(sampler, b, index, &n)) == 0)
			st = add_batch(pairs, &set, items, impostors, b, index, n);
	if (st == 0 && !pairs->n)
		st = sn_fail(SN_EDATA, "no pair in any batch");
out:
	free(use);
	free(index);
	sn_sampler_free(sampler);
	sn_pair_set_release(&set);
	return st;
}
