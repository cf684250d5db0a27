/* Probes against a gallery by hand, against counting in plain loops, and beyond the limit. */
#include <sn/metric.h>
#include <sn/random.h>
#include "test.h"

static void by_hand(void)
{
	struct sn_identification i = { 0 };
	uint64_t mated, detected, alarms;
	double t;
	/* probe 4: of class 1, first by its nearest item, though another class has two behind it */
	MUST(sn_identification_add(&i, 4, 1, 3, true));
	MUST(sn_identification_add(&i, 4, 2, 2.5f, false));
	MUST(sn_identification_add(&i, 4, 1, 2, true));
	MUST(sn_identification_add(&i, 4, 2, 2.25f, false));
	/* probe 5: a tie for the first place makes it second; two items of one class are one */
	MUST(sn_identification_add(&i, 5, 1, 1, false));
	MUST(sn_identification_add(&i, 5, 2, 1, true));
	MUST(sn_identification_add(&i, 5, 1, 0.5f, false));
	/* probe 6: third */
	MUST(sn_identification_add(&i, 6, 1, 1, false));
	MUST(sn_identification_add(&i, 6, 2, 2, false));
	MUST(sn_identification_add(&i, 6, 3, 3, true));
	/* probe 7: lacks a distance, and is never found */
	MUST(sn_identification_add(&i, 7, 1, 1, true));
	MUST(sn_identification_add(&i, 7, 2, NAN, false));
	/* without a mate */
	MUST(sn_identification_add(&i, 8, 1, 5, false));
	MUST(sn_identification_add(&i, 8, 2, 4, false));
	MUST(sn_identification_add(&i, 9, 2, 1.5f, false));
	MUST(sn_identification_finish(&i));
	CHECK(i.n == 6 && i.most == 3);
	CHECK(i.probe[0].rank == 1 && i.probe[1].rank == 2 && i.probe[2].rank == 3);
	CHECK(i.probe[3].rank == 0 && i.probe[3].incomplete && i.probe[3].mate);
	CHECK(i.probe[4].rank == 0 && !i.probe[4].mate && i.probe[4].d == 4);
	CHECK(sn_identified(&i, 1, &mated) == 1 && mated == 4);
	CHECK(sn_identified(&i, 2, &mated) == 2);
	CHECK(sn_identified(&i, 1000, &mated) == 3);
	sn_open_set_at(&i, 1.99, &detected, &alarms);
	CHECK(detected == 0 && alarms == 1);
	sn_open_set_at(&i, 2, &detected, &alarms);
	CHECK(detected == 1 && alarms == 1);
	/* up to a half: all below 4 */
	MUST(sn_open_set_threshold(&i, 0.5, &t));
	CHECK(t == 2);
	MUST(sn_open_set_threshold(&i, 1, &t));
	CHECK(t == 4);
	MUST(sn_open_set_threshold(&i, 0.49, &t));
	CHECK(t == 1);
	sn_identification_release(&i);
	/* a constant network identifies nobody */
	for (uint64_t p = 0; p < 5; p++)
		for (uint64_t c = 0; c < 5; c++)
			MUST(sn_identification_add(&i, p, c, 0, p == c));
	MUST(sn_identification_finish(&i));
	CHECK(sn_identified(&i, 4, &mated) == 0 && sn_identified(&i, 5, &mated) == 5);
	sn_identification_release(&i);
}

static void against_loops(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 30, 0);
	struct sn_identification whole = { 0 }, few = { .groups.limit = 7 };
	enum { PROBES = 40, ITEMS = 30, CLASSES = 9 };
	static float d[PROBES][ITEMS];
	uint64_t a, b, mated;
	for (uint64_t p = 0; p < PROBES; p++)
		for (uint64_t j = 0; j < ITEMS; j++) {
			bool same = p % 11 == j % CLASSES;
			d[p][j] = (float)sn_random_below(&r, 12);
			MUST(sn_identification_add(&whole, p, j % CLASSES, d[p][j], same));
			MUST(sn_identification_add(&few, p, j % CLASSES, d[p][j], same));
		}
	CHECK(few.groups.n <= ITEMS);
	MUST(sn_identification_finish(&whole));
	MUST(sn_identification_finish(&few));
	CHECK(whole.n == PROBES && few.n == PROBES);
	for (uint64_t p = 0; p < PROBES; p++) {
		float near[CLASSES];
		uint64_t right = p % 11, rank = 1;
		for (int c = 0; c < CLASSES; c++)
			near[c] = INFINITY;
		for (uint64_t j = 0; j < ITEMS; j++)
			near[j % CLASSES] = fminf(near[j % CLASSES], d[p][j]);
		for (uint64_t c = 0; c < CLASSES && right < CLASSES; c++)
			rank += c != right && near[c] <= near[right];
		CHECK(whole.probe[p].rank == (right < CLASSES ? rank : 0));
		CHECK(few.probe[p].rank == whole.probe[p].rank);
		CHECK(few.probe[p].d == whole.probe[p].d);
	}
	a = sn_identified(&whole, 2, &mated);
	b = sn_identified(&few, 2, &mated);
	CHECK(a == b && mated < PROBES);
	/* a probe that was taken for whole comes again */
	CHECK(sn_identification_add(&few, 3, 1, 1, false) == SN_EDATA);
	CHECK(strstr(sn_message(), "probe 3 comes again"));
	sn_identification_release(&whole);
	sn_identification_release(&few);
}

/* Trials of more pairs than are kept. */
static void long_trials(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 31, 0);
	struct sn_trials whole = { 0 }, few = { .groups.limit = 10 };
	struct sn_trials_result a, b;
	for (uint64_t t = 0; t < 100; t++)
		for (uint64_t j = 0; j < 10 + t % 3; j++) {
			float d = (float)sn_random_below(&r, 30);
			MUST(sn_trials_add(&whole, t, j % 5, d, j % 5 == 0));
			MUST(sn_trials_add(&few, t, j % 5, d, j % 5 == 0));
		}
	CHECK(few.groups.n <= 22 && sn_trials_any(&few));
	MUST(sn_trials_score(&whole, &a));
	MUST(sn_trials_score(&few, &b));
	CHECK(a.trials == 100 && a.right > 5 && a.right < 60);
	CHECK(a.right == b.right && a.ties == b.ties && a.trials == b.trials);
	CHECK(a.least == 5 && b.most == 5 && a.chance == b.chance);
	sn_trials_release(&whole);
	sn_trials_release(&few);
}

int main(void)
{
	by_hand();
	against_loops();
	long_trials();
	return TEST_END();
}
