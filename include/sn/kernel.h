/*
 * kernel - the fast arithmetic: convolution and linear layers, forward and both gradients.
 *
 * Activations are channels-last.  Weights come in PyTorch's order; those of a convolution are
 * packed after every change, and what packed weights look like is the kernel's own business.  No
 * function allocates: scratch memory is the caller's, one piece per thread, 64-byte aligned.  All
 * are thread-safe on different outputs.
 *
 * Exactness: what comes out for an image depends on that image and the weights alone, to the last
 * bit: not on its neighbours, its place among them, or the thread.
 */
#ifndef SN_KERNEL_H
#define SN_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

/** Images of a call at most. */
#define SN_KERNEL_IMAGES 16

/** A convolution: x [n][h][w][c], y [n][oh][ow][k]; the border is of zeros, or the picture's mirror
 * image. */
struct sn_conv {
	size_t h, w, c;
	size_t oh, ow, k;
	size_t kh, kw, stride, pad_h, pad_w;
	bool spread;  /* a plan's `turned`: y has `stride` numbers for each of x */
	bool mirrors; /* see sn_conv_mirrors */
};

/** What a sum goes through before it is stored: + bias, relu, then times scale + shift. */
struct sn_finish {
	const float *bias; /* [k], NULL: none */
	bool relu;
	const float *scale, *shift; /* [k], both or neither */
};

enum sn_conv_pass { SN_CONV_FORWARD, SN_CONV_INPUT, SN_CONV_WEIGHT, SN_CONV_PASSES };

struct sn_conv_way;

/** How each pass of a convolution is computed. */
struct sn_conv_plan {
	struct sn_conv shape;
	struct sn_conv turned; /* the input gradient as a convolution of dy */
	const struct sn_conv_way *way[SN_CONV_PASSES];
};

/**
 * Choose by the shape alone, through a model of what each way costs.  The environment's SN_CONV
 * (direct, winograd, fft, lanes, lane-tiles; several, separated by commas) allows only those where
 * one of them can do it.  pad < kernel on both axes.
 */
void sn_conv_plan(struct sn_conv_plan *p, const struct sn_conv *s);
/** For a picture that comes with its mirrored border, which is pad_h and pad_w wide: may it come
 * without?  Then *p is the plan for that.  Its input gradient is still that of the bordered one. */
bool sn_conv_mirrors(struct sn_conv_plan *p, size_t pad_h, size_t pad_w);
/** The name of the chosen way. */
const char *sn_conv_way_name(const struct sn_conv_plan *p, enum sn_conv_pass pass);

/** Images of a call that make it fast, at most SN_KERNEL_IMAGES. */
size_t sn_conv_images(const struct sn_conv_plan *p);

/** Floats of packed weights, of SN_CONV_FORWARD or SN_CONV_INPUT; and the pieces that they are
 * packed in, each for itself, by any threads. */
size_t sn_conv_packed(const struct sn_conv_plan *p, enum sn_conv_pass pass);
size_t sn_conv_pieces(const struct sn_conv_plan *p, enum sn_conv_pass pass);
/** weight [k][c][kh][kw], multiplied by scale [k] (NULL: 1; forward only) -> packed. */
void sn_conv_pack(const struct sn_conv_plan *p, enum sn_conv_pass pass, const float *weight,
		  const float *scale, float *packed, size_t piece);

/** Floats of scratch memory for calls of up to n images. */
size_t sn_conv_scratch(const struct sn_conv_plan *p, enum sn_conv_pass pass, size_t n);

/** n <= SN_KERNEL_IMAGES, here and below. */
void sn_conv_forward(const struct sn_conv_plan *p, const float *x, size_t n, const float *packed,
		     const struct sn_finish *f, float *y, float *scratch);
/** dx [n][h][w][c] is overwritten. */
void sn_conv_input_gradient(const struct sn_conv_plan *p, const float *dy, size_t n,
			    const float *packed, float *dx, float *scratch);

/** Floats of a sum of weight gradients, with the bias's. */
size_t sn_conv_sum(const struct sn_conv_plan *p);
/** The n images' gradients, in their order, are added to the sum. */
void sn_conv_weight_gradient(const struct sn_conv_plan *p, const float *x, const float *dy,
			     size_t n, float *sum, float *scratch);
