/* optimizer - gradient descent with momentum, and Adam, over all parameters of a network */
#include <math.h>
#include <stdlib.h>
#include <sn/memory.h>
#include <sn/optimizer.h>

/* Weights handed to a thread at a time; each moves on its own, so any number gives the same bytes.
 */
#define PIECE 16384
#define BETA2 0.999
#define EPSILON 1e-8f

const char *const sn_optimizer_names[] = { "sgd", "adam", NULL };

/*
 * 0 times a number is 0, times NaN or infinity NaN: one sum says whether all weights were finite,
 * without a branch.
 */
bool sn_sgd(float *w, float *v, const float *g, size_t n, double rate, double momentum,
	    double decay)
{
	const float r = (float)rate, mu = (float)momentum, l2 = (float)decay;
	float bad = 0;

	for (size_t i = 0; i < n; i++) {
		v[i] = mu * v[i] + (g[i] + l2 * w[i]);
		w[i] -= r * v[i];
		bad += 0.0f * w[i];
	}
	return bad == 0;
}

bool sn_adam(float *w, float *m, float *v, const float *g, size_t n, double rate, double beta1,
	     double decay, uint64_t t)
{
	const float b1 = (float)beta1, c1 = (float)(1 - beta1);
	const float b2 = (float)BETA2, c2 = (float)(1 - BETA2);
	const float step = (float)(rate / (1 - pow(beta1, (double)t)));
	const float scale = (float)(1 / sqrt(1 - pow(BETA2, (double)t)));
	const float l2 = (float)decay;
	float bad = 0;

	for (size_t i = 0; i < n; i++) {
		float h = g[i] + l2 * w[i];
		m[i] = b1 * m[i] + c1 * h;
		v[i] = b2 * v[i] + c2 * (h * h);
		w[i] -= step * m[i] / (sqrtf(v[i]) * scale + EPSILON);
		bad += 0.0f * w[i];
	}
	return bad == 0;
}

struct piece {
	size_t param, from, n;
};

struct sn_update {
	struct sn_net *net;
	enum sn_optimizer kind;
	double momentum, decay;
	uint64_t steps;
	size_t params;
	float **first, **second; /* [params], NULL for buffers; second: Adam only */
	struct piece *piece;
	size_t pieces;
	double rate; /* of the step under way */
};

void sn_update_free(struct sn_update *u)
{
	if (!u)
		return;
	for (size_t i = 0; u->first && i < u->params; i++)
		free(u->first[i]);
	for (size_t i = 0; u->second && i < u->params; i++)
		free(u->second[i]);
	free(u->first);
	free(u->second);
	free(u->piece);
	free(u);
}

int sn_update_new(struct sn_update **update, struct sn_net *net, enum sn_optimizer kind,
		  double momentum, double decay)
{
	struct sn_update *u = sn_alloc(1, sizeof *u);
	size_t capacity = 0;

	if (!u)
		return SN_ENOMEM;
	u->net = net;
	u->kind = kind;
	u->momentum = momentum;
	u->decay = decay;
	u->params = sn_net_params(net);
	u->first = sn_alloc(u->params, sizeof *u->first);
	u->second = sn_alloc(u->params, sizeof *u->second);
	if (!u->first || !u->second)
		goto memory;
	for (size_t i = 0; i < u->params; i++) {
		const struct sn_param *p = sn_net_param(net, i);
		if (!p->grad)
			continue;
		if (!(u->first[i] = sn_alloc(p->count, sizeof(float))))
			goto memory;
		if (kind == SN_ADAM && !(u->second[i] = sn_alloc(p->count, sizeof(float))))
			goto memory;
		for (size_t from = 0; from < p->count; from += PIECE) {
			size_t n = p->count - from < PIECE ? p->count - from : PIECE;
			if (sn_grow(&u->piece, &capacity, u->pieces + 1, sizeof *u->piece) < 0)
				goto memory;
			u->piece[u->pieces++] = (struct piece){ i, from, n };
		}
	}
	*update = u;
	return 0;
memory:
	sn_update_free(u);
	return SN_ENOMEM;
}

static int update_piece(void *context, size_t index, unsigned thread)
{
	struct sn_update *u = context;
	const struct piece *piece = &u->piece[index];
	const struct sn_param *p = sn_net_param(u->net, piece->param);
	double decay = p->decay ? u->decay : 0;
	float *w = p->value + piece->from, *first = u->first[piece->param] + piece->from;
	const float *g = p->grad + piece->from;
	bool finite;

	(void)thread;
	if (u->kind == SN_SGD)
		finite = sn_sgd(w, first, g, piece->n, u->rate, u->momentum, decay);
	else
		finite = sn_adam(w, first, u->second[piece->param] + piece->from, g, piece->n,
				 u->rate, u->momentum, decay, u->steps);
	if (!finite)
		return sn_fail(SN_ENAN, "'%s' is no longer finite", p->name);
	return 0;
}

int sn_update_step(struct sn_update *u, double rate, struct sn_pool *pool)
{
	int st;

	u->rate = rate;
	u->steps++;
	if ((st = sn_pool_run(pool, u->pieces, update_piece, u)) < 0)
		return st;
	return sn_net_changed(u->net);
}
