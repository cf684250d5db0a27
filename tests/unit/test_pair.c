/* pair: counts by hand, and what must hold of every drawing. */
#include <inttypes.h>
#include <unistd.h>
#include <sn/pair.h>
#include "test.h"

/* "a a* b -": items of classes a, a (forged), b, nil. Keys: k0, k1, ... Numbers: 3 i + 1. */
static void make(struct sn_items *s, const char *labels)
{
	char key[32];

	*s = (struct sn_items){ 0 };
	for (uint64_t i = 0; *labels; i++) {
		size_t n = strcspn(labels, " ");
		struct sn_item item = { .number = 3 * i + 1 };

		snprintf(key, sizeof key, "k%" PRIu64, i);
		item.key = (struct sn_slice){ (const uint8_t *)key, strlen(key) };
		item.forged = labels[n - 1] == '*';
		if (labels[0] != '-')
			item.label = (struct sn_slice){ (const uint8_t *)labels, n - item.forged };
		MUST(sn_items_add(s, &item, NULL));
		labels += n + (labels[n] == ' ');
	}
}

/* classes of these sizes and as many forgeries as said, items of all classes in turn */
static void make_sizes(struct sn_items *s, const size_t *genuine, const size_t *forged, size_t n)
{
	uint64_t number = 0;
	bool more = true;

	*s = (struct sn_items){ 0 };
	for (size_t round = 0; more; round++) {
		more = false;
		for (size_t c = 0; c < n; c++) {
			size_t f = forged ? forged[c] : 0;
			char label[32];
			struct sn_item item = { .number = number };

			if (round >= genuine[c] + f)
				continue;
			more = true;
			snprintf(label, sizeof label, "c%zu", c);
			item.label = (struct sn_slice){ (const uint8_t *)label, strlen(label) };
			item.key = item.label;
			item.forged = round >= genuine[c];
			MUST(sn_items_add(s, &item, NULL));
			number++;
		}
	}
}

/* "x/1_a x/1_b": items of class x/1 whose keys are x/1_a and x/1_b; "x/1_a*": forged. */
static void make_keyed(struct sn_items *s, const char *keys)
{
	*s = (struct sn_items){ 0 };
	for (uint64_t i = 0; *keys; i++) {
		size_t n = strcspn(keys, " ");
		struct sn_item item = { .number = i };

		item.forged = keys[n - 1] == '*';
		item.key = (struct sn_slice){ (const uint8_t *)keys, n };
		item.label = (struct sn_slice){ (const uint8_t *)keys, strcspn(keys, "_") };
		MUST(sn_items_add(s, &item, NULL));
		keys += n + (keys[n] == ' ');
	}
}

/* What stands behind the _ of a key. */
static int condition(const struct sn_items *s, size_t item)
{
	return strchr(s->entry[item].key, '_')[1];
}

struct counts {
	size_t same, random, forged, cross, unknown;
	size_t most_same, most_different; /* uses of one item in each kind */
	size_t unused_same, unused_different;
};

/* What holds of all pairs but of trials; and how many there are of each kind. */
static struct counts check(const struct sn_items *s, const struct sn_pairs *p)
{
	struct counts c = { 0 };
	size_t *same = calloc(s->n + 1, sizeof *same),
	       *different = calloc(s->n + 1, sizeof *different);
	uint8_t *seen = calloc(s->n * s->n + 1, 1);

	for (size_t i = 0; i < p->n; i++) {
		const struct sn_index_pair *q = &p->pair[i];
		const struct sn_entry *a = &s->entry[q->a], *b = &s->entry[q->b];
		bool paired;

		CHECK(q->a < q->b && q->b < s->n);
		CHECK(!seen[q->a * s->n + q->b]++);
		CHECK(q->same == sn_pair_relation(a, b, &paired) && paired);
		c.same += q->same == SN_SAME;
		c.unknown += q->same == SN_UNKNOWN;
		if (q->same == SN_DIFFERENT) {
			if (!a->forged && !b->forged)
				c.random++;
			else if (a->label == b->label)
				c.forged++;
			else
				c.cross++;
		}
		(q->same == SN_SAME ? same : different)[q->a]++;
		(q->same == SN_SAME ? same : different)[q->b]++;
	}
	for (size_t i = 0; i < s->n; i++) {
		c.most_same = same[i] > c.most_same ? same[i] : c.most_same;
		c.most_different =
			different[i] > c.most_different ? different[i] : c.most_different;
		c.unused_same += !same[i];
		c.unused_different += !different[i];
	}
	free(same);
	free(different);
	free(seen);
	return c;
}

static bool equal(const struct sn_pairs *p, const struct sn_pairs *q)
{
	if (p->n != q->n)
		return false;
	for (size_t i = 0; i < p->n; i++)
		if (p->pair[i].a != q->pair[i].a || p->pair[i].b != q->pair[i].b ||
		    p->pair[i].same != q->pair[i].same || p->pair[i].trial != q->pair[i].trial ||
		    p->pair[i].batch != q->pair[i].batch)
			return false;
	return true;
}

static bool says(const char *words)
{
	if (strstr(sn_message(), words))
		return true;
	fprintf(stderr, "message: %s\n", sn_message());
	return false;
}

static void test_relation(void)
{
	struct sn_items s;
	bool paired;

	make(&s, "a a b a* a* b* - -");
#define RELATION(x, y) sn_pair_relation(&s.entry[x], &s.entry[y], &paired)
	CHECK(RELATION(0, 1) == SN_SAME && paired);
	CHECK(RELATION(0, 2) == SN_DIFFERENT && paired);
	CHECK(RELATION(0, 3) == SN_DIFFERENT && paired);
	CHECK(RELATION(3, 0) == SN_DIFFERENT && paired);
	CHECK(RELATION(2, 3) == SN_DIFFERENT && paired);
	RELATION(3, 4);
	CHECK(!paired);
	RELATION(3, 5);
	CHECK(!paired);
	CHECK(RELATION(0, 6) == SN_UNKNOWN && paired);
	CHECK(RELATION(3, 6) == SN_UNKNOWN && paired);
	CHECK(RELATION(6, 7) == SN_UNKNOWN && paired);
	sn_items_clear(&s);
}

