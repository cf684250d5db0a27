/* memory - checked sizes, allocation and a growing buffer. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sn/memory.h>

enum { ALIGNMENT = 64 }; /* a cache line, and the widest vector */
/* Large arrays lie in large pages where the system has them: weights that are read in columns would
 * miss in the table of small ones at every line. */
enum { SMALL_PAGE = 64 << 10, LARGE_PAGE = 2 << 20, LARGE = 2 * LARGE_PAGE };

bool sn_multiply(size_t *product, size_t a, size_t b)
{
	size_t p;

	if (__builtin_mul_overflow(a, b, &p))
		return false;
	*product = p;
	return true;
}

bool sn_product(size_t *product, const size_t *size, unsigned rank)
{
	size_t p = 1;
	bool zero = false;

	/* a size of 0 makes the product 0, however large the others are */
	for (unsigned i = 0; i < rank; i++)
		zero = zero || size[i] == 0;
	for (unsigned i = 0; i < rank && !zero; i++)
		if (!sn_multiply(&p, p, size[i]))
			return false;
	*product = zero ? 0 : p;
	return true;
}

void *sn_alloc_unset(size_t n, size_t size)
{
	size_t bytes, alignment = ALIGNMENT;
	void *p;

	if (!sn_multiply(&bytes, n, size) || bytes > PTRDIFF_MAX - LARGE_PAGE) {
		sn_fail_memory();
		return NULL;
	}
	if (bytes >= LARGE)
		alignment = LARGE_PAGE;
	/* nothing asked for is still a pointer of its own */
	bytes = bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
	if (posix_memalign(&p, alignment, bytes) != 0) {
		sn_fail_memory();
		return NULL;
	}
	if (alignment == LARGE_PAGE)
		madvise(p, bytes, MADV_HUGEPAGE); /* an advice: small pages do as well */
	return p;
}

void *sn_alloc(size_t n, size_t size)
{
	uint8_t *p = sn_alloc_unset(n, size);
	size_t bytes = n * size, zero = 0;

	if (!p)
		return NULL;
	/* pages that are given back are zero when they come again, which is when they are touched */
	if (bytes >= LARGE && madvise(p, bytes / SMALL_PAGE * SMALL_PAGE, MADV_DONTNEED) == 0)
		zero = bytes / SMALL_PAGE * SMALL_PAGE;
	memset(p + zero, 0, bytes - zero);
	return p;
}

int sn_grow(void *array, size_t *capacity, size_t need, size_t element)
{
	size_t want, bytes;
	void *p;

	if (need <= *capacity)
		return 0;
	want = *capacity <= SIZE_MAX / 3 * 2 ? *capacity + *capacity / 2 : need;
	if (want < need)
		want = need;
	if (!sn_multiply(&bytes, want, element) || bytes > PTRDIFF_MAX)
		return sn_fail_memory();
	/* the caller's pointer has a type of its own, so its bytes are copied */
	memcpy(&p, array, sizeof p);
	p = realloc(p, bytes ? bytes : 1);
	if (!p)
		return sn_fail_memory();
	memcpy(array, &p, sizeof p);
	*capacity = want;
	return 0;
}

int sn_buffer_reserve(struct sn_buffer *b, size_t more)
{
	size_t need;

	if (__builtin_add_overflow(b->size, more, &need))
		return sn_fail_memory();
	if (need > b->capacity && need < 256)
		need = 256;
	return sn_grow(&b->data, &b->capacity, need, 1);
}

int sn_buffer_add(struct sn_buffer *b, const void *data, size_t size)
{
	int st = sn_buffer_reserve(b, size);

	if (st < 0)
		return st;
	if (size)
		memcpy(b->data + b->size, data, size);
	b->size += size;
	return 0;
}

void sn_buffer_release(struct sn_buffer *b)
{
	free(b->data);
	*b = (struct sn_buffer){ 0 };
}
