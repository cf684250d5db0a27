/*
 * stream - MessagePack tensor streams: sections of one header, records, one end.
 *
 * The format is sn-stream(5).  Reading is three-way: a record, a clean end, damage.  Everything
 * a reader hands out was checked against the format's limits before it was unpacked; what it
 * does not know it keeps as bytes.
 */
#ifndef SN_STREAM_H
#define SN_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <msgpack.h>
#include <sn/error.h>
#include <sn/memory.h>

#define SN_STREAM_VERSION 1
#define SN_MAX_RECORD (64u << 20) /* bytes of one map */
#define SN_MAX_PARAM (16u << 20)  /* bytes of x in one param record, where rows allow it */
#define SN_MAX_RANK 8
#define SN_MAX_NESTING 16
#define SN_MAX_FIELDS 256
#define SN_MAX_STRING (64u << 10)

/* ---- values --------------------------------------------------------------------------- */

/** A tensor as msgpack-numpy writes it, C order. `data` is borrowed and unaligned: memcpy from it.
 */
struct sn_tensor {
	char type; /* 'u': |u1, 'f': <f4; 0: none */
	unsigned rank;
	size_t shape[SN_MAX_RANK];
	size_t count; /* product of the shape */
	const void *data;
};

/** Bytes of one element: 1 or 4. */
size_t sn_tensor_element(const struct sn_tensor *t);

/** "[28][28][1]" for messages and listings, into text[96]; returns text. */
const char *sn_shape_text(char text[96], const size_t *shape, unsigned rank);

/** Decode an encoded tensor; *t borrows from value. SN_EDATA with the reason where it is none. */
SN_MUST_CHECK int sn_tensor_decode(struct sn_tensor *t, struct sn_slice value);

/** Append the encoded tensor to b. */
SN_MUST_CHECK int sn_tensor_encode(struct sn_buffer *b, const struct sn_tensor *t);

/**
 * Unpack any encoded value by msgpack-c: *object lives in *zone (msgpack_zone_init before,
 * msgpack_zone_destroy after) and borrows str and bin from value.  For small nested values:
 * headers, options.  SN_EDATA where value is not exactly one object.
 */
SN_MUST_CHECK int sn_unpack(msgpack_object *object, msgpack_zone *zone, struct sn_slice value);

/** The value of a str key in a map object; NULL where absent or no map. */
const msgpack_object *sn_map_get(const msgpack_object *map, const char *key);

/** One encoded value of a simple type, into b (which is emptied first). */
SN_MUST_CHECK int sn_encode_nil(struct sn_buffer *b);
SN_MUST_CHECK int sn_encode_bool(struct sn_buffer *b, bool v);
SN_MUST_CHECK int sn_encode_uint(struct sn_buffer *b, uint64_t v);
SN_MUST_CHECK int sn_encode_f4(struct sn_buffer *b, float v);
SN_MUST_CHECK int sn_encode_f8(struct sn_buffer *b, double v);
SN_MUST_CHECK int sn_encode_str(struct sn_buffer *b, const char *s, size_t size);

/** msgpack_packer's write callback for an sn_buffer: msgpack_packer_init(&pk, &buffer,
 * sn_buffer_write). */
int sn_buffer_write(void *buffer, const char *data, size_t size);

/* ---- names ---------------------------------------------------------------------------- */

/** Any bytes -> UTF-8 for a str: other bytes, control characters and backslashes become \xNN.
 * Appends to b. */
SN_MUST_CHECK int sn_name_escape(struct sn_buffer *b, const char *bytes, size_t size);
/** The way back: the bytes a name stands for. Appends to b. SN_EDATA at a backslash that begins no
 * \xNN. */
SN_MUST_CHECK int sn_name_unescape(struct sn_buffer *b, const char *name, size_t size);

/* ---- records -------------------------------------------------------------------------- */

enum sn_map {
	SN_MAP_HEADER,
	SN_MAP_ITEM,
	SN_MAP_PAIR,
	SN_MAP_PARAM,
	SN_MAP_MEAN,
	SN_MAP_END,
	SN_MAP_OTHER
};

