/*
 * Networks against what PyTorch gave: the .txt of tests/golden, made by
 * tests/golden/torch_golden.py, which says what they hold.  Weights and pictures come from names
 * and indexes on both sides.
 *
 *     test_golden FOLDER [PRESET]
 */
#include <stdbool.h>
#include <stdint.h>
#include <sn/loss.h>
#include <sn/net.h>
#include <sn/optimizer.h>
#include <sn/random.h>
#include "test.h"

/* ---- reading ------------------------------------------------------------------------------- */

struct golden {
	FILE *f;
	const char *name;
	char line[256];
};

static void open_golden(struct golden *g, const char *folder, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	g->name = name;
	if (!(g->f = fopen(path, "r"))) {
		perror(path);
		exit(1);
	}
}

/* The next line without its end; false behind the last one. */
static bool next_line(struct golden *g)
{
	if (!fgets(g->line, sizeof g->line, g->f))
		return false;
	g->line[strcspn(g->line, "\n")] = '\0';
	return true;
}

/* A line "WORD NUMBER". */
static size_t read_count(struct golden *g, const char *word)
{
	char found[128] = "";
	size_t n = 0;

	if (!next_line(g) || sscanf(g->line, "%127s %zu", found, &n) != 2 ||
	    strcmp(found, word) != 0) {
		fprintf(stderr, "%s: '%s', wanted '%s' and a number\n", g->name, g->line, word);
		exit(1);
	}
	return n;
}

/* A line "WORD n" and n numbers; the caller frees them. */
static double *read_numbers(struct golden *g, const char *word, size_t n)
{
	double *v = malloc((n + 1) * sizeof *v);

	CHECK(read_count(g, word) == n);
	for (size_t i = 0; i < n; i++)
		if (fscanf(g->f, "%lf", &v[i]) != 1) {
			fprintf(stderr, "%s: %s: too few numbers\n", g->name, word);
			exit(1);
		}
	if (!next_line(g))
		exit(1);
	return v;
}

/* "network LINES" and its text, or "preset NAME": NULL at the end. */
static struct sn_net *read_net(struct golden *g)
{
	char text[4096] = "", preset[64];
	struct sn_net *net;
	size_t lines, used = 0;

	if (!next_line(g))
		return NULL;
	if (sscanf(g->line, "preset %63s", preset) == 1) {
		fprintf(stderr, "preset %s\n", preset);
		MUST(sn_net_parse(&net, sn_preset_find(preset)->text));
		return net;
	}
	if (sscanf(g->line, "network %zu", &lines) != 1)
		exit(1);
	while (lines--) {
		CHECK(next_line(g));
		used += (size_t)snprintf(text + used, sizeof text - used, "%s\n", g->line);
	}
	fprintf(stderr, "%s\n", text);
	MUST(sn_net_parse(&net, text));
	return net;
}

/* ---- the numbers both sides compute -----------------------------------------------------------
 */

static uint64_t start(const char *name)
{
	uint64_t h = 14695981039346656037u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211u;
	return h;
}

static double unit(uint64_t start, size_t i)
{
	return (double)(sn_random_mix(start + i) >> 40) / 16777216;
}

static bool ends(const char *name, const char *with)
{
	size_t n = strlen(name), m = strlen(with);

	return n >= m && strcmp(name + n - m, with) == 0;
}

static void fill(struct sn_net *net)
{
	for (size_t k = 0; k < sn_net_params(net); k++) {
		struct sn_param *p = sn_net_param(net, k);
		uint64_t from = start(p->name);
		double fan_in = 1;
		for (unsigned i = 1; i < p->rank; i++)
			fan_in *= (double)p->shape[i];
		for (size_t i = 0; i < p->count; i++) {
			double u = unit(from, i);
			p->value[i] =
				(float)(ends(p->name, "running_var") || p->rank == 1
						? ends(p->name, "bias") ||
								  ends(p->name, "running_mean")
							  ? 0.2 * (2 * u - 1)
							  : 0.5 + u
						: (2 * u - 1) * sqrt(3 / fan_in));
		}
	}
	MUST(sn_net_changed(net));
}

static float *numbers(const char *name, size_t n, bool both_signs)
{
	float *x = malloc(n * sizeof *x);
	uint64_t from = start(name);

	for (size_t i = 0; i < n; i++)
		x[i] = (float)(both_signs ? 2 * unit(from, i) - 1 : unit(from, i));
	return x;
}

