/* record - one map: its fields found, its known keys checked, and the way back */
#include <math.h>
#include <string.h>
#include "private.h"

struct sn_slice sn_record_get(const struct sn_record *rec, const char *key)
{
	for (unsigned i = 0; i < rec->fields; i++)
		if (sn_slice_is(rec->field[i].key, key))
			return rec->field[i].value;
	return (struct sn_slice){ 0 };
}

static int index_fields(struct sn_record *rec, const struct sn_scan *scan, const uint8_t *p)
{
	if (!scan->map && *p != 0x80)
		return sn_fail(SN_EDATA, "%s where a map was wanted", sn_type_text(p));
	rec->bytes = (struct sn_slice){ p, scan->at };
	rec->fields = scan->marks / 2;
	for (unsigned i = 0; i < rec->fields; i++) {
		struct sn_field *f = &rec->field[i];
		const uint8_t *key = p + scan->mark[2 * i], *value = p + scan->mark[2 * i + 1];
		size_t end = i + 1 < rec->fields ? scan->mark[2 * i + 2] : scan->at;
		if (!sn_str_value(key, &f->key))
			return sn_fail(SN_EDATA, "a key that is %s, wanted a string",
				       sn_type_text(key));
		f->value = (struct sn_slice){ value, (size_t)(p + end - value) };
	}
	return sn_check_keys(rec->field, rec->fields);
}

static int wrong(const char *key, struct sn_slice v, const char *wanted)
{
	return sn_fail(SN_EDATA, "'%s' is %s, wanted %s", key, sn_type_text(v.data), wanted);
}

static int missing(const char *key)
{
	return sn_fail(SN_EDATA, "no '%s'", key);
}

/* A number; the largest of all means that there is none (SN_NONE). */
static int take_uint(uint64_t *v, const char *key, struct sn_slice value)
{
	if (!sn_uint_value(value.data, v))
		return wrong(key, value, "a number from 0");
	if (*v == SN_NONE)
		return sn_fail(SN_EDATA, "'%s' is %llu, which is too large", key,
			       (unsigned long long)*v);
	return 0;
}

/* A float of the one width that the key has: nobody's 0 or 1 slips in as a distance. */
static int take_float(struct sn_record *rec, double *v, const char *key, struct sn_slice value,
		      bool wanted_single, bool allow_nan)
{
	bool single;
	if (!sn_float_value(value.data, v, &single) || single != wanted_single)
		return wrong(key, value,
			     wanted_single ? "a float of 32 bits" : "a float of 64 bits");
	if (!isfinite(*v)) {
		rec->nan = true;
		if (!allow_nan)
			return sn_fail(SN_EDATA, "'%s' is %s", key, isnan(*v) ? "NaN" : "infinite");
	}
	return 0;
}

/* Is an exponent with all bits set among them? */
static bool any_infinite(const uint8_t *p, size_t count)
{
	uint32_t worst = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t u;
		memcpy(&u, p + 4 * i, 4);
		u &= 0x7f800000;
		worst = u > worst ? u : worst;
	}
	return worst == 0x7f800000;
}

static int take_tensor(struct sn_record *rec, struct sn_tensor *t, struct sn_slice value,
		       bool allow_nan)
{
	if (sn_tensor_decode(t, value) < 0)
		return sn_fail_at(SN_EDATA, "'x'");
	if (t->type == 'f' && any_infinite(t->data, t->count)) {
		rec->nan = true;
		if (!allow_nan)
			return sn_fail(SN_EDATA, "'x' holds NaN or infinity");
	}
	return 0;
}

/* A key that this map does not know: its value may be anything, but no trap. */
static int take_unknown(struct sn_slice value)
{
	uint8_t c = *value.data;
	bool container = (c >= 0x80 && c <= 0x9f) || (c >= 0xdc && c <= 0xdf);
	return container ? sn_check_nested(value) : 0;
}

