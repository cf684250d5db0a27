/*
 * pieces - fixed pieces of the hot arithmetic, one after the other, in one thread: for counting
 * instructions, not for timing.  tests/bench/instructions runs it under valgrind, which counts what
 * happens within once() and notes the count at its end.
 *
 *   pieces      prints the name of each piece as its turn comes
 *   pieces -V   prints what the counts depend on: compiler and instruction set
 *
 * Windows and channels are those of the presets, or a part of them; pictures are small and few,
 * since counts grow evenly with them and valgrind does a multiply-add a thousand times slower.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/distance.h>
#include <sn/image.h>
#include <sn/kernel.h>
#include <sn/loss.h>
#include <sn/memory.h>
#include <sn/net.h>
#include <sn/optimizer.h>
#include <sn/pair.h>

#ifdef __clang__
static const char compiler[] = __VERSION__;
#else
static const char compiler[] = "gcc " __VERSION__;
#endif
#ifdef __SANITIZE_ADDRESS__
static const char sanitized[] = ", sanitizers";
#else
static const char sanitized[] = "";
#endif

static struct sn_pool *pool;

static void must(int st)
{
	if (st < 0) {
		fprintf(stderr, "pieces: %s\n", sn_message());
		exit(1);
	}
}

/* Numbers in [0, 1), less `centre`, made quickly: valgrind runs this, too. */
static float *floats(size_t n, float centre)
{
	float *x = sn_alloc(n + 16, sizeof *x);
	uint32_t state = (uint32_t)n;
	must(x ? 0 : SN_ENOMEM);
	for (size_t i = 0; i < n; i++) {
		state = state * 1664525 + 1013904223;
		x[i] = (float)(state >> 8) / 0x1p24f - centre;
	}
	return x;
}

/* What is counted; its name is told to valgrind. */
__attribute__((noinline)) void once(void (*run)(void *), void *context);
void once(void (*run)(void *), void *context)
{
	run(context);
	__asm__ volatile("" ::: "memory"); /* a call of its own, not a jump */
}

static void count(const char *name, const char *part, void (*run)(void *), void *context)
{
	printf("%s%s%s\n", name, part ? " " : "", part ? part : "");
	once(run, context);
}

/* ---- convolutions ---------------------------------------------------------------------- */

struct conv {
	struct sn_conv_plan plan;
	struct sn_finish finish;
	size_t n;
	float *x, *y, *weight, *packed, *sum, *scratch;
};

static void pack(struct conv *c, enum sn_conv_pass pass)
{
	for (size_t i = 0; i < sn_conv_pieces(&c->plan, pass); i++)
		sn_conv_pack(&c->plan, pass, c->weight, NULL, c->packed, i);
}

static void conv_pack_forward(void *context)
{
	pack(context, SN_CONV_FORWARD);
}

static void conv_pack_input(void *context)
{
	pack(context, SN_CONV_INPUT);
}

static void conv_forward(void *context)
{
	struct conv *c = context;
	sn_conv_forward(&c->plan, c->x, c->n, c->packed, &c->finish, c->y, c->scratch);
}

static void conv_input(void *context)
{
	struct conv *c = context;
	sn_conv_input_gradient(&c->plan, c->y, c->n, c->packed, c->x, c->scratch);
}

static void conv_weight(void *context)
{
	struct conv *c = context;
	sn_conv_weight_gradient(&c->plan, c->x, c->y, c->n, c->sum, c->scratch);
}

static void conv_unpack(void *context)
{
	struct conv *c = context;
	sn_conv_unpack(&c->plan, c->sum, c->weight, NULL);
}

static float *conv_floats(const struct conv *c, enum sn_conv_pass pass)
{
	return floats(sn_conv_scratch(&c->plan, pass, c->n), 0);
}

static bool is_by(const struct conv *c, enum sn_conv_pass pass, const char *way)
{
	return strcmp(sn_conv_way_name(&c->plan, pass), way) == 0;
}