/* Norm of the difference over the norm, or over 0.25 where it is smaller: gradients of what a batch
 * norm behind it takes away are 0 but for rounding, which is 2e-6 in PyTorch's and as much in ours
 * on some instruction sets. */
static double error(const float *a, const double *b, size_t n)
{
	double difference = 0, norm = 0;

	for (size_t i = 0; i < n; i++) {
		difference += (a[i] - b[i]) * (a[i] - b[i]);
		norm += b[i] * b[i];
	}
	return sqrt(difference) / fmax(sqrt(norm), 0.25);
}

static void compare(struct golden *g, const char *what, const float *x, size_t n, double tolerance)
{
	double *wanted = read_numbers(g, what, n), e = error(x, wanted, n);

	if (!(e <= tolerance)) {
		test_failures++;
		fprintf(stderr, "%s: %s: error %g, wanted %g at most\n", g->name, what, e,
			tolerance);
	}
	free(wanted);
}

static size_t input_size(const struct sn_net *net)
{
	struct sn_shape s = sn_net_input(net);

	return s.h * s.w * s.c;
}

/* ---- tests -------------------------------------------------------------------------------------
 */

static void test_layers(const char *folder)
{
	struct golden g;
	struct sn_net *net;
	size_t cases = 0;

	open_golden(&g, folder, "layers.txt");
	for (; (net = read_net(&g)); cases++) {
		struct sn_tape *tape;
		size_t n = read_count(&g, "images"), nx = n * input_size(net),
		       ny = n * sn_net_dim(net), grads;
		uint64_t item[8] = { 0 };
		float *x = numbers("x", nx, true), *dy = numbers("g", ny, true);
		float *y = malloc(ny * sizeof *y), *dx = malloc(nx * sizeof *dx);

		fill(net);
		MUST(sn_tape_new(&tape, net, NULL, n));
		MUST(sn_tape_forward(tape, x, n, item, 1, 0, y));
		MUST(sn_tape_backward(tape, dy, dx));
		compare(&g, "y", y, ny, 1e-5);
		compare(&g, "dx", dx, nx, 1e-5);
		grads = read_count(&g, "gradients");
		for (size_t i = 0; i < sn_net_params(net); i++) {
			const struct sn_param *p = sn_net_param(net, i);
			if (!p->grad)
				continue;
			grads--;
			compare(&g, p->name, p->grad, p->count, 2e-5);
		}
		CHECK(grads == 0);
		sn_tape_free(tape);
		sn_net_free(net);
		free(x), free(dy), free(y), free(dx);
	}
	CHECK(cases >= 26);
	fclose(g.f);
}

/* One preset, or all but the large ones ("small"). */
static void test_presets(const char *folder, const char *which)
{
	enum { N = 2 };
	struct golden g;
	struct sn_net *net;
	size_t cases = 0;
	char name[64];

	open_golden(&g, folder, "presets.txt");
	while (next_line(&g) && sscanf(g.line, "preset %63s", name) == 1) {
		const struct sn_preset *preset = sn_preset_find(name);
		CHECK(preset != NULL);
		MUST(sn_net_parse(&net, preset->text));
		size_t ny = N * sn_net_dim(net), nx = N * input_size(net);
		bool large = sn_net_layers(net) && nx >= 20000;
		if (strcmp(which, name) != 0 && (strcmp(which, "small") != 0 || large)) {
			free(read_numbers(&g, "y", ny));
		} else {
			float *x = numbers("picture", nx, false), *y = malloc(ny * sizeof *y);
			fill(net);
			MUST(sn_net_embed(net, NULL, x, N, y));
			fprintf(stderr, "preset %s\n", name);
			compare(&g, "y", y, ny, 1e-5);
			free(x), free(y);
			cases++;
		}
		sn_net_free(net);
	}
	CHECK(cases == (strcmp(which, "small") == 0 ? 4 : 1));
	fclose(g.f);
}

