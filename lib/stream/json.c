/* json - maps as JSON lines and back; the parsing is json-c's */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <sn/json.h>
#include "private.h"

/* ---- out ------------------------------------------------------------------------------ */

SN_PRINTF(2, 3) static int put(struct sn_buffer *b, const char *format, ...)
{
	char text[64];
	va_list ap;
	int n;
	va_start(ap, format);
	n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	return sn_buffer_add(b, text, (size_t)n);
}

#define PUT(b, literal) sn_buffer_add((b), (literal), sizeof(literal) - 1)

/* Control characters, also those of two bytes (U+0080 to U+009F), must not reach a terminal. */
static size_t control(const uint8_t *s, size_t n)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	return s[0] == 0xc2 && n > 1 && s[1] < 0xa0 ? 2 : 0;
}

static int put_string(struct sn_buffer *b, struct sn_slice s)
{
	int st = PUT(b, "\"");
	for (size_t i = 0; i < s.size && !st;) {
		size_t n = i, bytes;
		while (n < s.size && s.data[n] != '"' && s.data[n] != '\\' &&
		       !control(s.data + n, s.size - n))
			n++;
		st = sn_buffer_add(b, s.data + i, n - i);
		if (n < s.size) {
			bytes = control(s.data + n, s.size - n);
			st |= bytes ? put(b, "\\u%04x", s.data[n + bytes - 1])
				    : put(b, "\\%c", s.data[n]);
			n += bytes ? bytes : 1;
		}
		i = n;
	}
	return st | PUT(b, "\"");
}

static int put_hex(struct sn_buffer *b, struct sn_slice s)
{
	int st = PUT(b, "\"");
	for (size_t i = 0; i < s.size && !st; i++)
		st = put(b, "%02x", s.data[i]);
	return st | PUT(b, "\"");
}

static int put_float(struct sn_buffer *b, double v, bool single)
{
	char text[40];
	if (isnan(v))
		return PUT(b, "NaN");
	if (isinf(v))
		return v < 0 ? PUT(b, "-Infinity") : PUT(b, "Infinity");
	snprintf(text, sizeof text, single ? "%.9g" : "%.17g", v);
	return put(b, strpbrk(text, ".e") ? "%s" : "%s.0", text);
}

/* Pictures are long: printf would be most of the time. */
static int put_byte(struct sn_buffer *b, uint8_t v)
{
	char text[3];
	size_t n = 0;
	if (v >= 100)
		text[n++] = (char)('0' + v / 100);
	if (v >= 10)
		text[n++] = (char)('0' + v / 10 % 10);
	text[n++] = (char)('0' + v % 10);
	return sn_buffer_add(b, text, n);
}

static int put_tensor(struct sn_buffer *b, const struct sn_tensor *t)
{
	const uint8_t *p = t->data;
	int st = put(b, "{\"type\":\"%s\",\"shape\":[", t->type == 'f' ? "<f4" : "|u1");
	for (unsigned i = 0; i < t->rank; i++)
		st |= put(b, i ? ",%zu" : "%zu", t->shape[i]);
	st |= PUT(b, "],\"data\":[");
	for (size_t i = 0; i < t->count && !st; i++) {
		if (i)
			st = sn_buffer_add(b, ",", 1);
		if (t->type == 'f') {
			float v;
			memcpy(&v, p + 4 * i, 4);
			st |= put_float(b, v, true);
		} else {
			st |= put_byte(b, p[i]);
		}
	}
	return st | PUT(b, "]}");
}

static int put_value(struct sn_buffer *b, const uint8_t *p, bool plain_single);

static int put_array(struct sn_buffer *b, const uint8_t *p, size_t n)
{
	int st = PUT(b, "[");
	for (size_t i = 0; i < n && !st; i++, p += sn_extent(p)) {
		st = i ? PUT(b, ",") : 0;
		st |= put_value(b, p, false);
	}
	return st | PUT(b, "]");
}

