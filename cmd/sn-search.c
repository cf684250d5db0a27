/* sn-search - whose is it? The nearest items of a gallery for each probe */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/progress.h>
#include <sn/search.h>
#include <sn/twins.h>
#include "cli.h"

struct options {
	struct cli_common common;
	const char *gallery, *in;
	uint64_t k;
	unsigned distance; /* enum sn_distance; once the probes began, the one in use */
	double threshold;  /* NaN: not given; the same */
	bool not_self;
};

static struct options asked = { .common = CLI_COMMON_INIT, .k = 1, .threshold = NAN };

static const struct cli_option table[] = {
	{ 'k', "neighbours", CLI_COUNT, &asked.k, "N", "the nearest N items of each probe", 1,
	  1 << 24, NULL, 0 },
	{ 'T', "threshold", CLI_REAL, &asked.threshold, "D",
	  "who has no item within D is nobody; the model's unless given, else none", 0, 0, NULL,
	  0 },
	{ 'd', "distance", CLI_CHOICE, &asked.distance, "NAME",
	  "the model's unless given, else the default", 0, 0, sn_distance_names, 0 },
	{ 0, "not-self", CLI_FLAG, &asked.not_self, NULL,
	  "leave out the gallery's item of the probe's own key", 0, 0, NULL, 0 },
	CLI_OUT(asked.common),
	CLI_TEXTUAL(asked.common),
	CLI_QUIET(asked.common),
	CLI_VERBOSE(asked.common),
	CLI_THREADS(asked.common),
	CLI_EMPTY(asked.common),
	CLI_END,
};

static const struct cli_program program = {
	"sn-search",
	"[-k N] [-T D] [-d DISTANCE] [--not-self] [-o FILE] [-t] GALLERY [FILE]",
	"The nearest items of a gallery for each probe, or nobody: exact.\n"
	"  in:   items with x f4 [d], the probes; all sections as one set\n"
	"        GALLERY: a file of such items, mapped\n"
	"  out:  items without x, each followed by its matches: probe, rank, item, d, key, label\n",
	"sn-load probes | sn-embed -m w.bin | sn-search -k 5 -t gallery.sn",
	table,
	CLI_FAILED,
};

static void parse(int argc, char **argv, struct options *o)
{
	int first = cli_parse(&program, argc, argv);
	if (first >= argc)
		cli_usage_error("which gallery? name a file of embeddings");
	o->gallery = argv[first];
	o->in = argc - first > 1 ? argv[first + 1] : "-";
	if (argc - first > 2)
		cli_usage_error("wanted a gallery and at most one file of probes");
	if (strcmp(o->gallery, "-") == 0 && strcmp(o->in, "-") == 0)
		cli_usage_error("gallery and probes cannot both be standard input");
	if (strcmp(o->in, "-") == 0)
		cli_refuse_terminal();
}

/* What goes on between a reader and a writer. */
struct work {
	struct options *o;
	struct sn_gallery *gallery;
	struct sn_pool *pool;
	struct sn_search *search; /* from the header on */
	struct sn_reader *r;
	struct sn_join *join;
	struct sn_writer *w;
	struct sn_progress *progress;
	double threshold;      /* NaN: none */
	struct sn_twins twins; /* distance, threshold and head of the probes' model */

	/* probes that were read and not yet searched for */
	size_t n, most, wanted;
	float *x;		/* [n][dim] */
	struct sn_buffer items; /* their records without x */
	struct probe {
		uint64_t number;
		size_t end;	      /* of its record in items */
		size_t key, key_size; /* of its copy in keys */
	} * probe;
	struct sn_buffer keys;
	struct sn_slice *skip;
	struct sn_match *match; /* [most][wanted] */
	size_t *found;
	struct sn_buffer map;
	uint64_t probes, nobody, missing;
};

/* ---- beginning ------------------------------------------------------------------------ */

static bool is_known(const struct sn_model_note *note)
{
	return note->present && note->has_xxh3;
}

static int check_models(const struct work *v)
{
	const struct sn_model_note *a = sn_gallery_note(v->gallery), *b = &v->twins.note;
	const char *name = sn_gallery_name(v->gallery);
	if (is_known(a) && is_known(b) && a->xxh3 != b->xxh3)
		return sn_fail(SN_EDATA,
			       "the probes come from another model (%016llx) than the gallery %s "
			       "(%016llx); embed both with one",
			       (unsigned long long)b->xxh3, name, (unsigned long long)a->xxh3);
	return 0;
}

