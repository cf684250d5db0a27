/* scan - the extent and the simple values of encoded objects, within limits, without unpacking */
#include <string.h>
#include <xxhash.h>
#include "private.h"

static uint64_t big(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

/* Well-formed UTF-8: shortest forms only, no surrogates, at most U+10FFFF (RFC 3629). */
bool sn_is_utf8(const uint8_t *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint8_t c = s[i++];
		unsigned more;
		uint8_t low = 0x80, high = 0xbf;
		if (c < 0x80)
			continue;
		if (c >= 0xc2 && c <= 0xdf)
			more = 1;
		else if (c >= 0xe0 && c <= 0xef)
			more = 2;
		else if (c >= 0xf0 && c <= 0xf4)
			more = 3;
		else
			return false;
		if (c == 0xe0)
			low = 0xa0;
		else if (c == 0xed)
			high = 0x9f;
		else if (c == 0xf0)
			low = 0x90;
		else if (c == 0xf4)
			high = 0x8f;
		for (unsigned k = 0; k < more; k++, low = 0x80, high = 0xbf)
			if (i == n || s[i] < low || s[i++] > high)
				return false;
	}
	return true;
}

enum shape { PLAIN, STR, BYTES, ARRAY, MAP, BAD };

/*
 * The head of the object that starts with byte c: how it goes on, bytes of length or count that
 * follow c (`field`), bytes of payload (or number of members) known from c alone (`fixed`).
 */
static inline enum shape head(uint8_t c, unsigned *field, size_t *fixed)
{
	*field = 0;
	*fixed = 0;
	if (c <= 0x7f || c >= 0xe0)
		return PLAIN;
	if (c <= 0x8f)
		return *fixed = c & 15, MAP;
	if (c <= 0x9f)
		return *fixed = c & 15, ARRAY;
	if (c <= 0xbf)
		return *fixed = c & 31, STR;
	switch (c) {
	case 0xc0:
	case 0xc2:
	case 0xc3:
		return PLAIN;
	case 0xc4:
	case 0xc5:
	case 0xc6:
		return *field = 1u << (c - 0xc4), BYTES;
	case 0xc7:
	case 0xc8:
	case 0xc9: /* ext: one byte of type behind the length */
		return *field = 1u << (c - 0xc7), *fixed = 1, BYTES;
	case 0xca:
		return *fixed = 4, PLAIN;
	case 0xcb:
		return *fixed = 8, PLAIN;
	case 0xcc:
	case 0xcd:
	case 0xce:
	case 0xcf:
		return *fixed = (size_t)1 << (c - 0xcc), PLAIN;
	case 0xd0:
	case 0xd1:
	case 0xd2:
	case 0xd3:
		return *fixed = (size_t)1 << (c - 0xd0), PLAIN;
	case 0xd4:
	case 0xd5:
	case 0xd6:
	case 0xd7:
	case 0xd8:
		return *fixed = ((size_t)1 << (c - 0xd4)) + 1, PLAIN;
	case 0xd9:
	case 0xda:
	case 0xdb:
		return *field = 1u << (c - 0xd9), STR;
	case 0xdc:
	case 0xdd:
		return *field = 2u << (c - 0xdc), ARRAY;
	case 0xde:
	case 0xdf:
		return *field = 2u << (c - 0xde), MAP;
	default:
		return BAD; /* c1 */
	}
}

/* ---- the extent of what may be anything ----------------------------------------------- */

static int over(void)
{
	return sn_fail(SN_EDATA, "over the limit of 64 MiB a record");
}

/* A map or array of `count` members begins. */
static int enter(struct sn_scan *s, enum shape shape, uint64_t count)
{
	if (s->depth >= SN_MAX_NESTING)
		return sn_fail(SN_EDATA, "nested deeper than the limit of %d", SN_MAX_NESTING);
	if (shape == MAP && count > SN_MAX_FIELDS)
		return sn_fail(SN_EDATA, "a map of %llu keys, the limit is %d",
			       (unsigned long long)count, SN_MAX_FIELDS);
	if (count > SN_MAX_RECORD) /* each member takes a byte at least */
		return over();
	if (s->depth)
		s->left[s->depth - 1]--;
	else
		s->map = shape == MAP;
	s->left[s->depth++] = count << (shape == MAP);
	return 1;
}

/* The payload of a str, bin, ext or number at *at. */
static int pass(size_t *at, const uint8_t *p, size_t n, enum shape shape, uint64_t length,
		size_t *need)
{
	if (length > SN_MAX_RECORD || *at + length > SN_MAX_RECORD)
		return over();
	if (shape == STR && length > SN_MAX_STRING)
		return sn_fail(SN_EDATA, "a string of %llu bytes, the limit is 64 KiB",
			       (unsigned long long)length);
	if (n - *at < length)
		return *need = *at + length, 0;
	if (shape == STR && !sn_is_utf8(p + *at, length))
		return sn_fail(SN_EDATA, "a string that is not UTF-8");
	*at += length;
	return 1;
}

