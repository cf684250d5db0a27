/* sn-loss - distances in, or pairs of embeddings; losses out and their mean, or its gradient */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/loss.h>
#include <sn/progress.h>
#include <sn/twins.h>
#include "cli.h"
#include "loss_options.h"

/* What was asked for, and (o) what is in use once a section began, for the history. */
struct options {
	struct cli_common common;
	const char *in;
	struct loss_options loss;
	unsigned distance; /* enum sn_distance */
	unsigned mean;	   /* enum loss_mean */
	bool gradient;
	bool distance_given, mean_given;
	struct loss_options given;
};

/* One section: what its losses are made of, and their sum so far. */
struct section {
	struct sn_twins twins;
	struct sn_objective objective;
	bool measure; /* from embeddings: measure the distances here */
	bool whole;   /* nothing is known before its end: the gradient, losses that are no sums */
	bool balance;
	struct sn_loss_sum sum;	  /* in pair order: sn-train adds up in the same */
	struct sn_buffer d, loss; /* encoded values */
	/* whole sections */
	struct sn_header *header;
	struct sn_pairs pairs; /* into twins.items */
	float *distance;       /* [pairs.n] */
	size_t distances;
	struct sn_buffer records;    /* gradient: as they will be written, zeros for gradients */
	struct sn_writer *assembler; /* into records */
	struct held *held;
	size_t n_held, held_capacity;
};

/* A record that waits in section.records. */
struct held {
	size_t at, size;
	size_t gradient; /* where it goes; SIZE_MAX: nowhere */
	size_t item;	 /* whose it is, in twins.items */
};

static struct options asked = { .common = CLI_COMMON_INIT, .loss = LOSS_OPTIONS_INIT };

/* not const: what a loss has no use for is left out of the history */
static struct cli_option table[] = {
	LOSS_OPTIONS(asked.loss),
	{ 'd', "distance", CLI_CHOICE, &asked.distance, "NAME",
	  "for embeddings: the loss's or the model's unless given, else the default", 0, 0,
	  sn_distance_names, 0 },
	{ 0, "mean", CLI_CHOICE, &asked.mean, "NAME",
	  "each pair the same, or half for the same and half for the different ones", 0, 0,
	  loss_means, CLI_OMIT },
	{ 0, "gradient", CLI_FLAG, &asked.gradient, NULL,
	  "write the mean loss's gradient at every embedding", 0, 0, NULL, CLI_OMIT },
	CLI_OUT(asked.common),
	CLI_TEXTUAL(asked.common),
	CLI_QUIET(asked.common),
	CLI_VERBOSE(asked.common),
	CLI_THREADS(asked.common),
	CLI_EMPTY(asked.common),
	CLI_END,
};

static const struct cli_program program = {
	"sn-loss",
	"[-l LOSS] [-M MARGIN] [-d DISTANCE] [--gradient] [-o FILE] [-t] [FILE]",
	"The loss of each pair, and the mean that training makes small.\n"
	"  in:   pairs with d (sn-dist), or items with x f4 [d] and pairs of them\n"
	"  out:  the same pairs with loss, behind each section's last the mean;\n"
	"        --gradient: the items, x its gradient, and loss in the header\n",
	"sn-pair faces | sn-embed -m w.bin | sn-dist | sn-loss -t",
	table,
	CLI_FAILED,
};

static void parse(int argc, char **argv, struct options *o)
{
	int first = cli_parse(&program, argc, argv);
	o->distance_given = cli_given("distance");
	o->mean_given = cli_given("mean");
	o->given = o->loss;
	if (isinf(o->loss.margin))
		cli_usage_error("--margin: auto is sn-train's, which takes it from the distances "
				"before any training");
	loss_options_check(&o->loss);
	o->in = cli_input(argc, argv, first);
}

static bool is(struct sn_slice name, const char *word)
{
	return name.size == strlen(word) && memcmp(name.data, word, name.size) == 0;
}

