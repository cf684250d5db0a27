/*
 * draw - pairs by chance: the default selection, and -n.
 *
 * There are three kinds: same (two genuine items of a class), forged (a genuine item and a forgery
 * of its class) and random (genuine items of two classes).  Each kind has its own stream of random
 * numbers, so that what is drawn of one does not depend on how much is drawn of another.
 */
#include <math.h>
#include <stdlib.h>

#include "private.h"

struct drawing {
	const struct sn_pair_options *o;
	struct sn_classes classes;
	struct sn_pair_set set; /* what has been drawn */
	struct sn_pairs *pairs;
	struct sn_limits limits; /* of -n */
	struct sn_kinds kinds;
	uint64_t same, forged, random; /* pairs there are of each kind; random: that are left */
};

static struct sn_random stream(const struct drawing *d, enum sn_draw draw, uint64_t b)
{
	return sn_random(d->o->seed, SN_RANDOM_PAIR, draw, b);
}

/* 1: added; 0: it was there. */
static int add(struct drawing *d, size_t a, size_t b, enum sn_same same)
{
	struct sn_index_pair p = { a < b ? a : b, a < b ? b : a, same, SN_NONE, SN_NONE };
	int st = sn_pair_set_add(&d->set, a, b);

	if (st == 1 && (st = sn_pairs_add(d->pairs, p)) == 0)
		st = 1;
	return st;
}

static int add_random(struct drawing *d, size_t a, size_t b)
{
	int st = add(d, a, b, SN_DIFFERENT);

	d->random -= st == 1;
	return st;
}

static int count_kinds(struct drawing *d, const struct sn_items *items)
{
	int st = sn_kinds_count(&d->kinds, items, &d->classes, &d->limits);

	d->same = d->kinds.same;
	d->forged = d->kinds.forged;
	d->random = d->kinds.random;
	for (size_t c = 0; c < d->classes.n; c++)
		d->pairs->singles += sn_group_size(&d->classes.genuine, c) == 1;
	return st;
}

static void shuffle_pairs(struct drawing *d)
{
	struct sn_random r = stream(d, SN_DRAW_ORDER, 0);
	struct sn_index_pair *pair = d->pairs->pair;

	for (size_t i = d->pairs->n; i > 1; i--) {
		size_t j = sn_random_below(&r, i);
		struct sn_index_pair t = pair[i - 1];

		pair[i - 1] = pair[j];
		pair[j] = t;
	}
}

static size_t *copy_genuine(const struct drawing *d)
{
	size_t n = d->classes.genuine.n, *copy = sn_alloc(n ? n : 1, sizeof *copy);

	for (size_t i = 0; copy && i < n; i++)
		copy[i] = d->classes.genuine.item[i];
	return copy;
}

/* ---- the default: every item once ------------------------------------------------------- */

/* Each class shuffled and paired by neighbours; an odd last one with the first. */
static int same_by_neighbours(struct drawing *d)
{
	const struct sn_group *genuine = &d->classes.genuine;
	size_t *order = copy_genuine(d);
	int st = order ? 0 : SN_ENOMEM;

	for (size_t c = 0; st >= 0 && c < d->classes.n; c++) {
		size_t n = sn_group_size(genuine, c), *item = order + genuine->first[c];
		struct sn_random r = stream(d, SN_DRAW_SAME, c);

		sn_random_shuffle(&r, item, n);
		for (size_t i = 0; n > 1 && st >= 0 && i < n; i += 2)
			st = add(d, item[i], item[i + 1 < n ? i + 1 : 0], SN_SAME);
	}
	free(order);
	return st < 0 ? st : 0;
}

static uint64_t least_common_multiple(uint64_t a, uint64_t b)
{
	uint64_t x = a, y = b;

	while (y > 0) { /* x becomes the greatest common divisor */
		uint64_t rest = x % y;

		x = y;
		y = rest;
	}
	return x ? a / x * b : 0;
}

/*
 * Forgeries in shuffled order, each with the next genuine item of its class; those of classes whose
 * pairs are used up are passed over.  In a class with f forgeries and g genuine items pair t is
 * (t mod f, (t + t div lcm(f, g)) mod g): all f g pairs once, forgeries and genuine items in turn.
 */
