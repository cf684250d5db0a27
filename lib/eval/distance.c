/* Distances of two embeddings and their gradients. */
#include <math.h>
#include <sn/distance.h>
#include "sums.h"

const char *const sn_distance_names[] = { "euclidean", "sqeuclidean", "manhattan",
					  "cosine",    "weighted-l1", NULL };

/* the sum of w_i |a_i - b_i|, and the bias behind the weights */
static double weighted(const float *a, const float *b, size_t dim, const float *w)
{
	return sn_sums()->weighted(a, b, dim, w) + (double)w[dim];
}

float sn_distance(enum sn_distance kind, const float *a, const float *b, size_t dim,
		  const float *head)
{
	struct sn_products p;
	double d;
	switch (kind) {
	case SN_EUCLIDEAN:
		return (float)sqrt(sn_sums()->squares(a, b, dim));
	case SN_SQEUCLIDEAN:
		return (float)sn_sums()->squares(a, b, dim);
	case SN_MANHATTAN:
		return (float)sn_sums()->absolute(a, b, dim);
	case SN_COSINE:
		p = sn_sums()->products(a, b, dim);
		if (p.aa == 0 || p.bb == 0)
			return 1;
		/* for a copy ab = aa = bb, and the root of a rounded square is exact: d = 0 */
		d = 1 - p.ab / sqrt(p.aa * p.bb);
		return (float)(d < 0 ? 0 : d); /* this way round a NaN survives */
	case SN_WEIGHTED_L1:
		/* 1 - 1 / (1 + e^-z) = 1 / (1 + e^z), without the cancellation */
		return (float)(1 / (1 + exp(weighted(a, b, dim, head))));
	}
	return NAN;
}

void sn_distance_gradient(enum sn_distance kind, double *ga, double *gb, double g, float d,
			  const float *a, const float *b, size_t dim, const float *head)
{
	struct sn_products p;
	double scale, z, step;
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
			z = weighted(a, b, dim, head);
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
		p = sn_sums()->products(a, b, dim);
		if (p.aa == 0 || p.bb == 0)
			return;
		scale = g / sqrt(p.aa * p.bb);
		for (size_t i = 0; i < dim; i++) {
			ga[i] -= scale * ((double)b[i] - p.ab / p.aa * (double)a[i]);
			gb[i] -= scale * ((double)a[i] - p.ab / p.bb * (double)b[i]);
		}
		return;
	}
}

double sn_similarity(const float *a, const float *b, size_t dim)
{
	struct sn_products p = sn_sums()->products(a, b, dim);
	return p.aa == 0 || p.bb == 0 ? 0 : p.ab / sqrt(p.aa * p.bb);
}

double sn_logit(const float *a, const float *b, size_t dim, const float *head)
{
	return weighted(a, b, dim, head);
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
