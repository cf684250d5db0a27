/* steps - an optimiser's, weight by weight: loops that compilers make vectors of. */
#include <math.h>
#include "vector.h"
#include "../sweeps.h"

bool SN_NAME(sn_finite)(const float *x, size_t n);
void SN_NAME(sn_scale)(float *x, size_t n, float scale);
double SN_NAME(sn_square)(const float *x, size_t n);
bool SN_NAME(sn_step_sgd)(float *w, float *v, const float *g, size_t n, float rate, float momentum,
			  float decay, bool nesterov);
bool SN_NAME(sn_step_adam)(const struct sn_adam *a, float *w, float *m, float *v, const float *g,
			   size_t n);
bool SN_NAME(sn_step_rmsprop)(float *w, float *s, float *v, const float *g, size_t n, float rate,
			      float momentum, float decay, float alpha, float rest, float epsilon);

/* 1 where x is infinite or no number.  Integers, since a sum of floats is one long chain. */
INLINE uint32_t is_bad(float x)
{
	uint32_t bits;
	memcpy(&bits, &x, sizeof bits);
	return (bits & 0x7f800000U) == 0x7f800000U;
}

bool SN_NAME(sn_finite)(const float *x, size_t n)
{
	uint32_t bad = 0;
	for (size_t i = 0; i < n; i++)
		bad |= is_bad(x[i]);
	return !bad;
}

void SN_NAME(sn_scale)(float *x, size_t n, float scale)
{
	for (size_t i = 0; i < n; i++)
		x[i] *= scale;
}

double SN_NAME(sn_square)(const float *x, size_t n)
{
	enum { SUMS = 16 };
	double sum[SUMS] = { 0 };
	size_t i = 0;
	for (; i + SUMS <= n; i += SUMS)
		for (size_t k = 0; k < SUMS; k++) {
			double v = x[i + k];
			sum[k] += v * v; /* exact, with or without rounding the product */
		}
	for (size_t k = 0; i < n; i++, k++)
		sum[k] += (double)x[i] * x[i];
	for (size_t half = SUMS / 2; half > 0; half /= 2)
		for (size_t k = 0; k < half; k++)
			sum[k] += sum[k + half];
	return sum[0];
}

INLINE bool sgd(float *restrict w, float *restrict v, const float *restrict g, size_t n, float rate,
		float momentum, float decay, const bool nesterov)
{
	uint32_t bad = 0;
	for (size_t i = 0; i < n; i++) {
		float h = g[i] + decay * w[i], u = momentum * v[i] + h;
		float next = w[i] - rate * (nesterov ? h + momentum * u : u);
		v[i] = u;
		w[i] = next;
		bad |= is_bad(next);
	}
	return !bad;
}

bool SN_NAME(sn_step_sgd)(float *w, float *v, const float *g, size_t n, float rate, float momentum,
			  float decay, bool nesterov)
{
	return nesterov ? sgd(w, v, g, n, rate, momentum, decay, true)
			: sgd(w, v, g, n, rate, momentum, decay, false);
}

bool SN_NAME(sn_step_adam)(const struct sn_adam *a, float *restrict w, float *restrict m,
			   float *restrict v, const float *restrict g, size_t n)
{
	const struct sn_adam s = *a;
	uint32_t bad = 0;
	for (size_t i = 0; i < n; i++) {
		float h = g[i] + s.decay * w[i];
		float first = s.beta1 * m[i] + s.rest1 * h;
		float second = s.beta2 * v[i] + s.rest2 * (h * h);
		float next = s.keep * w[i] - s.step * first / (sqrtf(second) * s.scale + s.epsilon);
		m[i] = first;
		v[i] = second;
		w[i] = next;
		bad |= is_bad(next);
	}
	return !bad;
}

bool SN_NAME(sn_step_rmsprop)(float *restrict w, float *restrict s, float *restrict v,
			      const float *restrict g, size_t n, float rate, float momentum,
			      float decay, float alpha, float rest, float epsilon)
{
	uint32_t bad = 0;
	for (size_t i = 0; i < n; i++) {
		float h = g[i] + decay * w[i];
		float square = alpha * s[i] + rest * (h * h);
		float u = momentum * v[i] + h / (sqrtf(square) + epsilon);
		float next = w[i] - rate * u;
		s[i] = square;
		v[i] = u;
		w[i] = next;
		bad |= is_bad(next);
	}
	return !bad;
}
