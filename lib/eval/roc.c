/*
 * The ROC curve, point by point, and its convex hull.  Points are counts (accepted different,
 * rejected same), so that whether three of them lie in a line is decided in whole numbers.
 */
#include <stdlib.h>
#include <math.h>
#include <sn/memory.h>
#include "scores.h"

struct place {
	size_t x, y; /* accepted different pairs, rejected same pairs */
	double threshold;
};

/* Twice the area of the triangle a b c: positive where the way turns left at b. */
static __int128 turn(const struct place *a, const struct place *b, const struct place *c)
{
	return ((__int128)b->x - (__int128)a->x) * ((__int128)c->y - (__int128)a->y) -
	       ((__int128)b->y - (__int128)a->y) * ((__int128)c->x - (__int128)a->x);
}

static struct place place_of(const struct walk *w, const struct sn_scores *s)
{
	return (struct place){ w->different_to, s->same.n - w->same_to, (double)w->d };
}

static struct sn_roc_point point_of(const struct place *p, const struct sn_scores *s)
{
	return (struct sn_roc_point){ (double)p->x / (double)s->different.n,
				      (double)p->y / (double)s->same.n, p->threshold };
}

int sn_roc(const struct sn_scores *s, int (*point)(void *context, const struct sn_roc_point *p),
	   void *context)
{
	struct place shown = { 0, s->same.n, -INFINITY }, held = shown, next;
	struct sn_roc_point out;
	struct walk w = { 0 };
	bool holds = false; /* a point that the one behind it may make superfluous */
	int st;
	out = point_of(&shown, s);
	if ((st = point(context, &out)) < 0)
		return st;
	while (walk_on(&w, s)) {
		next = place_of(&w, s);
		if (holds && turn(&shown, &held, &next) != 0) {
			out = point_of(&held, s);
			if ((st = point(context, &out)) < 0)
				return st;
			shown = held;
		}
		held = next;
		holds = true;
	}
	out = point_of(&held, s);
	return holds ? point(context, &out) : 0;
}

/* Where the way from a to b meets FAR = FRR. */
static double crossing(struct sn_roc_point a, struct sn_roc_point b)
{
	double before = a.frr - a.far, behind = b.far - b.frr;
	return a.far + before / (before + behind) * (b.far - a.far);
}

/* Andrew's chain (1979): points come from left to right, and those that the hull passes below go.
 */
int sn_eer_hull(const struct sn_scores *s, double *eer)
{
	struct place *hull = NULL, next;
	struct sn_roc_point point, last;
	size_t n = 0, capacity = 0;
	struct walk w = { 0 };
	bool more;
	int st;
	next = (struct place){ 0, s->same.n, -INFINITY };
	do {
		while (n > 1 && turn(&hull[n - 2], &hull[n - 1], &next) <= 0)
			n--;
		if ((st = sn_grow(&hull, &capacity, n + 1, sizeof(*hull))) < 0)
			goto out;
		hull[n++] = next;
		more = walk_on(&w, s);
		next = place_of(&w, s);
	} while (more);
	*eer = 0;
	last = point_of(&hull[0], s); /* FRR 1 > FAR 0; the last of all is FAR 1 > FRR 0 */
	for (size_t i = 1; i < n; i++) {
		point = point_of(&hull[i], s);
		if (point.far >= point.frr) {
			*eer = crossing(last, point);
			break;
		}
		last = point;
	}
out:
	free(hull);
	return st;
}
