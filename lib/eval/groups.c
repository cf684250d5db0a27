/* groups - pairs of trials or probes, kept until their group is whole. */
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include "groups.h"

static bool before(const struct sn_group_pair *a, const struct sn_group_pair *b)
{
	return a->group != b->group ? a->group < b->group : a->class < b->class;
}

/* Merge sort, bottom up: stable, as the order of a sum must not depend on the sorting. */
static int sort_pairs(struct sn_groups *g)
{
	size_t n = g->n;
	struct sn_group_pair *from = g->pair, *to = sn_alloc(n, sizeof(*to)), *swap;
	if (!to)
		return SN_ENOMEM;
	for (size_t run = 1; run<n; run = run> n / 2 ? n : 2 * run) {
		for (size_t low = 0; low < n;) {
			size_t middle = n - low > run ? low + run : n;
			size_t high = n - middle > run ? middle + run : n;
			size_t i = low, j = middle;
			for (size_t k = low; k < high; k++)
				to[k] = i < middle && (j == high || !before(&from[j], &from[i]))
						? from[i++]
						: from[j++];
			low = high;
		}
		swap = from;
		from = to;
		to = swap;
	}
	free(to);
	g->pair = from;
	g->capacity = n;
	return 0;
}

static int hand_on(struct sn_groups *g, sn_group_call *call, void *context)
{
	int st = g->n ? sort_pairs(g) : 0;
	for (size_t i = 0, first; i < g->n && st == 0;) {
		for (first = i; i < g->n && g->pair[i].group == g->pair[first].group;)
			i++;
		st = call(context, g->pair + first, i - first);
		g->closed = true;
		g->last_closed = g->pair[first].group;
	}
	g->n = 0;
	return st;
}

int sn_groups_add(struct sn_groups *g, const struct sn_group_pair *p, const char *noun,
		  sn_group_call *call, void *context)
{
	size_t limit = g->limit ? g->limit : SN_GROUPED_PAIRS;
	int st;
	/* all groups so far are taken for whole */
	if (g->n >= limit && p->group != g->pair[g->n - 1].group &&
	    (st = hand_on(g, call, context)) < 0)
		return st;
	if (g->closed && p->group <= g->last_closed)
		return sn_fail(SN_EDATA,
			       "%s %llu comes again after others; of more than %zu pairs, those of "
			       "a %s must follow each other, and their numbers rise",
			       noun, (unsigned long long)p->group, limit, noun);
	if ((st = sn_grow(&g->pair, &g->capacity, g->n + 1, sizeof(*p))) < 0)
		return st;
	g->pair[g->n++] = *p;
	return 0;
}

int sn_groups_end(struct sn_groups *g, sn_group_call *call, void *context)
{
	return hand_on(g, call, context);
}

void sn_groups_release(struct sn_groups *g)
{
	free(g->pair);
	memset(g, 0, sizeof(*g));
}
