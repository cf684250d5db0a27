/* writer - records out, as the stream or as text, with a count and a sum */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <sn/file.h>
#include <sn/json.h>
#include "private.h"

#define FLUSH_AT ((size_t)256 << 10)

struct sn_writer {
	struct sn_output *out;	  /* NULL: into *buffer */
	struct sn_buffer *buffer; /* bytes not yet written; own, or the caller's */
	struct sn_buffer own;
	struct sn_text *text; /* NULL: binary or JSON */
	bool json;
	struct sn_buffer map; /* the map being put together, where it goes out in another form */
	size_t begun;	      /* where it begins in the buffer, where it goes out as it is */
	XXH3_state_t *sum;
	size_t summed; /* bytes of `own` that the sum has */
	uint64_t records;
	bool inside;
};

static int open_writer(struct sn_writer **w)
{
	*w = sn_alloc(1, sizeof **w);
	if (!*w)
		return SN_ENOMEM;
	(*w)->buffer = &(*w)->own;
	(*w)->sum = XXH3_createState();
	if (!(*w)->sum) {
		free(*w);
		*w = NULL;
		return sn_fail_memory();
	}
	return 0;
}

static void release(struct sn_writer *w)
{
	sn_text_free(w->text);
	sn_buffer_release(&w->map);
	sn_buffer_release(&w->own);
	XXH3_freeState(w->sum);
	free(w);
}

int sn_writer_open(struct sn_writer **w, const char *path, enum sn_form form)
{
	int st = open_writer(w);
	if (st < 0)
		return st;
	(*w)->json = form == SN_FORM_JSON;
	st = sn_output_open(&(*w)->out, path);
	if (st == 0 &&
	    (form == SN_FORM_TEXT || (form == SN_FORM_AUTO && sn_output_is_terminal((*w)->out)))) {
		st = sn_text_new(&(*w)->text);
		if (st < 0)
			sn_output_discard((*w)->out);
	}
	if (st < 0) {
		release(*w);
		*w = NULL;
	}
	return st;
}

int sn_writer_open_buffer(struct sn_writer **w, struct sn_buffer *b)
{
	int st = open_writer(w);
	if (st == 0)
		(*w)->buffer = b;
	return st;
}

bool sn_writer_is_text(const struct sn_writer *w)
{
	return w->text != NULL;
}

/* Are the bytes in the buffer those of the stream, and ours until they go out? */
static bool sums_buffer(const struct sn_writer *w)
{
	return w->out && !w->text && !w->json;
}

/* The sum takes what is in the buffer, in pieces as large as they come. */
static void add_to_sum(struct sn_writer *w)
{
	if (w->inside && sums_buffer(w) && w->own.size > w->summed)
		XXH3_64bits_update(w->sum, w->own.data + w->summed, w->own.size - w->summed);
	w->summed = w->own.size;
}

int sn_writer_flush(struct sn_writer *w)
{
	int st = 0;
	add_to_sum(w);
	if (w->out && w->own.size) {
		st = sn_output_write(w->out, w->own.data, w->own.size);
		w->own.size = w->summed = 0;
	}
	return st;
}

int sn_writer_flush_call(void *writer)
{
	return sn_writer_flush(writer);
}

int sn_writer_close(struct sn_writer *w, bool ok)
{
	int st;
	if (!w)
		return 0;
	st = sn_writer_flush(w);
	if (ok && st == 0 && w->inside)
		st = sn_fail(SN_EUSAGE, "a section was left without its end");
	if (w->out) {
		if (ok && st == 0)
			st = sn_output_commit(w->out);
		else
			sn_output_discard(w->out);
	}
	release(w);
	return st;
}

static int emit_json(struct sn_writer *w, struct sn_slice map)
{
	int st = sn_json_print(w->buffer, map);
	return st < 0 ? st : sn_buffer_add(w->buffer, "\n", 1);
}

/* What is large is not copied. */
static int emit_large(struct sn_writer *w, struct sn_slice bytes)
{
	int st = sn_writer_flush(w);
	XXH3_64bits_update(w->sum, bytes.data, bytes.size);
	return st < 0 ? st : sn_output_write(w->out, bytes.data, bytes.size);
}

static int flush_if_full(struct sn_writer *w)
{
	return w->out && w->own.size >= FLUSH_AT ? sn_writer_flush(w) : 0;
}

