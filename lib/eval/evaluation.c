/* Pairs with distances, sorted into what sn-eval reports. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/evaluation.h>

#define CONFIDENCE 0.95
/* classes of supports without a label: behind all labels, told apart by number */
#define UNLABELLED (UINT64_C(1) << 32)

int sn_evaluation_item(struct sn_evaluation *e, const struct sn_item *item)
{
	struct sn_entry *entry;
	return sn_items_add(&e->items, item, &entry);
}

uint64_t sn_trial_class(const struct sn_entry *support)
{
	return support->label == SN_NO_CLASS ? UNLABELLED + support->number : support->label;
}

static int add_to_trial(struct sn_evaluation *e, const struct sn_pair *p,
			const struct sn_entry *support)
{
	if (p->same == SN_UNKNOWN)
		return sn_fail(SN_EDATA,
			       "a pair of a trial that is not known to be same or different; "
			       "label the pictures, or say it in sn-pair's list");
	return sn_trials_add(&e->trials, p->trial, sn_trial_class(support), p->d_nil ? NAN : p->d,
			     p->same == SN_SAME);
}

int sn_evaluation_pair(struct sn_evaluation *e, const struct sn_pair *p)
{
	const struct sn_entry *a = sn_items_find(&e->items, p->a);
	const struct sn_entry *b = sn_items_find(&e->items, p->b);
	int st;
	if (!p->has_d)
		return sn_fail(SN_EDATA, "a pair without 'd'; sn-dist puts it in");
	if (!a || !b)
		return sn_fail(SN_EDATA,
			       "item %llu is not among the last %zu that the window keeps",
			       (unsigned long long)(a ? p->b : p->a), e->items.window);
	e->pairs++;
	if (p->trial != SN_NONE && (st = add_to_trial(e, p, b)) < 0)
		return st;
	if (p->d_nil) {
		e->missing++;
		return 0;
	}
	if (p->same == SN_UNKNOWN) {
		e->unknown++;
		return 0;
	}
	if (p->same == SN_DIFFERENT && a->label == b->label && a->label != SN_NO_CLASS &&
	    a->forged != b->forged && (st = sn_scores_add(&e->skilled, p->d, false)) < 0)
		return st;
	return sn_scores_add(&e->all, p->d, p->same == SN_SAME);
}

/* The different pairs that are not skilled: all without skilled, both sorted. */
static int subtract_skilled(struct sn_evaluation *e)
{
	const float *all = e->all.different, *skilled = e->skilled.different;
	size_t n = e->all.n_different, m = e->skilled.n_different, j = 0;
	e->random.n_different = 0;
	if (m == 0 || m == n)
		return 0;
	free(e->random.different);
	e->random.different = sn_alloc(n - m, sizeof(float));
	if (!e->random.different)
		return SN_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (j < m && all[i] == skilled[j])
			j++;
		else if (e->random.n_different < n - m)
			e->random.different[e->random.n_different++] = all[i];
	}
	e->random.sorted = true;
	return 0;
}

int sn_evaluation_finish(struct sn_evaluation *e)
{
	int st = sn_scores_sort(&e->all);
	if (st < 0 && st != SN_EDATA)
		return st;
	/* skilled has no same pairs, which is no fault here */
	if ((st = sn_scores_sort(&e->skilled)) < 0 && st != SN_EDATA)
		return st;
	return subtract_skilled(e);
}

void sn_evaluation_release(struct sn_evaluation *e)
{
	sn_items_clear(&e->items);
	sn_scores_release(&e->all);
	sn_scores_release(&e->skilled);
	sn_scores_release(&e->random);
	sn_trials_release(&e->trials);
	memset(e, 0, sizeof(*e));
}

/* ---- rows ----------------------------------------------------------------------------- */

struct table {
	struct sn_row *row;
	int n;
};

static void add(struct table *t, const char *measure, double value, double lower, double upper,
		uint64_t n)
{
	t->row[t->n++] = (struct sn_row){ measure, value, lower, upper, n };
}

static void add_plain(struct table *t, const char *measure, double value, uint64_t n)
{
	add(t, measure, value, NAN, NAN, n);
}

/* k of n */
static void add_rate(struct table *t, const char *measure, uint64_t k, uint64_t n)
{
	double lower, upper;
	sn_interval(&lower, &upper, k, n, CONFIDENCE);
	add(t, measure, (double)k / (double)n, lower, upper, n);
}

/* The errors at a threshold, as counts. */
struct errors {
	uint64_t accepted, different, rejected, same;
};

static struct errors errors_at(const struct sn_scores *s, double threshold)
{
	struct errors e = { 0, s->n_different, 0, s->n_same };
	uint64_t right;
	sn_accepted_at(s, threshold, &right, &e.accepted);
	e.rejected = e.same - right;
	return e;
}

/*
 * (FAR + FRR)/2, or 1 less it.  The ends of its interval are the means of the ends of FAR's and
 * FRR's: the truth is outside only if it is outside one of these, so it is wider than need be,
 * never too narrow by much.
 */
