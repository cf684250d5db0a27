/*
 * dft - discrete Fourier transforms of constant size over vectors of channels, unrolled by the
 * compiler.
 *
 *     forward   X[k] = sum over j of x[j] e^(-2 pi i j k / n)
 *     inverse   the same with +, not divided by n
 *
 * A size is a product of two factors, n1 and n2.  Where they have no common divisor, their
 * transforms nest without twiddle factors (Good and Thomas): j = n2 j1 + n1 j2, k = k1 mod n1 =
 * k2 mod n2; else j = n2 j1 + j2, k = k1 + n1 k2 (Cooley and Tukey).  Factors are odd, where sums
 * and differences of opposite points halve the work, or 2, 4, 6, 8.
 *
 * The spectrum of a real line is a list: complex frequencies, one of each and its conjugate, and
 * the real ones, 0 and (n even) n / 2, apart.
 */
#ifndef SN_DFT_H
#define SN_DFT_H

#include "vector.h"

#ifdef __clang__
#define UNROLL_LINE _Pragma("clang loop unroll(full)")
#else
#define UNROLL_LINE _Pragma("GCC unroll 64")
#endif

struct cv {
	vector r, i;
};

/* An index, a factor: all are constants where these functions end up. */
#define MOST_FACTOR 13

INLINE vector cosine(const int t, const int n)
{
	return broadcast((float)__builtin_cos(6.283185307179586477 * (t % n) / n));
}

INLINE vector sine(const int t, const int n)
{
	return broadcast((float)__builtin_sin(6.283185307179586477 * (t % n) / n));
}

INLINE int coprime(const int a, const int b)
{
	return !((a % 2 == 0 && b % 2 == 0) || (a % 3 == 0 && b % 3 == 0) ||
		 (a % 5 == 0 && b % 5 == 0) || (a % 7 == 0 && b % 7 == 0));
}

/* k with k = k1 mod n1 = k2 mod n2 */
INLINE int remainders(const int k1, const int n1, const int k2, const int n2)
{
	int one = 0, two = 0; /* 1 mod n1 and 0 mod n2, and the other way round */
	UNROLL for (int t = 1; t <= MOST_FACTOR; t++)
	{
		one = t * n2 % n1 == 1 % n1 ? t * n2 : one;
		two = t * n1 % n2 == 1 % n2 ? t * n1 : two;
	}
	return (k1 * one + k2 * two) % (n1 * n2);
}

INLINE int index_in(const int j1, const int n1, const int j2, const int n2)
{
	return coprime(n1, n2) ? (n2 * j1 + n1 * j2) % (n1 * n2) : n2 * j1 + j2;
}

INLINE int index_out(const int k1, const int n1, const int k2, const int n2)
{
	return coprime(n1, n2) ? remainders(k1, n1, k2, n2) : k1 + n1 * k2;
}

/* x e^(-2 pi i t / n) */
INLINE struct cv twiddled(struct cv x, const int t, const int n)
{
	if (t % n == 0)
		return x;
	if (4 * t % n == 0 && 4 * t / n % 4 == 1)
		return (struct cv){ x.i, -x.r };
	if (4 * t % n == 0 && 4 * t / n % 4 == 2)
		return (struct cv){ -x.r, -x.i };
	if (4 * t % n == 0)
		return (struct cv){ -x.i, x.r };
	vector c = cosine(t, n), s = sine(t, n);
	return (struct cv){ x.r * c + x.i * s, x.i * c - x.r * s };
}

INLINE struct cv sum_of(struct cv a, struct cv b)
{
	return (struct cv){ a.r + b.r, a.i + b.i };
}

INLINE struct cv difference(struct cv a, struct cv b)
{
	return (struct cv){ a.r - b.r, a.i - b.i };
}

/* a - i b */
INLINE struct cv less_i(struct cv a, struct cv b)
{
	return (struct cv){ a.r + b.i, a.i - b.r };
}

/* a + i b */
INLINE struct cv plus_i(struct cv a, struct cv b)
{
	return (struct cv){ a.r - b.i, a.i + b.r };
}

/* ---- complex, in place ---------------------------------------------------------------- */