/* Distances say how they were measured; -d may only repeat it.  *kind: how, if that is known. */
static int check_distance(const struct sn_header *h, const struct options *o,
			  enum sn_distance *kind)
{
	struct sn_slice name = { (const uint8_t *)"unknown", 7 };
	sn_header_get_str(h, "distance", &name);
	if (o->distance_given && !is(name, sn_distance_names[o->distance]))
		return sn_fail(SN_EDATA,
			       "distance %.*s, measured already: -d %s wants pairs of embeddings",
			       (int)(name.size > 64 ? 64 : name.size), (const char *)name.data,
			       sn_distance_names[o->distance]);
	for (unsigned k = 0; sn_distance_names[k]; k++)
		if (is(name, sn_distance_names[k])) {
			*kind = (enum sn_distance)k;
			return 1;
		}
	return 0;
}

/* Which loss of which distance, by the options, the header and the model behind it. */
static int choose(struct section *s, const struct sn_header *h, struct options *o)
{
	struct sn_model_note note = { 0 };
	enum sn_distance kind = (enum sn_distance)o->distance, otherwise = SN_EUCLIDEAN;
	bool known = o->distance_given;
	struct sn_slice mean;
	int st = sn_model_note_read(&note, h);

	if (st == 0 && note.present)
		otherwise = note.distance;
	if (st == 0 && !s->measure && (st = check_distance(h, o, &kind)) > 0)
		known = true;
	if (st >= 0)
		st = loss_options_settle(&s->objective, &o->loss, &o->given, table,
					 known ? &kind : NULL, otherwise,
					 note.present ? note.margin : 1);
	sn_model_note_release(&note);
	if (st < 0)
		return sn_fail_at(SN_EDATA, "%s",
				  known && !o->distance_given ? "these distances" : "this section");
	if (o->loss.margin != o->given.margin && !(o->loss.margin > 0) &&
	    isnan(sn_loss_margin(s->objective.loss, s->objective.form)))
		return sn_fail(SN_EDATA, "the model's margin is %.9g, wanted one above 0: give -M",
			       o->loss.margin);
	if (!o->mean_given && sn_header_get_str(h, "mean", &mean))
		o->mean = is(mean, "balanced") ? LOSS_BALANCED : LOSS_PLAIN;
	s->balance = o->mean == LOSS_BALANCED;
	if (s->measure || known)
		o->distance = s->objective.distance; /* for the history */
	return 0;
}

static int check_kind(struct section *s, const struct sn_header *h, const struct options *o)
{
	int st = sn_header_expect(h, "distances pairs");
	if (st < 0)
		return st;
	s->measure = strcmp(sn_header_kind(h), "pairs") == 0;
	if (!s->measure && o->gradient)
		return sn_fail(SN_EDATA, "a gradient wants pairs of embeddings, and these are "
					 "distances: leave sn-dist out");
	if (!s->measure && !sn_loss_is_sum((enum sn_loss)o->given.loss))
		return sn_fail(SN_EDATA,
			       "the loss %s wants pairs of embeddings, and these are "
			       "distances: leave sn-dist out",
			       sn_loss_names[o->given.loss]);
	return 0;
}

static void clear(struct section *s)
{
	sn_header_free(s->header);
	s->header = NULL;
	s->pairs.n = s->distances = s->n_held = 0;
	s->records.size = 0;
	memset(&s->sum, 0, sizeof s->sum);
}

static int begin(struct section *s, const struct sn_record *rec, struct sn_writer *w,
		 struct options *o)
{
	struct sn_header *h;
	int st;
	clear(s);
	if ((st = sn_header_parse(&h, rec)) < 0)
		return st;
	if ((st = check_kind(s, h, o)) < 0 || (st = choose(s, h, o)) < 0)
		goto out;
	if (s->measure && (st = sn_twins_begin(&s->twins, h, &s->objective.distance, NAN)) < 0)
		goto out;
	s->whole = o->gradient || !sn_loss_is_sum(s->objective.loss);
	if (s->whole)
		s->twins.items.window = 0;
	sn_header_remove(h, "mean");
	if ((st = sn_header_set_kind(h, o->gradient ? "items" : "losses")) < 0 ||
	    (st = sn_header_add_history(h, cli_history())) < 0)
		goto out;
	if (!o->gradient) {
		st = sn_write_header(w, h);
	} else { /* it wants the loss */
		if (!s->assembler && (st = sn_writer_open_buffer(&s->assembler, &s->records)) == 0)
			st = sn_write_header(s->assembler, h);
		s->records.size = 0;
		s->header = h;
		h = NULL;
	}
out:
	sn_header_free(h);
	return st;
}