static int forged_by_turns(struct drawing *d, uint64_t want, uint8_t *used)
{
	const struct sn_group *genuine = &d->classes.genuine, *forged = &d->classes.forged;
	size_t classes = d->classes.n, n = 0;
	struct sn_random r = stream(d, SN_DRAW_FORGED, 0);
	size_t *order = sn_alloc(forged->n ? forged->n : 1, sizeof *order); /* a class for each */
	size_t *from = copy_genuine(d), *to = sn_alloc(forged->n ? forged->n : 1, sizeof *to);
	uint64_t *turn = sn_alloc(classes ? classes : 1, sizeof *turn);
	int st = order && from && to && turn ? 0 : SN_ENOMEM;

	for (size_t c = 0; st == 0 && c < classes; c++) {
		size_t g = sn_group_size(genuine, c), f = sn_group_size(forged, c);

		for (size_t i = 0; i < f; i++) {
			to[forged->first[c] + i] = forged->item[forged->first[c] + i];
			if (g)
				order[n++] = c;
		}
		sn_random_shuffle(&r, from + genuine->first[c], g);
		sn_random_shuffle(&r, to + forged->first[c], f);
	}
	if (st == 0)
		sn_random_shuffle(&r, order, n);
	for (size_t i = 0; st >= 0 && want; i = i + 1 < n ? i + 1 : 0) {
		size_t c = order[i], g = sn_group_size(genuine, c), f = sn_group_size(forged, c);
		uint64_t round = least_common_multiple(f, g), a, b;

		if (!round || turn[c] >= (uint64_t)f * g)
			continue;
		a = from[genuine->first[c] + (turn[c] + turn[c] / round) % g];
		b = to[forged->first[c] + turn[c] % f];
		turn[c]++;
		used[a] = 1;
		want--;
		st = add(d, a, b, SN_DIFFERENT);
	}
	free(order);
	free(from);
	free(to);
	free(turn);
	return st < 0 ? st : 0;
}

/* What the pairing of a shuffle needs to know. */
struct matching {
	struct drawing *d;
	const struct sn_entry *entry;
	struct sn_random r;
	size_t *order;
};

static bool differs(const struct matching *m, size_t a, size_t b)
{
	return m->entry[a].label != m->entry[b].label;
}

static bool is_new(const struct matching *m, size_t a, size_t b)
{
	return differs(m, a, b) && !sn_pair_set_has(&m->d->set, a, b);
}

static void swap(size_t *a, size_t *b)
{
	size_t t = *a;

	*a = *b;
	*b = t;
}

/*
 * Make pair i of n a new one by an exchange with another, tried from a random place on; that one
 * must be new as well if it is one of the first `wanted`.
 */
static bool repair(struct matching *m, size_t *o, size_t i, size_t n, size_t wanted, size_t tries)
{
	size_t j = sn_random_below(&m->r, n);

	for (tries = tries < n ? tries : n; tries--; j = j + 1 < n ? j + 1 : 0)
		for (size_t k = 2 * j; k < 2 * j + 2 && j != i; k++)
			/* k ^ 1 is the other one of pair j */
			if (is_new(m, o[2 * i], o[k]) &&
			    (j >= wanted || is_new(m, o[2 * i + 1], o[k ^ 1]))) {
				swap(&o[2 * i + 1], &o[k]);
				return true;
			}
	return false;
}

/*
 * Pair the neighbours among n items of the order, `want` pairs at most.  Bad pairs exchange with
 * pairs of the first `fresh` items where that will do.
 */
static int pair_neighbours(struct matching *m, size_t *o, size_t n, size_t fresh, uint64_t *want,
			   size_t tries)
{
	size_t pairs = n / 2 < *want ? n / 2 : (size_t)*want;

	for (size_t i = 0; i < pairs; i++)
		if (!is_new(m, o[2 * i], o[2 * i + 1]) &&
		    !(fresh / 2 && repair(m, o, i, fresh / 2, pairs, tries)))
			(void)repair(m, o, i, n / 2, pairs, tries); /* in vain: passed over below */
	for (size_t i = 0; i < pairs; i++) {
		int st;

		if (!is_new(m, o[2 * i], o[2 * i + 1]))
			continue;
		if ((st = add_random(m->d, o[2 * i], o[2 * i + 1])) < 0)
			return st;
		--*want;
	}
	return 0;
}

