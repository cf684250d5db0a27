/* model - a network with all that belongs to it, as a section of kind `model`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <sn/random.h>
#include "model_values.h"

/* ---- new ---------------------------------------------------------------------------- */

static struct sn_model *model_alloc(void)
{
	struct sn_model *m = sn_alloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->prep.deviation = 1;
	m->prep.fill = 255;
	m->distance = SN_EUCLIDEAN;
	m->margin = 1;
	sn_threshold_clear(&m->threshold);
	return m;
}

static int set_net(struct sn_model *m, const char *text)
{
	int st = sn_net_parse(&m->net, text);
	struct sn_shape in;

	if (st < 0)
		return st;
	in = sn_net_input(m->net);
	m->prep.h = in.h;
	m->prep.w = in.w;
	m->prep.c = in.c;
	return 0;
}

int sn_model_new(struct sn_model **out, const char *text)
{
	struct sn_model *m = model_alloc();
	int st;

	*out = NULL;
	if (!m)
		return SN_ENOMEM;
	if ((st = set_net(m, text)) < 0 || (st = sn_header_new(&m->header, "model")) < 0)
		sn_model_free(m);
	else
		*out = m;
	return st;
}

void sn_model_free(struct sn_model *m)
{
	if (!m)
		return;
	sn_net_free(m->net);
	sn_header_free(m->header);
	free(m->head);
	free(m);
}

/* Normal, weights with mean 0 and deviation 0.2, the bias with 0.5 and 0.01. */
int sn_model_init_head(struct sn_model *m, uint64_t seed)
{
	struct sn_random r = sn_random(seed, SN_RANDOM_INIT, sn_net_layers(m->net), 0);
	size_t dim = sn_net_dim(m->net);

	if (m->distance != SN_WEIGHTED_L1)
		return 0;
	free(m->head);
	m->head_size = dim + 1;
	if (!(m->head = sn_alloc(m->head_size, sizeof *m->head)))
		return SN_ENOMEM;
	for (size_t i = 0; i < dim; i++)
		m->head[i] = (float)(0.2 * sn_random_normal(&r));
	m->head[dim] = (float)(0.5 + 0.01 * sn_random_normal(&r));
	return 0;
}

/* ---- reading the header ------------------------------------------------------------- */

static int read_net(struct sn_model *m)
{
	struct sn_slice s;
	char *text;
	int st;

	if (!sn_header_get_str(m->header, "net", &s))
		return sn_fail(SN_EDATA, "the model has no 'net', the network's text");
	if (memchr(s.data, 0, s.size))
		return sn_fail(SN_EDATA, "net: a zero byte in the network's text");
	if (!(text = malloc(s.size + 1)))
		return sn_fail_memory();
	memcpy(text, s.data, s.size);
	text[s.size] = '\0';
	st = set_net(m, text);
	free(text);
	return st < 0 ? sn_fail_at(st, "net") : 0;
}

static int parse_loss(struct sn_model *m, const msgpack_object *o)
{
	if (o->type == MSGPACK_OBJECT_NIL)
		return 0;
	if (o->type != MSGPACK_OBJECT_STR || o->via.str.size >= sizeof m->loss)
		return sn_fail(SN_EDATA, "loss is not nil or a short str");
	memcpy(m->loss, o->via.str.ptr, o->via.str.size);
	return 0;
}

/* One header key through msgpack-c; absent keys leave the default. */
static int with_key(struct sn_model *m, const char *key,
		    int (*parse)(struct sn_model *m, const msgpack_object *o))
{
	struct sn_slice value = sn_header_get(m->header, key);
	msgpack_object o;
	msgpack_zone zone;
	int st;

	if (!value.data)
		return 0;
	if (!msgpack_zone_init(&zone, 2048))
		return sn_fail_memory();
	if ((st = sn_unpack(&o, &zone, value)) == 0)
		st = parse(m, &o);
	msgpack_zone_destroy(&zone);
	return st;
}

