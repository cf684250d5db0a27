/* pass - running a network's layers over images: memory of the threads.  Private to lib/net. */
#ifndef SN_PASS_H
#define SN_PASS_H

#include "layer.h"

/* The memory in which one thread works. */
struct sn_bench {
	float *scratch;	 /* of a layer */
	float *image[2]; /* activations or gradients of an image between two layers */
	float *block[2]; /* the same of a block */
	float *held;	 /* outputs of a block that a later layer reads: each at its `place` */
};

struct sn_benches {
	unsigned threads;
	size_t scratch, image, block, held; /* floats of each */
	struct sn_bench bench[];
};

SN_MUST_CHECK int sn_benches_new(struct sn_benches **b, const struct sn_net *net, unsigned threads);
void sn_benches_free(struct sn_benches *b); /* NULL is allowed */

/* A pass: layers, and where their outputs go. */
struct sn_walk {
	const struct sn_net *net;
	const struct sn_batch *batch;
	const float *x;	     /* [batch n][in] the network's input */
	float *const *out;   /* [layers] [batch n][out]; NULL: not kept */
	void *const *memory; /* [layers]; NULL in evaluation */
	const struct sn_benches *benches;
};

/*
 * Layers [from, to) for the images [first, first + n), n <= SN_BLOCK; what layer `from` reads is
 * kept, or the network's input.
 */
void sn_walk_forward(const struct sn_walk *w, size_t from, size_t to, size_t first, size_t n,
		     unsigned thread);

/* All n numbers are finite. */
bool sn_all_finite(const float *x, size_t n);
/* SN_ENAN after a pass that gave a number that is not finite: finds the layer. */
int sn_walk_blame(const struct sn_walk *w);

#endif
