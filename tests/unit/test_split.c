/* split: shares by hand, and what must hold of every split. */
#include <sn/pair.h>
#include "test.h"

static void add(struct sn_items *s, const char *key, const char *label, bool forged)
{
	struct sn_item item = { .number = 5 * s->n, .forged = forged };

	item.key = (struct sn_slice){ (const uint8_t *)key, strlen(key) };
	if (label)
		item.label = (struct sn_slice){ (const uint8_t *)label, strlen(label) };
	MUST(sn_items_add(s, &item, NULL));
}

/* sizes[c] items of class c; class `none` (from 0, in its place) without label; a third forged */
static void make(struct sn_items *s, const size_t *size, size_t n, size_t none)
{
	char label[32];

	*s = (struct sn_items){ 0 };
	for (size_t i = 0, more = 1; more; i++) {
		more = 0;
		for (size_t c = 0; c < n; c++) {
			if (i >= size[c])
				continue;
			more = 1;
			snprintf(label, sizeof label, "c%zu", c);
			add(s, label, c == none ? NULL : label, i % 3 == 2);
		}
	}
}

static size_t count(const uint8_t *second, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		CHECK(second[i] <= 1);
		sum += second[i];
	}
	return sum;
}

static void test_class(void)
{
	static const size_t size[] = { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 };
	static const struct {
		double share;
		size_t classes;
	} cases[] = { { 0.01, 1 }, { 0.14, 1 }, { 0.1501, 2 }, { 0.5, 5 }, { 0.99, 9 } };
	size_t chosen[10] = { 0 };
	uint8_t second[30], again[30];
	struct sn_items s;

	make(&s, size, 10, 2);
	for (size_t k = 0; k < 5; k++)
		for (uint64_t seed = 0; seed < 100; seed++) {
			MUST(sn_split(second, &s, SN_SPLIT_CLASS, cases[k].share, seed));
			CHECK(count(second, 30) == 3 * cases[k].classes);
			for (size_t i = 0; i < 30; i++)
				CHECK(second[i] == second[i % 10]);
			for (size_t c = 0; c < 10; c++)
				chosen[c] += second[c];
			MUST(sn_split(again, &s, SN_SPLIT_CLASS, cases[k].share, seed));
			CHECK(!memcmp(second, again, 30));
		}
	for (size_t c = 0; c < 10; c++) /* 180 expected, deviation about 9 */
		CHECK(chosen[c] > 130 && chosen[c] < 230);
	sn_items_clear(&s);
}

static void test_item(void)
{
	static const size_t size[] = { 30, 6, 2, 1, 9 }, part[] = { 6, 1, 1, 0, 2 };
	uint8_t second[48];
	struct sn_items s;

	make(&s, size, 5, 4);
	for (uint64_t seed = 0; seed < 100; seed++) {
		size_t genuine[5] = { 0 }, forged[5] = { 0 };

		MUST(sn_split(second, &s, SN_SPLIT_ITEM, 0.2, seed));
		for (size_t i = 0; i < s.n; i++) {
			uint32_t c = s.entry[i].label == SN_NO_CLASS ? 4 : s.entry[i].label;

			(s.entry[i].forged ? forged : genuine)[c] += second[i];
		}
		for (size_t c = 0; c < 5; c++)
			CHECK(genuine[c] + forged[c] == part[c]);
		CHECK(genuine[0] == 4 && forged[0] == 2); /* 20 and 10 */
	}
	sn_items_clear(&s);
}

static void test_refused(void)
{
	static const size_t one[] = { 4 }, singles[] = { 1, 1, 1 };
	uint8_t second[8];
	struct sn_items s;

	make(&s, one, 1, SIZE_MAX);
	CHECK(sn_split(second, &s, SN_SPLIT_CLASS, 0.5, 1) == SN_EDATA);
	CHECK(strstr(sn_message(), "second part would be empty"));
	MUST(sn_split(second, &s, SN_SPLIT_ITEM, 0.5, 1));
	CHECK(count(second, 4) == 2);
	CHECK(sn_split(second, &s, SN_SPLIT_ITEM, 0, 1) == SN_EUSAGE);
	CHECK(sn_split(second, &s, SN_SPLIT_ITEM, 1, 1) == SN_EUSAGE);
	CHECK(sn_split(second, &s, SN_SPLIT_ITEM, NAN, 1) == SN_EUSAGE);
	sn_items_clear(&s);
	make(&s, singles, 3, SIZE_MAX);
	CHECK(sn_split(second, &s, SN_SPLIT_ITEM, 0.5, 1) == SN_EDATA);
	MUST(sn_split(second, &s, SN_SPLIT_CLASS, 0.5, 1));
	sn_items_clear(&s);
	CHECK(sn_split(second, &s, SN_SPLIT_CLASS, 0.5, 1) == SN_EDATA);
}

static int list(uint8_t *second, struct sn_items *s, enum sn_split_by by, const char *text)
{
	return sn_split_list(second, s, &(struct sn_split_options){ .by = by }, text, strlen(text),
			     "list");
}

