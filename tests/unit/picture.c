/* picture - pictures encoded for tests, by stb_image_write. */
#include <stdlib.h>
#include <string.h>
#include "picture.h"

/* the analyser takes rows for empty that never are */
#define STBIW_MALLOC(size) malloc((size) + 1)
#define STBIW_REALLOC realloc
#define STBIW_FREE free
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
/* the writer shifts signed numbers into their sign, which the sanitizer would stop */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("undefined"))), apply_to = function)
#include <stb_image_write.h>
#pragma clang attribute pop
#else
#pragma GCC push_options
#pragma GCC optimize("wrapv")
#include <stb_image_write.h>
#pragma GCC pop_options
#endif

static void write_part(void *context, void *data, int size)
{
	if (sn_buffer_add(context, data, (size_t)size) < 0)
		abort();
}

void encode_picture(struct sn_buffer *b, const char *ext, int w, int h, int c,
		    const uint8_t *pixels)
{
	if (w < 1 || h < 1 || c < 1)
		return;
	if (strcmp(ext, "png") == 0)
		stbi_write_png_to_func(write_part, b, w, h, c, pixels, w * c);
	else if (strcmp(ext, "jpg") == 0)
		stbi_write_jpg_to_func(write_part, b, w, h, c, pixels, 95);
	else if (strcmp(ext, "bmp") == 0)
		stbi_write_bmp_to_func(write_part, b, w, h, c, pixels);
	else if (strcmp(ext, "tga") == 0)
		stbi_write_tga_to_func(write_part, b, w, h, c, pixels);
}
