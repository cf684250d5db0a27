/*
 * Distances of two embeddings and their gradients.
 *
 * Every sum runs over LANES partial sums, element i in lane i mod LANES, and the lanes are joined
 * in one fixed tree; so a distance depends on its two vectors alone, and as each term is the same
 * to the bit for (a,b) and (b,a), so is the sum.  The differences are taken in double, where the
 * difference of two floats of like size is exact.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <sn/distance.h>

#define LANES 8

typedef float floats __attribute__((vector_size(LANES * sizeof(float))));
typedef double doubles __attribute__((vector_size(LANES * sizeof(double))));
typedef long long masks __attribute__((vector_size(LANES * sizeof(long long))));

const char *const sn_distance_names[] = { "euclidean", "sqeuclidean", "manhattan",
					  "cosine",    "weighted-l1", NULL };

/* A tail of fewer than LANES elements is filled up with zeros, which add nothing to any sum here.
 */
#define LOAD(v, p, i, dim)                                                                         \
	do {                                                                                       \
		floats f_ = { 0 };                                                                 \
		if ((dim) - (i) >= LANES)                                                          \
			memcpy(&f_, (p) + (i), sizeof(f_));                                        \
		else                                                                               \
			memcpy(&f_, (p) + (i), ((dim) - (i)) * sizeof(float));                     \
		(v) = __builtin_convertvector(f_, doubles);                                        \
	} while (0)

#define ABSOLUTE(v) ((doubles)((masks)(v)&INT64_MAX))

#define JOIN(s) ((((s)[0] + (s)[4]) + ((s)[2] + (s)[6])) + (((s)[1] + (s)[5]) + ((s)[3] + (s)[7])))

static double sum_squares(const float *a, const float *b, size_t dim)
{
	doubles sum = { 0 }, x, y;
	for (size_t i = 0; i < dim; i += LANES) {
		LOAD(x, a, i, dim);
		LOAD(y, b, i, dim);
		x -= y;
		sum += x * x;
	}
	return JOIN(sum);
}

/* sum |a_i - b_i|, times w_i where there are weights */
static double sum_absolute(const float *a, const float *b, size_t dim, const float *w)
{
	doubles sum = { 0 }, x, y;
	for (size_t i = 0; i < dim; i += LANES) {
		LOAD(x, a, i, dim);
		LOAD(y, b, i, dim);
		x = ABSOLUTE(x - y);
		if (w) {
			LOAD(y, w, i, dim);
			x *= y;
		}
		sum += x;
	}
	return JOIN(sum);
}

static void products(double *ab, double *aa, double *bb, const float *a, const float *b, size_t dim)
{
	doubles sab = { 0 }, saa = { 0 }, sbb = { 0 }, x, y;
	for (size_t i = 0; i < dim; i += LANES) {
		LOAD(x, a, i, dim);
		LOAD(y, b, i, dim);
		sab += x * y;
		saa += x * x;
		sbb += y * y;
	}
	*ab = JOIN(sab);
	*aa = JOIN(saa);
	*bb = JOIN(sbb);
}

float sn_distance(enum sn_distance kind, const float *a, const float *b, size_t dim,
		  const float *head)
{
	double ab, aa, bb, d;
	switch (kind) {
	case SN_EUCLIDEAN:
		return (float)sqrt(sum_squares(a, b, dim));
	case SN_SQEUCLIDEAN:
		return (float)sum_squares(a, b, dim);
	case SN_MANHATTAN:
		return (float)sum_absolute(a, b, dim, NULL);
	case SN_COSINE:
		products(&ab, &aa, &bb, a, b, dim);
		if (aa == 0 || bb == 0)
			return 1;
		/* for a copy ab = aa = bb, and the root of a rounded square is exact: d = 0 */
		d = 1 - ab / sqrt(aa * bb);
		return (float)(d < 0 ? 0 : d); /* this way round a NaN survives */
	case SN_WEIGHTED_L1:
		/* 1 - 1 / (1 + e^-z) = 1 / (1 + e^z), without the cancellation */
		return (float)(1 / (1 + exp(sum_absolute(a, b, dim, head) + (double)head[dim])));
	}
	return NAN;
}

void sn_distance_gradient(enum sn_distance kind, double *ga, double *gb, double g, float d,
			  const float *a, const float *b, size_t dim, const float *head)
{
	double ab, aa, bb, scale, z, step;
	switch (kind) {
	case SN_EUCLIDEAN:
	case SN_SQEUCLIDEAN:
		if (kind == SN_EUCLIDEAN && d == 0)
			return;
		scale = kind == SN_EUCLIDEAN ? g / (double)d : 2 * g;
		for (size_t i = 0; i < dim; i++) {
			step = scale * ((double)a[i] - (double)b[i]);
			ga[i] += step;
			gb[i] -= step;
		}
		return;
	case SN_MANHATTAN:
	case SN_WEIGHTED_L1:
		scale = g;
		if (kind == SN_WEIGHTED_L1) {
			/* d = 1 / (1 + e^z): dd/dz = -d (1 - d), from z so that neither end cancels
			 */
			z = sum_absolute(a, b, dim, head) + (double)head[dim];
			scale = -g / ((1 + exp(z)) * (1 + exp(-z)));
		}
		for (size_t i = 0; i < dim; i++) {
			step = a[i] > b[i] ? scale : a[i] < b[i] ? -scale : 0;
			if (kind == SN_WEIGHTED_L1)
				step *= (double)head[i];
			ga[i] += step;
			gb[i] -= step;
		}
		return;
	case SN_COSINE:
		products(&ab, &aa, &bb, a, b, dim);
		if (aa == 0 || bb == 0)
			return;
		scale = g / sqrt(aa * bb);
		for (size_t i = 0; i < dim; i++) {
			ga[i] -= scale * ((double)b[i] - ab / aa * (double)a[i]);
			gb[i] -= scale * ((double)a[i] - ab / bb * (double)b[i]);
		}
		return;
	}
}
