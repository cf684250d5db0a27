/* schedule - factors by hand, texts there and back, and what is refused */
#include <math.h>
#include <string.h>
#include <sn/schedule.h>
#include "test.h"

static double factor(const char *text, uint64_t step)
{
	struct sn_schedule s = { 0 };

	MUST(sn_schedule_parse(&s, text));
	return sn_schedule_factor(&s, step, 10, 100, 2);
}

static void by_hand(void)
{
	CHECK(factor("constant", 99) == 1);
	CHECK(factor("step:every=2,factor=0.5", 19) == 1);
	CHECK(factor("step:every=2,factor=0.5", 20) == 0.5);
	CHECK(factor("step:every=2,factor=0.5", 99) == 0.0625);
	CHECK(factor("exponential:factor=0.5", 9) == 1);
	CHECK(factor("exponential:factor=0.5", 35) == 0.125);
	CHECK_NEAR(factor("inverse:gamma=1,power=0.5", 3), 0.5, 1e-15);
	CHECK_NEAR(factor("inverse:gamma=0.1,power=2", 90), 0.01, 1e-15);
	CHECK(factor("cosine", 0) == 1);
	CHECK_NEAR(factor("cosine", 50), 0.5, 1e-15);
	CHECK_NEAR(factor("cosine:least=0.2", 50), 0.6, 1e-15);
	CHECK(factor("plateau:patience=3,factor=0.5", 99) == 0.25);
}

static void warm_up(void)
{
	struct sn_schedule s = { .warm_up = 4 };

	for (uint64_t i = 0; i < 6; i++)
		CHECK(sn_schedule_factor(&s, i, 10, 100, 0) == (i < 4 ? (double)(i + 1) / 4 : 1));
}

static void text_and_back(void)
{
	static const char *const text[] = { "step",    "exponential",	   "inverse", "cosine",
					    "plateau", "step:factor=0.25", "constant" };

	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		struct sn_schedule s = { 0 }, again = { 0 };
		char one[128], two[128];
		MUST(sn_schedule_parse(&s, text[i]));
		MUST(sn_schedule_parse(&again, sn_schedule_text(one, &s)));
		CHECK(strcmp(one, sn_schedule_text(two, &again)) == 0);
		CHECK(sn_schedule_factor(&s, 77, 3, 100, 1) ==
		      sn_schedule_factor(&again, 77, 3, 100, 1));
	}
}

static void refused(void)
{
	static const char *const text[] = { "",
					    "stepp",
					    "step:",
					    "step:every",
					    "step:every=",
					    "step:every=0",
					    "step:every=1.5",
					    "step:every=nan",
					    "step:factor=2",
					    "step:every=3,",
					    "cosine:factor=1",
					    "cosine:least=1e",
					    "constant:x=1",
					    "inverse:power=00000000000000000000000000000000001" };

	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		struct sn_schedule s = { 0 };
		CHECK(sn_schedule_parse(&s, text[i]) == SN_EUSAGE);
	}
}

int main(void)
{
	by_hand();
	warm_up();
	text_and_back();
	refused();
	return TEST_END();
}
