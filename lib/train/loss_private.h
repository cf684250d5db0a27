/* loss_private - what the families of losses share */
#ifndef LOSS_PRIVATE_H
#define LOSS_PRIVATE_H

#include <sn/loss.h>

/*
 * Every loss comes down to one number for each pair: what the mean loss gains where the pair's
 * distance, similarity or logit grows.  The way from there to the embeddings is the same for all.
 */
enum chain { CHAIN_DISTANCE, CHAIN_SIMILARITY, CHAIN_LOGIT };

/** Sums over pairs, one pair: loss and dL/dD. */
double contrastive_pair(double *slope, const struct sn_objective *o, double d, bool same);
double double_margin_pair(double *slope, const struct sn_objective *o, double d, bool same);
double cosine_pair(double *slope, const struct sn_objective *o, double d, bool same);
double koch_pair(double *slope, double d, bool same);
/** dL/dz of the logit z, where d = 1 / (1 + e^z): exact, where d as a float is not. */
double koch_slope(double z, bool same);

/** A partner of an image: the image and the pair that says so. */
struct partner {
	size_t image, pair;
	bool same;
};

/** Every image's partners: those of i are list[first[i]] to list[first[i + 1] - 1], by image. */
struct partners {
	size_t *first; /* [n + 1] */
	struct partner *list;
};
/** A pair that is said twice counts once. SN_EDATA where the two differ; SN_ENOMEM. */
SN_MUST_CHECK int partners_new(struct partners *p, const struct sn_loss_batch *batch);
void partners_release(struct partners *p);

/**
 * The others.  value [pairs]: distances or cosine similarities; slope [pairs], zero before: dL/d
 * of them.  loss, terms and active are set.
 */
SN_MUST_CHECK int triplet_loss(struct sn_loss_result *result, double *slope,
			       const struct sn_objective *o, const struct partners *p, size_t n,
			       const double *value);
SN_MUST_CHECK int softmax_loss(struct sn_loss_result *result, double *slope,
			       const struct sn_objective *o, const struct partners *p, size_t n,
			       const double *value);
SN_MUST_CHECK int multi_similarity_loss(struct sn_loss_result *result, double *slope,
					const struct sn_objective *o, const struct partners *p,
					size_t n, const double *value);

/** loss_filter.c: the same by another program. */
SN_MUST_CHECK int loss_filter_measure(struct sn_loss_result *result, const struct sn_objective *o,
				      const struct sn_loss_batch *batch);

#endif
