/* Networks as a whole: their text, and exactness of embeddings and gradients. */
#include <stdbool.h>
#include <stdint.h>
#include <sn/net.h>
#include <sn/random.h>
#include "../../lib/net/layer.h"
#include "test.h"

static struct sn_random chance;

static float *random_floats(size_t n)
{
	float *x = malloc(n * sizeof *x);

	for (size_t i = 0; i < n; i++)
		x[i] = (float)sn_random_normal(&chance);
	return x;
}

/* ---- the text ----------------------------------------------------------------------- */

static void refused(const char *text, const char *wanted)
{
	struct sn_net *net = NULL;
	int st = sn_net_parse(&net, text);

	CHECK(st == SN_EDATA);
	CHECK(net == NULL);
	if (!strstr(sn_message(), wanted)) {
		test_failures++;
		fprintf(stderr, "'%s' gave '%s', wanted '%s'\n", text, sn_message(), wanted);
	}
	sn_net_free(net);
}

static void test_errors(void)
{
	refused("", "empty network");
	refused("# nothing\n\n", "empty network");
	refused("conv 3 size=3\n", "line 1: 'conv', wanted first: input");
	refused("input 28x28\n", "wanted WIDTHxHEIGHTxCHANNELS");
	refused("input 28x28x2\nflatten\n", "2 channels, wanted 1");
	refused("input 0x28x1\nflatten\n", "wanted N or WIDTHxHEIGHT");
	refused("input 1000000x1000000x1\nflatten\n", "line 1: 1000000x1000000x1 are more than");
	refused("input 28x28x1\n", "without layers");
	refused("input 28x28x1\nconvv 3\n",
		"line 2: unknown layer 'convv'; there are conv, maxpool");
	refused("input 28x28x1\ninput 28x28x1\n", "line 2: unknown layer 'input'");
	refused("input 28x28x1\nconv 3\n", "line 2: conv without size=");
	refused("input 28x28x1\nconv size=3\n", "line 2: conv without channels");
	refused("input 28x28x1\nconv 0 size=3\n",
		"line 2: channels '0', wanted a whole number from 1");
	refused("input 28x28x1\nconv 3 size=3 strid=2\n", "line 2: 'strid=2' is too much");
	refused("input 28x28x1\nconv 3 size=3 size=5\n", "line 2: 'size=5' is too much");
	refused("input 28x28x1\nconv 3 size=3 4\n", "line 2: '4' is too much");
	refused("input 28x28x1\nconv 3 size=30\n",
		"line 2: conv1: a window of 30x30 does not fit 28x28");
	refused("input 28x28x1\nconv 3 size=3 pad=3\n", "line 2: conv1: pad=3 is not smaller");
	refused("input 28x28x1\nconv 3 size=3 bias=maybe\n", "wanted yes or no");
	refused("input 28x28x1\nconv 3 size=3 init=good\n",
		"wanted pytorch, lecun, xavier, he or normal");
	refused("input 28x28x1\nconv 3 size=3 init=normal:-1\n", "wanted a number from 0");
	refused("input 28x28x1\nconv 3 size=3 init=normal:nan\n", "wanted a number from 0");
	refused("input 28x28x1\n\n# x\nlinear 5\n",
		"line 4: fc1: it takes a flat input and gets 28x28x1");
	refused("input 28x28x1\nrelu\n",
		"line 2: the last layer gives 28x28x1, wanted a flat embedding");
	refused("input 28x28x1\nflatten\ndropout 1\n", "line 3: share '1'");
	refused("input 28x28x1\nflatten\ndropout\n", "dropout without a share");
	refused("input 28x28x1\nmaxpool size=29\n", "does not fit 28x28");
	refused("input 28x28x1\nmaxpool size=2x3\n", "without stride=");
	refused("input 28x28x1\nflatten\nlinear 1000000\n", "line 3: fc1: more than");
	refused("input 28x28x1\nflatten\nlinear 99999999999999999999\n", "wanted a whole number");
	refused("input 28x28x1\nflatten name=a\nrelu name=a\n",
		"line 3: there is another layer 'a', in line 2");
	refused("input 28x28x1\nflatten name=a/b\n", "wanted at most 63 of A-Z");
	refused("input 28x28x1\nconv 1 size=1 name=conv2\nconv 1 size=1\n",
		"another layer 'conv2'");
	refused("input 28x28x1\nbatchnorm eps=0\n", "wanted a number from 1e-12");
	refused("input 8x8x1\nconv 3 size=3 pad=9 pad-mode=reflect\n",
		"line 2: conv1: a mirrored border of 9x9 is not smaller than 8x8");
	refused("input 8x8x1\nconv 3 size=3 pad-mode=mirror\n", "wanted zeros or reflect");
	refused("input 8x8x1\nconv 3 size=3 pad=1x3\n",
		"line 2: conv1: pad=1x3 is not smaller than the window of 3x3");
	refused("input 8x8x3\nconv 4 size=3 groups=3\n",
		"line 2: conv1: 3 groups do not divide 4 channels");
	refused("input 8x8x1\nconv 4 size=3 groups=4\n", "4 groups do not divide 1 channels");
	refused("input 8x8x1\nconv 4 size=3 groups=0\n", "wanted a whole number from 1");
	refused("input 1x1x1\nconv 100000 size=1\nconv 100000 size=7x65 pad=3x32 groups=100000\n",
		"line 3: conv2: windows of 7x65 in 100000 groups take too much memory");
	refused("input 8x8x1\nconv 4 size=3 init=normal:1,x\n", "line 2: mean 'x'");
	refused("input 8x8x1\nconv 4 size=3 bias-init=zero\n", "line 2: bias-init 'zero', wanted");
	refused("input 8x8x1\navgpool\n", "line 2: avgpool without size=");
	refused("input 8x8x1\navgpool size=9 ceil=yes\n", "does not fit 8x8");
	refused("input 8x8x1\nlrn n=0\n", "line 2: n '0', wanted a whole number from 1");
	refused("input 8x8x1\nlrn k=0\n", "line 2: k '0', wanted");
	refused("input 8x8x1\nleakyrelu slope=-1\n", "line 2: slope '-1', wanted");
	refused("input 8x8x1\nprelu each=3\n", "line 2: each '3', wanted yes or no");
}