static void test_list(void)
{
	uint8_t second[5];
	struct sn_items s = { 0 };

	add(&s, "f/ann/1.png", "ann", false);
	add(&s, "f/ann/2.png", "ann", false);
	add(&s, "f/ben/1.png", "ben", false);
	add(&s, "f/ben/3.png", "ben", true);
	add(&s, "x", NULL, false);
	MUST(list(second, &s, SN_SPLIT_ITEM, "ann/1.png\r\n\n3.png\nx"));
	CHECK(!memcmp(second, (uint8_t[]){ 1, 0, 0, 1, 1 }, 5));
	MUST(list(second, &s, SN_SPLIT_CLASS, "ben\n"));
	CHECK(!memcmp(second, (uint8_t[]){ 0, 0, 1, 1, 0 }, 5));
	CHECK(list(second, &s, SN_SPLIT_ITEM, "x\n1.png\n") == SN_EDATA);
	CHECK(strstr(sn_message(), "list:2: '1.png' fits several"));
	CHECK(list(second, &s, SN_SPLIT_ITEM, "7.png") == SN_EDATA);
	CHECK(strstr(sn_message(), "list:1: no item has the key '7.png'"));
	CHECK(list(second, &s, SN_SPLIT_CLASS, "ann\ncarl\n") == SN_EDATA);
	CHECK(strstr(sn_message(), "list:2: no item has the label 'carl'"));
	CHECK(list(second, &s, SN_SPLIT_CLASS, "\n") == SN_EDATA);
	CHECK(strstr(sn_message(), "second part"));
	CHECK(list(second, &s, SN_SPLIT_ITEM, "ann/1.png\n2.png\n3.png\nben/1.png\nx\n") ==
	      SN_EDATA);
	CHECK(strstr(sn_message(), "first part"));
	sn_items_clear(&s);
}

static int count_name(void *count, struct sn_slice name)
{
	*(size_t *)count += name.data ? 1 : 100;
	return 0;
}

/* Levels, folds, and a list there and back, of many sizes. */
static void test_groups(void)
{
	struct sn_items s = { 0 };
	uint8_t second[60], again[60], seen[60] = { 0 };
	uint64_t sum, other;
	struct sn_split_head head;

	for (int i = 0; i < 60; i++) {
		char key[16], label[16];

		snprintf(key, sizeof key, "d/%d.png", i);
		snprintf(label, sizeof label, "%c/%d", 'A' + i % 7, i % 14);
		add(&s, key, label, i >= 40);
	}
	for (uint64_t folds = 2; folds <= 7; folds++)
		for (int way = 0; way < 3; way++) {
			struct sn_split_options o = { .by = way == 2 ? SN_SPLIT_ITEM
								     : SN_SPLIT_CLASS,
						      .level = way == 1,
						      .folds = folds,
						      .seed = folds };

			memset(seen, 0, sizeof seen);
			for (o.fold = 1; o.fold <= folds; o.fold++) {
				struct sn_buffer text = { 0 };

				MUST(sn_split_by(second, &s, &o));
				for (int i = 0; i < 60; i++) {
					seen[i] += second[i];
					for (int k = 0; way < 2 && k < 60; k++)
						if (way ? i % 7 == k % 7 : i % 14 == k % 14)
							CHECK(second[i] == second[k]);
				}
				MUST(sn_split_write(&text, &s, second, &o));
				CHECK(sn_split_head_read(&head, (char *)text.data, text.size,
							 "l") == 1);
				CHECK(head.by == o.by && head.level == o.level && head.items == 60);
				MUST(sn_split_list(again, &s, &o, (char *)text.data, text.size,
						   "l"));
				CHECK(!memcmp(second, again, sizeof again));
				sn_buffer_release(&text);
			}
			for (int i = 0; i < 60; i++)
				CHECK(seen[i] == 1);
			o.fold = 0;
			CHECK(sn_split_by(second, &s, &o) == SN_EUSAGE);
		}
	MUST(sn_split_sum(&s, &sum));
	CHECK(sum == head.sum);
	sn_items_clear(&s);
	/* all in another folder is the same; another name, label or forgery is not */
	for (int change = 0; change < 4; change++) {
		add(&s, "d/a/1", "x", false);
		add(&s, change == 1 ? "d/b/2" : "d/b/1", change == 2 ? "y" : "x", change == 3);
		MUST(sn_split_sum(&s, &other));
		sn_items_clear(&s);
		if (!change)
			sum = other;
		CHECK((sum == other) == !change);
	}
	add(&s, "e/a/1", "x", false);
	add(&s, "e/b/1", "x", false);
	MUST(sn_split_sum(&s, &other));
	CHECK(sum == other);
	sn_items_clear(&s);
}

static void test_common(void)
{
	struct sn_split_options o = { .by = SN_SPLIT_CLASS };
	struct sn_items a = { 0 }, b = { 0 };
	size_t n = 0;

	add(&a, "1", "A/1", false);
	add(&a, "2", "A/1", false);
	add(&a, "3", "A/2", false);
	add(&a, "4", NULL, false);
	add(&b, "3", "A/2", false);
	add(&b, "5", "A/1/x", false);
	MUST(sn_split_common(&a, &b, &o, count_name, &n));
	CHECK(n == 1);
	o.level = 2;
	MUST(sn_split_common(&a, &b, &o, count_name, &n));
	CHECK(n == 1 + 2);
	o.level = 1;
	MUST(sn_split_common(&b, &a, &o, count_name, &n));
	CHECK(n == 3 + 1);
	o.by = SN_SPLIT_ITEM;
	MUST(sn_split_common(&b, &a, &o, count_name, &n));
	CHECK(n == 4 + 1);
	o.by = SN_SPLIT_CLASS;
	add(&b, "6", NULL, false);
	MUST(sn_split_common(&b, &a, &o, count_name, &n));
	CHECK(n == 5 + 101);
	sn_items_clear(&a);
	sn_items_clear(&b);
}

int main(void)
{
	test_groups();
	test_common();
	test_class();
	test_item();
	test_refused();
	test_list();
	return TEST_END();
}
