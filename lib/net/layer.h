/*
 * layer - what a kind of layer is made of, and how its passes are called.  Private to lib/net.
 *
 * A kind is one file layer_X.c that exports one struct sn_layer_kind; kinds.c lists them.  A
 * network is a list of layers, each reading what one before it wrote: mostly the last one; a
 * residual block's lists both begin with what the block gets, and its sum reads two.
 */
#ifndef SN_LAYER_H
#define SN_LAYER_H

#include <pthread.h>
#include <stdatomic.h>
#include <sn/kernel.h>
#include <sn/net.h>
#include <sn/random.h>

/* Images of a block at most: sums over images are added in order within a block, blocks are joined
 * by a tree. */
#define SN_BLOCK SN_KERNEL_IMAGES

#define SN_LAYER_NAME 64  /* bytes of a name, its final 0 included */
#define SN_LAYER_PARAMS 4 /* parameters of a layer at most */
#define SN_MAX_LAYERS 1000
#define SN_MAX_NUMBER (1u << 20)     /* any number of a network's text */
#define SN_MAX_ACTIVATION (1u << 24) /* floats that a layer gives for an image */
#define SN_MAX_WEIGHTS (1u << 27)    /* floats of parameters of a network */
#define SN_MAX_HELD (1u << 25)	     /* floats of an image that blocks hold for later */
#define SN_MAX_DEPTH 16		     /* residual blocks within each other */

struct sn_layer;

/* ---- the words of a line ------------------------------------------------------------ */

#define SN_MAX_WORDS 32

struct sn_words {
	unsigned line;
	size_t n;
	char *word[SN_MAX_WORDS]; /* the first is the layer's kind */
	bool used[SN_MAX_WORDS];
};

/* Split a line, which is changed, into words; a comment ends it. */
SN_MUST_CHECK int sn_words_split(struct sn_words *w, char *text, unsigned line);
/* The value of `option=value`; NULL where it is absent. */
const char *sn_words_option(struct sn_words *w, const char *option);
/* The first word that is no option and was not used yet; NULL where there is none. */
const char *sn_words_operand(struct sn_words *w);
/* After all were asked for: SN_EDATA where a word is left over or an option is there twice. */
SN_MUST_CHECK int sn_words_end(const struct sn_words *w, const char *synopsis);

/* Numbers in the text; `what` names them in messages.  A NULL text leaves *v, its default, alone.
 */
SN_MUST_CHECK int sn_words_count(const struct sn_words *w, const char *what, const char *text,
				 size_t least, size_t *v);
SN_MUST_CHECK int sn_words_real(const struct sn_words *w, const char *what, const char *text,
				double least, double most, double *v);
/* N or WxH, both at least `least`. */
SN_MUST_CHECK int sn_words_extent(const struct sn_words *w, const char *what, const char *text,
				  size_t least, size_t *width, size_t *height);
SN_MUST_CHECK int sn_words_yes(const struct sn_words *w, const char *what, const char *text,
			       bool *v);

/* ---- fresh weights ------------------------------------------------------------------ */

enum sn_init_rule { SN_INIT_PYTORCH, SN_INIT_LECUN, SN_INIT_XAVIER, SN_INIT_HE, SN_INIT_NORMAL };

struct sn_init {
	enum sn_init_rule rule;
	double deviation, mean; /* SN_INIT_NORMAL */
};

/* init=RULE and bias-init=RULE; without the latter PyTorch's rule draws biases, others set 0. */
SN_MUST_CHECK int sn_inits_parse(struct sn_init *weight, struct sn_init *bias, struct sn_words *w);
/* fan_in: inputs that an output sums up; fan_out: outputs that an input goes to. */
void sn_init_values(const struct sn_init *init, float *x, size_t n, size_t fan_in, size_t fan_out,
		    struct sn_random *r);

/* ---- passes ------------------------------------------------------------------------- */

/* What all layers of a pass have in common. */
struct sn_batch {
	bool training;
	size_t n;	      /* images */
	size_t block;	      /* of them: the network's */
	const uint64_t *item; /* training: [n] */
	uint64_t seed, step;
};

/* One call of a layer for the images [first, first + n) of a batch. */
struct sn_call {
	const struct sn_layer *layer;
	const struct sn_batch *batch;
	size_t first, n;
	const float *x;	 /* [n][in]; backward: NULL where the kind does not keep it */
	const float *x2; /* [n][in], forward of SN_LAYER_TWO: what the second layer wrote */
	float *y;	 /* [n][out]; the same */
	const float *dy; /* backward: [n][out] */
	float *dx;	 /* backward: [n][in], overwritten; NULL where it is not wanted */
	float *sum;	 /* backward: the block's sum of parameter gradients so far, added to */
	void *memory;	 /* training: what the layer keeps, `memory` bytes for the whole batch */
	float *scratch;	 /* `scratch` floats of this thread */
};

/* The passes of a wide layer, which goes through all images of a batch at once, in pieces of its
 * own. */
enum sn_wide_pass { SN_WIDE_FORWARD, SN_WIDE_BACKWARD };