static int take_item_field(struct sn_record *rec, const struct sn_field *f, bool allow_nan)
{
	struct sn_item *item = &rec->item;
	struct sn_slice v = f->value;
	size_t head, n;
	if (sn_slice_is(f->key, "item"))
		return take_uint(&item->number, "item", v);
	if (sn_slice_is(f->key, "key"))
		return sn_str_value(v.data, &item->key) ? 0 : wrong("key", v, "a string");
	if (sn_slice_is(f->key, "label"))
		return *v.data == 0xc0 || sn_str_value(v.data, &item->label)
			       ? 0
			       : wrong("label", v, "a string or nil");
	if (sn_slice_is(f->key, "x"))
		return take_tensor(rec, &item->x, v, allow_nan);
	if (sn_slice_is(f->key, "forged")) {
		item->forged = *v.data == 0xc3;
		return item->forged ? 0 : wrong("forged", v, "true, or no such key");
	}
	if (sn_slice_is(f->key, "file")) {
		item->file = v;
		if (!sn_map_head(v.data, &head, &n))
			return wrong("file", v, "a map");
	}
	return take_unknown(v);
}

static int parse_item(struct sn_record *rec, bool allow_nan)
{
	struct sn_item *item = &rec->item;
	bool label = false;
	int st = 0;
	memset(item, 0, sizeof *item);
	for (unsigned i = 0; i < rec->fields && st == 0; i++) {
		label |= sn_slice_is(rec->field[i].key, "label");
		st = take_item_field(rec, &rec->field[i], allow_nan);
	}
	if (st == 0 && !item->key.data)
		return missing("key");
	if (st == 0 && !label)
		return sn_fail(SN_EDATA, "no 'label' (nil where it is not known)");
	return st;
}

static int take_pair(struct sn_pair *pair, struct sn_slice v)
{
	size_t head, n;
	if (!sn_array_head(v.data, &head, &n) || n != 2 ||
	    !sn_uint_value(v.data + head, &pair->a) ||
	    !sn_uint_value(v.data + head + sn_extent(v.data + head), &pair->b))
		return sn_fail(SN_EDATA, "'pair' is not an array of two item numbers");
	return 0;
}

static int take_pair_field(struct sn_record *rec, const struct sn_field *f, bool allow_nan)
{
	struct sn_pair *pair = &rec->pair;
	struct sn_slice v = f->value;
	uint8_t c = *v.data;
	double d = 0;
	int st;
	if (sn_slice_is(f->key, "pair"))
		return take_pair(pair, v);
	if (sn_slice_is(f->key, "same")) {
		pair->same = c == 0xc0 ? SN_UNKNOWN : c == 0xc3 ? SN_SAME : SN_DIFFERENT;
		return c == 0xc0 || c == 0xc2 || c == 0xc3 ? 0
							   : wrong("same", v, "true, false or nil");
	}
	if (sn_slice_is(f->key, "d")) {
		pair->has_d = true;
		pair->d_nil = c == 0xc0;
		st = pair->d_nil ? 0 : take_float(rec, &d, "d", v, true, allow_nan);
		pair->d = pair->d_nil ? NAN : (float)d;
		return st;
	}
	if (sn_slice_is(f->key, "loss")) {
		pair->has_loss = true;
		return take_float(rec, &pair->loss, "loss", v, false, allow_nan);
	}
	if (sn_slice_is(f->key, "trial"))
		return take_uint(&pair->trial, "trial", v);
	if (sn_slice_is(f->key, "batch"))
		return take_uint(&pair->batch, "batch", v);
	return take_unknown(v);
}

static int parse_pair(struct sn_record *rec, bool allow_nan)
{
	bool same = false;
	int st = 0;
	rec->pair = (struct sn_pair){ .trial = SN_NONE, .batch = SN_NONE };
	for (unsigned i = 0; i < rec->fields && st == 0; i++) {
		same |= sn_slice_is(rec->field[i].key, "same");
		st = take_pair_field(rec, &rec->field[i], allow_nan);
	}
	return st == 0 && !same ? missing("same") : st;
}

static int take_shape(struct sn_param_rows *param, struct sn_slice v)
{
	size_t head, n, whole;
	if (!sn_array_head(v.data, &head, &n) || n < 1 || n > SN_MAX_RANK)
		return sn_fail(SN_EDATA, "'shape' is not an array of 1 to %d sizes", SN_MAX_RANK);
	param->rank = (unsigned)n;
	v.data += head;
	for (unsigned i = 0; i < param->rank; i++, v.data += sn_extent(v.data)) {
		uint64_t size;
		if (!sn_uint_value(v.data, &size) || size > SIZE_MAX / 8)
			return sn_fail(SN_EDATA, "'shape' is not an array of 1 to %d sizes",
				       SN_MAX_RANK);
		param->shape[i] = size;
	}
	if (!sn_product(&whole, param->shape, param->rank) || whole > SIZE_MAX / 8)
		return sn_fail(SN_EDATA, "'shape' is too large");
	return 0;
}

