/* What sn-eval prints of an evaluation, row by row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sn/evaluation.h>

#define CONFIDENCE 0.95

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
	struct errors e = { 0, s->different.n, 0, s->same.n };
	uint64_t right;
	sn_accepted_at(s, threshold, &right, &e.accepted);
	e.rejected = e.same - right;
	return e;
}

/* Rates with the ends of their intervals. */
struct rate {
	double value, lower, upper;
};

static struct rate rate_of(uint64_t k, uint64_t n)
{
	struct rate r = { .value = (double)k / (double)n };
	sn_interval(&r.lower, &r.upper, k, n, CONFIDENCE);
	return r;
}

/* A rate of comparisons as one of attempts, of which a share of fta fails and counts as a no. */
static struct rate of_attempts(struct rate r, double fta, bool failure_counts)
{
	double more = failure_counts ? fta : 0;
	return (struct rate){ more + r.value * (1 - fta), more + r.lower * (1 - fta),
			      more + r.upper * (1 - fta) };
}

/*
 * The ends of the mean of two rates are the means of their ends: the truth is outside only if it
 * is outside one of these, so they are wider than need be, never too narrow by much.
 */
static struct rate mean_of(struct rate a, struct rate b)
{
	return (struct rate){ (a.value + b.value) / 2, (a.lower + b.lower) / 2,
			      (a.upper + b.upper) / 2 };
}

static void add_interval(struct table *t, const char *measure, struct rate r, uint64_t n)
{
	add(t, measure, r.value, r.lower, r.upper, n);
}

static void add_complement(struct table *t, const char *measure, struct rate r, uint64_t n)
{
	add(t, measure, 1 - r.value, 1 - r.upper, 1 - r.lower, n);
}

static struct rate mean_error(struct errors e)
{
	return mean_of(rate_of(e.accepted, e.different), rate_of(e.rejected, e.same));
}

static void add_auc(struct table *t, const char *measure, const struct sn_scores *s)
{
	double lower, upper;
	sn_auc_interval(s, &lower, &upper, CONFIDENCE);
	add(t, measure, sn_auc(s), lower, upper, s->same.n + s->different.n);
}

static double add_eer(struct table *t, const char *measure, const struct sn_scores *s)
{
	double threshold;
	struct rate r;
	sn_eer(s, &threshold);
	r = mean_error(errors_at(s, threshold));
	add_interval(t, measure, r, s->same.n + s->different.n);
	return threshold;
}

static void add_impostors(struct table *t, const struct sn_evaluation *e, double threshold,
			  double fta)
{
	static const char *const name[2][4] = {
		{ "different-random", "auc-random", "eer-random", "far-random" },
		{ "different-skilled", "auc-skilled", "eer-skilled", "far-skilled" },
	};
	for (int skilled = 0; skilled < 2; skilled++) {
		/* the same pairs are those of all; a view that owns nothing */
		struct sn_scores s = skilled ? e->skilled : e->random;
		struct errors errors;
		if (s.different.n == 0)
			continue;
		s.same = e->all.same;
		add_plain(t, name[skilled][0], (double)s.different.n, e->pairs);
		add_auc(t, name[skilled][1], &s);
		add_eer(t, name[skilled][2], &s);
		errors = errors_at(&s, threshold);
		add_interval(t, name[skilled][3],
			     of_attempts(rate_of(errors.accepted, errors.different), fta, false),
			     errors.different);
	}
}

static void add_shares_at_far(struct table *t, const struct sn_scores *s)
{
	static const struct {
		const char *measure;
		double far;
	} tar[] = { { "tar@far=0.1", 0.1 },
		    { "tar@far=0.01", 0.01 },
		    { "tar@far=0.001", 0.001 },
		    { "tar@far=0.0001", 0.0001 } };
	struct errors errors;
	for (size_t i = 0; i < sizeof(tar) / sizeof(tar[0]); i++) {
		if ((double)s->different.n * tar[i].far < 1)
			continue; /* too few to tell such a rate from 0 */
		errors = errors_at(s, sn_threshold_at_far(s, tar[i].far));
		add_rate(t, tar[i].measure, errors.same - errors.rejected, errors.same);
	}
}

