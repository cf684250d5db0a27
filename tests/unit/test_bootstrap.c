/* Replicates against sets in which pairs are repeated as often as they weigh; and intervals that
 * hold the truth as often as they should. */
#include <sn/bootstrap.h>
#include <sn/metric.h>
#include <sn/random.h>
#include "../../lib/eval/bootstrap.h"
#include "test.h"

static double value_of(const double *value, const char *measure)
{
	CHECK(sn_replicate_measure(measure) < sn_replicate_measures());
	return value[sn_replicate_measure(measure)];
}

static uint32_t identity(struct sn_bootstrap *b, unsigned number)
{
	char name[16];
	uint32_t i;
	MUST(sn_bootstrap_identity(b, name, (size_t)snprintf(name, sizeof(name), "%u", number),
				   true, &i));
	return i;
}

static void check_replicate(struct sn_bootstrap *b, const uint8_t *weight)
{
	static const char *const tar[] = { "tar@far=0.1", "tar@far=0.01", "tar@far=0.001" };
	static const double far[] = { 0.1, 0.01, 0.001 };
	struct sn_scores s = { 0 }, skilled = { 0 };
	double value[64], far_at, frr_at, hull, t;
	struct steps steps = { b, 1, weight, 0 };
	for (size_t i = 0; i < b->kept.n; i++) {
		const struct weighed_pair *p = &b->kept.pair[i];
		int times = p->a == p->b ? weight[p->a] : weight[p->a] * weight[p->b];
		for (int j = 0; j < times; j++) {
			MUST(sn_scores_add(&s, p->d, p->kind == SN_KIND_SAME));
			if (p->kind != SN_KIND_RANDOM)
				MUST(sn_scores_add(&skilled, p->d, p->kind == SN_KIND_SAME));
		}
	}
	MUST(sn_replicate(&steps, 3, value));
	if (sn_scores_sort(&s) < 0) {
		CHECK(isnan(value_of(value, "eer")) && isnan(value_of(value, "fmr")));
	} else {
		CHECK_NEAR(value_of(value, "mean-same"), sn_sample_mean(&s.same), 1e-12);
		CHECK_NEAR(value_of(value, "mean-different"), sn_sample_mean(&s.different), 1e-12);
		CHECK_NEAR(value_of(value, "auc"), sn_auc(&s), 1e-12);
		CHECK_NEAR(value_of(value, "eer"), sn_eer(&s, &t), 1e-12);
		CHECK(value_of(value, "eer-threshold") == t);
		MUST(sn_eer_hull(&s, &hull));
		CHECK_NEAR(value_of(value, "eer-hull"), hull, 1e-12);
		CHECK_NEAR(value_of(value, "best-accuracy"), sn_best_accuracy(&s, NULL), 1e-12);
		CHECK_NEAR(value_of(value, "mindcf@p=0.01"), sn_min_dcf(&s, 0.01), 1e-12);
		CHECK_NEAR(value_of(value, "mindcf@p=0.001"), sn_min_dcf(&s, 0.001), 1e-12);
		t = sn_dprime(&s);
		CHECK(isnan(t) || fabs(value_of(value, "dprime") - t) < 1e-9);
		sn_rates_at(&s, 3, &far_at, &frr_at);
		CHECK_NEAR(value_of(value, "fmr"), far_at, 1e-12);
		CHECK_NEAR(value_of(value, "fnmr"), frr_at, 1e-12);
		CHECK_NEAR(value_of(value, "mean-error"), (far_at + frr_at) / 2, 1e-12);
		for (int i = 0; i < 3; i++) {
			sn_rates_at(&s, sn_threshold_at_far(&s, far[i]), &far_at, &frr_at);
			CHECK_NEAR(value_of(value, tar[i]), 1 - frr_at, 1e-12);
		}
	}
	if (sn_scores_sort(&skilled) < 0) {
		CHECK(isnan(value_of(value, "eer-skilled")));
	} else {
		CHECK_NEAR(value_of(value, "auc-skilled"), sn_auc(&skilled), 1e-12);
		CHECK_NEAR(value_of(value, "eer-skilled"), sn_eer(&skilled, NULL), 1e-12);
		sn_rates_at(&skilled, 3, &far_at, &frr_at);
		CHECK_NEAR(value_of(value, "fmr-skilled"), far_at, 1e-12);
	}
	sn_scores_release(&s);
	sn_scores_release(&skilled);
}