struct sn_wide {
	size_t n;	  /* images */
	unsigned threads; /* that share the pieces */
	bool training;
	const float *x, *dy;
	float *y, *dx;			  /* dx: NULL where it is not wanted */
	const struct sn_descent *descent; /* NULL, or what wide parameters' gradients go to */
	size_t param;			  /* the layer's first, among the network's */
};

struct sn_range {
	float least, most;
	bool unit; /* norm 1 */
};

/* sn_layer_kind.flags */
#define SN_LAYER_KEEPS_X 1u /* its backward pass reads x */
#define SN_LAYER_KEEPS_Y 2u /* its backward pass reads y */
#define SN_LAYER_CHANCE 4u  /* training: depends on chance or on the batch */
#define SN_LAYER_TWO 8u	    /* y = x + x2: both have the gradient dx */
/* In training its backward pass does the work of those that it absorbs, too: dy is the gradient of
 * what the last of them gives. */
#define SN_LAYER_BACK_AS_ONE 16u
#define SN_LAYER_MASKS 32u /* where l->masks, dx is 0 for x that are not > 0: a relu's work */
#define SN_LAYER_IDLE 64u  /* embedding: y = x */

/* NULL members are those that a kind does not need. */
struct sn_layer_kind {
	const char *name;     /* in the text: "conv" */
	const char *prefix;   /* of automatic names: "conv" 1, 2, ... */
	const char *synopsis; /* for messages and the manual */
	size_t size;	      /* bytes of its own part, layer->own, zeroed before parse */
	unsigned flags;

	/* the text's words -> own */
	int (*parse)(struct sn_layer *l, struct sn_words *w);
	/* in (and, of two, in2) -> out, multiply_adds, parameters (sn_layer_param); messages
	 * without line and name */
	int (*shape)(struct sn_layer *l);
	void (*init)(struct sn_layer *l, uint64_t seed);
	void (*range)(const struct sn_layer *l, struct sn_range *range);
	void (*release)(struct sn_layer *l);

	/*
	 * Does the layer's forward pass do the next one's work, too?  Asked once for each of those
	 * behind it that read nothing else, until it says no.
	 */
	bool (*absorb)(struct sn_layer *l, const struct sn_layer *next, bool training);
	/* The name of the way that a pass is computed in; NULL: there is but one. */
	const char *(*way)(const struct sn_layer *l, enum sn_conv_pass pass);
	/* Images that a call wants, at most SN_BLOCK; NULL: what its neighbours want. */
	size_t (*images)(const struct sn_layer *l);

	/* What the passes use, made from the parameters: memory for it, once for each kind of pass,
	 * and its pieces, by any threads. */
	int (*prepare)(struct sn_layer *l, bool training);
	size_t (*pieces)(const struct sn_layer *l, bool training);
	void (*pack)(struct sn_layer *l, bool training, size_t piece);

	/* Floats, for calls of l->turn images. */
	size_t (*scratch)(const struct sn_layer *l, bool training);
	/* Bytes of l->memory for n images in all. */
	size_t (*memory)(const struct sn_layer *l, size_t n, size_t block);

	/*
	 * Forward: gather is called for all images of the batch, a block's in their order, then
	 * join once, then forward; all of x is there when join is called.  Only in training.
	 */
	void (*gather)(const struct sn_call *c);
	int (*join)(struct sn_layer *l, const struct sn_batch *b, void *memory);
	void (*forward)(const struct sn_call *c);

	/* Backward: the same, with all of dy. */
	void (*back_gather)(const struct sn_call *c);
	void (*back_join)(struct sn_layer *l, const struct sn_batch *b, void *memory);
	void (*backward)(const struct sn_call *c);

	/* Parameter gradients that are summed up in call->sum: floats of a sum, and the way to
	 * param->grad. */
	size_t (*sum)(const struct sn_layer *l);
	void (*sum_done)(const struct sn_layer *l, float *sum); /* which may be changed */

	/* Of a wide layer, instead of forward, backward, sum. */
	size_t (*wide_pieces)(const struct sn_layer *l, enum sn_wide_pass pass,
			      const struct sn_wide *w);
	size_t (*wide_scratch)(const struct sn_layer *l, enum sn_wide_pass pass, size_t n);
	/* false: a gradient is not finite */
	bool (*wide)(const struct sn_layer *l, enum sn_wide_pass pass, const struct sn_wide *w,
		     size_t piece, float *scratch);
};

/* All n numbers are finite. */
bool sn_all_finite(const float *x, size_t n);

/* In place of a layer's index: the network's input. */
#define SN_INPUT SIZE_MAX

