/* Metrics by hand, against definitions counted out in plain loops, and the intervals' vectors. */
#include <float.h>
#include <sn/metric.h>
#include <sn/random.h>
#include "test.h"

struct golden {
	double auc, eer, eer_threshold, eer_hull, best, dprime, far_lower, far_upper, dcf[2],
		tar[3];
};
#include "../golden/metrics.h"

static struct sn_scores scores(const float *same, size_t n, const float *different, size_t m)
{
	struct sn_scores s = { 0 };
	for (size_t i = 0; i < n; i++)
		MUST(sn_scores_add(&s, same[i], true));
	for (size_t i = 0; i < m; i++)
		MUST(sn_scores_add(&s, different[i], false));
	return s;
}

static void by_hand(void)
{
	const float same[] = { 3, 1, 2, 5 }, different[] = { 4, 6, 5, 8, 7 };
	struct sn_scores s = scores(same, 4, different, 5);
	double far, frr, t;
	uint64_t a, b;
	MUST(sn_scores_sort(&s));
	CHECK(s.same.d[0] == 1 && s.same.d[3] == 5 && s.different.d[0] == 4 &&
	      s.different.d[4] == 8);
	/* 5 > 4, 5 = 5: of 20, 18.5 in order */
	CHECK_NEAR(sn_auc(&s), 18.5 / 20, 1e-15);
	sn_rates_at(&s, 5, &far, &frr);
	CHECK(far == 0.4 && frr == 0);
	sn_rates_at(&s, 4.999, &far, &frr);
	CHECK(far == 0.2 && frr == 0.25);
	sn_accepted_at(&s, 4, &a, &b);
	CHECK(a == 3 && b == 1);
	/* at 4: |0.2 - 0.25| */
	CHECK_NEAR(sn_eer(&s, &t), 0.225, 1e-15);
	CHECK(t == 4);
	/* at 3: FAR 0, FRR 1/4 */
	CHECK_NEAR(sn_best_accuracy(&s, &t), 0.875, 1e-15);
	CHECK(t == 3);
	CHECK(sn_threshold_at_far(&s, 0) == 3);
	CHECK(sn_threshold_at_far(&s, 0.19) == 3);
	CHECK(sn_threshold_at_far(&s, 0.2) == 4);
	CHECK(sn_threshold_at_far(&s, 0.4) == 5);
	CHECK(sn_threshold_at_far(&s, 1) == 8);
	CHECK_NEAR(sn_mean(s.same.d, 4), 2.75, 1e-15);
	/* variances 35/12 and 2.5 */
	CHECK_NEAR(sn_dprime(&s), (6 - 2.75) / sqrt((35.0 / 12 + 2.5) / 2), 1e-12);
	sn_scores_release(&s);
}

static void corners(void)
{
	const float low[] = { 1, 2 }, high[] = { 3, 4 }, equal[] = { 1, 1 };
	struct sn_scores s = scores(low, 2, high, 2);
	double t, lower, upper;
	MUST(sn_scores_sort(&s));
	CHECK(sn_auc(&s) == 1 && sn_eer(&s, &t) == 0 && t == 2);
	CHECK(sn_best_accuracy(&s, NULL) == 1);
	sn_auc_interval(&s, &lower, &upper, 0.95);
	CHECK(lower > 0.1 && lower < 0.2 && upper == 1);
	sn_scores_release(&s);
	s = scores(high, 2, low, 2);
	MUST(sn_scores_sort(&s));
	CHECK(sn_auc(&s) == 0);
	CHECK(sn_threshold_at_far(&s, 0) == -INFINITY);
	CHECK(sn_threshold_at_far(&s, 0.49) == -INFINITY);
	sn_scores_release(&s);
	/* everything in one point: no better than a coin, and no threshold helps */
	s = scores(equal, 2, equal, 2);
	MUST(sn_scores_sort(&s));
	CHECK(sn_auc(&s) == 0.5 && sn_eer(&s, &t) == 0.5 && t == 1);
	CHECK(sn_best_accuracy(&s, NULL) == 0.5);
	CHECK(sn_threshold_at_far(&s, 0.5) == -INFINITY);
	CHECK(isnan(sn_dprime(&s)));
	sn_scores_release(&s);
	s = scores(low, 2, NULL, 0);
	CHECK(sn_scores_sort(&s) == SN_EDATA && strstr(sn_message(), "different"));
	sn_scores_release(&s);
	s = scores(NULL, 0, low, 2);
	CHECK(sn_scores_sort(&s) == SN_EDATA && strstr(sn_message(), "same"));
	CHECK(sn_scores_add(&s, NAN, true) == SN_ENAN);
	sn_scores_release(&s);
	CHECK(sn_scores_sort(&s) == SN_EDATA);
}