INLINE void odd_dft(struct cv *x, const int n)
{
	struct cv s[MOST_FACTOR / 2 + 1], d[MOST_FACTOR / 2 + 1], first = x[0], all = x[0];
	const int half = (n - 1) / 2;
	UNROLL for (int j = 1; j <= half; j++)
	{
		s[j] = sum_of(x[j], x[n - j]);
		d[j] = difference(x[j], x[n - j]);
		all = sum_of(all, s[j]);
	}
	x[0] = all;
	UNROLL for (int k = 1; k <= half; k++)
	{
		struct cv a = first, b;
		UNROLL for (int j = 1; j <= half; j++)
		{
			vector c = cosine(j * k, n), e = sine(j * k, n);
			a.r += s[j].r * c;
			a.i += s[j].i * c;
			b.r = j == 1 ? d[j].r * e : b.r + d[j].r * e;
			b.i = j == 1 ? d[j].i * e : b.i + d[j].i * e;
		}
		x[k] = less_i(a, b);
		x[n - k] = plus_i(a, b);
	}
}

INLINE void dft4(struct cv *x0, struct cv *x1, struct cv *x2, struct cv *x3)
{
	struct cv a = sum_of(*x0, *x2), b = difference(*x0, *x2), c = sum_of(*x1, *x3),
		  d = difference(*x1, *x3);
	*x0 = sum_of(a, c);
	*x1 = less_i(b, d);
	*x2 = difference(a, c);
	*x3 = plus_i(b, d);
}

INLINE void dft8(struct cv *x)
{
	struct cv even[4] = { x[0], x[2], x[4], x[6] }, odd[4] = { x[1], x[3], x[5], x[7] };
	const vector h = broadcast(0.70710678118654752f);
	dft4(even, even + 1, even + 2, even + 3);
	dft4(odd, odd + 1, odd + 2, odd + 3);
	odd[1] = (struct cv){ (odd[1].r + odd[1].i) * h, (odd[1].i - odd[1].r) * h };
	odd[2] = (struct cv){ odd[2].i, -odd[2].r };
	odd[3] = (struct cv){ (odd[3].i - odd[3].r) * h, -(odd[3].r + odd[3].i) * h };
	UNROLL for (int k = 0; k < 4; k++)
	{
		x[k] = sum_of(even[k], odd[k]);
		x[k + 4] = difference(even[k], odd[k]);
	}
}

INLINE void dft6(struct cv *x)
{
	struct cv s[3] = { sum_of(x[0], x[3]), sum_of(x[2], x[5]), sum_of(x[4], x[1]) };
	struct cv d[3] = { difference(x[0], x[3]), difference(x[2], x[5]), difference(x[4], x[1]) };
	odd_dft(s, 3);
	odd_dft(d, 3);
	x[0] = s[0], x[4] = s[1], x[2] = s[2];
	x[3] = d[0], x[1] = d[1], x[5] = d[2];
}

INLINE void dft(struct cv *x, const int n)
{
	if (n % 2)
		odd_dft(x, n);
	else if (n == 2) {
		struct cv a = x[0];
		x[0] = sum_of(a, x[1]);
		x[1] = difference(a, x[1]);
	} else if (n == 4)
		dft4(x, x + 1, x + 2, x + 3);
	else if (n == 6)
		dft6(x);
	else
		dft8(x);
}

INLINE void inverse_dft(struct cv *x, const int n)
{
	UNROLL for (int k = 0; k < n; k++) x[k] = (struct cv){ x[k].i, x[k].r };
	dft(x, n);
	UNROLL for (int k = 0; k < n; k++) x[k] = (struct cv){ x[k].i, x[k].r };
}

/* ---- real points: to[0 ... n / 2] ----------------------------------------------------- */

INLINE void odd_real_dft(struct cv *to, const vector *x, const int n)
{
	vector s[MOST_FACTOR / 2 + 1], d[MOST_FACTOR / 2 + 1], all = x[0];
	const int half = (n - 1) / 2;
	UNROLL for (int j = 1; j <= half; j++)
	{
		s[j] = x[j] + x[n - j];
		d[j] = x[n - j] - x[j];
		all += s[j];
	}
	UNROLL for (int k = 1; k <= half; k++)
	{
		to[k] = (struct cv){ x[0], d[1] * sine(k, n) };
		UNROLL for (int j = 1; j <= half; j++)
		{
			to[k].r += s[j] * cosine(j * k, n);
			if (j > 1)
				to[k].i += d[j] * sine(j * k, n);
		}
	}
	to[0].r = all;
}

