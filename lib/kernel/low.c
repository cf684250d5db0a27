/*
 * low - forward products in reduced precision, as they are defined: windows read in place
 * (window.h).
 *
 * Channels are filled up to whole groups, of 2 or 4 numbers, which one instruction multiplies and
 * adds up.
 *     bf16  x and W rounded to 8 bits of fraction, sums in float
 *     int8  x ~ q / a with a = 127 / max |x| of the image, W[o] ~ r / b[o] likewise of the output:
 *           y = (sum of (q + 128) r - 128 sum of r) / (a b[o]); the sums are exact
 * packed: panels [kh kw ceil(c / group)][columns] groups; int8: behind them for each panel the
 * factors 1 / b and the sums of r, [columns] each.
 */
#include <math.h>
#include <string.h>
#include "window.h"

const char *const sn_precision_names[] = { "float", "bf16", "int8", NULL };

static const struct sn_low_loops *loops(enum sn_precision p)
{
	return p == SN_BF16 ? sn_simd()->bf16 : p == SN_INT8 ? sn_simd()->int8 : NULL;
}

bool sn_precision_runs(enum sn_precision p)
{
	if (p == SN_FLOAT)
		return true;
#ifdef __x86_64__
	__builtin_cpu_init();
	return loops(p) && __builtin_cpu_supports("avx512bf16") &&
	       __builtin_cpu_supports("avx512vnni");
#else
	return false;
#endif
}

/* Numbers of a group of 4 bytes. */
static size_t group(enum sn_precision p)
{
	return p == SN_INT8 ? 4 : 2;
}

/* Groups of a pixel, of a window. */
static size_t groups(const struct sn_conv *s, enum sn_precision p)
{
	return (s->c + group(p) - 1) / group(p);
}

static size_t taps(const struct sn_conv *s, enum sn_precision p)
{
	return s->kh * s->kw * groups(s, p);
}

/* The least of what an instruction of int8 adds to may be no less than -2^31. */
bool sn_low_holds(const struct sn_conv *s, enum sn_precision p)
{
	return p != SN_INT8 || s->kh * s->kw * s->c < (1u << 31) / (255 * 127);
}

bool sn_low_pays(const struct sn_conv_plan *plan, enum sn_precision p)
{
	const struct sn_conv *s = &plan->shape;
	double pixels = (double)(s->oh * s->ow);
	double products = pixels * ((double)taps(s, p) + 12) * (double)sn_round_up(s->k, 32) * 1.15;
	double conversion = 6 * (double)(s->h * s->w) * (double)groups(s, p) * (double)group(p);
	return sn_low_holds(s, p) && products + conversion < plan->way[SN_CONV_FORWARD]->cost(s);
}

/* ---- weights -------------------------------------------------------------------------- */

size_t sn_low_pieces(const struct sn_conv *s)
{
	return sn_round_up(s->k, sn_simd()->columns) / sn_simd()->columns;
}

static size_t panel_size(const struct sn_conv *s, enum sn_precision p)
{
	return (taps(s, p) + (p == SN_INT8 ? 2 : 0)) * sn_simd()->columns * 4;
}

size_t sn_low_packed(const struct sn_conv *s, enum sn_precision p)
{
	return sn_low_pieces(s) * panel_size(s, p);
}

