/* leak - features joined by key, and their differences as the distances of pairs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <sn/leak.h>
#include <sn/memory.h>

#define FREE_SLOT SIZE_MAX
/* pairs whose differences are kept, for each feature; those of more are counted */
#define KEPT ((size_t)1 << 20)

const double sn_leak_limits[SN_LEAK_VIEWS] = {
	[SN_LEAK_ALL] = 0.9,
	[SN_LEAK_RANDOM] = 0.9,
	[SN_LEAK_SKILLED] = 0.8,
	[SN_LEAK_FORGED] = 0.7,
};

struct picture {
	char *key;
	size_t key_size;
	double value[SN_FEATURES];
};

/* What a feature says of all pairs. */
struct answers {
	struct sn_scores all;	  /* |difference| */
	struct sn_scores skilled; /* of the different pairs of one person; no same */
	struct sn_scores random;  /* of the others */
	struct sn_scores forged;  /* the feature: genuine pictures as same, forged as different */
	bool unknown;
};

struct sn_leak {
	struct picture *picture;
	size_t n, capacity;
	size_t *slot; /* hash table over keys */
	size_t slots;
	struct answers answers[SN_FEATURES];
};

int sn_leak_new(struct sn_leak **l)
{
	*l = sn_alloc(1, sizeof(**l));
	if (!*l)
		return SN_ENOMEM;
	for (int f = 0; f < SN_FEATURES; f++) {
		struct answers *a = &(*l)->answers[f];
		a->all.limit = a->skilled.limit = a->random.limit = a->forged.limit = KEPT;
	}
	return 0;
}

void sn_leak_free(struct sn_leak *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->picture[i].key);
	for (int f = 0; f < SN_FEATURES; f++) {
		struct answers *a = &l->answers[f];
		sn_scores_release(&a->all);
		sn_scores_release(&a->skilled);
		sn_scores_release(&a->random);
		sn_scores_release(&a->forged);
	}
	free(l->picture);
	free(l->slot);
	free(l);
}

size_t sn_leak_pictures(const struct sn_leak *l)
{
	return l->n;
}

/* ---- pictures by key ------------------------------------------------------------------ */

static size_t slot_of(const struct sn_leak *l, const char *key, size_t size)
{
	size_t at = XXH3_64bits(key, size) & (l->slots - 1);
	for (;; at = (at + 1) & (l->slots - 1)) {
		const struct picture *p;
		if (l->slot[at] == FREE_SLOT)
			return at;
		p = &l->picture[l->slot[at]];
		if (p->key_size == size && memcmp(p->key, key, size) == 0)
			return at;
	}
}

static int index_pictures(struct sn_leak *l)
{
	size_t slots = l->slots ? 2 * l->slots : 64;
	size_t *slot = sn_alloc(slots, sizeof(*slot));
	if (!slot)
		return SN_ENOMEM;
	memset(slot, 0xff, slots * sizeof(*slot));
	free(l->slot);
	l->slot = slot;
	l->slots = slots;
	for (size_t i = 0; i < l->n; i++)
		slot[slot_of(l, l->picture[i].key, l->picture[i].key_size)] = i;
	return 0;
}

size_t sn_leak_find(const struct sn_leak *l, const char *key, size_t size)
{
	return l->n ? l->slot[slot_of(l, key, size)] : SIZE_MAX;
}

int sn_leak_picture(struct sn_leak *l, const struct sn_item *item)
{
	const char *key = (const char *)item->key.data;
	struct picture p = { .key_size = item->key.size };
	size_t at;
	int st;
	if ((st = sn_features(p.value, item)) < 0)
		return st;
	if (2 * (l->n + 1) > l->slots && (st = index_pictures(l)) < 0)
		return st;
	at = slot_of(l, key, item->key.size);
	if (l->slot[at] != FREE_SLOT) {
		/* as where a stream was joined with itself */
		if (memcmp(l->picture[l->slot[at]].value, p.value, sizeof(p.value)) == 0)
			return 0;
		return sn_fail(SN_EDATA, "the key '%.*s' stands for two different pictures",
			       (int)p.key_size, key);
	}
	if ((st = sn_grow(&l->picture, &l->capacity, l->n + 1, sizeof(p))) < 0)
		return st;
	p.key = malloc(p.key_size + 1);
	if (!p.key)
		return sn_fail_memory();
	memcpy(p.key, key, p.key_size);
	l->slot[at] = l->n;
	l->picture[l->n++] = p;
	return 0;
}

/* ---- what is compared ----------------------------------------------------------------- */

int sn_leak_item(struct sn_leak *l, size_t picture, bool forged)
{
	int st = 0;
	for (int f = 0; f < SN_FEATURES && st == 0; f++) {
		double v = l->picture[picture].value[f];
		l->answers[f].unknown |= isnan(v);
		if (!isnan(v))
			st = sn_scores_add(&l->answers[f].forged, (float)v, !forged);
	}
	return st;
}