static int take_param_field(struct sn_record *rec, const struct sn_field *f, bool allow_nan)
{
	struct sn_param_rows *param = &rec->param;
	if (sn_slice_is(f->key, "param"))
		return sn_str_value(f->value.data, &param->name)
			       ? 0
			       : wrong("param", f->value, "a name");
	if (sn_slice_is(f->key, "shape"))
		return take_shape(param, f->value);
	if (sn_slice_is(f->key, "row"))
		return take_uint(&param->row, "row", f->value);
	if (sn_slice_is(f->key, "x"))
		return take_tensor(rec, &param->x, f->value, allow_nan);
	return take_unknown(f->value);
}

static int parse_param(struct sn_record *rec, bool allow_nan)
{
	struct sn_param_rows *param = &rec->param;
	int st = 0;
	memset(param, 0, sizeof *param);
	param->row = SN_NONE;
	for (unsigned i = 0; i < rec->fields && st == 0; i++)
		st = take_param_field(rec, &rec->field[i], allow_nan);
	if (st < 0)
		return st;
	if (!param->rank)
		return missing("shape");
	if (param->row == SN_NONE)
		return missing("row");
	if (!param->x.type)
		return missing("x");
	if (param->x.type != 'f' || param->x.rank != param->rank ||
	    memcmp(param->x.shape + 1, param->shape + 1,
		   (param->rank - 1) * sizeof *param->shape) != 0)
		return sn_fail(SN_EDATA, "'x' is not <f4 rows of 'shape'");
	if (param->row > param->shape[0] || param->x.shape[0] > param->shape[0] - param->row)
		return sn_fail(SN_EDATA, "rows %llu to %llu of a parameter of %zu rows",
			       (unsigned long long)param->row,
			       (unsigned long long)param->row + param->x.shape[0], param->shape[0]);
	return 0;
}

static int parse_mean(struct sn_record *rec, bool allow_nan)
{
	bool terms = false;
	int st = 0;
	for (unsigned i = 0; i < rec->fields && st == 0; i++) {
		const struct sn_field *f = &rec->field[i];
		if (sn_slice_is(f->key, "mean")) {
			st = take_float(rec, &rec->mean.mean, "mean", f->value, false, allow_nan);
		} else if (sn_slice_is(f->key, "terms")) {
			terms = true;
			st = take_uint(&rec->mean.terms, "terms", f->value);
		} else {
			st = take_unknown(f->value);
		}
	}
	return st == 0 && !terms ? missing("terms") : st;
}

/* Other keys than these are refused by the reader, which knows the end's one encoding. */
static int parse_end(struct sn_record *rec)
{
	int st = 0;
	rec->end.failed = 0;
	for (unsigned i = 0; i < rec->fields && st == 0; i++) {
		const struct sn_field *f = &rec->field[i];
		if (sn_slice_is(f->key, "end"))
			st = take_uint(&rec->end.records, "end", f->value);
		else if (sn_slice_is(f->key, "failed"))
			st = take_uint(&rec->end.failed, "failed", f->value);
	}
	return st;
}

static int parse_other(struct sn_record *rec)
{
	int st = 0;
	for (unsigned i = 0; i < rec->fields && st == 0; i++)
		st = take_unknown(rec->field[i].value);
	return st;
}

int sn_record_parse(struct sn_record *rec, const struct sn_scan *scan, const uint8_t *bytes,
		    bool allow_nan)
{
	struct sn_slice first;
	rec->nan = rec->renumbered = false;
	rec->map = SN_MAP_OTHER;
	if (index_fields(rec, scan, bytes) < 0)
		return SN_EDATA;
	if (rec->fields == 0)
		return 0;
	/* the first key says what a map is; the others may come in any order */
	first = rec->field[0].key;
	if (sn_slice_is(first, "item")) {
		rec->map = SN_MAP_ITEM;
		return parse_item(rec, allow_nan);
	}
	if (sn_slice_is(first, "pair")) {
		rec->map = SN_MAP_PAIR;
		return parse_pair(rec, allow_nan);
	}
	if (sn_slice_is(first, "param")) {
		rec->map = SN_MAP_PARAM;
		return parse_param(rec, allow_nan);
	}
	if (sn_slice_is(first, "mean")) {
		rec->map = SN_MAP_MEAN;
		return parse_mean(rec, allow_nan);
	}
	if (sn_slice_is(first, "end")) {
		rec->map = SN_MAP_END;
		return parse_end(rec);
	}
	if (sn_slice_is(first, "sn"))
		rec->map = SN_MAP_HEADER;
	return parse_other(rec);
}

