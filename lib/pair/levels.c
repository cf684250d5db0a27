/*
 * levels - what labels (or keys) of items a split keeps together, as names: whole labels or their
 * first parts; sorted, compared, written down.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "private.h"

int sn_levels_make(struct sn_items *groups, const struct sn_items *items, unsigned level)
{
	int st = 0;

	*groups = (struct sn_items){ 0 };
	for (size_t c = 0; st == 0 && c < items->labels; c++) {
		struct sn_item item = { .number = c };

		item.label.data = (const uint8_t *)items->label[c];
		item.label.size =
			level ? sn_label_prefix(items->label[c], level) : items->label_size[c];
		st = sn_items_add(groups, &item, NULL);
	}
	return st;
}

/* ---- names -------------------------------------------------------------------------------- */

struct names {
	struct sn_slice *name; /* borrowed from the items; sorted */
	size_t n, nil;	       /* nil: items without a label */
};

static int by_bytes(const void *a, const void *b)
{
	const struct sn_slice *x = a, *y = b;
	size_t n = x->size < y->size ? x->size : y->size;
	int order = n ? memcmp(x->data, y->data, n) : 0;

	return order ? order : (x->size > y->size) - (x->size < y->size);
}

/* Names of the chosen items (NULL: of all): each label once, or all keys. */
static int collect(struct names *names, const struct sn_items *items, const uint8_t *chosen,
		   const struct sn_split_options *o)
{
	size_t n = 0;

	*names = (struct names){ .name = sn_alloc(items->n + 1, sizeof *names->name) };
	if (!names->name)
		return SN_ENOMEM;
	for (size_t i = 0; i < items->n; i++) {
		const struct sn_entry *e = &items->entry[i];
		struct sn_slice *s = &names->name[n];

		if (chosen && !chosen[i])
			continue;
		if (o->by == SN_SPLIT_ITEM) {
			*s = (struct sn_slice){ (const uint8_t *)e->key, e->key_size };
			n++;
		} else if (e->label == SN_NO_CLASS) {
			names->nil++;
		} else {
			s->data = (const uint8_t *)items->label[e->label];
			s->size = o->level ? sn_label_prefix(items->label[e->label], o->level)
					   : items->label_size[e->label];
			n++;
		}
	}
	qsort(names->name, n, sizeof *names->name, by_bytes);
	for (size_t i = 0; i < n; i++)
		if (o->by == SN_SPLIT_ITEM || i == 0 ||
		    by_bytes(&names->name[i], &names->name[names->n - 1]) != 0)
			names->name[names->n++] = names->name[i];
	return 0;
}

int sn_split_common(const struct sn_items *a, const struct sn_items *b,
		    const struct sn_split_options *o,
		    int (*call)(void *context, struct sn_slice name), void *context)
{
	struct names x, y = { 0 };
	int st = collect(&x, a, NULL, o);

	if (st == 0)
		st = collect(&y, b, NULL, o);
	if (st == 0 && x.nil && y.nil)
		st = call(context, (struct sn_slice){ 0 });
	for (size_t i = 0, j = 0; st == 0 && i < x.n && j < y.n;) {
		int order = by_bytes(&x.name[i], &y.name[j]);

		if (order == 0 && (i == 0 || by_bytes(&x.name[i], &x.name[i - 1]) != 0))
			st = call(context, x.name[i]);
		i += order <= 0;
		j += order > 0;
	}
	free(x.name);
	free(y.name);
	return st;
}

/* ---- a split written down ----------------------------------------------------------------- */

static const char *const what[] = { [SN_SPLIT_CLASS] = "class", [SN_SPLIT_ITEM] = "item" };

/* Bytes of the folders that all keys begin with. */
static size_t common_folder(const struct sn_items *items)
{
	const char *first = items->n ? items->entry[0].key : "";
	size_t n = sn_folder_size(first, strlen(first));

	for (size_t i = 1; i < items->n && n; i++) {
		const struct sn_entry *e = &items->entry[i];
		size_t same = 0;

		while (same < n && same < e->key_size && e->key[same] == first[same])
			same++;
		n = same < n ? sn_folder_size(first, same) : n;
	}
	return n;
}

