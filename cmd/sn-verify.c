/* sn-verify - are these pictures of the same? The exit status is the answer */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/evaluation.h>
#include <sn/file.h>
#include <sn/fold.h>
#include <sn/image.h>
#include <sn/model.h>
#include "cli.h"

enum { YES = 0, NO = 1, TROUBLE = 2 };

struct options {
	struct cli_common common;
	const char *model;
	double threshold; /* NaN: the model's */
	unsigned fold;	  /* enum sn_fold */
	char *const *operand;
	size_t operands;
};

/* Pictures ready for the network. */
struct pictures {
	float *x;		 /* [n][h][w][c] */
	size_t n, capacity, one; /* capacity in floats; floats of one picture */
	uint8_t *pixels;	 /* one picture */
	struct sn_prep_table table;
	char **key;  /* [n] */
	size_t keys; /* room for so many */
};

static struct options asked = { .common = CLI_COMMON_INIT, .threshold = NAN };

static const struct cli_option table[] = {
	{ 'm', "model", CLI_FILE, &asked.model, "MODEL", "the network and its threshold", 0, 0,
	  NULL, CLI_INPUT },
	{ 'T', "threshold", CLI_REAL, &asked.threshold, "D",
	  "yes means a distance of at most D; the model's unless given", 0, 0, NULL, 0 },
	{ 0, "fold", CLI_CHOICE, &asked.fold, "HOW", "of the distances to several references", 0, 0,
	  sn_fold_names, 0 },
	CLI_OUT(asked.common),
	CLI_TEXTUAL(asked.common),
	CLI_QUIET(asked.common),
	CLI_VERBOSE(asked.common),
	CLI_THREADS(asked.common),
	CLI_END,
};

static const struct cli_program program = {
	"sn-verify",
	"-m MODEL [-T D] [--fold HOW] QUESTIONED REFERENCE...",
	"Does the questioned picture show the same as the references?\n"
	"  in:   pictures, or folders of references; one may be - (standard input)\n"
	"  out:  text: yes or no, the distance, the threshold; after sn-eval --calibrate also the\n"
	"        probability that they are the same\n"
	"  exit: 0 yes, 1 no, 2 trouble\n",
	"sn-verify -m w.bin cheque.png reference.png && echo accepted",
	table,
	TROUBLE,
};

static void parse(int argc, char **argv, struct options *o)
{
	int first = cli_parse(&program, argc, argv), stdin_used = 0;
	if (!o->model)
		cli_usage_error("which model? give -m MODEL");
	if (argc - first < 2)
		cli_usage_error("wanted a questioned picture and at least one reference");
	o->operand = argv + first;
	o->operands = (size_t)(argc - first);
	stdin_used = strcmp(o->model, "-") == 0;
	for (size_t i = 0; i < o->operands; i++)
		stdin_used += strcmp(o->operand[i], "-") == 0;
	if (stdin_used > 1)
		cli_usage_error("standard input can be read only once");
}

static int add_picture(struct pictures *p, const struct sn_model *m, const struct sn_item *item)
{
	size_t need;
	int st;
	if (!sn_multiply(&need, p->n + 1, p->one))
		return sn_fail_memory();
	if ((st = sn_grow(&p->x, &p->capacity, need, sizeof(float))) < 0 ||
	    (st = sn_grow(&p->key, &p->keys, p->n + 1, sizeof(char *))) < 0 ||
	    (st = sn_prep_pixels(&m->prep, &item->x, p->pixels)) < 0)
		return st;
	p->key[p->n] = strndup((const char *)item->key.data, item->key.size);
	if (!p->key[p->n])
		return sn_fail_memory();
	sn_prep_floats(&p->table, p->pixels, p->x + p->n * p->one);
	p->n++;
	return 0;
}

/* A picture, or all those of a folder, exactly as sn-load reads them. */
static int add_operand(struct pictures *p, const struct sn_model *m, char *const *operand,
		       const struct options *o)
{
	const struct sn_load_options load = { .label = "none",
					      .threads = (unsigned)o->common.threads };
	struct sn_loader *l;
	struct sn_item item;
	size_t before = p->n;
	int st;
	if ((st = sn_loader_open(&l, &load, operand, 1)) < 0)
		return st;
	while ((st = sn_loader_next(l, &item)) > 0)
		if ((st = add_picture(p, m, &item)) < 0)
			break;
	sn_loader_close(l);
	if (st == 0 && p->n == before)
		return sn_fail(SN_EDATA, "no picture in '%s'", *operand);
	return st;
}