/* Encoded maps on their way out: w->map, or what was read. */
static int emit(struct sn_writer *w, struct sn_slice maps)
{
	int st;
	if (!sums_buffer(w))
		XXH3_64bits_update(w->sum, maps.data, maps.size);
	if (w->text)
		st = sn_text_record(w->text, w->buffer, maps);
	else if (w->json)
		st = emit_json(w, maps);
	else if (w->out && maps.size >= FLUSH_AT)
		st = emit_large(w, maps);
	else
		st = sn_buffer_add(w->buffer, maps.data, maps.size);
	return st < 0 ? st : flush_if_full(w);
}

static int check_record(const struct sn_writer *w, size_t size)
{
	if (!w->inside)
		return sn_fail(SN_EUSAGE, "a record before the header");
	if (size > SN_MAX_RECORD)
		return sn_fail(SN_EDATA, "a record of %zu bytes, the limit is 64 MiB", size);
	return 0;
}

static int emit_record(struct sn_writer *w, struct sn_slice map)
{
	int st = check_record(w, map.size);
	if (st < 0)
		return st;
	w->records++;
	return emit(w, map);
}

static struct sn_slice assembled(const struct sn_writer *w)
{
	return (struct sn_slice){ w->map.data, w->map.size };
}

/* Where the next record is put together: at the end of what goes out, if it goes as it is. */
static struct sn_buffer *begin_map(struct sn_writer *w)
{
	struct sn_buffer *b = sums_buffer(w) ? &w->own : &w->map;
	if (b == &w->map)
		b->size = 0;
	w->begun = b->size;
	return b;
}

/* st: of putting it together; what failed leaves nothing behind. */
static int end_map(struct sn_writer *w, int st)
{
	if (!sums_buffer(w))
		return st < 0 ? st : emit_record(w, assembled(w));
	if (st == 0)
		st = check_record(w, w->own.size - w->begun);
	if (st < 0) {
		w->own.size = w->begun;
		return st;
	}
	w->records++;
	return flush_if_full(w);
}

int sn_write_header(struct sn_writer *w, const struct sn_header *h)
{
	int st;
	if (w->inside)
		return sn_fail(SN_EUSAGE, "a header before the section's end");
	w->map.size = 0;
	st = w->text ? sn_text_header(w->text, h) : sn_header_encode(&w->map, h);
	if (st < 0)
		return st;
	w->inside = true;
	w->records = 0;
	w->summed = w->own.size;
	XXH3_64bits_reset(w->sum);
	return w->text ? 0 : emit(w, assembled(w));
}

int sn_write_raw(struct sn_writer *w, struct sn_slice map)
{
	return emit_record(w, map);
}

int sn_write_maps(struct sn_writer *w, struct sn_slice maps, uint64_t n)
{
	if (!w->inside)
		return sn_fail(SN_EUSAGE, "a record before the header");
	if (!w->text && !w->json) {
		w->records += n;
		return emit(w, maps);
	}
	for (; n > 0; n--) {
		struct sn_slice map = { maps.data, sn_extent(maps.data) };
		int st = emit_record(w, map);
		if (st < 0)
			return st;
		maps.data += map.size;
	}
	return 0;
}

int sn_write_record(struct sn_writer *w, const struct sn_record *rec)
{
	return emit_record(w, rec->bytes);
}

#define MOST_EDITS 8

/* The edit that each field gets, or -1; whether any of them gets one. */
static bool match_edits(const struct sn_record *rec, const struct sn_edit *edit, size_t edits,
			int8_t match[SN_MAX_FIELDS], bool used[MOST_EDITS])
{
	bool any = false;
	for (unsigned i = 0; i < rec->fields; i++) {
		match[i] = -1;
		for (size_t e = 0; e < edits; e++)
			if (sn_slice_is(rec->field[i].key, edit[e].key)) {
				match[i] = (int8_t)e;
				any = used[e] = true;
			}
	}
	return any;
}

/* The fields in their place, with new values where they get them. */
static int edit_fields(struct sn_buffer *b, const struct sn_record *rec, const uint8_t *p,
		       const struct sn_edit *edit, const int8_t *match)
{
	for (unsigned i = 0; i < rec->fields; i++) {
		struct sn_slice old = rec->field[i].value;
		struct sn_slice value = match[i] < 0 ? old : edit[match[i]].value;
		if (value.data && (sn_buffer_add(b, p, (size_t)(old.data - p)) < 0 ||
				   sn_buffer_add(b, value.data, value.size) < 0))
			return SN_ENOMEM;
		p = old.data + old.size;
	}
	return 0;
}

