/*
 * Every layer against a plain reference in double: its values, and its gradients along random
 * directions against the change that the reference measures.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sn/net.h>
#include <sn/random.h>
#include "test.h"

static struct sn_random chance;

static size_t between(size_t least, size_t most)
{
	return least + sn_random_below(&chance, most - least + 1);
}

/* ---- the reference ------------------------------------------------------------------ */

enum kind {
	CONV,
	MAXPOOL,
	AVGPOOL,
	GLOBALAVG,
	BATCHNORM,
	LRN,
	RELU,
	PRELU,
	LEAKYRELU,
	SIGMOID,
	TANH,
	FLATTEN,
	LINEAR,
	L2NORM,
	RESIDUAL,
	SHORTCUT,
	END,
};

struct spec {
	enum kind kind;
	size_t k, kw, kh, stride; /* k: channels or outputs; LRN: n */
	size_t pad, pad_w;	  /* of height and width */
	bool bias, reflect, ceil, each;
	size_t groups;
	double alpha, beta; /* alpha: also a slope */
};

#define MOST_SPECS 24

struct plan {
	struct sn_shape in;
	size_t n;
	struct spec spec[MOST_SPECS];
};

static void plan_text(const struct plan *p, char *text, size_t size)
{
	static const char *const words[] = {
		[GLOBALAVG] = "globalavg", [BATCHNORM] = "batchnorm",
		[RELU] = "relu",	   [SIGMOID] = "sigmoid",
		[TANH] = "tanh",	   [FLATTEN] = "flatten",
		[L2NORM] = "l2norm",	   [RESIDUAL] = "residual",
		[SHORTCUT] = "shortcut",   [END] = "end",
	};
	size_t n = (size_t)snprintf(text, size, "input %zux%zux%zu\n", p->in.w, p->in.h, p->in.c);

	for (size_t i = 0; i < p->n; i++) {
		const struct spec *s = &p->spec[i];
		switch (s->kind) {
		case CONV:
			n += (size_t)snprintf(
				text + n, size - n,
				"conv %zu size=%zux%zu stride=%zu pad=%zux%zu bias=%s groups=%zu "
				"pad-mode=%s\n",
				s->k, s->kw, s->kh, s->stride, s->pad_w, s->pad,
				s->bias ? "yes" : "no", s->groups,
				s->reflect ? "reflect" : "zeros");
			break;
		case MAXPOOL:
			n += (size_t)snprintf(text + n, size - n,
					      "maxpool size=%zux%zu stride=%zu\n", s->kw, s->kh,
					      s->stride);
			break;
		case AVGPOOL:
			n += (size_t)snprintf(text + n, size - n,
					      "avgpool size=%zux%zu stride=%zu ceil=%s\n", s->kw,
					      s->kh, s->stride, s->ceil ? "yes" : "no");
			break;
		case LINEAR:
			n += (size_t)snprintf(text + n, size - n, "linear %zu bias=%s\n", s->k,
					      s->bias ? "yes" : "no");
			break;
		case LRN:
			n += (size_t)snprintf(text + n, size - n,
					      "lrn n=%zu alpha=%g beta=%g k=1.5\n", s->k, s->alpha,
					      s->beta);
			break;
		case PRELU:
			n += (size_t)snprintf(text + n, size - n, "prelu each=%s slope=%g\n",
					      s->each ? "yes" : "no", s->alpha);
			break;
		case LEAKYRELU:
			n += (size_t)snprintf(text + n, size - n, "leakyrelu slope=%g\n", s->alpha);
			break;
		default:
			n += (size_t)snprintf(text + n, size - n, "%s\n", words[s->kind]);
		}
	}
}

/* A place along a side of n with a border, from its first pixel: false where there is nothing. */
static bool place(const struct spec *s, size_t at, size_t pad, size_t n, size_t *to)
{
	long i = (long)at - (long)pad;

	if (s->reflect && i < 0)
		i = -i;
	if (s->reflect && i >= (long)n)
		i = 2 * ((long)n - 1) - i;
	*to = (size_t)i;
	return i >= 0 && i < (long)n;
}

