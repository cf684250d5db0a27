/*
 * The loops of layers that multiply no matrices against plain ones in double, on every instruction
 * set that this processor runs, with any number of channels; and that a pixel's numbers do not
 * depend on its place.
 */
#include <sn/random.h>
#include "../../lib/kernel/simd.h"
#include "../../lib/kernel/sweeps.h"
#include "test.h"

static struct sn_random chance;
static const struct sn_sweeps *sweeps;

static size_t between(size_t least, size_t most)
{
	return least + sn_random_below(&chance, most - least + 1);
}

static float unit(void)
{
	return (float)(2 * sn_random_unit(&chance) - 1);
}

/* Behind them one more, so that none is empty. */
static float *floats(size_t n)
{
	float *x = malloc((n + 1) * sizeof *x);

	for (size_t i = 0; i <= n; i++)
		x[i] = unit();
	return x;
}

static double *zeros(size_t n)
{
	return calloc(n + 1, sizeof(double));
}

static void check_all(const float *a, const double *b, size_t n, double tolerance)
{
	double worst = 0;

	for (size_t i = 0; i < n; i++)
		if (!(fabs(a[i] - b[i]) <= worst))
			worst = fabs(a[i] - b[i]);
	CHECK(worst <= tolerance);
}

static void check_sums(const double *a, const double *b, size_t n, double tolerance)
{
	for (size_t i = 0; i < n; i++)
		CHECK_NEAR(a[i], b[i], tolerance);
}

/* Channels about the widths of vectors, and few and many. */
static size_t any_channels(void)
{
	static const size_t some[] = { 1, 3, 4, 8, 15, 16, 17, 20, 24, 48, 50, 64, 65, 96, 129 };

	return between(0, 1) ? some[sn_random_below(&chance, sizeof some / sizeof *some)]
			     : between(1, 70);
}

/* ---- batch norm ------------------------------------------------------------------------ */

static struct sn_norm random_norm(size_t c, bool relu)
{
	return (struct sn_norm){ .c = c,
				 .mean = floats(c),
				 .scale = floats(c),
				 .bias = floats(c),
				 .slope = floats(c),
				 .shift = floats(c),
				 .relu = relu };
}

static void free_norm(struct sn_norm *n)
{
	free((float *)n->mean), free((float *)n->scale), free((float *)n->bias);
	free((float *)n->slope), free((float *)n->shift);
}

static double normal(const struct sn_norm *n, float x, size_t o)
{
	return ((double)x - n->mean[o]) * n->scale[o] + n->bias[o];
}

static void norm_case(size_t c, size_t pixels, bool relu)
{
	struct sn_norm n = random_norm(c, relu);
	size_t all = pixels * c, first = between(0, pixels - 1);
	float *x = floats(all), *dy = floats(all), *y = floats(all), *dx = floats(all),
	      *part = floats(c);
	double *ry = zeros(all), *rx = zeros(all), *sum = zeros(c), *slopes = zeros(c),
	       *rs = zeros(c), *rq = zeros(c);

	for (size_t i = 0; i < all; i++) {
		size_t o = i % c;
		double v = normal(&n, x[i], o), d = dy[i];
		if (relu && fabs(v) < 1e-5) { /* on no side for sure */
			x[i] += 0.01F;
			v = normal(&n, x[i], o);
		}
		if (relu && v < 0)
			v = d = 0;
		ry[i] = v;
		rs[o] += d;
		rq[o] += d * ((double)x[i] - n.mean[o]);
		rx[i] = d * n.scale[o] + ((double)x[i] - n.mean[o]) * n.slope[o] + n.shift[o];
	}
	sweeps->norm(&n, x, pixels, y);
	sweeps->norm_back(&n, x, dy, pixels, dx);
	sweeps->norm_sums(&n, x, dy, pixels, sum, slopes);
	check_all(y, ry, all, 1e-6);
	check_all(dx, rx, all, 1e-6);
	check_sums(sum, rs, c, 1e-7 * (double)pixels + 1e-6);
	check_sums(slopes, rq, c, 2e-7 * (double)pixels + 1e-6);
	/* behind a relu */
	n.masks = true;
	sweeps->norm_back(&n, x, dy, pixels, y);
	for (size_t i = 0; i < all; i++)
		CHECK(y[i] == (x[i] > 0 ? dx[i] : 0));
	n.masks = false;
	sweeps->norm(&n, x, pixels, y);
	/* a pixel alone */
	sweeps->norm(&n, x + first * c, 1, part);
	CHECK(memcmp(part, y + first * c, c * sizeof *part) == 0);
	sweeps->norm_back(&n, x + first * c, dy + first * c, 1, part);
	CHECK(memcmp(part, dx + first * c, c * sizeof *part) == 0);
	free_norm(&n);
	free(x), free(dy), free(y), free(dx), free(part);
	free(ry), free(rx), free(sum), free(slopes), free(rs), free(rq);
}

