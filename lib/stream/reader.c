/* reader - a record, a clean end, or damage */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "private.h"

#define READ_AHEAD ((size_t)1 << 20)

struct span {
	uint64_t first, last;
};

struct sn_reader {
	char *name;
	struct sn_input in;
	struct sn_json *json; /* NULL: binary */
	bool own_fd, eof, allow_nan;
	uint64_t file_size;
	uint8_t *buffer;
	size_t capacity, from, to; /* the bytes at hand are [from, to) */
	size_t used;	 /* bytes of the record handed out last, dropped at the next read */
	uint64_t offset; /* in the file, of buffer[from] */
	struct sn_scan scan;

	/* the section */
	enum { BETWEEN, INSIDE } place;
	uint64_t sections, records;
	bool closed;   /* a mean was read: only the end may follow */
	size_t summed; /* where the bytes begin that the sum still lacks; within [0, from] */
	XXH3_state_t *sum;
	enum { NO_PAIRS, PLAIN_PAIRS, BATCHED_PAIRS } pairs;
	uint64_t window;   /* 0: none */
	struct span *span; /* the item numbers so far, as runs */
	size_t spans, span_capacity;
	struct { /* the parameter whose rows are being read */
		bool open;
		struct sn_buffer name;
		unsigned rank;
		size_t shape[SN_MAX_RANK];
		uint64_t row; /* the next */
	} param;
};

/* ---- opening -------------------------------------------------------------------------- */

static int open_input(struct sn_reader **out, struct sn_input in, const char *name, unsigned flags)
{
	struct sn_reader *r = sn_alloc(1, sizeof *r);
	*out = NULL;
	if (!r)
		return SN_ENOMEM;
	r->in = in;
	r->in.watch = -1;
	r->allow_nan = flags & SN_READ_NAN;
	r->in.name = r->name = strdup(name);
	r->capacity = in.fd < 0 && in.memory.size < READ_AHEAD ? in.memory.size + 1 : READ_AHEAD;
	r->buffer = malloc(r->capacity);
	r->sum = XXH3_createState();
	if (!r->name || !r->buffer || !r->sum ||
	    ((flags & SN_READ_JSON) && sn_json_new(&r->json) < 0)) {
		sn_reader_close(r);
		return sn_fail_memory();
	}
	*out = r;
	return 0;
}

int sn_reader_open_fd(struct sn_reader **out, int fd, const char *name, unsigned flags)
{
	struct sn_input in = { .fd = fd };
	struct stat st = { 0 };
	int code;
	*out = NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		return sn_fail_errno("%s: cannot read", name);
	if (S_ISDIR(st.st_mode))
		return sn_fail(SN_EIO, "'%s' is a folder, wanted a stream (sn-load reads folders)",
			       name);
	in.regular = S_ISREG(st.st_mode);
#ifdef F_SETPIPE_SZ
	if (S_ISFIFO(st.st_mode)) /* fewer, larger reads; a refusal changes nothing */
		(void)fcntl(fd, F_SETPIPE_SZ, 1 << 20);
#endif
	code = open_input(out, in, name, flags);
	if (code == 0 && in.regular)
		(*out)->file_size = (uint64_t)st.st_size;
	return code;
}

int sn_reader_open(struct sn_reader **r, const char *path, unsigned flags)
{
	int fd, st;
	*r = NULL;
	if (strcmp(path, "-") == 0)
		return sn_reader_open_fd(r, STDIN_FILENO, "<stdin>", flags);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return sn_fail_errno("cannot open '%s'", path);
	st = sn_reader_open_fd(r, fd, path, flags);
	if (st < 0)
		close(fd);
	else
		(*r)->own_fd = true;
	return st;
}

int sn_reader_open_memory(struct sn_reader **r, struct sn_slice bytes, const char *name,
			  unsigned flags)
{
	return open_input(r, (struct sn_input){ .fd = -1, .memory = bytes, .regular = true }, name,
			  flags);
}

