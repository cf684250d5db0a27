/* objective - what is to be learnt, checked against the network, and noted in the model */
#include <math.h>
#include <string.h>
#include <sn/train.h>
#include "head.h"

double sn_reach(const struct sn_net *net, enum sn_distance distance)
{
	double dim = (double)sn_net_dim(net), range;
	float least, most;
	bool unit;

	sn_net_range(net, &least, &most, &unit);
	range = (double)most - (double)least;
	switch (distance) {
	case SN_EUCLIDEAN:
		return unit ? fmin(2, sqrt(dim) * range) : sqrt(dim) * range;
	case SN_SQEUCLIDEAN:
		return unit ? fmin(4, dim * range * range) : dim * range * range;
	case SN_MANHATTAN:
		return unit ? fmin(2 * sqrt(dim), dim * range) : dim * range;
	case SN_COSINE:
		return least >= 0 || most <= 0 ? 1 : 2;
	case SN_WEIGHTED_L1:
		return 1;
	}
	return INFINITY;
}

/* What a margin asks of the distance, at most; 0: nothing. */
static double wanted(const struct sn_objective *o)
{
	if (!sn_objective_is_far(o))
		return 0;
	if (o->loss != SN_LOSS_CONTRASTIVE)
		return o->margin;
	switch (o->form) {
	case SN_CONTRASTIVE_CAFFE_LEGACY:
		return sqrt(o->margin);
	case SN_CONTRASTIVE_PML: /* its distance is sqrt(2C) of the cosine's */
		return o->distance == SN_COSINE ? o->margin * o->margin / 2 : o->margin;
	case SN_CONTRASTIVE_DLIB:
		return 0.6 + o->margin;
	default:
		return o->margin;
	}
}

bool sn_objective_is_far(const struct sn_objective *o)
{
	return !o->filter && sn_loss_has_margin(o->loss) && o->loss != SN_LOSS_COSINE;
}

int sn_objective_check(const struct sn_objective *objective, const struct sn_net *net)
{
	double reach = sn_reach(net, objective->distance);
	int st = objective->filter ? 0 : sn_loss_check(objective);

	if (st < 0)
		return st;
	if (!(wanted(objective) <= reach))
		return sn_fail(SN_EUSAGE,
			       "margin %g is out of reach: after the last layer '%s' two "
			       "embeddings of %zu numbers "
			       "are at most %g apart (%s); give a smaller -M, or end the network "
			       "otherwise",
			       objective->margin, sn_net_layer(net, sn_net_layers(net) - 1).name,
			       sn_net_dim(net), reach, sn_distance_names[objective->distance]);
	return 0;
}

void sn_objective_note(const struct sn_objective *o, struct sn_model *model)
{
	const char *name = sn_loss_names[o->loss];
	double margin = sn_loss_has_margin(o->loss) && o->loss != SN_LOSS_COSINE ? o->margin : NAN;

	model->distance = o->distance;
	if (o->filter) {
		name = sn_loss_filter_name(o->filter);
		margin = sn_loss_filter_margin(o->filter);
		if (sn_loss_filter_distance(o->filter) >= 0)
			model->distance = (enum sn_distance)sn_loss_filter_distance(o->filter);
	}
	strcpy(model->loss, name ? name : "filter");
	if (margin > 0)
		model->margin = margin;
}