/* Does a map of string keys read like one of the spellings above? */
static bool ambiguous(const uint8_t *p, size_t n)
{
	struct sn_slice key;
	bool type = false, data = false;
	for (size_t i = 0; i < n; i++) {
		if (!sn_str_value(p, &key))
			return true;
		if (n == 1 && (sn_slice_is(key, "f4") || sn_slice_is(key, "bin") ||
			       sn_slice_is(key, "ext") || sn_slice_is(key, "map")))
			return true;
		type |= sn_slice_is(key, "type");
		data |= sn_slice_is(key, "data");
		p += sn_extent(p);
		p += sn_extent(p);
	}
	return type && data;
}

static int put_map(struct sn_buffer *b, const uint8_t *p, size_t n)
{
	bool pairs = ambiguous(p, n);
	int st = pairs ? PUT(b, "{\"map\":[") : PUT(b, "{");
	for (size_t i = 0; i < n && !st; i++) {
		const uint8_t *value = p + sn_extent(p);
		st = (i ? PUT(b, ",") : 0);
		st |= (pairs ? PUT(b, "[") : 0);
		st |= put_value(b, p, false);
		st |= (pairs ? PUT(b, ",") : PUT(b, ":"));
		st |= put_value(b, value, false);
		st |= (pairs ? PUT(b, "]") : 0);
		p = value + sn_extent(value);
	}
	return st | (pairs ? PUT(b, "]}") : PUT(b, "}"));
}

static int put_extension(struct sn_buffer *b, const uint8_t *p)
{
	size_t size = sn_extent(p), head = *p <= 0xc9 ? 1 + ((size_t)1 << (*p - 0xc7)) : 1;
	struct sn_slice data = { p + head + 1, size - head - 1 };
	int st = put(b, "{\"ext\":[%d,", (int8_t)p[head]);
	st |= put_hex(b, data);
	return st | PUT(b, "]}");
}

static int put_integer(struct sn_buffer *b, const uint8_t *p)
{
	uint64_t v;
	int64_t negative = 0;
	if (sn_uint_value(p, &v))
		return put(b, "%llu", (unsigned long long)v);
	sn_negative_value(p, &negative);
	return put(b, "%lld", (long long)negative);
}

static int put_value(struct sn_buffer *b, const uint8_t *p, bool plain_single)
{
	struct sn_slice s;
	struct sn_tensor t;
	size_t head, n;
	double v;
	bool single;
	if (sn_str_value(p, &s))
		return put_string(b, s);
	if (sn_bin_value(p, &s))
		return PUT(b, "{\"bin\":") | put_hex(b, s) | PUT(b, "}");
	if (sn_array_head(p, &head, &n))
		return put_array(b, p + head, n);
	if (sn_map_head(p, &head, &n)) {
		if (n && sn_bin_value(p + head, &s) &&
		    sn_tensor_decode(&t, (struct sn_slice){ p, sn_extent(p) }) == 0)
			return put_tensor(b, &t);
		return put_map(b, p + head, n);
	}
	if (sn_float_value(p, &v, &single)) {
		if (!single || plain_single)
			return put_float(b, v, single);
		return PUT(b, "{\"f4\":") | put_float(b, v, true) | PUT(b, "}");
	}
	if (*p == 0xc0)
		return PUT(b, "null");
	if (*p == 0xc2 || *p == 0xc3)
		return *p == 0xc3 ? PUT(b, "true") : PUT(b, "false");
	if ((*p >= 0xc7 && *p <= 0xc9) || (*p >= 0xd4 && *p <= 0xd8))
		return put_extension(b, p);
	return put_integer(b, p);
}

int sn_json_print(struct sn_buffer *b, struct sn_slice map)
{
	const uint8_t *p = map.data;
	struct sn_slice key, first = { 0 };
	size_t head, n;
	int st;
	if (!sn_map_head(p, &head, &n))
		return sn_fail(SN_EDATA, "%s where a map was wanted", sn_type_text(p));
	st = PUT(b, "{");
	p += head;
	for (size_t i = 0; i < n && !st; i++) {
		if (!sn_str_value(p, &key))
			return sn_fail(SN_EDATA, "a key that is %s, wanted a string",
				       sn_type_text(p));
		if (i == 0)
			first = key;
		st = (i ? PUT(b, ",") : 0);
		st |= put_string(b, key);
		st |= PUT(b, ":");
		p += sn_extent(p);
		st |= put_value(b, p, sn_slice_is(first, "pair") && sn_slice_is(key, "d"));
		p += sn_extent(p);
	}
	st |= PUT(b, "}");
	return st ? sn_fail_memory() : 0;
}

