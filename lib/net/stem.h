/*
 * stem - in training, a network's first convolution, the batch norm behind it, and then the relu
 * and maxpool, as one.  Private to lib/net.
 *
 * Of windows of few numbers: what such a convolution gives is much larger than what it takes, and
 * little work.  It is never kept, and hardly ever made.
 */
#ifndef SN_STEM_H
#define SN_STEM_H

#include "../kernel/sweeps.h"
#include "layer.h"

struct sn_stem {
	const struct sn_layer *norm; /* NULL: there is none */
	bool relu, pooled;
	struct sn_conv shape;
	struct sn_conv_plan band; /* lines of a row of the pool's windows */
	struct sn_window window;  /* the pool's, or each pixel */
	size_t length;		  /* numbers of a window of the convolution */
	int32_t offset[SN_PATCH];
};

/* Does the convolution l, the kernel's s, become one with the norm, next?  Then its relu and its
 * maxpool can follow. */
bool sn_stem_begins(struct sn_stem *m, const struct sn_layer *l, const struct sn_conv *s,
		    const struct sn_layer *next);
bool sn_stem_follows(struct sn_stem *m, const struct sn_layer *next);

size_t sn_stem_memory(const struct sn_stem *m, size_t n, size_t block);
/* Floats of the scratch memory of those below. */
size_t sn_stem_scratch(const struct sn_stem *m);

void sn_stem_gather(const struct sn_stem *m, const struct sn_call *c, float *scratch);
int sn_stem_join(const struct sn_stem *m, const struct sn_layer *l, const struct sn_batch *b,
		 void *memory);
void sn_stem_forward(const struct sn_stem *m, const struct sn_call *c, float *scratch);
void sn_stem_back_gather(const struct sn_stem *m, const struct sn_call *c, float *scratch);
void sn_stem_back_join(const struct sn_stem *m, const struct sn_layer *l, const struct sn_batch *b,
		       void *memory);
/* For the gradient of the network's input: room for what the convolution gives for an image; and
 * from that the gradient of it, for image i of the call. */
float *sn_stem_given(const struct sn_stem *m, float *scratch);
const float *sn_stem_gradient(const struct sn_stem *m, const struct sn_call *c, size_t i,
			      float *scratch);

#endif
