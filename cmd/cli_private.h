/* cli_private - what the files of cli share. */
#ifndef CLI_PRIVATE_H
#define CLI_PRIVATE_H

#include <msgpack.h>
#include "cli.h"

struct cli_input {
	char *key;
	uint64_t xxh3;
};

/* What this run was asked: a program has one command line. */
struct cli_run {
	const struct cli_program *program;
	size_t n;    /* options in the table */
	bool *given; /* [n] */
	char *usage; /* written before parsing overwrites the defaults */
	struct cli_input *input;
	size_t inputs;
	msgpack_sbuffer history;
	bool left; /* by cli_leave */
};
extern struct cli_run cli_run;

/* exit from the middle of things. */
void cli_leave(int status) __attribute__((noreturn));
/* n * size zeroed bytes; dies without memory. */
void *cli_allocate(size_t n, size_t size);

/* Does an option have limits? */
bool cli_bounded(const struct cli_option *o);
/* "from 0 to 1024", "of at least 0.5", "" */
void cli_range_text(char text[96], const struct cli_option *o);
/* "a, b or c" */
void cli_choices_text(char *text, size_t size, const struct cli_option *o);
/* The value as it would be typed; "" where there is none. */
void cli_value_text(char *text, size_t size, const struct cli_option *o);

/* The whole usage text, the caller's; NULL without memory. */
char *cli_usage_text(const struct cli_program *p);
/* -h and -V: to standard output, checked, and out. */
void cli_print_and_exit(const char *text) __attribute__((noreturn));
void cli_print_version(const struct cli_program *p) __attribute__((noreturn));

/* Store what was typed for an option (NULL: nothing); a mistake ends the program. */
void cli_parse_value(const struct cli_option *o, const char *value);

#endif
