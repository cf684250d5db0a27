/*
 * stem - in training, a network's first convolution with the norm, relu and maxpool behind it.
 *
 *     u = w q + b  of windows q,   z = (u - m) g r + h,  r = 1 / sqrt(v + eps)
 * m and v follow from the windows' own moments over all N pixels, Q = mean q and C = mean q q' -
 * Q Q', which are double:
 *     m = w Q + b,   v = w C w'
 * So the windows are looked at once, and then convolved, with the norm, line by line.  d being the
 * gradient of z, 0 where the relu gave 0 and where the pool took another pixel:
 *     S = sum d,   G = sum d q - S Q,   dh = S,   dg = r w G,   db = 0
 *     du = g r (d - S / N - (u - m) r dg / N)
 *     dw = sum du q = g r (G - r dg w C)
 * which takes dy and q alone.  Sums over images are double; in order within a block of images,
 * blocks joined by the tree.
 */
#include <math.h>
#include <string.h>
#include "stem.h"

enum { WEIGHT, BIAS }; /* parameters of both layers */

/* Behind one another in the layer's memory. */
struct state {
	float *packed; /* of the band, with the norm's scale */
	float *bias;   /* [k] of z */
	/* [k] of u, for du = d scale + (u - mean) slope + shift */
	float *mean, *scale, *slope, *shift;
	double *inverse; /* [k] r */
	double *moments; /* [blocks][SN_PATCH][SN_PATCH]; joined: the first are Q and C's */
	double *slopes;	 /* [blocks][length + 1][k] sum d q, sum d */
	uint8_t *tap;	 /* [n] which pixels the pool took */
	size_t bytes;
};

enum { MOMENTS = SN_PATCH * SN_PATCH };

/* ---- choosing ------------------------------------------------------------------------- */

/* Lines of a row of the pool's windows, as a convolution of a part of the bordered picture. */
static void plan_band(struct sn_stem *m)
{
	struct sn_conv s = m->shape;

	s.oh = m->window.kh;
	s.h = (s.oh - 1) * s.stride + s.kh;
	s.w += 2 * s.pad_w;
	s.pad_h = s.pad_w = 0;
	sn_conv_plan(&m->band, &s);
}

bool sn_stem_begins(struct sn_stem *m, const struct sn_layer *l, const struct sn_conv *s,
		    const struct sn_layer *next)
{
	const size_t length = s->kh * s->kw * s->c;

	if (m->norm || l->index > 0 || next->kind != &sn_layer_batchnorm || length >= SN_PATCH ||
	    s->k % SN_PATCH_CHANNELS)
		return false;
	m->norm = next;
	m->shape = *s;
	m->length = length;
	m->window = (struct sn_window){ s->oh, s->ow, s->k, s->oh, s->ow, 1, 1, 1 };
	for (size_t i = 0; i < length; i++) {
		size_t run = s->kw * s->c;
		m->offset[i] = (int32_t)(i / run * (s->w + 2 * s->pad_w) * s->c + i % run);
	}
	plan_band(m);
	return true;
}

bool sn_stem_follows(struct sn_stem *m, const struct sn_layer *next)
{
	if (!m->norm || m->pooled)
		return false;
	if (next->kind == &sn_layer_relu && !m->relu)
		return m->relu = true;
	m->pooled = sn_maxpool_window(next, &m->window);
	plan_band(m);
	return m->pooled;
}

/* ---- memory --------------------------------------------------------------------------- */

static size_t blocks(size_t n, size_t block)
{
	return (n + block - 1) / block;
}

static size_t round_up(size_t n)
{
	return (n + 15) / 16 * 16;
}

static size_t pooled(const struct sn_stem *m)
{
	return m->window.oh * m->window.ow * m->window.c;
}

static size_t slopes(const struct sn_stem *m)
{
	return (m->length + 1) * m->shape.k;
}

static struct state state_of(const struct sn_stem *m, void *memory, size_t n, size_t block)
{
	const size_t k = m->shape.k, packed = round_up(sn_conv_packed(&m->band, SN_CONV_FORWARD));
	struct state s = { .packed = memory };

	s.bias = s.packed + packed;
	s.mean = s.bias + k;
	s.scale = s.mean + k;
	s.slope = s.scale + k;
	s.shift = s.slope + k;
	s.inverse = (double *)(s.shift + k);
	s.moments = s.inverse + k;
	s.slopes = s.moments + blocks(n, block) * MOMENTS;
	s.tap = (uint8_t *)(s.slopes + blocks(n, block) * slopes(m));
	s.bytes = (packed + 5 * k) * sizeof(float) + n * pooled(m) +
		  (k + blocks(n, block) * (MOMENTS + slopes(m))) * sizeof(double);
	return s;
}

static struct state state_at(const struct sn_stem *m, const struct sn_call *c)
{
	return state_of(m, c->memory, c->batch->n, c->batch->block);
}

