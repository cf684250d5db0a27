/* crew - pictures in the lanes of vectors: who is in which lane, and rows on their way in. */
#include <stdint.h>
#include <string.h>
#include "crew.h"

struct sn_crew sn_crew(const struct sn_conv *s, size_t images, size_t multiple)
{
	struct sn_crew c = { .s = s, .lanes = sn_simd()->lanes, .images = images };
	size_t segments = c.lanes / images;
	c.lines = sn_round_up((s->oh + segments - 1) / segments, multiple);
	c.segments = (s->oh + c.lines - 1) / c.lines;
	return c;
}

/* Output row `line` of lane l's segment, counted over the images; SIZE_MAX: there is none. */
static size_t output_row(const struct sn_crew *c, size_t l, size_t line)
{
	size_t image = l / c->segments, row = l % c->segments * c->lines + line;
	return image < c->images && row < c->s->oh ? image * c->s->oh + row : SIZE_MAX;
}

/* The place within [0, n) that is behind or before it as far as i is. */
static size_t mirrored(size_t i, size_t n)
{
	if (i < n)
		return i;
	return i - n < n ? 2 * (n - 1) - i : 0 - i; /* before 0: it has wrapped round */
}

/* The same of its input rows, the first being what the first output's window begins with. */
static size_t input_row(const struct sn_crew *c, size_t l, size_t line)
{
	size_t image = l / c->segments;
	size_t row = l % c->segments * c->lines * c->s->stride + line - c->s->pad_h;
	if (c->s->mirrors && row + c->s->pad_h < c->s->h + 2 * c->s->pad_h)
		row = mirrored(row, c->s->h);
	return image < c->images && row < c->s->h ? image * c->s->h + row : SIZE_MAX;
}

void sn_crew_outputs(const struct sn_crew *c, size_t line, float *y, float *none, float **to)
{
	for (size_t l = 0; l < c->lanes; l++) {
		size_t row = output_row(c, l, line);
		to[l] = row == SIZE_MAX ? none : y + row * c->s->ow * c->s->k;
	}
}

void sn_crew_fill(const struct sn_crew *c, const float *dy, size_t line, size_t lines,
		  const float *zeros, float *to, size_t row)
{
	const size_t length = c->s->ow * c->s->k;
	for (size_t i = 0; i < lines; i++, to += row) {
		const float *source[SN_SIMD_LANES];
		for (size_t l = 0; l < c->lanes; l++) {
			size_t from = output_row(c, l, line + i);
			source[l] = from == SIZE_MAX ? zeros : dy + from * length;
		}
		sn_simd()->lanes_in(source, length, to);
	}
}

void sn_ring_init(struct sn_ring *r, const struct sn_crew *c, const float *x, size_t slots,
		  size_t width, float *memory, const float *zeros)
{
	const struct sn_conv *s = c->s;
	size_t left = s->pad_w * s->c * c->lanes, picture = s->w * s->c * c->lanes;
	*r = (struct sn_ring){ c, x, memory, slots, sn_ring_row(s, width), 0, zeros };
	for (size_t i = 0; i < slots; i++, memory += r->row) {
		memset(memory, 0, left * sizeof *memory);
		memset(memory + left + picture, 0, (r->row - left - picture) * sizeof *memory);
	}
}

/* Both ends of a row, `left` vectors each, from what is next to them. */
static void mirror_ends(const struct sn_conv *s, float *line, size_t lanes)
{
	const size_t point = s->c * lanes, pad = s->pad_w;
	float *first = line + pad * point, *last = first + (s->w - 1) * point;
	for (size_t p = 1; p <= pad; p++) {
		memcpy(first - p * point, first + p * point, point * sizeof *line);
		memcpy(last + p * point, last - p * point, point * sizeof *line);
	}
}

void sn_ring_fill(struct sn_ring *r, size_t from, size_t to)
{
	const struct sn_crew *c = r->crew;
	const size_t length = c->s->w * c->s->c;
	for (r->next = r->next < from ? from : r->next; r->next < to; r->next++) {
		const float *source[SN_SIMD_LANES];
		for (size_t l = 0; l < c->lanes; l++) {
			size_t row = input_row(c, l, r->next);
			source[l] = row == SIZE_MAX ? r->zeros : r->x + row * length;
		}
		float *line = sn_ring_line(r, r->next);
		sn_simd()->lanes_in(source, length, line + c->s->pad_w * c->s->c * c->lanes);
		if (c->s->mirrors)
			mirror_ends(c->s, line, c->lanes);
	}
}

float *sn_ring_line(const struct sn_ring *r, size_t line)
{
	return r->rows + line % r->slots * r->row;
}

bool sn_ring_is_empty(const struct sn_ring *r, size_t line)
{
	for (size_t l = 0; l < r->crew->lanes; l++)
		if (input_row(r->crew, l, line) != SIZE_MAX)
			return false;
	return true;
}
