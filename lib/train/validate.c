/* validate - loss and equal error rate of pairs in evaluation mode, as the pipe of filters has them
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/metric.h>
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
	int st = 0;

	if (!x)
		return SN_ENOMEM;
	for (size_t from = 0; st == 0 && from < n; from += CHUNK) {
		size_t m = n - from < CHUNK ? n - from : CHUNK;
		for (size_t i = 0; i < m; i++)
			sn_prep_floats(&model->prep, data->pixels + image[from + i] * data->image,
				       x + i * data->image);
		st = sn_net_embed(model->net, pool, x, m, y + from * dim);
	}
	free(x);
	return st;
}

/* Distances and rows of the pairs; the scores of verification. */
static int measure_rows(struct sn_scores *scores, struct sn_index_pair *at, float *d,
			const struct sn_pairs *pairs, const size_t *row, const float *y,
			const struct sn_model *model, enum sn_distance distance)
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
			st = sn_scores_add(scores, d[i], p->same == SN_SAME);
	}
	return st;
}

int sn_validate(double *mean, double *eer, bool *point, struct sn_model *model,
		const struct sn_dataset *data, const struct sn_pairs *pairs,
		const struct sn_objective *objective, struct sn_pool *pool)
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
	struct sn_scores scores = { 0 };
	double threshold;
	int st = SN_ENOMEM;

	if (!row || !image || !at || !d)
		goto out;
	n = number_rows(row, image, pairs, data->items.n);
	if (!sn_multiply(&size, n, dim) || !(y = sn_alloc(size, sizeof *y)))
		goto out;
	b.y = y;
	b.n = n;
	if ((st = embed_rows(y, model, data, image, n, pool)) < 0 ||
	    (st = measure_rows(&scores, at, d, pairs, row, y, model, objective->distance)) < 0)
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
	*mean = result.loss;
	*point = true;
	for (size_t i = 1; *point && i < n; i++)
		*point = memcmp(y, y + i * dim, dim * sizeof *y) == 0;
	*eer = NAN;
	if (scores.n_same && scores.n_different && (st = sn_scores_sort(&scores)) == 0)
		*eer = sn_eer(&scores, &threshold);
out:
	sn_scores_release(&scores);
	free(y);
	free(d);
	free(at);
	free(image);
	free(row);
	return st;
}