size_t sn_stem_memory(const struct sn_stem *m, size_t n, size_t block)
{
	return state_of(m, NULL, n, block).bytes;
}

/* Parts of the scratch memory. */
struct room {
	float *picture; /* with its border */
	float *lines;	/* of a band */
	float *slopes;
	float *given, *gradient; /* of the convolution; a line of the latter */
	float *line;
	float *kernel;
	size_t floats;
};

static struct room room_of(const struct sn_stem *m, float *memory)
{
	const struct sn_conv *s = &m->shape;
	const size_t all = s->oh * s->ow * s->k;
	struct room r = { .picture = memory };

	r.lines = r.picture + round_up((s->h + 2 * s->pad_h) * (s->w + 2 * s->pad_w) * s->c);
	r.slopes = r.lines + m->window.kh * s->ow * s->k;
	r.given = r.slopes + slopes(m);
	r.gradient = r.given + all;
	r.line = r.gradient + all;
	r.kernel = r.line + s->ow * s->k;
	r.floats = (size_t)(r.kernel - r.picture) + sn_conv_scratch(&m->band, SN_CONV_FORWARD, 1);
	return r;
}

size_t sn_stem_scratch(const struct sn_stem *m)
{
	float nothing;

	return room_of(m, &nothing).floats;
}

/* ---- windows -------------------------------------------------------------------------- */

static void border(const struct sn_conv *s, const float *x, float *to)
{
	const size_t line = s->w * s->c, row = (s->w + 2 * s->pad_w) * s->c;

	memset(to, 0, (s->h + 2 * s->pad_h) * row * sizeof *to);
	to += s->pad_h * row + s->pad_w * s->c;
	for (size_t i = 0; i < s->h; i++)
		memcpy(to + i * row, x + i * line, line * sizeof *to);
}

static struct sn_patches patches(const struct sn_stem *m)
{
	const struct sn_conv *s = &m->shape;

	return (struct sn_patches){ .lines = s->oh,
				    .points = s->ow,
				    .line = s->stride * (s->w + 2 * s->pad_w) * s->c,
				    .point = s->stride * s->c,
				    .offset = m->offset,
				    .length = m->length };
}

/* A weight, by the order of a window's numbers: its place in [k][c][kh][kw]. */
static size_t place(const struct sn_conv *s, size_t k, size_t i)
{
	const size_t c = i % s->c, tap = i / s->c;

	return (k * s->c + c) * s->kh * s->kw + tap;
}

/* The sums of the block that the call's images are in, cleared before its first image. */
static double *block_sums(const struct sn_call *c, double *sums, size_t width)
{
	double *sum = sums + c->first / c->batch->block * width;

	if (c->first % c->batch->block == 0)
		memset(sum, 0, width * sizeof *sum);
	return sum;
}

/* ---- forward -------------------------------------------------------------------------- */

void sn_stem_gather(const struct sn_stem *m, const struct sn_call *c, float *scratch)
{
	const struct sn_patches p = patches(m);
	const struct room r = room_of(m, scratch);
	double *sum = block_sums(c, state_at(m, c).moments, MOMENTS);

	for (size_t i = 0; i < c->n; i++) {
		border(&m->shape, c->x + i * c->layer->in_size, r.picture);
		sn_sweeps()->patch_moments(&p, r.picture, sum);
	}
}

/* Sums -> Q, in row `length`, and C.  Returns N. */
static double centre(const struct sn_stem *m, double *sum)
{
	double *mean = sum + m->length * SN_PATCH;
	const double n = mean[m->length];

	for (size_t i = 0; i < m->length; i++)
		mean[i] /= n;
	for (size_t i = 0; i < m->length; i++)
		for (size_t j = 0; j < m->length; j++)
			sum[i * SN_PATCH + j] = sum[i * SN_PATCH + j] / n - mean[i] * mean[j];
	return n;
}

/* (w C)[i] of output k. */
static double varied(const struct sn_stem *m, const float *weight, size_t k, const double *moments,
		     size_t i)
{
	double sum = 0;

	for (size_t j = 0; j < m->length; j++)
		sum += weight[place(&m->shape, k, j)] * moments[j * SN_PATCH + i];
	return sum;
}

int sn_stem_join(const struct sn_stem *m, const struct sn_layer *l, const struct sn_batch *b,
		 void *memory)
{
	const struct state s = state_of(m, memory, b->n, b->block);
	const float *weight = l->param[WEIGHT].value;
	int st;

	sn_tree_join_f8(s.moments, blocks(b->n, b->block), MOMENTS);
	const double n = centre(m, s.moments), *q = s.moments + m->length * SN_PATCH;
	if ((st = sn_batchnorm_check(m->norm, n)) < 0)
		return st;
	for (size_t k = 0; k < m->shape.k; k++) {
		const float gain = m->norm->param[WEIGHT].value[k];
		double mean = l->params > BIAS ? l->param[BIAS].value[k] : 0, variance = 0;
		const double bias = mean;
		for (size_t i = 0; i < m->length; i++) {
			const double w = weight[place(&m->shape, k, i)];
			mean += w * q[i];
			variance += w * varied(m, weight, k, s.moments, i);
		}
		variance = variance < 0 ? 0 : variance; /* rounding; NaN stays */
		s.mean[k] = (float)mean;
		s.inverse[k] = sn_batchnorm_move(m->norm, k, mean, variance, n);
		s.scale[k] = (float)(gain * s.inverse[k]);
		s.bias[k] = (float)(m->norm->param[BIAS].value[k] + (bias - mean) * s.scale[k]);
	}
	for (size_t i = 0; i < sn_conv_pieces(&m->band, SN_CONV_FORWARD); i++)
		sn_conv_pack(&m->band, SN_CONV_FORWARD, weight, s.scale, s.packed, i);
	return 0;
}

