/* The contrastive loss by hand, at its corners, and its slope. */
#include <float.h>
#include <sn/distance.h>
#include <sn/loss.h>
#include <sn/random.h>
#include "test.h"

static void by_hand(void)
{
	double slope;
	CHECK(sn_contrastive(&slope, 0.5f, 1, 1) == 0.125);
	CHECK(slope == 0.5);
	CHECK(sn_contrastive(&slope, 0.5f, 0, 2) == 1.125);
	CHECK(slope == -1.5);
	CHECK(sn_contrastive(&slope, 2, 0, 2) == 0);
	CHECK(slope == 0);
	CHECK(sn_contrastive(&slope, 3, 0, 2) == 0);
	CHECK(slope == 0);
	CHECK(sn_contrastive(&slope, 0, 1, 2) == 0);
	CHECK(slope == 0);
	CHECK(sn_contrastive(&slope, 0, 0, 2) == 2);
	CHECK(slope == -2);
	CHECK(sn_contrastive(NULL, 3, 1, 1) == 4.5);
}

static void not_a_number(void)
{
	double slope;
	CHECK(isnan(sn_contrastive(&slope, NAN, 1, 1)));
	CHECK(isnan(slope));
	CHECK(isnan(sn_contrastive(&slope, NAN, 0, 1)));
	CHECK(isnan(slope));
	CHECK(isinf(sn_contrastive(NULL, INFINITY, 1, 1)));
	CHECK(sn_contrastive(NULL, INFINITY, 0, 1) == 0);
	CHECK(isfinite(sn_contrastive(NULL, FLT_MAX, 1, 1)));
}

static void slope(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 4, 0);
	for (int i = 0; i < 1000; i++) {
		double m = 0.1 + 2 * sn_random_unit(&r), s, measured;
		float d = (float)(3 * sn_random_unit(&r));
		int same = i % 2;
		const float e = 1.0f / 1024; /* the loss is a parabola: the step may be long */
		if (fabs((double)d - m) < 2 * (double)e)
			continue; /* the kink */
		d = roundf(d * 1024) / 1024;
		sn_contrastive(&s, d, same, m);
		measured = (sn_contrastive(NULL, d + e, same, m) -
			    sn_contrastive(NULL, d - e, same, m)) /
			   (2 * (double)e);
		CHECK_NEAR(s, measured, 1e-9);
	}
}

/* Loss of the distance of two embeddings, along a random direction, for every distance. */
static void through_the_distance(void)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 5, 0);
	for (int i = 0; i < 200; i++) {
		enum sn_distance k = (enum sn_distance)(i % 5);
		float a[8], b[8], head[9], a1[8], b1[8], a0[8], b0[8];
		double ga[8] = { 0 }, gb[8] = { 0 }, s, predicted = 0, error = INFINITY;
		double m = k == SN_WEIGHTED_L1 ? 0.9 : k == SN_COSINE ? 1.5 : 4;
		int same = i / 5 % 2;
		for (int j = 0; j < 9; j++)
			head[j] = 0.1f * (float)sn_random_normal(&r);
		for (int j = 0; j < 8; j++) {
			a[j] = (float)sn_random_normal(&r);
			b[j] = (float)sn_random_normal(&r);
		}
		float d = sn_distance(k, a, b, 8, head);
		if (fabs((double)d - m) < 0.2)
			continue;
		sn_contrastive(&s, d, same, m);
		sn_distance_gradient(k, ga, gb, s, d, a, b, 8, head);
		for (float e = 1.0f / 64; e > 1e-4f; e /= 4) {
			predicted = 0;
			struct sn_random q = sn_random(1, SN_RANDOM_TEST, 6, (uint64_t)i);
			for (int j = 0; j < 8; j++) {
				float ua = (float)sn_random_normal(&q),
				      ub = (float)sn_random_normal(&q);
				a1[j] = a[j] + e * ua;
				a0[j] = a[j] - e * ua;
				b1[j] = b[j] + e * ub;
				b0[j] = b[j] - e * ub;
				/* the step as floats really took it */
				predicted += ga[j] * ((double)a1[j] - (double)a0[j]) +
					     gb[j] * ((double)b1[j] - (double)b0[j]);
			}
			double measured =
				sn_contrastive(NULL, sn_distance(k, a1, b1, 8, head), same, m) -
				sn_contrastive(NULL, sn_distance(k, a0, b0, 8, head), same, m);
			error = fmin(error, fabs(measured - predicted) / (double)e);
		}
		/* floats give the distance to 1e-7 of itself */
		CHECK_NEAR(error, 0, 2e-3 * (1 + fabs(s) * (1 + (double)d)));
	}
}

