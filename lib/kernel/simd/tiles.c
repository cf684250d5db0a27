/*
 * tiles - the transforms of Winograd's convolution, one axis at a time, a vector of channels each.
 *
 * A tile of t numbers, n of the window or of what comes out, is worth a polynomial's values at t
 * points: 0, pairs +p and -p, infinity, and, where t is odd, a single point.  A pair's even powers
 * and odd powers are summed once and then added and subtracted.  With N_p(x) the product of (x - q)
 * over all points q but p and infinity:
 *     B' (input)   row p: the coefficients of N_p(x); of infinity: those of the product over all
 *     A  (output)  row p: 1, p, p^2 ...; of infinity: 0 ... 0, 1
 *     G  (weight)  A's row over N_p(p)
 * Order of points: 0, +p, -p ..., infinity, the single one.
 */
#include "vector.h"

void SN_NAME(sn_tiles)(enum sn_transform what, size_t n, const struct sn_lines *l);

enum { MOST = SN_TILE_NUMBERS };

static const float pairs[3] = { 1, 0.5f, 2 };
static const float singles[SN_TILE_MOST + 1] = { [3] = 1, [5] = -0.5f, [7] = 2 };

/* Products over the pairs, as polynomials of z = x^2: of (z - p^2) for all, for all but one. */
static const float all_of[4][4] = {
	{ 1 }, { -1, 1 }, { 0.25f, -1.25f, 1 }, { -1, 5.25f, -5.25f, 1 }
};
static const float others_of[4][3][3] = {
	{ { 0 } },
	{ { 1 } },
	{ { -0.25f, 1 }, { -1, 1 } },
	{ { 1, -4.25f, 1 }, { 4, -5, 1 }, { 0.25f, -1.25f, 1 } }
};

INLINE size_t pairs_of(const size_t t)
{
	return (t - 2) / 2;
}

INLINE float power(const float p, const size_t i)
{
	float x = 1;
	UNROLL for (size_t k = 0; k < i; k++) x *= p;
	return x;
}

INLINE float value(const float *q, const size_t degree, const float z)
{
	float s = q[degree];
	UNROLL for (size_t k = degree; k-- > 0;) s = s * z + q[k];
	return s;
}

/* N_p(p) of point i */
INLINE float norm(const size_t t, const size_t i)
{
	const size_t m = pairs_of(t);
	const float single = singles[t];
	if (i == 2 * m + 1) /* infinity */
		return 1;
	if (i == 2 * m + 2)
		return single * value(all_of[m], m, single * single);
	if (i == 0)
		return all_of[m][0] * (t % 2 ? -single : 1);
	const float p = i % 2 ? pairs[(i - 1) / 2] : -pairs[(i - 1) / 2];
	return 2 * p * p * value(others_of[m][(i - 1) / 2], m ? m - 1 : 0, p * p) *
	       (t % 2 ? p - single : 1);
}

/* sum + x c, c a constant: without a multiplication where there need be none */
INLINE vector plus(vector sum, vector x, const float c)
{
	return c == 1 ? sum + x : c == -1 ? sum - x : sum + x * c;
}

/* A polynomial's coefficients times every other number. */
INLINE vector along(const float *q, const vector *d, const size_t degree)
{
	vector s = d[2 * degree];
	UNROLL for (size_t k = degree; k-- > 0;) s = plus(s, d[2 * k], q[k]);
	return s;
}

/* B' of an even number of points. */
INLINE void input_even(const vector *d, vector *y, const size_t t)
{
	const size_t m = pairs_of(t);
	y[0] = along(all_of[m], d, m);
	y[t - 1] = along(all_of[m], d + 1, m);
	UNROLL for (size_t i = 0; i < m; i++)
	{
		vector even = along(others_of[m][i], d + 2, m - 1);
		vector odd = along(others_of[m][i], d + 1, m - 1);
		y[1 + 2 * i] = plus(even, odd, pairs[i]);
		y[2 + 2 * i] = plus(even, odd, -pairs[i]);
	}
}

