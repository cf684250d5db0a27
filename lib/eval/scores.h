/* scores - a walk over distances, however they are kept. */
#ifndef EVAL_SCORES_H
#define EVAL_SCORES_H

#include <sn/metric.h>

/*
 * The distinct distances of both classes, rising: how many are below and up to each.  Begins as
 * zeros.  In a histogram a step is a bin, and d its upper edge.
 */
struct walk {
	float d;
	size_t same_below, same_to, different_below, different_to;
	size_t bin; /* the next one */
};

/* The next distance; false where there is none. */
bool walk_on(struct walk *w, const struct sn_scores *s);

extern const size_t sn_bins;
/* The bin that a distance is in, and the largest distance of a bin. */
size_t sn_bin(float d);
float sn_bin_edge(size_t bin);

#endif