/* ---- whole batches ------------------------------------------------------------------------ */

enum { N = 10, DIM = 4, PAIRS = N * (N - 1) / 2 };

struct whole {
	struct sn_objective o;
	float y[N * DIM], head[DIM + 1], d[PAIRS];
	struct sn_index_pair pair[PAIRS];
	struct sn_loss_batch b;
	struct sn_loss_result r;
	float dy[N * DIM], dhead[DIM + 1];
};

/* All pairs of N random embeddings of three classes. */
static void fill(struct whole *w, const struct sn_objective *o, uint64_t seed)
{
	struct sn_random r = sn_random(seed, SN_RANDOM_TEST, 7, 0);
	size_t n = 0;

	memset(w, 0, sizeof *w);
	w->o = *o;
	for (size_t i = 0; i < N * DIM; i++)
		w->y[i] = 0.5f * (float)sn_random_normal(&r);
	for (size_t i = 0; i <= DIM; i++)
		w->head[i] = (float)sn_random_normal(&r);
	for (size_t b = 0; b < N; b++)
		for (size_t a = 0; a < b; a++)
			w->pair[n++] = (struct sn_index_pair){
				a, b, a % 3 == b % 3 ? SN_SAME : SN_DIFFERENT, SN_NONE, SN_NONE
			};
	w->b = (struct sn_loss_batch){ .y = w->y,
				       .n = N,
				       .dim = DIM,
				       .pair = w->pair,
				       .pairs = n,
				       .d = w->d,
				       .head = w->head };
	w->r = (struct sn_loss_result){ .dy = w->dy, .dhead = w->dhead };
}

static int measure(struct whole *w)
{
	for (size_t i = 0; i < w->b.pairs; i++)
		w->d[i] = sn_distance(w->o.distance, w->y + w->pair[i].a * DIM,
				      w->y + w->pair[i].b * DIM, DIM, w->head);
	return sn_loss_measure(&w->r, &w->o, &w->b);
}

static const struct sn_objective objectives[] = {
	{ .margin = 1.5 },
	{ .margin = 1.5, .form = SN_CONTRASTIVE_CAFFE_LEGACY },
	{ .margin = 1.5, .form = SN_CONTRASTIVE_KERAS },
	{ .margin = 1.1, .form = SN_CONTRASTIVE_PML, .distance = SN_COSINE, .same_margin = 0.2 },
	{ .margin = 0.8, .form = SN_CONTRASTIVE_ST, .distance = SN_COSINE },
	{ .margin = 0.3, .form = SN_CONTRASTIVE_DLIB },
	{ .margin = 0.9, .distance = SN_WEIGHTED_L1 },
	{ .loss = SN_LOSS_DOUBLE_MARGIN, .margin = 1.5, .same_margin = 0.4 },
	{ .loss = SN_LOSS_DOUBLE_MARGIN, .margin = 3, .distance = SN_MANHATTAN },
	{ .loss = SN_LOSS_CROSS_ENTROPY, .distance = SN_WEIGHTED_L1 },
	{ .loss = SN_LOSS_COSINE, .margin = 0.1, .distance = SN_COSINE },
	{ .loss = SN_LOSS_TRIPLET, .mining = SN_BATCH_ALL, .margin = 0.5 },
	{ .loss = SN_LOSS_TRIPLET, .mining = SN_BATCH_HARD, .margin = 0.5 },
	{ .loss = SN_LOSS_TRIPLET, .mining = SN_SEMI_HARD, .margin = 0.5 },
	{ .loss = SN_LOSS_TRIPLET,
	  .mining = SN_BATCH_HARD,
	  .margin = 0.5,
	  .distance = SN_SQEUCLIDEAN },
	{ .loss = SN_LOSS_TRIPLET,
	  .mining = SN_BATCH_ALL,
	  .margin = 0.2,
	  .distance = SN_WEIGHTED_L1 },
	{ .loss = SN_LOSS_NT_XENT, .temperature = 0.2 },
	{ .loss = SN_LOSS_SUPCON, .temperature = 0.2 },
	{ .loss = SN_LOSS_MULTI_SIMILARITY, .alpha = 2, .beta = 10, .base = 0.5, .epsilon = 0.1 },
};
enum { OBJECTIVES = sizeof objectives / sizeof *objectives };