/* Pairs of neighbours in a ring, the first two the same; the mean loss and its gradient dy. */
static double ring_loss(const float *y, size_t n, size_t dim, float *dy)
{
	double sum = 0;

	memset(dy, 0, n * dim * sizeof *dy);
	for (size_t i = 0; i < n; i++) {
		const float *a = y + i * dim, *b = y + (i + 1) % n * dim;
		float *da = dy + i * dim, *db = dy + (i + 1) % n * dim;
		double d = 0, slope;
		for (size_t j = 0; j < dim; j++)
			d += (a[j] - (double)b[j]) * (a[j] - (double)b[j]);
		d = sqrt(d);
		sum += sn_contrastive(&slope, (float)d, i % 2 == 0, 1);
		for (size_t j = 0; d > 0 && j < dim; j++) {
			double v = slope / (double)n * (a[j] - (double)b[j]) / d;
			da[j] += (float)v;
			db[j] -= (float)v;
		}
	}
	return sum / (double)n;
}

/* The network without its dropout. */
static struct sn_net *without_dropout(struct sn_net *net)
{
	char *text = strdup(sn_net_text(net)), *to = text;

	for (char *from = text, *end; *from; from = end) {
		end = strchrnul(from, '\n');
		end += *end == '\n';
		if (strncmp(from, "dropout", 7) == 0)
			continue;
		memmove(to, from, (size_t)(end - from));
		to += end - from;
	}
	*to = '\0';
	sn_net_free(net);
	MUST(sn_net_parse(&net, text));
	free(text);
	return net;
}

/* "small": all but the large presets; else one of them. */
static bool is_chosen(const struct golden *g, const char *which, const struct sn_net *net)
{
	if (strcmp(which, "small") == 0)
		return input_size(net) < 10000;
	return strncmp(g->line, "preset ", 7) == 0 && strcmp(g->line + 7, which) == 0;
}

static void test_steps(const char *folder, const char *which)
{
	enum { N = 10, STEPS = 10 };
	struct golden g;
	struct sn_net *net;
	size_t cases = 0;

	open_golden(&g, folder, "steps.txt");
	while ((net = read_net(&g))) {
		struct sn_tape *tape;
		struct sn_update *update;
		struct sn_pool *pool;
		size_t dim = sn_net_dim(net), shown = dim <= 128 ? 3 : 1, n;
		uint64_t item[N] = { 0 };
		const bool chosen = is_chosen(&g, which, net);
		const struct sn_update_options how = { .kind = SN_SGD, .momentum = 0.9 };
		float *x = numbers("picture", N * input_size(net), false);
		float *y = malloc(N * dim * sizeof *y), *dy = malloc(N * dim * sizeof *dy);
		double *rate, *wanted;

		n = read_count(&g, "images");
		rate = read_numbers(&g, "rate", 1);
		wanted = read_numbers(&g, "losses", STEPS);
		CHECK(n <= N);
		if (!chosen) {
			free(read_numbers(&g, "y", shown * dim));
			sn_net_free(net);
			free(x), free(y), free(dy), free(rate), free(wanted);
			continue;
		}
		cases++;
		net = without_dropout(net);
		fill(net);
		MUST(sn_pool_new(&pool, 2));
		MUST(sn_tape_new(&tape, net, pool, n));
		MUST(sn_update_new(&update, net, &how));
		for (size_t step = 0; step < STEPS; step++) {
			MUST(sn_tape_forward(tape, x, n, item, 1, step, y));
			CHECK_NEAR(ring_loss(y, n, dim, dy), wanted[step],
				   1e-4 * fmax(1, wanted[step]));
			MUST(sn_tape_backward(tape, dy, NULL));
			MUST(sn_update_step(update, *rate, pool));
		}
		MUST(sn_net_embed(net, pool, x, shown, y));
		/* ten steps magnify the roundings of Winograd's transforms, 1.2e-4 at worst */
		compare(&g, "y", y, shown * dim, 2e-4);
		sn_tape_free(tape);
		sn_update_free(update);
		sn_pool_free(pool);
		sn_net_free(net);
		free(x), free(y), free(dy), free(rate), free(wanted);
	}
	CHECK(cases == (strcmp(which, "small") == 0 ? 7 : 1));
	fclose(g.f);
}

int main(int argc, char **argv)
{
	const char *which = argc < 3 ? "small" : argv[2];

	if (argc < 2)
		return 2;
	if (argc < 3)
		test_layers(argv[1]);
	test_steps(argv[1], which);
	test_presets(argv[1], which);
	return TEST_END();
}