/* Sums start from what is there; the mean is large against the deviation. */
static void moments_case(size_t c, size_t pixels, float mean)
{
	float *x = floats(pixels * c);
	double *sum = zeros(c), *squares = zeros(c), *only = zeros(c), *rs = zeros(c),
	       *rq = zeros(c);

	for (size_t i = 0; i < c; i++)
		sum[i] = rs[i] = squares[i] = rq[i] = only[i] = (double)i;
	for (size_t i = 0; i < pixels * c; i++) {
		x[i] += mean;
		rs[i % c] += x[i];
		rq[i % c] += (double)x[i] * x[i];
	}
	sweeps->moments(x, pixels, c, sum, squares);
	sweeps->sums(x, pixels, c, only);
	double near = 1e-7 * (double)pixels + 1e-6, size = 1 + fabs(mean);
	check_sums(only, rs, c, 4 * near * size);
	for (size_t i = 0; i < c; i++) {
		double n = (double)pixels, m = (sum[i] - (double)i) / n,
		       rm = (rs[i] - (double)i) / n;
		CHECK_NEAR(m, rm, 1e-6);
		CHECK_NEAR((squares[i] - (double)i) / n - m * m, (rq[i] - (double)i) / n - rm * rm,
			   1e-6);
	}
	free(x), free(sum), free(squares), free(only), free(rs), free(rq);
}

static void test_norm(void)
{
	for (int i = 0; i < 100; i++) {
		norm_case(any_channels(), between(1, 300), between(0, 1));
		moments_case(any_channels(), between(1, 300), between(0, 1) ? 0 : 100);
	}
}

/* ---- maxpool --------------------------------------------------------------------------- */

static size_t place_of(const struct sn_window *w, size_t i, size_t t)
{
	size_t o = i % w->c, ox = i / w->c % w->ow, oy = i / w->c / w->ow;

	return ((oy * w->stride + t / w->kw) * w->w + ox * w->stride + t % w->kw) * w->c + o;
}

/* The first of the largest; a NaN is. */
static size_t winner(const struct sn_window *w, const struct sn_norm *n, const float *x, size_t i)
{
	size_t best = 0;

	for (size_t t = 1; t < w->kh * w->kw; t++) {
		float a = x[place_of(w, i, t)], b = x[place_of(w, i, best)];
		if (n && n->scale[i % w->c] < 0)
			a = -a, b = -b;
		if (a > b || a != a)
			best = t;
	}
	return best;
}

