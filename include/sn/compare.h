/* compare - whether two values of streams are the same within a tolerance. */
#ifndef SN_COMPARE_H
#define SN_COMPARE_H

#include <sn/stream.h>

/** What counts as the same, and who is told of what does not. */
struct sn_comparison {
	double abs, rel; /* floats a, b are the same where a = b, |a-b| <= abs or |a-b| <= rel
			    max(|a|,|b|); NaN never */
	const char *const
		*ignore; /* top-level keys that are not looked at; NULL-terminated, may be NULL */
	/** where: "x[5]", "prep.mean"; a, b: the values as text, "(absent)" for none. */
	void (*differ)(void *context, const char *where, const char *a, const char *b);
	void *context;
	uint64_t differences;	     /* so far */
	double worst_abs, worst_rel; /* over all floats compared, same or not */
};

/** Compare two encoded maps: keys in any order, numbers by value, tensors element by element.
 * Returns 0 or SN_ENOMEM. */
SN_MUST_CHECK int sn_compare(struct sn_comparison *c, struct sn_slice a, struct sn_slice b);

#endif
