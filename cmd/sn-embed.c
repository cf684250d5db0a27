/* sn-embed - pictures in, their embeddings out */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/model.h>
#include <sn/progress.h>
#include "cli.h"

enum {
	WINDOW = 256,		  /* pictures read ahead */
	WINDOW_LEAST = 64,	  /* of them, however large the network's input is */
	WINDOW_INPUT = 8 << 20,	  /* bytes of its input, about */
	WINDOW_PIXELS = 64 << 20, /* bytes of them, about */
	WINDOW_RECORDS = 4 << 20, /* bytes of everything else */
};

static struct cli_common common = CLI_COMMON_INIT;
static const char *model_file;
static unsigned precision = SN_FLOAT;

static const struct cli_option options[] = {
	{ 'm', "model", CLI_FILE, &model_file, "MODEL", "the network (needed)", 0, 0, NULL,
	  CLI_INPUT },
	{ 0, "precision", CLI_CHOICE, &precision, "TYPE", "float, bf16 or int8 products", 0, 0,
	  sn_precision_names, 0 },
	CLI_OUT(common),
	CLI_TEXTUAL(common),
	CLI_THREADS(common),
	CLI_EMPTY(common),
	CLI_QUIET(common),
	CLI_VERBOSE(common),
	CLI_END,
};

static const struct cli_program program = {
	.name = "sn-embed",
	.synopsis = "-m MODEL [-o FILE] [FILE]",
	.summary = "Replaces every picture by its embedding.\n"
		   "in:   items with x u1 [h][w][1 or 3], of any size; pairs of them pass\n"
		   "out:  the same with x f4 [dim]; header key model\n",
	.example = "sn-pair faces | sn-embed -m w.bin | sn-dist",
	.options = options,
};

/* A record on its way out: its bytes within `bytes`, and where the embedding goes in them. */
struct pending {
	size_t at, size;
	size_t embedding; /* SIZE_MAX: none */
	size_t picture;	  /* where its pixels are in `pictures` */
	size_t shape[3];
	uint64_t number;
};

/* Records read ahead, in order; their pictures are embedded together. */
struct window {
	struct sn_model *model;
	struct sn_pool *pool;
	struct sn_writer *w;
	struct sn_progress *progress;
	struct sn_buffer bytes, pictures, zeros;
	struct sn_writer *assembler; /* into bytes */
	struct sn_header *header;    /* of this section */
	struct pending *record;
	size_t records, capacity;
	size_t most;   /* pictures */
	size_t *image; /* [most] indexes of records with a picture */
	size_t images;
	struct sn_prep_table table;
	uint8_t *pixels;
	float *x, *y;
	uint64_t done;
};

static int window_open(struct window *v)
{
	const struct sn_prep *p = &v->model->prep;
	size_t input = p->h * p->w * p->c, dim = sn_net_dim(v->model->net);
	struct sn_tensor t = { 'f', 1, { dim }, dim, NULL };
	int st;

	v->most = WINDOW;
	while (v->most > WINDOW_LEAST && v->most * input * sizeof *v->x > WINDOW_INPUT)
		v->most--;
	sn_prep_table_init(&v->table, p);
	v->image = sn_alloc(v->most, sizeof *v->image);
	v->pixels = sn_alloc(sn_pool_threads(v->pool), input);
	v->x = sn_alloc(v->most * input, sizeof *v->x);
	v->y = sn_alloc(v->most * dim, sizeof *v->y);
	if (!v->image || !v->pixels || !v->x || !v->y)
		return SN_ENOMEM;
	t.data = v->y; /* zero: its place is what matters */
	if ((st = sn_tensor_encode(&v->zeros, &t)) < 0 ||
	    (st = sn_writer_open_buffer(&v->assembler, &v->bytes)) < 0)
		return st;
	/* it wants a header first, which is of no use here */
	st = sn_write_header(v->assembler, v->model->header);
	v->bytes.size = 0;
	return st;
}

static int window_close(struct window *v)
{
	int st = sn_writer_close(v->assembler, false);

	sn_buffer_release(&v->bytes);
	sn_buffer_release(&v->pictures);
	sn_buffer_release(&v->zeros);
	sn_header_free(v->header);
	free(v->record);
	free(v->image);
	free(v->pixels);
	free(v->x);
	free(v->y);
	return st;
}

static int fit_one(void *context, size_t index, unsigned thread)
{
	const struct window *v = context;
	const struct sn_prep *p = &v->model->prep;
	const struct pending *r = &v->record[v->image[index]];
	size_t input = p->h * p->w * p->c;
	struct sn_tensor t = { .type = 'u', .rank = 3, .data = v->pictures.data + r->picture };
	uint8_t *pixels = v->pixels + thread * input;
	int st;

	memcpy(t.shape, r->shape, sizeof r->shape);
	t.count = r->shape[0] * r->shape[1] * r->shape[2];
	if ((st = sn_prep_pixels(p, &t, pixels)) < 0)
		return sn_fail_at(st, "item %llu", (unsigned long long)r->number);
	sn_prep_floats(&v->table, pixels, v->x + index * input);
	return 0;
}

