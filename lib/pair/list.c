/*
 * list - pairs that somebody else chose: our own lists, Kaldi's trials, LFW's pairs, and Lake's
 * runs.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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
	const char *file;	/* borrowed from the list */
	uint64_t number, trial; /* number: of the line */
	enum sn_same same;	/* SN_UNKNOWN: as the labels say */
	bool stem;		/* made keys have no extension */
	bool question;		/* two keys alone */
};

struct source {
	char *name;
	uint8_t *text;
};

struct sn_pair_list {
	char *name;
	struct source *source; /* [sources] the files it was read from */
	size_t sources, source_capacity;
	struct line *line; /* all of them questions, or none */
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

static int no_pair(void)
{
	return sn_fail(SN_EDATA, "no pair; wanted 'key key same|different [trial]', 'key key "
				 "target|nontarget', 'name n n', 'name n name n', or 'key key' "
				 "in every line");
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
	if (n == 2) {
		l->key[0] = f[0];
		l->key[1] = f[1];
		l->question = true;
		return 1;
	}
	return no_pair();
}

static int parse(struct sn_pair_list *l, const struct source *source, size_t size)
{
	const char *p = (const char *)source->text, *end = p + size;
	int st = 0;

	for (uint64_t at = 1; st >= 0 && p < end; at++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct line line;

		stop = stop ? stop : end;
		if ((st = sn_grow(&l->line, &l->capacity, l->n + 1, sizeof *l->line)) < 0)
			return st;
		st = parse_line(&line, p, (size_t)(stop - p), at);
		if (st > 0 && l->n && line.question != l->line[0].question) {
			free(line.made);
			st = no_pair();
		}
		line.file = source->name;
		if (st > 0)
			l->line[l->n++] = line;
		p = stop + 1;
		if (st < 0)
			sn_fail_at(st, "%s:%" PRIu64, source->name, at);
	}
	return st < 0 ? st : 0;
}

/* Takes name, also where it fails. */
static int read_source(struct sn_pair_list *l, const char *path, char *name, XXH3_state_t *sum)
{
	struct source *s;
	size_t size;
	int st = name ? sn_grow(&l->source, &l->source_capacity, l->sources + 1, sizeof *l->source)
		      : sn_fail_memory();

	if (st < 0) {
		free(name);
		return st;
	}
	s = &l->source[l->sources++];
	*s = (struct source){ .name = name };
	if ((st = sn_file_read(path, MAX_LIST, &s->text, &size)) < 0)
		return st;
	XXH3_64bits_update(sum, s->text, size);
	return parse(l, s, size);
}

static int by_name(const void *a, const void *b)
{
	const struct dirent *const *x = a, *const *y = b;

	return strcmp((*x)->d_name, (*y)->d_name);
}

static int read_run(struct sn_pair_list *l, const char *folder, const char *run, XXH3_state_t *sum)
{
	char *path;
	int st = 0;

	if (asprintf(&path, "%s%s%s/class_labels.txt", folder, run ? "/" : "", run ? run : "") < 0)
		return sn_fail_memory();
	if (access(path, F_OK) == 0)
		st = read_source(l, path, strdup(path), sum);
	free(path);
	return st;
}

/* class_labels.txt of the folder itself, and of those in it in byte order. */
static int read_runs(struct sn_pair_list *l, const char *folder, XXH3_state_t *sum)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, NULL, NULL), st;

	if (n < 0)
		return sn_fail_errno("cannot open '%s'", folder);
	qsort(entry, (size_t)n, sizeof *entry, by_name);
	st = read_run(l, folder, NULL, sum);
	for (int i = 0; i < n; i++) {
		if (st == 0 && entry[i]->d_name[0] != '.')
			st = read_run(l, folder, entry[i]->d_name, sum);
		free(entry[i]);
	}
	free(entry);
	if (st == 0 && !l->sources)
		st = sn_fail(SN_EDATA,
			     "no class_labels.txt in '%s' or a folder in it: --runs wants "
			     "runNN/class_labels.txt",
			     folder);
	return st;
}

