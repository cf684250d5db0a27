/* train - data sets, batches, gradients against differences, the best model, bit for bit */
#include <sys/mman.h>
#include <unistd.h>
#include <sn/train.h>
#include "../../lib/train/plan.h"
#include "test.h"

#define SIDE 8
#define TEXT "input 8x8x1\nconv 3 size=3\nrelu\nmaxpool size=2\nflatten\nlinear 4\n"

/* ---- streams in memory ----------------------------------------------------------------- */

struct made {
	struct sn_buffer bytes;
	struct sn_writer *w;
};

static void begin(struct made *m, const char *kind)
{
	struct sn_header *h;

	if (!m->w)
		MUST(sn_writer_open_buffer(&m->w, &m->bytes));
	MUST(sn_header_new(&h, kind));
	MUST(sn_write_header(m->w, h));
	sn_header_free(h);
}

/* A picture whose class shows: a gradient in a direction, and noise. */
static void picture(uint8_t *x, size_t side, int class, uint64_t number)
{
	struct sn_random r = sn_random(5, SN_RANDOM_TEST, (uint64_t) class, number);

	for (size_t i = 0; i < side; i++)
		for (size_t j = 0; j < side; j++) {
			size_t ramp = class == 0   ? i
				      : class == 1 ? j
				      : class == 2 ? side - 1 - i
						   : (i + j) / 2;
			x[i * side + j] = (uint8_t)(ramp * 200 / side + sn_random_below(&r, 40));
		}
}

static void add_item(struct made *m, uint64_t number, int class, size_t side)
{
	static const char *const label[] = { "a", "b", "c", "d" };
	uint8_t x[64 * 64];
	char key[32];
	struct sn_item item = { .number = number };

	snprintf(key, sizeof key, "k%d", (int)number);
	picture(x, side, class < 0 ? 0 : class, number);
	item.key = (struct sn_slice){ (const uint8_t *)key, strlen(key) };
	if (class >= 0)
		item.label = (struct sn_slice){ (const uint8_t *)label[class], 1 };
	item.x = (struct sn_tensor){
		.type = 'u', .rank = 3, .shape = { side, side, 1 }, .count = side * side, .data = x
	};
	MUST(sn_write_item(m->w, &item));
}

static void add_pair(struct made *m, uint64_t a, uint64_t b, enum sn_same same, uint64_t batch)
{
	struct sn_pair pair = { .a = a, .b = b, .same = same, .trial = SN_NONE, .batch = batch };

	MUST(sn_write_pair(m->w, &pair));
}

static int read_made(struct sn_dataset *data, struct made *m, const struct sn_prep *prep,
		     struct sn_pool *pool)
{
	int fd = memfd_create("stream", 0), st;
	struct sn_reader *r;

	if (m->w)
		MUST(sn_writer_close(m->w, true));
	m->w = NULL;
	CHECK(fd >= 0 && write(fd, m->bytes.data, m->bytes.size) == (ssize_t)m->bytes.size);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	MUST(sn_reader_open_fd(&r, fd, "made", 0));
	memset(data, 0, sizeof *data);
	st = sn_dataset_read(data, r, prep, pool);
	sn_reader_close(r);
	close(fd);
	sn_buffer_release(&m->bytes);
	memset(m, 0, sizeof *m);
	return st;
}

static struct sn_prep prep_of(size_t side)
{
	return (struct sn_prep){ .h = side, .w = side, .c = 1, .mean = 0, .deviation = 1 };
}

/* n items of 4 classes in turn; with pairs: of neighbours, runs of `run` with equal batch (0: no
 * batch). */
static void make_set(struct sn_dataset *data, size_t n, bool pairs, size_t run)
{
	struct made m = { 0 };
	struct sn_prep prep = prep_of(SIDE);

	begin(&m, pairs ? "pairs" : "items");
	for (size_t i = 0; i < n; i++)
		add_item(&m, i, (int)(i % 4), SIDE);
	for (size_t i = 0; pairs && i < n; i++) {
		add_pair(&m, i, (i + 4) % n, SN_SAME, run ? 2 * i / run : SN_NONE);
		add_pair(&m, i, (i + 1) % n, SN_DIFFERENT, run ? (2 * i + 1) / run : SN_NONE);
	}
	MUST(sn_write_end(m.w, 0));
	CHECK(read_made(data, &m, &prep, NULL) == 1);
}

