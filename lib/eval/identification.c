/*
 * identification - whose picture is it, or nobody's?  A tie for the right identity counts against
 * it, so that a constant network identifies nobody.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include "groups.h"

/* The smallest distance of each run of a class, one after another; NaN where it has none. */
static float nearest(const struct sn_group_pair *pair, size_t n, size_t *next, bool *same,
		     bool *incomplete)
{
	size_t first = *next;
	float least = NAN;
	*same = false;
	for (; *next < n && pair[*next].class == pair[first].class; ++*next) {
		least = fminf(least, pair[*next].d); /* the number, where one is NaN */
		*same |= pair[*next].same;
		*incomplete |= isnan(pair[*next].d);
	}
	return least;
}

static int score_probe(void *context, const struct sn_group_pair *pair, size_t n)
{
	struct sn_identification *i = context;
	struct sn_probe probe = { .d = NAN };
	float right = NAN, d;
	uint32_t nearer = 0, classes = 0;
	bool same;
	int st;
	for (size_t at = 0; at < n; classes++) {
		d = nearest(pair, n, &at, &same, &probe.incomplete);
		probe.d = fminf(probe.d, d);
		probe.mate |= same;
		if (same)
			right = fminf(right, d);
	}
	for (size_t at = 0; at < n;) {
		d = nearest(pair, n, &at, &same, &probe.incomplete);
		nearer += !same && d <= right;
	}
	probe.rank = probe.mate && !probe.incomplete ? nearer + 1 : 0;
	i->most = classes > i->most ? classes : i->most;
	if ((st = sn_grow(&i->probe, &i->capacity, i->n + 1, sizeof(probe))) < 0)
		return st;
	i->probe[i->n++] = probe;
	return 0;
}

int sn_identification_add(struct sn_identification *i, uint64_t probe, uint64_t class, float d,
			  bool same)
{
	const struct sn_group_pair p = { probe, class, d, same };
	return sn_groups_add(&i->groups, &p, "probe", score_probe, i);
}

int sn_identification_finish(struct sn_identification *i)
{
	return sn_groups_end(&i->groups, score_probe, i);
}

void sn_identification_release(struct sn_identification *i)
{
	sn_groups_release(&i->groups);
	free(i->probe);
	memset(i, 0, sizeof(*i));
}

uint64_t sn_identified(const struct sn_identification *i, uint64_t k, uint64_t *mated)
{
	uint64_t found = 0;
	*mated = 0;
	for (size_t j = 0; j < i->n; j++) {
		*mated += i->probe[j].mate;
		found += i->probe[j].rank >= 1 && i->probe[j].rank <= k;
	}
	return found;
}

void sn_open_set_at(const struct sn_identification *i, double t, uint64_t *detected,
		    uint64_t *alarms)
{
	*detected = *alarms = 0;
	for (size_t j = 0; j < i->n; j++) {
		const struct sn_probe *p = &i->probe[j];
		bool answered = (double)p->d <= t;
		*detected += answered && p->rank == 1;
		*alarms += answered && !p->mate;
	}
}

int sn_open_set_threshold(const struct sn_identification *i, double share, double *threshold)
{
	/* the same question as a FAR's, of those without a mate as different pairs */
	struct sn_scores s = { 0 };
	int st = 0;
	for (size_t j = 0; j < i->n && st == 0; j++)
		if (!isnan(i->probe[j].d))
			st = sn_scores_add(&s, i->probe[j].d, i->probe[j].mate);
	if (st == 0 && (st = sn_scores_sort(&s)) == 0)
		*threshold = sn_threshold_at_far(&s, share);
	sn_scores_release(&s);
	return st;
}
