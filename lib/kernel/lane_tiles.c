/*
 * lane_tiles - Winograd's convolution with a picture in each lane of a vector (simd/lane_tiles.c):
 * for windows of 3 to 6 and few channels.  Those of 7 would lose too many digits.
 *
 * Tiles of a strip of rows, as many as registers hold rows of sums, are transformed together; then
 * some outputs at a time are multiplied and transformed back, so that the products stay in the
 * cache.
 *
 * packed: [blocks of outputs][points points][c][outputs of the block]; a sum of gradients has the
 * same layout.
 */
#include <math.h>
#include <string.h>
#include "crew.h"

enum {
	CACHE = 98304, /* floats of transforms that stay in the second cache */
	MOST_SIDE = 6
};

/* ---- what a picture's tiles are -------------------------------------------------------- */

struct grid {
	struct sn_lane_tiles kind;
	size_t products;
	size_t across, down; /* tiles of a picture */
	size_t width;	     /* pixels of a row of them, with all that they see */
	size_t lines;	     /* rows of tiles of a strip */
	struct sn_parts columns;
};

/* most: tiles of a strip's part. */
static struct grid grid(const struct sn_conv *s, size_t most)
{
	struct grid g = { .kind = { s->kh == 3 ? 6 : 8, (s->kh == 3 ? 7 : 9) - s->kh } };
	size_t m = g.kind.outputs, bordered = s->w + 2 * s->pad_w;
	g.products = g.kind.points * g.kind.points;
	g.across = (s->ow + m - 1) / m;
	g.down = (s->oh + m - 1) / m;
	g.width = g.across * m + s->kw - 1;
	if (g.width < bordered)
		g.width = bordered;
	g.lines = most < g.across ? 1 : sn_least(most / g.across, g.down);
	g.columns = sn_parts(g.across, most);
	return g;
}

static size_t widest(const struct grid *g)
{
	return sn_part_size(&g->columns, 0);
}

/* Floats from one number of transformed tiles to the next: not a multiple of many cache lines. */
static size_t step(size_t tiles, size_t channels)
{
	return (tiles * channels + 1) * sn_simd()->lanes;
}

static size_t slots(const struct grid *g)
{
	return (g->lines - 1) * g->kind.outputs + g->kind.points;
}

static size_t zeros(const struct sn_conv *s)
{
	size_t x = s->w * s->c, y = s->ow * s->k;
	return sn_round_up(x > y ? x : y, SN_SIMD_LANES);
}

static size_t least_one(size_t n)
{
	return n < 1 ? 1 : n;
}

static bool can(const struct sn_conv *s)
{
	return s->kh == s->kw && s->kh >= 3 && s->kh <= MOST_SIDE && s->stride == 1;
}

/* B' x B of a strip's tiles [from, from + n) of each row, line being its first row of tiles. */
static void transform(const struct grid *g, const struct sn_ring *ring, size_t line, size_t lines,
		      size_t from, size_t n, float *to, size_t to_step)
{
	const struct sn_conv *s = ring->crew->s;
	const size_t lanes = ring->crew->lanes, m = g->kind.outputs;
	const float *a[8];
	struct sn_lane_tiles_in job = { a, s->c * lanes, s->c, to, to_step };
	for (size_t i = 0; i < lines; i++)
		for (size_t t = from; t < from + n; t++, job.to += s->c * lanes) {
			for (size_t r = 0; r < g->kind.points; r++)
				a[r] = sn_ring_line(ring, (line + i) * m + r) +
				       t * m * s->c * lanes;
			sn_simd()->lane_tiles_in(&g->kind, &job);
		}
}

static size_t images(const struct sn_conv *s)
{
	(void)s;
	return sn_simd()->lanes;
}

/* ---- forward --------------------------------------------------------------------------- */

static struct grid forward_grid(const struct sn_conv *s)
{
	struct grid g = grid(s, 1);
	size_t most = least_one(CACHE / step(g.products * s->c, 1));
	return grid(s, sn_least(most, sn_simd()->lanes_rows));
}

/* Cycles of sixteen pictures, of a tile, but for the products. */
static double overhead(const struct sn_conv *s, const struct grid *g)
{
	double n = (double)g->products, c = (double)s->c;
	double m = (double)(g->kind.outputs * g->kind.outputs);
	return (n * (5 + 4 / c) + m * 8) * (double)s->k + n * 7 * c;
}

static double cost(const struct sn_conv *s)
{
	if (!can(s))
		return INFINITY;
	struct grid g = forward_grid(s);
	double products = (double)(g.products * s->k * s->c);
	products *= g.lines * widest(&g) == 1 ? 1.35 : 1.04;
	return (double)(g.across * g.down) * (products + overhead(s, &g)) +
	       9 * (double)(s->h * s->w * s->c);
}

