/* list - pairs that somebody else chose: our own lists, Kaldi's trials, LFW's pairs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <sn/file.h>

#include "private.h"

#define MAX_LIST ((size_t)1 << 30)
#define MAX_FIELDS 5

struct field {
	const char *data;
	size_t size;
};

struct line {
	struct field key[2];	/* within the file's text, or made of name and number */
	char *made;		/* owns the characters of made keys */
	uint64_t number, trial; /* number: of the line */
	enum sn_same same;	/* SN_UNKNOWN: as the labels say */
	bool stem;		/* made keys have no extension */
};

struct sn_pair_list {
	char *name;
	uint8_t *text;
	struct line *line;
	size_t n, capacity;
};

static bool is(struct field f, const char *word)
{
	return f.size == strlen(word) && !memcmp(f.data, word, f.size);
}

/* A whole number of at most 18 digits. */
static bool number(struct field f, uint64_t *v)
{
	*v = 0;
	if (!f.size || f.size > 18)
		return false;
	for (size_t i = 0; i < f.size; i++) {
		if (f.data[i] < '0' || f.data[i] > '9')
			return false;
		*v = *v * 10 + (uint64_t)(f.data[i] - '0');
	}
	return true;
}

static bool relation(struct field f, enum sn_same *same)
{
	if (is(f, "same") || is(f, "target"))
		*same = SN_SAME;
	else if (is(f, "different") || is(f, "nontarget"))
		*same = SN_DIFFERENT;
	else if (is(f, "-"))
		*same = SN_UNKNOWN;
	else
		return false;
	return true;
}

/* Fields of a line, MAX_FIELDS at most; between tabs where there is one, so that keys may have
 * blanks. */
static size_t split(const char *line, size_t size, struct field field[MAX_FIELDS])
{
	bool tabs = memchr(line, '\t', size);
	size_t n = 0, i = 0;

	while (i < size && n < MAX_FIELDS) {
		size_t from = i;

		while (i < size && line[i] != '\t' && (tabs || line[i] != ' '))
			i++;
		if (i > from)
			field[n++] = (struct field){ line + from, i - from };
		i++;
	}
	return n;
}

/* LFW's picture: name/name_0001, whatever its extension. */
static int make_keys(struct line *l, struct field name, uint64_t n, struct field other, uint64_t m)
{
	size_t size = 2 * name.size + 2 * other.size + 64;
	int first, second;

	l->made = malloc(size);
	if (!l->made)
		return sn_fail_memory();
	first = snprintf(l->made, size, "%.*s/%.*s_%04" PRIu64, (int)name.size, name.data,
			 (int)name.size, name.data, n);
	second = snprintf(l->made + first, size - (size_t)first, "%.*s/%.*s_%04" PRIu64,
			  (int)other.size, other.data, (int)other.size, other.data, m);
	l->key[0] = (struct field){ l->made, (size_t)first };
	l->key[1] = (struct field){ l->made + first, (size_t)second };
	l->stem = true;
	return 0;
}

/* 1: a pair; 0: a line without. */
static int parse_line(struct line *l, const char *text, size_t size, uint64_t at)
{
	struct field f[MAX_FIELDS];
	uint64_t a, b;
	size_t n;
	int st;

	if (size && text[size - 1] == '\r')
		size--;
	if (size > SN_MAX_STRING)
		return sn_fail(SN_EDATA, "a line longer than %u bytes", SN_MAX_STRING);
	n = split(text, size, f);
	*l = (struct line){ .number = at, .trial = SN_NONE };
	/* LFW's first line: how many folds, how many pairs */
	if (n == 0 || (size >= 2 && text[0] == '#' && text[1] == ' ') ||
	    (at == 1 && n <= 2 && number(f[0], &a) && (n == 1 || number(f[1], &b))))
		return 0;
	if (n >= 3 && n <= 4 && relation(f[2], &l->same)) {
		l->key[0] = f[0];
		l->key[1] = f[1];
		if (n == 4 && !number(f[3], &l->trial))
			return sn_fail(SN_EDATA, "trial '%.*s' is no whole number", (int)f[3].size,
				       f[3].data);
		return 1;
	}
	if (n == 3 && number(f[1], &a) && number(f[2], &b)) {
		l->same = SN_SAME;
		st = make_keys(l, f[0], a, f[0], b);
		return st < 0 ? st : 1;
	}
	if (n == 4 && number(f[1], &a) && number(f[3], &b)) {
		l->same = SN_DIFFERENT;
		st = make_keys(l, f[0], a, f[2], b);
		return st < 0 ? st : 1;
	}
	return sn_fail(SN_EDATA, "no pair; wanted 'key key same|different [trial]', 'key key "
				 "target|nontarget', 'name n n' or 'name n name n'");
}