static void test_all(void)
{
	static const struct sn_index_pair wanted[] = {
		{ 0, 1, SN_SAME, SN_NONE, SN_NONE },	  { 0, 2, SN_DIFFERENT, SN_NONE, SN_NONE },
		{ 1, 2, SN_DIFFERENT, SN_NONE, SN_NONE }, { 0, 3, SN_DIFFERENT, SN_NONE, SN_NONE },
		{ 1, 3, SN_DIFFERENT, SN_NONE, SN_NONE }, { 2, 3, SN_DIFFERENT, SN_NONE, SN_NONE },
		{ 0, 4, SN_UNKNOWN, SN_NONE, SN_NONE },	  { 1, 4, SN_UNKNOWN, SN_NONE, SN_NONE },
		{ 2, 4, SN_UNKNOWN, SN_NONE, SN_NONE },	  { 3, 4, SN_UNKNOWN, SN_NONE, SN_NONE },
	};
	struct sn_pair_options o = { .selection = SN_PAIR_ALL };
	struct sn_pairs p = { 0 };
	struct sn_items s;
	struct counts c;

	make(&s, "a a b a* -");
	MUST(sn_pair_draw(&p, &s, &o));
	CHECK(p.n == 10);
	for (size_t i = 0; i < 10; i++)
		CHECK(p.pair[i].a == wanted[i].a && p.pair[i].b == wanted[i].b &&
		      p.pair[i].same == wanted[i].same && p.pair[i].trial == SN_NONE);
	o.impostors = SN_IMPOSTORS_RANDOM;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 1 && c.random == 2 && c.forged == 0 && c.cross == 0 && c.unknown == 4);
	o.impostors = SN_IMPOSTORS_FORGED;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 1 && c.random == 0 && c.forged == 2 && c.cross == 0);
	o.impostors = SN_IMPOSTORS_BOTH;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 1 && c.random == 2 && c.forged == 2 && c.cross == 0);
	sn_items_clear(&s);
	make(&s, "a");
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("--forged"));
	o.impostors = SN_IMPOSTORS_DEFAULT;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("no pair among 1 item"));
	sn_items_clear(&s);
	make(&s, "a* a* b*");
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("forger"));
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

/* Sizes of classes: the default takes every item once where it can. */
static void test_default(void)
{
	static const size_t many[] = { 2, 2 }, fours[] = { 4, 4, 4, 4 }, odd[] = { 3, 3, 3 },
			    single[] = { 4, 1, 2, 1 }, large[] = { 9, 2, 1 }, two[] = { 2, 1 },
			    threes[] = { 3, 3, 3, 3, 3, 3, 3 }, edge[] = { 6, 3, 3 },
			    lone[] = { 3, 1 }, giant[] = { 7, 3, 3 };
	static const struct {
		const size_t *size;
		size_t n, same, singles, most; /* most: uses of an item in different pairs */
		bool even;
	} cases[] = {
		{ many, 2, 2, 0, 1, true },    { fours, 4, 8, 0, 1, true },
		{ odd, 3, 6, 0, 2, true },     { single, 4, 3, 2, 1, true },
		{ large, 3, 6, 1, 2, false },  { two, 2, 1, 1, 1, true },
		{ threes, 7, 14, 0, 2, true }, { edge, 3, 7, 0, 2, true },
		{ lone, 2, 2, 1, 2, false },   { giant, 3, 8, 0, 2, true },
	};
	struct sn_pair_options o = { .selection = SN_PAIR_DEFAULT };
	struct sn_pairs p = { 0 }, q = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (o.seed = 0; o.seed < 200; o.seed++) {
			struct sn_items s;
			struct counts c;
			size_t n = 0, singles = 0;

			make_sizes(&s, cases[i].size, NULL, cases[i].n);
			for (size_t k = 0; k < cases[i].n; k++) {
				n += cases[i].size[k];
				singles += cases[i].size[k] == 1;
			}
			MUST(sn_pair_draw(&p, &s, &o));
			c = check(&s, &p);
			CHECK(c.same == cases[i].same && c.random == c.same && p.n == 2 * c.same);
			CHECK(p.singles == cases[i].singles && c.unused_same == singles);
			CHECK(c.most_same <= 2 && c.most_different <= cases[i].most);
			/* none comes twice before all came once, where the classes allow it */
			if (c.most_different > 1 && cases[i].even)
				CHECK(c.unused_different == 0);
			if (c.most_different == 1)
				CHECK(c.unused_different == n - 2 * c.random);
			MUST(sn_pair_draw(&q, &s, &o));
			CHECK(equal(&p, &q));
			sn_items_clear(&s);
		}
	sn_pairs_release(&p);
	sn_pairs_release(&q);
}

/* No class is in more than half of the items: each item is in exactly one different pair of an even
 * set. */
static void test_default_once(void)
{
	struct sn_pair_options o = { .selection = SN_PAIR_DEFAULT };
	struct sn_pairs p = { 0 };

	for (o.seed = 1; o.seed < 300; o.seed++) {
		struct sn_random r = sn_random(o.seed, SN_RANDOM_TEST, 0, 0);
		size_t size[12], n = 2 + sn_random_below(&r, 11), all = 0, largest = 0;
		struct sn_items s;
		struct counts c;

		for (size_t k = 0; k < n; k++) {
			size[k] = 2 * (1 + sn_random_below(&r, 12));
			all += size[k];
			largest = size[k] > largest ? size[k] : largest;
		}
		make_sizes(&s, size, NULL, n);
		MUST(sn_pair_draw(&p, &s, &o));
		c = check(&s, &p);
		CHECK(c.same == all / 2 && c.random == all / 2);
		CHECK(c.most_same == 1 && c.unused_same == 0);
		if (largest <= all / 2)
			CHECK(c.most_different == 1 && c.unused_different == 0);
		sn_items_clear(&s);
	}
	sn_pairs_release(&p);
}

