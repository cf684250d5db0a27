/*
 * The kernels against plain double loops, and their exactness: an image's numbers do not depend on
 * its neighbours.  SN_ISA and SN_CONV in the environment say which loops and which ways are tested.
 */
#include <stdbool.h>
#include <sn/kernel.h>
#include <sn/random.h>
#include "test.h"

static struct sn_random chance;

static float *random_floats(size_t n)
{
	float *x = malloc((n + 1) * sizeof *x);

	for (size_t i = 0; i < n; i++)
		x[i] = (float)(2 * sn_random_unit(&chance) - 1);
	return x;
}

static size_t between(size_t least, size_t most)
{
	return least + sn_random_below(&chance, most - least + 1);
}

/* |a - b| within a rounding of float for each of `terms` additions, for all n. */
static void check_near(const float *a, const double *b, size_t n, size_t terms)
{
	double worst = 0;

	for (size_t i = 0; i < n; i++)
		if (!(fabs(a[i] - b[i]) <= worst))
			worst = fabs(a[i] - b[i]);
	CHECK(worst <= 1.2e-7 * (double)(terms + 4));
}

/*
 * The norm of the error over the root of the terms' squares added up, at most: what the norm of
 * such sums is like, but never near 0.  Transforms add the roundings of their matrices.
 */
static void check_norm(const char *way, const float *a, const double *b, size_t n, double squares)
{
	double bound = strcmp(way, "winograd") == 0 || strcmp(way, "lane-tiles") == 0 ? 5e-6 : 2e-6;
	double error = 0;

	for (size_t i = 0; i < n; i++)
		error += (a[i] - b[i]) * (a[i] - b[i]);
	CHECK(sqrt(error) <= bound * sqrt(squares));
}

struct place {
	size_t x, w, y; /* indexes of a product within x, weight and y */
};

/* All products of a convolution, one after another; false behind the last. */
static bool next_product(const struct sn_conv *s, size_t *at, struct place *p)
{
	for (;; (*at)++) {
		size_t r = *at, j = r % s->kw, i, c, o, ox, oy;
		r /= s->kw;
		i = r % s->kh;
		r /= s->kh;
		c = r % s->c;
		r /= s->c;
		o = r % s->k;
		r /= s->k;
		ox = r % s->ow;
		oy = r / s->ow;
		if (oy >= s->oh)
			return false;
		size_t y = oy * s->stride + i, x = ox * s->stride + j;
		if (y < s->pad_h || x < s->pad_w || y - s->pad_h >= s->h || x - s->pad_w >= s->w)
			continue;
		p->x = ((y - s->pad_h) * s->w + x - s->pad_w) * s->c + c;
		p->w = ((o * s->c + c) * s->kh + i) * s->kw + j;
		p->y = (oy * s->ow + ox) * s->k + o;
		(*at)++;
		return true;
	}
}

static float *packed_for(const struct sn_conv_plan *p, enum sn_conv_pass pass, const float *w,
			 const float *scale)
{
	float *packed = random_floats(sn_conv_packed(p, pass));

	for (size_t i = 0; i < sn_conv_pieces(p, pass); i++)
		sn_conv_pack(p, pass, w, scale, packed, i);
	return packed;
}