/* ---- data sets ------------------------------------------------------------------------- */

static void sections_are_one_set(void)
{
	struct made m = { 0 };
	struct sn_dataset data;
	struct sn_prep prep = prep_of(SIDE);
	struct sn_pool *pool;
	uint8_t wanted[SIDE * SIDE];

	MUST(sn_pool_new(&pool, 2));
	for (int section = 0; section < 2; section++) {
		begin(&m, "pairs");
		add_item(&m, 0, 0, SIDE);
		add_item(&m, 3, 1, 2 * SIDE);
		add_item(&m, 5, 0, SIDE);
		add_pair(&m, 0, 3, SN_DIFFERENT, 7);
		add_pair(&m, 5, 0, SN_SAME, 7);
		MUST(sn_write_end(m.w, 0));
	}
	CHECK(read_made(&data, &m, &prep, pool) == 1);
	CHECK(data.has_pairs && data.has_batches && data.items.n == 6 && data.pairs.n == 4);
	CHECK(data.items.labels == 2 && data.image == SIDE * SIDE);
	CHECK(data.pairs.pair[1].a == 2 && data.pairs.pair[1].b == 0 &&
	      data.pairs.pair[1].same == SN_SAME);
	CHECK(data.pairs.pair[2].a == 3 && data.pairs.pair[2].b == 4);
	CHECK(data.pairs.pair[2].batch != data.pairs.pair[1].batch);
	picture(wanted, SIDE, 0, 5);
	CHECK(memcmp(data.pixels + 2 * data.image, wanted, sizeof wanted) == 0);
	CHECK(memcmp(data.pixels + 5 * data.image, wanted, sizeof wanted) == 0);
	sn_dataset_release(&data);
	sn_pool_free(pool);
}

/* More pictures than wait for being fitted at a time. */
static void many_pictures(void)
{
	struct sn_dataset data;
	uint8_t wanted[SIDE * SIDE];

	make_set(&data, 1000, false, 0);
	CHECK(data.items.n == 1000 && !data.has_pairs);
	for (size_t i = 0; i < 1000; i += 37) {
		picture(wanted, SIDE, (int)(i % 4), i);
		CHECK(memcmp(data.pixels + i * data.image, wanted, sizeof wanted) == 0);
	}
	sn_dataset_release(&data);
}

static void refused(const char *words, struct made *m)
{
	struct sn_dataset data;
	struct sn_prep prep = prep_of(SIDE);

	MUST(sn_write_end(m->w, 0));
	CHECK(read_made(&data, m, &prep, NULL) == SN_EDATA);
	if (!strstr(sn_message(), words))
		fprintf(stderr, "message: %s\n", sn_message());
	CHECK(strstr(sn_message(), words) != NULL);
	sn_dataset_release(&data);
}

static void what_is_refused(void)
{
	struct made m = { 0 };
	float y[2] = { 1, 2 };
	struct sn_item item = { .key = { (const uint8_t *)"k", 1 } };
	struct sn_dataset data;
	struct sn_prep prep = prep_of(SIDE);

	begin(&m, "items");
	item.x =
		(struct sn_tensor){ .type = 'f', .rank = 1, .shape = { 2 }, .count = 2, .data = y };
	MUST(sn_write_item(m.w, &item));
	refused("this is embeddings, sn-train wants pictures: put it before sn-embed", &m);
	begin(&m, "pairs");
	item.x.type = 0;
	MUST(sn_write_item(m.w, &item));
	refused("'k' is missing", &m);
	begin(&m, "pairs");
	add_item(&m, 0, -1, SIDE);
	add_item(&m, 1, 0, SIDE);
	add_pair(&m, 0, 1, SN_UNKNOWN, SN_NONE);
	refused("does not say whether they are the same", &m);
	begin(&m, "pairs");
	add_item(&m, 0, 0, SIDE);
	refused("no pairs", &m);
	begin(&m, "items");
	refused("no pictures", &m);
	begin(&m, "model");
	refused("model", &m);
	CHECK(read_made(&data, &m, &prep, NULL) == 0);
	sn_dataset_release(&data);
}

/* ---- batches --------------------------------------------------------------------------- */