/*
 * Take items out of the shuffle until the rest can be paired: of the largest class what it has more
 * than all others together, or else, from an odd number, the last one.  They go behind the others.
 * Returns how many stay.  Then no class has more than half of them, and pair_neighbours can repair
 * every pair of two items of a class c: were c in all other pairs too, it had more than half.
 */
static size_t set_aside(struct matching *m, size_t *aside)
{
	const struct sn_group *genuine = &m->d->classes.genuine;
	size_t n = genuine->n, largest = 0, surplus, kept = 0, away = 0;

	for (size_t c = 1; c < m->d->classes.n; c++)
		if (sn_group_size(genuine, c) > sn_group_size(genuine, largest))
			largest = c;
	surplus = sn_group_size(genuine, largest);
	surplus = surplus > n - surplus ? surplus - (n - surplus) : 0;
	if (!surplus)
		return n - n % 2;
	/* from the end, so that items that have been used, which stand there, go first */
	for (size_t i = n; i-- > 0;)
		if (away < surplus && m->entry[m->order[i]].label == largest)
			aside[away++] = m->order[i];
		else
			m->order[n - 1 - kept++] = m->order[i];
	for (size_t i = 0; i < kept; i++)
		m->order[i] = m->order[n - kept + i];
	for (size_t i = 0; i < away; i++)
		m->order[kept + i] = aside[i];
	return kept;
}

/*
 * Items that were set aside, all of one class (or but one), each with the next item of another
 * class in a new shuffle.  *taken: how many, now at the front of the order, the last shuffle gave.
 */
static int pair_aside(struct matching *m, const size_t *aside, size_t n_aside, uint64_t *want,
		      size_t *taken)
{
	size_t n = m->d->classes.genuine.n, next = n;

	*taken = 0;
	for (size_t i = 0; i < n_aside && *want; i++) {
		int st;

		while (next == n || !differs(m, aside[i], m->order[next]))
			if (next < n) {
				next++;
			} else {
				sn_random_shuffle(&m->r, m->order, n);
				*taken = next = 0;
			}
		swap(&m->order[next++], &m->order[*taken]);
		if ((st = add_random(m->d, aside[i], m->order[(*taken)++])) < 0)
			return st;
		--*want;
	}
	if (!n_aside)
		sn_random_shuffle(&m->r, m->order, n);
	return 0;
}

static int random_by_class(struct drawing *d, uint64_t want);

/*
 * Items in shuffled order, those not used before first, paired by neighbours; then those left over
 * with items of a second shuffle; then, where odd classes make more same pairs than there are
 * items for, neighbours in further shuffles.
 */
static int random_by_neighbours(struct drawing *d, const struct sn_items *items, uint64_t want,
				const uint8_t *used)
{
	struct matching m = { d, items->entry, stream(d, SN_DRAW_RANDOM, 0), copy_genuine(d) };
	size_t n = d->classes.genuine.n, kept, at = 0, fresh = 0;
	size_t *aside = sn_alloc(n ? n : 1, sizeof *aside);
	int st = m.order && aside ? 0 : SN_ENOMEM;

	if (st < 0)
		goto out;
	sn_random_shuffle(&m.r, m.order, n);
	for (size_t i = 0; i < n; i++) /* stable: unused ones to the front */
		if (used[m.order[i]])
			aside[at++] = m.order[i];
		else
			m.order[fresh++] = m.order[i];
	for (size_t i = 0; i < at; i++)
		m.order[fresh + i] = aside[i];
	kept = set_aside(&m, aside);
	if ((st = pair_neighbours(&m, m.order, kept, fresh < kept ? fresh : kept, &want,
				  kept / 2)) < 0)
		goto out;
	for (size_t i = kept; i < n; i++)
		aside[i - kept] = m.order[i];
	if ((st = pair_aside(&m, aside, n - kept, &want, &at)) < 0)
		goto out;
	/* the rest of that shuffle first, so that none comes a third time before all came twice */
	for (int round = 0; round < 8 && want; round++, at = 0) {
		if (round)
			sn_random_shuffle(&m.r, m.order, n);
		if ((st = pair_neighbours(&m, m.order + at, n - at, 0, &want, 16)) < 0)
			goto out;
	}
	st = random_by_class(d, want);
out:
	free(m.order);
	free(aside);
	return st < 0 ? st : 0;
}

/* ---- -n: class first ----------------------------------------------------------------------- */

