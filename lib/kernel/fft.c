/*
 * fft - convolution of stride 1 through Fourier transforms of tiles.
 *
 * A tile of h x w points of x gives (h - kh + 1) x (w - kw + 1) outputs: the product of its
 * spectrum with the conjugate of the window's, summed over the channels, transformed back; the
 * points that wrap around lie behind the outputs.  The weights' gradient is the product of the
 * spectrum of a tile of x with the conjugate of that of dy, 0 behind the tile's outputs, summed
 * over the tiles; it is transformed back in every call, since spectra are many times larger than
 * windows.
 *
 * packed: panels [ceil(k / columns)][slots][c][2][columns]; a sum of gradients is as the direct
 * way's.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "way.h"

static const struct {
	unsigned char n, cycles;
} sizes[] = {
#define SIZE(n, n1, n2, cycles) { n, cycles },
	SN_FFT_SIZES(SIZE)
};
#define SIZES (sizeof sizes / sizeof *sizes)

/* A tile's transform, its outputs, and how many of them cover a picture. */
struct tiling {
	size_t h, w, out_h, out_w, tiles_h, tiles_w;
	size_t complex, slots; /* of a spectrum */
};

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t lanes_of(size_t n)
{
	return sn_round_up(n, sn_simd()->lanes);
}

static size_t panels(const struct sn_conv *s)
{
	return (s->k + sn_simd()->columns - 1) / sn_simd()->columns;
}

static size_t tiles(const struct tiling *t)
{
	return t->tiles_h * t->tiles_w;
}

/* ---- choosing ------------------------------------------------------------------------- */

static struct tiling tiling(const struct sn_conv *s, size_t h, size_t w)
{
	struct tiling t = { .h = h, .w = w, .out_h = h - s->kh + 1, .out_w = w - s->kw + 1 };
	size_t real = w % 2 ? 1 : 2, own = h % 2 ? 1 : 2;
	t.tiles_h = (s->oh + t.out_h - 1) / t.out_h;
	t.tiles_w = (s->ow + t.out_w - 1) / t.out_w;
	t.complex = (w - 1) / 2 * h + real * ((h - 1) / 2);
	t.slots = t.complex + (real * own + 1) / 2;
	return t;
}

/* Cycles of a transform of n complex vectors; real ones are half of it. */
static double line_cost(size_t n)
{
	for (size_t i = 0; i < SIZES; i++)
		if (sizes[i].n == n)
			return (double)sizes[i].cycles * (double)n;
	return INFINITY;
}

/* Cycles of the two passes, the first over some lines, caches missed included. */
static double tile_cost(const struct tiling *t, size_t lines)
{
	return (line_cost(t->w) * (double)lines + line_cost(t->h) * (double)t->w) * 0.5 * 1.4;
}

static double vectors(size_t channels)
{
	return (double)lanes_of(channels) / 16;
}

/* Sums of products of complex numbers, an image's. */
static double product_cost(const struct sn_conv *s, const struct tiling *t)
{
	double pixels = (double)(t->slots * tiles(t));
	return pixels * (s->c == 1 ? 8 : 3.3 * (double)s->c + 12) * vectors(s->k);
}

/* Floats of spectra that a turn is to fill. */
#define TURN 1200000

/* Bytes of weights' spectra. */
static double spectra_bytes(const struct sn_conv *s, const struct tiling *t)
{
	return 8.0 * (double)(t->slots * s->c * panels(s) * sn_simd()->columns);
}

static double forward_cycles(const struct sn_conv *s, const struct tiling *t)
{
	double in = tile_cost(t, t->h) * (s->c == 1 ? 0.2 : vectors(s->c));
	double out = tile_cost(t, t->out_h) * vectors(s->k);
	return product_cost(s, t) + (double)tiles(t) * (in + out);
}

/* Tiles of a turn: all panels of dy at once. */
static size_t gradient_turn(const struct sn_conv *s, const struct tiling *t)
{
	size_t turn = TURN / (2 * t->slots * (lanes_of(s->c) + lanes_of(s->k)));
	return sn_round_up(turn < 16 ? 16 : turn, 16);
}

