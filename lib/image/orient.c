/* orient - which side of a photograph is up, by libexif, and turning it so. */
#include <stdlib.h>
#include <string.h>
#include <libexif/exif-data.h>
#include "private.h"

unsigned exif_orientation(struct sn_slice tiff)
{
	ExifData *exif;
	ExifEntry *entry;
	uint8_t *block;
	unsigned o = 1;

	if (tiff.size < 8 || tiff.size > 65536)
		return 1;
	block = malloc(6 + tiff.size);
	exif = exif_data_new();
	if (block && exif) {
		memcpy(block, "Exif\0\0", 6);
		memcpy(block + 6, tiff.data, tiff.size);
		exif_data_unset_option(exif, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
		exif_data_load_data(exif, block, (unsigned)(6 + tiff.size));
		entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
		if (entry && entry->format == EXIF_FORMAT_SHORT && entry->components >= 1 &&
		    entry->size >= 2)
			o = exif_get_short(entry->data, exif_data_get_byte_order(exif));
	}
	if (exif)
		exif_data_unref(exif);
	free(block);
	return o >= 1 && o <= 8 ? o : 1;
}

/*
 * The orientation says where the file's first row and column are seen: 1 top left, 2 top right, 3
 * bottom right, 4 bottom left, 5 left top, 6 right top, 7 right bottom, 8 left bottom (from 5 on
 * rows are columns).
 */
int orient(struct sn_image *image, unsigned orientation)
{
	static const struct {
		bool swap, right, bottom; /* the file's first row is a column; its first pixel is
					     seen there */
	} turn[9] = { { 0, 0, 0 }, { 0, 0, 0 }, { 0, 1, 0 }, { 0, 1, 1 }, { 0, 0, 1 },
		      { 1, 0, 0 }, { 1, 1, 0 }, { 1, 1, 1 }, { 1, 0, 1 } };
	size_t in_w = image->w, in_h = image->h, c = image->c, w, h;
	uint8_t *out;

	if (orientation < 2 || orientation > 8)
		return 0;
	w = turn[orientation].swap ? in_h : in_w;
	h = turn[orientation].swap ? in_w : in_h;
	out = malloc(w * h * c);
	if (!out)
		return sn_fail_memory();
	for (size_t y = 0; y < h; y++)
		for (size_t x = 0; x < w; x++) {
			size_t a = turn[orientation].right ? w - 1 - x : x;
			size_t b = turn[orientation].bottom ? h - 1 - y : y;
			size_t from = turn[orientation].swap ? a * in_w + b : b * in_w + a;

			memcpy(out + (y * w + x) * c, image->pixels + from * c, c);
		}
	free(image->pixels);
	image->pixels = out;
	image->w = w;
	image->h = h;
	return 0;
}