INLINE void real_dft4(struct cv *to, vector x0, vector x1, vector x2, vector x3)
{
	vector a = x0 + x2, b = x1 + x3;
	to[0].r = a + b;
	to[1] = (struct cv){ x0 - x2, x3 - x1 };
	to[2].r = a - b;
}

INLINE void real_dft8(struct cv *to, const vector *x)
{
	struct cv even[3], odd[3];
	const vector h = broadcast(0.70710678118654752f);
	real_dft4(even, x[0], x[2], x[4], x[6]);
	real_dft4(odd, x[1], x[3], x[5], x[7]);
	odd[1] = (struct cv){ (odd[1].r + odd[1].i) * h, (odd[1].i - odd[1].r) * h };
	to[0].r = even[0].r + odd[0].r;
	to[1] = sum_of(even[1], odd[1]);
	to[2] = (struct cv){ even[2].r, -odd[2].r };
	to[3] = (struct cv){ even[1].r - odd[1].r, odd[1].i - even[1].i };
	to[4].r = even[0].r - odd[0].r;
}

INLINE void real_dft6(struct cv *to, const vector *x)
{
	vector s[3] = { x[0] + x[3], x[2] + x[5], x[4] + x[1] };
	vector d[3] = { x[0] - x[3], x[2] - x[5], x[4] - x[1] };
	struct cv even[2], odd[2];
	odd_real_dft(even, s, 3);
	odd_real_dft(odd, d, 3);
	to[0].r = even[0].r;
	to[1] = odd[1];
	to[2] = (struct cv){ even[1].r, -even[1].i };
	to[3].r = odd[0].r;
}

INLINE void real_dft(struct cv *to, const vector *x, const int n)
{
	if (n % 2)
		odd_real_dft(to, x, n);
	else if (n == 2) {
		to[0].r = x[0] + x[1];
		to[1].r = x[0] - x[1];
	} else if (n == 4)
		real_dft4(to, x[0], x[1], x[2], x[3]);
	else if (n == 6)
		real_dft6(to, x);
	else
		real_dft8(to, x);
}

/* ---- and back: x from the frequencies [0 ... n / 2] ------------------------------------ */

INLINE void odd_hermite_dft(vector *x, const struct cv *from, const int n)
{
	struct cv two[MOST_FACTOR / 2 + 1];
	const int half = (n - 1) / 2;
	x[0] = from[0].r;
	UNROLL for (int k = 1; k <= half; k++)
	{
		two[k] = sum_of(from[k], from[k]);
		x[0] += two[k].r;
	}
	UNROLL for (int j = 1; j <= half; j++)
	{
		vector a = from[0].r, b = two[1].i * sine(j, n);
		UNROLL for (int k = 1; k <= half; k++)
		{
			a += two[k].r * cosine(j * k, n);
			if (k > 1)
				b += two[k].i * sine(j * k, n);
		}
		x[j] = a - b;
		x[n - j] = a + b;
	}
}

INLINE void hermite_dft4(vector *x0, vector *x1, vector *x2, vector *x3, vector f0, struct cv f1,
			 vector f2)
{
	vector a = f0 + f2, b = f0 - f2, r = f1.r + f1.r, i = f1.i + f1.i;
	*x0 = a + r;
	*x1 = b - i;
	*x2 = a - r;
	*x3 = b + i;
}

INLINE void hermite_dft8(vector *x, const struct cv *f)
{
	const vector h = broadcast(0.70710678118654752f);
	struct cv even = { f[1].r + f[3].r, f[1].i - f[3].i };
	struct cv odd = { f[1].r - f[3].r, f[1].i + f[3].i };
	odd = (struct cv){ (odd.r - odd.i) * h, (odd.r + odd.i) * h };
	hermite_dft4(x, x + 2, x + 4, x + 6, f[0].r + f[4].r, even, f[2].r + f[2].r);
	hermite_dft4(x + 1, x + 3, x + 5, x + 7, f[0].r - f[4].r, odd, -(f[2].i + f[2].i));
}