/* The sums are read and written once a turn, from beyond the caches where they are large. */
static double gradient_cycles(const struct sn_conv *s, const struct tiling *t)
{
	double back = tile_cost(t, s->kh) * (double)s->c * vectors(s->k) / SN_KERNEL_IMAGES;
	double turns = ceil((double)(SN_KERNEL_IMAGES * tiles(t)) / (double)gradient_turn(s, t));
	return forward_cycles(s, t) + back + turns * spectra_bytes(s, t) / 1.5 / SN_KERNEL_IMAGES;
}

/* Sizes along one axis of which each needs fewer tiles than any smaller one. */
static size_t candidates(size_t out, size_t window, size_t *list)
{
	size_t n = 0, best = SIZE_MAX;
	for (size_t i = 0; i < SIZES; i++) {
		if (sizes[i].n < window)
			continue;
		size_t m = sizes[i].n - window + 1, count = (out + m - 1) / m;
		if (count < best) {
			list[n++] = sizes[i].n;
			best = count;
		}
	}
	return n;
}

/* The cheapest; its cost, or INFINITY. */
static double choose(const struct sn_conv *s, bool gradient, struct tiling *best)
{
	size_t h[SIZES], w[SIZES], hs = 0, ws = 0;
	double least = INFINITY;
	if (s->stride == 1 && s->kh * s->kw > 4) {
		hs = candidates(s->oh, s->kh, h);
		ws = candidates(s->ow, s->kw, w);
	}
	for (size_t i = 0; i < hs; i++)
		for (size_t j = 0; j < ws; j++) {
			struct tiling t = tiling(s, h[i], w[j]);
			double cost = gradient ? gradient_cycles(s, &t)
					       : forward_cycles(s, &t) + spectra_bytes(s, &t) / 8 /
										 SN_KERNEL_IMAGES;
			if (cost < least) {
				least = cost;
				*best = t;
			}
		}
	return 16 * least;
}

static double cost(const struct sn_conv *s)
{
	struct tiling t;
	return choose(s, false, &t);
}

static double gradient_cost(const struct sn_conv *s)
{
	struct tiling t;
	return choose(s, true, &t);
}

static struct tiling tiling_of(const struct sn_conv *s, bool gradient)
{
	struct tiling t = { 0 };
	choose(s, gradient, &t);
	return t;
}

/* ---- a turn's tiles ------------------------------------------------------------------- */

/* Spectra of some channels of the tiles of a turn: [slots][tiles][2][channels]. */
struct spectra {
	float *at;
	size_t slot, row, other; /* floats from a slot, a tile, a plane to the next */
};

/* Slots are an odd number of cache lines apart, so that they spread over the cache. */
static struct spectra spectra(float *at, size_t turn, size_t channels)
{
	return (struct spectra){ at, turn * 2 * channels + 16, 2 * channels, channels };
}

static size_t spectra_size(const struct tiling *t, size_t turn, size_t channels)
{
	return t->slots * (turn * 2 * channels + 16);
}

/* Panels whose spectra a turn holds at a time, and tiles of a turn at most. */
static size_t panels_of_turn(const struct sn_conv *s, const struct tiling *t, size_t *turn)
{
	size_t all = SN_KERNEL_IMAGES * tiles(t), n = panels(s);
	for (;; n = (n + 1) / 2) {
		*turn = TURN / (2 * t->slots * (lanes_of(s->c) + n * sn_simd()->columns));
		if (n == 1 || *turn >= min(all, 48))
			break;
	}
	*turn = sn_round_up(*turn < 16 ? 16 : *turn, 16);
	return n;
}

/* Turns of the same size, but for the last. */
static size_t even_turns(size_t all, size_t most)
{
	size_t turns = (all + most - 1) / most;
	return sn_round_up((all + turns - 1) / turns, 4);
}

static size_t largest_turn(const struct tiling *t, size_t n, size_t most)
{
	return min(most, sn_round_up(n * tiles(t), 16));
}

/* The image of a tile, and its first output. */
struct place {
	size_t image, y, x;
};

