/* Products of reduced precision against plain double loops, where the processor has them, and
 * their exactness. */
#include <sn/kernel.h>
#include <sn/net.h>
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

/* y of one image, W scaled, without a bias. */
static void reference(const struct sn_conv *s, const float *x, const float *w, const float *scale,
		      double *y)
{
	for (size_t oy = 0; oy < s->oh; oy++)
		for (size_t ox = 0; ox < s->ow; ox++)
			for (size_t o = 0; o < s->k; o++) {
				double sum = 0;
				for (size_t t = 0; t < s->kh * s->kw; t++) {
					size_t i = oy * s->stride + t / s->kw - s->pad_h;
					size_t j = ox * s->stride + t % s->kw - s->pad_w;
					for (size_t c = 0; i < s->h && j < s->w && c < s->c; c++)
						sum += (double)w[(o * s->c + c) * s->kh * s->kw +
								 t] *
						       x[(i * s->w + j) * s->c + c];
				}
				y[(oy * s->ow + ox) * s->k + o] = sum * scale[o];
			}
}

static void low_case(struct sn_conv s, enum sn_precision precision, size_t n)
{
	s.oh = (s.h + 2 * s.pad_h - s.kh) / s.stride + 1;
	s.ow = (s.w + 2 * s.pad_w - s.kw) / s.stride + 1;
	size_t one_x = s.h * s.w * s.c, one_y = s.oh * s.ow * s.k;
	float *x = random_floats(n * one_x), *w = random_floats(s.k * s.c * s.kh * s.kw);
	float *scale = random_floats(s.k), *bias = random_floats(s.k),
	      *y = random_floats(n * one_y);
	float *alone = random_floats(one_y),
	      *scratch = random_floats(sn_low_scratch(&s, precision, n));
	void *packed = malloc(sn_low_packed(&s, precision));
	double *ref = calloc(one_y, sizeof *ref), error = 0, norm = 0;
	struct sn_finish f = { .bias = bias };
	size_t pieces = sn_low_pieces(&s);

	for (size_t i = 0; i < pieces; i++)
		sn_low_pack(&s, precision, w, scale, packed, i);
	sn_low_forward(&s, precision, x, n, packed, &f, 0, pieces, y, scratch);
	for (size_t m = 0; m < n; m++) {
		reference(&s, x + m * one_x, w, scale, ref);
		for (size_t i = 0; i < one_y; i++) {
			double e = y[m * one_y + i] - bias[i % s.k] - ref[i];
			error += e * e;
			norm += ref[i] * ref[i];
		}
		/* alone, and panel by panel: the same bits */
		for (size_t i = 0; i < pieces; i++)
			sn_low_forward(&s, precision, x + m * one_x, 1, packed, &f, i, i + 1, alone,
				       scratch);
		CHECK(memcmp(alone, y + m * one_y, one_y * sizeof *y) == 0);
	}
	CHECK(sqrt(error) <= (precision == SN_BF16 ? 0.006 : 0.015) * sqrt(norm) + 1e-3);
	free(x), free(w), free(scale), free(bias), free(y), free(alone), free(scratch);
	free(packed), free(ref);
}

/* A network embeds nearly as it does in float, and so exactly again afterwards. */
static void test_net(enum sn_precision precision, double bound)
{
	enum { N = 20 };
	const struct sn_preset *preset = sn_preset_find("resnet");
	struct sn_net *net;
	MUST(sn_net_parse(&net, preset->text));
	MUST(sn_net_init(net, 1));
	struct sn_shape in = sn_net_input(net);
	size_t dim = sn_net_dim(net);
	float *x = random_floats(N * in.h * in.w * in.c), *y = random_floats(N * dim),
	      *low = random_floats(N * dim), *again = random_floats(N * dim);
	double error = 0, norm = 0;

	MUST(sn_net_embed(net, NULL, x, N, y));
	MUST(sn_net_set_precision(net, precision));
	MUST(sn_net_embed(net, NULL, x, N, low));
	MUST(sn_net_embed(net, NULL, x + 7 * in.h * in.w * in.c, 1, again));
	CHECK(memcmp(again, low + 7 * dim, dim * sizeof *low) == 0);
	MUST(sn_net_set_precision(net, SN_FLOAT));
	MUST(sn_net_embed(net, NULL, x, N, again));
	CHECK(memcmp(again, y, N * dim * sizeof *y) == 0);
	for (size_t i = 0; i < N * dim; i++) {
		error += (low[i] - y[i]) * (low[i] - y[i]);
		norm += y[i] * y[i];
	}
	CHECK(sqrt(error) <= bound * sqrt(norm));
	free(x), free(y), free(low), free(again);
	sn_net_free(net);
}

int main(void)
{
	chance = sn_random(1, SN_RANDOM_TEST, 0, 0);
	for (enum sn_precision p = SN_BF16; p <= SN_INT8; p++) {
		if (!sn_precision_runs(p)) {
			printf("skipped: no %s here\n", sn_precision_names[p]);
			continue;
		}
		low_case(
			(struct sn_conv){
				.h = 1, .w = 1, .c = 300, .k = 70, .kh = 1, .kw = 1, .stride = 1 },
			p, 30);
		for (int i = 0; i < 60; i++) {
			struct sn_conv s = { .c = between(1, 40),
					     .k = between(1, 70),
					     .kh = between(1, 4),
					     .kw = between(1, 4),
					     .stride = between(1, 3) };
			s.pad_h = between(0, s.kh - 1);
			s.pad_w = between(0, s.kw - 1);
			s.h = between(s.kh, s.kh + 7);
			s.w = between(s.kw, s.kw + 7);
			low_case(s, p, between(1, 5));
		}
		test_net(p, p == SN_BF16 ? 0.02 : 0.05);
	}
	return TEST_END();
}