/* y of a convolution or a pool at (oy, ox), channel o. */
static double ref_window(const struct spec *s, struct sn_shape in, const double *x, const double *w,
			 size_t oy, size_t ox, size_t o)
{
	size_t per = s->kind == CONV ? in.c / s->groups : 0, pixels = 0;
	size_t group = s->kind == CONV ? o / (s->k / s->groups) : 0;
	double v = s->kind == MAXPOOL ? -INFINITY : 0;

	if (s->kind == CONV && s->bias)
		v = w[s->k * per * s->kh * s->kw + o];
	for (size_t r = 0; r < s->kh; r++) {
		for (size_t q = 0; q < s->kw; q++) {
			size_t py, px;
			if (!place(s, oy * s->stride + r, s->pad, in.h, &py) ||
			    !place(s, ox * s->stride + q, s->pad_w, in.w, &px))
				continue;
			const double *at = x + (py * in.w + px) * in.c;
			for (size_t c = 0; c < per; c++)
				v += w[((o * per + c) * s->kh + r) * s->kw + q] *
				     at[group * per + c];
			if (s->kind == MAXPOOL)
				v = fmax(v, at[o]);
			if (s->kind == AVGPOOL)
				v += at[o];
			pixels++;
		}
	}
	return s->kind == AVGPOOL ? v / (double)pixels : v;
}

/* Of number i of the image. */
static double ref_element(const struct spec *s, struct sn_shape in, const double *x, size_t i,
			  const double *w)
{
	double sum = 0;
	long o = (long)(i % in.c), from = o - (long)(s->k / 2);

	switch (s->kind) {
	case RELU:
		return fmax(0, x[i]);
	case LEAKYRELU:
		return x[i] > 0 ? x[i] : s->alpha * x[i];
	case PRELU:
		return x[i] > 0 ? x[i] : w[s->each ? o : 0] * x[i];
	case TANH:
		return tanh(x[i]);
	case LRN:
		for (long j = from < 0 ? 0 : from; j < from + (long)s->k && j < (long)in.c; j++)
			sum += x[(long)i - o + j] * x[(long)i - o + j];
		return x[i] / pow(1.5 + s->alpha / (double)s->k * sum, s->beta);
	default:
		return 1 / (1 + exp(-x[i]));
	}
}

/* One image; x [in], y [out], w: the layer's parameters one after another. */
static void ref_image(const struct spec *s, struct sn_shape in, struct sn_shape out,
		      const double *x, double *y, const double *w)
{
	size_t nx = in.h * in.w * in.c, ny = out.h * out.w * out.c;

	if (s->kind == LINEAR) {
		for (size_t o = 0; o < s->k; o++) {
			y[o] = s->bias ? w[s->k * nx + o] : 0;
			for (size_t i = 0; i < nx; i++)
				y[o] += w[o * nx + i] * x[i];
		}
	} else if (s->kind == FLATTEN) {
		for (size_t i = 0; i < nx; i++)
			y[i % in.c * in.h * in.w + i / in.c] = x[i];
	} else if (s->kind == L2NORM) {
		double r = 0;
		for (size_t i = 0; i < nx; i++)
			r += x[i] * x[i];
		for (size_t i = 0; i < nx; i++)
			y[i] = x[i] / fmax(sqrt(r), 1e-12);
	} else if (s->kind == GLOBALAVG) {
		memset(y, 0, ny * sizeof *y);
		for (size_t i = 0; i < nx; i++)
			y[i % in.c] += x[i] / (double)(in.h * in.w);
	} else if (s->kind == CONV || s->kind == MAXPOOL || s->kind == AVGPOOL) {
		for (size_t i = 0; i < ny; i++)
			y[i] = ref_window(s, in, x, w, i / out.c / out.w, i / out.c % out.w,
					  i % out.c);
	} else {
		for (size_t i = 0; i < nx; i++)
			y[i] = ref_element(s, in, x, i, w);
	}
}

/* w: weight, bias, running mean, running variance, [c] each. */
static void ref_batchnorm(size_t n, size_t c, const double *x, double *y, const double *w,
			  bool training)
{
	for (size_t o = 0; o < c; o++) {
		double mean = w[2 * c + o], variance = w[3 * c + o];
		if (training) {
			mean = variance = 0;
			for (size_t i = o; i < n * c; i += c)
				mean += x[i] / (double)n;
			for (size_t i = o; i < n * c; i += c)
				variance += (x[i] - mean) * (x[i] - mean) / (double)n;
		}
		for (size_t i = o; i < n * c; i += c)
			y[i] = (x[i] - mean) / sqrt(variance + 1e-5) * w[o] + w[c + o];
	}
}

