/*
 * leak - what trivial features of the pictures give away.  Where the grey of the paper alone tells
 * a forgery, a network that does so has learned nothing of signatures.
 */
#ifndef SN_LEAK_H
#define SN_LEAK_H

#include <sn/bootstrap.h>
#include <sn/metric.h>
#include <sn/stream.h>

/** Features of a picture; grey is as sn_image_grey makes it. */
enum sn_feature {
	SN_MEAN_GREY,
	SN_MEDIAN_GREY,
	SN_CONTRAST,  /* deviation of the grey */
	SN_INK,	      /* share of pixels on the dark side of Otsu's threshold (1979) */
	SN_SHARPNESS, /* variance of the Laplacian of the grey */
	SN_COLOUR,    /* mean of the largest less the smallest of R, G, B */
	SN_WIDTH,     /* of the file's picture, where that is known */
	SN_HEIGHT,
	SN_PIXELS,
	SN_BYTES, /* of the file; NaN where unknown */
	SN_TYPE,  /* of the file, numbered; NaN where unknown.  Others are equal or not, this is */
	SN_FEATURES
};
extern const char *const sn_feature_names[SN_FEATURES]; /* "mean-grey", ... */

/** SN_EDATA where x is not |u1 [h][w][1 or 3]; SN_ENOMEM. */
SN_MUST_CHECK int sn_features(double value[SN_FEATURES], const struct sn_item *item);

struct sn_leak;

SN_MUST_CHECK int sn_leak_new(struct sn_leak **l);
void sn_leak_free(struct sn_leak *l); /* NULL is allowed */

/** Take in a picture: its features by its key.  SN_EDATA for a key that another picture has. */
SN_MUST_CHECK int sn_leak_picture(struct sn_leak *l, const struct sn_item *item);
size_t sn_leak_pictures(const struct sn_leak *l);
/** The picture of a key; SIZE_MAX: none. */
size_t sn_leak_find(const struct sn_leak *l, const char *key, size_t size);

/** A picture that is compared, itself or its forgery. */
SN_MUST_CHECK int sn_leak_item(struct sn_leak *l, size_t picture, bool forged);
/** A pair: the difference of each feature is a distance. */
SN_MUST_CHECK int sn_leak_pair(struct sn_leak *l, size_t a, size_t b, enum sn_pair_kind kind);

/** After the last pair. */
SN_MUST_CHECK int sn_leak_finish(struct sn_leak *l);

/** Which question a feature is asked. */
enum sn_leak_view {
	SN_LEAK_ALL,	 /* same against all different pairs, by the difference */
	SN_LEAK_RANDOM,	 /* same against different pairs that are no forgeries */
	SN_LEAK_SKILLED, /* same against genuine and forged of one person */
	SN_LEAK_FORGED,	 /* genuine against forged pictures, by the feature itself */
	SN_LEAK_VIEWS
};
/**
 * The area up to which a feature is no news: faces differ in how bright they are, signatures in how
 * long, people by nature.  0.9 for people, 0.8 for a person's pairs with forgeries, 0.7 for the
 * forged pictures themselves.
 */
extern const double sn_leak_limits[SN_LEAK_VIEWS];
/**
 * How well one feature answers: sorted scores, a view that owns nothing and lives until l goes;
 * for SN_LEAK_FORGED turned so that its area is at least 1/2.  False where there is no answer:
 * the feature is not known of all pictures, or there are none of one kind.
 */
bool sn_leak_scores(const struct sn_leak *l, enum sn_feature feature, enum sn_leak_view view,
		    struct sn_scores *scores);
/** The feature that answers best, and its area; NaN where none answers. */
double sn_leak_worst(const struct sn_leak *l, enum sn_leak_view view, enum sn_feature *feature);

#endif
