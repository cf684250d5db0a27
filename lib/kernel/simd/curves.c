/*
 * curves - sigmoid and tanh, from an exponential: x = n ln 2 + r, exp(r) a polynomial (Cephes,
 * Moshier 1992) for |r| <= ln 2 / 2, n added to the exponent.
 */
#include <math.h>
#include "channels.h"
#include "../sweeps.h"

void SN_NAME(sn_sigmoid)(const float *x, size_t n, float *y);
void SN_NAME(sn_sigmoid_back)(const float *y, const float *dy, size_t n, float *dx);
void SN_NAME(sn_tanh)(const float *x, size_t n, float *y);
void SN_NAME(sn_tanh_back)(const float *y, const float *dy, size_t n, float *dx);

/* The lesser of x and most; NaN stays. */
INLINE vector at_most(vector x, float most)
{
	return chosen(x > most, broadcast(most), x);
}

/* -87 <= x <= 88, or NaN */
INLINE vector exponential(vector x)
{
	const vector magic = broadcast(0x1.8p23F); /* adding it rounds to whole numbers */
	vector n = x * 0x1.715476p+0F + magic;
	mask power = (mask)n << 23;
	n -= magic;
	vector r = x - n * 0x1.63p-1F - n * -0x1.bd0106p-13F, p = broadcast(1.9875691500e-4F);
	p = p * r + 1.3981999507e-3F;
	p = p * r + 8.3334519073e-3F;
	p = p * r + 4.1665795894e-2F;
	p = p * r + 1.6666665459e-1F;
	p = p * r + 5.0000001201e-1F;
	p = p * (r * r) + r + 1;
	return (vector)((mask)p + power);
}

/* y, or x where it is NaN. */
INLINE vector unless_nan(vector x, vector y)
{
	return chosen(x <= INFINITY, y, x);
}

INLINE vector sigmoid(vector x)
{
	vector z = at_most(-x, 87);
	z = chosen(z < -87, broadcast(-87), z);
	return unless_nan(x, 1 / (1 + exponential(z)));
}

INLINE vector hyperbolic(vector x)
{
	const mask sign = (mask)x & INT32_MIN;
	vector a = (vector)((mask)x ^ sign), s = x * x, p = broadcast(-5.70498872745e-3F);
	p = p * s + 2.06390887954e-2F;
	p = p * s - 5.37397155531e-2F;
	p = p * s + 1.33314422036e-1F;
	p = p * s - 3.33332819422e-1F;
	vector small = p * s * a + a;
	vector large = 1 - 2 / (exponential(at_most(2 * a, 87)) + 1);
	vector y = chosen(a < 0.625F, small, large);
	return unless_nan(x, (vector)((mask)y | sign));
}

INLINE void curve(const float *x, size_t n, float *y, const int hyperbole)
{
	size_t i = 0;
	for (vector v; i + SN_LANES <= n; i += SN_LANES)
		v = at(x + i), put(y + i, hyperbole ? hyperbolic(v) : sigmoid(v));
	if (i < n) {
		vector v;
		load(&v, x + i, n - i, 1, 0);
		v = hyperbole ? hyperbolic(v) : sigmoid(v);
		store(y + i, &v, n - i, 1);
	}
}

void SN_NAME(sn_sigmoid)(const float *x, size_t n, float *y)
{
	curve(x, n, y, 0);
}

void SN_NAME(sn_tanh)(const float *x, size_t n, float *y)
{
	curve(x, n, y, 1);
}

void SN_NAME(sn_sigmoid_back)(const float *restrict y, const float *restrict dy, size_t n,
			      float *restrict dx)
{
	for (size_t i = 0; i < n; i++)
		dx[i] = dy[i] * (y[i] * (1 - y[i]));
}

void SN_NAME(sn_tanh_back)(const float *restrict y, const float *restrict dy, size_t n,
			   float *restrict dx)
{
	for (size_t i = 0; i < n; i++)
		dx[i] = dy[i] * (1 - y[i] * y[i]);
}
