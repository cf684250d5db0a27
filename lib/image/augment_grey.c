/* augment_grey - grey values changed: noise, blur, brightness, contrast, erased parts */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include "augment.h"

/* To the nearest, a half upwards. */
static uint8_t byte(double v)
{
	return v > 0 ? v < 255 ? (uint8_t)((int)(2 * v + 1) / 2) : 255 : 0;
}

static double mean(const uint8_t *x, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return (double)sum / (double)n;
}

/* ---- noise ----------------------------------------------------------------------------- */

/* The value below which (k + 1/2)/QUANTILES of a normal distribution lies, by Newton's method. */
int normal_quantiles(int16_t **normal)
{
	int16_t *table = sn_alloc(QUANTILES, sizeof *table);
	double x = 0;

	if (!table)
		return SN_ENOMEM;
	for (size_t k = QUANTILES / 2; k < QUANTILES; k++) {
		double p = ((double)k + 0.5) / QUANTILES;
		for (int i = 0; i < 20; i++)
			x -= (0.5 * erfc(-x * M_SQRT1_2) - p) * sqrt(2 * M_PI) * exp(0.5 * x * x);
		table[k] = (int16_t)lrint(1024 * x);
		table[QUANTILES - 1 - k] = (int16_t)-table[k];
	}
	*normal = table;
	return 0;
}

void add_noise(uint8_t *x, size_t n, double deviation, const int16_t *normal,
	       struct sn_random *random)
{
	int32_t scale = (int32_t)lrint(deviation * 256);

	/* four draws of 12 bits from each number */
	for (size_t i = 0; i < n; i += 4) {
		uint64_t bits = sn_random_next(random);
		for (size_t k = i; k < n && k < i + 4; k++, bits >>= 16) {
			/* rounded to the nearest: 2^18 is 1024 * 256 */
			int32_t v = x[k] + ((normal[bits % QUANTILES] * scale + (1 << 17)) >> 18);
			x[k] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
		}
	}
}

/* ---- brightness and contrast ----------------------------------------------------------- */

void change_greys(uint8_t *x, size_t n, const struct step *s, struct sn_random *random)
{
	double about = 0, factor = 1, by = 0;
	uint8_t table[256];

	if (s->kind == CONTRAST) {
		factor = draw_ratio(&s->part[BY], random);
		about = mean(x, n);
	} else {
		by = draw(&s->part[BY], 0, random);
	}
	for (int v = 0; v < 256; v++)
		table[v] = byte(about + factor * (v - about) + by);
	for (size_t i = 0; i < n; i++)
		x[i] = table[x[i]];
}

/* ---- erasing --------------------------------------------------------------------------- */

/* A side of at least one pixel and at most `most`. */
static size_t side(double v, size_t most)
{
	v = floor(v + 0.5);
	return v < 1 ? 1 : v < (double)most ? (size_t)v : most;
}

/* Zhong, Zheng, Kang, Li and Yang (2017): a rectangle, anywhere. */
void erase(uint8_t *x, const struct picture *p, const struct step *s, struct sn_random *random)
{
	double area = draw(&s->part[SHARE], 0, random) * (double)p->w * (double)p->h;
	double aspect = draw_ratio(&s->part[ASPECT], random);
	size_t w = side(sqrt(area / aspect), p->w), h = side(sqrt(area * aspect), p->h);
	size_t left = sn_random_below(random, p->w - w + 1);
	size_t top = sn_random_below(random, p->h - h + 1);
	uint8_t fill = (uint8_t)s->fill;

	if (!(area > 0))
		return;
	if (s->fill == FILL_MEAN)
		fill = byte(mean(x, p->h * p->w * p->c));
	for (size_t y = top; y < top + h; y++) {
		uint8_t *row = x + (y * p->w + left) * p->c;
		if (s->fill != FILL_NOISE)
			memset(row, fill, w * p->c);
		else
			for (size_t i = 0; i < w * p->c; i++)
				row[i] = (uint8_t)(sn_random_next(random) >> 56);
	}
}

/* ---- blur ------------------------------------------------------------------------------ */

static size_t clamped(size_t i, size_t radius, size_t n)
{
	return i < radius ? 0 : i - radius < n ? i - radius : n - 1;
}

int blur(uint8_t *x, const struct picture *p, double sigma, struct sn_augment_room *room)
{
	size_t radius = (size_t)ceil(3 * sigma), row = p->w * p->c, size;
	float *weight, *wide, *sum, *across;
	int st;

	if (!(sigma >= 0.1)) /* that would change no grey value */
		return 0;
	size = p->h * row + row + (p->w + 2 * radius) * p->c + 2 * radius + 1;
	if ((st = sn_grow(&room->reals, &room->real_capacity, size, sizeof *room->reals)) < 0)
		return st;
	across = room->reals;
	sum = across + p->h * row;
	wide = sum + row;
	weight = wide + (p->w + 2 * radius) * p->c;
	gaussian(weight, radius, sigma);
	for (size_t y = 0; y < p->h; y++) {
		float *out = across + y * row;
		for (size_t i = 0; i < p->w + 2 * radius; i++)
			for (size_t k = 0; k < p->c; k++)
				wide[i * p->c + k] =
					x[y * row + clamped(i, radius, p->w) * p->c + k];
		memset(out, 0, row * sizeof *out);
		for (size_t k = 0; k <= 2 * radius; k++)
			for (size_t i = 0; i < row; i++)
				out[i] += weight[k] * wide[k * p->c + i];
	}
	for (size_t y = 0; y < p->h; y++) {
		memset(sum, 0, row * sizeof *sum);
		for (size_t k = 0; k <= 2 * radius; k++) {
			const float *in = across + clamped(y + k, radius, p->h) * row;
			for (size_t i = 0; i < row; i++)
				sum[i] += weight[k] * in[i];
		}
		for (size_t i = 0; i < row; i++)
			x[y * row + i] = byte(sum[i]);
	}
	return 0;
}
