/* sn-dist - pairs of embeddings in, one distance a pair out */
#include <math.h>
#include <sn/progress.h>
#include <sn/twins.h>
#include "cli.h"

struct options {
	struct cli_common common;
	const char *in;
	unsigned distance; /* enum sn_distance; once a section began, the one in use */
	double threshold;  /* NaN: none */
	bool distance_given;
	double threshold_given; /* NaN: not given */
};

static struct options asked = { .common = CLI_COMMON_INIT, .threshold = NAN };

static const struct cli_option table[] = {
	{ 'd', "distance", CLI_CHOICE, &asked.distance, "NAME",
	  "the model's unless given, else the default", 0, 0, sn_distance_names, 0 },
	{ 'T', "threshold", CLI_REAL, &asked.threshold, "D",
	  "yes means a distance of at most D; the model's unless given, else none", 0, 0, NULL, 0 },
	CLI_OUT(asked.common),
	CLI_TEXTUAL(asked.common),
	CLI_QUIET(asked.common),
	CLI_VERBOSE(asked.common),
	CLI_THREADS(asked.common),
	CLI_EMPTY(asked.common),
	CLI_END,
};

static const struct cli_program program = {
	"sn-dist",
	"[-d DISTANCE] [-T D] [-o FILE] [-t] [FILE]",
	"The distance of each pair of embeddings, always smaller = more alike.\n"
	"  in:   items with x f4 [d], pairs of them\n"
	"  out:  the same pairs with d, 0 = identical; items without x\n",
	"sn-pair faces | sn-embed -m w.bin | sn-dist",
	table,
	CLI_FAILED,
};

static void parse(int argc, char **argv, struct options *o)
{
	int first = cli_parse(&program, argc, argv);
	o->distance_given = cli_given("distance");
	o->threshold_given = o->threshold;
	o->in = cli_input(argc, argv, first);
}

static int begin(struct sn_twins *t, const struct sn_record *rec, struct sn_writer *w,
		 struct options *o)
{
	const enum sn_distance wanted = o->distance;
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);
	if (st < 0)
		return st;
	if ((st = sn_header_expect(h, "pairs")) == 0 &&
	    (st = sn_header_set_kind(h, "distances")) == 0 &&
	    (st = sn_twins_begin(t, h, o->distance_given ? &wanted : NULL, o->threshold_given)) ==
		    0) {
		o->distance = t->distance; /* the history says what was done */
		o->threshold = t->threshold;
		if ((st = sn_header_add_history(h, cli_history())) == 0)
			st = sn_write_header(w, h);
	}
	sn_header_free(h);
	return st;
}

static int pair(struct sn_twins *t, const struct sn_record *rec, struct sn_writer *w,
		struct sn_buffer *value)
{
	float d;
	int st = sn_twins_distance(t, &rec->pair, &d);
	if (st < 0)
		return st;
	if ((st = st ? sn_encode_f4(value, d) : sn_encode_nil(value)) < 0)
		return st;
	return sn_write_with(w, rec, "d", (struct sn_slice){ value->data, value->size });
}

/* Returns SN_EOF, or a negative code with a message that says where. */
static int run(struct sn_reader *r, struct sn_writer *w, struct options *o,
	       struct sn_progress *progress)
{
	struct sn_record rec;
	struct sn_twins t = { 0 };
	struct sn_buffer value = { 0 };
	uint64_t pairs = 0;
	bool seen = false;
	int st, got;
	while ((got = st = sn_read(r, &rec)) > SN_EOF) {
		if (got == SN_HEADER) {
			seen = true;
			st = begin(&t, &rec, w, o);
		} else if (got == SN_END) {
			if (o->common.verbose)
				cli_warn("%s of %llu records", sn_distance_names[t.distance],
					 (unsigned long long)rec.end.records);
			st = sn_write_end(w, rec.end.failed);
		} else if (rec.map == SN_MAP_ITEM) {
			if ((st = sn_twins_add(&t, &rec.item)) == 0)
				st = sn_write_with(w, &rec, "x", (struct sn_slice){ 0 });
		} else if (rec.map == SN_MAP_PAIR) {
			st = pair(&t, &rec, w, &value);
			sn_progress_read(progress, sn_reader_offset(r), sn_reader_size(r));
			sn_progress_show(progress, ++pairs, NULL);
		} else {
			st = sn_write_record(w, &rec);
		}
		if (st == SN_EDATA || st == SN_ENAN)
			st = sn_reader_blame_last(r, st);
		if (st < 0)
			break;
	}
	sn_twins_release(&t);
	sn_buffer_release(&value);
	return st < 0 ? st : cli_check_empty(r, seen, &o->common);
}

int main(int argc, char **argv)
{
	struct options *o = &asked;
	struct sn_reader *r;
	struct sn_writer *w;
	struct sn_progress *progress;
	int st, closed;
	parse(argc, argv, o);
	r = cli_reader(o->in);
	w = cli_writer(&o->common, r);
	/* text on a terminal shows by itself how far it is */
	progress = sn_progress_begin("pairs", 0, o->common.quiet || sn_writer_is_text(w));
	st = run(r, w, o, progress);
	sn_progress_end(progress);
	if (st < 0)
		cli_warn("%s", sn_message());
	if ((closed = sn_writer_close(w, st == 0)) < 0 && st == 0)
		cli_die(closed);
	sn_reader_close(r);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