int sn_record_edit(struct sn_buffer *b, const struct sn_record *rec, const struct sn_edit *edit,
		   size_t edits)
{
	size_t kept = rec->fields, room = rec->bytes.size;
	const uint8_t *p = rec->bytes.data;
	int8_t match[SN_MAX_FIELDS];
	bool used[MOST_EDITS] = { false }, any;
	size_t head, fields;
	if (edits > MOST_EDITS)
		return sn_fail(SN_EUSAGE, "too many keys to set at once");
	any = match_edits(rec, edit, edits, match, used);
	for (size_t e = 0; e < edits; e++) {
		kept = kept + (!used[e] && edit[e].value.data) - (used[e] && !edit[e].value.data);
		room += edit[e].value.size + 64;
	}
	if (kept > SN_MAX_FIELDS)
		return sn_fail(SN_EDATA, "a record of %zu keys, the limit is %d", kept,
			       SN_MAX_FIELDS);
	if (sn_buffer_reserve(b, room) < 0 || sn_encode_map_head(b, kept) < 0)
		return SN_ENOMEM;
	if (rec->fields && sn_map_head(p, &head, &fields)) {
		p += head;
		if ((any ? edit_fields(b, rec, p, edit, match)
			 : sn_buffer_add(b, p, rec->bytes.size - head)) < 0)
			return SN_ENOMEM;
	}
	for (size_t e = 0; e < edits; e++)
		if (!used[e] && edit[e].value.data &&
		    (sn_encode_key(b, edit[e].key) < 0 ||
		     sn_buffer_add(b, edit[e].value.data, edit[e].value.size) < 0))
			return sn_fail_memory();
	return 0;
}

int sn_write_edited(struct sn_writer *w, const struct sn_record *rec, const struct sn_edit *edit,
		    size_t edits)
{
	return end_map(w, sn_record_edit(begin_map(w), rec, edit, edits));
}

int sn_write_with(struct sn_writer *w, const struct sn_record *rec, const char *key,
		  struct sn_slice value)
{
	struct sn_edit edit = { key, value };
	return sn_write_edited(w, rec, &edit, 1);
}

int sn_write_renumbered(struct sn_writer *w, const struct sn_record *rec)
{
	struct sn_buffer b = { 0 };
	struct sn_edit edit[3];
	size_t edits = 0, at[4] = { 0 };
	int st = 0;
	if (!rec->renumbered)
		return sn_write_record(w, rec);
	if (rec->map == SN_MAP_ITEM) {
		st = sn_append_uint(&b, rec->item.number);
		edit[edits].key = "item";
		at[++edits] = b.size;
	} else if (rec->map == SN_MAP_PAIR) {
		st = sn_buffer_add(&b, "\x92", 1);
		st |= sn_append_uint(&b, rec->pair.a) | sn_append_uint(&b, rec->pair.b);
		edit[edits].key = "pair";
		at[++edits] = b.size;
		if (rec->pair.trial != SN_NONE) {
			st |= sn_append_uint(&b, rec->pair.trial);
			edit[edits].key = "trial";
			at[++edits] = b.size;
		}
		if (rec->pair.batch != SN_NONE) {
			st |= sn_append_uint(&b, rec->pair.batch);
			edit[edits].key = "batch";
			at[++edits] = b.size;
		}
	}
	for (size_t e = 0; e < edits; e++)
		edit[e].value = (struct sn_slice){ b.data + at[e], at[e + 1] - at[e] };
	if (st)
		st = sn_fail_memory();
	else
		st = edits ? sn_write_edited(w, rec, edit, edits) : sn_write_record(w, rec);
	sn_buffer_release(&b);
	return st;
}

/* Are the numbers of x enough to go out from where they are? */
static bool is_large(const struct sn_writer *w, const struct sn_tensor *x)
{
	return sums_buffer(w) && x->count * sn_tensor_element(x) >= FLUSH_AT;
}

/* The map that was begun goes on with the numbers of x, and `rest` bytes at most behind them. */
static int go_on_with(struct sn_writer *w, int st, const struct sn_tensor *x, size_t rest)
{
	struct sn_slice data = { x->data, x->count * sn_tensor_element(x) };
	if (st == 0)
		st = check_record(w, w->own.size - w->begun + data.size + rest);
	if (st < 0) {
		w->own.size = w->begun;
		return st;
	}
	w->records++;
	return emit_large(w, data);
}

