/* sn-augment - pictures in, the same pictures changed by chance out */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sn/augment.h>
#include <sn/progress.h>
#include <sn/stream.h>
#include <sn/threads.h>
#include "cli.h"

enum {
	WINDOW = 256,		  /* pictures made together */
	WINDOW_PIXELS = 64 << 20, /* bytes of pictures read ahead, about */
	WINDOW_BYTES = 64 << 20,  /* bytes of records to be written, about */
};

static struct {
	struct cli_common common;
	const char *augment;
	uint64_t copies, turns;
	bool keep;
} o = { .common = CLI_COMMON_INIT, .copies = 1 };

static const struct cli_option options[] = {
	{ 'a', "augment", CLI_TEXT, &o.augment, "SPEC", "what is done, as 'affine:rotate=10 noise'",
	  0, 0, NULL, CLI_OMIT },
	{ 'n', "copies", CLI_COUNT, &o.copies, "N", "changed pictures for each one that comes", 1,
	  1000, NULL, 0 },
	{ 'k', "keep", CLI_FLAG, &o.keep, NULL, "before them, the picture as it came", 0, 0, NULL,
	  0 },
	{ 0, "rotate-classes", CLI_OPTIONAL_COUNT, &o.turns, "4|8",
	  "quarter turns as new classes; 8: those of the mirror image, too", 0, 0, NULL, CLI_OMIT },
	CLI_SEED(o.common),
	CLI_OUT(o.common),
	CLI_TEXTUAL(o.common),
	CLI_THREADS(o.common),
	CLI_EMPTY(o.common),
	CLI_QUIET(o.common),
	CLI_VERBOSE(o.common),
	CLI_END,
};

static const struct cli_program program = {
	.name = "sn-augment",
	.synopsis = "-a SPEC [-n N] [--keep] [--rotate-classes[=8]] [-o FILE] [FILE]",
	.summary = "Changes pictures by chance: distorts, crops, mirrors, adds noise, erases.\n"
		   "in:   items with x u1 [h][w][1 or 3]; pairs, where their number stays\n"
		   "out:  the same with other x; N items for one\n",
	.example = "sn-load faces | sn-augment -a 'affine noise' -n 4 | sn-train -m w.bin -o t.bin",
	.options = options,
};

/* One picture to be made: where it comes from, and where it goes. */
struct job {
	size_t from, to; /* in pictures, in bytes */
	size_t h, w, c;
	unsigned turn;
	bool change;
	uint64_t copy, number; /* which chance it has */
};

/* Records to be written, complete but for the pixels of their pictures. */
struct window {
	struct sn_augment *augment; /* NULL: no change but turns */
	struct sn_pool *pool;
	struct sn_writer *w;
	struct sn_progress *progress;
	struct sn_buffer bytes, pictures, number, label, x;
	size_t *size; /* [records] bytes of each record */
	size_t records, record_capacity;
	struct job *job;
	size_t jobs, job_capacity;
	struct room { /* [threads] */
		struct sn_augment_room room;
		struct sn_buffer turned;
	} * room;
	uint64_t done;
};

/* ---- pictures -------------------------------------------------------------------------- */

static int make(void *context, size_t index, unsigned thread)
{
	struct window *v = context;
	const struct job *job = &v->job[index];
	const uint8_t *in = v->pictures.data + job->from;
	uint8_t *out = v->bytes.data + job->to;
	size_t size = job->h * job->w * job->c;
	struct room *room = &v->room[thread];
	bool lying = job->turn % 2;
	int st;

	if (job->turn) {
		room->turned.size = 0;
		if ((st = sn_buffer_reserve(&room->turned, size)) < 0)
			return st;
		sn_turn(room->turned.data, in, job->h, job->w, job->c, job->turn);
		in = room->turned.data;
	}
	if (!job->change) {
		memcpy(out, in, size);
		return 0;
	}
	return sn_augment_apply(
		v->augment, &room->room, out, in, lying ? job->w : job->h, lying ? job->h : job->w,
		job->c, sn_random(o.common.seed, SN_RANDOM_AUGMENT, job->copy, job->number));
}

