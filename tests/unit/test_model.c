/* Models: written and read back, large parameters, thresholds and heads, what embeddings say of
 * them. */
#include <stdbool.h>
#include <unistd.h>
#include <sn/file.h>
#include <sn/model.h>
#include "test.h"

static struct sn_model *fresh(const char *text)
{
	struct sn_model *m;

	MUST(sn_model_new(&m, text));
	MUST(sn_net_init(m->net, 1));
	return m;
}

static struct sn_model *load(const char *path)
{
	struct sn_model *m;

	MUST(sn_model_load(&m, path));
	return m;
}

static const struct sn_slice no_entry;

static void same_params(struct sn_net *a, struct sn_net *b)
{
	CHECK(sn_net_params(a) == sn_net_params(b));
	for (size_t i = 0; i < sn_net_params(a); i++)
		CHECK(memcmp(sn_net_param(a, i)->value, sn_net_param(b, i)->value,
			     sn_net_param(a, i)->count * sizeof(float)) == 0);
}

/* Everything that a model holds comes back, and is written the same again. */
static void test_round_trip(const char *one, const char *two)
{
	struct sn_model *m = fresh("input 3x2x1\nbatchnorm\nflatten\nlinear 2\n"), *n;
	float head[] = { 0.5f, -1, 2 };

	m->prep = (struct sn_prep){ 2, 3, 1, SN_FIT_CROP, 9, true, 0.25f, 0.125f, true };
	m->distance = SN_WEIGHTED_L1;
	m->margin = 0.1;
	strcpy(m->loss, "contrastive");
	m->threshold = (struct sn_threshold){ .set = true,
					      .d = 0.3,
					      .far = 0.01,
					      .protocol = "far",
					      .same = 7,
					      .different = 8,
					      .data = 0xfedcba9876543210u,
					      .measured_far = 0.0125,
					      .measured_frr = 0.2,
					      .far_interval = { 0.0025, 0.5 },
					      .frr_interval = { 0.125, 0.75 },
					      .probability = { true, 4, -2, 0.5 } };
	m->head = sn_alloc(3, sizeof *head);
	memcpy(m->head, head, sizeof head);
	m->head_size = 3;
	MUST(sn_header_set_str(m->header, "zebra", "stripes"));
	MUST(sn_model_save(m, one, no_entry));

	n = load(one);
	same_params(m->net, n->net);
	CHECK(strcmp(sn_net_text(m->net), sn_net_text(n->net)) == 0);
	CHECK(n->prep.h == 2 && n->prep.w == 3 && n->prep.c == 1 && n->prep.fit == SN_FIT_CROP &&
	      n->prep.fill == 9);
	CHECK(n->prep.invert && n->prep.mean == 0.25f && n->prep.deviation == 0.125f);
	CHECK(n->distance == SN_WEIGHTED_L1 && n->margin == 0.1 &&
	      strcmp(n->loss, "contrastive") == 0);
	CHECK(n->threshold.set && n->threshold.d == 0.3 && n->threshold.far == 0.01 &&
	      n->threshold.same == 7);
	CHECK(strcmp(n->threshold.protocol, "far") == 0 && n->threshold.different == 8);
	CHECK(n->threshold.measured_far == 0.0125 && n->threshold.measured_frr == 0.2);
	CHECK(n->threshold.data == 0xfedcba9876543210u && n->threshold.far_interval[0] == 0.0025 &&
	      n->threshold.far_interval[1] == 0.5 && n->threshold.frr_interval[1] == 0.75);
	CHECK(n->threshold.probability.set && n->threshold.probability.slope == 4 &&
	      n->threshold.probability.offset == -2 && n->threshold.probability.prior == 0.5);
	CHECK(n->head_size == 3 && memcmp(n->head, head, sizeof head) == 0);
	CHECK(n->xxh3 == m->xxh3);
	MUST(sn_model_save(n, two, no_entry));

	uint8_t *a, *b;
	size_t na, nb;
	MUST(sn_file_read(one, 1 << 20, &a, &na));
	MUST(sn_file_read(two, 1 << 20, &b, &nb));
	CHECK(na == nb && memcmp(a, b, na) == 0);
	CHECK(memmem(a, na, "zebra", 5) != NULL);
	free(a), free(b);

	/* the sum is that of network, preparation and weights */
	uint64_t sum = n->xxh3;
	sn_threshold_clear(&n->threshold);
	n->margin = 3;
	n->distance = SN_COSINE;
	free(n->head);
	n->head = NULL;
	MUST(sn_model_save(n, two, no_entry));
	CHECK(n->xxh3 == sum);
	sn_model_free(m);
	m = load(two);
	CHECK(!m->threshold.set && !m->head && m->xxh3 == sum);
	n->prep.fill = 10;
	MUST(sn_model_save(n, two, no_entry));
	CHECK(n->xxh3 != sum);
	n->prep.fill = 9;
	sn_net_param(n->net, 3)->value[0] += 1; /* a running variance */
	MUST(sn_model_save(n, two, no_entry));
	CHECK(n->xxh3 != sum);
	sn_model_free(m);
	sn_model_free(n);
}