/* 0.29 * 100 is less than 29 in double: the share itself must decide. */
static void shares(void)
{
	struct sn_scores s = { 0 };
	MUST(sn_scores_add(&s, 0, true));
	for (int i = 1; i <= 100; i++)
		MUST(sn_scores_add(&s, (float)i, false));
	MUST(sn_scores_sort(&s));
	for (int i = 0; i <= 100; i++)
		CHECK(sn_threshold_at_far(&s, i / 100.0) == i);
	sn_scores_release(&s);
}

/* Small whole distances, so that ties abound, against the definitions. */
static void against_definitions(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 7, 0);
	for (int round = 0; round < 300; round++) {
		float x[40], y[40];
		size_t n = 1 + sn_random_below(&r, 40), m = 1 + sn_random_below(&r, 40);
		uint64_t range = 1 + sn_random_below(&r, 30), shift = range / 3;
		double auc = 0, eer = INFINITY, gap = INFINITY, best = 0, at_far = -INFINITY, got;
		double allowed = sn_random_unit(&r);
		for (size_t i = 0; i < n; i++)
			x[i] = (float)sn_random_below(&r, range);
		for (size_t i = 0; i < m; i++)
			y[i] = (float)(sn_random_below(&r, range) + shift);
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < m; j++)
				auc += x[i] < y[j] ? 1 : x[i] == y[j] ? 0.5 : 0;
		for (int t = 0; t < 60; t++) {
			size_t fa = 0, fr = 0, known = 0;
			for (size_t i = 0; i < n; i++) {
				fr += x[i] > (float)t;
				known += x[i] == (float)t;
			}
			for (size_t j = 0; j < m; j++) {
				fa += y[j] <= (float)t;
				known += y[j] == (float)t;
			}
			double far = (double)fa / (double)m, frr = (double)fr / (double)n;
			if (known && (fabs(far - frr) < gap ||
				      (fabs(far - frr) == gap && (far + frr) / 2 < eer))) {
				gap = fabs(far - frr);
				eer = (far + frr) / 2;
			}
			if (known && far <= allowed)
				at_far = t;
			best = fmax(best, 1 - (far + frr) / 2);
		}
		struct sn_scores s = scores(x, n, y, m);
		MUST(sn_scores_sort(&s));
		CHECK_NEAR(sn_auc(&s), auc / (double)n / (double)m, 1e-12);
		CHECK_NEAR(sn_eer(&s, &got), eer, 1e-12);
		CHECK_NEAR(sn_best_accuracy(&s, NULL), best, 1e-12);
		CHECK(sn_threshold_at_far(&s, allowed) == at_far);
		sn_scores_release(&s);
	}
}

struct curve {
	struct sn_roc_point point[400];
	size_t n;
};

static int keep_point(void *context, const struct sn_roc_point *p)
{
	struct curve *c = context;
	if (c->n == 400)
		return SN_ENOMEM;
	c->point[c->n++] = *p;
	return 0;
}

static void roc(void)
{
	const float same[] = { 1, 2, 3, 5 }, different[] = { 4, 5, 6, 7, 8 };
	struct sn_scores s = scores(same, 4, different, 5);
	struct curve c = { .n = 0 };
	double hull;
	MUST(sn_scores_sort(&s));
	MUST(sn_roc(&s, keep_point, &c));
	/* no to all; 3: FRR 1/4; 4: FAR 1/5; 5: FAR 2/5, FRR 0; 8 */
	CHECK(c.n == 5 && c.point[0].threshold == -INFINITY && c.point[0].frr == 1);
	CHECK(c.point[1].threshold == 3 && c.point[1].far == 0 && c.point[1].frr == 0.25);
	CHECK(c.point[2].threshold == 4 && c.point[2].far == 0.2 && c.point[2].frr == 0.25);
	CHECK(c.point[3].threshold == 5 && c.point[3].far == 0.4 && c.point[3].frr == 0);
	CHECK(c.point[4].threshold == 8 && c.point[4].far == 1);
	/* from (0, 1/4) to (2/5, 0): x = 1/4 - 5/8 x */
	MUST(sn_eer_hull(&s, &hull));
	CHECK_NEAR(hull, 0.25 / 1.625, 1e-15);
	/* at 3: FRR 1/4 and no FAR; weighed the other way round, nothing is better than 5 */
	CHECK_NEAR(sn_min_dcf(&s, 0.01), 0.25, 1e-15);
	CHECK_NEAR(sn_min_dcf(&s, 0.99), 0.4, 1e-12);
	c.n = 396;
	CHECK(sn_roc(&s, keep_point, &c) == SN_ENOMEM);
	sn_scores_release(&s);
}

