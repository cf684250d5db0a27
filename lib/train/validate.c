/* validate - loss, error rate and answers of pairs in evaluation mode, as the pipe of filters has
 * them */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/evaluation.h>
#include <sn/train.h>

#define CHUNK 256 /* images embedded at a time */

/* Give each image that a pair names a row, in rising order; *n rows. */
static size_t number_rows(size_t *row, size_t *image, const struct sn_pairs *pairs, size_t items)
{
	size_t n = 0;

	for (size_t i = 0; i < pairs->n; i++)
		row[pairs->pair[i].a] = row[pairs->pair[i].b] = 1;
	for (size_t i = 0; i < items; i++)
		if (row[i]) {
			image[n] = i;
			row[i] = n++;
		}
	return n;
}

static int embed_rows(float *y, struct sn_model *model, const struct sn_dataset *data,
		      const size_t *image, size_t n, struct sn_pool *pool)
{
	size_t dim = sn_net_dim(model->net);
	float *x = sn_alloc(CHUNK * data->image, sizeof *x);
	struct sn_prep_table table;
	int st = 0;

	if (!x)
		return SN_ENOMEM;
	sn_prep_table_init(&table, &model->prep);
	for (size_t from = 0; st == 0 && from < n; from += CHUNK) {
		size_t m = n - from < CHUNK ? n - from : CHUNK;
		for (size_t i = 0; i < m; i++)
			sn_prep_floats(&table, data->pixels + image[from + i] * data->image,
				       x + i * data->image);
		st = sn_model_embed(model, pool, x, m, y + from * dim);
	}
	free(x);
	return st;
}

/* What the distances say besides the loss. */
struct answers {
	struct sn_scores scores;
	struct sn_trials trials;
};

static int add_answer(struct answers *a, const struct sn_dataset *data,
		      const struct sn_index_pair *p, float d)
{
	int st = sn_scores_add(&a->scores, d, p->same == SN_SAME);

	if (st < 0 || p->trial == SN_NONE)
		return st;
	return sn_trials_add(&a->trials, p->trial, sn_trial_class(&data->items.entry[p->b]), d,
			     p->same == SN_SAME);
}

static int count_answers(struct answers *a, struct sn_validation *found)
{
	struct sn_trials_result result;
	double threshold;
	int st;

	found->eer = found->accuracy = NAN;
	if (a->scores.same.n && a->scores.different.n) {
		if ((st = sn_scores_sort(&a->scores)) < 0)
			return st;
		found->eer = sn_eer(&a->scores, &threshold);
	}
	if (sn_trials_any(&a->trials)) {
		if ((st = sn_trials_score(&a->trials, &result)) < 0)
			return st;
		found->accuracy = (double)result.right / (double)result.trials;
	}
	return 0;
}

/* Distances and rows of the pairs. */
static int measure_rows(struct answers *answers, struct sn_index_pair *at, float *d,
			const struct sn_dataset *data, const struct sn_pairs *pairs,
			const size_t *row, const float *y, const struct sn_model *model,
			enum sn_distance distance)
{
	size_t dim = sn_net_dim(model->net);
	int st = 0;

	for (size_t i = 0; st == 0 && i < pairs->n; i++) {
		const struct sn_index_pair *p = &pairs->pair[i];
		at[i] = *p;
		at[i].a = row[p->a];
		at[i].b = row[p->b];
		d[i] = sn_distance(distance, y + at[i].a * dim, y + at[i].b * dim, dim,
				   model->head);
		if (!isfinite(d[i]))
			st = sn_fail(SN_ENAN, "validation loss is not finite");
		else
			st = add_answer(answers, data, p, d[i]);
	}
	return st;
}

int sn_validate(struct sn_validation *found, struct sn_model *model, const struct sn_dataset *data,
		const struct sn_pairs *pairs, const struct sn_objective *objective,
		struct sn_pool *pool)
{
	size_t dim = sn_net_dim(model->net), n, size;
	size_t *row = sn_alloc(data->items.n, sizeof *row);
	size_t *image = sn_alloc(data->items.n, sizeof *image);
	struct sn_index_pair *at = sn_alloc(pairs->n, sizeof *at);
	float *d = sn_alloc(pairs->n, sizeof *d), *y = NULL;
	struct sn_loss_batch b = { .dim = dim,
				   .pair = at,
				   .pairs = pairs->n,
				   .d = d,
				   .head = model->head,
				   .items = &data->items,
				   .image = image };
	struct sn_loss_result result = { 0 };
	struct answers answers = { 0 };
	int st = SN_ENOMEM;

	if (!row || !image || !at || !d)
		goto out;
	n = number_rows(row, image, pairs, data->items.n);
	if (!sn_multiply(&size, n, dim) || !(y = sn_alloc(size, sizeof *y)))
		goto out;
	b.y = y;
	b.n = n;
	if ((st = embed_rows(y, model, data, image, n, pool)) < 0 ||
	    (st = measure_rows(&answers, at, d, data, pairs, row, y, model, objective->distance)) <
		    0)
		goto out;
	if ((st = sn_loss_measure(&result, objective, &b)) < 0) {
		st = sn_fail_at(st, "validation");
		goto out;
	}
	if (result.terms == 0) {
		st = sn_fail(SN_EDATA,
			     "no image of the validation pairs has the partners that the "
			     "loss '%s' compares; validate by pairs of sn-pair --batch",
			     sn_loss_names[objective->loss]);
		goto out;
	}
	found->loss = result.loss;
	found->point = true;
	for (size_t i = 1; found->point && i < n; i++)
		found->point = memcmp(y, y + i * dim, dim * sizeof *y) == 0;
	st = count_answers(&answers, found);
out:
	sn_scores_release(&answers.scores);
	sn_trials_release(&answers.trials);
	free(y);
	free(d);
	free(at);
	free(image);
	free(row);
	return st;
}
