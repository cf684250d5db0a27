/* decode - bytes of a picture file -> pixels: the types, alpha, depth and size made one. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "private.h"

/*
 * Large pictures take turns, so that many threads do not need many times the memory: at most
 * TOGETHER pixels are being decoded at a time in the whole process, or one picture alone.
 */
#define TOGETHER ((size_t)1 << 27)
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_open = PTHREAD_COND_INITIALIZER;
static size_t gate_pixels;

static void gate_enter(size_t pixels)
{
	pthread_mutex_lock(&gate_lock);
	while (gate_pixels > 0 && (pixels > TOGETHER || gate_pixels > TOGETHER - pixels))
		pthread_cond_wait(&gate_open, &gate_lock);
	gate_pixels += pixels;
	pthread_mutex_unlock(&gate_lock);
}

static void gate_leave(size_t pixels)
{
	pthread_mutex_lock(&gate_lock);
	gate_pixels -= pixels;
	pthread_cond_broadcast(&gate_open);
	pthread_mutex_unlock(&gate_lock);
}

/* ---- samples to pixels ---------------------------------------------------------------- */

static unsigned sample(const struct raw *raw, size_t i)
{
	return raw->max > 255 ? ((const uint16_t *)raw->data)[i] : ((const uint8_t *)raw->data)[i];
}

/* Row y as 8 bit, alpha over white, rounded once. */
static void row_pixels(uint8_t *out, const struct raw *raw, size_t y)
{
	size_t c = raw->c, colours = c >= 3 ? 3 : 1;
	size_t at = y * raw->w * c;
	uint64_t max = raw->max;

	if (c == colours && max == 255) {
		memcpy(out, (const uint8_t *)raw->data + at, raw->w * c);
		return;
	}
	for (size_t x = 0; x < raw->w; x++, at += c)
		for (size_t k = 0; k < colours; k++) {
			uint64_t v = sample(raw, at + k);

			if (c == colours) {
				*out++ = (uint8_t)((v * 255 + max / 2) / max);
			} else {
				uint64_t alpha = sample(raw, at + colours);

				v = v * alpha + max * (max - alpha);
				*out++ = (uint8_t)((v * 255 + max * max / 2) / (max * max));
			}
		}
}

/* The smallest whole factor that brings the pixels under SN_MAX_PICTURE. */
static unsigned reduction(size_t w, size_t h, size_t c)
{
	unsigned f = 1;

	while (((w + f - 1) / f) * ((h + f - 1) / f) * c > SN_MAX_PICTURE)
		f++;
	return f;
}

/* Pixels of raw, which may keep its samples or give them away; where f > 1 means of boxes of f x f,
 * smaller ones at the right and lower edge. */
static int finish(struct sn_image *image, struct raw *raw, unsigned f)
{
	size_t c = raw->c >= 3 ? 3 : 1, w = (raw->w + f - 1) / f, h = (raw->h + f - 1) / f;
	uint8_t *row = NULL;
	uint32_t *sum = NULL;
	int st = 0;

	image->w = w;
	image->h = h;
	image->c = c;
	if (f == 1 && raw->c == c && raw->max == 255) {
		image->pixels = raw->data;
		raw->data = NULL;
		return 0;
	}
	image->pixels = malloc(w * h * c);
	if (!image->pixels)
		return sn_fail_memory();
	if (f == 1) {
		for (size_t y = 0; y < h; y++)
			row_pixels(image->pixels + y * w * c, raw, y);
		return 0;
	}
	row = malloc(raw->w * c);
	sum = malloc(w * c * sizeof *sum);
	if (!row || !sum) {
		st = sn_fail_memory();
		goto out;
	}
	for (size_t y = 0; y * f < raw->h; y++) {
		size_t rows = raw->h - y * f < f ? raw->h - y * f : f;

		memset(sum, 0, w * c * sizeof *sum);
		for (size_t j = 0; j < rows; j++) {
			row_pixels(row, raw, y * f + j);
			for (size_t x = 0; x < raw->w; x++)
				for (size_t k = 0; k < c; k++)
					sum[x / f * c + k] += row[x * c + k];
		}
		for (size_t x = 0; x * f < raw->w; x++) {
			size_t n = rows * (raw->w - x * f < f ? raw->w - x * f : f);

			for (size_t k = 0; k < c; k++)
				image->pixels[(y * w + x) * c + k] =
					(uint8_t)((sum[x * c + k] + n / 2) / n);
		}
	}
out:
	free(row);
	free(sum);
	return st;
}

