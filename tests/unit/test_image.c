/* test_image - decoding, orientation and fitting of pictures. */
#include <zlib.h>
#include <sn/image.h>
#include "picture.h"
#include "test.h"

/* ---- making files --------------------------------------------------------------------- */

static void bytes(struct sn_buffer *b, const void *data, size_t size)
{
	MUST(sn_buffer_add(b, data, size));
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void chunk(struct sn_buffer *b, const char *kind, const void *data, size_t size)
{
	uint8_t word[4];
	uLong sum;

	put32(word, (uint32_t)size);
	bytes(b, word, 4);
	bytes(b, kind, 4);
	if (size)
		bytes(b, data, size);
	sum = crc32(0, (const uint8_t *)kind, 4);
	if (size)
		sum = crc32(sum, data, (uInt)size);
	put32(word, (uint32_t)sum);
	bytes(b, word, 4);
}

/* A PNG of any kind: rows are `stride` bytes without their filter. */
static void png(struct sn_buffer *b, uint32_t w, uint32_t h, uint8_t bits, uint8_t colour,
		const char *palette, size_t colours, const char *trns, size_t trns_size,
		const void *rows, size_t stride)
{
	uint8_t header[13] = { 0 }, raw[4096], packed[8192];
	uLongf size = sizeof packed;

	put32(header, w);
	put32(header + 4, h);
	header[8] = bits;
	header[9] = colour;
	for (uint32_t y = 0; y < h; y++) {
		raw[y * (stride + 1)] = 0;
		memcpy(raw + y * (stride + 1) + 1, (const uint8_t *)rows + y * stride, stride);
	}
	compress(packed, &size, raw, h * (stride + 1));
	b->size = 0;
	bytes(b, "\x89PNG\r\n\x1a\n", 8);
	chunk(b, "IHDR", header, 13);
	if (palette)
		chunk(b, "PLTE", palette, 3 * colours);
	if (trns)
		chunk(b, "tRNS", trns, trns_size);
	chunk(b, "IDAT", packed, size);
	chunk(b, "IEND", NULL, 0);
}

/* ---- looking at what comes out -------------------------------------------------------- */

/* Decode, and compare with the pixels given; c 0: must be refused, with `...` the words. */
static void expect(const char *what, const void *data, size_t size, const char *name, size_t w,
		   size_t h, size_t c, const char *pixels)
{
	struct sn_image image;
	unsigned factor;
	int st = sn_image_decode(&image, &factor, data, size, name);

	if (st < 0 || image.w != w || image.h != h || image.c != c ||
	    memcmp(image.pixels, pixels, w * h * c) != 0) {
		test_failures++;
		fprintf(stderr, "%s: ", what);
		if (st < 0)
			fprintf(stderr, "%s\n", sn_message());
		else {
			fprintf(stderr, "[%zu][%zu][%zu]", image.h, image.w, image.c);
			for (size_t i = 0; i < image.w * image.h * image.c && i < 48; i++)
				fprintf(stderr, " %u", image.pixels[i]);
			fprintf(stderr, "\n");
		}
	}
	sn_image_release(&image);
}

static void expect_file(const char *what, const struct sn_buffer *b, size_t w, size_t h, size_t c,
			const char *pixels)
{
	expect(what, b->data, b->size, NULL, w, h, c, pixels);
}

static void refuse(const char *data, size_t size, const char *words)
{
	struct sn_image image;
	unsigned factor;
	uint8_t *copy = malloc(size ? size : 1); /* so that reading behind it is seen */
	int st;

	memcpy(copy, data, size);
	st = sn_image_decode(&image, &factor, copy, size, NULL);
	if (st != SN_EDATA || !strstr(sn_message(), words)) {
		test_failures++;
		fprintf(stderr, "wanted '%s' for '%.20s': %d %s\n", words, data, st,
			st < 0 ? sn_message() : "");
	}
	if (st == 0)
		sn_image_release(&image);
	free(copy);
}

#define TEXT(s) s, sizeof(s) - 1
#define REFUSE(s, words) refuse(s, sizeof(s) - 1, words)

/* ---- PNM ------------------------------------------------------------------------------ */

static void pnm_kinds(void)
{
	expect("P1", TEXT("P1\n# a comment\n3 2\n1 0 1\n010\n"), NULL, 3, 2, 1,
	       "\x00\xff\x00\xff\x00\xff");
	expect("P1 comment within", TEXT("P1 3 1 1#x\n01"), NULL, 3, 1, 1, "\x00\xff\x00");
	expect("P2", TEXT("P2 3 1 100\n0 50 100\n"), NULL, 3, 1, 1, "\x00\x80\xff");
	expect("P2, 16 bit", TEXT("P2 3 1 65535\n0 32768 65535"), NULL, 3, 1, 1, "\x00\x80\xff");
	expect("P3", TEXT("P3\n1 2\n255\n1 2 3\n4 5 6\n"), NULL, 1, 2, 3, "\1\2\3\4\5\6");
	expect("P4", TEXT("P4\n9 2\n\x80\x80\x7f\x00"), NULL, 9, 2, 1,
	       "\x00\xff\xff\xff\xff\xff\xff\xff\x00\xff\x00\x00\x00\x00\x00\x00\x00\xff");
	expect("P5", TEXT("P5 # size\n2 # w\n2\n255\n\x23\n\x00\xff"), NULL, 2, 2, 1,
	       "\x23\n\x00\xff");
	expect("P5 comment behind the header", TEXT("P5 2 1 255#c\n\x01\x02"), NULL, 2, 1, 1,
	       "\1\2");
	expect("P5, largest 1", TEXT("P5 3 1 1\n\x00\x01\x00"), NULL, 3, 1, 1, "\x00\xff\x00");
	expect("P5, 16 bit", TEXT("P5 3 1 65535\n\x00\x80\x7f\xff\x80\x80"), NULL, 3, 1, 1,
	       "\x00\x7f\x80");
	expect("P5, largest 1023", TEXT("P5 2 1 1023\n\x02\x00\x03\xff"), NULL, 2, 1, 1,
	       "\x80\xff");
	expect("P6", TEXT("P6 1 2 255\n\1\2\3\4\5\6"), NULL, 1, 2, 3, "\1\2\3\4\5\6");
	expect("P6, the first of two", TEXT("P6 1 1 255\n\1\2\3P6 1 1 255\n\4\5\6"), NULL, 1, 1, 3,
	       "\1\2\3");
	expect("P7 grey",
	       TEXT("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE "
		    "GRAYSCALE\nENDHDR\n\7\x08"),
	       NULL, 2, 1, 1, "\7\x08");
	expect("P7 grey and alpha over white",
	       TEXT("P7\n# c\nWIDTH 3\nHEIGHT 1\nDEPTH 2\nMAXVAL "
		    "255\nENDHDR\n\x64\xff\x64\x00\x64\x80"),
	       NULL, 3, 1, 1, "\x64\xff\xb1");
	expect("P7 colour, 16 bit, alpha",
	       TEXT("P7\nHEIGHT 1\nWIDTH 1\nMAXVAL 65535\nDEPTH "
		    "4\nENDHDR\n\x00\x00\xff\xff\x80\x00\x80\x00"),
	       NULL, 1, 1, 3, "\x7f\xff\xbf");
	expect("P7 bits: 1 is white",
	       TEXT("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nENDHDR\n\x00\x01"), NULL, 2, 1, 1,
	       "\x00\xff");

	REFUSE("P5 2 2 255\n\x01\x02\x03", "cut short");
	REFUSE("P5 2 2 255", "cut short");
	REFUSE("P5 2 2 300\n\x01\x02\x03\x04", "cut short");
	REFUSE("P5 0 2 255\n", "0x2 pixels");
	REFUSE("P5 2 1 0\n\x01\x02", "largest sample is 0");
	REFUSE("P5 2 1 65536\n\x01\x02", "largest sample is 65536");
	REFUSE("P5 2 1 100\n\x01\x65", "a sample of 101");
	REFUSE("P2 2 1 100\n1 101", "a sample of 101");
	REFUSE("P2 2 2 100\n1 2 3", "cut short");
	REFUSE("P2 2 1 100\n1 x", "byte 120");
	REFUSE("P1 2 1 1 2", "byte 50");
	REFUSE("P1 4 4 1", "cut short");
	REFUSE("P4 16 2\n\x01\x02\x03", "cut short");
	REFUSE("P6 99999 99999 255\n", "too many");
	REFUSE("P6 9999999999 1 255\n", "too large");
	REFUSE("P5 2000000 1 255\n", "too many");
	REFUSE("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n12345", "5 samples a pixel");
	REFUSE("P7\nWIDTH 1\nHEIGHT 1\nMAXVAL 255\nENDHDR\n1", "no line of DEPTH");
	REFUSE("P7\nWIDTH 1\nWIDTH 1\n", "two lines of WIDTH");
	REFUSE("P7\nWIDTH 1\nCOLOUR 1\n", "unknown");
	REFUSE("", "empty");
	REFUSE("P5", "no picture");
	REFUSE("hello", "no picture");
	REFUSE("P8 1 1 255\n1", "no picture");
}

/* ---- PNG ------------------------------------------------------------------------------ */

static void png_kinds(void)
{
	static const char zeros[2000];
	struct sn_buffer b = { 0 };

	png(&b, 10, 1, 1, 0, NULL, 0, NULL, 0, "\xaa\x40", 2);
	expect_file("1 bit", &b, 10, 1, 1, "\xff\x00\xff\x00\xff\x00\xff\x00\x00\xff");
	png(&b, 3, 1, 2, 0, NULL, 0, NULL, 0, "\x1b", 1);
	expect_file("2 bit", &b, 3, 1, 1, "\x00\x55\xaa");
	png(&b, 3, 2, 4, 0, NULL, 0, NULL, 0, "\x01\x20\xf0\x10", 2);
	expect_file("4 bit", &b, 3, 2, 1, "\x00\x11\x22\xff\x00\x11");
	png(&b, 2, 1, 16, 0, NULL, 0, NULL, 0, "\x00\x81\x7f\xff", 4);
	expect_file("16 bit, rounded", &b, 2, 1, 1, "\x01\x7f\x80");
	png(&b, 2, 1, 16, 4, NULL, 0, NULL, 0, "\x00\x00\x80\x00\x00\x00\xff\xff", 8);
	expect_file("16 bit, alpha", &b, 2, 1, 1, "\x7f\x00");
	png(&b, 2, 1, 8, 6, NULL, 0, NULL, 0, "\1\2\3\xff\1\2\3\0", 8);
	expect_file("colour and alpha", &b, 2, 1, 3, "\1\2\3\xff\xff\xff");
	png(&b, 3, 1, 8, 3, "\1\2\3\4\5\6", 2, NULL, 0, "\0\1\0", 3);
	expect_file("palette", &b, 3, 1, 3, "\1\2\3\4\5\6\1\2\3");
	png(&b, 3, 1, 8, 3, "\1\2\3\4\5\6", 2, "\0", 1, "\0\1\0", 3);
	expect_file("palette with a hole", &b, 3, 1, 3, "\xff\xff\xff\4\5\6\xff\xff\xff");
	png(&b, 2, 1, 8, 3, "\1\2\3", 1, NULL, 0, "\0\7", 2);
	expect_file("a colour that there is not is black", &b, 2, 1, 3, "\1\2\3\0\0\0");
	png(&b, 2, 1, 8, 0, NULL, 0, "\0\5", 2, "\5\6", 2);
	expect_file("grey with a hole", &b, 2, 1, 1, "\xff\6");
	png(&b, 2, 1, 8, 5, NULL, 0, NULL, 0, "\5\6", 2);
	refuse((char *)b.data, b.size, "IHDR");
	png(&b, 2, 1, 4, 2, NULL, 0, NULL, 0, "\5\6\7", 3);
	refuse((char *)b.data, b.size, "IHDR");
	png(&b, 2, 2, 8, 0, NULL, 0, NULL, 0, "\5\6", 1);
	refuse((char *)b.data, b.size, "not enough pixels");
	png(&b, 16000, 1, 1, 0, NULL, 0, NULL, 0, zeros, 2000);
	put32(b.data + 20, 16000); /* the height, and the sum of the chunk */
	put32(b.data + 29, (uint32_t)crc32(0, b.data + 12, 17));
	refuse((char *)b.data, b.size, "cannot hold 16000x16000");
	png(&b, 2, 1, 8, 3, NULL, 0, NULL, 0, "\0\0", 2);
	refuse((char *)b.data, b.size, "no PLTE");
	sn_buffer_release(&b);
}

/* A few bytes that unpack to far more than the picture holds. */
static void png_bomb(void)
{
	size_t size = 64u << 20;
	uint8_t *zeros = sn_alloc(size, 1), *packed = malloc(1u << 20),
		header[13] = { 0, 0, 0, 1, 0, 0, 0, 1, 8 };
	uLongf n = 1u << 20;
	struct sn_buffer b = { 0 };

	compress2(packed, &n, zeros, size, 9);
	bytes(&b, "\x89PNG\r\n\x1a\n", 8);
	chunk(&b, "IHDR", header, 13);
	chunk(&b, "IDAT", packed, n);
	chunk(&b, "IEND", NULL, 0);
	refuse((char *)b.data, b.size, "unpacks to more than its 1x1 pixels");
	sn_buffer_release(&b);
	free(zeros);
	free(packed);
}

/* ---- the others ----------------------------------------------------------------------- */

static const uint8_t gif_file[] =
	"GIF89a\3\0\2\0\x80\1\0" /* screen 3x2, two colours, background 1 */
	"\x0a\x14\x1e\x28\x32\x3c"
	"\x21\xf9\4\1\0\0\1\0"	 /* colour 1 is transparent */
	"\x2c\0\0\0\0\2\0\2\0\0" /* a frame of 2x2 at 0, 0 */
	"\2\3\x44\x00\x05\0"	 /* 0 1 0 0 */
	";";

static void others(void)
{
	static const uint8_t rgb[] = { 1,   2,	 3,   40, 50, 60, 7,   8,   9,
				       100, 110, 120, 13, 14, 15, 160, 170, 180 };
	static const uint8_t rgba[] = { 1, 2, 3, 255, 40, 50, 60, 0 };
	struct sn_buffer b = { 0 };
	size_t n;

	encode_picture(&b, "png", 3, 2, 3, rgb);
	expect_file("png", &b, 3, 2, 3, (const char *)rgb);
	b.size = 0;
	encode_picture(&b, "bmp", 3, 2, 3, rgb);
	expect_file("bmp", &b, 3, 2, 3, (const char *)rgb);
	refuse((char *)b.data, b.size - 1, "cut short");
	b.size = 0;
	encode_picture(&b, "bmp", 2, 1, 4, rgba);
	expect_file("bmp, alpha", &b, 2, 1, 3, "\1\2\3\xff\xff\xff");
	b.size = 0;
	encode_picture(&b, "tga", 3, 2, 3, rgb);
	expect("tga", b.data, b.size, "x.TGA", 3, 2, 3, (const char *)rgb);
	refuse((char *)b.data, b.size, "no picture"); /* without a name nobody can know it */
	b.data[17] |= 0x10;
	expect("tga, mirrored", b.data, b.size, "x.tga", 3, 2, 3,
	       "\7\x08\x09\x28\x32\x3c\1\2\3\xa0\xaa\xb4\x0d\x0e\x0f\x64\x6e\x78");
	b.size = 0;
	encode_picture(&b, "tga", 2, 1, 4, rgba);
	expect("tga, alpha", b.data, b.size, "x.tga", 2, 1, 3, "\1\2\3\xff\xff\xff");
	b.data[17] &= 0xf0;
	expect("tga, a fourth sample that is no alpha", b.data, b.size, "x.tga", 2, 1, 3,
	       "\1\2\3\x28\x32\x3c");
	for (n = 0; n < b.size; n++) {
		struct sn_image image;
		unsigned factor;

		CHECK(sn_image_decode(&image, &factor, b.data, n, "x.tga") == SN_EDATA);
	}

	expect("gif", gif_file, sizeof gif_file - 1, NULL, 3, 2, 3,
	       "\x0a\x14\x1e\xff\xff\xff\xff\xff\xff\x0a\x14\x1e\x0a\x14\x1e\xff\xff\xff");
	expect("gif, its end missing", gif_file, sizeof gif_file - 2, NULL, 3, 2, 3,
	       "\x0a\x14\x1e\xff\xff\xff\xff\xff\xff\x0a\x14\x1e\x0a\x14\x1e\xff\xff\xff");
	bytes(&b, gif_file, sizeof gif_file - 1);
	memcpy(b.data + b.size - sizeof gif_file + 1 + 6, "\xff\x0f\xff\x0f", 4);  /* the screen */
	memcpy(b.data + b.size - sizeof gif_file + 1 + 32, "\xff\x0f\xff\x0f", 4); /* the frame */
	refuse((char *)b.data + b.size - sizeof gif_file + 1, sizeof gif_file - 1,
	       "cannot hold a frame");
	for (n = 6; n < sizeof gif_file - 2; n++)
		refuse((const char *)gif_file, n, "cut short");
	sn_buffer_release(&b);
}

/* Every beginning of a file is refused, and every byte counts where the format has sums. */
static void damage(void)
{
	uint8_t pixels[12 * 9 * 3];
	struct sn_buffer b = { 0 };
	struct sn_image image;
	unsigned factor;

	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)(i * 37);
	encode_picture(&b, "png", 12, 9, 3, pixels);
	for (size_t n = 8; n < b.size; n++)
		refuse((char *)b.data, n, "cut short");
	for (size_t i = 0; i < b.size; i++) {
		b.data[i] ^= 0x10;
		CHECK(sn_image_decode(&image, &factor, b.data, b.size, NULL) == SN_EDATA);
		b.data[i] ^= 0x10;
	}
	b.size = 0;
	encode_picture(&b, "jpg", 12, 9, 3, pixels);
	for (size_t n = 3; n < b.size; n++)
		refuse((char *)b.data, n, "cut short");
	sn_buffer_release(&b);
}