/* The order is that of a shuffle: same pairs come neither first nor last, and the seed matters. */
static void test_shuffled(void)
{
	static const size_t size[] = { 20, 20, 20, 20 };
	struct sn_pair_options o = { .selection = SN_PAIR_DEFAULT, .seed = 1 };
	struct sn_pairs p = { 0 }, q = { 0 };
	struct sn_items s;
	size_t first = 0, turns = 0;

	make_sizes(&s, size, NULL, 4);
	MUST(sn_pair_draw(&p, &s, &o));
	CHECK(p.n == 80);
	for (size_t i = 0; i < 40; i++)
		first += p.pair[i].same == SN_SAME;
	for (size_t i = 1; i < 80; i++)
		turns += p.pair[i].same != p.pair[i - 1].same;
	CHECK(first > 10 && first < 30 && turns > 20);
	o.seed = 2;
	MUST(sn_pair_draw(&q, &s, &o));
	CHECK(!equal(&p, &q));
	sn_items_clear(&s);
	sn_pairs_release(&p);
	sn_pairs_release(&q);
}

static void test_default_forged(void)
{
	static const size_t genuine[] = { 24, 24, 24 }, forged[] = { 24, 24, 24 };
	static const size_t few[] = { 1, 0, 0 }, one[] = { 6 }, one_forged[] = { 2 };
	static const size_t lonely[] = { 4, 4, 0 }, elsewhere[] = { 0, 0, 3 };
	struct sn_pair_options o = { .selection = SN_PAIR_DEFAULT, .seed = 7 };
	struct sn_pairs p = { 0 };
	struct sn_items s;
	struct counts c;

	make_sizes(&s, genuine, forged, 3);
	MUST(sn_pair_draw(&p, &s, &o)); /* both */
	c = check(&s, &p);
	CHECK(c.same == 36 && c.forged == 18 && c.random == 18 && c.cross == 0);
	CHECK(c.most_different == 1); /* genuine items of forged and random pairs are others */
	o.impostors = SN_IMPOSTORS_RANDOM;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 36 && c.forged == 0 && c.random == 36 && c.most_different == 1);
	o.impostors = SN_IMPOSTORS_FORGED;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 36 && c.forged == 36 && c.random == 0 && c.most_different <= 2);
	sn_items_clear(&s);

	make_sizes(&s, genuine, few, 3); /* one forgery: it is in as many pairs as it can be, 24 */
	o.impostors = SN_IMPOSTORS_DEFAULT;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 36 && c.forged == 18 && c.random == 18 && c.most_different == 18);
	o.impostors = SN_IMPOSTORS_FORGED;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("there are 24, wanted 36"));
	sn_items_clear(&s);

	make_sizes(&s, one, one_forged, 1); /* one signer: all different pairs are forged */
	o.impostors = SN_IMPOSTORS_DEFAULT;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 3 && c.forged == 3 && c.random == 0);
	sn_items_clear(&s);

	make_sizes(&s, lonely, elsewhere, 3); /* forgeries of nobody here */
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 4 && c.forged == 0 && c.random == 4);
	o.impostors = SN_IMPOSTORS_BOTH;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("no forged item"));
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

/* Turns go through all pairs of a forgery with a genuine item before any comes twice. */
static void test_forged_turns(void)
{
	struct sn_pair_options o = { .selection = SN_PAIR_DEFAULT,
				     .impostors = SN_IMPOSTORS_FORGED,
				     .seed = 3 };
	struct sn_pairs p = { 0 };

	for (size_t g = 2; g < 14; g++)
		for (size_t f = 1; f < 14; f++) {
			struct sn_items s;
			struct counts c;

			make_sizes(&s, &g, &f, 1);
			MUST(sn_pair_draw(&p, &s, &o));
			c = check(&s, &p);
			CHECK(c.same == (g + 1) / 2 && c.forged == c.same);
			CHECK(c.most_different == (c.same + f - 1) / f ||
			      (f > c.same && c.most_different == 1));
			sn_items_clear(&s);
		}
	sn_pairs_release(&p);
}

static void test_no_pairs(void)
{
	struct sn_pair_options o = { .selection = SN_PAIR_DEFAULT };
	struct sn_pairs p = { 0 };
	struct sn_items s;

	make(&s, "a b c");
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("no same pair"));
	sn_items_clear(&s);
	make(&s, "a a a");
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("no different pair") && says("'a'"));
	sn_items_clear(&s);
	make(&s, "- - -");
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("label"));
	sn_items_clear(&s);
	make(&s, "a* a* b* a");
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("no same pair"));
	sn_items_clear(&s);
	make(&s, "");
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA);
	o.selection = SN_PAIR_LIST;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EUSAGE);
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

static void test_count(void)
{
	static const size_t size[] = { 4, 3, 1 }, forged[] = { 0, 2, 1 };
	struct sn_pair_options o = { .selection = SN_PAIR_COUNT };
	struct sn_pairs p = { 0 };
	struct sn_items s;
	struct counts c;

	/* same 6 + 3 + 0 = 9; random 4*3 + 4*1 + 3*1 = 19; forged 3*2 + 1*1 = 7 */
	make_sizes(&s, size, forged, 3);
	o.impostors = SN_IMPOSTORS_RANDOM;
	for (o.seed = 0; o.seed < 100; o.seed++)
		for (o.count = 1; o.count <= 18; o.count++) {
			o.balance = 0.5;
			MUST(sn_pair_draw(&p, &s, &o));
			c = check(&s, &p);
			CHECK(p.n == o.count && c.same == (o.count + 1) / 2 &&
			      c.random == o.count / 2 && p.singles == 1);
		}
	/* all there are, and one more */
	o.count = 28;
	o.balance = 9.0 / 28;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 9 && c.random == 19);
	o.balance = 10.0 / 28;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("there are 9, wanted 10"));
	o.balance = 8.0 / 28;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("there are 19, wanted 20"));
	o.count = 9;
	o.balance = 1;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 9 && p.n == 9);
	o.count = 19;
	o.balance = 0;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.random == 19 && p.n == 19);
	o.impostors = SN_IMPOSTORS_FORGED;
	o.count = 7;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.forged == 7 && p.n == 7);
	o.count = 8;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("there are 7, wanted 8"));
	o.impostors = SN_IMPOSTORS_DEFAULT; /* both */
	o.count = 18;
	o.balance = 4.0 / 18;
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	CHECK(c.same == 4 && c.forged == 7 && c.random == 7);
	o.count = UINT64_MAX;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("there are 35"));
	o.count = 0;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EUSAGE);
	o.count = 1;
	o.balance = NAN;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EUSAGE);
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

