/* sn-eval - how good distances are; and the threshold that a model goes by */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "eval_leak.h"
#include "eval_set.h"
#include "eval_text.h"

struct options {
	struct cli_common common;
	const char *in;
	const char *dev;       /* distances to choose the threshold on, or NULL */
	const char *roc, *cmc; /* where the curves go, or NULL */
	bool identify;
	unsigned fold;	    /* enum sn_fold, of --fold */
	uint64_t bootstrap; /* replicates; 0: none */
	const char *leak;   /* the pictures, or NULL */
	double leak_limit;
	const char *calibrate; /* model to write the threshold into, or NULL */
	double threshold, far; /* NaN: not given */
};

static struct options asked = {
	.common = CLI_COMMON_INIT, .threshold = NAN, .far = NAN, .leak_limit = NAN
};

static const struct cli_option table[] = {
	{ 'T', "threshold", CLI_REAL, &asked.threshold, "D",
	  "rates where yes means a distance of at most D; the stream's unless given, else at "
	  "equal error",
	  0, 0, NULL, 0 },
	{ 0, "far", CLI_REAL, &asked.far, "F",
	  "the largest threshold that accepts a share of at most F of the different pairs", 0, 1,
	  NULL, 0 },
	{ 0, "dev", CLI_FILE, &asked.dev, "FILE",
	  "choose the threshold (--far, else at equal error) on the distances in FILE, a "
	  "development set",
	  0, 0, NULL, CLI_SILENT },
	{ 0, "roc", CLI_FILE, &asked.roc, "FILE",
	  "write the curve to FILE: far, frr, tar, threshold", 0, 0, NULL, CLI_SILENT },
	{ 0, "bootstrap", CLI_COUNT, &asked.bootstrap, "N",
	  "intervals over identities, by N replicates", 10, 1000000, NULL, CLI_SILENT },
	{ 's', "seed", CLI_COUNT, &asked.common.seed, "N", "seed of the bootstrap", 0, 0x1p64, NULL,
	  CLI_SILENT },
	{ 0, "fold", CLI_CHOICE, &asked.fold, "HOW",
	  "each trial against several references (sn-pair --references) is one distance", 0, 0,
	  sn_fold_names, CLI_SILENT | CLI_OMIT },
	{ 0, "identify", CLI_FLAG, &asked.identify, NULL,
	  "the first item of each pair is a probe: whose is it, or nobody's?", 0, 0, NULL,
	  CLI_SILENT },
	{ 0, "cmc", CLI_FILE, &asked.cmc, "FILE",
	  "with --identify: write the match curve to FILE: rank, share", 0, 0, NULL, CLI_SILENT },
	{ 0, "leak", CLI_FILE, &asked.leak, "PICTURES",
	  "how well trivial features of the pictures tell the same: a folder or a stream of items",
	  0, 0, NULL, CLI_SILENT },
	{ 0, "leak-limit", CLI_REAL, &asked.leak_limit, "AREA",
	  "with --leak: warn where one reaches more, instead of 0.9 for people, 0.8 for pairs with "
	  "forgeries, 0.7 for forged pictures",
	  0.5, 1, NULL, CLI_SILENT },
	{ 0, "calibrate", CLI_FILE, &asked.calibrate, "MODEL",
	  "write the threshold (-T, --far, else at equal error) into MODEL", 0, 0, NULL,
	  CLI_INPUT },
	{ 'o', "output", CLI_FILE, &asked.common.out, "FILE",
	  "write the table to FILE; with --calibrate the model, instead of in place", 0, 0, NULL,
	  CLI_SILENT },
	CLI_TEXTUAL(asked.common),
	CLI_QUIET(asked.common),
	CLI_VERBOSE(asked.common),
	CLI_THREADS(asked.common),
	CLI_EMPTY(asked.common),
	CLI_END,
};

static const struct cli_program program = {
	"sn-eval",
	"[-T D | --far F] [--dev FILE] [--fold HOW] [--bootstrap N] [--identify] [--leak PICTURES] "
	"[--calibrate "
	"MODEL] [-o FILE] "
	"[FILE]",
	"How well distances tell same from different, with 95 % intervals.\n"
	"  in:   pairs with d (sn-dist), all sections as one set\n"
	"  out:  text: measure, value, lower, upper, n\n",
	"sn-pair faces | sn-embed -m w.bin | sn-dist | sn-eval",
	table,
	CLI_FAILED,
};