static int window_flush(struct window *v)
{
	size_t at = 0;
	int st = sn_pool_run(v->pool, v->jobs, make, v);

	for (size_t i = 0; st == 0 && i < v->records; at += v->size[i++])
		st = sn_write_raw(v->w, (struct sn_slice){ v->bytes.data + at, v->size[i] });
	v->done += v->jobs;
	sn_progress_show(v->progress, v->done, NULL);
	v->records = v->jobs = 0;
	v->bytes.size = v->pictures.size = 0;
	return st;
}

static int flush_all(void *context)
{
	struct window *v = context;
	int st = window_flush(v);

	return st < 0 ? st : sn_writer_flush(v->w);
}

/* ---- records --------------------------------------------------------------------------- */

static int record_added(struct window *v, size_t from)
{
	int st = sn_grow(&v->size, &v->record_capacity, v->records + 1, sizeof *v->size);

	if (st == 0)
		v->size[v->records++] = v->bytes.size - from;
	return st;
}

/* How many bytes longer a value becomes, if it comes after x. */
static size_t grown_behind(const struct sn_record *rec, const char *key, struct sn_slice value)
{
	struct sn_slice x = sn_record_get(rec, "x"), old = sn_record_get(rec, key);

	return value.data && old.data > x.data ? value.size - old.size : 0;
}

/* One version of an item: its record, and the job that puts the pixels into it. */
static int add_version(struct window *v, const struct sn_record *rec, size_t from, uint64_t number,
		       unsigned turn, bool change, uint64_t copy, uint64_t chance)
{
	const struct sn_item *item = &rec->item;
	struct sn_slice old = sn_record_get(rec, "x");
	struct sn_edit edit[3] = { { "item", { 0 } }, { "x", { 0 } } };
	struct sn_tensor x = item->x;
	size_t edits = 2, start = v->bytes.size, rest;
	int st;

	v->x.size = 0;
	if (turn % 2) {
		x.shape[0] = item->x.shape[1];
		x.shape[1] = item->x.shape[0];
	}
	/* its own pixels, until others take their place */
	if ((st = sn_encode_uint(&v->number, number)) < 0 || (st = sn_tensor_encode(&v->x, &x)) < 0)
		return st;
	edit[0].value = (struct sn_slice){ v->number.data, v->number.size };
	edit[1].value = (struct sn_slice){ v->x.data, v->x.size };
	if (turn) {
		const char *suffix = sn_turn_suffix(turn);
		struct sn_buffer label = { 0 };
		if ((st = sn_buffer_add(&label, item->label.data, item->label.size)) == 0 &&
		    (st = sn_buffer_add(&label, suffix, strlen(suffix))) == 0)
			st = label.size > SN_MAX_STRING
				     ? sn_fail(SN_EDATA, "label too long to have '%s' added",
					       suffix)
				     : sn_encode_str(&v->label, (char *)label.data, label.size);
		sn_buffer_release(&label);
		if (st < 0)
			return st;
		edit[edits++] = (struct sn_edit){ "label", { v->label.data, v->label.size } };
	}
	if ((st = sn_record_edit(&v->bytes, rec, edit, edits)) < 0 ||
	    (st = record_added(v, start)) < 0 ||
	    (st = sn_grow(&v->job, &v->job_capacity, v->jobs + 1, sizeof *v->job)) < 0)
		return st;
	rest = (size_t)(rec->bytes.data + rec->bytes.size - (old.data + old.size)) +
	       grown_behind(rec, "item", edit[0].value) + grown_behind(rec, "label", edit[2].value);
	v->job[v->jobs++] = (struct job){
		.from = from,
		.to = v->bytes.size - rest - x.count, /* pixels are the end of x */
		.h = item->x.shape[0],
		.w = item->x.shape[1],
		.c = item->x.shape[2],
		.turn = turn,
		.change = change,
		.copy = copy,
		.number = chance,
	};
	if (v->jobs >= WINDOW || v->bytes.size > WINDOW_BYTES)
		return 1;
	return 0;
}

