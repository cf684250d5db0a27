/* model_embed - a model's embeddings, with those of mirror images where it asks for them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/model.h>

#define CHUNK 64 /* images whose mirror images are in memory at a time */

/* Columns the other way round. */
static void mirror(float *to, const float *from, const struct sn_prep *p)
{
	for (size_t row = 0; row < p->h; row++, to += p->w * p->c, from += p->w * p->c)
		for (size_t i = 0; i < p->w; i++)
			memcpy(to + i * p->c, from + (p->w - 1 - i) * p->c, p->c * sizeof *to);
}

static void to_unit(float *y, size_t dim)
{
	double sum = 0;

	for (size_t i = 0; i < dim; i++)
		sum += (double)y[i] * (double)y[i];
	if (!(sum > 0))
		return;
	for (size_t i = 0; i < dim; i++)
		y[i] = (float)((double)y[i] / sqrt(sum));
}

static void take_mean(float *y, const float *other, size_t dim, bool unit)
{
	for (size_t i = 0; i < dim; i++)
		y[i] = (y[i] + other[i]) / 2;
	if (unit)
		to_unit(y, dim);
}

int sn_model_embed(const struct sn_model *m, struct sn_pool *pool, const float *x, size_t n,
		   float *y)
{
	const size_t in = m->prep.h * m->prep.w * m->prep.c, dim = sn_net_dim(m->net);
	float least, most, *turned, *other;
	bool unit;
	int st = sn_net_embed(m->net, pool, x, n, y);

	if (st < 0 || !m->prep.mirror)
		return st;
	sn_net_range(m->net, &least, &most, &unit);
	turned = sn_alloc(CHUNK * in, sizeof *turned);
	other = sn_alloc(CHUNK * dim, sizeof *other);
	st = turned && other ? 0 : SN_ENOMEM;
	for (size_t first = 0, now; st == 0 && first < n; first += now) {
		now = n - first < CHUNK ? n - first : CHUNK;
		for (size_t i = 0; i < now; i++)
			mirror(turned + i * in, x + (first + i) * in, &m->prep);
		st = sn_net_embed(m->net, pool, turned, now, other);
		for (size_t i = 0; st == 0 && i < now; i++)
			take_mean(y + (first + i) * dim, other + i * dim, dim, unit);
	}
	free(turned);
	free(other);
	return st;
}
