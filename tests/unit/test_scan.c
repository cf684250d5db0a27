/* scan: extents, limits, waiting for more bytes; keys that stand twice; what would be unpickled. */
#include "../../lib/stream/private.h"
#include "test.h"

/* Walk with all bytes there. 1, 0 or SN_EDATA as sn_scan; *size is the extent. */
static int walk(const void *bytes, size_t n, size_t *size)
{
	struct sn_scan s;
	size_t need;
	int st;
	sn_scan_start(&s);
	st = sn_scan(&s, bytes, n, &need);
	*size = s.at;
	return st;
}

#define WALK(text, size) walk(text, sizeof text - 1, size)

static void test_extents(void)
{
	static const struct {
		const char *bytes;
		size_t n;
	} good[] = {
#define GOOD(s) { s, sizeof s - 1 }
		GOOD("\x00"),
		GOOD("\x7f"),
		GOOD("\xff"),
		GOOD("\xc0"),
		GOOD("\xc2"),
		GOOD("\xc3"),
		GOOD("\xcc\xff"),
		GOOD("\xcd\xff\xff"),
		GOOD("\xce\1\2\3\4"),
		GOOD("\xcf\1\2\3\4\5\6\7\x08"),
		GOOD("\xd0\x80"),
		GOOD("\xd1\x80\0"),
		GOOD("\xd2\x80\0\0\0"),
		GOOD("\xd3\x80\0\0\0\0\0\0\0"),
		GOOD("\xca\0\0\0\0"),
		GOOD("\xcb\0\0\0\0\0\0\0\0"),
		GOOD("\xa0"),
		GOOD("\xa3"
		     "abc"),
		GOOD("\xd9\2ab"),
		GOOD("\xda\0\2ab"),
		GOOD("\xdb\0\0\0\2ab"),
		GOOD("\xc4\2\xff\xff"),
		GOOD("\xc5\0\1\xff"),
		GOOD("\xc6\0\0\0\1\xff"),
		GOOD("\xc7\1\5\xff"),
		GOOD("\xc8\0\1\5\xff"),
		GOOD("\xc9\0\0\0\1\5\xff"),
		GOOD("\xd4\5\xff"),
		GOOD("\xd5\5\xff\xff"),
		GOOD("\xd6\5\1\2\3\4"),
		GOOD("\xd7\5\1\2\3\4\5\6\7\x08"),
		GOOD("\xd8\5\1\2\3\4\5\6\7\x08\1\2\3\4\5\6\7\x08"),
		GOOD("\x90"),
		GOOD("\x93\1\xa1"
		     "a\x91\x80"),
		GOOD("\xdc\0\2\1\2"),
		GOOD("\xdd\0\0\0\2\1\2"),
		GOOD("\x80"),
		GOOD("\x82\xa1"
		     "a\1\xa1"
		     "b\x92\x90\x80"),
		GOOD("\xde\0\1\1\2"),
		GOOD("\xdf\0\0\0\1\1\2"),
		GOOD("\xa2\xc3\xa4"),
		GOOD("\xa4\xf0\x9f\x98\x80"),
#undef GOOD
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const uint8_t *p = (const uint8_t *)good[i].bytes;
		size_t n = good[i].n, size;
		uint8_t longer[64];
		CHECK(walk(p, n, &size) == 1 && size == n);
		CHECK(sn_extent(p) == n);
		/* what follows is not looked at */
		memcpy(longer, p, n);
		memset(longer + n, 0xc1, sizeof longer - n);
		CHECK(walk(longer, sizeof longer, &size) == 1 && size == n);
		/* one byte after another: it waits for just what is missing, and no longer */
		for (size_t have = 0; have <= n; have++) {
			struct sn_scan s;
			size_t need = 0;
			sn_scan_start(&s);
			for (size_t k = 0; k <= have; k++) {
				uint8_t *exact = malloc(k ? k : 1); /* so that a sanitizer sees */
				int st;
				memcpy(exact, p, k);
				st = sn_scan(&s, exact, k, &need);
				CHECK(st == (k == n));
				CHECK(st || (need > k && need <= n));
				free(exact);
			}
		}
	}
}

