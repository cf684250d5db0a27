/* keys - items found by their keys' endings: sorted by the keys read backwards, found by bisection.
 */
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct text {
	const char *data;
	size_t size;
};

/* Backwards; a text comes before all that it is the ending of. */
static int compare_backwards(struct text a, struct text b)
{
	while (a.size && b.size) {
		unsigned char x = (unsigned char)a.data[--a.size];
		unsigned char y = (unsigned char)b.data[--b.size];

		if (x != y)
			return x < y ? -1 : 1;
	}
	return a.size ? 1 : b.size ? -1 : 0;
}

static struct text key_of(const struct sn_entry *e, bool stem)
{
	struct text t = { e->key, e->key_size };

	for (size_t i = t.size; stem && i-- > 0 && t.data[i] != '/';)
		if (t.data[i] == '.') {
			t.size = i;
			break;
		}
	return t;
}

static int compare_entries(const struct sn_items *items, size_t x, size_t y, bool stem)
{
	int order =
		compare_backwards(key_of(&items->entry[x], stem), key_of(&items->entry[y], stem));

	return order ? order : x < y ? -1 : x > y;
}

static int by_key(const void *a, const void *b, void *items)
{
	return compare_entries(items, *(const size_t *)a, *(const size_t *)b, false);
}

static int by_stem(const void *a, const void *b, void *items)
{
	return compare_entries(items, *(const size_t *)a, *(const size_t *)b, true);
}

static size_t *sorted(const struct sn_keys *k, bool stem)
{
	size_t *order = sn_alloc(k->n + 1, sizeof *order);

	for (size_t i = 0; order && i < k->n; i++)
		order[i] = i;
	if (order)
		qsort_r(order, k->n, sizeof *order, stem ? by_stem : by_key,
			(void *)(uintptr_t)k->items);
	return order;
}

int sn_keys_make(struct sn_keys *k, const struct sn_items *items)
{
	*k = (struct sn_keys){ .items = items, .n = items->n };
	k->whole = sorted(k, false);
	return k->whole ? 0 : SN_ENOMEM;
}

void sn_keys_release(struct sn_keys *k)
{
	free(k->whole);
	free(k->stem);
	*k = (struct sn_keys){ 0 };
}

/* How many of the sorted entries come before text: it and those it is the ending of come next. */
static size_t lower_bound(const struct sn_keys *k, const size_t *order, bool stem, struct text text)
{
	size_t low = 0, high = k->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_backwards(key_of(&k->items->entry[order[middle]], stem), text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool fits(struct text key, struct text text, bool whole)
{
	if (whole ? key.size != text.size : key.size < text.size)
		return false;
	return !memcmp(key.data + key.size - text.size, text.data, text.size);
}

/* The entry that text is (whole) or ends; several are refused. */
static int find(const struct sn_keys *k, bool stem, struct text text, bool whole, struct text said,
		size_t *index)
{
	const size_t *order = stem ? k->stem : k->whole;
	size_t at = lower_bound(k, order, stem, text);

	if (at == k->n || !fits(key_of(&k->items->entry[order[at]], stem), text, whole))
		return 0;
	*index = order[at];
	if (at + 1 < k->n && fits(key_of(&k->items->entry[order[at + 1]], stem), text, whole))
		return sn_fail(SN_EDATA, "'%.*s' fits several items, '%s' and '%s'", (int)said.size,
			       said.data, k->items->entry[order[at]].key,
			       k->items->entry[order[at + 1]].key);
	return 1;
}

static int find_text(const struct sn_keys *k, struct text text, bool stem, size_t *index)
{
	struct text ending;
	char *slash;
	int st;

	if ((st = find(k, stem, text, true, text, index)) != 0)
		return st;
	if (text.data[0] == '/' || text.data[0] == '#')
		return find(k, stem, text, false, text, index);
	slash = malloc(text.size + 1);
	if (!slash)
		return sn_fail_memory();
	slash[0] = '/';
	memcpy(slash + 1, text.data, text.size);
	ending = (struct text){ slash, text.size + 1 };
	st = find(k, stem, ending, false, text, index);
	free(slash);
	return st;
}

int sn_keys_find(struct sn_keys *k, const char *data, size_t size, bool stem, size_t *index)
{
	struct sn_buffer name = { 0 };
	int st;

	if (stem && !k->stem && !(k->stem = sorted(k, true)))
		return SN_ENOMEM;
	if (!size)
		return 0;
	if ((st = find_text(k, (struct text){ data, size }, stem, index)) != 0)
		return st;
	/* a path as a folder shows it, rather than the name that a stream has for it */
	st = sn_name_escape(&name, data, size);
	if (st == 0 && name.size != size)
		st = find_text(k, (struct text){ (char *)name.data, name.size }, stem, index);
	sn_buffer_release(&name);
	return st;
}