void sn_stem_forward(const struct sn_stem *m, const struct sn_call *c, float *scratch)
{
	const struct sn_conv *s = &m->shape;
	const struct state v = state_at(m, c);
	const struct room r = room_of(m, scratch);
	const struct sn_finish finish = { .bias = v.bias };
	const size_t step = m->window.stride * s->stride * m->band.shape.w * s->c,
		     row = m->window.ow * s->k;
	struct sn_window w = m->window;

	w.h = w.kh;
	w.oh = 1;
	for (size_t i = 0; i < c->n; i++) {
		float *y = c->y + i * pooled(m);
		uint8_t *tap = v.tap + (c->first + i) * pooled(m);
		border(s, c->x + i * c->layer->in_size, r.picture);
		for (size_t o = 0; o < m->window.oh; o++) {
			sn_conv_forward(&m->band, r.picture + o * step, 1, v.packed, &finish,
					r.lines, r.kernel);
			sn_sweeps()->maxpool(&w, NULL, m->relu, r.lines, y + o * row, tap + o * row,
					     NULL);
		}
	}
}

/* ---- backward ------------------------------------------------------------------------- */

void sn_stem_back_gather(const struct sn_stem *m, const struct sn_call *c, float *scratch)
{
	const struct sn_patches p = patches(m);
	const struct state v = state_at(m, c);
	const struct room r = room_of(m, scratch);
	const size_t width = slopes(m);
	double *sum = block_sums(c, v.slopes, width);

	for (size_t i = 0; i < c->n; i++) {
		border(&m->shape, c->x + i * c->layer->in_size, r.picture);
		sn_sweeps()->patch_slopes(&p, &m->window, r.picture,
					  v.tap + (c->first + i) * pooled(m), c->dy + i * pooled(m),
					  r.slopes);
		for (size_t o = 0; o < width; o++)
			sum[o] += r.slopes[o];
	}
}

void sn_stem_back_join(const struct sn_stem *m, const struct sn_layer *l, const struct sn_batch *b,
		       void *memory)
{
	const struct state s = state_of(m, memory, b->n, b->block);
	const float *weight = l->param[WEIGHT].value;
	const size_t channels = m->shape.k, length = m->length;
	const double n = (double)b->n * (double)(m->shape.oh * m->shape.ow);
	const double *q = s.moments + length * SN_PATCH;

	sn_tree_join_f8(s.slopes, blocks(b->n, b->block), slopes(m));
	for (size_t k = 0; k < channels; k++) {
		const double total = s.slopes[length * channels + k], r = s.inverse[k];
		double gain = 0;
		for (size_t i = 0; i < length; i++)
			gain += weight[place(&m->shape, k, i)] *
				(s.slopes[i * channels + k] - total * q[i]);
		gain *= r;
		m->norm->param[BIAS].grad[k] = (float)total;
		m->norm->param[WEIGHT].grad[k] = (float)gain;
		s.slope[k] = (float)(-s.scale[k] * r * gain / n);
		s.shift[k] = (float)(-s.scale[k] * total / n);
		for (size_t i = 0; i < length; i++)
			l->param[WEIGHT].grad[place(&m->shape, k, i)] =
				(float)(s.scale[k] *
					(s.slopes[i * channels + k] - total * q[i] -
					 r * gain * varied(m, weight, k, s.moments, i)));
		if (l->params > BIAS)
			l->param[BIAS].grad[k] = 0;
	}
}

float *sn_stem_given(const struct sn_stem *m, float *scratch)
{
	return room_of(m, scratch).given;
}

const float *sn_stem_gradient(const struct sn_stem *m, const struct sn_call *c, size_t i,
			      float *scratch)
{
	const struct state s = state_at(m, c);
	const struct room r = room_of(m, scratch);
	const struct sn_norm n = { .c = m->shape.k,
				   .mean = s.mean,
				   .scale = s.scale,
				   .slope = s.slope,
				   .shift = s.shift };

	sn_sweeps()->maxpool_back(&m->window, &n, s.tap + (c->first + i) * pooled(m),
				  c->dy + i * pooled(m), r.given, r.gradient, r.line);
	return r.gradient;
}
