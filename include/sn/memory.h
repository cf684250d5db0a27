/* memory - checked sizes, allocation and a growing buffer. */
#ifndef SN_MEMORY_H
#define SN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/error.h>

/** A run of bytes that belongs to somebody else. */
struct sn_slice {
	const uint8_t *data;
	size_t size;
};

/** a * b into *product; false, and *product untouched, where it does not fit a size_t. */
SN_MUST_CHECK bool sn_multiply(size_t *product, size_t a, size_t b);

/** Product of `rank` sizes (1 for rank 0); false where it does not fit. */
SN_MUST_CHECK bool sn_product(size_t *product, const size_t *size, unsigned rank);

/** n * size zeroed bytes, aligned to 64; NULL (and a message) if there are none.  free() ends it.
 */
SN_MUST_CHECK void *sn_alloc(size_t n, size_t size);
/** The same with undefined contents: what is not written takes no memory. */
SN_MUST_CHECK void *sn_alloc_unset(size_t n, size_t size);

/**
 * Make room for at least `need` elements in the array *array of *capacity elements, growing
 * by halves; old contents stay.  Returns 0, or SN_ENOMEM with array and capacity untouched.
 */
SN_MUST_CHECK int sn_grow(void *array /* T ** */, size_t *capacity, size_t need, size_t element);

/** Bytes that grow at the end.  Zero-initialised is empty; owns `data`. */
struct sn_buffer {
	uint8_t *data;
	size_t size, capacity;
};
SN_MUST_CHECK int sn_buffer_add(struct sn_buffer *b, const void *data, size_t size);
SN_MUST_CHECK int sn_buffer_reserve(struct sn_buffer *b, size_t more);
void sn_buffer_release(struct sn_buffer *b);

#endif