/* Keep a record of a section whose gradient is wanted, zeros in place of an embedding. */
static int hold(struct section *s, const struct sn_record *rec)
{
	bool item = rec->map == SN_MAP_ITEM && rec->item.x.type;
	struct sn_buffer zeros = { 0 };
	struct held *held;
	int st = sn_grow(&s->held, &s->held_capacity, s->n_held + 1, sizeof *s->held);
	if (st < 0)
		return st;
	held = &s->held[s->n_held++];
	*held = (struct held){ s->records.size, 0, SIZE_MAX, s->twins.items.n - 1 };
	if (item) {
		struct sn_slice old = sn_record_get(rec, "x");
		/* what follows x is the same before and after */
		size_t rest = (size_t)(rec->bytes.data + rec->bytes.size - (old.data + old.size));
		if ((st = sn_tensor_encode(&zeros, &rec->item.x)) == 0)
			st = sn_write_with(s->assembler, rec, "x",
					   (struct sn_slice){ zeros.data, zeros.size });
		sn_buffer_release(&zeros);
		held->gradient = s->records.size - rest - s->twins.dim * sizeof(float);
	} else {
		st = sn_buffer_add(&s->records, rec->bytes.data, rec->bytes.size);
	}
	held->size = s->records.size - held->at;
	return st;
}

static int item(struct section *s, const struct sn_record *rec, struct sn_writer *w)
{
	int st;
	if (!s->measure)
		return sn_write_record(w, rec);
	if ((st = sn_twins_add(&s->twins, &rec->item)) < 0)
		return st;
	if (s->header)
		return hold(s, rec);
	return sn_write_with(w, rec, "x", (struct sn_slice){ 0 });
}

static int pair_distance(struct section *s, const struct sn_pair *p, float *d)
{
	bool known = p->has_d && !p->d_nil;
	int st;
	*d = p->d;
	if (s->measure) {
		if ((st = sn_twins_distance(&s->twins, p, d)) < 0)
			return st;
		known = st;
	} else if (!p->has_d) {
		return sn_fail(SN_EDATA, "a pair without 'd'; sn-dist puts it in");
	}
	if (!known)
		return sn_fail(SN_EDATA, "a pair without a distance, as a picture is missing; "
					 "leave it out of sn-pair's list");
	if (p->same == SN_UNKNOWN)
		return sn_fail(SN_EDATA, "a pair not known to be same or different, "
					 "which has no loss; label its pictures");
	if (s->objective.loss == SN_LOSS_CROSS_ENTROPY && !(*d >= 0 && *d <= 1))
		return sn_fail(SN_EDATA, "d = %.9g is no probability, as weighted-l1's are",
			       (double)*d);
	return 0;
}

static int keep_pair(struct section *s, const struct sn_pair *p, float d)
{
	const struct sn_items *items = &s->twins.items;
	struct sn_index_pair pair = { (size_t)(sn_items_find(items, p->a) - items->entry),
				      (size_t)(sn_items_find(items, p->b) - items->entry), p->same,
				      SN_NONE, SN_NONE };
	size_t capacity = s->pairs.capacity;
	int st = sn_pairs_add(&s->pairs, pair);
	if (st < 0)
		return st;
	if (s->pairs.capacity != capacity) {
		float *more = realloc(s->distance, s->pairs.capacity * sizeof *more);
		if (!more)
			return sn_fail_memory();
		s->distance = more;
	}
	s->distance[s->distances++] = d;
	return 0;
}