static void maxpool_case(struct sn_window w, bool with_norm, bool relu)
{
	w.oh = (w.h - w.kh) / w.stride + 1;
	w.ow = (w.w - w.kw) / w.stride + 1;
	size_t in = w.h * w.w * w.c, out = w.oh * w.ow * w.c;
	struct sn_norm own = random_norm(w.c, relu), *n = with_norm ? &own : NULL;
	float *x = floats(in), *y = floats(out), *from = floats(out), *dy = floats(out),
	      *dx = floats(in), *line = floats(w.w * w.c), *again = floats(out);
	uint8_t *tap = malloc(out);
	double *ry = zeros(out), *rx = zeros(in), *sum = zeros(w.c), *slopes = zeros(w.c),
	       *rs = zeros(w.c), *rq = zeros(w.c);

	for (size_t i = 0; i < in; i++)
		x[i] = (float)(int)(x[i] * 8) / 8; /* equal ones */
	sweeps->maxpool(&w, n, relu, x, y, tap, n ? from : NULL);
	for (size_t i = 0; i < out; i++) {
		size_t t = winner(&w, n, x, i), place = place_of(&w, i, t), o = i % w.c;
		double v = n ? normal(n, x[place], o) : x[place];
		bool dead = relu && !(v > 0);
		ry[i] = dead ? 0 : v;
		CHECK(tap[i] == (dead ? SN_DEAD_TAP : t));
		if (n)
			CHECK(from[i] == x[place] - n->mean[o]);
		if (dead)
			continue;
		rx[place] += dy[i];
		rs[o] += dy[i];
		rq[o] += n ? (double)dy[i] * from[i] : 0;
	}
	check_all(y, ry, out, 1e-6);
	for (size_t i = 0; n && i < in; i++) {
		size_t o = i % w.c;
		rx[i] = rx[i] * n->scale[o] + ((double)x[i] - n->mean[o]) * n->slope[o] +
			n->shift[o];
	}
	sweeps->maxpool_back(&w, n, tap, dy, x, dx, line);
	check_all(dx, rx, in, 4e-6);
	if (n) {
		sweeps->maxpool_sums(tap, from, dy, w.oh * w.ow, w.c, sum, slopes);
		check_sums(sum, rs, w.c, 1e-5);
		check_sums(slopes, rq, w.c, 1e-5);
	} else {
		sweeps->maxpool(&w, NULL, relu, x, again, NULL, NULL);
		CHECK(memcmp(again, y, out * sizeof *y) == 0);
	}
	/* NaN is not lost */
	if (!n && !relu) {
		size_t i = between(0, out - 1), t = between(0, w.kh * w.kw - 1);
		x[place_of(&w, i, t)] = NAN;
		sweeps->maxpool(&w, NULL, false, x, y, tap, NULL);
		CHECK(isnan(y[i]) && tap[i] == t);
		sweeps->maxpool(&w, NULL, false, x, y, NULL, NULL);
		CHECK(isnan(y[i]));
	}
	free_norm(&own);
	free(x), free(y), free(from), free(dy), free(dx), free(line), free(again), free(tap);
	free(ry), free(rx), free(sum), free(slopes), free(rs), free(rq);
}