struct sn_layer {
	const struct sn_layer_kind *kind;
	char name[SN_LAYER_NAME];
	unsigned line;
	size_t index;	   /* in the network */
	size_t from;	   /* the layer whose output it reads, or SN_INPUT */
	size_t from2;	   /* of SN_LAYER_TWO: the second one */
	size_t last_read;  /* the last layer that reads its output */
	bool held;	   /* another layer than the next one reads its output, too */
	size_t place;	   /* of a held one: floats of an image held before it */
	bool wide;	   /* it reads so many weights that all images go through at once */
	size_t absorbs[2]; /* layers behind it whose forward pass it does: embedding, training */
	size_t lead; /* training: the layer whose backward pass does this one's; mostly itself */
	bool masks;  /* its backward pass does that of the relu before it */
	size_t turn; /* images of a call at most */
	enum sn_precision precision; /* that embedding is asked for in */
	struct sn_shape in, in2, out;
	size_t in_size, out_size; /* floats of an image */
	uint64_t multiply_adds;
	size_t params;
	struct sn_param param[SN_LAYER_PARAMS];
	void *own;
};

/* Add a parameter "name.suffix", to be asked for by its place; grad NULL where it is a buffer. */
SN_MUST_CHECK int sn_layer_param(struct sn_layer *l, const char *suffix, const size_t *shape,
				 unsigned rank, bool trained, bool decay);
/* An array for the layer's own use, floats, 64-byte aligned, zero; kept where it is there. */
SN_MUST_CHECK int sn_layer_floats(float **array, size_t n);

extern const struct sn_layer_kind *const sn_layer_kinds[]; /* NULL at the end */

/* input and layers from the text, which is changed: the network's text apart, all of sn_net_parse.
 */
SN_MUST_CHECK int sn_net_parse_lines(struct sn_net *net, char *text);
void sn_layer_free(struct sn_layer *l); /* NULL is allowed */

/* After parsing: what each layer absorbs, how many images it takes at a time, the block. */
void sn_net_plan(struct sn_net *net);
/* Before passes: what layers make of their parameters, where that is not up to date. */
SN_MUST_CHECK int sn_net_prepare(struct sn_net *net, struct sn_pool *pool, bool training);
/* Between the two, time is counted for layer i, where it is: `back` in the backward pass. */
double sn_time_start(const struct sn_net *net, bool back);
void sn_time_stop(const struct sn_net *net, bool back, size_t i, double start);
/* The layer behind the last one that layer i absorbs. */
size_t sn_unit_end(const struct sn_net *net, size_t i, bool training);
/* batchnorm, embedding: y = x scale + shift, [c] each. */
void sn_batchnorm_line(const struct sn_layer *l, float *scale, float *shift);
/* Training: a batch has enough values of a channel, n. */
SN_MUST_CHECK int sn_batchnorm_check(const struct sn_layer *l, double n);
/* Its values of channel i have that mean and variance: the running ones move.  Returns 1 / sqrt(v +
 * eps). */
double sn_batchnorm_move(const struct sn_layer *l, size_t i, double mean, double variance,
			 double n);

extern const struct sn_layer_kind sn_layer_batchnorm, sn_layer_maxpool, sn_layer_relu;

struct sn_window;
/* The windows of a maxpool whose winners a byte can tell; false: it is none. */
bool sn_maxpool_window(const struct sn_layer *l, struct sn_window *w);

struct sn_benches;

struct sn_net {
	char *text;
	struct sn_shape input;
	struct sn_layer **layer;
	size_t layers, capacity;
	struct sn_param **param;
	size_t params, param_capacity;
	size_t lent;	  /* the last of them, which are others' */
	size_t weights;	  /* floats of all parameters */
	size_t last_read; /* the last layer that reads the input */
	size_t held;	  /* floats of an image that are held */
	size_t block;	  /* images: see SN_BLOCK */
	pthread_mutex_t preparing;
	atomic_bool ready[2];		      /* prepared for embedding, for training */
	_Atomic(struct sn_benches *) benches; /* of the last sn_net_embed, for the next one */
	double *spent[2];		      /* [layers] seconds; see sn_net_time */
};

/* ---- sums of fixed shape ------------------------------------------------------------ */

#define SN_TREE_LEVELS 48

/*
 * Joins blocks' sums as they come: the tree whose left part is the largest power of two of blocks,
 * at every level. Holds a sum for each level only.
 */
struct sn_tree {
	size_t width, levels;
	uint64_t count;
	float *slot[SN_TREE_LEVELS + 1]; /* the last of levels + 1: the next block's */
};

/* Sums held for up to `blocks` blocks: floats of memory = that times width. */
size_t sn_tree_slots(size_t blocks);
void sn_tree_begin(struct sn_tree *t, float *memory, size_t width, size_t blocks);
/* Before the first block: the whole sum shall come to be there. */
void sn_tree_into(struct sn_tree *t, float *sum);
/* Where the next block's sum goes: contents undefined. */
float *sn_tree_next(struct sn_tree *t);
void sn_tree_add(struct sn_tree *t);
/* The whole sum; ends the tree.  At least one block was added. */
const float *sn_tree_sum(struct sn_tree *t);

/* The same tree over sums that are all there, the first n numbers of each: into the first of
 * [blocks][width]. */
void sn_tree_join(float *sums, size_t blocks, size_t width, size_t n);
void sn_tree_join_f8(double *sums, size_t blocks, size_t width);

#endif
