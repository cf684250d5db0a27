/* header - what a section says of itself before its records */
#include <stdlib.h>
#include <string.h>
#include "private.h"

struct key {
	uint8_t *name;
	size_t size; /* of name */
	struct sn_buffer value;
};

struct sn_header {
	char *kind;
	struct sn_buffer history; /* the entries, encoded one after another */
	size_t entries;
	struct key *key; /* sorted bytewise by name */
	size_t keys, capacity;
};

/* Kinds and the programs that make them, for the wrong-kind message. */
static const struct {
	const char *kind, *maker;
} makers[] = {
	{ "items", "sn-load" },
	{ "pairs", "sn-pair" },
	{ "distances", "sn-dist" },
	{ "losses", "sn-loss" },
	{ "model", "sn-init or sn-train" },
	{ "checkpoint", "sn-train --checkpoint" },
	{ "matches", "sn-search" },
};

static bool history_is_off(void)
{
	const char *s = getenv("SN_NO_HISTORY");
	return s && strcmp(s, "1") == 0;
}

int sn_header_new(struct sn_header **h, const char *kind)
{
	*h = sn_alloc(1, sizeof **h);
	if (!*h)
		return SN_ENOMEM;
	if (sn_header_set_kind(*h, kind) < 0) {
		free(*h);
		*h = NULL;
		return SN_ENOMEM;
	}
	return 0;
}

void sn_header_free(struct sn_header *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->keys; i++) {
		free(h->key[i].name);
		sn_buffer_release(&h->key[i].value);
	}
	free(h->key);
	free(h->kind);
	sn_buffer_release(&h->history);
	free(h);
}

const char *sn_header_kind(const struct sn_header *h)
{
	return h->kind;
}

int sn_header_set_kind(struct sn_header *h, const char *kind)
{
	char *copy = strdup(kind);
	if (!copy)
		return sn_fail_memory();
	free(h->kind);
	h->kind = copy;
	return 0;
}

static int set(struct sn_header *h, struct sn_slice key, struct sn_slice value);

static int parse_history(struct sn_header *h, struct sn_slice value)
{
	size_t head;
	const uint8_t *p;
	if (!sn_array_head(value.data, &head, &h->entries))
		return sn_fail(SN_EDATA, "'history' is %s, wanted an array",
			       sn_type_text(value.data));
	p = value.data + head;
	for (size_t i = 0; i < h->entries; i++) {
		size_t bytes, n;
		if (!sn_map_head(p, &bytes, &n))
			return sn_fail(SN_EDATA, "'history' holds %s, wanted maps",
				       sn_type_text(p));
		p += sn_extent(p);
	}
	return sn_buffer_add(&h->history, value.data + head, value.size - head);
}

static int parse_fields(struct sn_header *h, const struct sn_record *rec)
{
	struct sn_slice kind = sn_record_get(rec, "kind"), text;
	char name[64];
	if (!kind.data || !sn_str_value(kind.data, &text))
		return sn_fail(SN_EDATA, "a header without 'kind'");
	if (text.size == 0 || text.size >= sizeof name || memchr(text.data, 0, text.size))
		return sn_fail(SN_EDATA, "a header whose 'kind' is no kind");
	memcpy(name, text.data, text.size);
	name[text.size] = 0;
	if (sn_header_set_kind(h, name) < 0)
		return SN_ENOMEM;
	for (unsigned i = 0; i < rec->fields; i++) {
		const struct sn_field *f = &rec->field[i];
		int st = 0;
		if (sn_slice_is(f->key, "history"))
			st = parse_history(h, f->value);
		else if (!sn_slice_is(f->key, "sn") && !sn_slice_is(f->key, "kind"))
			st = set(h, f->key, f->value);
		if (st < 0)
			return st;
	}
	return 0;
}

int sn_header_parse(struct sn_header **h, const struct sn_record *rec)
{
	int st = sn_header_new(h, "items");
	if (st < 0)
		return st;
	st = parse_fields(*h, rec);
	if (st < 0) {
		sn_header_free(*h);
		*h = NULL;
	}
	return st;
}