static size_t packed(const struct sn_conv *s)
{
	struct grid g = grid(s, 1);
	return g.products * s->c * s->k;
}

static size_t pieces(const struct sn_conv *s)
{
	return sn_lane_outputs(s).blocks;
}

/* Filters (c, output) of a block of outputs, one after the other, a vector of them at a time. */
static void pack(const struct sn_conv *s, const struct sn_conv_view *v, float *to, size_t piece)
{
	const struct sn_simd *simd = sn_simd();
	const struct sn_parts p = sn_lane_outputs(s);
	const struct grid g = grid(s, 1);
	size_t first = sn_part_from(&p, piece), outputs = sn_part_size(&p, piece);
	size_t filters = s->c * outputs, side = s->kh;
	to += first * s->c * g.products;
	for (size_t from = 0; from < filters; from += simd->lanes) {
		float w[MOST_SIDE * MOST_SIDE * SN_SIMD_LANES];
		size_t n = sn_least(simd->lanes, filters - from);
		memset(w, 0, sizeof w);
		for (size_t l = 0; l < n; l++) {
			size_t c = (from + l) / outputs, o = (from + l) % outputs;
			for (size_t t = 0; t < side * side; t++)
				w[t * simd->lanes + l] =
					sn_view_weight(v, first + o, c, t / side, t % side);
		}
		simd->lane_tiles_weights(&g.kind, w, n, to + from, filters);
	}
}

/* Floats of a strip's part of output rows. */
static size_t row_floats(const struct sn_conv *s, const struct grid *g)
{
	return widest(g) * g->kind.outputs * s->k;
}

static size_t scratch(const struct sn_conv *s, size_t n)
{
	struct grid g = forward_grid(s);
	size_t lanes = sn_simd()->lanes, tiles = g.lines * widest(&g);
	(void)n;
	return zeros(s) + slots(&g) * sn_ring_row(s, g.width) + g.products * step(tiles, s->c) +
	       g.products * step(tiles, sn_simd()->lanes_outputs) +
	       row_floats(s, &g) * (g.lines * g.kind.outputs * lanes + 1);
}

struct forward {
	const struct grid *g;
	const float *packed;
	const struct sn_finish *finish;
	float *x, *y, *rows; /* transforms; rows of outputs */
	size_t x_step;
};

/* Products and the way back: all outputs of the tiles, `lines` rows of n. */
static void multiply(const struct sn_crew *c, const struct forward *f, size_t lines, size_t n)
{
	const struct sn_conv *s = c->s;
	const struct sn_parts blocks = sn_lane_outputs(s);
	const size_t m = f->g->kind.outputs, row = n * m * s->k * c->lanes;
	for (size_t b = 0; b < blocks.blocks; b++) {
		size_t o = sn_part_from(&blocks, b), outputs = sn_part_size(&blocks, b);
		struct sn_finish finish = *f->finish;
		struct sn_lane_tiles_product job = { .x = f->x,
						     .x_step = f->x_step,
						     .u = f->packed + o * s->c * f->g->products,
						     .depth = s->c,
						     .products = f->g->products,
						     .m = lines * n,
						     .outputs = outputs,
						     .y = f->y,
						     .y_step = step(lines * n, outputs) };
		struct sn_lane_tiles_out out = { .step = job.y_step,
						 .outputs = outputs,
						 .finish = &finish,
						 .line = row,
						 .point = s->k * c->lanes };
		if (finish.bias)
			finish.bias += o;
		if (finish.scale) {
			finish.scale += o;
			finish.shift += o;
		}
		sn_simd()->lane_tiles_product(&job);
		for (size_t t = 0; t < lines * n; t++) {
			out.from = f->y + t * outputs * c->lanes;
			out.to = f->rows + t / n * m * row + (t % n * m * s->k + o) * c->lanes;
			sn_simd()->lane_tiles_out(&f->g->kind, &out);
		}
	}
}