/* ---- in ------------------------------------------------------------------------------- */

static int take_value(struct sn_buffer *b, struct json_object *v, bool single, unsigned depth);

static int nested_too_deep(unsigned depth)
{
	return depth > SN_MAX_NESTING ? sn_fail(SN_EDATA, "nested deeper than the limit of 16") : 0;
}

static int take_hex(struct sn_buffer *out, struct json_object *v)
{
	const char *s = json_object_get_string(v);
	if (!json_object_is_type(v, json_type_string) || strlen(s) % 2)
		return sn_fail(SN_EDATA, "hexadecimal digits are wanted for bytes");
	for (; *s; s += 2) {
		unsigned byte;
		char pair[3] = { s[0], s[1], 0 };
		if (strspn(pair, "0123456789abcdefABCDEF") != 2 || sscanf(pair, "%2x", &byte) != 1)
			return sn_fail(SN_EDATA, "'%s' are no hexadecimal digits", pair);
		if (sn_buffer_add(out, &(uint8_t){ (uint8_t)byte }, 1) < 0)
			return SN_ENOMEM;
	}
	return 0;
}

static bool is_number(struct json_object *v)
{
	return json_object_is_type(v, json_type_double) || json_object_is_type(v, json_type_int);
}

static int take_shape(struct sn_tensor *t, struct json_object *shape)
{
	size_t n = shape ? json_object_array_length(shape) : 0;
	if (n > SN_MAX_RANK)
		return sn_fail(SN_EDATA, "a tensor of rank %zu, the limit is %d", n, SN_MAX_RANK);
	t->rank = (unsigned)n;
	for (unsigned i = 0; i < t->rank; i++) {
		struct json_object *v = json_object_array_get_idx(shape, i);
		if (!json_object_is_type(v, json_type_int) || json_object_get_int64(v) < 0)
			return sn_fail(SN_EDATA, "a tensor's \"shape\" holds no sizes");
		t->shape[i] = (size_t)json_object_get_int64(v);
	}
	return 0;
}

static int take_tensor(struct sn_buffer *b, struct json_object *type, struct json_object *shape,
		       struct json_object *data)
{
	const char *name = json_object_get_string(type);
	struct sn_tensor t = { 0 };
	struct sn_buffer bytes = { 0 };
	size_t n, wanted;
	int st = 0;
	if (!json_object_is_type(data, json_type_array) ||
	    (shape && !json_object_is_type(shape, json_type_array)))
		return sn_fail(SN_EDATA, "a tensor's \"shape\" and \"data\" must be arrays");
	n = json_object_array_length(data);
	t.type = name && strcmp(name, "<f4") == 0 ? 'f' : 'u';
	if (!name || (t.type == 'u' && strcmp(name, "|u1") != 0))
		return sn_fail(SN_EDATA, "a tensor of type '%s', wanted |u1 or <f4",
			       name ? name : "null");
	if (take_shape(&t, shape) < 0)
		return SN_EDATA;
	if (!shape) {
		t.rank = 1;
		t.shape[0] = n;
	}
	if (!sn_product(&wanted, t.shape, t.rank) || wanted != n)
		return sn_fail(SN_EDATA, "a tensor with %zu numbers that do not fill its shape", n);
	for (size_t i = 0; i < n && st == 0; i++) {
		struct json_object *v = json_object_array_get_idx(data, i);
		double d = v && is_number(v) ? json_object_get_double(v) : -1;
		float f = (float)d;
		uint8_t u = d >= 0 && d <= 255 ? (uint8_t)d : 0;
		if (!v || !is_number(v) || (t.type == 'u' && (double)u != d))
			st = sn_fail(SN_EDATA, "a tensor's \"data\" holds what is no %s",
				     t.type == 'f' ? "number" : "number from 0 to 255");
		else
			st = t.type == 'f' ? sn_buffer_add(&bytes, &f, 4)
					   : sn_buffer_add(&bytes, &u, 1);
	}
	t.count = n;
	t.data = bytes.size ? bytes.data : (const void *)"";
	if (st == 0)
		st = sn_tensor_encode(b, &t);
	sn_buffer_release(&bytes);
	return st;
}

