/*
 * crew - pictures in the lanes of vectors: who is in which lane, and rows on their way in.  Private
 * to lib/kernel.
 *
 * Fewer pictures than lanes are cut into segments of rows, one a lane, so that few pictures keep
 * the lanes busy too.  As every lane has its own sums, no number depends on that.
 */
#ifndef SN_CREW_H
#define SN_CREW_H

#include "way.h"

/* n things in blocks of nearly the same size: the first `larger` have one more than the others. */
struct sn_parts {
	size_t blocks, size, larger;
};

static inline size_t sn_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline struct sn_parts sn_parts(size_t n, size_t most)
{
	size_t blocks = (n + most - 1) / most;
	return (struct sn_parts){ blocks, n / blocks, n % blocks };
}

static inline size_t sn_part_from(const struct sn_parts *p, size_t i)
{
	return i * p->size + sn_least(i, p->larger);
}

static inline size_t sn_part_size(const struct sn_parts *p, size_t i)
{
	return p->size + (i < p->larger);
}

/* The outputs (channels) in blocks that registers hold. */
static inline struct sn_parts sn_lane_outputs(const struct sn_conv *s)
{
	return sn_parts(s->k, sn_simd()->lanes_outputs);
}

/* Images (at most as many as there are lanes) in their lanes. */
struct sn_crew {
	const struct sn_conv *s;
	size_t lanes, images;
	size_t segments, lines; /* of an image; output rows of a segment */
};

/* Segments are whole multiples of `multiple` lines. */
struct sn_crew sn_crew(const struct sn_conv *s, size_t images, size_t multiple);

/* Lane by lane the places of output row `line` of the segments; `none` where there is no such row.
 */
void sn_crew_outputs(const struct sn_crew *c, size_t line, float *y, float *none, float **to);

/* The last rows of the pictures, vectors of a number of each lane, with their borders. */
struct sn_ring {
	const struct sn_crew *crew;
	const float *x;
	float *rows;
	size_t slots, row; /* floats of a row */
	size_t next;	   /* the line that is to be loaded next */
	const float *zeros;
};

/* Floats of a row that is `width` pixels wide with its borders. */
static inline size_t sn_ring_row(const struct sn_conv *s, size_t width)
{
	return width * s->c * sn_simd()->lanes;
}

/* memory: slots rows.  zeros: as many as a picture's row has. */
void sn_ring_init(struct sn_ring *r, const struct sn_crew *c, const float *x, size_t slots,
		  size_t width, float *memory, const float *zeros);
/* Lines [from, to) are in the ring afterwards; line 0 is where the window of a segment's first
 * output begins. */
void sn_ring_fill(struct sn_ring *r, size_t from, size_t to);
float *sn_ring_line(const struct sn_ring *r, size_t line);
/* Whether a line is all border, in all lanes. */
bool sn_ring_is_empty(const struct sn_ring *r, size_t line);

/* Output rows [line, line + lines) of dy, each `row` floats after the other; zeros where there is
 * no such row.  zeros: as many as a row of dy has. */
void sn_crew_fill(const struct sn_crew *c, const float *dy, size_t line, size_t lines,
		  const float *zeros, float *to, size_t row);

#endif