static int pair(struct section *s, const struct sn_record *rec, struct sn_writer *w)
{
	const struct sn_pair *p = &rec->pair;
	struct sn_edit edit[2];
	float d;
	double loss;
	int st = pair_distance(s, p, &d);
	if (st < 0)
		return st;
	if (s->whole)
		return keep_pair(s, p, d);
	loss = sn_loss_pair(NULL, &s->objective, d, p->same == SN_SAME);
	sn_loss_add(&s->sum, loss, p->same == SN_SAME);
	if (!isfinite(loss) || !isfinite(s->sum.all))
		return sn_fail(SN_ENAN, "the loss is not finite: d = %.9g, margin %.9g", (double)d,
			       s->objective.margin);
	if ((st = sn_encode_f4(&s->d, d)) < 0 || (st = sn_encode_f8(&s->loss, loss)) < 0)
		return st;
	edit[0] = (struct sn_edit){ "loss", { s->loss.data, s->loss.size } };
	edit[1] = (struct sn_edit){ "d", { s->d.data, s->d.size } };
	return s->measure ? sn_write_edited(w, rec, (struct sn_edit[]){ edit[1], edit[0] }, 2)
			  : sn_write_edited(w, rec, edit, 1);
}

/* ---- whole sections ----------------------------------------------------------------------- */

/* The embeddings in a row; those that are missing are in no pair. */
static float *gather(const struct section *s)
{
	const struct sn_items *items = &s->twins.items;
	size_t dim = s->twins.dim;
	float *y = sn_alloc(items->n + 1, (dim + 1) * sizeof *y);
	for (size_t i = 0; y && i < items->n; i++)
		if (!items->entry[i].missing)
			memcpy(y + i * dim, items->entry[i].data, dim * sizeof *y);
	return y;
}

static int set_head(struct sn_header *h, const float *head, size_t n)
{
	struct sn_tensor t = { 'f', 1, { n }, n, head };
	struct sn_buffer b = { 0 };
	int st = sn_tensor_encode(&b, &t);
	if (st == 0)
		st = sn_header_set(h, "head", (struct sn_slice){ b.data, b.size });
	sn_buffer_release(&b);
	return st;
}

/* The held header with what is known now, then the held records with their gradients. */
static int write_gradient(struct section *s, const struct sn_loss_result *r, struct sn_writer *w)
{
	const struct sn_objective *o = &s->objective;
	size_t dim = s->twins.dim;
	int st;
	/* they are no embeddings of the model */
	sn_header_remove(s->header, "model");
	sn_header_remove(s->header, "threshold");
	if ((st = sn_header_set_f8(s->header, "loss", r->loss)) < 0 ||
	    (st = sn_header_set_str(s->header, "objective", sn_loss_names[o->loss])) < 0 ||
	    (sn_loss_has_margin(o->loss) && o->loss != SN_LOSS_COSINE &&
	     (st = sn_header_set_f8(s->header, "margin", o->margin)) < 0) ||
	    (o->distance == SN_WEIGHTED_L1 && (st = set_head(s->header, r->dhead, dim + 1)) < 0) ||
	    (st = sn_write_header(w, s->header)) < 0)
		return st;
	for (size_t i = 0; i < s->n_held; i++) {
		const struct held *h = &s->held[i];
		if (h->gradient != SIZE_MAX)
			memcpy(s->records.data + h->gradient, r->dy + h->item * dim,
			       dim * sizeof(float));
		if ((st = sn_write_raw(w, (struct sn_slice){ s->records.data + h->at, h->size })) <
		    0)
			return st;
	}
	return 0;
}

static int measure_whole(struct section *s, struct sn_loss_result *r, struct sn_writer *w)
{
	float *y = gather(s);
	struct sn_loss_batch b = { .y = y,
				   .n = s->twins.items.n,
				   .dim = s->twins.dim,
				   .pair = s->pairs.pair,
				   .pairs = s->pairs.n,
				   .d = s->distance,
				   .head = s->twins.note.head,
				   .balance = s->balance };
	int st = y ? 0 : SN_ENOMEM;
	if (st == 0 && s->header) {
		r->dy = sn_alloc(b.n + 1, (b.dim + 1) * sizeof(float));
		r->dhead = sn_alloc(b.dim + 1, sizeof(float));
		st = r->dy && r->dhead ? 0 : SN_ENOMEM;
	}
	if (st == 0)
		st = sn_loss_measure(r, &s->objective, &b);
	if (st == 0 && s->header)
		st = write_gradient(s, r, w);
	free(r->dy);
	free(r->dhead);
	free(y);
	return st;
}