static int take_bytes(struct sn_buffer *b, struct json_object *digits, struct json_object *type)
{
	struct sn_buffer bytes = { 0 };
	msgpack_packer pk;
	int st;
	if (type && (!json_object_is_type(type, json_type_int) ||
		     json_object_get_int64(type) < -128 || json_object_get_int64(type) > 127))
		return sn_fail(SN_EDATA, "\"ext\" wants [type, digits], the type from -128 to 127");
	st = take_hex(&bytes, digits);
	msgpack_packer_init(&pk, b, sn_buffer_write);
	if (st == 0)
		st = type ? msgpack_pack_ext_with_body(&pk, bytes.data, bytes.size,
						       (int8_t)json_object_get_int(type))
			  : msgpack_pack_bin_with_body(&pk, bytes.data, bytes.size);
	sn_buffer_release(&bytes);
	return st;
}

static int take_pairs(struct sn_buffer *b, struct json_object *list, unsigned depth)
{
	size_t n = json_object_array_length(list);
	int st = sn_encode_map_head(b, n);
	for (size_t i = 0; i < n && st == 0; i++) {
		struct json_object *kv = json_object_array_get_idx(list, i);
		if (!json_object_is_type(kv, json_type_array) || json_object_array_length(kv) != 2)
			return sn_fail(SN_EDATA, "\"map\" wants a list of [key, value]");
		st = take_value(b, json_object_array_get_idx(kv, 0), false, depth + 1);
		if (st == 0)
			st = take_value(b, json_object_array_get_idx(kv, 1), false, depth + 1);
	}
	return st;
}

static int take_object(struct sn_buffer *b, struct json_object *o, unsigned depth)
{
	struct json_object *type, *data, *v;
	int n = json_object_object_length(o), st;
	if (json_object_object_get_ex(o, "type", &type) &&
	    json_object_object_get_ex(o, "data", &data)) {
		if (!json_object_object_get_ex(o, "shape", &v))
			v = NULL;
		return take_tensor(b, type, v, data);
	}
	if (n == 1 && json_object_object_get_ex(o, "f4", &v) && is_number(v))
		return sn_append_f4(b, (float)json_object_get_double(v));
	if (n == 1 && json_object_object_get_ex(o, "bin", &v))
		return take_bytes(b, v, NULL);
	if (n == 1 && json_object_object_get_ex(o, "ext", &v) &&
	    json_object_is_type(v, json_type_array) && json_object_array_length(v) == 2)
		return take_bytes(b, json_object_array_get_idx(v, 1),
				  json_object_array_get_idx(v, 0));
	if (n == 1 && json_object_object_get_ex(o, "map", &v) &&
	    json_object_is_type(v, json_type_array))
		return take_pairs(b, v, depth);
	st = sn_encode_map_head(b, (size_t)n);
	json_object_object_foreach(o, key, value)
	{
		if (st == 0)
			st = sn_encode_key(b, key);
		if (st == 0)
			st = take_value(b, value, false, depth + 1);
	}
	return st;
}

static int take_value(struct sn_buffer *b, struct json_object *v, bool single, unsigned depth)
{
	msgpack_packer pk;
	int st = nested_too_deep(depth);
	if (st < 0)
		return st;
	msgpack_packer_init(&pk, b, sn_buffer_write);
	switch (json_object_get_type(v)) {
	case json_type_null:
		return sn_buffer_add(b, "\xc0", 1);
	case json_type_boolean:
		return sn_buffer_add(b, json_object_get_boolean(v) ? "\xc3" : "\xc2", 1);
	case json_type_int:
		if (single)
			return sn_append_f4(b, (float)json_object_get_double(v));
		return json_object_get_int64(v) < 0
			       ? msgpack_pack_int64(&pk, json_object_get_int64(v))
			       : sn_append_uint(b, json_object_get_uint64(v));
	case json_type_double:
		return single ? sn_append_f4(b, (float)json_object_get_double(v))
			      : sn_append_f8(b, json_object_get_double(v));
	case json_type_string:
		return sn_append_str(b, json_object_get_string(v),
				     (size_t)json_object_get_string_len(v));
	case json_type_array:
		st = msgpack_pack_array(&pk, json_object_array_length(v));
		for (size_t i = 0; i < json_object_array_length(v) && st == 0; i++)
			st = take_value(b, json_object_array_get_idx(v, i), false, depth + 1);
		return st;
	default:
		return take_object(b, v, depth);
	}
}

