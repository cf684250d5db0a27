/* nearest - a binary heap of matches. */
#include <stdlib.h>
#include "nearest.h"

static void rise(struct sn_match *a, size_t i)
{
	struct sn_match m = a[i];
	for (size_t up; i > 0 && is_nearer(a[up = (i - 1) / 2], m); i = up) {
		a[i] = a[up];
		a[up] = m;
	}
}

static void sink(struct sn_match *a, size_t n)
{
	struct sn_match m = a[0];
	size_t i = 0, child;
	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && is_nearer(a[child], a[child + 1]))
			child++;
		if (!is_nearer(m, a[child]))
			break;
		a[i] = a[child];
		i = child;
	}
	a[i] = m;
}

bool nearest_add(struct nearest *h, struct sn_match m)
{
	if (h->n < h->k) {
		h->match[h->n] = m;
		rise(h->match, h->n++);
		return true;
	}
	if (!is_nearer(m, h->match[0]))
		return false;
	h->match[0] = m;
	sink(h->match, h->n);
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct sn_match *x = a, *y = b;
	return is_nearer(*x, *y) ? -1 : is_nearer(*y, *x);
}

void nearest_sort(struct sn_match *match, size_t n)
{
	if (n > 1)
		qsort(match, n, sizeof *match, compare);
}