static void parse(int argc, char **argv, struct options *o)
{
	int first = cli_parse(&program, argc, argv);
	bool to_file = strcmp(o->common.out, "-") != 0;
	bool to_stdout = cli_given("output") && strcmp(o->common.out, "-") == 0;
	if (cli_given("threshold") && cli_given("far"))
		cli_usage_error("-T and --far both choose the threshold; give one of them");
	o->in = cli_input(argc, argv, first);
	if (o->dev && cli_given("threshold"))
		cli_usage_error("-T and --dev both choose the threshold; give one of them");
	if (o->dev && o->calibrate)
		cli_usage_error("--calibrate chooses on its input; give it the development set");
	if (o->dev && strcmp(o->dev, "-") == 0 && strcmp(o->in, "-") == 0)
		cli_usage_error("distances and --dev cannot both be standard input");
	if (cli_given("leak-limit") && !o->leak)
		cli_usage_error("--leak-limit goes with --leak");
	if (o->leak && strcmp(o->leak, "-") == 0 &&
	    (strcmp(o->in, "-") == 0 || (o->dev && strcmp(o->dev, "-") == 0)))
		cli_usage_error("distances and pictures cannot both be standard input");
	if (cli_given("fold") && (o->calibrate || o->identify || o->leak || o->bootstrap))
		cli_usage_error("--fold makes one distance of several, which neither --calibrate, "
				"--identify, --leak nor --bootstrap is for");
	if (o->cmc && !o->identify)
		cli_usage_error("--cmc goes with --identify");
	if (cli_given("seed") && !o->bootstrap)
		cli_usage_error("-s goes with --bootstrap");
	if (o->roc && strcmp(o->roc, "-") == 0 && !(to_file || o->calibrate))
		cli_usage_error("table and --roc cannot both be standard output; give -o FILE");
	if (o->cmc && strcmp(o->cmc, "-") == 0 && !(to_file || o->calibrate))
		cli_usage_error("table and --cmc cannot both be standard output; give -o FILE");
	if (o->cmc && o->roc && strcmp(o->cmc, "-") == 0 && strcmp(o->roc, "-") == 0)
		cli_usage_error("--roc and --cmc cannot both be standard output");
	if (!o->calibrate)
		return;
	if (to_stdout && isatty(STDOUT_FILENO) == 1)
		cli_usage_error("a model does not go to a terminal; give -o FILE");
	if (strcmp(o->calibrate, "-") == 0 && strcmp(o->in, "-") == 0)
		cli_usage_error("model and distances cannot both be standard input");
	if (strcmp(o->calibrate, "-") == 0 && !cli_given("output"))
		cli_usage_error(
			"a model from standard input has no place of its own; give -o FILE");
}

static int fold(struct eval_set *set, const struct options *o)
{
	return cli_given("fold") ? eval_set_fold(set, (enum sn_fold)o->fold) : 0;
}

/* The threshold of the rates, NaN for the one of equal error; from these pairs, a development set
 * or before. */
static int choose_threshold(double *threshold, const struct eval_set *set,
			    const struct eval_set *dev, const struct options *o)
{
	const struct sn_scores *s = o->dev ? &dev->e.all : &set->e.all;
	*threshold = o->threshold;
	if (!isnan(o->far)) {
		*threshold = sn_threshold_at_far(s, o->far);
		if (!isfinite(*threshold))
			return sn_fail(
				SN_EDATA,
				"no threshold accepts at most %.9g of the %zu different pairs%s%s: "
				"the smallest distance accepts more; give more pairs or a larger "
				"--far",
				o->far, s->different.n, o->dev ? " of " : "",
				o->dev ? dev->name : "");
	} else if (o->dev) {
		sn_eer(s, threshold);
	} else if (isnan(*threshold) && !o->calibrate) {
		*threshold = set->threshold;
	}
	return 0;
}

static int read_dev(struct eval_set *dev, const struct eval_set *set, const struct options *o)
{
	int st = fold(dev, o);
	if (st == 0)
		st = eval_set_read(dev, o->dev, &o->common);
	if (st < 0)
		return st;
	if (st == 0)
		return sn_fail(SN_EDATA, "%s: a development set without pairs", dev->name);
	if ((st = sn_scores_sort(&dev->e.all)) < 0) {
		char why[256];
		snprintf(why, sizeof(why), "%s", sn_message());
		return sn_fail(st, "%s: %s", dev->name, why);
	}
	return eval_set_check_dev(set, dev);
}

/* Where all distances are one, all pictures are one point, and every threshold says yes to all or
 * to none. */
static int check_spread(const struct sn_evaluation *e, const struct options *o)
{
	const struct sn_sample *same = &e->all.same, *different = &e->all.different;
	size_t n = same->n + different->n;
	if (n < 3 || same->least != same->most || different->least != different->most ||
	    same->least != different->least)
		return 0;
	if (o->calibrate && isnan(o->threshold))
		return sn_fail(SN_EDATA,
			       "all %zu distances are %.9g: the network tells nothing apart, and "
			       "no threshold can; train it anew",
			       n, (double)same->least);
	sn_note("all %zu distances are %.9g: the network tells nothing apart", n,
		(double)same->least);
	return 0;
}

