/* image - pictures as pixels: decoding, fitting, finding them on disk. */
#ifndef SN_IMAGE_H
#define SN_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/error.h>
#include <sn/memory.h>
#include <sn/stream.h>

#define SN_MAX_PICTURE (48u << 20) /* bytes of pixels; larger ones are reduced on loading */

/** Pixels u1 [h][w][c], c = 1 (grey) or 3 (RGB).  Owns `pixels`; zero-initialised is empty. */
struct sn_image {
	size_t w, h, c;
	uint8_t *pixels;
	struct { /* as it was on disk, for the item's `file` */
		uint64_t bytes;
		const char *type; /* "png", "jpeg", "bmp", "gif", "tga", "pnm", "idx"; static */
		size_t w, h;
	} file;
};
void sn_image_release(struct sn_image *image);

/** The picture's type by its first bytes (and, for TGA alone, its name); NULL where it is no
 * picture. */
const char *sn_image_type(const uint8_t *data, size_t size, const char *name);

/**
 * Decode PNG, JPEG, BMP, GIF (first frame), TGA, PNM P1-P7: EXIF orientation applied, 16 bit to 8,
 * alpha over white, pictures over SN_MAX_PICTURE reduced by the smallest whole factor (box mean;
 * *factor says which, 1: none). SN_EDATA with the reason.  Limits are checked before anything is
 * allocated.  Thread-safe.
 */
SN_MUST_CHECK int sn_image_decode(struct sn_image *image, unsigned *factor, const uint8_t *data,
				  size_t size, const char *name);

/** RGB -> grey: (299 R + 587 G + 114 B + 500) / 1000.  In place; grey stays. */
void sn_image_grey(struct sn_image *image);

enum sn_fit { SN_FIT_STRETCH, SN_FIT_PAD, SN_FIT_CROP };
extern const char *const sn_fit_names[]; /* "stretch", "pad", "crop", NULL */

/**
 * Bring pixels to w x h x c: stretch each axis, or keep the aspect and pad with `fill` or crop
 * evenly. Mean of areas when shrinking, bilinear when enlarging; grey <-> RGB as needed; the same
 * size is a copy to the byte. out  out  u1 [h][w][c], overwritten in   in   u1 [in_h][in_w][in_c]
 * A function of its arguments alone.  Thread-safe.
 */
SN_MUST_CHECK int sn_image_fit(uint8_t *out, size_t w, size_t h, size_t c, const uint8_t *in,
			       size_t in_w, size_t in_h, size_t in_c, enum sn_fit fit,
			       uint8_t fill);

/** What to load and how: sn-load's options, as sn-pair has them too. */
struct sn_load_options {
	size_t w, h; /* 0: as they are */
	enum sn_fit fit;
	uint8_t fill; /* of what SN_FIT_PAD adds: 255 is white */
	bool grey;
	const char *label;	/* "dir", "none" or a POSIX extended regular expression */
	const char *forged;	/* a regular expression, or NULL */
	bool strict;		/* stop at the first picture that cannot be decoded */
	const char *files_from; /* file of names, or NULL */
	bool null_separated;	/* in it: names end with 0 instead of newline */
	bool allow_empty;	/* a folder without pictures, or an empty list, is no error */
	bool name_skipped;	/* a note for every file in a folder that is no picture */
	unsigned threads;	/* 0: all processors */
};

struct sn_loader;

/**
 * Find the pictures of the operands (folders, pictures, IDX files) in order.
 *   operand  in  [operands] paths as typed; borrowed until close, as is *options
 * SN_EUSAGE for a bad regular expression, SN_EIO/SN_EDATA for an operand that cannot be read.
 */
SN_MUST_CHECK int sn_loader_open(struct sn_loader **l, const struct sn_load_options *options,
				 char *const *operand, size_t operands);
/** How many pictures there are (IDX files included), and how many files in folders were no
 * pictures. */
uint64_t sn_loader_count(const struct sn_loader *l);
uint64_t sn_loader_skipped(const struct sn_loader *l);
/**
 * The next item, in order, decoded in parallel.  Returns 1: *item is set, borrowed until the next
 * call; 0: no more; SN_EDATA or SN_EIO: this picture could not be read, the message names it, the
 * caller may go on (it is counted in sn_loader_failed); SN_ENOMEM ends it.
 */
SN_MUST_CHECK int sn_loader_next(struct sn_loader *l, struct sn_item *item);
uint64_t sn_loader_failed(const struct sn_loader *l);
void sn_loader_close(struct sn_loader *l); /* NULL is allowed */

#endif
