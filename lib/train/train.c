/*
 * train - the loop that makes a model.
 *
 * A step: the batch's images, each once, forward to y [n][dim]; the loss of their pairs, whose
 * gradients are summed at the embeddings (loss.c); backward; the parameters move.
 * The twins share their weights, so that this is the gradient of two towers per pair, for one pass
 * per image.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "checkpoint.h"
#include "head.h"
#include "prepare.h"
#include "snapshot.h"

/*
 * Collapse: the spread of the embeddings is this part of what it was at the first step, no distance
 * reaches this part of the margin, and both so many steps in a row.
 */
#define COLLAPSED_SPREAD 1e-3
#define COLLAPSED_DISTANCE 1e-2
#define COLLAPSED_STEPS 10

struct trainer {
	struct sn_model *model;
	const struct sn_dataset *data;
	const struct sn_train_options *options;
	struct sn_pool *pool;
	struct prepare *prepare;
	struct sn_tape *tape;
	struct sn_update *update;
	size_t dim;
	struct batch batch;
	float *y, *dy; /* [images][dim] */
	float *d;      /* [pairs] */
	size_t d_capacity;
	struct head head; /* of weighted-l1, trained with the network */
	struct snapshot best, average;
	struct standing at;
	uint64_t sum; /* of the data, for checkpoints */
	double saved; /* when; see now() */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- one step -------------------------------------------------------------------------- */

static double spread(const float *y, size_t n, size_t dim)
{
	double sum = 0;

	for (size_t c = 0; c < dim; c++) {
		double mean = 0, square = 0;
		for (size_t i = 0; i < n; i++)
			mean += y[i * dim + c];
		mean /= (double)n;
		for (size_t i = 0; i < n; i++)
			square += (y[i * dim + c] - mean) * (y[i * dim + c] - mean);
		sum += sqrt(square / (double)n);
	}
	return sum / (double)dim;
}

/* Distances of the batch's pairs into t->d; their means and the largest one. */
static int measure_distances(struct trainer *t, struct sn_train_row *row, double *largest)
{
	const struct batch *batch = &t->batch;
	double distance[2] = { 0, 0 };
	size_t count[2] = { 0, 0 };
	int st = sn_grow(&t->d, &t->d_capacity, batch->pairs, sizeof *t->d);

	if (st < 0)
		return st;
	*largest = 0;
	for (size_t i = 0; i < batch->pairs; i++) {
		const struct sn_index_pair *p = &batch->pair[i];
		bool same = p->same == SN_SAME;
		t->d[i] = sn_distance(t->options->objective.distance, t->y + p->a * t->dim,
				      t->y + p->b * t->dim, t->dim, t->model->head);
		distance[same] += t->d[i];
		count[same]++;
		*largest = fmax(*largest, t->d[i]);
	}
	row->same = count[1] ? distance[1] / (double)count[1] : NAN;
	row->different = count[0] ? distance[0] / (double)count[0] : NAN;
	return 0;
}

/* Loss of the batch into the row, dL/dy into t->dy. */
static int measure_pairs(struct trainer *t, struct sn_train_row *row)
{
	const struct batch *batch = &t->batch;
	struct sn_loss_batch b = { .y = t->y,
				   .n = batch->images,
				   .dim = t->dim,
				   .pair = batch->pair,
				   .pairs = batch->pairs,
				   .head = t->model->head,
				   .balance = t->options->balance,
				   .step = row->step,
				   .items = prepare_items(t->prepare),
				   .image = batch->image };
	struct sn_loss_result result = { .dy = t->dy, .dhead = t->head.grad };
	double largest;
	int st = measure_distances(t, row, &largest);

	if (st < 0)
		return st;
	b.d = t->d;
	if ((st = sn_loss_measure(&result, &t->options->objective, &b)) < 0) {
		size_t last = sn_net_layers(t->model->net) - 1;
		return st != SN_ENAN ? st
				     : sn_fail_at(st, "after the last layer '%s'",
						  sn_net_layer(t->model->net, last).name);
	}
	row->loss = result.loss;
	row->active = result.active;
	if (row->step == 1) {
		t->at.first_spread = row->spread;
		t->at.first_distance = largest;
	}
	if (row->spread <= COLLAPSED_SPREAD * t->at.first_spread &&
	    largest <= COLLAPSED_DISTANCE * (sn_objective_is_far(&t->options->objective)
						     ? t->options->objective.margin
						     : t->at.first_distance))
		t->at.together++;
	else
		t->at.together = 0;
	row->collapsed = !t->at.told && t->at.together >= COLLAPSED_STEPS;
	t->at.told |= row->collapsed;
	return 0;
}

static int step(struct trainer *t, struct sn_train_row *row)
{
	double start = now();
	struct ready ready;
	int st;

	if ((st = prepare_step(t->prepare, row->step - 1, &ready)) < 0)
		return st;
	t->batch = ready.batch;
	if ((st = sn_tape_forward(t->tape, ready.x, t->batch.images, ready.number, t->options->seed,
				  row->step - 1, t->y)) < 0)
		return st;
	row->spread = spread(t->y, t->batch.images, t->dim);
	if ((st = measure_pairs(t, row)) < 0 ||
	    (st = sn_update_descend(t->update, t->tape, t->dy, row->rate, t->pool)) < 0)
		return st;
	if (t->options->average > 0 &&
	    (st = snapshot_mix(&t->average, t->model->net, t->options->average)) < 0)
		return st;
	row->images = (double)t->batch.images / fmax(now() - start, 1e-9);
	return 0;
}

/* ---- the best model -------------------------------------------------------------------- */

static bool is_better(const struct trainer *t, const struct sn_train_row *row)
{
	const struct sn_validation *now = &row->validation, *best = &t->at.best;

	if (t->at.best_epoch == 0)
		return true;
	if (t->options->select == SN_SELECT_EER && now->eer != best->eer)
		return now->eer < best->eer;
	if (t->options->select == SN_SELECT_ACCURACY && now->accuracy != best->accuracy)
		return now->accuracy > best->accuracy;
	return now->loss < best->loss;
}

static int validate(struct trainer *t, struct sn_train_row *row)
{
	const struct sn_train_options *o = t->options;
	int st = sn_validate(&row->validation, t->model, o->validation, o->validation_pairs,
			     &o->objective, t->pool);

	if (st < 0)
		return st;
	if (o->select == SN_SELECT_EER && isnan(row->validation.eer))
		return sn_fail(SN_EDATA, "the validation pairs are all same or all different: an "
					 "equal error rate to select by wants both");
	/* the noise of batch norm and dropout may hide in training what evaluation shows */
	row->collapsed |= row->validation.point && !t->at.told;
	t->at.told |= row->collapsed;
	row->validated = true;
	row->best = is_better(t, row);
	t->at.waited = row->best ? 0 : t->at.waited + 1;
	if (o->schedule.kind == SN_SCHEDULE_PLATEAU && t->at.waited == o->schedule.patience) {
		t->at.waited = 0;
		t->at.drops++;
	}
	if (!row->best)
		return 0;
	t->at.best = row->validation;
	t->at.best_epoch = row->epoch;
	return snapshot_take(&t->best, t->model->net);
}

/* What is validated and kept is the average, where there is one. */
static int end_epoch(struct trainer *t, struct sn_train_row *row)
{
	struct sn_net *net = t->model->net;
	int st;

	row->best = true;
	if (!t->options->validation)
		return 0;
	if (!snapshot_is_taken(&t->average))
		return validate(t, row);
	if ((st = snapshot_swap(&t->average, net)) < 0 || (st = validate(t, row)) < 0)
		return st;
	return snapshot_swap(&t->average, net);
}

/* ---- the whole ------------------------------------------------------------------------- */

static bool has_trials(const struct sn_pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (pairs->pair[i].trial != SN_NONE)
			return true;
	return false;
}

static int check(const struct sn_model *model, const struct sn_dataset *data,
		 const struct sn_train_options *o)
{
	int st = sn_objective_check(&o->objective, model->net);

	if (st < 0 || (st = head_check(model, &o->objective)) < 0)
		return st;
	if (o->rules && (st = sn_rules_check(o->rules, model->net,
					     o->objective.distance == SN_WEIGHTED_L1)) < 0)
		return st;
	if (o->epochs == 0 || !(o->rate > 0) ||
	    (data->has_pairs ? o->batch == 0 : o->p < 2 || o->k < 2))
		return sn_fail(SN_EUSAGE,
			       "training wants at least one epoch, a rate over 0, and a batch");
	if (o->schedule.kind == SN_SCHEDULE_PLATEAU && !o->validation)
		return sn_fail(SN_EUSAGE, "the schedule 'plateau' wants validation pairs");
	if (o->validation && o->validation_pairs->n == 0)
		return sn_fail(SN_EDATA, "no pairs to validate with");
	if (o->validation && o->select == SN_SELECT_ACCURACY && !has_trials(o->validation_pairs))
		return sn_fail(SN_EDATA, "no trials to select by: the validation pairs want "
					 "sn-pair --trials");
	return 0;
}

static int prepare(struct trainer *t)
{
	const struct sn_train_options *o = t->options;
	size_t n, outputs;
	int st;

	if ((st = check(t->model, t->data, o)) < 0 ||
	    (st = prepare_new(&t->prepare, t->data, &t->model->prep, o, sn_pool_threads(t->pool))) <
		    0)
		return st;
	n = prepare_most_images(t->prepare);
	t->dim = sn_net_dim(t->model->net);
	if (!sn_multiply(&outputs, n, t->dim))
		return sn_fail_memory();
	if (!(t->y = sn_alloc(outputs, sizeof *t->y)) ||
	    !(t->dy = sn_alloc(outputs, sizeof *t->dy)))
		return SN_ENOMEM;
	if ((st = head_lend(&t->head, t->model, &o->objective)) < 0 ||
	    (st = sn_tape_new(&t->tape, t->model->net, t->pool, n)) < 0)
		return st;
	return sn_update_new(&t->update, t->model->net,
			     &(struct sn_update_options){ o->optimizer, o->momentum, o->decay,
							  o->nesterov, o->clip, o->rules });
}

/* ---- checkpoints ----------------------------------------------------------------------- */

#define PARTS 5

static int list_parts(struct checkpoint_part part[PARTS], struct trainer *t)
{
	const size_t n = sn_net_params(t->model->net);
	float **list = sn_alloc(3 * n + 1, sizeof *list);

	if (!list)
		return SN_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		list[i] = sn_net_param(t->model->net, i)->value;
		list[n + i] = sn_update_first(t->update, i);
		list[2 * n + i] = sn_update_second(t->update, i);
	}
	part[0] = (struct checkpoint_part){ "weight", list };
	part[1] = (struct checkpoint_part){ "first", list + n };
	part[2] = (struct checkpoint_part){ "second", list + 2 * n };
	part[3] = (struct checkpoint_part){ "best", t->best.value };
	part[4] = (struct checkpoint_part){ "average", t->average.value };
	return 0;
}

