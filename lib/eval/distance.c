/*
 * Distances of two embeddings and their gradients.
 *
 * Every sum runs over LANES partial sums, element i in lane i mod LANES, and the lanes are joined
 * in one fixed tree; so a distance depends on its two vectors alone, and as each term is the same
 * to the bit for (a,b) and (b,a), so is the sum.  The differences are taken in double, where the
 * difference of two floats of like size is exact.
 */
#include <math.h>
#include <string.h>
#include <sn/distance.h>

#define LANES 8

const char *const sn_distance_names[] = { "euclidean", "sqeuclidean", "manhattan",
					  "cosine",    "weighted-l1", NULL };

static double join(const double s[LANES])
{
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* The last, fewer than LANES elements, filled up with zeros, which add nothing to any sum here. */
static const float *tail(float padded[LANES], const float *p, size_t done, size_t dim)
{
	memset(padded, 0, LANES * sizeof(float));
	memcpy(padded, p + done, (dim - done) * sizeof(float));
	return padded;
}

/* Loops of eight that compilers turn into vectors. */

static inline void add_squares(double s[LANES], const float *a, const float *b)
{
	for (int j = 0; j < LANES; j++) {
		double e = (double)a[j] - (double)b[j];
		s[j] += e * e;
	}
}

static double sum_squares(const float *a, const float *b, size_t dim)
{
	double s[LANES] = { 0 };
	float pa[LANES], pb[LANES];
	size_t i = 0;
	for (; dim - i >= LANES; i += LANES)
		add_squares(s, a + i, b + i);
	if (i < dim)
		add_squares(s, tail(pa, a, i, dim), tail(pb, b, i, dim));
	return join(s);
}

static inline void add_absolute(double s[LANES], const float *a, const float *b)
{
	for (int j = 0; j < LANES; j++)
		s[j] += fabs((double)a[j] - (double)b[j]);
}

static double sum_absolute(const float *a, const float *b, size_t dim)
{
	double s[LANES] = { 0 };
	float pa[LANES], pb[LANES];
	size_t i = 0;
	for (; dim - i >= LANES; i += LANES)
		add_absolute(s, a + i, b + i);
	if (i < dim)
		add_absolute(s, tail(pa, a, i, dim), tail(pb, b, i, dim));
	return join(s);
}

static inline void add_weighted(double s[LANES], const float *a, const float *b, const float *w)
{
	for (int j = 0; j < LANES; j++)
		s[j] += (double)w[j] * fabs((double)a[j] - (double)b[j]);
}

/* the sum of w_i |a_i - b_i|, and the bias behind the weights */
static double sum_weighted(const float *a, const float *b, size_t dim, const float *w)
{
	double s[LANES] = { 0 };
	float pa[LANES], pb[LANES], pw[LANES];
	size_t i = 0;
	for (; dim - i >= LANES; i += LANES)
		add_weighted(s, a + i, b + i, w + i);
	if (i < dim)
		add_weighted(s, tail(pa, a, i, dim), tail(pb, b, i, dim), tail(pw, w, i, dim));
	return join(s) + (double)w[dim];
}

static inline void add_products(double ab[LANES], double aa[LANES], double bb[LANES],
				const float *a, const float *b)
{
	for (int j = 0; j < LANES; j++) {
		ab[j] += (double)a[j] * (double)b[j];
		aa[j] += (double)a[j] * (double)a[j];
		bb[j] += (double)b[j] * (double)b[j];
	}
}

static void products(double *ab, double *aa, double *bb, const float *a, const float *b, size_t dim)
{
	double sab[LANES] = { 0 }, saa[LANES] = { 0 }, sbb[LANES] = { 0 };
	float pa[LANES], pb[LANES];
	size_t i = 0;
	for (; dim - i >= LANES; i += LANES)
		add_products(sab, saa, sbb, a + i, b + i);
	if (i < dim)
		add_products(sab, saa, sbb, tail(pa, a, i, dim), tail(pb, b, i, dim));
	*ab = join(sab);
	*aa = join(saa);
	*bb = join(sbb);
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
		return (float)sum_absolute(a, b, dim);
	case SN_COSINE:
		products(&ab, &aa, &bb, a, b, dim);
		if (aa == 0 || bb == 0)
			return 1;
		/* for a copy ab = aa = bb, and the root of a rounded square is exact: d = 0 */
		d = 1 - ab / sqrt(aa * bb);
		return (float)(d < 0 ? 0 : d); /* this way round a NaN survives */
	case SN_WEIGHTED_L1:
		/* 1 - 1 / (1 + e^-z) = 1 / (1 + e^z), without the cancellation */
		return (float)(1 / (1 + exp(sum_weighted(a, b, dim, head))));
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
			z = sum_weighted(a, b, dim, head);
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

double sn_similarity(const float *a, const float *b, size_t dim)
{
	double ab, aa, bb;
	products(&ab, &aa, &bb, a, b, dim);
	return aa == 0 || bb == 0 ? 0 : ab / sqrt(aa * bb);
}

double sn_logit(const float *a, const float *b, size_t dim, const float *head)
{
	return sum_weighted(a, b, dim, head);
}

void sn_logit_gradient(double *ga, double *gb, double *gw, double g, const float *a, const float *b,
		       size_t dim, const float *head)
{
	for (size_t i = 0; i < dim; i++) {
		double difference = (double)a[i] - (double)b[i];
		double step = g * (double)head[i];
		step = difference > 0 ? step : difference < 0 ? -step : 0;
		ga[i] += step;
		gb[i] -= step;
		gw[i] += g * fabs(difference);
	}
	gw[dim] += g;
}
