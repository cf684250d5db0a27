/* pair - which items are compared with which, and which are kept for testing. */
#ifndef SN_PAIR_H
#define SN_PAIR_H

#include <sn/items.h>
#include <sn/random.h>

enum sn_impostors {
	SN_IMPOSTORS_DEFAULT,
	SN_IMPOSTORS_RANDOM,
	SN_IMPOSTORS_FORGED,
	SN_IMPOSTORS_BOTH
};

/** The selections of sn-pair(1), one of them at a time. */
enum sn_selection {
	SN_PAIR_DEFAULT,    /* neighbours in shuffled classes, and as many different ones */
	SN_PAIR_COUNT,	    /* -n */
	SN_PAIR_ALL,	    /* --all */
	SN_PAIR_BATCH,	    /* --batch PxK: batches of P classes by K items, all pairs of each */
	SN_PAIR_TRIALS,	    /* --trials */
	SN_PAIR_REFERENCES, /* --references: claims against `shot` references of each class */
	SN_PAIR_LIST,	    /* --list, --runs: see sn_pair_list_read */
};

struct sn_pair_options {
	enum sn_selection selection;
	uint64_t seed;
	uint64_t count; /* SN_PAIR_COUNT: pairs; SN_PAIR_TRIALS: trials */
	double balance; /* SN_PAIR_COUNT: share of same pairs, [0, 1] */
	enum sn_impostors impostors;
	size_t p, k;	  /* SN_PAIR_BATCH */
	size_t way, shot; /* SN_PAIR_TRIALS; shot also SN_PAIR_REFERENCES */
	/* SN_PAIR_TRIALS, _COUNT, _ALL: parts of the label that a trial's or pair's classes share
	 */
	unsigned within;
	/*
	 * The same: NULL, or a regular expression, whose groups (or whole match) in an item's key
	 * name the condition under which it was made.  The items of a pair are of two conditions;
	 * all supports of a trial are of one, its query of another.
	 */
	const char *across;
};

/** Before anything is read: SN_EUSAGE where `across` is no regular expression. */
SN_MUST_CHECK int sn_across_check(const char *across);

struct sn_index_pair {
	size_t a, b; /* a before b, but in trials and lists */
	enum sn_same same;
	uint64_t trial, batch; /* SN_NONE: none */
};

/** Pairs by index into the items (not by number). Owns `pair`; zero-initialised is empty. */
struct sn_pairs {
	struct sn_index_pair *pair;
	size_t n, capacity;
	uint64_t singles; /* classes with one genuine item, that give no same pair (default, -n) */
};
void sn_pairs_release(struct sn_pairs *p);
SN_MUST_CHECK int sn_pairs_add(struct sn_pairs *p, struct sn_index_pair pair);

/**
 * same, different or unknown (a nil label): the rule of sn-pair(1).  *paired (which may be NULL)
 * is false for two forgeries, which are never paired; what is returned then means nothing.
 */
enum sn_same sn_pair_relation(const struct sn_entry *a, const struct sn_entry *b, bool *paired);

/**
 * Draw pairs: a function of keys, labels, forged, their order and the options alone.  Exact counts,
 * no item with itself, no pair twice, (a, b) and (b, a) being the same.  (Within a trial none
 * twice; in two trials only where the items left are too few, or with `across`.)
 *   pairs  out  emptied first
 * SN_EDATA where there are too few, or no same or no different ones, or where `across` is not
 * found in a key, saying what to do; SN_EUSAGE for SN_PAIR_LIST and options that make no sense;
 * SN_ENOMEM.
 */
SN_MUST_CHECK int sn_pair_draw(struct sn_pairs *pairs, const struct sn_items *items,
			       const struct sn_pair_options *options);

/**
 * The pairs of SN_PAIR_ALL one by one, b rising, then a, without holding them.
 *   options  in  impostors (SN_IMPOSTORS_DEFAULT: all but two forgeries; the others leave out the
 *                different pairs that they do not name), within and across alone
 *   call     in  gets each pair; a negative return ends it and is returned
 * SN_EDATA where there is not one pair, or no forgery where impostors wants some, or where `across`
 * is not found in a key.
 */
SN_MUST_CHECK int sn_pair_each(const struct sn_items *items, const struct sn_pair_options *options,
			       int (*call)(void *context, const struct sn_index_pair *pair),
			       void *context);

/**
 * The pairs of the last item with the `window` items before it: one same and one different, drawn
 * by (seed, number), where there are such, or all of them (SN_PAIR_ALL).
 *   pairs  out  emptied first; none is no error
 */