static int check_picture(const struct sn_tensor *x)
{
	char text[96];

	if (x->type == 'f')
		return sn_fail(SN_EDATA,
			       "x is an embedding, <f4 %s, wanted a picture: |u1 [h][w][1 or 3]; "
			       "put sn-augment before sn-embed",
			       sn_shape_text(text, x->shape, x->rank));
	if (x->rank != 3 || x->count == 0 || (x->shape[2] != 1 && x->shape[2] != 3))
		return sn_fail(SN_EDATA, "x is |u1 %s, wanted a picture: |u1 [h][w][1 or 3]",
			       sn_shape_text(text, x->shape, x->rank));
	return 0;
}

/* The versions of an item, in the order of their numbers: turn by turn, the unchanged one first. */
static int add_item(struct window *v, const struct sn_record *rec)
{
	const struct sn_item *item = &rec->item;
	unsigned turns = o.turns ? (unsigned)o.turns : 1;
	uint64_t each = o.copies + o.keep, versions = turns * each;
	size_t from = v->pictures.size, start = v->bytes.size;
	int st;

	if (versions > 1 && item->number > (UINT64_MAX - versions) / versions)
		return sn_fail(SN_EDATA, "item number %llu is too large to be multiplied",
			       (unsigned long long)item->number);
	if (!item->x.type) { /* a missing picture stays one */
		struct sn_edit edit = { "item", { 0 } };
		if ((st = sn_encode_uint(&v->number, item->number * versions)) < 0)
			return st;
		edit.value = (struct sn_slice){ v->number.data, v->number.size };
		st = sn_record_edit(&v->bytes, rec, &edit, 1);
		return st < 0 ? st : record_added(v, start);
	}
	if ((st = check_picture(&item->x)) < 0 ||
	    (st = sn_buffer_add(&v->pictures, item->x.data, item->x.count)) < 0)
		return st;
	for (unsigned t = 0; t < turns; t++) {
		if (t && !item->label.data) /* no class, no classes of it */
			break;
		for (uint64_t i = 0; i < each; i++) {
			bool change = i >= o.keep;
			st = add_version(v, rec, from, item->number * versions + t * each + i, t,
					 change, change ? i - o.keep : 0, item->number * turns + t);
			if (st < 0)
				return st;
			if (st > 0 && (st = window_flush(v)) < 0)
				return st;
			if (v->pictures.size == 0) { /* flushed: the picture is needed again */
				from = 0;
				st = sn_buffer_add(&v->pictures, item->x.data, item->x.count);
				if (st < 0)
					return st;
			}
		}
	}
	return v->pictures.size > WINDOW_PIXELS ? window_flush(v) : 0;
}

static int add_other(struct window *v, const struct sn_record *rec)
{
	size_t start = v->bytes.size;
	int st = sn_buffer_add(&v->bytes, rec->bytes.data, rec->bytes.size);

	if (st == 0)
		st = record_added(v, start);
	return st == 0 && v->bytes.size > WINDOW_BYTES ? window_flush(v) : st;
}

/* ---- the stream ------------------------------------------------------------------------ */

static int begin(struct window *v, const struct sn_record *rec)
{
	bool alone = !o.turns && !o.keep && o.copies == 1;
	struct sn_header *h;
	int st;

	if ((st = sn_header_parse(&h, rec)) < 0)
		return st;
	st = sn_header_expect(h, alone ? "items pairs" : "items");
	if (st < 0 && strcmp(sn_header_kind(h), "pairs") == 0)
		st = sn_fail(SN_EDATA, "these are pairs already, and more items would need new "
				       "ones: put sn-augment before sn-pair");
	if (st == 0 && sn_header_get(h, "model").data)
		st = sn_fail(SN_EDATA, "these are embeddings, wanted pictures, made by sn-load: "
				       "put sn-augment before sn-embed");
	if (st == 0 && (st = sn_header_add_history(h, cli_history())) == 0)
		st = sn_write_header(v->w, h);
	sn_header_free(h);
	return st;
}

