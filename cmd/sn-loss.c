/* sn-loss - distances in, or pairs of embeddings; one loss a pair out, and their mean */
#include <math.h>
#include <string.h>
#include <sn/loss.h>
#include <sn/progress.h>
#include <sn/twins.h>
#include "cli.h"

struct options {
	struct cli_common common;
	const char *in;
	unsigned loss;	   /* enum sn_loss */
	unsigned distance; /* enum sn_distance; once a section began, the one in use */
	double margin;	   /* the same */
	bool distance_given;
	double margin_given; /* NaN: not given */
};

/* One section: what its losses are made of, and their sum so far. */
struct section {
	struct sn_twins twins;
	bool measure; /* from embeddings: measure the distances here */
	double margin;
	double sum; /* in pair order: sn-train adds up in the same */
	uint64_t terms;
	struct sn_buffer d, loss; /* encoded values */
};

static struct options asked = { .common = CLI_COMMON_INIT, .margin = NAN };

static const struct cli_option table[] = {
	{ 'l', "loss", CLI_CHOICE, &asked.loss, "NAME", "which loss", 0, 0, sn_loss_names, 0 },
	{ 'M', "margin", CLI_REAL, &asked.margin, "D",
	  "push different pairs apart up to D > 0; the model's unless given, else 1", 0, 0, NULL,
	  0 },
	{ 'd', "distance", CLI_CHOICE, &asked.distance, "NAME",
	  "for embeddings: the model's unless given, else the default", 0, 0, sn_distance_names,
	  0 },
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
	"[-l LOSS] [-M MARGIN] [-d DISTANCE] [-o FILE] [-t] [FILE]",
	"The loss of each pair, and the mean that training makes small.\n"
	"  in:   pairs with d (sn-dist), or items with x f4 [d] and pairs of them\n"
	"  out:  the same pairs with loss, behind each section's last the mean\n",
	"sn-pair faces | sn-embed -m w.bin | sn-dist | sn-loss -t",
	table,
	CLI_FAILED,
};

static void parse(int argc, char **argv, struct options *o)
{
	int first = cli_parse(&program, argc, argv);
	o->distance_given = cli_given("distance");
	o->margin_given = o->margin;
	if (cli_given("margin") && !(o->margin > 0))
		cli_usage_error("--margin: %.9g is not above 0", o->margin);
	o->in = cli_input(argc, argv, first);
}

static bool is(struct sn_slice name, const char *word)
{
	return name.size == strlen(word) && memcmp(name.data, word, name.size) == 0;
}

/* Distances say how they were measured; -d may only repeat it. */
static int check_distance(const struct sn_header *h, struct options *o)
{
	struct sn_slice name = { (const uint8_t *)"unknown", 7 };
	sn_header_get_str(h, "distance", &name);
	if (o->distance_given && !is(name, sn_distance_names[o->distance]))
		return sn_fail(SN_EDATA,
			       "distance %.*s, measured already: -d %s wants pairs of embeddings",
			       (int)(name.size > 64 ? 64 : name.size), (const char *)name.data,
			       sn_distance_names[o->distance]);
	for (unsigned k = 0; sn_distance_names[k]; k++)
		if (is(name, sn_distance_names[k]))
			o->distance = k; /* for the history */
	return 0;
}

static int choose_margin(struct section *s, const struct sn_header *h, struct options *o)
{
	struct sn_model_note note = { 0 };
	int st = sn_model_note_read(&note, h);
	s->margin = !isnan(o->margin_given) ? o->margin_given : note.present ? note.margin : 1;
	sn_model_note_release(&note);
	if (st == 0 && !(s->margin > 0))
		return sn_fail(SN_EDATA, "the model's margin is %.9g, wanted one above 0: give -M",
			       s->margin);
	o->margin = s->margin;
	return st;
}

static int begin(struct section *s, const struct sn_record *rec, struct sn_writer *w,
		 struct options *o)
{
	const enum sn_distance wanted = o->distance;
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);
	if (st < 0)
		return st;
	s->sum = 0;
	s->terms = 0;
	if ((st = sn_header_expect(h, "distances pairs")) < 0)
		goto out;
	s->measure = strcmp(sn_header_kind(h), "pairs") == 0;
	if (s->measure)
		st = sn_twins_begin(&s->twins, h, o->distance_given ? &wanted : NULL, NAN);
	else
		st = check_distance(h, o);
	if (st < 0 || (st = choose_margin(s, h, o)) < 0)
		goto out;
	if (s->measure)
		o->distance = s->twins.distance;
	if ((st = sn_header_set_kind(h, "losses")) == 0 &&
	    (st = sn_header_add_history(h, cli_history())) == 0)
		st = sn_write_header(w, h);
out:
	sn_header_free(h);
	return st;
}

static int item(struct section *s, const struct sn_record *rec, struct sn_writer *w)
{
	int st;
	if (!s->measure)
		return sn_write_record(w, rec);
	if ((st = sn_twins_add(&s->twins, &rec->item)) < 0)
		return st;
	return sn_write_with(w, rec, "x", (struct sn_slice){ 0 });
}

static int pair(struct section *s, const struct sn_record *rec, struct sn_writer *w)
{
	const struct sn_pair *p = &rec->pair;
	struct sn_edit edit[2];
	float d = p->d;
	bool known = p->has_d && !p->d_nil;
	double loss;
	int st;
	if (s->measure) {
		if ((st = sn_twins_distance(&s->twins, p, &d)) < 0)
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
	loss = sn_contrastive(NULL, d, p->same == SN_SAME, s->margin);
	s->sum += loss;
	s->terms++;
	if (!isfinite(loss) || !isfinite(s->sum))
		return sn_fail(SN_ENAN, "the loss is not finite: d = %.9g, margin %.9g", (double)d,
			       s->margin);
	if ((st = sn_encode_f4(&s->d, d)) < 0 || (st = sn_encode_f8(&s->loss, loss)) < 0)
		return st;
	edit[0] = (struct sn_edit){ "loss", { s->loss.data, s->loss.size } };
	edit[1] = (struct sn_edit){ "d", { s->d.data, s->d.size } };
	return s->measure ? sn_write_edited(w, rec, (struct sn_edit[]){ edit[1], edit[0] }, 2)
			  : sn_write_edited(w, rec, edit, 1);
}

static int end(const struct section *s, const struct sn_record *rec, struct sn_writer *w)
{
	int st;
	if (s->terms == 0)
		return sn_fail(SN_EDATA, "a section without pairs has no mean loss");
	if ((st = sn_write_mean(w, s->sum / (double)s->terms, s->terms)) < 0)
		return st;
	return sn_write_end(w, rec->end.failed);
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
				cli_warn("%llu pairs, margin %.9g", (unsigned long long)s.terms,
					 s.margin);
			st = end(&s, &rec, w);
		} else if (rec.map == SN_MAP_ITEM) {
			st = item(&s, &rec, w);
		} else if (rec.map == SN_MAP_PAIR) {
			st = pair(&s, &rec, w);
			sn_progress_show(progress, ++pairs, NULL);
		} else {
			st = sn_write_record(w, &rec);
		}
		if (st == SN_EDATA || st == SN_ENAN)
			st = sn_reader_blame_last(r, st);
		if (st < 0)
			break;
	}
	sn_twins_release(&s.twins);
	sn_buffer_release(&s.d);
	sn_buffer_release(&s.loss);
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
