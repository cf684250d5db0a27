/*
 * make_png WIDTH HEIGHT CLASS VARIANT - a grey PNG on standard output: waves that belong to the
 * class, moved a little and with noise by the variant.
 */
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <sn/memory.h>
#include <sn/random.h>

static void put_number(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

/* length, type, data, sum of type and data */
static int write_chunk(const char *type, const uint8_t *data, size_t size)
{
	uint8_t length[4], sum[4];
	uLong crc = crc32(crc32(0, NULL, 0), (const Bytef *)type, 4);

	if (size > 0)
		crc = crc32(crc, data, (uInt)size);
	put_number(length, (uint32_t)size);
	put_number(sum, (uint32_t)crc);
	return fwrite(length, 4, 1, stdout) == 1 && fwrite(type, 4, 1, stdout) == 1 &&
	       fwrite(data, 1, size, stdout) == size && fwrite(sum, 4, 1, stdout) == 1;
}

static void draw(uint8_t *rows, size_t w, size_t h, uint64_t class, uint64_t variant)
{
	struct sn_random of_class = sn_random(class, SN_RANDOM_TEST, 0, 0);
	struct sn_random of_variant = sn_random(class, SN_RANDOM_TEST, 1, variant);
	double fx = 1 + 3 * sn_random_unit(&of_class), fy = 1 + 3 * sn_random_unit(&of_class);
	double turn = sn_random_unit(&of_class) + 0.1 * sn_random_unit(&of_variant);

	for (size_t y = 0; y < h; y++) {
		uint8_t *row = rows + y * (w + 1);

		row[0] = 0; /* no filter */
		for (size_t x = 0; x < w; x++) {
			double u = (double)x / (double)w, v = (double)y / (double)h;
			double g = 128 + 90 * sin(2 * M_PI * (fx * u + fy * v + turn)) +
				   12 * sn_random_normal(&of_variant);

			row[x + 1] = (uint8_t)fmax(0, fmin(255, g));
		}
	}
}

int main(int argc, char **argv)
{
	static const uint8_t signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
	uint8_t head[13] = { 0 };
	uint8_t *rows, *packed;
	size_t w, h, size;
	uLongf packed_size;
	int ok;

	if (argc != 5)
		return 2;
	w = strtoul(argv[1], NULL, 10);
	h = strtoul(argv[2], NULL, 10);
	if (w < 1 || h < 1 || w > 4096 || h > 4096)
		return 2;
	size = h * (w + 1);
	packed_size = compressBound(size);
	rows = sn_alloc(size, 1);
	packed = sn_alloc(packed_size, 1);
	if (!rows || !packed)
		return 1;
	draw(rows, w, h, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	put_number(head, (uint32_t)w);
	put_number(head + 4, (uint32_t)h);
	head[8] = 8; /* bits; colour type 0: grey */
	ok = compress(packed, &packed_size, rows, size) == Z_OK &&
	     fwrite(signature, sizeof signature, 1, stdout) == 1 &&
	     write_chunk("IHDR", head, sizeof head) && write_chunk("IDAT", packed, packed_size) &&
	     write_chunk("IEND", head, 0) && fclose(stdout) == 0;
	free(rows);
	free(packed);
	return !ok;
}