int sn_scan(struct sn_scan *s, const uint8_t *p, size_t n, size_t *need)
{
	if (n > SN_MAX_RECORD)
		n = SN_MAX_RECORD;
	do {
		bool outermost = s->depth == 1 && s->map;
		size_t at = s->at, fixed;
		unsigned field;
		uint64_t length;
		enum shape shape;
		int st;
		if (at >= n)
			return at >= SN_MAX_RECORD ? over() : (*need = at + 1, 0);
		shape = head(p[at], &field, &fixed);
		if (shape == BAD)
			return sn_fail(SN_EDATA, "byte c1 is no MessagePack");
		at += 1 + (size_t)field;
		if (at > n)
			return at > SN_MAX_RECORD ? over() : (*need = at, 0);
		length = (field ? big(p + at - field, field) : 0) + fixed;
		if (shape == MAP || shape == ARRAY)
			st = enter(s, shape, length);
		else
			st = pass(&at, p, n, shape, length, need);
		if (st <= 0)
			return st;
		if (outermost)
			s->mark[s->marks++] = (uint32_t)s->at;
		s->at = at;
		/* a container is open until its last member is behind us */
		if (shape != MAP && shape != ARRAY && s->depth)
			s->left[s->depth - 1]--;
		while (s->depth && s->left[s->depth - 1] == 0)
			s->depth--;
	} while (s->depth);
	return 1;
}

int sn_scan_value(struct sn_slice value)
{
	struct sn_scan s;
	size_t need;
	int st;
	sn_scan_start(&s);
	st = sn_scan(&s, value.data, value.size, &need);
	if (st < 0)
		return st;
	if (st == 0 || s.at != value.size)
		return sn_fail(SN_EDATA, "not exactly one MessagePack value");
	return 0;
}

size_t sn_extent(const uint8_t *p)
{
	const uint8_t *start = p;
	for (uint64_t left = 1; left > 0; left--) {
		unsigned field;
		size_t fixed;
		enum shape shape = head(*p, &field, &fixed);
		uint64_t length = field ? big(p + 1, field) + fixed : fixed;
		p += 1 + (size_t)field;
		if (shape == MAP)
			left += 2 * length;
		else if (shape == ARRAY)
			left += length;
		else
			p += length;
	}
	return (size_t)(p - start);
}

/* ---- keys that stand twice, pickles ----------------------------------------------------- */

/* Few keys are compared one by one; of many a table knows where to look. */
enum { FEW_KEYS = 8, KEY_SLOTS = 1024 };

struct keys {
	unsigned n;
	struct sn_slice key[SN_MAX_FIELDS];
	uint16_t slot[KEY_SLOTS]; /* index + 1; set up with the key behind the first few */
};

static size_t key_slot(const struct keys *k, struct sn_slice key)
{
	size_t at = XXH3_64bits(key.data, key.size) % KEY_SLOTS;
	while (k->slot[at] && !sn_slice_equal(k->key[k->slot[at] - 1], key))
		at = (at + 1) % KEY_SLOTS;
	return at;
}

/* Is it there already? If not, now it is. */
static bool seen_before(struct keys *k, struct sn_slice key)
{
	if (k->n < FEW_KEYS) {
		for (unsigned i = 0; i < k->n; i++)
			if (sn_slice_equal(k->key[i], key))
				return true;
	} else {
		size_t at;
		if (k->n == FEW_KEYS) {
			memset(k->slot, 0, sizeof k->slot);
			for (unsigned i = 0; i < k->n; i++)
				k->slot[key_slot(k, k->key[i])] = (uint16_t)(i + 1);
		}
		at = key_slot(k, key);
		if (k->slot[at])
			return true;
		k->slot[at] = (uint16_t)(k->n + 1);
	}
	k->key[k->n++] = key;
	return false;
}

static int twice(struct sn_slice key)
{
	return sn_fail(SN_EDATA, "key '%.*s' stands twice", (int)(key.size > 64 ? 64 : key.size),
		       (const char *)key.data);
}

int sn_check_keys(const struct sn_field *field, unsigned n)
{
	struct keys k;
	k.n = 0;
	for (unsigned i = 0; i < n; i++)
		if (seen_before(&k, field[i].key))
			return twice(field[i].key);
	return 0;
}

static int check_map(const uint8_t **p, size_t n);

/* *p goes behind the value. Nested at most SN_MAX_NESTING deep: it was scanned. */
static int check_value(const uint8_t **p)
{
	size_t bytes, n;
	int st = 0;
	if (sn_map_head(*p, &bytes, &n)) {
		*p += bytes;
		return check_map(p, n);
	}
	if (!sn_array_head(*p, &bytes, &n)) {
		*p += sn_extent(*p);
		return 0;
	}
	*p += bytes;
	for (size_t i = 0; i < n && st == 0; i++)
		st = check_value(p);
	return st;
}

