/* schedule - how the learning rate changes from step to step, as a word of text says. */
#ifndef SN_SCHEDULE_H
#define SN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <sn/error.h>

enum sn_schedule_kind {
	SN_SCHEDULE_CONSTANT,
	SN_SCHEDULE_STEP,	 /* factor every `every` epochs */
	SN_SCHEDULE_EXPONENTIAL, /* factor every epoch */
	SN_SCHEDULE_INVERSE,	 /* (1 + gamma step)^-power, as Caffe has it */
	SN_SCHEDULE_COSINE,	 /* half a wave over all steps, down to `least` of the rate */
	SN_SCHEDULE_PLATEAU,	 /* factor after `patience` epochs without a better one */
};

/** Zero-initialised is constant, without warm-up. */
struct sn_schedule {
	enum sn_schedule_kind kind;
	double factor, gamma, power, least;
	uint64_t every, patience; /* epochs */
	uint64_t warm_up; /* steps over which the rate rises to what it would be: not of the text */
};

/**
 * Read "step:every=10,factor=0.1", "exponential:factor=0.95", "inverse:gamma=0.0001,power=0.75",
 * "cosine:least=0", "plateau:patience=5,factor=0.1" or "constant"; what is left out is as here.
 * SN_EUSAGE names what is wrong and what was wanted.
 */
SN_MUST_CHECK int sn_schedule_parse(struct sn_schedule *s, const char *text);
/** The same with every default spelled out, into text[128]; returns text. */
const char *sn_schedule_text(char text[128], const struct sn_schedule *s);

/**
 * What the rate is multiplied by at a step (from 0), of `steps` in all, `epoch` of them an epoch.
 *   drops  in  plateaus so far
 */
double sn_schedule_factor(const struct sn_schedule *s, uint64_t step, uint64_t epoch,
			  uint64_t steps, uint64_t drops);

#endif
