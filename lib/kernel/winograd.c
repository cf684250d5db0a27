/*
 * winograd - convolutions of stride 1 by Winograd's minimal filtering: tiles of my x mx outputs
 * cost (my + kh - 1) x (mx + kw - 1) products of a transformed tile of x with a transformed window,
 * instead of my mx kh kw:
 *
 *     y = A' [ (G w G') . (B' x B) ] A          dw = G' [ (B' x B) . (A dy A') ] G
 *
 * At each of the points the products of all tiles, input channels and outputs are a matrix
 * product.  The tiles of some strips (rows of tiles, of one image or several) are one turn: their
 * transforms stay in the second cache.  An axis is transformed at a time, the upright one first,
 * for whole strips, since tiles that overlap share it.
 *
 * Of stride 2, windows of 3: on each axis, two of the taps meet every other number of x, and the
 * one between them the rest.  Those are tiles of a window of two, m + 1 points; these, m of a tile,
 * are multiplied as they are, all by one weight: (2 m + 1)^2 products instead of 9 m^2.  Likewise
 * the input gradient, two numbers of dx for one of dy, where the border is 1.
 *
 *     transformed x, y    [point][tile][channels, in whole vectors]
 *     packed, sums        [point of weights][ceil(k / columns)][c][columns]
 *
 * A point's numbers lie an odd number of vectors behind the last one's, so that the points of a
 * tile meet in no set of the cache.
 */
#include <math.h>
#include <string.h>
#include "window.h"

enum { MOST = SN_TILE_NUMBERS };

struct axis {
	size_t t;	    /* what the transforms are called with */
	size_t m, points;   /* outputs and points of a tile */
	size_t weights;	    /* points of weights */
	size_t reads, step; /* numbers of x of a tile, and from one tile to the next */
	size_t n;	    /* tiles */
};