static struct place place(const struct tiling *t, size_t tile)
{
	size_t i = tile % tiles(t);
	return (struct place){ tile / tiles(t), i / t->tiles_w * t->out_h,
			       i % t->tiles_w * t->out_w };
}

/* The part of `size` points from `from - pad` on that lies in a picture of `n`. */
static void inside(size_t from, size_t size, size_t pad, size_t n, size_t *first, size_t *behind)
{
	*first = from < pad ? min(pad - from, size) : 0;
	*behind = n + pad > from ? min(n + pad - from, size) : 0;
	if (*behind < *first)
		*behind = *first;
}

/* The points of x under a tile: to what channels they are, and the spectrum, the caller adds. */
static struct sn_fft_tile tile_of_x(const struct sn_conv *s, const struct tiling *t, const float *x,
				    size_t n, size_t index)
{
	struct sn_fft_tile f = { .h = t->h, .w = t->w, .line = s->w * s->c, .point = s->c };
	struct place p = place(t, index);
	inside(p.y, t->h, s->pad_h, s->h, &f.top, &f.bottom);
	inside(p.x, t->w, s->pad_w, s->w, &f.left, &f.right);
	f.x = x;
	if (f.top < f.bottom && f.left < f.right)
		f.x += ((p.image * s->h + p.y + f.top - s->pad_h) * s->w + p.x + f.left -
			s->pad_w) *
		       s->c;
	else
		f.bottom = f.top;
	f.end = x + n * s->h * s->w * s->c;
	return f;
}

/* The outputs of a tile, where they are of y; the same. */
static struct sn_fft_tile tile_of_y(const struct sn_conv *s, const struct tiling *t, size_t index,
				    size_t *at)
{
	struct sn_fft_tile f = { .h = t->h, .w = t->w, .line = s->ow * s->k, .point = s->k };
	struct place p = place(t, index);
	f.bottom = min(t->out_h, s->oh - p.y);
	f.right = min(t->out_w, s->ow - p.x);
	*at = ((p.image * s->oh + p.y) * s->ow + p.x) * s->k;
	return f;
}

static void spectra_of_x(const struct sn_conv *s, const struct tiling *t, const float *x, size_t n,
			 size_t first, size_t count, const struct spectra *to)
{
	const struct sn_simd *simd = sn_simd();
	for (size_t i = 0; i < count; i++) {
		struct sn_fft_tile f = tile_of_x(s, t, x, n, first + i);
		f.slot = to->slot;
		f.imaginary = to->other;
		for (size_t c = 0; c < s->c; c += simd->lanes, f.x += simd->lanes) {
			f.n = min(simd->lanes, s->c - c);
			f.spectrum = to->at + i * to->row + c;
			simd->fft->forward(&f);
		}
	}
}

/*
 * One channel: the lanes are tiles, [slots][2][tiles of a turn].  memory: h w lanes floats
 */
static void spectra_of_tiles(const struct sn_conv *s, const struct tiling *t, const float *x,
			     size_t n, size_t first, size_t count, const struct spectra *to,
			     float *memory)
{
	const struct sn_simd *simd = sn_simd();
	const size_t lanes = simd->lanes, points = t->h * t->w;
	struct sn_fft_tile all = { .h = t->h,
				   .w = t->w,
				   .bottom = t->h,
				   .right = t->w,
				   .x = memory,
				   .line = t->w * lanes,
				   .point = lanes,
				   .n = lanes,
				   .end = memory + points * lanes,
				   .slot = to->slot,
				   .imaginary = to->other };
	for (size_t i = 0; i < count; i += lanes) {
		memset(memory, 0, points * lanes * sizeof *memory);
		for (size_t l = 0; l < lanes && i + l < count; l++) {
			struct sn_fft_tile f = tile_of_x(s, t, x, n, first + i + l);
			for (size_t y = f.top; y < f.bottom; y++, f.x += f.line)
				for (size_t j = f.left; j < f.right; j++)
					memory[(y * t->w + j) * lanes + l] = f.x[j - f.left];
		}
		all.spectrum = to->at + i;
		simd->fft->forward(&all);
	}
}

/* ---- weights -------------------------------------------------------------------------- */

#define PIECE 16 /* channels of a piece */