/* Strings are equal by their characters, however their heads are written; other keys by their
 * bytes. */
static int check_map(const uint8_t **p, size_t n)
{
	struct keys strings, others;
	strings.n = others.n = 0;
	for (size_t i = 0; i < n; i++) {
		size_t size = sn_extent(*p);
		struct sn_slice key, kind, whole = { *p, size };
		bool string = sn_str_value(*p, &key), binary = sn_bin_value(*p, &key);
		if (string ? seen_before(&strings, key) : seen_before(&others, whole))
			return string || binary ? twice(key)
						: sn_fail(SN_EDATA, "a key stands twice");
		*p += size;
		/* what msgpack-numpy would unpickle, that is: run */
		if (binary && sn_slice_is(key, "kind") &&
		    (sn_bin_value(*p, &kind) || sn_str_value(*p, &kind)) && sn_slice_is(kind, "O"))
			return sn_fail(SN_EDATA, "a tensor of kind 'O' (only plain numbers are "
						 "read, never pickles)");
		if (check_value(p) < 0)
			return SN_EDATA;
	}
	return 0;
}

int sn_check_nested(struct sn_slice value)
{
	return check_value(&value.data);
}

/* ---- simple values ---------------------------------------------------------------------- */

static bool counted(const uint8_t *p, enum shape wanted, size_t *bytes, size_t *count)
{
	unsigned field;
	size_t fixed;
	if (head(*p, &field, &fixed) != wanted)
		return false;
	*bytes = 1 + (size_t)field;
	*count = field ? big(p + 1, field) : fixed;
	return true;
}

bool sn_map_head(const uint8_t *p, size_t *bytes, size_t *count)
{
	return counted(p, MAP, bytes, count);
}

bool sn_array_head(const uint8_t *p, size_t *bytes, size_t *count)
{
	return counted(p, ARRAY, bytes, count);
}

bool sn_str_value(const uint8_t *p, struct sn_slice *s)
{
	size_t bytes;
	if (!counted(p, STR, &bytes, &s->size))
		return false;
	s->data = p + bytes;
	return true;
}

bool sn_bin_value(const uint8_t *p, struct sn_slice *s)
{
	unsigned field;
	size_t fixed;
	if (head(*p, &field, &fixed) != BYTES || fixed)
		return false;
	s->size = big(p + 1, field);
	s->data = p + 1 + field;
	return true;
}

bool sn_uint_value(const uint8_t *p, uint64_t *v)
{
	if (*p <= 0x7f)
		return *v = *p, true;
	if (*p >= 0xcc && *p <= 0xcf)
		return *v = big(p + 1, 1u << (*p - 0xcc)), true;
	if (*p >= 0xd0 && *p <= 0xd3 && !(p[1] & 0x80)) /* signed, but not negative */
		return *v = big(p + 1, 1u << (*p - 0xd0)), true;
	return false;
}

bool sn_negative_value(const uint8_t *p, int64_t *v)
{
	unsigned bytes;
	if (*p >= 0xe0)
		return *v = (int8_t)*p, true;
	if (*p < 0xd0 || *p > 0xd3 || !(p[1] & 0x80))
		return false;
	bytes = 1u << (*p - 0xd0);
	*v = (int64_t)(big(p + 1, bytes) | (bytes < 8 ? UINT64_MAX << 8 * bytes : 0));
	return true;
}

bool sn_float_value(const uint8_t *p, double *v, bool *single)
{
	if (*p == 0xca) {
		uint32_t u = (uint32_t)big(p + 1, 4);
		float f;
		memcpy(&f, &u, 4);
		*v = f;
		*single = true;
		return true;
	}
	if (*p == 0xcb) {
		uint64_t u = big(p + 1, 8);
		memcpy(v, &u, 8);
		*single = false;
		return true;
	}
	return false;
}

const char *sn_type_text(const uint8_t *p)
{
	unsigned field;
	size_t fixed;
	switch (head(*p, &field, &fixed)) {
	case STR:
		return "a string";
	case BYTES:
		return fixed ? "an extension" : "binary";
	case ARRAY:
		return "an array";
	case MAP:
		return "a map";
	default:
		break;
	}
	if (*p == 0xc0)
		return "nil";
	if (*p == 0xc2 || *p == 0xc3)
		return "a boolean";
	if (*p >= 0xd4 && *p <= 0xd8)
		return "an extension";
	if (*p == 0xca || *p == 0xcb)
		return *p == 0xca ? "a float of 32 bits" : "a float of 64 bits";
	return "an integer";
}
