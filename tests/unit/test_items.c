/* items: numbers, labels, windows. */
#include <sn/items.h>
#include "test.h"

static struct sn_item item(uint64_t number, const char *key, const char *label)
{
	struct sn_item i = { .number = number, .key = { (const uint8_t *)key, strlen(key) } };

	if (label)
		i.label = (struct sn_slice){ (const uint8_t *)label, strlen(label) };
	return i;
}

static void test_empty(void)
{
	struct sn_items s = { 0 };

	CHECK(!sn_items_find(&s, 0));
	CHECK(sn_items_class(&s, "a", 1) == SN_NO_CLASS);
	sn_items_clear(&s);
}

static void test_gaps(void)
{
	static const uint64_t number[] = { 3, 4, 9, 1ull << 40, UINT64_MAX - 1 };
	struct sn_items s = { 0 };
	struct sn_item again;

	for (size_t i = 0; i < 5; i++) {
		struct sn_item it = item(number[i], "k", i % 2 ? "b" : i == 4 ? NULL : "a");
		struct sn_entry *e;

		it.forged = i == 2;
		MUST(sn_items_add(&s, &it, &e));
		CHECK(e->number == number[i]);
	}
	for (size_t i = 0; i < 5; i++) {
		CHECK(sn_items_find(&s, number[i]) == &s.entry[i]);
		CHECK(!sn_items_find(&s, number[i] + 1) == (i != 0));
	}
	CHECK(!sn_items_find(&s, 0) && !sn_items_find(&s, 5) && !sn_items_find(&s, UINT64_MAX));
	CHECK(s.entry[0].label == 0 && s.entry[1].label == 1 && s.entry[2].label == 0);
	CHECK(s.entry[4].label == SN_NO_CLASS && s.entry[2].forged && !s.entry[1].forged);
	CHECK(!strcmp(s.entry[0].key, "k") && s.entry[0].key_size == 1);
	again = item(UINT64_MAX - 1, "k", NULL);
	CHECK(sn_items_add(&s, &again, NULL) == SN_EDATA && s.n == 5);
	s.entry[1].data = malloc(10); /* goes with the entry */
	sn_items_clear(&s);
	CHECK(s.n == 0 && !s.entry);
}

static void test_labels(void)
{
	struct sn_items s = { 0 };
	char text[32];

	for (unsigned i = 0; i < 5000; i++) {
		struct sn_item it;

		snprintf(text, sizeof text, "label %u", i % 1000);
		it = item(i, text, text);
		MUST(sn_items_add(&s, &it, NULL));
		CHECK(s.entry[i].label == i % 1000);
	}
	CHECK(s.labels == 1000);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "label %u", i);
		CHECK(sn_items_class(&s, text, strlen(text)) == i && !strcmp(s.label[i], text));
	}
	CHECK(sn_items_class(&s, "label 1", 6) == SN_NO_CLASS);
	sn_items_clear(&s);
}

/* A label of no characters is a label; one that holds a 0 byte is not the part before it. */
static void test_odd_labels(void)
{
	struct sn_items s = { 0 };
	struct sn_item it = item(0, "", "");

	MUST(sn_items_add(&s, &it, NULL));
	it = item(1, "", "a");
	MUST(sn_items_add(&s, &it, NULL));
	it = item(2, "", NULL);
	it.label = (struct sn_slice){ (const uint8_t *)"a\0b", 3 };
	MUST(sn_items_add(&s, &it, NULL));
	CHECK(s.labels == 3 && s.entry[0].label == 0 && s.entry[1].label == 1 &&
	      s.entry[2].label == 2);
	sn_items_clear(&s);
}

static void test_window(void)
{
	struct sn_items s = { .window = 10 };
	char text[32];
	size_t most = 0, labels = 0;

	for (unsigned i = 0; i < 10000; i++) {
		struct sn_item it;

		snprintf(text, sizeof text, "%u", i / 3); /* an endless supply of labels */
		it = item(2 * (uint64_t)i, text, text);
		MUST(sn_items_add(&s, &it, NULL));
		for (unsigned back = 0; back <= 10 && back <= i; back++) {
			const struct sn_entry *e = sn_items_find(&s, 2 * (uint64_t)(i - back));

			snprintf(text, sizeof text, "%u", (i - back) / 3);
			CHECK(e && !strcmp(e->key, text) && !strcmp(s.label[e->label], text));
			CHECK(e && sn_items_class(&s, text, strlen(text)) == e->label);
		}
		most = s.n > most ? s.n : most;
		labels = s.labels > labels ? s.labels : labels;
	}
	CHECK(most <= 32 && labels <= 80);
	CHECK(s.n && !sn_items_find(&s, 0));
	sn_items_clear(&s);
	CHECK(s.window == 10);
}

int main(void)
{
	test_empty();
	test_gaps();
	test_labels();
	test_odd_labels();
	test_window();
	return TEST_END();
}