/* What needs no threshold from elsewhere; returns the threshold of equal error. */
static int add_curve(struct table *t, const struct sn_scores *s, double *equal)
{
	uint64_t both = s->same.n + s->different.n;
	double best, hull;
	int st;
	add_plain(t, "mean-same", sn_sample_mean(&s->same), s->same.n);
	add_plain(t, "mean-different", sn_sample_mean(&s->different), s->different.n);
	add_plain(t, "dprime", sn_dprime(s), both);
	add_auc(t, "auc", s);
	*equal = add_eer(t, "eer", s);
	add_plain(t, "eer-threshold", *equal, both);
	if ((st = sn_eer_hull(s, &hull)) < 0)
		return st;
	add_plain(t, "eer-hull", hull, both);
	sn_best_accuracy(s, &best);
	add_complement(t, "best-accuracy", mean_error(errors_at(s, best)), both);
	add_plain(t, "best-threshold", best, both);
	add_shares_at_far(t, s);
	add_plain(t, "mindcf@p=0.01", sn_min_dcf(s, 0.01), both);
	add_plain(t, "mindcf@p=0.001", sn_min_dcf(s, 0.001), both);
	return 0;
}

static int add_verification(struct table *t, const struct sn_evaluation *e,
			    const struct sn_row_options *o)
{
	const struct sn_scores *s = &e->all;
	uint64_t both = s->same.n + s->different.n, failures, n;
	double equal, threshold, fta = sn_failure_to_acquire(e, &failures, &n);
	struct rate fmr, fnmr, far, frr;
	struct errors errors;
	int st = add_curve(t, s, &equal);
	if (st < 0)
		return st;
	threshold = isnan(o->threshold) ? equal : o->threshold;
	errors = errors_at(s, threshold);
	fmr = rate_of(errors.accepted, errors.different);
	fnmr = rate_of(errors.rejected, errors.same);
	far = of_attempts(fmr, fta, false);
	frr = of_attempts(fnmr, fta, true);
	if (o->dev)
		add_plain(t, "dev-eer", sn_eer(o->dev, NULL), o->dev->same.n + o->dev->different.n);
	add_plain(t, "threshold", threshold, both);
	add_complement(t, "accuracy", mean_of(far, frr), both);
	if (o->dev)
		add_interval(t, "hter", mean_of(far, frr), both);
	add_interval(t, "far", far, errors.different);
	add_interval(t, "frr", frr, errors.same);
	add_interval(t, "fmr", fmr, errors.different);
	add_interval(t, "fnmr", fnmr, errors.same);
	if (e->skilled.different.n)
		add_impostors(t, e, threshold, fta);
	return 0;
}

static int add_trials(struct table *t, struct sn_evaluation *e)
{
	struct sn_trials_result trials;
	int st = sn_trials_score(&e->trials, &trials);
	if (st < 0)
		return st;
	add_rate(t, "nway-accuracy", trials.right, trials.trials);
	add_plain(t, "nway-chance", trials.chance, trials.trials);
	add_plain(t, "nway-ties", (double)trials.ties, trials.trials);
	if (trials.incomplete)
		add_plain(t, "nway-missing", (double)trials.incomplete, trials.trials);
	return 0;
}

double sn_failure_to_acquire(const struct sn_evaluation *e, uint64_t *failures, uint64_t *n)
{
	*failures = e->missing ? e->missing : e->failed;
	*n = e->missing ? e->pairs : e->pictures + e->failed;
	return *failures ? (double)*failures / (double)*n : 0;
}

int sn_evaluation_rows(struct sn_evaluation *e, const struct sn_row_options *options,
		       struct sn_row row[SN_MAX_ROWS], int *rows)
{
	struct table t = { row, 0 };
	uint64_t failures, n;
	int st = 0;
	add_plain(&t, "same", (double)e->all.same.n, e->pairs);
	add_plain(&t, "different", (double)e->all.different.n, e->pairs);
	add_plain(&t, "missing", (double)e->missing, e->pairs);
	if (e->unknown)
		add_plain(&t, "unknown", (double)e->unknown, e->pairs);
	if (e->failed)
		add_plain(&t, "failed", (double)e->failed, e->pictures + e->failed);
	sn_failure_to_acquire(e, &failures, &n);
	if (failures)
		add_rate(&t, "failure-to-acquire", failures, n);
	if (e->all.same.n && e->all.different.n)
		st = add_verification(&t, e, options);
	if (st == 0 && e->trials.n)
		st = add_trials(&t, e);
	*rows = t.n;
	return st;
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