SN_MUST_CHECK int sn_pair_window(struct sn_pairs *pairs, const struct sn_items *items,
				 size_t window, const struct sn_pair_options *options);

/**
 * A list of pairs: lines `key key same|different|- [trial]` (`-`: as the labels say), Kaldi's
 * `key key target|nontarget`, LFW's `name n n` and `name n name n`.  Fields end at tabs where the
 * line has one, else at blanks.  A key may be a unique ending of one, of whole parts of the path.
 * Or all lines are `key key`, Lake's runs: the first is of the class of the second, and is asked
 * which it is of all items in the second's folder.
 */
struct sn_pair_list;
/** path "-": standard input.  *xxh3: the file's sum.  SN_EDATA names file and line. */
SN_MUST_CHECK int sn_pair_list_read(struct sn_pair_list **l, const char *path, uint64_t *xxh3);
/** The same from class_labels.txt of a folder and of those in it, in byte order: Lake's runs alone.
 */
SN_MUST_CHECK int sn_pair_list_read_runs(struct sn_pair_list **l, const char *folder,
					 uint64_t *xxh3);
const char *sn_pair_list_name(const struct sn_pair_list *l);
void sn_pair_list_free(struct sn_pair_list *l); /* NULL is allowed */
/**
 * The list's pairs, in its order.  A key that no item has is added to the items: with the next
 * number, no label, and `missing`.
 *   pairs  out  emptied first
 *   again  out  lines left out because their trial has the pair already
 * SN_EDATA where a key fits several items, a pair is said to be both same and different, an item
 * is paired with itself, `-` stands for two forgeries, two items that are to be told apart have the
 * same label, or no key at all is found.
 */
SN_MUST_CHECK int sn_pair_list_match(const struct sn_pair_list *l, struct sn_items *items,
				     struct sn_pairs *pairs, uint64_t *again);

/**
 * sn-pair's work on one section after another: it is shown each item behind which pairs may be
 * written, and writes them.  What the user should know is told by sn_note.
 * Zero-initialised but for the first four is ready; sn_pairing_release ends it.
 */
struct sn_pairing {
	struct sn_pair_options options;
	size_t window;			 /* 0: none; else with the default selection or --all */
	const struct sn_pair_list *list; /* of SN_PAIR_LIST; borrowed */
	bool allow_empty;		 /* a section without items gets no pairs */

	struct sn_items items; /* of the section so far, or in the window */
	struct sn_pairs pairs; /* private from here on */
	uint64_t written[3];   /* by enum sn_same */
	struct sn_writer *w;
};
/** The section's header, from that of its items; the caller adds the history and writes it to w. */
SN_MUST_CHECK int sn_pairing_begin(struct sn_pairing *p, struct sn_header *h, struct sn_writer *w);
/** An item that has been written: remember it, write what a window pairs with it. */
SN_MUST_CHECK int sn_pairing_item(struct sn_pairing *p, const struct sn_item *item);
/** Behind the last item: missing items of a list, the pairs; then the items are forgotten. */
SN_MUST_CHECK int sn_pairing_end(struct sn_pairing *p);
void sn_pairing_release(struct sn_pairing *p);

struct sn_sampler_options {
	size_t p, k; /* classes a batch, items of each */
	uint64_t seed;
	/*
	 * The classes of a batch come from `groups` groups of those that share the first `within`
	 * parts of their labels, p / groups of each; 0: from all
	 */
	unsigned within;
	size_t groups;
	/* [items->n] or NULL: classes of a group have the same, too (of turned classes the turn) */
	const uint8_t *version;
	/*
	 * NULL, or a regular expression, whose groups in an item's key name the condition under
	 * which it was made: the genuine items that a batch takes of the classes of a group are of
	 * the same k conditions, one of each.
	 */
	const char *across;
};

/**
 * Training batches: P classes by K items each (fewer items where a class has fewer, fewer classes
 * where there are fewer, but at least two), all pairs of them.  Classes are walked by shuffles,
 * and the items within each class too: classes come equally often, and with classes of one size
 * each item comes about once an epoch.  Forgeries take less than half of their class's share (with
 * K = 2 one at every other visit), more only where genuine items are too few; classes without
 * genuine items are left out.
 * With groups, each is drawn as often as it has classes, none twice in a batch, and those of one
 * class are left out where a batch takes one group.
 *   use  in  [n_use] indexes of the items that take part (NULL: all); nil labels are left out
 * SN_EUSAGE where p or k is below 2, p is no multiple of groups, or across is no expression;
 * SN_EDATA where across is not found in a key or finds but one condition, or where there are not
 * two classes, or none with two genuine items.  Keeps no pointer.
 */
