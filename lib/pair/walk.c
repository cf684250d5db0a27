/* walk - elements by shuffles: each comes once before any comes again. */
#include <string.h>

#include "private.h"

static bool is_in(const size_t *a, size_t n, size_t x)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] == x)
			return true;
	return false;
}

void sn_walk_take(struct sn_walk *w, struct sn_random *r, size_t m, size_t *out)
{
	size_t old = w->n - w->at < m ? w->n - w->at : m;

	if (!m) /* of nothing, there may be no order */
		return;
	memcpy(out, w->order + w->at, old * sizeof *out);
	w->at += old;
	if (old == m)
		return;
	sn_random_shuffle(r, w->order, w->n);
	/* the last ones of the old round are not repeated at once: they go further back in the new
	 * one */
	for (w->at = 0; w->at < m - old; w->at++) {
		size_t next = w->at, t;

		while (is_in(out, old, w->order[next]))
			next++;
		t = w->order[next];
		w->order[next] = w->order[w->at];
		out[old + w->at] = w->order[w->at] = t;
	}
}
