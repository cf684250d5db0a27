/* Intervals of what was measured: Clopper and Pearson (1934) for rates, DeLong for the area. */
#include <math.h>
#include "scores.h"

/* The continued fraction of the incomplete beta function by Lentz's method; for x < (a+1)/(a+b+2).
 */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1), h, m, step, change;
	d = 1 / (fabs(d) < tiny ? tiny : d);
	h = d;
	/* about sqrt(a + b) rounds are needed */
	for (uint64_t i = 1; i < 10000000; i++) {
		m = (double)i;
		step = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		d = 1 + step * d;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = 1 + step / c;
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		step = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 + step * d;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = 1 + step / c;
		c = fabs(c) < tiny ? tiny : c;
		change = d * c;
		h *= change;
		if (fabs(change - 1) < 1e-15)
			break;
	}
	return h;
}

/* Regularised incomplete beta function I_x(a, b), a, b > 0. */
static double beta(double a, double b, double x)
{
	double front;
	int sign; /* lgamma itself would write a global */
	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) + a * log(x) +
		    b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* x with I_x(a, b) = p: the function rises, so halving finds it to the last bits. */
static double beta_quantile(double a, double b, double p)
{
	double low = 0, high = 1, x = 0.5;
	for (int i = 0; i < 200 && low < x && x < high; i++) {
		if (beta(a, b, x) < p)
			low = x;
		else
			high = x;
		x = low + (high - low) / 2;
	}
	return x;
}

void sn_interval(double *lower, double *upper, uint64_t k, uint64_t n, double confidence)
{
	double tail = (1 - confidence) / 2;
	*lower = 0;
	*upper = 1;
	if (n == 0 || k > n)
		return;
	/* P(K >= k | p) = I_p(k, n - k + 1) */
	if (k > 0)
		*lower = beta_quantile((double)k, (double)(n - k + 1), tail);
	if (k < n)
		*upper = beta_quantile((double)(k + 1), (double)(n - k), 1 - tail);
}

/* z with P(|N(0,1)| <= z) = confidence */
static double normal_quantile(double confidence)
{
	double low = 0, high = 40, z = 20;
	for (int i = 0; i < 200 && low < z && z < high; i++) {
		if (erf(z * M_SQRT1_2) < confidence)
			low = z;
		else
			high = z;
		z = low + (high - low) / 2;
	}
	return z;
}

void sn_auc_interval(const struct sn_scores *s, double *lower, double *upper, double confidence)
{
	double n = (double)s->same.n, m = (double)s->different.n, auc = sn_auc(s);
	double above, below, of_same = 0, of_different = 0, deviation, logit;
	uint64_t fewer = s->same.n < s->different.n ? s->same.n : s->different.n;
	struct walk w = { 0 };
	/* each same pair's share of different ones behind it, each different one's of same ones
	 * before it */
	while (walk_on(&w, s)) {
		above = (m - (double)w.different_to +
			 (double)(w.different_to - w.different_below) / 2) /
			m;
		below = ((double)w.same_below + (double)(w.same_to - w.same_below) / 2) / n;
		of_same += (double)(w.same_to - w.same_below) * (above - auc) * (above - auc);
		of_different += (double)(w.different_to - w.different_below) * (below - auc) *
				(below - auc);
	}
	deviation = sqrt((n > 1 ? of_same / (n - 1) / n : 0) +
			 (m > 1 ? of_different / (m - 1) / m : 0));
	if (!(auc > 0 && auc < 1)) {
		sn_interval(lower, upper, auc > 0 ? fewer : 0, fewer, confidence);
		return;
	}
	logit = log(auc / (1 - auc));
	deviation *= normal_quantile(confidence) / (auc * (1 - auc));
	*lower = 1 / (1 + exp(-(logit - deviation)));
	*upper = 1 / (1 + exp(-(logit + deviation)));
}
