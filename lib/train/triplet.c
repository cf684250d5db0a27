/*
 * The triplet loss (Schroff, Kalenichenko, Philbin 2015; Hermans, Beyer, Leibe 2017) of an anchor
 * a, a positive p and a negative n, whose pairs with a are given, with margin m:
 *     L = max(0, D(a,p) - D(a,n) + m)
 *   batch-all   the mean over all triplets
 *   batch-hard  of each anchor that has both, the farthest positive and the nearest negative
 *   semi-hard   of each anchor and positive, the nearest negative that is farther than the
 *               positive; where there is none, the farthest one
 * Of equally far ones the first image counts.
 */
#include "loss_private.h"

struct sums {
	double loss;
	uint64_t terms, active;
};

static void add(struct sums *s, double *slope, const struct partner *p, const struct partner *n,
		const double *d, double m)
{
	double l = d[p->pair] - d[n->pair] + m;

	s->terms++;
	if (l <= 0)
		return;
	s->loss += l;
	s->active++;
	slope[p->pair] += 1;
	slope[n->pair] -= 1;
}

static void batch_all(struct sums *s, double *slope, const struct partner *from,
		      const struct partner *to, const double *d, double m)
{
	for (const struct partner *p = from; p < to; p++)
		for (const struct partner *n = from; p->same && n < to; n++)
			if (!n->same)
				add(s, slope, p, n, d, m);
}

static void batch_hard(struct sums *s, double *slope, const struct partner *from,
		       const struct partner *to, const double *d, double m)
{
	const struct partner *p = NULL, *n = NULL;

	for (const struct partner *k = from; k < to; k++) {
		if (k->same && (!p || d[k->pair] > d[p->pair]))
			p = k;
		if (!k->same && (!n || d[k->pair] < d[n->pair]))
			n = k;
	}
	if (p && n)
		add(s, slope, p, n, d, m);
}

static void semi_hard(struct sums *s, double *slope, const struct partner *from,
		      const struct partner *to, const double *d, double m)
{
	for (const struct partner *p = from; p < to; p++) {
		const struct partner *beyond = NULL, *farthest = NULL;
		for (const struct partner *n = from; p->same && n < to; n++) {
			if (n->same)
				continue;
			if (!farthest || d[n->pair] > d[farthest->pair])
				farthest = n;
			if (d[n->pair] > d[p->pair] && (!beyond || d[n->pair] < d[beyond->pair]))
				beyond = n;
		}
		if (farthest)
			add(s, slope, p, beyond ? beyond : farthest, d, m);
	}
}

int triplet_loss(struct sn_loss_result *result, double *slope, const struct sn_objective *o,
		 const struct partners *p, size_t n, const double *value)
{
	struct sums s = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct partner *from = p->list + p->first[i], *to = p->list + p->first[i + 1];
		switch (o->mining) {
		case SN_BATCH_ALL:
			batch_all(&s, slope, from, to, value, o->margin);
			break;
		case SN_BATCH_HARD:
			batch_hard(&s, slope, from, to, value, o->margin);
			break;
		case SN_SEMI_HARD:
			semi_hard(&s, slope, from, to, value, o->margin);
			break;
		}
	}
	result->terms = s.terms;
	result->loss = s.terms ? s.loss / (double)s.terms : 0;
	result->active = s.terms ? (double)s.active / (double)s.terms : 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = p->first[i]; k < p->first[i + 1]; k++)
			if (p->list[k].image > i && s.terms) /* each pair once */
				slope[p->list[k].pair] /= (double)s.terms;
	return 0;
}