static int key_prep(struct sn_model *m, const msgpack_object *o)
{
	return sn_parse_prep(&m->prep, o);
}

static int key_threshold(struct sn_model *m, const msgpack_object *o)
{
	return sn_parse_threshold(&m->threshold, o);
}

static int key_distance(struct sn_model *m, const msgpack_object *o)
{
	return sn_parse_distance(&m->distance, o);
}

static int key_margin(struct sn_model *m, const msgpack_object *o)
{
	if (!sn_get_number(o, &m->margin) || !(m->margin > 0))
		return sn_fail(SN_EDATA, "margin is no number above 0");
	return 0;
}

static int read_header(struct sn_model *m, const struct sn_record *rec)
{
	int st;

	if ((st = sn_header_parse(&m->header, rec)) < 0 ||
	    (st = sn_header_expect(m->header, "model")) < 0 || (st = read_net(m)) < 0 ||
	    (st = with_key(m, "prep", key_prep)) < 0 ||
	    (st = with_key(m, "distance", key_distance)) < 0 ||
	    (st = with_key(m, "margin", key_margin)) < 0 ||
	    (st = with_key(m, "loss", parse_loss)) < 0 ||
	    (st = with_key(m, "threshold", key_threshold)) < 0 ||
	    (st = sn_read_head(&m->head, &m->head_size, sn_header_get(m->header, "head"))) < 0)
		return st;
	if (m->head && m->head_size != sn_net_dim(m->net) + 1)
		return sn_fail(SN_EDATA,
			       "head has %zu numbers, wanted %zu: one for each of the embedding's, "
			       "and the bias",
			       m->head_size, sn_net_dim(m->net) + 1);
	if (m->distance == SN_WEIGHTED_L1 && !m->head)
		return sn_fail(
			SN_EDATA,
			"the distance is weighted-l1, and there is no head with its weights");
	return 0;
}

/* ---- reading the parameters --------------------------------------------------------- */

static struct sn_param *find_param(struct sn_net *net, struct sn_slice name, size_t *index)
{
	for (size_t i = 0; i < sn_net_params(net); i++) {
		struct sn_param *p = sn_net_param(net, i);
		if (strlen(p->name) == name.size && memcmp(p->name, name.data, name.size) == 0) {
			*index = i;
			return p;
		}
	}
	return NULL;
}

/* rows [params]: rows of each parameter that were read so far. */
static int take_rows(struct sn_net *net, uint64_t *rows, const struct sn_param_rows *r)
{
	char got[96], wanted[96];
	size_t i = 0, n;
	struct sn_param *p = find_param(net, r->name, &i);

	if (!p)
		return sn_fail(SN_EDATA, "parameter '%.*s': the network has none of that name",
			       (int)(r->name.size < 200 ? r->name.size : 200),
			       (const char *)r->name.data);
	sn_shape_text(wanted, p->shape, p->rank);
	if (r->rank != p->rank || memcmp(r->shape, p->shape, p->rank * sizeof *p->shape) != 0)
		return sn_fail(SN_EDATA, "parameter '%s' is %s, wanted %s", p->name,
			       sn_shape_text(got, r->shape, r->rank), wanted);
	n = r->x.rank ? r->x.shape[0] : 0;
	if (r->x.type != 'f' || r->x.rank != p->rank ||
	    memcmp(r->x.shape + 1, p->shape + 1, (p->rank - 1) * sizeof *p->shape) != 0)
		return sn_fail(SN_EDATA, "parameter '%s': x is %s%s, wanted <f4 rows of %s",
			       p->name, r->x.type == 'f' ? "" : "|u1 ",
			       sn_shape_text(got, r->x.shape, r->x.rank), wanted);
	if (n == 0)
		return sn_fail(SN_EDATA, "parameter '%s': a record without rows", p->name);
	if (r->row != rows[i]) /* the reader lets no rows be left out */
		return sn_fail(SN_EDATA, "parameter '%s' comes twice", p->name);
	if (n > p->shape[0] - r->row)
		return sn_fail(SN_EDATA, "parameter '%s': rows up to %llu, wanted up to %zu",
			       p->name, (unsigned long long)r->row + n - 1, p->shape[0] - 1);
	memcpy(p->value + r->row * (p->count / p->shape[0]), r->x.data,
	       r->x.count * sizeof *p->value);
	rows[i] += n;
	return 0;
}