static void forward_turn(const struct sn_crew *c, const struct grid *g, const float *x,
			 const float *packed, const struct sn_finish *finish, float *y,
			 float *memory)
{
	const struct sn_conv *s = c->s;
	const size_t m = g->kind.outputs, most = g->lines * widest(g);
	struct forward f = { .g = g, .packed = packed, .finish = finish };
	float *rows = memory + zeros(s);
	struct sn_ring ring;
	f.x = rows + slots(g) * sn_ring_row(s, g->width);
	f.y = f.x + g->products * step(most, s->c);
	f.rows = f.y + g->products * step(most, sn_simd()->lanes_outputs);
	float *nowhere = f.rows + row_floats(s, g) * g->lines * m * c->lanes;
	memset(memory, 0, zeros(s) * sizeof *memory);
	sn_ring_init(&ring, c, x, slots(g), g->width, rows, memory);
	for (size_t line = 0, lines; line * m < c->lines; line += lines) {
		lines = sn_least(g->lines, c->lines / m - line);
		sn_ring_fill(&ring, line * m, (line + lines - 1) * m + g->kind.points);
		for (size_t b = 0; b < g->columns.blocks; b++) {
			size_t from = sn_part_from(&g->columns, b);
			size_t n = sn_part_size(&g->columns, b);
			size_t pixels = sn_least(n * m, s->ow - from * m);
			f.x_step = step(lines * n, s->c);
			transform(g, &ring, line, lines, from, n, f.x, f.x_step);
			multiply(c, &f, lines, n);
			for (size_t i = 0; i < lines * m; i++) {
				float *to[SN_SIMD_LANES];
				sn_crew_outputs(c, line * m + i, y + from * m * s->k, nowhere, to);
				sn_simd()->lanes_out(f.rows + i * n * m * s->k * c->lanes,
						     pixels * s->k, to);
			}
		}
	}
}

static void forward(const struct sn_conv *s, const float *x, size_t n, const float *packed,
		    const struct sn_finish *f, float *y, float *memory)
{
	const struct grid g = forward_grid(s);
	for (size_t first = 0, m; first < n; first += m) {
		m = sn_least(n - first, sn_simd()->lanes);
		struct sn_crew c = sn_crew(s, m, g.kind.outputs);
		forward_turn(&c, &g, x + first * s->h * s->w * s->c, packed, f,
			     y + first * s->oh * s->ow * s->k, memory);
	}
}

/* ---- weight gradient ------------------------------------------------------------------- */

static struct grid gradient_grid(const struct sn_conv *s)
{
	struct grid g = grid(s, 1);
	size_t one = g.products * (s->c + sn_least(s->k, sn_simd()->lanes_outputs));
	return grid(s, least_one(CACHE / (one * sn_simd()->lanes)));
}

static bool is_single(const struct grid *g)
{
	return g->lines == g->down && g->columns.blocks == 1;
}

static double gradient_cost(const struct sn_conv *s)
{
	if (!can(s))
		return INFINITY;
	struct grid g = gradient_grid(s);
	double sums = (double)(g.products * s->k * s->c), each = 3;
	const struct sn_parts strips = sn_parts(g.down, g.lines);
	double turns = (double)strips.blocks * (double)g.columns.blocks;
	/* sums that leave the cache between turns */
	if (!is_single(&g) && sums > 75000)
		each = sums > 190000 ? 20 : 7;
	return (double)(g.across * g.down) * (1.25 * sums + overhead(s, &g)) +
	       9 * (double)(s->h * s->w * s->c) + turns * each * sums;
}

/* Floats of a row of dy in whole tiles. */
static size_t dy_row(const struct sn_conv *s, const struct grid *g)
{
	return g->across * g->kind.outputs * s->k * sn_simd()->lanes;
}

static size_t gradient_scratch(const struct sn_conv *s, size_t n)
{
	struct grid g = gradient_grid(s);
	size_t tiles = g.lines * widest(&g), outputs = sn_simd()->lanes_outputs;
	(void)n;
	return zeros(s) + slots(&g) * sn_ring_row(s, g.width) + g.products * step(tiles, s->c) +
	       g.products * step(tiles, outputs) + g.lines * g.kind.outputs * dy_row(s, &g) +
	       (is_single(&g) ? s->c * outputs : packed(s)) * sn_simd()->lanes;
}

struct gradient {
	const struct grid *g;
	float *x, *d, *dy, *sums;
	size_t x_step;
	bool first;
};