/* Which pairs of the set a batch holds, by their images; each pair's images are in the batch's
 * list, once, rising. */
static size_t find_pair(const struct sn_dataset *data, const struct batch *b, size_t i)
{
	size_t a = b->image[b->pair[i].a], c = b->image[b->pair[i].b], k = 0;

	while (k < data->pairs.n && (data->pairs.pair[k].a != a || data->pairs.pair[k].b != c))
		k++;
	CHECK(k < data->pairs.n && data->pairs.pair[k].same == b->pair[i].same);
	return k;
}

static void check_images(const struct plan *plan, const struct batch *b)
{
	CHECK(b->images <= plan_most_images(plan));
	for (size_t i = 1; i < b->images; i++)
		CHECK(b->image[i - 1] < b->image[i]);
}

/* First epoch in order, every epoch each pair once, later ones in another order that the seed
 * gives. */
static void batches_of_pairs(size_t run)
{
	enum { ITEMS = 20, PAIRS = 2 * ITEMS, BATCH = 6 };
	struct sn_dataset data;
	struct sn_train_options o = { .batch = BATCH, .seed = 3 };
	struct plan *plan;
	size_t order[3][PAIRS] = { { 0 } };

	make_set(&data, ITEMS, true, run);
	CHECK(data.has_batches == (run > 0));
	MUST(plan_new(&plan, &data, &o));
	CHECK(plan_steps(plan) == (PAIRS - 1) / (run ? run : BATCH) + 1);
	for (size_t epoch = 0; epoch < 3; epoch++) {
		size_t n = 0;
		int seen[PAIRS] = { 0 };
		for (size_t s = 0; s < plan_steps(plan); s++) {
			struct batch b;
			MUST(plan_batch(plan, epoch * plan_steps(plan) + s, &b));
			check_images(plan, &b);
			for (size_t i = 0; i < b.pairs; i++) {
				order[epoch][n] = find_pair(&data, &b, i);
				/* a run stays together */
				CHECK(!run || order[epoch][n] / run == order[epoch][n - i] / run);
				seen[order[epoch][n++]]++;
			}
		}
		CHECK(n == PAIRS);
		for (size_t i = 0; i < PAIRS; i++) {
			CHECK(seen[i] == 1);
			CHECK(epoch > 0 || order[0][i] == i);
		}
	}
	CHECK(memcmp(order[0], order[1], sizeof order[0]) != 0);
	CHECK(memcmp(order[1], order[2], sizeof order[0]) != 0);
	plan_free(plan);
	sn_dataset_release(&data);
}

/* What is held for validation is in no batch. */
static void held_items(void)
{
	struct sn_dataset data;
	uint8_t held[40] = { [3] = 1, [4] = 1, [21] = 1 };
	struct sn_train_options o = { .batch = 7, .p = 3, .k = 3, .seed = 3, .held = held };

	for (int pairs = 0; pairs < 2; pairs++) {
		struct plan *plan;
		make_set(&data, 40, pairs, 0);
		MUST(plan_new(&plan, &data, &o));
		for (size_t s = 0; s < 3 * plan_steps(plan); s++) {
			struct batch b;
			MUST(plan_batch(plan, s, &b));
			check_images(plan, &b);
			CHECK(b.pairs > 0);
			for (size_t i = 0; i < b.images; i++)
				CHECK(!held[b.image[i]]);
		}
		plan_free(plan);
		sn_dataset_release(&data);
	}
}

/* P x K: all pairs of the items, in the order of sn-pair --all, same by label. */
static void batches_of_items(void)
{
	struct sn_dataset data;
	struct sn_train_options o = { .p = 3, .k = 4, .seed = 1 };
	struct plan *plan;

	make_set(&data, 40, false, 0);
	MUST(plan_new(&plan, &data, &o));
	CHECK(plan_steps(plan) == 4);
	for (size_t s = 0; s < 8; s++) {
		struct batch b;
		size_t same = 0, i = 0;
		MUST(plan_batch(plan, s, &b));
		check_images(plan, &b);
		CHECK(b.images == 12 && b.pairs == 66);
		for (size_t y = 1; y < b.images; y++)
			for (size_t x = 0; x < y; x++, i++) {
				CHECK(b.pair[i].a == x && b.pair[i].b == y);
				CHECK((b.pair[i].same == SN_SAME) ==
				      (b.image[x] % 4 == b.image[y] % 4));
				same += b.pair[i].same == SN_SAME;
			}
		CHECK(same == 18);
	}
	plan_free(plan);
	sn_dataset_release(&data);
}

