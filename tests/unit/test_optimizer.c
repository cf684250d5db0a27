/* optimizer - steps by hand, and the same weights by a plain loop in double */
#include <sn/optimizer.h>
#include <sn/random.h>
#include "../golden/optimizers.h"
#include "test.h"

static const float gradient[3] = { 0.5f, -0.2f, 0.3f };

/* One weight from 1 by three gradients; the numbers are those of the definitions in double. */
static void sgd_by_hand(void)
{
	const double wanted[3] = { 0.949, 0.922151, 0.867064749 };
	float w = 1, v = 0;

	for (int t = 0; t < 3; t++) {
		CHECK(sn_sgd(&w, &v, &gradient[t], 1, 0.1, 0.9, 0.01, false));
		CHECK_NEAR(w, wanted[t], 2e-7);
	}
}

static void sgd_without_momentum(void)
{
	float w[2] = { 1, -1 }, v[2] = { 0, 0 }, g[2] = { 2, 4 };

	CHECK(sn_sgd(w, v, g, 2, 0.5, 0, 0, false));
	CHECK(w[0] == 0 && w[1] == -3);
}

static void adam_by_hand(void)
{
	static const double wanted[2][3] = {
		{ 0.900000002, 0.8654394181165108, 0.8109953836811554 },
		{ 0.9000000019607843, 0.8633641380701821, 0.8072125541848459 }
	};

	for (int decay = 0; decay < 2; decay++) {
		float w = 1, m = 0, v = 0;
		for (uint64_t t = 1; t <= 3; t++) {
			CHECK(sn_adam(&w, &m, &v, &gradient[t - 1], 1, 0.1, 0.9, decay ? 0.01 : 0,
				      t));
			CHECK_NEAR(w, wanted[decay][t - 1], 5e-7);
		}
	}
}

/* Many weights at once are each what one alone is, and near the same in double after many steps. */
static void adam_against_double(void)
{
	enum { N = 37, STEPS = 200 };
	float w[N], m[N] = { 0 }, v[N] = { 0 }, g[N];
	double w2[N], m2[N] = { 0 }, v2[N] = { 0 };
	struct sn_random r = sn_random(7, SN_RANDOM_TEST, 0, 0);

	for (int i = 0; i < N; i++)
		w2[i] = w[i] = (float)sn_random_normal(&r);
	for (uint64_t t = 1; t <= STEPS; t++) {
		for (int i = 0; i < N; i++)
			g[i] = (float)sn_random_normal(&r);
		CHECK(sn_adam(w, m, v, g, N, 0.01, 0.9, 0, t));
		for (int i = 0; i < N; i++) {
			m2[i] = 0.9 * m2[i] + 0.1 * g[i];
			v2[i] = 0.999 * v2[i] + 0.001 * g[i] * g[i];
			w2[i] -= 0.01 * (m2[i] / (1 - pow(0.9, (double)t))) /
				 (sqrt(v2[i] / (1 - pow(0.999, (double)t))) + 1e-8);
		}
	}
	for (int i = 0; i < N; i++)
		CHECK_NEAR(w[i], w2[i], 2e-5);
}

/* From 1 by gradient 0.5: s = 0.01 0.25, so that sqrt(s) is 0.05 and the step ten times the rate.
 */
static void rmsprop_by_hand(void)
{
	float w = 1, s = 0, v = 0, g = 0.5f;

	CHECK(sn_rmsprop(&w, &s, &v, &g, 1, 0.01, 0, 0));
	CHECK_NEAR(w, 0.9, 1e-6);
	CHECK_NEAR(s, 0.0025, 1e-9);
}

static bool golden_step(const struct golden *g, float *w, float *a, float *b, uint64_t t)
{
	const float *gradient = golden_gradient[t - 1];

	if (strcmp(g->kind, "sgd") == 0)
		return sn_sgd(w, a, gradient, GOLDEN_N, g->rate, g->momentum, g->decay,
			      g->nesterov);
	if (strcmp(g->kind, "adam") == 0)
		return sn_adam(w, a, b, gradient, GOLDEN_N, g->rate, g->momentum, g->decay, t);
	if (strcmp(g->kind, "adamw") == 0)
		return sn_adamw(w, a, b, gradient, GOLDEN_N, g->rate, g->momentum, g->decay, t);
	return sn_rmsprop(w, a, b, gradient, GOLDEN_N, g->rate, g->momentum, g->decay);
}