static void test_block_errors(void)
{
	char deep[1000] = "input 8x8x1\n";

	refused("input 8x8x1\nresidual\nconv 1 size=1\n",
		"line 2: 'residual' without 'end' after it");
	refused("input 8x8x1\nresidual\nresidual\ntanh\nend\n",
		"line 2: 'residual' without 'end' after it");
	refused("input 8x8x1\nend\n", "line 2: 'end' without 'residual' before it");
	refused("input 8x8x1\nshortcut\n", "line 2: 'shortcut' without 'residual' before it");
	refused("input 8x8x1\nresidual\ntanh\nend\nend\n", "line 5: 'end' without 'residual'");
	refused("input 8x8x1\nresidual\nend\n",
		"line 3: no layer between 'residual' in line 2 and 'end'");
	refused("input 8x8x1\nresidual\nshortcut\ntanh\nend\n",
		"line 3: no layer between 'residual' in line 2 and 'shortcut'");
	refused("input 8x8x1\nresidual\ntanh\nshortcut\nend\n",
		"line 5: a shortcut without layers: leave line 4 out");
	refused("input 8x8x1\nresidual\ntanh\nshortcut\nrelu\nshortcut\nrelu\nend\n",
		"line 6: the block of line 2 has a shortcut, in line 4");
	refused("input 8x8x1\nresidual\nconv 3 size=1\nend\n",
		"line 4: the block of line 2 gives 8x8x3, and gets 8x8x1: wanted the same, or a "
		"'shortcut'");
	refused("input 8x8x1\nresidual\nconv 3 size=1\nshortcut\nconv 3 size=2\nend\n",
		"line 6: the block of line 2 gives 8x8x3, and its shortcut 7x7x3: wanted the same");
	refused("input 8x8x1\nresidual 3\ntanh\nend\n", "line 2: '3' is too much");
	refused("input 8x8x1\nresidual\ntanh\nend name=a\n", "line 4: 'name=a' is too much");
	refused("input 8x8x1\nresidual name=tanh1\ntanh\nend\n",
		"line 2: there is another layer 'tanh1', in line 3");
	refused("input 8x8x1\nresidual\nconvv\nend\n", "line 3: unknown layer 'convv'");
	for (int i = 0; i < 17; i++)
		strcat(deep, "residual\n");
	refused(deep, "line 18: more than 16 residual blocks within each other");
	refused("input 4000x4000x1\nresidual\nresidual\nresidual\ntanh\nend\nend\nend\nresidual\n"
		"tanh\nend\nresidual\ntanh\nend\nresidual\ntanh\nend\n",
		"hold more than");
}

