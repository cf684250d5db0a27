/* prepare: batches made ahead of time are those of the plan, whoever makes them, in whatever order.
 */
#include "../../lib/train/prepare.h"
#include "test.h"

enum { ITEMS = 60, SIDE = 6, SIZE = SIDE * SIDE };

static const struct sn_prep prep = {
	.h = SIDE, .w = SIDE, .c = 1, .mean = 0.25f, .deviation = 0.5f
};

static void make(struct sn_dataset *data)
{
	*data = (struct sn_dataset){ .image = SIZE, .pixels = sn_alloc(ITEMS, SIZE) };
	for (size_t i = 0; i < ITEMS; i++) {
		char label = (char)('a' + i % 5);
		struct sn_item item = { .number = 3 * i + 1 };

		item.key = (struct sn_slice){ (const uint8_t *)&label, 1 };
		if (i != 7) /* one without a label */
			item.label = item.key;
		MUST(sn_items_add(&data->items, &item, NULL));
		for (size_t k = 0; k < SIZE; k++)
			data->pixels[i * SIZE + k] = (uint8_t)sn_random_mix(i * SIZE + k);
	}
}

static struct sn_train_options options(const struct sn_augment *a, unsigned turns)
{
	return (struct sn_train_options){
		.epochs = 3, .p = 3, .k = 4, .seed = 5, .augment = a, .turns = turns
	};
}

static uint64_t sum(const struct ready *r)
{
	uint64_t s = r->batch.pairs;

	for (size_t i = 0; i < r->batch.images; i++) {
		s = sn_random_mix(s ^ r->number[i]);
		for (size_t k = 0; k < SIZE; k++) {
			uint32_t bits;
			memcpy(&bits, &r->x[i * SIZE + k], sizeof bits);
			s = sn_random_mix(s ^ bits);
		}
	}
	for (size_t i = 0; i < r->batch.pairs; i++)
		s = sn_random_mix(s ^ (r->batch.pair[i].a << 20) ^ r->batch.pair[i].b);
	return s;
}

/* Without changes it is the plan's batch, as floats. */
static void test_plain(void)
{
	struct sn_train_options o = options(NULL, 0);
	struct sn_dataset data;
	struct prepare *p;
	struct plan *plan;
	struct sn_prep_table table;
	float x[SIZE];

	make(&data);
	sn_prep_table_init(&table, &prep);
	MUST(plan_new(&plan, &data, &o));
	MUST(prepare_new(&p, &data, &prep, &o, 2));
	CHECK(prepare_steps(p) == plan_steps(plan));
	CHECK(prepare_most_images(p) == plan_most_images(plan));
	CHECK(prepare_items(p) == &data.items);
	for (uint64_t s = 0; s < 3 * plan_steps(plan); s++) {
		struct batch b;
		struct ready r;
		MUST(plan_batch(plan, s, &b));
		MUST(prepare_step(p, s, &r));
		CHECK(r.batch.images == b.images && r.batch.pairs == b.pairs);
		CHECK(memcmp(r.batch.image, b.image, b.images * sizeof *b.image) == 0);
		for (size_t i = 0; i < b.pairs; i++)
			CHECK(r.batch.pair[i].a == b.pair[i].a && r.batch.pair[i].b == b.pair[i].b);
		for (size_t i = 0; i < b.images; i++) {
			sn_prep_floats(&table, data.pixels + b.image[i] * SIZE, x);
			CHECK(memcmp(x, r.x + i * SIZE, sizeof x) == 0);
			CHECK(r.number[i] == 3 * b.image[i] + 1);
		}
	}
	prepare_free(p);
	plan_free(plan);
	sn_dataset_release(&data);
}

/* Any number of threads, and steps in any order (as after --resume), give the same. */
static void test_order(unsigned turns)
{
	static const uint64_t order[] = { 4, 0, 1, 2, 2, 7, 3, 5, 6, 0 };
	uint64_t want[8];
	struct sn_augment *a;
	struct sn_dataset data;

	make(&data);
	MUST(sn_augment_parse(&a, "affine elastic noise"));
	struct sn_train_options o = options(a, turns);
	for (unsigned threads = 1; threads <= 4; threads++) {
		struct prepare *p;
		struct ready r;
		MUST(prepare_new(&p, &data, &prep, &o, threads));
		for (uint64_t s = 0; s < 8; s++) {
			MUST(prepare_step(p, s, &r));
			CHECK(threads == 1 || sum(&r) == want[s]);
			want[s] = sum(&r);
			CHECK(s == 0 || want[s] != want[s - 1]);
		}
		for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
			MUST(prepare_step(p, order[i], &r));
			CHECK(sum(&r) == want[order[i]]);
		}
		prepare_free(p); /* with the next step under way */
	}
	sn_augment_free(a);
	sn_dataset_release(&data);
}

/* Every labelled item comes in all its versions, one after another. */
static void test_turns(void)
{
	struct sn_train_options o = options(NULL, 8);
	struct sn_dataset data;
	struct prepare *p;
	struct ready r;
	struct sn_prep_table table;
	uint8_t turned[SIZE];
	float x[SIZE];
	size_t seen = 0;

	make(&data);
	sn_prep_table_init(&table, &prep);
	MUST(prepare_new(&p, &data, &prep, &o, 1));
	CHECK(prepare_items(p)->n == 8 * (ITEMS - 1) + 1);
	CHECK(prepare_items(p)->labels == 40);
	CHECK(prepare_steps(p) == 8 * (ITEMS - 1) / 12 + 1);
	MUST(prepare_step(p, 0, &r));
	for (size_t i = 0; i < r.batch.images; i++) {
		size_t item = (size_t)(r.number[i] / 8 - 1) / 3;
		unsigned version = (unsigned)(r.number[i] % 8);
		const struct sn_entry *e = &prepare_items(p)->entry[r.batch.image[i]];
		char label[16];
		sn_turn(turned, data.pixels + item * SIZE, SIDE, SIDE, 1, version);
		sn_prep_floats(&table, turned, x);
		CHECK(memcmp(x, r.x + i * SIZE, sizeof x) == 0);
		snprintf(label, sizeof label, "%c%s", (char)('a' + item % 5),
			 sn_turn_suffix(version));
		CHECK(strcmp(prepare_items(p)->label[e->label], label) == 0);
		seen |= (size_t)1 << version;
	}
	CHECK(seen > 1);
	prepare_free(p);

	data.has_pairs = true;
	CHECK(prepare_new(&p, &data, &prep, &o, 1) == SN_EUSAGE);
	data.has_pairs = false;
	struct sn_prep lying = prep;
	lying.h = SIDE / 2;
	lying.w = SIDE * 2;
	CHECK(prepare_new(&p, &data, &lying, &o, 1) == SN_EUSAGE);
	sn_dataset_release(&data);
}

int main(void)
{
	test_plain();
	test_order(0);
	test_order(4);
	test_turns();
	return TEST_END();
}
