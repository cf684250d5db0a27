/* init - fresh weights. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "layer.h"

int sn_init_parse(struct sn_init *init, const struct sn_words *w, const char *text)
{
	init->rule = SN_INIT_PYTORCH;
	if (!text || strcmp(text, "pytorch") == 0)
		return 0;
	if (strcmp(text, "xavier") == 0) {
		init->rule = SN_INIT_XAVIER;
		return 0;
	}
	if (strcmp(text, "he") == 0) {
		init->rule = SN_INIT_HE;
		return 0;
	}
	if (strncmp(text, "normal:", 7) == 0) {
		init->rule = SN_INIT_NORMAL;
		return sn_words_real(w, "deviation", text + 7, 0, 1e6, &init->deviation);
	}
	return sn_fail(SN_EDATA,
		       "line %u: init '%.64s', wanted pytorch, xavier, he or normal:DEVIATION",
		       w->line, text);
}

static void uniform(float *x, size_t n, double bound, struct sn_random *r)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (float)((2 * sn_random_unit(r) - 1) * bound);
}

static void normal(float *x, size_t n, double deviation, struct sn_random *r)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (float)(sn_random_normal(r) * deviation);
}

/*
 * pytorch: Kaiming's uniform rule with a = sqrt 5, whose bound is 1 / sqrt(fan in)
 * xavier:  Glorot and Bengio 2010, uniform        he: He et al. 2015, normal
 */
void sn_init_weight(const struct sn_init *init, float *x, size_t n, size_t fan_in, size_t fan_out,
		    struct sn_random *r)
{
	switch (init->rule) {
	case SN_INIT_PYTORCH:
		uniform(x, n, 1 / sqrt((double)fan_in), r);
		break;
	case SN_INIT_XAVIER:
		uniform(x, n, sqrt(6 / ((double)fan_in + (double)fan_out)), r);
		break;
	case SN_INIT_HE:
		normal(x, n, sqrt(2 / (double)fan_in), r);
		break;
	case SN_INIT_NORMAL:
		normal(x, n, init->deviation, r);
		break;
	}
}

/* Only PyTorch's rule draws biases; the others start them at 0. */
void sn_init_bias(const struct sn_init *init, float *x, size_t n, size_t fan_in,
		  struct sn_random *r)
{
	if (init->rule == SN_INIT_PYTORCH)
		uniform(x, n, 1 / sqrt((double)fan_in), r);
	else
		memset(x, 0, n * sizeof *x);
}