/* The passes that `way` computes; the first layer of a network needs no input gradient. */
static void count_conv(const char *name, const char *way, const struct sn_conv *s, size_t n)
{
	struct conv c = { .n = n };
	float *bias = floats(s->k, 0);
	must(setenv("SN_CONV", way, 1));
	sn_conv_plan(&c.plan, s);
	must(unsetenv("SN_CONV"));
	c.finish = (struct sn_finish){ .bias = bias, .relu = true };
	c.x = floats(n * s->h * s->w * s->c, 0.5f);
	c.y = floats(n * s->oh * s->ow * s->k, 0.5f);
	c.weight = floats(s->k * s->c * s->kh * s->kw, 0.5f);

	if (is_by(&c, SN_CONV_FORWARD, way)) {
		c.packed = floats(sn_conv_packed(&c.plan, SN_CONV_FORWARD), 0);
		c.scratch = conv_floats(&c, SN_CONV_FORWARD);
		count(name, "pack", conv_pack_forward, &c);
		count(name, "forward", conv_forward, &c);
		free(c.packed), free(c.scratch);
	}
	if (is_by(&c, SN_CONV_INPUT, way) && s->c > 1) {
		c.packed = floats(sn_conv_packed(&c.plan, SN_CONV_INPUT), 0);
		c.scratch = conv_floats(&c, SN_CONV_INPUT);
		count(name, "pack for input", conv_pack_input, &c);
		count(name, "input", conv_input, &c);
		free(c.packed), free(c.scratch);
	}
	if (is_by(&c, SN_CONV_WEIGHT, way)) {
		c.sum = floats(sn_conv_sum(&c.plan), 0);
		c.scratch = conv_floats(&c, SN_CONV_WEIGHT);
		count(name, "weight", conv_weight, &c);
		count(name, "unpack", conv_unpack, &c);
		free(c.sum), free(c.scratch);
	}
	free(c.x), free(c.y), free(c.weight), free(bias);
}

static void count_convs(void)
{
	static const char *const ways[] = { "direct", "lanes", "pointwise", "winograd", "fft" };
	static const struct {
		const char *net;
		size_t w, h, c, k, size, stride, pad, n;
	} of[] = {
		{ "lenet", 28, 28, 1, 20, 5, 1, 0, 1 },	  { "lenet", 12, 12, 20, 50, 5, 1, 0, 1 },
		{ "conv4", 28, 28, 1, 64, 3, 1, 1, 1 },	  { "conv4", 14, 14, 64, 64, 3, 1, 1, 1 },
		{ "conv4", 3, 3, 64, 64, 3, 1, 1, 2 },	  { "faces", 34, 34, 1, 4, 3, 1, 0, 2 },
		{ "faces", 34, 34, 4, 8, 3, 1, 0, 2 },	  { "faces", 34, 34, 8, 8, 3, 1, 0, 2 },
		{ "resnet", 48, 48, 1, 24, 5, 2, 2, 1 },  { "resnet", 12, 12, 24, 48, 3, 1, 1, 1 },
		{ "resnet", 12, 12, 24, 48, 1, 1, 0, 2 }, { "resnet", 12, 12, 48, 48, 3, 2, 1, 1 },
		{ "resnet", 6, 6, 96, 96, 3, 1, 1, 1 },	  { "koch", 27, 27, 1, 64, 10, 1, 0, 1 },
		{ "koch", 14, 14, 32, 64, 7, 1, 0, 1 },	  { "koch", 10, 10, 32, 64, 4, 1, 0, 2 },
		{ "signet", 43, 35, 1, 96, 11, 4, 0, 1 }, { "signet", 13, 9, 32, 64, 5, 1, 2, 1 },
	};
	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		struct sn_conv s = { .w = of[i].w,
				     .h = of[i].h,
				     .c = of[i].c,
				     .k = of[i].k,
				     .kw = of[i].size,
				     .kh = of[i].size,
				     .stride = of[i].stride,
				     .pad_h = of[i].pad,
				     .pad_w = of[i].pad };
		s.ow = (s.w + 2 * s.pad_w - s.kw) / s.stride + 1;
		s.oh = (s.h + 2 * s.pad_h - s.kh) / s.stride + 1;
		for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
			char name[96];
			snprintf(name, sizeof name, "%s conv %zux%zux%zu-%zu size=%zu %s",
				 of[i].net, s.w, s.h, s.c, s.k, s.kw, ways[k]);
			count_conv(name, ways[k], &s, of[i].n);
		}
	}
}