/* Classes are drawn first: small ones come as often as large ones. */
static void test_class_first(void)
{
	static const size_t size[] = { 200, 20, 20, 20 };
	struct sn_pair_options o = {
		.selection = SN_PAIR_COUNT, .count = 400, .balance = 0.5, .seed = 5
	};
	size_t same[4] = { 0 }, different[4] = { 0 };
	struct sn_pairs p = { 0 };
	struct sn_items s;

	make_sizes(&s, size, NULL, 4);
	MUST(sn_pair_draw(&p, &s, &o));
	check(&s, &p);
	for (size_t i = 0; i < p.n; i++) {
		size_t *count = p.pair[i].same == SN_SAME ? same : different;

		count[s.entry[p.pair[i].a].label]++;
		count[s.entry[p.pair[i].b].label]++;
	}
	for (size_t c = 0; c < 4; c++) /* 100 expected of each, deviation below 10 and 9 */
		CHECK(same[c] > 60 && same[c] < 140 && different[c] > 60 && different[c] < 140);
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

/* Many small classes beside a large one, and nearly all pairs wanted: the ways out of drawing in
 * vain. */
static void test_exhausted(void)
{
	size_t size[61];
	struct sn_pair_options o = { .selection = SN_PAIR_COUNT, .seed = 5 };
	struct sn_pairs p = { 0 };
	struct sn_items s;

	for (size_t c = 0; c < 60; c++)
		size[c] = 1;
	size[60] = 2000; /* random pairs: 60*59/2 + 60*2000 = 121770 */
	make_sizes(&s, size, NULL, 61);
	for (o.count = 1000; o.count <= 121770;
	     o.count = o.count == 121770 ? 121771 : o.count * 11) {
		struct counts c;

		o.count = o.count > 121770 ? 121770 : o.count;
		MUST(sn_pair_draw(&p, &s, &o));
		c = check(&s, &p);
		CHECK(c.random == o.count && p.n == o.count);
	}
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

static void test_batch(void)
{
	static const size_t size[] = { 8, 8, 8, 8, 8, 8 }, small[] = { 5, 3, 1, 2 };
	struct sn_pair_options o = { .selection = SN_PAIR_BATCH, .p = 3, .k = 4, .seed = 1 };
	struct sn_pairs p = { 0 };
	struct sn_items s;
	struct counts c;

	make_sizes(&s, size, NULL, 6);
	MUST(sn_pair_draw(&p, &s, &o));
	c = check(&s, &p);
	/* 4 batches of 12 items, each item once: 3 * 6 same and 3 * 16 different pairs */
	CHECK(c.same == 4 * 18 && c.random == 4 * 48 && p.n == 264);
	for (size_t i = 0; i < p.n; i++) {
		CHECK(p.pair[i].batch == i / 66 && p.pair[i].trial == SN_NONE);
		CHECK(i % 66 == 0 || p.pair[i].b >= p.pair[i - 1].b);
	}
	CHECK(c.most_same == 3 && c.most_different == 8);
	o.p = 7;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("there are 6"));
	o.p = 1;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EUSAGE);
	sn_items_clear(&s);

	make_sizes(&s, small, NULL, 4);
	o.p = 2;
	o.k = 3;
	for (o.seed = 0; o.seed < 50; o.seed++) {
		MUST(sn_pair_draw(&p, &s, &o));
		check(&s, &p);
	}
	sn_items_clear(&s);
	make(&s, "a b c");
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("no same pair"));
	sn_items_clear(&s);
	make(&s, "a a - a*");
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("classes"));
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

/* Each trial: one query of one class; way classes, shot items of each, the query's class once. */
static void check_trials(const struct sn_items *s, const struct sn_pairs *p,
			 const struct sn_pair_options *o, bool twice)
{
	size_t each = o->way * o->shot;
	uint8_t *seen = calloc(s->n * s->n + 1, 1);

	CHECK(p->n == o->count * each);
	for (size_t i = 0; i < p->n; i++) {
		const struct sn_index_pair *q = &p->pair[i], *first = &p->pair[i - i % each];
		size_t low = q->a < q->b ? q->a : q->b, high = q->a < q->b ? q->b : q->a;
		uint32_t own = s->entry[q->a].label, other = s->entry[q->b].label;

		CHECK(q->trial == i / each && q->batch == SN_NONE && q->a == first->a);
		CHECK(q->a != q->b && !s->entry[q->a].forged && !s->entry[q->b].forged);
		CHECK(own != SN_NO_CLASS && other != SN_NO_CLASS);
		CHECK(q->same == (own == other ? SN_SAME : SN_DIFFERENT));
		CHECK(twice || !seen[low * s->n + high]);
		seen[low * s->n + high] = 1;
		if (o->within)
			CHECK(s->label[own][0] == s->label[other][0]);
		for (size_t k = i - i % each; k < i; k++) {
			CHECK(p->pair[k].b != q->b);
			/* a class's supports stand together */
			CHECK((s->entry[p->pair[k].b].label == other) ==
			      (k % each / o->shot == i % each / o->shot));
		}
	}
	for (size_t t = 0; t < o->count; t++) {
		size_t same = 0;

		for (size_t i = t * each; i < (t + 1) * each; i++)
			same += p->pair[i].same == SN_SAME;
		CHECK(same == o->shot);
	}
	free(seen);
}