static void test_marks(void)
{
	struct sn_scan s;
	size_t need;
	static const char map[] = "\x83\xa1"
				  "a\x91\x91\1\xa1"
				  "b\x80\xa1"
				  "c\xa1z";
	sn_scan_start(&s);
	CHECK(sn_scan(&s, (const uint8_t *)map, sizeof map - 1, &need) == 1);
	CHECK(s.map && s.marks == 6);
	CHECK(s.mark[0] == 1 && s.mark[1] == 3 && s.mark[2] == 6 && s.mark[3] == 8 &&
	      s.mark[4] == 9 && s.mark[5] == 11);
	sn_scan_start(&s);
	CHECK(sn_scan(&s, (const uint8_t *)"\x91\x81\1\2", 4, &need) == 1);
	CHECK(!s.map && s.marks == 0);
}

static void test_damage(void)
{
	size_t size;
	CHECK(WALK("\xc1", &size) == SN_EDATA);
	CHECK(WALK("\x91\xc1", &size) == SN_EDATA);
	/* UTF-8: a lone continuation, overlong, a surrogate, above U+10FFFF, cut off */
	CHECK(WALK("\xa1\x80", &size) == SN_EDATA);
	CHECK(WALK("\xa2\xc0\xaf", &size) == SN_EDATA);
	CHECK(WALK("\xa3\xe0\x80\xaf", &size) == SN_EDATA);
	CHECK(WALK("\xa3\xed\xa0\x80", &size) == SN_EDATA);
	CHECK(WALK("\xa4\xf4\x90\x80\x80", &size) == SN_EDATA);
	CHECK(WALK("\xa4\xf0\x80\x80\xaf", &size) == SN_EDATA);
	CHECK(WALK("\xa1\xff", &size) == SN_EDATA);
	CHECK(WALK("\xa2"
		   "a\xc3",
		   &size) == SN_EDATA);
	CHECK(WALK("\xa3\xed\x9f\xbf", &size) == 1);
	CHECK(WALK("\xa4\xf4\x8f\xbf\xbf", &size) == 1);
}

static void test_limits(void)
{
	uint8_t deep[SN_MAX_NESTING + 2];
	size_t size, n = 5 + SN_MAX_STRING + 1;
	uint8_t *text = malloc(n);
	/* what is promised is refused before it is there */
	CHECK(WALK("\xdd\xff\0\0\0", &size) == SN_EDATA);
	CHECK(WALK("\xdd\4\0\0\1", &size) == SN_EDATA);
	CHECK(WALK("\xdd\3\0\0\0", &size) == 0);
	CHECK(WALK("\xdf\0\0\1\1", &size) == SN_EDATA);
	CHECK(WALK("\xde\1\1", &size) == SN_EDATA);
	CHECK(WALK("\xde\1\0", &size) == 0);
	CHECK(WALK("\xc6\4\0\0\0", &size) == SN_EDATA); /* with its head over 64 MiB */
	CHECK(WALK("\xc6\3\xff\xff\xfb", &size) == 0);
	CHECK(WALK("\xc9\xff\xff\xff\xff", &size) == SN_EDATA);
	CHECK(WALK("\xdb\4\0\0\0", &size) == SN_EDATA);
	CHECK(WALK("\xdb\0\1\0\1", &size) == SN_EDATA);
	CHECK(WALK("\xda\xff\xff", &size) == 0);
	memset(text, 'a', n);
	memcpy(text, "\xdb\0\1\0\0", 5);
	CHECK(walk(text, n, &size) == 1 && size == n - 1);
	free(text);
	memset(deep, 0x91, sizeof deep);
	deep[SN_MAX_NESTING] = 1;
	CHECK(walk(deep, sizeof deep, &size) == 1 && size == SN_MAX_NESTING + 1);
	deep[SN_MAX_NESTING] = 0x90;
	CHECK(walk(deep, sizeof deep, &size) == SN_EDATA);
	/* containers that are closed do not count */
	CHECK(WALK("\xdc\0\x14\x91\x90\x91\x90\x91\x90\x91\x90\x91\x90\x91\x90\x91\x90\x91\x90\x91"
		   "\x90\x91\x90\x91\x90\x91\x90\x91\x90\x91\x90\x91\x90\x91\x90\x91\x90\x91\x90"
		   "\x91\x90\x91\x90",
		   &size) == 1);
}

