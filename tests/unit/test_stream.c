/* stream: what is written is read back; every cut and every changed byte is damage. */
#include <unistd.h>
#include <sn/file.h>
#include "../../lib/stream/private.h"
#include "test.h"

static struct sn_record rec;

static struct sn_slice slice(const char *text)
{
	return (struct sn_slice){ (const uint8_t *)text, strlen(text) };
}

/* Read it to its end: SN_EOF, or the first error. */
static int drain(const uint8_t *bytes, size_t n, unsigned flags)
{
	uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees what is read behind it */
	struct sn_reader *r;
	int st;
	memcpy(exact, bytes, n);
	MUST(sn_reader_open_memory(&r, (struct sn_slice){ exact, n }, "test", flags));
	while ((st = sn_read(r, &rec)) > 0)
		;
	sn_reader_close(r);
	free(exact);
	return st;
}

static void begin(struct sn_writer *w, const char *kind)
{
	struct sn_header *h;
	MUST(sn_header_new(&h, kind));
	MUST(sn_header_set_str(h, "zebra", "last"));
	MUST(sn_header_set_f8(h, "alpha", 0.5));
	MUST(sn_write_header(w, h));
	sn_header_free(h);
}

static void put_item(struct sn_writer *w, uint64_t number, const char *key, const char *label,
		     const struct sn_tensor *x)
{
	struct sn_item item = { .number = number, .key = slice(key) };
	if (label)
		item.label = slice(label);
	item.forged = number % 3 == 2;
	if (x)
		item.x = *x;
	MUST(sn_write_item(w, &item));
}

static const uint8_t pixels[12] = { 0, 1, 2, 3, 127, 128, 200, 201, 202, 253, 254, 255 };
static const float vector[3] = { 0.5F, -1, 3.25F };
static const struct sn_tensor picture = {
	.type = 'u', .rank = 3, .shape = { 2, 3, 2 }, .count = 12, .data = pixels
};
static const struct sn_tensor embedding = {
	.type = 'f', .rank = 1, .shape = { 3 }, .count = 3, .data = vector
};

/* A section with every key that there is, unknown ones too. */
static void put_losses(struct sn_writer *w)
{
	static const uint8_t unknown[] = "\x82\xa5other\x91\xc0\xa4more\xc7\2\5\1\2";
	struct sn_pair pair = { .a = 0, .b = 300, .same = SN_SAME, .trial = 0, .batch = 7 };
	begin(w, "losses");
	put_item(w, 0, "a/1.png", "a", &picture);
	put_item(w, 2, "b/1\xc3\xa4.png", NULL, &embedding);
	put_item(w, 300, "b/2.png", "b", NULL);
	MUST(sn_write_raw(w, (struct sn_slice){ unknown, sizeof unknown - 1 }));
	pair.has_d = pair.has_loss = true;
	pair.d = 0.25F;
	pair.loss = 0.03125;
	MUST(sn_write_pair(w, &pair));
	pair = (struct sn_pair){ .a = 2, .b = 0, .same = SN_UNKNOWN, .trial = SN_NONE, .batch = 7 };
	pair.has_d = pair.d_nil = true;
	MUST(sn_write_pair(w, &pair));
	MUST(sn_write_mean(w, 0.03125, 1));
	MUST(sn_write_end(w, 2));
}

