/* init - fresh weights. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "layer.h"

/* DEVIATION or DEVIATION,MEAN, which alone may be below 0. */
static int parse_normal(struct sn_init *init, const struct sn_words *w, const char *text)
{
	char deviation[64];
	const char *comma = strchrnul(text, ','), *mean = comma + 1;
	size_t size = (size_t)(comma - text);
	bool below;
	int st;

	init->rule = SN_INIT_NORMAL;
	if (size >= sizeof deviation)
		return sn_fail(SN_EDATA, "line %u: deviation '%.64s', wanted a number", w->line,
			       text);
	memcpy(deviation, text, size);
	deviation[size] = '\0';
	if ((st = sn_words_real(w, "deviation", deviation, 0, 1e6, &init->deviation)) < 0 ||
	    !*comma)
		return st;
	below = *mean == '-';
	st = sn_words_real(w, "mean", mean + below, 0, 1e6, &init->mean);
	init->mean = below ? -init->mean : init->mean;
	return st;
}

static int parse_rule(struct sn_init *init, const struct sn_words *w, const char *what,
		      const char *text)
{
	static const char *const name[] = { "pytorch", "lecun", "xavier", "he" };

	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		if (strcmp(text, name[i]) == 0) {
			init->rule = (enum sn_init_rule)i;
			return 0;
		}
	}
	if (strncmp(text, "normal:", 7) == 0)
		return parse_normal(init, w, text + 7);
	return sn_fail(SN_EDATA,
		       "line %u: %s '%.64s', wanted pytorch, lecun, xavier, he or "
		       "normal:DEVIATION[,MEAN]",
		       w->line, what, text);
}

int sn_inits_parse(struct sn_init *weight, struct sn_init *bias, struct sn_words *w)
{
	const char *text = sn_words_option(w, "init"), *second = sn_words_option(w, "bias-init");
	int st;

	*weight = (struct sn_init){ SN_INIT_PYTORCH, 0, 0 };
	if (text && (st = parse_rule(weight, w, "init", text)) < 0)
		return st;
	*bias = (struct sn_init){ SN_INIT_NORMAL, 0, 0 };
	if (weight->rule == SN_INIT_PYTORCH)
		bias->rule = SN_INIT_PYTORCH;
	return second ? parse_rule(bias, w, "bias-init", second) : 0;
}

static void uniform(float *x, size_t n, double bound, struct sn_random *r)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (float)((2 * sn_random_unit(r) - 1) * bound);
}

static void normal(float *x, size_t n, double deviation, double mean, struct sn_random *r)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (float)(mean + (deviation > 0 ? sn_random_normal(r) * deviation : 0));
}

/*
 * pytorch: Kaiming's uniform rule with a = sqrt 5, whose bound is 1 / sqrt(fan in)
 * lecun:   uniform of variance 1 / fan in, which Caffe calls xavier
 * xavier:  Glorot and Bengio 2010, uniform        he: He et al. 2015, normal
 */
void sn_init_values(const struct sn_init *init, float *x, size_t n, size_t fan_in, size_t fan_out,
		    struct sn_random *r)
{
	switch (init->rule) {
	case SN_INIT_PYTORCH:
		uniform(x, n, 1 / sqrt((double)fan_in), r);
		break;
	case SN_INIT_LECUN:
		uniform(x, n, sqrt(3 / (double)fan_in), r);
		break;
	case SN_INIT_XAVIER:
		uniform(x, n, sqrt(6 / ((double)fan_in + (double)fan_out)), r);
		break;
	case SN_INIT_HE:
		normal(x, n, sqrt(2 / (double)fan_in), 0, r);
		break;
	case SN_INIT_NORMAL:
		normal(x, n, init->deviation, init->mean, r);
		break;
	}
}
