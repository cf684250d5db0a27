/*
 * nets - images a second of the presets, forward and training, as the peers print them:
 * net, mode, batch, images/s (the median of runs), tab-separated.
 *
 *   nets [NET...]           all presets that have a batch here where none is named
 *   BENCH_SECONDS=4         for each row, at least three runs
 *   BENCH_THREADS=2
 *   nets --write FOLDER     NET.net, the text of each, and batches.tsv: what a peer needs to know
 *   nets --layers [NET...]  by one thread: microseconds an image in each layer, forward and
 *                           training, and the share of the processor's measured peak in them
 *
 * fwd is embedding; train is a twin step: two towers of `batch` images as 2 x batch unique images,
 * contrastive loss, gradient, momentum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sn/distance.h>
#include <sn/loss.h>
#include <sn/memory.h>
#include <sn/net.h>
#include <sn/optimizer.h>
#include <sn/pair.h>
#include <sn/random.h>

static const struct bench {
	const char *net;
	size_t batch;
} benches[] = {
	{ "lenet", 128 }, { "conv4", 128 }, { "resnet", 128 },	   { "faces", 64 },
	{ "koch", 32 },	  { "signet", 32 }, { "signet-paper", 8 },
};

enum { MOST_RUNS = 10000 };

static struct sn_pool *pool;
static double seconds, peak;
static int layers;

static void must(int st)
{
	if (st < 0) {
		fprintf(stderr, "nets: %s\n", sn_message());
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double setting(const char *name, double otherwise)
{
	const char *text = getenv(name);
	double v = text ? strtod(text, NULL) : otherwise;
	return v > 0 ? v : otherwise;
}

static float *floats(size_t n, double scale)
{
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, n, 0);
	float *x = sn_alloc(n, sizeof *x);
	must(x ? 0 : SN_ENOMEM);
	for (size_t i = 0; i < n; i++)
		x[i] = (float)(scale * sn_random_unit(&r));
	return x;
}

/* What a row needs; a run of it. */
struct run {
	struct sn_net *net;
	struct sn_tape *tape;
	struct sn_update *update;
	size_t n, batch;
	float *x, *y, *dy;
	uint64_t *item, step;
	struct sn_index_pair *pair;
	float *d;
};

static void forward(struct run *r)
{
	must(sn_net_embed(r->net, pool, r->x, r->n, r->y));
}

static void train(struct run *r)
{
	const struct sn_objective objective = { .loss = SN_LOSS_CONTRASTIVE, .margin = 1 };
	size_t dim = sn_net_dim(r->net);
	struct sn_loss_result result = { .dy = r->dy };
	struct sn_loss_batch batch = {
		.y = r->y, .n = r->n, .dim = dim, .pair = r->pair, .pairs = r->batch, .d = r->d
	};
	must(sn_tape_forward(r->tape, r->x, r->n, r->item, 1, ++r->step, r->y));
	for (size_t i = 0; i < r->batch; i++)
		r->d[i] = sn_distance(SN_EUCLIDEAN, r->y + r->pair[i].a * dim,
				      r->y + r->pair[i].b * dim, dim, NULL);
	must(sn_loss_measure(&result, &objective, &batch));
	must(sn_update_descend(r->update, r->tape, r->dy, 1e-4, pool));
}

/* The rate of independent multiply-adds of whole vectors, as the best instruction set has them. */
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) static double
multiply_adds(float *x, size_t runs)
{
	typedef float vector __attribute__((vector_size(64)));
	vector sum[12];
	memcpy(sum, x, sizeof sum);
	for (size_t i = 0; i < runs; i++)
#pragma GCC unroll 12
		for (int k = 0; k < 12; k++)
			sum[k] = sum[k] * 0.5f + 1.0f;
	memcpy(x, sum, sizeof sum);
	return 2.0 * 12 * 16 * (double)runs;
}

static double measure_peak(void)
{
	enum { RUNS = 1000000 };
	static float x[12 * 16];
	double best = 0;
	for (int i = 0; i < 20; i++) {
		double begin = now(), work = multiply_adds(x, RUNS);
		double rate = work / (now() - begin);
		best = rate > best ? rate : best;
	}
	return best;
}

/* A training step computes three products for each of the forward pass, the first layer two. */
static void print_layers(const struct bench *b, struct run *r, double *spent[2], size_t images)
{
	double other = 0, each = 1e6 / (double)images;
	for (size_t i = 0; i < sn_net_layers(r->net); i++) {
		struct sn_layer_info info = sn_net_layer(r->net, i);
		double work = 2 * (double)info.multiply_adds;
		double forward = spent[0][i], backward = spent[1][i];
		if (info.multiply_adds == 0) {
			other += forward + backward;
			if ((forward + backward) * each < 0.05)
				continue;
		}
		printf("%s\t%-10s\t%9.2f us", b->net, info.name, forward * each);
		if (work > 0 && forward > 0)
			printf(" %4.0f%%", 100 * work * (double)images / forward / peak);
		if (r->tape)
			printf("\t%9.2f us", backward * each);
		if (r->tape && work > 0 && backward > 0)
			printf(" %4.0f%%",
			       100 * work * (i ? 2 : 1) * (double)images / backward / peak);
		putchar('\n');
	}
	printf("%s\tlayers without weights: %.2f us\n", b->net, other * each);
}

