/* augment - the steps of a specification, one after another, and quarter turns */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include "augment.h"

double draw(const struct range *r, double side, struct sn_random *random)
{
	double v = r->from + (r->to - r->from) * sn_random_unit(random);

	return r->percent ? v / 100 * side : v;
}

double draw_ratio(const struct range *r, struct sn_random *random)
{
	double u = sn_random_unit(random);

	return r->from < r->to ? r->from * pow(r->to / r->from, u) : r->from;
}

void sn_augment_room_release(struct sn_augment_room *room)
{
	free(room->pixels);
	free(room->reals);
	memset(room, 0, sizeof *room);
}

/* A picture under way: steps that move pixels wait in the warp until something needs the pixels. */
struct work {
	struct picture picture;
	size_t size;
	struct sn_augment_room *room;
	const uint8_t *in;  /* the picture so far; may be what was given */
	uint8_t *out, *now; /* now: in, where it may be written to; NULL: not yet */
	struct warp warp;
};

static int sample(struct work *k)
{
	uint8_t *to = k->out;
	int st;

	if (!k->warp.any)
		return 0;
	if (k->in == k->out) {
		if ((st = sn_grow(&k->room->pixels, &k->room->pixel_capacity, k->size, 1)) < 0)
			return st;
		to = k->room->pixels;
	}
	warp_apply(&k->warp, &k->picture, to, k->in);
	k->in = k->now = to;
	warp_begin(&k->warp);
	return 0;
}

/* The pixels as they are now, to be changed in place. */
static int settle(struct work *k)
{
	int st = sample(k);

	if (st == 0 && !k->now) {
		memcpy(k->out, k->in, k->size);
		k->in = k->now = k->out;
	}
	return st;
}

static int do_step(struct work *k, const struct sn_augment *a, const struct step *s,
		   struct sn_random *random)
{
	int st;

	if (s->kind <= FLIP) {
		if (warp_full(&k->warp, s) && (st = sample(k)) < 0)
			return st;
		return warp_add(&k->warp, s, &k->picture, k->room, random);
	}
	if ((st = settle(k)) < 0)
		return st;
	switch (s->kind) {
	case NOISE:
		add_noise(k->now, k->size, draw(&s->part[BY], 0, random), a->normal, random);
		return 0;
	case BLUR:
		return blur(k->now, &k->picture, draw(&s->part[BY], 0, random), k->room);
	case ERASE:
		erase(k->now, &k->picture, s, random);
		return 0;
	default:
		change_greys(k->now, k->size, s, random);
		return 0;
	}
}

int sn_augment_apply(const struct sn_augment *a, struct sn_augment_room *room, uint8_t *out,
		     const uint8_t *in, size_t h, size_t w, size_t c, struct sn_random random)
{
	struct work k = { .picture = { h, w, c }, .room = room, .in = in, .out = out };
	size_t side[3] = { h, w, c };
	int st;

	if (!sn_product(&k.size, side, 3) || k.size == 0)
		return sn_fail(SN_EUSAGE, "cannot augment a picture of %zux%zux%zu", w, h, c);
	warp_begin(&k.warp);
	for (size_t i = 0; i < a->steps; i++) {
		const struct step *s = &a->step[i];
		if (sn_random_unit(&random) < s->p && (st = do_step(&k, a, s, &random)) < 0)
			return st;
	}
	if ((st = settle(&k)) < 0)
		return st;
	if (k.now != out)
		memcpy(out, k.now, k.size);
	return 0;
}

/* ---- turns ----------------------------------------------------------------------------- */

const char *sn_turn_suffix(unsigned version)
{
	static const char *const suffix[SN_TURNS] = { "",    "/r90", "/r180", "/r270",
						      "/m0", "/m90", "/m180", "/m270" };

	return suffix[version % SN_TURNS];
}

void sn_turn(uint8_t *out, const uint8_t *in, size_t h, size_t w, size_t c, unsigned version)
{
	unsigned quarters = version % 4;
	size_t oh = quarters % 2 ? w : h, ow = quarters % 2 ? h : w;

	for (size_t y = 0; y < oh; y++)
		for (size_t x = 0; x < ow; x++, out += c) {
			/* what is at the top after a quarter turn anticlockwise was at the right */
			size_t i = quarters == 0   ? x
				   : quarters == 1 ? w - 1 - y
				   : quarters == 2 ? w - 1 - x
						   : y;
			size_t j = quarters == 0   ? y
				   : quarters == 1 ? x
				   : quarters == 2 ? h - 1 - y
						   : h - 1 - x;
			if (version >= 4)
				i = w - 1 - i;
			for (size_t k = 0; k < c; k++)
				out[k] = in[(j * w + i) * c + k];
		}
}
