/* optimizer - from gradients to steps. */
#ifndef SN_OPTIMIZER_H
#define SN_OPTIMIZER_H

#include <sn/net.h>

enum sn_optimizer { SN_SGD, SN_ADAM };
extern const char *const sn_optimizer_names[]; /* "sgd", "adam", NULL */

/**
 * One step of gradient descent with momentum on n weights, element by element in float:
 *     v = momentum v + g + decay w,   w = w - rate v
 *   w  in/out  [n] weights          v  in/out  [n] velocity, 0 before the first step
 *   g  in      [n] dL/dw
 * Returns false where a new weight is not finite (all n are done all the same).  Thread-safe.
 */
bool sn_sgd(float *w, float *v, const float *g, size_t n, double rate, double momentum,
	    double decay);

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

/** What an optimiser remembers of a network's parameters between steps. */
struct sn_update;

/**
 * For the parameters of a network, which is borrowed.
 *   momentum  in  Adam: beta1
 *   decay     in  L2, on the parameters whose `decay` is set
 */
SN_MUST_CHECK int sn_update_new(struct sn_update **u, struct sn_net *net, enum sn_optimizer kind,
				double momentum, double decay);
void sn_update_free(struct sn_update *u); /* NULL is allowed */

/**
 * Move every parameter by its gradient and tell the network (sn_net_changed).  The same bytes for
 * any pool.
 * SN_ENAN names the parameter that is no longer finite.
 */
SN_MUST_CHECK int sn_update_step(struct sn_update *u, double rate, struct sn_pool *pool);

#endif