static void test_trials(void)
{
	static const size_t size[] = { 5, 5, 5, 5, 5, 5, 5, 5 }, mixed[] = { 4, 2, 1, 3, 2 },
			    forged[] = { 2, 2, 2, 0, 0 };
	struct sn_pair_options o = {
		.selection = SN_PAIR_TRIALS, .count = 40, .way = 4, .shot = 1, .seed = 1
	};
	size_t queries[64] = { 0 };
	struct sn_pairs p = { 0 }, q = { 0 };
	struct sn_items s;

	make_sizes(&s, size, NULL, 8);
	MUST(sn_pair_draw(&p, &s, &o));
	check_trials(&s, &p, &o, false);
	for (size_t i = 0; i < p.n; i += 4)
		queries[p.pair[i].a]++;
	for (size_t i = 0; i < 40; i++)
		CHECK(queries[i] == 1); /* as many trials as items: each is asked once */
	MUST(sn_pair_draw(&q, &s, &o));
	CHECK(equal(&p, &q));
	o.seed = 2;
	MUST(sn_pair_draw(&q, &s, &o));
	CHECK(!equal(&p, &q));
	o.way = 8;
	o.shot = 4;
	o.count = 100; /* more pairs than there are */
	MUST(sn_pair_draw(&p, &s, &o));
	check_trials(&s, &p, &o, true);
	o.shot = 5;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("too few items"));
	o.shot = 1;
	o.way = 9;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("8 have 1"));
	o.way = 1;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EUSAGE);
	sn_items_clear(&s);

	/* 2 shots: classes 0 and 3 can ask, 1 and 4 can answer, 2 neither */
	make_sizes(&s, mixed, forged, 5);
	o.way = 4;
	o.shot = 2;
	MUST(sn_pair_draw(&p, &s, &o));
	check_trials(&s, &p, &o, true);
	for (size_t i = 0; i < p.n; i++)
		CHECK(s.entry[p.pair[i].a].label == 0 || s.entry[p.pair[i].a].label == 3);
	sn_items_clear(&s);
	sn_pairs_release(&p);
	sn_pairs_release(&q);
}

static void test_within(void)
{
	struct sn_pair_options o = { .selection = SN_PAIR_TRIALS,
				     .count = 12,
				     .way = 2,
				     .shot = 1,
				     .seed = 1,
				     .within = 1 };
	size_t asked[3] = { 0 };
	struct sn_pairs p = { 0 };
	struct sn_items s;

	make(&s, "x/1 x/1 x/2 x/2 x/3 x/3 y/1 y/1 y/2 y/2 y/2/a z/1 z/1 z y");
	MUST(sn_pair_draw(&p, &s, &o));
	check_trials(&s, &p, &o, true);
	for (size_t i = 0; i < p.n; i += 2)
		asked[s.label[s.entry[p.pair[i].a].label][0] - 'x']++;
	CHECK(asked[0] == 4 && asked[1] == 4 && asked[2] == 4); /* groups equally often */
	o.way = 3;
	MUST(sn_pair_draw(&p, &s, &o));
	check_trials(&s, &p, &o, true);
	o.way = 5;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("first 1 part are 5"));
	o.way = 2;
	o.within = 2; /* y/2 and y/2/a alone share two parts */
	MUST(sn_pair_draw(&p, &s, &o));
	for (size_t i = 0; i < p.n; i++)
		CHECK(s.label[s.entry[p.pair[i].a].label][0] == 'y');
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

/* Whatever is drawn of few items within limits is allowed, and all that is allowed can be drawn. */
static void test_limits(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 0, 0);
	struct sn_pairs p = { 0 }, all = { 0 };
	struct sn_items s;

	for (int round = 0; round < 300; round++) {
		struct sn_pair_options o = { .within = round % 3,
					     .across = round % 4 ? "_(.)" : NULL,
					     .seed = (uint64_t)round };
		size_t n = 2 + sn_random_below(&r, 14), same = 0;
		char keys[256], *at = keys;

		for (size_t i = 0; i < n; i++)
			at += sprintf(at, "%s%c/%c_%c%s", i ? " " : "",
				      'x' + (int)sn_random_below(&r, 2),
				      'a' + (int)sn_random_below(&r, 3),
				      '1' + (int)sn_random_below(&r, 3),
				      sn_random_below(&r, 4) ? "" : "*");
		make_keyed(&s, keys);
		o.selection = SN_PAIR_ALL;
		if (sn_pair_draw(&all, &s, &o) < 0) {
			CHECK(says("no pair among") || says("the same in every key"));
			sn_items_clear(&s);
			continue;
		}
		for (size_t i = 0; i < all.n; i++) {
			const struct sn_entry *a = &s.entry[all.pair[i].a];
			const struct sn_entry *b = &s.entry[all.pair[i].b];

			CHECK(!o.across ||
			      condition(&s, all.pair[i].a) != condition(&s, all.pair[i].b));
			CHECK(!o.within || s.label[a->label][0] == s.label[b->label][0]);
			CHECK(o.within < 2 || a->label == b->label);
		}
		/* --all also has genuine items with forgeries of other labels, which -n has not */
		n = 0;
		for (size_t i = 0; i < all.n; i++) {
			const struct sn_entry *a = &s.entry[all.pair[i].a];
			const struct sn_entry *b = &s.entry[all.pair[i].b];

			if (a->label != b->label && (a->forged || b->forged))
				continue;
			n++;
			same += all.pair[i].same == SN_SAME;
		}
		for (int kind = 0; kind < 2; kind++) {
			size_t forged = 0, random = 0;

			o.selection = SN_PAIR_COUNT;
			for (size_t i = 0; i < all.n; i++) {
				const struct sn_entry *a = &s.entry[all.pair[i].a];
				const struct sn_entry *b = &s.entry[all.pair[i].b];

				forged += a->label == b->label && a->forged != b->forged;
				random += a->label != b->label && !a->forged && !b->forged;
			}
			o.impostors = kind ? SN_IMPOSTORS_FORGED : SN_IMPOSTORS_RANDOM;
			o.count = same + (kind ? forged : random);
			if (!o.count || (kind && !forged))
				continue;
			o.balance = (double)same / (double)o.count;
			MUST(sn_pair_draw(&p, &s, &o));
			CHECK(p.n == o.count);
			for (size_t i = 0; i < p.n; i++) {
				size_t k = 0;

				while (k < all.n && !(all.pair[k].a == p.pair[i].a &&
						      all.pair[k].b == p.pair[i].b))
					k++;
				CHECK(k < all.n && all.pair[k].same == p.pair[i].same);
			}
			o.count++;
			o.balance = (double)same / (double)o.count;
			CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("too few"));
		}
		sn_items_clear(&s);
	}
	sn_pairs_release(&p);
	sn_pairs_release(&all);
}