/* Predicted against measured change along a random direction, as floats really took the step. */
static double directional_error(const struct sn_objective *o, uint64_t seed, float e)
{
	struct whole at, up, down;
	struct sn_random r = sn_random(seed, SN_RANDOM_TEST, 8, 0);
	double predicted = 0, length = 0;

	fill(&at, o, seed);
	at.b.balance = seed % 2;
	MUST(measure(&at));
	up = down = at;
	up.b.y = up.y, down.b.y = down.y, up.b.d = up.d, down.b.d = down.d;
	up.b.head = up.head, down.b.head = down.head;
	up.r.dy = down.r.dy = up.r.dhead = down.r.dhead = NULL;
	for (size_t i = 0; i < N * DIM; i++) {
		float u = e * (float)sn_random_normal(&r);
		up.y[i] = at.y[i] + u;
		down.y[i] = at.y[i] - u;
		predicted += (double)at.dy[i] * ((double)up.y[i] - (double)down.y[i]);
		length += ((double)up.y[i] - (double)down.y[i]) *
			  ((double)up.y[i] - (double)down.y[i]);
	}
	for (size_t i = 0; i <= DIM; i++) {
		float u = e * (float)sn_random_normal(&r);
		up.head[i] = at.head[i] + u;
		down.head[i] = at.head[i] - u;
		predicted += (double)at.dhead[i] * ((double)up.head[i] - (double)down.head[i]);
	}
	MUST(measure(&up));
	MUST(measure(&down));
	return fabs(up.r.loss - down.r.loss - predicted) / sqrt(length);
}

static void along_random_directions(void)
{
	for (size_t k = 0; k < OBJECTIVES; k++)
		for (uint64_t seed = 1; seed <= 20; seed++) {
			double error = INFINITY;
			/* semi-hard mining jumps where two distances cross: small steps miss that
			 */
			for (float e = 1.0f / 128; e > 5e-6f; e /= 4)
				error = fmin(error, directional_error(&objectives[k], seed, e));
			if (!(error <= 2e-4))
				fprintf(stderr, "objective %zu, seed %d\n", k, (int)seed);
			CHECK_NEAR(error, 0, 2e-4);
		}
}

/* All embeddings in one point: no number is lost, and no gradient is NaN. */
static void all_in_one_point(void)
{
	for (size_t k = 0; k < OBJECTIVES; k++)
		for (int zero = 0; zero < 2; zero++) {
			struct whole w;
			fill(&w, &objectives[k], 1);
			for (size_t i = 0; i < N * DIM; i++)
				w.y[i] = zero ? 0 : w.y[i % DIM];
			MUST(measure(&w));
			CHECK(isfinite(w.r.loss));
			for (size_t i = 0; i < N * DIM; i++)
				CHECK(isfinite(w.dy[i]));
			/* equal distances pull at nothing (the cosine's gradient is 0 but for
			 * rounding) */
			if (w.o.distance == SN_EUCLIDEAN || zero)
				for (size_t i = 0; i < N * DIM; i++)
					CHECK_NEAR((double)w.dy[i], 0, 1e-6);
		}
}

