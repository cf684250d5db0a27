/* sampler: batches of P classes by K items, each item about once an epoch. */
#include <sn/pair.h>
#include "test.h"

#define OF(P, K, SEED) (&(struct sn_sampler_options){ .p = (P), .k = (K), .seed = (SEED) })

static void make(struct sn_items *s, const size_t *genuine, const size_t *forged, size_t classes)
{
	*s = (struct sn_items){ 0 };
	for (size_t c = 0; c < classes; c++)
		for (size_t i = 0; i < genuine[c] + (forged ? forged[c] : 0); i++) {
			char label[32];
			struct sn_item item = { .number = s->n, .forged = i >= genuine[c] };

			snprintf(label, sizeof label, "c%zu", c);
			item.key = (struct sn_slice){ (const uint8_t *)label, strlen(label) };
			item.label = item.key;
			MUST(sn_items_add(s, &item, NULL));
		}
}

/* Rising indexes without doubles; items of each class counted. */
static size_t check_batch(const struct sn_items *s, const size_t *index, size_t n, size_t p,
			  size_t *of_class)
{
	size_t classes = 0;

	memset(of_class, 0, s->labels * sizeof *of_class);
	for (size_t i = 0; i < n; i++) {
		CHECK(index[i] < s->n && (i == 0 || index[i] > index[i - 1]));
		classes += of_class[s->entry[index[i]].label]++ == 0;
	}
	CHECK(classes == p);
	return classes;
}

/* Classes of one size: every batch is full, every item comes once in every epoch. */
static void test_even(void)
{
	static const size_t size[] = { 6, 6, 6, 6, 6, 6 };
	struct sn_items s;

	make(&s, size, NULL, 6);
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct sn_sampler *sampler;
		size_t index[9], n, of_class[6], used[36] = { 0 };

		MUST(sn_sampler_new(&sampler, &s, NULL, 0, OF(3, 3, seed)));
		CHECK(sn_sampler_steps(sampler) == 4 && sn_sampler_classes(sampler) == 6);
		for (uint64_t step = 0; step < 40; step++) {
			MUST(sn_sampler_batch(sampler, step, index, &n));
			CHECK(n == 9);
			check_batch(&s, index, n, 3, of_class);
			for (size_t i = 0; i < n; i++) {
				CHECK(of_class[s.entry[index[i]].label] == 3);
				CHECK(used[index[i]]++ == step / 4);
			}
		}
		sn_sampler_free(sampler);
	}
	sn_items_clear(&s);
}

/* P does not divide the classes, K not the items: uses differ by one at most all the same. */
static void test_odd(void)
{
	static const size_t size[] = { 5, 5, 5, 5, 5, 5, 5 };
	struct sn_sampler *sampler;
	size_t index[12], n, of_class[7], used[35] = { 0 }, visits[7] = { 0 };
	struct sn_items s;

	make(&s, size, NULL, 7);
	MUST(sn_sampler_new(&sampler, &s, NULL, 0, OF(4, 3, 9)));
	CHECK(sn_sampler_steps(sampler) == 3);
	for (uint64_t step = 0; step < 300; step++) {
		size_t least = SIZE_MAX, most = 0, fewest = SIZE_MAX, highest = 0;

		MUST(sn_sampler_batch(sampler, step, index, &n));
		CHECK(n == 12);
		check_batch(&s, index, n, 4, of_class);
		for (size_t i = 0; i < n; i++)
			used[index[i]]++;
		for (size_t c = 0; c < 7; c++) {
			visits[c] += of_class[c] > 0;
			least = visits[c] < least ? visits[c] : least;
			most = visits[c] > most ? visits[c] : most;
		}
		for (size_t i = 0; i < 35; i++) {
			fewest = used[i] < fewest ? used[i] : fewest;
			highest = used[i] > highest ? used[i] : highest;
		}
		CHECK(most - least <= 1 && highest - fewest <= 2);
	}
	sn_sampler_free(sampler);
	sn_items_clear(&s);
}

/* A function of seed and step: any order of asking gives the same; another seed, something else. */
static void test_resume(void)
{
	static const size_t size[] = { 5, 2, 9, 1, 4 }, forged[] = { 0, 3, 2, 0, 4 };
	static const uint64_t jumps[] = { 57, 3, 3, 90, 0, 12 };
	struct sn_sampler *a, *b;
	size_t x[12], y[12], n, m;
	bool differs = false;
	struct sn_items s;

	make(&s, size, forged, 5);
	for (size_t j = 0; j < 6; j++) {
		MUST(sn_sampler_new(&a, &s, NULL, 0, OF(3, 4, 1)));
		if (j == 0)
			MUST(sn_sampler_new(&b, &s, NULL, 0, OF(3, 4, 1)));
		for (uint64_t step = 0; step <= jumps[j]; step++)
			MUST(sn_sampler_batch(a, step, x, &n));
		MUST(sn_sampler_batch(b, jumps[j], y, &m));
		CHECK(n == m && !memcmp(x, y, n * sizeof *x));
		sn_sampler_free(a);
	}
	MUST(sn_sampler_new(&a, &s, NULL, 0, OF(3, 4, 2)));
	for (uint64_t step = 0; step < 5; step++) {
		MUST(sn_sampler_batch(a, step, x, &n));
		MUST(sn_sampler_batch(b, step, y, &m));
		differs |= n != m || memcmp(x, y, n * sizeof *x);
	}
	CHECK(differs);
	sn_sampler_free(a);
	sn_sampler_free(b);
	sn_items_clear(&s);
}

