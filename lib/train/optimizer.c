/* optimizer - SGD, Adam, AdamW and RMSprop over all parameters of a network */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sn/memory.h>
#include <sn/optimizer.h>
#include <sn/rules.h>
#include "../kernel/sweeps.h"

/* Weights handed to a thread at a time; each moves on its own, so any number gives the same bytes.
 */
#define PIECE 16384
#define BETA2 0.999
#define ALPHA 0.99
#define EPSILON 1e-8f

const char *const sn_optimizer_names[] = { "sgd", "adam", "adamw", "rmsprop", NULL };

bool sn_sgd(float *w, float *v, const float *g, size_t n, double rate, double momentum,
	    double decay, bool nesterov)
{
	return sn_sweeps()->sgd(w, v, g, n, (float)rate, (float)momentum, (float)decay, nesterov);
}

/* decay is the gradient's share of it, keep what decoupled decay leaves of a weight. */
static bool adam(float *w, float *m, float *v, const float *g, size_t n, double rate, double beta1,
		 uint64_t t, double decay, double keep)
{
	const struct sn_adam a = { .beta1 = (float)beta1,
				   .rest1 = (float)(1 - beta1),
				   .beta2 = (float)BETA2,
				   .rest2 = (float)(1 - BETA2),
				   .step = (float)(rate / (1 - pow(beta1, (double)t))),
				   .scale = (float)(1 / sqrt(1 - pow(BETA2, (double)t))),
				   .epsilon = EPSILON,
				   .decay = (float)decay,
				   .keep = (float)keep };

	return sn_sweeps()->adam(&a, w, m, v, g, n);
}

bool sn_adam(float *w, float *m, float *v, const float *g, size_t n, double rate, double beta1,
	     double decay, uint64_t t)
{
	return adam(w, m, v, g, n, rate, beta1, t, decay, 1);
}

bool sn_adamw(float *w, float *m, float *v, const float *g, size_t n, double rate, double beta1,
	      double decay, uint64_t t)
{
	return adam(w, m, v, g, n, rate, beta1, t, 0, 1 - rate * decay);
}

bool sn_rmsprop(float *w, float *s, float *v, const float *g, size_t n, double rate,
		double momentum, double decay)
{
	return sn_sweeps()->rmsprop(w, s, v, g, n, (float)rate, (float)momentum, (float)decay,
				    (float)ALPHA, (float)(1 - ALPHA), EPSILON);
}

struct piece {
	size_t param, from, n;
};

struct sn_update {
	struct sn_net *net;
	struct sn_update_options options;
	uint64_t steps;
	size_t params;
	float **first, **second;     /* [params], NULL for buffers; second: not SGD's */
	struct sn_update_rule *rule; /* [params] */
	struct piece *piece;
	size_t pieces;
	double *square;			      /* [pieces] of the gradient's norm */
	double rate, scale;		      /* of the step under way, and of its gradients */
	bool descends;			      /* it has moved the wide parameters */
	_Atomic(const struct sn_param *) bad; /* one that is no longer finite */
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
	free(u->rule);
	free(u->piece);
	free(u->square);
	free(u);
}

int sn_update_new(struct sn_update **update, struct sn_net *net,
		  const struct sn_update_options *options)
{
	struct sn_update *u = sn_alloc(1, sizeof *u);
	size_t capacity = 0;

	if (!u)
		return SN_ENOMEM;
	u->net = net;
	u->options = *options;
	u->scale = 1;
	u->params = sn_net_params(net);
	u->first = sn_alloc(u->params, sizeof *u->first);
	u->second = sn_alloc(u->params, sizeof *u->second);
	u->rule = sn_alloc(u->params, sizeof *u->rule);
	if (!u->first || !u->second || !u->rule)
		goto memory;
	for (size_t i = 0; i < u->params; i++) {
		const struct sn_param *p = sn_net_param(net, i);
		if (!p->grad)
			continue;
		u->rule[i] = sn_rules_of(options->rules, p, options);
		if (!(u->first[i] = sn_alloc(p->count, sizeof(float))))
			goto memory;
		if (options->kind != SN_SGD && !(u->second[i] = sn_alloc(p->count, sizeof(float))))
			goto memory;
		for (size_t from = 0; from < p->count; from += PIECE) {
			size_t n = p->count - from < PIECE ? p->count - from : PIECE;
			if (sn_grow(&u->piece, &capacity, u->pieces + 1, sizeof *u->piece) < 0)
				goto memory;
			u->piece[u->pieces++] = (struct piece){ i, from, n };
		}
	}
	if (options->clip > 0 && !(u->square = sn_alloc(u->pieces, sizeof *u->square)))
		goto memory;
	*update = u;
	return 0;
memory:
	sn_update_free(u);
	return SN_ENOMEM;
}

