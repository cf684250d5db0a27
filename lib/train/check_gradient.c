/*
 * check_gradient - what the gradient predicts against what the loss does.
 *
 * Along a direction u the loss changes by g.u for a small step; measured is the difference of two
 * losses, a step forth and a step back.  Losses are those of floats, so that small steps drown in
 * rounding, while large ones are bent, and cross the corners of relu, pooling and margins: of
 * several sizes the three neighbours that agree best with each other, but for the rounding, are
 * taken, whatever was predicted; two large ones agree by chance too often.
 *
 * The direction: of each number of the gradient, with a chance of one half, nothing, or it and as
 * much again as numbers are on average, forth or back.  So all numbers are moved, those with
 * gradient 0 too, and the prediction is large, which a direction of mere chance would not give for
 * many numbers.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "head.h"
#include "prepare.h"
#include "snapshot.h"

/* The largest step: this part of the parameter's norm, and of the loss by what is predicted. */
#define LARGEST 0.1
/* So many of them, each smaller by this factor. */
#define SIZES 9
#define SMALLER 0.31622776601683794
/* What rounding makes of a loss, as a part of it: a network's floats, the loss's doubles. */
#define NETWORK_ROUNDING 3e-7
#define LOSS_ROUNDING 1e-10

/*
 * A parameter that changes the loss by less than this part of it, were it moved by the whole of its
 * norm, is held to that: below, rounding is all that can be measured.
 */
#define LEAST 0.02

struct checker {
	struct sn_model *model;
	const struct sn_train_options *options;
	struct prepare *prepare;
	struct sn_tape *tape;
	struct head head;
	struct ready ready;
	size_t dim;
	float *y, *dy; /* [images][dim] */
	float *d;      /* [pairs] */
	float *before, *along;
	size_t before_capacity, along_capacity;
	double loss, rounding;
};

/* ---- the loss -------------------------------------------------------------------------- */

/* Of the embeddings as they are; gradients at them and at the head where dy is not NULL. */
static int measure_embeddings(struct checker *c, double *loss, float *dy)
{
	const struct batch *batch = &c->ready.batch;
	const struct sn_train_options *o = c->options;
	struct sn_loss_batch b = { .y = c->y,
				   .n = batch->images,
				   .dim = c->dim,
				   .pair = batch->pair,
				   .pairs = batch->pairs,
				   .d = c->d,
				   .head = c->model->head,
				   .balance = o->balance,
				   .step = 1,
				   .items = prepare_items(c->prepare),
				   .image = batch->image };
	struct sn_loss_result result = { .dy = dy, .dhead = dy ? c->head.grad : NULL };
	int st;

	for (size_t i = 0; i < batch->pairs; i++) {
		const struct sn_index_pair *p = &batch->pair[i];
		c->d[i] = sn_distance(o->objective.distance, c->y + p->a * c->dim,
				      c->y + p->b * c->dim, c->dim, c->model->head);
	}
	if ((st = sn_loss_measure(&result, &o->objective, &b)) < 0)
		return st;
	if (result.terms == 0)
		return sn_fail(SN_EDATA,
			       "the images of the first step have nothing to compare: there is no "
			       "gradient to check");
	*loss = result.loss;
	return 0;
}

/* Of the network as it is.  Chance is that of the first step each time. */
static int measure_network(struct checker *c, double *loss, float *dy)
{
	int st = sn_net_changed(c->model->net);

	if (st < 0 || (st = sn_tape_forward(c->tape, c->ready.x, c->ready.batch.images,
					    c->ready.number, c->options->seed, 0, c->y)) < 0)
		return st;
	return measure_embeddings(c, loss, dy);
}

/* ---- one tensor ------------------------------------------------------------------------- */

static double norm(const float *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * x[i];
	return sqrt(sum);
}

static void choose_direction(float *u, const float *g, size_t n, struct sn_random r)
{
	const float mean = (float)(norm(g, n) / sqrt((double)n));

	for (size_t i = 0; i < n; i++) {
		uint64_t chance = sn_random_next(&r);
		u[i] = !(chance & 1) && n > 1 ? 0 : chance & 2 ? g[i] + mean : g[i] - mean;
	}
}

/* x = before + step u; what floats make of it is what is predicted by. */
static double move(float *x, const float *before, const float *u, const float *g, size_t n,
		   double step)
{
	double predicted = 0;

	for (size_t i = 0; i < n; i++) {
		x[i] = (float)(before[i] + step * u[i]);
		predicted += (x[i] - (double)before[i]) * g[i];
	}
	return predicted;
}

/*
 * x [n], which `measure` depends on, and its gradient g: the row's predicted and measured change of
 * the loss, were x moved by as much as its norm.
 */
