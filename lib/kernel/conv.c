/*
 * conv - convolutions: choosing a way for each pass, and what all ways have in common.
 *
 *     forward          y[p] = sum over i, j of W[i][j] x[p stride - pad + (i, j)]
 *     input gradient   a forward pass over dy, the window turned by 180 degrees, the border what
 *                      is missing to the window's side less one; of strides above 1 by winograd
 *                      where it can, else strided.c
 *     weight gradient  dW[i][j] += sum over p of dy[p] x[p stride - pad + (i, j)]
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "sweeps.h"
#include "way.h"

/* Its input gradient is strided.c's. */
static bool is_strided(const struct sn_conv_plan *p)
{
	return p->shape.stride > 1 && p->way[SN_CONV_INPUT] == &sn_way_direct;
}

/* ---- choosing ------------------------------------------------------------------------- */

static bool is_listed(const char *list, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == 0))
			return true;
	return false;
}

static double cost_of(const struct sn_conv_way *w, const struct sn_conv *s, bool gradient)
{
	if (!gradient)
		return w->cost(s);
	return w->gradient_cost ? w->gradient_cost(s) : INFINITY;
}

static const struct sn_conv_way *cheapest(const struct sn_conv *s, bool gradient, const char *among)
{
	const struct sn_conv_way *best = NULL;
	for (const struct sn_conv_way *const *w = sn_conv_ways; *w; w++) {
		if (among && !is_listed(among, (*w)->name))
			continue;
		double cost = cost_of(*w, s, gradient);
		if (cost < (best ? cost_of(best, s, gradient) : INFINITY))
			best = *w;
	}
	return best || !among ? best : cheapest(s, gradient, NULL);
}

/* Of the input gradient of strides above 1. */
static const struct sn_conv_way *spread(const struct sn_conv_plan *p, const char *among)
{
	const struct sn_conv_way *w = &sn_way_winograd;
	const double cost = w->cost(&p->turned);
	if (cost == INFINITY || (among && !is_listed(among, w->name)))
		return &sn_way_direct;
	if (among && !is_listed(among, sn_way_direct.name))
		return w;
	return cost < sn_strided_cost(&p->shape) ? w : &sn_way_direct;
}

void sn_conv_plan(struct sn_conv_plan *p, const struct sn_conv *s)
{
	const char *among = getenv("SN_CONV");
	if (among && !*among)
		among = NULL;
	*p = (struct sn_conv_plan){ .shape = *s };
	p->turned = (struct sn_conv){ .h = s->oh,
				      .w = s->ow,
				      .c = s->k,
				      .oh = s->h,
				      .ow = s->w,
				      .k = s->c,
				      .kh = s->kh,
				      .kw = s->kw,
				      .stride = s->stride,
				      .pad_h = s->kh - 1 - s->pad_h,
				      .pad_w = s->kw - 1 - s->pad_w,
				      .spread = s->stride > 1 };
	p->way[SN_CONV_FORWARD] = cheapest(s, false, among);
	p->way[SN_CONV_INPUT] =
		s->stride > 1 ? spread(p, among) : cheapest(&p->turned, false, among);
	p->way[SN_CONV_WEIGHT] = cheapest(s, true, among);
}

bool sn_conv_mirrors(struct sn_conv_plan *p, size_t pad_h, size_t pad_w)
{
	if (p->shape.stride > 1 || !p->way[SN_CONV_FORWARD]->mirrors ||
	    !p->way[SN_CONV_WEIGHT]->mirrors)
		return false;
	p->shape.h -= 2 * pad_h;
	p->shape.w -= 2 * pad_w;
	p->shape.pad_h = pad_h;
	p->shape.pad_w = pad_w;
	p->shape.mirrors = true;
	return true;
}

const char *sn_conv_way_name(const struct sn_conv_plan *p, enum sn_conv_pass pass)
{
	return p->way[pass]->name;
}

size_t sn_conv_images(const struct sn_conv_plan *p)
{
	size_t most = 1;
	for (enum sn_conv_pass pass = SN_CONV_FORWARD; pass < SN_CONV_PASSES; pass++) {
		const struct sn_conv_way *w = p->way[pass];
		size_t n = w->images ? w->images(&p->shape) : SN_KERNEL_IMAGES;
		most = n > most ? n : most;
	}
	return most;
}

/* The convolution that a pass is, to its way. */
static const struct sn_conv *shape_of(const struct sn_conv_plan *p, enum sn_conv_pass pass)
{
	return pass == SN_CONV_INPUT ? &p->turned : &p->shape;
}

/* ---- weights and memory --------------------------------------------------------------- */