/* Windows of kh x kw numbers in a picture, a pool behind them. */
static void patches_case(size_t kh, size_t kw, size_t stride, struct sn_window w)
{
	struct sn_patches p = { .lines = between(1, 9), .points = between(1, 150) };
	const size_t width = (p.points - 1) * stride + kw + between(0, 2), length = kh * kw;
	int32_t offset[SN_PATCH];
	double sum[SN_PATCH * SN_PATCH] = { 0 };

	p.line = stride * width;
	p.point = stride;
	p.offset = offset;
	p.length = length;
	for (size_t i = 0; i < length; i++)
		offset[i] = (int32_t)(i / kw * width + i % kw);
	w.h = p.lines;
	w.w = p.points;
	if (w.h < w.kh || w.w < w.kw)
		return;
	w.oh = (w.h - w.kh) / w.stride + 1;
	w.ow = (w.w - w.kw) / w.stride + 1;
	size_t out = w.oh * w.ow * w.c;
	float *x = floats(((p.lines - 1) * stride + kh) * width), *dy = floats(out),
	      *slopes = floats((length + 1) * w.c);
	uint8_t *tap = malloc(out);
	double *want = zeros(SN_PATCH * SN_PATCH), *ws = zeros((length + 1) * w.c);

	for (size_t k = 0; k < p.lines * p.points; k++) {
		const float *q = x + k / p.points * p.line + k % p.points * p.point;
		for (size_t i = 0; i <= length; i++)
			for (size_t j = 0; j <= length; j++)
				want[i * SN_PATCH + j] += (i < length ? (double)q[offset[i]] : 1) *
							  (j < length ? (double)q[offset[j]] : 1);
	}
	for (size_t i = 0; i < out; i++) {
		size_t t = between(0, w.kh * w.kw), o = i % w.c, ox = i / w.c % w.ow,
		       oy = i / w.c / w.ow;
		tap[i] = (uint8_t)(t < w.kh * w.kw ? t : SN_DEAD_TAP);
		if (tap[i] == SN_DEAD_TAP)
			continue;
		const float *q = x + (oy * w.stride + t / w.kw) * p.line +
				 (ox * w.stride + t % w.kw) * p.point;
		for (size_t j = 0; j <= length; j++)
			ws[j * w.c + o] += dy[i] * (j < length ? (double)q[offset[j]] : 1);
	}
	sweeps->patch_moments(&p, x, sum);
	for (size_t i = 0; i <= length; i++)
		check_sums(sum + i * SN_PATCH, want + i * SN_PATCH, length + 1, 1e-4);
	sweeps->patch_slopes(&p, &w, x, tap, dy, slopes);
	check_all(slopes, ws, (length + 1) * w.c, 1e-4);
	free(x), free(dy), free(slopes), free(tap), free(want), free(ws);
}

static void test_patches(void)
{
	for (int i = 0; i < 100; i++)
		patches_case(between(1, 3), between(1, 5), between(1, 3),
			     (struct sn_window){ .c = SN_PATCH_CHANNELS * between(1, 4),
						 .kh = between(1, 3),
						 .kw = between(1, 3),
						 .stride = between(1, 3) });
}

static void test_maxpool(void)
{
	for (int i = 0; i < 150; i++) {
		size_t kh = between(1, 4), kw = between(0, 1) ? kh : between(1, 4);
		struct sn_window w = { .h = between(kh, kh + 9),
				       .w = between(kw, kw + 9),
				       .c = any_channels(),
				       .kh = kh,
				       .kw = kw,
				       .stride = between(1, 4) };
		maxpool_case(w, i % 2, between(0, 1));
	}
	maxpool_case(
		(struct sn_window){ .h = 15, .w = 17, .c = 5, .kh = 15, .kw = 17, .stride = 1 },
		false, true);
}

/* ---- number by number ------------------------------------------------------------------ */

static void test_elements(void)
{
	for (size_t n = 1; n < 80; n++) {
		float *a = floats(n), *b = floats(n), *y = floats(n), *z = floats(n);
		a[between(0, n - 1)] = 0;
		sweeps->relu(a, n, y);
		sweeps->relu_back(a, b, n, z);
		for (size_t i = 0; i < n; i++) {
			CHECK(y[i] == (a[i] < 0 ? 0 : a[i]));
			CHECK(z[i] == (a[i] > 0 ? b[i] : 0));
		}
		sweeps->add(a, b, n, false, y);
		sweeps->add(a, b, n, true, z);
		for (size_t i = 0; i < n; i++) {
			CHECK(y[i] == a[i] + b[i]);
			CHECK(z[i] == (y[i] < 0 ? 0 : y[i]));
		}
		memcpy(z, a, n * sizeof *z);
		sweeps->accumulate(z, b, n);
		CHECK(memcmp(z, y, n * sizeof *z) == 0);
		a[n - 1] = NAN;
		sweeps->relu(a, n, y);
		CHECK(isnan(y[n - 1]));
		sweeps->add(a, b, n, true, y);
		CHECK(isnan(y[n - 1]));
		free(a), free(b), free(y), free(z);
	}
}