static int make_room(struct work *v)
{
	size_t dim = sn_gallery_dim(v->gallery), all = sn_gallery_size(v->gallery), n;
	v->most = sn_search_batch(v->search);
	v->wanted = v->o->k < all ? (size_t)v->o->k : all;
	if (!sn_multiply(&n, v->most, v->wanted))
		return sn_fail_memory();
	v->x = sn_alloc_unset(v->most * dim, sizeof *v->x);
	v->probe = sn_alloc(v->most, sizeof *v->probe);
	v->skip = sn_alloc(v->most, sizeof *v->skip);
	v->match = sn_alloc_unset(n, sizeof *v->match);
	v->found = sn_alloc(v->most, sizeof *v->found);
	return v->x && v->probe && v->skip && v->match && v->found ? 0 : SN_ENOMEM;
}

static int begin_search(struct work *v)
{
	size_t all = sn_gallery_size(v->gallery), dim = sn_gallery_dim(v->gallery);
	int st;
	if (v->twins.distance == SN_WEIGHTED_L1 && v->twins.note.head_size != dim + 1)
		return sn_fail(
			SN_EDATA,
			"the gallery's x is [%zu], the model has %zu weights for it, wanted %zu",
			dim, v->twins.note.head_size, dim + 1);
	if ((st = sn_search_new(&v->search, v->gallery, v->twins.distance, v->twins.note.head,
				v->o->k < all ? (size_t)v->o->k : all, v->pool)) < 0)
		return st;
	return make_room(v);
}

static int begin(struct work *v, const struct sn_record *rec)
{
	struct options *o = v->o;
	const enum sn_distance wanted = o->distance;
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);
	if (st < 0)
		return st;
	if ((st = sn_header_expect(h, "items")) == 0 &&
	    (st = sn_header_set_kind(h, "matches")) == 0 &&
	    (st = sn_twins_begin(&v->twins, h, cli_given("distance") ? &wanted : NULL,
				 o->threshold)) == 0 &&
	    (st = check_models(v)) == 0 && (st = begin_search(v)) == 0) {
		o->distance = v->twins.distance; /* the history says what was done */
		o->threshold = v->threshold = v->twins.threshold;
		if ((st = sn_header_add_history(h, cli_history())) == 0)
			st = sn_write_header(v->w, h);
	}
	sn_header_free(h);
	return st;
}

/* ---- what goes out -------------------------------------------------------------------- */

static int put_text(msgpack_packer *pk, const char *key)
{
	return msgpack_pack_str_with_body(pk, key, strlen(key));
}

static int put_slice(msgpack_packer *pk, struct sn_slice s)
{
	return s.data ? msgpack_pack_str_with_body(pk, s.data, s.size) : msgpack_pack_nil(pk);
}

static int write_map(struct work *v, int st)
{
	return st ? sn_fail_memory()
		  : sn_write_raw(v->w, (struct sn_slice){ v->map.data, v->map.size });
}

static int write_match(struct work *v, uint64_t probe, uint64_t rank, const struct sn_match *m)
{
	struct sn_gallery_item item = sn_gallery_item(v->gallery, m->index);
	msgpack_packer pk;
	int st = 0;
	v->map.size = 0;
	msgpack_packer_init(&pk, &v->map, sn_buffer_write);
	st |= msgpack_pack_map(&pk, 6);
	st |= put_text(&pk, "probe") | msgpack_pack_uint64(&pk, probe);
	st |= put_text(&pk, "rank") | msgpack_pack_uint64(&pk, rank);
	st |= put_text(&pk, "item") | msgpack_pack_uint64(&pk, item.number);
	st |= put_text(&pk, "d") | msgpack_pack_float(&pk, m->d);
	st |= put_text(&pk, "key") | put_slice(&pk, item.key);
	st |= put_text(&pk, "label") | put_slice(&pk, item.label);
	return write_map(v, st);
}

/* rank 0: nobody, and how far the nearest is, if there is one; nil: there was nothing to search for
 */