static void against_pytorch(enum sn_optimizer kind)
{
	unsigned seen = 0;

	for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
		const struct golden *g = &golden[i];
		float w[GOLDEN_N], a[GOLDEN_N] = { 0 }, b[GOLDEN_N] = { 0 };
		if (strcmp(g->kind, sn_optimizer_names[kind]) != 0)
			continue;
		seen++;
		memcpy(w, golden_start, sizeof w);
		for (uint64_t t = 1; t <= GOLDEN_STEPS; t++)
			CHECK(golden_step(g, w, a, b, t));
		for (int j = 0; j < GOLDEN_N; j++)
			CHECK_NEAR(w[j], g->weight[j], 2e-6);
	}
	CHECK(seen >= 2);
}

/* A gradient of norm 5 under a clip of 1 moves the weights a fifth as far; one under it, as it is.
 */
static void clipped(void)
{
	for (int k = 0; k < 2; k++) {
		const struct sn_update_options options = { .kind = SN_SGD, .clip = k ? 1 : 10 };
		struct sn_net *net;
		struct sn_update *u;
		struct sn_param *p;
		MUST(sn_net_parse(&net, "input 2x1x1\nflatten\nlinear 1\n"));
		MUST(sn_update_new(&u, net, &options));
		p = sn_net_param(net, 0);
		memset(p->value, 0, p->count * sizeof *p->value);
		memset(sn_net_param(net, 1)->value, 0, sizeof(float));
		p->grad[0] = 3;
		p->grad[1] = 4;
		memset(sn_net_param(net, 1)->grad, 0, sizeof(float));
		MUST(sn_update_step(u, 1, NULL));
		CHECK_NEAR(p->value[0], k ? -0.6 : -3, 1e-6);
		CHECK_NEAR(p->value[1], k ? -0.8 : -4, 1e-6);
		sn_update_free(u);
		sn_net_free(net);
	}
}

static void not_finite(void)
{
	const float bad[2] = { NAN, INFINITY };

	for (int i = 0; i < 4; i++) {
		float w[3] = { 1, 2, 3 }, m[3] = { 0 }, v[3] = { 0 }, g[3] = { 0, bad[i % 2], 0 };
		CHECK(!(i < 2 ? sn_sgd(w, v, g, 3, 0.1, 0.9, 0, false)
			      : sn_adam(w, m, v, g, 3, 0.1, 0.9, 0, 1)));
		CHECK(w[0] == 1 && w[2] == 3);
	}
}

static const char net_text[] = "input 6x6x1\nconv 4 size=3\nflatten\nlinear 5\n";

/* A network's parameters move each by its own gradient; decay leaves biases alone; any pool gives
 * the same bytes. */
static void whole_network(enum sn_optimizer kind, double clip)
{
	const struct sn_update_options options = {
		.kind = kind, .momentum = 0.9, .decay = 0.1, .clip = clip
	};
	struct sn_net *net[2], *fresh;
	struct sn_pool *pool[2];
	struct sn_update *u[2];

	MUST(sn_net_parse(&fresh, net_text));
	MUST(sn_net_init(fresh, 3));
	for (unsigned k = 0; k < 2; k++) {
		MUST(sn_net_parse(&net[k], net_text));
		MUST(sn_net_init(net[k], 3));
		MUST(sn_pool_new(&pool[k], k ? 3 : 1));
		MUST(sn_update_new(&u[k], net[k], &options));
		for (int t = 0; t < 3; t++) {
			for (size_t i = 0; i < sn_net_params(net[k]); i++) {
				struct sn_param *p = sn_net_param(net[k], i);
				for (size_t j = 0; p->grad && j < p->count; j++)
					p->grad[j] = (float)((i + j) % 7) - 3;
			}
			MUST(sn_update_step(u[k], 0.01, pool[k]));
		}
	}
	for (size_t i = 0; i < sn_net_params(net[0]); i++) {
		struct sn_param *p = sn_net_param(net[0], i);
		CHECK(memcmp(p->value, sn_net_param(net[1], i)->value, p->count * sizeof(float)) ==
		      0);
		/* a bias whose gradient is 0 stays as it was */
		for (size_t j = 0; !p->decay && p->grad && j < p->count; j++)
			if (p->grad[j] == 0)
				CHECK(p->value[j] == sn_net_param(fresh, i)->value[j]);
	}
	sn_net_param(net[0], 0)->grad[1] = NAN;
	CHECK(sn_update_step(u[0], 0.01, pool[0]) == SN_ENAN);
	CHECK(strstr(sn_message(), sn_net_param(net[0], 0)->name) != NULL);
	for (unsigned k = 0; k < 2; k++) {
		sn_update_free(u[k]);
		sn_pool_free(pool[k]);
		sn_net_free(net[k]);
	}
	sn_net_free(fresh);
}

