/*
 * outline - the structure of PNG, JPEG, GIF, BMP and TGA files, checked before stb_image sees them.
 *
 * stb_image fills what a damaged file leaves out with zeros and calls it success, takes sizes at
 * their word, and in a few places reads what nobody wrote.  Here a file cut short is found, a size
 * that its bytes cannot fill is refused before memory is asked for, and those places are made
 * harmless.
 */
#include <string.h>
#include <zlib.h>
#include "private.h"

#define MAX_SCANS 100 /* of a progressive JPEG: each costs a pass over the whole picture */
#define MAX_GIF_PIXELS (1u << 26) /* a GIF's screen may be large however few its bytes */
#define LZW_RATIO 2731		  /* and LZW: 4096 pixels by 12 bits */
#define DEFLATE_RATIO 1032	  /* the most that deflate can make of a byte */

static int cut_short(void)
{
	return sn_fail(SN_EDATA, "cut short");
}

int check_size(size_t w, size_t h)
{
	if (w == 0 || h == 0)
		return sn_fail(SN_EDATA, "%zux%zu pixels", w, h);
	if (w > MAX_SIDE || h > MAX_SIDE || w * h > MAX_PIXELS)
		return sn_fail(SN_EDATA,
			       "%zux%zu pixels are too many (at most %u along a side, %u in all)",
			       w, h, MAX_SIDE, MAX_PIXELS);
	return 0;
}

/* ---- PNG ------------------------------------------------------------------------------ */

#define CHUNK(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static int png_header(struct outline *o, const uint8_t *p, uint64_t *raw)
{
	unsigned bits = p[8], colour = p[9], samples;

	o->w = be32(p);
	o->h = be32(p + 4);
	switch (colour) {
	case 0:
		samples = bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16 ? 1 : 0;
		break;
	case 3:
		samples = bits == 1 || bits == 2 || bits == 4 || bits == 8 ? 1 : 0;
		break;
	case 2:
	case 4:
	case 6:
		samples = bits == 8 || bits == 16 ? colour == 2 ? 3 : colour == 4 ? 2 : 4 : 0;
		break;
	default:
		samples = 0;
	}
	if (samples == 0 || p[10] != 0 || p[11] != 0 || p[12] > 1)
		return sn_fail(SN_EDATA, "the IHDR chunk is damaged");
	o->bits = bits == 16 ? 16 : 8;
	*raw = ((uint64_t)o->w * samples * bits + 7) / 8 * o->h;
	return check_size(o->w, o->h);
}