/** A sum, which is changed, -> weight [k][c][kh][kw] and bias [k] (NULL: none). */
void sn_conv_unpack(const struct sn_conv_plan *p, float *sum, float *weight, float *bias);

/** A linear layer y = W x + b: x [n][in], W [out][in] as it is, y [n][out]; any n. */
struct sn_linear {
	size_t in, out;
};

/** Floats of scratch memory. */
size_t sn_linear_scratch(const struct sn_linear *s, size_t n);
/** Outputs [from, to) of all n images; finish arrays are indexed from 0. */
void sn_linear_forward(const struct sn_linear *s, const float *x, size_t n, const float *weight,
		       const struct sn_finish *f, size_t from, size_t to, float *y, float *scratch);
/** Numbers [from, to) of dx [n][in], overwritten. */
void sn_linear_input_gradient(const struct sn_linear *s, const float *dy, size_t n,
			      const float *weight, size_t from, size_t to, float *dx);
/** A part of the weights: rows [from_out, to_out), of each the columns [from_in, to_in). */
struct sn_linear_tile {
	size_t from_out, to_out, from_in, to_in;
};
/** The tile's gradient, the n images' in order, is added to dw, which holds the tile alone. */
void sn_linear_weight_gradient(const struct sn_linear *s, const float *x, const float *dy, size_t n,
			       const struct sn_linear_tile *t, float *dw);

/** Who is given a gradient of weights, parts of its rows one after another. */
struct sn_linear_taker {
	/* Of row `out`, the columns [from, from + n); g is theirs until it returns, and so are
	 * these weights. */
	void (*take)(void *context, size_t out, size_t from, size_t n, const float *g);
	/* NULL, or tells that they will be given soon. */
	void (*ask)(void *context, size_t out, size_t from, size_t n);
	void *context;
};

/** Floats of scratch memory. */
size_t sn_linear_gradients_scratch(size_t n);
/** Columns [from, to) of both gradients.  That of the weights is a sum of the images in order, in
 * parts that n gives.  dx as above, or NULL: not wanted. */
void sn_linear_gradients(const struct sn_linear *s, const float *x, const float *dy, size_t n,
			 const float *weight, size_t from, size_t to, float *dx,
			 const struct sn_linear_taker *taker, float *scratch);

/** Numbers that a forward product multiplies in place of float; sums are float or exact. */
enum sn_precision {
	SN_FLOAT,
	SN_BF16, /* 8 bits of fraction, for x and weights */
	SN_INT8	 /* 256 steps over the range of an image's x, and of an output's weights */
};
extern const char *const sn_precision_names[]; /* "float", "bf16", "int8"; NULL at the end */

/** Does this processor multiply so (AVX512-BF16, AVX512-VNNI)?  SN_ISA holds here, too. */
bool sn_precision_runs(enum sn_precision p);
/** Do sums over the windows fit? */
bool sn_low_holds(const struct sn_conv *s, enum sn_precision p);
/** Do they, and is the forward pass faster so than in the plan's way? */
bool sn_low_pays(const struct sn_conv_plan *p, enum sn_precision precision);

/** Bytes of packed weights; packed like sn_conv_pack's, a panel a piece.  A linear layer is the
 * convolution of a picture of one pixel. */
size_t sn_low_packed(const struct sn_conv *s, enum sn_precision p);
size_t sn_low_pieces(const struct sn_conv *s);
void sn_low_pack(const struct sn_conv *s, enum sn_precision p, const float *weight,
		 const float *scale, void *packed, size_t piece);
/** Floats of scratch memory for n images. */
size_t sn_low_scratch(const struct sn_conv *s, enum sn_precision p, size_t n);
/** Panels [from, to) of sn_low_pieces of y, for any n. */
void sn_low_forward(const struct sn_conv *s, enum sn_precision p, const float *x, size_t n,
		    const void *packed, const struct sn_finish *f, size_t from, size_t to, float *y,
		    float *scratch);

/** The instruction set whose loops run: "x86-64-v4" ... "generic"; the environment's SN_ISA can ask
 * for a lesser one. */
const char *sn_kernel_isa(void);

#endif