static size_t packed_of(const struct sn_conv *s, const struct tiling *t)
{
	return panels(s) * t->slots * s->c * 2 * sn_simd()->columns;
}

static size_t packed(const struct sn_conv *s)
{
	struct tiling t = tiling_of(s, false);
	return packed_of(s, &t);
}

static size_t pieces(const struct sn_conv *s)
{
	return panels(s) * ((s->c + PIECE - 1) / PIECE);
}

static void pack(const struct sn_conv *s, const struct sn_conv_view *v, float *to, size_t piece)
{
	const struct sn_simd *simd = sn_simd();
	const struct tiling t = tiling_of(s, false);
	const size_t lanes = simd->lanes, blocks = (s->c + PIECE - 1) / PIECE;
	const size_t panel = piece / blocks, from = panel * simd->columns;
	const float divided = 1 / (float)(t.h * t.w);
	float window[SN_FFT_MOST * SN_FFT_MOST * SN_SIMD_LANES];
	struct sn_fft_tile f = { .h = t.h,
				 .w = t.w,
				 .bottom = s->kh,
				 .right = s->kw,
				 .x = window,
				 .line = s->kw * lanes,
				 .point = lanes,
				 .n = lanes,
				 .end = window + s->kh * s->kw * lanes,
				 .slot = s->c * 2 * simd->columns,
				 .imaginary = simd->columns };
	memset(window, 0, s->kh * s->kw * lanes * sizeof *window);
	for (size_t c = piece % blocks * PIECE, last = min(s->c, c + PIECE); c < last; c++)
		for (size_t o = 0; o < simd->columns && from + o < s->k; o += lanes) {
			for (size_t l = 0; l < lanes; l++) {
				size_t k = from + o + l;
				float scale =
					k < s->k && v->scale ? v->scale[k] * divided : divided;
				const float *w = v->w + (ptrdiff_t)k * v->k + (ptrdiff_t)c * v->c;
				float *p = window + l;
				for (size_t i = 0; i < s->kh; i++)
					for (size_t j = 0; j < s->kw; j++, p += lanes)
						*p = k < s->k ? w[(ptrdiff_t)i * v->i +
								  (ptrdiff_t)j * v->j] *
									scale
							      : 0;
			}
			f.spectrum = to + (panel * t.slots * s->c + c) * 2 * simd->columns + o;
			simd->fft->forward(&f);
		}
}

/* ---- forward -------------------------------------------------------------------------- */

static size_t scratch(const struct sn_conv *s, size_t n)
{
	struct tiling t = tiling_of(s, false);
	size_t turn, group = panels_of_turn(s, &t, &turn);
	turn = largest_turn(&t, n, turn);
	if (s->c == 1)
		return t.slots * 2 * turn + t.h * t.w * sn_simd()->lanes;
	return spectra_size(&t, turn, lanes_of(s->c)) +
	       spectra_size(&t, turn, group * sn_simd()->columns);
}

/* Outputs [from, to) of some tiles from their spectra; or from x's, where x is of one channel. */
static void outputs(const struct sn_conv *s, const struct tiling *t, size_t first, size_t count,
		    const struct spectra *of, size_t from, size_t to, const struct sn_finish *f,
		    const float *factors, float *y)
{
	const struct sn_simd *simd = sn_simd();
	const size_t lanes = simd->lanes, columns = simd->columns;
	for (size_t i = 0; i < count; i++) {
		size_t at;
		struct sn_fft_tile tile = tile_of_y(s, t, first + i, &at);
		for (size_t k = from; k < to; k += lanes) {
			struct sn_finish finish = *f;
			if (finish.bias)
				finish.bias += k;
			if (finish.scale) {
				finish.scale += k;
				finish.shift += k;
			}
			tile.n = min(lanes, to - k);
			tile.finish = &finish;
			tile.y = y + at + k;
			if (factors) {
				tile.factor = of->at + i;
				tile.factor_slot = of->slot;
				tile.factor_imaginary = of->other;
				tile.spectrum = (float *)factors +
						k / columns * t->slots * 2 * columns + k % columns;
				tile.slot = 2 * columns;
				tile.imaginary = columns;
			} else {
				tile.spectrum = of->at + i * of->row + k - from;
				tile.slot = of->slot;
				tile.imaginary = of->other;
			}
			simd->fft->inverse(&tile);
		}
	}
}