INLINE void hermite_dft6(vector *x, const struct cv *f)
{
	struct cv even[2] = { f[0], { f[2].r, -f[2].i } }, odd[2] = { f[3], f[1] };
	vector s[3], d[3];
	odd_hermite_dft(s, even, 3);
	odd_hermite_dft(d, odd, 3);
	x[0] = s[0] + d[0], x[3] = s[0] - d[0];
	x[2] = s[1] + d[1], x[5] = s[1] - d[1];
	x[4] = s[2] + d[2], x[1] = s[2] - d[2];
}

INLINE void hermite_dft(vector *x, const struct cv *from, const int n)
{
	if (n % 2)
		odd_hermite_dft(x, from, n);
	else if (n == 2) {
		x[0] = from[0].r + from[1].r;
		x[1] = from[0].r - from[1].r;
	} else if (n == 4)
		hermite_dft4(x, x + 1, x + 2, x + 3, from[0].r, from[1], from[2].r);
	else if (n == 6)
		hermite_dft6(x, from);
	else
		hermite_dft8(x, from);
}

/* ---- lines in memory ------------------------------------------------------------------- */

/* A real line's spectrum, or a complex line: `step` floats from one to the next. */
struct spectrum {
	float *re, *im;
	size_t step;
	float *real[2]; /* frequencies 0 and n / 2 */
};

INLINE void put(const struct spectrum *s, const int q, struct cv x)
{
	vector_to(s->re + (size_t)q * s->step, x.r);
	vector_to(s->im + (size_t)q * s->step, x.i);
}

INLINE struct cv get(const struct spectrum *s, const int q)
{
	return (struct cv){ vector_at(s->re + (size_t)q * s->step),
			    vector_at(s->im + (size_t)q * s->step) };
}

/* In natural order on both sides; the inverse is this with re and im exchanged. */
INLINE void complex_line(const struct spectrum *from, const struct spectrum *to, const int n1,
			 const int n2)
{
	struct cv t[SN_FFT_MOST];
	UNROLL for (int j = 0; j < n2; j++)
	{
		struct cv x[MOST_FACTOR];
		UNROLL for (int i = 0; i < n1; i++) x[i] = get(from, index_in(i, n1, j, n2));
		dft(x, n1);
		UNROLL for (int k = 0; k < n1; k++) t[k * n2 + j] =
			coprime(n1, n2) ? x[k] : twiddled(x[k], j * k, n1 * n2);
	}
	UNROLL for (int k = 0; k < n1; k++)
	{
		dft(t + k * n2, n2);
		UNROLL for (int j = 0; j < n2; j++) put(to, index_out(k, n1, j, n2), t[k * n2 + j]);
	}
}

/* The real transforms' list: of k1 = 0 and, n1 even, k1 = n1 / 2 the frequencies below their
 * conjugates, then k1 = 1, 2, ... below n1 / 2, all k2 of each. */