int sn_write_item(struct sn_writer *w, const struct sn_item *item)
{
	struct sn_buffer *b;
	int st;
	if (item->key.size > SN_MAX_STRING || item->label.size > SN_MAX_STRING)
		return sn_fail(SN_EDATA, "item %llu: a key or label over the limit of 64 KiB",
			       (unsigned long long)item->number);
	b = begin_map(w);
	if (!is_large(w, &item->x))
		return end_map(w, sn_encode_item(b, item));
	st = go_on_with(w, sn_encode_item_head(b, item), &item->x, 8 + item->file.size);
	return st < 0 ? st : sn_encode_item_tail(b, item);
}

int sn_write_pair(struct sn_writer *w, const struct sn_pair *pair)
{
	return end_map(w, sn_encode_pair(begin_map(w), pair));
}

static int write_rows(struct sn_writer *w, const char *name, const size_t *shape, unsigned rank,
		      size_t row, const struct sn_tensor *x)
{
	struct sn_buffer *b = begin_map(w);
	int st = sn_encode_map_head(b, 4);
	st |= sn_encode_key(b, "param") | sn_encode_key(b, name);
	st |= sn_encode_key(b, "shape") | sn_buffer_add(b, &(uint8_t){ (uint8_t)(0x90 | rank) }, 1);
	for (unsigned i = 0; i < rank; i++)
		st |= sn_append_uint(b, shape[i]);
	st |= sn_encode_key(b, "row") | sn_append_uint(b, row);
	st |= sn_encode_key(b, "x") | sn_tensor_encode_head(b, x);
	st = st ? sn_fail_memory() : 0;
	if (is_large(w, x))
		return go_on_with(w, st, x, 0);
	if (st == 0)
		st = sn_buffer_add(b, x->data, x->count * sizeof(float));
	return end_map(w, st);
}

int sn_write_param_rows(struct sn_writer *w, const char *name, const size_t *shape, unsigned rank,
			const float *x, size_t *row)
{
	struct sn_tensor t = { .type = 'f', .rank = rank };
	size_t width, rows, first = *row;
	if (rank < 1 || rank > SN_MAX_RANK || !sn_product(&width, shape + 1, rank - 1))
		return sn_fail(SN_EUSAGE, "parameter '%s' has no shape that can be written", name);
	rows = width ? SN_MAX_PARAM / 4 / width : shape[0];
	rows = rows ? rows : 1;
	memcpy(t.shape, shape, rank * sizeof *shape);
	t.shape[0] = shape[0] - first < rows ? shape[0] - first : rows;
	t.count = t.shape[0] * width;
	t.data = x + first * width;
	*row += t.shape[0];
	return write_rows(w, name, shape, rank, first, &t);
}

int sn_write_param(struct sn_writer *w, const char *name, const size_t *shape, unsigned rank,
		   const float *x)
{
	size_t row = 0;
	int st;
	do
		st = sn_write_param_rows(w, name, shape, rank, x, &row);
	while (st == 0 && row < shape[0]);
	return st;
}

int sn_write_mean(struct sn_writer *w, double mean, uint64_t terms)
{
	struct sn_buffer *b = begin_map(w);
	int st = sn_encode_map_head(b, 2);
	st |= sn_encode_key(b, "mean") | sn_append_f8(b, mean);
	st |= sn_encode_key(b, "terms") | sn_append_uint(b, terms);
	return end_map(w, st ? sn_fail_memory() : 0);
}

/* The section's sum, with its head, into 9 bytes; w->map is the end up to there. */
static void final_sum(struct sn_writer *w, uint8_t sum[SN_SUM_BYTES])
{
	uint64_t v;
	add_to_sum(w);
	XXH3_64bits_update(w->sum, w->map.data, w->map.size);
	v = XXH3_64bits_digest(w->sum);
	sum[0] = 0xcf;
	for (int i = 0; i < 8; i++)
		sum[1 + i] = (uint8_t)(v >> (56 - 8 * i));
}

int sn_write_end(struct sn_writer *w, uint64_t failed)
{
	uint8_t sum[SN_SUM_BYTES];
	int st = 0;
	if (!w->inside)
		return sn_fail(SN_EUSAGE, "an end before the header");
	if (!w->text) {
		w->map.size = 0;
		if (sn_encode_end(&w->map, w->records, failed) < 0)
			return SN_ENOMEM;
		final_sum(w, sum);
		if (sn_buffer_add(&w->map, sum, sizeof sum) < 0)
			return SN_ENOMEM;
	}
	w->inside = false;
	if (w->json)
		st = emit_json(w, assembled(w));
	else if (!w->text)
		st = sn_buffer_add(w->buffer, w->map.data, w->map.size);
	return st < 0 ? st : sn_writer_flush(w);
}
