/* The losses of training: one mean and one gradient, whatever the family. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include "loss_private.h"

const char *const sn_loss_names[] = { "contrastive", "double-margin",	 "cross-entropy",
				      "cosine",	     "triplet",		 "nt-xent",
				      "supcon",	     "multi-similarity", NULL };
const char *const sn_contrastive_forms[] = { "hadsell", "caffe", "caffe-legacy", "keras",
					     "pml",	"st",	 "dlib",	 NULL };
const char *const sn_mining_names[] = { "batch-all", "batch-hard", "semi-hard", NULL };

/* ---- what a loss is like --------------------------------------------------------------------- */

bool sn_loss_is_sum(enum sn_loss loss)
{
	return loss < SN_LOSS_TRIPLET;
}

bool sn_loss_has_margin(enum sn_loss loss)
{
	return loss == SN_LOSS_CONTRASTIVE || loss == SN_LOSS_DOUBLE_MARGIN ||
	       loss == SN_LOSS_COSINE || loss == SN_LOSS_TRIPLET;
}

double sn_loss_margin(enum sn_loss loss, enum sn_contrastive_form form)
{
	if (loss == SN_LOSS_COSINE)
		return 0;
	if (loss == SN_LOSS_CONTRASTIVE && form == SN_CONTRASTIVE_ST)
		return 0.5;
	if (loss == SN_LOSS_CONTRASTIVE && form == SN_CONTRASTIVE_DLIB)
		return 0.04;
	return NAN;
}

enum sn_distance sn_loss_distance(enum sn_loss loss, enum sn_contrastive_form form,
				  enum sn_distance otherwise)
{
	switch (loss) {
	case SN_LOSS_CONTRASTIVE:
		return form == SN_CONTRASTIVE_PML || form == SN_CONTRASTIVE_ST ? SN_COSINE
									       : otherwise;
	case SN_LOSS_CROSS_ENTROPY:
		return SN_WEIGHTED_L1;
	case SN_LOSS_COSINE:
	case SN_LOSS_NT_XENT:
	case SN_LOSS_SUPCON:
	case SN_LOSS_MULTI_SIMILARITY:
		return SN_COSINE;
	default:
		return otherwise;
	}
}

static int check_margin(const struct sn_objective *o)
{
	if (o->loss == SN_LOSS_COSINE) {
		if (!(o->margin >= -1 && o->margin < 1))
			return sn_fail(SN_EUSAGE,
				       "margin %g is no cosine, which are from -1 to below 1",
				       o->margin);
		return 0;
	}
	if (!(o->margin > 0) || !isfinite(o->margin))
		return sn_fail(SN_EUSAGE, "margin %g is not greater than 0", o->margin);
	if ((o->loss == SN_LOSS_DOUBLE_MARGIN ||
	     (o->loss == SN_LOSS_CONTRASTIVE && o->form == SN_CONTRASTIVE_PML)) &&
	    !(o->same_margin >= 0 && o->same_margin < o->margin))
		return sn_fail(SN_EUSAGE,
			       "the same pairs' margin %g is not between 0 and the margin %g",
			       o->same_margin, o->margin);
	return 0;
}

int sn_loss_check(const struct sn_objective *o)
{
	if (o->loss == SN_LOSS_CROSS_ENTROPY && o->distance != SN_WEIGHTED_L1)
		return sn_fail(SN_EUSAGE,
			       "the loss cross-entropy wants the distance weighted-l1, not %s",
			       sn_distance_names[o->distance]);
	if (o->loss == SN_LOSS_COSINE && o->distance != SN_COSINE)
		return sn_fail(SN_EUSAGE, "the loss cosine wants the distance cosine, not %s",
			       sn_distance_names[o->distance]);
	if ((o->loss == SN_LOSS_NT_XENT || o->loss == SN_LOSS_SUPCON) && !(o->temperature > 0))
		return sn_fail(SN_EUSAGE, "temperature %g is not above 0", o->temperature);
	if (o->loss == SN_LOSS_MULTI_SIMILARITY &&
	    (!(o->alpha > 0) || !(o->beta > 0) || !(o->epsilon >= 0) || !isfinite(o->base)))
		return sn_fail(SN_EUSAGE, "multi-similarity wants alpha and beta above 0");
	return sn_loss_has_margin(o->loss) ? check_margin(o) : 0;
}

