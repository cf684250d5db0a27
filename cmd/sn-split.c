/* sn-split - items in, two files of them out: what is learned from, and what is kept for testing */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <sn/file.h>
#include <sn/pair.h>
#include "cli.h"

#define MAX_LIST ((size_t)1 << 30)

static const char *const by_names[] = { "class", "item", NULL };

static struct cli_common common = CLI_COMMON_INIT;
static unsigned by;
static double share = 0.2;
static const char *list_file, *path[2]; /* path: of the parts */

/* clang-format off */
static struct cli_option options[] = {
	{ 0, "by", CLI_CHOICE, &by, "WHAT", "what is kept together or counted: a class is in one part only, or in both", 0, 0, by_names, 0 },
	{ 0, "share", CLI_REAL, &share, "F", "the second part's share of the classes, or of each class's items", 0, 1, NULL, 0 },
	{ 0, "list", CLI_FILE, &list_file, "FILE", "the second part: a label (by class) or a key (by item) a line", 0, 0, NULL, CLI_INPUT },
	{ 'o', "first", CLI_FILE, &path[0], "FILE", "write the first part, for training, to FILE", 0, 0, NULL, CLI_SILENT },
	{ 'O', "second", CLI_FILE, &path[1], "FILE", "write the second part, for testing, to FILE", 0, 0, NULL, CLI_SILENT },
	CLI_SEED(common),
	CLI_TEXTUAL(common),
	CLI_QUIET(common),
	CLI_VERBOSE(common),
	CLI_EMPTY(common),
	CLI_END,
};
/* clang-format on */

static const struct cli_program program = {
	.name = "sn-split",
	.synopsis =
		"[--by class|item] [--share F | --list FILE] [-s SEED] -o FILE -O FILE [STREAM]",
	.summary = "  in:   items\n"
		   "  out:  two files that have each item once, unchanged, with its number\n",
	.example = "sn-load faces | sn-split --share 0.25 -o train.sn -O test.sn",
	.options = options,
};

struct state {
	struct sn_reader *r;
	FILE *spool;	       /* a copy of what cannot be read twice */
	off_t start;	       /* of standard input, where it can */
	struct sn_items items; /* of all sections, numbered through */
	uint8_t *second;       /* [items.n] */
	struct sn_writer *w[2];
};

/* ---- the command line ------------------------------------------------------------------ */

static void check_options(void)
{
	struct stat a, b;

	if (!path[0] || !path[1])
		cli_usage_error("two files are wanted: -o for the first part, -O for the second");
	if (strcmp(path[0], path[1]) == 0 ||
	    (stat(path[0], &a) == 0 && stat(path[1], &b) == 0 && S_ISREG(a.st_mode) &&
	     a.st_dev == b.st_dev && a.st_ino == b.st_ino))
		cli_usage_error("both parts would go to '%s'", path[0]);
	if (list_file && (cli_given("share") || cli_given("seed")))
		cli_usage_error("--list leaves nothing to --share and --seed");
	if (!(share > 0 && share < 1))
		cli_usage_error("--share: '%g' leaves one part empty", share);
	/* where nothing is drawn, neither is a part of the history */
	for (struct cli_option *o = options; list_file && o->name; o++)
		if (o->value == &share || o->value == &common.seed)
			o->flags |= CLI_SILENT;
}

/* ---- reading twice ----------------------------------------------------------------------- */

/* A pipe's bytes to a file without a name. */
static int spool_input(struct state *s)
{
	char block[1 << 16];
	ssize_t n;

	s->spool = tmpfile();
	if (!s->spool)
		return sn_fail_errno("cannot make a temporary file");
	while ((n = read(STDIN_FILENO, block, sizeof block)) > 0)
		if (fwrite(block, 1, (size_t)n, s->spool) != (size_t)n)
			return sn_fail_errno("cannot write a temporary file");
	if (n < 0)
		return sn_fail_errno("cannot read <stdin>");
	if (fflush(s->spool) != 0)
		return sn_fail_errno("cannot write a temporary file");
	return 0;
}

/* The first or the second time. */
static int open_input(struct state *s, const char *input, bool again)
{
	struct stat about;

	if (strcmp(input, "-") != 0) {
		if (stat(input, &about) == 0 && !S_ISREG(about.st_mode))
			return sn_fail(SN_EIO,
				       "cannot read '%s' twice: it is no regular file; use "
				       "standard input",
				       input);
		return sn_reader_open(&s->r, input, 0);
	}
	if (!again && (fstat(STDIN_FILENO, &about) < 0 || !S_ISREG(about.st_mode))) {
		int st = spool_input(s);

		if (st < 0)
			return st;
	} else if (!again) {
		s->start = lseek(STDIN_FILENO, 0, SEEK_CUR);
	}
	if (s->spool ? lseek(fileno(s->spool), 0, SEEK_SET) < 0
		     : lseek(STDIN_FILENO, s->start, SEEK_SET) < 0)
		return sn_fail_errno("cannot read <stdin> again");
	if (!s->spool)
		return sn_reader_open(&s->r, "-", 0);
	return sn_reader_open_fd(&s->r, fileno(s->spool), "<stdin>", 0);
}

