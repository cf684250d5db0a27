/* private - what the files of lib/stream share among themselves. */
#ifndef SN_STREAM_PRIVATE_H
#define SN_STREAM_PRIVATE_H

#include <sn/stream.h>

/**
 * How many bytes the object at p has, without unpacking anything: msgpack-c allocates what an
 * array's head promises, so no byte reaches it before this function has walked the whole object.
 * Returns 1: *size is set; 0: it goes on behind p + n, *size says how many bytes to have at least
 * before asking again; SN_EDATA: over a limit or malformed.
 */
int sn_scan(const uint8_t *p, size_t n, size_t *size);

/** The same for an object known to be whole and good: its size. */
size_t sn_extent(const uint8_t *p);

/** Bytes and count of a map's (0x8_, de, df), an array's or a str's head that is known to be whole;
 * false where it is none. */
bool sn_map_head(const uint8_t *p, size_t *head, size_t *count);
bool sn_array_head(const uint8_t *p, size_t *head, size_t *count);
bool sn_str_value(const uint8_t *p, struct sn_slice *s);
bool sn_bin_value(const uint8_t *p, struct sn_slice *s);
bool sn_uint_value(const uint8_t *p, uint64_t *v);
bool sn_float_value(const uint8_t *p, double *v, bool *single);

/** What an encoded value is, for messages: "int", "str", "map" ... */
const char *sn_type_text(const uint8_t *p);

/** Fields and typed members of a whole map that sn_scan passed. Messages without place. */
int sn_record_parse(struct sn_record *rec, struct sn_slice bytes, bool allow_nan);

/** The one encoding of an end: count, failed and everything before the sum's value. */
int sn_encode_end(struct sn_buffer *b, uint64_t records, uint64_t failed);
#define SN_SUM_BYTES 9 /* cf and 8 bytes */

int sn_encode_map_head(struct sn_buffer *b, size_t fields);
int sn_encode_key(struct sn_buffer *b, const char *key);
/** append, not replace */
int sn_append_uint(struct sn_buffer *b, uint64_t v);
int sn_append_f4(struct sn_buffer *b, float v);
int sn_append_f8(struct sn_buffer *b, double v);
int sn_append_str(struct sn_buffer *b, const void *s, size_t size);

int sn_encode_item(struct sn_buffer *b, const struct sn_item *item);
int sn_encode_pair(struct sn_buffer *b, const struct sn_pair *pair);

/** The header as it is written. */
int sn_header_encode(struct sn_buffer *b, const struct sn_header *h);

static inline bool sn_slice_is(struct sn_slice s, const char *text)
{
	size_t n = __builtin_strlen(text);
	return s.size == n && __builtin_memcmp(s.data, text, n) == 0;
}

/* ---- text.c --------------------------------------------------------------------------- */

struct sn_text;
int sn_text_new(struct sn_text **t);
void sn_text_free(struct sn_text *t);
int sn_text_header(struct sn_text *t, const struct sn_header *h);
/** One map as text appended to b. */
int sn_text_record(struct sn_text *t, struct sn_buffer *b, struct sn_slice map);

#endif