static int by_distance(const void *a, const void *b)
{
	float x = ((const struct weighed_pair *)a)->d, y = ((const struct weighed_pair *)b)->d;
	return (x > y) - (x < y);
}

static void replicates(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 20, 0);
	for (int round = 0; round < 200; round++) {
		unsigned people = 1 + (unsigned)sn_random_below(&r, 6);
		size_t pairs = 1 + sn_random_below(&r, 60);
		struct sn_bootstrap *b;
		uint8_t weight[6];
		MUST(sn_bootstrap_new(&b, 5, 1, 0));
		for (size_t i = 0; i < pairs; i++) {
			unsigned x = (unsigned)sn_random_below(&r, people);
			unsigned y = (unsigned)sn_random_below(&r, people);
			unsigned kind = x == y && sn_random_below(&r, 3) ? SN_KIND_SAME
					: x == y			 ? SN_KIND_SKILLED
									 : SN_KIND_RANDOM;
			uint32_t a = identity(b, x), c = identity(b, y);
			float d = (float)sn_random_below(&r, 8);
			MUST(sn_bootstrap_pair(b, d, a, c, kind));
		}
		CHECK(sn_bootstrap_identities(b) <= people);
		qsort(b->kept.pair, b->kept.n, sizeof(*b->kept.pair), by_distance);
		for (int i = 0; i < 6; i++)
			weight[i] = (uint8_t)sn_random_below(&r, 4);
		check_replicate(b, weight);
		sn_bootstrap_free(b);
	}
}

static void weights(void)
{
	double sum = 0, squares = 0;
	int none = 0;
	for (uint64_t i = 0; i < 100000; i++) {
		double w = sn_bootstrap_weight(7, 1 + i % 10, i / 10);
		sum += w;
		squares += w * w;
		none += w == 0;
		CHECK(sn_bootstrap_weight(7, 0, i) == 1);
	}
	/* Poisson: mean and variance 1, none with probability 1/e; within five deviations */
	CHECK_NEAR(sum / 100000, 1, 0.016);
	CHECK_NEAR(squares / 100000 - 1, 1, 0.04);
	CHECK_NEAR(none / 100000.0, 0.367879, 0.008);
}

/* people whose own distances differ: same pairs about 1, different ones about 2, and a share of the
 * deviation that all pairs of a person have in common */
static struct sn_bootstrap *population(struct sn_random *r, unsigned people, size_t limit,
				       struct sn_scores *s)
{
	struct sn_bootstrap *b;
	double own[64];
	MUST(sn_bootstrap_new(&b, 200, sn_random_next(r), limit));
	for (unsigned i = 0; i < people; i++)
		own[i] = 0.35 * sn_random_normal(r);
	for (unsigned x = 0; x < people; x++)
		for (unsigned y = 0; y <= x; y++)
			for (int i = 0; i < (x == y ? 8 : 2); i++) {
				bool same = x == y;
				float d = (float)((same ? 1 : 2) + own[x] + own[y] +
						  0.1 * sn_random_normal(r));
				MUST(sn_scores_add(s, d, same));
				MUST(sn_bootstrap_pair(b, d, identity(b, x), identity(b, y),
						       same ? SN_KIND_SAME : SN_KIND_RANDOM));
			}
	MUST(sn_scores_sort(s));
	return b;
}

static void coverage(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 21, 0);
	/* at 1.5: different 2 + N(0, 2 x 0.35^2 + 0.1^2), same 1 + N(0, 4 x 0.35^2 + 0.1^2) */
	const double fmr = 0.5 * erfc(0.5 / sqrt(2 * 0.1225 + 0.01) * M_SQRT1_2);
	const double fnmr = 0.5 * erfc(0.5 / sqrt(4 * 0.1225 + 0.01) * M_SQRT1_2);
	int held[2] = { 0, 0 }, held_by_pairs = 0, rounds = 100;
	for (int round = 0; round < rounds; round++) {
		struct sn_scores s = { 0 };
		struct sn_bootstrap *b = population(&r, 40, 0, &s);
		double far, frr, lower, upper;
		uint64_t same, different;
		MUST(sn_bootstrap_run(b, 1.5, 1));
		sn_rates_at(&s, 1.5, &far, &frr);
		CHECK(sn_bootstrap_interval(b, "fmr", far, 0.95, &lower, &upper));
		held[0] += lower <= fmr && fmr <= upper;
		CHECK(sn_bootstrap_interval(b, "fnmr", frr, 0.95, &lower, &upper));
		held[1] += lower <= fnmr && fnmr <= upper;
		sn_accepted_at(&s, 1.5, &same, &different);
		sn_interval(&lower, &upper, different, s.different.n, 0.95);
		held_by_pairs += lower <= fmr && fmr <= upper;
		CHECK(!sn_bootstrap_interval(b, "nothing", 1, 0.95, &lower, &upper));
		sn_bootstrap_free(b);
		sn_scores_release(&s);
	}
	/* nearly as often as promised, where pairs taken for independent are sure of too much */
	CHECK(held[0] > 0.86 * rounds && held[1] > 0.86 * rounds);
	CHECK(held_by_pairs < 0.7 * rounds);
}