static void test_slopes(void)
{
	for (int k = 0; k < 60; k++) {
		size_t c = any_channels(), pixels = between(1, 100), all = pixels * c;
		float *w = floats(c), *x = floats(all), *dy = floats(all), *y = floats(all),
		      *dx = floats(all);
		double *sum = zeros(c), *rs = zeros(c);
		sweeps->prelu(w, c, x, pixels, y);
		sweeps->prelu_back(w, c, x, dy, pixels, dx);
		sweeps->prelu_sums(x, dy, pixels, c, sum);
		for (size_t i = 0; i < all; i++) {
			CHECK(y[i] == (x[i] > 0 ? x[i] : w[i % c] * x[i]));
			CHECK(dx[i] == (x[i] > 0 ? dy[i] : w[i % c] * dy[i]));
			rs[i % c] += x[i] > 0 ? 0 : (double)x[i] * dy[i];
		}
		check_sums(sum, rs, c, 1e-5);
		sweeps->leaky(x, all, w[0], y);
		sweeps->leaky_back(x, dy, all, w[0], dx);
		for (size_t i = 0; i < all; i++) {
			CHECK(y[i] == (x[i] > 0 ? x[i] : w[0] * x[i]));
			CHECK(dx[i] == (x[i] > 0 ? dy[i] : w[0] * dy[i]));
		}
		free(w), free(x), free(dy), free(y), free(dx), free(sum), free(rs);
	}
}

static void test_dropout(void)
{
	static const size_t sizes[] = { 1, 2, 127, 128, 129, 1000 };

	for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
		size_t n = sizes[k];
		struct sn_random r = sn_random(1, SN_RANDOM_DROPOUT, k, 7);
		uint8_t *keep = malloc(n);
		float *x = floats(n), *y = floats(n);
		sweeps->chance(r.key, 0x60000000, n, keep);
		sweeps->drop(x, keep, n, 1.5F, y);
		for (size_t i = 0; i < n; i += 2) {
			uint64_t draw = sn_random_next(&r);
			CHECK(keep[i] == ((uint32_t)draw >= 0x60000000));
			CHECK(i + 1 == n || keep[i + 1] == ((uint32_t)(draw >> 32) >= 0x60000000));
		}
		for (size_t i = 0; i < n; i++)
			CHECK(y[i] == x[i] * (keep[i] ? 1.5F : 0));
		x[n - 1] = NAN;
		sweeps->drop(x, keep, n, 1.5F, y);
		CHECK(isnan(y[n - 1]));
		free(keep), free(x), free(y);
	}
}

/* Through all sizes of numbers, rising: near the functions, and never falling. */
static void test_curves(void)
{
	enum { N = 40003 };
	static float x[N], y[N], dy[N], dx[N];

	for (int i = 0; i < N; i++) {
		int far = i - N / 2;
		x[i] = (float)(far < 0 ? -1 : 1) * (float)exp(abs(far) / 1000.0 - 15);
		dy[i] = unit();
	}
	sweeps->sigmoid(x, N, y);
	sweeps->sigmoid_back(y, dy, N, dx);
	for (int i = 0; i < N; i++) {
		double s = 1 / (1 + exp(-(double)x[i]));
		CHECK_NEAR(y[i], s, 2e-7 * s + 1e-37);
		CHECK_NEAR(dx[i], dy[i] * (y[i] * (1.0 - y[i])), 1e-7);
		CHECK(i == 0 || y[i] >= y[i - 1]);
	}
	sweeps->tanh(x, N, y);
	sweeps->tanh_back(y, dy, N, dx);
	for (int i = 0; i < N; i++) {
		double s = tanh(x[i]);
		CHECK_NEAR(y[i], s, 2e-7 * fabs(s));
		CHECK_NEAR(dx[i], dy[i] * (1 - (double)y[i] * y[i]), 2e-7);
		CHECK(i == 0 || y[i] >= y[i - 1]);
	}
	/* infinite ones, NaN, and any place in a line */
	static const float some[] = { -INFINITY, INFINITY, NAN, -0.0F, 0.3F };
	for (size_t n = 1; n < 40; n++) {
		for (size_t i = 0; i < n; i++)
			x[i] = some[i % 5];
		sweeps->sigmoid(x, n, y);
		sweeps->tanh(x, n, dy);
		for (size_t i = 0; i < n; i++) {
			CHECK(i % 5 == 2 ? isnan(y[i]) && isnan(dy[i]) : y[i] <= 1 && y[i] >= 0);
			CHECK(i % 5 != 0 || (y[i] < 1e-37F && dy[i] == -1));
			CHECK(i % 5 != 1 || (y[i] == 1 && dy[i] == 1));
			CHECK(i < 5 || i % 5 == 2 || (y[i] == y[i - 5] && dy[i] == dy[i - 5]));
		}
	}
}