/* All sections as one set: a class that is in several of them must not be torn apart. */
static int read_items(struct state *s)
{
	struct sn_record rec;
	struct sn_header *h;
	bool any = false;
	int st;

	while ((st = sn_read(s->r, &rec)) > 0) {
		any = true;
		st = 0;
		if (rec.map == SN_MAP_HEADER && (st = sn_header_parse(&h, &rec)) == 0) {
			st = sn_header_expect(h, "items");
			sn_header_free(h);
		} else if (rec.map == SN_MAP_ITEM) {
			rec.item.number = s->items.n;
			st = sn_items_add(&s->items, &rec.item, NULL);
		}
		if (st < 0)
			return sn_fail_at(st, "%s", sn_reader_name(s->r));
	}
	return st < 0 ? st : cli_check_empty(s->r, any, &common);
}

static int choose(struct state *s)
{
	uint8_t *list;
	size_t size;
	int st;

	s->second = sn_alloc(s->items.n + 1, 1);
	if (!s->second)
		return SN_ENOMEM;
	if (s->items.n == 0 && common.allow_empty)
		return 0;
	if (!list_file) {
		st = sn_split(s->second, &s->items, (enum sn_split_by)by, share, common.seed);
	} else if ((st = sn_file_read(list_file, MAX_LIST, &list, &size)) == 0) {
		st = sn_split_list(s->second, &s->items, (enum sn_split_by)by, (char *)list, size,
				   list_file);
		cli_input_sum("list", XXH3_64bits(list, size));
		free(list);
	}
	return st;
}

/* ---- writing ----------------------------------------------------------------------------- */

static int write_headers(struct state *s, const struct sn_record *rec)
{
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);

	if (st < 0)
		return st;
	st = sn_header_add_history(h, cli_history());
	for (int i = 0; i < 2 && st == 0; i++)
		st = sn_write_header(s->w[i], h);
	sn_header_free(h);
	return st;
}

/* Items to their part; whatever else there is to both, but what failed is told in the first alone.
 */
static int write_parts(struct state *s)
{
	struct sn_record rec;
	size_t item = 0;
	int st;

	while ((st = sn_read(s->r, &rec)) > 0) {
		if (st == SN_HEADER)
			st = write_headers(s, &rec);
		else if (st == SN_END) {
			if ((st = sn_write_end(s->w[0], rec.end.failed)) == 0)
				st = sn_write_end(s->w[1], 0);
		} else if (rec.map != SN_MAP_ITEM) {
			if ((st = sn_write_record(s->w[0], &rec)) == 0)
				st = sn_write_record(s->w[1], &rec);
		} else if (item < s->items.n)
			st = sn_write_record(s->w[s->second[item++]], &rec);
		else
			st = sn_fail(SN_EDATA, "%s: has changed while it was read",
				     sn_reader_name(s->r));
		if (st < 0)
			return st;
	}
	if (st == 0 && item != s->items.n)
		st = sn_fail(SN_EDATA, "%s: has changed while it was read", sn_reader_name(s->r));
	return st;
}

/* Both files or neither. */
static int close_parts(struct state *s, int st)
{
	struct stat about;

	/* what a full disk refuses, it refuses here, before either has its name */
	for (int i = 0; i < 2 && st == 0; i++)
		st = sn_writer_flush(s->w[i]);
	if (st < 0) {
		cli_warn("%s", sn_message());
		(void)!sn_writer_close(s->w[0], false);
		(void)!sn_writer_close(s->w[1], false);
		return st;
	}
	st = sn_writer_close(s->w[0], true);
	if (st < 0) {
		cli_warn("%s", sn_message());
		(void)!sn_writer_close(s->w[1], false);
		return st;
	}
	st = sn_writer_close(s->w[1], true);
	if (st < 0) {
		cli_warn("%s", sn_message());
		if (lstat(path[0], &about) == 0 && S_ISREG(about.st_mode))
			unlink(path[0]);
	}
	return st;
}

static int run(struct state *s, const char *input)
{
	int st = open_input(s, input, false);

	if (st < 0 || (st = read_items(s)) < 0 || (st = choose(s)) < 0)
		return st;
	sn_reader_close(s->r);
	s->r = NULL;
	return open_input(s, input, true);
}

int main(int argc, char **argv)
{
	struct state s = { 0 };
	int first = cli_parse(&program, argc, argv), st;
	const char *input;

	check_options();
	input = cli_input(argc, argv, first);
	if (list_file && strcmp(list_file, "-") == 0 && strcmp(input, "-") == 0)
		cli_usage_error("standard input is either the stream or the list");
	if ((st = run(&s, input)) < 0)
		cli_die(st);
	for (int i = 0; i < 2; i++)
		if ((st = sn_writer_open(&s.w[i], path[i],
					 common.text ? SN_FORM_TEXT : SN_FORM_AUTO)) < 0) {
			if (i) /* leaves no temporary file behind; the message stays that of the
				  other */
				(void)!sn_writer_close(s.w[0], false);
			cli_die(st);
		}
	st = close_parts(&s, write_parts(&s));
	sn_reader_close(s.r);
	sn_items_clear(&s.items);
	free(s.second);
	if (s.spool)
		fclose(s.spool);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