static int save(struct trainer *t)
{
	const struct sn_checkpoint_options *c = &t->options->checkpoint;
	struct checkpoint_part part[PARTS];
	int st = list_parts(part, t);

	if (st < 0)
		return st;
	t->at.updates = *sn_update_steps(t->update);
	st = checkpoint_write(c->path, &t->at, c->options, t->sum, t->model->net, part, PARTS);
	free(part[0].value);
	t->saved = now();
	return st;
}

static bool is_due(const struct trainer *t)
{
	const struct sn_checkpoint_options *c = &t->options->checkpoint;

	if (!c->path)
		return false;
	return c->steps ? t->at.step % c->steps == 0 : now() - t->saved >= c->seconds;
}

static int resume(struct trainer *t)
{
	const struct sn_train_options *o = t->options;
	struct sn_net *net = t->model->net;
	struct checkpoint_part part[PARTS];
	struct sn_reader *r;
	int st = checkpoint_open(&r, o->checkpoint.resume, &t->at, o->checkpoint.options, t->sum);

	if (st < 0)
		return st;
	/* room for what was there */
	if ((t->at.best_epoch && (st = snapshot_take(&t->best, net)) < 0) ||
	    (t->at.step && o->average > 0 && (st = snapshot_take(&t->average, net)) < 0) ||
	    (st = list_parts(part, t)) < 0) {
		sn_reader_close(r);
		return st;
	}
	*sn_update_steps(t->update) = t->at.updates;
	st = checkpoint_read(r, net, part, PARTS);
	free(part[0].value);
	return st;
}