static int write_none(struct work *v, uint64_t probe, bool searched, const struct sn_match *nearest)
{
	msgpack_packer pk;
	int st = 0;
	v->map.size = 0;
	msgpack_packer_init(&pk, &v->map, sn_buffer_write);
	st |= msgpack_pack_map(&pk, 4);
	st |= put_text(&pk, "probe") | msgpack_pack_uint64(&pk, probe);
	st |= put_text(&pk, "rank") |
	      (searched ? msgpack_pack_uint64(&pk, 0) : msgpack_pack_nil(&pk));
	st |= put_text(&pk, "item") | msgpack_pack_nil(&pk);
	st |= put_text(&pk, "d") |
	      (nearest ? msgpack_pack_float(&pk, nearest->d) : msgpack_pack_nil(&pk));
	return write_map(v, st);
}

static int write_probe(struct work *v, size_t i)
{
	const struct probe *p = &v->probe[i];
	const struct sn_match *m = v->match + i * v->wanted;
	size_t start = i ? v->probe[i - 1].end : 0, near = 0;
	int st = sn_write_raw(v->w, (struct sn_slice){ v->items.data + start, p->end - start });
	while (near < v->found[i] && !((double)m[near].d > v->threshold))
		near++; /* without a threshold all are */
	if (st == 0 && near == 0) {
		v->nobody++;
		st = write_none(v, p->number, true, v->found[i] ? m : NULL);
	}
	for (size_t rank = 0; rank < near && st == 0; rank++)
		st = write_match(v, p->number, rank + 1, &m[rank]);
	return st;
}

/* Search for the probes at hand, and write. */
static int flush_probes(struct work *v)
{
	int st;
	if (v->n == 0)
		return 0;
	for (size_t i = 0; i < v->n; i++)
		v->skip[i] =
			(struct sn_slice){ v->keys.data + v->probe[i].key, v->probe[i].key_size };
	if ((st = sn_search_run(v->search, v->x, v->n, v->o->not_self ? v->skip : NULL, v->match,
				v->found)) < 0)
		return st == SN_ENAN ? sn_fail_at(st, "%s", sn_reader_name(v->r)) : st;
	for (size_t i = 0; i < v->n && st == 0; i++)
		st = write_probe(v, i);
	v->n = v->items.size = v->keys.size = 0;
	return st;
}

/* Before the reader waits. */
static int flush(void *work)
{
	struct work *v = work;
	int st = flush_probes(v);
	return st < 0 ? st : sn_writer_flush(v->w);
}

/* ---- what comes in -------------------------------------------------------------------- */

static int check_probe(const struct work *v, const struct sn_item *item)
{
	const struct sn_tensor *x = &item->x;
	char shape[96];
	if (x->type != 'f' || x->rank != 1)
		return sn_fail(
			SN_EDATA,
			"item %llu: x is %s %s, wanted an embedding f4 [d], made by sn-embed",
			(unsigned long long)item->number, x->type == 'u' ? "u1" : "f4",
			sn_shape_text(shape, x->shape, x->rank));
	if (x->count != sn_gallery_dim(v->gallery))
		return sn_fail(SN_EDATA,
			       "item %llu: x is [%zu], wanted [%zu] like the gallery's in %s",
			       (unsigned long long)item->number, x->count,
			       sn_gallery_dim(v->gallery), sn_gallery_name(v->gallery));
	return 0;
}

/* Its record without x, and with the number that it has in the set. */
static int add_record(struct work *v, const struct sn_record *rec)
{
	struct sn_edit edit[] = { { "x", { 0 } }, { "item", { 0 } } };
	struct sn_buffer number = { 0 };
	int st = 0;
	if (rec->renumbered) {
		st = sn_encode_uint(&number, rec->item.number);
		edit[1].value = (struct sn_slice){ number.data, number.size };
	}
	if (st == 0)
		st = sn_record_edit(&v->items, rec, edit, rec->renumbered ? 2 : 1);
	sn_buffer_release(&number);
	return st;
}