int sn_record_parse_map(struct sn_record *rec, struct sn_slice bytes, bool allow_nan)
{
	struct sn_scan scan;
	size_t need;
	int st;
	sn_scan_start(&scan);
	st = sn_scan(&scan, bytes.data, bytes.size, &need);
	if (st == 0 || (st == 1 && scan.at != bytes.size))
		return sn_fail(SN_EDATA, "not exactly one MessagePack value");
	return st < 0 ? st : sn_record_parse(rec, &scan, bytes.data, allow_nan);
}

/* ---- the way back --------------------------------------------------------------------- */

int sn_encode_item_head(struct sn_buffer *b, const struct sn_item *item)
{
	int st = sn_encode_map_head(b, 3u + item->forged + !!item->x.type + !!item->file.data);
	st |= sn_encode_key(b, "item") | sn_append_uint(b, item->number);
	st |= sn_encode_key(b, "key") | sn_append_str(b, item->key.data, item->key.size);
	st |= sn_encode_key(b, "label");
	if (item->label.data)
		st |= sn_append_str(b, item->label.data, item->label.size);
	else
		st |= sn_buffer_add(b, "\xc0", 1);
	if (item->forged)
		st |= sn_encode_key(b, "forged") | sn_buffer_add(b, "\xc3", 1);
	if (item->x.type)
		st |= sn_encode_key(b, "x") | sn_tensor_encode_head(b, &item->x);
	return st ? sn_fail_memory() : 0;
}

int sn_encode_item_tail(struct sn_buffer *b, const struct sn_item *item)
{
	int st = 0;
	if (item->file.data)
		st |= sn_encode_key(b, "file") | sn_buffer_add(b, item->file.data, item->file.size);
	return st ? sn_fail_memory() : 0;
}

int sn_encode_item(struct sn_buffer *b, const struct sn_item *item)
{
	int st = sn_encode_item_head(b, item);
	if (st == 0 && item->x.type)
		st = sn_buffer_add(b, item->x.data, item->x.count * sn_tensor_element(&item->x));
	return st < 0 ? st : sn_encode_item_tail(b, item);
}

int sn_encode_pair(struct sn_buffer *b, const struct sn_pair *pair)
{
	static const char *const same[] = { "\xc2", "\xc3", "\xc0" };
	int st = sn_encode_map_head(b, 2u + (pair->trial != SN_NONE) + (pair->batch != SN_NONE) +
					       pair->has_d + pair->has_loss);
	st |= sn_encode_key(b, "pair") | sn_buffer_add(b, "\x92", 1);
	st |= sn_append_uint(b, pair->a) | sn_append_uint(b, pair->b);
	st |= sn_encode_key(b, "same") | sn_buffer_add(b, same[pair->same], 1);
	if (pair->trial != SN_NONE)
		st |= sn_encode_key(b, "trial") | sn_append_uint(b, pair->trial);
	if (pair->batch != SN_NONE)
		st |= sn_encode_key(b, "batch") | sn_append_uint(b, pair->batch);
	if (pair->has_d) {
		st |= sn_encode_key(b, "d");
		st |= pair->d_nil ? sn_buffer_add(b, "\xc0", 1) : sn_append_f4(b, pair->d);
	}
	if (pair->has_loss)
		st |= sn_encode_key(b, "loss") | sn_append_f8(b, pair->loss);
	return st ? sn_fail_memory() : 0;
}

int sn_encode_end(struct sn_buffer *b, uint64_t records, uint64_t failed)
{
	int st = sn_encode_map_head(b, failed ? 3 : 2);
	st |= sn_encode_key(b, "end") | sn_append_uint(b, records);
	if (failed)
		st |= sn_encode_key(b, "failed") | sn_append_uint(b, failed);
	st |= sn_encode_key(b, "xxh3");
	return st ? sn_fail_memory() : 0;
}
