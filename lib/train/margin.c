/* margin - one that suits the distances as they are before any training */
#include <math.h>
#include <stdlib.h>
#include "head.h"
#include "plan.h"

/* Mean distance of a batch's different pairs; 0 where there are none. */
static int mean_distance(double *mean, struct sn_model *model, const struct sn_dataset *data,
			 const struct batch *batch, enum sn_distance distance, struct sn_pool *pool)
{
	size_t dim = sn_net_dim(model->net), n = 0;
	float *x = sn_alloc(batch->images * data->image, sizeof *x);
	float *y = sn_alloc(batch->images * dim, sizeof *y);
	struct sn_prep_table table;
	double sum = 0;
	int st = x && y ? 0 : SN_ENOMEM;

	sn_prep_table_init(&table, &model->prep);
	for (size_t i = 0; st == 0 && i < batch->images; i++)
		sn_prep_floats(&table, data->pixels + batch->image[i] * data->image,
			       x + i * data->image);
	if (st == 0)
		st = sn_model_embed(model, pool, x, batch->images, y);
	for (size_t i = 0; st == 0 && i < batch->pairs; i++) {
		const struct sn_index_pair *p = &batch->pair[i];
		if (p->same == SN_SAME)
			continue;
		sum += sn_distance(distance, y + p->a * dim, y + p->b * dim, dim, model->head);
		n++;
	}
	*mean = n ? sum / (double)n : 0;
	free(x);
	free(y);
	if (st == 0 && n && !(*mean > 0 && isfinite(*mean)))
		return sn_fail(SN_EDATA,
			       "all different pictures are at distance %g before the "
			       "training, which makes no margin: give one with -M",
			       *mean);
	return st;
}

/* In the margin's unit, where that is not the distance's. */
static double as_margin(const struct sn_objective *o, double mean)
{
	if (o->loss == SN_LOSS_TRIPLET)
		return mean / 2;
	if (o->loss == SN_LOSS_CONTRASTIVE && o->form == SN_CONTRASTIVE_CAFFE_LEGACY)
		return mean * mean;
	if (o->loss == SN_LOSS_CONTRASTIVE && o->form == SN_CONTRASTIVE_PML &&
	    o->distance == SN_COSINE)
		return sqrt(2 * mean);
	return mean;
}

int sn_train_margin(double *margin, struct sn_model *model, const struct sn_dataset *data,
		    const struct sn_train_options *options, struct sn_pool *pool)
{
	const struct sn_objective *o = &options->objective;
	struct plan *plan;
	struct batch batch;
	double mean = 0;
	int st = head_check(model, o);

	if (st < 0)
		return st;
	if (!sn_objective_is_far(o) ||
	    (o->loss == SN_LOSS_CONTRASTIVE && o->form == SN_CONTRASTIVE_DLIB))
		return sn_fail(SN_EUSAGE, "the margin of this loss is no distance: auto cannot "
					  "find it");
	if ((st = plan_new(&plan, data, options)) < 0)
		return st;
	for (size_t step = 0; st == 0 && mean == 0 && step < plan_steps(plan); step++)
		if ((st = plan_batch(plan, step, &batch)) == 0)
			st = mean_distance(&mean, model, data, &batch, o->distance, pool);
	plan_free(plan);
	if (st == 0 && mean == 0)
		return sn_fail(SN_EDATA, "there are no different pairs to find a margin by: give "
					 "one with -M");
	if (st == 0)
		*margin = as_margin(o, mean);
	return st;
}