/* To nearest, ties to even. */
static uint16_t bf16(float v)
{
	uint32_t bits;
	memcpy(&bits, &v, sizeof bits);
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static void pack_bf16(const struct sn_conv *s, const float *weight, float scale, uint16_t *to)
{
	size_t columns = sn_simd()->columns, area = s->kh * s->kw, each = groups(s, SN_BF16);
	for (size_t c = 0; c < s->c; c++)
		for (size_t t = 0; t < area; t++)
			to[((t * each + c / 2) * columns) * 2 + c % 2] =
				bf16(weight[c * area + t] * scale);
}

static void pack_int8(const struct sn_conv *s, const float *weight, float scale, int8_t *to,
		      float *factor)
{
	size_t columns = sn_simd()->columns, area = s->kh * s->kw, each = groups(s, SN_INT8);
	float most = 0;
	int32_t sum = 0;
	for (size_t i = 0; i < s->c * area; i++)
		most = fmaxf(most, fabsf(weight[i] * scale));
	float steps = most > 0 ? 127 / most : 0;
	for (size_t c = 0; c < s->c; c++)
		for (size_t t = 0; t < area; t++) {
			int8_t q = (int8_t)lrintf(weight[c * area + t] * scale * steps);
			to[((t * each + c / 4) * columns) * 4 + c % 4] = q;
			sum += q;
		}
	*factor = most / 127;
	memcpy(factor + columns, &sum, sizeof sum);
}

void sn_low_pack(const struct sn_conv *s, enum sn_precision p, const float *weight,
		 const float *scale, void *packed, size_t piece)
{
	size_t columns = sn_simd()->columns, from = piece * columns;
	char *panel = (char *)packed + piece * panel_size(s, p);
	float *factors = (float *)(void *)(panel + taps(s, p) * columns * 4);
	memset(panel, 0, panel_size(s, p));
	for (size_t o = from; o < s->k && o < from + columns; o++) {
		const float *w = weight + o * s->c * s->kh * s->kw;
		char *at = panel + (o - from) * 4;
		float f = scale ? scale[o] : 1;
		if (p == SN_BF16)
			pack_bf16(s, w, f, (uint16_t *)(void *)at);
		else
			pack_int8(s, w, f, (int8_t *)at, factors + o - from);
	}
}

/* ---- pictures ------------------------------------------------------------------------- */

/* Groups of a line, and of a picture, with its border. */
static size_t line_size(const struct sn_conv *s, enum sn_precision p)
{
	return (s->w + 2 * s->pad_w) * groups(s, p);
}

static size_t picture_size(const struct sn_conv *s, enum sn_precision p)
{
	return (s->h + 2 * s->pad_h) * line_size(s, p);
}

size_t sn_low_scratch(const struct sn_conv *s, enum sn_precision p, size_t n)
{
	return sn_round_up(n, SN_SIMD_LANES) + n * picture_size(s, p);
}

/* An image with its border, in groups; returns what its sums are multiplied with. */
static float convert(const struct sn_conv *s, enum sn_precision p, const float *x, uint32_t *to)
{
	const struct sn_low_loops *low = loops(p);
	size_t each = groups(s, p), line = line_size(s, p);
	float scale = 1, factor = 1;
	if (p == SN_INT8) {
		float most = 0;
		for (size_t i = 0; i < s->h * s->w * s->c; i++)
			most = x[i] > most ? x[i] : -x[i] > most ? -x[i] : most;
		scale = most > 0 ? 127 / most : 0;
		factor = most / 127;
	}
	/* 0 is 128 in int8; what fills groups meets weights of 0 */
	memset(to, p == SN_INT8 ? 128 : 0, picture_size(s, p) * sizeof *to);
	to += s->pad_h * line + s->pad_w * each;
	for (size_t i = 0; i < s->h; i++, to += line) {
		if (s->c % group(p) == 0) {
			low->convert(to, x, s->w * s->c, scale);
			x += s->w * s->c;
			continue;
		}
		for (size_t j = 0; j < s->w; j++, x += s->c)
			low->convert(to + j * each, x, s->c, scale);
	}
	return factor;
}

/* ---- products ------------------------------------------------------------------------- */

void sn_low_forward(const struct sn_conv *s, enum sn_precision p, const float *x, size_t n,
		    const void *packed, const struct sn_finish *f, size_t from, size_t to, float *y,
		    float *scratch)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns, each = groups(s, p), pixels = s->oh * s->ow;
	uint32_t *pictures = (uint32_t *)(void *)(scratch + sn_round_up(n, SN_SIMD_LANES));
	for (size_t i = 0; i < n; i++)
		scratch[i] = convert(s, p, x + i * s->h * s->w * s->c,
				     pictures + i * picture_size(s, p));
	for (size_t piece = from; piece < to; piece++) {
		const char *panel = (const char *)packed + piece * panel_size(s, p);
		const uint32_t *a[SN_SIMD_ROWS];
		float *out[SN_SIMD_ROWS], factor[SN_SIMD_ROWS];
		struct sn_finish part = sn_finish_from(f, piece * columns);
		struct sn_low_rows job = {
			.a = a,
			.segments = s->kh,
			.length = s->kw * each,
			.jump = line_size(s, p),
			.b = (const uint32_t *)(const void *)panel,
			.factor = factor,
			.columns = (const float *)(const void *)(panel + taps(s, p) * columns * 4),
			.finish = &part,
			.y = out,
			.n = s->k - piece * columns < columns ? s->k - piece * columns : columns
		};
		for (size_t q = 0; q < n * pixels;) {
			for (job.m = 0; job.m < simd->rows && q < n * pixels; job.m++, q++) {
				size_t image = q / pixels, line = q % pixels / s->ow,
				       point = q % s->ow;
				a[job.m] = pictures + image * picture_size(s, p) +
					   line * s->stride * job.jump + point * s->stride * each;
				out[job.m] = y + q * s->k + piece * columns;
				factor[job.m] = scratch[image];
			}
			loops(p)->rows_by_panel(&job);
		}
	}
}