static void test_across(void)
{
	struct sn_pair_options o = { .selection = SN_PAIR_TRIALS,
				     .count = 60,
				     .way = 2,
				     .shot = 1,
				     .seed = 1,
				     .within = 1,
				     .across = "_(.)" };
	size_t asked[64] = { 0 };
	struct sn_pairs p = { 0 }, q = { 0 };
	struct sn_items s;

	/* y/1 and y/2 have no condition in common but b, so y/2 is never asked for; z/1 is alone */
	make_keyed(&s, "x/1_a x/1_b x/1_c x/2_a x/2_b x/2_c x/3_a x/3_b x/3_c "
		       "y/1_a y/1_b y/2_b y/2_b z/1_a z/1_b x/1_d");
	MUST(sn_pair_draw(&p, &s, &o));
	CHECK(p.n == 120);
	for (size_t i = 0; i < p.n; i += 2) {
		const struct sn_index_pair *t = &p.pair[i];

		CHECK(t[0].a == t[1].a && t[0].b != t[1].b && t[0].trial == i / 2 &&
		      t[1].trial == i / 2 && t[0].same + t[1].same == 1);
		CHECK(condition(&s, t[0].b) == condition(&s, t[1].b));
		CHECK(condition(&s, t[0].a) != condition(&s, t[0].b));
		for (int k = 0; k < 2; k++) {
			CHECK(s.label[s.entry[t[k].a].label][0] ==
			      s.label[s.entry[t[k].b].label][0]);
			CHECK((t[k].same == SN_SAME) ==
			      (s.entry[t[k].a].label == s.entry[t[k].b].label));
		}
		asked[t[0].a]++;
	}
	CHECK(asked[9] == 30 && !asked[10] && !asked[11] && !asked[12]); /* groups equally often */
	CHECK(!asked[13] && !asked[14] && asked[15] && asked[3] && asked[8]);
	MUST(sn_pair_draw(&q, &s, &o));
	CHECK(equal(&p, &q));
	o.seed = 2;
	MUST(sn_pair_draw(&q, &s, &o));
	CHECK(!equal(&p, &q));
	o.shot = 2; /* y/2_b alone are two */
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("too few classes"));
	o.shot = 1;
	o.way = 4;
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("too few classes"));
	o.within = 0;
	MUST(sn_pair_draw(&p, &s, &o));
	o.across = "_";
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("the same in every key"));
	o.across = "_([abc])";
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("not found in the key 'x/1_d'"));
	o.across = "(";
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EUSAGE && says("no regular expression"));
	sn_items_clear(&s);

	make_keyed(&s, "x_a y_a z_b");
	o = (struct sn_pair_options){
		.selection = SN_PAIR_TRIALS, .count = 1, .way = 2, .shot = 1
	};
	o.across = "_(.)";
	CHECK(sn_pair_draw(&p, &s, &o) == SN_EDATA && says("no query"));
	sn_items_clear(&s);
	sn_pairs_release(&p);
	sn_pairs_release(&q);
}

static void test_window(void)
{
	struct sn_pair_options o = { .selection = SN_PAIR_DEFAULT, .seed = 1 };
	struct sn_items all, s = { .window = 3 };
	struct sn_pairs p = { 0 };
	size_t same = 0, different = 0;

	make(&all, "a b a a* b - a a a a a* a* b b c");
	for (size_t i = 0; i < all.n; i++) {
		const struct sn_entry *e = &all.entry[i];
		struct sn_item item = { .number = e->number, .forged = e->forged };
		bool could[2] = { false, false };

		item.key = (struct sn_slice){ (const uint8_t *)e->key, e->key_size };
		if (e->label != SN_NO_CLASS)
			item.label = (struct sn_slice){ (const uint8_t *)all.label[e->label], 1 };
		MUST(sn_items_add(&s, &item, NULL));
		for (o.seed = 0; o.seed < 20; o.seed++) {
			bool had[2] = { false, false };

			MUST(sn_pair_window(&p, &s, 3, &o));
			CHECK(p.n <= 2);
			for (size_t k = 0; k < p.n; k++) {
				const struct sn_entry *a = &s.entry[p.pair[k].a];

				CHECK(p.pair[k].b == s.n - 1 && p.pair[k].a + 3 >= s.n - 1);
				CHECK(p.pair[k].same ==
				      sn_pair_relation(a, &s.entry[s.n - 1], NULL));
				CHECK(p.pair[k].same != SN_UNKNOWN);
				had[p.pair[k].same] = true;
			}
			could[0] |= had[0];
			could[1] |= had[1];
			CHECK(o.seed == 0 || (had[0] == could[0] && had[1] == could[1]));
		}
		same += could[1];
		different += could[0];
	}
	CHECK(same == 6);	/* items 2, 4, 7, 8, 9, 13 */
	CHECK(different == 10); /* items 1, 2, 3, 4, 6, 7, 10, 11, 12, 14 */
	o.selection = SN_PAIR_ALL;
	MUST(sn_pair_window(&p, &s, 3, &o));
	CHECK(p.n == 3 && p.pair[0].a + 1 == p.pair[1].a);
	o.selection = SN_PAIR_COUNT;
	CHECK(sn_pair_window(&p, &s, 3, &o) == SN_EUSAGE);
	sn_items_clear(&s);
	sn_items_clear(&all);
	sn_pairs_release(&p);
}