static int check_tensor(struct checker *c, struct sn_gradient_row *row, float *x, const float *g,
			size_t n, uint64_t number,
			int (*measure)(struct checker *, double *loss, float *dy))
{
	double predicted[SIZES], measured[SIZES], noise[SIZES], unit, step, slope = 0,
									    best = INFINITY;
	int st;

	if ((st = sn_grow(&c->before, &c->before_capacity, n, sizeof *x)) < 0 ||
	    (st = sn_grow(&c->along, &c->along_capacity, n, sizeof *x)) < 0)
		return st;
	memcpy(c->before, x, n * sizeof *x);
	choose_direction(c->along, g, n, sn_random(c->options->seed, SN_RANDOM_TEST, number, 0));
	unit = norm(x, n) > 0 ? norm(x, n) : 0.1 * sqrt((double)n);
	unit /= fmax(norm(c->along, n), 1e-30);
	for (size_t i = 0; i < n; i++)
		slope += unit * c->along[i] * g[i];
	step = LARGEST * fmin(1, fabs(c->loss) / fmax(fabs(slope), 1e-30));
	for (size_t i = 0; i < SIZES; i++, step *= SMALLER) {
		double forth, back;
		predicted[i] = move(x, c->before, c->along, g, n, step * unit);
		if ((st = measure(c, &forth, NULL)) < 0)
			return st;
		predicted[i] -= move(x, c->before, c->along, g, n, -step * unit);
		if ((st = measure(c, &back, NULL)) < 0)
			return st;
		predicted[i] /= 2 * step;
		measured[i] = (forth - back) / (2 * step);
		noise[i] = c->rounding * fabs(c->loss) / step;
	}
	memcpy(x, c->before, n * sizeof *x);
	for (size_t i = 2; i < SIZES; i++) {
		double apart = (fabs(measured[i - 2] - measured[i - 1]) +
				fabs(measured[i - 1] - measured[i]) + noise[i]) /
			       fmax(fabs(measured[i]), LEAST * fabs(c->loss));
		if (!(apart < best))
			continue;
		best = apart;
		row->predicted = predicted[i];
		row->measured = measured[i];
	}
	row->numbers = n;
	row->error = fabs(row->measured - row->predicted) /
		     fmax(fabs(row->predicted), LEAST * fabs(c->loss));
	return isfinite(best) ? 0 : sn_fail(SN_ENAN, "'%s': loss is not finite", row->name);
}

/* ---- the whole ------------------------------------------------------------------------- */

static int prepare(struct checker *c, const struct sn_dataset *data, struct sn_pool *pool)
{
	size_t n, numbers;
	int st;

	if ((st = sn_objective_check(&c->options->objective, c->model->net)) < 0 ||
	    (st = head_check(c->model, &c->options->objective)) < 0 ||
	    (st = prepare_new(&c->prepare, data, &c->model->prep, c->options, 1)) < 0 ||
	    (st = prepare_step(c->prepare, 0, &c->ready)) < 0)
		return st;
	n = c->ready.batch.images;
	c->dim = sn_net_dim(c->model->net);
	if (!sn_multiply(&numbers, n, c->dim))
		return sn_fail_memory();
	c->y = sn_alloc(numbers, sizeof *c->y);
	c->dy = sn_alloc(numbers, sizeof *c->dy);
	c->d = sn_alloc(c->ready.batch.pairs, sizeof *c->d);
	if (!c->y || !c->dy || !c->d)
		return SN_ENOMEM;
	if ((st = head_lend(&c->head, c->model, &c->options->objective)) < 0)
		return st;
	return sn_tape_new(&c->tape, c->model->net, pool, n);
}

static int run(struct checker *c, int (*tell)(void *, const struct sn_gradient_row *),
	       void *context)
{
	struct sn_net *net = c->model->net;
	struct sn_gradient_row row = { .name = "embeddings" };
	size_t numbers = c->ready.batch.images * c->dim;
	int st;

	c->rounding = LOSS_ROUNDING;
	if ((st = measure_network(c, &c->loss, c->dy)) < 0 ||
	    (st = sn_tape_backward(c->tape, c->dy, NULL)) < 0 ||
	    (st = check_tensor(c, &row, c->y, c->dy, numbers, 0, measure_embeddings)) < 0 ||
	    (st = tell(context, &row)) < 0)
		return st;
	c->rounding = NETWORK_ROUNDING;
	for (size_t i = 0; i < sn_net_params(net); i++) {
		const struct sn_param *p = sn_net_param(net, i);
		if (!p->grad)
			continue;
		row.name = p->name;
		if ((st = check_tensor(c, &row, p->value, p->grad, p->count, i + 1,
				       measure_network)) < 0 ||
		    (st = tell(context, &row)) < 0)
			return st;
	}
	return 0;
}

int sn_train_check_gradient(struct sn_model *model, const struct sn_dataset *data,
			    const struct sn_train_options *options, struct sn_pool *pool,
			    int (*tell)(void *context, const struct sn_gradient_row *row),
			    void *context)
{
	struct checker c = { .model = model, .options = options };
	struct snapshot before = { 0 };
	int st, back;

	if ((st = prepare(&c, data, pool)) == 0 && (st = snapshot_take(&before, model->net)) == 0) {
		st = run(&c, tell, context);
		/* running means and variances have moved */
		back = snapshot_swap(&before, model->net);
		st = st < 0 ? st : back;
	}
	snapshot_release(&before);
	head_return(&c.head, model);
	sn_tape_free(c.tape);
	prepare_free(c.prepare);
	free(c.y);
	free(c.dy);
	free(c.d);
	free(c.before);
	free(c.along);
	return st;
}