/* Same or forged pairs: a class, of those that have pairs left; then a pair of it. */
static int within_class(struct drawing *d, uint64_t want, enum sn_same same)
{
	const struct sn_group *genuine = &d->classes.genuine;
	const struct sn_group *other = same == SN_SAME ? genuine : &d->classes.forged;
	struct sn_random r = stream(d, same == SN_SAME ? SN_DRAW_SAME : SN_DRAW_FORGED, 0);
	size_t classes = d->classes.n, n = 0;
	size_t *open = sn_alloc(classes ? classes : 1, sizeof *open);
	uint64_t *left = sn_alloc(classes ? classes : 1, sizeof *left);
	int st = open && left ? 0 : SN_ENOMEM;

	for (size_t c = 0; st == 0 && c < classes; c++) {
		left[c] = same == SN_SAME ? d->kinds.same_of[c] : d->kinds.forged_of[c];
		if (left[c])
			open[n++] = c;
	}
	while (st >= 0 && want) {
		size_t at = sn_random_below(&r, n), c = open[at];
		size_t a = sn_random_below(&r, sn_group_size(genuine, c));
		size_t b = sn_random_below(&r, sn_group_size(other, c) - (same == SN_SAME));

		b += same == SN_SAME && b >= a; /* any but a */
		a = genuine->item[genuine->first[c] + a];
		b = other->item[other->first[c] + b];
		if (!sn_limits_allow(&d->limits, a, b) || (st = add(d, a, b, same)) != 1)
			continue;
		want--;
		if (--left[c] == 0)
			open[at] = open[--n];
	}
	free(open);
	free(left);
	return st < 0 ? st : 0;
}

/* Each pair that is left with the same chance, where many are left: drawn until it is a new one. */
static int random_by_pair(struct drawing *d, struct sn_random *r, uint64_t want)
{
	const struct sn_group *g = &d->classes.genuine;
	size_t n = g->n, classes = d->classes.n;
	uint64_t *sum =
		sn_alloc(classes + 1, sizeof *sum); /* ordered pairs begun in earlier classes */
	int st = sum ? 0 : SN_ENOMEM;

	for (size_t c = 0; sum && c < classes; c++)
		sum[c + 1] = sum[c] + (uint64_t)sn_group_size(g, c) * (n - sn_group_size(g, c));
	while (st >= 0 && want) {
		uint64_t x = sn_random_below(r, sum[classes]);
		size_t low = 0, high = classes, others, a, b;

		while (high - low > 1) {
			size_t middle = low + (high - low) / 2;

			if (sum[middle] <= x)
				low = middle;
			else
				high = middle;
		}
		others = n - sn_group_size(g, low);
		a = g->first[low] + (size_t)((x - sum[low]) / others);
		b = (size_t)((x - sum[low]) % others);
		if (b >= g->first[low])
			b += sn_group_size(g, low);
		st = add_random(d, g->item[a], g->item[b]);
		want -= st == 1;
	}
	free(sum);
	return st < 0 ? st : 0;
}

/* The same where few are left: all in turn, each with the chance it needs (Knuth's algorithm S). */
static int random_by_turns(struct drawing *d, struct sn_random *r, uint64_t want)
{
	const struct sn_group *g = &d->classes.genuine;
	uint64_t left = d->random;

	for (size_t c = 0; c < d->classes.n; c++)
		for (size_t a = g->first[c]; a < g->first[c + 1]; a++)
			for (size_t b = g->first[c + 1]; b < g->n && want; b++) {
				int st;

				if (!sn_limits_allow(&d->limits, g->item[a], g->item[b]) ||
				    sn_pair_set_has(&d->set, g->item[a], g->item[b]) ||
				    sn_random_below(r, left--) >= want)
					continue;
				if ((st = add_random(d, g->item[a], g->item[b])) < 0)
					return st;
				want--;
			}
	return 0;
}

/* Classes that a random pair may be of: those that may be paired stand together. */
struct open {
	size_t *class, *first,
		*last; /* [n]; class[i] may be paired with those from first to last */
	size_t n;
};

static int by_group(const void *a, const void *b, void *context)
{
	const struct sn_entry *group = context;
	size_t c = *(const size_t *)a, e = *(const size_t *)b;

	if (group[c].label != group[e].label)
		return group[c].label < group[e].label ? -1 : 1;
	return (c > e) - (c < e);
}

