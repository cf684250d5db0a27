/* cli - the command line of all programs: one table of options gives parsing, usage and history. */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/stream.h>

/** Exit statuses.  Comparers: 0 same, 1 different, 2 trouble. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

enum cli_type {
	CLI_FLAG,	    /* bool *: true when given */
	CLI_COUNT,	    /* uint64_t *: a whole number in [least, most] */
	CLI_REAL,	    /* double *: a finite number in [least, most] */
	CLI_TEXT,	    /* const char ** */
	CLI_FILE,	    /* const char **: a file; never in the history, but see CLI_INPUT */
	CLI_CHOICE,	    /* unsigned *: index into choices */
	CLI_SIZE,	    /* size_t [2]: WxH, both at least 1 */
	CLI_OPTIONAL_COUNT, /* uint64_t *: --name (its value becomes UINT64_MAX) or --name=N */
};

/* flags */
#define CLI_SILENT 1u /* cannot change the result: not in the history */
#define CLI_INPUT 2u  /* CLI_FILE: its sum goes to the history, by cli_input_sum */
#define CLI_OMIT 4u   /* in the history only when given */
#define CLI_AUTO 8u   /* CLI_REAL: the word "auto" will do, too, and is infinity */

struct cli_option {
	char letter;	  /* 0: long only */
	const char *name; /* long name; the key in the history */
	enum cli_type type;
	void *value;		    /* holds the default before cli_parse; type as said above */
	const char *argument;	    /* its name in the usage, e.g. "FILE"; NULL for flags */
	const char *help;	    /* one line, without the default (which the usage adds) */
	double least, most;	    /* for counts and reals; both 0: any */
	const char *const *choices; /* NULL-terminated */
	unsigned flags;
};

/** The options all programs have; the ones a program does not use it leaves out of its table. */
struct cli_common {
	const char *out;  /* -o, "-" */
	bool text, quiet; /* -t, -q */
	bool verbose;	  /* -v */
	uint64_t threads; /* -j, 0: all processors */
	uint64_t seed;	  /* -s, 1 */
	bool allow_empty; /* --allow-empty */
};
/* clang-format off */
#define CLI_COMMON_INIT { "-", false, false, false, 0, 1, false }
#define CLI_OUT(c) \
	{ 'o', "output", CLI_FILE, &(c).out, "FILE", "write to FILE", 0, 0, NULL, CLI_SILENT }
#define CLI_TEXTUAL(c) \
	{ 't', "text", CLI_FLAG, &(c).text, NULL, "tab-separated text, as on a terminal", 0, 0, NULL, \
	  CLI_SILENT }
#define CLI_QUIET(c) \
	{ 'q', "quiet", CLI_FLAG, &(c).quiet, NULL, "no progress, no notes", 0, 0, NULL, CLI_SILENT }
#define CLI_VERBOSE(c) \
	{ 'v', "verbose", CLI_FLAG, &(c).verbose, NULL, "say more on standard error", 0, 0, NULL, \
	  CLI_SILENT }
/* The result never depends on it; programs that have nothing to share out take it all the same, so
   that a script may say -j to all of them. */
#define CLI_THREADS(c) \
	{ 'j', "threads", CLI_COUNT, &(c).threads, "N", "threads, 0: all processors", 0, 1024, NULL, \
	  CLI_SILENT }
#define CLI_SEED(c) \
	{ 's', "seed", CLI_COUNT, &(c).seed, "N", "seed of everything random", 0, 0x1p64, NULL, 0 }
#define CLI_EMPTY(c) \
	{ 0, "allow-empty", CLI_FLAG, &(c).allow_empty, NULL, \
	  "an input without any section is no error", 0, 0, NULL, CLI_SILENT }
#define CLI_END { 0, NULL, CLI_FLAG, NULL, NULL, NULL, 0, 0, NULL, 0 }
/* clang-format on */

struct cli_program {
	const char *name;		  /* "sn-dist" */
	const char *synopsis;		  /* "[-d distance] [-o FILE] [FILE]" */
	const char *summary;		  /* lines: what it does, in:, out: */
	const char *example;		  /* a line that can be pasted */
	const struct cli_option *options; /* ends with CLI_END */
	int trouble; /* exit status of failures, cli_die's; 0 means CLI_FAILED */
};

/**
 * Parse argv; -h and -V are handled (exit 0), a mistake is one line on stderr and exit 2 with
 * nothing on stdout.  Sets up notes ("name: ..." on stderr unless -q).
 * Returns the index of the first operand.
 */
int cli_parse(const struct cli_program *p, int argc, char **argv);
/** Was this option given? By long name. */
bool cli_given(const char *name);
/**
 * The single operand or "-"; more are a usage error.  No operand, and standard input a terminal:
 * usage on stderr, exit 2.
 */
const char *cli_input(int argc, char **argv, int first);
/** The same check for programs with other operands: call where standard input would be read. */
void cli_refuse_terminal(void);

/** Record the sum of a file under inputs[key] of the history entry. */
void cli_input_sum(const char *key, uint64_t xxh3);
/**
 * This run's history entry, encoded: {cmd, version, options, inputs}.  Borrowed, valid until the
 * next call.  Dies when memory is out.
 */
struct sn_slice cli_history(void);

/** One line "name: message" on stderr. */
void cli_warn(const char *format, ...) SN_PRINTF(1, 2);
/** cli_warn, then exit 2. */
void cli_usage_error(const char *format, ...) SN_PRINTF(1, 2) __attribute__((noreturn));
/**
 * "name: <sn_message()>" on stderr; then exit with the status of the code: 2 for SN_EUSAGE, else
 * the program's trouble.
 */
void cli_die(int code) __attribute__((noreturn));

/** Open or die.  The writer flushes whenever the reader would wait. */
struct sn_reader *cli_reader(const char *path);
struct sn_writer *cli_writer(const struct cli_common *c, struct sn_reader *r);

/**
 * After the loop: an input that held no section at all is a failure (SN_EDATA, with the message
 * "<stdin>: empty input ...") unless --allow-empty was given; otherwise 0.
 */
int cli_check_empty(const struct sn_reader *r, bool seen_section, const struct cli_common *c);

#endif
