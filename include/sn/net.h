/*
 * net - a twin network: layers from a text, parameters, embedding, gradients.
 *
 * The text is sn-net(5).  Activations are x [n][h][w][c] float, channels last; an embedding is [d].
 */
#ifndef SN_NET_H
#define SN_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/distance.h>
#include <sn/error.h>
#include <sn/kernel.h>
#include <sn/stream.h>
#include <sn/threads.h>

struct sn_shape {
	size_t h, w, c;
};

struct sn_net;

/**
 * A network of the text; its parameters have no values yet.
 * SN_EDATA names the line and what was wanted there:
 * "line 7: unknown layer 'convv'; there are ..."
 */
SN_MUST_CHECK int sn_net_parse(struct sn_net **net, const char *text);
void sn_net_free(struct sn_net *net); /* NULL is allowed */

/** The text that it was made of; borrowed. */
const char *sn_net_text(const struct sn_net *net);
struct sn_shape sn_net_input(const struct sn_net *net);
/** Numbers in an embedding. */
size_t sn_net_dim(const struct sn_net *net);
/** Does an image's embedding in training depend on chance or its batch (dropout, batch norm)? */
bool sn_net_is_stochastic(const struct sn_net *net);
/**
 * The range of the embedding's numbers, [-inf, inf] where unbounded, and whether the embedding's
 * norm is 1: for the margin's check.
 */
void sn_net_range(const struct sn_net *net, float *least, float *most, bool *unit);

/** A row of the listing of sn-init --show. */
struct sn_layer_info {
	const char *name, *kind; /* borrowed */
	struct sn_shape out;
	size_t parameters;	/* trained ones and buffers */
	uint64_t multiply_adds; /* per image */
	/* of a convolution, the ways that compute its forward pass, its input gradient and its
	 * weight gradient; otherwise NULL */
	const char *way[3];
};
size_t sn_net_layers(const struct sn_net *net);
struct sn_layer_info sn_net_layer(const struct sn_net *net, size_t i);

/** A named tensor of the network, PyTorch's names and layouts.  Owned by the network. */
struct sn_param {
	const char *name; /* "conv1.weight" */
	unsigned rank;
	size_t shape[SN_MAX_RANK];
	size_t count;
	float *value; /* [count] */
	/*
	 * [count], written by sn_tape_backward, memory only once it is written to; NULL: a buffer
	 * (running_mean, running_var).
	 */
	float *grad;
	bool decay; /* weight decay applies: true for weights, false for biases and norms */
	bool wide;  /* of so many numbers that sn_tape_descend moves them */
};
size_t sn_net_params(const struct sn_net *net);
struct sn_param *sn_net_param(struct sn_net *net, size_t i);
/**
 * Let a parameter that is no layer's (the head of a distance) be trained with the network's: it
 * comes after them, and stays the caller's.  Until sn_net_return, which takes back all that were
 * lent; a network is written and read without them.
 */
SN_MUST_CHECK int sn_net_lend(struct sn_net *net, struct sn_param *param);
void sn_net_return(struct sn_net *net);
/** After values were changed from outside, before the next pass: packed copies are made anew. */
SN_MUST_CHECK int sn_net_changed(struct sn_net *net);

/** Fresh weights as the network's text says, from the seed. */
SN_MUST_CHECK int sn_net_init(struct sn_net *net, uint64_t seed);

/**
 * Embeddings in evaluation mode.  Each is a function of its image and the parameters alone, to the
 * last bit: not of n, its place, or the pool.
 *   x  in   [n][h][w][c]
 *   y  out  [n][dim]
 * SN_ENAN names the layer where a value is not finite.  Several threads may embed by one network,
 * each with a pool of its own.
 */
SN_MUST_CHECK int sn_net_embed(struct sn_net *net, struct sn_pool *pool, const float *x, size_t n,
			       float *y);

/**
 * Seconds that the passes spend in each layer, with those whose work it does, from now on added to
 *   forward   [layers], by the layer's number
 *   backward  [layers], of training
 * NULL: no more.  For measuring, with passes by one thread alone.
 */
void sn_net_time(struct sn_net *net, double *forward, double *backward);

/**
 * Embed in reduced precision from now on, where that is faster: products of bf16 or int8 numbers in
 * convolutions and linear layers.  Embeddings differ by about 0.5 % (bf16) and 2 % (int8) of their
 * norm; each is still a function of its image and the parameters alone.  Training is not touched.
 * SN_EUSAGE: this processor has no such instructions.
 */
SN_MUST_CHECK int sn_net_set_precision(struct sn_net *net, enum sn_precision precision);

/** Activations of one training batch, kept for its gradient. */
struct sn_tape;
/** For batches of at most n images. Borrows net and pool. */
SN_MUST_CHECK int sn_tape_new(struct sn_tape **tape, struct sn_net *net, struct sn_pool *pool,
			      size_t n);
void sn_tape_free(struct sn_tape *tape); /* NULL is allowed */
/**
 * Training mode: batch norm uses the batch's statistics (and moves its running ones), dropout
 * drops.  Without such layers y equals sn_net_embed's to the last bit.
 *   x     in   [n][h][w][c]; borrowed until sn_tape_backward
 *   item  in   [n] item numbers: dropout's masks are a function of seed, step, item, layer
 *   y     out  [n][dim]
 * SN_ENAN names the layer where a value is not finite.
 */
SN_MUST_CHECK int sn_tape_forward(struct sn_tape *tape, const float *x, size_t n,
				  const uint64_t *item, uint64_t seed, uint64_t step, float *y);
/**
 * Gradients of every parameter for dL/dy, overwritten (not added to).  The sum over images has a
 * fixed shape: blocks of images in order, joined by a binary tree; the same bytes for any pool.
 *   dy  in   [n][dim]
 *   dx  out  [n][h][w][c] dL/dx, or NULL
 * SN_ENAN names the layer where a gradient is not finite.
 */
SN_MUST_CHECK int sn_tape_backward(struct sn_tape *tape, const float *dy, float *dx);

/** What moves wide parameters while their gradients come, a part at a time, by any threads. */
struct sn_descent {
	/* Numbers [from, from + n) of parameter i by their gradient. */
	void (*move)(void *context, size_t i, size_t from, size_t n, const float *g);
	/* They will be moved soon. */
	void (*ask)(void *context, size_t i, size_t from, size_t n);
	void *context;
};
/**
 * sn_tape_backward for who moves the parameters anyhow: gradients of wide ones are not written to
 * memory, which takes longer than moving them, but given to `descent`.  After SN_ENAN some may have
 * been moved.
 */
SN_MUST_CHECK int sn_tape_descend(struct sn_tape *tape, const float *dy,
				  const struct sn_descent *descent);

/** The presets: name, text, and what their authors measured and trained with; NULL-terminated by
 * name. */
struct sn_preset {
	const char *name, *summary, *text;
	enum sn_distance distance;
	double margin;
};
extern const struct sn_preset sn_presets[];
const struct sn_preset *sn_preset_find(const char *name); /* NULL where there is none */

#endif