static void test_names(void)
{
	struct sn_net *net;
	float least, most;
	bool unit;

	MUST(sn_net_parse(
		&net,
		"# a comment\r\n  input 8x6x3 # another\n\nconv 4 size=3x1 bias=no\nbatchnorm\n"
		"relu\nconv 2 size=1 name=last\nflatten\nlinear 3\nsigmoid"));
	CHECK(sn_net_input(net).h == 6 && sn_net_input(net).w == 8 && sn_net_input(net).c == 3);
	CHECK(sn_net_layers(net) == 7 && sn_net_dim(net) == 3);
	CHECK(strcmp(sn_net_layer(net, 0).name, "conv1") == 0 &&
	      strcmp(sn_net_layer(net, 3).name, "last") == 0);
	CHECK(strcmp(sn_net_layer(net, 3).kind, "conv") == 0);
	struct sn_layer_info info = sn_net_layer(net, 0);
	CHECK(info.out.h == 6 && info.out.w == 6 && info.out.c == 4);
	CHECK(info.parameters == 36 && info.multiply_adds == 36 * 36);
	CHECK(sn_net_params(net) == 9);
	static const char *const names[] = { "conv1.weight",	 "bn1.weight",	    "bn1.bias",
					     "bn1.running_mean", "bn1.running_var", "last.weight",
					     "last.bias",	 "fc1.weight",	    "fc1.bias" };
	for (size_t i = 0; i < 9; i++) {
		const struct sn_param *p = sn_net_param(net, i);
		CHECK(strcmp(p->name, names[i]) == 0);
		CHECK((p->grad == NULL) == (strstr(p->name, "running") != NULL));
		CHECK(p->decay == (strstr(p->name, "weight") && strncmp(p->name, "bn", 2) != 0));
	}
	const struct sn_param *w = sn_net_param(net, 0);
	CHECK(w->rank == 4 && w->shape[0] == 4 && w->shape[1] == 3 && w->shape[2] == 1 &&
	      w->shape[3] == 3);
	CHECK(sn_net_is_stochastic(net));
	sn_net_range(net, &least, &most, &unit);
	CHECK(least == 0 && most == 1 && !unit);
	sn_net_free(net);

	MUST(sn_net_parse(&net, "input 4x4x1\nrelu\nflatten\nl2norm\ndropout 0.5\n"));
	sn_net_range(net, &least, &most, &unit);
	CHECK(least == 0 && most == 1 && unit);
	sn_net_free(net);
	MUST(sn_net_parse(&net, "input 4x4x1\nflatten\nsigmoid\nlinear 2"));
	sn_net_range(net, &least, &most, &unit);
	CHECK(least == -INFINITY && most == INFINITY && !unit && !sn_net_is_stochastic(net));
	sn_net_free(net);
}

static void range_is(const char *layers, double least, double most)
{
	char text[500];
	struct sn_net *net;
	float a, b;
	bool unit;

	snprintf(text, sizeof text, "input 4x4x1\n%s\nflatten\n", layers);
	MUST(sn_net_parse(&net, text));
	sn_net_range(net, &a, &b, &unit);
	if (!((a == least || fabs(a - least) < 1e-6) && (b == most || fabs(b - most) < 1e-6))) {
		test_failures++;
		fprintf(stderr, "%s: %g to %g, wanted %g to %g\n", layers, a, b, least, most);
	}
	CHECK(!unit);
	sn_net_free(net);
}

static void test_ranges(void)
{
	range_is("tanh", -1, 1);
	range_is("relu\ntanh", 0, 1);
	range_is("tanh\nleakyrelu slope=0.5", -0.5, 1);
	range_is("leakyrelu slope=0", 0, INFINITY);
	range_is("tanh\nprelu", -INFINITY, INFINITY);
	range_is("sigmoid\nprelu", 0, 1);
	range_is("sigmoid\navgpool size=2", 0, 1);
	range_is("sigmoid\nglobalavg", 0, 1);
	range_is("tanh\nlrn k=4 beta=0.5", -0.5, 0.5);
	range_is("tanh\nresidual\nsigmoid\nend", -1, 2);
	range_is("residual\nsigmoid\nshortcut\nrelu\nend", 0, INFINITY);
	range_is("tanh\nresidual\nsigmoid\nresidual\ntanh\nend\nshortcut\nrelu\nend", 0, 2.7615942);
}