/* Embed what is waiting, and write everything in order. */
static int window_flush(struct window *v)
{
	size_t dim = sn_net_dim(v->model->net);
	int st;

	if (v->images && ((st = sn_pool_run(v->pool, v->images, fit_one, v)) < 0 ||
			  (st = sn_model_embed(v->model, v->pool, v->x, v->images, v->y)) < 0))
		return st;
	for (size_t i = 0; i < v->images; i++)
		memcpy(v->bytes.data + v->record[v->image[i]].embedding, v->y + i * dim,
		       dim * sizeof(float));
	for (size_t i = 0; i < v->records; i++) {
		struct sn_slice map = { v->bytes.data + v->record[i].at, v->record[i].size };
		if ((st = sn_write_raw(v->w, map)) < 0)
			return st;
	}
	v->done += v->images;
	sn_progress_show(v->progress, v->done, NULL);
	v->records = v->images = 0;
	v->bytes.size = v->pictures.size = 0;
	return 0;
}

static int flush_all(void *context)
{
	struct window *v = context;
	int st = window_flush(v);

	return st < 0 ? st : sn_writer_flush(v->w);
}

/* Put a record into the window; a picture's place is taken by zeros until it is embedded. */
static int window_add(struct window *v, const struct sn_record *rec)
{
	bool picture = rec->map == SN_MAP_ITEM && rec->item.x.type;
	const struct sn_tensor *x = &rec->item.x;
	struct sn_slice zeros = { v->zeros.data, v->zeros.size };
	struct pending *p;
	int st;

	if ((st = sn_grow(&v->record, &v->capacity, v->records + 1, sizeof *p)) < 0)
		return st;
	p = &v->record[v->records];
	*p = (struct pending){ .at = v->bytes.size, .embedding = SIZE_MAX };
	if (!picture) {
		st = sn_buffer_add(&v->bytes, rec->bytes.data, rec->bytes.size);
	} else {
		struct sn_slice old = sn_record_get(rec, "x");
		/* what follows x is the same before and after */
		size_t rest = (size_t)(rec->bytes.data + rec->bytes.size - (old.data + old.size));
		p->number = rec->item.number;
		p->picture = v->pictures.size;
		if (x->type != 'u' || x->rank != 3)
			return sn_prep_pixels(&v->model->prep, x, v->pixels); /* its message */
		memcpy(p->shape, x->shape, sizeof p->shape);
		if ((st = sn_write_with(v->assembler, rec, "x", zeros)) == 0)
			st = sn_buffer_add(&v->pictures, x->data, x->count);
		p->embedding = v->bytes.size - rest - sn_net_dim(v->model->net) * sizeof(float);
		v->image[v->images++] = v->records;
	}
	p->size = v->bytes.size - p->at;
	v->records++;
	if (st == 0 && (v->images == v->most || v->pictures.size > WINDOW_PIXELS ||
			v->bytes.size > WINDOW_RECORDS))
		st = window_flush(v);
	return st;
}

static int begin(struct window *v, const struct sn_record *rec)
{
	int st;

	sn_header_free(v->header);
	v->header = NULL;
	if ((st = sn_header_parse(&v->header, rec)) < 0 ||
	    (st = sn_header_expect(v->header, "items pairs")) < 0)
		return st;
	if (sn_header_get(v->header, "model").data)
		return sn_fail(SN_EDATA, "these are embeddings already, wanted pictures, made by "
					 "sn-load or sn-pair");
	if ((st = sn_model_announce(v->model, v->header)) < 0 ||
	    (st = sn_header_add_history(v->header, cli_history())) < 0)
		return st;
	return sn_write_header(v->w, v->header);
}

static int run(struct window *v, struct sn_reader *r, bool *any)
{
	struct sn_record rec;
	int st;

	while ((st = sn_read(r, &rec)) > 0) {
		*any = true;
		sn_progress_read(v->progress, sn_reader_offset(r), sn_reader_size(r));
		if (st == SN_HEADER) {
			st = begin(v, &rec);
		} else if (st == SN_RECORD) {
			st = window_add(v, &rec);
		} else if ((st = window_flush(v)) == 0) {
			st = sn_write_end(v->w, rec.end.failed);
		}
		if (st < 0)
			return st == SN_EDATA ? sn_reader_blame_last(r, st) : st;
	}
	return st;
}

int main(int argc, char **argv)
{
	int first = cli_parse(&program, argc, argv), st;
	struct window v = { 0 };
	struct sn_reader *r;
	const char *in;
	bool any = false;

	if (!model_file)
		cli_usage_error("no model: name one with -m");
	in = cli_input(argc, argv, first);
	if (strcmp(model_file, "-") == 0 && strcmp(in, "-") == 0)
		cli_usage_error("model and pictures cannot both come from standard input");
	if ((st = sn_model_load(&v.model, model_file)) < 0 ||
	    (st = sn_net_set_precision(v.model->net, precision)) < 0 ||
	    (st = sn_pool_new(&v.pool, (unsigned)common.threads)) < 0 || (st = window_open(&v)) < 0)
		cli_die(st);
	cli_input_sum("model", v.model->xxh3);
	r = cli_reader(in);
	v.w = cli_writer(&common, r);
	sn_reader_before_wait(r, flush_all, &v);
	v.progress = sn_progress_begin("images", 0, common.quiet);

	st = run(&v, r, &any);
	if (st == 0)
		st = cli_check_empty(r, any, &common);
	sn_progress_end(v.progress);
	if (st < 0)
		cli_warn("%s", sn_message());
	else if (common.verbose)
		cli_warn("%" PRIu64 " pictures to %zu numbers each", v.done,
			 sn_net_dim(v.model->net));
	if (sn_writer_close(v.w, st == 0) < 0 && st == 0) {
		cli_warn("%s", sn_message());
		st = SN_EIO;
	}
	sn_reader_close(r);
	if (window_close(&v) < 0)
		st = st < 0 ? st : SN_ENOMEM;
	sn_pool_free(v.pool);
	sn_model_free(v.model);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
