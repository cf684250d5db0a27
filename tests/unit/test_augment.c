/* augment: changes that can be worked out by hand, draws that keep to their ranges. */
#include <sn/augment.h>
#include "test.h"

static struct sn_random chance(uint64_t b)
{
	return sn_random(1, SN_RANDOM_TEST, 0, b);
}

/* Apply a specification to a picture, with the chance of b. */
static void apply(const char *specification, uint8_t *out, const uint8_t *in, size_t h, size_t w,
		  size_t c, uint64_t b)
{
	struct sn_augment *a;
	struct sn_augment_room room = { 0 };

	MUST(sn_augment_parse(&a, specification));
	MUST(sn_augment_apply(a, &room, out, in, h, w, c, chance(b)));
	sn_augment_free(a);
	sn_augment_room_release(&room);
}

static void fill(uint8_t *x, size_t n)
{
	struct sn_random r = chance(99);

	for (size_t i = 0; i < n; i++)
		x[i] = (uint8_t)sn_random_next(&r);
}

/* What changes nothing leaves every byte, of any shape and number of channels. */
static void test_identity(void)
{
	static const char *const nothing[] = {
		"affine:rotate=0",
		"affine:p=0",
		"elastic:alpha=0",
		"crop:share=1",
		"flip:p=0",
		"noise:sd=0",
		"blur:sigma=0",
		"brightness:by=0",
		"contrast:by=1",
		"erase:share=0,p=1",
		"flip:p=1 flip:p=1",
		"affine:rotate=360..360,fill=3",
		"affine:rotate=90..90 affine:shift-x=1..1 affine:shift-y=1..1 "
		"affine:rotate=-90..-90"
		" affine:shift-x=1..1 affine:shift-y=-1..-1",
		"affine:scale=0.5 affine:scale=2",
		"affine:each=0,fill=7",
		"affine:shear-x=0.5..0.5 affine:shear-x=-0.5..-0.5",
	};
	static const size_t shape[][3] = { { 1, 1, 1 }, { 1, 7, 3 },  { 9, 1, 1 },
					   { 8, 8, 1 }, { 13, 6, 3 }, { 28, 28, 1 } };
	uint8_t in[4096], out[4096];

	for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
		for (size_t k = 0; k < sizeof shape / sizeof shape[0]; k++) {
			const size_t *s = shape[k];
			if (strstr(nothing[i], "90..90") && s[0] != s[1])
				continue; /* a middle between pixels is no whole shift */
			fill(in, sizeof in);
			memset(out, 1, sizeof out);
			apply(nothing[i], out, in, s[0], s[1], s[2], 5);
			if (memcmp(in, out, s[0] * s[1] * s[2]) != 0)
				fprintf(stderr, "%s, %zux%zux%zu:\n", nothing[i], s[0], s[1], s[2]);
			CHECK(memcmp(in, out, s[0] * s[1] * s[2]) == 0);
			CHECK(out[s[0] * s[1] * s[2]] == 1);
		}
}

/* Quarter turns by affine and by sn_turn are the same; four of them are none. */
static void test_turns(void)
{
	static const char *const by[4] = { "affine:rotate=0", "affine:rotate=90..90",
					   "affine:rotate=180..180", "affine:rotate=270..270" };
	uint8_t in[7 * 7 * 3], turned[7 * 7 * 3], out[7 * 7 * 3], back[7 * 7 * 3];
	uint8_t lying[6] = { 1, 2, 3, 4, 5, 6 };
	static const uint8_t standing[6] = { 3, 6, 2, 5, 1, 4 };

	fill(in, sizeof in);
	for (unsigned v = 0; v < SN_TURNS; v++) {
		char text[64];
		snprintf(text, sizeof text, "%s%s", v >= 4 ? "flip:p=1 " : "", by[v % 4]);
		apply(text, out, in, 7, 7, 3, v);
		sn_turn(turned, in, 7, 7, 3, v);
		CHECK(memcmp(turned, out, sizeof out) == 0);
		/* mirrored and turned is its own inverse */
		sn_turn(back, turned, 7, 7, 3, v < 4 ? (4 - v) % 4 : v);
		CHECK(memcmp(back, in, sizeof in) == 0);
	}
	sn_turn(out, lying, 2, 3, 1, 1);
	CHECK(memcmp(out, standing, 6) == 0);
}

