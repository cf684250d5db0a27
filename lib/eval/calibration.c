/*
 * calibration - logistic regression of same on the distance.
 *
 * With f = slope x + offset and p = 1 / (1 + e^f), the loss of a pair whose target is t is
 *     L = log(1 + e^f) - (1 - t) f        dL/df = t - p        d2L/df2 = p (1 - p)
 * which is convex: Newton's method, each step halved until the loss falls.  x is the distance less
 * its mean, in units of its spread, so that the two coefficients are of like size.
 */
#include <math.h>
#include <string.h>
#include <xxhash.h>
#include <sn/calibration.h>
#include "scores.h"

#define PRIOR 0.5

void sn_threshold_clear(struct sn_threshold *t)
{
	*t = (struct sn_threshold){ .far = NAN,
				    .far_interval = { NAN, NAN },
				    .frr_interval = { NAN, NAN } };
}

/* 1 / (1 + e^f), and log(1 + e^f), without overflow. */
static double logistic(double f)
{
	return f > 0 ? exp(-f) / (1 + exp(-f)) : 1 / (1 + exp(f));
}

static double softplus(double f)
{
	return f > 0 ? f + log1p(exp(-f)) : log1p(exp(f));
}

float sn_probability(const struct sn_probability *p, float d)
{
	return (float)logistic(p->slope * (double)d + p->offset);
}

/* What is fitted, and on what. */
struct fit {
	const struct sn_scores *s;
	double mean, spread;  /* x = (d - mean) / spread */
	double weight[2];     /* of a pair that is different, same */
	double target[2];     /* the same */
	double slope, offset; /* in x */
	double step[2];	      /* Newton's, of slope and offset */
};

/* Pairs of a step of the walk. */
struct count {
	double different, same;
};

static struct count counted(const struct walk *w)
{
	return (struct count){ (double)(w->different_to - w->different_below),
			       (double)(w->same_to - w->same_below) };
}

static double loss(const struct fit *f, double slope, double offset)
{
	struct walk w = { 0 };
	double sum = 0;
	while (walk_on(&w, f->s)) {
		struct count n = counted(&w);
		double z = slope * ((double)w.d - f->mean) / f->spread + offset, plus = softplus(z);
		sum += n.same * f->weight[1] * (plus - (1 - f->target[1]) * z);
		sum += n.different * f->weight[0] * (plus - (1 - f->target[0]) * z);
	}
	return sum;
}

/* Newton's step; returns how much the loss should fall by it. */
static double newton(struct fit *f)
{
	/* the ridge keeps it defined where all distances are one */
	double g[2] = { 0 }, h[3] = { 1e-12, 0, 1e-12 }, determinant;
	struct walk w = { 0 };
	while (walk_on(&w, f->s)) {
		struct count n = counted(&w);
		double x = ((double)w.d - f->mean) / f->spread;
		double p = logistic(f->slope * x + f->offset);
		double slope = n.same * f->weight[1] * (f->target[1] - p) +
			       n.different * f->weight[0] * (f->target[0] - p);
		double bend = (n.same * f->weight[1] + n.different * f->weight[0]) * p * (1 - p);
		g[0] += slope * x;
		g[1] += slope;
		h[0] += bend * x * x;
		h[1] += bend * x;
		h[2] += bend;
	}
	determinant = h[0] * h[2] - h[1] * h[1];
	f->step[0] = -(h[2] * g[0] - h[1] * g[1]) / determinant;
	f->step[1] = -(h[0] * g[1] - h[1] * g[0]) / determinant;
	return -(g[0] * f->step[0] + g[1] * f->step[1]);
}

static void descend(struct fit *f)
{
	double now = loss(f, f->slope, f->offset);
	for (int i = 0; i < 100; i++) {
		double gain = newton(f), scale = 1, next;
		if (!(gain > 1e-14 * now))
			return;
		while (!((next = loss(f, f->slope + scale * f->step[0],
				      f->offset + scale * f->step[1])) <
			 now - 1e-4 * scale * gain)) {
			scale /= 2;
			if (scale < 1e-10)
				return; /* as far as doubles go */
		}
		f->slope += scale * f->step[0];
		f->offset += scale * f->step[1];
		now = next;
	}
}

/* The distances' mean and spread, both classes weighed alike. */
static void standardise(struct fit *f)
{
	const struct sn_scores *s = f->s;
	double same = sn_sample_mean(&s->same), different = sn_sample_mean(&s->different);
	double apart = (different - same) / 2;
	f->mean = (same + different) / 2;
	f->spread = sqrt((sn_sample_variance(&s->same) + sn_sample_variance(&s->different)) / 2 +
			 apart * apart);
	if (!(f->spread > 0))
		f->spread = 1;
}

static void learn(struct sn_probability *p, const struct sn_scores *s)
{
	double same = (double)s->same.n, different = (double)s->different.n;
	struct fit f = { .s = s,
			 .weight = { (1 - PRIOR) / different, PRIOR / same },
			 .target = { 1 / (different + 2), (same + 1) / (same + 2) },
			 .offset = log((1 - PRIOR) / PRIOR) };
	standardise(&f);
	descend(&f);
	p->slope = f.slope / f.spread;
	p->offset = f.offset - f.slope * f.mean / f.spread;
	p->prior = PRIOR;
	p->set = p->slope > 0 && isfinite(p->slope) && isfinite(p->offset);
}

static void add_sample(XXH3_state_t *sum, const struct sn_sample *x)
{
	uint64_t n = x->n;
	XXH3_64bits_update(sum, &n, sizeof(n));
	if (x->d)
		XXH3_64bits_update(sum, x->d, x->n * sizeof(*x->d));
	for (uint64_t i = 0; x->bin && i < sn_bins; i++) {
		if (!x->bin[i])
			continue;
		XXH3_64bits_update(sum, &i, sizeof(i));
		XXH3_64bits_update(sum, &x->bin[i], sizeof(x->bin[i]));
	}
}

static int sum_scores(uint64_t *data, const struct sn_scores *s)
{
	XXH3_state_t *sum = XXH3_createState();
	if (!sum)
		return sn_fail_memory();
	XXH3_64bits_reset(sum);
	add_sample(sum, &s->same);
	add_sample(sum, &s->different);
	*data = XXH3_64bits_digest(sum);
	XXH3_freeState(sum);
	return 0;
}

int sn_calibrate(struct sn_threshold *t, const struct sn_scores *s)
{
	uint64_t same, different;
	int st = sum_scores(&t->data, s);
	if (st < 0)
		return st;
	t->set = true;
	t->same = s->same.n;
	t->different = s->different.n;
	sn_rates_at(s, t->d, &t->measured_far, &t->measured_frr);
	sn_accepted_at(s, t->d, &same, &different);
	sn_interval(&t->far_interval[0], &t->far_interval[1], different, t->different, 0.95);
	sn_interval(&t->frr_interval[0], &t->frr_interval[1], t->same - same, t->same, 0.95);
	learn(&t->probability, s);
	return 0;
}