/* Added up in bins, the pairs give nearly the interval that they give one by one. */
static void bins(void)
{
	static const char *const measures[] = { "auc", "eer",  "eer-threshold",
						"fmr", "fnmr", "dprime" };
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 22, 0), again = r;
	struct sn_scores s = { 0 }, t = { 0 };
	struct sn_bootstrap *kept = population(&r, 60, 0, &s);
	struct sn_bootstrap *added = population(&again, 60, 1000, &t);
	double far, frr, at, value[6], lower[2], upper[2];
	CHECK(kept->kept.pair && !added->kept.pair && added->edges > 400);
	MUST(sn_bootstrap_run(kept, 1.5, 1));
	MUST(sn_bootstrap_run(added, 1.5, 3));
	sn_rates_at(&s, 1.5, &far, &frr);
	value[0] = sn_auc(&s);
	value[1] = sn_eer(&s, &at);
	value[2] = at;
	value[3] = far;
	value[4] = frr;
	value[5] = sn_dprime(&s);
	for (int i = 0; i < 6; i++) {
		CHECK(sn_bootstrap_interval(kept, measures[i], value[i], 0.95, &lower[0],
					    &upper[0]));
		CHECK(sn_bootstrap_interval(added, measures[i], value[i], 0.95, &lower[1],
					    &upper[1]));
		CHECK(lower[0] < value[i] && value[i] < upper[0]);
		CHECK_NEAR(lower[1], lower[0], 0.1 * (upper[0] - lower[0]));
		CHECK_NEAR(upper[1], upper[0], 0.1 * (upper[0] - lower[0]));
	}
	sn_bootstrap_free(kept);
	sn_bootstrap_free(added);
	sn_scores_release(&s);
	sn_scores_release(&t);
}

/* An interval depends on names, not on the order of pairs or of identities; nor on threads. */
static void order(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 23, 0);
	struct sn_bootstrap *b[2];
	struct {
		unsigned x, y;
		float d;
	} pair[500];
	double lower[2], upper[2];
	for (int i = 0; i < 500; i++) {
		pair[i].x = (unsigned)sn_random_below(&r, 25);
		pair[i].y = i % 3 ? (unsigned)sn_random_below(&r, 25) : pair[i].x;
		pair[i].d = (float)sn_random_below(&r, 40) + (pair[i].x == pair[i].y ? 0 : 10);
	}
	for (int k = 0; k < 2; k++) {
		MUST(sn_bootstrap_new(&b[k], 100, 9, 0));
		for (int i = 0; i < 500; i++) {
			int j = k ? 499 - i : i;
			uint32_t x = identity(b[k], pair[j].x), y = identity(b[k], pair[j].y);
			MUST(sn_bootstrap_pair(b[k], pair[j].d, x, y,
					       x == y ? SN_KIND_SAME : SN_KIND_RANDOM));
		}
		MUST(sn_bootstrap_run(b[k], 20, k ? 4 : 1));
	}
	for (size_t i = 0; i < sn_replicate_measures(); i++) {
		CHECK(memcmp(b[0]->value + i * 101, b[1]->value + i * 101, 101 * sizeof(double)) ==
		      0);
	}
	for (int k = 0; k < 2; k++) {
		CHECK(sn_bootstrap_interval(b[k], "eer", 0, 0.95, &lower[k], &upper[k]));
		CHECK(!sn_bootstrap_interval(b[k], "eer-skilled", 0, 0.95, &lower[k], &upper[k]));
		sn_bootstrap_free(b[k]);
	}
	CHECK(lower[0] == lower[1] && upper[0] == upper[1]);
}

int main(void)
{
	weights();
	replicates();
	coverage();
	bins();
	order();
	return TEST_END();
}
