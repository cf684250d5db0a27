/* whitening - what is whitened has the unit matrix as its covariance within classes */
#include <math.h>
#include <sn/random.h>
#include <sn/whitening.h>
#include "test.h"

#define DIM 70 /* more than a band of rows */
#define CLASSES 5
#define N 300 /* several blocks */

/* Numbers of very different size, which depend on each other, around their class's centre. */
static void draw(float *x, size_t *class)
{
	struct sn_random r = sn_random(3, SN_RANDOM_TEST, 0, 0);

	for (size_t n = 0; n < N; n++) {
		class[n] = n % CLASSES;
		for (size_t i = 0; i < DIM; i++) {
			double v = sn_random_normal(&r) * (1 + (double)(i % 7)) / 10;
			x[n * DIM + i] = (float)(v + (i ? x[n * DIM + i - 1] / 2 : 0));
		}
		for (size_t i = 0; i < DIM; i++)
			x[n * DIM + i] += (float)((class[n] * i) % 3);
	}
}

static void whiten(const float *x, const size_t *class, unsigned threads, double shrink,
		   float *weight, float *bias)
{
	struct sn_whitening *w;
	struct sn_pool *pool = NULL;

	if (threads)
		MUST(sn_pool_new(&pool, threads));
	MUST(sn_whitening_new(&w, DIM, pool));
	for (size_t n = 0; n < N; n++)
		MUST(sn_whitening_add(w, x + n * DIM, class[n]));
	MUST(sn_whitening_end(w, shrink, weight, bias));
	sn_whitening_free(w);
	sn_pool_free(pool);
}

/* Covariance of y around the means of its classes. */
static void covariance(const double *y, const size_t *class, double *c)
{
	static double mean[CLASSES][DIM];
	size_t count[CLASSES] = { 0 };

	memset(mean, 0, sizeof mean);
	for (size_t n = 0; n < N; n++) {
		count[class[n]]++;
		for (size_t i = 0; i < DIM; i++)
			mean[class[n]][i] += y[n * DIM + i];
	}
	memset(c, 0, DIM * DIM * sizeof *c);
	for (size_t n = 0; n < N; n++)
		for (size_t i = 0; i < DIM; i++)
			for (size_t j = 0; j < DIM; j++) {
				const double *m = mean[class[n]];
				double k = (double)count[class[n]];
				c[i * DIM + j] += (y[n * DIM + i] - m[i] / k) *
						  (y[n * DIM + j] - m[j] / k) / N;
			}
}

static float x[N * DIM], weight[4][DIM * DIM], bias[4][DIM];
static double y[N * DIM], c[DIM * DIM];
static size_t class[N];

static void test_unit_covariance(void)
{
	double worst = 0, mean = 0;

	whiten(x, class, 0, 0, weight[0], bias[0]);
	for (size_t n = 0; n < N; n++)
		for (size_t i = 0; i < DIM; i++) {
			y[n * DIM + i] = (double)bias[0][i];
			for (size_t j = 0; j < DIM; j++)
				y[n * DIM + i] +=
					(double)weight[0][i * DIM + j] * (double)x[n * DIM + j];
			mean += fabs(y[n * DIM + i]) > 1e3;
		}
	CHECK(mean == 0);
	covariance(y, class, c);
	for (size_t i = 0; i < DIM; i++)
		for (size_t j = 0; j < DIM; j++)
			worst = fmax(worst, fabs(c[i * DIM + j] - (i == j)));
	CHECK(worst < 1e-4);
	for (size_t i = 0; i < DIM; i++) {
		mean = 0;
		for (size_t n = 0; n < N; n++)
			mean += y[n * DIM + i] / N;
		CHECK(fabs(mean) < 1e-4);
	}
}

static void test_pools(void)
{
	for (unsigned t = 1; t <= 3; t++) {
		whiten(x, class, t, 0, weight[t], bias[t]);
		CHECK(memcmp(weight[t], weight[0], sizeof *weight) == 0);
		CHECK(memcmp(bias[t], bias[0], sizeof *bias) == 0);
	}
}

/* With much shrinkage all directions are divided alike. */
static void test_shrinkage(void)
{
	double off = 0;

	whiten(x, class, 0, 1e6, weight[1], bias[1]);
	for (size_t i = 0; i < DIM; i++)
		for (size_t j = 0; j < i; j++)
			off = fmax(off, fabs((double)(weight[1][i * DIM + j] / weight[1][0])));
	CHECK(off < 1e-4);
}

static void test_refusals(void)
{
	struct sn_whitening *w;

	CHECK(sn_whitening_new(&w, SN_WHITENING_MOST + 1, NULL) == SN_EDATA);
	CHECK(w == NULL);
	MUST(sn_whitening_new(&w, DIM, NULL));
	CHECK(sn_whitening_end(w, 1, weight[1], bias[1]) == SN_EDATA);
	sn_whitening_free(w);
}

int main(void)
{
	draw(x, class);
	test_unit_covariance();
	test_pools();
	test_shrinkage();
	test_refusals();
	return TEST_END();
}