/* ---- linear layers --------------------------------------------------------------------- */

struct linear {
	struct sn_linear shape;
	struct sn_finish finish;
	size_t n, to;
	float *x, *y, *weight, *scratch;
};

static void linear_forward(void *context)
{
	struct linear *l = context;
	sn_linear_forward(&l->shape, l->x, l->n, l->weight, &l->finish, 0, l->to, l->y, l->scratch);
}

static void linear_input(void *context)
{
	struct linear *l = context;
	size_t to = l->shape.in < 128 ? l->shape.in : 128;
	sn_linear_input_gradient(&l->shape, l->y, l->n, l->weight, 0, to, l->x);
}

static void linear_weight(void *context)
{
	struct linear *l = context;
	const struct sn_linear_tile tile = { 0, l->to, 0, l->shape.in };
	sn_linear_weight_gradient(&l->shape, l->x, l->y, l->n, &tile, l->weight);
}

/* A slice of the layer: of up to 32 of its outputs (128 inputs for the input gradient). */
static void count_linears(void)
{
	static const struct {
		const char *net;
		size_t in, out;
	} of[] = {
		{ "lenet", 800, 500 }, { "lenet", 500, 10 },   { "lenet", 10, 2 },
		{ "koch", 9216, 32 },  { "signet", 3840, 64 },
	};
	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		struct linear l = { .shape = { of[i].in, of[i].out }, .n = 16 };
		float *bias = floats(of[i].out, 0);
		char name[96];
		l.to = l.shape.out < 32 ? l.shape.out : 32;
		l.finish = (struct sn_finish){ .bias = bias, .relu = true };
		l.x = floats(l.n * l.shape.in, 0.5f);
		l.y = floats(l.n * l.shape.out, 0.5f);
		l.weight = floats(l.shape.in * l.shape.out, 0.5f);
		l.scratch = floats(sn_linear_scratch(&l.shape, l.n), 0);
		snprintf(name, sizeof name, "%s linear %zu-%zu", of[i].net, l.shape.in,
			 l.shape.out);
		count(name, "forward", linear_forward, &l);
		count(name, "input", linear_input, &l);
		count(name, "weight", linear_weight, &l);
		free(l.x), free(l.y), free(l.weight), free(l.scratch), free(bias);
	}
}

/* ---- layers and whole networks --------------------------------------------------------- */

struct net {
	struct sn_net *net;
	struct sn_tape *tape;
	struct sn_update *update;
	size_t n;
	float *x, *y;
	uint64_t *item;
};

static void net_embed(void *context)
{
	struct net *r = context;
	must(sn_net_embed(r->net, pool, r->x, r->n, r->y));
}

static void net_train(void *context)
{
	struct net *r = context;
	must(sn_tape_forward(r->tape, r->x, r->n, r->item, 1, 1, r->y));
	must(sn_tape_backward(r->tape, r->y, NULL));
}

static void net_step(void *context)
{
	struct net *r = context;
	net_train(r);
	must(sn_update_step(r->update, 1e-4, pool));
}

/* A network's passes; of a whole one with the step of the optimiser. */
static void count_net(const char *name, const char *text, size_t n, bool whole)
{
	const struct sn_update_options adam = { .kind = SN_ADAM, .momentum = 0.9 };
	struct net r = { .n = n };
	struct sn_shape in;
	must(sn_net_parse(&r.net, text));
	must(sn_net_init(r.net, 1));
	in = sn_net_input(r.net);
	r.x = floats(n * in.h * in.w * in.c, 0);
	r.y = floats(n * sn_net_dim(r.net), 0);
	r.item = sn_alloc(n, sizeof *r.item);
	must(r.item ? 0 : SN_ENOMEM);
	for (size_t i = 0; i < n; i++)
		r.item[i] = i;
	must(sn_tape_new(&r.tape, r.net, pool, n));
	must(sn_update_new(&r.update, r.net, &adam));
	count(name, "embed", net_embed, &r);
	count(name, whole ? "step" : "train", whole ? net_step : net_train, &r);
	sn_update_free(r.update);
	sn_tape_free(r.tape);
	sn_net_free(r.net);
	free(r.x), free(r.y), free(r.item);
}

