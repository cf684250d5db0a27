/* partners - whom each image is paired with */
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include "loss_private.h"

static int compare(const void *a, const void *b)
{
	const struct partner *x = a, *y = b;

	if (x->image != y->image)
		return x->image < y->image ? -1 : 1;
	return (x->pair > y->pair) - (x->pair < y->pair);
}

void partners_release(struct partners *p)
{
	free(p->first);
	free(p->list);
	memset(p, 0, sizeof *p);
}

/* Sort each image's partners, and leave the first of equal ones. */
static int settle(struct partners *p, size_t n)
{
	size_t to = 0, from = 0;

	for (size_t i = 0; i < n; i++) {
		size_t end = p->first[i + 1], begin = to;
		qsort(p->list + from, end - from, sizeof *p->list, compare);
		for (; from < end; from++) {
			if (to > begin && p->list[to - 1].image == p->list[from].image) {
				if (p->list[to - 1].same != p->list[from].same)
					return sn_fail(
						SN_EDATA,
						"two images are paired twice, as the same and "
						"as different ones");
				continue;
			}
			p->list[to++] = p->list[from];
		}
		p->first[i] = begin;
	}
	p->first[n] = to;
	return 0;
}

int partners_new(struct partners *p, const struct sn_loss_batch *batch)
{
	const struct sn_index_pair *pair = batch->pair;
	size_t n = batch->n, total, *fill;
	int st;

	memset(p, 0, sizeof *p);
	if (!sn_multiply(&total, batch->pairs, 2))
		return sn_fail_memory();
	p->first = sn_alloc(n + 2, sizeof *p->first);
	p->list = sn_alloc(total + 1, sizeof *p->list);
	if (!p->first || !p->list) {
		partners_release(p);
		return SN_ENOMEM;
	}
	/* counted one place ahead, so that filling moves the ends to where they belong */
	fill = p->first + 1;
	for (size_t i = 0; i < batch->pairs; i++) {
		if (pair[i].a == pair[i].b) {
			partners_release(p);
			return sn_fail(SN_EDATA, "an image is paired with itself, of which this "
						 "loss makes no sense");
		}
		fill[pair[i].a + 1]++;
		fill[pair[i].b + 1]++;
	}
	for (size_t i = 1; i <= n; i++)
		fill[i] += fill[i - 1];
	for (size_t i = 0; i < batch->pairs; i++) {
		bool same = pair[i].same == SN_SAME;
		p->list[fill[pair[i].a]++] = (struct partner){ pair[i].b, i, same };
		p->list[fill[pair[i].b]++] = (struct partner){ pair[i].a, i, same };
	}
	if ((st = settle(p, n)) < 0)
		partners_release(p);
	return st;
}
