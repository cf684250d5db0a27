/* The kernels against plain double loops, and their exactness: an image's numbers do not depend on
 * its neighbours. */
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
		if (y < s->pad || x < s->pad || y - s->pad >= s->h || x - s->pad >= s->w)
			continue;
		p->x = ((y - s->pad) * s->w + x - s->pad) * s->c + c;
		p->w = ((o * s->c + c) * s->kh + i) * s->kw + j;
		p->y = (oy * s->ow + ox) * s->k + o;
		(*at)++;
		return true;
	}
}

static void conv_case(struct sn_conv s)
{
	size_t nx = s.h * s.w * s.c, nw = s.k * s.c * s.kh * s.kw;
	s.oh = (s.h + 2 * s.pad - s.kh) / s.stride + 1;
	s.ow = (s.w + 2 * s.pad - s.kw) / s.stride + 1;
	size_t ny = s.oh * s.ow * s.k, np = sn_conv_packed(&s), at = 0;
	float *x = random_floats(nx), *w = random_floats(nw), *b = random_floats(s.k),
	      *dy = random_floats(ny);
	float *y = random_floats(ny), *dx = random_floats(nx), *dw = random_floats(nw),
	      *db = random_floats(s.k);
	float *packed = random_floats(np), *dp = calloc(sn_conv_sum(&s), sizeof *dp),
	      *scratch = random_floats(sn_conv_scratch(&s));
	double *ry = calloc(ny, sizeof *ry), *rx = calloc(nx, sizeof *rx),
	       *rw = calloc(nw, sizeof *rw);
	double *rb = calloc(s.k, sizeof *rb);
	struct place p;

	for (size_t i = 0; i < ny; i++) {
		ry[i] = b[i % s.k];
		rb[i % s.k] += dy[i];
	}
	while (next_product(&s, &at, &p)) {
		ry[p.y] += (double)w[p.w] * x[p.x];
		rx[p.x] += (double)w[p.w] * dy[p.y];
		rw[p.w] += (double)x[p.x] * dy[p.y];
	}
	sn_conv_pack(&s, w, b, packed);
	sn_conv_forward(&s, x, packed, y, scratch);
	sn_conv_input_gradient(&s, dy, packed, dx, scratch);
	sn_conv_weight_gradient(&s, x, dy, dp, scratch);
	sn_conv_unpack(&s, dp, dw, db);
	check_near(y, ry, ny, s.kh * s.kw * s.c);
	check_near(dx, rx, nx, s.kh * s.kw * s.k);
	check_near(dw, rw, nw, s.oh * s.ow);
	check_near(db, rb, s.k, s.oh * s.ow);

	/* the gradient is added to what is there */
	sn_conv_weight_gradient(&s, x, dy, dp, scratch);
	sn_conv_unpack(&s, dp, dw, NULL);
	for (size_t i = 0; i < nw; i++)
		rw[i] *= 2;
	check_near(dw, rw, nw, 4 * s.oh * s.ow);

	/* no bias is a bias of 0 */
	sn_conv_pack(&s, w, NULL, packed);
	sn_conv_forward(&s, x, packed, y, scratch);
	for (size_t i = 0; i < ny; i++)
		ry[i] -= b[i % s.k];
	check_near(y, ry, ny, s.kh * s.kw * s.c);

	free(x), free(w), free(b), free(dy), free(y), free(dx), free(dw), free(db), free(packed),
		free(dp);
	free(scratch), free(ry), free(rx), free(rw), free(rb);
}

static void test_conv(void)
{
	conv_case(
		(struct sn_conv){ .h = 1, .w = 1, .c = 1, .k = 1, .kh = 1, .kw = 1, .stride = 1 });
	conv_case((struct sn_conv){
		.h = 28, .w = 28, .c = 1, .k = 20, .kh = 5, .kw = 5, .stride = 1 });
	conv_case((struct sn_conv){
		.h = 7, .w = 9, .c = 64, .k = 64, .kh = 3, .kw = 3, .stride = 1, .pad = 1 });
	conv_case(
		(struct sn_conv){ .h = 6, .w = 5, .c = 7, .k = 9, .kh = 1, .kw = 1, .stride = 1 });
	conv_case((struct sn_conv){
		.h = 2, .w = 2, .c = 3, .k = 4, .kh = 5, .kw = 5, .stride = 1, .pad = 4 });
	conv_case((struct sn_conv){
		.h = 9, .w = 3, .c = 2, .k = 33, .kh = 2, .kw = 3, .stride = 4, .pad = 1 });
	for (int i = 0; i < 60; i++) {
		struct sn_conv s = { .c = between(1, 20),
				     .k = between(1, 40),
				     .kh = between(1, 5),
				     .kw = between(1, 5) };
		size_t least = s.kh < s.kw ? s.kh : s.kw;
		s.stride = between(1, 4);
		s.pad = between(0, least - 1);
		s.h = between(s.kh, s.kh + 9);
		s.w = between(s.kw, s.kw + 9);
		conv_case(s);
	}
}

static void linear_case(struct sn_linear s, size_t n)
{
	float *x = random_floats(n * s.in), *w = random_floats(s.in * s.out),
	      *b = random_floats(s.out);
	float *dy = random_floats(n * s.out), *y = random_floats(n * s.out),
	      *dx = random_floats(n * s.in);
	float *packed = random_floats(sn_linear_packed(&s));
	double *ry = calloc(n * s.out, sizeof *ry), *rx = calloc(n * s.in, sizeof *rx);
	double *rw = calloc(s.in * s.out, sizeof *rw);
	size_t from = between(0, s.out - 1), to = between(from + 1, s.out);
	float *dw = random_floats((to - from) * s.in);

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
	sn_linear_pack(&s, w, packed);
	sn_linear_forward(&s, x, n, packed, b, y);
	sn_linear_input_gradient(&s, dy, n, w, dx);
	sn_linear_weight_gradient(&s, x, dy, n, from, to, dw);
	check_near(y, ry, n * s.out, s.in);
	check_near(dx, rx, n * s.in, s.out);
	check_near(dw, rw + from * s.in, (to - from) * s.in, n);

	/* a row alone has the same bits */
	float *row = random_floats(s.out > s.in ? s.out : s.in);
	for (size_t m = 0; m < n; m++) {
		sn_linear_forward(&s, x + m * s.in, 1, packed, b, row);
		CHECK(memcmp(row, y + m * s.out, s.out * sizeof *row) == 0);
		sn_linear_input_gradient(&s, dy + m * s.out, 1, w, row);
		CHECK(memcmp(row, dx + m * s.in, s.in * sizeof *row) == 0);
	}
	free(x), free(w), free(b), free(dy), free(y), free(dx), free(dw), free(packed), free(ry);
	free(rx), free(rw), free(row);
}

static void test_linear(void)
{
	linear_case((struct sn_linear){ 1, 1 }, 1);
	linear_case((struct sn_linear){ 800, 500 }, 8);
	linear_case((struct sn_linear){ 500, 10 }, 7);
	linear_case((struct sn_linear){ 10, 2 }, 3);
	for (int i = 0; i < 60; i++)
		linear_case((struct sn_linear){ between(1, 150), between(1, 150) },
			    between(1, SN_LINEAR_ROWS));
}

int main(void)
{
	chance = sn_random(1, SN_RANDOM_TEST, 0, 0);
	test_conv();
	test_linear();
	return TEST_END();
}
