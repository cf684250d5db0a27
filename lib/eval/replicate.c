/* replicate - the measures of verification over weighted pairs, in one walk. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "bootstrap.h"
#include "equal.h"
#include "hull.h"

enum { TARS = 4, DCFS = 2 };
static const double tar_far[TARS] = { 0.1, 0.01, 0.001, 0.0001 };
static const double dcf_p[DCFS] = { 0.01, 0.001 };

enum measure {
	MEAN_SAME,
	MEAN_DIFFERENT,
	DPRIME,
	AUC,
	EER,
	EER_THRESHOLD,
	EER_HULL,
	BEST_ACCURACY,
	TAR_AT_FAR,
	MIN_DCF = TAR_AT_FAR + TARS,
	FMR = MIN_DCF + DCFS,
	FNMR,
	MEAN_ERROR,
	AUC_RANDOM,
	EER_RANDOM,
	FMR_RANDOM,
	AUC_SKILLED,
	EER_SKILLED,
	FMR_SKILLED,
	MEASURES
};

static const char *const names[MEASURES] = {
	"mean-same",	 "mean-different", "dprime",	    "auc",
	"eer",		 "eer-threshold",  "eer-hull",	    "best-accuracy",
	"tar@far=0.1",	 "tar@far=0.01",   "tar@far=0.001", "tar@far=0.0001",
	"mindcf@p=0.01", "mindcf@p=0.001", "fmr",	    "fnmr",
	"mean-error",	 "auc-random",	   "eer-random",    "fmr-random",
	"auc-skilled",	 "eer-skilled",	   "fmr-skilled",
};

size_t sn_replicate_measures(void)
{
	return MEASURES;
}

size_t sn_replicate_measure(const char *name)
{
	size_t i = 0;
	while (i < MEASURES && strcmp(names[i], name) != 0)
		i++;
	return i;
}

/* Same pairs against those different ones that count here. */
struct view {
	uint64_t same, different;	/* all weights */
	uint64_t same_to, different_to; /* those up to here */
	unsigned __int128 halves;	/* of the area, as in sn_auc */
	struct equal equal;
	double fmr, fnmr; /* at the threshold */
};

static void view_step(struct view *v, const struct step *s, uint64_t different, double threshold)
{
	uint64_t same = s->weight[SN_KIND_SAME];
	v->same_to += same;
	v->different_to += different;
	v->halves += (unsigned __int128)same * (2 * (v->different - v->different_to) + different);
	if (same + different == 0 || v->same == 0 || v->different == 0)
		return;
	equal_step(&v->equal, (double)v->different_to / (double)v->different,
		   (double)(v->same - v->same_to) / (double)v->same, s->d);
	if (s->d <= threshold) {
		v->fmr = (double)v->different_to / (double)v->different;
		v->fnmr = (double)(v->same - v->same_to) / (double)v->same;
	}
}

static double area(const struct view *v)
{
	return (double)v->halves / 2 / (double)v->same / (double)v->different;
}

/* Sums about a point near them, so that the variance is no small difference of large numbers. */
struct moments {
	double n, sum, squares;
};

static void moments_step(struct moments *m, uint64_t weight, double from_origin)
{
	m->n += (double)weight;
	m->sum += (double)weight * from_origin;
	m->squares += (double)weight * from_origin * from_origin;
}

static double variance(const struct moments *m)
{
	double v = m->n > 1 ? (m->squares - m->sum * m->sum / m->n) / (m->n - 1) : 0;
	return v > 0 ? v : 0;
}

struct whole {
	struct view all, random, skilled;
	struct moments same, different;
	double origin, best, cost[DCFS], tar[TARS];
	struct hull hull;
};

