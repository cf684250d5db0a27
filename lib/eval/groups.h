/* groups - private: pairs of trials or probes, kept until their group is whole. */
#ifndef EVAL_GROUPS_H
#define EVAL_GROUPS_H

#include <sn/metric.h>

/* All pairs of one group, sorted by class, in the order of adding within a class. */
typedef int sn_group_call(void *context, const struct sn_group_pair *pair, size_t n);

/*
 * Up to the limit groups may come mixed; then those so far are handed to `call` (and again
 * whenever the limit is reached), and a pair of one of them is SN_EDATA.  noun: "trial".
 */
SN_MUST_CHECK int sn_groups_add(struct sn_groups *g, const struct sn_group_pair *p,
				const char *noun, sn_group_call *call, void *context);
/* Hand on what is left. */
SN_MUST_CHECK int sn_groups_end(struct sn_groups *g, sn_group_call *call, void *context);
void sn_groups_release(struct sn_groups *g);

#endif
