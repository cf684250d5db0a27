/* optimizer - from gradients to steps: as PyTorch defines them. */
#ifndef SN_OPTIMIZER_H
#define SN_OPTIMIZER_H

#include <sn/net.h>

enum sn_optimizer { SN_SGD, SN_ADAM, SN_ADAMW, SN_RMSPROP };
extern const char *const sn_optimizer_names[]; /* "sgd", "adam", "adamw", "rmsprop", NULL */

/**
 * One step of gradient descent with momentum on n weights, element by element in float:
 *     h = g + decay w,   v = momentum v + h,   w = w - rate v
 * or, as Nesterov has it, w = w - rate (h + momentum v).
 *   w  in/out  [n] weights          v  in/out  [n] velocity, 0 before the first step
 *   g  in      [n] dL/dw
 * Returns false where a new weight is not finite (all n are done all the same).  Thread-safe.
 */
bool sn_sgd(float *w, float *v, const float *g, size_t n, double rate, double momentum,
	    double decay, bool nesterov);

/**
 * One step of Adam (Kingma, Ba 2015), beta2 = 0.999, eps = 1e-8, with bias correction:
 *     h = g + decay w,   m = beta1 m + (1-beta1) h,   v = beta2 v + (1-beta2) h^2
 *     w = w - rate m' / (sqrt(v') + eps),   m' = m / (1 - beta1^t),   v' = v / (1 - beta2^t)
 *   w  in/out  [n] weights          m, v  in/out  [n] moments, 0 before the first step
 *   g  in      [n] dL/dw            t     in      this step's number, from 1
 * Returns as sn_sgd does.  Thread-safe.
 */
bool sn_adam(float *w, float *m, float *v, const float *g, size_t n, double rate, double beta1,
	     double decay, uint64_t t);

/**
 * The same where decay is none of the gradient's (Loshchilov, Hutter 2019):
 *     w = w - rate decay w first,   h = g
 */
bool sn_adamw(float *w, float *m, float *v, const float *g, size_t n, double rate, double beta1,
	      double decay, uint64_t t);

/**
 * One step of RMSprop (Hinton 2012), alpha = 0.99, eps = 1e-8:
 *     h = g + decay w,   s = alpha s + (1-alpha) h^2
 *     v = momentum v + h / (sqrt(s) + eps),   w = w - rate v
 *   s, v  in/out  [n] 0 before the first step
 * Returns as sn_sgd does.  Thread-safe.
 */
bool sn_rmsprop(float *w, float *s, float *v, const float *g, size_t n, double rate,
		double momentum, double decay);

/** How one parameter is moved. */
struct sn_update_rule {
	double rate; /* times that of the step */
	double momentum, decay;
};

struct sn_update_options {
	enum sn_optimizer kind;
	double momentum; /* Adam, AdamW: beta1 */
	double decay;	 /* on the parameters whose `decay` is set: never biases and norms */
	bool nesterov;	 /* SGD */
	double clip;	 /* the most that the norm of all gradients together may be; 0: any */
	const struct sn_rules *rules; /* of single parameters, see sn/rules.h; NULL: none */
};

/** What an optimiser remembers of a network's parameters between steps. */
struct sn_update;

/** For the parameters of a network, which is borrowed. */
SN_MUST_CHECK int sn_update_new(struct sn_update **u, struct sn_net *net,
				const struct sn_update_options *options);
void sn_update_free(struct sn_update *u); /* NULL is allowed */

/**
 * Move every parameter by its gradient and tell the network (sn_net_changed).  Where the gradients'
 * norm is over the clip they are scaled by clip / (norm + 1e-6) first.  The same bytes for any
 * pool.
 * SN_ENAN names the parameter that is no longer finite.
 */
SN_MUST_CHECK int sn_update_step(struct sn_update *u, double rate, struct sn_pool *pool);

/**
 * sn_tape_backward and sn_update_step together: the same bytes, but that with no clip wide
 * parameters have moved, in less time, before all gradients are known, and their p->grad is not
 * written.  Errors of both.
 */
SN_MUST_CHECK int sn_update_descend(struct sn_update *u, struct sn_tape *tape, const float *dy,
				    double rate, struct sn_pool *pool);

/** For a checkpoint: steps done, and what is remembered of parameter i; NULL where nothing is. */
uint64_t *sn_update_steps(struct sn_update *u);
float *sn_update_first(struct sn_update *u, size_t i);
float *sn_update_second(struct sn_update *u, size_t i);

#endif
