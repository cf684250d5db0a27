/* items - what is known of the items of a set: found by number, told apart by label. */
#ifndef SN_ITEMS_H
#define SN_ITEMS_H

#include <sn/stream.h>

#define SN_NO_CLASS UINT32_MAX

struct sn_entry {
	uint64_t number;
	const char *key; /* owned by the set, ends with 0 */
	uint32_t key_size;
	uint32_t label; /* class: labels numbered by first appearance; SN_NO_CLASS: nil */
	bool forged;
	bool missing; /* came without x where pictures were wanted (sn-pair --list) */
	void *data;   /* the caller's; freed with free() when the entry goes */
};

/** Items in rising order of number.  Zero-initialised is empty. */
struct sn_items {
	struct sn_entry *entry; /* [n]; moves when items are added */
	size_t n;
	size_t capacity;
	const char **label;   /* [labels] names, owned, ending with 0 */
	uint32_t *label_size; /* [labels] bytes of each, without the 0 */
	size_t labels;
	size_t label_capacity;
	uint32_t *slot; /* private: hash table over labels */
	size_t slots;
	/*
	 * 0: keep all; N: keep at least the last N + 1.  Older entries may go at an add, and labels
	 * that no entry has any more with them: classes are then numbered anew (in all entries), so
	 * compare them, but keep none of them.
	 */
	size_t window;
};

/**
 * Add an item; *entry (which may be NULL) is valid until the next add.  x is not kept, nothing is
 * borrowed. SN_EDATA where the number does not rise, or with 2^32 - 1 labels; SN_ENOMEM.
 */
SN_MUST_CHECK int sn_items_add(struct sn_items *s, const struct sn_item *item,
			       struct sn_entry **entry);
/** The entry of a number; NULL where there is none (or it was forgotten). */
struct sn_entry *sn_items_find(const struct sn_items *s, uint64_t number);
/** The class of a label (characters); SN_NO_CLASS where no item has it. */
uint32_t sn_items_class(const struct sn_items *s, const char *label, size_t size);
/** Forget and free everything; the set is empty and ready for use. `window` stays. */
void sn_items_clear(struct sn_items *s);

#endif
