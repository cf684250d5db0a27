/*
 * sn-split - items in, two files of them out: what is learned from, and what is kept for testing;
 * or two files in, and whether they have anything in common
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
static const char *list_file, *path[2], *list_out, *fold_text; /* path: of the parts */
static uint64_t level, fold, folds;
static bool check;

/* clang-format off */
static struct cli_option options[] = {
	{ 0, "by", CLI_CHOICE, &by, "WHAT", "what is kept together or counted: a class is in one part only, or in both", 0, 0, by_names, 0 },
	{ 0, "level", CLI_COUNT, &level, "L", "by class: labels that share their first L parts stay together, 0: all parts", 0, 65535, NULL, CLI_OMIT },
	{ 0, "share", CLI_REAL, &share, "F", "the second part's share of the classes, or of each class's items", 0, 1, NULL, 0 },
	{ 0, "fold", CLI_TEXT, &fold_text, "I/N", "the second part is the I-th of N that have each item once", 0, 0, NULL, CLI_OMIT },
	{ 0, "list", CLI_FILE, &list_file, "FILE", "the second part: a label (by class) or a key (by item) a line", 0, 0, NULL, CLI_INPUT },
	{ 'o', "first", CLI_FILE, &path[0], "FILE", "write the first part, for training, to FILE", 0, 0, NULL, CLI_SILENT },
	{ 'O', "second", CLI_FILE, &path[1], "FILE", "write the second part, for testing, to FILE", 0, 0, NULL, CLI_SILENT },
	{ 0, "write-list", CLI_FILE, &list_out, "FILE", "write the second part's labels or keys to FILE, for --list", 0, 0, NULL, CLI_SILENT },
	{ 0, "check", CLI_FLAG, &check, NULL, "of two files: name the labels (or keys) that are in both; 0 none, 1 some, 2 trouble", 0, 0, NULL, CLI_SILENT },
	CLI_SEED(common),
	CLI_TEXTUAL(common),
	CLI_THREADS(common),
	CLI_QUIET(common),
	CLI_VERBOSE(common),
	CLI_EMPTY(common),
	CLI_END,
};
/* clang-format on */

