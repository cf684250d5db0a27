/* value - encoding simple values, tensors and names; unpacking nested ones */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "private.h"

int sn_buffer_write(void *buffer, const char *data, size_t size)
{
	return sn_buffer_add(buffer, data, size);
}

/* msgpack-c's packer on an sn_buffer; its calls return our negative codes. */
#define PACK(buffer, call, ...)                                                                    \
	do {                                                                                       \
		msgpack_packer packer_;                                                            \
		msgpack_packer_init(&packer_, (buffer), sn_buffer_write);                          \
		return call(&packer_, __VA_ARGS__);                                                \
	} while (0)

int sn_append_uint(struct sn_buffer *b, uint64_t v)
{
	PACK(b, msgpack_pack_uint64, v);
}

int sn_append_f4(struct sn_buffer *b, float v)
{
	PACK(b, msgpack_pack_float, v);
}

int sn_append_f8(struct sn_buffer *b, double v)
{
	PACK(b, msgpack_pack_double, v);
}

int sn_append_str(struct sn_buffer *b, const void *s, size_t size)
{
	uint8_t head = (uint8_t)(0xa0 | size);
	if (size < 32)
		return sn_buffer_add(b, &head, 1) | sn_buffer_add(b, s, size);
	PACK(b, msgpack_pack_str_with_body, s, size);
}

int sn_encode_map_head(struct sn_buffer *b, size_t fields)
{
	uint8_t head = (uint8_t)(0x80 | fields);
	if (fields < 16)
		return sn_buffer_add(b, &head, 1);
	PACK(b, msgpack_pack_map, fields);
}

int sn_encode_key(struct sn_buffer *b, const char *key)
{
	return sn_append_str(b, key, strlen(key));
}

int sn_encode_nil(struct sn_buffer *b)
{
	b->size = 0;
	return sn_buffer_add(b, "\xc0", 1);
}

int sn_encode_bool(struct sn_buffer *b, bool v)
{
	b->size = 0;
	return sn_buffer_add(b, v ? "\xc3" : "\xc2", 1);
}

int sn_encode_uint(struct sn_buffer *b, uint64_t v)
{
	b->size = 0;
	return sn_append_uint(b, v);
}

int sn_encode_f4(struct sn_buffer *b, float v)
{
	b->size = 0;
	return sn_append_f4(b, v);
}

int sn_encode_f8(struct sn_buffer *b, double v)
{
	b->size = 0;
	return sn_append_f8(b, v);
}

int sn_encode_str(struct sn_buffer *b, const char *s, size_t size)
{
	b->size = 0;
	return sn_append_str(b, s, size);
}

/* An object takes 24 bytes in memory, and one byte in a stream may be one. */
#define MAX_UNPACKED ((size_t)1 << 20)

int sn_unpack(msgpack_object *object, msgpack_zone *zone, struct sn_slice value)
{
	size_t off = 0;
	int st = sn_scan_value(value);
	if (st < 0)
		return st;
	if (value.size > MAX_UNPACKED)
		return sn_fail(SN_EDATA, "a value of %zu bytes, the limit is 1 MiB", value.size);
	switch (msgpack_unpack((const char *)value.data, value.size, &off, zone, object)) {
	case MSGPACK_UNPACK_SUCCESS:
		return 0;
	case MSGPACK_UNPACK_NOMEM_ERROR:
		return sn_fail_memory();
	default:
		return sn_fail(SN_EDATA, "not a MessagePack value");
	}
}

const msgpack_object *sn_map_get(const msgpack_object *map, const char *key)
{
	size_t n = strlen(key);
	if (!map || map->type != MSGPACK_OBJECT_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object_kv *kv = &map->via.map.ptr[i];
		if (kv->key.type == MSGPACK_OBJECT_STR && kv->key.via.str.size == n &&
		    memcmp(kv->key.via.str.ptr, key, n) == 0)
			return &kv->val;
	}
	return NULL;
}

/* ---- tensors -------------------------------------------------------------------------- */