/* ---- lists --------------------------------------------------------------------------------- */

static const char *folder; /* for files */

static int list(struct sn_pairs *p, struct sn_items *s, const char *text, uint64_t *again)
{
	char path[4096];
	struct sn_pair_list *l;
	uint64_t sum;
	FILE *f;
	int st;

	snprintf(path, sizeof path, "%s/list", folder);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
	if ((st = sn_pair_list_read(&l, path, &sum)) < 0)
		return st;
	st = sn_pair_list_match(l, s, p, again);
	sn_pair_list_free(l);
	return st;
}

static void add_key(struct sn_items *s, const char *key, const char *label)
{
	struct sn_item item = { .number = s->n * 2, .key = { (const uint8_t *)key, strlen(key) } };

	if (label)
		item.label = (struct sn_slice){ (const uint8_t *)label, strlen(label) };
	MUST(sn_items_add(s, &item, NULL));
}

static void make_keys(struct sn_items *s)
{
	*s = (struct sn_items){ 0 };
	add_key(s, "f/ann/1.png", "ann");
	add_key(s, "f/ann/11.png", "ann");
	add_key(s, "f/ben/1.png", "ben");
	add_key(s, "f/ben/two words.png", NULL);
	add_key(s, "i.gz#7", NULL);
	add_key(s, "lfw/Al_Gore/Al_Gore_0001.jpg", "Al_Gore");
	add_key(s, "lfw/Al_Gore/Al_Gore_0012.jpg", "Al_Gore");
	add_key(s, "lfw/Bo.B/Bo.B_0003.jpg", "Bo.B");
}

#define IS(i, x, y, z) (p.pair[i].a == (x) && p.pair[i].b == (y) && p.pair[i].same == (z))

static void test_list(void)
{
	struct sn_pairs p = { 0 };
	struct sn_items s;
	uint64_t again;

	make_keys(&s);
	MUST(list(&p, &s,
		  "f/ann/1.png 11.png same\n\n# words\nben/1.png ann/1.png different 7\r\n"
		  "ann/11.png\tben/two words.png\tdifferent\t3\n#7 11.png -\n"
		  "ann/1.png ann/11.png -\nann/1.png ben/1.png -",
		  &again));
	CHECK(p.n == 5 && again == 1); /* the fifth line is the first again */
	CHECK(IS(0, 0, 1, SN_SAME) && p.pair[0].trial == SN_NONE);
	CHECK(IS(1, 2, 0, SN_DIFFERENT) && p.pair[1].trial == 7);
	CHECK(IS(2, 1, 3, SN_DIFFERENT) && p.pair[2].trial == 3);
	CHECK(IS(3, 4, 1, SN_UNKNOWN));
	CHECK(IS(4, 0, 2, SN_DIFFERENT) && p.pair[4].trial == SN_NONE);
	CHECK(s.n == 8);
	/* Kaldi */
	MUST(list(&p, &s, "f/ann/1.png f/ben/1.png nontarget\nf/ann/1.png f/ann/11.png target\n",
		  &again));
	CHECK(p.n == 2 && IS(0, 0, 2, SN_DIFFERENT) && IS(1, 0, 1, SN_SAME));
	/* LFW, in both forms and with its first line */
	MUST(list(&p, &s, "10\t300\nAl_Gore\t1\t12\nAl_Gore\t1\tBo.B\t3\n", &again));
	CHECK(p.n == 2 && IS(0, 5, 6, SN_SAME) && IS(1, 5, 7, SN_DIFFERENT));
	MUST(list(&p, &s, "1\nAl_Gore 12 1\n", &again));
	CHECK(p.n == 1 && IS(0, 6, 5, SN_SAME) && s.n == 8);
	/* the same pair in two trials stays */
	MUST(list(&p, &s, "ann/1.png 11.png same 0\n11.png ann/1.png same 1\n", &again));
	CHECK(p.n == 2 && again == 0);
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

static void test_list_missing(void)
{
	struct sn_pairs p = { 0 };
	struct sn_items s;
	uint64_t again;

	make_keys(&s);
	MUST(list(&p, &s,
		  "f/ann/1.png f/ann/9.png same\nf/ann/9.png f/ann/8.png different\n"
		  "Al_Gore\t1\tCy\t1\nf/ann/8.png f/ben/1.png different\n",
		  &again));
	CHECK(p.n == 4 && s.n == 11);
	CHECK(IS(0, 0, 8, SN_SAME) && IS(1, 8, 9, SN_DIFFERENT) && IS(2, 5, 10, SN_DIFFERENT) &&
	      IS(3, 9, 2, SN_DIFFERENT));
	for (size_t i = 8; i < 11; i++)
		CHECK(s.entry[i].missing && s.entry[i].label == SN_NO_CLASS &&
		      s.entry[i].number == 15 + i - 8);
	CHECK(!strcmp(s.entry[8].key, "f/ann/9.png") && !strcmp(s.entry[10].key, "Cy/Cy_0001"));
	CHECK(!s.entry[7].missing);
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

static void test_list_refused(void)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "no pair in" },
		{ "\n# nothing\n", "no pair in" },
		{ "11.png ben/1.png same\na b\n", "list:2: no pair" },
		{ "11.png ben/1.png\n11.png ben/1.png same\n", "list:2: no pair" },
		{ "a b\n", "no key of" },
		{ "#7 11.png\n", "list:1: 'f/ann/1.png' and 'f/ann/11.png' are to be told apart" },
		{ "11.png i.gz#7\n", "list:1: nothing to tell 'i.gz#7' from" },
		{ "11.png ann/11.png\n", "is paired with itself" },
		{ "a b c d e f\n", "list:1: no pair" },
		{ "a b Same\n", "list:1: no pair" },
		{ "11.png ben/1.png same\na b same x\n", "list:2: trial 'x'" },
		{ "11.png ben/1.png same -1\n", "trial '-1'" },
		{ "11.png 1.png same\n", "list:1: '1.png' fits several items" },
		{ "11.png ann/11.png same\n", "list:1: 'f/ann/11.png' is paired with itself" },
		{ "zz zz same\n", "'zz' is paired with itself" },
		{ "x y same\nz x different\n",
		  "the first is 'x', the first item's is 'f/ann/1.png'" },
		{ "11.png ben/1.png same\n#7 11.png same\nben/1.png 11.png different\n",
		  "list:3: line 1 has the same pair" },
		{ "nn/11.png ben/1.png same\n", NULL }, /* no whole part: missing, not ann's */
	};
	struct sn_pairs p = { 0 };
	uint64_t again;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sn_items s;
		int st;

		make_keys(&s);
		st = list(&p, &s, cases[i].text, &again);
		if (cases[i].words)
			CHECK(st == SN_EDATA && says(cases[i].words));
		else
			CHECK(st == 0 && s.n == 9);
		sn_items_clear(&s);
	}
	sn_pairs_release(&p);
}