void sn_reader_close(struct sn_reader *r)
{
	if (!r)
		return;
	if (r->own_fd)
		close(r->in.fd);
	XXH3_freeState(r->sum);
	sn_json_free(r->json);
	sn_buffer_release(&r->param.name);
	free(r->span);
	free(r->buffer);
	free(r->name);
	free(r);
}

const char *sn_reader_name(const struct sn_reader *r)
{
	return r->name;
}

uint64_t sn_reader_offset(const struct sn_reader *r)
{
	return r->offset + r->used;
}

uint64_t sn_reader_size(const struct sn_reader *r)
{
	return r->file_size;
}

void sn_reader_before_wait(struct sn_reader *r, int (*call)(void *context), void *context)
{
	r->in.wait = call;
	r->in.wait_context = context;
}

void sn_reader_watch(struct sn_reader *r, int watch)
{
	r->in.watch = watch;
}

/* ---- messages ------------------------------------------------------------------------- */

/* "byte 3456", or "line 12" */
static const char *place_text(char text[32], const struct sn_reader *r, size_t ahead)
{
	if (r->json)
		snprintf(text, 32, "line %llu", (unsigned long long)sn_json_line(r->json));
	else
		snprintf(text, 32, "byte %llu", (unsigned long long)(r->offset + ahead));
	return text;
}

static int blame(const struct sn_reader *r, int code)
{
	char section[40] = "", place[32];
	place_text(place, r, 0);
	if (r->sections > 1)
		snprintf(section, sizeof section, "section %llu, ",
			 (unsigned long long)r->sections);
	if (r->records == 0)
		return sn_fail_at(code, "%s: %sheader at %s", r->name, section, place);
	return sn_fail_at(code, "%s: %srecord %llu at %s", r->name, section,
			  (unsigned long long)r->records, place);
}

int sn_reader_blame(const struct sn_reader *r, int code, const char *format, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	sn_fail(code, "%s", text);
	return blame(r, code);
}

int sn_reader_blame_last(const struct sn_reader *r, int code)
{
	return blame(r, code);
}

/* ---- bytes ---------------------------------------------------------------------------- */

/* The sum takes what was handed out, in pieces as large as they come. */
static void add_to_sum(struct sn_reader *r, size_t to)
{
	if (to > r->summed)
		XXH3_64bits_update(r->sum, r->buffer + r->summed, to - r->summed);
	r->summed = to;
}

/* Bytes at hand move to the start of the buffer, which has room for `need` then. */
static int make_room(struct sn_reader *r, size_t need)
{
	uint8_t *buffer = r->buffer;
	if (r->place == INSIDE)
		add_to_sum(r, r->from);
	if (need > r->capacity) {
		/* by halves at least: a long record comes in time that is in line with its size */
		size_t more = need / 2 > READ_AHEAD / 4 ? need / 2 : READ_AHEAD / 4;
		buffer = malloc(need + more);
		if (!buffer)
			return sn_fail_memory();
		r->capacity = need + more;
	}
	memmove(buffer, r->buffer + r->from, r->to - r->from);
	if (buffer != r->buffer)
		free(r->buffer);
	r->buffer = buffer;
	r->to -= r->from;
	r->from = r->summed = 0;
	return 0;
}

/* One line more, as a map. */
static int fill_from_json(struct sn_reader *r)
{
	struct sn_buffer map = { 0 };
	int st = sn_json_next(r->json, &r->in, &map);
	if (st == 1 && map.size > r->capacity - r->to)
		st = make_room(r, r->to - r->from + map.size) < 0 ? SN_ENOMEM : 1;
	if (st == 1) {
		memcpy(r->buffer + r->to, map.data, map.size);
		r->to += map.size;
	}
	r->eof = st == 0;
	sn_buffer_release(&map);
	return st;
}

/* Have at least `need` bytes from `from` on. 1: so it is; 0: the file ends before; negative: error.
 */
