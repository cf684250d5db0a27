/* checkpoint - written whole or not at all, and read back where data and options are the same */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <sn/memory.h>
#include "checkpoint.h"

#define NAME 256

/* ---- the data -------------------------------------------------------------------------- */

static void add_dataset(XXH3_state_t *state, const struct sn_dataset *d,
			const struct sn_pairs *pairs)
{
	const uint64_t size[4] = { d->items.n, d->image, pairs->n, d->has_pairs };

	XXH3_64bits_update(state, size, sizeof size);
	for (size_t i = 0; i < d->items.n; i++) {
		const struct sn_entry *e = &d->items.entry[i];
		const uint64_t of[3] = { e->number, e->label, e->forged };
		XXH3_64bits_update(state, of, sizeof of);
	}
	XXH3_64bits_update(state, d->pixels, d->items.n * d->image);
	for (size_t i = 0; i < pairs->n; i++) {
		const struct sn_index_pair *p = &pairs->pair[i];
		const uint64_t of[4] = { p->a, p->b, p->same, p->batch };
		XXH3_64bits_update(state, of, sizeof of);
	}
}

int checkpoint_sum(uint64_t *sum, const struct sn_dataset *data, const struct sn_train_options *o)
{
	XXH3_state_t *state = XXH3_createState();

	if (!state)
		return sn_fail_memory();
	XXH3_64bits_reset(state);
	add_dataset(state, data, &data->pairs);
	if (o->validation)
		add_dataset(state, o->validation, o->validation_pairs);
	*sum = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return 0;
}

/* ---- the header ------------------------------------------------------------------------ */

struct number {
	const char *key;
	uint64_t *whole;
	double *real; /* where whole is NULL; NaN is left out */
};

#define NUMBERS 11
static void list_numbers(struct number number[NUMBERS], struct standing *s)
{
	const struct number all[NUMBERS] = {
		{ "step", &s->step, NULL },
		{ "updates", &s->updates, NULL },
		{ "best_epoch", &s->best_epoch, NULL },
		{ "best_loss", NULL, &s->best.loss },
		{ "best_eer", NULL, &s->best.eer },
		{ "best_accuracy", NULL, &s->best.accuracy },
		{ "waited", &s->waited, NULL },
		{ "drops", &s->drops, NULL },
		{ "first_spread", NULL, &s->first_spread },
		{ "first_distance", NULL, &s->first_distance },
		{ "together", &s->together, NULL },
	};

	memcpy(number, all, sizeof all);
}

static int make_header(struct sn_header *h, const struct standing *standing,
		       struct sn_slice options, uint64_t data)
{
	struct standing s = *standing;
	struct number number[NUMBERS];
	int st;

	list_numbers(number, &s);
	if ((st = sn_header_set(h, "options", options)) < 0 ||
	    (st = sn_header_set_uint(h, "data", data)) < 0 ||
	    (st = sn_header_set_uint(h, "told", s.told)) < 0)
		return st;
	for (size_t i = 0; i < NUMBERS; i++) {
		const struct number *n = &number[i];
		if (n->whole)
			st = sn_header_set_uint(h, n->key, *n->whole);
		else if (isfinite(*n->real))
			st = sn_header_set_f8(h, n->key, *n->real);
		if (st < 0)
			return st;
	}
	return 0;
}

static int read_numbers(struct standing *s, const struct sn_header *h)
{
	struct number number[NUMBERS];

	list_numbers(number, s);
	if (!sn_header_get_uint(h, "told", &s->told))
		return sn_fail(SN_EDATA, "the checkpoint has no 'told'");
	for (size_t i = 0; i < NUMBERS; i++) {
		const struct number *n = &number[i];
		if (n->real)
			*n->real = NAN;
		if (n->whole ? !sn_header_get_uint(h, n->key, n->whole)
			     : sn_header_get(h, n->key).data &&
				       !sn_header_get_f8(h, n->key, n->real))
			return sn_fail(SN_EDATA, "the checkpoint has no number '%s'", n->key);
	}
	return 0;
}

