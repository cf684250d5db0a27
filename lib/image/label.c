/* label - whose picture it is: by its folder, by a regular expression, or not at all. */
#include <stdlib.h>
#include <string.h>
#include "private.h"

static int compile(regex_t *r, const char *text, const char *option)
{
	int error = regcomp(r, text, REG_EXTENDED);
	char why[256];

	if (error == 0)
		return 0;
	regerror(error, r, why, sizeof why);
	return sn_fail(error == REG_ESPACE ? SN_ENOMEM : SN_EUSAGE,
		       "--%s: '%s' is no regular expression: %s", option, text, why);
}

int labels_open(struct labels *l, const char *label, const char *forged)
{
	size_t groups = 0;
	int st;

	memset(l, 0, sizeof *l);
	l->dir = !label || strcmp(label, "dir") == 0;
	l->none = label && strcmp(label, "none") == 0;
	if (!l->dir && !l->none) {
		if ((st = compile(&l->label, label, "label")) < 0)
			return st;
		l->has_label = true;
		groups = l->label.re_nsub;
	}
	if (forged) {
		if ((st = compile(&l->forged, forged, "forged")) < 0)
			return st;
		l->has_forged = true;
		if (l->forged.re_nsub > groups)
			groups = l->forged.re_nsub;
	}
	l->match = sn_alloc(groups + 1, sizeof *l->match);
	return l->match ? 0 : SN_ENOMEM;
}

void labels_release(struct labels *l)
{
	if (l->has_label)
		regfree(&l->label);
	if (l->has_forged)
		regfree(&l->forged);
	free(l->match);
	memset(l, 0, sizeof *l);
}

/* Search r in key: *matched, and in out the groups that took part joined by '/', or all of a match
 * without groups. */
static int search(const regex_t *r, regmatch_t *match, const char *key, bool *matched,
		  struct sn_buffer *out)
{
	size_t first = r->re_nsub ? 1 : 0;
	bool any = false;
	int st;

	*matched = regexec(r, key, r->re_nsub + 1, match, 0) == 0;
	if (!*matched)
		return 0;
	for (size_t i = first; i <= r->re_nsub; i++) {
		if (match[i].rm_so < 0)
			continue;
		if (any && (st = sn_buffer_add(out, "/", 1)) < 0)
			return st;
		any = true;
		st = sn_buffer_add(out, key + match[i].rm_so,
				   (size_t)(match[i].rm_eo - match[i].rm_so));
		if (st < 0)
			return st;
	}
	return 0;
}

int labels_apply(const struct labels *l, const char *key, struct sn_slice own,
		 struct sn_buffer *out, bool *known, bool *forged)
{
	bool matched = false;
	size_t start = out->size;
	int st;

	*forged = false;
	if (l->has_forged) {
		if ((st = search(&l->forged, l->match, key, forged, out)) < 0)
			return st;
		/* without groups the expression says that it is forged, and the label says whom it
		 * claims to be */
		if (*forged && l->forged.re_nsub == 0)
			out->size = start;
		else if (*forged)
			goto done;
	}
	if (l->has_label)
		st = search(&l->label, l->match, key, &matched, out);
	else if (l->dir && own.data)
		st = sn_buffer_add(out, own.data, own.size);
	else
		st = 0;
	if (st < 0)
		return st;
done:
	*known = out->size > start; /* groups that hold nothing name nobody */
	return 0;
}