/* Every pass over n images at once, then over each image alone: the same bits. */
static void conv_case(struct sn_conv s, size_t n)
{
	struct sn_conv_plan plan;

	s.oh = (s.h + 2 * s.pad_h - s.kh) / s.stride + 1;
	s.ow = (s.w + 2 * s.pad_w - s.kw) / s.stride + 1;
	sn_conv_plan(&plan, &s);
	size_t one_x = s.h * s.w * s.c, one_y = s.oh * s.ow * s.k;
	size_t nx = n * one_x, nw = s.k * s.c * s.kh * s.kw, ny = n * one_y;
	float *x = random_floats(nx), *w = random_floats(nw), *b = random_floats(s.k),
	      *dy = random_floats(ny);
	float *y = random_floats(ny), *dx = random_floats(nx), *dw = random_floats(nw),
	      *db = random_floats(s.k), *scale = random_floats(s.k), *shift = random_floats(s.k);
	float *forward = packed_for(&plan, SN_CONV_FORWARD, w, NULL),
	      *back = packed_for(&plan, SN_CONV_INPUT, w, NULL);
	float *sum = calloc(sn_conv_sum(&plan), sizeof *sum);
	size_t most = 0;
	double *ry = calloc(ny, sizeof *ry), *rx = calloc(nx, sizeof *rx),
	       *rw = calloc(nw, sizeof *rw), *rb = calloc(s.k, sizeof *rb);
	double bias_squares = 0, y_squares = 0, x_squares = 0, w_squares = 0, dy_squares = 0;
	struct sn_finish f = { .bias = b };
	struct place p;

	for (enum sn_conv_pass pass = 0; pass < SN_CONV_PASSES; pass++)
		if (sn_conv_scratch(&plan, pass, n) > most)
			most = sn_conv_scratch(&plan, pass, n);
	float *scratch = random_floats(most);
	for (size_t i = 0; i < ny; i++) {
		ry[i] = b[i % s.k];
		rb[i % s.k] += dy[i];
		bias_squares += ry[i] * ry[i];
		dy_squares += (double)dy[i] * dy[i];
	}
	for (size_t m = 0; m < n; m++)
		for (size_t at = 0; next_product(&s, &at, &p);) {
			double vy = (double)w[p.w] * x[m * one_x + p.x];
			double vx = (double)w[p.w] * dy[m * one_y + p.y];
			double vw = (double)x[m * one_x + p.x] * dy[m * one_y + p.y];
			ry[m * one_y + p.y] += vy;
			rx[m * one_x + p.x] += vx;
			rw[p.w] += vw;
			y_squares += vy * vy;
			x_squares += vx * vx;
			w_squares += vw * vw;
		}
	sn_conv_forward(&plan, x, n, forward, &f, y, scratch);
	sn_conv_input_gradient(&plan, dy, n, back, dx, scratch);
	sn_conv_weight_gradient(&plan, x, dy, n, sum, scratch);
	check_norm(sn_conv_way_name(&plan, SN_CONV_FORWARD), y, ry, ny, y_squares + bias_squares);
	check_norm(sn_conv_way_name(&plan, SN_CONV_INPUT), dx, rx, nx, x_squares);

	float *alone = random_floats(one_x > one_y ? one_x : one_y);
	for (size_t m = 0; m < n; m++) {
		sn_conv_forward(&plan, x + m * one_x, 1, forward, &f, alone, scratch);
		CHECK(memcmp(alone, y + m * one_y, one_y * sizeof *y) == 0);
		sn_conv_input_gradient(&plan, dy + m * one_y, 1, back, alone, scratch);
		CHECK(memcmp(alone, dx + m * one_x, one_x * sizeof *dx) == 0);
	}

	/* the gradient is added to what is there */
	sn_conv_weight_gradient(&plan, x, dy, n, sum, scratch);
	sn_conv_unpack(&plan, sum, dw, db);
	for (size_t i = 0; i < nw; i++)
		rw[i] *= 2;
	for (size_t o = 0; o < s.k; o++)
		rb[o] *= 2;
	check_norm(sn_conv_way_name(&plan, SN_CONV_WEIGHT), dw, rw, nw, 4 * w_squares);
	check_norm("direct", db, rb, s.k, 4 * dy_squares);

	/* a finish of everything, weights scaled, no bias */
	free(forward);
	forward = packed_for(&plan, SN_CONV_FORWARD, w, scale);
	f = (struct sn_finish){ .relu = true, .scale = scale, .shift = shift };
	sn_conv_forward(&plan, x, n, forward, &f, y, scratch);
	for (size_t i = 0; i < ny; i++) {
		double v = (ry[i] - b[i % s.k]) * scale[i % s.k];
		ry[i] = (v > 0 ? v : 0) * scale[i % s.k] + shift[i % s.k];
	}
	check_norm(sn_conv_way_name(&plan, SN_CONV_FORWARD), y, ry, ny,
		   y_squares + bias_squares + (double)ny);

	free(x), free(w), free(b), free(dy), free(y), free(dx), free(dw), free(db), free(forward);
	free(back), free(sum), free(scratch), free(alone), free(scale), free(shift);
	free(ry), free(rx), free(rw), free(rb);
}

