/* The metrics of verification: everything that follows from the sorted distances of same and
 * different pairs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include <sn/metric.h>

int sn_scores_add(struct sn_scores *s, float d, bool same)
{
	int st;
	if (isnan(d))
		return sn_fail(SN_ENAN, "a distance is not a number");
	s->sorted = false;
	if (same) {
		if ((st = sn_grow(&s->same, &s->same_capacity, s->n_same + 1, sizeof(float))) < 0)
			return st;
		s->same[s->n_same++] = d;
		return 0;
	}
	st = sn_grow(&s->different, &s->different_capacity, s->n_different + 1, sizeof(float));
	if (st < 0)
		return st;
	s->different[s->n_different++] = d;
	return 0;
}

void sn_scores_release(struct sn_scores *s)
{
	free(s->same);
	free(s->different);
	memset(s, 0, sizeof(*s));
}

/* ---- sorting -------------------------------------------------------------------------- */

#define DIGIT 11
#define BINS (1u << DIGIT)

/* A number that orders as the float does: -0 directly before 0. */
static uint32_t order_key(float f)
{
	uint32_t u;
	memcpy(&u, &f, sizeof(u));
	return u >> 31 ? ~u : u | 0x80000000u;
}

/* Radix sort, three passes of 11 bits: a third of qsort's time for millions, and no worst case. */
static int sort_floats(float *d, size_t n)
{
	float *scratch, *from = d, *to, *swap;
	size_t(*count)[BINS] = NULL, sum, c;
	if (n < 2)
		return 0;
	scratch = sn_alloc(n, sizeof(float));
	count = sn_alloc(3, sizeof(*count));
	if (!scratch || !count) {
		free(scratch);
		free(count);
		return SN_ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t key = order_key(d[i]);
		for (unsigned pass = 0; pass < 3; pass++)
			count[pass][key >> pass * DIGIT & (BINS - 1)]++;
	}
	to = scratch;
	for (unsigned pass = 0; pass < 3; pass++) {
		sum = 0;
		for (unsigned bin = 0; bin < BINS; bin++) {
			c = count[pass][bin];
			count[pass][bin] = sum;
			sum += c;
		}
		for (size_t i = 0; i < n; i++)
			to[count[pass][order_key(from[i]) >> pass * DIGIT & (BINS - 1)]++] =
				from[i];
		swap = from;
		from = to;
		to = swap;
	}
	memcpy(d, scratch, n * sizeof(float)); /* an odd number of passes ends in scratch */
	free(scratch);
	free(count);
	return 0;
}

int sn_scores_sort(struct sn_scores *s)
{
	int st;
	if (!s->sorted) {
		if ((st = sort_floats(s->same, s->n_same)) < 0 ||
		    (st = sort_floats(s->different, s->n_different)) < 0)
			return st;
		s->sorted = true;
	}
	if (s->n_same == 0 && s->n_different == 0)
		return sn_fail(SN_EDATA, "there are no pairs known to be same or different; "
					 "label the pictures, so that sn-pair can tell");
	if (s->n_same == 0)
		return sn_fail(SN_EDATA,
			       "no pair is of the same class; "
			       "error rates want some of both: see sn-pair -n and --balance");
	if (s->n_different == 0)
		return sn_fail(SN_EDATA,
			       "no pair is of different classes; "
			       "error rates want some of both: see sn-pair -n and --balance");
	return 0;
}

/* ---- rates ---------------------------------------------------------------------------- */