/* A block is its layers and, last, its sum. */
static void test_blocks(void)
{
	static const char *const names[] = { "conv1", "relu1", "conv2",
					     "first", "tanh1", "residual2" };
	struct sn_net *net;

	MUST(sn_net_parse(&net, "input 4x3x1\nresidual name=first\n\tconv 2 size=1\n\trelu\n"
				"shortcut\n\tconv 2 size=1\nend\nresidual\ntanh\nend\nflatten\n"));
	CHECK(sn_net_layers(net) == 7);
	for (size_t i = 0; i < 6; i++)
		CHECK(strcmp(sn_net_layer(net, i).name, names[i]) == 0);
	CHECK(strcmp(sn_net_layer(net, 3).kind, "residual") == 0);
	CHECK(sn_net_layer(net, 3).out.c == 2 && sn_net_layer(net, 3).parameters == 0);
	CHECK(sn_net_params(net) == 4 && !sn_net_is_stochastic(net));
	sn_net_free(net);
}

/* Fresh weights: within their bounds, of the deviation they should have, a function of the seed. */
static void test_init(void)
{
	static const struct {
		const char *rule;
		double weight, bias; /* deviations; 300 in, 400 out */
	} cases[] = {
		{ "pytorch", 0.0333333, 0.0333333 }, /* 1/sqrt(300)/sqrt(3) */
		{ "xavier", 0.0534522, 0 },	     /* sqrt(2/700) */
		{ "he", 0.0816497, 0 },		     /* sqrt(2/300) */
		{ "lecun", 0.0577350, 0 },	     /* 1/sqrt(300) */
		{ "normal:0.25", 0.25, 0 },
		{ "normal:0.25,0", 0.25, 0 },
		{ "normal:0.4,-0.3 bias-init=normal:0.01,2", 0.5, 2 },
		{ "normal:0.3,0.4 bias-init=pytorch", 0.5, 0.0333333 },
		{ "pytorch bias-init=xavier", 0.0333333, 0.05 }, /* sqrt(2/800): 400 outputs */
	};

	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		char text[100];
		struct sn_net *net, *again;
		snprintf(text, sizeof text, "input 300x1x1\nflatten\nlinear 400 init=%s\n",
			 cases[c].rule);
		MUST(sn_net_parse(&net, text));
		MUST(sn_net_parse(&again, text));
		MUST(sn_net_init(net, 3));
		MUST(sn_net_init(again, 3));
		for (size_t i = 0; i < 2; i++) {
			const struct sn_param *p = sn_net_param(net, i);
			double s = 0, wanted = i ? cases[c].bias : cases[c].weight;
			for (size_t j = 0; j < p->count; j++)
				s += (double)p->value[j] * p->value[j];
			CHECK_NEAR(sqrt(s / (double)p->count), wanted, wanted * (i ? 0.15 : 0.01));
			CHECK(memcmp(p->value, sn_net_param(again, i)->value,
				     p->count * sizeof(float)) == 0);
		}
		MUST(sn_net_init(again, 4));
		CHECK(memcmp(sn_net_param(net, 0)->value, sn_net_param(again, 0)->value, 400) != 0);
		sn_net_free(net);
		sn_net_free(again);
	}
}

/* ---- exactness ---------------------------------------------------------------------- */

/* Remainders everywhere: odd sizes, channels and outputs. */
static const char odd[] =
	"input 13x11x3\nconv 7 size=3 pad=1\nbatchnorm\nrelu\nmaxpool size=3 stride=2\n"
	"conv 21 size=2 stride=2\nsigmoid\ndropout 0.2\nflatten\nlinear 37\nrelu\nlinear "
	"5\nl2norm\n";