size_t sn_tensor_element(const struct sn_tensor *t)
{
	return t->type == 'f' ? 4 : 1;
}

const char *sn_shape_text(char text[96], const size_t *shape, unsigned rank)
{
	size_t at = 0;
	text[0] = 0;
	for (unsigned i = 0; i < rank && at < 80; i++)
		at += (size_t)snprintf(text + at, 96 - at, "[%zu]", shape[i]);
	return rank ? text : "scalar";
}

int sn_tensor_encode_head(struct sn_buffer *b, const struct sn_tensor *t)
{
	msgpack_packer pk;
	int st = 0;
	msgpack_packer_init(&pk, b, sn_buffer_write);
	st |= sn_buffer_add(b, "\x85\xc4\x02nd\xc3\xc4\x04type\xa3", 13);
	st |= sn_buffer_add(b, t->type == 'f' ? "<f4" : "|u1", 3);
	st |= sn_buffer_add(b, "\xc4\x04kind\xc4\x00\xc4\x05shape", 15);
	st |= msgpack_pack_array(&pk, t->rank);
	for (unsigned i = 0; i < t->rank; i++)
		st |= msgpack_pack_uint64(&pk, t->shape[i]);
	st |= sn_buffer_add(b,
			    "\xc4\x04"
			    "data",
			    6);
	st |= msgpack_pack_bin(&pk, t->count * sn_tensor_element(t));
	return st ? sn_fail_memory() : 0;
}

int sn_tensor_encode(struct sn_buffer *b, const struct sn_tensor *t)
{
	int st = sn_tensor_encode_head(b, t);
	return st < 0 ? st : sn_buffer_add(b, t->data, t->count * sn_tensor_element(t));
}

static bool bin_or_str(const uint8_t *p, struct sn_slice *s)
{
	return sn_bin_value(p, s) || sn_str_value(p, s);
}

static int shape_decode(struct sn_tensor *t, const uint8_t *p)
{
	size_t head, rank;
	if (!sn_array_head(p, &head, &rank))
		return sn_fail(SN_EDATA, "a tensor's 'shape' is %s, wanted an array",
			       sn_type_text(p));
	if (rank > SN_MAX_RANK)
		return sn_fail(SN_EDATA, "a tensor of rank %zu, the limit is %d", rank,
			       SN_MAX_RANK);
	t->rank = (unsigned)rank;
	p += head;
	for (unsigned i = 0; i < t->rank; i++, p += sn_extent(p)) {
		uint64_t v;
		if (!sn_uint_value(p, &v) || v > SIZE_MAX / 8)
			return sn_fail(SN_EDATA, "a tensor's 'shape' holds no sizes");
		t->shape[i] = v;
	}
	if (!sn_product(&t->count, t->shape, t->rank))
		return sn_fail(SN_EDATA, "a tensor's shape is too large");
	return 0;
}

