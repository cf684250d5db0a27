/* equal - where FAR and FRR are equal, as nearly as the distances allow. */
#ifndef EVAL_EQUAL_H
#define EVAL_EQUAL_H

#include <math.h>

struct equal {
	double gap, sum, at;
};
#define EQUAL_INIT                                                                                 \
	{                                                                                          \
		INFINITY, INFINITY, NAN                                                            \
	}

/* Thresholds come rising. */
static inline void equal_step(struct equal *e, double far, double frr, double threshold)
{
	double gap = fabs(far - frr);
	if (gap < e->gap || (gap == e->gap && far + frr < e->sum)) {
		e->gap = gap;
		e->sum = far + frr;
		e->at = threshold;
	}
}

#endif