/* ---- sums over pairs ------------------------------------------------------------------------- */

double sn_loss_pair(double *slope, const struct sn_objective *o, float d, bool same)
{
	double ignored;

	if (!slope)
		slope = &ignored;
	switch (o->loss) {
	case SN_LOSS_CONTRASTIVE:
		return contrastive_pair(slope, o, (double)d, same);
	case SN_LOSS_DOUBLE_MARGIN:
		return double_margin_pair(slope, o, (double)d, same);
	case SN_LOSS_CROSS_ENTROPY:
		return koch_pair(slope, (double)d, same);
	case SN_LOSS_COSINE:
		return cosine_pair(slope, o, (double)d, same);
	default:
		return *slope = NAN;
	}
}

void sn_loss_add(struct sn_loss_sum *sum, double loss, bool same)
{
	sum->all += loss;
	sum->by[same] += loss;
	sum->n[same]++;
	sum->nonzero[same] += loss != 0;
}

double sn_loss_mean(double weight[2], const struct sn_objective *o, const struct sn_loss_sum *sum,
		    bool balance)
{
	uint64_t n = sum->n[0] + sum->n[1];
	bool pml = o->loss == SN_LOSS_CONTRASTIVE && o->form == SN_CONTRASTIVE_PML;
	bool dlib = o->loss == SN_LOSS_CONTRASTIVE && o->form == SN_CONTRASTIVE_DLIB;
	double w[2] = { 0, 0 };

	for (int s = 0; s < 2 && n; s++) {
		if (pml) /* two means, of the pairs that have a loss */
			w[s] = sum->nonzero[s] ? 1 / (double)sum->nonzero[s] : 0;
		else if (dlib)
			w[s] = 0.5 / (double)(sum->n[1] ? sum->n[1] : 1);
		else if (balance)
			w[s] = sum->n[s] ? 0.5 / (double)sum->n[s] : 0;
		else
			w[s] = 1 / (double)n;
	}
	if (weight)
		memcpy(weight, w, sizeof w);
	if (n == 0)
		return 0;
	/* the plain mean is one sum in the order of the pairs */
	return pml || dlib || balance ? w[0] * sum->by[0] + w[1] * sum->by[1]
				      : sum->all / (double)n;
}

static enum chain sum_of_pairs(struct sn_loss_result *result, double *slope,
			       const struct sn_objective *o, const struct sn_loss_batch *b)
{
	bool logit = b->y && o->distance == SN_WEIGHTED_L1;
	struct sn_loss_sum sum = { 0 };
	double weight[2];
	size_t active = 0;

	for (size_t i = 0; i < b->pairs; i++) {
		bool same = b->pair[i].same == SN_SAME;
		sn_loss_add(&sum, sn_loss_pair(&slope[i], o, b->d[i], same), same);
	}
	result->loss = sn_loss_mean(weight, o, &sum, b->balance);
	for (size_t i = 0; i < b->pairs; i++) {
		const struct sn_index_pair *p = &b->pair[i];
		bool same = p->same == SN_SAME;
		active += slope[i] != 0;
		if (logit) {
			double z = sn_logit(b->y + p->a * b->dim, b->y + p->b * b->dim, b->dim,
					    b->head);
			if (o->loss == SN_LOSS_CROSS_ENTROPY)
				slope[i] = koch_slope(z, same);
			else if (slope[i] != 0) /* dd/dz, so that neither end cancels */
				slope[i] *= -1 / ((1 + exp(z)) * (1 + exp(-z)));
		}
		slope[i] *= weight[same];
	}
	result->terms = b->pairs;
	result->active = b->pairs ? (double)active / (double)b->pairs : 0;
	return logit ? CHAIN_LOGIT : CHAIN_DISTANCE;
}

/* ---- losses that look at an image's partners ---------------------------------------------------
 */

static int of_partners(struct sn_loss_result *result, double *slope, double *value,
		       const struct sn_objective *o, const struct sn_loss_batch *b,
		       enum chain *chain)
{
	struct partners p;
	int st;