INLINE void input(const vector *d, vector *y, const size_t t)
{
	if (t % 2) {
		vector shifted[MOST] = { { 0 } };
		UNROLL for (size_t i = 0; i + 1 < t; i++) shifted[i] =
			plus(d[i + 1], d[i], -singles[t]);
		input_even(shifted, y, t - 1);
		y[t - 1] = along(all_of[pairs_of(t)], d + 1, pairs_of(t));
	} else {
		input_even(d, y, t);
	}
}

/* A or, with norms, G: n numbers -> t. */
INLINE void widen(const vector *d, vector *y, const size_t n, const size_t t, const int norms)
{
	const size_t m = pairs_of(t);
	y[0] = d[0];
	y[2 * m + 1] = d[n - 1];
	UNROLL for (size_t i = 0; i < m; i++)
	{
		vector even = d[0], odd = d[1] * pairs[i];
		UNROLL for (size_t k = 2; k < n; k++)
		{
			if (k % 2)
				odd = plus(odd, d[k], power(pairs[i], k));
			else
				even = plus(even, d[k], power(pairs[i], k));
		}
		y[1 + 2 * i] = even + odd;
		y[2 + 2 * i] = even - odd;
	}
	if (t % 2) {
		y[t - 1] = d[0];
		UNROLL for (size_t k = 1; k < n; k++) y[t - 1] =
			plus(y[t - 1], d[k], power(singles[t], k));
	}
	if (norms) {
		UNROLL for (size_t i = 0; i < t; i++) y[i] *= 1 / norm(t, i);
	}
}

/* A' or, with norms, G': t numbers -> n. */
INLINE void narrow(const vector *given, vector *y, const size_t n, const size_t t, const int norms)
{
	const size_t m = pairs_of(t);
	vector d[MOST], even[3], odd[3];
	UNROLL for (size_t i = 0; i < t; i++) d[i] = norms ? given[i] * (1 / norm(t, i)) : given[i];
	UNROLL for (size_t i = 0; i < m; i++)
	{
		even[i] = d[1 + 2 * i] + d[2 + 2 * i];
		odd[i] = d[1 + 2 * i] - d[2 + 2 * i];
	}
	UNROLL for (size_t k = 0; k < n; k++)
	{
		vector s = k == 0 ? d[0] : k == n - 1 ? d[2 * m + 1] : (vector){ 0 };
		UNROLL for (size_t i = 0; i < m; i++)
		{
			vector x = k % 2 ? odd[i] : even[i];
			float c = power(pairs[i], k);
			s = k > 0 && k < n - 1 && i == 0 ? x * c : plus(s, x, c);
		}
		if (t % 2)
			s = plus(s, d[t - 1], power(singles[t], k));
		y[k] = s;
	}
}

/* Stride 2: of n + 1 = t numbers, and n between them. */
INLINE void strided(const vector *d, vector *y, const size_t n, const enum sn_transform what,
		    const enum sn_tile_kind kind)
{
	const size_t t = n + 1;
	vector two[MOST];
	if (what == SN_TILE_INPUT && kind == SN_TILE_STRIDED) {
		UNROLL for (size_t i = 0; i < t; i++) two[i] = d[2 * i];
		input(two, y, t);
		UNROLL for (size_t i = 0; i < n; i++) y[t + i] = d[2 * i + 1];
	} else if (what == SN_TILE_INPUT || what == SN_TILE_GRADIENT) {
		if (what == SN_TILE_INPUT)
			input(d, y, t);
		else
			widen(d, y, n, t, 0);
		UNROLL for (size_t i = 0; i < n; i++) y[t + i] = d[i];
	} else if (what == SN_TILE_WEIGHT) {
		two[0] = d[0];
		two[1] = d[2];
		widen(two, y, 2, t, 1);
		y[t] = d[1];
	} else if (what == SN_TILE_UNWEIGHT) {
		narrow(d, two, 2, t, 1);
		y[0] = two[0];
		y[1] = d[t];
		y[2] = two[1];
	} else {
		narrow(d, two, n, t, 0);
		UNROLL for (size_t i = 0; i < n; i++)
		{
			if (kind == SN_TILE_STRIDED) {
				y[i] = two[i] + d[t + i];
			} else {
				y[2 * i] = d[t + i];
				y[2 * i + 1] = two[i];
			}
		}
	}
}