/* A square window on a square picture. */
static void square(size_t side, size_t c, size_t k, size_t window, size_t stride, size_t pad,
		   size_t n)
{
	conv_case((struct sn_conv){ .h = side,
				    .w = side,
				    .c = c,
				    .k = k,
				    .kh = window,
				    .kw = window,
				    .stride = stride,
				    .pad_h = pad,
				    .pad_w = pad },
		  n);
}

/* The place that place i of a side of n with a border of pad shows. */
static size_t shown(size_t i, size_t pad, size_t n)
{
	return i < pad ? pad - i : i - pad < n ? i - pad : 2 * (n - 1) - (i - pad);
}

/* A picture whose border the kernel mirrors gives the bits of one that comes with it. */
static void mirror_case(struct sn_conv s, size_t pad, size_t n)
{
	struct sn_conv_plan plan, mirrors;
	size_t h = s.h + 2 * pad, w = s.w + 2 * pad, c = s.c, scratch = 0;
	float *x = random_floats(n * s.h * s.w * c), *xb = random_floats(n * h * w * c);

	for (size_t i = 0; i < n * h * w * c; i++) {
		size_t p = i / c % w, r = i / c / w % h, m = i / c / w / h;
		xb[i] = x[((m * s.h + shown(r, pad, s.h)) * s.w + shown(p, pad, s.w)) * c + i % c];
	}
	s.h = h;
	s.w = w;
	s.oh = h - s.kh + 1;
	s.ow = w - s.kw + 1;
	sn_conv_plan(&plan, &s);
	mirrors = plan;
	if (sn_conv_mirrors(&mirrors, pad, pad)) {
		size_t ny = n * s.oh * s.ow * s.k, sums = sn_conv_sum(&plan);
		float *wt = random_floats(s.k * c * s.kh * s.kw), *dy = random_floats(ny);
		float *a = random_floats(ny), *b = random_floats(ny);
		float *sa = calloc(sums, sizeof *sa), *sb = calloc(sums, sizeof *sb);
		float *packed = packed_for(&plan, SN_CONV_FORWARD, wt, NULL);
		struct sn_finish f = { .relu = true };
		for (enum sn_conv_pass pass = 0; pass < SN_CONV_PASSES; pass++)
			for (int k = 0; k < 2; k++) {
				size_t size = sn_conv_scratch(k ? &mirrors : &plan, pass, n);
				scratch = size > scratch ? size : scratch;
			}
		float *memory = random_floats(scratch);
		sn_conv_forward(&plan, xb, n, packed, &f, a, memory);
		sn_conv_forward(&mirrors, x, n, packed, &f, b, memory);
		CHECK(memcmp(a, b, ny * sizeof *a) == 0);
		CHECK(sn_conv_sum(&mirrors) == sums);
		sn_conv_weight_gradient(&plan, xb, dy, n, sa, memory);
		sn_conv_weight_gradient(&mirrors, x, dy, n, sb, memory);
		CHECK(memcmp(sa, sb, sums * sizeof *sa) == 0);
		free(wt), free(dy), free(a), free(b), free(sa), free(sb), free(packed);
		free(memory);
	}
	free(x), free(xb);
}

static void mirror(size_t h, size_t w, size_t c, size_t k, size_t window, size_t pad, size_t n)
{
	mirror_case(
		(struct sn_conv){
			.h = h, .w = w, .c = c, .k = k, .kh = window, .kw = window, .stride = 1 },
		pad, n);
}

static void test_mirrors(void)
{
	mirror(20, 17, 1, 4, 3, 1, 1);
	mirror(33, 20, 4, 8, 3, 1, 16);
	mirror(9, 30, 8, 8, 3, 1, 5);
	mirror(6, 5, 3, 2, 5, 4, 16); /* a border as wide as can be */
	mirror(18, 7, 2, 3, 4, 6, 3); /* and wider than the window */
}