/* A parameter of more than 16 MiB comes in several records. */
static void test_large(const char *path)
{
	struct sn_model *m = fresh("input 90x50x1\nflatten\nlinear 1000\nlinear 3\n"), *n;
	struct sn_reader *r;
	struct sn_record rec;
	size_t records = 0;

	MUST(sn_model_save(m, path, no_entry));
	MUST(sn_reader_open(&r, path, 0));
	while (sn_read(r, &rec) > 0)
		records += rec.map == SN_MAP_PARAM;
	sn_reader_close(r);
	CHECK(records == 5); /* 18 MB in two */
	n = load(path);
	same_params(m->net, n->net);
	sn_model_free(m);
	sn_model_free(n);
}

static void test_note(void)
{
	struct sn_model *m = fresh("input 3x2x1\nflatten\nlinear 2\n");
	struct sn_model_note note;
	struct sn_header *h;
	float head[] = { 1, 2, 3 };

	MUST(sn_header_new(&h, "items"));
	MUST(sn_model_note_read(&note, h));
	CHECK(!note.present && note.distance == SN_EUCLIDEAN && note.margin == 1 &&
	      !note.has_threshold && !note.head);
	sn_model_note_release(&note);

	m->xxh3 = 0xfedcba9876543210u;
	MUST(sn_model_announce(m, h));
	MUST(sn_model_note_read(&note, h));
	CHECK(note.present && note.has_xxh3 && note.xxh3 == 0xfedcba9876543210u && note.dim == 2);
	CHECK(!note.has_threshold && !note.head);
	sn_model_note_release(&note);

	m->distance = SN_WEIGHTED_L1;
	m->margin = 0.5;
	m->threshold.set = true;
	m->threshold.d = 0.7;
	m->head = head;
	m->head_size = 3;
	MUST(sn_model_announce(m, h));
	MUST(sn_model_note_read(&note, h));
	CHECK(note.distance == SN_WEIGHTED_L1 && note.margin == 0.5 && note.has_threshold &&
	      note.threshold == 0.7);
	CHECK(note.head_size == 3 && note.head && memcmp(note.head, head, sizeof head) == 0);
	sn_model_note_release(&note);
	m->head = NULL;

	MUST(sn_header_set_str(h, "model", "lenet"));
	CHECK(sn_model_note_read(&note, h) == SN_EDATA);
	sn_header_free(h);
	sn_model_free(m);
}

static void test_prep(void)
{
	struct sn_prep p = { 2, 2, 1, SN_FIT_STRETCH, 255, false, 0.5f, 0.25f, false };
	uint8_t u[] = { 0, 255, 51, 102 }, out[4];
	float x[4];
	struct sn_tensor t = { 'u', 3, { 2, 2, 1 }, 4, u };
	struct sn_measurement m = { { 0 } };
	struct sn_prep_table table;

	MUST(sn_prep_pixels(&p, &t, out));
	CHECK(memcmp(u, out, 4) == 0);
	sn_prep_table_init(&table, &p);
	sn_prep_floats(&table, out, x);
	CHECK(x[0] == -2 && x[1] == 2);
	CHECK_NEAR(x[2], -1.2, 1e-6);
	p.invert = true;
	sn_prep_table_init(&table, &p);
	sn_prep_floats(&table, out, x);
	CHECK(x[0] == 2 && x[1] == -2);

	sn_measurement_add(&m, u, 2);
	sn_measurement_add(&m, u + 2, 2);
	MUST(sn_measurement_end(&m, &p));
	CHECK_NEAR(p.mean, 0.6, 1e-7);
	CHECK_NEAR(p.deviation, sqrt(36414.0 / 4) / 255, 1e-7);
	sn_prep_table_init(&table, &p);
	sn_prep_floats(&table, out, x);
	CHECK_NEAR(x[0] + x[1] + x[2] + x[3], 0, 1e-5);

	t.rank = 2;
	CHECK(sn_prep_pixels(&p, &t, out) == SN_EDATA);
	t.rank = 3;
	t.type = 'f';
	CHECK(sn_prep_pixels(&p, &t, out) == SN_EDATA);
}

int main(int argc, char **argv)
{
	char one[4096], two[4096];

	if (argc != 2)
		return 2;
	snprintf(one, sizeof one, "%s/one.bin", argv[1]);
	snprintf(two, sizeof two, "%s/two.bin", argv[1]);
	test_round_trip(one, two);
	test_large(one);
	test_note();
	test_prep();
	return TEST_END();
}