int sn_leak_pair(struct sn_leak *l, size_t a, size_t b, enum sn_pair_kind kind)
{
	int st = 0;
	for (int f = 0; f < SN_FEATURES && st == 0; f++) {
		struct answers *to = &l->answers[f];
		double d = fabs(l->picture[a].value[f] - l->picture[b].value[f]);
		if (isnan(d))
			continue;
		if (f == SN_TYPE)
			d = d != 0;
		if (kind != SN_KIND_SAME)
			st = sn_scores_add(kind == SN_KIND_SKILLED ? &to->skilled : &to->random,
					   (float)d, false);
		if (st == 0)
			st = sn_scores_add(&to->all, (float)d, kind == SN_KIND_SAME);
	}
	return st;
}

/* One of both kinds may be absent, which sn_leak_scores tells. */
static int sort(struct sn_scores *s)
{
	int st = sn_scores_sort(s);
	return st == SN_EDATA ? 0 : st;
}

/* Views take their same pairs from all: what one counts, all count. */
static int count_alike(struct answers *a)
{
	int st = 0;
	if (a->all.counted &&
	    ((st = sn_scores_count(&a->skilled)) < 0 || (st = sn_scores_count(&a->random)) < 0))
		return st;
	return 0;
}

/* Types are no quantity: each becomes the share of forged pictures among those of the type. */
static int rank_types(struct sn_scores *s)
{
	struct sn_scores ranked = { .limit = s->limit };
	uint64_t up_to[2], below[2] = { 0, 0 };
	int st = 0;
	for (int type = 0; type < 256 && st == 0; type++) {
		uint64_t genuine, forged;
		sn_accepted_at(s, type, &up_to[0], &up_to[1]);
		genuine = up_to[0] - below[0];
		forged = up_to[1] - below[1];
		memcpy(below, up_to, sizeof(below));
		for (uint64_t i = 0; i < genuine + forged && st == 0; i++)
			st = sn_scores_add(&ranked,
					   (float)((double)forged / (double)(genuine + forged)),
					   i < genuine);
	}
	if (st == 0)
		st = sort(&ranked);
	sn_scores_release(s);
	*s = ranked;
	return st;
}

static int turn(struct sn_scores *s)
{
	struct sn_scores turned = { .limit = s->limit };
	int st = 0;
	if (s->counted)
		return 0; /* the area below 1/2 stays as it is: no forgeries by the million */
	for (size_t i = 0; i < s->same.n && st == 0; i++)
		st = sn_scores_add(&turned, -s->same.d[i], true);
	for (size_t i = 0; i < s->different.n && st == 0; i++)
		st = sn_scores_add(&turned, -s->different.d[i], false);
	if (st == 0)
		st = sort(&turned);
	sn_scores_release(s);
	*s = turned;
	return st;
}

int sn_leak_finish(struct sn_leak *l)
{
	int st = 0;
	for (int f = 0; f < SN_FEATURES && st == 0; f++) {
		struct answers *a = &l->answers[f];
		if ((st = count_alike(a)) < 0 || (st = sort(&a->all)) < 0 ||
		    (st = sort(&a->skilled)) < 0 || (st = sort(&a->random)) < 0 ||
		    (st = sort(&a->forged)) < 0)
			break;
		if (a->forged.same.n == 0 || a->forged.different.n == 0)
			continue;
		if (f == SN_TYPE)
			st = rank_types(&a->forged);
		if (st == 0 && sn_auc(&a->forged) < 0.5)
			st = turn(&a->forged);
	}
	return st;
}

bool sn_leak_scores(const struct sn_leak *l, enum sn_feature feature, enum sn_leak_view view,
		    struct sn_scores *scores)
{
	const struct answers *a = &l->answers[feature];
	*scores = view == SN_LEAK_FORGED    ? a->forged
		  : view == SN_LEAK_SKILLED ? a->skilled
		  : view == SN_LEAK_RANDOM  ? a->random
					    : a->all;
	if (view == SN_LEAK_SKILLED || view == SN_LEAK_RANDOM)
		scores->same = a->all.same;
	return !a->unknown && scores->same.n && scores->different.n;
}

double sn_leak_worst(const struct sn_leak *l, enum sn_leak_view view, enum sn_feature *feature)
{
	double worst = NAN, area;
	struct sn_scores s;
	for (int f = 0; f < SN_FEATURES; f++) {
		if (!sn_leak_scores(l, (enum sn_feature)f, view, &s))
			continue;
		area = sn_auc(&s);
		if (isnan(worst) || area > worst) {
			worst = area;
			*feature = (enum sn_feature)f;
		}
	}
	return worst;
}
