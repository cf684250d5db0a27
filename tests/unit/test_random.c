/* test_random - known values, fair draws, streams that have nothing to do with each other. */
#include <sn/random.h>
#include "test.h"

/* The sequence of SplitMix64 from 1234567 that is printed in many places. */
static void test_mix(void)
{
	static const uint64_t known[] = { 6457827717110365317u, 3203168211198807973u,
					  9817491932198370423u, 4593380528125082431u,
					  16408922859458223821u };
	uint64_t state = 1234567;

	for (size_t i = 0; i < 5; i++, state += 0x9e3779b97f4a7c15)
		CHECK(sn_random_mix(state) == known[i]);
}

/* Draws are part of every result: a change of these values is a change of all models. */
static void test_pinned(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_INIT, 0, 0);
	struct sn_random copy = r;
	uint64_t first = sn_random_next(&r);

	CHECK(first == sn_random_next(&copy));
	CHECK(first == 816801535745774882u);
	CHECK(sn_random_next(&r) == 108773143507756745u);
	CHECK(sn_random_below(&r, 1000) == 997);
	CHECK_NEAR(sn_random_unit(&r), 0.94470512389254624, 0);
	CHECK_NEAR(sn_random_normal(&r), 0.76975035691812166, 1e-15);
}

static void test_streams(void)
{
	uint64_t first[4 * 4 * 4 * 4];
	size_t n = 0;

	for (uint64_t seed = 0; seed < 4; seed++)
		for (int purpose = 1; purpose < 5; purpose++)
			for (uint64_t a = 0; a < 4; a++)
				for (uint64_t b = 0; b < 4; b++) {
					struct sn_random r =
						sn_random(seed, (enum sn_purpose)purpose, a, b);

					first[n++] = sn_random_next(&r);
				}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			CHECK(first[i] != first[j]);
}

static void test_below(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 0, 0);
	size_t count[10] = { 0 }, upper = 0;
	const uint64_t large = (1ull << 63) + (1ull << 62); /* refuses a third of all draws */
	double chi = 0;

	for (int i = 0; i < 1000; i++)
		CHECK(sn_random_below(&r, 1) == 0);
	for (int i = 0; i < 100000; i++)
		count[sn_random_below(&r, 10)]++;
	for (int i = 0; i < 10; i++)
		chi += ((double)count[i] - 1e4) * ((double)count[i] - 1e4) / 1e4;
	CHECK(chi < 27.9); /* 9 degrees of freedom, 0.1 % */
	for (int i = 0; i < 30000; i++) {
		uint64_t v = sn_random_below(&r, large);

		CHECK(v < large);
		upper += v >= large / 3 * 2;
	}
	CHECK_NEAR((double)upper, 10000, 330); /* 4 deviations */
}

static void test_unit_and_normal(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 1, 0);
	double sum = 0, square = 0, third = 0, fourth = 0;
	const int n = 200000;

	for (int i = 0; i < n; i++) {
		double u = sn_random_unit(&r);

		CHECK(u >= 0 && u < 1);
		sum += u;
		square += u * u;
	}
	CHECK_NEAR(sum / n, 0.5, 0.003);
	CHECK_NEAR(square / n, 1. / 3, 0.003);
	sum = square = 0;
	for (int i = 0; i < n; i++) {
		double x = sn_random_normal(&r);

		CHECK(isfinite(x));
		sum += x;
		square += x * x;
		third += x * x * x;
		fourth += x * x * x * x;
	}
	CHECK_NEAR(sum / n, 0, 0.01);
	CHECK_NEAR(square / n, 1, 0.015);
	CHECK_NEAR(third / n, 0, 0.04);
	CHECK_NEAR(fourth / n, 3, 0.1);
}

static void test_shuffle(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 2, 0);
	size_t order[6] = { 0 };
	double chi = 0;

	for (int i = 0; i < 60000; i++) {
		size_t a[3] = { 0, 1, 2 };

		sn_random_shuffle(&r, a, 3);
		CHECK((1u << a[0] | 1u << a[1] | 1u << a[2]) == 7);
		order[a[0] * 2 + (a[1] > a[2])]++;
	}
	for (int i = 0; i < 6; i++)
		chi += ((double)order[i] - 1e4) * ((double)order[i] - 1e4) / 1e4;
	CHECK(chi < 20.5); /* 5 degrees of freedom, 0.1 % */
	sn_random_shuffle(&r, NULL, 0);
}

int main(void)
{
	test_mix();
	test_pinned();
	test_streams();
	test_below();
	test_unit_and_normal();
	test_shuffle();
	return TEST_END();
}