int sn_tensor_decode(struct sn_tensor *t, struct sn_slice value)
{
	struct sn_slice type = { 0 }, kind = { 0 }, data = { 0 };
	const uint8_t *shape = NULL, *p = value.data;
	size_t head, n;
	unsigned seen = 0;
	char text[96];
	memset(t, 0, sizeof *t);
	if (!sn_map_head(p, &head, &n))
		return sn_fail(SN_EDATA, "%s where a tensor was wanted", sn_type_text(p));
	p += head;
	for (size_t i = 0; i < n; i++) {
		struct sn_slice key;
		const uint8_t *v = p + sn_extent(p);
		unsigned bit = 0;
		if (!sn_bin_value(p, &key))
			return sn_fail(SN_EDATA,
				       "a tensor's keys must be bin, as msgpack-numpy writes them");
		if (sn_slice_is(key, "nd")) {
			bit = 1;
			if (*v != 0xc3)
				return sn_fail(SN_EDATA, "a tensor's 'nd' is not true");
		} else if (sn_slice_is(key, "type")) {
			bit = 2;
			if (!bin_or_str(v, &type))
				return sn_fail(SN_EDATA, "a tensor's 'type' is %s, wanted a string",
					       sn_type_text(v));
		} else if (sn_slice_is(key, "kind")) {
			bit = 4;
			if (!bin_or_str(v, &kind))
				return sn_fail(SN_EDATA, "a tensor's 'kind' is %s, wanted binary",
					       sn_type_text(v));
		} else if (sn_slice_is(key, "shape")) {
			bit = 8;
			shape = v;
		} else if (sn_slice_is(key, "data")) {
			bit = 16;
			if (!sn_bin_value(v, &data))
				return sn_fail(SN_EDATA, "a tensor's 'data' is %s, wanted binary",
					       sn_type_text(v));
		}
		if (seen & bit)
			return sn_fail(SN_EDATA, "a tensor's key '%.*s' stands twice",
				       (int)key.size, (const char *)key.data);
		seen |= bit;
		p = v + sn_extent(v);
	}
	if ((seen | 4) != 31)
		return sn_fail(SN_EDATA, "a tensor without %s",
			       !(seen & 1)   ? "'nd'"
			       : !(seen & 2) ? "'type'"
			       : !(seen & 8) ? "'shape'"
					     : "'data'");
	if (kind.size)
		return sn_fail(
			SN_EDATA,
			"a tensor of kind '%.*s' (only plain numbers are read, never pickles)",
			(int)(kind.size > 8 ? 8 : kind.size), (const char *)kind.data);
	if (sn_slice_is(type, "<f4"))
		t->type = 'f';
	else if (sn_slice_is(type, "|u1"))
		t->type = 'u';
	else
		return sn_fail(SN_EDATA, "a tensor of type '%.*s', wanted |u1 or <f4",
			       (int)(type.size > 16 ? 16 : type.size), (const char *)type.data);
	if (shape_decode(t, shape) < 0)
		return SN_EDATA;
	if (data.size / sn_tensor_element(t) != t->count || data.size % sn_tensor_element(t))
		return sn_fail(SN_EDATA, "a tensor of shape %s with %zu bytes of data",
			       sn_shape_text(text, t->shape, t->rank), data.size);
	t->data = data.data;
	return 0;
}

/* ---- names ---------------------------------------------------------------------------- */

/* Bytes of the well-formed UTF-8 character at s; 0 where there is none. */
static size_t character(const uint8_t *s, size_t n)
{
	size_t size = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	return size <= n && sn_is_utf8(s, size) ? size : 0;
}

int sn_name_escape(struct sn_buffer *b, const char *bytes, size_t size)
{
	const uint8_t *s = (const uint8_t *)bytes;
	for (size_t i = 0; i < size;) {
		size_t n = character(s + i, size - i);
		/* C0, DEL, C1 (c2 80 to c2 9f) and the backslash that marks the others */
		bool plain = n > 0 && s[i] >= 0x20 && s[i] != 0x7f && s[i] != '\\' &&
			     !(s[i] == 0xc2 && s[i + 1] < 0xa0);
		char hex[5];
		if (plain) {
			if (sn_buffer_add(b, s + i, n) < 0)
				return SN_ENOMEM;
			i += n;
			continue;
		}
		snprintf(hex, sizeof hex, "\\x%02x", s[i++]);
		if (sn_buffer_add(b, hex, 4) < 0)
			return SN_ENOMEM;
	}
	return 0;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sn_name_unescape(struct sn_buffer *b, const char *name, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = name[i];
		if (c == '\\') {
			int high = i + 3 < size && name[i + 1] == 'x' ? nibble(name[i + 2]) : -1;
			int low = high >= 0 ? nibble(name[i + 3]) : -1;
			if (low < 0)
				return sn_fail(SN_EDATA,
					       "a backslash that begins no \\xNN in '%.*s'",
					       (int)size, name);
			c = (char)(high << 4 | low);
			i += 3;
		}
		if (sn_buffer_add(b, &c, 1) < 0)
			return SN_ENOMEM;
	}
	return 0;
}
