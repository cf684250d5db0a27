/*
 * fft - tiles of pictures to spectra and back.
 *
 * Lines first, from real points to h lines of w floats a channel: pairs of the complex frequencies,
 * the real ones behind them.  Then the columns: complex ones by complex transforms, the one or two
 * of real frequencies by real transforms again.  And back in the other order.
 */
#include "../fft.h"
#include "dft.h"

void SN_NAME(sn_fft_forward)(const struct sn_fft_tile *t);
void SN_NAME(sn_fft_inverse)(const struct sn_fft_tile *t);

/* The transforms of one size. */
struct lines {
	void (*complex)(const struct spectrum *from, const struct spectrum *to);
	void (*real)(const float *from, size_t step, const struct spectrum *to);
	void (*hermite)(const struct spectrum *from, const struct points *to);
	void (*finished)(const struct spectrum *from, const struct points *to);
};

#define LINES(n, n1, n2, cycles)                                                                   \
	static void complex_##n(const struct spectrum *from, const struct spectrum *to)            \
	{                                                                                          \
		complex_line(from, to, n1, n2);                                                    \
	}                                                                                          \
	static void real_##n(const float *from, size_t step, const struct spectrum *to)            \
	{                                                                                          \
		real_line(from, step, to, n1, n2);                                                 \
	}                                                                                          \
	static void hermite_##n(const struct spectrum *from, const struct points *to)              \
	{                                                                                          \
		hermite_line(from, to, n1, n2, 0);                                                 \
	}                                                                                          \
	static void finished_##n(const struct spectrum *from, const struct points *to)             \
	{                                                                                          \
		hermite_line(from, to, n1, n2, 1);                                                 \
	}
SN_FFT_SIZES(LINES)

#define ENTRY(n, n1, n2, cycles) [n] = { complex_##n, real_##n, hermite_##n, finished_##n },
static const struct lines sizes[SN_FFT_MOST + 1] = { SN_FFT_SIZES(ENTRY) };

/* A tile between its two passes.  Lines are an odd number of vectors apart, so that columns spread
 * over the cache. */
struct between {
	float line[SN_FFT_MOST * SN_LANES];
	float column[2 * SN_FFT_MOST * SN_LANES];
	float lines[SN_FFT_MOST * (SN_FFT_MOST + 1) * SN_LANES];
} __attribute__((aligned(64)));

static size_t real_ones(size_t n)
{
	return n % 2 ? 1 : 2;
}

static size_t complex_ones(size_t n)
{
	return (n - 1) / 2;
}

static size_t apart(const struct sn_fft_tile *t)
{
	return (t->w | 1) * SN_LANES;
}

/* Line i between the passes. */
static struct spectrum line_between(const struct sn_fft_tile *t, struct between *b, size_t i)
{
	float *p = b->lines + i * apart(t), *real = p + 2 * complex_ones(t->w) * SN_LANES;
	return (struct spectrum){ p, p + SN_LANES, 2 * SN_LANES, { real, real + SN_LANES } };
}

/* The spectrum's part that is complex column q. */
static struct spectrum complex_column(const struct sn_fft_tile *t, size_t q)
{
	float *p = t->spectrum + q * t->h * t->slot;
	return (struct spectrum){ p, p + t->imaginary, t->slot, { NULL, NULL } };
}

/* The spectrum's part that is the column of real frequency s. */
static struct spectrum real_column(const struct sn_fft_tile *t, size_t s)
{
	size_t first = complex_ones(t->w) * t->h, own = complex_ones(t->h);
	struct spectrum c = { .re = t->spectrum + (first + s * own) * t->slot, .step = t->slot };
	c.im = c.re + t->imaginary;
	for (size_t i = 0, at = s * real_ones(t->h); i < real_ones(t->h); i++, at++)
		c.real[i] = t->spectrum + (first + real_ones(t->w) * own + at / 2) * t->slot +
			    at % 2 * t->imaginary;
	return c;
}

/* The first n of a vector, of those that may be read; what is behind them is of no interest. */
INLINE vector load_point(const float *p, size_t n, const float *end)
{
	float some[SN_LANES] = { 0 };
	if (end - p >= SN_LANES)
		return vector_at(p);
	memcpy(some, p, n * sizeof *p);
	return vector_at(some);
}

static void forward_lines(const struct sn_fft_tile *t, struct between *b)
{
	const struct lines *size = &sizes[t->w];
	const float *x = t->x;
	for (size_t i = 0; i < t->h; i++) {
		struct spectrum to = line_between(t, b, i);
		if (i < t->top || i >= t->bottom) {
			memset(to.re, 0, t->w * SN_LANES * sizeof *to.re);
			continue;
		}
		if (t->right - t->left == t->w &&
		    t->end - x >= (ptrdiff_t)((t->w - 1) * t->point + SN_LANES)) {
			size->real(x, t->point, &to);
		} else {
			for (size_t j = 0; j < t->left; j++)
				vector_to(b->line + j * SN_LANES, (vector){ 0 });
			for (size_t j = t->left; j < t->right; j++)
				vector_to(b->line + j * SN_LANES,
					  load_point(x + (j - t->left) * t->point, t->n, t->end));
			for (size_t j = t->right; j < t->w; j++)
				vector_to(b->line + j * SN_LANES, (vector){ 0 });
			size->real(b->line, SN_LANES, &to);
		}
		x += t->line;
	}
}

/* spectrum += the factor times the column's conjugate */
static void add_product(const struct sn_fft_tile *t, const float *column, size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const float *a = t->factor + (from + i) * t->factor_slot;
		float *y = t->spectrum + (from + i) * t->slot;
		vector re = broadcast(*a), im = broadcast(a[t->factor_imaginary]);
		vector c = vector_at(column + 2 * i * SN_LANES),
		       d = vector_at(column + (2 * i + 1) * SN_LANES);
		vector_to(y, vector_at(y) + re * c + im * d);
		vector_to(y + t->imaginary, vector_at(y + t->imaginary) + im * c - re * d);
	}
}