static size_t ref_params(const struct spec *s, struct sn_shape in)
{
	switch (s->kind) {
	case CONV:
		return s->k * (in.c / s->groups * s->kh * s->kw + s->bias);
	case LINEAR:
		return s->k * (in.c + s->bias);
	case BATCHNORM:
		return 4 * in.c;
	case PRELU:
		return s->each ? in.c : 1;
	default:
		return 0;
	}
}

/* Windows along a side: those that fit, and with ceil a partial one that begins within it. */
static size_t ref_side(const struct spec *s, size_t n, size_t size, size_t pad)
{
	size_t count = 0;

	for (size_t at = 0; at + size <= n + 2 * pad || (s->ceil && at < n); at += s->stride) {
		count++;
		if (at + size >= n + 2 * pad)
			break;
	}
	return count;
}

static struct sn_shape ref_shape(const struct spec *s, struct sn_shape in)
{
	switch (s->kind) {
	case CONV:
	case MAXPOOL:
	case AVGPOOL:
		return (struct sn_shape){ ref_side(s, in.h, s->kh, s->pad),
					  ref_side(s, in.w, s->kw, s->pad_w),
					  s->kind == CONV ? s->k : in.c };
	case GLOBALAVG:
		return (struct sn_shape){ 1, 1, in.c };
	case LINEAR:
		return (struct sn_shape){ 1, 1, s->k };
	case FLATTEN:
		return (struct sn_shape){ 1, 1, in.h * in.w * in.c };
	default:
		return in;
	}
}

/* What a residual block got, and what its main list gave. */
struct ref_block {
	double *x, *main;
	struct sn_shape in, out;
};

static size_t numbers(struct sn_shape s)
{
	return s.h * s.w * s.c;
}

static double *copy(const double *x, size_t n)
{
	double *y = malloc(n * sizeof *y);

	memcpy(y, x, n * sizeof *y);
	return y;
}

/* The three words of a block: at and in are those of the next layer. */
static void ref_structure(enum kind kind, struct ref_block *b, size_t n, double **at,
			  struct sn_shape *in)
{
	if (kind == RESIDUAL) {
		*b = (struct ref_block){ *at, NULL, *in, *in };
		*at = copy(*at, n * numbers(*in));
		return;
	}
	if (kind == SHORTCUT) {
		b->main = *at;
		b->out = *in;
		*at = copy(b->x, n * numbers(b->in));
		*in = b->in;
		return;
	}
	const double *other = b->main ? b->main : b->x;
	for (size_t i = 0; i < n * numbers(*in); i++)
		(*at)[i] += other[i];
	free(b->main);
	free(b->x);
}

/* y of the whole network for n images; the caller frees it. */
static double *reference(const struct plan *p, size_t n, const double *x, const double *theta,
			 bool training)
{
	struct sn_shape in = p->in;
	double *at = copy(x, n * numbers(in));
	struct ref_block block[8];
	size_t depth = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct spec *s = &p->spec[i];
		if (s->kind >= RESIDUAL) {
			depth += s->kind == RESIDUAL;
			ref_structure(s->kind, &block[depth - 1], n, &at, &in);
			depth -= s->kind == END;
			continue;
		}
		struct sn_shape out = ref_shape(s, in);
		size_t nx = numbers(in), ny = numbers(out);
		double *y = calloc(n * ny + 1, sizeof *y);
		if (s->kind == BATCHNORM)
			ref_batchnorm(n * in.h * in.w, in.c, at, y, theta, training);
		else
			for (size_t m = 0; m < n; m++)
				ref_image(s, in, out, at + m * nx, y + m * ny, theta);
		theta += ref_params(s, in);
		free(at);
		at = y;
		in = out;
	}
	return at;
}

/* ---- comparing ---------------------------------------------------------------------- */

static double normal(void)
{
	return sn_random_normal(&chance);
}

/* Parameters of a fresh network, with variances that are positive and norms that are not the
 * neutral ones. */