static int whole_step(struct whole *w, const struct step *s, double threshold)
{
	uint64_t random = s->weight[SN_KIND_RANDOM], skilled = s->weight[SN_KIND_SKILLED];
	struct view *all = &w->all;
	double far, frr;
	view_step(all, s, random + skilled, threshold);
	view_step(&w->random, s, random, threshold);
	view_step(&w->skilled, s, skilled, threshold);
	moments_step(&w->same, s->weight[SN_KIND_SAME], s->d - w->origin);
	moments_step(&w->different, random + skilled, s->d - w->origin);
	far = (double)all->different_to / (double)all->different;
	frr = (double)(all->same - all->same_to) / (double)all->same;
	w->best = fmax(w->best, 1 - (far + frr) / 2);
	for (int i = 0; i < DCFS; i++)
		w->cost[i] = fmin(w->cost[i], dcf_p[i] * frr + (1 - dcf_p[i]) * far);
	for (int i = 0; i < TARS; i++)
		if (far <= tar_far[i])
			w->tar[i] = 1 - frr;
	return sn_hull_add(&w->hull,
			   (struct place){ all->different_to, all->same - all->same_to, s->d });
}

static void view_values(const struct view *v, double *auc, double *eer, double *fmr)
{
	if (v->same == 0 || v->different == 0)
		return;
	*auc = area(v);
	*eer = v->equal.sum / 2;
	*fmr = v->fmr;
}

static void whole_values(const struct whole *w, double *value)
{
	double spread = sqrt((variance(&w->same) + variance(&w->different)) / 2);
	double mean_same = w->same.sum / w->same.n;
	double mean_different = w->different.sum / w->different.n;
	value[MEAN_SAME] = w->origin + mean_same;
	value[MEAN_DIFFERENT] = w->origin + mean_different;
	if (spread > 0)
		value[DPRIME] = (mean_different - mean_same) / spread;
	view_values(&w->all, &value[AUC], &value[EER], &value[FMR]);
	value[EER_THRESHOLD] = w->all.equal.at;
	value[EER_HULL] = sn_hull_eer(&w->hull, w->all.same, w->all.different);
	value[BEST_ACCURACY] = w->best;
	for (int i = 0; i < TARS; i++)
		value[TAR_AT_FAR + i] = w->tar[i];
	for (int i = 0; i < DCFS; i++)
		value[MIN_DCF + i] = w->cost[i] / dcf_p[i];
	value[FNMR] = w->all.fnmr;
	value[MEAN_ERROR] = (w->all.fmr + w->all.fnmr) / 2;
	view_values(&w->random, &value[AUC_RANDOM], &value[EER_RANDOM], &value[FMR_RANDOM]);
	view_values(&w->skilled, &value[AUC_SKILLED], &value[EER_SKILLED], &value[FMR_SKILLED]);
}

int sn_replicate(struct steps *s, double threshold, double *value)
{
	uint64_t total[KINDS] = { 0 };
	struct whole w = { .best = 0.5, .cost = { dcf_p[0], dcf_p[1] } };
	struct step step;
	int st;
	for (int i = 0; i < MEASURES; i++)
		value[i] = NAN;
	while (sn_steps_on(s, &step))
		for (int kind = 0; kind < KINDS; kind++)
			total[kind] += step.weight[kind];
	w.all.same = w.random.same = w.skilled.same = total[SN_KIND_SAME];
	w.all.different = total[SN_KIND_RANDOM] + total[SN_KIND_SKILLED];
	w.random.different = total[SN_KIND_RANDOM];
	w.skilled.different = total[SN_KIND_SKILLED];
	if (w.all.same == 0 || w.all.different == 0)
		return 0;
	w.all.equal = w.random.equal = w.skilled.equal = (struct equal)EQUAL_INIT;
	w.all.fnmr = 1; /* below the first distance */
	s->next = 0;
	st = sn_hull_add(&w.hull, (struct place){ 0, w.all.same, -INFINITY });
	for (bool first = true; st == 0 && sn_steps_on(s, &step); first = false) {
		if (first)
			w.origin = step.d;
		st = whole_step(&w, &step, threshold);
	}
	if (st == 0)
		whole_values(&w, value);
	free(w.hull.place);
	return st;
}
