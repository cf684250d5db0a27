/* pass - running a network's layers over images: memory of the threads.  Private to lib/net. */
#ifndef SN_PASS_H
#define SN_PASS_H

#include "layer.h"

/* The memory in which one thread works. */
struct sn_bench {
	float *scratch;	 /* of a layer */
	float *image[2]; /* activations or gradients between two layers of one turn */
	float *block[2]; /* the same of a block, between layers of different turns */
	float *held;	 /* outputs of a block that a later layer reads: each at its `place` */
};

struct sn_benches {
	unsigned threads;
	size_t scratch, image, block, held; /* floats of each */
	float *whole;			    /* of all images, between segments of an embedding */
	size_t whole_size;
	struct sn_bench bench[];
};

SN_MUST_CHECK int sn_benches_new(struct sn_benches **b, const struct sn_net *net, unsigned threads,
				 bool training, size_t most);
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
 * Layers [from, to) for the images [first, first + n) of a block; what layer `from` reads is kept,
 * or the network's input.  Where gather < layers, that layer, which reads the last of them, gathers
 * what comes out.
 */
void sn_walk_forward(const struct sn_walk *w, size_t from, size_t to, size_t gather, size_t first,
		     size_t n, unsigned thread);

/* The end of the layers that go together from `from` on: a wide layer and what it absorbs, or those
 * up to the next wide one. */
size_t sn_segment_end(const struct sn_net *net, size_t from, bool training);

/* A pass of the wide layer k, by all threads.  *fine, unless NULL: its gradient is finite. */
SN_MUST_CHECK int sn_wide_run(const struct sn_net *net, size_t k, enum sn_wide_pass pass,
			      const struct sn_wide *w, const struct sn_benches *benches,
			      struct sn_pool *pool, bool *fine);

/* SN_ENAN after a pass that gave a number that is not finite: finds the layer. */
int sn_walk_blame(const struct sn_walk *w);

#endif