static size_t set_params(struct sn_net *net, double **theta)
{
	size_t total = 0, at = 0;

	MUST(sn_net_init(net, 7));
	for (size_t i = 0; i < sn_net_params(net); i++)
		total += sn_net_param(net, i)->count;
	*theta = malloc((total + 1) * sizeof **theta);
	for (size_t i = 0; i < sn_net_params(net); i++) {
		struct sn_param *p = sn_net_param(net, i);
		bool norm = strncmp(p->name, "bn", 2) == 0 || strncmp(p->name, "prelu", 5) == 0,
		     variance = strstr(p->name, "running_var");
		for (size_t j = 0; j < p->count; j++) {
			if (variance)
				p->value[j] = (float)(0.5 + sn_random_unit(&chance));
			else if (norm)
				p->value[j] = (float)normal();
			(*theta)[at++] = p->value[j];
		}
	}
	MUST(sn_net_changed(net));
	return total;
}

/* The worst error of y, in units of the largest value. */
static double worst(const float *y, const double *ref, size_t n)
{
	double most = 0, error = 0;

	for (size_t i = 0; i < n; i++) {
		most = fmax(most, fabs(ref[i]));
		if (!(fabs(y[i] - ref[i]) <= error))
			error = fabs(y[i] - ref[i]);
	}
	return error / (most + 1e-3);
}

static double loss_at(const struct plan *p, size_t n, const double *x, const double *theta,
		      const float *g, size_t dim)
{
	double *y = reference(p, n, x, theta, true), sum = 0;

	for (size_t i = 0; i < n * dim; i++)
		sum += g[i] * y[i];
	free(y);
	return sum;
}

/* L = sum g y.  Predicted and measured change along a direction of parameters, or of inputs. */
static void check_direction(const struct plan *p, struct sn_net *net, size_t n, const double *x,
			    const double *theta, size_t total, const float *g, const float *dx,
			    bool inputs)
{
	static const double step[] = { 1e-5, 1e-6, 1e-7, 1e-8 };
	enum { STEPS = sizeof step / sizeof *step };
	int agree = 0, kinks = 0;
	size_t nx = n * p->in.h * p->in.w * p->in.c, at = 0, dim = sn_net_dim(net);
	double *tv = calloc(total + 1, sizeof *tv), *xv = calloc(nx, sizeof *xv);
	double *t = malloc((total + 1) * sizeof *t), *xt = malloc(nx * sizeof *xt);
	double predicted = 0, size = 0;

	for (size_t i = 0; i < sn_net_params(net); i++) {
		const struct sn_param *q = sn_net_param(net, i);
		for (size_t j = 0; j < q->count; j++, at++) {
			if (inputs || !q->grad)
				continue;
			tv[at] = normal();
			predicted += tv[at] * q->grad[j];
			size += fabs(tv[at] * q->grad[j]);
		}
	}
	for (size_t i = 0; inputs && i < nx; i++) {
		xv[i] = normal();
		predicted += xv[i] * dx[i];
		size += fabs(xv[i] * dx[i]);
	}
	for (size_t i = 0; i < p->n; i++)
		kinks += p->spec[i].kind == RELU || p->spec[i].kind == PRELU ||
			 p->spec[i].kind == LEAKYRELU || p->spec[i].kind == MAXPOOL;
	for (size_t k = 0; k < STEPS; k++) {
		double l[2], measured;
		for (int side = 0; side < 2; side++) {
			double e = side ? step[k] : -step[k];
			for (size_t i = 0; i < total; i++)
				t[i] = theta[i] + e * tv[i];
			for (size_t i = 0; i < nx; i++)
				xt[i] = x[i] + e * xv[i];
			l[side] = loss_at(p, n, xt, t, g, dim);
		}
		measured = (l[1] - l[0]) / (2 * step[k]);
		agree += fabs(predicted - measured) <= 2e-5 * size + 3e-6;
		if (!kinks)
			CHECK_NEAR(predicted, measured, 2e-5 * size + 3e-6);
	}
	/* a long step may go over a kink; two short ones do not */
	CHECK(agree >= 2);
	free(tv), free(xv), free(t), free(xt);
}

static void check_running(const struct plan *p, struct sn_net *net, size_t n, const double *x,
			  const double *theta);