/* Numbers that go in and come out. */
INLINE size_t numbers_in(const size_t n, const size_t t, const enum sn_transform what,
			 const enum sn_tile_kind kind)
{
	if (kind == SN_TILE_PLAIN)
		return what == SN_TILE_GRADIENT || what == SN_TILE_WEIGHT ? n : t;
	return what == SN_TILE_WEIGHT				 ? 3
	       : what == SN_TILE_UNWEIGHT			 ? n + 2
	       : what == SN_TILE_GRADIENT			 ? n
	       : what == SN_TILE_INPUT && kind == SN_TILE_SPREAD ? n + 1
								 : 2 * n + 1;
}

INLINE size_t numbers_out(const size_t n, const size_t t, const enum sn_transform what,
			  const enum sn_tile_kind kind)
{
	const int widens = what == SN_TILE_INPUT || what == SN_TILE_GRADIENT;
	if (kind == SN_TILE_PLAIN)
		return widens || what == SN_TILE_WEIGHT ? t : n;
	return widens			  ? 2 * n + 1
	       : what == SN_TILE_WEIGHT	  ? n + 2
	       : what == SN_TILE_UNWEIGHT ? 3
					  : n * (kind == SN_TILE_SPREAD ? 2 : 1);
}

INLINE void transform(const vector *d, vector *y, const size_t n, const size_t t,
		      const enum sn_transform what, const enum sn_tile_kind kind)
{
	if (kind != SN_TILE_PLAIN)
		strided(d, y, n, what, kind);
	else if (what == SN_TILE_INPUT)
		input(d, y, t);
	else if (what == SN_TILE_GRADIENT)
		widen(d, y, n, t, 0);
	else if (what == SN_TILE_WEIGHT)
		widen(d, y, n, t, 1);
	else
		narrow(d, y, n, t, what == SN_TILE_UNWEIGHT);
}

INLINE void pass(const struct sn_lines *l, const size_t n, const size_t t,
		 const enum sn_transform what, const enum sn_tile_kind kind)
{
	const size_t in = numbers_in(n, t, what, kind), out = numbers_out(n, t, what, kind);
	const size_t items = l->items, from_item = l->from_item, to_item = l->to_item,
		     point = l->to_point, valid = l->valid;
	struct finish f;
	if (what == SN_TILE_FINISH)
		finish_load(&f, l->finish, 0, SN_LANES, 1);
	for (size_t line = 0; line < l->lines; line++) {
		const float *from[MOST];
		float *to = l->to + line * l->to_line;
		UNROLL for (size_t i = 0; i < in; i++) from[i] = l->from[i] + line * l->from_line;
		for (size_t item = 0, at = 0; item < items;
		     item++, at += from_item, to += to_item) {
			vector d[MOST], y[MOST];
			UNROLL for (size_t i = 0; i < in; i++) d[i] =
				*(const unaligned *)(from[i] + at);
			transform(d, y, n, t, what, kind);
			UNROLL for (size_t i = 0; i < out; i++)
			{
				if (what == SN_TILE_FINISH) {
					if (i >= valid)
						break;
					finish_apply(&f, &y[i], 1);
				}
				*(unaligned *)(to + i * point) = y[i];
			}
		}
	}
}

#define EACH_TILE(X, what)                                                                         \
	X(what, 2, 3)                                                                              \
	X(what, 2, 4)                                                                              \
	X(what, 3, 4)                                                                              \
	X(what, 2, 5)                                                                              \
	X(what, 3, 5)                                                                              \
	X(what, 4, 5)                                                                              \
	X(what, 2, 6)                                                                              \
	X(what, 3, 6)                                                                              \
	X(what, 4, 6)                                                                              \
	X(what, 5, 6)                                                                              \
	X(what, 2, 7)                                                                              \
	X(what, 3, 7)                                                                              \
	X(what, 4, 7)                                                                              \
	X(what, 5, 7)                                                                              \
	X(what, 6, 7)                                                                              \
	X(what, 2, 8)                                                                              \
	X(what, 3, 8)                                                                              \
	X(what, 4, 8)                                                                              \
	X(what, 5, 8)                                                                              \
	X(what, 6, 8)                                                                              \
	X(what, 7, 8)
