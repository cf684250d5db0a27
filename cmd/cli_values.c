/* cli_values - what was typed for an option, strictly read. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cli_private.h"

enum { MAX_SIDE = 1000000 }; /* of a WxH without limits of its own */

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
	uint64_t least = cli_bounded(o) ? (uint64_t)o->least : 1;
	uint64_t most = cli_bounded(o) ? (uint64_t)o->most : MAX_SIDE;
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
	return !cli_bounded(o) || (v >= o->least && v <= o->most);
}

static void refuse_value(const struct cli_option *o, const char *value, const char *wanted)
	__attribute__((noreturn));
static void refuse_value(const struct cli_option *o, const char *value, const char *wanted)
{
	char range[96];

	cli_range_text(range, o);
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
	cli_choices_text(wanted, sizeof wanted, o);
	cli_usage_error("--%s: '%s' is not %s", o->name, value, wanted);
}

void cli_parse_value(const struct cli_option *o, const char *value)
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
		if ((o->flags & CLI_AUTO) && strcmp(value, "auto") == 0) {
			*(double *)o->value = INFINITY;
			break;
		}
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
