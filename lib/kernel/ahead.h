/*
 * ahead - asking for rows before they are wanted.  Private to lib/kernel.
 *
 * Rows that will be wanted next are asked for while the present ones are worked on, a few lines of
 * the cache with every piece of work: the processor foresees nothing beyond a page, and waits where
 * it is asked for much at once.
 */
#ifndef SN_AHEAD_H
#define SN_AHEAD_H

#include <stddef.h>

enum { SN_AHEAD_LINE = 16 }; /* floats */

struct sn_ahead {
	const float *x; /* the row that is asked for */
	size_t step, rows, n;
	size_t at;   /* within it */
	size_t each; /* lines for a piece of work */
};

/* rows of n floats each, in so many pieces of work. */
static inline struct sn_ahead sn_ahead(const float *x, size_t step, size_t rows, size_t n,
				       size_t pieces)
{
	size_t lines = (n + SN_AHEAD_LINE - 1) / SN_AHEAD_LINE * rows;
	return (struct sn_ahead){ x, step, n ? rows : 0, n, 0, (lines + pieces - 1) / pieces };
}

static inline void sn_ask(struct sn_ahead *a)
{
	for (size_t i = 0; a->rows && i < a->each; i++) {
		__builtin_prefetch(a->x + a->at, 0, 2);
		if ((a->at += SN_AHEAD_LINE) >= a->n) {
			a->at = 0;
			a->x += a->step;
			a->rows--;
		}
	}
}

#endif
