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

static int index_fields(struct sn_record *rec)
{
	const uint8_t *p = rec->bytes.data;
	size_t head, n;
	if (!sn_map_head(p, &head, &n))
		return sn_fail(SN_EDATA, "%s where a map was wanted", sn_type_text(p));
	rec->fields = (unsigned)n;
	p += head;
	for (unsigned i = 0; i < rec->fields; i++) {
		struct sn_field *f = &rec->field[i];
		if (!sn_str_value(p, &f->key))
			return sn_fail(SN_EDATA, "a key that is %s, wanted a string",
				       sn_type_text(p));
		for (unsigned k = 0; k < i; k++)
			if (rec->field[k].key.size == f->key.size &&
			    memcmp(rec->field[k].key.data, f->key.data, f->key.size) == 0)
				return sn_fail(SN_EDATA, "key '%.*s' stands twice",
					       (int)(f->key.size > 64 ? 64 : f->key.size),
					       (const char *)f->key.data);
		f->value.data = f->key.data + f->key.size;
		f->value.size = sn_extent(f->value.data);
		p = f->value.data + f->value.size;
	}
	return 0;
}

static int wrong(const char *key, struct sn_slice v, const char *wanted)
{
	return sn_fail(SN_EDATA, "'%s' is %s, wanted %s", key, sn_type_text(v.data), wanted);
}

static int uint_field(const struct sn_record *rec, const char *key, uint64_t *v, bool needed)
{
	struct sn_slice value = sn_record_get(rec, key);
	if (!value.data)
		return needed ? sn_fail(SN_EDATA, "no '%s'", key) : 0;
	if (!sn_uint_value(value.data, v))
		return wrong(key, value, "a number from 0");
	return 1;
}

/* A float; integers are refused, so that nobody's 0 or 1 slips in as a distance. */
static int float_field(struct sn_record *rec, const char *key, double *v, bool allow_nan)
{
	struct sn_slice value = sn_record_get(rec, key);
	bool single;
	if (!value.data)
		return 0;
	if (!sn_float_value(value.data, v, &single))
		return wrong(key, value, "a float");
	if (!isfinite(*v)) {
		rec->nan = true;
		if (!allow_nan)
			return sn_fail(SN_EDATA, "'%s' is %s", key, isnan(*v) ? "NaN" : "infinite");
	}
	return 1;
}

static int tensor_field(struct sn_record *rec, struct sn_tensor *t, bool needed, bool allow_nan)
{
	struct sn_slice value = sn_record_get(rec, "x");
	const uint8_t *p;
	uint32_t worst = 0;
	t->type = 0;
	if (!value.data)
		return needed ? sn_fail(SN_EDATA, "no 'x'") : 0;
	if (sn_tensor_decode(t, value) < 0)
		return sn_fail_at(SN_EDATA, "'x'");
	if (t->type != 'f')
		return 1;
	p = t->data;
	for (size_t i = 0; i < t->count; i++) { /* all exponent bits set: NaN or infinity */
		uint32_t u;
		memcpy(&u, p + 4 * i, 4);
		u &= 0x7f800000;
		worst = u > worst ? u : worst;
	}
	if (worst == 0x7f800000) {
		rec->nan = true;
		if (!allow_nan)
			return sn_fail(SN_EDATA, "'x' holds NaN or infinity");
	}
	return 1;
}

static int parse_item(struct sn_record *rec, bool allow_nan)
{
	struct sn_item *item = &rec->item;
	struct sn_slice v;
	memset(item, 0, sizeof *item);
	if (uint_field(rec, "item", &item->number, true) < 0)
		return SN_EDATA;
	v = sn_record_get(rec, "key");
	if (!v.data)
		return sn_fail(SN_EDATA, "no 'key'");
	if (!sn_str_value(v.data, &item->key))
		return wrong("key", v, "a string");
	v = sn_record_get(rec, "label");
	if (!v.data)
		return sn_fail(SN_EDATA, "no 'label' (nil where it is not known)");
	if (*v.data != 0xc0 && !sn_str_value(v.data, &item->label))
		return wrong("label", v, "a string or nil");
	v = sn_record_get(rec, "forged");
	if (v.data && *v.data != 0xc3)
		return sn_fail(SN_EDATA, "'forged' is not true (leave it out where it is not so)");
	item->forged = v.data != NULL;
	item->file = sn_record_get(rec, "file");
	return tensor_field(rec, &item->x, false, allow_nan) < 0 ? SN_EDATA : 0;
}