static struct cli_program program = {
	.name = "sn-split",
	.synopsis =
		"[--by class|item] [--level L] [--share F | --fold I/N | --list FILE] [-s SEED] "
		"-o FILE -O FILE [STREAM]\n"
		"       sn-split --check [--by class|item] [--level L] STREAM STREAM",
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

/* One of N folds, both whole numbers, as "2/5". */
static void parse_fold(void)
{
	char *end = NULL;

	if (fold_text[0] >= '1' && fold_text[0] <= '9')
		fold = strtoull(fold_text, &end, 10);
	if (end && *end == '/' && end[1] >= '1' && end[1] <= '9')
		folds = strtoull(end + 1, &end, 10);
	if (!end || *end || folds < 2 || fold > folds || folds > UINT32_MAX)
		cli_usage_error("--fold: '%s' is not I/N, the I-th of N parts, such as 2/5",
				fold_text);
}

static void check_files(void)
{
	struct stat a, b;

	if (list_out && !path[0] && !path[1])
		return; /* the list is all that is wanted */
	if (!path[0] || !path[1])
		cli_usage_error("two files are wanted: -o for the first part, -O for the second");
	if (strcmp(path[0], path[1]) == 0 ||
	    (stat(path[0], &a) == 0 && stat(path[1], &b) == 0 && S_ISREG(a.st_mode) &&
	     a.st_dev == b.st_dev && a.st_ino == b.st_ino))
		cli_usage_error("both parts would go to '%s'", path[0]);
	for (int i = 0; i < 2 && list_out; i++)
		if (strcmp(list_out, path[i]) == 0)
			cli_usage_error("the list and a part would go to '%s'", list_out);
}

static void check_options(void)
{
	check_files();
	if (list_file && (cli_given("share") || cli_given("seed") || fold_text))
		cli_usage_error("--list leaves nothing to --share, --fold and --seed");
	if (fold_text && cli_given("share"))
		cli_usage_error("choose one of --share and --fold");
	if (fold_text)
		parse_fold();
	if (!(share > 0 && share < 1))
		cli_usage_error("--share: '%g' leaves one part empty", share);
	/* where nothing is drawn, neither is a part of the history */
	for (struct cli_option *o = options; o->name; o++)
		if ((o->value == &share && (list_file || folds)) ||
		    (o->value == &common.seed && list_file))
			o->flags |= CLI_SILENT;
}

static void check_level(void)
{
	if (level && by == SN_SPLIT_ITEM)
		cli_usage_error("--level goes with --by class");
}

static struct sn_split_options how(void)
{
	return (struct sn_split_options){ .by = (enum sn_split_by)by,
					  .level = (unsigned)level,
					  .share = share,
					  .fold = fold,
					  .folds = folds,
					  .seed = common.seed };
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

/* A list that sn-split wrote says how it was made, and of which items. */
static int heed_head(const struct sn_split_head *head, const struct sn_items *items)
{
	uint64_t sum;
	int st;

	if ((cli_given("by") && by != (unsigned)head->by) ||
	    (cli_given("level") && level != head->level))
		return sn_fail(SN_EDATA, "%s: was made by %s, level %u: leave out --by and --level",
			       list_file, by_names[head->by], head->level);
	by = (unsigned)head->by;
	level = head->level;
	if ((st = sn_split_sum(items, &sum)) == 0 && sum != head->sum)
		sn_note("'%s' was made of other items (%" PRIu64
			" then, %zu now): what it names is "
			"looked up all the same",
			list_file, head->items, items->n);
	return st;
}

static int choose_listed(struct state *s)
{
	struct sn_split_head head;
	struct sn_split_options o;
	uint8_t *list;
	size_t size;
	int st = sn_file_read(list_file, MAX_LIST, &list, &size);

	if (st < 0)
		return st;
	st = sn_split_head_read(&head, (char *)list, size, list_file);
	if (st > 0)
		st = heed_head(&head, &s->items);
	o = how();
	if (st == 0)
		st = sn_split_list(s->second, &s->items, &o, (char *)list, size, list_file);
	cli_input_sum("list", XXH3_64bits(list, size));
	free(list);
	return st;
}

static int choose(struct state *s)
{
	const struct sn_split_options o = how();

	s->second = sn_alloc(s->items.n + 1, 1);
	if (!s->second)
		return SN_ENOMEM;
	if (s->items.n == 0 && common.allow_empty)
		return 0;
	return list_file ? choose_listed(s) : sn_split_by(s->second, &s->items, &o);
}

/* ---- two files ----------------------------------------------------------------------------- */

static int tell_common(void *count, struct sn_slice name)
{
	if (!common.quiet && name.data)
		printf("%.*s\n", (int)name.size, (const char *)name.data);
	else if (!name.data)
		cli_warn("both have items without a label");
	++*(uint64_t *)count;
	return 0;
}

static int read_labels(const char *file, struct sn_items *items)
{
	struct state s = { .r = cli_reader(file) };
	int st = read_items(&s);

	sn_reader_close(s.r);
	*items = s.items;
	if (st == 0 && !items->n && !common.allow_empty)
		st = sn_fail(SN_EDATA, "%s: has no items", file);
	return st;
}

/* The exit status is the answer. */
static int check_disjoint(int n, char **file)
{
	static const char *const useless[] = { "share",	 "fold",       "list", "first",
					       "second", "write-list", "seed" };
	struct sn_items a = { 0 }, b = { 0 };
	const struct sn_split_options o = how();
	uint64_t count = 0;
	int st;

	program.trouble = CLI_USAGE;
	for (size_t i = 0; i < sizeof useless / sizeof *useless; i++)
		if (cli_given(useless[i]))
			cli_usage_error("--check splits nothing: --%s does not go with it",
					useless[i]);
	if (n != 2 || (strcmp(file[0], "-") == 0 && strcmp(file[1], "-") == 0))
		cli_usage_error("--check wants two files of items");
	if ((st = read_labels(file[0], &a)) < 0 || (st = read_labels(file[1], &b)) < 0 ||
	    (st = sn_split_common(&a, &b, &o, tell_common, &count)) < 0)
		cli_die(st);
	sn_items_clear(&a);
	sn_items_clear(&b);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_warn("cannot write <stdout>");
		return CLI_USAGE;
	}
	if (count)
		sn_note("%" PRIu64 " %s in both", count,
			by == SN_SPLIT_ITEM ? (count == 1 ? "key is" : "keys are")
			: level	     ? (count == 1 ? "group of labels is" : "groups of labels are")
			: count == 1 ? "label is"
				     : "labels are");
	return count ? CLI_FAILED : CLI_OK;
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

static void remove_part(const char *file)
{
	struct stat about;

	if (lstat(file, &about) == 0 && S_ISREG(about.st_mode))
		unlink(file);
}

/* Both files or neither. */
static int close_parts(struct state *s, int st)
{
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
		remove_part(path[0]);
	}
	return st;
}

/* What the second part is, written down; o is ended. */
static int write_list(struct state *s, struct sn_output *o)
{
	const struct sn_split_options options_used = how();
	struct sn_buffer text = { 0 };
	int st = sn_split_write(&text, &s->items, s->second, &options_used);

	if (st == 0)
		st = sn_output_write(o, text.data, text.size);
	sn_buffer_release(&text);
	if (st < 0) {
		sn_output_discard(o);
		return st;
	}
	return sn_output_commit(o);
}

static int write_all(struct state *s)
{
	struct sn_output *list = NULL;
	int st;

	if (list_out && sn_output_open(&list, list_out) < 0) {
		cli_warn("%s", sn_message());
		return SN_EIO;
	}
	for (int i = 0; path[0] && i < 2; i++)
		if ((st = sn_writer_open(&s->w[i], path[i],
					 common.text ? SN_FORM_TEXT : SN_FORM_AUTO)) < 0) {
			cli_warn("%s", sn_message());
			if (i) /* leaves no temporary file behind */
				(void)!sn_writer_close(s->w[0], false);
			sn_output_discard(list);
			return st;
		}
	if (path[0] && (st = close_parts(s, write_parts(s))) < 0) {
		sn_output_discard(list);
		return st;
	}
	if (list && (st = write_list(s, list)) < 0) {
		cli_warn("%s", sn_message());
		for (int i = 0; path[0] && i < 2; i++)
			remove_part(path[i]);
		return st;
	}
	return 0;
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

	check_level();
	if (check)
		return check_disjoint(argc - first, argv + first);
	check_options();
	input = cli_input(argc, argv, first);
	if (list_file && strcmp(list_file, "-") == 0 && strcmp(input, "-") == 0)
		cli_usage_error("standard input is either the stream or the list");
	if ((st = decide(&s, input)) < 0)
		cli_die(st);
	st = write_all(&s);
	sn_reader_close(s.r);
	sn_items_clear(&s.items);
	free(s.second);
	if (s.spool)
		fclose(s.spool);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