/* column = the factor times the spectrum's conjugate */
static void product(const struct sn_fft_tile *t, float *column, size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const float *a = t->factor + (from + i) * t->factor_slot;
		const float *b = t->spectrum + (from + i) * t->slot;
		vector re = broadcast(*a), im = broadcast(a[t->factor_imaginary]);
		vector c = vector_at(b), d = vector_at(b + t->imaginary);
		vector_to(column + 2 * i * SN_LANES, re * c + im * d);
		vector_to(column + (2 * i + 1) * SN_LANES, im * c - re * d);
	}
}

/* The same of real frequencies, plane by plane; `adds`: to the spectrum. */
static void real_products(const struct sn_fft_tile *t, float *column, size_t from, size_t n,
			  bool adds)
{
	for (size_t i = 0; i < 2 * n; i++) {
		size_t slot = from + i / 2;
		vector a =
			broadcast(t->factor[slot * t->factor_slot + i % 2 * t->factor_imaginary]);
		float *b = t->spectrum + slot * t->slot + i % 2 * t->imaginary;
		float *c = column + i * SN_LANES;
		if (adds)
			vector_to(b, vector_at(b) + a * vector_at(c));
		else
			vector_to(c, a * vector_at(b));
	}
}

/* A column, its parts behind one another. */
static struct spectrum apart_column(float *column, float *real, size_t at)
{
	return (struct spectrum){ column,
				  column + SN_LANES,
				  2 * SN_LANES,
				  { real + at * SN_LANES, real + (at + 1) * SN_LANES } };
}

void SN_NAME(sn_fft_forward)(const struct sn_fft_tile *t)
{
	const struct lines *size = &sizes[t->h];
	const size_t columns = complex_ones(t->w), own = complex_ones(t->h), step = apart(t);
	float real[4 * SN_LANES] __attribute__((aligned(64))) = { 0 };
	struct between b;
	struct spectrum from = { b.lines, b.lines + SN_LANES, step, { NULL, NULL } }, to;
	forward_lines(t, &b);
	for (size_t q = 0; q < columns; q++, from.re += 2 * SN_LANES, from.im += 2 * SN_LANES) {
		to = t->factor ? apart_column(b.column, real, 0) : complex_column(t, q);
		size->complex(&from, &to);
		if (t->factor)
			add_product(t, b.column, q * t->h, t->h);
	}
	for (size_t s = 0; s < real_ones(t->w); s++) {
		to = t->factor ? apart_column(b.column, real, s * real_ones(t->h))
			       : real_column(t, s);
		size->real(from.re + s * SN_LANES, step, &to);
		if (t->factor)
			add_product(t, b.column, columns * t->h + s * own, own);
	}
	if (t->factor)
		real_products(t, real, columns * t->h + real_ones(t->w) * own,
			      (real_ones(t->w) * real_ones(t->h) + 1) / 2, true);
}

/* n < lanes channels of a line to y. */
static void inverse_part(const struct sn_fft_tile *t, const float *line, const struct finish *f,
			 float *y)
{
	for (size_t j = t->left; j < t->right; j++, y += t->point) {
		vector x = vector_at(line + j * SN_LANES);
		if (t->finish)
			finish_apply(f, &x, 1);
		else {
			vector old;
			load(&old, y, t->n, 1, t->n == SN_LANES);
			x = old + x * broadcast(t->scale);
		}
		store(y, &x, t->n, 1);
	}
}

void SN_NAME(sn_fft_inverse)(const struct sn_fft_tile *t)
{
	const size_t columns = complex_ones(t->w), own = complex_ones(t->h), step = apart(t);
	const size_t real_slot = columns * t->h + real_ones(t->w) * own;
	float real[4 * SN_LANES] __attribute__((aligned(64)));
	float *y = t->y;
	struct finish f;
	struct between b;
	struct spectrum from, to = { b.lines + SN_LANES, b.lines, step, { NULL, NULL } };
	for (size_t q = 0; q < columns; q++, to.re += 2 * SN_LANES, to.im += 2 * SN_LANES) {
		from = t->factor ? apart_column(b.column, real, 0) : complex_column(t, q);
		if (t->factor)
			product(t, b.column, q * t->h, t->h);
		/* exchanged: inverse */
		float *re = from.re;
		from.re = from.im;
		from.im = re;
		sizes[t->h].complex(&from, &to);
	}
	if (t->factor)
		real_products(t, real, real_slot, (real_ones(t->w) * real_ones(t->h) + 1) / 2,
			      false);
	for (size_t s = 0; s < real_ones(t->w); s++) {
		struct points at = { b.lines + (2 * columns + s) * SN_LANES, step, 0, NULL };
		from = t->factor ? apart_column(b.column, real, s * real_ones(t->h))
				 : real_column(t, s);
		if (t->factor)
			product(t, b.column, columns * t->h + s * own, own);
		sizes[t->h].hermite(&from, &at);
	}
	finish_load(&f, t->finish, 0, t->n, 1);
	for (size_t i = t->top; i < t->bottom; i++, y += t->line) {
		from = line_between(t, &b, i);
		if (t->finish && t->n == SN_LANES && t->left == 0) {
			struct points at = { y, t->point, (int)t->right, &f };
			sizes[t->w].finished(&from, &at);
		} else {
			struct points at = { b.line, SN_LANES, 0, NULL };
			sizes[t->w].hermite(&from, &at);
			inverse_part(t, b.line, &f, y);
		}
	}
}