/* how many of d, sorted, are <= t */
static size_t count_up_to(const float *d, size_t n, double t)
{
	size_t low = 0, high = n, middle;
	while (low < high) {
		middle = low + (high - low) / 2;
		if ((double)d[middle] <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void sn_accepted_at(const struct sn_scores *s, double t, uint64_t *same, uint64_t *different)
{
	*same = count_up_to(s->same, s->n_same, t);
	*different = count_up_to(s->different, s->n_different, t);
}

void sn_rates_at(const struct sn_scores *s, double t, double *far, double *frr)
{
	uint64_t same, different;
	sn_accepted_at(s, t, &same, &different);
	*far = (double)different / (double)s->n_different;
	*frr = (double)(s->n_same - same) / (double)s->n_same;
}

/* A walk over the distinct distances of both classes, rising: how many are below and up to each. */
struct walk {
	float d;
	size_t same_below, same_to, different_below, different_to;
};

static bool walk_on(struct walk *w, const struct sn_scores *s)
{
	size_t i = w->same_to, j = w->different_to;
	if (i == s->n_same && j == s->n_different)
		return false;
	if (j == s->n_different || (i < s->n_same && s->same[i] < s->different[j]))
		w->d = s->same[i];
	else
		w->d = s->different[j];
	w->same_below = i;
	w->different_below = j;
	while (i < s->n_same && s->same[i] == w->d)
		i++;
	while (j < s->n_different && s->different[j] == w->d)
		j++;
	w->same_to = i;
	w->different_to = j;
	return true;
}

double sn_auc(const struct sn_scores *s)
{
	struct walk w = { 0 };
	unsigned __int128 halves = 0; /* pairs of pairs in the right order count 2, equal ones 1 */
	while (walk_on(&w, s))
		halves += (unsigned __int128)(w.same_to - w.same_below) *
			  (2 * (s->n_different - w.different_to) +
			   (w.different_to - w.different_below));
	return (double)halves / 2 / (double)s->n_same / (double)s->n_different;
}

double sn_eer(const struct sn_scores *s, double *threshold)
{
	struct walk w = { 0 };
	double best_gap = INFINITY, best_sum = INFINITY, far, frr, at = NAN;
	while (walk_on(&w, s)) {
		far = (double)w.different_to / (double)s->n_different;
		frr = (double)(s->n_same - w.same_to) / (double)s->n_same;
		if (fabs(far - frr) < best_gap ||
		    (fabs(far - frr) == best_gap && far + frr < best_sum)) {
			best_gap = fabs(far - frr);
			best_sum = far + frr;
			at = (double)w.d;
		}
	}
	if (threshold)
		*threshold = at;
	return best_sum / 2;
}

double sn_best_accuracy(const struct sn_scores *s, double *threshold)
{
	struct walk w = { 0 };
	double best = -INFINITY, accuracy, at = NAN;
	while (walk_on(&w, s)) {
		accuracy = 1 - ((double)w.different_to / (double)s->n_different +
				(double)(s->n_same - w.same_to) / (double)s->n_same) /
				       2;
		if (accuracy > best) {
			best = accuracy;
			at = (double)w.d;
		}
	}
	if (threshold)
		*threshold = at;
	return best;
}

double sn_threshold_at_far(const struct sn_scores *s, double far)
{
	size_t n = s->n_different, allowed, same;
	double limit;
	/* the most that may be accepted, by the same division that will judge it */
	allowed = far >= 1 ? n : far > 0 ? (size_t)(far * (double)n) : 0;
	while (allowed < n && (double)(allowed + 1) / (double)n <= far)
		allowed++;
	while (allowed > 0 && (double)allowed / (double)n > far)
		allowed--;
	if (allowed == n) {
		limit = n ? (double)s->different[n - 1] : -INFINITY;
		return s->n_same && (double)s->same[s->n_same - 1] > limit
			       ? (double)s->same[s->n_same - 1]
			       : limit;
	}
	/* below the first that may not be: the nearest distance of either class */
	limit = (double)s->different[allowed];
	while (allowed > 0 && (double)s->different[allowed - 1] == limit)
		allowed--;
	same = count_up_to(s->same, s->n_same, nextafter(limit, -INFINITY));
	limit = allowed ? (double)s->different[allowed - 1] : -INFINITY;
	return same && (double)s->same[same - 1] > limit ? (double)s->same[same - 1] : limit;
}

/* ---- moments -------------------------------------------------------------------------- */

double sn_mean(const float *d, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)d[i];
	return n ? sum / (double)n : NAN;
}

static double variance(const float *d, size_t n)
{
	double mean = sn_mean(d, n), sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += ((double)d[i] - mean) * ((double)d[i] - mean);
	return n > 1 ? sum / (double)(n - 1) : 0;
}

double sn_dprime(const struct sn_scores *s)
{
	double spread =
		sqrt((variance(s->same, s->n_same) + variance(s->different, s->n_different)) / 2);
	if (!(spread > 0))
		return NAN;
	return (sn_mean(s->different, s->n_different) - sn_mean(s->same, s->n_same)) / spread;
}

/* ---- intervals ------------------------------------------------------------------------ */

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
	double n = (double)s->n_same, m = (double)s->n_different, auc = sn_auc(s);
	double above, below, of_same = 0, of_different = 0, deviation, logit;
	uint64_t fewer = s->n_same < s->n_different ? s->n_same : s->n_different;
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
