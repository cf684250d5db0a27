/* Distances by hand, their symmetry to the bit, and their gradients along random directions. */
#include <stdbool.h>
#include <sn/distance.h>
#include <sn/random.h>
#include "test.h"

#define MOST 130

static void fill(struct sn_random *r, float *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = (float)sn_random_normal(r);
}

/* The formulas as they stand in the header, in plain loops. */
static double plain(enum sn_distance kind, const double *a, const double *b, size_t dim,
		    const float *head)
{
	double sum = 0, ab = 0, aa = 0, bb = 0;
	for (size_t i = 0; i < dim; i++) {
		double e = a[i] - b[i];
		ab += a[i] * b[i];
		aa += a[i] * a[i];
		bb += b[i] * b[i];
		if (kind == SN_EUCLIDEAN || kind == SN_SQEUCLIDEAN)
			sum += e * e;
		else if (kind == SN_MANHATTAN)
			sum += fabs(e);
		else if (kind == SN_WEIGHTED_L1)
			sum += (double)head[i] * fabs(e);
	}
	switch (kind) {
	case SN_EUCLIDEAN:
		return sqrt(sum);
	case SN_COSINE:
		return aa == 0 || bb == 0 ? 1 : fmax(0, 1 - ab / sqrt(aa * bb));
	case SN_WEIGHTED_L1:
		return 1 - 1 / (1 + exp(-(sum + (double)head[dim])));
	default:
		return sum;
	}
}

static void by_hand(void)
{
	const float origin[2] = { 0, 0 }, a[2] = { 3, 4 }, x[2] = { 1, 0 }, y[2] = { 0, 2 },
		    back[2] = { -5, 0 };
	const float head[3] = { 1, -1, 0.5f }, tiny[1] = { 1e-45f }, huge[1] = { 3e38f },
		    none[1] = { 0 };
	CHECK(sn_distance(SN_EUCLIDEAN, origin, a, 2, NULL) == 5);
	CHECK(sn_distance(SN_SQEUCLIDEAN, origin, a, 2, NULL) == 25);
	CHECK(sn_distance(SN_MANHATTAN, origin, a, 2, NULL) == 7);
	CHECK(sn_distance(SN_COSINE, x, y, 2, NULL) == 1);
	CHECK(sn_distance(SN_COSINE, x, back, 2, NULL) == 2);
	CHECK(sn_distance(SN_COSINE, origin, a, 2, NULL) == 1);
	CHECK(sn_distance(SN_COSINE, origin, origin, 2, NULL) == 1);
	/* z = 3 - 4 + 0.5 */
	CHECK_NEAR(sn_distance(SN_WEIGHTED_L1, origin, a, 2, head), 1 - 1 / (1 + exp(0.5)), 1e-7);
	CHECK_NEAR(sn_distance(SN_WEIGHTED_L1, a, a, 2, head), 1 - 1 / (1 + exp(-0.5)), 1e-7);
	/* neither end of float's range is lost on the way */
	CHECK(sn_distance(SN_EUCLIDEAN, tiny, none, 1, NULL) == tiny[0]);
	CHECK(sn_distance(SN_EUCLIDEAN, huge, none, 1, NULL) == huge[0]);
	CHECK(sn_distance(SN_COSINE, tiny, huge, 1, NULL) == 0);
	CHECK(isnan(sn_distance(SN_EUCLIDEAN, (float[]){ NAN }, none, 1, NULL)));
	CHECK(isnan(sn_distance(SN_COSINE, (float[]){ NAN }, tiny, 1, NULL)));
	CHECK(isinf(sn_distance(SN_SQEUCLIDEAN, huge, none, 1, NULL)));
}

/* Every dimension, so that every remainder of the lanes comes up, at unaligned places. */
static void symmetric_and_exact(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 1, 0);
	float a[MOST + 1], b[MOST + 1], head[MOST + 1];
	double da[MOST], db[MOST];
	for (size_t dim = 1; dim <= MOST; dim++) {
		float *pa = a + dim % 2, *pb = b + dim % 3 % 2;
		fill(&r, pa, dim);
		fill(&r, pb, dim);
		fill(&r, head, dim + 1);
		for (size_t i = 0; i < dim; i++) {
			da[i] = (double)pa[i];
			db[i] = (double)pb[i];
		}
		for (enum sn_distance k = SN_EUCLIDEAN; k <= SN_WEIGHTED_L1; k++) {
			float ab = sn_distance(k, pa, pb, dim, head);
			float ba = sn_distance(k, pb, pa, dim, head);
			CHECK(memcmp(&ab, &ba, sizeof(ab)) == 0);
			CHECK_NEAR(ab, plain(k, da, db, dim, head), 2e-7 * (1 + (double)ab));
			if (k != SN_WEIGHTED_L1)
				CHECK(sn_distance(k, pa, pa, dim, head) == 0);
		}
	}
}

