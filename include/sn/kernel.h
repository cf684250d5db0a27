/*
 * kernel - the fast arithmetic: convolution and linear layers, forward and both gradients.
 *
 * Activations are channels-last.  Weights come in PyTorch's order and are packed once after every
 * change; what packed weights look like is the kernel's own business.  No function allocates:
 * scratch memory is the caller's, one piece per thread.  All are thread-safe on different outputs.
 *
 * Exactness: what comes out for an image depends on that image and the weights alone, to the last
 * bit: not on its neighbours, its place among them, or the thread.
 */
#ifndef SN_KERNEL_H
#define SN_KERNEL_H

#include <stddef.h>

/** A convolution of one image: x [h][w][c], y [oh][ow][k], zero padding on all sides. */
struct sn_conv {
	size_t h, w, c;
	size_t oh, ow, k;
	size_t kh, kw, stride, pad;
};

/** Floats of scratch memory that each function below may use. */
size_t sn_conv_scratch(const struct sn_conv *s);
/** Floats of packed weights, and of a weight gradient's sum (both with the bias's). */
size_t sn_conv_packed(const struct sn_conv *s);
size_t sn_conv_sum(const struct sn_conv *s);

/** weight [k][c][kh][kw] and bias [k] (NULL: none) -> packed. */
void sn_conv_pack(const struct sn_conv *s, const float *weight, const float *bias, float *packed);
/** A sum -> weight [k][c][kh][kw] and bias [k] (NULL: none). */
void sn_conv_unpack(const struct sn_conv *s, const float *sum, float *weight, float *bias);

void sn_conv_forward(const struct sn_conv *s, const float *x, const float *packed, float *y,
		     float *scratch);
/** dx [h][w][c] is overwritten. */
void sn_conv_input_gradient(const struct sn_conv *s, const float *dy, const float *packed,
			    float *dx, float *scratch);
/** The image's gradient is added to the sum. */
void sn_conv_weight_gradient(const struct sn_conv *s, const float *x, const float *dy, float *sum,
			     float *scratch);

/** Images that a linear layer takes at a time at most. */
#define SN_LINEAR_ROWS 8

/** A linear layer y = W x + b: x [n][in], W [out][in], y [n][out], n <= SN_LINEAR_ROWS. */
struct sn_linear {
	size_t in, out;
};

size_t sn_linear_packed(const struct sn_linear *s);
/** weight [out][in] -> packed. */
void sn_linear_pack(const struct sn_linear *s, const float *weight, float *packed);

/** bias [out], NULL: none. */
void sn_linear_forward(const struct sn_linear *s, const float *x, size_t n, const float *packed,
		       const float *bias, float *y);
/** weight in PyTorch's order; dx [n][in] is overwritten. */
void sn_linear_input_gradient(const struct sn_linear *s, const float *dy, size_t n,
			      const float *weight, float *dx);
/** Rows [from, to) of the gradient, summed over the n images: dw [to - from][in] is overwritten. */
void sn_linear_weight_gradient(const struct sn_linear *s, const float *x, const float *dy, size_t n,
			       size_t from, size_t to, float *dw);

/** The instruction set whose loops run: "x86-64-v4" ... "generic"; the environment's SN_ISA can ask
 * for a lesser one. */
const char *sn_kernel_isa(void);

#endif