static int find_open(struct open *o, const struct drawing *d)
{
	const struct sn_entry *group = d->limits.groups.entry;
	size_t n = 0;

	o->class = sn_alloc(d->classes.n + 1, sizeof *o->class);
	o->first = sn_alloc(d->classes.n + 1, sizeof *o->first);
	o->last = sn_alloc(d->classes.n + 1, sizeof *o->last);
	if (!o->class || !o->first || !o->last)
		return SN_ENOMEM;
	for (size_t c = 0; c < d->classes.n; c++)
		if (sn_group_size(&d->classes.genuine, c))
			o->class[n++] = c;
	if (d->limits.within)
		qsort_r(o->class, n, sizeof *o->class, by_group, (void *)(uintptr_t)group);
	for (size_t from = 0, to; from < n; from = to) {
		size_t first = o->n;

		for (to = from + 1; to < n; to++)
			if (d->limits.within &&
			    group[o->class[from]].label != group[o->class[to]].label)
				break;
		for (size_t i = from; to - from > 1 && i < to; i++) {
			o->class[o->n] = o->class[i];
			o->first[o->n] = first;
			o->last[o->n++] = first + to - from;
		}
	}
	return 0;
}

/* Random pairs: two classes, then an item of each.  The caller knows that as many are left. */
static int random_by_class(struct drawing *d, uint64_t want)
{
	const struct sn_group *g = &d->classes.genuine;
	struct sn_random r = stream(d, SN_DRAW_RANDOM, 1);
	struct open open = { 0 };
	uint64_t tries = 1000 + 20 * want;
	int st = 0;

	if (!want)
		return 0;
	st = find_open(&open, d);
	while (st >= 0 && want && tries--) {
		size_t c = sn_random_below(&r, open.n), first = open.first[c];
		size_t e = first + sn_random_below(&r, open.last[c] - first - 1);
		size_t a, b;

		e = open.class[e + (e >= c)];
		c = open.class[c];
		a = g->item[g->first[c] + sn_random_below(&r, sn_group_size(g, c))];
		b = g->item[g->first[e] + sn_random_below(&r, sn_group_size(g, e))];
		if (!sn_limits_allow(&d->limits, a, b))
			continue;
		st = add_random(d, a, b);
		want -= st == 1;
	}
	free(open.class);
	free(open.first);
	free(open.last);
	if (st < 0 || !want)
		return st < 0 ? st : 0;
	/* small classes have nothing left and are drawn in vain: from here on by pair, not by class
	 */
	return d->random / 4 < want || d->limits.within || d->limits.across
		       ? random_by_turns(d, &r, want)
		       : random_by_pair(d, &r, want);
}

/* ---- how many of each --------------------------------------------------------------------- */

static int no_same(const struct sn_items *items)
{
	if (!items->labels)
		return sn_fail(SN_EDATA, "no same pair: no item has a label; 'sn-load --label' "
					 "gives labels, --all pairs items without");
	return sn_fail(SN_EDATA,
		       "no same pair: each of the %zu labels has one genuine item at most; "
		       "load more of each, or choose --all or -n with --balance 0",
		       items->labels);
}

static int no_different(const struct sn_items *items)
{
	return sn_fail(SN_EDATA,
		       "no different pair: there are genuine items of one label only, '%s'; "
		       "load more labels, or choose --all or -n with --balance 1",
		       items->labels ? items->label[0] : "");
}

static int too_few(uint64_t there, const char *kind, uint64_t want, const char *advice)
{
	return sn_fail(SN_EDATA, "too few %s pairs: there are %llu, wanted %llu; %s", kind,
		       (unsigned long long)there, (unsigned long long)want, advice);
}

static int draw_default(struct drawing *d, const struct sn_items *items)
{
	enum sn_impostors impostors = d->o->impostors;
	uint64_t want, forged = 0;
	uint8_t *used = NULL;
	int st;

	if (!d->same)
		return no_same(items);
	if ((st = same_by_neighbours(d)) < 0 ||
	    (st = sn_impostors_resolve(&impostors, d->forged > 0)) < 0)
		return st;
	want = d->pairs->n;
	if (impostors == SN_IMPOSTORS_FORGED)
		forged = want;
	else if (impostors == SN_IMPOSTORS_BOTH)
		/* half, but as many as there are, and more where there are too few random ones */
		forged = want / 2 < d->forged ? want / 2 : d->forged;
	if (impostors == SN_IMPOSTORS_BOTH && want - forged > d->random)
		forged = want - d->random < d->forged ? want - d->random : d->forged;
	if (!d->random && !forged)
		return no_different(items);
	if (forged > d->forged)
		return too_few(d->forged, "forged", forged,
			       "choose --impostors both, or fewer pairs by -n");
	if (want - forged > d->random)
		return too_few(d->random, "different", want - forged, "choose fewer pairs by -n");
	used = sn_alloc(items->n, 1);
	if (!used)
		return SN_ENOMEM;
	if (forged)
		st = forged_by_turns(d, forged, used);
	if (st == 0 && want > forged)
		st = random_by_neighbours(d, items, want - forged, used);
	free(used);
	return st;
}