size_t sn_conv_packed(const struct sn_conv_plan *p, enum sn_conv_pass pass)
{
	if (pass == SN_CONV_INPUT && is_strided(p))
		return sn_strided_packed(&p->shape);
	return p->way[pass]->packed(shape_of(p, pass));
}

size_t sn_conv_pieces(const struct sn_conv_plan *p, enum sn_conv_pass pass)
{
	if (pass == SN_CONV_INPUT && is_strided(p))
		return 1;
	return p->way[pass]->pieces(shape_of(p, pass));
}

void sn_conv_pack(const struct sn_conv_plan *p, enum sn_conv_pass pass, const float *weight,
		  const float *scale, float *packed, size_t piece)
{
	const struct sn_conv *s = &p->shape;
	ptrdiff_t row = (ptrdiff_t)s->kw, area = row * (ptrdiff_t)s->kh,
		  all = area * (ptrdiff_t)s->c;
	struct sn_conv_view v = { weight, all, area, row, 1, scale };
	if (pass == SN_CONV_INPUT && is_strided(p)) {
		sn_strided_pack(s, weight, packed);
		return;
	}
	if (pass == SN_CONV_INPUT) /* to the channels of x from those of y, the window turned */
		v = (struct sn_conv_view){ weight + area - 1, area, all, -row, -1, NULL };
	p->way[pass]->pack(shape_of(p, pass), &v, packed, piece);
}

/* Doubles for the sums of biases, which nearly vanish where a batch norm follows. */
static size_t bias_scratch(const struct sn_conv *s)
{
	return sn_round_up(s->k * (sizeof(double) / sizeof(float)), SN_SIMD_LANES);
}

size_t sn_conv_scratch(const struct sn_conv_plan *p, enum sn_conv_pass pass, size_t n)
{
	if (pass == SN_CONV_INPUT && is_strided(p))
		return sn_strided_scratch(&p->shape);
	if (pass == SN_CONV_WEIGHT) {
		size_t size = p->way[pass]->gradient_scratch(&p->shape, n);
		return size > bias_scratch(&p->shape) ? size : bias_scratch(&p->shape);
	}
	return p->way[pass]->scratch(shape_of(p, pass), n);
}

/* ---- passes --------------------------------------------------------------------------- */

void sn_conv_forward(const struct sn_conv_plan *p, const float *x, size_t n, const float *packed,
		     const struct sn_finish *f, float *y, float *scratch)
{
	p->way[SN_CONV_FORWARD]->forward(&p->shape, x, n, packed, f, y, scratch);
}

void sn_conv_input_gradient(const struct sn_conv_plan *p, const float *dy, size_t n,
			    const float *packed, float *dx, float *scratch)
{
	const struct sn_conv *s = &p->shape;
	const struct sn_finish none = { NULL, false, NULL, NULL };
	if (!is_strided(p)) {
		p->way[SN_CONV_INPUT]->forward(&p->turned, dy, n, packed, &none, dx, scratch);
		return;
	}
	for (size_t i = 0; i < n; i++)
		sn_strided_input_gradient(s, dy + i * s->oh * s->ow * s->k, packed,
					  dx + i * s->h * s->w * s->c, scratch);
}

/* The bias's sum stands behind the way's. */
static size_t bias_place(const struct sn_conv_plan *p)
{
	return sn_round_up(p->way[SN_CONV_WEIGHT]->sum(&p->shape), SN_SIMD_LANES);
}

size_t sn_conv_sum(const struct sn_conv_plan *p)
{
	return bias_place(p) + p->shape.k;
}

static void add_bias(const float *dy, size_t n, size_t k, float *bias, double *sum)
{
	memset(sum, 0, k * sizeof *sum);
	sn_sweeps()->sums(dy, n, k, sum);
	for (size_t o = 0; o < k; o++)
		bias[o] += (float)sum[o];
}

void sn_conv_weight_gradient(const struct sn_conv_plan *p, const float *x, const float *dy,
			     size_t n, float *sum, float *scratch)
{
	const struct sn_conv *s = &p->shape;
	add_bias(dy, n * s->oh * s->ow, s->k, sum + bias_place(p), (double *)scratch);
	p->way[SN_CONV_WEIGHT]->gradient(s, x, dy, n, sum, scratch);
}

void sn_conv_unpack(const struct sn_conv_plan *p, float *sum, float *weight, float *bias)
{
	if (bias)
		memcpy(bias, sum + bias_place(p), p->shape.k * sizeof *bias);
	p->way[SN_CONV_WEIGHT]->unpack(&p->shape, sum, weight);
}