	*chain = o->loss == SN_LOSS_TRIPLET ? CHAIN_DISTANCE : CHAIN_SIMILARITY;
	if ((st = partners_new(&p, b)) < 0)
		return st;
	for (size_t i = 0; i < b->pairs; i++) {
		const float *x = b->y + b->pair[i].a * b->dim, *y = b->y + b->pair[i].b * b->dim;
		value[i] = *chain == CHAIN_DISTANCE ? (double)b->d[i] : sn_similarity(x, y, b->dim);
		if (!isfinite(value[i])) {
			partners_release(&p);
			return sn_fail(SN_ENAN, "the %s of two embeddings is not finite",
				       *chain == CHAIN_DISTANCE ? "distance" : "similarity");
		}
	}
	if (o->loss == SN_LOSS_TRIPLET)
		st = triplet_loss(result, slope, o, &p, b->n, value);
	else if (o->loss == SN_LOSS_MULTI_SIMILARITY)
		st = multi_similarity_loss(result, slope, o, &p, b->n, value);
	else
		st = softmax_loss(result, slope, o, &p, b->n, value);
	partners_release(&p);
	if (st == 0 && *chain == CHAIN_DISTANCE && o->distance == SN_WEIGHTED_L1) {
		for (size_t i = 0; i < b->pairs; i++) {
			double z = sn_logit(b->y + b->pair[i].a * b->dim,
					    b->y + b->pair[i].b * b->dim, b->dim, b->head);
			slope[i] *= -1 / ((1 + exp(z)) * (1 + exp(-z)));
		}
		*chain = CHAIN_LOGIT;
	}
	return st;
}

/* ---- from the pairs' slopes to the embeddings' --------------------------------------------------
 */

static int round_down(float *to, const double *from, size_t n)
{
	bool finite = true;

	for (size_t i = 0; i < n; i++) {
		to[i] = (float)from[i];
		finite &= isfinite(to[i]) != 0;
	}
	return finite ? 0 : sn_fail(SN_ENAN, "the gradient of the loss is not finite");
}

static int spread_slopes(const struct sn_loss_result *result, const double *slope, enum chain chain,
			 const struct sn_objective *o, const struct sn_loss_batch *b)
{
	size_t dim = b->dim, size;
	double *sum, *head;
	int st;

	if (!sn_multiply(&size, b->n, dim))
		return sn_fail_memory();
	sum = sn_alloc(size + 1, sizeof *sum);
	head = sn_alloc(dim + 1, sizeof *head);
	if (!sum || !head) {
		free(sum);
		free(head);
		return SN_ENOMEM;
	}
	for (size_t i = 0; i < b->pairs; i++) {
		const struct sn_index_pair *p = &b->pair[i];
		const float *x = b->y + p->a * dim, *y = b->y + p->b * dim;
		double *gx = sum + p->a * dim, *gy = sum + p->b * dim;
		if (slope[i] == 0)
			continue;
		if (chain == CHAIN_LOGIT)
			sn_logit_gradient(gx, gy, head, slope[i], x, y, dim, b->head);
		else if (chain == CHAIN_SIMILARITY)
			sn_distance_gradient(SN_COSINE, gx, gy, -slope[i], 0, x, y, dim, NULL);
		else
			sn_distance_gradient(o->distance, gx, gy, slope[i], b->d[i], x, y, dim,
					     NULL);
	}
	st = round_down(result->dy, sum, size);
	if (st == 0 && result->dhead)
		st = round_down(result->dhead, head, b->head ? dim + 1 : 0);
	free(sum);
	free(head);
	return st;
}

int sn_loss_measure(struct sn_loss_result *result, const struct sn_objective *o,
		    const struct sn_loss_batch *b)
{
	double *slope, *value;
	enum chain chain = CHAIN_DISTANCE;
	int st = 0;

	if (o->filter)
		return loss_filter_measure(result, o, b);
	slope = sn_alloc(b->pairs + 1, sizeof *slope);
	value = sn_alloc(b->pairs + 1, sizeof *value);
	if (!slope || !value)
		st = SN_ENOMEM;
	else if (sn_loss_is_sum(o->loss))
		chain = sum_of_pairs(result, slope, o, b);
	else
		st = of_partners(result, slope, value, o, b, &chain);
	if (st == 0 && !isfinite(result->loss))
		st = sn_fail(SN_ENAN, "the loss is not finite");
	if (st == 0 && result->dy)
		st = spread_slopes(result, slope, chain, o, b);
	free(slope);
	free(value);
	return st;
}