static int fill(struct sn_reader *r, size_t need)
{
	size_t ready = r->to - r->from;
	if (ready >= need)
		return 1;
	/* a little that is left is moved, so that reads are large */
	if ((r->capacity - r->from < need ||
	     (r->capacity - r->to < r->capacity / 4 && ready < r->capacity / 8)) &&
	    make_room(r, need) < 0)
		return SN_ENOMEM;
	while (r->to - r->from < need && !r->eof) {
		size_t missing = need - (r->to - r->from), room = r->capacity - r->to;
		size_t most = missing > READ_AHEAD ? missing : READ_AHEAD;
		ssize_t n;
		if (r->json) {
			int st = fill_from_json(r);
			if (st < 0)
				return st;
			continue;
		}
		/* of what comes behind a long record, not so much that it has to be moved */
		n = sn_input_read(&r->in, r->buffer + r->to, room < most ? room : most);
		if (n < 0)
			return (int)n;
		r->eof = n == 0;
		r->to += (size_t)n;
	}
	return r->to - r->from >= need;
}

/* ---- a section's structure ------------------------------------------------------------ */

static int add_number(struct sn_reader *r, uint64_t number)
{
	struct span *last = r->spans ? &r->span[r->spans - 1] : NULL;
	if (last && number <= last->last)
		return sn_fail(SN_EDATA, "item number %llu after %llu, wanted rising numbers",
			       (unsigned long long)number, (unsigned long long)last->last);
	if (last && number == last->last + 1) {
		last->last = number;
		return 0;
	}
	/* with a window the oldest half of many runs cannot be asked for any more */
	if (last && r->window && r->spans / 2 > r->window) {
		size_t keep = r->spans - r->spans / 2 + 1;
		memmove(r->span, r->span + (r->spans - keep), keep * sizeof *r->span);
		r->spans = keep;
	}
	if (sn_grow(&r->span, &r->span_capacity, r->spans + 1, sizeof *r->span) < 0)
		return SN_ENOMEM;
	r->span[r->spans++] = (struct span){ number, number };
	return 0;
}