/** An item.  Strings are UTF-8 without a final 0. */
struct sn_item {
	uint64_t number;
	struct sn_slice key;
	struct sn_slice label; /* data NULL: nil */
	bool forged;
	struct sn_tensor x;   /* type 0: no x */
	struct sn_slice file; /* the encoded `file` map of sn-load; data NULL: none */
};

#define SN_NONE UINT64_MAX
enum sn_same { SN_DIFFERENT = 0, SN_SAME = 1, SN_UNKNOWN = 2 };

struct sn_pair {
	uint64_t a, b;
	enum sn_same same;
	uint64_t trial, batch; /* SN_NONE: absent */
	bool has_d, has_loss;
	float d; /* NaN for nil (a missing picture); meaningful where has_d */
	bool d_nil;
	double loss; /* meaningful where has_loss */
};

/** A run of whole rows of a parameter. */
struct sn_param_rows {
	struct sn_slice name;
	unsigned rank;		   /* of the whole parameter */
	size_t shape[SN_MAX_RANK]; /* of the whole parameter */
	uint64_t row;		   /* first row of its first axis in x */
	struct sn_tensor x;
};

struct sn_field {
	struct sn_slice key;   /* the characters */
	struct sn_slice value; /* the encoded value */
};

/**
 * One map of a stream.  Everything in it is borrowed from the reader and dies with the next
 * sn_read.  Only the member that `map` names is set.
 */
struct sn_record {
	enum sn_map map;
	struct sn_slice bytes; /* the whole encoded map */
	unsigned fields;
	struct sn_field field[SN_MAX_FIELDS];
	bool nan;	 /* a NaN or infinity is in it (only with SN_READ_NAN) */
	bool renumbered; /* by sn_join_read: its numbers are no longer those of its bytes */
	union {
		struct sn_item item;
		struct sn_pair pair;
		struct sn_param_rows param;
		struct {
			double mean;
			uint64_t terms;
		} mean;
		struct {
			uint64_t records, failed;
		} end;
	};
};

/** The encoded value of a key; data NULL where absent. */
struct sn_slice sn_record_get(const struct sn_record *rec, const char *key);

/* ---- headers -------------------------------------------------------------------------- */

/** A header to be read, changed and written: kind, history and other keys. Owns everything. */
struct sn_header;

SN_MUST_CHECK int sn_header_new(struct sn_header **h, const char *kind);
SN_MUST_CHECK int sn_header_parse(struct sn_header **h, const struct sn_record *rec);
SN_MUST_CHECK int sn_header_copy(struct sn_header **h, const struct sn_header *from);
void sn_header_free(struct sn_header *h); /* NULL is allowed */

const char *sn_header_kind(const struct sn_header *h);
SN_MUST_CHECK int sn_header_set_kind(struct sn_header *h, const char *kind);

/**
 * Refuse a stream of another kind: "this is X, wanted Y, made by Z".
 *   wanted  kinds separated by a blank: "items pairs"
 */
SN_MUST_CHECK int sn_header_expect(const struct sn_header *h, const char *wanted);

/** The encoded value of a key beyond sn, kind, history; data NULL where absent. Lives until h
 * changes. */
struct sn_slice sn_header_get(const struct sn_header *h, const char *key);
/** Set (or replace) a key; the value is one encoded object and is copied. */
SN_MUST_CHECK int sn_header_set(struct sn_header *h, const char *key, struct sn_slice value);
void sn_header_remove(struct sn_header *h, const char *key);

/** Convenience for keys of simple types: false where absent or of another type. */
bool sn_header_get_f8(const struct sn_header *h, const char *key, double *v);
bool sn_header_get_uint(const struct sn_header *h, const char *key, uint64_t *v);
/** *s borrowed, without a final 0. */
bool sn_header_get_str(const struct sn_header *h, const char *key, struct sn_slice *s);
SN_MUST_CHECK int sn_header_set_f8(struct sn_header *h, const char *key, double v);
SN_MUST_CHECK int sn_header_set_uint(struct sn_header *h, const char *key, uint64_t v);
SN_MUST_CHECK int sn_header_set_str(struct sn_header *h, const char *key, const char *s);

