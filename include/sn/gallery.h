/* gallery - a file of embeddings that are searched: checked once, then read where they lie. */
#ifndef SN_GALLERY_H
#define SN_GALLERY_H

#include <sn/model.h>
#include <sn/stream.h>

struct sn_gallery;

/**
 * All sections of a stream of embeddings as one set, numbered as sn-cat would.  A regular file is
 * mapped and kept out of our memory but for 40 bytes an item; what is none (a pipe) is read whole.
 * Items without x are counted and left out.
 * SN_EDATA for damage, pictures, embeddings of several lengths, and where there is none at all.
 */
SN_MUST_CHECK int sn_gallery_open(struct sn_gallery **g, const char *path);
void sn_gallery_close(struct sn_gallery *g); /* NULL is allowed */

const char *sn_gallery_name(const struct sn_gallery *g);
size_t sn_gallery_size(const struct sn_gallery *g);    /* embeddings, at least 1 */
size_t sn_gallery_dim(const struct sn_gallery *g);     /* numbers in each */
size_t sn_gallery_missing(const struct sn_gallery *g); /* items without x */
float sn_gallery_most(const struct sn_gallery *g);     /* the largest |x| */
/** What the header says of the model that made them. */
const struct sn_model_note *sn_gallery_note(const struct sn_gallery *g);

/** Where the numbers of an embedding lie: bytes, not aligned; memcpy from it. */
const void *sn_gallery_x(const struct sn_gallery *g, size_t index);

struct sn_gallery_item {
	uint64_t number;
	struct sn_slice key;   /* borrowed from the gallery */
	struct sn_slice label; /* data NULL: nil */
};
struct sn_gallery_item sn_gallery_item(const struct sn_gallery *g, size_t index);

#endif
