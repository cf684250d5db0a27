/* augment - what the parts of augmentation share */
#ifndef AUGMENT_H
#define AUGMENT_H

#include <stdbool.h>
#include <sn/augment.h>

#define MAX_STEPS 32

enum kind { AFFINE, ELASTIC, CROP, FLIP, NOISE, BLUR, BRIGHTNESS, CONTRAST, ERASE };

/* Numbers of a step, by kind. */
enum { ROTATE, SHEAR_X, SHEAR_Y, SCALE, STRETCH_X, STRETCH_Y, SHIFT_X, SHIFT_Y, PARTS };
enum { ALPHA, SIGMA };
enum { SHARE, ASPECT };
enum { BY };

/* What a fill is, if not a grey value. */
enum { FILL_NONE = -1, FILL_BORDER = -2, FILL_MEAN = -3, FILL_NOISE = -4 };

/* Drawn evenly between two numbers; in parts of a side where percent. */
struct range {
	double from, to;
	bool set, percent;
};

struct step {
	enum kind kind;
	struct range part[PARTS];
	double p, each;
	int fill;
	unsigned axis; /* 0: x, left and right change places; 1: y */
};

#define QUANTILES 4096

struct sn_augment {
	struct step step[MAX_STEPS];
	size_t steps;
	char *text;
	int16_t *normal; /* [QUANTILES] of the normal distribution, times 1024; NULL: not needed */
};

struct picture {
	size_t h, w, c;
};

/* A number of the range; of `side` pixels, where in percent. */
double draw(const struct range *r, double side, struct sn_random *random);
/* The same drawn evenly on the logarithm: a half is as likely as a double. */
double draw_ratio(const struct range *r, struct sn_random *random);

/*
 * Where a pixel comes from: in = before(field(after(out))).  Steps that move pixels are put
 * together, so that a picture is sampled once and not blurred by each of them.
 */
struct warp {
	bool any, elastic;
	double before[6], after[6]; /* x' = m0 x + m1 y + m2, y' = m3 x + m4 y + m5 */
	int fill;		    /* FILL_NONE: any will do */
	float *dx, *dy;		    /* [grid_h][grid_w] pixels, within the room */
	size_t grid_h, grid_w;
	double points; /* of the grid in a pixel */
};

void warp_begin(struct warp *w);
/* Can this step not be put together with those before? */
bool warp_full(const struct warp *w, const struct step *s);
SN_MUST_CHECK int warp_add(struct warp *w, const struct step *s, const struct picture *p,
			   struct sn_augment_room *room, struct sn_random *random);
/* Sample in -> out. */
void warp_apply(const struct warp *w, const struct picture *p, uint8_t *out, const uint8_t *in);

/* Weights of a gaussian, [2 radius + 1], their sum 1. */
void gaussian(float *weight, size_t radius, double sigma);

/* What changes grey values, in place. */
void add_noise(uint8_t *x, size_t n, double deviation, const int16_t *normal,
	       struct sn_random *random);
void change_greys(uint8_t *x, size_t n, const struct step *s, struct sn_random *random);
void erase(uint8_t *x, const struct picture *p, const struct step *s, struct sn_random *random);
SN_MUST_CHECK int blur(uint8_t *x, const struct picture *p, double sigma,
		       struct sn_augment_room *room);
SN_MUST_CHECK int normal_quantiles(int16_t **normal);

#endif
