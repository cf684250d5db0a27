/* test_memory - sizes that do not fit are refused, what grows keeps its contents. */
#include <stdint.h>
#include <sn/memory.h>
#include "test.h"

static void test_sizes(void)
{
	size_t p = 7;
	size_t shape[] = { 3, 4, 5 };
	size_t large[] = { SIZE_MAX / 2, 3, 1 };
	size_t empty[] = { SIZE_MAX, SIZE_MAX, 0 };

	CHECK(sn_multiply(&p, 6, 7) && p == 42);
	CHECK(sn_multiply(&p, SIZE_MAX, 1) && p == SIZE_MAX);
	p = 7;
	CHECK(!sn_multiply(&p, SIZE_MAX / 2 + 1, 2) && p == 7);
	CHECK(sn_product(&p, shape, 3) && p == 60);
	CHECK(sn_product(&p, shape, 0) && p == 1);
	p = 7;
	CHECK(!sn_product(&p, large, 3) && p == 7);
	/* nothing is nothing, in any order of the sizes */
	CHECK(sn_product(&p, empty, 3) && p == 0);
}

static void test_alloc(void)
{
	unsigned char *p = sn_alloc(1000, 3);
	int sum = 0;

	CHECK(p && (uintptr_t)p % 64 == 0);
	for (int i = 0; p && i < 3000; i++)
		sum += p[i];
	CHECK(sum == 0);
	free(p);
	p = sn_alloc(0, 8);
	CHECK(p);
	free(p);
	CHECK(!sn_alloc(SIZE_MAX, 2));
	CHECK(strcmp(sn_message(), "out of memory") == 0);
	CHECK(!sn_alloc(SIZE_MAX, 1));
}

static void test_grow(void)
{
	int *a = NULL;
	size_t capacity = 0, steps = 0;

	for (size_t i = 0; i < 10000; i++) {
		size_t before = capacity;

		MUST(sn_grow(&a, &capacity, i + 1, sizeof *a));
		steps += capacity != before;
		a[i] = (int)i;
	}
	for (size_t i = 0; i < 10000; i++)
		CHECK(a[i] == (int)i);
	CHECK(steps < 40);
	{
		int *before = a;
		size_t was = capacity;

		CHECK(sn_grow(&a, &capacity, SIZE_MAX / 2, sizeof *a) == SN_ENOMEM);
		CHECK(sn_grow(&a, &capacity, SIZE_MAX, 1) == SN_ENOMEM);
		CHECK(a == before && capacity == was);
	}
	free(a);
}

static void test_buffer(void)
{
	struct sn_buffer b = { 0 };

	MUST(sn_buffer_add(&b, NULL, 0));
	CHECK(b.size == 0);
	for (int i = 0; i < 1000; i++)
		MUST(sn_buffer_add(&b, "abc", 3));
	CHECK(b.size == 3000 && memcmp(b.data + 2997, "abc", 3) == 0);
	MUST(sn_buffer_reserve(&b, 5000));
	CHECK(b.size == 3000 && b.capacity >= 8000);
	CHECK(sn_buffer_reserve(&b, SIZE_MAX) == SN_ENOMEM);
	CHECK(b.size == 3000 && memcmp(b.data, "abc", 3) == 0);
	sn_buffer_release(&b);
	CHECK(!b.data && b.size == 0 && b.capacity == 0);
	sn_buffer_release(&b);
}

int main(void)
{
	test_sizes();
	test_alloc();
	test_grow();
	test_buffer();
	return TEST_END();
}
