/* sn-eval - how good distances are; and the threshold that a model goes by */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sn/evaluation.h>
#include <sn/file.h>
#include <sn/model.h>
#include <sn/progress.h>
#include "cli.h"

struct options {
	struct cli_common common;
	const char *in;
	const char *calibrate; /* model to write the threshold into, or NULL */
	double threshold, far; /* NaN: not given */
};

/* What the header says of the distances. */
struct origin {
	char distance[32];
	double threshold; /* NaN: none */
	struct sn_model_note note;
};

static struct options asked = { .common = CLI_COMMON_INIT, .threshold = NAN, .far = NAN };

static const struct cli_option table[] = {
	{ 'T', "threshold", CLI_REAL, &asked.threshold, "D",
	  "rates where yes means a distance of at most D; the stream's unless given, else at "
	  "equal error",
	  0, 0, NULL, 0 },
	{ 0, "far", CLI_REAL, &asked.far, "F",
	  "the largest threshold that accepts a share of at most F of the different pairs", 0, 1,
	  NULL, 0 },
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
	"[-T D | --far F] [--calibrate MODEL] [-o FILE] [FILE]",
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
	bool to_stdout = cli_given("output") && strcmp(o->common.out, "-") == 0;
	if (cli_given("threshold") && cli_given("far"))
		cli_usage_error("-T and --far both choose the threshold; give one of them");
	o->in = cli_input(argc, argv, first);
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

static int read_header(struct sn_evaluation *e, struct origin *origin, const struct sn_record *rec)
{
	struct sn_slice name = { 0 };
	uint64_t window = 0;
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);
	if (st < 0)
		return st;
	if ((st = sn_header_expect(h, "distances losses")) == 0)
		st = sn_model_note_read(&origin->note, h);
	if (sn_header_get_str(h, "distance", &name) && name.size < sizeof(origin->distance))
		memcpy(origin->distance, name.data, name.size);
	sn_header_get_f8(h, "threshold", &origin->threshold);
	sn_header_get_uint(h, "window", &window);
	e->items.window = window;
	sn_header_free(h);
	return st;
}

/* Returns 1, 0 for an empty input that is allowed, or a negative code with a message that says
 * where. */
static int read_set(struct sn_evaluation *e, struct origin *origin, const struct options *o)
{
	struct sn_reader *r = cli_reader(o->in);
	struct sn_join *join;
	struct sn_record rec;
	struct sn_progress *progress;
	bool seen = false;
	int st = sn_join_new(&join, r), got;
	if (st < 0)
		return st;
	progress = sn_progress_begin("pairs", 0, o->common.quiet);
	while ((got = st = sn_join_read(join, &rec)) > SN_EOF) {
		st = 0;
		if (got == SN_HEADER) {
			seen = true;
			st = read_header(e, origin, &rec);
		} else if (got == SN_RECORD && rec.map == SN_MAP_ITEM) {
			st = sn_evaluation_item(e, &rec.item);
		} else if (got == SN_RECORD && rec.map == SN_MAP_PAIR) {
			st = sn_evaluation_pair(e, &rec.pair);
			sn_progress_read(progress, sn_reader_offset(r), sn_reader_size(r));
			sn_progress_show(progress, e->pairs, NULL);
		}
		if (st == SN_EDATA || st == SN_ENAN)
			st = sn_reader_blame_last(r, st);
		if (st < 0)
			break;
	}
	if (st == 0)
		st = cli_check_empty(r, seen, &o->common);
	sn_progress_end(progress);
	sn_join_free(join);
	sn_reader_close(r);
	return st < 0 ? st : seen;
}

static const char *number(char text[32], const char *measure, double v)
{
	if (isnan(v))
		return "-";
	if (strstr(measure, "threshold"))
		return sn_threshold_text(text, v);
	snprintf(text, 32, "%.9g", v);
	return text;
}

static int print_rows(const struct sn_row *row, int rows, const char *path)
{
	static const char title[] = "measure\tvalue\tlower\tupper\tn\n";
	char line[256], value[32], lower[32], upper[32];
	struct sn_output *out;
	int st = sn_output_open(&out, path);
	if (st < 0)
		return st;
	st = sn_output_write(out, title, strlen(title));
	for (int i = 0; i < rows && st == 0; i++) {
		int n = snprintf(line, sizeof(line), "%s\t%s\t%s\t%s\t%llu\n", row[i].measure,
				 number(value, row[i].measure, row[i].value),
				 number(lower, row[i].measure, row[i].lower),
				 number(upper, row[i].measure, row[i].upper),
				 (unsigned long long)row[i].n);
		st = sn_output_write(out, line, (size_t)n);
	}
	if (st == 0)
		return sn_output_commit(out);
	sn_output_discard(out);
	return st;
}

/* The threshold of the rates, NaN for the one of equal error; from these pairs or from before. */
static int choose_threshold(double *threshold, const struct sn_evaluation *e,
			    const struct origin *origin, const struct options *o)
{
	*threshold = o->threshold;
	if (!isnan(o->far)) {
		*threshold = sn_threshold_at_far(&e->all, o->far);
		if (!isfinite(*threshold))
			return sn_fail(
				SN_EDATA,
				"no threshold accepts at most %.9g of the %zu different pairs: "
				"the smallest distance accepts more; give more pairs or a larger "
				"--far",
				o->far, e->all.n_different);
	}
	if (isnan(*threshold) && !o->calibrate)
		*threshold = origin->threshold;
	return 0;
}