static int parse_pair(struct sn_record *rec, bool allow_nan)
{
	struct sn_pair *pair = &rec->pair;
	struct sn_slice v = sn_record_get(rec, "pair");
	size_t head, n;
	double d = 0;
	int st;
	memset(pair, 0, sizeof *pair);
	pair->trial = pair->batch = SN_NONE;
	if (!sn_array_head(v.data, &head, &n) || n != 2)
		return sn_fail(SN_EDATA, "'pair' is not an array of two item numbers");
	v.data += head;
	if (!sn_uint_value(v.data, &pair->a) ||
	    !sn_uint_value(v.data + sn_extent(v.data), &pair->b))
		return sn_fail(SN_EDATA, "'pair' is not an array of two item numbers");
	v = sn_record_get(rec, "same");
	if (!v.data)
		return sn_fail(SN_EDATA, "no 'same'");
	if (*v.data != 0xc0 && *v.data != 0xc2 && *v.data != 0xc3)
		return wrong("same", v, "true, false or nil");
	pair->same = *v.data == 0xc0 ? SN_UNKNOWN : *v.data == 0xc3 ? SN_SAME : SN_DIFFERENT;
	if (uint_field(rec, "trial", &pair->trial, false) < 0 ||
	    uint_field(rec, "batch", &pair->batch, false) < 0)
		return SN_EDATA;
	v = sn_record_get(rec, "d");
	if (v.data && *v.data == 0xc0) {
		pair->has_d = pair->d_nil = true;
		pair->d = NAN;
	} else {
		if ((st = float_field(rec, "d", &d, allow_nan)) < 0)
			return st;
		pair->has_d = st == 1;
		pair->d = (float)d;
	}
	if ((st = float_field(rec, "loss", &pair->loss, allow_nan)) < 0)
		return st;
	pair->has_loss = st == 1;
	return 0;
}

static int parse_param(struct sn_record *rec, bool allow_nan)
{
	struct sn_param_rows *param = &rec->param;
	struct sn_slice v = sn_record_get(rec, "param");
	size_t head, n, whole;
	memset(param, 0, sizeof *param);
	if (!sn_str_value(v.data, &param->name))
		return wrong("param", v, "a name");
	v = sn_record_get(rec, "shape");
	if (!v.data || !sn_array_head(v.data, &head, &n) || n < 1 || n > SN_MAX_RANK)
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
	if (uint_field(rec, "row", &param->row, true) < 0 ||
	    tensor_field(rec, &param->x, true, allow_nan) < 0)
		return SN_EDATA;
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
	if (float_field(rec, "mean", &rec->mean.mean, allow_nan) < 0)
		return SN_EDATA;
	return uint_field(rec, "terms", &rec->mean.terms, true) < 0 ? SN_EDATA : 0;
}

static int parse_end(struct sn_record *rec)
{
	rec->end.failed = 0;
	if (uint_field(rec, "end", &rec->end.records, true) < 0 ||
	    uint_field(rec, "failed", &rec->end.failed, false) < 0)
		return SN_EDATA;
	return 0;
}

int sn_record_parse(struct sn_record *rec, struct sn_slice bytes, bool allow_nan)
{
	struct sn_slice first;
	rec->bytes = bytes;
	rec->nan = false;
	rec->map = SN_MAP_OTHER;
	if (index_fields(rec) < 0)
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
	return 0;
}

/* ---- the way back --------------------------------------------------------------------- */

int sn_encode_item(struct sn_buffer *b, const struct sn_item *item)
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
		st |= sn_encode_key(b, "x") | sn_tensor_encode(b, &item->x);
	if (item->file.data)
		st |= sn_encode_key(b, "file") | sn_buffer_add(b, item->file.data, item->file.size);
	return st ? sn_fail_memory() : 0;
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
