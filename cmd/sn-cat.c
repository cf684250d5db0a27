/* sn-cat - pass streams on: join their sections, show them as JSON lines, read those back */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"

static struct cli_common common = CLI_COMMON_INIT;
static bool from_json, show; /* show: as JSON lines */
static uint64_t head = UINT64_MAX;

static const struct cli_option options[] = {
	{ 't', "text", CLI_FLAG, &common.text, NULL, "JSON lines, as on a terminal", 0, 0, NULL,
	  CLI_SILENT },
	{ 0, "from-json", CLI_FLAG, &from_json, NULL, "read JSON lines, as -t writes them", 0, 0,
	  NULL, CLI_SILENT },
	{ 0, "head", CLI_COUNT, &head, "N", "pass the first N records, check the rest", 0, 1e18,
	  NULL, CLI_OMIT },
	CLI_OUT(common),
	CLI_EMPTY(common),
	CLI_THREADS(common),
	CLI_QUIET(common),
	CLI_VERBOSE(common),
	CLI_END,
};

static const struct cli_program program = {
	.name = "sn-cat",
	.synopsis = "[-t] [--from-json] [--head N] [-o FILE] [FILE...]",
	.summary = "Passes streams on, all their sections joined into one with its count and sum.\n"
		   "in:   sections of one kind (and, of embeddings, of one model)\n"
		   "out:  one section; items, trials and batches renumbered\n",
	.example = "cat a.sn b.sn | sn-cat -t --head 3",
	.options = options,
};

/* What goes on from section to section. */
struct state {
	struct sn_writer *w;
	struct sn_join *join;
	bool open; /* the header was written */
	bool nan;  /* shown, and the reason to fail in the end */
	uint64_t read, written, failed;
	uint64_t means, terms, losses; /* sections of losses are joined to one mean */
	double weighted, sum;
	struct sn_buffer mean; /* the map, where there is one alone */
};

/* A view adds nothing; a stream that goes on remembers that it came through here. */
static int begin(struct state *s, const struct sn_record *rec)
{
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);
	if (st < 0)
		return st;
	if (!show)
		st = sn_header_add_history(h, cli_history());
	if (st == 0)
		st = sn_write_header(s->w, h);
	sn_header_free(h);
	s->open = true;
	return st;
}

/* It closes a section, so the one of all sections comes with the end. */
static int keep_mean(struct state *s, const struct sn_record *rec)
{
	s->means++;
	s->weighted += rec->mean.mean * (double)rec->mean.terms;
	if (rec->mean.terms >= SN_NONE - s->terms)
		return sn_fail(SN_EDATA, "'terms' add up to too large a number");
	s->terms += rec->mean.terms;
	s->mean.size = 0;
	return sn_buffer_add(&s->mean, rec->bytes.data, rec->bytes.size);
}

static int write_mean(struct state *s)
{
	if (s->means == 0 || s->written >= head)
		return 0;
	if (s->means == 1)
		return sn_write_raw(s->w, (struct sn_slice){ s->mean.data, s->mean.size });
	if (s->terms == 0)
		return sn_write_mean(s->w, 0, 0);
	/* a sum over pairs is added up anew in pair order; of other losses only the means are known
	 */
	return sn_write_mean(
		s->w, (s->losses == s->terms ? s->sum : s->weighted) / (double)s->terms, s->terms);
}

static int pass(struct state *s, struct sn_reader *r, const struct sn_record *rec)
{
	if (rec->nan && !s->nan) {
		s->nan = true;
		sn_reader_blame(r, SN_ENAN, "NaN or infinity");
		cli_warn("%s", sn_message());
	}
	if (rec->map == SN_MAP_MEAN)
		return keep_mean(s, rec);
	if (rec->map == SN_MAP_PAIR && rec->pair.has_loss) {
		s->losses++;
		s->sum += rec->pair.loss;
	}
	s->read++;
	if (s->written >= head)
		return 0;
	s->written++;
	return sn_write_renumbered(s->w, rec);
}

/* Everything of one reader; what its joiner blames is said with the place. */
static int run(struct state *s, struct sn_reader *r)
{
	struct sn_record rec;
	int st;
	sn_join_continue(s->join, r);
	while ((st = sn_join_read(s->join, &rec)) > 0) {
		if (st == SN_HEADER)
			st = begin(s, &rec);
		else if (st == SN_RECORD)
			st = pass(s, r, &rec);
		else
			s->failed = rec.end.failed;
		if (st < 0)
			return st;
	}
	/* no byte at all: what should have written this file or pipe never did */
	return st < 0 ? st : cli_check_empty(r, sn_reader_offset(r) > 0, &common);
}

static int finish(struct state *s)
{
	int st = s->open ? write_mean(s) : 0;
	return st < 0 || !s->open ? st : sn_write_end(s->w, s->failed);
}

/* NaN is shown to eyes and to text tools; a stream that has it goes no further. */
static struct sn_reader *open_input(struct state *s, const char *path)
{
	struct sn_reader *r;
	int st =
		sn_reader_open(&r, path, (show ? SN_READ_NAN : 0) | (from_json ? SN_READ_JSON : 0));
	if (st < 0)
		cli_die(st);
	sn_reader_before_wait(r, sn_writer_flush_call, s->w);
	return r;
}

int main(int argc, char **argv)
{
	static char standard_input[] = "-";
	char *only[] = { standard_input };
	struct state s = { 0 };
	int first = cli_parse(&program, argc, argv), st, n = argc - first;
	char **path = n ? argv + first : only;

	n = n ? n : 1;
	if (path == only)
		cli_refuse_terminal();
	show = common.text || (strcmp(common.out, "-") == 0 && isatty(STDOUT_FILENO));
	if ((st = sn_writer_open(&s.w, common.out, show ? SN_FORM_JSON : SN_FORM_BINARY)) < 0 ||
	    (st = sn_join_new(&s.join, NULL)) < 0)
		cli_die(st);
	for (int i = 0; i < n && st == 0; i++) {
		struct sn_reader *r = open_input(&s, path[i]);
		st = run(&s, r);
		sn_reader_close(r);
	}
	if (st == 0)
		st = finish(&s);
	if (st < 0)
		cli_warn("%s", sn_message());
	else if (common.verbose)
		cli_warn("%" PRIu64 " records, %" PRIu64 " of them written", s.read, s.written);
	if (sn_writer_close(s.w, st == 0 && !s.nan) < 0) {
		cli_warn("%s", sn_message());
		st = SN_EIO;
	}
	sn_join_free(s.join);
	sn_buffer_release(&s.mean);
	return st < 0 || s.nan ? CLI_FAILED : CLI_OK;
}