/* Every other layer, blocks within blocks, at the start and at the end. */
static const char nested[] =
	"input 12x9x3\nresidual\nconv 3 size=3 pad=1 pad-mode=reflect\nlrn alpha=1\nend\n"
	"conv 6 size=1\nprelu each=yes\nresidual\nconv 14 size=3x2 pad=1x0 groups=2\nbatchnorm\n"
	"leakyrelu\nresidual\ntanh\navgpool size=1\nshortcut\nbatchnorm\nend\nshortcut\n"
	"conv 14 size=1x2 bias=no\nend\navgpool size=3 stride=2 ceil=yes\nresidual\ndropout 0.1\n"
	"prelu\nend\nflatten\nresidual\nlinear 19\ntanh\nlinear 11\nshortcut\nlinear 11 bias=no\n"
	"end\nresidual\nlinear 11\nend\n";

/* The same without chance, to compare training with embedding. */
static const char calm[] =
	"input 7x6x1\nconv 4 size=3 pad=1 pad-mode=reflect\nprelu\nresidual\nconv 4 size=3 pad=1\n"
	"lrn\nshortcut\ntanh\nend\navgpool size=2 ceil=yes\nresidual\nconv 4 size=1 groups=4\nend\n"
	"leakyrelu\nresidual\nglobalavg\nlinear 5\nshortcut\nflatten\nlinear 5\nend\nl2norm\n";

/* As in the preset resnet, smaller. */
static const char small_resnet[] =
	"input 17x18x1\nconv 24 size=5 stride=2 pad=2 bias=no\nbatchnorm\nrelu\nresidual\n"
	"conv 48 size=3 pad=1 bias=no\nbatchnorm\nrelu\nconv 48 size=3 pad=1 bias=no\nbatchnorm\n"
	"shortcut\nconv 48 size=1 bias=no\nbatchnorm\nend\nrelu\nresidual\n"
	"conv 33 size=3 stride=2 pad=1 bias=no\nbatchnorm\nrelu\nconv 33 size=3 pad=1 bias=no\n"
	"batchnorm\nshortcut\navgpool size=2 ceil=yes\nconv 33 size=1 bias=no\nbatchnorm\nend\n"
	"relu\nflatten\nlinear 20\nl2norm\n";

enum { MOST = 40 };

/*
 * Images at changing places of batches of 1 to 40, every step-th size of them, have the bits that
 * they have alone.
 */
static void test_places(const char *text, size_t step)
{
	struct sn_net *net;
	struct sn_pool *pool[3];

	MUST(sn_net_parse(&net, text));
	MUST(sn_net_init(net, 1));
	struct sn_shape s = sn_net_input(net);
	size_t in = s.h * s.w * s.c, dim = sn_net_dim(net);
	float *image = random_floats(MOST * in), *alone = random_floats(MOST * dim);
	float *x = random_floats(MOST * in), *y = random_floats(MOST * dim);

	for (unsigned i = 0; i < 3; i++)
		MUST(sn_pool_new(&pool[i], i + 1));
	for (size_t i = 0; i < MOST; i++)
		MUST(sn_net_embed(net, NULL, image + i * in, 1, alone + i * dim));
	for (size_t n = 1; n <= MOST; n += step) {
		for (size_t k = 0; k < n; k++)
			memcpy(x + k * in, image + (k * 3 + n * 7) % MOST * in, in * sizeof *x);
		memset(y, 0xff, MOST * dim * sizeof *y);
		MUST(sn_net_embed(net, pool[n % 3], x, n, y));
		for (size_t k = 0; k < n; k++)
			CHECK(memcmp(y + k * dim, alone + (k * 3 + n * 7) % MOST * dim,
				     dim * sizeof *y) == 0);
	}
	/* one picture at every place of a batch, among others and among its like */
	for (size_t n = 1; n <= MOST / step; n += 13) {
		for (size_t k = 0; k < n; k++) {
			memcpy(x, image, n * in * sizeof *x);
			memcpy(x + k * in, image + in, in * sizeof *x);
			MUST(sn_net_embed(net, pool[1], x, n, y));
			CHECK(memcmp(y + k * dim, alone + dim, dim * sizeof *y) == 0);
		}
	}
	for (unsigned i = 0; i < 3; i++)
		sn_pool_free(pool[i]);
	free(image), free(alone), free(x), free(y);
	sn_net_free(net);
}

/* Gradients and running statistics have the same bytes for any pool; without chance, training's y
 * is embedding's. */
