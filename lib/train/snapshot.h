/* snapshot - a copy of all parameters of a network: the best so far, or their average */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <sn/net.h>

/** Zero-initialised is none; to be released also after an error. */
struct snapshot {
	float **value; /* [params] */
	size_t params;
};

/** Is there one? */
bool snapshot_is_taken(const struct snapshot *s);
/** Copy what the network has now, buffers and all. */
SN_MUST_CHECK int snapshot_take(struct snapshot *s, struct sn_net *net);
/** s = decay s + (1 - decay) network; a first one is a copy. */
SN_MUST_CHECK int snapshot_mix(struct snapshot *s, struct sn_net *net, double decay);
/** Exchange the two, and tell the network. */
SN_MUST_CHECK int snapshot_swap(struct snapshot *s, struct sn_net *net);
void snapshot_release(struct snapshot *s);

#endif
