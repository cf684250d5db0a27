/* sn-cat - pass streams on: join their sections, show them as JSON lines, read those back */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sn/json.h>
#include "cli.h"

static struct cli_common common = CLI_COMMON_INIT;
static bool from_json;
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
	CLI_QUIET(common),
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
	uint64_t written, failed;
	uint64_t means, terms; /* sections of losses are joined to one mean */
	double mean, sum;
};

static int begin(struct state *s, const struct sn_record *rec)
{
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);
	if (st < 0)
		return st;
	st = sn_header_add_history(h, cli_history());
	if (st == 0)
		st = sn_write_header(s->w, h);
	sn_header_free(h);
	s->open = true;
	return st;
}

static int pass(struct state *s, struct sn_reader *r, const struct sn_record *rec)
{
	if (rec->nan && !s->nan) {
		s->nan = true;
		sn_reader_blame(r, SN_ENAN, "NaN or infinity");
		cli_warn("%s", sn_message());
	}
	if (rec->map == SN_MAP_MEAN) { /* the last one is written with the end */
		s->means++;
		s->mean = rec->mean.mean;
		s->terms += rec->mean.terms;
		return 0;
	}
	if (rec->map == SN_MAP_PAIR && rec->pair.has_loss)
		s->sum += rec->pair.loss;
	if (s->written >= head)
		return 0;
	s->written++;
	return sn_write_renumbered(s->w, rec);
}

/* Everything of one reader. */
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
			break;
	}
	return st;
}

static int finish(struct state *s)
{
	int st = 0;
	if (!s->open)
		return 0;
	if (s->means && s->written < head)
		st = sn_write_mean(s->w, s->means == 1 ? s->mean : s->sum / (double)s->terms,
				   s->terms);
	return st < 0 ? st : sn_write_end(s->w, s->failed);
}

/* A stream made of JSON lines, in a file that has no name. */
static struct sn_reader *text_reader(const char *path)
{
	struct sn_reader *r = NULL;
	FILE *f = tmpfile();
	int st;
	if (!f) {
		sn_fail_errno("cannot make a temporary file");
		cli_die(SN_EIO);
	}
	st = sn_json_lines(fileno(f), path);
	if (st == 0 && lseek(fileno(f), 0, SEEK_SET) < 0)
		st = sn_fail_errno("cannot read back a temporary file");
	if (st == 0)
		st = sn_reader_open_fd(&r, fileno(f), strcmp(path, "-") == 0 ? "<stdin>" : path,
				       SN_READ_NAN);
	if (st < 0)
		cli_die(st);
	return r; /* f stays open until the program ends */
}

static struct sn_reader *open_input(struct state *s, const char *path)
{
	struct sn_reader *r;
	int st;
	if (from_json)
		return text_reader(path);
	st = sn_reader_open(&r, path, SN_READ_NAN);
	if (st < 0)
		cli_die(st);
	sn_reader_before_wait(r, sn_writer_flush_call, s->w);
	return r;
}

static enum sn_form form(void)
{
	bool terminal = strcmp(common.out, "-") == 0 && isatty(STDOUT_FILENO);
	return common.text || terminal ? SN_FORM_JSON : SN_FORM_BINARY;
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
	if ((st = sn_writer_open(&s.w, common.out, form())) < 0 ||
	    (st = sn_join_new(&s.join, NULL)) < 0)
		cli_die(st);
	for (int i = 0; i < n && st == 0; i++) {
		struct sn_reader *r = open_input(&s, path[i]);
		bool before = s.open;
		st = run(&s, r);
		if (st == 0 && !s.open && !before)
			st = cli_check_empty(r, false, &common);
		if (st < 0)
			cli_warn("%s", sn_message());
		sn_reader_close(r);
	}
	if (st == 0 && (st = finish(&s)) < 0)
		cli_warn("%s", sn_message());
	if (sn_writer_close(s.w, st == 0) < 0) {
		cli_warn("%s", sn_message());
		st = SN_EIO;
	}
	sn_join_free(s.join);
	return st < 0 || s.nan ? CLI_FAILED : CLI_OK;
}