/* Fewer where there are fewer. */
static void test_small(void)
{
	static const size_t size[] = { 2, 1, 3 };
	struct sn_sampler *sampler;
	size_t index[64], n, of_class[3];
	struct sn_items s;

	make(&s, size, NULL, 3);
	MUST(sn_sampler_new(&sampler, &s, NULL, 0, OF(8, 8, 1)));
	CHECK(sn_sampler_steps(sampler) == 1 && sn_sampler_classes(sampler) == 3);
	for (uint64_t step = 0; step < 5; step++) {
		MUST(sn_sampler_batch(sampler, step, index, &n));
		check_batch(&s, index, n, 3, of_class);
		CHECK(n == 6 && of_class[0] == 2 && of_class[1] == 1 && of_class[2] == 3);
	}
	sn_sampler_free(sampler);
	sn_items_clear(&s);
}

static void test_forged(void)
{
	static const size_t size[] = { 8, 8, 8, 0 }, forged[] = { 8, 0, 2, 5 };
	struct sn_sampler *sampler;
	size_t index[64], n, false_ones[4], of_class[4], halves[2] = { 0 };
	struct sn_items s;

	make(&s, size, forged, 4);
	MUST(sn_sampler_new(&sampler, &s, NULL, 0, OF(3, 5, 1)));
	CHECK(sn_sampler_classes(sampler) == 3 && sn_sampler_steps(sampler) == 3); /* 34 / 15 */
	for (uint64_t step = 0; step < 50; step++) {
		MUST(sn_sampler_batch(sampler, step, index, &n));
		check_batch(&s, index, n, 3, of_class);
		memset(false_ones, 0, sizeof false_ones);
		for (size_t i = 0; i < n; i++)
			false_ones[s.entry[index[i]].label] += s.entry[index[i]].forged;
		CHECK(n == 15 && false_ones[0] == 2 && false_ones[1] == 0 && false_ones[2] == 2);
	}
	sn_sampler_free(sampler);
	/* two items of a class: two genuine ones, then one and a forgery */
	MUST(sn_sampler_new(&sampler, &s, NULL, 0, OF(2, 2, 1)));
	for (uint64_t step = 0; step < 60; step++) {
		MUST(sn_sampler_batch(sampler, step, index, &n));
		CHECK(n == 4);
		for (size_t i = 0; i < n; i++)
			if (s.entry[index[i]].label == 0)
				halves[s.entry[index[i]].forged]++;
	}
	CHECK(halves[0] == 60 && halves[1] == 20); /* 40 visits */
	sn_sampler_free(sampler);
	sn_items_clear(&s);
}

static void test_use(void)
{
	static const size_t size[] = { 4, 4, 4, 4 }, use[] = { 0, 1, 2, 9, 10, 12 };
	struct sn_sampler *sampler;
	size_t index[4], n;
	struct sn_items s;

	make(&s, size, NULL, 4);
	MUST(sn_sampler_new(&sampler, &s, use, 6, OF(2, 2, 1)));
	CHECK(sn_sampler_steps(sampler) == 2 && sn_sampler_classes(sampler) == 3);
	for (uint64_t step = 0; step < 30; step++) {
		MUST(sn_sampler_batch(sampler, step, index, &n));
		for (size_t i = 0; i < n; i++) {
			bool there = false;

			for (size_t k = 0; k < 6; k++)
				there |= use[k] == index[i];
			CHECK(there);
		}
	}
	sn_sampler_free(sampler);
	CHECK(sn_sampler_new(&sampler, &s, use, 3, OF(2, 2, 1)) == SN_EDATA && !sampler);
	CHECK(sn_sampler_new(&sampler, &s, use + 2, 2, OF(2, 2, 1)) == SN_EDATA);
	CHECK(sn_sampler_new(&sampler, &s, NULL, 0, OF(1, 2, 1)) == SN_EUSAGE);
	CHECK(sn_sampler_new(&sampler, &s, NULL, 0, OF(2, 1, 1)) == SN_EUSAGE);
	sn_items_clear(&s);
	CHECK(sn_sampler_new(&sampler, &s, NULL, 0, OF(2, 2, 1)) == SN_EDATA);
	sn_sampler_free(NULL);
}

