/* What sn-eval prints of an evaluation, row by row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sn/evaluation.h>

#define CONFIDENCE 0.95

struct table {
	struct sn_row *row;
	int n;
	const struct sn_bootstrap *bootstrap; /* has run; NULL: none */
	const struct sn_leak *leak;	      /* NULL: none */
	double leak_limit;
};

static void add(struct table *t, const char *measure, double value, double lower, double upper,
		uint64_t n)
{
	if (t->bootstrap)
		sn_bootstrap_interval(t->bootstrap, measure, value, CONFIDENCE, &lower, &upper);
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

/* With the interval that the bootstrap has for it, if it has one. */
static struct rate resampled(const struct table *t, const char *measure, struct rate r)
{
	if (t->bootstrap)
		sn_bootstrap_interval(t->bootstrap, measure, r.value, CONFIDENCE, &r.lower,
				      &r.upper);
	return r;
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

static void add_eer(struct table *t, const char *measure, const struct sn_scores *s)
{
	double threshold;
	struct rate r;
	sn_eer(s, &threshold);
	r = mean_error(errors_at(s, threshold));
	add_interval(t, measure, r, s->same.n + s->different.n);
}

/* Beside a result: the same measure by the trivial feature that tells most, if that is too much. */
static void add_leak_beside(struct table *t, enum sn_leak_view view, const char *auc,
			    const char *eer)
{
	enum sn_feature feature = SN_MEAN_GREY;
	struct sn_scores s;
	double area = t->leak ? sn_leak_worst(t->leak, view, &feature) : NAN;
	double limit = isnan(t->leak_limit) ? sn_leak_limits[view] : t->leak_limit;
	if (!(area > limit) || !sn_leak_scores(t->leak, feature, view, &s))
		return;
	add_auc(t, auc, &s);
	add_eer(t, eer, &s);
}

static void add_impostors(struct table *t, const struct sn_evaluation *e, double threshold,
			  double fta)
{
	static const char *const name[2][5] = {
		{ "different-random", "auc-random", "eer-random", "far-random", "fmr-random" },
		{ "different-skilled", "auc-skilled", "eer-skilled", "far-skilled", "fmr-skilled" },
	};
	struct rate fmr;
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
		if (skilled) {
			add_leak_beside(t, SN_LEAK_SKILLED, "auc-skilled-leak", "eer-skilled-leak");
			add_leak_beside(t, SN_LEAK_FORGED, "auc-forged-leak", "eer-forged-leak");
		} else {
			add_leak_beside(t, SN_LEAK_RANDOM, "auc-random-leak", "eer-random-leak");
		}
		errors = errors_at(&s, threshold);
		fmr = rate_of(errors.accepted, errors.different);
		fmr = resampled(t, name[skilled][4], fmr);
		add_interval(t, name[skilled][3], of_attempts(fmr, fta, false), errors.different);
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

/* What needs no threshold from elsewhere. */
static int add_curve(struct table *t, const struct sn_scores *s, double equal)
{
	uint64_t both = s->same.n + s->different.n;
	double best, hull;
	int st;
	add_plain(t, "mean-same", sn_sample_mean(&s->same), s->same.n);
	add_plain(t, "mean-different", sn_sample_mean(&s->different), s->different.n);
	add_plain(t, "dprime", sn_dprime(s), both);
	add_auc(t, "auc", s);
	add_eer(t, "eer", s);
	add_plain(t, "eer-threshold", equal, both);
	if ((st = sn_eer_hull(s, &hull)) < 0)
		return st;
	add_plain(t, "eer-hull", hull, both);
	add_leak_beside(t, SN_LEAK_ALL, "auc-leak", "eer-leak");
	sn_best_accuracy(s, &best);
	add_complement(t, "best-accuracy", mean_error(errors_at(s, best)), both);
	add_plain(t, "best-threshold", best, both);
	add_shares_at_far(t, s);
	add_plain(t, "mindcf@p=0.01", sn_min_dcf(s, 0.01), both);
	add_plain(t, "mindcf@p=0.001", sn_min_dcf(s, 0.001), both);
	return 0;
}

/* The replicates, whose intervals then stand in place of the others. */
static int add_bootstrap(struct table *t, const struct sn_evaluation *e, double threshold,
			 unsigned threads)
{
	size_t identities = sn_bootstrap_identities(e->bootstrap);
	int st;
	if (identities < 2)
		return sn_fail(SN_EDATA, "all pictures are of one identity: a bootstrap over "
					 "identities wants several, 20 at the least");
	if (identities < 20)
		sn_note("only %zu identities: bootstrap intervals are rough, and rather too narrow",
			identities);
	if ((st = sn_bootstrap_run(e->bootstrap, threshold, threads)) < 0)
		return st;
	t->bootstrap = e->bootstrap;
	add_plain(t, "identities", (double)identities, e->pairs);
	add_plain(t, "replicates", (double)sn_bootstrap_replicates(e->bootstrap), e->pairs);
	return 0;
}

static int add_verification(struct table *t, const struct sn_evaluation *e,
			    const struct sn_row_options *o)
{
	const struct sn_scores *s = &e->all;
	uint64_t both = s->same.n + s->different.n, failures, n;
	double equal, threshold, fta = sn_failure_to_acquire(e, &failures, &n);
	struct rate fmr, fnmr, error;
	struct errors errors;
	int st;
	sn_eer(s, &equal);
	threshold = isnan(o->threshold) ? equal : o->threshold;
	if (e->bootstrap && (st = add_bootstrap(t, e, threshold, o->threads)) < 0)
		return st;
	if ((st = add_curve(t, s, equal)) < 0)
		return st;
	errors = errors_at(s, threshold);
	fmr = resampled(t, "fmr", rate_of(errors.accepted, errors.different));
	fnmr = resampled(t, "fnmr", rate_of(errors.rejected, errors.same));
	/* (FAR + FRR)/2 = FTA/2 + (1 - FTA) (FMR + FNMR)/2 */
	error = resampled(t, "mean-error", mean_of(fmr, fnmr));
	error = mean_of(of_attempts(error, fta, false), of_attempts(error, fta, true));
	if (o->dev)
		add_plain(t, "dev-eer", sn_eer(o->dev, NULL), o->dev->same.n + o->dev->different.n);
	add_plain(t, "threshold", threshold, both);
	add_complement(t, "accuracy", error, both);
	if (o->dev)
		add_interval(t, "hter", error, both);
	add_interval(t, "far", of_attempts(fmr, fta, false), errors.different);
	add_interval(t, "frr", of_attempts(fnmr, fta, true), errors.same);
	add_interval(t, "fmr", fmr, errors.different);
	add_interval(t, "fnmr", fnmr, errors.same);
	if (e->skilled.different.n)
		add_impostors(t, e, threshold, fta);
	return 0;
}

static int add_identification(struct table *t, const struct sn_identification *i, double threshold)
{
	static const struct {
		const char *measure;
		uint64_t k;
	} rank[] = { { "rank-1", 1 }, { "rank-5", 5 }, { "rank-10", 10 }, { "rank-20", 20 } };
	static const struct {
		const char *measure;
		double alarms;
	} dir[] = { { "dir@fpir=0.1", 0.1 },
		    { "dir@fpir=0.01", 0.01 },
		    { "dir@fpir=0.001", 0.001 } };
	uint64_t found, mated, unmated, incomplete = 0, detected, alarms;
	double at;
	int st;
	sn_identified(i, 1, &mated);
	unmated = i->n - mated;
	for (size_t j = 0; j < i->n; j++)
		incomplete += i->probe[j].incomplete;
	add_plain(t, "probes", (double)i->n, i->n);
	add_plain(t, "probes-unmated", (double)unmated, i->n);
	if (incomplete)
		add_plain(t, "probes-missing", (double)incomplete, i->n);
	for (size_t k = 0; k < sizeof(rank) / sizeof(rank[0]) && mated; k++) {
		if (k > 0 && rank[k].k >= i->most)
			break; /* everybody is among so many */
		found = sn_identified(i, rank[k].k, &mated);
		add_rate(t, rank[k].measure, found, mated);
	}
	for (size_t k = 0; k < sizeof(dir) / sizeof(dir[0]) && mated && unmated; k++) {
		if ((double)unmated * dir[k].alarms < 1)
			break; /* too few to tell such a rate from 0 */
		if ((st = sn_open_set_threshold(i, dir[k].alarms, &at)) < 0)
			return st;
		sn_open_set_at(i, at, &detected, &alarms);
		add_rate(t, dir[k].measure, detected, mated);
	}
	if (isnan(threshold))
		return 0;
	sn_open_set_at(i, threshold, &detected, &alarms);
	if (mated)
		add_rate(t, "dir", detected, mated);
	if (unmated)
		add_rate(t, "fpir", alarms, unmated);
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

#define LEAK_NAMES(feature)                                                                        \
	{                                                                                          \
		"leak-" feature, "leak-" feature "-random", "leak-" feature "-skilled",            \
			"leak-" feature "-forged"                                                  \
	}
/* in the order of enum sn_feature and of enum sn_leak_view */
static const char *const leak_names[SN_FEATURES][SN_LEAK_VIEWS] = {
	LEAK_NAMES("mean-grey"), LEAK_NAMES("median-grey"), LEAK_NAMES("contrast"),
	LEAK_NAMES("ink"),	 LEAK_NAMES("sharpness"),   LEAK_NAMES("colour"),
	LEAK_NAMES("width"),	 LEAK_NAMES("height"),	    LEAK_NAMES("pixels"),
	LEAK_NAMES("bytes"),	 LEAK_NAMES("type"),
};

static void add_leaks(struct table *t, const struct sn_evaluation *e)
{
	struct sn_scores s;
	for (int view = 0; view < SN_LEAK_VIEWS; view++) {
		/* without forgeries random pairs are all there are */
		if (view == SN_LEAK_RANDOM && e->skilled.different.n == 0)
			continue;
		for (int f = 0; f < SN_FEATURES; f++)
			if (sn_leak_scores(e->leak, (enum sn_feature)f, (enum sn_leak_view)view,
					   &s))
				add_auc(t, leak_names[f][view], &s);
	}
}

int sn_evaluation_rows(struct sn_evaluation *e, const struct sn_row_options *options,
		       struct sn_row row[SN_MAX_ROWS], int *rows)
{
	struct table t = { row, 0, NULL, e->leak, options->leak_limit };
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
	if (st == 0 && sn_trials_any(&e->trials))
		st = add_trials(&t, e);
	if (st == 0 && e->identification.n)
		st = add_identification(&t, &e->identification, options->threshold);
	if (st == 0 && e->leak)
		add_leaks(&t, e);
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
