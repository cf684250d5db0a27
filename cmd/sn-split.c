/* sn-split - items in, two files of them out: what is learned from, and what is kept for testing */
#include <errno.h>
#include <fcntl.h>
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
	CLI_THREADS(common),
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
	const char *name; /* of the input, in messages */
	int fd;
	off_t start;	       /* where fd stood */
	FILE *spool;	       /* a copy of what cannot be read twice */
	struct sn_items items; /* of all sections, numbered through */
	uint8_t *second;       /* [items.n] 1: to the second part */
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

/* What cannot be read twice, such as a pipe, goes to a file without a name. */
static int spool_input(struct state *s, int fd, const char *name)
{
	const char *folder = getenv("TMPDIR");
	char block[1 << 16], *temporary;
	ssize_t n;
	int to;

	if (asprintf(&temporary, "%s/sn-split.XXXXXX", folder && *folder ? folder : "/tmp") < 0)
		return sn_fail_memory();
	to = mkstemp(temporary);
	if (to >= 0)
		unlink(temporary);
	s->spool = to >= 0 ? fdopen(to, "w+") : NULL;
	if (!s->spool) {
		sn_fail_errno("cannot make '%s'", temporary);
		free(temporary);
		return SN_EIO;
	}
	free(temporary);
	while ((n = read(fd, block, sizeof block)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sn_fail_errno("cannot read '%s'", name);
		if (fwrite(block, 1, (size_t)n, s->spool) != (size_t)n)
			return sn_fail_errno("cannot write a temporary file");
	}
	if (fflush(s->spool) != 0)
		return sn_fail_errno("cannot write a temporary file");
	return 0;
}

/* Before the first reading: an input that can be read twice, in s->fd or s->spool. */
static int find_input(struct state *s, const char *input)
{
	struct stat about;

	s->name = strcmp(input, "-") == 0 ? "<stdin>" : input;
	s->fd = strcmp(input, "-") == 0 ? STDIN_FILENO : open(input, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &about) < 0)
		return sn_fail_errno("cannot open '%s'", input);
	if (!S_ISREG(about.st_mode))
		return spool_input(s, s->fd, s->name);
	s->start = lseek(s->fd, 0, SEEK_CUR);
	return s->start < 0 ? sn_fail_errno("cannot read '%s' twice", s->name) : 0;
}

static int open_input(struct state *s)
{
	int fd = s->spool ? fileno(s->spool) : s->fd;

	sn_reader_close(s->r);
	s->r = NULL;
	if (lseek(fd, s->spool ? 0 : s->start, SEEK_SET) < 0)
		return sn_fail_errno("cannot read '%s' again", s->name);
	return sn_reader_open_fd(&s->r, fd, s->name, 0);
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

/* All of the input once, to choose; then it stands at its beginning again. */
static int decide(struct state *s, const char *input)
{
	int st;

	if ((st = find_input(s, input)) < 0 || (st = open_input(s)) < 0 ||
	    (st = read_items(s)) < 0 || (st = choose(s)) < 0)
		return st;
	return open_input(s);
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
	if ((st = decide(&s, input)) < 0)
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
