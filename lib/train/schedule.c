/* schedule - read from text, and its factors */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/schedule.h>

#define KEYS 2

struct key {
	const char *name; /* NULL: none */
	double initial, least, most;
	bool whole;
};

/* clang-format off */
static const struct word {
	const char *name;
	struct key key[KEYS];
} words[] = {
	[SN_SCHEDULE_CONSTANT] = { "constant", { { 0 } } },
	[SN_SCHEDULE_STEP] = { "step", { { "every", 10, 1, 1e6, true }, { "factor", 0.1, 1e-6, 1, false } } },
	[SN_SCHEDULE_EXPONENTIAL] = { "exponential", { { "factor", 0.95, 1e-6, 1, false } } },
	[SN_SCHEDULE_INVERSE] = { "inverse", { { "gamma", 0.0001, 0, 1e6, false }, { "power", 0.75, 0, 100, false } } },
	[SN_SCHEDULE_COSINE] = { "cosine", { { "least", 0, 0, 1, false } } },
	[SN_SCHEDULE_PLATEAU] = { "plateau", { { "patience", 5, 1, 1e6, true }, { "factor", 0.1, 1e-6, 1, false } } },
};
/* clang-format on */
#define WORDS (sizeof words / sizeof *words)

static void set(struct sn_schedule *s, const char *key, double value)
{
	if (strcmp(key, "every") == 0)
		s->every = (uint64_t)value;
	else if (strcmp(key, "patience") == 0)
		s->patience = (uint64_t)value;
	else if (strcmp(key, "gamma") == 0)
		s->gamma = value;
	else if (strcmp(key, "power") == 0)
		s->power = value;
	else if (strcmp(key, "least") == 0)
		s->least = value;
	else
		s->factor = value;
}

static double get(const struct sn_schedule *s, const char *key)
{
	return strcmp(key, "every") == 0      ? (double)s->every
	       : strcmp(key, "patience") == 0 ? (double)s->patience
	       : strcmp(key, "gamma") == 0    ? s->gamma
	       : strcmp(key, "power") == 0    ? s->power
	       : strcmp(key, "least") == 0    ? s->least
					      : s->factor;
}

static int refuse(const char *text, size_t size)
{
	return sn_fail(SN_EUSAGE,
		       "'%.*s' is no schedule; there are step:every=10,factor=0.1 "
		       "exponential:factor=0.95 inverse:gamma=0.0001,power=0.75 cosine:least=0 "
		       "plateau:patience=5,factor=0.1 constant",
		       (int)(size < 64 ? size : 64), text);
}

/* One "key=value" of size characters. */
static int parse_setting(struct sn_schedule *s, const struct word *word, const char *at,
			 size_t size)
{
	for (size_t i = 0; i < KEYS && word->key[i].name; i++) {
		const struct key *key = &word->key[i];
		size_t n = strlen(key->name);
		char number[32] = "";
		double value;
		char *end;
		if (size <= n || strncmp(at, key->name, n) != 0 || at[n] != '=')
			continue;
		if (size - n - 1 < sizeof number)
			memcpy(number, at + n + 1, size - n - 1);
		value = strtod(number, &end);
		if (number[strspn(number, "0123456789.e-")] || end == number || *end ||
		    !(value >= key->least && value <= key->most) ||
		    (key->whole && value != floor(value)))
			return sn_fail(SN_EUSAGE, "%s: '%.*s': %s is a %snumber from %g to %g",
				       word->name, (int)(size < 64 ? size : 64), at, key->name,
				       key->whole ? "whole " : "", key->least, key->most);
		set(s, key->name, value);
		return 0;
	}
	return sn_fail(SN_EUSAGE, "%s: unknown '%.*s'%s%s%s%s", word->name,
		       (int)(size < 64 ? size : 64), at, word->key[0].name ? "; there is " : "",
		       word->key[0].name ? word->key[0].name : "", word->key[1].name ? " and " : "",
		       word->key[1].name ? word->key[1].name : "");
}

int sn_schedule_parse(struct sn_schedule *s, const char *text)
{
	const size_t name = strcspn(text, ":");
	const struct word *word = NULL;
	const char *at = text + name;
	int st;

	for (size_t i = 0; i < WORDS; i++)
		if (strlen(words[i].name) == name && strncmp(text, words[i].name, name) == 0) {
			word = &words[i];
			s->kind = (enum sn_schedule_kind)i;
		}
	if (!word)
		return refuse(text, strlen(text));
	for (size_t i = 0; i < KEYS && word->key[i].name; i++)
		set(s, word->key[i].name, word->key[i].initial);
	while (*at) { /* at a ':' or ',' */
		size_t size = strcspn(++at, ",");
		if ((st = parse_setting(s, word, at, size)) < 0)
			return st;
		at += size;
	}
	return 0;
}

const char *sn_schedule_text(char text[128], const struct sn_schedule *s)
{
	const struct word *word = &words[s->kind];
	int n = snprintf(text, 128, "%s", word->name);

	for (size_t i = 0; i < KEYS && word->key[i].name; i++)
		n += snprintf(text + n, (size_t)(128 - n), "%c%s=%.17g", i ? ',' : ':',
			      word->key[i].name, get(s, word->key[i].name));
	return text;
}

double sn_schedule_factor(const struct sn_schedule *s, uint64_t step, uint64_t epoch,
			  uint64_t steps, uint64_t drops)
{
	const uint64_t whole = step / epoch;
	const double passed = (double)whole; /* epochs */
	double factor = 1;

	switch (s->kind) {
	case SN_SCHEDULE_CONSTANT:
		break;
	case SN_SCHEDULE_STEP:
		factor = pow(s->factor, floor(passed / (double)s->every));
		break;
	case SN_SCHEDULE_EXPONENTIAL:
		factor = pow(s->factor, passed);
		break;
	case SN_SCHEDULE_INVERSE:
		factor = pow(1 + s->gamma * (double)step, -s->power);
		break;
	case SN_SCHEDULE_COSINE:
		factor = s->least +
			 (1 - s->least) * (1 + cos(M_PI * (double)step / (double)steps)) / 2;
		break;
	case SN_SCHEDULE_PLATEAU:
		factor = pow(s->factor, (double)drops);
		break;
	}
	if (step < s->warm_up)
		factor *= (double)(step + 1) / (double)s->warm_up;
	return factor;
}