/* Pixels half way between two, and beyond the border. */
static void test_sampling(void)
{
	static const uint8_t in[4] = { 10, 20, 30, 41 };
	uint8_t out[4];

	apply("affine:shift-x=0.5..0.5", out, in, 1, 4, 1, 0);
	CHECK(out[0] == 10 && out[1] == 15 && out[2] == 25 && out[3] == 36);
	apply("affine:shift-x=0.5..0.5,fill=0", out, in, 1, 4, 1, 0);
	CHECK(out[0] == 5 && out[1] == 15 && out[2] == 25 && out[3] == 36);
	apply("affine:shift-x=-25..-25%,fill=99", out, in, 1, 4, 1, 0);
	CHECK(out[0] == 20 && out[1] == 30 && out[2] == 41 && out[3] == 99);
	apply("affine:shift-x=100..100,fill=99", out, in, 1, 4, 1, 0);
	CHECK(out[0] == 99 && out[1] == 99 && out[2] == 99 && out[3] == 99);
	apply("affine:shift-x=-100..-100", out, in, 1, 4, 1, 0);
	CHECK(out[0] == 41 && out[1] == 41 && out[2] == 41 && out[3] == 41);
	apply("affine:scale=2", out, in, 1, 4, 1, 0);
	/* columns come from 0.75, 1.25, 1.75, 2.25 */
	CHECK(out[0] == 18 && out[1] == 23 && out[2] == 28 && out[3] == 33);
	/* one fill, then another: sampled between them */
	apply("affine:shift-x=1..1,fill=1 affine:shift-x=1..1,fill=2", out, in, 1, 4, 1, 0);
	CHECK(out[0] == 2 && out[1] == 1 && out[2] == 10 && out[3] == 20);
	/* what was moved out comes back */
	apply("affine:shift-x=9..9,fill=1 affine:shift-x=-9..-9,fill=1", out, in, 1, 4, 1, 0);
	CHECK(memcmp(out, in, 4) == 0);
}