static void check_golden(const char *name, const struct golden *g, const float *same, size_t n,
			 const float *different, size_t m, const double (*corner)[2], size_t places,
			 bool counted)
{
	const double far[] = { 0.1, 0.01, 0.001 }, p[] = { 0.01, 0.001 };
	/* two of these may fall into one bin */
	double tolerance = counted ? 0.02 : 1e-12, t, value, lower, upper;
	struct sn_scores s = scores(same, n, different, m);
	struct curve c = { .n = 0 };
	uint64_t a, b;
	int before = test_failures;
	if (counted)
		MUST(sn_scores_count(&s));
	MUST(sn_scores_sort(&s));
	CHECK(s.counted == counted);
	CHECK_NEAR(sn_auc(&s), g->auc, tolerance);
	CHECK_NEAR(sn_eer(&s, &t), g->eer, tolerance);
	CHECK_NEAR(t, g->eer_threshold, counted ? g->eer_threshold * SN_BIN_WIDTH : 0);
	CHECK(t >= g->eer_threshold);
	MUST(sn_eer_hull(&s, &value));
	CHECK_NEAR(value, g->eer_hull, tolerance);
	CHECK_NEAR(sn_best_accuracy(&s, NULL), g->best, tolerance);
	CHECK_NEAR(sn_dprime(&s), g->dprime, 1e-12);
	sn_accepted_at(&s, t, &a, &b);
	sn_interval(&lower, &upper, b, m, 0.95);
	CHECK_NEAR(lower, g->far_lower, tolerance);
	CHECK_NEAR(upper, g->far_upper, tolerance);
	for (int i = 0; i < 2; i++)
		CHECK_NEAR(sn_min_dcf(&s, p[i]), g->dcf[i], tolerance);
	for (int i = 0; i < 3; i++) {
		sn_accepted_at(&s, sn_threshold_at_far(&s, far[i]), &a, &b);
		CHECK_NEAR((double)a / (double)n, g->tar[i], tolerance);
	}
	MUST(sn_roc(&s, keep_point, &c));
	CHECK(counted || c.n == places);
	for (size_t i = 0; i < c.n && !counted && c.n == places; i++) {
		CHECK_NEAR(c.point[i].far, corner[i][0], 1e-15);
		CHECK_NEAR(c.point[i].frr, corner[i][1], 1e-15);
	}
	if (test_failures > before)
		fprintf(stderr, "in the set '%s'%s\n", name, counted ? ", counted" : "");
	sn_scores_release(&s);
}

