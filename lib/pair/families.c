/* families - classes whose labels share their first parts: the characters of an alphabet. */
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct naming {
	const struct sn_items *items;
	const uint8_t *version;
	const size_t *sample; /* [classes] an item of each */
	unsigned within;
};

static int compare(const struct naming *t, size_t x, size_t y)
{
	const char *p = t->items->label[x], *q = t->items->label[y];
	size_t m = sn_label_prefix(p, t->within), n = sn_label_prefix(q, t->within);
	int order = memcmp(p, q, m < n ? m : n);

	if (order || m != n)
		return order ? order : m < n ? -1 : 1;
	if (!t->version)
		return 0;
	return (int)t->version[t->sample[x]] - (int)t->version[t->sample[y]];
}

static int by_family(const void *a, const void *b, void *context)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = compare(context, x, y);

	return order ? order : (x > y) - (x < y);
}

int sn_families_make(struct sn_families *f, const struct sn_items *items, size_t *class, size_t n,
		     unsigned within, const uint8_t *version)
{
	struct naming t = { items, version, NULL, within };
	size_t *sample = sn_alloc(items->labels + 1, sizeof *sample);

	*f = (struct sn_families){ .class = class };
	f->first = sn_alloc(n + 2, sizeof *f->first);
	if (!sample || !f->first) {
		free(sample);
		return SN_ENOMEM;
	}
	for (size_t i = 0; i < items->n; i++)
		if (items->entry[i].label != SN_NO_CLASS)
			sample[items->entry[i].label] = i;
	t.sample = sample;
	if (within)
		qsort_r(class, n, sizeof *class, by_family, &t);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || (within && compare(&t, class[i - 1], class[i]) != 0))
			f->first[f->n++] = i;
	f->first[f->n] = n;
	free(sample);
	return 0;
}

void sn_families_release(struct sn_families *f)
{
	free(f->first);
	*f = (struct sn_families){ 0 };
}