static int take_map(struct sn_buffer *b, struct json_object *o)
{
	bool pair = false;
	int n = 0, st = sn_encode_map_head(b, (size_t)json_object_object_length(o));
	json_object_object_foreach(o, key, value)
	{
		if (n++ == 0)
			pair = strcmp(key, "pair") == 0;
		if (st == 0)
			st = sn_encode_key(b, key);
		if (st == 0)
			st = take_value(b, value, pair && strcmp(key, "d") == 0, 1);
	}
	return st;
}

/*
 * json-c lets the last of two equal keys win and cuts keys at a 0 character.  So count what it
 * should have found: outside of strings a colon stands behind every key and nowhere else.
 * Returns the keys of a line; SIZE_MAX where one holds a 0 character, or where the line has
 * comments or strings in single quotes, which are no JSON but json-c's.
 */
static size_t keys_written(const char *line, size_t size)
{
	size_t keys = 0;
	bool quoted = false, zero = false;
	for (size_t i = 0; i < size; i++) {
		if (quoted && line[i] == '\\' && i + 1 < size) {
			zero |= size - i > 5 && memcmp(line + i, "\\u0000", 6) == 0;
			i++;
		} else if (line[i] == '"') {
			quoted = !quoted;
			zero = quoted ? false : zero;
		} else if (!quoted &&
			   (line[i] == '\'' || line[i] == '/' || (line[i] == ':' && zero))) {
			return SIZE_MAX;
		} else if (!quoted) {
			keys += line[i] == ':';
		}
	}
	return keys;
}

static size_t keys_found(struct json_object *v)
{
	size_t keys = 0;
	if (json_object_is_type(v, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(v); i++) {
			struct json_object *member = json_object_array_get_idx(v, i);
			if (!is_number(member))
				keys += keys_found(member);
		}
	} else if (json_object_is_type(v, json_type_object)) {
		json_object_object_foreach(v, key, value)
		{
			(void)key;
			keys += 1 + keys_found(value);
		}
	}
	return keys;
}

/* The one JSON object of a line. */
static int parse_line(struct json_object **o, struct json_tokener *tokener, const char *line,
		      size_t size)
{
	size_t end;
	json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
	*o = json_tokener_parse_ex(tokener, line, (int)size);
	end = json_tokener_get_parse_end(tokener);
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		return sn_fail(SN_EDATA, "no JSON: the line ends within a value");
	if (json_tokener_get_error(tokener) != json_tokener_success)
		return sn_fail(SN_EDATA, "no JSON: %s at character %zu",
			       json_tokener_error_desc(json_tokener_get_error(tokener)), end + 1);
	for (; end < size; end++)
		if (!strchr(" \t\r", line[end]) || !line[end])
			return sn_fail(SN_EDATA, "more than one JSON value on a line");
	if (!json_object_is_type(*o, json_type_object))
		return sn_fail(SN_EDATA, "a line that is no JSON object");
	if (keys_found(*o) != keys_written(line, size))
		return sn_fail(
			SN_EDATA,
			"a key that stands twice or holds a 0 character, or what is no JSON");
	return 0;
}

/* {"map":[[key,value]]} takes three levels for one. */
int sn_json_parse(struct sn_buffer *b, const char *line, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(3 * SN_MAX_NESTING + 4);
	struct json_object *o = NULL;
	int st;
	if (!tokener)
		return sn_fail_memory();
	st = size > INT32_MAX ? sn_fail(SN_EDATA, "a line of over 2 GiB")
			      : parse_line(&o, tokener, line, size);
	if (st == 0)
		st = take_map(b, o);
	json_object_put(o);
	json_tokener_free(tokener);
	return st;
}