/* Layers behind a convolution that gives them channels, several of a kind where they are light. */
static void count_layers(void)
{
	static const struct {
		const char *name, *lines;
	} of[] = {
		{ "maxpool size=2", "maxpool size=2\nmaxpool size=2\n" },
		{ "maxpool size=3 stride=2", "maxpool size=3 stride=2\n" },
		{ "avgpool ceil=yes", "avgpool size=3 stride=2 ceil=yes\n" },
		{ "globalavg", "globalavg\n" },
		{ "batchnorm", "batchnorm\nbatchnorm\nbatchnorm\n" },
		{ "batchnorm relu", "batchnorm\nrelu\nbatchnorm\nrelu\n" },
		{ "relu batchnorm", "relu\nbatchnorm\nrelu\nbatchnorm\n" },
		{ "lrn", "lrn\n" },
		{ "leakyrelu", "leakyrelu\nleakyrelu\n" },
		{ "prelu", "prelu each=yes\nprelu each=yes\n" },
		{ "sigmoid", "sigmoid\nsigmoid\n" },
		{ "tanh", "tanh\ntanh\n" },
		{ "dropout", "dropout 0.3\ndropout 0.5\n" },
		{ "reflect", "conv 8 size=3 pad=1 pad-mode=reflect\n" },
		{ "groups", "conv 16 size=3 pad=1 groups=4\n" },
		{ "residual", "residual\nrelu\nend\nresidual\nrelu\nend\n" },
		{ "l2norm", "flatten\nl2norm\nl2norm\n" },
	};
	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		char text[256], name[64];
		snprintf(text, sizeof text, "input 20x20x3\nconv 16 size=1\n%s%s", of[i].lines,
			 strstr(of[i].lines, "flatten") || strstr(of[i].lines, "global")
				 ? ""
				 : "flatten\n");
		snprintf(name, sizeof name, "layer %s", of[i].name);
		count_net(name, text, 2, false);
	}
}

static void count_presets(void)
{
	count_net("lenet", sn_preset_find("lenet")->text, 2, true);
	count_net("hadsell", sn_preset_find("hadsell")->text, 2, true);
	count_net("conv4", sn_preset_find("conv4")->text, 1, true);
}

/* ---- losses, optimisers ---------------------------------------------------------------- */

enum { IMAGES = 60, CLASSES = 10, DIM = 64, WEIGHTS = 20000 };

struct loss {
	struct sn_objective objective;
	struct sn_loss_batch batch;
	struct sn_loss_result result;
	float *d;
};

static void measure_distances(void *context)
{
	struct loss *l = context;
	for (size_t i = 0; i < l->batch.pairs; i++)
		l->d[i] = sn_distance(l->objective.distance, l->batch.y + l->batch.pair[i].a * DIM,
				      l->batch.y + l->batch.pair[i].b * DIM, DIM, l->batch.head);
}

static void measure_loss(void *context)
{
	struct loss *l = context;
	must(sn_loss_measure(&l->result, &l->objective, &l->batch));
}

