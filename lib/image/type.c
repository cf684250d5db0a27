/* type - what a file is by its first bytes. */
#include <string.h>
#include <strings.h>
#include "private.h"

static bool begins(const uint8_t *data, size_t size, const char *magic, size_t n)
{
	return size >= n && memcmp(data, magic, n) == 0;
}

static bool bmp_looks(const uint8_t *data, size_t size)
{
	uint32_t header;

	if (!begins(data, size, "BM", 2) || size < 18)
		return false;
	header = le32(data + 14);
	return header >= 12 && header <= 124;
}

const char *foreign_type(const uint8_t *data, size_t size)
{
	static const struct {
		size_t at, n;
		const char *magic, *type;
	} known[] = {
		{ 0, 4, "II*\0", "TIFF" },
		{ 0, 4, "MM\0*", "TIFF" },
		{ 8, 4, "WEBP", "WebP" },
		{ 4, 8, "ftypavif", "AVIF" },
		{ 4, 7, "ftyphei", "HEIF" },
		{ 4, 8, "ftypmif1", "HEIF" },
		{ 0, 8, "\0\0\0\x0cjP  ", "JPEG 2000" },
		{ 0, 8, "\0\0\0\x0cJXL ", "JPEG XL" },
		{ 0, 2, "\xff\x0a", "JPEG XL" },
		{ 0, 4, "8BPS", "PSD" },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (size >= known[i].at &&
		    begins(data + known[i].at, size - known[i].at, known[i].magic, known[i].n))
			return known[i].type;
	return NULL;
}

/* A TGA file has no mark of its own at its beginning: only a name and fields that make sense tell.
 */
static bool tga_looks(const uint8_t *data, size_t size, const char *name)
{
	const char *dot = name ? strrchr(name, '.') : NULL;

	if (!dot || strcasecmp(dot, ".tga") != 0 || size < 18 || data[1] > 1)
		return false;
	switch (data[2]) {
	case 1:
	case 9:
		return data[1] == 1;
	case 2:
	case 3:
	case 10:
	case 11:
		return true;
	}
	return false;
}

const char *sn_image_type(const uint8_t *data, size_t size, const char *name)
{
	if (begins(data, size, "\x89PNG\r\n\x1a\n", 8))
		return "png";
	if (begins(data, size, "\xff\xd8\xff", 3))
		return "jpeg";
	if (begins(data, size, "GIF87a", 6) || begins(data, size, "GIF89a", 6))
		return "gif";
	if (bmp_looks(data, size))
		return "bmp";
	if (pnm_looks(data, size))
		return "pnm";
	if (tga_looks(data, size, name))
		return "tga";
	return NULL;
}
