/* hull - points are counts, so that whether three lie in a line is decided in whole numbers. */
#include <sn/memory.h>
#include "hull.h"

__int128 sn_hull_turn(const struct place *a, const struct place *b, const struct place *c)
{
	return ((__int128)b->x - (__int128)a->x) * ((__int128)c->y - (__int128)a->y) -
	       ((__int128)b->y - (__int128)a->y) * ((__int128)c->x - (__int128)a->x);
}

/* Andrew's chain (1979): the points that the hull passes below go. */
int sn_hull_add(struct hull *h, struct place next)
{
	int st;
	while (h->n > 1 && sn_hull_turn(&h->place[h->n - 2], &h->place[h->n - 1], &next) <= 0)
		h->n--;
	if ((st = sn_grow(&h->place, &h->capacity, h->n + 1, sizeof(*h->place))) < 0)
		return st;
	h->place[h->n++] = next;
	return 0;
}

double sn_hull_eer(const struct hull *h, size_t same, size_t different)
{
	double far, frr, last_far = 0, last_frr = 1, before, behind;
	for (size_t i = 0; i < h->n; i++) {
		far = (double)h->place[i].x / (double)different;
		frr = (double)h->place[i].y / (double)same;
		if (far >= frr) {
			before = last_frr - last_far;
			behind = far - frr;
			return last_far + before / (before + behind) * (far - last_far);
		}
		last_far = far;
		last_frr = frr;
	}
	return 1; /* not reached: the last is FAR 1, FRR 0 */
}