/* The first checkpoint is written before any work, so that what cannot be written is known soon. */
static int begin(struct trainer *t)
{
	const struct sn_train_options *o = t->options;
	const bool wanted = o->checkpoint.path || o->checkpoint.resume;
	int st;

	if (wanted && (st = checkpoint_sum(&t->sum, t->data, o)) < 0)
		return st;
	if (o->checkpoint.resume && (st = resume(t)) < 0)
		return st;
	return o->checkpoint.path ? save(t) : 0;
}

/* ---- from step to step ----------------------------------------------------------------- */

static int run(struct trainer *t, int (*tell)(void *, const struct sn_train_row *), void *context)
{
	const struct sn_train_options *o = t->options;
	const uint64_t epoch = prepare_steps(t->prepare);
	int st;

	while (t->at.step < o->epochs * epoch) {
		struct sn_train_row row = { .step = t->at.step + 1,
					    .epoch = t->at.step / epoch + 1,
					    .steps = o->epochs * epoch };
		const bool last = row.step % epoch == 0;
		row.rate = o->rate * sn_schedule_factor(&o->schedule, t->at.step, epoch, row.steps,
							t->at.drops);
		if ((st = step(t, &row)) < 0 || (last && (st = end_epoch(t, &row)) < 0))
			return sn_fail_at(st, "step %" PRIu64, row.step);
		t->at.step = row.step;
		if (tell && (st = tell(context, &row)) < 0)
			return st;
		if (last && o->validation && o->patience &&
		    row.epoch - t->at.best_epoch >= o->patience)
			break;
		if (is_due(t) && (st = save(t)) < 0)
			return st;
	}
	if (snapshot_is_taken(&t->best))
		return snapshot_swap(&t->best, t->model->net);
	return snapshot_swap(&t->average, t->model->net);
}

int sn_train(struct sn_model *model, const struct sn_dataset *data,
	     const struct sn_train_options *options, struct sn_pool *pool,
	     int (*row)(void *context, const struct sn_train_row *row), void *context)
{
	struct trainer t = { .model = model, .data = data, .options = options, .pool = pool };
	int st;

	if ((st = prepare(&t)) == 0 && (st = begin(&t)) == 0 && (st = run(&t, row, context)) == 0) {
		sn_objective_note(&options->objective, model);
		sn_threshold_clear(&model->threshold);
	}
	snapshot_release(&t.best);
	snapshot_release(&t.average);
	head_return(&t.head, model);
	sn_update_free(t.update);
	sn_tape_free(t.tape);
	prepare_free(t.prepare);
	free(t.y);
	free(t.dy);
	free(t.d);
	return st;
}