#define EACH_SIZE(X, what)                                                                         \
	X(what, 0, 3) X(what, 0, 4) X(what, 0, 5) X(what, 0, 6) X(what, 0, 7) X(what, 0, 8)
#define DEFINE(what, n, t)                                                                         \
	static void what##_##n##_##t(const struct sn_lines *l)                                     \
	{                                                                                          \
		pass(l, n, t, what, SN_TILE_PLAIN);                                                \
	}
#define NAME(what, n, t) [n][t] = what##_##n##_##t,

typedef void tile_pass(const struct sn_lines *l);

EACH_SIZE(DEFINE, SN_TILE_INPUT)
EACH_TILE(DEFINE, SN_TILE_GRADIENT)
EACH_TILE(DEFINE, SN_TILE_OUTPUT)
EACH_TILE(DEFINE, SN_TILE_FINISH)
EACH_TILE(DEFINE, SN_TILE_WEIGHT)
EACH_TILE(DEFINE, SN_TILE_UNWEIGHT)

static tile_pass *const passes[6][SN_TILE_MOST][SN_TILE_MOST + 1] = {
	[SN_TILE_INPUT] = { EACH_SIZE(NAME, SN_TILE_INPUT) },
	[SN_TILE_GRADIENT] = { EACH_TILE(NAME, SN_TILE_GRADIENT) },
	[SN_TILE_OUTPUT] = { EACH_TILE(NAME, SN_TILE_OUTPUT) },
	[SN_TILE_FINISH] = { EACH_TILE(NAME, SN_TILE_FINISH) },
	[SN_TILE_WEIGHT] = { EACH_TILE(NAME, SN_TILE_WEIGHT) },
	[SN_TILE_UNWEIGHT] = { EACH_TILE(NAME, SN_TILE_UNWEIGHT) },
};

#define DEFINE_STRIDED(kind, what, n)                                                              \
	static void kind##_##what##_##n(const struct sn_lines *l)                                  \
	{                                                                                          \
		pass(l, n, (n) + 1, what, kind);                                                   \
	}
#define NAME_STRIDED(kind, what, n) [what][n] = kind##_##what##_##n,
#define EACH_STRIDED(X, kind, what) X(kind, what, 2) X(kind, what, 3) X(kind, what, 4)

#define STRIDED(X)                                                                                 \
	EACH_STRIDED(X, SN_TILE_STRIDED, SN_TILE_INPUT)                                            \
	EACH_STRIDED(X, SN_TILE_STRIDED, SN_TILE_GRADIENT)                                         \
	EACH_STRIDED(X, SN_TILE_STRIDED, SN_TILE_OUTPUT)                                           \
	EACH_STRIDED(X, SN_TILE_STRIDED, SN_TILE_FINISH)                                           \
	EACH_STRIDED(X, SN_TILE_STRIDED, SN_TILE_WEIGHT)                                           \
	EACH_STRIDED(X, SN_TILE_STRIDED, SN_TILE_UNWEIGHT)
#define SPREAD(X)                                                                                  \
	EACH_STRIDED(X, SN_TILE_SPREAD, SN_TILE_INPUT)                                             \
	EACH_STRIDED(X, SN_TILE_SPREAD, SN_TILE_OUTPUT)                                            \
	EACH_STRIDED(X, SN_TILE_SPREAD, SN_TILE_FINISH)                                            \
	EACH_STRIDED(X, SN_TILE_SPREAD, SN_TILE_WEIGHT)

STRIDED(DEFINE_STRIDED)
SPREAD(DEFINE_STRIDED)

static tile_pass *const strided_passes[SN_TILE_KINDS][6][SN_TILE_STRIDED_MOST + 1] = {
	[SN_TILE_STRIDED] = { STRIDED(NAME_STRIDED) },
	[SN_TILE_SPREAD] = { SPREAD(NAME_STRIDED) },
};

void SN_NAME(sn_tiles)(enum sn_transform what, size_t n, const struct sn_lines *l)
{
	if (l->kind != SN_TILE_PLAIN)
		strided_passes[l->kind][what][l->t - 1](l);
	else
		passes[what][what == SN_TILE_INPUT ? 0 : n][l->t](l);
}
