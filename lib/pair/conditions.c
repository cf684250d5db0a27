/*
 * conditions - under which circumstances an item was made (by which drawer, in which session), as a
 * regular expression finds in its key.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct found {
	const char *key;
	const regmatch_t *match;
	size_t groups;
};

/* The groups of two matches (the whole of one without groups), compared. */
static int compare(const struct found *a, const struct found *b)
{
	for (size_t i = a->groups ? 1 : 0; i <= a->groups; i++) {
		const regmatch_t *m = &a->match[i], *n = &b->match[i];
		size_t size = m->rm_so < 0 ? 0 : (size_t)(m->rm_eo - m->rm_so);
		size_t other = n->rm_so < 0 ? 0 : (size_t)(n->rm_eo - n->rm_so);
		size_t least = size < other ? size : other;
		int order = least ? memcmp(a->key + m->rm_so, b->key + n->rm_so, least) : 0;

		if (order || size != other)
			return order ? order : size < other ? -1 : 1;
	}
	return 0;
}

static int by_match(const void *a, const void *b, void *context)
{
	const struct found *found = context;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = compare(&found[x], &found[y]);

	return order ? order : (x > y) - (x < y);
}

static int search(const regex_t *r, const char *text, const struct sn_items *items,
		  regmatch_t *match, struct found *found)
{
	size_t each = r->re_nsub + 1;

	for (size_t i = 0; i < items->n; i++) {
		found[i] = (struct found){ items->entry[i].key, match + i * each, r->re_nsub };
		if (regexec(r, items->entry[i].key, each, match + i * each, 0) != 0)
			return sn_fail(SN_EDATA,
				       "--across: '%s' is not found in the key '%s'; it is to find "
				       "in every key what tells the conditions apart",
				       text, items->entry[i].key);
	}
	return 0;
}

static int number(struct sn_conditions *c, struct found *found, size_t n)
{
	size_t *order = sn_alloc(n + 1, sizeof *order);

	c->of = sn_alloc(n + 1, sizeof *c->of);
	if (!order || !c->of) {
		free(order);
		return SN_ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof *order, by_match, found);
	for (size_t i = 0; i < n; i++) {
		c->n += i == 0 || compare(&found[order[i - 1]], &found[order[i]]) != 0;
		c->of[order[i]] = c->n - 1;
	}
	free(order);
	return 0;
}

static int compile(regex_t *r, const char *text)
{
	int error = regcomp(r, text, REG_EXTENDED);
	char why[256];

	if (!error)
		return 0;
	regerror(error, r, why, sizeof why);
	return sn_fail(error == REG_ESPACE ? SN_ENOMEM : SN_EUSAGE,
		       "--across: '%s' is no regular expression: %s", text, why);
}

int sn_across_check(const char *text)
{
	regex_t r;
	int st = compile(&r, text);

	if (st == 0)
		regfree(&r);
	return st;
}

int sn_conditions_make(struct sn_conditions *c, const struct sn_items *items, const char *text)
{
	regmatch_t *match = NULL;
	struct found *found;
	regex_t r;
	int st = compile(&r, text);

	*c = (struct sn_conditions){ 0 };
	if (st < 0)
		return st;
	found = sn_alloc(items->n + 1, sizeof *found);
	match = sn_alloc((items->n + 1) * (r.re_nsub + 1), sizeof *match);
	st = found && match ? 0 : SN_ENOMEM;
	if (st == 0 && (st = search(&r, text, items, match, found)) == 0)
		st = number(c, found, items->n);
	regfree(&r);
	free(found);
	free(match);
	return st;
}

void sn_conditions_release(struct sn_conditions *c)
{
	free(c->of);
	*c = (struct sn_conditions){ 0 };
}