int sn_header_copy(struct sn_header **h, const struct sn_header *from)
{
	int st = sn_header_new(h, from->kind);
	if (st < 0)
		return st;
	st = sn_header_take_history(*h, from);
	for (size_t i = 0; st == 0 && i < from->keys; i++)
		st = set(*h, (struct sn_slice){ from->key[i].name, from->key[i].size },
			 (struct sn_slice){ from->key[i].value.data, from->key[i].value.size });
	if (st < 0) {
		sn_header_free(*h);
		*h = NULL;
	}
	return st;
}

/* Is kind one of the blank-separated words? */
static bool among(const char *words, const char *kind)
{
	size_t n = strlen(kind);
	for (const char *p = words; *p;) {
		size_t word = strcspn(p, " ");
		if (word == n && memcmp(p, kind, n) == 0)
			return true;
		p += word;
		p += strspn(p, " ");
	}
	return false;
}

int sn_header_expect(const struct sn_header *h, const char *wanted)
{
	char list[128] = "", made[160] = "";
	if (among(wanted, h->kind))
		return 0;
	for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
		if (!among(wanted, makers[i].kind))
			continue;
		strncat(list, *list ? " or " : "", sizeof list - strlen(list) - 1);
		strncat(list, makers[i].kind, sizeof list - strlen(list) - 1);
		strncat(made, *made ? " or " : "", sizeof made - strlen(made) - 1);
		strncat(made, makers[i].maker, sizeof made - strlen(made) - 1);
	}
	return sn_fail(SN_EDATA, "this is %s, wanted %s, made by %s", h->kind,
		       *list ? list : wanted, *made ? made : "another program");
}

/* ---- keys ----------------------------------------------------------------------------- */

static struct sn_slice slice_of(const char *text)
{
	return (struct sn_slice){ (const uint8_t *)text, strlen(text) };
}

/* Where the key is, or where it would stand. */
static size_t position(const struct sn_header *h, struct sn_slice key, bool *found)
{
	size_t i = 0;
	int order = 1;
	for (; i < h->keys; i++) {
		const struct key *k = &h->key[i];
		order = memcmp(k->name, key.data, k->size < key.size ? k->size : key.size);
		if (order == 0)
			order = (k->size > key.size) - (k->size < key.size);
		if (order >= 0)
			break;
	}
	*found = i < h->keys && order == 0;
	return i;
}

struct sn_slice sn_header_get(const struct sn_header *h, const char *key)
{
	bool found;
	size_t i = position(h, slice_of(key), &found);
	return found ? (struct sn_slice){ h->key[i].value.data, h->key[i].value.size }
		     : (struct sn_slice){ 0 };
}

static int set(struct sn_header *h, struct sn_slice key, struct sn_slice value)
{
	bool found;
	size_t i = position(h, key, &found);
	struct sn_buffer copy = { 0 }, name = { 0 };
	if (sn_buffer_add(&copy, value.data, value.size) < 0)
		return SN_ENOMEM;
	if (!found) {
		if (sn_buffer_add(&name, key.data, key.size) < 0 ||
		    sn_grow(&h->key, &h->capacity, h->keys + 1, sizeof *h->key) < 0) {
			sn_buffer_release(&name);
			sn_buffer_release(&copy);
			return SN_ENOMEM;
		}
		memmove(h->key + i + 1, h->key + i, (h->keys - i) * sizeof *h->key);
		h->keys++;
		h->key[i].name = name.data;
		h->key[i].size = name.size;
	} else {
		sn_buffer_release(&h->key[i].value);
	}
	h->key[i].value = copy;
	return 0;
}

int sn_header_set(struct sn_header *h, const char *key, struct sn_slice value)
{
	return set(h, slice_of(key), value);
}

