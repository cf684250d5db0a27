/* cli - one table of options gives parsing, usage and history. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <msgpack.h>
#include <sn/blas.h>
#include <sn/file.h>
#include "cli.h"

enum {
	LONG_FIRST = 256, /* getopt's value of option i is LONG_FIRST + i */
	LONG_HELP = 128,  /* no letter, no table entry */
	LONG_VERSION = 129,
	HELP_COLUMN = 26,
	LINE_WIDTH = 79,
	MAX_SIDE = 1000000 /* of a WxH without limits of its own */
};

struct input {
	char *key;
	uint64_t xxh3;
};

/* What this run was asked; a program has one command line. */
static struct {
	const struct cli_program *program;
	size_t n;    /* options in the table */
	bool *given; /* [n] */
	char *usage; /* written before parsing overwrites the defaults */
	struct input *input;
	size_t inputs;
	msgpack_sbuffer history;
} run;

/* ---- words ---------------------------------------------------------------------------- */

/* One line on standard error, in one piece, whatever characters a file name holds. */
static void say(const char *message)
{
	char line[4096];
	size_t n = 0;

	if (isatty(STDERR_FILENO) == 1) /* a progress line may stand here */
		n += (size_t)snprintf(line, sizeof line, "\r\033[K");
	n += (size_t)snprintf(line + n, sizeof line - n,
			      "%s: ", run.program ? run.program->name : "sn");
	for (const char *p = message; *p && n < sizeof line - 8; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f)
			n += (size_t)snprintf(line + n, sizeof line - n, "\\x%02x", c);
		else
			line[n++] = *p;
	}
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nobody left to tell */
}

void cli_warn(const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	say(text);
}

void cli_usage_error(const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	cli_warn("%s; try '%s -h'", text, run.program->name);
	exit(CLI_USAGE);
}

void cli_die(int code)
{
	say(sn_message());
	if (code == SN_EUSAGE)
		exit(CLI_USAGE);
	exit(run.program && run.program->trouble ? run.program->trouble : CLI_FAILED);
}

/* ---- usage ---------------------------------------------------------------------------- */

static bool bounded(const struct cli_option *o)
{
	return o->least != 0 || o->most != 0;
}

/* "from 0 to 1024", "of at least 0.5", "" */
static void range_text(char text[96], const struct cli_option *o)
{
	char least[32], most[32];

	text[0] = 0;
	if (!bounded(o))
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

/* The value as it would be typed; "" where there is none. */
static void value_text(char *text, size_t size, const struct cli_option *o)
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

/* "a, b or c" */
static void choices_text(char *text, size_t size, const struct cli_option *o)
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
		choices_text(choices, sizeof choices, o);
		n += (size_t)snprintf(text + n, size - n, ": %s", choices);
	}
	range_text(range, o);
	if (range[0] && n < size)
		n += (size_t)snprintf(text + n, size - n, " (%s)", strchr(range, ' ') + 1);
	value_text(value, sizeof value, o);
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