/* Is the threshold of these distances one of this model's? */
static int check_origin(const struct sn_model *m, const struct origin *origin)
{
	const struct sn_model_note *note = &origin->note;
	if (!note->present || !note->has_xxh3)
		return sn_fail(SN_EDATA, "the distances do not say which model they come from; "
					 "make them by sn-embed -m and sn-dist");
	if (note->xxh3 != m->xxh3)
		return sn_fail(
			SN_EDATA,
			"the distances come from another model (%016llx, this one is %016llx)",
			(unsigned long long)note->xxh3, (unsigned long long)m->xxh3);
	if (strcmp(origin->distance, sn_distance_names[m->distance]) != 0)
		return sn_fail(SN_EDATA,
			       "the distances are %s, the model's is %s; give sn-dist no -d",
			       origin->distance[0] ? origin->distance : "of an unknown kind",
			       sn_distance_names[m->distance]);
	if (m->distance == SN_WEIGHTED_L1 &&
	    (note->head_size != m->head_size || !note->head || !m->head ||
	     memcmp(note->head, m->head, m->head_size * sizeof(float)) != 0))
		return sn_fail(SN_EDATA,
			       "the distances were made with other weights than the model has");
	return 0;
}

/* Where all distances are one, all pictures are one point, and every threshold says yes to all or
 * to none. */
static int check_spread(const struct sn_evaluation *e, const struct options *o)
{
	const float *same = e->all.same, *different = e->all.different;
	size_t n = e->all.n_same, m = e->all.n_different;
	if (n + m < 3 || same[0] != same[n - 1] || different[0] != different[m - 1] ||
	    same[0] != different[0])
		return 0;
	if (o->calibrate && isnan(o->threshold))
		return sn_fail(SN_EDATA,
			       "all %zu distances are %.9g: the network tells nothing apart, and "
			       "no threshold can; train it anew",
			       n + m, (double)same[0]);
	sn_note("all %zu distances are %.9g: the network tells nothing apart", n + m,
		(double)same[0]);
	return 0;
}

static int calibrate(struct sn_model *m, const struct sn_evaluation *e, double threshold,
		     const struct options *o)
{
	struct sn_threshold *t = &m->threshold;
	const char *path = cli_given("output") ? o->common.out : o->calibrate;
	int st;
	memset(t, 0, sizeof(*t));
	t->far = o->far;
	t->d = threshold;
	strcpy(t->protocol, isnan(threshold) ? "eer" : isnan(o->far) ? "given" : "far");
	if (isnan(threshold))
		sn_eer(&e->all, &t->d);
	t->set = true;
	t->same = e->all.n_same;
	t->different = e->all.n_different;
	sn_rates_at(&e->all, t->d, &t->measured_far, &t->measured_frr);
	cli_input_sum("calibrate", m->xxh3);
	if ((st = sn_model_save(m, path, cli_history())) < 0)
		return st;
	sn_note("%s: threshold %.9g (%s), chosen on %llu same and %llu different pairs: FAR %.4g, "
		"FRR "
		"%.4g",
		strcmp(path, "-") == 0 ? "<stdout>" : path, t->d, t->protocol,
		(unsigned long long)t->same, (unsigned long long)t->different, t->measured_far,
		t->measured_frr);
	return 0;
}

static int run(struct sn_evaluation *e, struct origin *origin, const struct options *o)
{
	bool model_to_stdout =
		o->calibrate && cli_given("output") && strcmp(o->common.out, "-") == 0;
	struct sn_row row[SN_MAX_ROWS];
	struct sn_model *m = NULL;
	double threshold;
	int st, rows, both;
	/* the model first: a mistake there is cheaper found before all distances are read */
	if (o->calibrate && (st = sn_model_load(&m, o->calibrate)) < 0)
		return st;
	if ((st = read_set(e, origin, o)) <= 0)
		goto out;
	if ((st = sn_evaluation_finish(e)) < 0)
		goto out;
	both = sn_scores_sort(&e->all); /* says what to do where a class is empty */
	if (both < 0 && (both != SN_EDATA || o->calibrate || e->trials.n == 0)) {
		st = both;
		goto out;
	}
	if (both < 0)
		sn_note("%s", sn_message());
	if (m && (st = check_origin(m, origin)) < 0)
		goto out;
	if (both == 0 && (st = check_spread(e, o)) < 0)
		goto out;
	if ((st = choose_threshold(&threshold, e, origin, o)) < 0)
		goto out;
	if (both == 0 && isnan(threshold) && !o->calibrate)
		sn_note("no threshold in the stream and no -T: far and frr are at equal error, "
			"on these very pairs");
	if (o->common.verbose)
		cli_warn("distance %s, threshold %s",
			 origin->distance[0] ? origin->distance : "unknown",
			 !isnan(o->far)		? "by --far"
			 : !isnan(o->threshold) ? "by -T"
			 : isnan(threshold)	? "at equal error"
						: "of the model");
	if ((st = sn_evaluation_rows(e, threshold, row, &rows)) < 0)
		goto out;
	if (m && (st = calibrate(m, e, threshold, o)) < 0)
		goto out;
	if (!model_to_stdout)
		st = print_rows(row, rows, o->calibrate ? "-" : o->common.out);
out:
	sn_model_free(m);
	return st;
}

int main(int argc, char **argv)
{
	struct sn_evaluation e = { 0 };
	struct origin origin = { .threshold = NAN };
	int st;
	parse(argc, argv, &asked);
	if ((st = run(&e, &origin, &asked)) < 0)
		cli_warn("%s", sn_message());
	sn_evaluation_release(&e);
	sn_model_note_release(&origin.note);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