void sn_header_remove(struct sn_header *h, const char *key)
{
	bool found;
	size_t i = position(h, slice_of(key), &found);
	if (!found)
		return;
	free(h->key[i].name);
	sn_buffer_release(&h->key[i].value);
	memmove(h->key + i, h->key + i + 1, (--h->keys - i) * sizeof *h->key);
}

bool sn_header_get_f8(const struct sn_header *h, const char *key, double *v)
{
	struct sn_slice s = sn_header_get(h, key);
	bool single;
	return s.data && sn_float_value(s.data, v, &single);
}

bool sn_header_get_uint(const struct sn_header *h, const char *key, uint64_t *v)
{
	struct sn_slice s = sn_header_get(h, key);
	return s.data && sn_uint_value(s.data, v);
}

bool sn_header_get_str(const struct sn_header *h, const char *key, struct sn_slice *v)
{
	struct sn_slice s = sn_header_get(h, key);
	return s.data && sn_str_value(s.data, v);
}

/* Set a key to what `encode` put into b, and release b. */
static int set_encoded(struct sn_header *h, const char *key, struct sn_buffer *b, int st)
{
	if (st == 0)
		st = sn_header_set(h, key, (struct sn_slice){ b->data, b->size });
	sn_buffer_release(b);
	return st;
}

int sn_header_set_f8(struct sn_header *h, const char *key, double v)
{
	struct sn_buffer b = { 0 };
	return set_encoded(h, key, &b, sn_encode_f8(&b, v));
}

int sn_header_set_uint(struct sn_header *h, const char *key, uint64_t v)
{
	struct sn_buffer b = { 0 };
	return set_encoded(h, key, &b, sn_encode_uint(&b, v));
}

int sn_header_set_str(struct sn_header *h, const char *key, const char *s)
{
	struct sn_buffer b = { 0 };
	return set_encoded(h, key, &b, sn_encode_str(&b, s, strlen(s)));
}

/* ---- history -------------------------------------------------------------------------- */

int sn_header_add_history(struct sn_header *h, struct sn_slice entry)
{
	if (history_is_off())
		return 0;
	if (sn_buffer_add(&h->history, entry.data, entry.size) < 0)
		return SN_ENOMEM;
	h->entries++;
	return 0;
}

struct sn_slice sn_header_history(const struct sn_header *h, size_t *entries)
{
	*entries = h->entries;
	return (struct sn_slice){ h->history.data, h->history.size };
}

int sn_header_take_history(struct sn_header *h, const struct sn_header *from)
{
	h->history.size = 0;
	h->entries = from->entries;
	return sn_buffer_add(&h->history, from->history.data, from->history.size);
}

int sn_header_encode(struct sn_buffer *b, const struct sn_header *h)
{
	bool history = h->entries > 0 && !history_is_off();
	size_t keys = 2u + history + h->keys, start = b->size;
	msgpack_packer pk;
	int st;
	if (keys > SN_MAX_FIELDS)
		return sn_fail(SN_EDATA, "a header of %zu keys, the limit is %d", keys,
			       SN_MAX_FIELDS);
	msgpack_packer_init(&pk, b, sn_buffer_write);
	st = sn_encode_map_head(b, keys);
	st |= sn_encode_key(b, "sn") | sn_append_uint(b, SN_STREAM_VERSION);
	st |= sn_encode_key(b, "kind") | sn_encode_key(b, h->kind);
	if (history) {
		st |= sn_encode_key(b, "history") | msgpack_pack_array(&pk, h->entries);
		st |= sn_buffer_add(b, h->history.data, h->history.size);
	}
	for (size_t i = 0; i < h->keys; i++) {
		st |= sn_append_str(b, h->key[i].name, h->key[i].size);
		st |= sn_buffer_add(b, h->key[i].value.data, h->key[i].value.size);
	}
	if (st)
		return sn_fail_memory();
	if (b->size - start > SN_MAX_RECORD)
		return sn_fail(SN_EDATA, "a header of %zu bytes, the limit is 64 MiB",
			       b->size - start);
	return 0;
}