static void nothing_to_learn_from(void)
{
	struct sn_prep prep = prep_of(SIDE);
	struct sn_train_options o = { .p = 2, .k = 2, .batch = 4 };
	struct sn_dataset data;
	struct plan *plan;
	static const int class[3][3] = { { -1, -1, -1 }, { 0, 0, 0 }, { 0, 1, 2 } };
	static const char *const words[3] = { "no item has a label", "one class, 'a'",
					      "no same pairs" };

	for (int i = 0; i < 3; i++) {
		struct made m = { 0 };
		begin(&m, "items");
		for (int k = 0; k < 3; k++)
			add_item(&m, (uint64_t)k, class[i][k], SIDE);
		MUST(sn_write_end(m.w, 0));
		CHECK(read_made(&data, &m, &prep, NULL) == 1);
		CHECK(plan_new(&plan, &data, &o) == SN_EDATA);
		CHECK(strstr(sn_message(), words[i]) != NULL);
		sn_dataset_release(&data);
	}
}

/* ---- training -------------------------------------------------------------------------- */

static struct sn_model *fresh(const char *text, uint64_t seed)
{
	struct sn_model *model;

	MUST(sn_model_new(&model, text));
	MUST(sn_net_init(model->net, seed));
	model->prep.mean = 0.4F;
	model->prep.deviation = 0.25F;
	return model;
}

static struct sn_train_options options(void)
{
	return (struct sn_train_options){
		.objective = { .loss = SN_LOSS_CONTRASTIVE, .margin = 1, .distance = SN_EUCLIDEAN },
		.epochs = 3,
		.batch = 8,
		.p = 4,
		.k = 4,
		.optimizer = SN_ADAM,
		.rate = 0.01,
		.momentum = 0.9,
		.balance = true,
		.seed = 1
	};
}

struct rows {
	struct sn_train_row row[512];
	size_t n;
	size_t stop; /* after this many */
};

static int collect(void *context, const struct sn_train_row *row)
{
	struct rows *r = context;

	if (r->n < 512)
		r->row[r->n++] = *row;
	return r->stop && r->n == r->stop ? sn_fail(SN_EIO, "told to stop") : 0;
}

/* The gradient that a step follows is that of the loss: change along it, and along chance, as
 * predicted. */
static void gradient_against_differences(enum sn_distance distance, double margin)
{
	struct sn_dataset data;
	struct sn_train_options o = options();
	struct sn_model *before = fresh(TEXT, 4), *after = fresh(TEXT, 4);
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 9, 0);
	const double rate = 1e-3, h = 2e-3;

	make_set(&data, 12, true, 0);
	o.objective = (struct sn_objective){ .margin = margin, .distance = distance };
	o.optimizer = SN_SGD;
	o.rate = rate;
	o.momentum = 0;
	o.balance = false;
	o.epochs = 1;
	o.batch = 1000;
	MUST(sn_train(after, &data, &o, NULL, NULL, NULL));
	for (int along = 0; along < 4; along++) {
		double predicted = 0, length = 0;
		struct sn_validation found[2];
		for (int pass = 0; pass < 4; pass++) {
			/* 0: length of the direction, 1 and 2: a step forth and back, 3: return */
			struct sn_random direction = r;
			for (size_t i = 0; i < sn_net_params(before->net); i++) {
				struct sn_param *p = sn_net_param(before->net, i);
				const float *moved = sn_net_param(after->net, i)->value;
				for (size_t k = 0; p->grad && k < p->count; k++) {
					/* the first value is kept in grad, which sn_validate leaves
					 * alone */
					if (along == 0 && pass == 0)
						p->grad[k] = p->value[k];
					double g = (p->grad[k] - (double)moved[k]) / rate;
					double d = along == 0 ? g : sn_random_normal(&direction);
					if (pass == 0) {
						predicted += g * d;
						length += d * d;
					} else {
						double to = pass == 1 ? h : pass == 2 ? -h : 0;
						p->value[k] =
							(float)(p->grad[k] + to * d / sqrt(length));
					}
				}
			}
			MUST(sn_net_changed(before->net));
			if (pass == 1 || pass == 2)
				MUST(sn_validate(&found[pass - 1], before, &data, &data.pairs,
						 &o.objective, NULL));
		}
		predicted /= sqrt(length);
		CHECK_NEAR((found[0].loss - found[1].loss) / (2 * h), predicted,
			   0.02 * fabs(predicted) + 2e-4);
		sn_random_next(&r);
	}
	sn_model_free(before);
	sn_model_free(after);
	sn_dataset_release(&data);
}

