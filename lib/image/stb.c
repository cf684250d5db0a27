/* stb - stb_image, kept private, behind a budget of memory. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "private.h"

/*
 * What stb_image may have while it decodes one picture.  A few bytes can unpack to gigabytes, and
 * it leaves parts of damaged pictures unwritten: so its memory is counted, and zeroed, to make the
 * result a function of the file alone.
 */
static _Thread_local struct {
	size_t most, used;
	bool exceeded;
} budget;

#define LARGE ((size_t)4 << 20) /* bytes from which on sn_alloc zeroes at less cost */

static void budget_free(void *p)
{
	if (!p)
		return;
	budget.used -= malloc_usable_size(p);
	free(p);
}

static void *budget_malloc(size_t size)
{
	void *p;

	if (size > budget.most || budget.used > budget.most - size) {
		budget.exceeded = true;
		return NULL;
	}
	p = size < LARGE ? calloc(1, size) : sn_alloc(size, 1);
	if (p)
		budget.used += malloc_usable_size(p);
	return p;
}

static void *budget_realloc(void *p, size_t old, size_t size)
{
	void *q = budget_malloc(size);

	if (q && p) {
		memcpy(q, p, old < size ? old : size);
		budget_free(p);
	}
	return q;
}

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_GIF
#define STBI_ONLY_TGA
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS (1 << 20) /* MAX_SIDE */
#define STBI_ASSERT(x) ((void)0)      /* input must not end the program */
#define STBI_MALLOC budget_malloc
#define STBI_FREE budget_free
#define STBI_REALLOC(p, size) budget_realloc(p, 0, size)
#define STBI_REALLOC_SIZED budget_realloc
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wstringop-overflow" /* false, at -O3 */
#endif
#include <stb_image.h>

int stb_read(struct raw *raw, const struct outline *o, const uint8_t *data)
{
	const uint8_t *in = o->rewritten.size ? o->rewritten.data : data;
	size_t size = o->rewritten.size ? o->rewritten.size : o->size;
	void *samples;
	int w, h, c;

	if (size > INT_MAX)
		return sn_fail(SN_EDATA, "%zu bytes are too many", size);
	/* the most that any decoder needs: all samples of 16 bits in three copies, one of them
	 * grown by doubling */
	budget.used = 0;
	budget.most = ((size_t)1 << 20) + 4 * size + 40 * (o->w + 64) * (o->h + 64);
	budget.exceeded = false;
	if (o->bits == 16)
		samples = stbi_load_16_from_memory(in, (int)size, &w, &h, &c, 0);
	else
		samples = stbi_load_from_memory(in, (int)size, &w, &h, &c, 0);
	if (!samples) {
		const char *why = stbi_failure_reason();

		if (budget.exceeded)
			return sn_fail(SN_EDATA, "it unpacks to more than its %zux%zu pixels", o->w,
				       o->h);
		if (why && strcmp(why, "outofmem") == 0)
			return sn_fail_memory();
		return sn_fail(SN_EDATA, "%s", why ? why : "damaged");
	}
	if (w < 1 || h < 1 || c < 1 || c > 4 || (size_t)w != o->w || (size_t)h != o->h) {
		stbi_image_free(samples);
		return sn_fail(SN_EDATA, "its size is told in two ways");
	}
	/* the budget's memory is malloc's, so the samples are raw's as they are */
	*raw = (struct raw){ (size_t)w, (size_t)h, (size_t)c, o->bits == 16 ? 65535 : 255,
			     samples };
	return 0;
}