INLINE void real_line(const float *from, size_t step, const struct spectrum *to, const int n1,
		      const int n2)
{
	struct cv t[SN_FFT_MOST / 2 + MOST_FACTOR], f[MOST_FACTOR];
	vector x[MOST_FACTOR];
	int q = 0;
	UNROLL for (int j = 0; j < n2; j++)
	{
		UNROLL for (int i = 0; i < n1; i++) x[i] =
			vector_at(from + (size_t)index_in(i, n1, j, n2) * step);
		real_dft(f, x, n1);
		t[j].r = f[0].r;
		UNROLL for (int k = 1; k <= (n1 - 1) / 2; k++) t[k * n2 + j] =
			coprime(n1, n2) ? f[k] : twiddled(f[k], j * k, n1 * n2);
		if (n1 % 2 == 0 && coprime(n1, n2))
			t[n1 / 2 * n2 + j].r = f[n1 / 2].r;
		else if (n1 % 2 == 0) {
			const int e = n1 / 2 * j;
			t[n1 / 2 * n2 + j] = (struct cv){ f[n1 / 2].r * cosine(e, n1 * n2),
							  -f[n1 / 2].r * sine(e, n1 * n2) };
		}
	}
	UNROLL for (int j = 0; j < n2; j++) x[j] = t[j].r;
	real_dft(f, x, n2);
	vector_to(to->real[0], f[0].r);
	if (n2 % 2 == 0)
		vector_to(to->real[1], f[n2 / 2].r);
	UNROLL for (int k = 1; k <= (n2 - 1) / 2; k++) put(to, q++, f[k]);
	if (n1 % 2 == 0 && coprime(n1, n2)) {
		UNROLL for (int j = 0; j < n2; j++) x[j] = t[n1 / 2 * n2 + j].r;
		real_dft(f, x, n2);
		vector_to(to->real[1], f[0].r);
		UNROLL for (int k = 1; k <= (n2 - 1) / 2; k++) put(to, q++, f[k]);
	} else if (n1 % 2 == 0) {
		dft(t + n1 / 2 * n2, n2);
		UNROLL for (int j = 0; j < n2 / 2; j++) put(to, q++, t[n1 / 2 * n2 + j]);
	}
	UNROLL for (int k = 1; k <= (n1 - 1) / 2; k++)
	{
		dft(t + k * n2, n2);
		UNROLL for (int j = 0; j < n2; j++) put(to, q++, t[k * n2 + j]);
	}
}

/* Where points of an inverse transform go: those before `most`, finished where that is wanted. */
struct points {
	float *to;
	size_t step;
	int most;
	const struct finish *finish;
};

INLINE void hermite_line(const struct spectrum *from, const struct points *to, const int n1,
			 const int n2, const int finishing)
{
	struct cv t[SN_FFT_MOST / 2 + MOST_FACTOR], f[MOST_FACTOR];
	vector x[MOST_FACTOR];
	int q = 0;
	f[0].r = vector_at(from->real[0]);
	if (n2 % 2 == 0)
		f[n2 / 2].r = vector_at(from->real[1]);
	UNROLL for (int k = 1; k <= (n2 - 1) / 2; k++) f[k] = get(from, q++);
	hermite_dft(x, f, n2);
	UNROLL for (int j = 0; j < n2; j++) t[j].r = x[j];
	if (n1 % 2 == 0 && coprime(n1, n2)) {
		f[0].r = vector_at(from->real[1]);
		UNROLL for (int k = 1; k <= (n2 - 1) / 2; k++) f[k] = get(from, q++);
		hermite_dft(x, f, n2);
		UNROLL for (int j = 0; j < n2; j++) t[n1 / 2 * n2 + j].r = x[j];
	} else if (n1 % 2 == 0) {
		struct cv *half = t + n1 / 2 * n2;
		UNROLL for (int j = 0; j < n2 / 2; j++)
		{
			half[j] = get(from, q++);
			half[n2 - 1 - j] = (struct cv){ half[j].r, -half[j].i };
		}
		inverse_dft(half, n2);
		UNROLL for (int j = 1; j < n2; j++) half[j] =
			twiddled(half[j], n1 * n2 - j * (n1 / 2), n1 * n2);
	}
	UNROLL for (int k = 1; k <= (n1 - 1) / 2; k++)
	{
		UNROLL for (int j = 0; j < n2; j++) t[k * n2 + j] = get(from, q++);
		inverse_dft(t + k * n2, n2);
		if (!coprime(n1, n2)) {
			UNROLL for (int j = 1; j < n2; j++) t[k * n2 + j] =
				twiddled(t[k * n2 + j], n1 * n2 - j * k, n1 * n2);
		}
	}
	UNROLL for (int j = 0; j < n2; j++)
	{
		UNROLL for (int k = 0; k <= n1 / 2; k++) f[k] = t[k * n2 + j];
		hermite_dft(x, f, n1);
		UNROLL for (int i = 0; i < n1; i++)
		{
			const int p = index_in(i, n1, j, n2);
			if (finishing && p < to->most) {
				finish_apply(to->finish, x + i, 1);
				vector_to(to->to + (size_t)p * to->step, x[i]);
			} else if (!finishing)
				vector_to(to->to + (size_t)p * to->step, x[i]);
		}
	}
}

#endif
