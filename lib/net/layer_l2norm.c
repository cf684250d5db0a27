/*
 * l2norm - y = x / r with r = max(||x||, 1e-12), over all numbers of an image.
 *     dx = (dy - y (y dy)) / r, and dy / 1e-12 where the norm is smaller
 */
#include <math.h>
#include "layer.h"

static const double SMALLEST = 1e-12;

static double norm(const float *x, size_t n)
{
	double s = 0;

	for (size_t i = 0; i < n; i++)
		s += (double)x[i] * x[i];
	return sqrt(s);
}

static void forward(const struct sn_call *c)
{
	size_t n = c->layer->in_size;

	for (size_t i = 0; i < c->n; i++) {
		double r = norm(c->x + i * n, n);
		r = r < SMALLEST ? SMALLEST : r;
		for (size_t j = 0; j < n; j++)
			c->y[i * n + j] = (float)(c->x[i * n + j] / r);
	}
}

static void backward(const struct sn_call *c)
{
	size_t n = c->layer->in_size;

	for (size_t i = 0; c->dx && i < c->n; i++) {
		const float *x = c->x + i * n, *dy = c->dy + i * n;
		double r = norm(x, n), along = 0;
		for (size_t j = 0; j < n && r >= SMALLEST; j++)
			along += x[j] / r * dy[j];
		r = r < SMALLEST ? SMALLEST : r;
		for (size_t j = 0; j < n; j++)
			c->dx[i * n + j] = (float)((dy[j] - x[j] / r * along) / r);
	}
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	(void)l;
	r->least = r->least >= 0 ? 0 : -1;
	r->most = r->most <= 0 ? 0 : 1;
	r->unit = true;
}

const struct sn_layer_kind sn_layer_l2norm = {
	.name = "l2norm",
	.prefix = "l2norm",
	.synopsis = "l2norm [name=NAME]",
	.flags = SN_LAYER_KEEPS_X,
	.range = range,
	.forward = forward,
	.backward = backward,
};
