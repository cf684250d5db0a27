/*
 * make_picture FILE.EXT W H C VALUE: a W x H picture of C samples a pixel, all VALUE; EXT is png,
 * jpg, bmp or tga.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "picture.h"

int main(int argc, char **argv)
{
	struct sn_buffer b = { 0 };
	uint8_t *pixels;
	const char *dot;
	int w, h, c;
	FILE *f;

	if (argc != 6)
		return 2;
	w = atoi(argv[2]);
	h = atoi(argv[3]);
	c = atoi(argv[4]);
	dot = strrchr(argv[1], '.');
	pixels = sn_alloc((size_t)w * (size_t)h, (size_t)c);
	f = fopen(argv[1], "wb");
	if (!pixels || !dot || !f)
		return 1;
	memset(pixels, atoi(argv[5]), (size_t)w * (size_t)h * (size_t)c);
	encode_picture(&b, dot + 1, w, h, c, pixels);
	free(pixels);
	if (b.size == 0 || fwrite(b.data, 1, b.size, f) != b.size)
		return 1;
	sn_buffer_release(&b);
	return fclose(f) != 0;
}