static void not_a_number_anywhere(void)
{
	for (size_t k = 0; k < OBJECTIVES; k++) {
		struct whole w;
		fill(&w, &objectives[k], 1);
		w.y[5] = NAN;
		CHECK(measure(&w) == SN_ENAN);
	}
}

/* Only positives, only negatives, one pair, none. */
static void one_kind(void)
{
	for (size_t k = 0; k < OBJECTIVES; k++)
		for (int kind = 0; kind < 2; kind++) {
			struct whole w;
			bool wants_both = objectives[k].loss == SN_LOSS_TRIPLET;
			bool wants_same = objectives[k].loss == SN_LOSS_NT_XENT ||
					  objectives[k].loss == SN_LOSS_SUPCON;
			fill(&w, &objectives[k], 2);
			for (size_t i = 0; i < w.b.pairs; i++)
				w.pair[i].same = kind ? SN_SAME : SN_DIFFERENT;
			MUST(measure(&w));
			CHECK(isfinite(w.r.loss));
			CHECK((w.r.terms == 0) == (wants_both || (wants_same && !kind)));
			if (wants_both || objectives[k].loss == SN_LOSS_MULTI_SIMILARITY ||
			    (wants_same && !kind)) {
				CHECK(w.r.loss == 0);
				for (size_t i = 0; i < N * DIM; i++)
					CHECK(w.dy[i] == 0);
			}
			w.b.pairs = 0;
			MUST(measure(&w));
			CHECK(w.r.loss == 0 && w.r.terms == 0);
		}
}

/* A pair said twice, or the other way round, is one for the losses that look at partners. */
static void said_twice(void)
{
	for (size_t k = 0; k < OBJECTIVES; k++) {
		struct whole once, twice;
		if (sn_loss_is_sum(objectives[k].loss))
			continue;
		fill(&once, &objectives[k], 3);
		once.b.pairs = PAIRS / 2;
		fill(&twice, &objectives[k], 3);
		twice.b.pairs = PAIRS / 2 + 5;
		for (size_t i = 0; i < 5; i++) {
			struct sn_index_pair *p = &twice.pair[PAIRS / 2 + i];
			*p = twice.pair[i];
			p->a = twice.pair[i].b;
			p->b = twice.pair[i].a;
		}
		MUST(measure(&once));
		MUST(measure(&twice));
		CHECK(once.r.loss == twice.r.loss && once.r.terms == twice.r.terms);
		CHECK(memcmp(once.dy, twice.dy, sizeof once.dy) == 0);
		twice.pair[PAIRS / 2].same = !twice.pair[PAIRS / 2].same;
		CHECK(measure(&twice) == SN_EDATA);
		twice.pair[PAIRS / 2] = twice.pair[0];
		twice.pair[PAIRS / 2].b = twice.pair[0].a;
		CHECK(measure(&twice) == SN_EDATA);
	}
}

/* Two negatives equally far: the first one counts, to the bit. */
static void ties(void)
{
	struct sn_objective o = { .loss = SN_LOSS_TRIPLET, .mining = SN_BATCH_HARD, .margin = 2 };
	struct whole w;

	fill(&w, &o, 1);
	/* 0 and 1 are the same, 2 and 3 at distance 1 from 0 */
	memset(w.y, 0, sizeof w.y);
	w.y[1 * DIM] = 3;
	w.y[2 * DIM + 1] = 1;
	w.y[3 * DIM + 2] = 1;
	w.pair[0] = (struct sn_index_pair){ 0, 3, SN_DIFFERENT, SN_NONE, SN_NONE };
	w.pair[1] = (struct sn_index_pair){ 0, 2, SN_DIFFERENT, SN_NONE, SN_NONE };
	w.pair[2] = (struct sn_index_pair){ 0, 1, SN_SAME, SN_NONE, SN_NONE };
	w.b.pairs = 3;
	MUST(measure(&w));
	/* 0 is the only anchor with both: 3 - 1 + 2 */
	CHECK(w.r.terms == 1 && w.r.loss == 4);
	CHECK(w.dy[1 * DIM] == 1 && w.dy[0] == -1);
	CHECK(w.dy[2 * DIM + 1] == -1 && w.dy[3 * DIM + 2] == 0 && w.dy[1] == 1);
}