void sn_image_release(struct sn_image *image)
{
	free(image->pixels);
	memset(image, 0, sizeof *image);
}

/* Rows that run from right to left, as TGA may have them. */
static void mirror(struct raw *raw)
{
	uint8_t *data = raw->data;
	size_t c = raw->c;

	for (size_t y = 0; y < raw->h; y++)
		for (size_t a = y * raw->w, b = a + raw->w - 1; a < b; a++, b--)
			for (size_t k = 0; k < c; k++) {
				uint8_t t = data[a * c + k];

				data[a * c + k] = data[b * c + k];
				data[b * c + k] = t;
			}
}

static void make_opaque(struct raw *raw)
{
	uint8_t *data = raw->data;

	if (raw->c % 2 == 0)
		for (size_t i = raw->c - 1; i < raw->w * raw->h * raw->c; i += raw->c)
			data[i] = 255;
}

/* Why bytes are no picture. */
static int no_picture(const uint8_t *data, size_t size)
{
	const char *type = foreign_type(data, size);

	if (size == 0)
		return sn_fail(SN_EDATA, "the file is empty");
	if (type)
		return sn_fail(SN_EDATA, "%s is not supported: convert it to PNG", type);
	if (size >= 4 && memcmp(data, "\0\0\x08", 3) == 0)
		return sn_fail(SN_EDATA, data[3] == 3 || data[3] == 4
						 ? "an IDX file is only read from disk, by its name"
						 : "an IDX file of labels, not of pictures");
	if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b)
		return sn_fail(SN_EDATA,
			       "it is compressed, which only IDX files of pictures on disk may be");
	if (size >= 4 && (data[0] & 0xf0) == 0x80 && memcmp(data + 1, "\xa2sn", 3) == 0)
		return sn_fail(SN_EDATA, "an sn stream, which is loaded already; see sn-cat -t");
	return sn_fail(SN_EDATA, "its first bytes are no picture's");
}

int sn_image_decode(struct sn_image *image, unsigned *factor, const uint8_t *data, size_t size,
		    const char *name)
{
	const char *type = sn_image_type(data, size, name);
	struct outline outline = { 0 };
	struct raw raw = { 0 };
	size_t entered = 0;
	int st;

	memset(image, 0, sizeof *image);
	*factor = 1;
	if (!type)
		return no_picture(data, size);
	if (strcmp(type, "pnm") == 0) {
		st = pnm_read(&raw, data, size);
	} else if ((st = outline_read(&outline, type, data, size)) == 0) {
		entered = outline.w * outline.h;
		gate_enter(entered);
		st = stb_read(&raw, &outline, data);
		if (st == 0 && outline.opaque)
			make_opaque(&raw);
		if (st == 0 && outline.mirrored)
			mirror(&raw);
	}
	if (st == 0) {
		*factor = reduction(raw.w, raw.h, raw.c >= 3 ? 3 : 1);
		st = finish(image, &raw, *factor);
		image->file.bytes = size;
		image->file.type = type;
		image->file.w = raw.w;
		image->file.h = raw.h;
	}
	free(raw.data);
	if (st == 0 && outline.exif.data)
		st = orient(image, exif_orientation(outline.exif));
	if (entered)
		gate_leave(entered);
	sn_buffer_release(&outline.rewritten);
	if (st < 0) {
		sn_image_release(image);
		return st == SN_ENOMEM ? st : sn_fail_at(st, "%s", type);
	}
	return 0;
}