int sn_split_sum(const struct sn_items *items, uint64_t *sum)
{
	XXH3_state_t *state = XXH3_createState();
	const size_t folder = common_folder(items);

	if (!state || XXH3_64bits_reset(state) != XXH_OK) {
		XXH3_freeState(state);
		return sn_fail_memory();
	}
	for (size_t i = 0; i < items->n; i++) {
		const struct sn_entry *e = &items->entry[i];
		const bool nil = e->label == SN_NO_CLASS;
		const char marks[] = { 0, (char)nil, (char)e->forged };

		/* a 0, which keys and labels do not have, ends either */
		XXH3_64bits_update(state, e->key + folder, e->key_size - folder);
		XXH3_64bits_update(state, marks, sizeof marks);
		if (!nil)
			XXH3_64bits_update(state, items->label[e->label],
					   items->label_size[e->label] + (size_t)1);
	}
	*sum = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return 0;
}

static int add_line(struct sn_buffer *text, struct sn_slice name)
{
	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] < 32)
			return sn_fail(SN_EDATA,
				       "'%.*s' has a control character: no list can name it",
				       (int)name.size, (const char *)name.data);
	if (!name.size)
		return sn_fail(SN_EDATA, "a name of the second part is empty: no list can name it");
	return sn_buffer_add(text, name.data, name.size) || sn_buffer_add(text, "\n", 1)
		       ? sn_fail_memory()
		       : 0;
}

int sn_split_write(struct sn_buffer *text, const struct sn_items *items, const uint8_t *second,
		   const struct sn_split_options *o)
{
	struct names names = { 0 };
	char head[128];
	uint64_t sum;
	int n, st = sn_split_sum(items, &sum);

	if (st < 0 || (st = collect(&names, items, second, o)) < 0)
		goto out;
	n = snprintf(head, sizeof head,
		     "# sn-split 1 by %s, level %u, items %zu, xxh3 %016" PRIx64 "\n", what[o->by],
		     o->level, items->n, sum);
	if (names.nil)
		st = sn_fail(SN_EDATA,
			     "items without a label are in the second part: no list of labels can "
			     "name them; split by item, or give them labels");
	else if (sn_buffer_add(text, head, (size_t)n) < 0)
		st = sn_fail_memory();
	for (size_t i = 0; st == 0 && i < names.n; i++)
		st = i && by_bytes(&names.name[i], &names.name[i - 1]) == 0
			     ? sn_fail(SN_EDATA,
				       "two items have the key '%.*s': no list can name one",
				       (int)names.name[i].size, (const char *)names.name[i].data)
			     : add_line(text, names.name[i]);
out:
	free(names.name);
	return st;
}

int sn_split_head_read(struct sn_split_head *head, const char *list, size_t size, const char *name)
{
	static const char mark[] = "# sn-split ";
	const char *stop = memchr(list, '\n', size);
	char line[128], by[8];
	int end = 0;

	*head = (struct sn_split_head){ 0 };
	if (size < sizeof mark - 1 || memcmp(list, mark, sizeof mark - 1) != 0)
		return 0;
	snprintf(line, sizeof line, "%.*s",
		 (int)(stop && stop - list < 127 ? stop - list
		       : size < 127		 ? (ptrdiff_t)size
						 : 127),
		 list);
	if (sscanf(line,
		   "# sn-split 1 by %5[a-z], level %5u, items %18" SCNu64 ", xxh3 %16" SCNx64 "%n",
		   by, &head->level, &head->items, &head->sum, &end) != 4 ||
	    (line[end] && line[end] != '\r') ||
	    (strcmp(by, what[SN_SPLIT_CLASS]) != 0 && strcmp(by, what[SN_SPLIT_ITEM]) != 0) ||
	    head->level > 65535)
		return sn_fail(
			SN_EDATA,
			"%s:1: not as sn-split writes it: wanted '# sn-split 1 by class|item, "
			"level L, items N, xxh3 SUM'",
			name);
	head->by = strcmp(by, what[SN_SPLIT_ITEM]) == 0 ? SN_SPLIT_ITEM : SN_SPLIT_CLASS;
	return 1;
}