static void add_mean_error(struct table *t, const char *measure, double value, struct errors e,
			   bool accuracy)
{
	double far_lower, far_upper, frr_lower, frr_upper, lower, upper;
	sn_interval(&far_lower, &far_upper, e.accepted, e.different, CONFIDENCE);
	sn_interval(&frr_lower, &frr_upper, e.rejected, e.same, CONFIDENCE);
	lower = (far_lower + frr_lower) / 2;
	upper = (far_upper + frr_upper) / 2;
	if (accuracy)
		add(t, measure, value, 1 - upper, 1 - lower, e.same + e.different);
	else
		add(t, measure, value, lower, upper, e.same + e.different);
}

static void add_auc(struct table *t, const char *measure, const struct sn_scores *s)
{
	double lower, upper;
	sn_auc_interval(s, &lower, &upper, CONFIDENCE);
	add(t, measure, sn_auc(s), lower, upper, s->n_same + s->n_different);
}

static double add_eer(struct table *t, const char *measure, const struct sn_scores *s)
{
	double threshold, eer = sn_eer(s, &threshold);
	add_mean_error(t, measure, eer, errors_at(s, threshold), false);
	return threshold;
}

static void add_impostors(struct table *t, const struct sn_evaluation *e, double threshold)
{
	static const char *const name[2][4] = {
		{ "different-random", "auc-random", "eer-random", "far-random" },
		{ "different-skilled", "auc-skilled", "eer-skilled", "far-skilled" },
	};
	for (int skilled = 0; skilled < 2; skilled++) {
		/* the same pairs are those of all; a view that owns nothing */
		struct sn_scores s = skilled ? e->skilled : e->random;
		struct errors errors;
		if (s.n_different == 0)
			continue;
		s.same = e->all.same;
		s.n_same = e->all.n_same;
		add_plain(t, name[skilled][0], (double)s.n_different, e->pairs);
		add_auc(t, name[skilled][1], &s);
		add_eer(t, name[skilled][2], &s);
		errors = errors_at(&s, threshold);
		add_rate(t, name[skilled][3], errors.accepted, errors.different);
	}
}

static void add_verification(struct table *t, const struct sn_evaluation *e, double threshold)
{
	static const struct {
		const char *measure;
		double far;
	} tar[] = { { "tar@far=0.1", 0.1 }, { "tar@far=0.01", 0.01 }, { "tar@far=0.001", 0.001 } };
	const struct sn_scores *s = &e->all;
	uint64_t both = s->n_same + s->n_different;
	double equal, best, accuracy;
	struct errors errors;
	add_plain(t, "mean-same", sn_mean(s->same, s->n_same), s->n_same);
	add_plain(t, "mean-different", sn_mean(s->different, s->n_different), s->n_different);
	add_plain(t, "dprime", sn_dprime(s), both);
	add_auc(t, "auc", s);
	equal = add_eer(t, "eer", s);
	add_plain(t, "eer-threshold", equal, both);
	accuracy = sn_best_accuracy(s, &best);
	add_mean_error(t, "best-accuracy", accuracy, errors_at(s, best), true);
	add_plain(t, "best-threshold", best, both);
	for (size_t i = 0; i < sizeof(tar) / sizeof(tar[0]); i++) {
		if ((double)s->n_different * tar[i].far < 1)
			continue; /* too few to tell such a rate from 0 */
		errors = errors_at(s, sn_threshold_at_far(s, tar[i].far));
		add_rate(t, tar[i].measure, errors.same - errors.rejected, errors.same);
	}
	if (isnan(threshold))
		threshold = equal;
	errors = errors_at(s, threshold);
	add_plain(t, "threshold", threshold, both);
	accuracy = 1 - ((double)errors.accepted / (double)errors.different +
			(double)errors.rejected / (double)errors.same) /
			       2;
	add_mean_error(t, "accuracy", accuracy, errors, true);
	add_rate(t, "far", errors.accepted, errors.different);
	add_rate(t, "frr", errors.rejected, errors.same);
	if (e->skilled.n_different)
		add_impostors(t, e, threshold);
}

int sn_evaluation_rows(struct sn_evaluation *e, double threshold, struct sn_row row[SN_MAX_ROWS],
		       int *rows)
{
	struct table t = { row, 0 };
	struct sn_trials_result trials;
	int st;
	add_plain(&t, "same", (double)e->all.n_same, e->pairs);
	add_plain(&t, "different", (double)e->all.n_different, e->pairs);
	add_plain(&t, "missing", (double)e->missing, e->pairs);
	if (e->unknown)
		add_plain(&t, "unknown", (double)e->unknown, e->pairs);
	if (e->missing)
		add_rate(&t, "failure-to-acquire", e->missing, e->pairs);
	if (e->all.n_same && e->all.n_different)
		add_verification(&t, e, threshold);
	if (e->trials.n) {
		if ((st = sn_trials_score(&e->trials, &trials)) < 0)
			return st;
		add_rate(&t, "nway-accuracy", trials.right, trials.trials);
		add_plain(&t, "nway-chance", trials.chance, trials.trials);
		add_plain(&t, "nway-ties", (double)trials.ties, trials.trials);
		if (trials.incomplete)
			add_plain(&t, "nway-missing", (double)trials.incomplete, trials.trials);
	}
	*rows = t.n;
	return 0;
}

const char *sn_threshold_text(char text[32], double threshold)
{
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, 32, "%.*g", digits, threshold);
		if (strtod(text, NULL) == threshold)
			break;
	}
	return text;
}