/* Shears and stretches are about the middle. */
static void test_affine(void)
{
	static const uint8_t in[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	uint8_t out[9];
	static const uint8_t slanted[9] = { 2, 3, 0, 4, 5, 6, 0, 7, 8 };
	static const uint8_t narrow[9] = { 0, 2, 0, 0, 5, 0, 0, 8, 0 };

	apply("affine:shear-x=1..1,fill=0", out, in, 3, 3, 1, 0);
	CHECK(memcmp(out, slanted, 9) == 0);
	apply("affine:stretch-x=0.5,fill=0", out, in, 3, 3, 1, 0);
	CHECK(memcmp(out, narrow, 9) == 0);
}

/* Draws stay within their ranges, reach most of them, and happen as often as p says. */
static void test_ranges(void)
{
	struct sn_augment *a;
	struct sn_augment_room room = { 0 };
	uint8_t in[21], out[21];
	int happened = 0, least = 100, most = -100;

	memset(in, 0, sizeof in);
	in[10] = 255;
	MUST(sn_augment_parse(&a, "affine:shift-x=4,fill=0,p=0.25"));
	for (uint64_t i = 0; i < 4000; i++) {
		int at = 0;
		MUST(sn_augment_apply(a, &room, out, in, 1, 21, 1, chance(i)));
		for (int x = 0; x < 21; x++)
			at = out[x] > out[at] ? x : at;
		happened += memcmp(in, out, 21) != 0;
		least = at < least ? at : least;
		most = at > most ? at : most;
		CHECK(at >= 6 && at <= 14);
	}
	CHECK(least == 6 && most == 14);
	CHECK_NEAR(happened, 1000, 120); /* 4 deviations of 27 */
	sn_augment_free(a);
	/* each: two changes, each by itself */
	MUST(sn_augment_parse(&a, "affine:shift-x=3..3,shift-y=1..1,fill=0,each=0.5"));
	int both = 0, none = 0;
	for (uint64_t i = 0; i < 4000; i++) {
		uint8_t x[12] = { 0 }, y[12];
		x[1] = 255; /* (1, 0) of [2][6] */
		MUST(sn_augment_apply(a, &room, y, x, 2, 6, 1, chance(i)));
		CHECK(y[1] + y[4] + y[7] + y[10] == 255);
		both += y[10] == 255;
		none += y[1] == 255;
	}
	CHECK_NEAR(both, 1000, 120);
	CHECK_NEAR(none, 1000, 120);
	sn_augment_free(a);
	sn_augment_room_release(&room);
}

/* Mean and deviation of noise are those asked for. */
static void test_noise(void)
{
	static uint8_t in[100000], out[100000];
	double sum = 0, squares = 0, tails = 0;
	size_t n = sizeof in;

	memset(in, 128, n);
	apply("noise:sd=20", out, in, 100, 1000, 1, 3);
	for (size_t i = 0; i < n; i++) {
		sum += out[i] - 128.0;
		squares += (out[i] - 128.0) * (out[i] - 128.0);
		tails += abs(out[i] - 128) > 40;
	}
	CHECK_NEAR(sum / (double)n, 0, 0.3);
	CHECK_NEAR(sqrt(squares / (double)n), 20, 0.3);
	CHECK_NEAR(tails / (double)n, 0.0430, 0.004); /* beyond 40.5 */
	/* channels have noise of their own */
	apply("noise:sd=20", out, in, 10, 10, 3, 3);
	CHECK(out[0] != out[1] || out[1] != out[2]);
}

/* A field that moves by alpha a + b: the deviation is Simard's, whatever the grid. */
static void field_deviation(const char *specification, double wanted)
{
	static uint8_t in[120 * 120], out[120 * 120];
	double squares = 0, n = 0;

	/* a ramp: what a pixel is says where it comes from */
	for (int i = 0; i < 120 * 120; i++)
		in[i] = (uint8_t)(2 * (i % 120));
	for (uint64_t b = 0; b < 30; b++) {
		apply(specification, out, in, 120, 120, 1, b);
		for (int y = 10; y < 110; y++)
			for (int x = 20; x < 100; x++, n++) {
				double moved = (out[y * 120 + x] - in[y * 120 + x]) / 2.0;
				squares += moved * moved;
			}
	}
	CHECK_NEAR(sqrt(squares / n) / wanted, 1, 0.1);
}

static void test_elastic(void)
{
	/* uniform noise has deviation 1/sqrt(3), and a gaussian takes it by 1/(2 sqrt(pi) sigma) */
	field_deviation("elastic:alpha=34,sigma=4", 34 / sqrt(3) / (2 * sqrt(M_PI) * 4));
	field_deviation("elastic:alpha=60,sigma=3", 60 / sqrt(3) / (2 * sqrt(M_PI) * 3));
	field_deviation("elastic:alpha=150,sigma=8.5", 150 / sqrt(3) / (2 * sqrt(M_PI) * 8.5));
}

/* A point becomes a gaussian; what is even stays so, at the border, too. */
static void test_blur(void)
{
	uint8_t in[33 * 33] = { 0 }, out[33 * 33], plain[33 * 33];
	double at, far;

	in[16 * 33 + 16] = 255;
	apply("blur:sigma=2", out, in, 33, 33, 1, 0);
	/* 255/(2 pi 4) = 10.1 in the middle, by exp(-1/2) less at one sigma */
	at = out[16 * 33 + 16];
	far = out[16 * 33 + 18];
	CHECK_NEAR(at, 10, 0);
	CHECK_NEAR(far, 6, 0);
	CHECK(out[14 * 33 + 16] == out[16 * 33 + 18] && out[18 * 33 + 16] == out[16 * 33 + 14]);
	memset(plain, 77, sizeof plain);
	apply("blur:sigma=3", out, plain, 33, 33, 1, 0);
	CHECK(memcmp(out, plain, sizeof plain) == 0);
}

static void test_greys(void)
{
	static const uint8_t in[4] = { 0, 100, 200, 250 };
	uint8_t out[4], big[400], old[400];
	size_t gone = 0;

	apply("brightness:by=10..10", out, in, 2, 2, 1, 0);
	CHECK(out[0] == 10 && out[1] == 110 && out[2] == 210 && out[3] == 255);
	/* the mean is 137.5 */
	apply("contrast:by=2", out, in, 2, 2, 1, 0);
	CHECK(out[0] == 0 && out[1] == 63 && out[2] == 255 && out[3] == 255);
	apply("contrast:by=0.5", out, in, 2, 2, 1, 0);
	CHECK(out[0] == 69 && out[1] == 119 && out[2] == 169 && out[3] == 194);
	memset(old, 200, sizeof old);
	apply("erase:share=0.25,aspect=1,fill=3,p=1", big, old, 20, 20, 1, 0);
	for (size_t i = 0; i < sizeof big; i++)
		gone += big[i] == 3;
	CHECK(gone == 100);
	apply("erase:share=1,aspect=1,p=1", out, in, 2, 2, 1, 0);
	CHECK(out[0] == 138 && out[3] == 138); /* the mean */
	apply("erase:share=1,aspect=1,fill=noise,p=1", big, old, 20, 20, 1, 0);
	CHECK(big[0] != big[1] || big[1] != big[2]);
}

/* The same chance gives the same bytes, another one others; the text means what was said. */
static void test_text(void)
{
	static const char words[] =
		"affine:rotate=10,scale=0.8..1.2,shear=0.3,shift=2 elastic crop flip noise blur\t"
		"brightness contrast erase affine:shift=3%,fill=9,each=0.123456789";
	struct sn_augment *a, *b;
	struct sn_augment_room room = { 0 };
	uint8_t in[30 * 20 * 3], x[sizeof in], y[sizeof in];

	fill(in, sizeof in);
	MUST(sn_augment_parse(&a, words));
	MUST(sn_augment_parse(&b, sn_augment_text(a)));
	CHECK(strcmp(sn_augment_text(a), sn_augment_text(b)) == 0);
	for (uint64_t i = 0; i < 50; i++) {
		MUST(sn_augment_apply(a, &room, x, in, 30, 20, 3, chance(i)));
		MUST(sn_augment_apply(b, &room, y, in, 30, 20, 3, chance(i)));
		CHECK(memcmp(x, y, sizeof x) == 0);
		MUST(sn_augment_apply(b, &room, y, in, 30, 20, 3, chance(i + 1)));
		CHECK(memcmp(x, y, sizeof x) != 0);
	}
	sn_augment_free(a);
	sn_augment_free(b);
	sn_augment_room_release(&room);
}

/* Any picture, however small or thin, and the largest changes: no byte is read that is not there.
 */
static void test_extremes(void)
{
	static const char *const words[] = {
		"affine:rotate=360,scale=0.1..10,stretch=0.1..10,shear=2,shift=100000",
		"affine:rotate=360,scale=0.1..10,stretch=0.1..10,shear=2,shift=100%,fill=1",
		"elastic:alpha=100000,sigma=0.5",
		"elastic:alpha=100000,sigma=1000",
		"affine:shift=100000,fill=0 elastic:fill=0 affine:shift=100000,fill=0",
		"elastic elastic elastic:sigma=100%",
		"crop:share=0.01",
		"blur:sigma=100",
		"noise:sd=128",
		"erase:share=0..1,aspect=0.01..100,p=1",
		"contrast:by=0.01..100 brightness:by=255",
	};
	static const size_t shape[][3] = {
		{ 1, 1, 1 }, { 1, 40, 1 }, { 40, 1, 3 }, { 2, 3, 1 }, { 17, 19, 3 }
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		for (size_t k = 0; k < sizeof shape / sizeof shape[0]; k++) {
			const size_t *s = shape[k], n = s[0] * s[1] * s[2];
			uint8_t *in = malloc(n), *out = malloc(n);
			fill(in, n);
			for (uint64_t b = 0; b < 20; b++)
				apply(words[i], out, in, s[0], s[1], s[2], b);
			free(in);
			free(out);
		}
}

static void refused(const char *specification, const char *message)
{
	struct sn_augment *a;
	int st = sn_augment_parse(&a, specification);

	CHECK(st == SN_EUSAGE);
	if (st < 0 && !strstr(sn_message(), message))
		fprintf(stderr, "'%s': %s\n", specification, sn_message());
	CHECK(st == SN_EUSAGE && strstr(sn_message(), message));
	if (st == 0)
		sn_augment_free(a);
}

static void test_refusals(void)
{
	char many[400] = "";

	refused("", "nothing is said to be done");
	refused(" \t ", "nothing is said to be done");
	refused("affine stretch", "'stretch': 'stretch' is not affine, elastic");
	refused("Affine", "is not affine");
	refused("affine:", "affine has no ''");
	refused("affine:rotate=1,", "affine has no ''");
	refused("affine:turn=3", "affine has no 'turn', but rotate, scale");
	refused("noise:fill=3", "noise has no 'fill', but sd or p");
	refused("affine:rotate", "'rotate' lacks a value, as in rotate=10");
	refused("affine:rotate=", "rotate '', wanted N for -N..N with N from 0 to 360");
	refused("affine:rotate=ten", "rotate 'ten'");
	refused("affine:rotate=1x", "rotate '1x'");
	refused("affine:rotate=-1", "rotate '-1'");
	refused("affine:rotate=361", "rotate '361'");
	refused("affine:rotate=inf", "rotate 'inf'");
	refused("affine:rotate=nan", "rotate 'nan'");
	refused("affine:rotate=0x10", "rotate '0x10'");
	refused("affine:rotate=1e999", "rotate '1e999'");
	refused("affine:rotate=5..3", "rotate '5..3'");
	refused("affine:rotate=5..", "rotate '5..'");
	refused("affine:rotate=..5", "rotate '..5'");
	refused("affine:rotate=5%", "rotate '5%'");
	refused("affine:scale=0", "scale '0', wanted a number from 0.1 to 10");
	refused("affine:scale=0..1", "scale '0..1'");
	refused("affine:shift=5%..3", "shift '5%..3'");
	refused("affine:shift=101%", "or in % up to 100%");
	refused("affine:rotate=1,rotate=2", "'rotate' is said twice");
	refused("affine:shift=1,shift-y=2", "'shift-y' is said twice");
	refused("affine:p=0.5,p=0.5", "'p' is said twice");
	refused("affine:fill=256", "fill '256', wanted a grey value from 0 to 255 or border");
	refused("affine:fill=1.5", "fill '1.5'");
	refused("affine:fill=mean", "fill 'mean'");
	refused("erase:fill=border", "or mean or noise");
	refused("flip:axis=z", "wanted x (left and right) or y");
	refused("flip:p=1.1", "p '1.1', wanted a number from 0 to 1");
	refused("elastic:sigma=0", "sigma '0'");
	refused("crop:share=0", "share '0'");
	refused("noise:sd=-1", "sd '-1'");
	for (int i = 0; i < 33; i++)
		strcat(many, "flip ");
	refused(many, "at most 32 operations");
}

int main(void)
{
	test_identity();
	test_turns();
	test_sampling();
	test_affine();
	test_ranges();
	test_noise();
	test_elastic();
	test_blur();
	test_greys();
	test_text();
	test_extremes();
	test_refusals();
	return TEST_END();
}