static int add_probe(struct work *v, const struct sn_record *rec)
{
	const struct sn_item *item = &rec->item;
	size_t dim = sn_gallery_dim(v->gallery);
	struct probe *p = &v->probe[v->n];
	int st;
	if ((st = check_probe(v, item)) < 0)
		return sn_reader_blame_last(v->r, st);
	if ((st = add_record(v, rec)) < 0)
		return st;
	*p = (struct probe){ item->number, v->items.size, v->keys.size, item->key.size };
	if ((st = sn_buffer_add(&v->keys, item->key.data, item->key.size)) < 0)
		return st;
	memcpy(v->x + v->n * dim, item->x.data, dim * sizeof(float));
	v->probes++;
	sn_progress_read(v->progress, sn_reader_offset(v->r), sn_reader_size(v->r));
	sn_progress_show(v->progress, v->probes, NULL);
	return ++v->n < v->most ? 0 : flush_probes(v);
}

static int take_record(struct work *v, const struct sn_record *rec)
{
	int st;
	if (rec->map == SN_MAP_ITEM && rec->item.x.type)
		return add_probe(v, rec);
	if ((st = flush_probes(v)) < 0)
		return st;
	if ((st = sn_write_renumbered(v->w, rec)) < 0 || rec->map != SN_MAP_ITEM)
		return st;
	v->missing++;
	return write_none(v, rec->item.number, false, NULL);
}

static int end(struct work *v, const struct sn_record *rec)
{
	bool known = is_known(sn_gallery_note(v->gallery)), probes_known = is_known(&v->twins.note);
	int st = flush_probes(v);
	if (st < 0)
		return st;
	if (known != probes_known)
		sn_note("%s not say which model made them: they are taken to be of one",
			known ? "the probes do" : "the gallery's embeddings do");
	if (v->missing)
		sn_note("%llu probes have no picture", (unsigned long long)v->missing);
	if (v->o->common.verbose)
		cli_warn("%s, %zu items in the gallery, %llu probes, %llu of them nobody",
			 sn_distance_names[v->twins.distance], sn_gallery_size(v->gallery),
			 (unsigned long long)v->probes, (unsigned long long)v->nobody);
	return sn_write_end(v->w, rec->end.failed);
}

static int run(struct work *v)
{
	struct sn_record rec;
	bool seen = false;
	int st, got, flushed;
	while ((got = st = sn_join_read(v->join, &rec)) > SN_EOF) {
		if (got == SN_HEADER) {
			seen = true;
			if ((st = begin(v, &rec)) == SN_EDATA)
				st = sn_reader_blame_last(v->r, st);
		} else if (got == SN_END) {
			st = end(v, &rec);
		} else {
			st = take_record(v, &rec);
		}
		if (st < 0)
			return st;
	}
	/* what came before the damage is sound */
	if (st < 0 && (flushed = flush_probes(v)) < 0)
		st = flushed;
	return st < 0 ? st : cli_check_empty(v->r, seen, &v->o->common);
}

static void release(struct work *v)
{
	sn_search_free(v->search);
	sn_gallery_close(v->gallery);
	sn_pool_free(v->pool);
	sn_join_free(v->join);
	sn_twins_release(&v->twins);
	sn_buffer_release(&v->items);
	sn_buffer_release(&v->keys);
	sn_buffer_release(&v->map);
	free(v->x);
	free(v->probe);
	free(v->skip);
	free(v->match);
	free(v->found);
}

int main(int argc, char **argv)
{
	struct work v = { .o = &asked, .threshold = NAN };
	int st, closed;
	parse(argc, argv, &asked);
	/* the gallery first: a mistake there is cheaper found before any probe is read */
	if ((st = sn_gallery_open(&v.gallery, asked.gallery)) < 0 ||
	    (st = sn_pool_new(&v.pool, (unsigned)asked.common.threads)) < 0)
		cli_die(st);
	if (sn_gallery_missing(v.gallery))
		sn_note("%s: %zu items have no embedding and are left out", asked.gallery,
			sn_gallery_missing(v.gallery));
	v.r = cli_reader(asked.in);
	v.w = cli_writer(&asked.common, v.r);
	if ((st = sn_join_new(&v.join, v.r)) < 0)
		cli_die(st);
	sn_reader_before_wait(v.r, flush, &v);
	v.progress = sn_progress_begin("probes", 0, asked.common.quiet || sn_writer_is_text(v.w));
	st = run(&v);
	sn_progress_end(v.progress);
	if (st < 0)
		cli_warn("%s", sn_message());
	release(&v);
	if ((closed = sn_writer_close(v.w, st == 0)) < 0 && st == 0)
		cli_die(closed);
	sn_reader_close(v.r);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
