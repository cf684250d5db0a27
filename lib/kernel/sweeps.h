/*
 * sweeps - the inner loops of layers that multiply no matrices: what they take is going once over
 * their numbers.  Private to lib.
 *
 * Compiled once per instruction set from simd/, like the products (simd.h).  Activations are
 * channels-last: pixels of c floats, any c.  Outputs do not overlap inputs.
 *
 * Every number that comes out for a pixel depends on what goes in for it alone, to the last bit.
 * Sums over pixels are floats over some pixels, and these parts double.
 */
#ifndef SN_SWEEPS_H
#define SN_SWEEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Batch norm: y = (x - mean) scale + bias, and then a relu.  [c] each. */
struct sn_norm {
	size_t c;
	const float *mean, *scale, *bias;
	const float *slope, *shift; /* backward: dx = dy scale + ((x - mean) slope + shift) */
	bool relu;
	bool masks; /* backward: x comes from a relu, and dx is that of what went into it */
};

/** Windows of kh x kw at every stride in a picture [h][w][c]: [oh][ow] of them. */
struct sn_window {
	size_t h, w, c, oh, ow;
	size_t kh, kw, stride;
};

/** Taps of a window that maxpool can number; and what it writes where a relu stopped the largest.
 */
#define SN_MOST_TAPS 255
#define SN_DEAD_TAP 255

/**
 * Local response normalisation: y = x d^-beta, d = k + alpha times the sum of x^2 of the channels
 * from c - before to c + after; both < c.
 */
struct sn_lrn {
	size_t c, before, after;
	float k, alpha, beta;
	bool masks; /* as above */
};

/**
 * The windows of a convolution in a picture with its border, at pixels [lines][points]: number i of
 * a pixel's, i < length, stands at y * line + x * point + offset[i]; number `length` is 1.
 */
#define SN_PATCH 16
#define SN_PATCH_CHANNELS 16
struct sn_patches {
	size_t lines, points, line, point;
	const int32_t *offset;
	size_t length; /* < SN_PATCH */
};

/** Pixels that it takes at a time, and floats of a line of its memory. */
#define SN_LRN_PIXELS 8

static inline size_t sn_lrn_line(const struct sn_lrn *l)
{
	return l->c + 2 * (l->before > l->after ? l->before : l->after) + 16;
}

/** Lines of a picture that windows are taken from at a time: a row of windows. */
static inline size_t sn_lrn_band(const struct sn_window *w)
{
	return w->kh * w->w * w->c;
}

/** Of a step: w, and what is remembered of former ones. */
struct sn_adam {
	float beta1, rest1, beta2, rest2; /* 1 - beta */
	float step, scale, epsilon;	  /* w = keep w - step m / (sqrt(v) scale + epsilon) */
	float decay, keep;		  /* h = g + decay w */
};

struct sn_sweeps {
	/** sum[c] += x, squares[c] += x^2 over all pixels. */
	void (*moments)(const float *x, size_t pixels, size_t c, double *sum, double *squares);
	/** sum[c] += x. */
	void (*sums)(const float *x, size_t pixels, size_t c, double *sum);

	void (*norm)(const struct sn_norm *n, const float *x, size_t pixels, float *y);
	/** Of d, which is dy, and 0 where the relu gave 0: sum[c] += d, slopes[c] += d (x - mean).
	 */
	void (*norm_sums)(const struct sn_norm *n, const float *x, const float *dy, size_t pixels,
			  double *sum, double *slopes);
	/** slope and shift are set. */
	void (*norm_back)(const struct sn_norm *n, const float *x, const float *dy, size_t pixels,
			  float *dx);

	/** y = x where x > 0, else w [c] x; dx = dy, w dy; sum[c] += x dy where not x > 0. */
	void (*prelu)(const float *w, size_t c, const float *x, size_t pixels, float *y);
	void (*prelu_back)(const float *w, size_t c, const float *x, const float *dy, size_t pixels,
			   float *dx);
	void (*prelu_sums)(const float *x, const float *dy, size_t pixels, size_t c, double *sum);

	/**
	 * The largest of each window of a picture: the first of equal ones; a NaN is larger than
	 * all.  With `n`, the largest of the norm of x; with `relu`, 0 in place of what is less.
	 *   tap   NULL, or which of the window's pixels it was, [oh][ow][c]; SN_DEAD_TAP where relu
	 *         and it is not > 0
	 *   from  NULL, or with n and tap: its x - mean, [oh][ow][c]
	 */
	void (*maxpool)(const struct sn_window *w, const struct sn_norm *n, bool relu,
			const float *x, float *y, uint8_t *tap, float *from);
	/** dx of a picture from taps; with n, that of the norm before, whose relu the taps know.
	 * line: with n, a line of the picture. */
	void (*maxpool_back)(const struct sn_window *w, const struct sn_norm *n, const uint8_t *tap,
			     const float *dy, const float *x, float *dx, float *line);
	/** What norm_sums says, where d is dy, and 0 at dead taps; from: of maxpool. */
	void (*maxpool_sums)(const uint8_t *tap, const float *from, const float *dy, size_t pixels,
			     size_t c, double *sum, double *slopes);

