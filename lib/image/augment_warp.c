/*
 * augment_warp - pictures moved: affine maps, crops, mirror images and elastic fields put together
 * into one map from each pixel to where it comes from, and sampled once, bilinearly.
 *
 * Coordinates count pixels' centres from 0.  A picture turns, grows and slants about its middle
 * (w - 1)/2, (h - 1)/2.  Maps are from the new picture to the old one, so that what comes later is
 * applied first.  Numbers are computed in double, one expression a pixel, and then brought to a
 * grid of 1/2048 of a pixel: from there on all is in whole numbers.
 */
#include <math.h>
#include <string.h>
#include <sn/memory.h>
#include "augment.h"

#define FRACTION 2048 /* of a pixel: weights of two axes and a byte fit 32 bits */

/* ---- maps ------------------------------------------------------------------------------ */

static const double identity[6] = { 1, 0, 0, 0, 1, 0 };

/* a(b(x)) into b. */
static void put_before(const double a[6], double b[6])
{
	double m[6];

	for (int i = 0; i < 2; i++) {
		m[3 * i] = a[3 * i] * b[0] + a[3 * i + 1] * b[3];
		m[3 * i + 1] = a[3 * i] * b[1] + a[3 * i + 1] * b[4];
		m[3 * i + 2] = a[3 * i] * b[2] + a[3 * i + 1] * b[5] + a[3 * i + 2];
	}
	memcpy(b, m, sizeof m);
}

/* Whole quarter turns are exact. */
static void turn(double degrees, double *cosine, double *sine)
{
	static const double quarter[] = { 1, 0, -1, 0 };
	double part = fmod(degrees, 360);

	if (part < 0)
		part += 360;
	if (fmod(part, 90) == 0) {
		int n = (int)(part / 90) % 4;
		*cosine = quarter[n];
		*sine = quarter[(n + 3) % 4];
	} else {
		*cosine = cos(part * (M_PI / 180));
		*sine = sin(part * (M_PI / 180));
	}
}

/* Is this part of the change to be made? */
static bool chosen(const struct step *s, int part, struct sn_random *random)
{
	return s->part[part].set && (s->each >= 1 || sn_random_unit(random) < s->each);
}

static double angle(const struct step *s, int part, double side, struct sn_random *random)
{
	return chosen(s, part, random) ? draw(&s->part[part], side, random) : 0;
}

static double ratio(const struct step *s, int part, struct sn_random *random)
{
	return chosen(s, part, random) ? draw_ratio(&s->part[part], random) : 1;
}

/* What is scaled, slanted, turned (anticlockwise, y pointing down) and shifted, the way back. */
static void affine_map(double m[6], const struct step *s, const struct picture *p,
		       struct sn_random *random)
{
	double w = (double)p->w, h = (double)p->h, cx = (w - 1) / 2, cy = (h - 1) / 2;
	double degrees = angle(s, ROTATE, 0, random);
	double shear_x = angle(s, SHEAR_X, 0, random), shear_y = angle(s, SHEAR_Y, 0, random);
	double scale = ratio(s, SCALE, random);
	double sx = scale * ratio(s, STRETCH_X, random), sy = scale * ratio(s, STRETCH_Y, random);
	double dx = angle(s, SHIFT_X, w, random), dy = angle(s, SHIFT_Y, h, random);
	double c, n;

	turn(degrees, &c, &n);
	/* to the middle, and back by the shift */
	double middle[6] = { 1, 0, -cx - dx, 0, 1, -cy - dy };
	double rotation[6] = { c, -n, 0, n, c, 0 };
	double slant_y[6] = { 1, 0, 0, -shear_y, 1, 0 };
	double slant_x[6] = { 1, -shear_x, 0, 0, 1, 0 };
	double size[6] = { 1 / sx, 0, cx, 0, 1 / sy, cy };
	memcpy(m, middle, sizeof middle);
	put_before(rotation, m);
	put_before(slant_y, m);
	put_before(slant_x, m);
	put_before(size, m);
}

static void crop_map(double m[6], const struct step *s, const struct picture *p,
		     struct sn_random *random)
{
	double f = sqrt(draw(&s->part[SHARE], 0, random));
	double left = sn_random_unit(random) * (1 - f) * (double)p->w;
	double top = sn_random_unit(random) * (1 - f) * (double)p->h;
	double map[6] = { f, 0, left + 0.5 * f - 0.5, 0, f, top + 0.5 * f - 0.5 };

	memcpy(m, map, sizeof map);
}

static void flip_map(double m[6], const struct step *s, const struct picture *p)
{
	memcpy(m, identity, sizeof identity);
	m[s->axis ? 4 : 0] = -1;
	m[s->axis ? 5 : 2] = s->axis ? (double)p->h - 1 : (double)p->w - 1;
}

/* ---- elastic fields -------------------------------------------------------------------- */

void gaussian(float *weight, size_t radius, double sigma)
{
	double sum = 0;

	for (size_t i = 0; i <= 2 * radius; i++) {
		double x = ((double)i - (double)radius) / sigma;
		weight[i] = (float)exp(-0.5 * x * x);
		sum += weight[i];
	}
	for (size_t i = 0; i <= 2 * radius; i++)
		weight[i] = (float)(weight[i] / sum);
}