static int read_list(struct sn_pair_list **list, const char *path, bool runs, uint64_t *xxh3)
{
	struct sn_pair_list *l = sn_alloc(1, sizeof *l);
	const char *name = strcmp(path, "-") != 0 || runs ? path : "<stdin>";
	XXH3_state_t *sum = XXH3_createState();
	int st = SN_ENOMEM;

	*list = NULL;
	if (!l || !sum || XXH3_64bits_reset(sum) != XXH_OK || !(l->name = strdup(name))) {
		st = sn_fail_memory();
		goto out;
	}
	st = runs ? read_runs(l, path, sum) : read_source(l, path, strdup(name), sum);
	if (st == 0 && !l->n)
		st = sn_fail(SN_EDATA, "no pair in '%s'", l->name);
	if (st == 0 && runs && !l->line[0].question)
		st = sn_fail(SN_EDATA,
			     "%s:%" PRIu64 ": no question; wanted 'questioned-key key', such as "
			     "'run01/test/item01.png run01/training/class03.png'",
			     l->line[0].file, l->line[0].number);
	if (st == 0) {
		*xxh3 = XXH3_64bits_digest(sum);
		*list = l;
	}
out:
	XXH3_freeState(sum);
	if (st < 0)
		sn_pair_list_free(l);
	return st;
}

int sn_pair_list_read(struct sn_pair_list **list, const char *path, uint64_t *xxh3)
{
	return read_list(list, path, false, xxh3);
}

int sn_pair_list_read_runs(struct sn_pair_list **list, const char *folder, uint64_t *xxh3)
{
	return read_list(list, folder, true, xxh3);
}

void sn_pair_list_free(struct sn_pair_list *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i].made);
	free(l->line);
	for (size_t i = 0; i < l->sources; i++) {
		free(l->source[i].name);
		free(l->source[i].text);
	}
	free(l->source);
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

static int match_questions(struct matcher *m, const struct sn_pair_list *l, struct sn_pairs *pairs)
{
	struct sn_question *question = sn_alloc(l->n + 1, sizeof *question);
	int st = question ? 0 : SN_ENOMEM;

	for (size_t i = 0; st == 0 && i < l->n; i++) {
		const struct line *line = &l->line[i];
		struct sn_question *q = &question[i];

		*q = (struct sn_question){ .folder = line->key[1].data,
					   .file = line->file,
					   .number = line->number };
		q->size = sn_folder_size(line->key[1].data, line->key[1].size);
		if ((st = resolve(m, line->key[0], false, &q->a)) >= 0)
			st = resolve(m, line->key[1], false, &q->b);
		if (st >= 0)
			st = q->a != q->b ? 0
					  : sn_fail(SN_EDATA, "'%s' is paired with itself",
						    m->items->entry[q->a].key);
		if (st < 0)
			sn_fail_at(st, "%s:%" PRIu64, line->file, line->number);
	}
	if (st == 0 && m->found)
		st = sn_questions_pair(pairs, m->items, question, l->n);
	free(question);
	return st;
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
				     l->line[x > y ? x : y].file, l->line[x > y ? x : y].number,
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
	*again = 0;
	if (st == 0 && l->line[0].question)
		st = match_questions(&m, l, pairs);
	for (size_t i = 0; st == 0 && !l->line[0].question && i < l->n; i++) {
		struct sn_index_pair p;

		if ((st = match_line(&m, &l->line[i], &p)) < 0)
			sn_fail_at(st, "%s:%" PRIu64, l->line[i].file, l->line[i].number);
		else
			st = sn_pairs_add(pairs, p);
	}
	if (st == 0 && !m.found)
		st = sn_fail(SN_EDATA,
			     "no key of '%s' is that of an item: the first is '%.*s'%s%s%s",
			     l->name, (int)l->line[0].key[0].size, l->line[0].key[0].data,
			     m.there ? ", the first item's is '" : "",
			     m.there ? items->entry[0].key : "", m.there ? "'" : "");
	if (st == 0 && !l->line[0].question)
		st = leave_out_again(l, pairs, again);
	sn_keys_release(&m.keys);
	sn_items_clear(&m.missing);
	return st;
}