static bool has_number(const struct sn_reader *r, uint64_t number)
{
	size_t low = 0, high = r->spans;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (r->span[mid].last < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->spans && r->span[low].first <= number;
}

static int check_pair(struct sn_reader *r, const struct sn_pair *p)
{
	int style = p->batch == SN_NONE ? PLAIN_PAIRS : BATCHED_PAIRS;
	if (!has_number(r, p->a) || !has_number(r, p->b))
		return sn_fail(SN_EDATA, "a pair of [%llu, %llu], but no item %llu came before it",
			       (unsigned long long)p->a, (unsigned long long)p->b,
			       (unsigned long long)(has_number(r, p->a) ? p->b : p->a));
	if (p->a == p->b)
		return sn_fail(SN_EDATA, "item %llu is paired with itself",
			       (unsigned long long)p->a);
	if (r->pairs != NO_PAIRS && (int)r->pairs != style)
		return sn_fail(SN_EDATA, "some pairs carry 'batch' and some do not");
	r->pairs = style;
	return 0;
}

/* Rows of a parameter follow each other without gap or overlap, up to the last. */
static int check_param(struct sn_reader *r, const struct sn_param_rows *p)
{
	bool same = r->param.open &&
		    sn_slice_equal((struct sn_slice){ r->param.name.data, r->param.name.size },
				   p->name) &&
		    r->param.rank == p->rank &&
		    memcmp(r->param.shape, p->shape, p->rank * sizeof *p->shape) == 0;
	uint64_t wanted = same ? r->param.row : 0;
	if (r->param.open && !same)
		return sn_fail(SN_EDATA, "parameter '%.*s' ends with row %llu of %zu",
			       (int)r->param.name.size, (const char *)r->param.name.data,
			       (unsigned long long)r->param.row, r->param.shape[0]);
	if (p->row != wanted || (p->x.shape[0] == 0 && p->shape[0] != 0))
		return sn_fail(
			SN_EDATA,
			"parameter '%.*s' goes on with %zu rows from row %llu, wanted row %llu",
			(int)p->name.size, (const char *)p->name.data, p->x.shape[0],
			(unsigned long long)p->row, (unsigned long long)wanted);
	r->param.row = p->row + p->x.shape[0];
	r->param.open = r->param.row < p->shape[0];
	if (!r->param.open || same)
		return 0;
	r->param.rank = p->rank;
	memcpy(r->param.shape, p->shape, p->rank * sizeof *p->shape);
	r->param.name.size = 0;
	return sn_buffer_add(&r->param.name, p->name.data, p->name.size);
}

static int no_param_open(const struct sn_reader *r)
{
	return r->param.open ? sn_fail(SN_EDATA, "parameter '%.*s' ends with row %llu of %zu",
				       (int)r->param.name.size, (const char *)r->param.name.data,
				       (unsigned long long)r->param.row, r->param.shape[0])
			     : 0;
}

static int check_version(const struct sn_record *rec)
{
	uint64_t version = 0;
	if (!sn_uint_value(rec->field[0].value.data, &version) || version == 0)
		return sn_fail(SN_EDATA, "a header whose 'sn' is no version");
	if (version > SN_STREAM_VERSION)
		return sn_fail(
			SN_EDATA,
			"written by a newer version: stream format %llu, this program reads %d",
			(unsigned long long)version, SN_STREAM_VERSION);
	return 0;
}

static int begin_section(struct sn_reader *r, const struct sn_record *rec)
{
	struct sn_slice v = sn_record_get(rec, "kind"), kind;
	size_t head, n;
	if (check_version(rec) < 0)
		return SN_EDATA;
	if (!v.data)
		return sn_fail(SN_EDATA, "a header without 'kind'");
	if (!sn_str_value(v.data, &kind))
		return sn_fail(SN_EDATA, "'kind' is %s, wanted a string", sn_type_text(v.data));
	v = sn_record_get(rec, "history");
	if (v.data && !sn_array_head(v.data, &head, &n))
		return sn_fail(SN_EDATA, "'history' is %s, wanted an array", sn_type_text(v.data));
	r->window = 0;
	v = sn_record_get(rec, "window");
	if (v.data && !sn_uint_value(v.data, &r->window))
		return sn_fail(SN_EDATA, "'window' is %s, wanted a number", sn_type_text(v.data));
	r->place = INSIDE;
	r->records = 0;
	r->closed = r->param.open = false;
	r->pairs = NO_PAIRS;
	r->spans = 0;
	r->summed = r->from;
	XXH3_64bits_reset(r->sum);
	return SN_HEADER;
}

/* The end has one encoding: compare bytes, so that a change anywhere in it shows. */
static int end_section(struct sn_reader *r, const struct sn_record *rec)
{
	struct sn_buffer want = { 0 };
	const uint8_t *p = rec->bytes.data;
	size_t n = rec->bytes.size;
	uint64_t sum = 0;
	int st;
	if (no_param_open(r) < 0)
		return SN_EDATA;
	if (rec->end.records != r->records)
		return sn_fail(SN_EDATA, "the section has %llu records, its end says %llu: damaged",
			       (unsigned long long)r->records,
			       (unsigned long long)rec->end.records);
	if (sn_encode_end(&want, rec->end.records, rec->end.failed) < 0)
		return SN_ENOMEM;
	st = n > want.size && memcmp(p, want.data, want.size) == 0 &&
	     ((n == want.size + 1 && p[want.size] == 0xc0) ||
	      (n == want.size + SN_SUM_BYTES && p[want.size] == 0xcf));
	if (st && p[want.size] == 0xcf) {
		add_to_sum(r, r->from + want.size);
		sn_uint_value(p + want.size, &sum);
		st = sum == XXH3_64bits_digest(r->sum) ? 1 : 2;
	}
	sn_buffer_release(&want);
	if (st == 0)
		return sn_fail(SN_EDATA, "an end record that is not encoded as one: damaged");
	if (st == 2)
		return sn_fail(
			SN_EDATA,
			"stream sum differs: some byte of the section is not as it was written");
	r->place = BETWEEN;
	return SN_END;
}

static int take(struct sn_reader *r, struct sn_record *rec)
{
	int st = 0;
	if (r->place == BETWEEN)
		return rec->map == SN_MAP_HEADER
			       ? begin_section(r, rec)
			       : sn_fail(SN_EDATA, "no header where a section should begin");
	if (rec->map == SN_MAP_END)
		return end_section(r, rec);
	r->records++;
	if (r->closed)
		return sn_fail(SN_EDATA, "a record behind the mean that closes a section");
	if (rec->map != SN_MAP_PARAM && no_param_open(r) < 0)
		return SN_EDATA;
	switch (rec->map) {
	case SN_MAP_HEADER:
		return sn_fail(SN_EDATA, "truncated: a new header before the section's end");
	case SN_MAP_ITEM:
		st = add_number(r, rec->item.number);
		break;
	case SN_MAP_PAIR:
		st = check_pair(r, &rec->pair);
		break;
	case SN_MAP_PARAM:
		st = check_param(r, &rec->param);
		break;
	case SN_MAP_MEAN:
		r->closed = true;
		break;
	default:
		break;
	}
	return st < 0 ? st : SN_RECORD;
}

/* The first bytes are no header: say what they may be. */
static int foreign(const struct sn_reader *r, const uint8_t *p, size_t n)
{
	if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b)
		return sn_fail(SN_EDATA, "%s: gzip data, not an sn stream; unpack it first (zcat)",
			       r->name);
	if (n && (p[0] == '{' || p[0] == '\n'))
		return sn_fail(SN_EDATA,
			       "%s: text, not an sn stream; sn-cat --from-json reads JSON lines",
			       r->name);
	return sn_fail(SN_EDATA,
		       "%s: not an sn stream (no header at its start); pictures and IDX files are "
		       "read by sn-load",
		       r->name);
}

