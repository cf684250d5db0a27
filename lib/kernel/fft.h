/*
 * fft - tiles of pictures and their spectra: what fft.c asks of the loops in simd/fft.c and
 * simd/spectra.c.
 *
 * A tile of h x w real points has h w real degrees of freedom, and so has its spectrum: of every
 * frequency and its conjugate one is kept.  Spectra are in slots of two planes, a real and an
 * imaginary part; behind the complex frequencies come those that are real, two to a slot.  Which
 * frequency is where is known to the loops alone.
 */
#ifndef SN_FFT_H
#define SN_FFT_H

#include <stdbool.h>
#include <stddef.h>
#include <sn/kernel.h>

/** Sizes of transforms, two factors of each, and cycles for each point of a complex vector. */
#define SN_FFT_SIZES(EACH)                                                                         \
	EACH(8, 8, 1, 9)                                                                           \
	EACH(9, 9, 1, 11)                                                                          \
	EACH(10, 2, 5, 10)                                                                         \
	EACH(11, 11, 1, 13)                                                                        \
	EACH(12, 4, 3, 10)                                                                         \
	EACH(13, 13, 1, 17)                                                                        \
	EACH(14, 2, 7, 10)                                                                         \
	EACH(15, 3, 5, 10)                                                                         \
	EACH(16, 4, 4, 10)                                                                         \
	EACH(18, 2, 9, 13)                                                                         \
	EACH(20, 4, 5, 11)                                                                         \
	EACH(21, 3, 7, 12)                                                                         \
	EACH(22, 2, 11, 15)                                                                        \
	EACH(24, 8, 3, 11)                                                                         \
	EACH(25, 5, 5, 13)                                                                         \
	EACH(26, 2, 13, 18)                                                                        \
	EACH(28, 4, 7, 12)                                                                         \
	EACH(30, 6, 5, 11)                                                                         \
	EACH(32, 4, 8, 11)                                                                         \
	EACH(33, 3, 11, 18)                                                                        \
	EACH(35, 5, 7, 13)                                                                         \
	EACH(36, 4, 9, 15)
#define SN_FFT_MOST 36

/** A vector of channels of one tile, and its spectrum. */
struct sn_fft_tile {
	size_t h, w;
	/* The lines [top, bottom) and their points [left, right) are read or written; others count
	 * as 0, or are not wanted.  x, y: the first of them. */
	size_t top, bottom, left, right;
	const float *x;
	float *y;
	size_t line, point; /* floats from a line and from a point to the next */
	size_t n;	    /* channels, <= lanes */
	const float *end;   /* of the memory that x is in: behind n channels others may be read */

	float *spectrum;
	size_t slot, imaginary; /* floats from a slot to the next, from a real part to its other */

	/* Another spectrum, of one channel, NULL: none.  Its product with the conjugate of the
	 * tile's is added to the spectrum (forward), with that of the spectrum's is transformed
	 * (inverse). */
	const float *factor;
	size_t factor_slot, factor_imaginary;

	/* inverse: what is written is finished; NULL: multiplied by scale, it is added to y */
	const struct sn_finish *finish;
	float scale;
};

/** Spectra a of rows and b of columns, of one slot: y = a times the conjugate of b, summed over the
 * depth. */
struct sn_spectra {
	const float *a;
	size_t a_row, a_step, a_imaginary; /* floats from a row, a term, a real part to the next */
	const float *b;
	size_t b_step, b_imaginary;
	size_t rows, depth, n; /* n <= columns */
	float *y;
	size_t y_row, y_imaginary;
	bool real; /* the planes are real frequencies, each for itself */
	bool adds; /* to y */
};

struct sn_fft_loops {
	void (*forward)(const struct sn_fft_tile *t);
	void (*inverse)(const struct sn_fft_tile *t);
	/* a_step is 1 */
	void (*product)(const struct sn_spectra *s);
	/* a_row is 1 */
	void (*turned_product)(const struct sn_spectra *s);
};

#endif