/* The first key that the one map has otherwise than the other; NULL: none. */
static const char *find_difference(const msgpack_object *a, const msgpack_object *b, char name[64])
{
	if (a->type != MSGPACK_OBJECT_MAP || b->type != MSGPACK_OBJECT_MAP)
		return NULL;
	for (uint32_t i = 0; i < a->via.map.size; i++) {
		const msgpack_object *key = &a->via.map.ptr[i].key;
		const msgpack_object *other;
		if (key->type != MSGPACK_OBJECT_STR)
			continue;
		snprintf(name, 64, "%.*s", (int)(key->via.str.size < 63 ? key->via.str.size : 63),
			 key->via.str.ptr);
		other = sn_map_get(b, name);
		if (!other || !msgpack_object_equal(a->via.map.ptr[i].val, *other))
			return name;
	}
	return NULL;
}

static const char *find_option(const msgpack_object *a, const msgpack_object *b, char name[64])
{
	static const char *const maps[] = { "options", "inputs" };

	for (size_t i = 0; i < 2; i++) {
		const msgpack_object *x = sn_map_get(a, maps[i]), *y = sn_map_get(b, maps[i]);
		const char *found = NULL;
		if (x && y && !(found = find_difference(x, y, name)))
			found = find_difference(y, x, name);
		if (found)
			return found;
	}
	return find_difference(a, b, name);
}

static int check_options(struct sn_slice ours, struct sn_slice theirs)
{
	msgpack_object a, b;
	msgpack_zone zone;
	const char *which = NULL;
	char name[64];

	if (theirs.data && ours.size == theirs.size &&
	    memcmp(ours.data, theirs.data, ours.size) == 0)
		return 0;
	if (!msgpack_zone_init(&zone, 1024))
		return sn_fail_memory();
	if (theirs.data && sn_unpack(&a, &zone, ours) == 0 && sn_unpack(&b, &zone, theirs) == 0)
		which = find_option(&a, &b, name);
	msgpack_zone_destroy(&zone);
	return sn_fail(SN_EDATA,
		       "the checkpoint is of a training with other options%s%s%s: resume with the "
		       "same ones",
		       which ? " ('" : "", which ? which : "", which ? "' differs)" : "");
}

static int check_header(const struct sn_header *h, struct sn_slice options, uint64_t data)
{
	uint64_t sum;
	int st;

	if ((st = sn_header_expect(h, "checkpoint")) < 0 ||
	    (st = check_options(options, sn_header_get(h, "options"))) < 0)
		return st;
	if (!sn_header_get_uint(h, "data", &sum) || sum != data)
		return sn_fail(SN_EDATA, "the checkpoint is of a training on other data: resume "
					 "with the same pictures, pairs and validation");
	return 0;
}

/* ---- tensors --------------------------------------------------------------------------- */

static int name_tensor(char name[NAME], const char *part, const struct sn_param *p)
{
	if (snprintf(name, NAME, "%s:%s", part, p->name) >= NAME)
		return sn_fail(SN_EDATA, "the name of parameter '%s' is too long", p->name);
	return 0;
}

static int write_parts(struct sn_writer *w, struct sn_net *net, const struct checkpoint_part *part,
		       size_t parts)
{
	char name[NAME];
	int st = 0;

	for (size_t k = 0; k < parts; k++)
		for (size_t i = 0; part[k].value && i < sn_net_params(net); i++) {
			const struct sn_param *p = sn_net_param(net, i);
			if (!part[k].value[i])
				continue;
			if ((st = name_tensor(name, part[k].name, p)) < 0 ||
			    (st = sn_write_param(w, name, p->shape, p->rank, part[k].value[i])) < 0)
				return st;
		}
	return 0;
}

int checkpoint_write(const char *path, const struct standing *standing, struct sn_slice options,
		     uint64_t data, struct sn_net *net, const struct checkpoint_part *part,
		     size_t parts)
{
	struct sn_header *h;
	struct sn_writer *w;
	int st, closed;

	if ((st = sn_header_new(&h, "checkpoint")) < 0)
		return st;
	if ((st = make_header(h, standing, options, data)) < 0 ||
	    (st = sn_writer_open(&w, path, SN_FORM_BINARY)) < 0) {
		sn_header_free(h);
		return st;
	}
	if ((st = sn_write_header(w, h)) == 0 && (st = write_parts(w, net, part, parts)) == 0)
		st = sn_write_end(w, 0);
	closed = sn_writer_close(w, st == 0);
	sn_header_free(h);
	return st < 0 ? st : closed;
}

