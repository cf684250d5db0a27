/* scan - the extent and the simple values of encoded objects, within limits, without unpacking */
#include <string.h>
#include "private.h"

static uint64_t big(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

/* Well-formed UTF-8: shortest forms only, no surrogates, at most U+10FFFF (RFC 3629). */
static bool utf8(const uint8_t *s, size_t n)
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
 * follow c (`field`), bytes of payload known from c alone (`fixed`).
 */
static enum shape head(uint8_t c, unsigned *field, size_t *fixed)
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

/* Move *at behind the object there. Returns as sn_scan does, with *size = bytes needed. */
static int skip(const uint8_t *p, size_t n, size_t *at, size_t *size, unsigned depth)
{
	unsigned field;
	size_t fixed;
	uint64_t length;
	enum shape shape;
	if (*at >= n)
		return *size = *at + 1, 0;
	shape = head(p[*at], &field, &fixed);
	if (shape == BAD)
		return sn_fail(SN_EDATA, "byte c1 is no MessagePack");
	if (n - *at < 1 + (size_t)field)
		return *size = *at + 1 + field, 0;
	length = field ? big(p + *at + 1, field) : 0;
	*at += 1 + (size_t)field;
	if (shape == PLAIN || shape == BYTES || shape == STR) {
		if (length > SN_MAX_RECORD || *at + length + fixed > SN_MAX_RECORD)
			return sn_fail(SN_EDATA, "over the limit of 64 MiB a record");
		length += fixed;
		if (shape == STR && length > SN_MAX_STRING)
			return sn_fail(SN_EDATA, "a string over the limit of 64 KiB");
		if (n - *at < length)
			return *size = *at + length, 0;
		if (shape == STR && !utf8(p + *at, length))
			return sn_fail(SN_EDATA, "a string that is not UTF-8");
		*at += length;
		return 1;
	}
	length += fixed; /* a count */
	if (depth >= SN_MAX_NESTING)
		return sn_fail(SN_EDATA, "nested deeper than the limit of 16");
	if (shape == MAP && length > SN_MAX_FIELDS)
		return sn_fail(SN_EDATA, "a map of more than 256 keys");
	if (length > SN_MAX_RECORD)
		return sn_fail(SN_EDATA, "over the limit of 64 MiB a record");
	for (uint64_t i = 0; i < length << (shape == MAP); i++) {
		int st = skip(p, n, at, size, depth + 1);
		if (st <= 0)
			return st;
	}
	return 1;
}

int sn_scan(const uint8_t *p, size_t n, size_t *size)
{
	size_t at = 0;
	int st = skip(p, n, &at, size, 0);
	if (st == 1)
		*size = at;
	if (st >= 0 && *size > SN_MAX_RECORD)
		return sn_fail(SN_EDATA, "over the limit of 64 MiB a record");
	return st;
}

size_t sn_extent(const uint8_t *p)
{
	size_t at = 0, need = 0;
	return skip(p, SIZE_MAX / 2, &at, &need, 0) == 1 ? at : 0;
}

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
		return "binary";
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
	return *p == 0xca || *p == 0xcb ? "a float" : "an integer";
}