struct tiling {
	enum sn_tile_kind kind;
	struct axis y, x;
};

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t max(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t points_of(const struct tiling *t)
{
	return t->y.points * t->x.points;
}

static size_t weights_of(const struct tiling *t)
{
	return t->y.weights * t->x.weights;
}

/* The point of weights of a point. */
static size_t weight_at(const struct tiling *t, size_t point)
{
	size_t y = point / t->x.points, x = point % t->x.points;
	return min(y, t->y.weights - 1) * t->x.weights + min(x, t->x.weights - 1);
}

/* Channels of a tile, in whole vectors. */
static size_t vectors(size_t channels)
{
	return sn_round_up(channels, sn_simd()->lanes);
}

/* From tile to tile: an odd number of vectors where they are many, since tiles that are many pages
 * apart meet in few sets of the cache. */
static size_t step_of(size_t channels)
{
	size_t n = vectors(channels);
	return n / SN_SIMD_LANES % 2 || n < 128 ? n : n + SN_SIMD_LANES;
}

/* From point to point, of n floats each. */
static size_t apart(size_t n)
{
	return sn_round_up(n, SN_SIMD_LANES) / SN_SIMD_LANES % 2 ? sn_round_up(n, SN_SIMD_LANES)
								 : n + SN_SIMD_LANES;
}

/* ---- choosing ------------------------------------------------------------------------- */

/* Tiles of a turn: what is transformed stays in the second cache, unless so few tiles were left
 * that reading the weights took longer than multiplying by them. */
static size_t tiles_of_turn(const struct sn_conv *s, const struct tiling *t)
{
	enum { ROOM = 160 * 1024, LEAST = 48 }; /* floats, tiles */
	return max(ROOM / (points_of(t) * (step_of(s->c) + step_of(s->k))), LEAST);
}

/* Measured, in steps of the processor: products at 96 % of what they can be, a transform of t
 * numbers, a vector each; and passing the weights, or sums that are added to, once a turn. */
static double cost_of(const struct sn_conv *s, const struct tiling *t, bool gradient)
{
	double tiles = (double)(t->y.n * t->x.n), points = (double)points_of(t);
	double c = (double)s->c, k = (double)sn_round_up(s->k, 16);
	double cv = ceil(c / 16), kv = k / 16;
	double turn = fmin((double)tiles_of_turn(s, t), SN_KERNEL_IMAGES * tiles);
	double across = tiles * points, upright = (double)(t->y.n * t->y.points);
	double x = (double)s->w * upright + across;
	double y = (double)s->ow * upright + across;
	double products = tiles * points * (c + 2.5) * kv * 1.04;
	double passed = tiles / turn * (double)weights_of(t) * c * k * (gradient ? 0.2 : 0.04);
	return 16 * (products + passed + 5.5 * cv * x + 5 * kv * y);
}

/* Tiles of t points. */
static struct axis plain(size_t window, size_t t, size_t outputs)
{
	size_t m = t - window + 1;
	return (struct axis){ t, m, t, t, t, m, (outputs + m - 1) / m };
}

/* Tiles of stride 2, whose window of two has m outputs. */
static struct axis strided(size_t m, size_t outputs, bool spread)
{
	struct axis a = { .t = m + 1, .m = m, .points = 2 * m + 1, .weights = m + 2 };
	a.reads = a.points;
	a.step = 2 * m;
	if (spread) {
		a.m = 2 * m;
		a.reads = m + 1;
		a.step = m;
	}
	a.n = (outputs + a.m - 1) / a.m;
	return a;
}

/* Tiles by a number for each axis: points or, of stride 2, outputs of the window of two. */
static struct tiling tiling(const struct sn_conv *s, size_t y, size_t x)
{
	if (s->stride == 1)
		return (struct tiling){ SN_TILE_PLAIN, plain(s->kh, y, s->oh),
					plain(s->kw, x, s->ow) };
	return (struct tiling){ s->spread ? SN_TILE_SPREAD : SN_TILE_STRIDED,
				strided(y, s->oh, s->spread), strided(x, s->ow, s->spread) };
}

static struct tiling choose(const struct sn_conv *s, bool gradient)
{
	const bool one = s->stride == 1;
	const size_t from_y = one ? s->kh + 1 : 2, from_x = one ? s->kw + 1 : 2;
	const size_t most = one ? SN_TILE_MOST : SN_TILE_STRIDED_MOST;
	struct tiling best = { 0 };
	double least = INFINITY;
	if (one ? s->kh < 2 || s->kw < 2 : s->stride != 2 || s->kh != 3 || s->kw != 3)
		return best;
	for (size_t y = from_y; y <= most; y++)
		for (size_t x = from_x; x <= most; x++) {
			struct tiling t = tiling(s, y, x);
			double c = cost_of(s, &t, gradient);
			if (c < least) {
				least = c;
				best = t;
			}
		}
	return best;
}

static double cost(const struct sn_conv *s)
{
	struct tiling t = choose(s, false);
	return t.y.t && (!s->spread || (s->pad_h == 1 && s->pad_w == 1)) ? cost_of(s, &t, false)
									 : INFINITY;
}

static double gradient_cost(const struct sn_conv *s)
{
	struct tiling t = choose(s, true);
	return t.y.t ? cost_of(s, &t, true) : INFINITY;
}

/* ---- weights -------------------------------------------------------------------------- */

static size_t panels(const struct sn_conv *s)
{
	return sn_round_up(s->k, sn_simd()->columns) / sn_simd()->columns;
}

/* From point to point. */
static size_t weights_apart(const struct sn_conv *s)
{
	return apart(panels(s) * s->c * sn_simd()->columns);
}

static size_t packed_as(const struct sn_conv *s, bool gradient)
{
	struct tiling t = choose(s, gradient);
	return weights_of(&t) * weights_apart(s);
}

static size_t packed(const struct sn_conv *s)
{
	return packed_as(s, false);
}

static size_t sum(const struct sn_conv *s)
{
	return packed_as(s, true);
}

/* Floats of a panel's line, on any instruction set. */
enum { WIDEST = 2 * SN_SIMD_LANES };

static void read_window(const struct sn_conv *s, const struct sn_conv_view *v, size_t from,
			size_t c, float *to)
{
	size_t columns = sn_simd()->columns, n = min(columns, s->k - from);
	const float *w = v->w + (ptrdiff_t)from * v->k + (ptrdiff_t)c * v->c;
	for (size_t i = 0; i < s->kh; i++)
		for (size_t j = 0; j < s->kw; j++, to += columns) {
			const float *tap = w + (ptrdiff_t)i * v->i + (ptrdiff_t)j * v->j;
			for (size_t o = 0; o < n; o++)
				to[o] = tap[(ptrdiff_t)o * v->k];
			if (v->scale)
				for (size_t o = 0; o < n; o++)
					to[o] *= v->scale[from + o];
		}
}

static void pack(const struct sn_conv *s, const struct sn_conv_view *v, float *to, size_t piece)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns, lanes = simd->lanes;
	struct tiling t = choose(s, false);
	_Alignas(64) float taps[MOST * MOST * WIDEST], half[MOST * MOST * WIDEST];
	struct sn_lines upright = { .kind = t.kind,
				    .t = t.y.t,
				    .lines = columns / lanes,
				    .from_line = lanes,
				    .items = s->kw,
				    .from_item = columns,
				    .to = half,
				    .to_line = lanes,
				    .to_item = columns,
				    .to_point = s->kw * columns };
	struct sn_lines across = { .kind = t.kind,
				   .t = t.x.t,
				   .lines = t.y.weights,
				   .from_line = s->kw * columns,
				   .items = columns / lanes,
				   .from_item = lanes,
				   .to = to + piece * s->c * columns,
				   .to_line = t.x.weights * weights_apart(s),
				   .to_item = lanes,
				   .to_point = weights_apart(s) };
	for (size_t i = 0; i < s->kh; i++)
		upright.from[i] = taps + i * s->kw * columns;
	for (size_t j = 0; j < s->kw; j++)
		across.from[j] = half + j * columns;
	memset(taps, 0, s->kh * s->kw * columns * sizeof *taps);
	for (size_t c = 0; c < s->c; c++, across.to += columns) {
		read_window(s, v, piece * columns, c, taps);
		simd->tiles(SN_TILE_WEIGHT, s->kh, &upright);
		simd->tiles(SN_TILE_WEIGHT, s->kw, &across);
	}
}