static void test_conv(void)
{
	square(1, 1, 1, 1, 1, 0, 1);
	square(28, 1, 20, 5, 1, 0, 3);
	square(12, 20, 50, 5, 1, 0, 2);
	square(9, 64, 64, 3, 1, 1, 5);
	square(6, 96, 80, 3, 1, 1, 2);
	square(6, 7, 9, 1, 1, 0, 4);
	square(2, 3, 4, 5, 1, 4, 2);
	square(14, 24, 48, 7, 1, 0, 2);
	square(9, 33, 34, 4, 1, 0, 2);
	square(13, 16, 17, 10, 1, 0, 3);
	square(26, 65, 33, 3, 1, 1, 2);	 /* sums in parts, a line of tiles that ends within one */
	square(10, 130, 20, 4, 1, 0, 3); /* tiles an odd number of vectors apart */
	square(7, 3, 5, 3, 1, 2, 16);	 /* fewer channels than a vector has */
	/* several tiles, turns and panels; windows on the border's other side; one channel */
	square(43, 20, 70, 7, 1, 3, 3);
	square(60, 1, 37, 9, 1, 0, 3);
	conv_case((struct sn_conv){ .h = 31,
				    .w = 45,
				    .c = 36,
				    .k = 20,
				    .kh = 11,
				    .kw = 4,
				    .stride = 1,
				    .pad_h = 10,
				    .pad_w = 2 },
		  2);
	square(26, 4, 8, 3, 1, 0, 7); /* few channels; windows of every size that tiles know */
	square(15, 3, 5, 3, 1, 2, 16);
	square(11, 8, 9, 4, 1, 3, 9);
	square(10, 20, 18, 5, 1, 4, 16);
	square(16, 3, 10, 6, 1, 5, 5);
	square(9, 5, 6, 7, 1, 3, 3);
	square(40, 1, 33, 5, 3, 2, 2);
	/* windows of 3 at every second pixel: tiles of every size, sides that end within one */
	square(24, 48, 40, 3, 2, 1, 3);
	square(13, 20, 34, 3, 2, 1, 16);
	square(12, 33, 20, 3, 2, 0, 2);
	square(9, 18, 70, 3, 2, 2, 5);
	conv_case((struct sn_conv){ .h = 9,
				    .w = 3,
				    .c = 2,
				    .k = 33,
				    .kh = 2,
				    .kw = 3,
				    .stride = 4,
				    .pad_h = 1,
				    .pad_w = 1 },
		  2);
	for (int i = 0; i < 60; i++) {
		struct sn_conv s = { .c = between(1, 20),
				     .k = between(1, 40),
				     .kh = between(1, 5),
				     .kw = between(1, 5) };
		s.stride = between(0, 1) ? 1 : between(2, 4);
		s.pad_h = between(0, s.kh - 1);
		s.pad_w = between(0, s.kw - 1);
		s.h = between(s.kh, s.kh + 9);
		s.w = between(s.kw, s.kw + 9);
		conv_case(s, between(1, SN_KERNEL_IMAGES));
	}
}

/* A gradient as it is given, row by row; each row has been announced. */
struct taken {
	size_t in;
	float *dw;
	bool *asked;
};

static void take(void *context, size_t out, size_t from, size_t n, const float *g)
{
	struct taken *t = context;

	CHECK(t->asked[out]);
	memcpy(t->dw + out * t->in + from, g, n * sizeof *g);
}

static void ask(void *context, size_t out, size_t from, size_t n)
{
	struct taken *t = context;

	CHECK(from + n <= t->in);
	t->asked[out] = true;
}

/* Both gradients at once, in two parts: dx has the bits that it has alone. */
static void gradients_case(struct sn_linear s, const float *x, const float *dy, size_t n,
			   const float *w, const float *dx, const double *rw)
{
	struct taken t = { s.in, random_floats(s.in * s.out), calloc(s.out, sizeof(bool)) };
	const struct sn_linear_taker taker = { take, ask, &t };
	float *scratch = random_floats(sn_linear_gradients_scratch(n));
	float *both = random_floats(n * s.in);
	size_t cut = between(0, s.in);

	sn_linear_gradients(&s, x, dy, n, w, 0, cut, both, &taker, scratch);
	sn_linear_gradients(&s, x, dy, n, w, cut, s.in, both, &taker, scratch);
	CHECK(memcmp(both, dx, n * s.in * sizeof *dx) == 0);
	check_near(t.dw, rw, s.in * s.out, n);
	/* without dx, whole: the same */
	float *parts = t.dw;
	t.dw = random_floats(s.in * s.out);
	sn_linear_gradients(&s, x, dy, n, w, 0, s.in, NULL, &taker, scratch);
	CHECK(memcmp(t.dw, parts, s.in * s.out * sizeof *parts) == 0);
	free(parts), free(t.dw), free(t.asked), free(scratch), free(both);
}

