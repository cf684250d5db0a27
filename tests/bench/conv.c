/*
 * conv - one convolution on one thread: each pass by the way that SN_CONV allows or the model
 * chooses.
 *
 *   conv SIDE[xHEIGHT] CHANNELS OUTPUTS WINDOW STRIDE PAD [IMAGES]
 *
 * Prints pass, way, microseconds an image, GFLOP/s of the plain definition (the best of many runs),
 * and megabytes of packed weights.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <sn/kernel.h>
#include <sn/memory.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *floats(size_t n)
{
	float *x = sn_alloc(n + 16, sizeof *x);
	if (!x)
		exit(1);
	for (size_t i = 0; i < n; i++)
		x[i] = (float)((i * 2654435761u >> 8) % 1000) / 1000 - 0.5f;
	return x;
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "forward", "input", "weight" };
	struct sn_conv s = { 0 };
	struct sn_conv_plan plan;
	size_t n = argc > 7 ? strtoul(argv[7], NULL, 10) : SN_KERNEL_IMAGES;
	char *end;
	if (argc < 7) {
		fprintf(stderr,
			"usage: conv SIDE[xHEIGHT] CHANNELS OUTPUTS WINDOW STRIDE PAD [IMAGES]\n");
		return 2;
	}
	s.w = s.h = strtoul(argv[1], &end, 10);
	if (*end == 'x')
		s.h = strtoul(end + 1, NULL, 10);
	s.c = strtoul(argv[2], NULL, 10);
	s.k = strtoul(argv[3], NULL, 10);
	s.kh = s.kw = strtoul(argv[4], NULL, 10);
	s.stride = strtoul(argv[5], NULL, 10);
	s.pad_h = s.pad_w = strtoul(argv[6], NULL, 10);
	s.oh = (s.h + 2 * s.pad_h - s.kh) / s.stride + 1;
	s.ow = (s.w + 2 * s.pad_w - s.kw) / s.stride + 1;
	sn_conv_plan(&plan, &s);

	float *x = floats(n * s.h * s.w * s.c), *y = floats(n * s.oh * s.ow * s.k);
	float *w = floats(s.k * s.c * s.kh * s.kw), *bias = floats(s.k);
	struct sn_finish f = { .bias = bias, .relu = true };
	double work = 2.0 * (double)(s.oh * s.ow * s.k * s.kh * s.kw * s.c) * (double)n;
	for (enum sn_conv_pass p = SN_CONV_FORWARD; p < SN_CONV_PASSES; p++) {
		size_t size = p == SN_CONV_WEIGHT ? sn_conv_sum(&plan) : sn_conv_packed(&plan, p);
		float *packed = floats(size), *scratch = floats(sn_conv_scratch(&plan, p, n));
		double best = 1e9, all = now(), packing = 0;
		if (p != SN_CONV_WEIGHT) {
			packing = now();
			for (size_t i = 0; i < sn_conv_pieces(&plan, p); i++)
				sn_conv_pack(&plan, p, w, NULL, packed, i);
			packing = now() - packing;
		}
		for (int runs = 0; runs < 5 || now() - all < 1; runs++) {
			double t = now();
			if (p == SN_CONV_FORWARD)
				sn_conv_forward(&plan, x, n, packed, &f, y, scratch);
			else if (p == SN_CONV_INPUT)
				sn_conv_input_gradient(&plan, y, n, packed, x, scratch);
			else
				sn_conv_weight_gradient(&plan, x, y, n, packed, scratch);
			t = now() - t;
			best = t < best ? t : best;
		}
		printf("%s\t%s\t%.1f us/image\t%.1f GFLOP/s\t%.2f MB\tpacked in %.0f us\n",
		       names[p], sn_conv_way_name(&plan, p), 1e6 * best / (double)n,
		       1e-9 * work / best, 1e-6 * (double)size * sizeof(float), 1e6 * packing);
		free(packed), free(scratch);
	}
	free(x), free(y), free(w), free(bias);
	return 0;
}