static void forward(const struct sn_conv *s, const float *x, size_t n, const float *weights,
		    const struct sn_finish *f, float *y, float *memory)
{
	const struct sn_simd *simd = sn_simd();
	const struct tiling t = tiling_of(s, false);
	const size_t all = n * tiles(&t), columns = simd->columns;
	size_t turn, group = panels_of_turn(s, &t, &turn);
	turn = even_turns(all, turn);
	struct spectra in = spectra(memory, turn, lanes_of(s->c));
	struct spectra out =
		spectra(memory + spectra_size(&t, turn, lanes_of(s->c)), turn, group * columns);
	for (size_t first = 0, count; first < all; first += count) {
		count = min(turn, all - first);
		if (s->c == 1) {
			size_t row = sn_round_up(turn, 16);
			in = (struct spectra){ memory, 2 * row, 1, row };
			spectra_of_tiles(s, &t, x, n, first, count, &in,
					 memory + t.slots * 2 * row);
			outputs(s, &t, first, count, &in, 0, s->k, f, weights, y);
			continue;
		}
		spectra_of_x(s, &t, x, n, first, count, &in);
		for (size_t from = 0, to; from < s->k; from = to) {
			to = min(s->k, from + group * columns);
			for (size_t slot = 0; slot < t.slots; slot++)
				for (size_t k = from; k < to; k += columns)
					simd->fft->product(&(struct sn_spectra){
						.a = in.at + slot * in.slot,
						.a_row = in.row,
						.a_step = 1,
						.a_imaginary = in.other,
						.b = weights + (k / columns * t.slots + slot) *
								       s->c * 2 * columns,
						.b_step = 2 * columns,
						.b_imaginary = columns,
						.rows = count,
						.depth = s->c,
						.n = min(columns, to - k),
						.y = out.at + slot * out.slot + k - from,
						.y_row = out.row,
						.y_imaginary = out.other,
						.real = slot >= t.complex });
			outputs(s, &t, first, count, &out, from, to, f, NULL, y);
		}
	}
}

/* ---- weight gradient ------------------------------------------------------------------ */

static size_t gradient_scratch(const struct sn_conv *s, size_t n)
{
	struct tiling t = tiling_of(s, true);
	size_t turn = largest_turn(&t, n, gradient_turn(s, &t));
	if (s->c == 1)
		return packed_of(s, &t) + t.slots * 2 * turn + t.h * t.w * sn_simd()->lanes;
	return packed_of(s, &t) + spectra_size(&t, turn, lanes_of(s->c)) +
	       spectra_size(&t, turn, lanes_of(s->k));
}

static void spectra_of_dy(const struct sn_conv *s, const struct tiling *t, const float *dy,
			  size_t n, size_t first, size_t count, const struct spectra *to)
{
	const struct sn_simd *simd = sn_simd();
	for (size_t i = 0; i < count; i++) {
		size_t at;
		struct sn_fft_tile f = tile_of_y(s, t, first + i, &at);
		f.end = dy + n * s->oh * s->ow * s->k;
		f.slot = to->slot;
		f.imaginary = to->other;
		for (size_t k = 0; k < s->k; k += simd->lanes) {
			f.x = dy + at + k;
			f.n = min(simd->lanes, s->k - k);
			f.spectrum = to->at + i * to->row + k;
			simd->fft->forward(&f);
		}
	}
}

/* Of one channel: the products are added to the gradient's spectra as dy is transformed. */
static void gradient_of_tiles(const struct sn_conv *s, const struct tiling *t, const float *dy,
			      size_t n, size_t first, size_t count, const struct spectra *x,
			      float *sums)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns;
	for (size_t k = 0; k < s->k; k += simd->lanes)
		for (size_t i = 0; i < count; i++) {
			size_t at;
			struct sn_fft_tile f = tile_of_y(s, t, first + i, &at);
			f.x = dy + at + k;
			f.n = min(simd->lanes, s->k - k);
			f.end = dy + n * s->oh * s->ow * s->k;
			f.spectrum = sums + k / columns * t->slots * 2 * columns + k % columns;
			f.slot = 2 * columns;
			f.imaginary = columns;
			f.factor = x->at + i;
			f.factor_slot = x->slot;
			f.factor_imaginary = x->other;
			simd->fft->forward(&f);
		}
}