static void check_plan(const struct plan *p, size_t n)
{
	char text[4096];
	struct sn_net *net;
	struct sn_tape *tape;
	double *theta;

	plan_text(p, text, sizeof text);
	MUST(sn_net_parse(&net, text));
	size_t total = set_params(net, &theta), nx = n * p->in.h * p->in.w * p->in.c,
	       ny = n * sn_net_dim(net);
	float *x = malloc(nx * sizeof *x), *y = malloc(ny * sizeof *y), *g = calloc(ny, sizeof *g);
	float *dx = malloc(nx * sizeof *dx);
	double *xd = malloc(nx * sizeof *xd), *ref;
	uint64_t *item = malloc(n * sizeof *item);

	for (size_t i = 0; i < nx; i++)
		xd[i] = x[i] = (float)normal();
	for (size_t i = 0; i < ny; i++)
		g[i] = (float)normal();
	for (size_t i = 0; i < n; i++)
		item[i] = i;

	MUST(sn_net_embed(net, NULL, x, n, y));
	ref = reference(p, n, xd, theta, false);
	CHECK(worst(y, ref, ny) <= 5e-6);
	free(ref);

	MUST(sn_tape_new(&tape, net, NULL, n));
	MUST(sn_tape_forward(tape, x, n, item, 1, 0, y));
	ref = reference(p, n, xd, theta, true);
	/* a unit norm of few numbers magnifies the error of what it divides */
	CHECK(worst(y, ref, ny) <= 1e-5);
	free(ref);
	check_running(p, net, n, xd, theta);

	MUST(sn_tape_backward(tape, g, dx));
	check_direction(p, net, n, xd, theta, total, g, dx, true);
	if (sn_net_params(net))
		check_direction(p, net, n, xd, theta, total, g, dx, false);

	/* without dx the parameters' gradients are the same */
	float *keep = NULL;
	if (sn_net_params(net)) {
		const struct sn_param *q = sn_net_param(net, 0);
		keep = malloc(q->count * sizeof *keep);
		memcpy(keep, q->grad, q->count * sizeof *keep);
		MUST(sn_tape_forward(tape, x, n, item, 1, 0, y));
		MUST(sn_tape_backward(tape, g, NULL));
		CHECK(memcmp(keep, q->grad, q->count * sizeof *keep) == 0);
	}
	free(keep), free(x), free(y), free(g), free(dx), free(xd), free(item), free(theta);
	sn_tape_free(tape);
	sn_net_free(net);
}

/* The running statistics of a batch norm that is the first layer. */
static void check_running(const struct plan *p, struct sn_net *net, size_t n, const double *x,
			  const double *theta)
{
	size_t c = p->in.c, pixels = n * p->in.h * p->in.w;

	if (p->spec[0].kind != BATCHNORM)
		return;
	for (size_t o = 0; o < c; o++) {
		double mean = 0, variance = 0;
		for (size_t i = o; i < pixels * c; i += c)
			mean += x[i] / (double)pixels;
		for (size_t i = o; i < pixels * c; i += c)
			variance += (x[i] - mean) * (x[i] - mean) / (double)(pixels - 1);
		CHECK_NEAR(sn_net_param(net, 2)->value[o], 0.9 * theta[2 * c + o] + 0.1 * mean,
			   1e-6);
		CHECK_NEAR(sn_net_param(net, 3)->value[o], 0.9 * theta[3 * c + o] + 0.1 * variance,
			   1e-6);
	}
}

/* ---- cases -------------------------------------------------------------------------- */