/* ---- orientation ---------------------------------------------------------------------- */

/* A photograph of 16x8 whose left half is dark, and upper half of the right one grey, in all eight
 * orientations. */
static void orientations(void)
{
	/* what is seen at the four corners: top left, top right, bottom left, bottom right of the
	 * upright picture */
	static const uint8_t corner[9][4] = { { 0 },	      { 1, 2, 1, 3 }, { 2, 1, 3, 1 },
					      { 3, 1, 2, 1 }, { 1, 3, 1, 2 }, { 1, 1, 2, 3 },
					      { 1, 1, 3, 2 }, { 3, 2, 1, 1 }, { 2, 3, 1, 1 } };
	uint8_t pixels[32 * 16];
	struct sn_buffer plain = { 0 }, b = { 0 };

	for (int y = 0; y < 16; y++)
		for (int x = 0; x < 32; x++)
			pixels[y * 32 + x] = x < 16 ? 0 : y < 8 ? 100 : 250;
	encode_picture(&plain, "jpg", 32, 16, 1, pixels);
	for (uint8_t o = 0; o <= 9; o++) {
		const uint8_t exif[] =
			"\xff\xe1\x00\x22"
			"Exif\0\0MM\0\x2a\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\0\0\0\0\0\0\0";
		struct sn_image image;
		unsigned factor;
		size_t at[4];

		b.size = 0;
		bytes(&b, plain.data, 2);
		bytes(&b, exif, sizeof exif - 1);
		b.data[2 + 4 + 6 + 8 + 2 + 9] = o;
		bytes(&b, plain.data + 2, plain.size - 2);
		MUST(sn_image_decode(&image, &factor, b.data, b.size, NULL));
		CHECK(image.w == (o >= 5 && o <= 8 ? 16 : 32) &&
		      image.h == (o >= 5 && o <= 8 ? 32 : 16));
		CHECK(image.file.w == 32 && image.file.h == 16);
		at[0] = 0;
		at[1] = image.w - 1;
		at[2] = (image.h - 1) * image.w;
		at[3] = at[2] + image.w - 1;
		for (int i = 0; i < 4; i++) {
			uint8_t v = image.pixels[at[i] * image.c];
			int seen = v < 50 ? 1 : v < 175 ? 2 : 3;

			if (seen != corner[o >= 1 && o <= 8 ? o : 1][i]) {
				test_failures++;
				fprintf(stderr, "orientation %u, corner %d: %d\n", o, i, seen);
			}
		}
		sn_image_release(&image);
	}
	sn_buffer_release(&plain);
	sn_buffer_release(&b);
}

