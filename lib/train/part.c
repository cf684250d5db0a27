/* part - copies numbers, keys and labels; never pictures */
#include <stdlib.h>
#include <sn/memory.h>
#include "part.h"

static int copy_entry(struct sn_items *to, const struct sn_items *from, const struct sn_entry *e)
{
	struct sn_item item = { .number = e->number,
				.key = { (const uint8_t *)e->key, e->key_size },
				.forged = e->forged };
	struct sn_entry *copy;

	if (e->label != SN_NO_CLASS) {
		item.label.data = (const uint8_t *)from->label[e->label];
		item.label.size = from->label_size[e->label];
	}
	return sn_items_add(to, &item, &copy);
}

int part_take(struct part *part, const struct sn_items *items, const uint8_t *of, bool chosen)
{
	int st = 0;

	if (!(part->index = sn_alloc(items->n, sizeof *part->index)))
		return SN_ENOMEM;
	for (size_t i = 0; st == 0 && i < items->n; i++) {
		if (of && (of[i] != 0) != chosen)
			continue;
		part->index[part->items.n] = i;
		st = copy_entry(&part->items, items, &items->entry[i]);
	}
	return st;
}

void part_release(struct part *part)
{
	sn_items_clear(&part->items);
	free(part->index);
	part->index = NULL;
}