static bool same_weights(const struct sn_model *a, const struct sn_model *b)
{
	for (size_t i = 0; i < sn_net_params(a->net); i++) {
		const struct sn_param *p = sn_net_param(a->net, i), *q = sn_net_param(b->net, i);
		if (memcmp(p->value, q->value, p->count * sizeof(float)) != 0)
			return false;
	}
	return true;
}

/* The same bytes for 1, 2 and 3 threads, and the same rows; other bytes for another seed. */
static void any_pool(bool pairs, const char *text)
{
	struct sn_dataset data;
	struct sn_train_options o = options();
	struct sn_model *model[4];
	static struct rows rows[4];

	make_set(&data, 60, pairs, 0);
	for (unsigned k = 0; k < 4; k++) {
		struct sn_pool *pool;
		MUST(sn_pool_new(&pool, k < 3 ? k + 1 : 1));
		model[k] = fresh(text, 2);
		o.seed = k < 3 ? 1 : 2;
		rows[k].n = 0;
		MUST(sn_train(model[k], &data, &o, pool, collect, &rows[k]));
		sn_pool_free(pool);
	}
	CHECK(same_weights(model[0], model[1]) && same_weights(model[0], model[2]));
	CHECK(!same_weights(model[0], model[3]));
	CHECK(rows[0].n == rows[1].n && rows[0].n > 0);
	for (size_t i = 0; i < rows[0].n; i++)
		CHECK(rows[0].row[i].loss == rows[1].row[i].loss &&
		      rows[0].row[i].loss == rows[2].row[i].loss);
	for (unsigned k = 0; k < 4; k++)
		sn_model_free(model[k]);
	sn_dataset_release(&data);
}

/* The first row of plain pairs is, to the bit, the mean in evaluation mode; so is the row of one
 * pair. */
static void first_row(void)
{
	struct sn_dataset data;
	struct sn_train_options o = options();
	static struct rows rows;

	make_set(&data, 50, true, 0);
	o.balance = false;
	for (size_t batch = 1; batch < 1000; batch = batch * 10 + 1) {
		struct sn_model *model = fresh(TEXT, 2);
		struct sn_pairs head = data.pairs;
		struct sn_validation found;
		if (batch < head.n)
			head.n = batch;
		MUST(sn_validate(&found, model, &data, &head, &o.objective, NULL));
		o.batch = batch;
		rows.n = 0;
		MUST(sn_train(model, &data, &o, NULL, collect, &rows));
		CHECK(rows.row[0].loss == found.loss);
		CHECK(rows.row[0].step == 1 && rows.row[0].epoch == 1);
		sn_model_free(model);
	}
	sn_dataset_release(&data);
}