/* ---- large pictures ------------------------------------------------------------------- */

static void reduced(void)
{
	size_t w = 8191, h = 6145; /* just over 48 MiB */
	struct sn_buffer b = { 0 };
	struct sn_image image;
	unsigned factor;

	bytes(&b, TEXT("P5 8191 6145 255\n"));
	MUST(sn_buffer_reserve(&b, w * h));
	for (size_t y = 0; y < h; y++)
		for (size_t x = 0; x < w; x++)
			b.data[b.size++] = (uint8_t)(x % 2 * 3 + y % 2 * 6 + (x / 2 + y / 2) % 7);
	MUST(sn_image_decode(&image, &factor, b.data, b.size, NULL));
	CHECK(factor == 2 && image.w == 4096 && image.h == 3073 && image.c == 1);
	CHECK(image.file.w == w && image.file.h == h && image.file.bytes == b.size);
	/* (0 + 3 + 6 + 9 + 4k + 2) / 4 */
	CHECK(image.pixels[0] == 5 && image.pixels[1] == 6 && image.pixels[4096] == 6);
	/* the right edge holds boxes of one column: (0 + 6 + 2k + 1) / 2; the lower one of one row
	 */
	CHECK(image.pixels[4095] == 3 + 4095 % 7);
	CHECK(image.pixels[3072 * 4096] == (0 + 3 + 1) / 2 + 3072 % 7);
	sn_image_release(&image);
	sn_buffer_release(&b);
}

