/* words - the lines of a network's text: operands, options, numbers. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "layer.h"

int sn_words_split(struct sn_words *w, char *text, unsigned line)
{
	char *rest = text;

	memset(w, 0, sizeof *w);
	w->line = line;
	text[strcspn(text, "#")] = '\0';
	for (char *word; (word = strtok_r(rest, " \t\r", &rest));) {
		if (w->n == SN_MAX_WORDS)
			return sn_fail(SN_EDATA, "line %u: more than %d words", line, SN_MAX_WORDS);
		w->word[w->n++] = word;
	}
	return 0;
}

const char *sn_words_option(struct sn_words *w, const char *option)
{
	size_t size = strlen(option);

	for (size_t i = 1; i < w->n; i++) {
		if (!w->used[i] && strncmp(w->word[i], option, size) == 0 &&
		    w->word[i][size] == '=') {
			w->used[i] = true;
			return w->word[i] + size + 1;
		}
	}
	return NULL;
}

const char *sn_words_operand(struct sn_words *w)
{
	for (size_t i = 1; i < w->n; i++) {
		if (!w->used[i] && !strchr(w->word[i], '=')) {
			w->used[i] = true;
			return w->word[i];
		}
	}
	return NULL;
}

int sn_words_end(const struct sn_words *w, const char *synopsis)
{
	for (size_t i = 1; i < w->n; i++)
		if (!w->used[i])
			return sn_fail(SN_EDATA, "line %u: '%.64s' is too much, wanted: %s",
				       w->line, w->word[i], synopsis);
	return 0;
}

/* A whole number without sign, of at most SN_MAX_NUMBER; false otherwise. *end is behind it. */
static bool number(const char *text, const char **end, size_t *v)
{
	size_t n = 0;

	*end = text;
	for (; **end >= '0' && **end <= '9'; (*end)++) {
		n = n * 10 + (size_t)(**end - '0');
		if (n > SN_MAX_NUMBER)
			return false;
	}
	*v = n;
	return *end != text;
}

int sn_words_count(const struct sn_words *w, const char *what, const char *text, size_t least,
		   size_t *v)
{
	const char *end;
	size_t n;

	if (!text)
		return 0;
	if (!number(text, &end, &n) || *end || n < least)
		return sn_fail(SN_EDATA,
			       "line %u: %s '%.64s', wanted a whole number from %zu to %u", w->line,
			       what, text, least, SN_MAX_NUMBER);
	*v = n;
	return 0;
}

int sn_words_extent(const struct sn_words *w, const char *what, const char *text, size_t least,
		    size_t *width, size_t *height)
{
	const char *end;
	size_t a = 0, b;

	if (!text)
		return 0;
	bool good = number(text, &end, &a);
	b = a;
	if (good && *end == 'x')
		good = number(end + 1, &end, &b);
	if (!good || *end || a < least || b < least)
		return sn_fail(SN_EDATA, "line %u: %s '%.64s', wanted N or WIDTHxHEIGHT", w->line,
			       what, text);
	*width = a;
	*height = b;
	return 0;
}

int sn_words_real(const struct sn_words *w, const char *what, const char *text, double least,
		  double most, double *v)
{
	char *end;
	double d;

	if (!text)
		return 0;
	errno = 0;
	d = strtod(text, &end);
	/* digits first: no blanks, signs, hexadecimals, names of infinity */
	if (*text < '0' || *text > '9' || strchr(text, 'x') || *end || errno ||
	    !(d >= least && d <= most))
		return sn_fail(SN_EDATA, "line %u: %s '%.64s', wanted a number from %g to %g",
			       w->line, what, text, least, most);
	*v = d;
	return 0;
}

int sn_words_yes(const struct sn_words *w, const char *what, const char *text, bool *v)
{
	if (!text)
		return 0;
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return sn_fail(SN_EDATA, "line %u: %s '%.64s', wanted yes or no", w->line, what,
			       text);
	*v = text[0] == 'y';
	return 0;
}
