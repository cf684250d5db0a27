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

int main(void)
{
	for (const struct sn_simd *const *s = sn_simd_all(); *s; s++) {
		chance = sn_random(3, SN_RANDOM_TEST, 0, 0);
		sweeps = (*s)->sweeps;
		test_norm();
		test_maxpool();
		test_elements();
	}
	return TEST_END();
}