static int check_whole(struct sn_net *net, const uint64_t *rows)
{
	for (size_t i = 0; i < sn_net_params(net); i++) {
		const struct sn_param *p = sn_net_param(net, i);
		if (rows[i] < p->shape[0])
			return sn_fail(SN_EDATA, "parameter '%s' is missing%s", p->name,
				       rows[i] ? " rows" : "");
	}
	return 0;
}

/* To the section's end. */
static int read_params(struct sn_model *m, struct sn_reader *r)
{
	uint64_t *rows = sn_alloc(sn_net_params(m->net) + 1, sizeof *rows);
	struct sn_record rec;
	int st;

	if (!rows)
		return SN_ENOMEM;
	while ((st = sn_read(r, &rec)) == SN_RECORD) {
		if (rec.map == SN_MAP_ITEM || rec.map == SN_MAP_PAIR)
			st = sn_reader_blame(r, SN_EDATA, "an %s within a model",
					     rec.map == SN_MAP_ITEM ? "item" : "pair");
		else if (rec.map == SN_MAP_PARAM && (st = take_rows(m->net, rows, &rec.param)) < 0)
			st = sn_reader_blame_last(r, st);
		if (st < 0)
			break;
	}
	if (st == SN_END && (st = check_whole(m->net, rows)) < 0)
		st = sn_fail_at(st, "%s", sn_reader_name(r));
	free(rows);
	return st < 0 ? st : 0;
}

static int sum_model(struct sn_model *m);

int sn_model_read(struct sn_model **out, struct sn_reader *r, const struct sn_record *header)
{
	struct sn_model *m = model_alloc();
	int st;

	*out = NULL;
	if (!m)
		return SN_ENOMEM;
	if ((st = read_header(m, header)) < 0)
		st = sn_reader_blame_last(r, st);
	else if ((st = read_params(m, r)) == 0 && (st = sn_net_changed(m->net)) == 0)
		st = sum_model(m);
	if (st < 0)
		sn_model_free(m);
	else
		*out = m;
	return st;
}

int sn_model_load(struct sn_model **m, const char *path)
{
	struct sn_reader *r;
	struct sn_record rec;
	int st;

	*m = NULL;
	if ((st = sn_reader_open(&r, path, 0)) < 0)
		return st;
	st = sn_read(r, &rec);
	if (st == SN_EOF)
		st = sn_fail(SN_EDATA, "%s: empty, wanted a model, made by sn-init or sn-train",
			     sn_reader_name(r));
	else if (st > 0 && (st = sn_model_read(m, r, &rec)) == 0 && (st = sn_read(r, &rec)) > 0)
		st = sn_fail(SN_EDATA, "%s: more than one section, wanted one model",
			     sn_reader_name(r));
	if (st < 0) {
		sn_model_free(*m);
		*m = NULL;
	}
	sn_reader_close(r);
	return st;
}

/* ---- writing ------------------------------------------------------------------------ */

static int write_params(const struct sn_model *m, struct sn_writer *w, size_t i)
{
	const struct sn_param *p = sn_net_param(m->net, i);

	return sn_write_param(w, p->name, p->shape, p->rank, p->value);
}

static void put_model_prep(msgpack_packer *pk, const struct sn_model *m)
{
	sn_put_prep(pk, &m->prep);
}

static void put_model_threshold(msgpack_packer *pk, const struct sn_model *m)
{
	sn_put_threshold(pk, &m->threshold);
}

static void put_model_loss(msgpack_packer *pk, const struct sn_model *m)
{
	m->loss[0] ? sn_put_key(pk, m->loss) : (void)msgpack_pack_nil(pk);
}