/* What scikit-learn, SciPy and the definitions say of the same distances. */
static void golden(void)
{
#define COUNT(x) (sizeof(x) / sizeof((x)[0]))
#define CHECK_GOLDEN(name)                                                                         \
	for (int counted = 0; counted < 2; counted++)                                              \
	check_golden(#name, &name, name##_same, COUNT(name##_same), name##_different,              \
		     COUNT(name##_different), name##_roc, COUNT(name##_roc), counted)
	CHECK_GOLDEN(normal);
	CHECK_GOLDEN(ties);
	CHECK_GOLDEN(apart);
	CHECK_GOLDEN(backwards);
}

/* Beyond its limit a set is counted, and says within the width of a bin what it said before. */
static void counted(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 11, 0);
	struct sn_scores exact = { 0 }, bins = { .limit = 1000 };
	double t, u, lower[2], upper[2], hull[2];
	uint64_t a, b, c, d;
	for (int i = 0; i < 20000; i++) {
		float x = (float)(sn_random_normal(&r) * 0.3 + (i % 4 ? 2 : 1));
		MUST(sn_scores_add(&exact, x, i % 4 == 0));
		MUST(sn_scores_add(&bins, x, i % 4 == 0));
		CHECK(bins.counted == (i >= 1000));
	}
	MUST(sn_scores_sort(&exact));
	MUST(sn_scores_sort(&bins));
	CHECK(bins.same.n == 5000 && bins.different.n == 15000 && !bins.same.d);
	CHECK(bins.same.least == exact.same.least && bins.different.most == exact.different.most);
	CHECK_NEAR(sn_auc(&bins), sn_auc(&exact), 1e-6);
	CHECK_NEAR(sn_eer(&bins, &u), sn_eer(&exact, &t), 2e-4);
	CHECK(u >= t && u <= t * (1 + SN_BIN_WIDTH));
	CHECK_NEAR(sn_sample_mean(&bins.same), sn_sample_mean(&exact.same), 1e-12);
	CHECK_NEAR(sn_sample_variance(&bins.different), sn_sample_variance(&exact.different),
		   1e-12);
	CHECK_NEAR(sn_dprime(&bins), sn_dprime(&exact), 1e-12);
	sn_auc_interval(&exact, &lower[0], &upper[0], 0.95);
	sn_auc_interval(&bins, &lower[1], &upper[1], 0.95);
	CHECK_NEAR(lower[0], lower[1], 1e-6);
	CHECK_NEAR(upper[0], upper[1], 1e-6);
	MUST(sn_eer_hull(&exact, &hull[0]));
	MUST(sn_eer_hull(&bins, &hull[1]));
	CHECK_NEAR(hull[0], hull[1], 1e-4);
	/* a threshold counts as its bin's upper edge, and that is where it is exact */
	sn_accepted_at(&bins, t, &a, &b);
	sn_accepted_at(&exact, u, &c, &d);
	CHECK(a == c && b == d);
	sn_accepted_at(&bins, 1e30, &a, &b);
	CHECK(a == 5000 && b == 15000);
	sn_accepted_at(&bins, -1e30, &a, &b);
	CHECK(a == 0 && b == 0);
	sn_scores_release(&exact);
	sn_scores_release(&bins);
	/* the ends of what a float can be */
	bins.limit = 1;
	const float odd[] = { -FLT_MAX, -1, -0.0f, 0.0f, FLT_TRUE_MIN, 1, FLT_MAX };
	for (int i = 0; i < 7; i++)
		MUST(sn_scores_add(&bins, odd[i], i % 2));
	MUST(sn_scores_sort(&bins));
	CHECK(bins.counted);
	sn_accepted_at(&bins, 0.5, &a, &b);
	CHECK(a == 2 && b == 3);
	sn_accepted_at(&bins, (double)FLT_MAX, &a, &b);
	CHECK(a == 3 && b == 4);
	sn_accepted_at(&bins, (double)-FLT_MAX, &a, &b);
	CHECK(a == 0 && b == 1);
	sn_scores_release(&bins);
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

static void sorting(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 8, 0);
	static float want[10000];
	struct sn_scores s = { 0 };
	for (int i = 0; i < 10000; i++) {
		want[i] = (float)(sn_random_normal(&r) * exp(20 * sn_random_normal(&r)));
		MUST(sn_scores_add(&s, want[i], true));
	}
	MUST(sn_scores_add(&s, 0.0f, false));
	MUST(sn_scores_add(&s, -0.0f, false));
	MUST(sn_scores_sort(&s));
	qsort(want, 10000, sizeof(float), compare);
	CHECK(memcmp(want, s.same.d, sizeof(want)) == 0);
	sn_scores_release(&s);
}

static void intervals(void)
{
	double lower, upper;
	sn_interval(&lower, &upper, 9856, 10000, 0.95);
	CHECK_NEAR(lower, 0.98307, 5e-6);
	CHECK_NEAR(upper, 0.98784, 5e-6);
	/* none or all of n: 1 - (a/2)^(1/n) by hand */
	sn_interval(&lower, &upper, 0, 10, 0.95);
	CHECK(lower == 0);
	CHECK_NEAR(upper, 1 - pow(0.025, 0.1), 1e-13);
	sn_interval(&lower, &upper, 10, 10, 0.95);
	CHECK(upper == 1);
	CHECK_NEAR(lower, pow(0.025, 0.1), 1e-13);
	sn_interval(&lower, &upper, 0, 0, 0.95);
	CHECK(lower == 0 && upper == 1);
	/* at the ends of the interval the tails of the binomial are 2.5 % each, counted out */
	for (uint64_t n = 1; n <= 60; n += 7) {
		for (uint64_t k = 0; k <= n; k++) {
			double low_tail = 0, high_tail = 0;
			sn_interval(&lower, &upper, k, n, 0.95);
			for (uint64_t i = 0; i <= n; i++) {
				double ways = exp(lgamma((double)n + 1) - lgamma((double)i + 1) -
						  lgamma((double)(n - i) + 1));
				if (i >= k)
					high_tail += ways * pow(lower, (double)i) *
						     pow(1 - lower, (double)(n - i));
				if (i <= k)
					low_tail += ways * pow(upper, (double)i) *
						    pow(1 - upper, (double)(n - i));
			}
			CHECK_NEAR(high_tail, k ? 0.025 : 1, 1e-10);
			CHECK_NEAR(low_tail, k < n ? 0.025 : 1, 1e-10);
		}
	}
	/* large counts: near the normal approximation */
	sn_interval(&lower, &upper, 500000000, 1000000000, 0.95);
	CHECK_NEAR(lower, 0.5 - 1.959964 * sqrt(0.25e-9), 1e-8);
	CHECK_NEAR(upper, 0.5 + 1.959964 * sqrt(0.25e-9), 1e-8);
	sn_interval(&lower, &upper, 1, 1000000000, 0.95);
	CHECK_NEAR(lower * 1e9, 0.0253178, 1e-6);
	CHECK_NEAR(upper * 1e9, 5.571643, 1e-5);
}

/* Most of many intervals hold the area that they are about. */
static void auc_interval(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 9, 0);
	int held = 0;
	const double truth = 0.5 * erfc(-1 / M_SQRT2 * M_SQRT1_2); /* P(N(0,1) < N(1,1)) */
	for (int round = 0; round < 400; round++) {
		struct sn_scores s = { 0 };
		double lower, upper;
		for (int i = 0; i < 60; i++) {
			MUST(sn_scores_add(&s, (float)sn_random_normal(&r), true));
			MUST(sn_scores_add(&s, (float)sn_random_normal(&r) + 1, false));
		}
		MUST(sn_scores_sort(&s));
		sn_auc_interval(&s, &lower, &upper, 0.95);
		CHECK(lower < sn_auc(&s) && sn_auc(&s) < upper);
		held += lower <= truth && truth <= upper;
		sn_scores_release(&s);
	}
	CHECK(held > 365 && held < 398);
}