static int run(struct window *v, struct sn_reader *r, bool *any)
{
	struct sn_record rec;
	int st;

	while ((st = sn_read(r, &rec)) > 0) {
		*any = true;
		sn_progress_read(v->progress, sn_reader_offset(r), sn_reader_size(r));
		if (st == SN_HEADER)
			st = begin(v, &rec);
		else if (st == SN_END)
			st = (st = window_flush(v)) < 0 ? st : sn_write_end(v->w, rec.end.failed);
		else if (rec.map == SN_MAP_ITEM)
			st = add_item(v, &rec);
		else
			st = add_other(v, &rec);
		if (st < 0)
			return st == SN_EDATA ? sn_reader_blame_last(r, st) : st;
	}
	return st;
}

static void parse(struct window *v)
{
	if (o.turns == UINT64_MAX)
		o.turns = 4;
	if (cli_given("rotate-classes") && o.turns != 4 && o.turns != SN_TURNS)
		cli_usage_error("--rotate-classes: '%llu' is not 4 or 8",
				(unsigned long long)o.turns);
	if (!o.augment && !o.turns)
		cli_usage_error("what shall be done? -a SPEC says it, as -a 'affine elastic'");
	if (!o.augment && (cli_given("copies") || o.keep))
		cli_usage_error("-n and --keep are about changed pictures: -a SPEC says how");
	if (!o.augment) {
		o.copies = 0;
		o.keep = true;
		return;
	}
	if (sn_augment_parse(&v->augment, o.augment) < 0)
		cli_usage_error("--augment: %s", sn_message());
	o.augment = sn_augment_text(v->augment); /* for the history */
}

static void window_close(struct window *v)
{
	for (unsigned i = 0; v->room && i < sn_pool_threads(v->pool); i++) {
		sn_augment_room_release(&v->room[i].room);
		sn_buffer_release(&v->room[i].turned);
	}
	free(v->room);
	free(v->size);
	free(v->job);
	sn_buffer_release(&v->bytes);
	sn_buffer_release(&v->pictures);
	sn_buffer_release(&v->number);
	sn_buffer_release(&v->label);
	sn_buffer_release(&v->x);
	sn_pool_free(v->pool);
	sn_augment_free(v->augment);
}

int main(int argc, char **argv)
{
	int first = cli_parse(&program, argc, argv), st;
	struct window v = { 0 };
	struct sn_reader *r;
	const char *in;
	bool any = false;

	parse(&v);
	in = cli_input(argc, argv, first);
	if ((st = sn_pool_new(&v.pool, (unsigned)o.common.threads)) < 0 ||
	    !(v.room = sn_alloc(sn_pool_threads(v.pool), sizeof *v.room)))
		cli_die(st < 0 ? st : SN_ENOMEM);
	r = cli_reader(in);
	v.w = cli_writer(&o.common, r);
	sn_reader_before_wait(r, flush_all, &v);
	v.progress = sn_progress_begin("pictures", 0, o.common.quiet);

	st = run(&v, r, &any);
	if (st == 0)
		st = cli_check_empty(r, any, &o.common);
	sn_progress_end(v.progress);
	if (st < 0)
		cli_warn("%s", sn_message());
	else if (o.common.verbose)
		cli_warn("%" PRIu64 " pictures written", v.done);
	if (sn_writer_close(v.w, st == 0) < 0 && st == 0) {
		cli_warn("%s", sn_message());
		st = SN_EIO;
	}
	sn_reader_close(r);
	window_close(&v);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