/*
 * XXH3 of the encoded net, prep and param records, as this version writes them: so a model has one
 * sum, whoever wrote it.
 */
static int sum_model(struct sn_model *m)
{
	XXH3_state_t *sum = XXH3_createState();
	struct sn_buffer b = { 0 };
	struct sn_encoding prep = { 0 };
	struct sn_writer *w = NULL;
	int st;

	if (!sum)
		return sn_fail_memory();
	XXH3_64bits_reset(sum);
	if ((st = sn_encode_str(&b, sn_net_text(m->net), strlen(sn_net_text(m->net)))) < 0)
		goto out;
	XXH3_64bits_update(sum, b.data, b.size);
	if ((st = sn_encode_model(&prep, put_model_prep, m)) < 0)
		goto out;
	XXH3_64bits_update(sum, prep.b.data, prep.b.size);
	if ((st = sn_writer_open_buffer(&w, &b)) < 0 || (st = sn_write_header(w, m->header)) < 0)
		goto out;
	for (size_t i = 0; i < sn_net_params(m->net); i++) {
		const struct sn_param *p = sn_net_param(m->net, i);
		size_t row = 0;

		do { /* record by record: the whole may be large */
			b.size = 0;
			st = sn_write_param_rows(w, p->name, p->shape, p->rank, p->value, &row);
			if (st < 0)
				goto out;
			XXH3_64bits_update(sum, b.data, b.size);
		} while (row < p->shape[0]);
	}
	m->xxh3 = XXH3_64bits_digest(sum);
out:
	if (sn_writer_close(w, false) < 0 && st == 0)
		st = SN_ENOMEM;
	sn_buffer_release(&b);
	sn_buffer_release(&prep.b);
	XXH3_freeState(sum);
	return st;
}

static int set_header(const struct sn_model *m, struct sn_header *h)
{
	struct sn_buffer head = { 0 };
	int st;

	if ((st = sn_encode_head(&head, m)) == 0)
		st = sn_header_set(h, "head", sn_slice_of(&head));
	sn_buffer_release(&head);
	if (st < 0 || (st = sn_header_set_str(h, "net", sn_net_text(m->net))) < 0 ||
	    (st = sn_header_set_str(h, "distance", sn_distance_names[m->distance])) < 0 ||
	    (st = sn_header_set_f8(h, "margin", m->margin)) < 0 ||
	    (st = sn_set_model_key(h, "prep", put_model_prep, m)) < 0 ||
	    (st = sn_set_model_key(h, "loss", put_model_loss, m)) < 0)
		return st;
	return sn_set_model_key(h, "threshold", put_model_threshold, m);
}

int sn_model_write(struct sn_model *m, struct sn_writer *w, struct sn_slice entry)
{
	struct sn_header *h = NULL;
	int st;

	if ((st = sum_model(m)) < 0 || (st = sn_header_copy(&h, m->header)) < 0)
		return st;
	if ((st = sn_header_set_kind(h, "model")) == 0 && (st = set_header(m, h)) == 0 &&
	    entry.data)
		st = sn_header_add_history(h, entry);
	if (st == 0)
		st = sn_write_header(w, h);
	for (size_t i = 0; st == 0 && i < sn_net_params(m->net); i++)
		st = write_params(m, w, i);
	if (st == 0)
		st = sn_write_end(w, 0);
	sn_header_free(h);
	return st;
}

int sn_model_save(struct sn_model *m, const char *path, struct sn_slice entry)
{
	struct sn_writer *w;
	int st, closed;

	if ((st = sn_writer_open(&w, path, SN_FORM_AUTO)) < 0)
		return st;
	if (sn_writer_is_text(w))
		st = sn_fail(SN_EUSAGE, "a model does not go to a terminal: name a file");
	else
		st = sn_model_write(m, w, entry);
	closed = sn_writer_close(w, st == 0);
	return st < 0 ? st : closed;
}
