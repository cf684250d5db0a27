/*
 * The multi-similarity loss (Wang, Han, Huang, Dong, Scott 2019), s the cosine of two embeddings:
 * of an image i with positives and negatives, those are mined that are hard,
 *     P: s_ip < max_n s_in + epsilon        N: s_in > min_p s_ip - epsilon
 * and
 *     L = 1/alpha log(1 + sum_P e^(-alpha (s_ip - base))) + 1/beta log(1 + sum_N e^(beta (s_in -
 * base)))
 * The mean is over all images that are in a pair; one without positives or negatives adds 0.
 */
#include <math.h>
#include "loss_private.h"

/*
 * 1/scale log(1 + sum e^(scale (s - base))) over the hard partners of one kind; scale is -alpha or
 * beta. Shifted by the largest exponent (or 0), so that nothing overflows.
 */
static double side(double *slope, const struct partner *from, const struct partner *to,
		   const double *s, bool same, double limit, double scale, double base)
{
	double most = 0, sum;

#define HARD(k) ((k)->same == same && (same ? s[(k)->pair] < limit : s[(k)->pair] > limit))
	for (const struct partner *k = from; k < to; k++)
		if (HARD(k))
			most = fmax(most, scale * (s[k->pair] - base));
	sum = exp(-most);
	for (const struct partner *k = from; k < to; k++)
		if (HARD(k))
			sum += exp(scale * (s[k->pair] - base) - most);
	for (const struct partner *k = from; k < to; k++)
		if (HARD(k))
			slope[k->pair] +=
				(same ? -1 : 1) * exp(scale * (s[k->pair] - base) - most) / sum;
#undef HARD
	return (most + log(sum)) / fabs(scale);
}

static double image(double *slope, const struct partner *from, const struct partner *to,
		    const double *s, const struct sn_objective *o)
{
	double least_same = INFINITY, most_different = -INFINITY;

	for (const struct partner *k = from; k < to; k++)
		if (k->same)
			least_same = fmin(least_same, s[k->pair]);
		else
			most_different = fmax(most_different, s[k->pair]);
	if (least_same == INFINITY || most_different == -INFINITY)
		return 0;
	return side(slope, from, to, s, true, most_different + o->epsilon, -o->alpha, o->base) +
	       side(slope, from, to, s, false, least_same - o->epsilon, o->beta, o->base);
}

int multi_similarity_loss(struct sn_loss_result *result, double *slope,
			  const struct sn_objective *o, const struct partners *p, size_t n,
			  const double *value)
{
	size_t images = 0, pairs = 0, active = 0;
	double loss = 0;

	for (size_t i = 0; i < n; i++) {
		images += p->first[i + 1] > p->first[i];
		loss += image(slope, p->list + p->first[i], p->list + p->first[i + 1], value, o);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = p->first[i]; k < p->first[i + 1]; k++) {
			if (p->list[k].image < i) /* each pair once */
				continue;
			pairs++;
			active += slope[p->list[k].pair] != 0;
			slope[p->list[k].pair] /= (double)images;
		}
	result->terms = images;
	result->loss = images ? loss / (double)images : 0;
	result->active = pairs ? (double)active / (double)pairs : 0;
	return 0;
}