/** Add one encoded entry to the history.  With SN_NO_HISTORY=1 in the environment nothing is added
 * or written. */
SN_MUST_CHECK int sn_header_add_history(struct sn_header *h, struct sn_slice entry);
/** The entries so far, encoded one after another; and taking another header's instead of one's own.
 */
struct sn_slice sn_header_history(const struct sn_header *h, size_t *entries);
SN_MUST_CHECK int sn_header_take_history(struct sn_header *h, const struct sn_header *from);

/* ---- reading -------------------------------------------------------------------------- */

struct sn_reader;

enum sn_read_result { SN_EOF = 0, SN_HEADER = 1, SN_RECORD = 2, SN_END = 3 };

/** Flags of sn_reader_open. */
#define SN_READ_NAN 1u	/* hand out records with NaN, marked, instead of refusing them */
#define SN_READ_JSON 2u /* the file holds JSON lines, as sn/json.h spells them */

/** path "-": standard input, "<stdin>" in messages. */
SN_MUST_CHECK int sn_reader_open(struct sn_reader **r, const char *path, unsigned flags);
/** The same from an open descriptor (not closed by sn_reader_close) that is called `name`. */
SN_MUST_CHECK int sn_reader_open_fd(struct sn_reader **r, int fd, const char *name, unsigned flags);
/** The same from memory, which stays the caller's and must live as long as the reader. */
SN_MUST_CHECK int sn_reader_open_memory(struct sn_reader **r, struct sn_slice bytes,
					const char *name, unsigned flags);
void sn_reader_close(struct sn_reader *r); /* NULL is allowed */

/**
 * The next map of the stream.
 * Returns SN_HEADER, SN_RECORD, SN_END (the section is whole: count and sum were right), SN_EOF
 * (the file ended behind an end), or SN_EDATA, SN_EIO, SN_ENOMEM with a message that names file,
 * record and byte.  An empty input is SN_EOF at once: the caller decides what that means.
 * Checked here: limits, UTF-8, known keys' types, double and missing keys, item numbers rising,
 * pairs after their items, batch in all pairs of a section or none, rows of a parameter without
 * gap, finite x, d, loss, mean; and that nothing, under whatever key, would be unpickled.
 */
SN_MUST_CHECK int sn_read(struct sn_reader *r, struct sn_record *rec);

/** For messages about the record read last: "faces.sn: record 12 at byte 3456: <message>"; returns
 * code. */
int sn_reader_blame(const struct sn_reader *r, int code, const char *format, ...) SN_PRINTF(3, 4);
/** The same for the message that was left last. */
int sn_reader_blame_last(const struct sn_reader *r, int code);
const char *sn_reader_name(const struct sn_reader *r);
/** Bytes read so far, and the file's size (0 where it is no regular file), for progress. */
uint64_t sn_reader_offset(const struct sn_reader *r);
uint64_t sn_reader_size(const struct sn_reader *r);

/**
 * Called before a read that would block, so that writers can flush.  Returns 0: all is out, the
 * read may wait; negative: it fails so; 1: other threads are at it still, to be called again when
 * `watch` (a descriptor, -1: none) is readable, unless there are bytes to read before that.
 */
void sn_reader_before_wait(struct sn_reader *r, int (*call)(void *context), void *context);
void sn_reader_watch(struct sn_reader *r, int watch);

/**
 * All sections of a stream as one: like sn_read, but one SN_HEADER (the first section's), numbers
 * of items, trials and batches renumbered so that they go on through the sections, one SN_END
 * (records and failed added up), then SN_EOF.  Sections of another kind or model are SN_EDATA.
 * rec->bytes keeps the old numbers: sn_write_renumbered writes the new ones.
 */
struct sn_join;
SN_MUST_CHECK int sn_join_new(struct sn_join **j, struct sn_reader *r);
void sn_join_free(struct sn_join *j); /* NULL is allowed; the reader stays open */
SN_MUST_CHECK int sn_join_read(struct sn_join *j, struct sn_record *rec);
/** Start another file as the continuation of the same set. */
void sn_join_continue(struct sn_join *j, struct sn_reader *r);

