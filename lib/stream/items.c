/* items - entries in rising order of number, found by bisection; labels in a hash table. */
#include <sn/items.h>

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define FREE_SLOT UINT32_MAX

static void entry_release(struct sn_entry *e)
{
	free((char *)(uintptr_t)e->key);
	free(e->data);
}

static char *copy_text(const void *text, size_t size)
{
	char *copy = malloc(size + 1);

	if (!copy) {
		sn_fail_memory();
		return NULL;
	}
	if (size)
		memcpy(copy, text, size);
	copy[size] = 0;
	return copy;
}

/* The slot that holds this label, or the free one where it belongs. There is always a free one. */
static size_t label_slot(const struct sn_items *s, const void *label, size_t size)
{
	size_t at = XXH3_64bits(label, size) & (s->slots - 1);

	for (;; at = (at + 1) & (s->slots - 1)) {
		uint32_t c = s->slot[at];

		if (c == FREE_SLOT ||
		    (s->label_size[c] == size && !memcmp(s->label[c], label, size)))
			return at;
	}
}

/* (Re)build the table with room for twice `labels` labels. */
static int index_labels(struct sn_items *s, size_t labels)
{
	size_t slots = 16;
	uint32_t *slot;

	while (slots / 4 < labels)
		slots *= 2;
	slot = malloc(slots * sizeof *slot);
	if (!slot)
		return sn_fail_memory();
	free(s->slot);
	s->slot = slot;
	s->slots = slots;
	for (size_t i = 0; i < slots; i++)
		slot[i] = FREE_SLOT;
	for (size_t c = 0; c < s->labels; c++)
		slot[label_slot(s, s->label[c], s->label_size[c])] = (uint32_t)c;
	return 0;
}

static int grow_labels(struct sn_items *s)
{
	size_t capacity = s->label_capacity ? s->label_capacity * 2 : 16;
	const char **label = realloc(s->label, capacity * sizeof *label);
	uint32_t *size;

	if (!label)
		return sn_fail_memory();
	s->label = label;
	size = realloc(s->label_size, capacity * sizeof *size);
	if (!size)
		return sn_fail_memory();
	s->label_size = size;
	s->label_capacity = capacity;
	return 0;
}

static int label_add(struct sn_items *s, struct sn_slice label, uint32_t *class)
{
	size_t at;
	int st;

	if (s->labels + 1 >= s->slots / 2 && (st = index_labels(s, s->labels + 1)) < 0)
		return st;
	at = label_slot(s, label.data, label.size);
	if (s->slot[at] != FREE_SLOT) {
		*class = s->slot[at];
		return 0;
	}
	if (s->labels >= SN_NO_CLASS - 1)
		return sn_fail(SN_EDATA, "too many labels");
	if (s->labels == s->label_capacity && (st = grow_labels(s)) < 0)
		return st;
	s->label[s->labels] = copy_text(label.data, label.size);
	if (!s->label[s->labels])
		return SN_ENOMEM;
	s->label_size[s->labels] = (uint32_t)label.size;
	*class = s->slot[at] = (uint32_t)s->labels++;
	return 0;
}

/* Drop the labels that no entry has; classes are numbered anew by first appearance among the
 * entries. */
static int forget_labels(struct sn_items *s)
{
	uint32_t *renamed = malloc((s->labels + 1) * sizeof *renamed);
	const char **label = malloc(s->label_capacity * sizeof *label);
	uint32_t *size = malloc(s->label_capacity * sizeof *size);
	size_t n = 0;

	if (!renamed || !label || !size) {
		free(renamed);
		free(label);
		free(size);
		return sn_fail_memory();
	}
	for (size_t c = 0; c < s->labels; c++)
		renamed[c] = SN_NO_CLASS;
	for (size_t i = 0; i < s->n; i++) {
		uint32_t c = s->entry[i].label;

		if (c == SN_NO_CLASS)
			continue;
		if (renamed[c] == SN_NO_CLASS) {
			label[n] = s->label[c];
			size[n] = s->label_size[c];
			renamed[c] = (uint32_t)n++;
		}
		s->entry[i].label = renamed[c];
	}
	for (size_t c = 0; c < s->labels; c++)
		if (renamed[c] == SN_NO_CLASS)
			free((char *)(uintptr_t)s->label[c]);
	free(renamed);
	free(s->label);
	free(s->label_size);
	s->label = label;
	s->label_size = size;
	s->labels = n;
	return index_labels(s, n);
}

/* Keep the last `window` entries; called when there are more than twice as many, so that moving
 * them costs little. */
static int forget_entries(struct sn_items *s)
{
	size_t gone = s->n - s->window;

	for (size_t i = 0; i < gone; i++)
		entry_release(&s->entry[i]);
	memmove(s->entry, s->entry + gone, s->window * sizeof *s->entry);
	s->n = s->window;
	return s->labels > 2 * s->window + 16 ? forget_labels(s) : 0;
}

int sn_items_add(struct sn_items *s, const struct sn_item *item, struct sn_entry **entry)
{
	struct sn_entry e = { .number = item->number,
			      .label = SN_NO_CLASS,
			      .forged = item->forged };
	int st;

	if (s->n && item->number <= s->entry[s->n - 1].number)
		return sn_fail(SN_EDATA, "item %llu comes after item %llu, wanted rising numbers",
			       (unsigned long long)item->number,
			       (unsigned long long)s->entry[s->n - 1].number);
	if (item->key.size > SN_MAX_STRING || item->label.size > SN_MAX_STRING)
		return sn_fail(SN_EDATA, "item %llu: key or label longer than %u bytes",
			       (unsigned long long)item->number, SN_MAX_STRING);
	if (s->window && s->n / 2 > s->window && (st = forget_entries(s)) < 0)
		return st;
	if ((st = sn_grow(&s->entry, &s->capacity, s->n + 1, sizeof *s->entry)) < 0)
		return st;
	if (item->label.data && (st = label_add(s, item->label, &e.label)) < 0)
		return st;
	e.key_size = (uint32_t)item->key.size;
	e.key = copy_text(item->key.data, item->key.size);
	if (!e.key)
		return SN_ENOMEM;
	s->entry[s->n] = e;
	if (entry)
		*entry = &s->entry[s->n];
	s->n++;
	return 0;
}

struct sn_entry *sn_items_find(const struct sn_items *s, uint64_t number)
{
	size_t low = 0, high = s->n;

	if (!s->n || number < s->entry[0].number)
		return NULL;
	/* without gaps, which is how most sets are, the place follows from the number */
	if (number - s->entry[0].number < s->n &&
	    s->entry[number - s->entry[0].number].number == number)
		return &s->entry[number - s->entry[0].number];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->entry[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n && s->entry[low].number == number ? &s->entry[low] : NULL;
}

uint32_t sn_items_class(const struct sn_items *s, const char *label, size_t size)
{
	uint32_t c = s->slots ? s->slot[label_slot(s, label, size)] : FREE_SLOT;

	return c == FREE_SLOT ? SN_NO_CLASS : c;
}

void sn_items_clear(struct sn_items *s)
{
	size_t window = s->window;

	for (size_t i = 0; i < s->n; i++)
		entry_release(&s->entry[i]);
	for (size_t c = 0; c < s->labels; c++)
		free((char *)(uintptr_t)s->label[c]);
	free(s->entry);
	free(s->label);
	free(s->label_size);
	free(s->slot);
	*s = (struct sn_items){ .window = window };
}