static void put_model(struct sn_writer *w)
{
	static const float weight[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	begin(w, "model");
	MUST(sn_write_param(w, "conv1.weight", (size_t[]){ 2, 2, 1, 1 }, 4, weight));
	MUST(sn_write_param(w, "conv1.bias", (size_t[]){ 2 }, 1, weight));
	MUST(sn_write_end(w, 0));
}

/* Every proper prefix is damage, but for the one between two sections. */
static void cut_everywhere(const struct sn_buffer *b, size_t boundary)
{
	for (size_t n = 0; n <= b->size; n++) {
		bool whole = n == 0 || n == boundary || n == b->size;
		CHECK(drain(b->data, n, 0) == (whole ? SN_EOF : SN_EDATA));
	}
}

static void change_every_byte(struct sn_buffer *b)
{
	static const uint8_t change[] = { 0x01, 0x80, 0xff, 0x20 };
	for (size_t i = 0; i < b->size; i++)
		for (size_t k = 0; k < sizeof change + 3; k++) {
			static const uint8_t instead[] = { 0xc0, 0x00, 0xdd };
			uint8_t was = b->data[i];
			b->data[i] =
				k < sizeof change ? was ^ change[k] : instead[k - sizeof change];
			if (b->data[i] != was) {
				int st = drain(b->data, b->size, 0);
				if (st != SN_EDATA)
					fprintf(stderr, "byte %zu: %02x -> %02x: %d\n", i, was,
						b->data[i], st);
				CHECK(st == SN_EDATA);
				CHECK(drain(b->data, b->size, SN_READ_NAN) == SN_EDATA);
			}
			b->data[i] = was;
		}
}

/* The same with the sums left out: anything may come of it, but no harm. */
static void change_without_sum(struct sn_buffer *b)
{
	for (size_t i = 0; i < b->size; i++)
		for (unsigned v = 0; v < 256; v++) {
			uint8_t was = b->data[i];
			b->data[i] = (uint8_t)v;
			CHECK(drain(b->data, b->size, 0) <= 0);
			b->data[i] = was;
		}
}

static void test_damage(void)
{
	struct sn_buffer b = { 0 };
	struct sn_writer *w;
	size_t boundary;
	MUST(sn_writer_open_buffer(&w, &b));
	put_losses(w);
	boundary = b.size;
	put_model(w);
	MUST(sn_writer_close(w, true));
	CHECK(drain(b.data, b.size, 0) == SN_EOF);
	cut_everywhere(&b, boundary);
	change_every_byte(&b);
	/* bytes more at the end, bytes missing in the middle */
	for (unsigned v = 0; v < 256; v++) {
		uint8_t more = (uint8_t)v;
		MUST(sn_buffer_add(&b, &more, 1));
		CHECK(drain(b.data, b.size, 0) == SN_EDATA);
		b.size--;
	}
	for (size_t i = 0; i < b.size; i++) {
		uint8_t *less = malloc(b.size);
		memcpy(less, b.data, i);
		memcpy(less + i, b.data + i + 1, b.size - i - 1);
		CHECK(drain(less, b.size - 1, 0) == SN_EDATA);
		free(less);
	}
	/* without its sum the first section ends one byte after the sum's key */
	b.size = boundary - 8;
	b.data[b.size - 1] = 0xc0;
	CHECK(drain(b.data, b.size, 0) == SN_EOF);
	change_without_sum(&b);
	sn_buffer_release(&b);
}

/* What every reader says of a short text of bytes; the message names what is wrong. */
static void refuse(const char *bytes, size_t n, const char *words)
{
	int st = drain((const uint8_t *)bytes, n, 0);
	if (st != SN_EDATA || !strstr(sn_message(), words))
		fprintf(stderr, "wanted '%s', got %d '%s'\n", words, st, sn_message());
	CHECK(st == SN_EDATA && strstr(sn_message(), words));
}

#define REFUSE(bytes, words) refuse(bytes, sizeof(bytes) - 1, words)
#define HEAD "\x82\xa2sn\1\xa4kind\xa5items"
#define ITEM(n, more) "\x83\xa4item" n "\xa3key\xa1k\xa5label" more
#define END(n)                                                                                     \
	"\x82\xa3"                                                                                 \
	"end" n "\xa4xxh3\xc0"

static void test_messages(void)
{
	CHECK(drain((const uint8_t *)"", 0, 0) == SN_EOF);
	CHECK(drain((const uint8_t *)HEAD END("\0"), sizeof(HEAD END("\0")) - 1, 0) == SN_EOF);
	REFUSE("\x1f\x8b\x08\0", "gzip");
	REFUSE("{\"sn\":1}", "--from-json");
	REFUSE("\xff\xd8\xff", "not an sn stream");
	REFUSE("\x81\xa4item\0", "not an sn stream");
	REFUSE("\x82\xa2sn\2\xa4kind\xa5items", "newer version");
	REFUSE("\x82\xa2sn\0\xa4kind\xa5items", "no version");
	REFUSE("\x81\xa2sn\1", "without 'kind'");
	REFUSE("\x82\xa2sn\1\xa4kind\1", "'kind' is an integer");
	REFUSE("\x83\xa2sn\1\xa4kind\xa5items\xa7history\1", "'history' is an integer");
	REFUSE("\x83\xa2sn\1\xa4kind\xa5items\xa6window\xc0", "'window' is nil");
	REFUSE("\x83\xa2sn\1\xa4kind\xa5items\xa4kind\xa5items", "'kind' stands twice");
	REFUSE(HEAD, "truncated after record 0");
	REFUSE("\x82\xa2sn\1\xa4kin", "truncated within a header");
	REFUSE(HEAD HEAD, "new header");
	REFUSE(HEAD END("\1"), "has 0 records");
	REFUSE(HEAD END("\xcc\0"), "not encoded as one");
	REFUSE(HEAD "\x83\xa3"
		    "end\0\xa6"
		    "failed\0\xa4xxh3\xc0",
	       "not encoded as one");
	REFUSE(HEAD "\x81\xa3"
		    "end\0",
	       "not encoded as one");
	REFUSE(HEAD "\x82\xa4xxh3\xc0\xa3"
		    "end\0",
	       "truncated after record 1");
	REFUSE(HEAD END("\0") "\0", "rubbish");
	REFUSE(HEAD "\1", "an integer where a map was wanted");
	REFUSE(HEAD "\x81\1\1", "a key that is an integer");
	REFUSE(HEAD "\xdd\xff\0\0\0", "64 MiB");
	REFUSE(HEAD "\x82\xa4item\0\xa3key\xa1k", "no 'label'");
	REFUSE(HEAD "\x82\xa4item\0\xa5label\xc0", "no 'key'");
	REFUSE(HEAD ITEM("\xff", "\xc0"), "'item' is an integer");
	REFUSE(HEAD ITEM("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "\xc0"), "too large");
	REFUSE(HEAD ITEM("\0", "\0"), "'label' is an integer");
	REFUSE(HEAD ITEM("\1", "\xc0") ITEM("\1", "\xc0"), "rising");
	REFUSE(HEAD "\x84\xa4item\0\xa3key\xa1k\xa5label\xc0\xa6"
		    "forged\xc2",
	       "'forged'");
	REFUSE(HEAD "\x84\xa4item\0\xa3key\xa1k\xa5label\xc0\xa4"
		    "file\1",
	       "'file'");
	REFUSE(HEAD "\x84\xa4item\0\xa3key\xa1k\xa5label\xc0\xa1x\1", "'x': an integer");
	REFUSE(HEAD "\x82\xa4pair\x92\0\1\xa4same\xc3", "no item 0");
	REFUSE(HEAD ITEM("\0", "\xc0") "\x82\xa4pair\x92\0\1\xa4same\xc3", "no item 1");
	REFUSE(HEAD ITEM("\0", "\xc0") "\x82\xa4pair\x92\0\0\xa4same\xc3", "with itself");
	REFUSE(HEAD ITEM("\0", "\xc0") "\x82\xa4pair\x91\0\xa4same\xc3", "two item numbers");
	REFUSE(HEAD "\x82\xa4pair\x92\0\1\xa4same\1", "'same' is an integer");
	REFUSE(HEAD "\x81\xa4pair\x92\0\1", "no 'same'");
	REFUSE(HEAD "\x83\xa4pair\x92\0\1\xa4same\xc3\xa1"
		    "d\1",
	       "'d' is an integer");
	REFUSE(HEAD "\x83\xa4pair\x92\0\1\xa4same\xc3\xa1"
		    "d\xcb\0\0\0\0\0\0\0\0",
	       "'d' is a float of 64 bits, wanted a float of 32");
	REFUSE(HEAD "\x83\xa4pair\x92\0\1\xa4same\xc3\xa1"
		    "d\xca\x7f\xc0\0\0",
	       "'d' is NaN");
	REFUSE(HEAD "\x83\xa4pair\x92\0\1\xa4same\xc3\xa4loss\xcb\xff\xf0\0\0\0\0\0\0",
	       "'loss' is infinite");
	REFUSE(HEAD "\x82\xa4mean\xca\0\0\0\0\xa5terms\1", "'mean' is a float of 32 bits");
	REFUSE(HEAD "\x81\xa4mean\xcb\0\0\0\0\0\0\0\0", "no 'terms'");
	REFUSE(HEAD "\x82\xa4mean\xcb\0\0\0\0\0\0\0\0\xa5terms\1" ITEM("\0", "\xc0"),
	       "behind the mean");
	REFUSE(HEAD "\x81\xa3new\x82\xa1"
		    "a\0\xa1"
		    "a\0",
	       "'a' stands twice");
	REFUSE(HEAD "\x81\xa3new\x82\xc4\2nd\xc3\xc4\4kind\xc4\1O", "pickle");
}

/* A pair section where one pair has a batch and the other has none. */
static void test_batches(void)
{
	struct sn_buffer b = { 0 };
	struct sn_writer *w;
	for (int mixed = 0; mixed < 2; mixed++) {
		struct sn_pair pair = { .a = 0, .b = 1, .same = SN_SAME, .trial = SN_NONE };
		b.size = 0;
		MUST(sn_writer_open_buffer(&w, &b));
		begin(w, "pairs");
		put_item(w, 0, "a", "a", NULL);
		put_item(w, 1, "b", "a", NULL);
		MUST(sn_write_pair(w, &pair));
		pair.batch = mixed ? SN_NONE : 5;
		MUST(sn_write_pair(w, &pair));
		MUST(sn_write_end(w, 0));
		MUST(sn_writer_close(w, true));
		CHECK(drain(b.data, b.size, 0) == (mixed ? SN_EDATA : SN_EOF));
	}
	sn_buffer_release(&b);
}

/* ---- what comes back ------------------------------------------------------------------ */

static int next(struct sn_reader *r)
{
	int st = sn_read(r, &rec);
	if (st < 0)
		fprintf(stderr, "%s\n", sn_message());
	return st;
}

static bool is(struct sn_slice s, const char *text)
{
	return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

static void test_records(void)
{
	struct sn_buffer b = { 0 };
	struct sn_writer *w;
	struct sn_reader *r;
	MUST(sn_writer_open_buffer(&w, &b));
	put_losses(w);
	MUST(sn_writer_close(w, true));
	MUST(sn_reader_open_memory(&r, (struct sn_slice){ b.data, b.size }, "test", 0));
	CHECK(next(r) == SN_HEADER && rec.map == SN_MAP_HEADER);
	CHECK(is(rec.field[0].key, "sn") && is(rec.field[1].key, "kind") &&
	      is(rec.field[2].key, "alpha") && is(rec.field[3].key, "zebra"));
	CHECK(next(r) == SN_RECORD && rec.map == SN_MAP_ITEM && rec.item.number == 0);
	CHECK(is(rec.item.key, "a/1.png") && is(rec.item.label, "a") && !rec.item.forged);
	CHECK(rec.item.x.type == 'u' && rec.item.x.rank == 3 && rec.item.x.count == 12 &&
	      rec.item.x.shape[1] == 3 && !memcmp(rec.item.x.data, pixels, 12));
	CHECK(next(r) == SN_RECORD && rec.item.number == 2 && rec.item.forged &&
	      !rec.item.label.data);
	CHECK(rec.item.x.type == 'f' && !memcmp(rec.item.x.data, vector, sizeof vector));
	CHECK(next(r) == SN_RECORD && rec.item.number == 300 && rec.item.x.type == 0);
	CHECK(next(r) == SN_RECORD && rec.map == SN_MAP_OTHER && rec.fields == 2);
	CHECK(sn_record_get(&rec, "more").size == 5 && !sn_record_get(&rec, "less").data);
	CHECK(next(r) == SN_RECORD && rec.map == SN_MAP_PAIR && rec.pair.a == 0 &&
	      rec.pair.b == 300 && rec.pair.same == SN_SAME && rec.pair.trial == 0 &&
	      rec.pair.batch == 7);
	CHECK(rec.pair.has_d && !rec.pair.d_nil && rec.pair.d == 0.25F && rec.pair.has_loss &&
	      rec.pair.loss == 0.03125);
	CHECK(next(r) == SN_RECORD && rec.pair.same == SN_UNKNOWN && rec.pair.trial == SN_NONE &&
	      rec.pair.d_nil && isnan(rec.pair.d) && !rec.pair.has_loss);
	CHECK(next(r) == SN_RECORD && rec.map == SN_MAP_MEAN && rec.mean.mean == 0.03125 &&
	      rec.mean.terms == 1);
	CHECK(next(r) == SN_END && rec.end.records == 7 && rec.end.failed == 2);
	CHECK(next(r) == SN_EOF && next(r) == SN_EOF);
	CHECK(sn_reader_offset(r) == b.size);
	sn_reader_close(r);
	sn_buffer_release(&b);
}

/* Byte for byte what msgpack-numpy writes. */
static void test_tensor(void)
{
	static const uint8_t wanted[] = { 0x85, 0xc4, 0x02, 'n',  'd',	0xc3, 0xc4, 0x04, 't', 'y',
					  'p',	'e',  0xa3, '<',  'f',	'4',  0xc4, 4,	  'k', 'i',
					  'n',	'd',  0xc4, 0x00, 0xc4, 0x05, 's',  'h',  'a', 'p',
					  'e',	0x91, 2,    0xc4, 4,	'd',  'a',  't',  'a', 0xc4,
					  8,	0,    0,    0,	  0,	0,    0,    0x80, 0x3f };
	static const float x[2] = { 0, 1 };
	struct sn_tensor t = { .type = 'f', .rank = 1, .shape = { 2 }, .count = 2, .data = x },
			 back;
	struct sn_buffer b = { 0 };
	char text[96];
	MUST(sn_tensor_encode(&b, &t));
	CHECK(b.size == sizeof wanted && !memcmp(b.data, wanted, sizeof wanted));
	MUST(sn_tensor_decode(&back, (struct sn_slice){ b.data, b.size }));
	CHECK(back.type == 'f' && back.rank == 1 && back.count == 2);
	CHECK(!strcmp(sn_shape_text(text, (size_t[]){ 28, 28, 1 }, 3), "[28][28][1]"));
	t = (struct sn_tensor){ .type = 'u', .count = 1, .data = "x" }; /* a scalar */
	b.size = 0;
	MUST(sn_tensor_encode(&b, &t));
	MUST(sn_tensor_decode(&back, (struct sn_slice){ b.data, b.size }));
	CHECK(back.rank == 0 && back.count == 1);
	t = (struct sn_tensor){ .type = 'f', .rank = 2, .shape = { 0, SIZE_MAX / 16 }, .data = "" };
	b.size = 0;
	MUST(sn_tensor_encode(&b, &t)); /* nothing, in a strange shape */
	MUST(sn_tensor_decode(&back, (struct sn_slice){ b.data, b.size }));
	CHECK(back.count == 0);
	sn_buffer_release(&b);
}

static void escape(const char *bytes, size_t n, const char *wanted)
{
	struct sn_buffer b = { 0 }, back = { 0 };
	MUST(sn_name_escape(&b, bytes, n));
	CHECK(b.size == strlen(wanted) && !memcmp(b.data, wanted, b.size));
	CHECK(sn_is_utf8(b.data, b.size));
	MUST(sn_name_unescape(&back, (const char *)b.data, b.size));
	CHECK(back.size == n && !memcmp(back.data, bytes, n));
	sn_buffer_release(&b);
	sn_buffer_release(&back);
}

static void test_names(void)
{
	struct sn_buffer b = { 0 };
	escape("a/b.png", 7, "a/b.png");
	escape("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	escape("a\\b", 3, "a\\x5cb");
	escape("\n\x7f\0", 3, "\\x0a\\x7f\\x00");
	escape("\xff\xc3", 2, "\\xff\\xc3");
	escape("\xc2\x80z\xc2\xa0", 5, "\\xc2\\x80z\xc2\xa0");
	escape("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
	escape("\\xff", 4, "\\x5cxff");
	for (unsigned i = 0; i < 65536; i++) { /* every two bytes come back */
		char two[2] = { (char)(i >> 8), (char)i };
		struct sn_buffer back = { 0 };
		b.size = 0;
		MUST(sn_name_escape(&b, two, 2));
		MUST(sn_name_unescape(&back, (const char *)b.data, b.size));
		CHECK(back.size == 2 && !memcmp(back.data, two, 2));
		sn_buffer_release(&back);
	}
	b.size = 0;
	MUST(sn_name_unescape(&b, "\\xC3\\xa4", 8));
	CHECK(b.size == 2 && !memcmp(b.data, "\xc3\xa4", 2));
	CHECK(sn_name_unescape(&b, "\\", 1) == SN_EDATA);
	CHECK(sn_name_unescape(&b, "\\x4", 3) == SN_EDATA);
	CHECK(sn_name_unescape(&b, "\\y41", 4) == SN_EDATA);
	CHECK(sn_name_unescape(&b, "\\x4g", 4) == SN_EDATA);
	sn_buffer_release(&b);
}

/* ---- parameters, edits, headers, joining ---------------------------------------------- */

static void test_params(void)
{
	size_t rows = 5, width = SN_MAX_PARAM / 8, n = rows * width;
	struct sn_buffer b = { 0 };
	struct sn_writer *w;
	struct sn_reader *r;
	float *x = malloc(n * sizeof *x);
	uint64_t row = 0;
	for (size_t i = 0; i < n; i++)
		x[i] = (float)i;
	MUST(sn_writer_open_buffer(&w, &b));
	begin(w, "model");
	MUST(sn_write_param(w, "fc1.weight", (size_t[]){ rows, width }, 2, x));
	MUST(sn_write_param(w, "empty", (size_t[]){ 0, 3 }, 2, x));
	MUST(sn_write_end(w, 0));
	MUST(sn_writer_close(w, true));
	MUST(sn_reader_open_memory(&r, (struct sn_slice){ b.data, b.size }, "test", 0));
	CHECK(next(r) == SN_HEADER);
	while (next(r) == SN_RECORD && is(rec.param.name, "fc1.weight")) {
		CHECK(rec.param.row == row && rec.bytes.size <= SN_MAX_PARAM + 200);
		CHECK(!memcmp(rec.param.x.data, x + row * width, rec.param.x.count * sizeof *x));
		row += rec.param.x.shape[0];
	}
	CHECK(row == rows && is(rec.param.name, "empty") && rec.param.x.count == 0);
	CHECK(next(r) == SN_END && rec.end.records == 4);
	sn_reader_close(r);
	sn_buffer_release(&b);
	free(x);
}

/* Rows r0..r0+n of a parameter of `rows`, each of one number. */
static void put_rows(struct sn_writer *w, const char *name, uint64_t row, size_t n, uint64_t rows)
{
	static const float x[8];
	struct sn_tensor t = { .type = 'f', .rank = 1, .shape = { n }, .count = n, .data = x };
	struct sn_buffer b = { 0 };
	MUST(sn_encode_map_head(&b, 4));
	MUST(sn_encode_key(&b, "param"));
	MUST(sn_encode_key(&b, name));
	MUST(sn_encode_key(&b, "shape"));
	MUST(sn_buffer_add(&b, "\x91", 1));
	MUST(sn_append_uint(&b, rows));
	MUST(sn_encode_key(&b, "row"));
	MUST(sn_append_uint(&b, row));
	MUST(sn_encode_key(&b, "x"));
	MUST(sn_tensor_encode(&b, &t));
	MUST(sn_write_raw(w, (struct sn_slice){ b.data, b.size }));
	sn_buffer_release(&b);
}

static void test_rows(void)
{
	static const struct {
		const char *name[2];
		uint64_t row[2];
		size_t n[2], rows[2];
		bool good;
	} trial[] = {
		{ { "a", "a" }, { 0, 2 }, { 2, 1 }, { 3, 3 }, true },
		{ { "a", "b" }, { 0, 0 }, { 2, 3 }, { 2, 3 }, true },
		{ { "a", "a" }, { 0, 2 }, { 1, 1 }, { 3, 3 }, false }, /* a gap */
		{ { "a", "a" }, { 0, 1 }, { 2, 2 }, { 3, 3 }, false }, /* an overlap */
		{ { "a", "a" }, { 0, 1 }, { 1, 1 }, { 3, 3 }, false }, /* the last is missing */
		{ { "a", "b" }, { 0, 0 }, { 2, 3 }, { 3, 3 }, false },
		{ { "a", "a" }, { 0, 1 }, { 1, 2 }, { 3, 4 }, false }, /* another shape */
		{ { "a", "a" }, { 1, 2 }, { 1, 1 }, { 3, 3 }, false }, /* the first is missing */
		{ { "a", "a" }, { 0, 0 }, { 0, 3 }, { 3, 3 }, false }, /* no row at all */
		{ { "a", "a" }, { 0, 2 }, { 2, 2 }, { 3, 3 }, false }, /* one too many */
	};
	for (size_t i = 0; i < sizeof trial / sizeof *trial; i++) {
		struct sn_buffer b = { 0 };
		struct sn_writer *w;
		MUST(sn_writer_open_buffer(&w, &b));
		begin(w, "model");
		for (int k = 0; k < 2; k++)
			put_rows(w, trial[i].name[k], trial[i].row[k], trial[i].n[k],
				 trial[i].rows[k]);
		MUST(sn_write_end(w, 0));
		MUST(sn_writer_close(w, true));
		CHECK(drain(b.data, b.size, 0) == (trial[i].good ? SN_EOF : SN_EDATA));
		sn_buffer_release(&b);
	}
}

/* A number that is not in its shortest form and a key that nobody knows stay as they are. */
static void test_edits(void)
{
	static const uint8_t strange[] = "\xde\0\5\xa4item\xcd\0\7\xd9\3key\xa1k\xa3new\xcb\0\0\0\0"
					 "\0\0\0\0\xa5label\xc0\xa6"
					 "forged\xc3";
	static const uint8_t dropped[] = "\x84\xa4item\xcd\0\7\xd9\3key\xa1k\xa3new\xcb\0\0\0\0\0\0"
					 "\0\0\xa5label\xc0";
	static const uint8_t edited[] = "\x86\xa4item\x09\xd9\3key\xa1k\xa3new\xcb\0\0\0\0\0\0\0\0"
					"\xa5label\xc0\xa6"
					"forged\xc3\xa1z\xc3";
	struct sn_buffer b = { 0 };
	struct sn_edit edit[2] = { { "item", { (const uint8_t *)"\x09", 1 } },
				   { "z", { (const uint8_t *)"\xc3", 1 } } };
	MUST(sn_record_parse_map(&rec, (struct sn_slice){ strange, sizeof strange - 1 }, false));
	CHECK(rec.item.number == 7 && is(rec.item.key, "k"));
	MUST(sn_record_edit(&b, &rec, &(struct sn_edit){ .key = "forged" }, 1));
	CHECK(b.size == sizeof dropped - 1 && !memcmp(b.data, dropped, b.size));
	b.size = 0;
	MUST(sn_record_edit(&b, &rec, edit, 2));
	CHECK(b.size == sizeof edited - 1 && !memcmp(b.data, edited, b.size));
	b.size = 0;
	MUST(sn_record_edit(&b, &rec, &(struct sn_edit){ .key = "absent" }, 1));
	CHECK(b.size == sizeof strange - 3 && !memcmp(b.data + 1, strange + 3, b.size - 1));
	sn_buffer_release(&b);
}

static void test_header(void)
{
	struct sn_header *h, *copy;
	struct sn_buffer b = { 0 };
	struct sn_writer *w;
	struct sn_slice s;
	uint64_t u;
	double d;
	size_t entries;
	MUST(sn_header_new(&h, "items"));
	MUST(sn_header_set_uint(h, "b", 5));
	MUST(sn_header_set_uint(h, "ab", 1));
	MUST(sn_header_set_uint(h, "a", 2));
	MUST(sn_header_set_uint(h, "b", 6));
	CHECK(sn_header_get_uint(h, "b", &u) && u == 6 && sn_header_get_uint(h, "a", &u) && u == 2);
	CHECK(!sn_header_get_f8(h, "b", &d) && !sn_header_get_str(h, "b", &s));
	CHECK(!sn_header_get(h, "c").data);
	sn_header_remove(h, "b");
	CHECK(!sn_header_get(h, "b").data);
	CHECK(sn_header_expect(h, "pairs items") == 0);
	CHECK(sn_header_expect(h, "distances losses") == SN_EDATA);
	CHECK(!strcmp(sn_message(),
		      "this is items, wanted distances or losses, made by sn-dist or sn-loss"));
	unsetenv("SN_NO_HISTORY");
	MUST(sn_header_add_history(h, (struct sn_slice){ (const uint8_t *)"\x81\1\2", 3 }));
	MUST(sn_header_copy(&copy, h));
	CHECK(sn_header_history(copy, &entries).size == 3 && entries == 1);
	MUST(sn_writer_open_buffer(&w, &b));
	MUST(sn_write_header(w, copy));
	CHECK(b.size == 35 && !memcmp(b.data,
				      "\x85\xa2sn\1\xa4kind\xa5items\xa7history\x91\x81\1\2\xa1"
				      "a\2\xa2"
				      "ab\1",
				      35));
	b.size = 0;
	MUST(sn_writer_close(w, false));
	setenv("SN_NO_HISTORY", "1", 1);
	MUST(sn_header_add_history(copy, (struct sn_slice){ (const uint8_t *)"\x81\1\2", 3 }));
	CHECK(sn_header_history(copy, &entries).size == 3 && entries == 1);
	MUST(sn_writer_open_buffer(&w, &b));
	MUST(sn_write_header(w, copy));
	CHECK(b.data[0] == 0x84 && !memchr(b.data, 'h', b.size));
	MUST(sn_writer_close(w, false));
	for (unsigned i = 0; i < SN_MAX_FIELDS - 1; i++) {
		char key[8];
		snprintf(key, sizeof key, "k%u", i);
		MUST(sn_header_set_uint(copy, key, i));
	}
	MUST(sn_writer_open_buffer(&w, &b)); /* what no reader takes is not written */
	CHECK(sn_write_header(w, copy) == SN_EDATA);
	MUST(sn_writer_close(w, false));
	sn_header_free(h);
	sn_header_free(copy);
	sn_buffer_release(&b);
}

static void put_section(struct sn_writer *w, uint64_t batch)
{
	struct sn_pair pair = { .a = 3, .b = 5, .same = SN_SAME, .trial = 4, .batch = batch };
	begin(w, "pairs");
	put_item(w, 3, "a", "a", NULL);
	put_item(w, 5, "b", "a", NULL);
	MUST(sn_write_pair(w, &pair));
	MUST(sn_write_end(w, 1));
}

static void test_join(void)
{
	struct sn_buffer b = { 0 };
	struct sn_writer *w;
	struct sn_reader *r;
	struct sn_join *j;
	MUST(sn_writer_open_buffer(&w, &b));
	put_section(w, 0);
	put_section(w, 2);
	MUST(sn_writer_close(w, true));
	MUST(sn_reader_open_memory(&r, (struct sn_slice){ b.data, b.size }, "test", 0));
	MUST(sn_join_new(&j, r));
	CHECK(sn_join_read(j, &rec) == SN_HEADER);
	CHECK(sn_join_read(j, &rec) == SN_RECORD && rec.item.number == 3 && !rec.renumbered);
	CHECK(sn_join_read(j, &rec) == SN_RECORD && rec.item.number == 5);
	CHECK(sn_join_read(j, &rec) == SN_RECORD && rec.pair.a == 3 && rec.pair.trial == 4);
	CHECK(sn_join_read(j, &rec) == SN_RECORD && rec.item.number == 9 && rec.renumbered);
	CHECK(sn_join_read(j, &rec) == SN_RECORD && rec.item.number == 11);
	CHECK(sn_join_read(j, &rec) == SN_RECORD && rec.pair.a == 9 && rec.pair.b == 11 &&
	      rec.pair.trial == 9 && rec.pair.batch == 3);
	CHECK(sn_join_read(j, &rec) == SN_END && rec.end.records == 6 && rec.end.failed == 2);
	CHECK(sn_join_read(j, &rec) == SN_EOF);
	sn_reader_close(r);
	sn_join_free(j);
	sn_buffer_release(&b);
}

/* ---- bytes that come slowly ----------------------------------------------------------- */

static int waits;

static int count_wait(void *context)
{
	(void)context;
	waits++;
	return 0;
}

/* Byte after byte through a pipe: the same records, and never a read that waits without a flush. */
static void test_pipe(void)
{
	struct sn_buffer b = { 0 };
	struct sn_writer *w;
	struct sn_reader *r;
	int ends[2];
	MUST(sn_writer_open_buffer(&w, &b));
	put_losses(w);
	MUST(sn_writer_close(w, true));
	CHECK(pipe(ends) == 0);
	if (fork() == 0) {
		close(ends[0]);
		for (size_t i = 0; i < b.size; i++)
			if (write(ends[1], b.data + i, 1) != 1)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	MUST(sn_reader_open_fd(&r, ends[0], "<pipe>", 0));
	sn_reader_before_wait(r, count_wait, NULL);
	CHECK(next(r) == SN_HEADER);
	for (int i = 0; i < 7; i++)
		CHECK(next(r) == SN_RECORD);
	CHECK(next(r) == SN_END);
	CHECK(next(r) == SN_EOF && sn_reader_size(r) == 0);
	sn_reader_close(r);
	close(ends[0]);
	sn_buffer_release(&b);
}

/* A call that fails before a wait ends the reading. */
static int fail_wait(void *context)
{
	(void)context;
	return sn_fail(SN_EIO, "no");
}

static void test_wait(void)
{
	struct sn_reader *r;
	int ends[2];
	CHECK(pipe(ends) == 0);
	MUST(sn_reader_open_fd(&r, ends[0], "<pipe>", 0));
	sn_reader_before_wait(r, fail_wait, NULL);
	CHECK(sn_read(r, &rec) == SN_EIO);
	sn_reader_close(r);
	CHECK(sn_reader_open_fd(&r, -1, "<none>", 0) == SN_EIO && !r);
	CHECK(sn_reader_open(&r, "/", 0) == SN_EIO && strstr(sn_message(), "folder"));
	CHECK(sn_reader_open(&r, "/nonexistent", 0) == SN_EIO);
	close(ends[0]);
	close(ends[1]);
}

/* While others are at work, a reader waits for bytes and for their end, whichever comes first. */
static int input[2], work[2];

static int work_goes_on(void *context)
{
	const struct sn_buffer *b = context;
	char c;
	switch (waits++) {
	case 0: /* a part ends while the reader waits for bytes */
		return write(work[1], "", 1) == 1 ? 1 : SN_EIO;
	case 1: /* bytes come, and nothing ends */
		if (read(work[0], &c, 1) != 1 ||
		    write(input[1], b->data, b->size) != (ssize_t)b->size)
			return SN_EIO;
		close(input[1]);
		return 1;
	default:
		return SN_EIO;
	}
}

static void test_watch(void)
{
	struct sn_buffer b = { 0 };
	struct sn_writer *w;
	struct sn_reader *r;
	MUST(sn_writer_open_buffer(&w, &b));
	begin(w, "items");
	MUST(sn_write_end(w, 0));
	MUST(sn_writer_close(w, true));
	CHECK(pipe(input) == 0 && pipe(work) == 0);
	MUST(sn_reader_open_fd(&r, input[0], "<pipe>", 0));
	waits = 0;
	sn_reader_before_wait(r, work_goes_on, &b);
	sn_reader_watch(r, work[0]);
	CHECK(next(r) == SN_HEADER && next(r) == SN_END && next(r) == SN_EOF && waits == 2);
	sn_reader_close(r);
	close(input[0]);
	close(work[0]);
	close(work[1]);
	sn_buffer_release(&b);
}

/* ---- large maps, and many at once ----------------------------------------------------- */

static void put_large(struct sn_writer *w, const uint8_t *bytes, const float *values)
{
	static const uint8_t file[] = "\x81\xa5"
				      "bytes\x07";
	struct sn_item item = { .key = slice("k"), .file = { file, sizeof file - 1 } };
	struct sn_buffer maps = { 0 };
	struct sn_writer *other;
	item.x = (struct sn_tensor){ 'u', 3, { 1000, 1000, 3 }, 3000000, bytes };
	begin(w, "items");
	put_item(w, 0, "small", NULL, &picture);
	item.number = 1;
	MUST(sn_write_item(w, &item));
	item.number = 2;
	MUST(sn_write_item(w, &item));
	put_item(w, 3, "small", "label", &picture);
	item.x = (struct sn_tensor){ 'u', 3, { 1000, 1000, 70 }, 70000000, bytes };
	item.number = 4;
	CHECK(sn_write_item(w, &item) == SN_EDATA && strstr(sn_message(), "64 MiB"));
	/* of encoded maps a few, and more than go through the buffer */
	MUST(sn_writer_open_buffer(&other, &maps));
	begin(other, "items");
	maps.size = 0;
	put_item(other, 4, "four", NULL, &embedding);
	put_item(other, 5, "five", NULL, &embedding);
	MUST(sn_write_maps(w, (struct sn_slice){ maps.data, maps.size }, 2));
	maps.size = 0;
	for (uint64_t i = 6; i < 10006; i++)
		put_item(other, i, "one of many", NULL, &embedding);
	MUST(sn_write_maps(w, (struct sn_slice){ maps.data, maps.size }, 10000));
	MUST(sn_writer_close(other, false));
	MUST(sn_write_end(w, 0));
	begin(w, "model");
	MUST(sn_write_param(w, "w", (size_t[]){ 5, 1 << 20 }, 2, values));
	MUST(sn_write_end(w, 0));
	sn_buffer_release(&maps);
}

/* A file gets what memory gets. */
static void test_large(void)
{
	uint8_t *bytes = calloc(70000000, 1), *read = NULL;
	float *values = calloc(5 << 20, sizeof *values);
	const char *folder = getenv("BATS_TEST_TMPDIR");
	struct sn_buffer b = { 0 };
	struct sn_writer *w;
	char path[4096];
	size_t size = 0;
	CHECK(bytes && values);
	for (int i = 0; i < 3000000; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	for (int i = 0; i < 5 << 20; i++)
		values[i] = (float)i;
	snprintf(path, sizeof path, "%s/large.sn", folder ? folder : "/tmp");
	MUST(sn_writer_open_buffer(&w, &b));
	put_large(w, bytes, values);
	MUST(sn_writer_close(w, true));
	CHECK(drain(b.data, b.size, 0) == SN_EOF);
	MUST(sn_writer_open(&w, path, SN_FORM_BINARY));
	put_large(w, bytes, values);
	MUST(sn_writer_close(w, true));
	MUST(sn_file_read(path, 1 << 30, &read, &size));
	CHECK(size == b.size && memcmp(read, b.data, size) == 0);
	unlink(path);
	free(read);
	free(bytes);
	free(values);
	sn_buffer_release(&b);
}

/* Numbers with gaps, a million runs, and a window that forgets them. */
static void test_numbers(void)
{
	for (int window = 0; window < 2; window++) {
		struct sn_buffer b = { 0 };
		struct sn_writer *w;
		struct sn_header *h;
		struct sn_pair pair = { .same = SN_SAME, .trial = SN_NONE, .batch = SN_NONE };
		MUST(sn_header_new(&h, "pairs"));
		if (window)
			MUST(sn_header_set_uint(h, "window", 2));
		MUST(sn_writer_open_buffer(&w, &b));
		MUST(sn_write_header(w, h));
		sn_header_free(h);
		for (uint64_t i = 0; i < 1000; i++) {
			put_item(w, 5 * i, "k", NULL, NULL);
			pair.a = 5 * i;
			pair.b = 5 * (i - 2);
			if (i >= 2)
				MUST(sn_write_pair(w, &pair));
		}
		put_item(w, UINT64_MAX - 1, "last", NULL, NULL);
		MUST(sn_write_end(w, 0));
		MUST(sn_writer_close(w, true));
		CHECK(drain(b.data, b.size, 0) == SN_EOF);
		sn_buffer_release(&b);
	}
}

int main(void)
{
	setenv("SN_NO_HISTORY", "1", 1);
	test_damage();
	test_messages();
	test_batches();
	test_records();
	test_tensor();
	test_names();
	test_params();
	test_rows();
	test_edits();
	test_header();
	test_join();
	test_pipe();
	test_wait();
	test_watch();
	test_large();
	test_numbers();
	return TEST_END();
}