int sn_pair_list_read(struct sn_pair_list **list, const char *path, uint64_t *xxh3)
{
	struct sn_pair_list *l = sn_alloc(1, sizeof *l);
	size_t size = 0;
	const char *p, *end;
	int st;

	*list = NULL;
	if (!l)
		return SN_ENOMEM;
	l->name = strdup(strcmp(path, "-") ? path : "<stdin>");
	st = l->name ? sn_file_read(path, MAX_LIST, &l->text, &size) : sn_fail_memory();
	if (st < 0)
		goto fail;
	*xxh3 = XXH3_64bits(l->text, size);
	p = (const char *)l->text;
	end = p + size;
	for (uint64_t at = 1; p < end; at++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct line line;

		stop = stop ? stop : end;
		if ((st = sn_grow(&l->line, &l->capacity, l->n + 1, sizeof *l->line)) < 0)
			goto fail;
		st = parse_line(&line, p, (size_t)(stop - p), at);
		if (st < 0) {
			sn_fail_at(st, "%s:%" PRIu64, l->name, at);
			goto fail;
		}
		if (st)
			l->line[l->n++] = line;
		p = stop + 1;
	}
	if (!l->n) {
		st = sn_fail(SN_EDATA, "no pair in '%s'", l->name);
		goto fail;
	}
	*list = l;
	return 0;
fail:
	sn_pair_list_free(l);
	return st;
}

void sn_pair_list_free(struct sn_pair_list *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i].made);
	free(l->line);
	free(l->text);
	free(l->name);
	free(l);
}

const char *sn_pair_list_name(const struct sn_pair_list *l)
{
	return l->name;
}

/* ---- matching ------------------------------------------------------------------------------ */

struct matcher {
	struct sn_items *items;
	struct sn_keys keys;
	struct sn_items missing; /* their keys as labels: a class for each key */
	size_t there;		 /* items that are no missing ones */
	bool found;
};

/* The key as a stream may hold it: as it is where it is a name already, else made one. */
static int make_name(struct sn_buffer *name, struct field key)
{
	struct sn_buffer bytes = { 0 };
	int st = sn_name_unescape(&bytes, key.data, key.size);

	if (st == 0)
		st = sn_name_escape(name, (char *)bytes.data, bytes.size);
	if (st < 0 || !name->data || name->size != key.size ||
	    memcmp(name->data, key.data, key.size) != 0) {
		name->size = 0;
		st = sn_name_escape(name, key.data, key.size);
	}
	sn_buffer_release(&bytes);
	return st;
}

static int add_missing(struct matcher *m, struct field key, size_t *index)
{
	struct sn_buffer name = { 0 };
	struct sn_item item = { .number = m->missing.n };
	struct sn_entry *e;
	size_t before = m->missing.labels;
	int st = make_name(&name, key);

	item.label = (struct sn_slice){ name.data, name.size };
	if (st < 0 || (st = sn_items_add(&m->missing, &item, &e)) < 0)
		goto out;
	*index = m->there + e->label;
	if (m->missing.labels == before)
		goto out;
	item.number = m->items->n ? m->items->entry[m->items->n - 1].number + 1 : 0;
	if (item.number == 0 && m->items->n) {
		st = sn_fail(SN_EDATA, "no number is left for a missing item");
		goto out;
	}
	item.key = item.label;
	item.label = (struct sn_slice){ 0 };
	if ((st = sn_items_add(m->items, &item, &e)) == 0)
		e->missing = true;
out:
	sn_buffer_release(&name);
	return st;
}

/* The item of a key; a missing one is added to the items when it is asked for first. */
static int resolve(struct matcher *m, struct field key, bool stem, size_t *index)
{
	int st = sn_keys_find(&m->keys, key.data, key.size, stem, index);

	if (st != 0) {
		m->found |= st > 0;
		return st;
	}
	return add_missing(m, key, index);
}