static char *usage_text(const struct cli_program *p)
{
	char *text = NULL, help[2048];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	bool failed;

	if (!f)
		return NULL;
	fprintf(f, "usage: %s %s\n%s", p->name, p->synopsis, p->summary);
	if (p->summary[0] && p->summary[strlen(p->summary) - 1] != '\n')
		fputc('\n', f);
	fputs("options:\n", f);
	for (size_t i = 0; i < run.n; i++) {
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

static void print_and_exit(const char *text) __attribute__((noreturn));
static void print_and_exit(const char *text)
{
	struct sn_output *o;
	int st = sn_output_open(&o, "-");

	if (st == 0 && (st = sn_output_write(o, text, strlen(text))) < 0)
		sn_output_discard(o);
	else if (st == 0)
		st = sn_output_commit(o);
	if (st < 0)
		cli_die(st);
	exit(CLI_OK);
}

/* The level of x86-64 that this processor has, by the instructions that kernels would use. */
static const char *instruction_set(void)
{
#if defined __x86_64__
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl"))
		return "x86-64-v4";
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	    __builtin_cpu_supports("bmi2"))
		return "x86-64-v3";
	if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
		return "x86-64-v2";
#endif
	return "generic";
}

static void print_version(const struct cli_program *p)
{
	char text[512], blas[128];

	snprintf(text, sizeof text, "%s %s\nstream format %d\nBLAS: %s\ninstruction set: %s\n",
		 p->name, SN_VERSION, SN_STREAM_VERSION, sn_blas_text(blas), instruction_set());
	print_and_exit(text);
}

/* ---- values --------------------------------------------------------------------------- */

/* Digits alone; false for anything else, and for what does not fit. */
static bool parse_count(const char *s, uint64_t *v)
{
	char *end;

	if (!*s || s[strspn(s, "0123456789")])
		return false;
	errno = 0;
	*v = strtoull(s, &end, 10);
	return errno == 0;
}

/* A decimal number: strtod would also take blanks, "nan", "inf" and hexadecimal. */
static bool parse_real(const char *s, double *v)
{
	char *end;

	if (!*s || s[strspn(s, "0123456789+-.eE")])
		return false;
	*v = strtod(s, &end);
	return end != s && !*end && isfinite(*v);
}

static bool parse_size(const char *s, size_t v[2], const struct cli_option *o)
{
	uint64_t least = bounded(o) ? (uint64_t)o->least : 1;
	uint64_t most = bounded(o) ? (uint64_t)o->most : MAX_SIDE;
	const char *x = strchr(s, 'x');
	char first[24];
	uint64_t w, h;

	if (!x || (size_t)(x - s) >= sizeof first)
		return false;
	memcpy(first, s, (size_t)(x - s));
	first[x - s] = 0;
	if (!parse_count(first, &w) || !parse_count(x + 1, &h) || w < least || h < least ||
	    w > most || h > most || w == 0 || h == 0)
		return false;
	v[0] = (size_t)w;
	v[1] = (size_t)h;
	return true;
}

static bool in_range(const struct cli_option *o, double v)
{
	return !bounded(o) || (v >= o->least && v <= o->most);
}

static void refuse_value(const struct cli_option *o, const char *value, const char *wanted)
	__attribute__((noreturn));
static void refuse_value(const struct cli_option *o, const char *value, const char *wanted)
{
	char range[96];

	range_text(range, o);
	cli_usage_error("--%s: '%s' is not %s%s%s", o->name, value, wanted, range[0] ? " " : "",
			range);
}

static void parse_choice(const struct cli_option *o, const char *value)
{
	char wanted[1024];

	for (unsigned i = 0; o->choices[i]; i++)
		if (strcmp(o->choices[i], value) == 0) {
			*(unsigned *)o->value = i;
			return;
		}
	choices_text(wanted, sizeof wanted, o);
	cli_usage_error("--%s: '%s' is not %s", o->name, value, wanted);
}

static void parse_value(const struct cli_option *o, const char *value)
{
	uint64_t count;
	double real;

	switch (o->type) {
	case CLI_FLAG:
		*(bool *)o->value = true;
		break;
	case CLI_OPTIONAL_COUNT:
		if (!value) {
			*(uint64_t *)o->value = UINT64_MAX;
			break;
		}
		/* fall through */
	case CLI_COUNT:
		if (!parse_count(value, &count) || !in_range(o, (double)count))
			refuse_value(o, value, "a whole number");
		*(uint64_t *)o->value = count;
		break;
	case CLI_REAL:
		if (!parse_real(value, &real) || !in_range(o, real))
			refuse_value(o, value, "a number");
		*(double *)o->value = real;
		break;
	case CLI_FILE:
		if (!*value)
			cli_usage_error("--%s: '' is not a file", o->name);
		/* fall through */
	case CLI_TEXT:
		/* the history keeps it, written with up to four characters for one */
		if (strlen(value) > SN_MAX_STRING / 4)
			cli_usage_error("--%s: longer than %u bytes", o->name, SN_MAX_STRING / 4);
		*(const char **)o->value = value;
		break;
	case CLI_CHOICE:
		parse_choice(o, value);
		break;
	case CLI_SIZE:
		if (!parse_size(value, o->value, o))
			refuse_value(o, value, "a size such as 28x28");
		break;
	}
}

/* ---- the command line ----------------------------------------------------------------- */

static void *allocate(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		cli_die(sn_fail_memory());
	return p;
}

/* Nobody's file may become descriptor 0, 1 or 2 because the caller had closed it. */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			/* the wrong way round, so that using it still fails */
			if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
				return;
}