static bool looks_like_header(const uint8_t *p, size_t n)
{
	static const uint8_t key[] = { 0xa2, 's', 'n' };
	size_t head = n && p[0] == 0xde ? 3 : 1;
	if (n && p[0] != 0xde && (p[0] & 0xf0) != 0x80)
		return false;
	for (size_t i = 0; i < sizeof key && head + i < n; i++)
		if (p[head + i] != key[i])
			return false;
	return true;
}

static int truncated(const struct sn_reader *r)
{
	char place[32];
	if (r->place == BETWEEN)
		return sn_fail(SN_EDATA, "%s: truncated within a header at %s", r->name,
			       place_text(place, r, 0));
	return sn_fail(SN_EDATA,
		       "%s: truncated after record %llu at %s: no end; what wrote it was cut off",
		       r->name, (unsigned long long)r->records,
		       place_text(place, r, r->to - r->from));
}

static int no_header(const struct sn_reader *r)
{
	char place[32];
	if (r->sections == 0)
		return foreign(r, r->buffer + r->from, r->to - r->from);
	return sn_fail(SN_EDATA, "%s: rubbish behind the end at %s, wanted a header", r->name,
		       place_text(place, r, 0));
}

/* Have the next map whole: 1; 0 at the end of the file between sections. */
static int next_map(struct sn_reader *r)
{
	size_t need = 1;
	sn_scan_start(&r->scan);
	for (;;) {
		int st = fill(r, need);
		if (st < 0)
			return r->json && st == SN_EDATA ? sn_fail_at(st, "%s", r->name) : st;
		if (r->place == BETWEEN && !looks_like_header(r->buffer + r->from, r->to - r->from))
			return no_header(r);
		if (st == 0)
			return r->place == BETWEEN && r->to == r->from ? 0 : truncated(r);
		st = sn_scan(&r->scan, r->buffer + r->from, r->to - r->from, &need);
		if (st < 0) {
			r->records += r->place == INSIDE;
			return blame(r, st);
		}
		if (st == 1)
			return 1;
	}
}

int sn_read(struct sn_reader *r, struct sn_record *rec)
{
	int st;
	r->from += r->used;
	r->offset += r->used;
	r->used = 0;
	st = next_map(r);
	if (st <= 0)
		return st;
	if (r->place == BETWEEN) {
		r->sections++;
		r->records = 0;
	}
	r->used = r->scan.at;
	st = sn_record_parse(rec, &r->scan, r->buffer + r->from, r->allow_nan);
	if (st < 0)
		r->records += r->place == INSIDE;
	else
		st = take(r, rec);
	return st < 0 ? blame(r, st) : st;
}
