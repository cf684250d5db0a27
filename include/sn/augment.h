/* augment - pictures changed by chance: distorted, cropped, made noisy, as a line of text says. */
#ifndef SN_AUGMENT_H
#define SN_AUGMENT_H

#include <stddef.h>
#include <stdint.h>
#include <sn/error.h>
#include <sn/random.h>

/** What is done to a picture, in which order.  Never changed after parsing: threads may share it.
 */
struct sn_augment;

/**
 * Read a specification, as sn-augment(1) describes it: words like `affine:rotate=10,p=0.5`, done in
 * their order.
 * SN_EUSAGE names the word that is wrong and says what was wanted.
 */
SN_MUST_CHECK int sn_augment_parse(struct sn_augment **a, const char *specification);
void sn_augment_free(struct sn_augment *a); /* NULL is allowed */

/** The same specification with every default spelled out; parsed again it is the same.  Lives as
 * long as a. */
const char *sn_augment_text(const struct sn_augment *a);

/** Scratch memory of one thread, kept from picture to picture.  Zero-initialised is empty. */
struct sn_augment_room {
	uint8_t *pixels;
	float *reals;
	size_t pixel_capacity, real_capacity; /* private */
};
void sn_augment_room_release(struct sn_augment_room *room);

/**
 * Change a picture.
 *   out     out  u1 [h][w][c], not overlapping in
 *   in      in   u1 [h][w][c], h, w, c at least 1
 *   random  in   where chance comes from: sn_random(seed, SN_RANDOM_AUGMENT, step, item)
 * A function of specification, picture and random alone.  Thread-safe with a room for each thread.
 * SN_ENOMEM.
 */
SN_MUST_CHECK int sn_augment_apply(const struct sn_augment *a, struct sn_augment_room *room,
				   uint8_t *out, const uint8_t *in, size_t h, size_t w, size_t c,
				   struct sn_random random);

/*
 * Turned classes: a picture's quarter turns, and those of its mirror image, are other classes (of
 * characters, say).  Version v of a class has sn_turn_suffix(v) behind its label.
 */
#define SN_TURNS 8

/** "" for 0, then "/r90", "/r180", "/r270" (anticlockwise), "/m0", "/m90", "/m180", "/m270"
 * (mirrored left to right, then turned). */
const char *sn_turn_suffix(unsigned version);

/**
 * out  out  u1 [h][w][c], for a quarter turn up or down [w][h][c]; not overlapping in
 * in   in   u1 [h][w][c]
 */
void sn_turn(uint8_t *out, const uint8_t *in, size_t h, size_t w, size_t c, unsigned version);

#endif