/* Some callers ignore SIGPIPE, which children inherit: a filter dies when nobody listens. */
static void restore_sigpipe(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* getopt's answer to a mistake, in words. */
static void refuse_option(int answer, char **argv)
{
	const char *argument = argv[optind - 1];
	bool is_long = strncmp(argument, "--", 2) == 0 && argument[2];

	if (answer == ':' && optopt >= LONG_FIRST)
		cli_usage_error("option '--%s' needs a value",
				run.program->options[optopt - LONG_FIRST].name);
	if (answer == ':')
		cli_usage_error("option '-%c' needs a value", optopt);
	if (is_long && optopt) /* known, but with a value */
		cli_usage_error("option '%.*s' takes no value", (int)strcspn(argument, "="),
				argument);
	if (is_long)
		cli_usage_error("unknown option '%s'", argument);
	cli_usage_error("unknown option '-%c'", optopt);
}

static size_t find_letter(int letter)
{
	size_t i = 0;

	while (i < run.n && run.program->options[i].letter != letter)
		i++;
	return i;
}

/* The table in getopt's own form. */
static void describe_options(struct option *longs, char *letters)
{
	const struct cli_option *o = run.program->options;
	size_t k = 0;

	letters[k++] = ':'; /* tell a missing value from an unknown option */
	letters[k++] = 'h';
	letters[k++] = 'V';
	for (size_t i = 0; i < run.n; i++) {
		longs[i] =
			(struct option){ o[i].name, required_argument, NULL, LONG_FIRST + (int)i };
		if (o[i].type == CLI_FLAG)
			longs[i].has_arg = no_argument;
		else if (o[i].type == CLI_OPTIONAL_COUNT)
			longs[i].has_arg = optional_argument;
		if (!o[i].letter)
			continue;
		letters[k++] = o[i].letter;
		if (o[i].type != CLI_FLAG)
			letters[k++] = ':';
		if (o[i].type == CLI_OPTIONAL_COUNT)
			letters[k++] = ':';
	}
	longs[run.n] = (struct option){ "help", no_argument, NULL, LONG_HELP };
	longs[run.n + 1] = (struct option){ "version", no_argument, NULL, LONG_VERSION };
}

static void parse_options(int argc, char **argv)
{
	struct option *longs = allocate(run.n + 3, sizeof *longs);
	char *letters = allocate(3 * run.n + 4, 1);
	int c;

	describe_options(longs, letters);
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		size_t i;

		if (c == 'h' || c == LONG_HELP)
			print_and_exit(run.usage);
		if (c == 'V' || c == LONG_VERSION)
			print_version(run.program);
		if (c == '?' || c == ':')
			refuse_option(c, argv);
		i = c >= LONG_FIRST ? (size_t)(c - LONG_FIRST) : find_letter(c);
		run.given[i] = true;
		parse_value(&run.program->options[i], optarg);
	}
	free(longs);
	free(letters);
}

static void listen_to_note(const char *message)
{
	say(message);
}

int cli_parse(const struct cli_program *p, int argc, char **argv)
{
	bool quiet = false;

	hold_standard_descriptors();
	restore_sigpipe();
	run.program = p;
	while (p->options[run.n].name)
		run.n++;
	run.given = allocate(run.n, sizeof *run.given);
	run.usage = usage_text(p);
	if (!run.usage)
		cli_die(sn_fail_memory());
	parse_options(argc, argv);
	for (size_t i = 0; i < run.n; i++)
		if (strcmp(p->options[i].name, "quiet") == 0 && p->options[i].type == CLI_FLAG)
			quiet = *(bool *)p->options[i].value;
	if (!quiet)
		sn_on_note(listen_to_note);
	return optind;
}

bool cli_given(const char *name)
{
	for (size_t i = 0; i < run.n; i++)
		if (strcmp(run.program->options[i].name, name) == 0)
			return run.given[i];
	return false;
}

void cli_refuse_terminal(void)
{
	if (isatty(STDIN_FILENO) != 1)
		return;
	fputs(run.usage, stderr);
	exit(CLI_USAGE);
}

const char *cli_input(int argc, char **argv, int first)
{
	if (argc - first > 1)
		cli_usage_error("one input at most, and '%s' is a second", argv[first + 1]);
	if (argc - first == 1)
		return argv[first];
	cli_refuse_terminal();
	return "-";
}

/* ---- history -------------------------------------------------------------------------- */

void cli_input_sum(const char *key, uint64_t xxh3)
{
	struct input *in = realloc(run.input, (run.inputs + 1) * sizeof *in);

	if (!in)
		cli_die(sn_fail_memory());
	run.input = in;
	in[run.inputs].key = strdup(key);
	if (!in[run.inputs].key)
		cli_die(sn_fail_memory());
	in[run.inputs++].xxh3 = xxh3;
}