static void count_losses(void)
{
	static struct sn_index_pair pair[IMAGES * (IMAGES - 1) / 2];
	float *y = floats(IMAGES * DIM, 0), *dy = floats(IMAGES * DIM, 0);
	float *head = floats(DIM + 1, 0), *dhead = floats(DIM + 1, 0);
	size_t pairs = 0;
	for (size_t b = 1; b < IMAGES; b++)
		for (size_t a = 0; a < b; a++)
			pair[pairs++] = (struct sn_index_pair){
				a, b, a % CLASSES == b % CLASSES ? SN_SAME : SN_DIFFERENT, SN_NONE,
				SN_NONE
			};
	struct loss l = { .batch = { .y = y,
				     .n = IMAGES,
				     .dim = DIM,
				     .pair = pair,
				     .pairs = pairs,
				     .head = head,
				     .balance = true },
			  .result = { .dy = dy, .dhead = dhead },
			  .d = floats(pairs, 0) };
	l.batch.d = l.d;
	for (int i = 0; sn_distance_names[i]; i++) {
		l.objective.distance = (enum sn_distance)i;
		count("distance", sn_distance_names[i], measure_distances, &l);
	}
	for (int i = 0; sn_loss_names[i]; i++) {
		enum sn_loss loss = (enum sn_loss)i;
		double margin = sn_loss_margin(loss, SN_CONTRASTIVE_HADSELL);
		l.objective = (struct sn_objective){
			.loss = loss,
			.margin = margin == margin ? margin : 1,
			.distance = sn_loss_distance(loss, SN_CONTRASTIVE_HADSELL, SN_EUCLIDEAN),
			.same_margin = 0.1,
			.temperature = 0.5,
			.alpha = 2,
			.beta = 40,
			.base = 0.5,
			.epsilon = 0.1,
			.mining = SN_BATCH_HARD,
		};
		l.batch.head = l.objective.distance == SN_WEIGHTED_L1 ? head : NULL;
		l.result.dhead = l.batch.head ? dhead : NULL;
		measure_distances(&l);
		count("loss", sn_loss_names[i], measure_loss, &l);
	}
	free(y), free(dy), free(head), free(dhead), free(l.d);
}

static float *weights, *first, *second, *gradient;

static void optimize(void *context)
{
	bool ok = false;
	switch (*(const enum sn_optimizer *)context) {
	case SN_SGD:
		ok = sn_sgd(weights, first, gradient, WEIGHTS, 1e-3, 0.9, 1e-4, false);
		break;
	case SN_ADAM:
		ok = sn_adam(weights, first, second, gradient, WEIGHTS, 1e-3, 0.9, 0, 1);
		break;
	case SN_ADAMW:
		ok = sn_adamw(weights, first, second, gradient, WEIGHTS, 1e-3, 0.9, 0.01, 1);
		break;
	case SN_RMSPROP:
		ok = sn_rmsprop(weights, second, first, gradient, WEIGHTS, 1e-3, 0.9, 0);
		break;
	}
	must(ok ? 0 : sn_fail(SN_ENAN, "a step that is not finite"));
}

static void count_optimizers(void)
{
	weights = floats(WEIGHTS, 0.5f);
	gradient = floats(WEIGHTS, 0.5f);
	first = floats(WEIGHTS, 0);
	second = floats(WEIGHTS, 0);
	for (int i = 0; sn_optimizer_names[i]; i++) {
		enum sn_optimizer kind = (enum sn_optimizer)i;
		count("optimizer", sn_optimizer_names[i], optimize, &kind);
	}
	free(weights), free(gradient), free(first), free(second);
}

/* ---- pictures -------------------------------------------------------------------------- */

struct picture {
	uint8_t in[210 * 160 * 3], out[105 * 105 * 3];
	size_t w, h;
};

static void fit(void *context)
{
	struct picture *p = context;
	must(sn_image_fit(p->out, p->w, p->h, 1, p->in, 160, 210, 3, SN_FIT_PAD, 255));
}

static void count_pictures(void)
{
	static struct picture p = { .w = 105, .h = 105 };
	for (size_t i = 0; i < sizeof p.in; i++)
		p.in[i] = (uint8_t)(i * 2654435761u >> 13);
	count("picture", "fit", fit, &p);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "-V") == 0) {
		printf("%s, %s%s\n", compiler, sn_kernel_isa(), sanitized);
		return 0;
	}
	must(sn_pool_new(&pool, 1));
	count_convs();
	count_linears();
	count_layers();
	count_presets();
	count_losses();
	count_optimizers();
	count_pictures();
	sn_pool_free(pool);
	return 0;
}
