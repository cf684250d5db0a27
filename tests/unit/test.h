/* test - a unit test program: checks that say where and why they failed, and an exit status. */
#ifndef TEST_H
#define TEST_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int test_failures;

/** The condition holds; NaN in a comparison fails it. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			test_failures++;                                                           \
			fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__,   \
				#condition);                                                       \
		}                                                                                  \
	} while (0)

/** |a - b| <= tolerance. */
#define CHECK_NEAR(a, b, tolerance)                                                                \
	do {                                                                                       \
		double a_ = (a), b_ = (b), t_ = (tolerance);                                       \
		if (!(fabs(a_ - b_) <= t_)) {                                                      \
			test_failures++;                                                           \
			fprintf(stderr, "%s:%d: %s: %s = %.17g, wanted %.17g within %g\n",         \
				__FILE__, __LINE__, __func__, #a, a_, b_, t_);                     \
		}                                                                                  \
	} while (0)

/** A call of libsn that must succeed; shows its message otherwise and ends the program. */
#define MUST(call)                                                                                 \
	do {                                                                                       \
		if ((call) < 0) {                                                                  \
			fprintf(stderr, "%s:%d: %s: %s: %s\n", __FILE__, __LINE__, __func__,       \
				#call, sn_message());                                              \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/** The last line of main. */
#define TEST_END() (test_failures ? 1 : 0)

#endif