#define PLAN(h, w, c, ...)                                                                         \
	(struct plan)                                                                              \
	{                                                                                          \
		{ h, w, c }, sizeof((struct spec[]){ __VA_ARGS__ }) / sizeof(struct spec),         \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static struct spec conv(size_t k, size_t kw, size_t kh, size_t stride, size_t pad, bool bias)
{
	return (struct spec){ .kind = CONV,
			      .k = k,
			      .kw = kw,
			      .kh = kh,
			      .stride = stride,
			      .pad = pad,
			      .pad_w = pad,
			      .bias = bias,
			      .groups = 1 };
}

/* A convolution with borders of its own, mirrored or not, in groups. */
static struct spec bordered(struct spec s, size_t pad, size_t pad_w, bool reflect, size_t groups)
{
	s.pad = pad;
	s.pad_w = pad_w;
	s.reflect = reflect;
	s.groups = groups;
	return s;
}

static struct spec average(size_t kw, size_t kh, size_t stride, bool ceil)
{
	return (struct spec){ .kind = AVGPOOL, .kw = kw, .kh = kh, .stride = stride, .ceil = ceil };
}

static struct spec lrn(size_t n, double alpha, double beta)
{
	return (struct spec){ .kind = LRN, .k = n, .alpha = alpha, .beta = beta };
}

static struct spec slope(enum kind kind, double alpha, bool each)
{
	return (struct spec){ .kind = kind, .alpha = alpha, .each = each };
}

static struct spec pool(size_t kw, size_t kh, size_t stride)
{
	return (struct spec){ .kind = MAXPOOL, .kw = kw, .kh = kh, .stride = stride };
}

static struct spec linear(size_t k, bool bias)
{
	return (struct spec){ .kind = LINEAR, .k = k, .bias = bias };
}

static struct spec plain(enum kind kind)
{
	return (struct spec){ .kind = kind };
}

static void test_each_layer(void)
{
	for (int i = 0; i < 25; i++) {
		size_t kw = between(1, 4), kh = between(1, 4),
		       pad = between(0, (kw < kh ? kw : kh) - 1);
		size_t h = between(kh, kh + 7), w = between(kw, kw + 7), c = between(0, 1) ? 1 : 3,
		       n = between(1, 20);
		check_plan(&PLAN(h, w, c,
				 conv(between(1, 9), kw, kh, between(1, 3), pad, between(0, 1)),
				 plain(FLATTEN)),
			   n);
		check_plan(&PLAN(h, w, c, pool(kw, kh, between(1, 3)), plain(FLATTEN)), n);
		check_plan(&PLAN(h, w, c, plain(FLATTEN), linear(between(1, 30), between(0, 1))),
			   n);
		check_plan(&PLAN(h, w, c, plain(BATCHNORM), plain(FLATTEN)), n + 1);
		check_plan(&PLAN(h, w, c, plain(RELU), plain(FLATTEN)), n);
		check_plan(&PLAN(h, w, c, plain(SIGMOID), plain(FLATTEN)), n);
		check_plan(&PLAN(h, w, c, plain(FLATTEN)), n);
		check_plan(&PLAN(h, w, c, plain(L2NORM), plain(FLATTEN)), n);
		check_plan(&PLAN(h, w, c, plain(FLATTEN), plain(BATCHNORM), plain(L2NORM)), n + 1);
	}
}

static void test_more_layers(void)
{
	for (int i = 0; i < 25; i++) {
		size_t kw = between(1, 4), kh = between(1, 4), c = between(0, 1) ? 1 : 3;
		size_t h = between(kh + 3, kh + 9), w = between(kw + 3, kw + 9), n = between(1, 20);
		size_t groups = between(1, 3), step = between(1, 4);
		bool yes = between(0, 1);
		/* mirrored borders may be wider than the window */
		check_plan(&PLAN(h, w, c,
				 bordered(conv(between(1, 9), kw, kh, between(1, 3), 0, yes),
					  between(0, 3), between(0, 3), true, 1),
				 plain(FLATTEN)),
			   n);
		check_plan(&PLAN(h, w, c,
				 bordered(conv(between(1, 9), kw, kh, between(1, 3), 0, yes),
					  between(0, kh - 1), between(0, kw - 1), false, 1),
				 plain(FLATTEN)),
			   n);
		check_plan(
			&PLAN(h, w, c, conv(groups * between(1, 3), 1, 1, 1, 0, true),
			      bordered(conv(groups * between(1, 3), kw, kh, between(1, 3), 0, yes),
				       between(0, kh - 1), between(0, kw - 1), yes, groups),
			      plain(FLATTEN)),
			n);
		check_plan(&PLAN(h, w, c, average(kw, kh, step, yes), plain(FLATTEN)), n);
		check_plan(&PLAN(h, w, c, plain(GLOBALAVG)), n);
		check_plan(&PLAN(h, w, c, conv(between(1, 9), 1, 1, 1, 0, true),
				 lrn(between(1, 7), 2, yes ? 0.75 : 0.3 * (double)step),
				 plain(FLATTEN)),
			   n);
		check_plan(&PLAN(h, w, c, slope(PRELU, 0.25, yes), plain(FLATTEN)), n);
		check_plan(&PLAN(h, w, c, slope(LEAKYRELU, 0.125 * (double)step, false),
				 plain(FLATTEN)),
			   n);
		check_plan(&PLAN(h, w, c, plain(TANH), plain(FLATTEN)), n);
	}
}

/* Blocks at the start and the end, within each other, of all kinds of layers. */
static void test_residual(void)
{
	static const size_t sizes[] = { 2, 7, 8, 9, 17, 33 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t n = sizes[i];
		check_plan(&PLAN(6, 5, 3, plain(RESIDUAL), conv(3, 3, 3, 1, 1, true), plain(TANH),
				 plain(END), plain(FLATTEN)),
			   n);
		check_plan(&PLAN(6, 5, 3, plain(RESIDUAL), plain(SIGMOID), plain(SHORTCUT),
				 conv(3, 1, 1, 1, 0, true), plain(END), plain(FLATTEN)),
			   n);
		/* as in the preset, but smooth */
		check_plan(&PLAN(9, 7, 1, conv(5, 3, 3, 1, 1, false), plain(BATCHNORM), plain(TANH),
				 plain(RESIDUAL), conv(6, 3, 3, 2, 1, false), plain(BATCHNORM),
				 plain(TANH), conv(6, 3, 3, 1, 1, false), plain(BATCHNORM),
				 plain(SHORTCUT), average(2, 2, 2, true),
				 conv(6, 1, 1, 1, 0, false), plain(BATCHNORM), plain(END),
				 plain(TANH), plain(FLATTEN), linear(7, true), plain(L2NORM)),
			   n);
		/* large weights and batch norms first and last in lists */
		check_plan(&PLAN(1, 6, 1, plain(FLATTEN), plain(RESIDUAL), linear(6, true),
				 plain(END), plain(RESIDUAL), linear(11, true), plain(TANH),
				 linear(4, true), plain(SHORTCUT), linear(4, false), plain(END),
				 plain(RESIDUAL), plain(BATCHNORM), plain(SHORTCUT),
				 plain(BATCHNORM), linear(4, true), plain(END)),
			   n);
		/* a block's input is the input of blocks within, in both lists */
		check_plan(&PLAN(4, 3, 3, plain(RESIDUAL), plain(RESIDUAL),
				 conv(3, 3, 3, 1, 1, true), plain(END), plain(TANH),
				 plain(SHORTCUT), plain(RESIDUAL), conv(3, 1, 1, 1, 0, true),
				 plain(BATCHNORM), plain(SHORTCUT), plain(SIGMOID), plain(END),
				 plain(END), plain(FLATTEN), plain(RESIDUAL), linear(36, true),
				 plain(END)),
			   n);
	}
}

static void test_networks(void)
{
	static const size_t sizes[] = { 1, 2, 7, 8, 9, 16, 17, 33 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t n = sizes[i];
		check_plan(&PLAN(14, 13, 1, conv(6, 3, 3, 1, 0, true), pool(2, 2, 2),
				 conv(5, 3, 3, 1, 1, true), pool(2, 2, 2), plain(FLATTEN),
				 linear(20, true), plain(RELU), linear(4, true), linear(2, true)),
			   n);
		check_plan(&PLAN(12, 9, 3, conv(8, 3, 3, 1, 1, false), plain(BATCHNORM),
				 plain(RELU), pool(2, 2, 2), conv(7, 3, 3, 2, 1, false),
				 plain(BATCHNORM), plain(SIGMOID), plain(FLATTEN), linear(9, false),
				 plain(BATCHNORM), linear(5, true), plain(L2NORM)),
			   n + 1);
	}
}

/* Layers that go together with those before them, forward and backward; channels of all widths. */
static void test_units(void)
{
	static const size_t channels[] = { 1, 4, 7, 16, 24, 50, 64 };

	for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
		size_t c = channels[i], n = between(2, 20), side = between(6, 9);
		struct spec pools = i % 2 ? pool(3, 3, 2) : pool(2, 2, 2);
		check_plan(&PLAN(side, 7, 1, conv(c, 3, 3, 1, 1, true), plain(BATCHNORM),
				 plain(RELU), pools, plain(FLATTEN)),
			   n);
		check_plan(&PLAN(side, 7, 1, conv(c, 3, 3, 1, 1, true), plain(RELU),
				 plain(BATCHNORM), pools, plain(FLATTEN)),
			   n);
		check_plan(&PLAN(side, 7, 1, conv(c, 3, 3, 1, 1, true), plain(BATCHNORM),
				 plain(RELU), plain(FLATTEN)),
			   n);
		check_plan(&PLAN(side, 7, 1, conv(c, 3, 3, 1, 1, true), plain(RELU), pools,
				 conv(3, 2, 2, 1, 0, true), plain(FLATTEN)),
			   n);
		check_plan(&PLAN(side, 9, 3, conv(c, 2, 2, 2, 1, false), plain(BATCHNORM), pools,
				 plain(FLATTEN)),
			   n);
		check_plan(&PLAN(side, 7, 1, conv(c, 3, 4, 1, 0, true), plain(BATCHNORM),
				 plain(FLATTEN)),
			   n);
		check_plan(&PLAN(side, 7, 3, plain(RELU), pools, plain(FLATTEN)), n);
		check_plan(&PLAN(side, 7, 1, conv(c, 3, 3, 1, 1, true), plain(RELU),
				 lrn(5, 2, 0.75), pools, plain(FLATTEN)),
			   n);
		check_plan(&PLAN(side, 7, 3, plain(RELU), lrn(3, 2, 0.75), plain(FLATTEN)), n);
		check_plan(&PLAN(side, 7, 3, plain(RELU), plain(BATCHNORM), plain(FLATTEN),
				 linear(9, true), plain(RELU), plain(BATCHNORM)),
			   n);
		check_plan(&PLAN(side, 7, 3, plain(BATCHNORM), plain(RELU), pools, plain(FLATTEN)),
			   n);
		check_plan(&PLAN(side, 7, 3, plain(RESIDUAL), conv(3, 3, 3, 1, 1, false),
				 plain(BATCHNORM), plain(RELU), conv(3, 3, 3, 1, 1, false),
				 plain(BATCHNORM), plain(END), plain(RELU), pools, plain(RESIDUAL),
				 plain(RELU), conv(c, 1, 1, 1, 0, true), plain(SHORTCUT),
				 conv(c, 1, 1, 1, 0, true), plain(BATCHNORM), plain(END),
				 plain(RELU), plain(FLATTEN)),
			   n);
	}
}