static int draw_count(struct drawing *d, const struct sn_items *items)
{
	const bool limited = d->limits.within || d->limits.across;
	const char *advice =
		limited ? "lower -n, change --balance, or leave out --within or --across"
			: "lower -n or change --balance";
	enum sn_impostors impostors = d->o->impostors;
	uint64_t same, forged, random, n = d->o->count;
	int st;

	if (!n || !(d->o->balance >= 0 && d->o->balance <= 1))
		return sn_fail(SN_EUSAGE,
			       "pairs wanted: at least 1, of them a share within [0, 1]");
	if (n > d->same + d->forged + d->random)
		return too_few(d->same + d->forged + d->random, "different and same", n,
			       "lower -n");
	same = (uint64_t)llround((double)n * d->o->balance);
	if (same > n) /* a double has 53 bits */
		same = n;
	if (same && !d->same && !limited)
		return no_same(items);
	if (same > d->same)
		return too_few(d->same, "same", same, advice);
	if (same < n && (st = sn_impostors_resolve(&impostors, d->forged > 0)) < 0)
		return st;
	forged = impostors == SN_IMPOSTORS_FORGED ? n - same
		 : impostors == SN_IMPOSTORS_BOTH ? (n - same) / 2
						  : 0;
	random = n - same - forged;
	if (random && !d->random && !d->forged && !limited)
		return no_different(items);
	if (random > d->random)
		return too_few(d->random, "random different", random,
			       d->forged ? "choose --impostors forged, or lower -n" : advice);
	if (forged > d->forged)
		return too_few(d->forged, "forged", forged,
			       "choose --impostors random, or lower -n");
	if ((same && (st = within_class(d, same, SN_SAME)) < 0) ||
	    (forged && (st = within_class(d, forged, SN_DIFFERENT)) < 0) ||
	    (st = random_by_class(d, random)) < 0)
		return st;
	return 0;
}

static int collect(void *pairs, const struct sn_index_pair *pair)
{
	return sn_pairs_add(pairs, *pair);
}

int sn_pair_draw(struct sn_pairs *pairs, const struct sn_items *items,
		 const struct sn_pair_options *options)
{
	struct drawing d = { .o = options, .pairs = pairs };
	int st;

	pairs->n = 0;
	pairs->singles = 0;
	if (items->n >= UINT32_MAX)
		return sn_fail(SN_EDATA, "too many items: %zu", items->n);
	switch (options->selection) {
	case SN_PAIR_ALL:
		return sn_pair_each(items, options, collect, pairs);
	case SN_PAIR_BATCH:
		return sn_draw_batches(pairs, items, options);
	case SN_PAIR_TRIALS:
		return sn_draw_trials(pairs, items, options);
	case SN_PAIR_REFERENCES:
		return sn_draw_references(pairs, items, options);
	case SN_PAIR_LIST:
		return sn_fail(SN_EUSAGE, "a list of pairs is not drawn");
	case SN_PAIR_DEFAULT:
	case SN_PAIR_COUNT:
		break;
	}
	if ((st = sn_classes_make(&d.classes, items, NULL, 0)) < 0)
		return st;
	d.limits.entry = items->entry;
	if (options->selection == SN_PAIR_COUNT)
		st = sn_limits_make(&d.limits, items, options->within, options->across);
	if (st == 0 && (st = count_kinds(&d, items)) == 0)
		st = options->selection == SN_PAIR_COUNT ? draw_count(&d, items)
							 : draw_default(&d, items);
	if (st == 0)
		shuffle_pairs(&d);
	sn_limits_release(&d.limits);
	sn_kinds_release(&d.kinds);
	sn_classes_release(&d.classes);
	sn_pair_set_release(&d.set);
	return st;
}