/* ---- pictures -------------------------------------------------------------------------- */

static void lrn_case(size_t c, size_t pixels, size_t window, float beta)
{
	struct sn_lrn l = { .c = c,
			    .before = window / 2 < c ? window / 2 : c - 1,
			    .after = window - 1 - window / 2 < c ? window - 1 - window / 2 : c - 1,
			    .k = 1.5F,
			    .alpha = 0.5F,
			    .beta = beta };
	size_t all = pixels * c;
	float *x = floats(all), *dy = floats(all), *y = floats(all), *dx = floats(all),
	      *memory = floats(3 * SN_LRN_PIXELS * sn_lrn_line(&l));
	double *ry = zeros(all), *rx = zeros(all), *d = zeros(c);

	for (size_t p = 0; p < pixels; p++) {
		const float *v = x + p * c, *g = dy + p * c;
		for (size_t o = 0; o < c; o++) {
			d[o] = l.k;
			for (size_t j = 0; j < c; j++)
				if (j + l.before >= o && j <= o + l.after)
					d[o] += l.alpha * (double)v[j] * v[j];
			ry[p * c + o] = v[o] * pow(d[o], -beta);
		}
		for (size_t o = 0; o < c; o++) {
			rx[p * c + o] += g[o] * pow(d[o], -beta);
			for (size_t j = 0; j < c; j++)
				if (j + l.before >= o && j <= o + l.after)
					rx[p * c + j] -= 2.0 * l.alpha * beta * v[j] * g[o] * v[o] *
							 pow(d[o], -beta - 1.0);
		}
	}
	sweeps->lrn(&l, x, pixels, y, memory);
	sweeps->lrn_back(&l, x, dy, pixels, dx, memory);
	check_all(y, ry, all, 1e-6);
	check_all(dx, rx, all, 1e-6 * (double)(window + 2));
	free(x), free(dy), free(y), free(dx), free(memory), free(ry), free(rx), free(d);
}

