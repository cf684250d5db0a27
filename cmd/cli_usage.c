/* cli_usage - what an option is, in words: -h, -V, and the wording of refusals. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/blas.h>
#include <sn/kernel.h>
#include <sn/file.h>
#include "cli_private.h"

enum { HELP_COLUMN = 26, LINE_WIDTH = 79 };

bool cli_bounded(const struct cli_option *o)
{
	return o->least != 0 || o->most != 0;
}

void cli_range_text(char text[96], const struct cli_option *o)
{
	char least[32], most[32];

	text[0] = 0;
	if (!cli_bounded(o))
		return;
	snprintf(least, sizeof least, "%.9g", o->least);
	/* whole numbers in all their digits; the largest of 64 bits is no double */
	if (o->most >= 0x1p64)
		snprintf(most, sizeof most, "2^64-1");
	else if (o->type == CLI_REAL)
		snprintf(most, sizeof most, "%.9g", o->most);
	else
		snprintf(most, sizeof most, "%.0f", o->most);
	if (o->most >= 1e18)
		snprintf(text, 96, "of at least %s", least);
	else
		snprintf(text, 96, "from %s to %s", least, most);
}

void cli_value_text(char *text, size_t size, const struct cli_option *o)
{
	text[0] = 0;
	switch (o->type) {
	case CLI_FLAG:
	case CLI_OPTIONAL_COUNT:
		break;
	case CLI_COUNT:
		if (*(uint64_t *)o->value != UINT64_MAX)
			snprintf(text, size, "%" PRIu64, *(uint64_t *)o->value);
		break;
	case CLI_REAL:
		if (isfinite(*(double *)o->value))
			snprintf(text, size, "%.9g", *(double *)o->value);
		break;
	case CLI_TEXT:
	case CLI_FILE:
		if (*(const char **)o->value)
			snprintf(text, size, "%s", *(const char **)o->value);
		break;
	case CLI_CHOICE:
		snprintf(text, size, "%s", o->choices[*(unsigned *)o->value]);
		break;
	case CLI_SIZE:
		if (((size_t *)o->value)[0])
			snprintf(text, size, "%zux%zu", ((size_t *)o->value)[0],
				 ((size_t *)o->value)[1]);
		break;
	}
}

void cli_choices_text(char *text, size_t size, const struct cli_option *o)
{
	size_t n = 0;

	text[0] = 0;
	for (size_t i = 0; o->choices[i] && n < size; i++) {
		const char *before = i == 0 ? "" : o->choices[i + 1] ? ", " : " or ";

		n += (size_t)snprintf(text + n, size - n, "%s%s", before, o->choices[i]);
	}
}

/* "help: choices (range) [default]" */
static void help_text(char *text, size_t size, const struct cli_option *o)
{
	char range[96], value[256], choices[1024];
	size_t n = (size_t)snprintf(text, size, "%s", o->help);

	if (o->type == CLI_CHOICE) {
		cli_choices_text(choices, sizeof choices, o);
		n += (size_t)snprintf(text + n, size - n, ": %s", choices);
	}
	cli_range_text(range, o);
	if (range[0] && n < size)
		n += (size_t)snprintf(text + n, size - n, " (%s)", strchr(range, ' ') + 1);
	cli_value_text(value, sizeof value, o);
	/* what is only remembered when it was given has no default worth the name */
	if (value[0] && !(o->flags & CLI_OMIT) && n < size)
		snprintf(text + n, size - n, " [%s]", value);
}

static void print_option(FILE *f, char letter, const char *name, const char *argument,
			 bool optional, const char *help)
{
	int column =
		letter ? fprintf(f, "  -%c, --%s", letter, name) : fprintf(f, "      --%s", name);

	if (argument)
		column += fprintf(f, optional ? "[=%s]" : " %s", argument);
	if (column >= HELP_COLUMN - 1) {
		fputc('\n', f);
		column = 0;
	}
	column += fprintf(f, "%*s", HELP_COLUMN - column, "");
	for (const char *word = help; *word;) {
		int length = (int)strcspn(word, " ");

		if (column > HELP_COLUMN && column + 1 + length > LINE_WIDTH)
			column = fprintf(f, "\n%*s", HELP_COLUMN, "") - 1;
		else if (column > HELP_COLUMN)
			column += fprintf(f, " ");
		column += fprintf(f, "%.*s", length, word);
		word += length;
		word += strspn(word, " ");
	}
	fputc('\n', f);
}