static void trials(void)
{
	struct sn_trials t = { 0 };
	struct sn_trials_result result;
	CHECK(sn_trials_score(&t, &result) == SN_EDATA);
	/* trial 7: right by means (1+4)/2 < 3 though the nearest single one is another's */
	MUST(sn_trials_add(&t, 7, 10, 2, true));
	MUST(sn_trials_add(&t, 7, 11, 1, false));
	MUST(sn_trials_add(&t, 7, 10, 2.5f, true));
	MUST(sn_trials_add(&t, 7, 11, 5, false));
	/* trial 8: a tie */
	MUST(sn_trials_add(&t, 8, 1, 2, true));
	MUST(sn_trials_add(&t, 8, 2, 2, false));
	MUST(sn_trials_add(&t, 8, 3, 9, false));
	/* trial 9: wrong; trial 3: lacks a distance; trial 5: a tie behind the nearest is none */
	MUST(sn_trials_add(&t, 9, 1, 2, true));
	MUST(sn_trials_add(&t, 9, 2, 1, false));
	MUST(sn_trials_add(&t, 3, 1, 0, true));
	MUST(sn_trials_add(&t, 3, 2, NAN, false));
	MUST(sn_trials_add(&t, 5, 2, 4, false));
	MUST(sn_trials_add(&t, 5, 3, 4, false));
	MUST(sn_trials_add(&t, 5, 1, 3, true));
	MUST(sn_trials_score(&t, &result));
	CHECK(result.trials == 5 && result.right == 2 && result.ties == 1 &&
	      result.incomplete == 1);
	CHECK(result.least == 2 && result.most == 3);
	CHECK_NEAR(result.chance, (3 * 0.5 + 2.0 / 3) / 5, 1e-15);
	sn_trials_release(&t);
}

/* Trials mixed with each other give what they give one after another. */
static void mixed_trials(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 10, 0);
	struct sn_trials in_order = { 0 }, mixed = { 0 };
	struct sn_trials_result a, b;
	static float d[50][20];
	for (int i = 0; i < 50; i++)
		for (int j = 0; j < 20; j++) {
			d[i][j] = (float)sn_random_below(&r, 40) - (j % 5 == 0 ? 10.0f : 0);
			MUST(sn_trials_add(&in_order, (uint64_t)i, (uint64_t)(j % 5), d[i][j],
					   j % 5 == 0));
		}
	for (int j = 0; j < 20; j++)
		for (int i = 49; i >= 0; i--)
			MUST(sn_trials_add(&mixed, (uint64_t)i, (uint64_t)(j % 5), d[i][j],
					   j % 5 == 0));
	MUST(sn_trials_score(&in_order, &a));
	MUST(sn_trials_score(&mixed, &b));
	CHECK(a.trials == 50 && a.right == b.right && a.ties == b.ties && a.right > 10 &&
	      a.right < 50);
	sn_trials_release(&in_order);
	sn_trials_release(&mixed);
}

int main(void)
{
	by_hand();
	corners();
	shares();
	against_definitions();
	roc();
	golden();
	counted();
	sorting();
	intervals();
	auc_interval();
	trials();
	mixed_trials();
	return TEST_END();
}
