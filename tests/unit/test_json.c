/* json: every value there and back, what is refused, lines that come in pieces. */
#include <unistd.h>
#include <sn/json.h>
#include <sn/random.h>
#include "../../lib/stream/private.h"
#include "test.h"

static void print(const void *map, size_t n, const char *wanted)
{
	struct sn_buffer b = { 0 };
	MUST(sn_json_print(&b, (struct sn_slice){ map, n }));
	if (b.size != strlen(wanted) || memcmp(b.data, wanted, b.size) != 0)
		fprintf(stderr, "wanted %s\ngot    %.*s\n", wanted, (int)b.size, (char *)b.data);
	CHECK(b.size == strlen(wanted) && !memcmp(b.data, wanted, b.size));
	sn_buffer_release(&b);
}

static void parse(const char *line, const void *map, size_t n)
{
	struct sn_buffer b = { 0 };
	int st = sn_json_parse(&b, line, strlen(line));
	if (st < 0)
		fprintf(stderr, "%s: %s\n", line, sn_message());
	CHECK(st == 0 && b.size == n && !memcmp(b.data, map, n));
	sn_buffer_release(&b);
}

#define PARSE(line, map) parse(line, map, sizeof(map) - 1)

/* There and back. */
#define BOTH(map, line) (print(map, sizeof(map) - 1, line), parse(line, map, sizeof(map) - 1))

static void test_values(void)
{
	BOTH("\x80", "{}");
	BOTH("\x81\xa1"
	     "a\xc0",
	     "{\"a\":null}");
	BOTH("\x82\xa1"
	     "a\xc3\xa1"
	     "b\xc2",
	     "{\"a\":true,\"b\":false}");
	BOTH("\x81\xa1"
	     "a\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
	     "{\"a\":18446744073709551615}");
	BOTH("\x81\xa1"
	     "a\xd3\x80\0\0\0\0\0\0\0",
	     "{\"a\":-9223372036854775808}");
	BOTH("\x81\xa1"
	     "a\xff",
	     "{\"a\":-1}");
	BOTH("\x81\xa1"
	     "a\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a",
	     "{\"a\":0.10000000000000001}");
	BOTH("\x81\xa1"
	     "a\xcb\x80\0\0\0\0\0\0\0",
	     "{\"a\":-0.0}");
	BOTH("\x81\xa1"
	     "a\xca\x3d\xcc\xcc\xcd",
	     "{\"a\":{\"f4\":0.100000001}}");
	BOTH("\x81\xa1"
	     "a\xcb\x7f\xf8\0\0\0\0\0\0",
	     "{\"a\":NaN}");
	BOTH("\x81\xa1"
	     "a\xcb\xff\xf0\0\0\0\0\0\0",
	     "{\"a\":-Infinity}");
	BOTH("\x81\xa1"
	     "a\xca\x7f\x80\0\0",
	     "{\"a\":{\"f4\":Infinity}}");
	BOTH("\x81\xa1"
	     "a\xc4\3\0\xff\x10",
	     "{\"a\":{\"bin\":\"00ff10\"}}");
	BOTH("\x81\xa1"
	     "a\xc4\0",
	     "{\"a\":{\"bin\":\"\"}}");
	BOTH("\x81\xa1"
	     "a\xd4\xff\1",
	     "{\"a\":{\"ext\":[-1,\"01\"]}}");
	BOTH("\x81\xa1"
	     "a\xc7\3\5\1\2\3",
	     "{\"a\":{\"ext\":[5,\"010203\"]}}");
	BOTH("\x81\xa1"
	     "a\x93\1\x90\x91\xa1"
	     "b",
	     "{\"a\":[1,[],[\"b\"]]}");
	BOTH("\x81\xa1"
	     "a\x81\xa1"
	     "b\x80",
	     "{\"a\":{\"b\":{}}}");
	BOTH("\x81\xa1"
	     "a\x81\1\2",
	     "{\"a\":{\"map\":[[1,2]]}}");
	BOTH("\x81\xa1"
	     "a\x81\xa3"
	     "bin\xc0",
	     "{\"a\":{\"map\":[[\"bin\",null]]}}");
	BOTH("\x81\xa1"
	     "a\x82\xa4type\1\xa4"
	     "data\2",
	     "{\"a\":{\"map\":[[\"type\",1],[\"data\",2]]}}");
	BOTH("\x81\xa1"
	     "a\xa9"
	     "q\"\\\n\x7f\xc2\x80\xc3\xa4",
	     "{\"a\":\"q\\\"\\\\\\u000a\\u007f\\u0080\xc3\xa4\"}");
	BOTH("\x81\xa1"
	     "a\xa3"
	     "b\0c",
	     "{\"a\":\"b\\u0000c\"}");
	BOTH("\x81\xa4item\1", "{\"item\":1}");
	/* a pair's d is a float of 32 bits without more words; elsewhere d is nothing special */
	BOTH("\x83\xa4pair\x92\0\1\xa4same\xc3\xa1"
	     "d\xca\x3f\0\0\0",
	     "{\"pair\":[0,1],\"same\":true,\"d\":0.5}");
	BOTH("\x82\xa4item\0\xa1"
	     "d\xca\x3f\0\0\0",
	     "{\"item\":0,\"d\":{\"f4\":0.5}}");
	BOTH("\x81\xa1x\x85\xc4\2nd\xc3\xc4\4type\xa3|u1\xc4\4kind\xc4\0\xc4\5shape\x92\1\3\xc4\4"
	     "data\xc4\3\0\x0c\xff",
	     "{\"x\":{\"type\":\"|u1\",\"shape\":[1,3],\"data\":[0,12,255]}}");
	BOTH("\x81\xa1x\x85\xc4\2nd\xc3\xc4\4type\xa3<f4\xc4\4kind\xc4\0\xc4\5shape\x90\xc4\4"
	     "data\xc4\4\0\0\0\x3f",
	     "{\"x\":{\"type\":\"<f4\",\"shape\":[],\"data\":[0.5]}}");
	BOTH("\x81\xa1x\x85\xc4\2nd\xc3\xc4\4type\xa3<f4\xc4\4kind\xc4\0\xc4\5shape\x92\0\3\xc4\4"
	     "data\xc4\0",
	     "{\"x\":{\"type\":\"<f4\",\"shape\":[0,3],\"data\":[]}}");
	/* shorter to write */
	PARSE("{\"x\":{\"type\":\"|u1\",\"data\":[1,2]}}",
	      "\x81\xa1x\x85\xc4\2nd\xc3\xc4\4type\xa3|u1\xc4\4kind\xc4\0\xc4\5shape\x91\2\xc4\4"
	      "data\xc4\2\1\2");
	PARSE(" { \"a\" : 1 } \t\r", "\x81\xa1"
				     "a\1");
	PARSE("{\"pair\":[0,1],\"d\":1}", "\x82\xa4pair\x92\0\1\xa1"
					  "d\xca\x3f\x80\0\0");
	/* written the long way, still shown */
	print("\x81\xa1"
	      "a\xd1\xff\xfe",
	      6, "{\"a\":-2}");
	print("\x81\xa1"
	      "a\xde\0\0",
	      6, "{\"a\":{}}");
}

