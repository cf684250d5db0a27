/* sn-dist - pairs of embeddings in, one distance a pair out */
#include <math.h>
#include <sn/progress.h>
#include <sn/pairwise.h>
#include "cli.h"

struct options {
	struct cli_common common;
	const char *in;
	unsigned distance; /* enum sn_distance; once a section began, the one in use */
	double threshold;  /* NaN: none */
	bool distance_given;
	bool probability;
	double threshold_given; /* NaN: not given */
};

static struct options asked = { .common = CLI_COMMON_INIT, .threshold = NAN };

static const struct cli_option table[] = {
	{ 'd', "distance", CLI_CHOICE, &asked.distance, "NAME",
	  "the model's unless given, else the default", 0, 0, sn_distance_names, 0 },
	{ 'T', "threshold", CLI_REAL, &asked.threshold, "D",
	  "yes means a distance of at most D; the model's unless given, else none", 0, 0, NULL, 0 },
	{ 0, "probability", CLI_FLAG, &asked.probability, NULL,
	  "say how probable it is that both are the same, as the model was calibrated", 0, 0, NULL,
	  CLI_OMIT },
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
	"[-d DISTANCE] [-T D] [--probability] [-o FILE] [-t] [FILE]",
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
		    0 &&
	    (!o->probability || (st = sn_twins_tell_probability(t, h)) == 0)) {
		o->distance = t->distance; /* the history says what was done */
		o->threshold = t->threshold;
		if ((st = sn_header_add_history(h, cli_history())) == 0)
			st = sn_write_header(w, h);
	}
	sn_header_free(h);
	return st;
}

/* What goes on between a reader and a writer. */
struct work {
	struct sn_reader *r;
	struct sn_writer *w;
	struct sn_twins twins;
	struct sn_pairwise *pairwise;
	struct sn_progress *progress;
	uint64_t pairs;
};

/* Of a pair that was read before the last record. */
static int blame_pair(const struct work *v, int st)
{
	return st == SN_EDATA || st == SN_ENAN ? sn_fail_at(st, "%s", sn_reader_name(v->r)) : st;
}

static int flush_pairs(struct work *v)
{
	int st = sn_pairwise_flush(v->pairwise);
	return st < 0 ? blame_pair(v, st) : 0;
}

/* Before the reader waits. */
static int flush(void *work)
{
	struct work *v = work;
	int st = flush_pairs(v);
	return st < 0 ? st : sn_writer_flush(v->w);
}

static int take_record(struct work *v, const struct sn_record *rec)
{
	int st;
	if (rec->map == SN_MAP_PAIR) {
		st = sn_pairwise_add(v->pairwise, rec);
		sn_progress_read(v->progress, sn_reader_offset(v->r), sn_reader_size(v->r));
		sn_progress_show(v->progress, ++v->pairs, NULL);
		return blame_pair(v, st);
	}
	if ((st = flush_pairs(v)) < 0)
		return st;
	if (rec->map != SN_MAP_ITEM)
		return sn_write_record(v->w, rec);
	if ((st = sn_twins_add(&v->twins, &rec->item)) < 0)
		return sn_reader_blame_last(v->r, st);
	return sn_write_with(v->w, rec, "x", (struct sn_slice){ 0 });
}

static int end(struct work *v, const struct sn_record *rec, const struct options *o)
{
	int st = flush_pairs(v);
	if (st < 0)
		return st;
	if (o->common.verbose)
		cli_warn("%s of %llu records", sn_distance_names[v->twins.distance],
			 (unsigned long long)rec->end.records);
	return sn_write_end(v->w, rec->end.failed);
}

/* Returns SN_EOF, or a negative code with a message that says where. */
static int run(struct work *v, struct options *o)
{
	struct sn_record rec;
	bool seen = false;
	int st, got, flushed;
	while ((got = st = sn_read(v->r, &rec)) > SN_EOF) {
		if (got == SN_HEADER) {
			seen = true;
			if ((st = begin(&v->twins, &rec, v->w, o)) == SN_EDATA)
				st = sn_reader_blame_last(v->r, st);
		} else if (got == SN_END) {
			st = end(v, &rec, o);
		} else {
			st = take_record(v, &rec);
		}
		if (st < 0)
			return st;
	}
	/* what came before the damage is sound */
	if (st < 0 && (flushed = flush_pairs(v)) < 0)
		st = flushed;
	return st < 0 ? st : cli_check_empty(v->r, seen, &o->common);
}

int main(int argc, char **argv)
{
	struct options *o = &asked;
	struct work v = { 0 };
	int st, closed;
	parse(argc, argv, o);
	v.r = cli_reader(o->in);
	v.w = cli_writer(&o->common, v.r);
	if ((st = sn_pairwise_new(&v.pairwise, &v.twins, v.w, (unsigned)o->common.threads)) < 0)
		cli_die(st);
	sn_reader_before_wait(v.r, flush, &v);
	/* text on a terminal shows by itself how far it is */
	v.progress = sn_progress_begin("pairs", 0, o->common.quiet || sn_writer_is_text(v.w));
	st = run(&v, o);
	sn_progress_end(v.progress);
	if (st < 0)
		cli_warn("%s", sn_message());
	sn_pairwise_free(v.pairwise);
	sn_twins_release(&v.twins);
	if ((closed = sn_writer_close(v.w, st == 0)) < 0 && st == 0)
		cli_die(closed);
	sn_reader_close(v.r);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
