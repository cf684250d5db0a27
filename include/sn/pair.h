/* pair - which items are compared with which, and which are kept for testing. */
#ifndef SN_PAIR_H
#define SN_PAIR_H

#include <sn/items.h>
#include <sn/random.h>

enum sn_impostors { SN_IMPOSTORS_DEFAULT, SN_IMPOSTORS_RANDOM, SN_IMPOSTORS_FORGED, SN_IMPOSTORS_BOTH };

/** The selections of sn-pair(1), one of them at a time. */
enum sn_selection {
	SN_PAIR_DEFAULT, /* neighbours in shuffled classes, and as many different ones */
	SN_PAIR_COUNT,   /* -n */
	SN_PAIR_ALL,     /* --all */
	SN_PAIR_BATCH,   /* --batch PxK: batches of P classes by K items, all pairs of each */
	SN_PAIR_TRIALS,  /* --trials */
	SN_PAIR_LIST,    /* --list: see sn_pair_list_read */
};

struct sn_pair_options {
	enum sn_selection selection;
	uint64_t seed;
	uint64_t count;           /* SN_PAIR_COUNT: pairs; SN_PAIR_TRIALS: trials */
	double balance;           /* SN_PAIR_COUNT: share of same pairs, [0, 1] */
	enum sn_impostors impostors;
	size_t p, k;              /* SN_PAIR_BATCH */
	size_t way, shot;         /* SN_PAIR_TRIALS */
	unsigned within;          /* SN_PAIR_TRIALS: leading parts of the label that a trial's classes share; 0: none */
};

/** Pairs by index into the items (not by number). Owns `pair`; zero-initialised is empty. */
struct sn_pairs {
	struct sn_index_pair {
		size_t a, b;
		enum sn_same same;
		uint64_t trial, batch; /* SN_NONE: none */
	} *pair;
	size_t n, capacity;
	uint64_t singles; /* classes of one, that give only different pairs */
};
void sn_pairs_release(struct sn_pairs *p);
SN_MUST_CHECK int sn_pairs_add(struct sn_pairs *p, struct sn_index_pair pair);

/** same, different or (a nil label; two forgeries: *paired false) neither: the rule of sn-pair(1). */
enum sn_same sn_pair_relation(const struct sn_entry *a, const struct sn_entry *b, bool *paired);

/**
 * Draw pairs: a function of numbers, keys, labels, forged, and options alone.  Exact counts, no pair twice (a,b or b,a), no item
 * with itself.  SN_EDATA where there are too few, or no same or no different ones.
 */
SN_MUST_CHECK int sn_pair_draw(struct sn_pairs *pairs, const struct sn_items *items,
                               const struct sn_pair_options *options);

/**
 * One training batch: P classes by K items each (fewer where a class has fewer, at least two classes), all pairs of them.
 * sn-train's sampler walks classes and items so that an epoch uses each about once.
 */
struct sn_sampler;
SN_MUST_CHECK int sn_sampler_new(struct sn_sampler **s, const struct sn_items *items, const size_t *use, size_t n_use,
                                 size_t p, size_t k, uint64_t seed);
void sn_sampler_free(struct sn_sampler *s);
/** Batches of an epoch: ceil(items / (P K)). */
size_t sn_sampler_steps(const struct sn_sampler *s);
/** Batch `step` (from 0, over all epochs): indexes into items, rising; *n of at most P * K. A function of seed and step. */
SN_MUST_CHECK int sn_sampler_batch(struct sn_sampler *s, uint64_t step, size_t *index, size_t *n);

/* ---- splitting ------------------------------------------------------------------------ */

enum sn_split_by { SN_SPLIT_CLASS, SN_SPLIT_ITEM };

/**
 * Choose a share of the items for testing: whole classes (a nil label is a class of its own), or items of each class.
 *   second  out  [items->n] 1 where the item goes to the second part
 *   share   in   (0, 1): of the classes, or of each class's items, rounded, at least 1 and not all
 * SN_EDATA where one part would be empty.
 */
SN_MUST_CHECK int sn_split(uint8_t *second, const struct sn_items *items, enum sn_split_by by, double share,
                           uint64_t seed);

#endif
