/*
 * Losses that choose among an image's partners, s the cosine of two embeddings, t the temperature.
 *
 *   nt-xent  Chen, Kornblith, Norouzi, Hinton 2020: of each image i and positive p, against the
 *            negatives of i,
 *                L = -log( e^(s_ip/t) / (e^(s_ip/t) + sum_n e^(s_in/t)) )
 *            the mean over all (i, p), both ways round
 *   supcon   Khosla et al. 2020 (outside the logarithm): of each image i with positives P,
 *                L = -1/|P| sum_p log( e^(s_ip/t) / sum_k e^(s_ik/t) ),   k all partners of i
 *            the mean over those images
 */
#include <math.h>
#include "loss_private.h"

/* log of the sum of e^(s/t) over the partners of one kind (same: -1 any, 0, 1); -inf of none. */
static double log_sum(const struct partner *from, const struct partner *to, const double *s,
		      double t, int same)
{
	double most = -INFINITY, sum = 0;

	for (const struct partner *k = from; k < to; k++)
		if ((same < 0 || k->same == same) && s[k->pair] > most)
			most = s[k->pair];
	if (most == -INFINITY)
		return most;
	for (const struct partner *k = from; k < to; k++)
		if (same < 0 || k->same == same)
			sum += exp((s[k->pair] - most) / t);
	return most / t + log(sum);
}

/* log(1 + e^x), also where e^x is too large */
static double softplus(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* Positives of one image against its negatives; the sum of their losses. */
static double nt_xent(double *slope, const struct partner *from, const struct partner *to,
		      const double *s, double t, size_t *terms)
{
	double negatives = log_sum(from, to, s, t, 0), loss = 0, share = 0;

	for (const struct partner *k = from; k < to; k++) {
		double x = negatives - s[k->pair] / t, wrong;
		if (!k->same)
			continue;
		wrong = 1 / (1 + exp(-x)); /* what the negatives get of the choice */
		loss += softplus(x);
		share += wrong;
		slope[k->pair] -= wrong / t;
		++*terms;
	}
	for (const struct partner *k = from; share > 0 && k < to; k++)
		if (!k->same)
			slope[k->pair] += share * exp(s[k->pair] / t - negatives) / t;
	return loss;
}

static double supcon(double *slope, const struct partner *from, const struct partner *to,
		     const double *s, double t, size_t *terms)
{
	double all, mean = 0, positives = 0;

	for (const struct partner *k = from; k < to; k++)
		if (k->same) {
			positives++;
			mean += s[k->pair] / t;
		}
	if (positives == 0)
		return 0;
	++*terms;
	all = log_sum(from, to, s, t, -1);
	for (const struct partner *k = from; k < to; k++)
		slope[k->pair] += (exp(s[k->pair] / t - all) - (k->same ? 1 / positives : 0)) / t;
	return all - mean / positives;
}

int softmax_loss(struct sn_loss_result *result, double *slope, const struct sn_objective *o,
		 const struct partners *p, size_t n, const double *value)
{
	size_t terms = 0, active = 0, pairs = 0;
	double loss = 0;

	for (size_t i = 0; i < n; i++) {
		const struct partner *from = p->list + p->first[i], *to = p->list + p->first[i + 1];
		loss += (o->loss == SN_LOSS_NT_XENT ? nt_xent : supcon)(slope, from, to, value,
									o->temperature, &terms);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = p->first[i]; k < p->first[i + 1]; k++) {
			if (p->list[k].image < i) /* each pair once */
				continue;
			pairs++;
			active += slope[p->list[k].pair] != 0;
			if (terms)
				slope[p->list[k].pair] /= (double)terms;
		}
	result->terms = terms;
	result->loss = terms ? loss / (double)terms : 0;
	result->active = pairs ? (double)active / (double)pairs : 0;
	return 0;
}