static void cross_entropy_at_its_ends(void)
{
	struct sn_objective o = { .loss = SN_LOSS_CROSS_ENTROPY, .distance = SN_WEIGHTED_L1 };
	double slope;

	CHECK_NEAR(sn_loss_pair(&slope, &o, 0.5f, true), log(2), 1e-15);
	CHECK_NEAR(slope, 2, 1e-15);
	CHECK_NEAR(sn_loss_pair(&slope, &o, 0.25f, false), log(4), 1e-15);
	CHECK_NEAR(slope, -4, 1e-15);
	CHECK(sn_loss_pair(NULL, &o, 0, true) == 0);
	CHECK(sn_loss_pair(NULL, &o, 1, false) == 0);
	CHECK_NEAR(sn_loss_pair(NULL, &o, 1, true), 25 * log(2), 1e-12);
	CHECK_NEAR(sn_loss_pair(NULL, &o, 0, false), 149 * log(2), 1e-12);
	CHECK(isnan(sn_loss_pair(NULL, &o, NAN, true)) &&
	      isnan(sn_loss_pair(NULL, &o, NAN, false)));
}

static void forms_by_hand(void)
{
	struct sn_objective o = { .margin = 1, .form = SN_CONTRASTIVE_CAFFE };
	double slope;

	CHECK(sn_loss_pair(&slope, &o, 0.5f, false) == 0.125);
	CHECK_NEAR(slope, -0.5 * 0.5 / 0.5001, 1e-15);
	o.form = SN_CONTRASTIVE_CAFFE_LEGACY;
	CHECK(sn_loss_pair(&slope, &o, 0.5f, false) == 0.375 && slope == -0.5);
	CHECK(sn_loss_pair(&slope, &o, 1, false) == 0 && slope == 0);
	o.form = SN_CONTRASTIVE_KERAS;
	CHECK(sn_loss_pair(&slope, &o, 0.5f, true) == 0.25 && slope == 1);
	CHECK_NEAR(sn_loss_pair(&slope, &o, 0, true), 1e-7, 1e-20);
	CHECK(slope == 0);
	o.form = SN_CONTRASTIVE_PML;
	o.distance = SN_COSINE; /* d = sqrt(2C) */
	CHECK(sn_loss_pair(&slope, &o, 0.125f, true) == 0.5 && slope == 2);
	CHECK(sn_loss_pair(&slope, &o, 0.125f, false) == 0.5 && slope == -2);
	CHECK(sn_loss_pair(&slope, &o, 0, false) == 1 && slope == 0);
	o.form = SN_CONTRASTIVE_DLIB;
	o.margin = 0.04;
	CHECK_NEAR(sn_loss_pair(&slope, &o, 0.75f, true), 0.75 - 0.56, 1e-15);
	CHECK(slope == 1);
	CHECK_NEAR(sn_loss_pair(&slope, &o, 0.5f, false), 0.14, 1e-15);
	CHECK(slope == -1);
	for (unsigned f = 0; sn_contrastive_forms[f]; f++) {
		o.form = (enum sn_contrastive_form)f;
		CHECK(isnan(sn_loss_pair(&slope, &o, NAN, true)));
		CHECK(isnan(sn_loss_pair(&slope, &o, NAN, false)));
	}
}

int main(void)
{
	by_hand();
	not_a_number();
	slope();
	through_the_distance();
	forms_by_hand();
	cross_entropy_at_its_ends();
	along_random_directions();
	all_in_one_point();
	not_a_number_anywhere();
	one_kind();
	said_twice();
	ties();
	return TEST_END();
}