/* A copy has cosine distance 0 whatever its length: the root of a rounded square gives it back. */
static void copies(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 2, 0);
	float a[7];
	for (int i = 0; i < 100000; i++) {
		float scale = (float)exp(40 * sn_random_normal(&r) / 3);
		fill(&r, a, 7);
		for (size_t j = 0; j < 7; j++)
			a[j] *= scale;
		if (isfinite(a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6]))
			CHECK(sn_distance(SN_COSINE, a, a, 7, NULL) == 0);
	}
}

/*
 * The gradient along a random direction u: predicted <grad, u> against the measured (D(x + eu) -
 * D(x - eu)) / 2e, in double, for several step sizes, of which one must agree.
 */
static void gradients(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 3, 0);
	for (enum sn_distance k = SN_EUCLIDEAN; k <= SN_WEIGHTED_L1; k++) {
		for (size_t dim = 1; dim <= 40; dim += 3) {
			float a[40], b[40], head[41];
			double ga[40] = { 0 }, gb[40] = { 0 }, ua[40], ub[40], x[40], y[40],
			       predicted = 0, error = INFINITY;
			const double g = 1.7;
			if (k == SN_COSINE && dim == 1)
				continue; /* constant: no slope to measure */
			fill(&r, a, dim);
			fill(&r, b, dim);
			fill(&r, head, dim + 1);
			sn_distance_gradient(k, ga, gb, g, sn_distance(k, a, b, dim, head), a, b,
					     dim, head);
			for (size_t i = 0; i < dim; i++) {
				ua[i] = sn_random_normal(&r);
				ub[i] = sn_random_normal(&r);
				predicted += ga[i] * ua[i] + gb[i] * ub[i];
			}
			for (double e = 1e-3; e > 1e-7; e /= 10) {
				double measured = 0;
				for (int side = -1; side <= 1; side += 2) {
					for (size_t i = 0; i < dim; i++) {
						x[i] = (double)a[i] + side * e * ua[i];
						y[i] = (double)b[i] + side * e * ub[i];
					}
					measured += side * g * plain(k, x, y, dim, head) / (2 * e);
				}
				error = fmin(error, fabs(measured - predicted));
			}
			CHECK_NEAR(error, 0, 1e-6 * (1 + fabs(predicted)));
		}
	}
}

static void gradient_edges(void)
{
	const float a[2] = { 1, 2 }, zero[2] = { 0, 0 }, head[3] = { 900, 0, 0 };
	double ga[2] = { 0.5, 0 }, gb[2] = { 0, 0 };
	for (enum sn_distance k = SN_EUCLIDEAN; k <= SN_MANHATTAN; k++) {
		sn_distance_gradient(k, ga, gb, 3, 0, a, a, 2, NULL);
		CHECK(ga[0] == 0.5 && ga[1] == 0 && gb[0] == 0 && gb[1] == 0);
	}
	sn_distance_gradient(SN_COSINE, ga, gb, 3, 1, a, zero, 2, NULL);
	CHECK(ga[0] == 0.5 && ga[1] == 0 && gb[0] == 0 && gb[1] == 0);
	/* a sigmoid at its end has no slope, and no NaN */
	sn_distance_gradient(SN_WEIGHTED_L1, ga, gb, 3, 0, a, zero, 2, head);
	CHECK_NEAR(ga[0], 0.5, 1e-12);
	/* it adds */
	sn_distance_gradient(SN_SQEUCLIDEAN, ga, gb, 1, 5, a, zero, 2, NULL);
	CHECK_NEAR(ga[0], 2.5, 1e-12);
	CHECK_NEAR(gb[1], -4, 1e-12);
}

int main(void)
{
	by_hand();
	symmetric_and_exact();
	copies();
	gradients();
	gradient_edges();
	return TEST_END();
}
