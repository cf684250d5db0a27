/* part - some of a set's items as a set of their own */
#ifndef PART_H
#define PART_H

#include <sn/items.h>

/*
 * What is drawn from a part is what is drawn where nothing else is known, as after sn-split: labels
 * count in the order of their first appearance, which is another one in a part.
 */
struct part {
	struct sn_items items;
	size_t *index; /* [items.n] of each in the whole set */
};

/** The items whose of[i] is (or is not) 0; of NULL: all.  To be released also after an error. */
SN_MUST_CHECK int part_take(struct part *part, const struct sn_items *items, const uint8_t *of,
			    bool chosen);
void part_release(struct part *part);

#endif
