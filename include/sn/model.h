/* model - a network with its preparation, distance and threshold, as a file. */
#ifndef SN_MODEL_H
#define SN_MODEL_H

#include <sn/calibration.h>
#include <sn/distance.h>
#include <sn/image.h>
#include <sn/net.h>
#include <sn/stream.h>

/** From picture to input: x = u1/255, inverted 1 - x, then (x - mean) / deviation. */
struct sn_prep {
	size_t h, w, c; /* the network's input */
	enum sn_fit fit;
	uint8_t fill; /* grey value of padding, as in the picture (before inversion) */
	bool invert;
	float mean, deviation; /* 0 and 1 where not measured */
	bool mirror;	       /* sn_model_embed takes the mirror image's embedding into account */
};

/**
 * Any picture -> pixels of the network's size, u1 [h][w][c].
 * SN_EDATA where x is not |u1 [h][w][1 or 3].
 */
SN_MUST_CHECK int sn_prep_pixels(const struct sn_prep *p, const struct sn_tensor *x,
				 uint8_t *pixels);

/** What every pixel's value becomes: made once, for all pictures. */
struct sn_prep_table {
	size_t n; /* values of a picture */
	float x[256];
};
void sn_prep_table_init(struct sn_prep_table *t, const struct sn_prep *p);
/** Those pixels -> x float [h][w][c].  The one function for embedding and training. */
void sn_prep_floats(const struct sn_prep_table *t, const uint8_t *pixels, float *x);

/** Pixels counted by value: mean and deviation are the same in whatever order they were added. */
struct sn_measurement {
	uint64_t count[256];
};
/** Count pixels as sn_prep_pixels gives them. */
void sn_measurement_add(struct sn_measurement *m, const uint8_t *pixels, size_t n);
/**
 * Set mean and deviation (over N) of u1/255, inverted as p says.
 * SN_EDATA where all are alike, or there are none.
 */
SN_MUST_CHECK int sn_measurement_end(const struct sn_measurement *m, struct sn_prep *p);

struct sn_model {
	struct sn_net *net;
	struct sn_prep prep;
	enum sn_distance distance;
	double margin;
	char loss[32]; /* "contrastive"; "" where not trained */
	struct sn_threshold threshold;
	float *head; /* [head_size] weights of weighted-l1, bias last; NULL: none */
	size_t head_size;
	struct sn_header *header; /* as read: history and keys that this version does not know */
	uint64_t xxh3;		  /* of net, prep and param records alone */
};

/**
 * Embeddings in evaluation mode, as all programs make them: sn_net_embed's or, where prep.mirror
 * is set, the mean of the picture's and of its mirror image's, with norm 1 again where the
 * network's have it.  The same promises, errors and shapes as of sn_net_embed.
 */
SN_MUST_CHECK int sn_model_embed(const struct sn_model *m, struct sn_pool *pool, const float *x,
				 size_t n, float *y);

/**
 * A model with more layers behind those of m, whose weights, prep, distance, margin, loss and
 * history it has; it has no threshold, because its distances are others.  The new layers'
 * parameters, sn_net_params(m->net) and those behind it, are zero: set them, then sn_net_changed.
 *   lines  in  sn-net(5), each ended by a line feed
 * SN_EDATA where they do not fit, or m has a head: its weights are for the numbers as they were.
 */
SN_MUST_CHECK int sn_model_extend(struct sn_model **out, const struct sn_model *m,
				  const char *lines);

/** An untrained model of a text: parameters zero, prep of the network's input. */
SN_MUST_CHECK int sn_model_new(struct sn_model **m, const char *text);
/** Fresh weights and bias of weighted-l1, as Koch 2015 draws them, where it is the distance. */
SN_MUST_CHECK int sn_model_init_head(struct sn_model *m, uint64_t seed);
/**
 * path "-": standard input; sets m->xxh3.
 * SN_EDATA where it is no model, or its parameters are not the network's.
 */
SN_MUST_CHECK int sn_model_load(struct sn_model **m, const char *path);
/** From a section whose header was just read from r; reads to its SN_END. */
SN_MUST_CHECK int sn_model_read(struct sn_model **m, struct sn_reader *r,
				const struct sn_record *header);
/**
 * Write the section and compute m->xxh3.
 *   entry  in  this run's history entry, added to the header's; data NULL: none
 */
SN_MUST_CHECK int sn_model_write(struct sn_model *m, struct sn_writer *w, struct sn_slice entry);
/** Write to a file atomically (or "-"); SN_EUSAGE for a terminal. */
SN_MUST_CHECK int sn_model_save(struct sn_model *m, const char *path, struct sn_slice entry);
void sn_model_free(struct sn_model *m); /* NULL is allowed */

/**
 * What sn-embed tells those behind it: header key `model`
 * {dim, distance, head, margin, threshold, xxh3}; xxh3 nil where it is 0; and `probability`
 * {offset, prior, slope}, where there is one.
 */
SN_MUST_CHECK int sn_model_announce(const struct sn_model *m, struct sn_header *h);

/** That key, read back by sn-dist, sn-loss, sn-eval. */
struct sn_model_note {
	bool present;
	bool has_xxh3;
	uint64_t xxh3;
	size_t dim;
	enum sn_distance distance;
	double margin;
	bool has_threshold;
	double threshold;
	struct sn_probability probability;
	float *head; /* owned; NULL: none */
	size_t head_size;
};
SN_MUST_CHECK int sn_model_note_read(struct sn_model_note *note, const struct sn_header *h);
void sn_model_note_release(struct sn_model_note *note);

#endif