/* ---- fitting -------------------------------------------------------------------------- */

static void fits(const char *what, const char *want, size_t w, size_t h, size_t c, const char *in,
		 size_t in_w, size_t in_h, size_t in_c, enum sn_fit fit)
{
	uint8_t out[64];

	MUST(sn_image_fit(out, w, h, c, (const uint8_t *)in, in_w, in_h, in_c, fit, 9));
	if (memcmp(out, want, w * h * c) != 0) {
		test_failures++;
		fprintf(stderr, "%s:", what);
		for (size_t i = 0; i < w * h * c; i++)
			fprintf(stderr, " %u", out[i]);
		fprintf(stderr, "\n");
	}
}

static void fit_by_hand(void)
{
	fits("the same", "\1\2\3\4", 2, 2, 1, "\1\2\3\4", 2, 2, 1, SN_FIT_PAD);
	fits("halves", "\2\6", 2, 1, 1, "\1\3\5\7", 4, 1, 1, SN_FIT_STRETCH);
	fits("means of four, rounded", "\3", 1, 1, 1, "\1\2\3\4", 2, 2, 1, SN_FIT_STRETCH);
	/* 3 -> 2: (2*10 + 20) / 3 and (20 + 2*40) / 3 */
	fits("thirds", "\x0d\x21", 2, 1, 1, "\x0a\x14\x28", 3, 1, 1, SN_FIT_STRETCH);
	/* 2 -> 4: centres at -1/4, 1/4, 3/4, 5/4 */
	fits("enlarged", "\0\x19\x4b\x64", 4, 1, 1, "\0\x64", 2, 1, 1, SN_FIT_STRETCH);
	fits("one pixel", "\5\5\5\5\5\5", 3, 2, 1, "\5", 1, 1, 1, SN_FIT_STRETCH);
	fits("larger one way, smaller the other", "\2\2\2\2", 4, 1, 1, "\1\3", 1, 2, 1,
	     SN_FIT_STRETCH);
	fits("colour to grey", "\x4c\x96\x1d", 3, 1, 1, "\xff\0\0\0\xff\0\0\0\xff", 3, 1, 3,
	     SN_FIT_STRETCH);
	fits("grey to colour", "\7\7\7\x08\x08\x08", 2, 1, 3, "\7\x08", 2, 1, 1, SN_FIT_STRETCH);
	fits("colours apart", "\2\x14\x64", 1, 1, 3, "\1\x0a\x32\3\x1e\x96", 2, 1, 3,
	     SN_FIT_STRETCH);
	fits("pad above and below", "\x09\x09\x09\x09\1\2\3\4\x09\x09\x09\x09\x09\x09\x09\x09", 4,
	     4, 1, "\1\2\3\4", 4, 1, 1, SN_FIT_PAD);
	fits("pad left and right", "\x09\1\x09\x09\2\x09", 3, 2, 1, "\1\2", 1, 2, 1, SN_FIT_PAD);
	fits("crop left and right", "\2\3\6\7", 2, 2, 1, "\1\2\3\4\5\6\7\x08", 4, 2, 1,
	     SN_FIT_CROP);
	fits("crop above and below", "\2", 1, 1, 1, "\1\2\3", 1, 3, 1, SN_FIT_CROP);
	fits("pad of a thin line keeps a pixel", "\x09\x09\1\1\x09\x09", 2, 3, 1,
	     "\1\1\1\1\1\1\1\1\1\1\1\1", 12, 1, 1, SN_FIT_PAD);
}

