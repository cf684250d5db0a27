/* picture - pictures encoded for tests. */
#ifndef PICTURE_H
#define PICTURE_H

#include <sn/memory.h>

/* Append a file of the kind that ext names ("png", "jpg", "bmp", "tga") to b; nothing where it
 * names none. */
void encode_picture(struct sn_buffer *b, const char *ext, int w, int h, int c,
		    const uint8_t *pixels);

#endif
