/* validate - loss and equal error rate of pairs in evaluation mode, as the pipe of filters has them
 */
#include <math.h>
#include <stdlib.h>
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

int sn_validate(double *mean, double *eer, struct sn_model *model, const struct sn_dataset *data,
		const struct sn_pairs *pairs, const struct sn_objective *objective,
		struct sn_pool *pool)
{
	size_t dim = sn_net_dim(model->net), n, size;
	size_t *row = sn_alloc(data->items.n, sizeof *row);
	size_t *image = sn_alloc(data->items.n, sizeof *image);
	struct sn_scores scores = { 0 };
	float *y = NULL;
	double sum = 0, threshold;
	int st = SN_ENOMEM;

	if (!row || !image)
		goto out;
	n = number_rows(row, image, pairs, data->items.n);
	if (!sn_multiply(&size, n, dim) || !(y = sn_alloc(size, sizeof *y)))
		goto out;
	if ((st = embed_rows(y, model, data, image, n, pool)) < 0)
		goto out;
	for (size_t i = 0; i < pairs->n; i++) {
		const struct sn_index_pair *p = &pairs->pair[i];
		bool same = p->same == SN_SAME;
		float d = sn_distance(objective->distance, y + row[p->a] * dim, y + row[p->b] * dim,
				      dim, NULL);
		sum += sn_contrastive(NULL, d, same, objective->margin);
		if ((st = sn_scores_add(&scores, d, same)) < 0)
			goto out;
	}
	*mean = sum / (double)pairs->n;
	*eer = NAN;
	if (!isfinite(*mean)) {
		st = sn_fail(SN_ENAN, "validation loss is not finite");
	} else if (scores.n_same && scores.n_different) {
		if ((st = sn_scores_sort(&scores)) == 0)
			*eer = sn_eer(&scores, &threshold);
	}
out:
	sn_scores_release(&scores);
	free(y);
	free(image);
	free(row);
	return st;
}