static void unpack(const struct sn_conv *s, float *from, float *dw)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns, lanes = simd->lanes, area = s->kh * s->kw;
	const size_t point = weights_apart(s);
	struct tiling t = choose(s, true);
	_Alignas(64) float taps[MOST * MOST * WIDEST], half[MOST * MOST * WIDEST];
	struct sn_lines across = { .kind = t.kind,
				   .t = t.x.t,
				   .lines = t.y.weights,
				   .from_line = t.x.weights * point,
				   .items = columns / lanes,
				   .from_item = lanes,
				   .to = half,
				   .to_line = s->kw * columns,
				   .to_item = lanes,
				   .to_point = columns };
	struct sn_lines upright = { .kind = t.kind,
				    .t = t.y.t,
				    .lines = columns / lanes,
				    .from_line = lanes,
				    .items = s->kw,
				    .from_item = columns,
				    .to = taps,
				    .to_line = lanes,
				    .to_item = columns,
				    .to_point = s->kw * columns };
	for (size_t i = 0; i < t.y.weights; i++)
		upright.from[i] = half + i * s->kw * columns;
	for (size_t p = 0; p < panels(s); p++)
		for (size_t c = 0; c < s->c; c++) {
			size_t n = min(columns, s->k - p * columns);
			for (size_t j = 0; j < t.x.weights; j++)
				across.from[j] = from + (p * s->c + c) * columns + j * point;
			simd->tiles(SN_TILE_UNWEIGHT, s->kw, &across);
			simd->tiles(SN_TILE_UNWEIGHT, s->kh, &upright);
			for (size_t o = 0; o < n; o++)
				for (size_t a = 0; a < area; a++)
					dw[((p * columns + o) * s->c + c) * area + a] =
						taps[a * columns + o];
		}
}

/* ---- memory --------------------------------------------------------------------------- */

/* Strips of a turn. */
static size_t strips(const struct sn_conv *s, const struct tiling *t, size_t n)
{
	return min(max(tiles_of_turn(s, t) / t->x.n, 1), n * t->y.n);
}

/* Parts of the scratch memory. */
struct room {
	size_t tiles;		 /* of a turn */
	size_t x_apart, y_apart; /* from point to point */
	float *x, *y;		 /* transformed tiles */
	float *half; /* a strip of a vector's channels, of which one axis is transformed */
	float *wide; /* a strip of less than a vector's channels, widened to one */
	size_t line;
	float *zeros; /* a line of a picture */
	size_t floats;
};

