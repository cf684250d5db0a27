/* The ROC curve, point by point, and its convex hull. */
#include <stdlib.h>
#include <math.h>
#include "hull.h"
#include "scores.h"

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
		if (holds && sn_hull_turn(&shown, &held, &next) != 0) {
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

int sn_eer_hull(const struct sn_scores *s, double *eer)
{
	struct hull hull = { 0 };
	struct walk w = { 0 };
	int st = sn_hull_add(&hull, (struct place){ 0, s->same.n, -INFINITY });
	while (st == 0 && walk_on(&w, s))
		st = sn_hull_add(&hull, place_of(&w, s));
	if (st == 0)
		*eer = sn_hull_eer(&hull, s->same.n, s->different.n);
	free(hull.place);
	return st;
}