static int load(struct pictures *p, const struct sn_model *m, const struct options *o)
{
	int st;
	p->one = m->prep.h * m->prep.w * m->prep.c;
	sn_prep_table_init(&p->table, &m->prep);
	p->pixels = sn_alloc(p->one, 1);
	if (!p->pixels)
		return SN_ENOMEM;
	for (size_t i = 0; i < o->operands; i++) {
		if ((st = add_operand(p, m, &o->operand[i], o)) < 0)
			return st;
		if (i == 0 && p->n != 1)
			return sn_fail(SN_EUSAGE,
				       "'%s' holds %zu pictures, wanted a single questioned one",
				       o->operand[0], p->n);
	}
	return 0;
}

/* Mean distance of the references among themselves; 0 where there is one. */
static double among(const struct sn_model *m, const float *y, size_t n)
{
	size_t dim = sn_net_dim(m->net);
	double sum = 0;
	for (size_t b = 1; b < n; b++)
		for (size_t a = 0; a < b; a++)
			sum += (double)sn_distance(m->distance, y + a * dim, y + b * dim, dim,
						   m->head);
	return n > 1 ? sum / ((double)n * (double)(n - 1) / 2) : 0;
}

/* To each reference what sn-dist gives. */
static int measure_each(float *d, const struct sn_model *m, const struct pictures *p,
			const float *y, const struct options *o)
{
	size_t dim = sn_net_dim(m->net);
	for (size_t i = 0; i + 1 < p->n; i++) {
		d[i] = sn_distance(m->distance, y, y + (i + 1) * dim, dim, m->head);
		if (!isfinite(d[i]))
			return sn_fail(SN_ENAN, "the distance to '%s' is not finite",
				       p->key[i + 1]);
		if (o->common.verbose)
			cli_warn("%s: distance %.9g", p->key[i + 1], (double)d[i]);
	}
	return 0;
}

/* The distance that decides. */
static int measure(float *d, const struct sn_model *m, const struct pictures *p,
		   const struct options *o)
{
	size_t dim = sn_net_dim(m->net);
	float *y = sn_alloc(p->n, dim * sizeof(float)), *each = sn_alloc(p->n, sizeof(float));
	struct sn_pool *pool = NULL;
	int st = y && each ? sn_pool_new(&pool, (unsigned)o->common.threads) : SN_ENOMEM;
	if (st == 0 && (st = sn_model_embed(m, pool, p->x, p->n, y)) == 0 &&
	    (st = measure_each(each, m, p, y, o)) == 0)
		*d = sn_fold((enum sn_fold)o->fold, each, p->n - 1,
			     o->fold == SN_FOLD_EXCESS ? among(m, y + dim, p->n - 1) : 0);
	sn_pool_free(pool);
	free(each);
	free(y);
	return st;
}

static int print(const struct sn_model *m, float d, double threshold, const struct options *o)
{
	char line[128], text[32];
	struct sn_output *out;
	int st = sn_output_open(&out, o->common.out), n;
	if (st < 0)
		return st;
	n = snprintf(line, sizeof(line), "%s\t%.9g\t%s", (double)d <= threshold ? "yes" : "no",
		     (double)d, sn_threshold_text(text, threshold));
	if (m->threshold.probability.set)
		n += snprintf(line + n, sizeof(line) - (size_t)n, "\t%.9g",
			      (double)sn_probability(&m->threshold.probability, d));
	line[n++] = '\n';
	if ((st = sn_output_write(out, line, (size_t)n)) == 0)
		return sn_output_commit(out);
	sn_output_discard(out);
	return st;
}

/* Returns YES, NO or a negative code. */
static int run(const struct options *o)
{
	struct sn_model *m;
	struct pictures p = { 0 };
	double threshold = o->threshold;
	float d;
	int st = sn_model_load(&m, o->model);
	if (st < 0)
		return st;
	if (isnan(threshold) && m->threshold.set)
		threshold = m->threshold.d;
	if (isnan(threshold))
		st = sn_fail(SN_EDATA,
			     "the model has no threshold: run sn-eval --calibrate, or give -T");
	if (st == 0 && (st = load(&p, m, o)) == 0 && (st = measure(&d, m, &p, o)) == 0 &&
	    (st = print(m, d, threshold, o)) == 0)
		st = (double)d <= threshold ? YES : NO;
	for (size_t i = 0; i < p.n; i++)
		free(p.key[i]);
	free(p.key);
	free(p.x);
	free(p.pixels);
	sn_model_free(m);
	return st;
}

int main(int argc, char **argv)
{
	int st;
	parse(argc, argv, &asked);
	if ((st = run(&asked)) < 0)
		cli_warn("%s", sn_message());
	return st < 0 ? TROUBLE : st;
}