/* "usage: name synopsis", broken between its parts, never within "[-o FILE]". */
static void print_synopsis(FILE *f, const struct cli_program *p)
{
	int indent = fprintf(f, "usage: %s", p->name), column = indent;

	for (const char *part = p->synopsis; *part;) {
		int length = 0;

		for (int depth = 0; part[length] && (depth > 0 || part[length] != ' '); length++)
			depth += (part[length] == '[') - (part[length] == ']');
		if (column > indent && column + 1 + length > LINE_WIDTH) {
			fprintf(f, "\n%*s", indent, "");
			column = indent;
		}
		column += fprintf(f, " %.*s", length, part);
		part += length;
		part += strspn(part, " ");
	}
	fputc('\n', f);
}

/* The summary's lines, moved to the left together. */
static void print_summary(FILE *f, const char *summary)
{
	size_t margin = SIZE_MAX;

	for (const char *line = summary; *line;
	     line += strcspn(line, "\n"), line += *line == '\n') {
		size_t blanks = strspn(line, " ");

		if (line[blanks] && line[blanks] != '\n' && blanks < margin)
			margin = blanks;
	}
	for (const char *line = summary; *line; line += *line == '\n') {
		size_t length = strcspn(line, "\n"), cut = length < margin ? length : margin;

		fprintf(f, "%.*s\n", (int)(length - cut), line + cut);
		line += length;
	}
}

static const char *argument_name(const struct cli_option *o)
{
	static const char *const name[] = {
		[CLI_FLAG] = NULL,   [CLI_COUNT] = "N",		 [CLI_REAL] = "X",
		[CLI_TEXT] = "TEXT", [CLI_FILE] = "FILE",	 [CLI_CHOICE] = "NAME",
		[CLI_SIZE] = "WxH",  [CLI_OPTIONAL_COUNT] = "N",
	};

	if (o->type == CLI_FLAG)
		return NULL;
	return o->argument ? o->argument : name[o->type];
}

char *cli_usage_text(const struct cli_program *p)
{
	char *text = NULL, help[2048];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	bool failed;

	if (!f)
		return NULL;
	print_synopsis(f, p);
	print_summary(f, p->summary);
	fputs("options:\n", f);
	for (size_t i = 0; i < cli_run.n; i++) {
		const struct cli_option *o = &p->options[i];

		help_text(help, sizeof help, o);
		print_option(f, o->letter, o->name, argument_name(o), o->type == CLI_OPTIONAL_COUNT,
			     help);
	}
	print_option(f, 'h', "help", NULL, false, "show this text");
	print_option(f, 'V', "version", NULL, false,
		     "show version, stream format, BLAS and instruction set");
	fprintf(f, "example: %s\n", p->example);
	failed = ferror(f);
	if (fclose(f) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- -h and -V ------------------------------------------------------------------------ */

void cli_print_and_exit(const char *text)
{
	struct sn_output *o;
	int st = sn_output_open(&o, "-");

	if (st == 0 && (st = sn_output_write(o, text, strlen(text))) < 0)
		sn_output_discard(o);
	else if (st == 0)
		st = sn_output_commit(o);
	if (st < 0)
		cli_die(st);
	cli_leave(CLI_OK);
}

void cli_print_version(const struct cli_program *p)
{
	char text[512], blas[128];

	snprintf(text, sizeof text, "%s %s\nstream format %d\nBLAS: %s\ninstruction set: %s\n",
		 p->name, SN_VERSION, SN_STREAM_VERSION, sn_blas_text(blas), sn_kernel_isa());
	cli_print_and_exit(text);
}
