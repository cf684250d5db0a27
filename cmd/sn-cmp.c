/* sn-cmp - whether two streams say the same, within a tolerance */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/compare.h>
#include <sn/file.h>
#include "cli.h"

enum { SAME = 0, DIFFERENT = 1, TROUBLE = 2, SHOWN = 10 };

static struct cli_common common = CLI_COMMON_INIT;
static double abs_tolerance, rel_tolerance;
static const char *ignore;

static const struct cli_option options[] = {
	{ 0, "abs", CLI_REAL, &abs_tolerance, "A", "floats may differ by A", 0, 1e300, NULL, 0 },
	{ 0, "rel", CLI_REAL, &rel_tolerance, "R", "floats may differ by R times the larger", 0,
	  1e300, NULL, 0 },
	{ 0, "ignore", CLI_TEXT, &ignore, "KEYS", "keys that are not compared, separated by commas",
	  0, 0, NULL, 0 },
	CLI_OUT(common),
	CLI_TEXTUAL(common),
	CLI_THREADS(common),
	CLI_QUIET(common),
	CLI_VERBOSE(common),
	CLI_END,
};

static const struct cli_program program = {
	.name = "sn-cmp",
	.synopsis = "[--abs A] [--rel R] [--ignore KEYS] [-q] [-v] [-o FILE] A B",
	.summary = "Compares two streams map by map; histories, counts and sums apart.\n"
		   "in:   two streams (one of them may be -)\n"
		   "out:  a line per difference, the first ten (-v: all, and the largest gap; -q: "
		   "none)\n"
		   "exit: 0 same, 1 different, 2 trouble; NaN is never the same\n",
	.example = "sn-cmp --rel 1e-5 ours.sn theirs.sn",
	.options = options,
	.trouble = TROUBLE,
};

struct side {
	struct sn_reader *r;
	struct sn_record rec;
	int st;
};

static struct side a, b;
static struct sn_output *out;
/* Where we are: the section, from 1, and in it the record, from 1; 0: its header. */
static uint64_t section, record;

static void print(const char *format, ...) SN_PRINTF(1, 2);
static void print(const char *format, ...)
{
	char *line;
	va_list args;
	int n, st;
	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n < 0)
		cli_die(sn_fail_memory());
	if ((st = sn_output_write(out, line, (size_t)n)) < 0)
		cli_die(st);
	free(line);
}

static void show(void *context, const char *where, const char *x, const char *y)
{
	const struct sn_comparison *c = context;
	if (common.quiet || (c->differences > SHOWN && !common.verbose))
		return;
	if (section > 1)
		print("section %" PRIu64 " ", section);
	if (record)
		print("record %" PRIu64 ": %s: %s, %s\n", record, where, x, y);
	else
		print("header: %s: %s, %s\n", where, x, y);
}

/* What concerns a whole section. */
static void differ(struct sn_comparison *c, const char *what, const char *x, const char *y)
{
	c->differences++;
	if (!common.quiet && (c->differences <= SHOWN || common.verbose))
		print("section %" PRIu64 " after record %" PRIu64 ": %s: %s, %s\n", section, record,
		      what, x, y);
}

static void next(struct side *s)
{
	s->st = sn_read(s->r, &s->rec);
	if (s->st < 0)
		cli_die(s->st);
}

static const char *what(int st)
{
	return st == SN_HEADER	 ? "a header"
	       : st == SN_RECORD ? "a record"
	       : st == SN_END	 ? "the end"
				 : "end of file";
}

static void compare_ends(struct sn_comparison *c)
{
	char x[24], y[24];
	if (a.rec.end.failed == b.rec.end.failed)
		return;
	snprintf(x, sizeof x, "%" PRIu64, a.rec.end.failed);
	snprintf(y, sizeof y, "%" PRIu64, b.rec.end.failed);
	differ(c, "failed", x, y);
}

/* Ends with both files read whole, so that damage anywhere is trouble. */
static void compare(struct sn_comparison *c)
{
	for (next(&a), next(&b); a.st || b.st; next(&a), next(&b)) {
		if (a.st != b.st) {
			differ(c, "kind of map", what(a.st), what(b.st));
			break;
		}
		if (a.st == SN_END) {
			compare_ends(c);
			continue;
		}
		section += a.st == SN_HEADER;
		record = a.st == SN_HEADER ? 0 : record + 1;
		if (sn_compare(c, a.rec.bytes, b.rec.bytes) < 0)
			cli_die(SN_ENOMEM);
	}
	while (a.st)
		next(&a);
	while (b.st)
		next(&b);
}

static void refuse_empty(const struct sn_reader *r)
{
	if (sn_reader_offset(r) > 0)
		return;
	sn_fail(SN_EDATA, "%s: empty input, not even a header", sn_reader_name(r));
	cli_die(SN_EDATA);
}

/* "history" and the words of --ignore, NULL-terminated; they stand in *words. */
static const char **ignored_keys(char **words)
{
	size_t n = 2, i = 0;
	char *rest, *word;
	const char **keys;
	for (const char *p = ignore; p && *p; p++)
		n += *p == ',';
	keys = calloc(n + 1, sizeof *keys);
	*words = rest = ignore ? strdup(ignore) : NULL;
	if (!keys || (ignore && !rest))
		cli_die(sn_fail_memory());
	keys[i++] = "history";
	while (rest && (word = strsep(&rest, ",")) && i < n)
		keys[i++] = word;
	return keys;
}

int main(int argc, char **argv)
{
	struct sn_comparison c = { .differ = show, .context = &c };
	char *words;
	int first = cli_parse(&program, argc, argv);
	if (argc - first != 2)
		cli_usage_error("two streams are wanted, not %d", argc - first);
	if (strcmp(argv[first], "-") == 0 && strcmp(argv[first + 1], "-") == 0)
		cli_usage_error("only one of the streams can be standard input");
	c.abs = abs_tolerance;
	c.rel = rel_tolerance;
	c.ignore = ignored_keys(&words);
	if (sn_reader_open(&a.r, argv[first], SN_READ_NAN) < 0 ||
	    sn_reader_open(&b.r, argv[first + 1], SN_READ_NAN) < 0 ||
	    sn_output_open(&out, common.out) < 0)
		cli_die(SN_EIO);
	compare(&c);
	refuse_empty(a.r);
	refuse_empty(b.r);
	if (common.verbose && !common.quiet)
		print("differences\t%" PRIu64 "\nlargest\t%.9g\nlargest relative\t%.9g\n",
		      c.differences, c.worst_abs, c.worst_rel);
	else if (c.differences > SHOWN && !common.quiet)
		print("and %" PRIu64 " more\n", c.differences - SHOWN);
	sn_reader_close(a.r);
	sn_reader_close(b.r);
	free((void *)c.ignore);
	free(words);
	if (sn_output_commit(out) < 0)
		cli_die(SN_EIO);
	return c.differences ? DIFFERENT : SAME;
}