/* Weight of input j in output i, in double precision, from the words of the header. */
static double plain_weight(size_t n, size_t m, size_t i, size_t j)
{
	if (m <= n) {
		double lo = fmax((double)i * (double)n / (double)m, (double)j);
		double hi = fmin((double)(i + 1) * (double)n / (double)m, (double)j + 1);

		return hi > lo ? (hi - lo) * (double)m / (double)n : 0;
	} else {
		double p = ((double)i + 0.5) * (double)n / (double)m - 0.5;

		p = p < 0 ? 0 : p > (double)n - 1 ? (double)n - 1 : p;
		return fmax(0, 1 - fabs(p - (double)j));
	}
}

static void fit_by_double(void)
{
	uint64_t state = 7;

	for (int round = 0; round < 300; round++) {
		size_t n[4];
		uint8_t in[24 * 24 * 3], out[24 * 24 * 3];
		size_t c = round % 2 ? 3 : 1;

		for (int i = 0; i < 4; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			n[i] = 1 + (state >> 33) % 24;
		}
		for (size_t i = 0; i < sizeof in; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			in[i] = (uint8_t)(state >> 40);
		}
		MUST(sn_image_fit(out, n[0], n[1], c, in, n[2], n[3], c, SN_FIT_STRETCH, 0));
		for (size_t y = 0; y < n[1]; y++)
			for (size_t x = 0; x < n[0]; x++)
				for (size_t k = 0; k < c; k++) {
					double sum = 0;

					for (size_t v = 0; v < n[3]; v++)
						for (size_t u = 0; u < n[2]; u++)
							sum += plain_weight(n[3], n[1], y, v) *
							       plain_weight(n[2], n[0], x, u) *
							       in[(v * n[2] + u) * c + k];
					CHECK_NEAR(out[(y * n[0] + x) * c + k], sum, 0.5 + 1e-9);
				}
	}
}