/* As names are written in a stream: the command line may hold any bytes, a str only UTF-8. */
static void pack_text(msgpack_packer *pk, const char *s)
{
	struct sn_buffer name = { 0 };
	int st;

	if (!s) {
		msgpack_pack_nil(pk);
		return;
	}
	if ((st = sn_name_escape(&name, s, strlen(s))) < 0)
		cli_die(st);
	msgpack_pack_str_with_body(pk, name.data, name.size);
	sn_buffer_release(&name);
}

static void pack_value(msgpack_packer *pk, const struct cli_option *o)
{
	char text[64];

	switch (o->type) {
	case CLI_FLAG:
		*(bool *)o->value ? msgpack_pack_true(pk) : msgpack_pack_false(pk);
		break;
	case CLI_OPTIONAL_COUNT:
		if (*(uint64_t *)o->value == UINT64_MAX)
			msgpack_pack_true(pk);
		else
			msgpack_pack_uint64(pk, *(uint64_t *)o->value);
		break;
	case CLI_COUNT:
		if (*(uint64_t *)o->value == UINT64_MAX && !cli_given(o->name))
			msgpack_pack_nil(pk);
		else
			msgpack_pack_uint64(pk, *(uint64_t *)o->value);
		break;
	case CLI_REAL:
		if (isfinite(*(double *)o->value))
			msgpack_pack_double(pk, *(double *)o->value);
		else
			msgpack_pack_nil(pk);
		break;
	case CLI_TEXT:
	case CLI_FILE:
		pack_text(pk, *(const char **)o->value);
		break;
	case CLI_CHOICE:
		pack_text(pk, o->choices[*(unsigned *)o->value]);
		break;
	case CLI_SIZE:
		value_text(text, sizeof text, o);
		pack_text(pk, text[0] ? text : NULL);
		break;
	}
}

/* Can this option change the result, and is it said in words rather than by a file's sum? */
static bool remembered(size_t i)
{
	const struct cli_option *o = &run.program->options[i];

	return o->type != CLI_FILE && !(o->flags & CLI_SILENT) &&
	       (!(o->flags & CLI_OMIT) || run.given[i]);
}

static int by_name(const void *a, const void *b)
{
	const struct cli_option *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct input *)a)->key, ((const struct input *)b)->key);
}

struct sn_slice cli_history(void)
{
	const struct cli_option **o = allocate(run.n, sizeof(*o));
	msgpack_packer pk;
	size_t n = 0;

	for (size_t i = 0; i < run.n; i++)
		if (remembered(i))
			o[n++] = &run.program->options[i];
	qsort(o, n, sizeof(*o), by_name);
	if (run.inputs)
		qsort(run.input, run.inputs, sizeof *run.input, by_key);

	msgpack_sbuffer_clear(&run.history);
	msgpack_packer_init(&pk, &run.history, msgpack_sbuffer_write);
	msgpack_pack_map(&pk, run.inputs ? 4 : 3);
	pack_text(&pk, "cmd");
	pack_text(&pk, run.program->name);
	pack_text(&pk, "version");
	pack_text(&pk, SN_VERSION);
	pack_text(&pk, "options");
	msgpack_pack_map(&pk, n);
	for (size_t i = 0; i < n; i++) {
		pack_text(&pk, o[i]->name);
		pack_value(&pk, o[i]);
	}
	if (run.inputs) {
		pack_text(&pk, "inputs");
		msgpack_pack_map(&pk, run.inputs);
		for (size_t i = 0; i < run.inputs; i++) {
			pack_text(&pk, run.input[i].key);
			msgpack_pack_uint64(&pk, run.input[i].xxh3);
		}
	}
	free(o);
	return (struct sn_slice){ (const uint8_t *)run.history.data, run.history.size };
}

/* ---- streams -------------------------------------------------------------------------- */

struct sn_reader *cli_reader(const char *path)
{
	struct sn_reader *r;
	int st = sn_reader_open(&r, path, 0);

	if (st < 0)
		cli_die(st);
	return r;
}

struct sn_writer *cli_writer(const struct cli_common *c, struct sn_reader *r)
{
	struct sn_writer *w;
	int st = sn_writer_open(&w, c->out, c->text ? SN_FORM_TEXT : SN_FORM_AUTO);

	if (st < 0)
		cli_die(st);
	if (r)
		sn_reader_before_wait(r, sn_writer_flush_call, w);
	return w;
}

int cli_check_empty(const struct sn_reader *r, bool seen_section, const struct cli_common *c)
{
	if (seen_section || c->allow_empty)
		return 0;
	return sn_fail(SN_EDATA, "%s: empty input, not even a header; --allow-empty lets it pass",
		       sn_reader_name(r));
}
