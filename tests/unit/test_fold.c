/* fold: several distances as one, by hand. */
#include <math.h>
#include <sn/fold.h>
#include "test.h"

static void test_values(void)
{
	const float d[] = { 0.5F, 0.25F, 0.75F };

	CHECK(sn_fold(SN_FOLD_MEAN, d, 3, 9) == 0.5F);
	CHECK(sn_fold(SN_FOLD_MIN, d, 3, 9) == 0.25F);
	CHECK(sn_fold(SN_FOLD_EXCESS, d, 3, 0.125) == 0.375F);
	CHECK(sn_fold(SN_FOLD_EXCESS, d, 1, 0) == 0.5F);
}

static struct sn_pair pair(uint64_t a, uint64_t b, bool same, uint64_t trial, float d)
{
	return (struct sn_pair){ .a = a,
				 .b = b,
				 .same = same ? SN_SAME : SN_DIFFERENT,
				 .trial = trial,
				 .batch = SN_NONE,
				 .has_d = true,
				 .d = d,
				 .d_nil = isnan(d) };
}

/* Two classes of two references each: 0 and 1, 4 and 5. */
static void test_stream(void)
{
	const struct sn_pair in[] = {
		pair(0, 1, true, SN_NONE, 0.5F), pair(2, 0, true, 0, 1),
		pair(2, 1, true, 0, 2),		 pair(3, 0, false, 1, 3),
		pair(3, 1, false, 1, NAN),	 pair(4, 5, true, SN_NONE, 0.25F),
		pair(6, 4, false, 2, 8),	 pair(6, 5, false, 2, 6),
		pair(7, 4, true, 3, NAN),	 pair(7, 5, true, 3, NAN),
	};
	const float wanted[] = { 1, 2.5F, 6.75F };
	struct sn_folding *f;
	struct sn_pair out;
	size_t n = 0;

	MUST(sn_folding_new(&f, SN_FOLD_EXCESS));
	for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
		int st = sn_folding_pair(f, &in[i], &out);

		CHECK(st >= 0);
		if (st == 1) {
			CHECK(out.trial == n && !out.d_nil && out.d == wanted[n]);
			CHECK(out.same == (n == 0 ? SN_SAME : SN_DIFFERENT));
			n++;
		}
	}
	CHECK(n == 3);
	CHECK(sn_folding_end(f, &out) == 1 && out.d_nil && out.a == 7 && out.same == SN_SAME);
	sn_folding_free(f);
}

static void test_refused(void)
{
	struct sn_pair first = pair(2, 0, true, 0, 1), out;
	const struct sn_pair bad[] = { pair(3, 1, true, 0, 1), pair(2, 1, false, 0, 1) };
	struct sn_folding *f;

	for (size_t i = 0; i < 2; i++) {
		MUST(sn_folding_new(&f, SN_FOLD_MEAN));
		CHECK(sn_folding_pair(f, &first, &out) == 0);
		CHECK(sn_folding_pair(f, &bad[i], &out) == SN_EDATA);
		sn_folding_free(f);
	}
	/* two references that were not compared */
	MUST(sn_folding_new(&f, SN_FOLD_EXCESS));
	CHECK(sn_folding_pair(f, &first, &out) == 0);
	first.b = 1;
	CHECK(sn_folding_pair(f, &first, &out) == 0);
	CHECK(sn_folding_end(f, &out) == SN_EDATA);
	sn_folding_free(f);
	/* no trial at all */
	MUST(sn_folding_new(&f, SN_FOLD_MEAN));
	CHECK(sn_folding_end(f, &out) == SN_EDATA);
	sn_folding_free(f);
}

int main(void)
{
	test_values();
	test_stream();
	test_refused();
	return TEST_END();
}