static void test_pools(const char *text, size_t most)
{
	static const size_t sizes[] = { 2, 8, 9, 17, 35, 70, 270 };
	struct sn_net *net[3];
	struct sn_pool *pool[3];
	struct sn_tape *tape[3];
	uint64_t item[270];

	for (unsigned i = 0; i < 3; i++) {
		MUST(sn_net_parse(&net[i], text));
		MUST(sn_net_init(net[i], 1));
		MUST(sn_pool_new(&pool[i], i + 1));
		MUST(sn_tape_new(&tape[i], net[i], pool[i], most));
	}
	struct sn_shape s = sn_net_input(net[0]);
	size_t in = s.h * s.w * s.c, dim = sn_net_dim(net[0]);
	float *x = random_floats(most * in), *dy = random_floats(most * dim), *y[3], *dx[3];
	for (size_t i = 0; i < most; i++)
		item[i] = 3 * i;
	for (unsigned i = 0; i < 3; i++) {
		y[i] = random_floats(most * dim);
		dx[i] = random_floats(most * in);
	}
	for (size_t k = 0; k < sizeof sizes / sizeof *sizes && sizes[k] <= most; k++) {
		size_t n = sizes[k];
		for (unsigned i = 0; i < 3; i++) {
			if (i == 0 && !sn_net_is_stochastic(net[0]))
				MUST(sn_net_embed(net[0], NULL, x, n, y[1]));
			MUST(sn_tape_forward(tape[i], x, n, item, 1, n, y[i]));
			if (i == 0 && !sn_net_is_stochastic(net[0]))
				CHECK(memcmp(y[0], y[1], n * dim * sizeof *y[0]) == 0);
			MUST(sn_tape_backward(tape[i], dy, dx[i]));
			CHECK(memcmp(y[0], y[i], n * dim * sizeof *y[0]) == 0);
			CHECK(memcmp(dx[0], dx[i], n * in * sizeof *dx[0]) == 0);
		}
		for (size_t q = 0; q < sn_net_params(net[0]); q++) {
			const struct sn_param *p = sn_net_param(net[0], q);
			for (unsigned i = 1; i < 3; i++) {
				const struct sn_param *o = sn_net_param(net[i], q);
				CHECK(memcmp(p->value, o->value, p->count * sizeof(float)) == 0);
				CHECK(!p->grad ||
				      memcmp(p->grad, o->grad, p->count * sizeof(float)) == 0);
			}
		}
	}
	for (unsigned i = 0; i < 3; i++) {
		sn_tape_free(tape[i]);
		sn_pool_free(pool[i]);
		sn_net_free(net[i]);
		free(y[i]), free(dx[i]);
	}
	free(x), free(dy);
}

/* The tree that the contract names, written down. */
static float tree(const float *x, size_t n)
{
	size_t left = 1;

	if (n == 1)
		return x[0];
	while (left * 2 < n)
		left *= 2;
	return tree(x, left) + tree(x + left, n - left);
}

static void test_tree(void)
{
	float x[100], copy[100], memory[20];
	double wide[100];

	for (size_t n = 1; n <= 100; n++) {
		struct sn_tree t;
		for (size_t i = 0; i < n; i++)
			wide[i] = copy[i] = x[i] = (float)sn_random_normal(&chance);
		CHECK(sn_tree_slots(n) <= 20);
		sn_tree_begin(&t, memory, 1, n);
		for (size_t i = 0; i < n; i++) {
			*sn_tree_next(&t) = x[i];
			sn_tree_add(&t);
		}
		float sum = *sn_tree_sum(&t);
		CHECK(sum == tree(x, n));
		sn_tree_join(copy, n, 1, 1);
		CHECK(copy[0] == sum);
		sn_tree_join_f8(wide, n, 1);
		CHECK_NEAR(wide[0], sum, 1e-4);
	}
}

/* ---- numbers that are not finite ---------------------------------------------------- */

