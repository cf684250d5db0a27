/* Calibration: the probability against what is known of normal distances, and its own gradient. */
#include <math.h>
#include <sn/calibration.h>
#include <sn/random.h>
#include "test.h"

#define N 4000

static float same[N], different[N];

/* Distances about 1 and about 3, spread 1: the log-odds are 4 - 2 d. */
static void draw(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 0, 0);
	for (int i = 0; i < N; i++) {
		same[i] = (float)(1 + sn_random_normal(&r));
		different[i] = (float)(3 + sn_random_normal(&r));
	}
}

static struct sn_scores scores(size_t n, size_t m, size_t limit)
{
	struct sn_scores s = { .limit = limit };
	for (size_t i = 0; i < n; i++)
		MUST(sn_scores_add(&s, same[i], true));
	for (size_t i = 0; i < m; i++)
		MUST(sn_scores_add(&s, different[i], false));
	MUST(sn_scores_sort(&s));
	return s;
}

static struct sn_threshold calibrated(struct sn_scores s, double d)
{
	struct sn_threshold t;
	sn_threshold_clear(&t);
	CHECK(!t.set && isnan(t.far) && isnan(t.far_interval[0]) && !t.probability.set);
	t.d = d;
	MUST(sn_calibrate(&t, &s));
	sn_scores_release(&s);
	return t;
}

static void normal(void)
{
	/* however many there are of each, the classes count alike */
	for (size_t m = N; m >= N / 8; m /= 8) {
		struct sn_threshold t = calibrated(scores(N, m, 0), 2);
		const struct sn_probability *p = &t.probability;
		CHECK(t.set && p->set && p->prior == 0.5);
		CHECK_NEAR(p->slope, 2, 0.15);
		CHECK_NEAR(p->offset, -4, 0.3);
		CHECK_NEAR((double)sn_probability(p, 2), 0.5, 0.03);
		CHECK(sn_probability(p, -1e30F) == 1 && sn_probability(p, 1e30F) == 0);
	}
}

/* Where the loss is least, its gradient is 0. */
static void least(void)
{
	const size_t n = 300, m = 500;
	struct sn_threshold t = calibrated(scores(n, m, 0), 2);
	const struct sn_probability *p = &t.probability;
	double high = (n + 1.0) / (n + 2.0), low = 1 / (m + 2.0), g[2] = { 0 };
	for (size_t i = 0; i < n + m; i++) {
		double d = (double)(i < n ? same[i] : different[i - n]);
		double e = i < n ? (high - 1 / (1 + exp(p->slope * d + p->offset))) / (double)n
				 : (low - 1 / (1 + exp(p->slope * d + p->offset))) / (double)m;
		g[0] += e * d;
		g[1] += e;
	}
	CHECK_NEAR(g[0], 0, 1e-6);
	CHECK_NEAR(g[1], 0, 1e-6);
}

static void counted(void)
{
	struct sn_threshold a = calibrated(scores(N, N, 0), 2),
			    b = calibrated(scores(N, N, 100), 2);
	CHECK_NEAR(b.probability.slope, a.probability.slope, 1e-3);
	CHECK_NEAR(b.probability.offset, a.probability.offset, 1e-3);
	CHECK(a.data && b.data && a.data != b.data);
}

static void corners(void)
{
	struct sn_threshold t, u;
	float keep[4] = { same[0], same[1], different[0], different[1] };
	/* told apart without fault: still between 0 and 1 */
	same[0] = 0;
	same[1] = 1;
	different[0] = 2;
	different[1] = 3;
	t = calibrated(scores(2, 2, 0), 1);
	CHECK(t.probability.set && sn_probability(&t.probability, 0) < 1 &&
	      sn_probability(&t.probability, 3) > 0);
	CHECK_NEAR((double)sn_probability(&t.probability, 1.5F), 0.5, 1e-6);
	CHECK(t.same == 2 && t.different == 2 && t.measured_far == 0 && t.measured_frr == 0);
	CHECK(t.far_interval[0] == 0 && t.frr_interval[0] == 0);
	/* 1 - (0.05 / 2)^(1/2) */
	CHECK_NEAR(t.far_interval[1], 1 - sqrt(0.025), 1e-12);
	/* in another order: the same data */
	same[0] = 1;
	same[1] = 0;
	u = calibrated(scores(2, 2, 0), 1);
	CHECK(t.data == u.data && t.probability.slope == u.probability.slope);
	/* same pairs farther than different ones, and all at one place: none */
	same[0] = same[1] = 9;
	CHECK(!calibrated(scores(2, 2, 0), 1).probability.set);
	same[0] = same[1] = different[0] = different[1] = 0.5F;
	CHECK(!calibrated(scores(2, 2, 0), 1).probability.set);
	/* far from 0 and close together */
	same[0] = 1e6F;
	same[1] = 1e6F + 1;
	different[0] = 1e6F + 2;
	different[1] = 1e6F + 3;
	t = calibrated(scores(2, 2, 0), 1e6);
	CHECK(t.probability.set);
	CHECK_NEAR((double)sn_probability(&t.probability, 1e6F + 1),
		   1 - (double)sn_probability(&t.probability, 1e6F + 2), 1e-4);
	same[0] = keep[0];
	same[1] = keep[1];
	different[0] = keep[2];
	different[1] = keep[3];
}

int main(void)
{
	draw();
	normal();
	least();
	counted();
	corners();
	return TEST_END();
}