/* ---- dropout ------------------------------------------------------------------------ */

static void test_dropout(void)
{
	enum { N = 19, D = 201 };
	static float x[N * D], y[N * D], z[N * D], g[N * D], dx[N * D];
	uint64_t item[N];
	struct sn_net *net;
	struct sn_tape *tape;
	size_t kept = 0, other = 0;

	MUST(sn_net_parse(&net, "input 67x3x1\nflatten\ndropout 0.3\n"));
	MUST(sn_tape_new(&tape, net, NULL, N));
	for (int i = 0; i < N * D; i++) {
		x[i] = (float)normal();
		g[i] = (float)normal();
	}
	for (uint64_t i = 0; i < N; i++)
		item[i] = 1000 + i * i;
	MUST(sn_tape_forward(tape, x, N, item, 5, 77, y));
	MUST(sn_tape_backward(tape, g, dx));
	for (int i = 0; i < N * D; i++) {
		if (y[i] != 0) {
			kept++;
			CHECK_NEAR(y[i], x[i] / 0.7, 1e-6 * fabs(x[i]));
			CHECK_NEAR(dx[i], g[i] / 0.7, 1e-6 * fabs(g[i]));
		} else {
			CHECK(dx[i] == 0);
		}
	}
	/* five standard deviations */
	CHECK_NEAR((double)kept / (N * D), 0.7, 5 * sqrt(0.21 / (N * D)));

	/* a mask goes with the item: the last image first gives the same */
	MUST(sn_tape_forward(tape, x + (N - 1) * D, 1, item + N - 1, 5, 77, z));
	CHECK(memcmp(z, y + (N - 1) * D, D * sizeof *z) == 0);
	/* another step and another seed drop others */
	MUST(sn_tape_forward(tape, x, N, item, 5, 78, z));
	for (int i = 0; i < N * D; i++)
		other += (z[i] == 0) != (y[i] == 0);
	CHECK_NEAR((double)other / (N * D), 0.42, 0.05);
	MUST(sn_tape_forward(tape, x, N, item, 6, 77, z));
	CHECK(memcmp(z, y, sizeof z) != 0);
	/* embedding drops nothing */
	MUST(sn_net_embed(net, NULL, x, N, z));
	CHECK(memcmp(z, x, sizeof z) == 0);
	sn_tape_free(tape);
	sn_net_free(net);
}

int main(void)
{
	chance = sn_random(2, SN_RANDOM_TEST, 0, 0);
	test_each_layer();
	test_more_layers();
	test_residual();
	test_networks();
	test_units();
	test_dropout();
	return TEST_END();
}