/* Two families of four classes and one of a single class, four items each, made by hands 0 to 3. */
static void make_families(struct sn_items *s)
{
	*s = (struct sn_items){ 0 };
	for (size_t i = 0; i < 36; i++) {
		static const char family[] = "aaaabbbbc";
		char label[16], key[16];
		struct sn_item item = { .number = i };

		snprintf(label, sizeof label, "%c/%zu", family[i / 4], i / 4);
		snprintf(key, sizeof key, "k%zu_%zu", i, (i / 4 + i) % 4);
		item.label = (struct sn_slice){ (const uint8_t *)label, strlen(label) };
		item.key = (struct sn_slice){ (const uint8_t *)key, strlen(key) };
		MUST(sn_items_add(s, &item, NULL));
	}
}

static size_t hand(const struct sn_items *s, size_t item)
{
	return (size_t)(s->entry[item].key[s->entry[item].key_size - 1] - '0');
}

/* Three classes of one family, two hands, each class by both of them; classes come evenly. */
static void test_families(void)
{
	struct sn_sampler_options how = {
		.p = 3, .k = 2, .seed = 5, .within = 1, .groups = 1, .across = "_([0-9])$"
	};
	size_t index[12], n, of_class[9], visits[9] = { 0 };
	struct sn_sampler *sampler;
	struct sn_items s;

	make_families(&s);
	MUST(sn_sampler_new(&sampler, &s, NULL, 0, &how));
	CHECK(sn_sampler_classes(sampler) == 8); /* the lonely one is left out */
	for (uint64_t step = 0; step < 400; step++) {
		size_t hands = 0;

		MUST(sn_sampler_batch(sampler, step, index, &n));
		CHECK(n == 6);
		check_batch(&s, index, n, 3, of_class);
		for (size_t i = 0; i < n; i++) {
			hands |= (size_t)1 << hand(&s, index[i]);
			CHECK(s.label[s.entry[index[i]].label][0] ==
			      s.label[s.entry[index[0]].label][0]);
			visits[s.entry[index[i]].label]++;
		}
		CHECK(__builtin_popcountll(hands) == 2);
	}
	for (size_t c = 0; c < 8; c++)
		CHECK(visits[c] > 240 && visits[c] < 360);
	CHECK(visits[8] == 0);
	sn_sampler_free(sampler);

	/* two families a batch: never one twice; with three there is room for the lonely class */
	how.p = 4;
	how.groups = 2;
	how.across = NULL;
	MUST(sn_sampler_new(&sampler, &s, NULL, 0, &how));
	CHECK(sn_sampler_classes(sampler) == 9);
	for (uint64_t step = 0; step < 100; step++) {
		size_t families = 0;

		MUST(sn_sampler_batch(sampler, step, index, &n));
		for (size_t i = 0; i < n; i++)
			families |= (size_t)1 << (s.label[s.entry[index[i]].label][0] - 'a');
		CHECK(__builtin_popcountll(families) == 2 && (n == 8 || n == 6));
	}
	sn_sampler_free(sampler);

	how.p = 3;
	CHECK(sn_sampler_new(&sampler, &s, NULL, 0, &how) == SN_EUSAGE);
	how.groups = 1;
	how.across = "_[5-9]$";
	CHECK(sn_sampler_new(&sampler, &s, NULL, 0, &how) == SN_EDATA);
	how.across = "^k";
	CHECK(sn_sampler_new(&sampler, &s, NULL, 0, &how) == SN_EDATA);
	how.across = "(";
	CHECK(sn_sampler_new(&sampler, &s, NULL, 0, &how) == SN_EUSAGE);
	how.across = NULL;
	how.within = 2;
	CHECK(sn_sampler_new(&sampler, &s, NULL, 0, &how) == SN_EDATA);
	sn_items_clear(&s);
}

/* Turned classes: a family is of one turn. */
static void test_versions(void)
{
	static uint8_t version[36];
	struct sn_sampler_options how = {
		.p = 2, .k = 2, .seed = 5, .within = 1, .groups = 1, .version = version
	};
	size_t index[4], n;
	struct sn_sampler *sampler;
	struct sn_items s;

	make_families(&s);
	for (size_t i = 0; i < 36; i++)
		version[i] = i / 4 % 2;
	MUST(sn_sampler_new(&sampler, &s, NULL, 0, &how));
	for (uint64_t step = 0; step < 50; step++) {
		MUST(sn_sampler_batch(sampler, step, index, &n));
		for (size_t i = 0; i < n; i++)
			CHECK(version[index[i]] == version[index[0]]);
	}
	sn_sampler_free(sampler);
	sn_items_clear(&s);
}

int main(void)
{
	test_even();
	test_odd();
	test_resume();
	test_small();
	test_forged();
	test_use();
	test_families();
	test_versions();
	return TEST_END();
}