static int match_line(struct matcher *m, const struct line *l, struct sn_index_pair *p)
{
	bool paired;
	int st;

	if ((st = resolve(m, l->key[0], l->stem, &p->a)) < 0 ||
	    (st = resolve(m, l->key[1], l->stem, &p->b)) < 0)
		return st;
	if (p->a == p->b)
		return sn_fail(SN_EDATA, "'%s' is paired with itself", m->items->entry[p->a].key);
	p->same = l->same;
	if (l->same == SN_UNKNOWN) {
		p->same = sn_pair_relation(&m->items->entry[p->a], &m->items->entry[p->b], &paired);
		if (!paired)
			return sn_fail(SN_EDATA,
				       "'%s' and '%s' are two forgeries: say whether they "
				       "are the same or different",
				       m->items->entry[p->a].key, m->items->entry[p->b].key);
	}
	p->trial = l->trial;
	p->batch = SN_NONE;
	return 0;
}

struct sorted_pair {
	size_t low, high, index; /* index: of the pair, which is that of the line */
	uint64_t trial;
};

static int by_pair(const void *a, const void *b)
{
	const struct sorted_pair *p = a, *q = b;

	if (p->low != q->low)
		return p->low < q->low ? -1 : 1;
	if (p->high != q->high)
		return p->high < q->high ? -1 : 1;
	if (p->trial != q->trial)
		return p->trial < q->trial ? -1 : 1;
	return p->index < q->index ? -1 : p->index > q->index;
}

/* Leave out what a trial (or the list, where there are none) has already; refuse contradictions. */
static int leave_out_again(const struct sn_pair_list *l, struct sn_pairs *pairs, uint64_t *again)
{
	struct sorted_pair *s = sn_alloc(pairs->n + 1, sizeof *s);
	uint8_t *out = sn_alloc(pairs->n + 1, 1);
	size_t n = 0;
	int st = s && out ? 0 : SN_ENOMEM;

	for (size_t i = 0; st == 0 && i < pairs->n; i++) {
		const struct sn_index_pair *p = &pairs->pair[i];

		s[i] = (struct sorted_pair){ p->a < p->b ? p->a : p->b, p->a < p->b ? p->b : p->a,
					     i, p->trial };
	}
	if (st == 0)
		qsort(s, pairs->n, sizeof *s, by_pair);
	for (size_t i = 1; st == 0 && i < pairs->n; i++) {
		size_t x = s[i - 1].index, y = s[i].index;

		if (s[i].low != s[i - 1].low || s[i].high != s[i - 1].high)
			continue;
		if (pairs->pair[x].same != pairs->pair[y].same)
			st = sn_fail(SN_EDATA,
				     "%s:%" PRIu64 ": line %" PRIu64
				     " has the same pair and says otherwise",
				     l->name, l->line[x > y ? x : y].number,
				     l->line[x > y ? y : x].number);
		out[y] = s[i].trial == s[i - 1].trial;
	}
	*again = 0;
	for (size_t i = 0; st == 0 && i < pairs->n; i++)
		if (out[i])
			++*again;
		else
			pairs->pair[n++] = pairs->pair[i];
	if (st == 0)
		pairs->n = n;
	free(s);
	free(out);
	return st;
}

int sn_pair_list_match(const struct sn_pair_list *l, struct sn_items *items, struct sn_pairs *pairs,
		       uint64_t *again)
{
	struct matcher m = { .items = items, .there = items->n };
	int st = sn_keys_make(&m.keys, items);

	pairs->n = 0;
	for (size_t i = 0; st == 0 && i < l->n; i++) {
		struct sn_index_pair p;

		if ((st = match_line(&m, &l->line[i], &p)) < 0)
			sn_fail_at(st, "%s:%" PRIu64, l->name, l->line[i].number);
		else
			st = sn_pairs_add(pairs, p);
	}
	if (st == 0 && !m.found)
		st = sn_fail(SN_EDATA,
			     "no key of '%s' is that of an item: the first is '%.*s'%s%s%s",
			     l->name, (int)l->line[0].key[0].size, l->line[0].key[0].data,
			     m.there ? ", the first item's is '" : "",
			     m.there ? items->entry[0].key : "", m.there ? "'" : "");
	if (st == 0)
		st = leave_out_again(l, pairs, again);
	sn_keys_release(&m.keys);
	sn_items_clear(&m.missing);
	return st;
}