/* Both in one go, lines at a time: the same bits as one after the other. */
static void lrn_maxpool_case(struct sn_window w)
{
	w.oh = (w.h - w.kh) / w.stride + 1;
	w.ow = (w.w - w.kw) / w.stride + 1;
	struct sn_lrn l = { .c = w.c,
			    .before = w.c > 2 ? 2 : 0,
			    .after = w.c > 1 ? 1 : 0,
			    .k = 1.5F,
			    .alpha = 0.5F,
			    .beta = 0.75F };
	size_t in = w.h * w.w * w.c, out = w.oh * w.ow * w.c, pixels = w.h * w.w;
	size_t lines = 3 * SN_LRN_PIXELS * sn_lrn_line(&l);
	float *x = floats(in), *normal = floats(in), *y = floats(out), *both = floats(out),
	      *dy = floats(out), *dnormal = floats(in), *dx = floats(in), *dboth = floats(in),
	      *memory = floats(lines + sn_lrn_band(&w));
	uint8_t *tap = malloc(out), *other = malloc(out);

	sweeps->lrn(&l, x, pixels, normal, memory);
	sweeps->maxpool(&w, NULL, false, normal, y, tap, NULL);
	sweeps->lrn_maxpool(&w, &l, x, both, other, memory);
	CHECK(memcmp(y, both, out * sizeof *y) == 0 && memcmp(tap, other, out) == 0);
	sweeps->lrn_maxpool(&w, &l, x, both, NULL, memory);
	CHECK(memcmp(y, both, out * sizeof *y) == 0);
	sweeps->maxpool_back(&w, NULL, tap, dy, NULL, dnormal, NULL);
	sweeps->lrn_back(&l, x, dnormal, pixels, dx, memory);
	sweeps->lrn_maxpool_back(&w, &l, tap, dy, x, dboth, memory);
	CHECK(memcmp(dx, dboth, in * sizeof *dx) == 0);
	l.masks = true;
	sweeps->lrn_maxpool_back(&w, &l, tap, dy, x, dboth, memory);
	for (size_t i = 0; i < in; i++)
		CHECK(dboth[i] == (x[i] > 0 ? dx[i] : 0));
	free(x), free(normal), free(y), free(both), free(dy), free(dnormal), free(dx), free(dboth);
	free(memory), free(tap), free(other);
}

static void average_case(struct sn_window w, bool ceil)
{
	w.oh = (w.h - w.kh) / w.stride + 1;
	w.ow = (w.w - w.kw) / w.stride + 1;
	w.oh += ceil && w.oh * w.stride < w.h && (w.h - w.kh) % w.stride;
	w.ow += ceil && w.ow * w.stride < w.w && (w.w - w.kw) % w.stride;
	size_t in = w.h * w.w * w.c, out = w.oh * w.ow * w.c;
	float *x = floats(in), *y = floats(out), *dy = floats(out), *dx = floats(in);
	double *ry = zeros(out), *rx = zeros(in);

	for (size_t i = 0; i < out; i++) {
		size_t oy = i / w.c / w.ow, ox = i / w.c % w.ow, n = 0;
		for (int round = 0; round < 2; round++)
			for (size_t t = 0; t < w.kh * w.kw; t++) {
				if (oy * w.stride + t / w.kw >= w.h ||
				    ox * w.stride + t % w.kw >= w.w)
					continue;
				size_t place = place_of(&w, i, t);
				n += round == 0;
				ry[i] += round ? x[place] / (double)n : 0;
				rx[place] += round ? dy[i] / (double)n : 0;
			}
	}
	sweeps->average(&w, x, y);
	sweeps->average_back(&w, dy, dx);
	check_all(y, ry, out, 1e-6);
	check_all(dx, rx, in, 1e-6);
	free(x), free(y), free(dy), free(dx), free(ry), free(rx);
}

static void transpose_case(size_t rows, size_t columns)
{
	float *x = floats(rows * columns), *y = floats(rows * columns), end = y[rows * columns];

	sweeps->transpose(x, rows, columns, y);
	for (size_t i = 0; i < rows * columns; i++)
		CHECK(y[i % columns * rows + i / columns] == x[i]);
	CHECK(y[rows * columns] == end);
	free(x), free(y);
}

static void test_pictures(void)
{
	for (int i = 0; i < 60; i++) {
		size_t kh = between(1, 4), kw = between(1, 4);
		lrn_case(any_channels(), between(1, 20), between(1, 7), i % 2 ? 0.75F : 0.6F);
		average_case((struct sn_window){ .h = between(kh, kh + 9),
						 .w = between(kw, kw + 9),
						 .c = any_channels(),
						 .kh = kh,
						 .kw = kw,
						 .stride = between(1, 4) },
			     i % 2);
		lrn_maxpool_case((struct sn_window){ .h = between(kh, kh + 9),
						     .w = between(kw, kw + 9),
						     .c = any_channels(),
						     .kh = kh,
						     .kw = kw,
						     .stride = between(1, 4) });
		transpose_case(between(1, 70), between(1, 70));
	}
	lrn_case(9, 3, 40, 0.75F);
	average_case((struct sn_window){ .h = 5, .w = 9, .c = 50, .kh = 5, .kw = 9, .stride = 9 },
		     false);
}