static void test_not_finite(void)
{
	struct sn_net *net;
	struct sn_tape *tape;
	float *x, y[16 * 2], dy[16 * 2];
	uint64_t item[16] = { 0 };

	MUST(sn_net_parse(&net, "input 8x8x1\nconv 3 size=3\nrelu\nmaxpool size=2\nflatten\nlinear "
				"5\nrelu\nlinear 2\n"));
	MUST(sn_net_init(net, 1));
	MUST(sn_tape_new(&tape, net, NULL, 16));
	x = random_floats(16 * 64);
	for (int i = 0; i < 32; i++)
		dy[i] = 1;

	CHECK(sn_tape_backward(tape, dy, NULL) == SN_EUSAGE);
	CHECK(sn_tape_forward(tape, x, 17, item, 1, 1, y) == SN_EUSAGE);
	CHECK(sn_tape_forward(tape, x, 0, item, 1, 1, y) == SN_EUSAGE);

	sn_net_param(net, 2)->value[3] = NAN; /* fc1.weight */
	MUST(sn_net_changed(net));
	CHECK(sn_tape_forward(tape, x, 16, item, 1, 1, y) == SN_ENAN);
	CHECK(strstr(sn_message(), "'fc1'"));
	CHECK(sn_net_embed(net, NULL, x, 16, y) == SN_ENAN);
	CHECK(strstr(sn_message(), "'fc1'"));
	sn_net_param(net, 2)->value[3] = 0;

	sn_net_param(net, 0)->value[3] = NAN; /* through relu and pooling */
	MUST(sn_net_changed(net));
	CHECK(sn_tape_forward(tape, x, 16, item, 1, 1, y) == SN_ENAN);
	CHECK(strstr(sn_message(), "'conv1'"));
	sn_net_param(net, 0)->value[3] = 0;
	MUST(sn_net_changed(net));

	float keep = x[70];
	x[70] = INFINITY;
	CHECK(sn_tape_forward(tape, x, 16, item, 1, 1, y) == SN_ENAN);
	CHECK(strstr(sn_message(), "input"));
	x[70] = keep;

	MUST(sn_tape_forward(tape, x, 16, item, 1, 1, y));
	dy[5] = NAN;
	CHECK(sn_tape_backward(tape, dy, NULL) == SN_ENAN);
	dy[5] = 1e38f;
	for (int i = 0; i < 32; i++)
		dy[i] = 3e38f;
	CHECK(sn_tape_backward(tape, dy, NULL) == SN_ENAN);
	CHECK(strstr(sn_message(), "gradient of layer 'fc2'"));
	free(x);
	sn_tape_free(tape);
	sn_net_free(net);

	/* one value of a channel has no variance */
	MUST(sn_net_parse(&net, "input 1x1x1\nbatchnorm\n"));
	MUST(sn_net_init(net, 1));
	MUST(sn_tape_new(&tape, net, NULL, 2));
	CHECK(sn_tape_forward(tape, y, 1, item, 1, 1, y) == SN_EDATA);
	sn_tape_free(tape);
	sn_net_free(net);
}

static void test_presets(void)
{
	CHECK(sn_preset_find("lenet") && sn_preset_find("conv4") && !sn_preset_find("lenet2"));
	for (const struct sn_preset *p = sn_presets; p->name; p++) {
		struct sn_net *net;
		MUST(sn_net_parse(&net, p->text));
		CHECK(strcmp(sn_net_text(net), p->text) == 0);
		sn_net_free(net);
	}
}

/* Residual blocks, every layer. */
static void test_blocks_exactly(void)
{
	test_places(sn_preset_find("hadsell")->text, 4);
	test_places(nested, 2);
	test_places(calm, 2);
	test_places(small_resnet, 6);
	test_pools(nested, 270);
	test_pools(calm, 270);
	test_pools(small_resnet, 35);
}

/* Any argument: only what depends on the instruction set, and not on the largest network. */
int main(int argc, char **argv)
{
	(void)argv;
	chance = sn_random(3, SN_RANDOM_TEST, 0, 0);
	test_places(sn_preset_find("lenet")->text, argc > 1 ? 3 : 1);
	test_places(odd, 1);
	test_pools(sn_preset_find("lenet")->text, 35);
	test_pools(odd, 270);
	if (argc > 1)
		return TEST_END();
	test_errors();
	test_block_errors();
	test_names();
	test_ranges();
	test_blocks();
	test_init();
	test_tree();
	test_presets();
	test_not_finite();
	test_places(sn_preset_find("conv4")->text, 6);
	test_pools(sn_preset_find("conv4")->text, 35);
	test_blocks_exactly();
	return TEST_END();
}