/* Two images, one step, all by hand: L = d^2/2, dL/dy_a = y_a - y_b. */
static void row_by_hand(void)
{
	struct sn_dataset data;
	struct sn_model *model = fresh("input 8x8x1\nflatten\nlinear 2\n", 2);
	struct sn_train_options o = options();
	struct sn_prep prep = prep_of(SIDE);
	struct made m = { 0 };
	static struct rows rows;
	float x[3][SIDE * SIDE], y[3][2];
	struct sn_prep_table table;
	double d01, d02, d12, gap;

	begin(&m, "pairs");
	add_item(&m, 0, 0, SIDE);
	add_item(&m, 1, 0, SIDE);
	add_item(&m, 2, 1, SIDE);
	add_pair(&m, 0, 1, SN_SAME, SN_NONE);
	add_pair(&m, 0, 2, SN_DIFFERENT, SN_NONE);
	add_pair(&m, 1, 2, SN_DIFFERENT, SN_NONE);
	MUST(sn_write_end(m.w, 0));
	CHECK(read_made(&data, &m, &prep, NULL) == 1);
	sn_prep_table_init(&table, &model->prep);
	for (int i = 0; i < 3; i++)
		sn_prep_floats(&table, data.pixels + (size_t)i * data.image, x[i]);
	MUST(sn_net_embed(model->net, NULL, x[0], 3, y[0]));
	d01 = hypot((double)y[0][0] - y[1][0], (double)y[0][1] - y[1][1]);
	d02 = hypot((double)y[0][0] - y[2][0], (double)y[0][1] - y[2][1]);
	d12 = hypot((double)y[1][0] - y[2][0], (double)y[1][1] - y[2][1]);
	/* the closer one of the different pairs is within the margin */
	o.objective.margin = (d02 + d12) / 2;
	gap = o.objective.margin - fmin(d02, d12);
	o.epochs = 1;
	o.balance = true;
	rows.n = 0;
	MUST(sn_train(model, &data, &o, NULL, collect, &rows));
	CHECK(rows.n == 1);
	CHECK_NEAR(rows.row[0].loss, 0.5 * (d01 * d01 / 2) + 0.5 * (gap * gap / 2 + 0) / 2, 1e-6);
	CHECK_NEAR(rows.row[0].same, d01, 1e-6);
	CHECK_NEAR(rows.row[0].different, (d02 + d12) / 2, 1e-6);
	CHECK_NEAR(rows.row[0].active, 2. / 3, 1e-12);
	CHECK(rows.row[0].steps == 1 && !rows.row[0].validated && rows.row[0].best);
	CHECK(strcmp(model->loss, "contrastive") == 0 && model->margin == o.objective.margin);
	sn_model_free(model);
	sn_dataset_release(&data);
}

/* It learns; the model kept is that of the smallest logged validation loss, to the bit; patience
 * ends it. */
static void best_is_kept(const char *text)
{
	struct sn_dataset data;
	struct sn_pairs pairs = { 0 };
	uint8_t held[120] = { 0 };
	struct sn_train_options o = options();
	struct sn_model *model = fresh(text, 2);
	static struct rows rows;
	double best = INFINITY;
	const struct sn_pair_options how = { .seed = 1 };
	struct sn_validation found;
	uint64_t at = 0;

	make_set(&data, 120, false, 0);
	MUST(sn_split(held, &data.items, SN_SPLIT_ITEM, 0.2, 1));
	MUST(sn_dataset_pairs(&pairs, &data, held, &how));
	for (size_t i = 0; i < pairs.n; i++)
		CHECK(held[pairs.pair[i].a] && held[pairs.pair[i].b]);
	o.held = held;
	o.validation = &data;
	o.validation_pairs = &pairs;
	o.epochs = 20;
	o.patience = 3;
	o.rate = 0.02;
	rows.n = 0;
	model->threshold.set = true;
	MUST(sn_train(model, &data, &o, NULL, collect, &rows));
	for (size_t i = 0; i < rows.n; i++) {
		const struct sn_train_row *row = &rows.row[i];
		if (!row->validated)
			continue;
		CHECK(row->best == (row->validation.loss < best));
		if (row->best) {
			best = row->validation.loss;
			at = row->epoch;
		}
	}
	CHECK(at > 0 && rows.row[rows.n - 1].epoch == (at + 3 < 20 ? at + 3 : 20));
	MUST(sn_validate(&found, model, &data, &pairs, &o.objective, NULL));
	CHECK(found.loss == best && found.eer < 0.2 && isnan(found.accuracy));
	CHECK(!model->threshold.set);
	sn_pairs_release(&pairs);
	sn_model_free(model);
	sn_dataset_release(&data);
}

