/* private - what the files of lib/stream share among themselves. */
#ifndef SN_STREAM_PRIVATE_H
#define SN_STREAM_PRIVATE_H

#include <sys/types.h>
#include <sn/stream.h>

/** A walk over one encoded object, which can wait for bytes that are still to come. */
struct sn_scan {
	size_t at;	/* bytes behind us; the object's size in the end */
	unsigned depth; /* containers that are open */
	bool map;	/* the outermost is a map: */
	unsigned marks; /* starts of its keys and values so far */
	uint32_t mark[2 * SN_MAX_FIELDS];
	uint64_t left[SN_MAX_NESTING]; /* members still to come in each open container */
};

static inline void sn_scan_start(struct sn_scan *s)
{
	s->at = 0;
	s->depth = s->marks = 0;
	s->map = false;
}

/**
 * Walk on over the object at p, of which n bytes are there, without unpacking anything: msgpack-c
 * allocates what an array's head promises, so no byte reaches it before the whole object was
 * walked. Returns 1: it ends at s->at; 0: it goes on behind p + n, *need says how many bytes to
 * have at least before calling again (p may have moved); SN_EDATA: over a limit or malformed.
 */
int sn_scan(struct sn_scan *s, const uint8_t *p, size_t n, size_t *need);
/** All at once: value is exactly one object within the limits. */
int sn_scan_value(struct sn_slice value);

/** The size of an object that was walked before. */
size_t sn_extent(const uint8_t *p);

bool sn_is_utf8(const uint8_t *s, size_t n);

/** No key twice among the fields of a map. */
int sn_check_keys(const struct sn_field *field, unsigned n);
/** The same within a value, however deep, and that nothing in it would be unpickled. */
int sn_check_nested(struct sn_slice value);

/** Bytes and count of a map's (0x8_, de, df), an array's or a str's head that is known to be whole;
 * false where it is none. */
bool sn_map_head(const uint8_t *p, size_t *head, size_t *count);
bool sn_array_head(const uint8_t *p, size_t *head, size_t *count);
bool sn_str_value(const uint8_t *p, struct sn_slice *s);
bool sn_bin_value(const uint8_t *p, struct sn_slice *s);
bool sn_uint_value(const uint8_t *p, uint64_t *v);
/** A number below 0. */
bool sn_negative_value(const uint8_t *p, int64_t *v);
bool sn_float_value(const uint8_t *p, double *v, bool *single);

/** What an encoded value is, for messages: "int", "str", "map" ... */
const char *sn_type_text(const uint8_t *p);

/** Fields and typed members of a whole map that was walked by `scan`. Messages without place. */
int sn_record_parse(struct sn_record *rec, const struct sn_scan *scan, const uint8_t *bytes,
		    bool allow_nan);
/** The same of a map that is our own: walked and parsed. */
int sn_record_parse_map(struct sn_record *rec, struct sn_slice bytes, bool allow_nan);

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

/** A tensor up to where its numbers begin. */
int sn_tensor_encode_head(struct sn_buffer *b, const struct sn_tensor *t);

/** What comes before the numbers of x, and behind them; and all of it. */
int sn_encode_item_head(struct sn_buffer *b, const struct sn_item *item);
int sn_encode_item_tail(struct sn_buffer *b, const struct sn_item *item);
int sn_encode_item(struct sn_buffer *b, const struct sn_item *item);
int sn_encode_pair(struct sn_buffer *b, const struct sn_pair *pair);

/** The header as it is written. */
int sn_header_encode(struct sn_buffer *b, const struct sn_header *h);

static inline bool sn_slice_is(struct sn_slice s, const char *text)
{
	size_t n = __builtin_strlen(text);
	return s.size == n && __builtin_memcmp(s.data, text, n) == 0;
}

static inline bool sn_slice_equal(struct sn_slice a, struct sn_slice b)
{
	return a.size == b.size && (a.size == 0 || __builtin_memcmp(a.data, b.data, a.size) == 0);
}

/* ---- input.c -------------------------------------------------------------------------- */

/** Where bytes come from: a descriptor, or memory. */
struct sn_input {
	const char *name; /* for messages; borrowed */
	int fd;		  /* -1: memory */
	struct sn_slice memory;
	bool regular;		    /* a file: never to be waited for */
	int (*wait)(void *context); /* before a read that would block; may be NULL */
	void *wait_context;
	int watch; /* readable when `wait` wants to be called again; -1: none */
};

/** At most n bytes; 0 at the end. Interrupted and non-blocking reads are seen to. */
ssize_t sn_input_read(struct sn_input *in, void *to, size_t n);

/* ---- json.c --------------------------------------------------------------------------- */

struct sn_json;
int sn_json_new(struct sn_json **j);
void sn_json_free(struct sn_json *j);
/** The map of the next line that is not empty, encoded, appended to b. 1; 0 at the end. */
int sn_json_next(struct sn_json *j, struct sn_input *in, struct sn_buffer *b);
/** The line that was read last, from 1. */
uint64_t sn_json_line(const struct sn_json *j);

/* ---- text.c --------------------------------------------------------------------------- */

struct sn_text;
int sn_text_new(struct sn_text **t);
void sn_text_free(struct sn_text *t);
int sn_text_header(struct sn_text *t, const struct sn_header *h);
/** One map as text appended to b. */
int sn_text_record(struct sn_text *t, struct sn_buffer *b, struct sn_slice map);

#endif