/* The next n floats. */
static float *take(struct room *r, float *memory, size_t n)
{
	float *part = memory ? memory + r->floats : NULL;
	r->floats += n;
	return part;
}

/* memory NULL: only the floats count. */
static struct room rooms(const struct sn_conv *s, const struct tiling *t, size_t n, float *memory)
{
	const size_t lanes = sn_simd()->lanes, lines = max(s->w, s->ow) * lanes;
	const size_t width = max((t->x.n - 1) * t->x.step + t->x.reads, t->x.n * t->x.m);
	struct room r = { .tiles = strips(s, t, n) * t->x.n };
	r.x_apart = apart(r.tiles * step_of(s->c));
	r.y_apart = apart(r.tiles * step_of(s->k));
	r.x = take(&r, memory, points_of(t) * r.x_apart);
	r.y = take(&r, memory, points_of(t) * r.y_apart);
	r.half = take(&r, memory, t->y.points * width * lanes);
	r.wide = take(&r, memory, min(s->c, s->k) < lanes ? t->y.points * lines : 0);
	r.line = max(s->w * max(s->c, lanes), s->ow * max(s->k, lanes));
	r.zeros = take(&r, memory, r.line);
	return r;
}

static size_t scratch_as(const struct sn_conv *s, size_t n, bool gradient)
{
	struct tiling t = choose(s, gradient);
	return rooms(s, &t, n, NULL).floats;
}

static size_t scratch(const struct sn_conv *s, size_t n)
{
	return scratch_as(s, n, false);
}

static size_t gradient_scratch(const struct sn_conv *s, size_t n)
{
	return scratch_as(s, n, true);
}

/* ---- transforms of strips ------------------------------------------------------------- */

/* A strip of a picture, to be transformed. */
struct strip {
	enum sn_transform what;
	size_t h, w, c;	     /* the picture */
	ptrdiff_t top, left; /* where the strip begins, outside the picture perhaps */
	size_t ny, nx;	     /* numbers read */
	size_t step;	     /* from tile to tile */
};

/* Fewer channels than a vector's lanes: lines widened to one. */
static const float *widened(const float *line, size_t w, size_t c, float *to)
{
	const size_t lanes = sn_simd()->lanes;
	memset(to, 0, w * lanes * sizeof *to);
	for (size_t i = 0; i < w; i++)
		memcpy(to + i * lanes, line + i * c, c * sizeof *to);
	return to;
}

static void transform(const struct tiling *t, const struct strip *p, const float *picture,
		      const struct room *r, float *to, size_t point)
{
	const struct sn_simd *simd = sn_simd();
	const size_t lanes = simd->lanes, c = max(p->c, lanes);
	const size_t width = (t->x.n - 1) * p->step + p->nx, left = (size_t)-p->left;
	const float *line[MOST];
	struct sn_lines upright = { .kind = t->kind,
				    .t = t->y.t,
				    .lines = 1,
				    .items = min(p->w, width - left),
				    .from_item = c,
				    .to = r->half + left * lanes,
				    .to_item = lanes,
				    .to_point = width * lanes };
	struct sn_lines across = { .kind = t->kind,
				   .t = t->x.t,
				   .lines = t->y.points,
				   .from_line = width * lanes,
				   .items = t->x.n,
				   .from_item = p->step * lanes,
				   .to_line = t->x.points * point,
				   .to_item = step_of(p->c),
				   .to_point = point };
	for (size_t i = 0; i < p->ny; i++) {
		ptrdiff_t y = p->top + (ptrdiff_t)i;
		line[i] = r->zeros;
		if (y >= 0 && y < (ptrdiff_t)p->h)
			line[i] = picture + (size_t)y * p->w * p->c;
		if (p->c < lanes && line[i] != r->zeros)
			line[i] = widened(line[i], p->w, p->c, r->wide + i * p->w * lanes);
	}
	/* beside the picture */
	for (size_t i = 0; i < t->y.points; i++) {
		float *half = r->half + i * width * lanes;
		size_t right = left + upright.items;
		memset(half, 0, left * lanes * sizeof *half);
		memset(half + right * lanes, 0, (width - right) * lanes * sizeof *half);
	}
	for (size_t j = 0; j < p->nx; j++)
		across.from[j] = r->half + j * lanes;
	for (size_t from = 0; from < c; from += lanes) {
		size_t at = min(from, c - lanes); /* the last vectors may overlap */
		for (size_t i = 0; i < p->ny; i++)
			upright.from[i] = line[i] + at;
		across.to = to + at;
		simd->tiles(p->what, p->ny, &upright);
		simd->tiles(p->what, p->nx, &across);
	}
}