static void refuse(const char *line, size_t n, const char *words)
{
	struct sn_buffer b = { 0 };
	int st = sn_json_parse(&b, line, n);
	if (st != SN_EDATA || !strstr(sn_message(), words))
		fprintf(stderr, "%s: wanted '%s', got %d '%s'\n", line, words, st, sn_message());
	CHECK(st == SN_EDATA && strstr(sn_message(), words));
	sn_buffer_release(&b);
}

#define REFUSE(line, words) refuse(line, sizeof(line) - 1, words)

static void test_refused(void)
{
	REFUSE("", "no JSON");
	REFUSE("{", "no JSON");
	REFUSE("{\"a\":1", "no JSON");
	REFUSE("{\"a\"}", "no JSON");
	REFUSE("{\"a\":1}}", "more than one");
	REFUSE("{\"a\":1}\0", "more than one");
	REFUSE("{\"a\":1}{\"b\":1}", "more than one");
	REFUSE("[1]", "no JSON object");
	REFUSE("{\"a\":1,\"a\":2}", "stands twice");
	REFUSE("{\"a\":{\"b\":1,\"b\":1}}", "stands twice");
	REFUSE("{\"a\":[{\"b\":1,\"b\":1}]}", "stands twice");
	REFUSE("{\"a\\u0000b\":1}", "0 character");
	REFUSE("{'a':1}", "no JSON");
	REFUSE("{\"a\":1/*:*/}", "no JSON");
	REFUSE("{\"a\":\"\xff\"}", "no JSON");
	REFUSE("{\"a\":{\"bin\":\"0\"}}", "hexadecimal");
	REFUSE("{\"a\":{\"bin\":\"0g\"}}", "hexadecimal");
	REFUSE("{\"a\":{\"bin\":1}}", "hexadecimal");
	REFUSE("{\"a\":{\"ext\":[300,\"00\"]}}", "ext");
	REFUSE("{\"a\":{\"ext\":[\"x\",\"00\"]}}", "ext");
	REFUSE("{\"a\":{\"map\":[[1]]}}", "[key, value]");
	REFUSE("{\"a\":{\"map\":[1]}}", "[key, value]");
	REFUSE("{\"x\":{\"type\":\"<f8\",\"data\":[]}}", "type '<f8'");
	REFUSE("{\"x\":{\"type\":null,\"data\":[]}}", "type 'null'");
	REFUSE("{\"x\":{\"type\":\"|u1\",\"data\":[256]}}", "from 0 to 255");
	REFUSE("{\"x\":{\"type\":\"|u1\",\"data\":[0.5]}}", "from 0 to 255");
	REFUSE("{\"x\":{\"type\":\"|u1\",\"data\":[-1]}}", "from 0 to 255");
	REFUSE("{\"x\":{\"type\":\"<f4\",\"data\":[\"1\"]}}", "no number");
	REFUSE("{\"x\":{\"type\":\"<f4\",\"data\":[null]}}", "no number");
	REFUSE("{\"x\":{\"type\":\"<f4\",\"data\":7}}", "must be arrays");
	REFUSE("{\"x\":{\"type\":\"<f4\",\"shape\":[2],\"data\":[1]}}", "do not fill");
	REFUSE("{\"x\":{\"type\":\"<f4\",\"shape\":[-1],\"data\":[1]}}", "no sizes");
	REFUSE("{\"x\":{\"type\":\"<f4\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data\":[1]}}", "rank 9");
	REFUSE("{\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", "nested deeper");
}

