/* cli - one table of options gives parsing, usage and history. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli_private.h"

enum {
	LONG_FIRST = 256, /* getopt's value of option i is LONG_FIRST + i */
	LONG_HELP = 128,  /* no letter, no table entry */
	LONG_VERSION = 129,
};

struct cli_run cli_run;

/* ---- the end --------------------------------------------------------------------------- */

#if defined __SANITIZE_ADDRESS__
/* Asked by the leak checker: who leaves in the middle leaves its memory to the system; the way
   through the end of main is checked. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return cli_run.left;
}
#endif

void cli_leave(int status)
{
	cli_run.left = true;
	exit(status);
}

/* ---- words ---------------------------------------------------------------------------- */

/* One line on standard error, in one piece, whatever characters a file name holds. */
static void say(const char *message)
{
	char line[4096];
	size_t n = 0;

	if (isatty(STDERR_FILENO) == 1) /* a progress line may stand here */
		n += (size_t)snprintf(line, sizeof line, "\r\033[K");
	n += (size_t)snprintf(line + n, sizeof line - n,
			      "%s: ", cli_run.program ? cli_run.program->name : "sn");
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
	cli_warn("%s; try '%s -h'", text, cli_run.program->name);
	cli_leave(CLI_USAGE);
}

void cli_die(int code)
{
	say(sn_message());
	if (code == SN_EUSAGE)
		cli_leave(CLI_USAGE);
	cli_leave(cli_run.program && cli_run.program->trouble ? cli_run.program->trouble
							      : CLI_FAILED);
}

/* ---- the command line ----------------------------------------------------------------- */

void *cli_allocate(size_t n, size_t size)
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
				cli_run.program->options[optopt - LONG_FIRST].name);
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

	while (i < cli_run.n && cli_run.program->options[i].letter != letter)
		i++;
	return i;
}

/* The table in getopt's own form. */
static void describe_options(struct option *longs, char *letters)
{
	const struct cli_option *o = cli_run.program->options;
	size_t k = 0;

	letters[k++] = ':'; /* tell a missing value from an unknown option */
	letters[k++] = 'h';
	letters[k++] = 'V';
	for (size_t i = 0; i < cli_run.n; i++) {
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
	longs[cli_run.n] = (struct option){ "help", no_argument, NULL, LONG_HELP };
	longs[cli_run.n + 1] = (struct option){ "version", no_argument, NULL, LONG_VERSION };
}

static void parse_options(int argc, char **argv)
{
	struct option *longs = cli_allocate(cli_run.n + 3, sizeof *longs);
	char *letters = cli_allocate(3 * cli_run.n + 4, 1);
	int c;

	describe_options(longs, letters);
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		size_t i;

		if (c == 'h' || c == LONG_HELP)
			cli_print_and_exit(cli_run.usage);
		if (c == 'V' || c == LONG_VERSION)
			cli_print_version(cli_run.program);
		if (c == '?' || c == ':')
			refuse_option(c, argv);
		i = c >= LONG_FIRST ? (size_t)(c - LONG_FIRST) : find_letter(c);
		cli_run.given[i] = true;
		cli_parse_value(&cli_run.program->options[i], optarg);
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
	cli_run.program = p;
	while (p->options[cli_run.n].name)
		cli_run.n++;
	cli_run.given = cli_allocate(cli_run.n, sizeof *cli_run.given);
	cli_run.usage = cli_usage_text(p);
	if (!cli_run.usage)
		cli_die(sn_fail_memory());
	parse_options(argc, argv);
	for (size_t i = 0; i < cli_run.n; i++)
		if (strcmp(p->options[i].name, "quiet") == 0 && p->options[i].type == CLI_FLAG)
			quiet = *(bool *)p->options[i].value;
	if (!quiet)
		sn_on_note(listen_to_note);
	return optind;
}

bool cli_given(const char *name)
{
	for (size_t i = 0; i < cli_run.n; i++)
		if (strcmp(cli_run.program->options[i].name, name) == 0)
			return cli_run.given[i];
	return false;
}

void cli_refuse_terminal(void)
{
	if (isatty(STDIN_FILENO) != 1)
		return;
	fputs(cli_run.usage, stderr);
	cli_leave(CLI_USAGE);
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