static int calibrate(struct sn_model *m, const struct sn_evaluation *e, double threshold,
		     const struct options *o)
{
	struct sn_threshold *t = &m->threshold;
	const char *path = cli_given("output") ? o->common.out : o->calibrate;
	int st;
	sn_threshold_clear(t);
	t->far = o->far;
	t->d = threshold;
	strcpy(t->protocol, isnan(threshold) ? "eer" : isnan(o->far) ? "given" : "far");
	if (isnan(threshold))
		sn_eer(&e->all, &t->d);
	if ((st = sn_calibrate(t, &e->all)) < 0)
		return st;
	cli_input_sum("calibrate", m->xxh3);
	if ((st = sn_model_save(m, path, cli_history())) < 0)
		return st;
	sn_note("%s: threshold %.9g (%s), chosen on %llu same and %llu different pairs: FAR %.4g, "
		"FRR "
		"%.4g",
		strcmp(path, "-") == 0 ? "<stdout>" : path, t->d, t->protocol,
		(unsigned long long)t->same, (unsigned long long)t->different, t->measured_far,
		t->measured_frr);
	if (!t->probability.set)
		sn_note("%s: no probability: same pairs are no nearer than different ones",
			strcmp(path, "-") == 0 ? "<stdout>" : path);
	return 0;
}

/* Where the threshold of the rates comes from. */
static void tell_threshold(const struct eval_set *set, double threshold, const struct options *o)
{
	if (isnan(threshold) && !o->calibrate)
		sn_note("no threshold in the stream and no -T: far and frr are at equal error, "
			"on these very pairs");
	if (o->common.verbose)
		cli_warn("distance %s, threshold %s", set->distance[0] ? set->distance : "unknown",
			 !isnan(o->far)		? "by --far"
			 : !isnan(o->threshold) ? "by -T"
			 : o->dev		? "of the development set"
			 : isnan(threshold)	? "at equal error"
						: "of the model");
}

static int check_both(struct sn_evaluation *e, const struct options *o)
{
	int both = sn_scores_sort(&e->all); /* says what to do where a class is empty */
	if (both == SN_EDATA && (sn_trials_any(&e->trials) || o->identify) && !o->calibrate &&
	    !o->dev && !o->roc) {
		sn_note("%s", sn_message());
		return 0;
	}
	if (both < 0)
		return both;
	return check_spread(e, o) < 0 ? SN_EDATA : 1;
}

static int evaluate(struct eval_set *set, struct eval_set *dev, struct sn_model *m,
		    const struct options *o)
{
	bool model_to_stdout =
		o->calibrate && cli_given("output") && strcmp(o->common.out, "-") == 0;
	struct sn_row_options how = { .threshold = NAN };
	struct sn_row row[SN_MAX_ROWS];
	int st, rows, both;
	set->e.identify = o->identify;
	if (o->leak && (st = eval_leak_read(&set->e.leak, o->leak, &o->common)) < 0)
		return st;
	if (o->bootstrap &&
	    (st = sn_bootstrap_new(&set->e.bootstrap, o->bootstrap, o->common.seed, 0)) < 0)
		return st;
	if ((st = fold(set, o)) < 0 || (st = eval_set_read(set, o->in, &o->common)) <= 0)
		return st;
	if ((both = check_both(&set->e, o)) < 0)
		return both;
	if (m && (st = eval_set_check_model(set, m)) < 0)
		return st;
	if (o->dev && (st = read_dev(dev, set, o)) < 0)
		return st;
	if ((st = choose_threshold(&how.threshold, set, dev, o)) < 0)
		return st;
	if (both)
		tell_threshold(set, how.threshold, o);
	how.dev = o->dev ? &dev->e.all : NULL;
	how.leak_limit = o->leak_limit;
	how.threads = (unsigned)o->common.threads;
	if ((st = sn_evaluation_rows(&set->e, &how, row, &rows)) < 0)
		return st;
	if (o->leak)
		eval_leak_warn(set->e.leak, o->leak_limit);
	if (o->roc && (st = eval_print_roc(&set->e.all, o->roc)) < 0)
		return st;
	if (o->cmc && (st = eval_print_cmc(&set->e.identification, o->cmc)) < 0)
		return st;
	if (m && (st = calibrate(m, &set->e, how.threshold, o)) < 0)
		return st;
	return model_to_stdout ? 0 : eval_print_rows(row, rows, o->calibrate ? "-" : o->common.out);
}

int main(int argc, char **argv)
{
	struct eval_set set = EVAL_SET_INIT, dev = EVAL_SET_INIT;
	struct sn_model *m = NULL;
	int st = 0;
	parse(argc, argv, &asked);
	/* the model first: a mistake there is cheaper found before all distances are read */
	if (asked.calibrate)
		st = sn_model_load(&m, asked.calibrate);
	if (st == 0)
		st = evaluate(&set, &dev, m, &asked);
	if (st < 0)
		cli_warn("%s", sn_message());
	sn_model_free(m);
	sn_bootstrap_free(set.e.bootstrap);
	sn_leak_free(set.e.leak);
	eval_set_release(&set);
	eval_set_release(&dev);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