/* ---- by chance: whatever map can be written comes back the same ------------------------ */

static void random_value(struct sn_buffer *b, struct sn_random *r, unsigned depth);

static void random_text(struct sn_buffer *b, struct sn_random *r)
{
	static const char *const piece[] = { "a",	 "Z",	 "\"", "\\",   "\n",
					     "\xc2\x85", "'",	 "/",  ":",    "{",
					     "\xc3\xa4", "f4",	 "\t", "\x7f", "\xf0\x9f\x98\x80",
					     "type",	 "data", " " };
	char text[200];
	size_t n = 0, pieces = sn_random_below(r, 12);
	while (pieces-- > 0) {
		const char *p = piece[sn_random_below(r, sizeof piece / sizeof *piece)];
		memcpy(text + n, p, strlen(p));
		n += strlen(p);
	}
	MUST(sn_append_str(b, text, n));
}

static void random_map(struct sn_buffer *b, struct sn_random *r, unsigned depth)
{
	uint64_t n = sn_random_below(r, 6);
	bool strings = depth == 0 || sn_random_below(r, 4);
	MUST(sn_encode_map_head(b, n));
	for (uint64_t i = 0; i < n; i++) {
		char key[24];
		snprintf(key, sizeof key, "k%llu", (unsigned long long)i);
		if (strings)
			MUST(sn_encode_key(b, key));
		else
			MUST(sn_append_uint(b, i * 1000));
		random_value(b, r, depth + 1);
	}
}

static void random_tensor(struct sn_buffer *b, struct sn_random *r)
{
	float x[6];
	struct sn_tensor t = { .type = sn_random_below(r, 2) ? 'f' : 'u', .rank = 2, .data = x };
	for (size_t i = 0; i < 6; i++)
		x[i] = (float)((double)sn_random_below(r, 1 << 30) / 12345 - 4000);
	t.shape[0] = sn_random_below(r, 3);
	t.shape[1] = sn_random_below(r, 4);
	t.count = t.shape[0] * t.shape[1];
	MUST(sn_tensor_encode(b, &t));
}

static void random_value(struct sn_buffer *b, struct sn_random *r, unsigned depth)
{
	msgpack_packer pk;
	uint64_t bits = sn_random_below(r, UINT64_MAX) >> sn_random_below(r, 64);
	double d;
	msgpack_packer_init(&pk, b, sn_buffer_write);
	switch (sn_random_below(r, depth < 6 ? 11 : 9)) {
	case 0:
		MUST(sn_append_uint(b, bits));
		break;
	case 1:
		MUST(msgpack_pack_int64(&pk, (int64_t)(bits | (uint64_t)1 << 63)));
		break;
	case 2:
		d = (double)bits / 3e7;
		MUST(sn_append_f8(b, d));
		break;
	case 3:
		MUST(sn_append_f4(b, (float)((double)bits / 1e9)));
		break;
	case 4:
		random_text(b, r);
		break;
	case 5:
		MUST(msgpack_pack_bin_with_body(&pk, &bits, sn_random_below(r, 9)));
		break;
	case 6:
		MUST(msgpack_pack_ext_with_body(&pk, &bits, sn_random_below(r, 9), (int8_t)bits));
		break;
	case 7:
		MUST(sn_buffer_add(b, &"\xc0\xc2\xc3"[sn_random_below(r, 3)], 1));
		break;
	case 8:
		random_tensor(b, r);
		break;
	case 9:
		random_map(b, r, depth);
		break;
	default:
		bits = sn_random_below(r, 5);
		MUST(msgpack_pack_array(&pk, bits));
		while (bits-- > 0)
			random_value(b, r, depth + 1);
	}
}

