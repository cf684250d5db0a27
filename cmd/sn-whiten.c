/* sn-whiten - embeddings in, the model that whitens them within their classes out */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/items.h>
#include <sn/model.h>
#include <sn/progress.h>
#include <sn/whitening.h>
#include "cli.h"

static struct cli_common common = CLI_COMMON_INIT;
static const char *model_file;
static double shrink = 0.003;
static bool mirror;

static const struct cli_option options[] = {
	{ 'm', "model", CLI_FILE, &model_file, "MODEL",
	  "the network that made the embeddings (needed)", 0, 0, NULL, CLI_INPUT },
	{ 0, "shrink", CLI_REAL, &shrink, "X", "add X times the mean variance to every direction",
	  0, 1e6, NULL, 0 },
	{ 0, "mirror", CLI_FLAG, &mirror, NULL,
	  "from now on embed the mean of a picture and of its mirror image", 0, 0, NULL, CLI_OMIT },
	CLI_OUT(common),
	{ 't', "text", CLI_FLAG, &common.text, NULL, "refused: a model has no text", 0, 0, NULL,
	  CLI_SILENT },
	CLI_THREADS(common),
	CLI_EMPTY(common),
	CLI_QUIET(common),
	CLI_VERBOSE(common),
	CLI_END,
};

static const struct cli_program program = {
	.name = "sn-whiten",
	.synopsis = "-m MODEL [--shrink X] [--mirror] [-o FILE] [STREAM]",
	.summary = "Learns in which directions embeddings of one class differ, and adds layers to "
		   "the\n"
		   "model that make these differences equal in all directions.\n"
		   "in:   items with x f4 [dim] and labels, embedded by MODEL\n"
		   "out:  MODEL with a linear layer and l2norm behind its own\n",
	.example = "sn-load faces | sn-embed -m w.bin | sn-whiten -m w.bin -o v.bin",
	.options = options,
};

struct state {
	struct sn_model *model;
	struct sn_whitening *whitening;
	struct sn_items items; /* for their classes */
	struct {
		uint64_t used, passed;
	} count;
	struct sn_progress *progress;
	float *x;
};

/* ---- reading ------------------------------------------------------------------------ */

static int check_header(const struct state *s, const struct sn_record *rec)
{
	struct sn_model_note note = { 0 };
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);

	if (st < 0)
		return st;
	if ((st = sn_header_expect(h, "items pairs")) == 0 &&
	    (st = sn_model_note_read(&note, h)) == 0) {
		if (!note.present)
			st = sn_fail(SN_EDATA, "these are no embeddings of a model, wanted those "
					       "that sn-embed makes");
		else if (!note.has_xxh3 || note.xxh3 != s->model->xxh3)
			st = sn_fail(SN_EDATA,
				     "these are another model's embeddings, wanted "
				     "those of '%s'",
				     model_file);
	}
	sn_model_note_release(&note);
	sn_header_free(h);
	return st;
}

/* A forgery is of no class, and what has no label is of none that is known. */
static int take_item(struct state *s, const struct sn_item *item)
{
	const struct sn_tensor *x = &item->x;
	size_t dim = sn_net_dim(s->model->net);
	struct sn_entry *entry;
	char text[96];
	int st;

	if (!x->type || !item->label.data || item->forged) {
		s->count.passed++;
		return 0;
	}
	if (x->type != 'f' || x->rank != 1 || x->count != dim)
		return sn_fail(SN_EDATA, "x is %s%s, wanted <f4 [%zu]",
			       x->type == 'f' ? "<f4 " : "|u1 ",
			       sn_shape_text(text, x->shape, x->rank), dim);
	if ((st = sn_items_add(&s->items, item, &entry)) < 0)
		return st;
	memcpy(s->x, x->data, dim * sizeof *s->x);
	if ((st = sn_whitening_add(s->whitening, s->x, entry->label)) == 0)
		sn_progress_show(s->progress, ++s->count.used, NULL);
	return st;
}

static int read_all(struct state *s, struct sn_reader *r, bool *any)
{
	struct sn_join *join;
	struct sn_record rec;
	int st = sn_join_new(&join, r);

	if (st < 0)
		return st;
	while ((st = sn_join_read(join, &rec)) > 0) {
		*any = true;
		sn_progress_read(s->progress, sn_reader_offset(r), sn_reader_size(r));
		if (st == SN_HEADER)
			st = check_header(s, &rec);
		else if (st == SN_RECORD && rec.map == SN_MAP_ITEM)
			st = take_item(s, &rec.item);
		if (st < 0) {
			st = sn_reader_blame_last(r, st);
			break;
		}
	}
	sn_join_free(join);
	return st;
}

/* ---- the model ---------------------------------------------------------------------- */

static int write_model(struct state *s)
{
	size_t dim = sn_net_dim(s->model->net), params = sn_net_params(s->model->net);
	struct sn_model *to;
	char lines[64];
	int st;

	snprintf(lines, sizeof lines, "linear %zu\nl2norm\n", dim);
	if ((st = sn_model_extend(&to, s->model, lines)) < 0)
		return st;
	to->prep.mirror |= mirror;
	if ((st = sn_whitening_end(s->whitening, shrink, sn_net_param(to->net, params)->value,
				   sn_net_param(to->net, params + 1)->value)) == 0 &&
	    (st = sn_net_changed(to->net)) == 0)
		st = sn_model_save(to, common.out, cli_history());
	if (st == 0 && s->model->threshold.set)
		cli_warn("the model had a threshold, of other distances: calibrate it again, by "
			 "sn-eval --calibrate");
	sn_model_free(to);
	return st;
}

static void check_options(const char *in)
{
	if (!model_file)
		cli_usage_error("no model: name one with -m");
	if (common.text)
		cli_usage_error("a model has no text: sn-cat -t prints all of it");
	if (strcmp(model_file, "-") == 0 && strcmp(in, "-") == 0)
		cli_usage_error("model and embeddings cannot both come from standard input");
}

int main(int argc, char **argv)
{
	int first = cli_parse(&program, argc, argv), st;
	const char *in = cli_input(argc, argv, first);
	struct state s = { 0 };
	struct sn_pool *pool = NULL;
	struct sn_reader *r;
	bool any = false;

	check_options(in);
	if ((st = sn_model_load(&s.model, model_file)) < 0 ||
	    (st = sn_pool_new(&pool, (unsigned)common.threads)) < 0 ||
	    (st = sn_whitening_new(&s.whitening, sn_net_dim(s.model->net), pool)) < 0)
		cli_die(st);
	cli_input_sum("model", s.model->xxh3);
	if (!(s.x = sn_alloc(sn_net_dim(s.model->net), sizeof *s.x)))
		cli_die(SN_ENOMEM);
	r = cli_reader(in);
	s.progress = sn_progress_begin("items", 0, common.quiet);
	st = read_all(&s, r, &any);
	if (st == 0)
		st = cli_check_empty(r, any, &common);
	sn_progress_end(s.progress);
	if (st == 0 && (st = write_model(&s)) == 0 && common.verbose)
		cli_warn("%" PRIu64 " embeddings; %" PRIu64 " without picture or label, or forged",
			 s.count.used, s.count.passed);
	if (st < 0)
		cli_warn("%s", sn_message());
	sn_reader_close(r);
	sn_items_clear(&s.items);
	sn_whitening_free(s.whitening);
	free(s.x);
	sn_pool_free(pool);
	sn_model_free(s.model);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