/* ---- lines ---------------------------------------------------------------------------- */

#define MAX_LINE ((size_t)1 << 30)
#define READ_AHEAD ((size_t)1 << 16)

struct sn_json {
	struct sn_buffer text; /* what was read; the line begins at `from` */
	size_t from, searched; /* no newline in [from, searched) */
	uint64_t line;	       /* number of the line read last */
	bool eof;
	struct sn_record rec; /* of an end */
};

int sn_json_new(struct sn_json **j)
{
	*j = sn_alloc(1, sizeof **j);
	return *j ? 0 : SN_ENOMEM;
}

void sn_json_free(struct sn_json *j)
{
	if (j)
		sn_buffer_release(&j->text);
	free(j);
}

uint64_t sn_json_line(const struct sn_json *j)
{
	return j->line;
}

static int read_more(struct sn_json *j, struct sn_input *in)
{
	ssize_t n;
	if (j->from) {
		memmove(j->text.data, j->text.data + j->from, j->text.size - j->from);
		j->text.size -= j->from;
		j->searched -= j->from;
		j->from = 0;
	}
	if (j->text.size > MAX_LINE)
		return sn_fail(SN_EDATA, "line %llu: a line of over 1 GiB",
			       (unsigned long long)j->line + 1);
	if (sn_buffer_reserve(&j->text, READ_AHEAD) < 0)
		return SN_ENOMEM;
	n = sn_input_read(in, j->text.data + j->text.size, j->text.capacity - j->text.size);
	if (n < 0)
		return (int)n;
	j->eof = n == 0;
	j->text.size += (size_t)n;
	return 0;
}

/* One line without its newline, borrowed until the next call; 1, or 0 at the end of the file. */
static int next_line(struct sn_json *j, struct sn_input *in, struct sn_slice *line)
{
	for (;;) {
		size_t ahead = j->text.size - j->searched;
		uint8_t *end = ahead ? memchr(j->text.data + j->searched, '\n', ahead) : NULL;
		int st;
		if (end || (j->eof && j->text.size > j->from)) {
			size_t to = end ? (size_t)(end - j->text.data) : j->text.size;
			*line = (struct sn_slice){ j->text.data + j->from, to - j->from };
			j->from = j->searched = to + (end != NULL);
			j->line++;
			return 1;
		}
		if (j->eof)
			return 0;
		j->searched = j->text.size;
		if ((st = read_more(j, in)) < 0)
			return st;
	}
}

static bool is_blank(struct sn_slice line)
{
	for (size_t i = 0; i < line.size; i++)
		if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
			return false;
	return true;
}

static bool is_end(const uint8_t *map, size_t size)
{
	static const uint8_t key[] = { 0xa3, 'e', 'n', 'd' };
	return size > sizeof key && memcmp(map + 1, key, sizeof key) == 0;
}

/* The end at b + start as the stream has it, without a sum. */
static int plain_end(struct sn_json *j, struct sn_buffer *b, size_t start)
{
	struct sn_slice map = { b->data + start, b->size - start };
	int st = sn_record_parse_map(&j->rec, map, true);
	if (st < 0)
		return st;
	b->size = start;
	st = sn_encode_end(b, j->rec.end.records, j->rec.end.failed);
	return st < 0 ? st : sn_buffer_add(b, "\xc0", 1);
}

int sn_json_next(struct sn_json *j, struct sn_input *in, struct sn_buffer *b)
{
	size_t start = b->size;
	struct sn_slice line;
	int st;
	do {
		st = next_line(j, in, &line);
		if (st <= 0)
			return st;
	} while (is_blank(line));
	st = sn_json_parse(b, (const char *)line.data, line.size);
	if (st == 0 && is_end(b->data + start, b->size - start))
		st = plain_end(j, b, start);
	return st < 0 ? sn_fail_at(st, "line %llu", (unsigned long long)j->line) : 1;
}
