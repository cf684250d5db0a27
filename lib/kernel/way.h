/*
 * way - an algorithm for convolutions.  conv.c chooses among those that ways.c lists, by their
 * costs.
 *
 * Every way computes y [n][oh][ow][k] from x [n][h][w][c], n <= SN_KERNEL_IMAGES, and, where it
 * can, sums of weight gradients.  The input gradient of stride 1 is a forward pass over dy with the
 * window turned by 180 degrees; conv.c makes it so.
 *
 * Exactness: what comes out for an image is the same whatever n, its place, and the other images: a
 * chain of additions per number, in an order that the shape alone gives.
 */
#ifndef SN_WAY_H
#define SN_WAY_H

#include <sn/kernel.h>
#include "simd.h"

/* Weights seen as [k][c][kh][kw]: steps in floats from one to the next, negative where turned. */
struct sn_conv_view {
	const float *w;
	ptrdiff_t k, c, i, j;
	const float *scale; /* [k], NULL: 1 */
};

struct sn_conv_way {
	const char *name;

	/* Forward.  cost: multiply-adds of an image, and whatever else it does in their measure: a
	 * processor does 16 in a cycle at best; INFINITY where it cannot compute the shape. */
	double (*cost)(const struct sn_conv *s);
	size_t (*packed)(const struct sn_conv *s);
	size_t (*pieces)(const struct sn_conv *s);
	void (*pack)(const struct sn_conv *s, const struct sn_conv_view *v, float *packed,
		     size_t piece);
	size_t (*scratch)(const struct sn_conv *s, size_t n);
	void (*forward)(const struct sn_conv *s, const float *x, size_t n, const float *packed,
			const struct sn_finish *f, float *y, float *scratch);

	bool mirrors; /* it can do borders that mirror the picture */
	/* Images that a call wants; NULL: all that there are. */
	size_t (*images)(const struct sn_conv *s);

	/* Sum of weight gradients, without the bias's.  gradient_cost NULL: none of it. */
	double (*gradient_cost)(const struct sn_conv *s);
	size_t (*sum)(const struct sn_conv *s);
	size_t (*gradient_scratch)(const struct sn_conv *s, size_t n);
	void (*gradient)(const struct sn_conv *s, const float *x, const float *dy, size_t n,
			 float *sum, float *scratch);
	/* The sum, which may be changed, -> dw [k][c][kh][kw]. */
	void (*unpack)(const struct sn_conv *s, float *sum, float *dw);
};

/* A weight of the view. */
static inline float sn_view_weight(const struct sn_conv_view *v, size_t k, size_t c, size_t i,
				   size_t j)
{
	float w = v->w[(ptrdiff_t)k * v->k + (ptrdiff_t)c * v->c + (ptrdiff_t)i * v->i +
		       (ptrdiff_t)j * v->j];
	return v->scale ? w * v->scale[k] : w;
}

/* Whole multiples of a vector's or panel's width. */
static inline size_t sn_round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

extern const struct sn_conv_way *const sn_conv_ways[]; /* NULL at the end */

extern const struct sn_conv_way sn_way_direct, sn_way_winograd, sn_way_fft, sn_way_lanes,
	sn_way_lane_tiles;

/* The input gradient of strides above 1, where it is direct. */
double sn_strided_cost(const struct sn_conv *s);
size_t sn_strided_packed(const struct sn_conv *s);
size_t sn_strided_scratch(const struct sn_conv *s);
void sn_strided_pack(const struct sn_conv *s, const float *weight, float *packed);
void sn_strided_input_gradient(const struct sn_conv *s, const float *dy, const float *packed,
			       float *dx, float *scratch);

#endif