int checkpoint_open(struct sn_reader **reader, const char *path, struct standing *standing,
		    struct sn_slice options, uint64_t data)
{
	struct sn_reader *r;
	struct sn_record *rec;
	struct sn_header *h = NULL;
	int st = sn_reader_open(&r, path, 0);

	if (st < 0)
		return st;
	if (!(rec = sn_alloc(1, sizeof *rec)))
		st = SN_ENOMEM;
	else if ((st = sn_read(r, rec)) == SN_EOF)
		st = sn_fail(SN_EDATA, "%s: empty, no checkpoint", path);
	else if (st > 0 && (st = sn_header_parse(&h, rec)) == 0 &&
		 ((st = check_header(h, options, data)) < 0 ||
		  (st = read_numbers(standing, h)) < 0))
		st = sn_fail_at(st, "%s", path);
	sn_header_free(h);
	free(rec);
	if (st < 0)
		sn_reader_close(r);
	else
		*reader = r;
	return st;
}

struct target {
	struct sn_net *net;
	const struct checkpoint_part *part;
	size_t parts;
	uint64_t *rows; /* [parts][params] read so far */
};

static int take_rows(struct target *t, const struct sn_param_rows *rows)
{
	const size_t params = sn_net_params(t->net);
	char name[NAME];

	for (size_t at = 0; at < t->parts * params; at++) {
		const struct checkpoint_part *part = &t->part[at / params];
		const struct sn_param *p = sn_net_param(t->net, at % params);
		float *value = part->value ? part->value[at % params] : NULL;
		if (!value || name_tensor(name, part->name, p) < 0 ||
		    strlen(name) != rows->name.size ||
		    memcmp(name, rows->name.data, rows->name.size) != 0)
			continue;
		/* the reader saw to it that rows follow each other and fit the shape */
		if (rows->rank != p->rank || rows->x.type != 'f' ||
		    memcmp(rows->shape, p->shape, p->rank * sizeof *p->shape) != 0 ||
		    rows->row != t->rows[at] || rows->row > p->shape[0] ||
		    rows->x.rank != p->rank || rows->x.shape[0] > p->shape[0] - rows->row ||
		    rows->x.count != rows->x.shape[0] * (p->count / p->shape[0]))
			return sn_fail(SN_EDATA, "'%s' does not fit the network", name);
		memcpy(value + rows->row * (p->count / p->shape[0]), rows->x.data,
		       rows->x.count * sizeof *value);
		t->rows[at] += rows->x.shape[0];
		return 0;
	}
	return sn_fail(SN_EDATA, "'%.*s' is none of this training's",
		       (int)(rows->name.size < 200 ? rows->name.size : 200),
		       (const char *)rows->name.data);
}

static int check_whole(const struct target *t)
{
	const size_t params = sn_net_params(t->net);

	for (size_t at = 0; at < t->parts * params; at++) {
		const struct checkpoint_part *part = &t->part[at / params];
		const struct sn_param *p = sn_net_param(t->net, at % params);
		if (part->value && part->value[at % params] && t->rows[at] < p->shape[0])
			return sn_fail(SN_EDATA, "'%s:%s' is missing", part->name, p->name);
	}
	return 0;
}

int checkpoint_read(struct sn_reader *r, struct sn_net *net, const struct checkpoint_part *part,
		    size_t parts)
{
	struct target t = { net, part, parts, sn_alloc(parts * sn_net_params(net) + 1, 8) };
	struct sn_record *rec = sn_alloc(1, sizeof *rec);
	int st = SN_ENOMEM;

	while (t.rows && rec && (st = sn_read(r, rec)) == SN_RECORD)
		if (rec->map == SN_MAP_PARAM && (st = take_rows(&t, &rec->param)) < 0) {
			st = sn_reader_blame_last(r, st);
			break;
		}
	if (st == SN_END && (st = check_whole(&t)) < 0)
		st = sn_fail_at(st, "%s", sn_reader_name(r));
	free(rec);
	free(t.rows);
	sn_reader_close(r);
	return st < 0 ? st : sn_net_changed(net);
}