struct sn_sampler;
SN_MUST_CHECK int sn_sampler_new(struct sn_sampler **s, const struct sn_items *items,
				 const size_t *use, size_t n_use,
				 const struct sn_sampler_options *options);
void sn_sampler_free(struct sn_sampler *s); /* NULL is allowed */
/** Batches of an epoch: ceil(items / (P K)), where P is at most the number of classes. */
size_t sn_sampler_steps(const struct sn_sampler *s);
/** Classes that batches are drawn from. */
size_t sn_sampler_classes(const struct sn_sampler *s);
/**
 * Batch `step` (from 0, over all epochs): indexes into items, rising; *n of at most P * K.
 * A function of the arguments of sn_sampler_new and of step; quick for rising steps, otherwise it
 * walks there.
 */
SN_MUST_CHECK int sn_sampler_batch(struct sn_sampler *s, uint64_t step, size_t *index, size_t *n);

/* ---- splitting ------------------------------------------------------------------------ */

enum sn_split_by { SN_SPLIT_CLASS, SN_SPLIT_ITEM };

/**
 * Choose a share of the items for testing: whole classes (all nil labels are one class), or items
 * of each class, forgeries in the same share.
 *   second  out  [items->n] 1 where the item goes to the second part
 *   share   in   (0, 1): of the classes, or of each class's items, rounded, at least 1 and not
 *                all (so that the only item of a class is in the first part)
 * SN_EDATA where one part would be empty; SN_EUSAGE where share is not within (0, 1).
 */
SN_MUST_CHECK int sn_split(uint8_t *second, const struct sn_items *items, enum sn_split_by by,
			   double share, uint64_t seed);

struct sn_split_options {
	enum sn_split_by by;
	/* SN_SPLIT_CLASS: labels that share their first `level` parts stay together; 0: all parts
	 */
	unsigned level;
	double share; /* as above; meaningless with folds */
	/*
	 * 0, or the second part is fold `fold`, from 1, of `folds`, at least 2: with one seed each
	 * item is in the second part of one fold
	 */
	uint64_t fold, folds;
	uint64_t seed;
};

/** The same, by groups of classes, or one of several folds. */
SN_MUST_CHECK int sn_split_by(uint8_t *second, const struct sn_items *items,
			      const struct sn_split_options *options);

/**
 * The same by a list of what goes to the second part, one a line: labels or, at a level, their
 * first parts (SN_SPLIT_CLASS), or keys or unique endings of keys, of whole parts of the path
 * (SN_SPLIT_ITEM).  The head of a list that sn_split_write made is passed over.
 *   options  in  by and level alone
 *   list     in  [size] the text; `name` is the file's in messages
 * SN_EDATA names the line that fits nothing or several items, or says which part would be empty.
 */
SN_MUST_CHECK int sn_split_list(uint8_t *second, const struct sn_items *items,
				const struct sn_split_options *options, const char *list,
				size_t size, const char *name);

/**
 * A sum (XXH3) of the keys, labels and forgeries of all items, in their order; the folders that all
 * keys begin with do not count, nor does x.
 */
SN_MUST_CHECK int sn_split_sum(const struct sn_items *items, uint64_t *sum);

/**
 * A list for sn_split_list, appended to text: a head, and the labels (or first parts, or keys) of
 * the second part, sorted by bytes.  SN_EDATA where a list cannot name them.
 */
SN_MUST_CHECK int sn_split_write(struct sn_buffer *text, const struct sn_items *items,
				 const uint8_t *second, const struct sn_split_options *options);

/** What the first line of such a list says: how it was split, and what. */
struct sn_split_head {
	enum sn_split_by by;
	unsigned level;
	uint64_t items, sum;
};
/** 1: *head is set; 0: the list has none; SN_EDATA: a head that is damaged. */
SN_MUST_CHECK int sn_split_head_read(struct sn_split_head *head, const char *list, size_t size,
				     const char *name);

/**
 * What two sets have in common: labels or their first parts (SN_SPLIT_CLASS), or keys.
 *   options  in  by and level alone
 *   call     in  gets each name once, sorted by bytes (data NULL, first of all: items without
 *                label in both); a negative return ends it and is returned
 */
SN_MUST_CHECK int sn_split_common(const struct sn_items *a, const struct sn_items *b,
				  const struct sn_split_options *options,
				  int (*call)(void *context, struct sn_slice name), void *context);

#endif
