/* bootstrap - private: what its two parts, the pairs and their replicates, know of each other. */
#ifndef EVAL_BOOTSTRAP_H
#define EVAL_BOOTSTRAP_H

#include <sn/bootstrap.h>

#define KINDS 3

struct weighed_pair {
	float d;
	uint32_t a, b; /* identities */
	uint32_t kind; /* enum sn_pair_kind */
};

struct sn_bootstrap {
	size_t replicates;
	uint64_t seed;
	struct {
		uint64_t *name; /* [n] hash of each */
		size_t n, capacity;
		uint32_t *slot; /* hash table over them */
		size_t slots;
	} identity;
	struct {
		struct weighed_pair *pair; /* sorted by distance for the replicates */
		size_t n, capacity, limit;
	} kept;
	/* once there were more */
	float *edge; /* [edges] upper ends of the bins; what is beyond the last is in the last */
	size_t edges;
	uint64_t *sum;	 /* [edges][KINDS][replicates + 1] weights; the first are all 1 */
	uint8_t *weight; /* [identities][replicates + 1] */
	size_t weights;	 /* identities that have them */
	size_t weight_capacity;
	double *value; /* [measures][replicates + 1] */
};

/* The weight of an identity in a replicate; replicate 0 is the set as it is, all 1. */
uint8_t sn_bootstrap_weight(uint64_t seed, size_t replicate, uint64_t name);

/* ---- replicates ---- */

size_t sn_replicate_measures(void);
/* The place of a measure by its name; the number of measures where there is none of it. */
size_t sn_replicate_measure(const char *name);

/* The steps of one replicate: its distances rising, with the weights of their pairs. */
struct step {
	double d;
	uint64_t weight[KINDS];
};
struct steps {
	const struct sn_bootstrap *b;
	size_t replicate;
	const uint8_t *weight; /* [identities], where pairs are kept */
	size_t next;
};
/* value [measures] out, NaN where the replicate has no pairs for it. */
SN_MUST_CHECK int sn_replicate(struct steps *s, double threshold, double *value);
/* The next step with any weight; false where there is none. */
bool sn_steps_on(struct steps *s, struct step *step);

#endif