static void time_layers(const struct bench *b, const char *mode, void (*once)(struct run *),
			struct run *r)
{
	size_t n = sn_net_layers(r->net), runs = 0;
	double *spent[2] = { calloc(n, sizeof(double)), calloc(n, sizeof(double)) }, begin;
	must(spent[0] && spent[1] ? 0 : sn_fail_memory());
	once(r);
	sn_net_time(r->net, spent[0], spent[1]);
	begin = now();
	for (; runs < 3 || now() - begin < seconds; runs++)
		once(r);
	printf("%s\t%s\tin all\t%9.2f us an image\n", b->net, mode,
	       1e6 * (now() - begin) / (double)(runs * r->n));
	print_layers(b, r, spent, runs * r->n);
	sn_net_time(r->net, NULL, NULL);
	free(spent[0]), free(spent[1]);
}

static void row(const struct bench *b, const char *mode, void (*once)(struct run *), struct run *r)
{
	static double rate[MOST_RUNS];
	size_t runs = 0;
	double end;
	if (layers) {
		time_layers(b, mode, once, r);
		return;
	}
	once(r);
	end = now() + seconds;
	while (runs < MOST_RUNS && (runs < 3 || now() < end)) {
		double begin = now();
		once(r);
		rate[runs++] = (double)r->n / (now() - begin);
	}
	qsort(rate, runs, sizeof *rate, by_value);
	printf("%s\t%s\t%zu\t%.1f\n", b->net, mode, b->batch, rate[runs / 2]);
	fflush(stdout);
}

static void bench(const struct bench *b)
{
	const struct sn_preset *preset = sn_preset_find(b->net);
	const struct sn_update_options sgd = { .kind = SN_SGD, .momentum = 0.9 };
	struct run r = { .batch = b->batch, .n = b->batch };
	size_t most = 2 * b->batch, dim;
	struct sn_shape in;
	if (!preset)
		return;
	must(sn_net_parse(&r.net, preset->text));
	must(sn_net_init(r.net, 1));
	in = sn_net_input(r.net);
	dim = sn_net_dim(r.net);
	r.x = floats(most * in.h * in.w * in.c, 1);
	r.y = floats(most * dim, 1);
	r.dy = floats(most * dim, 1);
	r.d = floats(b->batch, 1);
	r.item = calloc(most, sizeof *r.item);
	r.pair = calloc(b->batch, sizeof *r.pair);
	must(r.item && r.pair ? 0 : sn_fail_memory());
	for (size_t i = 0; i < b->batch; i++)
		r.pair[i] = (struct sn_index_pair){ i, b->batch + i, i % 2 ? SN_DIFFERENT : SN_SAME,
						    SN_NONE, SN_NONE };
	for (size_t i = 0; i < most; i++)
		r.item[i] = i;
	row(b, "fwd", forward, &r);
	r.n = most;
	must(sn_tape_new(&r.tape, r.net, pool, most));
	must(sn_update_new(&r.update, r.net, &sgd));
	row(b, "train", train, &r);
	sn_update_free(r.update);
	sn_tape_free(r.tape);
	sn_net_free(r.net);
	free(r.x), free(r.y), free(r.dy), free(r.d), free(r.item), free(r.pair);
}

static FILE *create(const char *folder, const char *name, const char *ending)
{
	char path[4096];
	FILE *f = NULL;
	if (snprintf(path, sizeof path, "%s/%s%s", folder, name, ending) < (int)sizeof path)
		f = fopen(path, "we");
	must(f ? 0 : sn_fail_errno("cannot write '%s/%s%s'", folder, name, ending));
	return f;
}

static void end(FILE *f)
{
	bool failed = ferror(f) != 0;
	failed |= fclose(f) != 0;
	must(failed ? sn_fail_errno("cannot write") : 0);
}

static int write_texts(const char *folder)
{
	FILE *batches = create(folder, "batches", ".tsv");
	for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
		FILE *text = create(folder, benches[i].net, ".net");
		fputs(sn_preset_find(benches[i].net)->text, text);
		end(text);
		fprintf(batches, "%s\t%zu\n", benches[i].net, benches[i].batch);
	}
	end(batches);
	return 0;
}

int main(int argc, char **argv)
{
	int from = 1;
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_texts(argv[2]);
	if (argc > 1 && strcmp(argv[1], "--layers") == 0) {
		layers = 1;
		from = 2;
		peak = measure_peak();
		printf("peak of one thread: %.1f GFLOP/s\n", 1e-9 * peak);
	}
	seconds = setting("BENCH_SECONDS", 4);
	must(sn_pool_new(&pool, layers ? 1 : (unsigned)setting("BENCH_THREADS", 2)));
	for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
		int wanted = argc == from;
		for (int k = from; k < argc; k++)
			wanted |= strcmp(argv[k], benches[i].net) == 0;
		if (wanted)
			bench(&benches[i]);
	}
	sn_pool_free(pool);
	return 0;
}
