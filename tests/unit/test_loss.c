/* The contrastive loss by hand, at its corners, and its slope. */
#include <float.h>
#include <sn/distance.h>
#include <sn/loss.h>
#include <sn/random.h>
#include "test.h"

static void by_hand(void)
{
	double slope;
	CHECK(sn_contrastive(&slope, 0.5f, 1, 1) == 0.125);
	CHECK(slope == 0.5);
	CHECK(sn_contrastive(&slope, 0.5f, 0, 2) == 1.125);
	CHECK(slope == -1.5);
	CHECK(sn_contrastive(&slope, 2, 0, 2) == 0);
	CHECK(slope == 0);
	CHECK(sn_contrastive(&slope, 3, 0, 2) == 0);
	CHECK(slope == 0);
	CHECK(sn_contrastive(&slope, 0, 1, 2) == 0);
	CHECK(slope == 0);
	CHECK(sn_contrastive(&slope, 0, 0, 2) == 2);
	CHECK(slope == -2);
	CHECK(sn_contrastive(NULL, 3, 1, 1) == 4.5);
}

static void not_a_number(void)
{
	double slope;
	CHECK(isnan(sn_contrastive(&slope, NAN, 1, 1)));
	CHECK(isnan(slope));
	CHECK(isnan(sn_contrastive(&slope, NAN, 0, 1)));
	CHECK(isnan(slope));
	CHECK(isinf(sn_contrastive(NULL, INFINITY, 1, 1)));
	CHECK(sn_contrastive(NULL, INFINITY, 0, 1) == 0);
	CHECK(isfinite(sn_contrastive(NULL, FLT_MAX, 1, 1)));
}

static void slope(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 4, 0);
	for (int i = 0; i < 1000; i++) {
		double m = 0.1 + 2 * sn_random_unit(&r), s, measured;
		float d = (float)(3 * sn_random_unit(&r));
		int same = i % 2;
		const float e = 1.0f / 1024; /* the loss is a parabola: the step may be long */
		if (fabs((double)d - m) < 2 * (double)e)
			continue; /* the kink */
		d = roundf(d * 1024) / 1024;
		sn_contrastive(&s, d, same, m);
		measured = (sn_contrastive(NULL, d + e, same, m) -
			    sn_contrastive(NULL, d - e, same, m)) /
			   (2 * (double)e);
		CHECK_NEAR(s, measured, 1e-9);
	}
}

/* Loss of the distance of two embeddings, along a random direction, for every distance. */
static void through_the_distance(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 5, 0);
	for (int i = 0; i < 200; i++) {
		enum sn_distance k = (enum sn_distance)(i % 5);
		float a[8], b[8], head[9], a1[8], b1[8], a0[8], b0[8];
		double ga[8] = { 0 }, gb[8] = { 0 }, s, predicted = 0, error = INFINITY;
		double m = k == SN_WEIGHTED_L1 ? 0.9 : k == SN_COSINE ? 1.5 : 4;
		int same = i / 5 % 2;
		for (int j = 0; j < 9; j++)
			head[j] = 0.1f * (float)sn_random_normal(&r);
		for (int j = 0; j < 8; j++) {
			a[j] = (float)sn_random_normal(&r);
			b[j] = (float)sn_random_normal(&r);
		}
		float d = sn_distance(k, a, b, 8, head);
		if (fabs((double)d - m) < 0.2)
			continue;
		sn_contrastive(&s, d, same, m);
		sn_distance_gradient(k, ga, gb, s, d, a, b, 8, head);
		for (float e = 1.0f / 64; e > 1e-4f; e /= 4) {
			predicted = 0;
			struct sn_random q = sn_random(1, SN_RANDOM_TEST, 6, (uint64_t)i);
			for (int j = 0; j < 8; j++) {
				float ua = (float)sn_random_normal(&q),
				      ub = (float)sn_random_normal(&q);
				a1[j] = a[j] + e * ua;
				a0[j] = a[j] - e * ua;
				b1[j] = b[j] + e * ub;
				b0[j] = b[j] - e * ub;
				/* the step as floats really took it */
				predicted += ga[j] * ((double)a1[j] - (double)a0[j]) +
					     gb[j] * ((double)b1[j] - (double)b0[j]);
			}
			double measured =
				sn_contrastive(NULL, sn_distance(k, a1, b1, 8, head), same, m) -
				sn_contrastive(NULL, sn_distance(k, a0, b0, 8, head), same, m);
			error = fmin(error, fabs(measured - predicted) / (double)e);
		}
		/* floats give the distance to 1e-7 of itself */
		CHECK_NEAR(error, 0, 2e-3 * (1 + fabs(s) * (1 + (double)d)));
	}
}

int main(void)
{
	by_hand();
	not_a_number();
	slope();
	through_the_distance();
	return TEST_END();
}