/* Products of the tiles, `lines` rows of n from `from` on: all outputs. */
static void accumulate(const struct sn_crew *c, const struct gradient *r, size_t lines, size_t from,
		       size_t n, float *sum)
{
	const struct sn_conv *s = c->s;
	const struct sn_parts blocks = sn_lane_outputs(s);
	const size_t m = r->g->kind.outputs, row = dy_row(s, r->g);
	const bool single = is_single(r->g);
	for (size_t b = 0; b < blocks.blocks; b++) {
		size_t o = sn_part_from(&blocks, b), outputs = sn_part_size(&blocks, b);
		const float *a[8];
		struct sn_lane_tiles_in in = { a, s->k * c->lanes, outputs, r->d,
					       step(lines * n, outputs) };
		size_t place = o * s->c * r->g->products;
		struct sn_lane_tiles_outer job = { .x = r->x,
						   .x_step = r->x_step,
						   .d = r->d,
						   .d_step = in.step,
						   .tiles = lines * n,
						   .depth = s->c,
						   .products = r->g->products,
						   .outputs = outputs,
						   .first = r->first,
						   .y = r->sums + (single ? 0 : place * c->lanes),
						   .sum = single ? sum + place : NULL };
		for (size_t t = 0; t < lines * n; t++, in.to += outputs * c->lanes) {
			for (size_t i = 0; i < m; i++)
				a[i] = r->dy + (t / n * m + i) * row +
				       ((from + t % n) * m * s->k + o) * c->lanes;
			sn_simd()->lane_tiles_spread(&r->g->kind, &in);
		}
		sn_simd()->lane_tiles_outer(&job);
	}
}

static void gradient_turn(const struct sn_crew *c, const struct grid *g, const float *x,
			  const float *dy, float *sum, float *memory)
{
	const struct sn_conv *s = c->s;
	const size_t m = g->kind.outputs, most = g->lines * widest(g), row = dy_row(s, g);
	struct gradient r = { .g = g, .first = true };
	float *rows = memory + zeros(s);
	struct sn_ring ring;
	r.x = rows + slots(g) * sn_ring_row(s, g->width);
	r.d = r.x + g->products * step(most, s->c);
	r.dy = r.d + g->products * step(most, sn_simd()->lanes_outputs);
	r.sums = r.dy + g->lines * m * row;
	memset(memory, 0, zeros(s) * sizeof *memory);
	memset(r.dy, 0, g->lines * m * row * sizeof *memory);
	sn_ring_init(&ring, c, x, slots(g), g->width, rows, memory);
	for (size_t line = 0, lines; line * m < c->lines; line += lines) {
		lines = sn_least(g->lines, c->lines / m - line);
		sn_ring_fill(&ring, line * m, (line + lines - 1) * m + g->kind.points);
		sn_crew_fill(c, dy, line * m, lines * m, memory, r.dy, row);
		for (size_t b = 0; b < g->columns.blocks; b++, r.first = false) {
			size_t from = sn_part_from(&g->columns, b);
			size_t n = sn_part_size(&g->columns, b);
			r.x_step = step(lines * n, s->c);
			transform(g, &ring, line, lines, from, n, r.x, r.x_step);
			accumulate(c, &r, lines, from, n, sum);
		}
	}
	if (!is_single(g))
		sn_simd()->lanes_add(r.sums, packed(s), sum);
}

static void gradient(const struct sn_conv *s, const float *x, const float *dy, size_t n, float *sum,
		     float *memory)
{
	const struct grid g = gradient_grid(s);
	for (size_t first = 0, m; first < n; first += m) {
		m = sn_least(n - first, sn_simd()->lanes);
		struct sn_crew c = sn_crew(s, m, g.kind.outputs);
		gradient_turn(&c, &g, x + first * s->h * s->w * s->c,
			      dy + first * s->oh * s->ow * s->k, sum, memory);
	}
}

static void unpack(const struct sn_conv *s, float *sum, float *dw)
{
	const struct sn_simd *simd = sn_simd();
	const struct sn_parts p = sn_lane_outputs(s);
	const struct grid g = grid(s, 1);
	const size_t area = s->kh * s->kw;
	for (size_t b = 0; b < p.blocks; b++) {
		size_t first = sn_part_from(&p, b), outputs = sn_part_size(&p, b);
		size_t filters = s->c * outputs;
		const float *from = sum + first * s->c * g.products;
		for (size_t i = 0; i < filters; i += simd->lanes) {
			float w[MOST_SIDE * MOST_SIDE * SN_SIMD_LANES];
			size_t n = sn_least(simd->lanes, filters - i);
			simd->lane_tiles_unweights(&g.kind, from + i, filters, n, w);
			for (size_t l = 0; l < n; l++) {
				size_t c = (i + l) / outputs, o = first + (i + l) % outputs;
				for (size_t t = 0; t < area; t++)
					dw[(o * s->c + c) * area + t] = w[t * simd->lanes + l];
			}
		}
	}
}

const struct sn_conv_way sn_way_lane_tiles = {
	.name = "lane-tiles",
	.cost = cost,
	.packed = packed,
	.pieces = pieces,
	.pack = pack,
	.scratch = scratch,
	.forward = forward,
	.mirrors = true,
	.images = images,
	.gradient_cost = gradient_cost,
	.sum = packed,
	.gradient_scratch = gradient_scratch,
	.gradient = gradient,
	.unpack = unpack,
};