static void what_stops_it(void)
{
	struct sn_dataset data;
	struct sn_pairs pairs = { 0 };
	struct sn_train_options o = options();
	const struct sn_pair_options how = { .seed = 1 };
	struct sn_model *model = fresh(TEXT, 2);
	static struct rows rows;

	make_set(&data, 40, false, 0);
	o.optimizer = SN_SGD;
	o.rate = 1e30;
	CHECK(sn_train(model, &data, &o, NULL, NULL, NULL) == SN_ENAN);
	CHECK(strncmp(sn_message(), "step ", 5) == 0);
	CHECK(strstr(sn_message(), "conv1") || strstr(sn_message(), "fc1"));
	sn_model_free(model);

	model = fresh(TEXT, 2);
	o = options();
	rows.n = 0;
	rows.stop = 2;
	CHECK(sn_train(model, &data, &o, NULL, collect, &rows) == SN_EIO && rows.n == 2);
	rows.stop = 0;
	sn_model_free(model);

	/* all weights 0: every embedding is the same point */
	model = fresh(TEXT, 2);
	for (size_t i = 0; i < sn_net_params(model->net); i++) {
		struct sn_param *p = sn_net_param(model->net, i);
		memset(p->value, 0, p->count * sizeof(float));
	}
	MUST(sn_net_changed(model->net));
	o.epochs = 10;
	rows.n = 0;
	MUST(sn_train(model, &data, &o, NULL, collect, &rows));
	CHECK(rows.n > 10 && rows.row[9].collapsed && !rows.row[8].collapsed &&
	      !rows.row[10].collapsed);

	/* and all validation images are: that is said at once */
	o.validation = &data;
	MUST(sn_dataset_pairs(&pairs, &data, NULL, &how));
	o.validation_pairs = &pairs;
	rows.n = 0;
	MUST(sn_train(model, &data, &o, NULL, collect, &rows));
	for (size_t i = 0, told = 0; i < rows.n; i++) {
		CHECK(rows.row[i].collapsed == (rows.row[i].validated && !told));
		told |= rows.row[i].collapsed;
	}
	sn_pairs_release(&pairs);
	sn_model_free(model);
	sn_dataset_release(&data);
}

static void margin_in_reach(void)
{
	struct sn_net *net;
	struct sn_objective o = { .margin = 2.1 };

	MUST(sn_net_parse(&net, "input 8x8x1\nflatten\nlinear 4\nl2norm\n"));
	CHECK_NEAR(sn_reach(net, SN_EUCLIDEAN), 2, 0);
	CHECK_NEAR(sn_reach(net, SN_SQEUCLIDEAN), 4, 0);
	CHECK_NEAR(sn_reach(net, SN_MANHATTAN), 4, 0);
	CHECK(sn_objective_check(&o, net) == SN_EUSAGE);
	CHECK(strstr(sn_message(), "margin 2.1 is out of reach") != NULL);
	o.margin = 2;
	CHECK(sn_objective_check(&o, net) == 0);
	o.margin = NAN;
	CHECK(sn_objective_check(&o, net) == SN_EUSAGE);
	sn_net_free(net);
	MUST(sn_net_parse(&net, "input 8x8x1\nflatten\nlinear 4\nsigmoid\n"));
	CHECK_NEAR(sn_reach(net, SN_EUCLIDEAN), 2, 0);
	CHECK_NEAR(sn_reach(net, SN_COSINE), 1, 0);
	sn_net_free(net);
	MUST(sn_net_parse(&net, "input 8x8x1\nflatten\nlinear 4\nrelu\n"));
	CHECK(isinf(sn_reach(net, SN_EUCLIDEAN)) && sn_reach(net, SN_COSINE) == 1);
	sn_net_free(net);
}

int main(void)
{
	sections_are_one_set();
	many_pictures();
	what_is_refused();
	batches_of_pairs(0);
	batches_of_pairs(6);
	batches_of_pairs(7);
	held_items();
	batches_of_items();
	nothing_to_learn_from();
	gradient_against_differences(SN_EUCLIDEAN, 1);
	gradient_against_differences(SN_SQEUCLIDEAN, 1);
	gradient_against_differences(SN_MANHATTAN, 2);
	gradient_against_differences(SN_COSINE, 1);
	any_pool(false, TEXT);
	any_pool(true, TEXT);
	any_pool(false,
		 "input 8x8x1\nconv 3 size=3\nbatchnorm\nrelu\nflatten\ndropout 0.2\nlinear 4\n");
	first_row();
	row_by_hand();
	best_is_kept(TEXT);
	best_is_kept(
		"input 8x8x1\nconv 3 size=3\nbatchnorm\nrelu\nmaxpool size=2\nflatten\nlinear 4\n");
	what_stops_it();
	margin_in_reach();
	return TEST_END();
}
