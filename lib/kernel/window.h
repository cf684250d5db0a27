/*
 * window - rows of windows read in place, without lowering.  Private to lib/kernel.
 *
 * Channels-last, with a border of zeros where there is padding, every row of a window is one run
 * of kw c floats: an output pixel is kh runs times a packed panel of weights.
 */
#ifndef SN_WINDOW_H
#define SN_WINDOW_H

#include "way.h"

enum {
	SN_WINDOW_TAPS = 4096, /* numbers of a window whose places are listed */
	SN_WINDOW_LINE = 5     /* pixels of a block of a line that are worth it */
};

/* Pictures with their borders: floats from one line, and pixel, to the next. */
struct sn_field {
	const float *x;
	size_t image, row, point;
};

/* Floats of n pictures with borders; 0 where there is none. */
size_t sn_bordered_size(const struct sn_conv *s, size_t n);
/* The pictures themselves, or copies of them in memory with borders of zeros. */
struct sn_field sn_bordered(const struct sn_conv *s, const float *x, size_t n, float *memory);

/*
 * Every output pixel [n][h][w][k] as kh runs of `length` floats times the panels, which are
 * [ceil(k / columns)][kh * length][columns]: all pixels for one panel, which stays in the cache.
 */
void sn_windows(struct sn_field f, size_t n, size_t stride, size_t kh, size_t length,
		const float *panels, const struct sn_finish *finish, float *y, size_t h, size_t w,
		size_t k);

/* A finish whose arrays begin with column `from`. */
struct sn_finish sn_finish_from(const struct sn_finish *f, size_t from);

#endif