/* Lake's runs: two folders in turn, one of which misses a picture. */
static void test_questions(void)
{
	struct sn_pairs p = { 0 };
	struct sn_items s = { 0 };
	uint64_t again;

	for (int i = 0; i < 8; i++) {
		char key[32];

		snprintf(key, sizeof key, "d/r%d/%s/%d.png", i / 4, i % 4 < 1 ? "test" : "train",
			 i);
		add_key(&s, key, NULL);
	}
	/* 1, 2, 3 and gone; 5, 6, 7 */
	MUST(list(&p, &s,
		  "r0/test/0.png r0/train/2.png\nr1/test/4.png r1/train/7.png\n"
		  "r1/train/5.png r0/train/gone.png\n",
		  &again));
	CHECK(s.n == 9 && s.entry[8].missing && p.n == 4 + 3 + 4);
	CHECK(IS(0, 0, 1, SN_DIFFERENT) && IS(1, 0, 2, SN_SAME) && IS(2, 0, 3, SN_DIFFERENT) &&
	      IS(3, 0, 8, SN_DIFFERENT));
	CHECK(IS(4, 4, 5, SN_DIFFERENT) && IS(5, 4, 6, SN_DIFFERENT) && IS(6, 4, 7, SN_SAME));
	CHECK(IS(7, 5, 1, SN_DIFFERENT) && IS(10, 5, 8, SN_SAME));
	for (size_t i = 0; i < p.n; i++)
		CHECK(p.pair[i].trial == (i < 4 ? 0 : i < 7 ? 1 : 2) && p.pair[i].batch == SN_NONE);
	/* the questioned item is not compared with itself */
	MUST(list(&p, &s, "r1/train/5.png r1/train/6.png\n", &again));
	CHECK(p.n == 2 && IS(0, 5, 6, SN_SAME) && IS(1, 5, 7, SN_DIFFERENT));
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

/* Names with odd bytes: as the folder shows them, and as a stream writes them. */
static void test_list_escaped(void)
{
	struct sn_items s = { 0 };
	struct sn_pairs p = { 0 };
	uint64_t again;

	add_key(&s, "f/\\xff1.png", "a");
	add_key(&s, "f/b\\x5c2.png", "b");
	MUST(list(&p, &s,
		  "\xff"
		  "1.png\tb\\2.png\tsame\n\\xff1.png\tgone\\xfe\tsame\n"
		  "gone\xfe\tb\\x5c2.png\tsame\nbad\\name\t\xff"
		  "1.png\tsame\n",
		  &again));
	CHECK(p.n == 4 && IS(0, 0, 1, SN_SAME) && IS(1, 0, 2, SN_SAME) && IS(2, 2, 1, SN_SAME) &&
	      IS(3, 3, 0, SN_SAME));
	CHECK(s.n == 4 && !strcmp(s.entry[2].key, "gone\\xfe"));
	CHECK(!strcmp(s.entry[3].key, "bad\\x5cname"));
	sn_items_clear(&s);
	sn_pairs_release(&p);
}

/* Whatever a list holds: read or refused. */
static void test_list_rubbish(void)
{
	static const char *const piece[] = {
		"same", "target", "-",	     "1",  "k0", "f/ann/1.png", "\t",
		"\t",	" ",	  " ",	     "\n", "\n", "/",		"#7",
		"\xff", "\\",	  "Al_Gore", "12", "#",	 "\r",		"99999999999999999999"
	};
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 1, 0);
	struct sn_pairs p = { 0 };

	for (int i = 0; i < 2000; i++) {
		char text[512] = "";
		struct sn_items s;
		uint64_t again;

		for (uint64_t n = sn_random_below(&r, 20); n--;)
			strcat(text, piece[sn_random_below(&r, sizeof piece / sizeof *piece)]);
		make_keys(&s);
		if (list(&p, &s, text, &again) == 0)
			CHECK(p.n > 0);
		sn_items_clear(&s);
	}
	sn_pairs_release(&p);
}

int main(int argc, char **argv)
{
	folder = argc > 1 ? argv[1] : ".";
	test_relation();
	test_all();
	test_default();
	test_default_once();
	test_shuffled();
	test_default_forged();
	test_forged_turns();
	test_no_pairs();
	test_count();
	test_class_first();
	test_exhausted();
	test_batch();
	test_trials();
	test_within();
	test_across();
	test_limits();
	test_window();
	test_list();
	test_list_missing();
	test_list_refused();
	test_questions();
	test_list_escaped();
	test_list_rubbish();
	return TEST_END();
}