/* g: of the piece. */
static bool move(const struct sn_update *u, const struct piece *piece, const float *g)
{
	const struct sn_param *p = sn_net_param(u->net, piece->param);
	const struct sn_update_options *o = &u->options;
	const struct sn_update_rule *rule = &u->rule[piece->param];
	const double rate = u->rate * rule->rate;
	float *w = p->value + piece->from, *first = u->first[piece->param] + piece->from;
	float *second = o->kind == SN_SGD ? NULL : u->second[piece->param] + piece->from;

	switch (o->kind) {
	case SN_SGD:
		return sn_sgd(w, first, g, piece->n, rate, rule->momentum, rule->decay,
			      o->nesterov);
	case SN_ADAM:
		return sn_adam(w, first, second, g, piece->n, rate, rule->momentum, rule->decay,
			       u->steps);
	case SN_ADAMW:
		return sn_adamw(w, first, second, g, piece->n, rate, rule->momentum, rule->decay,
				u->steps);
	case SN_RMSPROP:
		return sn_rmsprop(w, first, second, g, piece->n, rate, rule->momentum, rule->decay);
	}
	return false;
}

static int fail(const struct sn_param *p)
{
	return sn_fail(SN_ENAN, "'%s' is no longer finite", p->name);
}

static int update_piece(void *context, size_t index, unsigned thread)
{
	struct sn_update *u = context;
	const struct piece *piece = &u->piece[index];
	const struct sn_param *p = sn_net_param(u->net, piece->param);

	(void)thread;
	if (u->descends && p->wide)
		return 0;
	if (u->scale < 1)
		sn_sweeps()->scale(p->grad + piece->from, piece->n, (float)u->scale);
	return move(u, piece, p->grad + piece->from) ? 0 : fail(p);
}

static int square_piece(void *context, size_t index, unsigned thread)
{
	struct sn_update *u = context;
	const struct piece *piece = &u->piece[index];
	const float *g = sn_net_param(u->net, piece->param)->grad + piece->from;

	(void)thread;
	u->square[index] = sn_sweeps()->square(g, piece->n);
	return 0;
}

/* The squares are added piece by piece in order, whoever summed them. */
static int find_scale(struct sn_update *u, struct sn_pool *pool)
{
	double sum = 0;
	int st;

	if (!u->square)
		return 0;
	if ((st = sn_pool_run(pool, u->pieces, square_piece, u)) < 0)
		return st;
	for (size_t i = 0; i < u->pieces; i++)
		sum += u->square[i];
	u->scale = fmin(1, u->options.clip / (sqrt(sum) + 1e-6));
	return 0;
}

int sn_update_step(struct sn_update *u, double rate, struct sn_pool *pool)
{
	int st;

	u->rate = rate;
	u->steps++;
	u->descends = false;
	if ((st = find_scale(u, pool)) < 0 ||
	    (st = sn_pool_run(pool, u->pieces, update_piece, u)) < 0)
		return st;
	return sn_net_changed(u->net);
}

static void descent_move(void *context, size_t i, size_t from, size_t n, const float *g)
{
	struct sn_update *u = context;

	if (!move(u, &(struct piece){ i, from, n }, g))
		atomic_store(&u->bad, sn_net_param(u->net, i));
}

static void descent_ask(void *context, size_t i, size_t from, size_t n)
{
	enum { LINE = 64 / sizeof(float) };
	const struct sn_update *u = context;

	for (size_t k = from; k < from + n; k += LINE) {
		__builtin_prefetch(u->first[i] + k, 1, 2);
		if (u->second[i])
			__builtin_prefetch(u->second[i] + k, 1, 2);
	}
}

int sn_update_descend(struct sn_update *u, struct sn_tape *tape, const float *dy, double rate,
		      struct sn_pool *pool)
{
	const struct sn_descent descent = { descent_move, descent_ask, u };
	int st;

	if (u->square) {
		if ((st = sn_tape_backward(tape, dy, NULL)) < 0)
			return st;
		return sn_update_step(u, rate, pool);
	}
	u->rate = rate;
	u->steps++;
	u->descends = true;
	u->bad = NULL;
	if ((st = sn_tape_descend(tape, dy, &descent)) < 0)
		return st;
	if (u->bad)
		return fail(u->bad);
	if ((st = sn_pool_run(pool, u->pieces, update_piece, u)) < 0)
		return st;
	return sn_net_changed(u->net);
}

uint64_t *sn_update_steps(struct sn_update *u)
{
	return &u->steps;
}

float *sn_update_first(struct sn_update *u, size_t i)
{
	return u->first[i];
}

float *sn_update_second(struct sn_update *u, size_t i)
{
	return u->second[i];
}