/* Even in (-1, 1), four from each draw. */
static void fill_random(float *x, size_t n, struct sn_random *random)
{
	for (size_t i = 0; i < n; i += 4) {
		uint64_t bits = sn_random_next(random);
		for (size_t k = i; k < n && k < i + 4; k++, bits >>= 16)
			x[k] = (float)(bits & 0xffff) * (1.0f / 32768) - (1 - 1.0f / 65536);
	}
}

/* out[n] = sum of weight[k] x[k * stride + i] over k, in the order of k */
static void filter(float *restrict out, const float *restrict x, size_t n, size_t stride,
		   const float *restrict weight, size_t weights)
{
	for (size_t i = 0; i < n; i++)
		out[i] = 0;
	for (size_t k = 0; k < weights; k++)
		for (size_t i = 0; i < n; i++)
			out[i] += weight[k] * x[k * stride + i];
}

/*
 * Simard, Steinkraus and Platt (2003): every pixel moves by alpha times noise that is even in
 * (-1, 1), smoothed by a gaussian.  A smooth field needs few points: they are g, about
 * sigma/2, pixels apart, and what they lose in deviation by the smaller gaussian comes back as a
 * factor 1/g.
 */
static int elastic_field(struct warp *w, const struct step *s, const struct picture *p,
			 struct sn_augment_room *room, struct sn_random *random)
{
	double side = (double)(p->w < p->h ? p->w : p->h);
	double sigma = fmax(draw(&s->part[SIGMA], side, random), 0.5);
	double alpha = s->part[ALPHA].set ? draw(&s->part[ALPHA], 0, random)
					  : 20 * (sigma / 4) * (sigma / 4);
	size_t g = sigma >= 3.5 ? (size_t)((sigma + 0.5) / 2) : 1;
	size_t radius = (size_t)ceil(3 * sigma / (double)g), taps = 2 * radius + 1;
	size_t grid, margin, size;
	float *weight, *noise, *half;
	int st;

	w->points = 1 / (double)g;
	w->grid_w = (p->w - 1) / g + 2;
	w->grid_h = (p->h - 1) / g + 2;
	/* a picture's sides are bounded by its bytes: no sum of these overflows */
	margin = (w->grid_w + 2 * radius) * (w->grid_h + 2 * radius);
	grid = w->grid_w * w->grid_h;
	size = 2 * grid + margin + w->grid_w * (w->grid_h + 2 * radius) + taps;
	if ((st = sn_grow(&room->reals, &room->real_capacity, size, sizeof *room->reals)) < 0)
		return st;
	w->dx = room->reals;
	w->dy = w->dx + grid;
	noise = w->dy + grid;
	half = noise + margin;
	weight = half + w->grid_w * (w->grid_h + 2 * radius);
	gaussian(weight, radius, sigma / (double)g);
	for (int axis = 0; axis < 2; axis++) {
		float *field = axis ? w->dy : w->dx, factor = (float)(alpha / (double)g);
		fill_random(noise, margin, random);
		for (size_t y = 0; y < w->grid_h + 2 * radius; y++)
			filter(half + y * w->grid_w, noise + y * (w->grid_w + 2 * radius),
			       w->grid_w, 1, weight, taps);
		for (size_t y = 0; y < w->grid_h; y++)
			filter(field + y * w->grid_w, half + y * w->grid_w, w->grid_w, w->grid_w,
			       weight, taps);
		for (size_t i = 0; i < grid; i++)
			field[i] *= factor;
	}
	w->elastic = true;
	return 0;
}

/* The field at x, y, which it is moved by. */
static inline void move(const struct warp *w, double *x, double *y)
{
	double u = *x * w->points, v = *y * w->points;
	double last_u = (double)(w->grid_w - 1), last_v = (double)(w->grid_h - 1);
	int64_t i, j; /* signed: what a double is turned into quickly */
	size_t at;
	float a, b, top, bottom;

	u = u > 0 ? u < last_u ? u : last_u : 0;
	v = v > 0 ? v < last_v ? v : last_v : 0;
	i = (int64_t)u;
	j = (int64_t)v;
	i -= i == (int64_t)w->grid_w - 1; /* there are at least two points */
	j -= j == (int64_t)w->grid_h - 1;
	at = (size_t)j * w->grid_w + (size_t)i;
	a = (float)(u - (double)i);
	b = (float)(v - (double)j);
	top = w->dx[at] + a * (w->dx[at + 1] - w->dx[at]);
	bottom = w->dx[at + w->grid_w] + a * (w->dx[at + w->grid_w + 1] - w->dx[at + w->grid_w]);
	*x += top + b * (bottom - top);
	top = w->dy[at] + a * (w->dy[at + 1] - w->dy[at]);
	bottom = w->dy[at + w->grid_w] + a * (w->dy[at + w->grid_w + 1] - w->dy[at + w->grid_w]);
	*y += top + b * (bottom - top);
}

/* ---- putting together ------------------------------------------------------------------ */

