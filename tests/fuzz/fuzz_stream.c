/*
 * fuzz_stream - any bytes at all, read as a stream.  Nothing may crash, leak or take memory without
 * bound; and what the reader lets pass must be good: it can be shown as JSON and read back, shown
 * as text, joined and written, and what was written is read again, whole.
 */
#include <stdlib.h>
#include <sn/compare.h>
#include <sn/json.h>
#include "../../lib/stream/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that does not hold is a finding. */
static void must(int st)
{
	if (st < 0) {
		fprintf(stderr, "not so: %s\n", sn_message());
		abort();
	}
}

static void must_be(bool condition)
{
	if (!condition)
		abort();
}

/* Every value of a header or record, by the ways in which programs take them. */
static void take_values(const struct sn_record *rec)
{
	struct sn_buffer b = { 0 };
	for (unsigned i = 0; i < rec->fields; i++) {
		struct sn_slice value = rec->field[i].value;
		struct sn_tensor t;
		msgpack_object o;
		msgpack_zone zone;
		must_be(msgpack_zone_init(&zone, 1024));
		if (sn_unpack(&o, &zone, value) == 0)
			(void)sn_map_get(&o, "xxh3");
		msgpack_zone_destroy(&zone);
		if (*value.data != 0xc0 && sn_tensor_decode(&t, value) == 0) {
			b.size = 0;
			must(sn_tensor_encode(&b, &t));
			must(sn_tensor_decode(&t, (struct sn_slice){ b.data, b.size }));
		}
	}
	sn_buffer_release(&b);
}

/* A map as JSON, and that JSON as a map of which the same is said. */
static void there_and_back(struct sn_slice map)
{
	struct sn_buffer text = { 0 }, back = { 0 }, again = { 0 };
	must(sn_json_print(&text, map));
	/* a 0 character in a key is the one thing that does not come back */
	if (sn_json_parse(&back, (const char *)text.data, text.size) == 0) {
		must(sn_json_print(&again, (struct sn_slice){ back.data, back.size }));
		must_be(again.size == text.size && memcmp(again.data, text.data, text.size) == 0);
	}
	sn_buffer_release(&text);
	sn_buffer_release(&back);
	sn_buffer_release(&again);
}

/* A record that is finite is the same as itself. */
static void compare(const struct sn_record *rec)
{
	struct sn_comparison c = { .rel = 1e-6 };
	must(sn_compare(&c, rec->bytes, rec->bytes));
}

static int show(struct sn_text *text, const struct sn_record *rec, bool *shown)
{
	struct sn_buffer b = { 0 };
	struct sn_header *h;
	int st = 0;
	if (rec->map == SN_MAP_HEADER && (st = sn_header_parse(&h, rec)) == 0) {
		*shown = sn_text_header(text, h) == 0;
		sn_header_free(h);
	} else if (*shown && rec->map != SN_MAP_HEADER) {
		(void)sn_text_record(text, &b,
				     rec->bytes); /* may lack an item that a window forgot */
	}
	sn_buffer_release(&b);
	return st;
}

static int drain(struct sn_slice bytes, unsigned flags, bool look)
{
	static struct sn_record rec;
	struct sn_text *text;
	struct sn_reader *r;
	bool shown = false;
	int st;
	must(sn_reader_open_memory(&r, bytes, "fuzz", flags));
	must(sn_text_new(&text));
	while ((st = sn_read(r, &rec)) > 0) {
		if (!look)
			continue;
		take_values(&rec);
		there_and_back(rec.bytes);
		compare(&rec);
		if (show(text, &rec, &shown) < 0)
			break;
	}
	sn_text_free(text);
	sn_reader_close(r);
	return st;
}

static int write_joined(struct sn_join *j, struct sn_writer *w)
{
	static struct sn_record rec;
	struct sn_header *h;
	int st;
	while ((st = sn_join_read(j, &rec)) > 0) {
		if (st == SN_HEADER) {
			if ((st = sn_header_parse(&h, &rec)) < 0)
				return st;
			st = sn_write_header(w, h);
			sn_header_free(h);
		} else if (st == SN_RECORD) {
			/* of several means sn-cat makes one */
			st = rec.map == SN_MAP_MEAN ? SN_EDATA : sn_write_renumbered(w, &rec);
		} else {
			st = sn_write_end(w, rec.end.failed);
		}
		if (st < 0)
			return st;
	}
	return st;
}

/* What is read well and joined is a good stream again. */
static void join(struct sn_slice bytes)
{
	struct sn_buffer out = { 0 };
	struct sn_reader *r;
	struct sn_writer *w;
	struct sn_join *j;
	int st;
	must(sn_reader_open_memory(&r, bytes, "fuzz", 0));
	must(sn_writer_open_buffer(&w, &out));
	must(sn_join_new(&j, r));
	st = write_joined(j, w);
	must(sn_writer_close(w, st == SN_EOF));
	if (st == SN_EOF)
		must(drain((struct sn_slice){ out.data, out.size }, 0, false));
	sn_join_free(j);
	sn_reader_close(r);
	sn_buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sn_slice bytes = { data, size };
	if (drain(bytes, 0, true) == SN_EOF)
		join(bytes);
	(void)drain(bytes, SN_READ_NAN, true);
	return 0;
}
