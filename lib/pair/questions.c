/*
 * questions - one-shot runs that somebody else chose: lines that name a questioned item and the one
 * it is the class of; what it is compared with is all of that one's folder.
 *
 * Candidates of a line are the items in the folder of its second key, and the second keys of all
 * lines that name the same folder, so that a picture that is missing is missed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct questions {
	const struct sn_items *items;
	const struct sn_question *question;
	size_t n;
	size_t *in_folder;			 /* [items] by the folder of their keys */
	size_t *order;				 /* [n] questions by the folder that they name */
	size_t *candidate, candidates, capacity; /* of one folder */
	size_t *from, *to; /* [n] where those of each question's folder are in `all` */
	size_t *all, all_n, all_capacity;
};

size_t sn_folder_size(const char *key, size_t size)
{
	while (size && key[size - 1] != '/')
		size--;
	return size;
}

static int compare_bytes(const char *a, size_t m, const char *b, size_t n)
{
	int order = memcmp(a, b, m < n ? m : n);

	return order ? order : (m > n) - (m < n);
}

static int compare_folders(const struct sn_entry *a, const struct sn_entry *b)
{
	return compare_bytes(a->key, sn_folder_size(a->key, a->key_size), b->key,
			     sn_folder_size(b->key, b->key_size));
}

static int by_folder(const void *a, const void *b, void *context)
{
	const struct sn_entry *e = context;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = compare_folders(&e[i], &e[j]);

	return order ? order : (i > j) - (i < j);
}

static int by_named(const void *a, const void *b, void *context)
{
	const struct sn_question *q = context;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = compare_bytes(q[i].folder, q[i].size, q[j].folder, q[j].size);

	return order ? order : (i > j) - (i < j);
}

static int by_index(const void *a, const void *b)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;

	return (i > j) - (i < j);
}

static int add_candidate(struct questions *q, size_t item)
{
	int st = sn_grow(&q->candidate, &q->capacity, q->candidates + 1, sizeof *q->candidate);

	if (st == 0)
		q->candidate[q->candidates++] = item;
	return st;
}

/* All items of an item's folder. */
static int add_folder(struct questions *q, size_t item)
{
	const struct sn_entry *e = q->items->entry;
	size_t low = 0, high = q->items->n;
	int st = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_folders(&e[q->in_folder[middle]], &e[item]) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; st == 0 && low < q->items->n; low++) {
		if (compare_folders(&e[q->in_folder[low]], &e[item]) != 0)
			break;
		st = add_candidate(q, q->in_folder[low]);
	}
	return st;
}

/* Each one once, in the items' order; two of one label would be taken for one class. */
static int sort_candidates(struct questions *q)
{
	const struct sn_items *items = q->items;
	size_t n = 0, *seen;
	int st = 0;

	if (!q->candidates)
		return 0;
	qsort(q->candidate, q->candidates, sizeof *q->candidate, by_index);
	for (size_t i = 0; i < q->candidates; i++)
		if (!n || q->candidate[i] != q->candidate[n - 1])
			q->candidate[n++] = q->candidate[i];
	q->candidates = n;
	seen = sn_alloc(items->labels + 1, sizeof *seen);
	if (!seen)
		return SN_ENOMEM;
	for (size_t i = 0; st == 0 && i < n; i++) {
		const struct sn_entry *e = &items->entry[q->candidate[i]];

		if (e->label == SN_NO_CLASS)
			continue;
		if (seen[e->label])
			st = sn_fail(
				SN_EDATA,
				"'%s' and '%s' are to be told apart and have the same label, '%s'; "
				"load them with 'sn-load --label none'",
				items->entry[seen[e->label] - 1].key, e->key,
				items->label[e->label]);
		seen[e->label] = q->candidate[i] + 1;
	}
	free(seen);
	return st;
}

/* The candidates of the questions order[at, end), which name one folder. */
static int find_candidates(struct questions *q, size_t at, size_t end)
{
	size_t last = SIZE_MAX; /* whose folder has been added */
	const size_t from = q->all_n;
	int st = 0;

	q->candidates = 0;
	for (size_t i = at; st == 0 && i < end; i++) {
		const struct sn_question *one = &q->question[q->order[i]];
		const struct sn_entry *e = &q->items->entry[one->b];

		if (e->missing) {
			st = add_candidate(q, one->b);
		} else if (last == SIZE_MAX || compare_folders(e, &q->items->entry[last]) != 0) {
			st = add_folder(q, one->b);
			last = one->b;
		}
	}
	if (st == 0 && (st = sort_candidates(q)) < 0)
		return sn_fail_at(st, "%s:%" PRIu64, q->question[q->order[at]].file,
				  q->question[q->order[at]].number);
	if (st == 0)
		st = sn_grow(&q->all, &q->all_capacity, q->all_n + q->candidates, sizeof *q->all);
	for (size_t i = 0; st == 0 && i < q->candidates; i++)
		q->all[q->all_n++] = q->candidate[i];
	for (size_t i = at; st == 0 && i < end; i++) {
		q->from[q->order[i]] = from;
		q->to[q->order[i]] = q->all_n;
	}
	return st;
}

static int add_trial(struct questions *q, struct sn_pairs *pairs, size_t at)
{
	const struct sn_question *one = &q->question[at];
	bool several = false;
	int st = 0;

	for (size_t i = q->from[at]; st == 0 && i < q->to[at]; i++) {
		size_t item = q->all[i];

		if (item == one->a)
			continue;
		several |= item != one->b;
		st = sn_pairs_add(pairs,
				  (struct sn_index_pair){ one->a, item,
							  item == one->b ? SN_SAME : SN_DIFFERENT,
							  at, SN_NONE });
	}
	if (st == 0 && !several)
		return sn_fail(SN_EDATA,
			       "%s:%" PRIu64
			       ": nothing to tell '%s' from: there is nothing else in "
			       "its folder",
			       one->file, one->number, q->items->entry[one->b].key);
	return st;
}

int sn_questions_pair(struct sn_pairs *pairs, const struct sn_items *items,
		      const struct sn_question *question, size_t n)
{
	struct questions q = { .items = items, .question = question, .n = n };
	int st;

	q.in_folder = sn_alloc(items->n + 1, sizeof *q.in_folder);
	q.order = sn_alloc(n + 1, sizeof *q.order);
	q.from = sn_alloc(n + 1, sizeof *q.from);
	q.to = sn_alloc(n + 1, sizeof *q.to);
	st = q.in_folder && q.order && q.from && q.to ? 0 : SN_ENOMEM;
	for (size_t i = 0; st == 0 && i < items->n; i++)
		q.in_folder[i] = i;
	for (size_t i = 0; st == 0 && i < n; i++)
		q.order[i] = i;
	if (st == 0) {
		qsort_r(q.in_folder, items->n, sizeof *q.in_folder, by_folder, items->entry);
		qsort_r(q.order, n, sizeof *q.order, by_named, (void *)(uintptr_t)question);
	}
	for (size_t at = 0, end; st == 0 && at < n; at = end) {
		for (end = at + 1; end < n; end++)
			if (compare_bytes(question[q.order[at]].folder, question[q.order[at]].size,
					  question[q.order[end]].folder,
					  question[q.order[end]].size) != 0)
				break;
		st = find_candidates(&q, at, end);
	}
	for (size_t i = 0; st == 0 && i < n; i++)
		st = add_trial(&q, pairs, i);
	free(q.in_folder);
	free(q.order);
	free(q.candidate);
	free(q.from);
	free(q.to);
	free(q.all);
	return st;
}