/* ---- writing -------------------------------------------------------------------------- */

struct sn_writer;

/** How a writer shows what it is given. */
enum sn_form {
	SN_FORM_AUTO,	/* text on a terminal, else binary */
	SN_FORM_TEXT,	/* tab-separated text */
	SN_FORM_BINARY, /* the stream, wherever it goes */
	SN_FORM_JSON,	/* JSON lines, as sn/json.h spells them */
};

/** path as in sn_output_open. */
SN_MUST_CHECK int sn_writer_open(struct sn_writer **w, const char *path, enum sn_form form);
/** Into memory (tests, sums): binary, appended to *b, which stays the caller's. */
SN_MUST_CHECK int sn_writer_open_buffer(struct sn_writer **w, struct sn_buffer *b);
bool sn_writer_is_text(const struct sn_writer *w);

SN_MUST_CHECK int sn_write_header(struct sn_writer *w, const struct sn_header *h);
/** A record's bytes as they are, the old numbers of sn_join_read's records too. */
SN_MUST_CHECK int sn_write_record(struct sn_writer *w, const struct sn_record *rec);
/** The record with one key set (in its place, or last where it is new); value.data NULL drops it.
 * All else keeps its bytes. */
SN_MUST_CHECK int sn_write_with(struct sn_writer *w, const struct sn_record *rec, const char *key,
				struct sn_slice value);
/** The same for up to 8 keys at once. */
struct sn_edit {
	const char *key;
	struct sn_slice value; /* data NULL: drop */
};
SN_MUST_CHECK int sn_write_edited(struct sn_writer *w, const struct sn_record *rec,
				  const struct sn_edit *edit, size_t edits);
/** The map that sn_write_edited would write, appended to b (for sn_write_raw, later). */
SN_MUST_CHECK int sn_record_edit(struct sn_buffer *b, const struct sn_record *rec,
				 const struct sn_edit *edit, size_t edits);
/** The record with the numbers that sn_join_read gave it; its own bytes where they are the same. */
SN_MUST_CHECK int sn_write_renumbered(struct sn_writer *w, const struct sn_record *rec);
SN_MUST_CHECK int sn_write_item(struct sn_writer *w, const struct sn_item *item);
SN_MUST_CHECK int sn_write_pair(struct sn_writer *w, const struct sn_pair *pair);
/** A whole parameter f4, as one record or, above SN_MAX_PARAM, as consecutive ones of whole rows.
 */
SN_MUST_CHECK int sn_write_param(struct sn_writer *w, const char *name, const size_t *shape,
				 unsigned rank, const float *x);
/** The next record of it alone: *row is its first row, and becomes that of the next one. */
SN_MUST_CHECK int sn_write_param_rows(struct sn_writer *w, const char *name, const size_t *shape,
				      unsigned rank, const float *x, size_t *row);
SN_MUST_CHECK int sn_write_mean(struct sn_writer *w, double mean, uint64_t terms);
/** Any map, encoded. */
SN_MUST_CHECK int sn_write_raw(struct sn_writer *w, struct sn_slice map);
/** Any n maps, encoded one after another; what is large goes out without being copied. */
SN_MUST_CHECK int sn_write_maps(struct sn_writer *w, struct sn_slice maps, uint64_t n);
/** The end of the section: count and sum are the writer's own; flushes. */
SN_MUST_CHECK int sn_write_end(struct sn_writer *w, uint64_t failed);

SN_MUST_CHECK int sn_writer_flush(struct sn_writer *w);
/** sn_writer_flush in the form that sn_reader_before_wait wants. */
int sn_writer_flush_call(void *writer);
/**
 * Ends w.  ok: flush and commit the output, so that 0 means that everything is safely out.  Not ok
 * (the program will exit 1): what a pipe was given so far goes out without an end, a regular file
 * stays as it was.
 */
SN_MUST_CHECK int sn_writer_close(struct sn_writer *w, bool ok);

#endif