/* A convolution, a wide layer and a small one. */
static const char wide_text[] = "input 20x20x1\nconv 4 size=3\nflatten\nlinear 128\nlinear 3\n";

/* Steps on the way back are those after it, to the last bit, by any number of threads. */
static void descends(enum sn_optimizer kind, double clip)
{
	enum { N = 70, STEPS = 3 };
	const struct sn_update_options options = {
		.kind = kind, .momentum = 0.9, .decay = 0.1, .clip = clip
	};
	static float x[N * 400], y[N * 3], dy[N * 3];
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, 0, 0);
	struct sn_net *net[3];
	uint64_t item[N] = { 0 };

	for (size_t i = 0; i < sizeof x / sizeof *x; i++)
		x[i] = (float)sn_random_unit(&r);
	for (size_t i = 0; i < sizeof dy / sizeof *dy; i++)
		dy[i] = (float)sn_random_unit(&r) - 0.5f;
	for (unsigned k = 0; k < 3; k++) {
		struct sn_pool *pool;
		struct sn_tape *tape;
		struct sn_update *u;
		MUST(sn_net_parse(&net[k], wide_text));
		MUST(sn_net_init(net[k], 3));
		MUST(sn_pool_new(&pool, k == 2 ? 3 : 1));
		MUST(sn_tape_new(&tape, net[k], pool, N));
		MUST(sn_update_new(&u, net[k], &options));
		for (uint64_t t = 0; t < STEPS; t++) {
			MUST(sn_tape_forward(tape, x, N, item, 1, t, y));
			if (k == 0) {
				MUST(sn_tape_backward(tape, dy, NULL));
				MUST(sn_update_step(u, 0.01, pool));
			} else {
				MUST(sn_update_descend(u, tape, dy, 0.01, pool));
			}
		}
		CHECK(*sn_update_steps(u) == STEPS);
		MUST(sn_tape_forward(tape, x, N, item, 1, STEPS, y));
		float good = dy[1];
		dy[1] = NAN;
		CHECK(sn_update_descend(u, tape, dy, 0.01, pool) == SN_ENAN);
		dy[1] = good;
		sn_update_free(u);
		sn_tape_free(tape);
		sn_pool_free(pool);
	}
	for (size_t i = 0; i < sn_net_params(net[0]); i++) {
		const struct sn_param *p = sn_net_param(net[0], i);
		CHECK(p->wide == (i == 2));
		for (unsigned k = 1; k < 3; k++)
			CHECK(memcmp(p->value, sn_net_param(net[k], i)->value,
				     p->count * sizeof(float)) == 0);
	}
	for (unsigned k = 0; k < 3; k++)
		sn_net_free(net[k]);
}

/* A wide weight that is no longer finite is named. */
static void descent_not_finite(void)
{
	const struct sn_update_options options = { .kind = SN_SGD };
	static float x[400], y[3];
	const float dy[3] = { 1, 1, 1 };
	const uint64_t item = 0;
	struct sn_net *net;
	struct sn_tape *tape;
	struct sn_update *u;

	MUST(sn_net_parse(&net, wide_text));
	MUST(sn_net_init(net, 3));
	MUST(sn_tape_new(&tape, net, NULL, 1));
	MUST(sn_update_new(&u, net, &options));
	for (size_t i = 0; i < 400; i++)
		x[i] = 1;
	MUST(sn_tape_forward(tape, x, 1, &item, 1, 0, y));
	CHECK(sn_update_descend(u, tape, dy, 1e39, NULL) == SN_ENAN);
	CHECK(strstr(sn_message(), sn_net_param(net, 2)->name) != NULL);
	sn_update_free(u);
	sn_tape_free(tape);
	sn_net_free(net);
}

int main(void)
{
	sgd_by_hand();
	sgd_without_momentum();
	adam_by_hand();
	adam_against_double();
	not_finite();
	for (enum sn_optimizer kind = SN_SGD; kind <= SN_RMSPROP; kind++) {
		against_pytorch(kind);
		whole_network(kind, 0);
		whole_network(kind, 1);
		descends(kind, 0);
		descends(kind, 1);
	}
	rmsprop_by_hand();
	clipped();
	descent_not_finite();
	return TEST_END();
}
