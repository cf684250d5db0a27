/*
 * channels - pixels of any number of channels as rows of whole vectors.
 *
 * Many channels are a row: whole vectors and a last one that overlaps the one before it.  A few are
 * repeated until they fill whole vectors, and a row is several pixels.  What is left over, less
 * than a row, is whole vectors and a last one that overlaps or, of less than a vector, a copy.
 */
#ifndef SN_CHANNELS_H
#define SN_CHANNELS_H

#include "vector.h"
#ifdef __SSE2__
#include <immintrin.h>
#endif

enum { GROUP = 4 }; /* vectors that are worth a loop, or that registers hold the sums of */

/* Floats of a row of few channels, at most: < SN_LANES times as many, or 2 GROUP vectors. */
#define REPEATED 256

INLINE vector at(const float *p)
{
	return *(const unaligned *)p;
}

INLINE void put(float *p, vector x)
{
	*(unaligned *)p = x;
}

/* x where m, else y. */
INLINE vector chosen(mask m, vector x, vector y)
{
	return (vector)((m & (mask)x) | (~m & (mask)y));
}

/* Numbers of bytes.  gcc 12 takes them out one by one where it is not told. */
INLINE mask widened(const uint8_t *p)
{
#if SN_LANES == 16
	return (mask)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i_u *)p));
#elif SN_LANES == 8
	return (mask)_mm256_cvtepu8_epi32(_mm_loadu_si64(p));
#else
	int32_t line[SN_LANES];
	mask m;
	for (size_t l = 0; l < SN_LANES; l++)
		line[l] = p[l];
	memcpy(&m, line, sizeof m);
	return m;
#endif
}

/* Floats of a row. */
INLINE size_t row_width(size_t c)
{
	size_t width = c;
	if (c > SN_LANES && c % SN_LANES)
		return c;
	while (width % SN_LANES || width < GROUP * SN_LANES)
		width += c;
	return width;
}

/* One of [c] as a row: itself, or repeated in `memory`. */
INLINE const float *row_of(const float *x, size_t c, size_t width, float *memory)
{
	if (width == c || !x)
		return x;
	for (size_t i = 0; i < width; i += c)
		memcpy(memory + i, x, c * sizeof *x);
	return memory;
}

#endif