static void test_random(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 0, 0);
	struct sn_buffer map = { 0 }, text = { 0 }, back = { 0 };
	for (int i = 0; i < 20000 && !test_failures; i++) {
		map.size = text.size = back.size = 0;
		random_map(&map, &r, 0);
		CHECK(sn_scan_value((struct sn_slice){ map.data, map.size }) == 0);
		MUST(sn_json_print(&text, (struct sn_slice){ map.data, map.size }));
		CHECK(!memchr(text.data, '\n', text.size) && sn_is_utf8(text.data, text.size));
		MUST(sn_json_parse(&back, (const char *)text.data, text.size));
		CHECK(back.size == map.size && !memcmp(back.data, map.data, map.size));
		if (test_failures)
			fprintf(stderr, "%.*s\n", (int)text.size, (char *)text.data);
	}
	sn_buffer_release(&map);
	sn_buffer_release(&text);
	sn_buffer_release(&back);
}

/* ---- lines ---------------------------------------------------------------------------- */

static struct sn_record rec;

static int drain(struct sn_reader *r)
{
	int st;
	while ((st = sn_read(r, &rec)) > 0)
		;
	sn_reader_close(r);
	return st;
}

static int lines(const char *text, size_t n)
{
	struct sn_reader *r;
	MUST(sn_reader_open_memory(&r, (struct sn_slice){ (const uint8_t *)text, n }, "f",
				   SN_READ_JSON));
	return drain(r);
}

#define LINES(text) lines(text, sizeof(text) - 1)
#define HEADER "{\"sn\":1,\"kind\":\"items\"}\n"
#define ITEM(n) "{\"item\":" #n ",\"key\":\"k\",\"label\":null}\n"

static void test_lines(void)
{
	struct sn_reader *r;
	int ends[2];
	CHECK(LINES("") == SN_EOF);
	CHECK(LINES("\n \n\r\n") == SN_EOF);
	CHECK(LINES(HEADER "{\"end\":0}\n") == SN_EOF);
	CHECK(LINES("\n" HEADER "\n" ITEM(3) "\r\n{\"end\":1}") == SN_EOF);
	CHECK(LINES(HEADER "{\"end\":0,\"xxh3\":5}\n") == SN_EOF);
	CHECK(LINES(HEADER "{\"end\":0,\"failed\":2,\"xxh3\":null}\n" HEADER "{\"end\":0}\n") ==
	      SN_EOF);
	CHECK(LINES(HEADER ITEM(0)) == SN_EDATA);
	CHECK(strstr(sn_message(), "f: truncated after record 1 at line 2"));
	CHECK(LINES(HEADER ITEM(0) "\n" ITEM(0) "{\"end\":2}") == SN_EDATA);
	CHECK(strstr(sn_message(), "f: record 2 at line 4: item number 0 after 0"));
	CHECK(LINES(HEADER "{\"end\":1}\n") == SN_EDATA);
	CHECK(LINES(HEADER "\n\nx\n") == SN_EDATA && strstr(sn_message(), "f: line 4: no JSON"));
	CHECK(LINES(HEADER "\0\n") == SN_EDATA);
	CHECK(LINES(HEADER "{\"end\":0}\n" ITEM(0)) == SN_EDATA && strstr(sn_message(), "rubbish"));
	CHECK(LINES(HEADER "{\"end\":-1}\n") == SN_EDATA);
	/* the same byte after byte */
	CHECK(pipe(ends) == 0);
	if (fork() == 0) {
		static const char text[] = HEADER ITEM(0) "\n" ITEM(7) "{\"end\":2}";
		for (size_t i = 0; i < sizeof text - 1; i++)
			if (write(ends[1], text + i, 1) != 1)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	MUST(sn_reader_open_fd(&r, ends[0], "<pipe>", SN_READ_JSON));
	CHECK(drain(r) == SN_EOF && rec.map == SN_MAP_END && rec.end.records == 2);
	close(ends[0]);
}

int main(void)
{
	test_values();
	test_refused();
	test_random();
	test_lines();
	return TEST_END();
}