/* Transformed back and added to the sum. */
static void add_windows(const struct sn_conv *s, const struct tiling *t, float *sums, float *sum)
{
	const struct sn_simd *simd = sn_simd();
	const size_t columns = simd->columns, line = s->c * columns;
	struct sn_fft_tile f = { .h = t->h,
				 .w = t->w,
				 .bottom = s->kh,
				 .right = s->kw,
				 .line = s->kw * line,
				 .point = line,
				 .n = simd->lanes,
				 .slot = s->c * 2 * columns,
				 .imaginary = columns,
				 .scale = 1 / (float)(t->h * t->w) };
	for (size_t p = 0; p < panels(s); p++)
		for (size_t c = 0; c < s->c; c++)
			for (size_t o = 0; o < columns && p * columns + o < s->k;
			     o += simd->lanes) {
				f.spectrum = sums + (p * t->slots * s->c + c) * 2 * columns + o;
				f.y = sum + (p * s->kh * s->kw * s->c + c) * columns + o;
				simd->fft->inverse(&f);
			}
}

static void gradient(const struct sn_conv *s, const float *x, const float *dy, size_t n, float *sum,
		     float *memory)
{
	const struct sn_simd *simd = sn_simd();
	const struct tiling t = tiling_of(s, true);
	const size_t all = n * tiles(&t), columns = simd->columns;
	size_t turn = even_turns(all, gradient_turn(s, &t));
	float *sums = memory, *rest = memory + packed_of(s, &t);
	struct spectra in = spectra(rest, turn, lanes_of(s->c));
	struct spectra out =
		spectra(rest + spectra_size(&t, turn, lanes_of(s->c)), turn, lanes_of(s->k));
	if (s->c == 1)
		memset(sums, 0, packed_of(s, &t) * sizeof *sums);
	for (size_t first = 0, count; first < all; first += count) {
		count = min(turn, all - first);
		if (s->c == 1) {
			size_t row = sn_round_up(turn, 16);
			in = (struct spectra){ rest, 2 * row, 1, row };
			spectra_of_tiles(s, &t, x, n, first, count, &in, rest + t.slots * 2 * row);
			gradient_of_tiles(s, &t, dy, n, first, count, &in, sums);
			continue;
		}
		spectra_of_x(s, &t, x, n, first, count, &in);
		spectra_of_dy(s, &t, dy, n, first, count, &out);
		for (size_t slot = 0; slot < t.slots; slot++)
			for (size_t k = 0; k < s->k; k += columns)
				simd->fft->turned_product(&(struct sn_spectra){
					.a = in.at + slot * in.slot,
					.a_row = 1,
					.a_step = in.row,
					.a_imaginary = in.other,
					.b = out.at + slot * out.slot + k,
					.b_step = out.row,
					.b_imaginary = out.other,
					.rows = s->c,
					.depth = count,
					.n = min(columns, s->k - k),
					.y = sums +
					     (k / columns * t.slots + slot) * s->c * 2 * columns,
					.y_row = 2 * columns,
					.y_imaginary = columns,
					.real = slot >= t.complex,
					.adds = first > 0 });
	}
	add_windows(s, &t, sums, sum);
}

static size_t sum(const struct sn_conv *s)
{
	return sn_way_direct.sum(s);
}

static void unpack(const struct sn_conv *s, float *from, float *dw)
{
	sn_way_direct.unpack(s, from, dw);
}

const struct sn_conv_way sn_way_fft = {
	.name = "fft",
	.cost = cost,
	.packed = packed,
	.pieces = pieces,
	.pack = pack,
	.scratch = scratch,
	.forward = forward,
	.gradient_cost = gradient_cost,
	.sum = sum,
	.gradient_scratch = gradient_scratch,
	.gradient = gradient,
	.unpack = unpack,
};