/* Strip number `strip` of all images'. */
static void transform_x(const struct sn_conv *s, const struct tiling *t, const float *x,
			size_t strip, const struct room *r, size_t tile)
{
	/* of a spread one, tiles begin with the first number of dx, which the tap between meets */
	const size_t border_h = s->spread ? 0 : s->pad_h, border_w = s->spread ? 0 : s->pad_w;
	const struct strip p = { .what = SN_TILE_INPUT,
				 .h = s->h,
				 .w = s->w,
				 .c = s->c,
				 .top = (ptrdiff_t)(strip % t->y.n * t->y.step) -
					(ptrdiff_t)border_h,
				 .left = -(ptrdiff_t)border_w,
				 .ny = t->y.reads,
				 .nx = t->x.reads,
				 .step = t->x.step };
	transform(t, &p, x + strip / t->y.n * s->h * s->w * s->c, r, r->x + tile * step_of(s->c),
		  r->x_apart);
}

static void transform_dy(const struct sn_conv *s, const struct tiling *t, const float *dy,
			 size_t strip, const struct room *r, size_t tile)
{
	const struct strip p = { .what = SN_TILE_GRADIENT,
				 .h = s->oh,
				 .w = s->ow,
				 .c = s->k,
				 .top = (ptrdiff_t)(strip % t->y.n * t->y.m),
				 .left = 0,
				 .ny = t->y.m,
				 .nx = t->x.m,
				 .step = t->x.m };
	transform(t, &p, dy + strip / t->y.n * s->oh * s->ow * s->k, r, r->y + tile * step_of(s->k),
		  r->y_apart);
}

static void transform_y(const struct sn_conv *s, const struct tiling *t, const struct room *r,
			size_t tile, const struct sn_finish *f, float *y, size_t strip)
{
	const struct sn_simd *simd = sn_simd();
	const size_t lanes = simd->lanes, k = max(s->k, lanes);
	const size_t width = t->x.n * t->x.m, top = strip % t->y.n * t->y.m;
	const float *from = r->y + tile * step_of(s->k);
	struct sn_finish part;
	struct sn_lines across = { .kind = t->kind,
				   .t = t->x.t,
				   .lines = t->y.points,
				   .from_line = t->x.points * r->y_apart,
				   .items = t->x.n,
				   .from_item = step_of(s->k),
				   .to = r->half,
				   .to_line = width * lanes,
				   .to_item = t->x.m * lanes,
				   .to_point = lanes };
	struct sn_lines upright = { .kind = t->kind,
				    .t = t->y.t,
				    .lines = 1,
				    .items = s->ow,
				    .from_item = lanes,
				    .to_item = k,
				    .to_point = s->ow * k,
				    .finish = &part,
				    .valid = min(t->y.m, s->oh - top) };
	float *to = y + (strip / t->y.n * s->oh + top) * s->ow * s->k;
	for (size_t i = 0; i < t->y.points; i++)
		upright.from[i] = r->half + i * width * lanes;
	for (size_t at = 0; at < k; at += lanes) {
		size_t first = min(at, k - lanes);
		for (size_t j = 0; j < t->x.points; j++)
			across.from[j] = from + first + j * r->y_apart;
		part = sn_finish_from(f, first);
		upright.to = s->k < lanes ? r->wide : to + first;
		simd->tiles(SN_TILE_OUTPUT, t->x.m, &across);
		simd->tiles(SN_TILE_FINISH, t->y.m, &upright);
	}
	if (s->k < lanes)
		for (size_t i = 0; i < upright.valid * s->ow; i++)
			memcpy(to + i * s->k, r->wide + i * lanes, s->k * sizeof *to);
}

/* ---- passes --------------------------------------------------------------------------- */

