/* classes - items by class: a counting sort, so that the order within a class is the items' own. */
#include <stdlib.h>

#include "private.h"

static bool belongs(const struct sn_entry *e, bool forged)
{
	return e->label != SN_NO_CLASS && e->forged == forged;
}

static int group_make(struct sn_group *g, size_t classes, const struct sn_items *items,
		      const size_t *use, size_t n_use, bool forged)
{
	g->first = sn_alloc(classes + 2, sizeof *g->first);
	g->item = sn_alloc(n_use ? n_use : 1, sizeof *g->item);
	if (!g->first || !g->item)
		return SN_ENOMEM;
	/* first[c + 2] counts class c; summed up, first[c + 1] is where c begins; filling moves it
	   to where c ends, which is where c + 1 begins */
	for (size_t i = 0; i < n_use; i++)
		if (belongs(&items->entry[use ? use[i] : i], forged))
			g->first[items->entry[use ? use[i] : i].label + 2]++;
	for (size_t c = 0; c < classes; c++)
		g->first[c + 2] += g->first[c + 1];
	for (size_t i = 0; i < n_use; i++) {
		size_t at = use ? use[i] : i;

		if (belongs(&items->entry[at], forged))
			g->item[g->first[items->entry[at].label + 1]++] = at;
	}
	g->n = g->first[classes];
	return 0;
}

int sn_classes_make(struct sn_classes *c, const struct sn_items *items, const size_t *use,
		    size_t n_use)
{
	int st;

	*c = (struct sn_classes){ .n = items->labels };
	if (!use)
		n_use = items->n;
	if ((st = group_make(&c->genuine, c->n, items, use, n_use, false)) < 0 ||
	    (st = group_make(&c->forged, c->n, items, use, n_use, true)) < 0)
		sn_classes_release(c);
	return st;
}

void sn_classes_release(struct sn_classes *c)
{
	free(c->genuine.item);
	free(c->genuine.first);
	free(c->forged.item);
	free(c->forged.first);
	*c = (struct sn_classes){ 0 };
}

size_t sn_label_prefix(const char *label, unsigned parts)
{
	size_t n = 0;

	for (; label[n]; n++)
		if (label[n] == '/' && --parts == 0)
			break;
	return n;
}