static void linear_case(struct sn_linear s, size_t n)
{
	float *x = random_floats(n * s.in), *w = random_floats(s.in * s.out),
	      *b = random_floats(s.out);
	float *dy = random_floats(n * s.out), *y = random_floats(n * s.out),
	      *dx = random_floats(n * s.in);
	float *scratch = random_floats(sn_linear_scratch(&s, n));
	double *ry = calloc(n * s.out, sizeof *ry), *rx = calloc(n * s.in, sizeof *rx);
	double *rw = calloc(s.in * s.out, sizeof *rw);
	struct sn_linear_tile t = { between(0, s.out - 1), 0, between(0, s.in - 1), 0 };
	struct sn_finish f = { .bias = b };
	size_t cut_out = between(0, s.out), cut_in = between(0, s.in);

	t.to_out = between(t.from_out + 1, s.out);
	t.to_in = between(t.from_in + 1, s.in);
	float *dw = calloc((t.to_out - t.from_out) * (t.to_in - t.from_in), sizeof *dw);
	for (size_t m = 0; m < n; m++) {
		for (size_t o = 0; o < s.out; o++) {
			ry[m * s.out + o] = b[o];
			for (size_t i = 0; i < s.in; i++) {
				ry[m * s.out + o] += (double)w[o * s.in + i] * x[m * s.in + i];
				rx[m * s.in + i] += (double)w[o * s.in + i] * dy[m * s.out + o];
				rw[o * s.in + i] += (double)x[m * s.in + i] * dy[m * s.out + o];
			}
		}
	}
	/* in two parts each */
	sn_linear_forward(&s, x, n, w, &f, 0, cut_out, y, scratch);
	sn_linear_forward(&s, x, n, w, &f, cut_out, s.out, y, scratch);
	sn_linear_input_gradient(&s, dy, n, w, 0, cut_in, dx);
	sn_linear_input_gradient(&s, dy, n, w, cut_in, s.in, dx);
	sn_linear_weight_gradient(&s, x, dy, n, &t, dw);
	check_near(y, ry, n * s.out, s.in);
	check_near(dx, rx, n * s.in, s.out);
	for (size_t o = t.from_out; o < t.to_out; o++)
		check_near(dw + (o - t.from_out) * (t.to_in - t.from_in), rw + o * s.in + t.from_in,
			   t.to_in - t.from_in, n);

	gradients_case(s, x, dy, n, w, dx, rw);

	/* a row alone has the same bits */
	float *row = random_floats(s.out > s.in ? s.out : s.in);
	for (size_t m = 0; m < n; m++) {
		sn_linear_forward(&s, x + m * s.in, 1, w, &f, 0, s.out, row, scratch);
		CHECK(memcmp(row, y + m * s.out, s.out * sizeof *row) == 0);
		sn_linear_input_gradient(&s, dy + m * s.out, 1, w, 0, s.in, row);
		CHECK(memcmp(row, dx + m * s.in, s.in * sizeof *row) == 0);
	}
	free(x), free(w), free(b), free(dy), free(y), free(dx), free(dw), free(ry);
	free(rx), free(rw), free(row), free(scratch);
}

static void test_linear(void)
{
	linear_case((struct sn_linear){ 1, 1 }, 1);
	linear_case((struct sn_linear){ 800, 500 }, 8);
	linear_case((struct sn_linear){ 2500, 70 }, 140);
	linear_case((struct sn_linear){ 500, 10 }, 7);
	linear_case((struct sn_linear){ 10, 2 }, 3);
	for (int i = 0; i < 60; i++)
		linear_case((struct sn_linear){ between(1, 150), between(1, 150) }, between(1, 20));
}

int main(void)
{
	chance = sn_random(1, SN_RANDOM_TEST, 0, 0);
	test_conv();
	test_mirrors();
	test_linear();
	return TEST_END();
}
