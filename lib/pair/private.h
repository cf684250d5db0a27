/* private - what the files of lib/pair share among themselves. */
#ifndef SN_PAIR_PRIVATE_H
#define SN_PAIR_PRIVATE_H

#include <sn/pair.h>

/* Which of sn-pair's draws a stream of random numbers is for.  Values are part of the results. */
enum sn_draw {
	SN_DRAW_SAME = 1,
	SN_DRAW_FORGED,
	SN_DRAW_RANDOM,
	SN_DRAW_ORDER,
	SN_DRAW_TRIALS,
	SN_DRAW_WINDOW,
	SN_DRAW_REFERENCES,
};

/* ---- classes.c: items by class ----------------------------------------------------------- */

/* The items of class c: item[first[c]] up to item[first[c + 1]]; classes by first appearance. */
struct sn_group {
	size_t *item, *first;
	size_t n; /* items */
};

struct sn_classes {
	size_t n; /* classes, some without any item where only a part of the items is used */
	struct sn_group genuine, forged;
};

/* use NULL: all items.  Nil labels are left out. */
int sn_classes_make(struct sn_classes *c, const struct sn_items *items, const size_t *use,
		    size_t n_use);
void sn_classes_release(struct sn_classes *c);

static inline size_t sn_group_size(const struct sn_group *g, size_t class)
{
	return g->first[class + 1] - g->first[class];
}

/* SN_IMPOSTORS_DEFAULT made plain; SN_EDATA where forgeries are wanted and there are none. */
int sn_impostors_resolve(enum sn_impostors *impostors, bool forgeries);

/* Bytes of the label's first `parts` parts, or of the whole where it has fewer. */
size_t sn_label_prefix(const char *label, unsigned parts);

/* ---- families.c: classes that belong together --------------------------------------------- */

/* The classes of family f: class[first[f]] up to class[first[f + 1]]. */
struct sn_families {
	size_t *class, *first;
	size_t n;
};

/*
 * Sort class [n], which is the caller's, by the first `within` parts of the labels (0: one family)
 * and, where version is not NULL, [items->n], by that of the classes' items.
 */
int sn_families_make(struct sn_families *f, const struct sn_items *items, size_t *class, size_t n,
		     unsigned within, const uint8_t *version);
void sn_families_release(struct sn_families *f);

/* ---- conditions.c: items by what their keys say of how they were made -------------------- */

struct sn_conditions {
	size_t *of; /* [items], each below n: equal where the expression finds the same */
	size_t n;
};

/*
 * text: a POSIX extended regular expression, whose groups (or whole match) in the key name the
 * condition.  SN_EUSAGE where it is none; SN_EDATA where a key has no match; SN_ENOMEM.
 */
int sn_conditions_make(struct sn_conditions *c, const struct sn_items *items, const char *text);
void sn_conditions_release(struct sn_conditions *c);

/* ---- set.c: pairs that have been drawn --------------------------------------------------- */

struct sn_pair_set {
	uint64_t *slot;
	size_t slots, n;
};

/* 1: it is new; 0: it was there, this way or the other way round; SN_ENOMEM. */
int sn_pair_set_add(struct sn_pair_set *s, size_t a, size_t b);
bool sn_pair_set_has(const struct sn_pair_set *s, size_t a, size_t b);
void sn_pair_set_release(struct sn_pair_set *s);

/* ---- walk.c: elements by shuffles -------------------------------------------------------- */

/* Goes through `order` again and again, shuffled anew each time. */
struct sn_walk {
	size_t *order;
	size_t n, at; /* at == n: shuffle before the next one */
};

/* The next m <= n elements, all different. */
void sn_walk_take(struct sn_walk *w, struct sn_random *r, size_t m, size_t *out);

/* ---- keys.c: items by key ----------------------------------------------------------------- */

struct sn_keys {
	const struct sn_items *items;
	size_t *whole; /* [n] entries sorted by their keys read backwards */
	size_t *stem;  /* the same, keys without the extension; made when first asked for */
	size_t n;
};

int sn_keys_make(struct sn_keys *k, const struct sn_items *items);
void sn_keys_release(struct sn_keys *k);
/*
 * The item with this key, or whose key ends with it after a `/` (a text that begins with `#` or `/`
 * needs none before it).  stem: extensions do not count.  1: *index is set; 0: none; SN_EDATA:
 * several, the message says which; SN_ENOMEM.
 */
int sn_keys_find(struct sn_keys *k, const char *text, size_t size, bool stem, size_t *index);

/* ---- levels.c: labels by their first parts ------------------------------------------------- */

/* An entry for each label of the items, whose class is that of its first `level` parts (0: all). */
int sn_levels_make(struct sn_items *groups, const struct sn_items *items, unsigned level);

/* ---- limits.c: pairs that may not be taken -------------------------------------------------- */

struct sn_limits {
	const struct sn_entry *entry; /* borrowed from the items */
	bool within, across;
	struct sn_items groups; /* see sn_levels_make */
	struct sn_conditions conditions;
};

/* within 0 and across NULL: everything is allowed.  Else as sn_conditions_make. */
int sn_limits_make(struct sn_limits *l, const struct sn_items *items, unsigned within,
		   const char *across);
bool sn_limits_allow(const struct sn_limits *l, size_t a, size_t b);
void sn_limits_release(struct sn_limits *l);

/* How many pairs there are of each kind (see draw.c) within limits. */
struct sn_kinds {
	uint64_t same, forged, random;
	uint64_t *same_of, *forged_of; /* by class */
};
int sn_kinds_count(struct sn_kinds *k, const struct sn_items *items,
		   const struct sn_classes *classes, const struct sn_limits *limits);
void sn_kinds_release(struct sn_kinds *k);

/* ---- questions.c: which of a folder's items is it? ----------------------------------------- */

/* Line `number` of a list: item a is of the class of item b, whose key it gave with this folder. */
struct sn_question {
	size_t a, b;
	const char *folder;
	size_t size;
	const char *file; /* in messages */
	uint64_t number;
};

/* Bytes of a key up to its last `/`. */
size_t sn_folder_size(const char *key, size_t size);
/*
 * A trial for each of the n questions, with all of b's folder.
 * SN_EDATA where two in a folder have the same label, or nothing is there but b.
 */
int sn_questions_pair(struct sn_pairs *pairs, const struct sn_items *items,
		      const struct sn_question *question, size_t n);

/* ---- the selections ----------------------------------------------------------------------- */

int sn_draw_batches(struct sn_pairs *pairs, const struct sn_items *items,
		    const struct sn_pair_options *o);
int sn_draw_trials(struct sn_pairs *pairs, const struct sn_items *items,
		   const struct sn_pair_options *o);
/* The same where o->across says that a query and its supports differ in condition (crossed.c). */
int sn_draw_crossed_trials(struct sn_pairs *pairs, const struct sn_items *items,
			   const struct sn_pair_options *o);
int sn_draw_references(struct sn_pairs *pairs, const struct sn_items *items,
		       const struct sn_pair_options *o);

/* Is this pair among what --all gives with these impostors?  *same is set where it is. */
bool sn_pair_wanted(const struct sn_entry *a, const struct sn_entry *b, enum sn_impostors impostors,
		    enum sn_same *same);

#endif
