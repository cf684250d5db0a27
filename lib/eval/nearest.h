/* nearest - the best k matches so far: a heap whose root is the worst of them. */
#ifndef EVAL_NEAREST_H
#define EVAL_NEAREST_H

#include <stdbool.h>
#include <sn/search.h>

struct nearest {
	struct sn_match *match; /* [k] */
	size_t n, k;
};

/* A total order: what is nearest does not depend on who looked first. */
static inline bool is_nearer(struct sn_match a, struct sn_match b)
{
	return a.d < b.d || (a.d == b.d && a.index < b.index);
}

/* Is it one of the nearest?  Then the worst of them goes. */
bool nearest_add(struct nearest *h, struct sn_match m);

/* Nearest first. */
void nearest_sort(struct sn_match *match, size_t n);

#endif