/* A finish whose arrays have whole vectors. */
struct wide_finish {
	float arrays[3][SN_SIMD_LANES];
	struct sn_finish finish;
};

static const struct sn_finish *widened_finish(const struct sn_finish *f, size_t k,
					      struct wide_finish *w)
{
	if (k >= sn_simd()->lanes)
		return f;
	memset(w, 0, sizeof *w);
	w->finish.relu = f->relu;
	if (f->bias)
		w->finish.bias = memcpy(w->arrays[0], f->bias, k * sizeof(float));
	if (f->scale) {
		w->finish.scale = memcpy(w->arrays[1], f->scale, k * sizeof(float));
		w->finish.shift = memcpy(w->arrays[2], f->shift, k * sizeof(float));
	}
	return &w->finish;
}

static void multiply(const struct sn_conv *s, const struct tiling *t, const struct room *r,
		     size_t tiles, const float *weights)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns;
	struct sn_product job = {
		.a_step = step_of(s->c), .m = tiles, .depth = s->c, .y_step = step_of(s->k)
	};
	for (size_t p = 0; p < points_of(t); p++) {
		job.a = r->x + p * r->x_apart;
		job.b = weights + weight_at(t, p) * weights_apart(s);
		for (size_t from = 0; from < s->k; from += columns, job.b += s->c * columns) {
			job.y = r->y + p * r->y_apart + from;
			job.n = min(columns, vectors(s->k) - from);
			simd->product(&job);
		}
	}
}

static void forward(const struct sn_conv *s, const float *x, size_t n, const float *weights,
		    const struct sn_finish *f, float *y, float *memory)
{
	struct tiling t = choose(s, false);
	struct room r = rooms(s, &t, n, memory);
	struct wide_finish wide;
	size_t turn = r.tiles / t.x.n, all = n * t.y.n;
	f = widened_finish(f, s->k, &wide);
	memset(r.zeros, 0, r.line * sizeof *r.zeros);
	for (size_t first = 0, m; first < all; first += m) {
		m = min(turn, all - first);
		for (size_t i = 0; i < m; i++)
			transform_x(s, &t, x, first + i, &r, i * t.x.n);
		multiply(s, &t, &r, m * t.x.n, weights);
		for (size_t i = 0; i < m; i++)
			transform_y(s, &t, &r, i * t.x.n, f, y, first + i);
	}
}

static void accumulate(const struct sn_conv *s, const struct tiling *t, const struct room *r,
		       size_t tiles, float *to)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns;
	struct sn_outer_sums job = { .a_step = step_of(s->c),
				     .m = s->c,
				     .b_step = step_of(s->k),
				     .points = tiles,
				     .y_step = columns };
	for (size_t p = 0; p < points_of(t); p++) {
		job.a = r->x + p * r->x_apart;
		job.y = to + weight_at(t, p) * weights_apart(s);
		for (size_t from = 0; from < s->k; from += columns, job.y += s->c * columns) {
			job.b = r->y + p * r->y_apart + from;
			job.n = min(columns, vectors(s->k) - from);
			simd->outer_sums(&job);
		}
	}
}

static void gradient(const struct sn_conv *s, const float *x, const float *dy, size_t n, float *to,
		     float *memory)
{
	struct tiling t = choose(s, true);
	struct room r = rooms(s, &t, n, memory);
	size_t turn = r.tiles / t.x.n, all = n * t.y.n;
	memset(r.zeros, 0, r.line * sizeof *r.zeros);
	for (size_t first = 0, m; first < all; first += m) {
		m = min(turn, all - first);
		for (size_t i = 0; i < m; i++) {
			transform_x(s, &t, x, first + i, &r, i * t.x.n);
			transform_dy(s, &t, dy, first + i, &r, i * t.x.n);
		}
		accumulate(s, &t, &r, m * t.x.n, to);
	}
}

const struct sn_conv_way sn_way_winograd = {
	.name = "winograd",
	.cost = cost,
	.packed = packed,
	.pieces = panels,
	.pack = pack,
	.scratch = scratch,
	.forward = forward,
	.gradient_cost = gradient_cost,
	.sum = sum,
	.gradient_scratch = gradient_scratch,
	.gradient = gradient,
	.unpack = unpack,
};