/* 64 MiB of small values in pieces: the time is in line with the size, or this test never ends. */
static void test_long(void)
{
	size_t n = 5 + ((size_t)32 << 20), need = 1, pieces = 0;
	uint8_t *p = malloc(n);
	struct sn_scan s;
	int st;
	memset(p, 1, n);
	memcpy(p, "\xdd\2\0\0\0", 5);
	sn_scan_start(&s);
	for (size_t have = 0; (st = sn_scan(&s, p, have, &need)) == 0; have += 16)
		pieces++;
	CHECK(st == 1 && s.at == n && pieces > 2000000);
	free(p);
}

static int nested(const char *bytes, size_t n)
{
	size_t size;
	CHECK(walk(bytes, n, &size) == 1 && size == n);
	return sn_check_nested((struct sn_slice){ (const uint8_t *)bytes, n });
}

#define NESTED(text) nested(text, sizeof text - 1)

static void test_nested(void)
{
	struct sn_buffer b = { 0 };
	CHECK(NESTED("\x82\xa1"
		     "a\1\xa1"
		     "b\2") == 0);
	CHECK(NESTED("\x82\xa1"
		     "a\1\xa1"
		     "a\2") == SN_EDATA);
	CHECK(NESTED("\x91\x82\xa1"
		     "a\1\xd9\1"
		     "a\2") == SN_EDATA);
	CHECK(NESTED("\x81\1\x91\x82\1\2\1\2") == SN_EDATA);
	CHECK(NESTED("\x83\x41\1\xa1"
		     "A\2\xc4\1"
		     "A\3") == 0); /* 65, "A" and bytes: three keys */
	CHECK(NESTED("\x81\xc4\4kind\xc4\1O") == SN_EDATA);
	CHECK(NESTED("\x91\x81\xc4\4kind\xa1O") == SN_EDATA);
	CHECK(NESTED("\x81\xc4\4kind\xc4\1V") == 0);
	CHECK(NESTED("\x81\xa4kind\xa1O") == 0);
	/* many keys: the table finds what the comparison one by one would */
	for (int twice = 0; twice < 2; twice++) {
		b.size = 0;
		MUST(sn_encode_map_head(&b, 200));
		for (unsigned i = 0; i < 200; i++) {
			char key[8];
			snprintf(key, sizeof key, "%u", twice && i == 199 ? 7 : i);
			MUST(sn_encode_key(&b, key));
			MUST(sn_append_uint(&b, i));
		}
		CHECK(nested((const char *)b.data, b.size) == (twice ? SN_EDATA : 0));
	}
	sn_buffer_release(&b);
}

static void test_values(void)
{
	uint64_t u = 0;
	int64_t i = 0;
	double d = 0;
	bool single = false;
#define BYTES(s) ((const uint8_t *)(s))
	CHECK(sn_uint_value(BYTES("\x7f"), &u) && u == 127);
	CHECK(sn_uint_value(BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), &u) && u == UINT64_MAX);
	CHECK(sn_uint_value(BYTES("\xd1\x01\0"), &u) && u == 256);
	CHECK(!sn_uint_value(BYTES("\xd1\xff\0"), &u) && !sn_uint_value(BYTES("\xff"), &u));
	CHECK(sn_negative_value(BYTES("\xff"), &i) && i == -1);
	CHECK(sn_negative_value(BYTES("\xe0"), &i) && i == -32);
	CHECK(sn_negative_value(BYTES("\xd0\x80"), &i) && i == -128);
	CHECK(sn_negative_value(BYTES("\xd1\xff\0"), &i) && i == -256);
	CHECK(sn_negative_value(BYTES("\xd2\x80\0\0\0"), &i) && i == INT32_MIN);
	CHECK(sn_negative_value(BYTES("\xd3\x80\0\0\0\0\0\0\0"), &i) && i == INT64_MIN);
	CHECK(!sn_negative_value(BYTES("\xd0\x7f"), &i) && !sn_negative_value(BYTES("\x7f"), &i));
	CHECK(sn_float_value(BYTES("\xca\x3f\x80\0\0"), &d, &single) && d == 1 && single);
	CHECK(sn_float_value(BYTES("\xcb\x3f\xe0\0\0\0\0\0\0"), &d, &single) && d == 0.5 &&
	      !single);
}

int main(void)
{
	test_extents();
	test_marks();
	test_damage();
	test_limits();
	test_long();
	test_nested();
	test_values();
	return TEST_END();
}