static int end_whole(struct section *s, const struct sn_record *rec, struct sn_writer *w)
{
	struct sn_loss_result r = { 0 };
	int st;
	if (s->pairs.n == 0)
		return sn_fail(SN_EDATA, "a section without pairs has no mean loss");
	if ((st = measure_whole(s, &r, w)) < 0)
		return st;
	if (!s->header && r.terms == 0)
		return sn_fail(SN_EDATA,
			       "no image of these pairs has the partners that the loss %s "
			       "compares; sn-pair --all or --batch pairs it with all others",
			       sn_loss_names[s->objective.loss]);
	if (!s->header && (st = sn_write_mean(w, r.loss, r.terms)) < 0)
		return st;
	return sn_write_end(w, rec->end.failed);
}

static int end(struct section *s, const struct sn_record *rec, struct sn_writer *w)
{
	uint64_t terms = s->sum.n[0] + s->sum.n[1];
	double mean;
	int st;
	if (s->whole)
		return end_whole(s, rec, w);
	if (terms == 0)
		return sn_fail(SN_EDATA, "a section without pairs has no mean loss");
	mean = sn_loss_mean(NULL, &s->objective, &s->sum, s->balance);
	if ((st = sn_write_mean(w, mean, terms)) < 0)
		return st;
	return sn_write_end(w, rec->end.failed);
}

static int release(struct section *s)
{
	int st = s->assembler ? sn_writer_close(s->assembler, false) : 0;
	sn_twins_release(&s->twins);
	sn_pairs_release(&s->pairs);
	sn_header_free(s->header);
	sn_buffer_release(&s->d);
	sn_buffer_release(&s->loss);
	sn_buffer_release(&s->records);
	free(s->distance);
	free(s->held);
	return st;
}

/* Returns SN_EOF, or a negative code with a message that says where. */
static int run(struct sn_reader *r, struct sn_writer *w, struct options *o,
	       struct sn_progress *progress)
{
	struct sn_record rec;
	struct section s = { 0 };
	uint64_t pairs = 0;
	bool seen = false;
	int st, got;
	while ((got = st = sn_read(r, &rec)) > SN_EOF) {
		if (got == SN_HEADER) {
			seen = true;
			st = begin(&s, &rec, w, o);
		} else if (got == SN_END) {
			if (o->common.verbose)
				cli_warn("%llu pairs, margin %.9g",
					 (unsigned long long)(s.sum.n[0] + s.sum.n[1] + s.pairs.n),
					 s.objective.margin);
			st = end(&s, &rec, w);
		} else if (rec.map == SN_MAP_ITEM) {
			st = item(&s, &rec, w);
		} else if (rec.map == SN_MAP_PAIR) {
			st = pair(&s, &rec, w);
			sn_progress_read(progress, sn_reader_offset(r), sn_reader_size(r));
			sn_progress_show(progress, ++pairs, NULL);
		} else {
			st = s.header ? hold(&s, &rec) : sn_write_record(w, &rec);
		}
		if (st == SN_EDATA || st == SN_ENAN)
			st = sn_reader_blame_last(r, st);
		if (st < 0)
			break;
	}
	if (release(&s) < 0 && st == 0)
		st = SN_ENOMEM;
	return st < 0 ? st : cli_check_empty(r, seen, &o->common);
}

int main(int argc, char **argv)
{
	struct options *o = &asked;
	struct sn_reader *r;
	struct sn_writer *w;
	struct sn_progress *progress;
	int st, closed;
	parse(argc, argv, o);
	r = cli_reader(o->in);
	w = cli_writer(&o->common, r);
	/* text on a terminal shows by itself how far it is */
	progress = sn_progress_begin("pairs", 0, o->common.quiet || sn_writer_is_text(w));
	st = run(r, w, o, progress);
	sn_progress_end(progress);
	if (st < 0)
		cli_warn("%s", sn_message());
	if ((closed = sn_writer_close(w, st == 0)) < 0 && st == 0)
		cli_die(closed);
	sn_reader_close(r);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