/* ---- steps ----------------------------------------------------------------------------- */

static void test_steps(void)
{
	for (size_t n = 1; n < 70; n++) {
		float *w = floats(n), *v = floats(n), *g = floats(n), *s = floats(n);
		double *rw = zeros(n), *rv = zeros(n), *rs = zeros(n), square = 0;
		const struct sn_adam a = {
			0.9F, 0.1F, 0.99F, 0.01F, 0.2F, 1.5F, 0.01F, 0.1F, 0.8F
		};
		for (size_t i = 0; i < n; i++)
			square += (double)g[i] * g[i];
		CHECK_NEAR(sweeps->square(g, n), square, 1e-12 * (double)n);

		for (int nesterov = 0; nesterov < 2; nesterov++) {
			for (size_t i = 0; i < n; i++) {
				double h = g[i] + 0.1 * w[i];
				rv[i] = 0.9 * v[i] + h;
				rw[i] = w[i] - 0.2 * (nesterov ? h + 0.9 * rv[i] : rv[i]);
			}
			CHECK(sweeps->sgd(w, v, g, n, 0.2F, 0.9F, 0.1F, nesterov));
			check_all(w, rw, n, 1e-6);
			check_all(v, rv, n, 1e-6);
		}
		for (size_t i = 0; i < n; i++) {
			s[i] = fabsf(s[i]);
			double h = g[i] + 0.1 * w[i];
			rv[i] = 0.9 * v[i] + 0.1 * h;
			rs[i] = 0.99 * s[i] + 0.01 * h * h;
			rw[i] = 0.8 * w[i] - 0.2 * rv[i] / (sqrt(rs[i]) * 1.5 + 0.01);
		}
		CHECK(sweeps->adam(&a, w, v, s, g, n));
		check_all(w, rw, n, 1e-5);
		check_all(s, rs, n, 1e-6);
		for (size_t i = 0; i < n; i++) {
			double h = g[i] + 0.1 * w[i];
			rs[i] = 0.99 * s[i] + 0.01 * h * h;
			rv[i] = 0.9 * v[i] + h / (sqrt(rs[i]) + 0.01);
			rw[i] = w[i] - 0.2 * rv[i];
		}
		CHECK(sweeps->rmsprop(w, s, v, g, n, 0.2F, 0.9F, 0.1F, 0.99F, 0.01F, 0.01F));
		check_all(w, rw, n, 1e-4);

		for (size_t i = 0; i < n; i++)
			rw[i] = w[i] * 0.5;
		sweeps->scale(w, n, 0.5F);
		check_all(w, rw, n, 1e-9);
		CHECK(sweeps->finite(w, n));
		size_t bad = between(0, n - 1);
		g[bad] = NAN;
		CHECK(!sweeps->sgd(w, v, g, n, 0.2F, 0.9F, 0.1F, false));
		CHECK(!sweeps->finite(w, n));
		w[bad] = -INFINITY;
		CHECK(!sweeps->finite(w, n));
		free(w), free(v), free(g), free(s), free(rw), free(rv), free(rs);
	}
}

int main(void)
{
	for (const struct sn_simd *const *s = sn_simd_all(); *s; s++) {
		chance = sn_random(3, SN_RANDOM_TEST, 0, 0);
		sweeps = (*s)->sweeps;
		test_norm();
		test_maxpool();
		test_patches();
		test_elements();
		test_slopes();
		test_dropout();
		test_curves();
		test_pictures();
		test_steps();
	}
	return TEST_END();
}
