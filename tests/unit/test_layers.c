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

enum kind { CONV, MAXPOOL, BATCHNORM, RELU, SIGMOID, FLATTEN, LINEAR, L2NORM };

struct spec {
	enum kind kind;
	size_t k, kw, kh, stride, pad; /* k: channels or outputs */
	bool bias;
};

#define MOST_SPECS 24

struct plan {
	struct sn_shape in;
	size_t n;
	struct spec spec[MOST_SPECS];
};

static void plan_text(const struct plan *p, char *text, size_t size)
{
	size_t n = (size_t)snprintf(text, size, "input %zux%zux%zu\n", p->in.w, p->in.h, p->in.c);

	for (size_t i = 0; i < p->n; i++) {
		const struct spec *s = &p->spec[i];
		switch (s->kind) {
		case CONV:
			n += (size_t)snprintf(text + n, size - n,
					      "conv %zu size=%zux%zu stride=%zu pad=%zu bias=%s\n",
					      s->k, s->kw, s->kh, s->stride, s->pad,
					      s->bias ? "yes" : "no");
			break;
		case MAXPOOL:
			n += (size_t)snprintf(text + n, size - n,
					      "maxpool size=%zux%zu stride=%zu\n", s->kw, s->kh,
					      s->stride);
			break;
		case LINEAR:
			n += (size_t)snprintf(text + n, size - n, "linear %zu bias=%s\n", s->k,
					      s->bias ? "yes" : "no");
			break;
		default:
			n += (size_t)snprintf(text + n, size - n, "%s\n",
					      s->kind == BATCHNORM ? "batchnorm"
					      : s->kind == RELU	   ? "relu"
					      : s->kind == SIGMOID ? "sigmoid"
					      : s->kind == FLATTEN ? "flatten"
								   : "l2norm");
		}
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
	} else if (s->kind == RELU || s->kind == SIGMOID) {
		for (size_t i = 0; i < nx; i++)
			y[i] = s->kind == RELU ? fmax(0, x[i]) : 1 / (1 + exp(-x[i]));
	} else {
		for (size_t i = 0; i < ny; i++) {
			size_t o = i % out.c, ox = i / out.c % out.w, oy = i / out.c / out.w;
			double v = s->kind == MAXPOOL ? -INFINITY
				   : s->bias	      ? w[s->k * in.c * s->kh * s->kw + o]
						      : 0;
			for (size_t r = 0; r < s->kh; r++) {
				for (size_t q = 0; q < s->kw; q++) {
					size_t py = oy * s->stride + r, px = ox * s->stride + q;
					if (py < s->pad || px < s->pad || py - s->pad >= in.h ||
					    px - s->pad >= in.w)
						continue;
					const double *at =
						x + ((py - s->pad) * in.w + px - s->pad) * in.c;
					for (size_t c = 0; s->kind == CONV && c < in.c; c++)
						v += w[((o * in.c + c) * s->kh + r) * s->kw + q] *
						     at[c];
					if (s->kind == MAXPOOL)
						v = fmax(v, at[o]);
				}
			}
			y[i] = v;
		}
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
		return s->k * (in.c * s->kh * s->kw + s->bias);
	case LINEAR:
		return s->k * (in.c + s->bias);
	case BATCHNORM:
		return 4 * in.c;
	default:
		return 0;
	}
}

static struct sn_shape ref_shape(const struct spec *s, struct sn_shape in)
{
	switch (s->kind) {
	case CONV:
	case MAXPOOL:
		return (struct sn_shape){ (in.h + 2 * s->pad - s->kh) / s->stride + 1,
					  (in.w + 2 * s->pad - s->kw) / s->stride + 1,
					  s->kind == CONV ? s->k : in.c };
	case LINEAR:
		return (struct sn_shape){ 1, 1, s->k };
	case FLATTEN:
		return (struct sn_shape){ 1, 1, in.h * in.w * in.c };
	default:
		return in;
	}
}

/* y of the whole network for n images; the caller frees it. */
static double *reference(const struct plan *p, size_t n, const double *x, const double *theta,
			 bool training)
{
	struct sn_shape in = p->in;
	double *at = malloc(n * in.h * in.w * in.c * sizeof *at);

	memcpy(at, x, n * in.h * in.w * in.c * sizeof *at);
	for (size_t i = 0; i < p->n; i++) {
		const struct spec *s = &p->spec[i];
		struct sn_shape out = ref_shape(s, in);
		size_t nx = in.h * in.w * in.c, ny = out.h * out.w * out.c;
		double *y = malloc(n * ny * sizeof *y);
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
		bool norm = strncmp(p->name, "bn", 2) == 0,
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
		kinks += p->spec[i].kind == RELU || p->spec[i].kind == MAXPOOL;
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
	float *x = malloc(nx * sizeof *x), *y = malloc(ny * sizeof *y), *g = malloc(ny * sizeof *g);
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
	return (struct spec){ CONV, k, kw, kh, stride, pad, bias };
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
	test_networks();
	test_dropout();
	return TEST_END();
}