static int png_add(struct sn_buffer *b, uint32_t kind, const uint8_t *data, size_t size)
{
	uint8_t word[8] = { (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
			    (uint8_t)size,	   (uint8_t)(kind >> 24), (uint8_t)(kind >> 16),
			    (uint8_t)(kind >> 8),  (uint8_t)kind };
	int st;

	if ((st = sn_buffer_add(b, word, 8)) < 0 || (st = sn_buffer_add(b, data, size)) < 0)
		return st;
	return sn_buffer_add(b, "\0\0\0",
			     4); /* stb_image does not look at the sums: they are checked here */
}

/*
 * Only the chunks that make the picture go on to stb_image.  A palette is filled up to 256 colours,
 * because stb_image looks up larger indices than it has colours for.
 */
static int png(struct outline *o, const uint8_t *data, size_t size)
{
	uint8_t palette[768] = { 0 };
	uint64_t raw = 0, packed = 0;
	size_t at = 8;
	bool header = false, colours = false;
	int st;

	if ((st = sn_buffer_reserve(&o->rewritten, size + sizeof palette)) < 0 ||
	    (st = sn_buffer_add(&o->rewritten, data, 8)) < 0)
		return st;
	for (;;) {
		uint32_t kind, n;
		const uint8_t *body;

		if (size - at < 12 || (n = be32(data + at)) > size - at - 12)
			return cut_short();
		kind = be32(data + at + 4);
		body = data + at + 8;
		at += 12 + (size_t)n;
		for (int i = -4; i < 0; i++)
			if (!((body[i] >= 'A' && body[i] <= 'Z') ||
			      (body[i] >= 'a' && body[i] <= 'z')))
				return sn_fail(SN_EDATA, "the chunk at byte %zu is damaged",
					       (size_t)(body - 8 - data));
		if (!(kind & 0x20000000) || kind == CHUNK('t', 'R', 'N', 'S')) {
			if (crc32(0, body - 4, n + 4) != be32(body + n))
				return sn_fail(SN_EDATA,
					       "the sum of chunk %.4s differs: it is damaged",
					       body - 4);
		}
		if (!header && kind != CHUNK('I', 'H', 'D', 'R'))
			return sn_fail(SN_EDATA, "it does not begin with a chunk IHDR");
		switch (kind) {
		case CHUNK('I', 'H', 'D', 'R'):
			if (header || n != 13)
				return sn_fail(SN_EDATA, "the IHDR chunk is damaged");
			header = true;
			if ((st = png_header(o, body, &raw)) < 0)
				return st;
			st = png_add(&o->rewritten, kind, body, n);
			break;
		case CHUNK('P', 'L', 'T', 'E'):
			if (colours || packed || n == 0 || n > sizeof palette || n % 3 != 0)
				return sn_fail(SN_EDATA, "the PLTE chunk is damaged");
			colours = true;
			memcpy(palette, body, n);
			st = png_add(&o->rewritten, kind, palette, sizeof palette);
			break;
		case CHUNK('I', 'D', 'A', 'T'):
			packed += n;
			st = png_add(&o->rewritten, kind, body, n);
			break;
		case CHUNK('t', 'R', 'N', 'S'):
			st = packed ? 0 : png_add(&o->rewritten, kind, body, n);
			break;
		case CHUNK('e', 'X', 'I', 'f'):
			o->exif = (struct sn_slice){ body, n };
			break;
		case CHUNK('I', 'E', 'N', 'D'):
			if (packed * DEFLATE_RATIO < raw)
				return sn_fail(SN_EDATA, "%llu bytes cannot hold %zux%zu pixels",
					       (unsigned long long)packed, o->w, o->h);
			o->size = at;
			return png_add(&o->rewritten, kind, body, 0);
		default:
			if (!(kind & 0x20000000))
				return sn_fail(SN_EDATA, "chunk %.4s is unknown", body - 4);
		}
		if (st < 0)
			return st;
	}
}

/* ---- JPEG ----------------------------------------------------------------------------- */

struct jpeg_frame {
	unsigned components, scanned; /* scanned: a bit per component */
	uint8_t id[4];
	unsigned scans;
	uint64_t packed; /* bytes of entropy-coded data */
};

static int jpeg_frame(struct outline *o, struct jpeg_frame *f, const uint8_t *p, size_t n)
{
	if (f->components)
		return sn_fail(SN_EDATA, "two frames");
	if (n < 6 || p[5] < 1 || p[5] > 4 || n != 6 + 3 * (size_t)p[5])
		return sn_fail(SN_EDATA, "the frame header is damaged");
	if (p[0] != 8)
		return sn_fail(SN_EDATA, "JPEG of %u bits a sample cannot be read", p[0]);
	o->h = be16(p + 1);
	o->w = be16(p + 3);
	f->components = p[5];
	for (unsigned i = 0; i < f->components; i++)
		f->id[i] = p[6 + 3 * i];
	return check_size(o->w, o->h);
}

/* Several tables of code lengths; stb_image trusts their sums. */
static int jpeg_huffman(const uint8_t *p, size_t n)
{
	while (n > 0) {
		unsigned codes = 0;

		if (n < 17 || (p[0] & 15) > 3 || p[0] >> 4 > 1)
			return sn_fail(SN_EDATA, "a Huffman table is damaged");
		for (int i = 1; i <= 16; i++)
			codes += p[i];
		if (codes > 256 || n - 17 < codes)
			return sn_fail(SN_EDATA, "a Huffman table is damaged");
		p += 17 + codes;
		n -= 17 + codes;
	}
	return 0;
}

static int jpeg_scan(struct jpeg_frame *f, const uint8_t *p, size_t n)
{
	if (!f->components || n < 1 || p[0] < 1 || p[0] > 4 || n != 4 + 2 * (size_t)p[0])
		return sn_fail(SN_EDATA, "the scan header is damaged");
	for (unsigned i = 0; i < p[0]; i++) {
		unsigned k = 0;

		while (k < f->components && f->id[k] != p[1 + 2 * i])
			k++;
		if (k == f->components)
			return sn_fail(SN_EDATA, "a scan of a component that there is not");
		f->scanned |= 1u << k;
	}
	if (++f->scans > MAX_SCANS)
		return sn_fail(SN_EDATA, "more than %u scans", MAX_SCANS);
	return 0;
}

/* Where the next marker begins behind entropy-coded data. */
static size_t jpeg_after_scan(const uint8_t *data, size_t at, size_t size)
{
	while (at + 1 < size) {
		const uint8_t *ff = memchr(data + at, 0xff, size - at - 1);

		if (!ff)
			break;
		at = (size_t)(ff - data);
		if (ff[1] != 0 && ff[1] != 0xff && !(ff[1] >= 0xd0 && ff[1] <= 0xd7))
			return at;
		at += ff[1] == 0xff ? 1 : 2;
	}
	return size;
}

static int jpeg(struct outline *o, const uint8_t *data, size_t size)
{
	struct jpeg_frame f = { 0 };
	size_t at = 2;
	int st = 0;

	for (;;) {
		unsigned marker;
		const uint8_t *body;
		size_t n;

		if (at >= size)
			return cut_short();
		if (data[at] != 0xff && !f.components) { /* padding, which some cameras write */
			at++;
			continue;
		}
		if (data[at] != 0xff)
			return sn_fail(SN_EDATA, "no marker at byte %zu", at);
		while (at < size && data[at] == 0xff)
			at++;
		if (at >= size)
			return cut_short();
		marker = data[at++];
		if (marker == 0xd9)
			break;
		if (size - at < 2 || (n = be16(data + at)) > size - at)
			return cut_short();
		if (n < 2)
			return sn_fail(SN_EDATA, "the marker at byte %zu is damaged", at - 2);
		body = data + at + 2;
		at += n;
		n -= 2;
		if (marker >= 0xc0 && marker <= 0xc2) {
			st = jpeg_frame(o, &f, body, n);
		} else if (marker == 0xc4) {
			st = jpeg_huffman(body, n);
		} else if (marker >= 0xc3 && marker <= 0xcf) {
			st = sn_fail(SN_EDATA,
				     "lossless, arithmetic and hierarchical JPEG cannot be read");
		} else if (marker == 0xda) {
			size_t from = at;

			st = jpeg_scan(&f, body, n);
			at = jpeg_after_scan(data, at, size);
			f.packed += at - from;
		} else if (marker == 0xe1 && n > 6 && memcmp(body, "Exif\0\0", 6) == 0 &&
			   !o->exif.data) {
			o->exif = (struct sn_slice){ body + 6, n - 6 };
		}
		if (st < 0)
			return st;
	}
	if (!f.components || f.scanned != (1u << f.components) - 1)
		return sn_fail(SN_EDATA, "cut short: parts of the picture are missing");
	/* each block of 8x8 has a code of at least one bit in the first scan of its component */
	if (f.packed * 8 < ((o->w + 7) / 8) * ((o->h + 7) / 8))
		return sn_fail(SN_EDATA, "%llu bytes cannot hold %zux%zu pixels",
			       (unsigned long long)f.packed, o->w, o->h);
	o->size = at;
	return 0;
}

/* ---- GIF ------------------------------------------------------------------------------ */

/* Over sub-blocks and the empty one that ends them. */
static bool gif_skip(const uint8_t *data, size_t size, size_t *at)
{
	while (*at < size) {
		size_t n = data[*at];

		*at += 1;
		if (n == 0)
			return true;
		if (n > size - *at)
			return false;
		*at += n;
	}
	return false;
}

/*
 * Up to the end of the first frame.  stb_image paints what the frame leaves out in the background's
 * colour; as everywhere else it is to stay transparent, which background 0 means to stb_image.
 */
static int gif(struct outline *o, const uint8_t *data, size_t size)
{
	size_t at = 13, from, frame;
	bool colours;
	int st;

	if (size < at)
		return cut_short();
	o->w = le16(data + 6);
	o->h = le16(data + 8);
	if ((st = check_size(o->w, o->h)) < 0)
		return st;
	if (o->w * o->h > MAX_GIF_PIXELS)
		return sn_fail(SN_EDATA, "%zux%zu pixels are too many for a GIF (at most %u)", o->w,
			       o->h, MAX_GIF_PIXELS);
	colours = data[10] & 0x80;
	if (colours)
		at += 6u << (data[10] & 7);
	for (;;) {
		if (at >= size)
			return cut_short();
		if (data[at] == 0x3b)
			return sn_fail(SN_EDATA, "it holds no frame");
		if (data[at] == 0x2c)
			break;
		if (data[at] != 0x21)
			return sn_fail(SN_EDATA, "byte %u at %zu begins no block", data[at], at);
		at += 2;
		if (!gif_skip(data, size, &at))
			return cut_short();
	}
	if (size - at < 11)
		return cut_short();
	if (le16(data + at + 5) == 0 || le16(data + at + 7) == 0)
		return sn_fail(SN_EDATA, "its first frame is empty");
	frame = (size_t)le16(data + at + 5) * le16(data + at + 7);
	colours = colours || (data[at + 9] & 0x80);
	if (data[at + 9] & 0x80)
		at += 6u << (data[at + 9] & 7);
	at += 10;
	if (!colours)
		return sn_fail(SN_EDATA, "it has no colours");
	if (at >= size)
		return cut_short();
	if (data[at] < 1 || data[at] > 8)
		return sn_fail(SN_EDATA, "codes of %u bits", data[at]);
	from = ++at;
	if (!gif_skip(data, size, &at))
		return cut_short();
	if ((at - from) * LZW_RATIO < frame)
		return sn_fail(SN_EDATA, "%zu bytes cannot hold a frame of %zu pixels", at - from,
			       frame);
	if ((st = sn_buffer_add(&o->rewritten, data, at)) < 0)
		return st;
	o->rewritten.data[11] = 0;
	o->size = at;
	return 0;
}

/* ---- BMP ------------------------------------------------------------------------------ */

static int bmp(struct outline *o, const uint8_t *data, size_t size)
{
	uint64_t stride, offset, header, colours = 0, table;
	unsigned bits, packing = 0;
	int64_t h;
	int st;

	if (size < 26)
		return cut_short();
	offset = le32(data + 10);
	header = le32(data + 14);
	if (header != 12 && header != 40 && header != 56 && header != 108 && header != 124)
		return sn_fail(SN_EDATA, "BMP with a header of %llu bytes cannot be read",
			       (unsigned long long)header);
	if (size < 14 + header)
		return cut_short();
	if (header == 12) {
		o->w = le16(data + 18);
		h = (int64_t)le16(data + 20);
		bits = le16(data + 24);
	} else {
		o->w = le32(data + 18);
		h = (int32_t)le32(data + 22);
		bits = le16(data + 28);
		packing = le32(data + 30);
	}
	o->h = (size_t)(h < 0 ? -h : h);
	if ((st = check_size(o->w, o->h)) < 0)
		return st;
	if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
		return sn_fail(SN_EDATA, "BMP of %u bits a pixel cannot be read", bits);
	if (packing != 0 && packing != 3)
		return sn_fail(SN_EDATA, "packed BMP cannot be read");
	stride = (o->w * bits + 31) / 32 * 4;
	if (offset < 14 + header || offset > size || size - offset < stride * o->h)
		return cut_short();
	if (bits <= 8) {
		/* stb_image takes all between header and pixels for colours, and looks up what is
		 * behind them */
		table = header == 12 ? 3 : 4;
		colours = (offset - 14 - header) / table;
		if (colours == 0)
			return sn_fail(SN_EDATA, "it has no colours");
		if (colours > 256)
			return sn_fail(SN_EDATA, "it has %llu colours",
				       (unsigned long long)colours);
		for (size_t y = 0; y < o->h && colours < 1u << bits; y++)
			for (size_t x = 0; x < o->w; x++) {
				size_t bit = x * bits;
				unsigned index =
					data[offset + y * stride + bit / 8] >> (8 - bits - bit % 8);

				if ((index & ((1u << bits) - 1)) >= colours)
					return sn_fail(SN_EDATA,
						       "a pixel of a colour that there is not");
			}
	}
	o->size = size;
	return 0;
}

/* ---- TGA ------------------------------------------------------------------------------ */

static int tga(struct outline *o, const uint8_t *data, size_t size)
{
	size_t at = 18, pixel, colours, n;
	bool mapped, packed;
	unsigned kind, bits;
	int st;

	if (size < at)
		return cut_short();
	mapped = data[1] == 1;
	kind = data[2] & 7;
	packed = data[2] & 8;
	colours = le16(data + 5);
	bits = data[16];
	o->w = le16(data + 12);
	o->h = le16(data + 14);
	if ((st = check_size(o->w, o->h)) < 0)
		return st;
	if (mapped != (kind == 1) || (mapped && (colours == 0 || le16(data + 3) != 0)))
		return sn_fail(SN_EDATA, "TGA with this kind of colour map cannot be read");
	if (mapped	? bits != 8
	    : kind == 3 ? bits != 8
			: bits != 15 && bits != 16 && bits != 24 && bits != 32)
		return sn_fail(SN_EDATA, "TGA of %u bits a pixel cannot be read", bits);
	if (mapped && data[7] != 15 && data[7] != 16 && data[7] != 24 && data[7] != 32)
		return sn_fail(SN_EDATA, "TGA with colours of %u bits cannot be read", data[7]);
	at += data[0];
	if (mapped)
		at += colours * ((data[7] + 7u) / 8);
	pixel = (bits + 7) / 8;
	n = o->w * o->h;
	if (!packed) {
		if (at > size || size - at < n * pixel)
			return cut_short();
		at += n * pixel;
	}
	while (packed && n > 0) {
		size_t run, bytes;

		if (at >= size)
			return cut_short();
		run = (data[at] & 127u) + 1;
		bytes = data[at] & 128 ? pixel : run * pixel;
		at++;
		if (size - at < bytes)
			return cut_short();
		at += bytes;
		n -= run < n ? run : n; /* the last run may go on behind the picture's end */
	}
	o->opaque = (data[17] & 15) == 0;
	o->mirrored = data[17] & 16;
	o->size = at;
	return 0;
}

int outline_read(struct outline *o, const char *type, const uint8_t *data, size_t size)
{
	memset(o, 0, sizeof *o);
	o->bits = 8;
	switch (type[0]) {
	case 'p':
		return png(o, data, size);
	case 'j':
		return jpeg(o, data, size);
	case 'g':
		return gif(o, data, size);
	case 'b':
		return bmp(o, data, size);
	default:
		return tga(o, data, size);
	}
}