/* ---- strangers ------------------------------------------------------------------------ */

/* Files with a few bytes changed: no crash, and twice the same answer.  The seed is fixed, so is
 * the work. */
static void mutated(void)
{
	static const char *const ext[] = { "png", "jpg", "bmp", "tga", "gif", "P6" };
	uint8_t pixels[20 * 15 * 3];
	uint64_t state = 1;

	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)(i * i / 7);
	for (size_t e = 0; e < sizeof ext / sizeof *ext; e++) {
		struct sn_buffer b = { 0 };

		if (strcmp(ext[e], "gif") == 0) {
			bytes(&b, gif_file, sizeof gif_file - 1);
		} else if (strcmp(ext[e], "P6") == 0) {
			bytes(&b, TEXT("P6 20 15 255\n"));
			bytes(&b, pixels, sizeof pixels);
		} else {
			encode_picture(&b, ext[e], 20, 15, 3, pixels);
		}
		for (int round = 0; round < 400; round++) {
			struct sn_image first, second;
			unsigned factor;
			uint8_t *copy = malloc(b.size);
			int a, z;

			memcpy(copy, b.data, b.size);
			for (int k = 0; k <= round % 4; k++) {
				state = state * 6364136223846793005u + 1442695040888963407u;
				copy[(state >> 32) % (round % 2	    ? b.size
						      : b.size < 64 ? b.size
								    : 64)] = (uint8_t)(state >> 24);
			}
			a = sn_image_decode(&first, &factor, copy, b.size, "x.tga");
			z = sn_image_decode(&second, &factor, copy, b.size, "x.tga");
			CHECK(a == z);
			if (a == 0 && z == 0) {
				CHECK(first.w == second.w && first.h == second.h &&
				      first.c == second.c);
				CHECK(memcmp(first.pixels, second.pixels,
					     first.w * first.h * first.c) == 0);
			}
			sn_image_release(&first);
			sn_image_release(&second);
			free(copy);
		}
		sn_buffer_release(&b);
	}
}

int main(void)
{
	pnm_kinds();
	png_kinds();
	png_bomb();
	others();
	damage();
	orientations();
	reduced();
	fit_by_hand();
	fit_by_double();
	mutated();
	return TEST_END();
}
