/* random - reproducible chance: counters hashed, so that a draw depends on what it is for alone. */
#ifndef SN_RANDOM_H
#define SN_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/**
 * One stream of random numbers per purpose, the same in every program.  Values are part of the
 * results: append only.
 */
enum sn_purpose {
	SN_RANDOM_INIT = 1,  /* weights;            a = layer                  */
	SN_RANDOM_PAIR,	     /* sn-pair's draws;    a = which of its draws     */
	SN_RANDOM_SPLIT,     /* sn-split                                       */
	SN_RANDOM_SAMPLE,    /* sn-train's batches; a = epoch                  */
	SN_RANDOM_DROPOUT,   /* masks;              a = step, b = item ^ layer */
	SN_RANDOM_AUGMENT,   /* distortions;        a = step, b = item         */
	SN_RANDOM_BOOTSTRAP, /* intervals                                      */
	SN_RANDOM_TEST,	     /* tests                                          */
};

/** A stream's state: copy it freely, it owns nothing. */
struct sn_random {
	uint64_t key, count;
};

/** The stream of (seed, purpose, a, b).  Different arguments give independent streams. */
struct sn_random sn_random(uint64_t seed, enum sn_purpose purpose, uint64_t a, uint64_t b);

uint64_t sn_random_next(struct sn_random *r);		   /* uniform, 64 bits */
uint64_t sn_random_below(struct sn_random *r, uint64_t n); /* uniform in [0, n), n > 0, unbiased */
double sn_random_unit(struct sn_random *r);		   /* uniform in [0, 1), 53 bits */
double sn_random_normal(struct sn_random *r);		   /* mean 0, deviation 1 */
void sn_random_shuffle(struct sn_random *r, size_t *a, size_t n); /* Fisher-Yates */

/** 64 bits that depend on all of x: one step of SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t sn_random_mix(uint64_t x);

#endif