	/** sum [SN_PATCH][SN_PATCH]: sum[i][j] += q_i q_j over all pixels, i, j <= length. */
	void (*patch_moments)(const struct sn_patches *p, const float *x, double *sum);
	/** Of what maxpool took of the convolution's lines and points, whole multiples of
	 * SN_PATCH_CHANNELS channels: sum[i][c] = the sum of dy q_i at the pixels that the taps
	 * say, i <= length. */
	void (*patch_slopes)(const struct sn_patches *p, const struct sn_window *w, const float *x,
			     const uint8_t *tap, const float *dy, float *sum);

	/** y = max(0, x); NaN stays. */
	void (*relu)(const float *x, size_t n, float *y);
	/** dx = dy where y > 0, else 0. */
	void (*relu_back)(const float *y, const float *dy, size_t n, float *dx);
	/** y = a + b, with `relu` max(0, that). */
	void (*add)(const float *a, const float *b, size_t n, bool relu, float *y);
	/** to += from */
	void (*accumulate)(float *to, const float *from, size_t n);
	/** y = x where x > 0, else slope x. */
	void (*leaky)(const float *x, size_t n, float slope, float *y);
	/** dx = dy where x > 0, else slope dy. */
	void (*leaky_back)(const float *x, const float *dy, size_t n, float slope, float *dx);
	/** keep[i] = the i-th half of sn_random_next()'s values of a stream >= limit, lower halves
	 * first. */
	void (*chance)(uint64_t key, uint32_t limit, size_t n, uint8_t *keep);
	/** y = x scale where kept, else x 0. */
	void (*drop)(const float *x, const uint8_t *keep, size_t n, float scale, float *y);

	/** 1 / (1 + exp(-x)), tanh(x), and from y their gradients.  Relative errors < 2e-7, until a
	 * sigmoid is < 1e-37; both rise with x wherever they were looked at. */
	void (*sigmoid)(const float *x, size_t n, float *y);
	void (*sigmoid_back)(const float *y, const float *dy, size_t n, float *dx);
	void (*tanh)(const float *x, size_t n, float *y);
	void (*tanh_back)(const float *y, const float *dy, size_t n, float *dx);

	/** memory: SN_LRN_PIXELS lines, backward three times as many. */
	void (*lrn)(const struct sn_lrn *l, const float *x, size_t pixels, float *y, float *memory);
	void (*lrn_back)(const struct sn_lrn *l, const float *x, const float *dy, size_t pixels,
			 float *dx, float *memory);
	/** The largest of windows of what lrn gives of a picture, some lines at a time.  memory:
	 * sn_lrn_band floats and those of lrn. */
	void (*lrn_maxpool)(const struct sn_window *w, const struct sn_lrn *l, const float *x,
			    float *y, uint8_t *tap, float *memory);
	/** memory: a line and those of lrn_back. */
	void (*lrn_maxpool_back)(const struct sn_window *w, const struct sn_lrn *l,
				 const uint8_t *tap, const float *dy, const float *x, float *dx,
				 float *memory);

	/** Means of the windows of a picture, of what of them lies in it. */
	void (*average)(const struct sn_window *w, const float *x, float *y);
	void (*average_back)(const struct sn_window *w, const float *dy, float *dx);

	/** y [columns][rows] */
	void (*transpose)(const float *x, size_t rows, size_t columns, float *y);

	/** All are finite. */
	bool (*finite)(const float *x, size_t n);
	/** x *= scale */
	void (*scale)(float *x, size_t n, float scale);
	/** The sum of x^2 in double, the same on every instruction set. */
	double (*square)(const float *x, size_t n);
	/** Steps of sn/optimizer.h; false: a weight is not finite. */
	bool (*sgd)(float *w, float *v, const float *g, size_t n, float rate, float momentum,
		    float decay, bool nesterov);
	bool (*adam)(const struct sn_adam *a, float *w, float *m, float *v, const float *g,
		     size_t n);
	bool (*rmsprop)(float *w, float *s, float *v, const float *g, size_t n, float rate,
			float momentum, float decay, float alpha, float rest, float epsilon);
};

/** Of the instruction set that sn_simd() has chosen. */
const struct sn_sweeps *sn_sweeps(void);

#endif