void warp_begin(struct warp *w)
{
	memset(w, 0, sizeof *w);
	memcpy(w->before, identity, sizeof identity);
	memcpy(w->after, identity, sizeof identity);
	w->fill = FILL_NONE;
}

bool warp_full(const struct warp *w, const struct step *s)
{
	if (s->fill != FILL_NONE && w->fill != FILL_NONE && s->fill != w->fill)
		return true;
	return w->elastic && s->kind == ELASTIC;
}

int warp_add(struct warp *w, const struct step *s, const struct picture *p,
	     struct sn_augment_room *room, struct sn_random *random)
{
	double map[6], *inner = w->elastic ? w->after : w->before;

	w->any = true;
	if (s->fill != FILL_NONE)
		w->fill = s->fill;
	if (s->kind == ELASTIC)
		return elastic_field(w, s, p, room, random);
	if (s->kind == AFFINE)
		affine_map(map, s, p, random);
	else if (s->kind == CROP)
		crop_map(map, s, p, random);
	else
		flip_map(map, s, p);
	put_before(inner, map);
	memcpy(inner, map, sizeof map);
	return 0;
}

/* ---- sampling -------------------------------------------------------------------------- */

static inline uint32_t mix(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t fx, uint32_t fy)
{
	uint32_t top = a * (FRACTION - fx) + b * fx, bottom = c * (FRACTION - fx) + d * fx;

	return (top * (FRACTION - fy) + bottom * fy + FRACTION * FRACTION / 2) /
	       (FRACTION * FRACTION);
}

static inline double within(double v, double least, double most)
{
	return v > least ? v < most ? v : most : least;
}

/* To the nearest 1/FRACTION; v >= 0.  Through a signed number, which is one instruction. */
static inline uint64_t fixed(double v)
{
	return (uint64_t)(int64_t)(v * FRACTION + 0.5);
}

/* Beyond the border lies its nearest pixel. */
static inline void sample_border(uint8_t *out, const uint8_t *in, const struct picture *p, double x,
				 double y, size_t c)
{
	uint64_t fx, fy;
	size_t i, j, right, down;

	fx = fixed(within(x, 0, (double)(p->w - 1)));
	fy = fixed(within(y, 0, (double)(p->h - 1)));
	i = (size_t)(fx / FRACTION);
	j = (size_t)(fy / FRACTION);
	right = i + 1 < p->w ? c : 0;
	down = j + 1 < p->h ? p->w * c : 0;
	in += (j * p->w + i) * c;
	for (size_t k = 0; k < c; k++)
		out[k] = (uint8_t)mix(in[k], in[k + right], in[k + down], in[k + down + right],
				      (uint32_t)(fx % FRACTION), (uint32_t)(fy % FRACTION));
}

/* Beyond the border lies the grey value `fill`: one more pixel of it all around is enough. */
static inline void sample_filled(uint8_t *out, const uint8_t *in, const struct picture *p, double x,
				 double y, size_t c, uint8_t fill)
{
	uint64_t fx, fy;
	size_t i, j; /* counted from that pixel: 1 is the picture's first */

	fx = fixed(within(x, -1, (double)p->w) + 1);
	fy = fixed(within(y, -1, (double)p->h) + 1);
	i = (size_t)(fx / FRACTION);
	j = (size_t)(fy / FRACTION);
	for (size_t k = 0; k < c; k++) {
		uint32_t v[4];
		for (size_t n = 0; n < 4; n++) {
			size_t a = i + (n & 1), b = j + (n >> 1);
			v[n] = a >= 1 && a <= p->w && b >= 1 && b <= p->h
				       ? in[((b - 1) * p->w + a - 1) * c + k]
				       : fill;
		}
		out[k] = (uint8_t)mix(v[0], v[1], v[2], v[3], (uint32_t)(fx % FRACTION),
				      (uint32_t)(fy % FRACTION));
	}
}

/* Warp and picture are copies, which writing bytes cannot change: they stay in registers. */
static inline void apply(struct warp w, struct picture p, uint8_t *out, const uint8_t *in, size_t c)
{
	const double *a = w.elastic ? w.after : w.before, *b = w.before;

	for (size_t y = 0; y < p.h; y++)
		for (size_t x = 0; x < p.w; x++, out += c) {
			double u = a[0] * (double)x + a[1] * (double)y + a[2];
			double v = a[3] * (double)x + a[4] * (double)y + a[5];
			if (w.elastic) {
				double s, t;
				move(&w, &u, &v);
				s = b[0] * u + b[1] * v + b[2];
				t = b[3] * u + b[4] * v + b[5];
				u = s;
				v = t;
			}
			if (w.fill >= 0)
				sample_filled(out, in, &p, u, v, c, (uint8_t)w.fill);
			else
				sample_border(out, in, &p, u, v, c);
		}
}

void warp_apply(const struct warp *w, const struct picture *p, uint8_t *out, const uint8_t *in)
{
	if (p->c == 1)
		apply(*w, *p, out, in, 1);
	else if (p->c == 3)
		apply(*w, *p, out, in, 3);
	else
		apply(*w, *p, out, in, p->c);
}
