/* hull - the lower convex hull of ROC points as they come, from left to right. */
#ifndef EVAL_HULL_H
#define EVAL_HULL_H

#include <stddef.h>
#include <sn/error.h>

/* A point in counts: accepted different pairs, rejected same pairs. */
struct place {
	size_t x, y;
	double threshold;
};

/* Twice the area of the triangle a b c: positive where the way turns left at b. */
__int128 sn_hull_turn(const struct place *a, const struct place *b, const struct place *c);

/* Zero-initialised is empty; owns `place`; set n to 0 to begin anew. */
struct hull {
	struct place *place;
	size_t n, capacity;
};
/* The first is (0, all same), the last (all different, 0). */
SN_MUST_CHECK int sn_hull_add(struct hull *h, struct place next);
/* Where the hull meets FAR = FRR, of so many pairs. */
double sn_hull_eer(const struct hull *h, size_t same, size_t different);

#endif
