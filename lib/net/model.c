/* model - a network with all that belongs to it, as a section of kind `model`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <sn/model.h>
#include <sn/random.h>

/* ---- small encoded maps ------------------------------------------------------------- */

/* What is being encoded; a failed write is remembered, so that the many small ones need no checks.
 */
struct encoding {
	struct sn_buffer b;
	bool failed;
};

static int encoding_write(void *context, const char *data, size_t size)
{
	struct encoding *e = context;

	if (sn_buffer_add(&e->b, data, size) < 0)
		e->failed = true;
	return e->failed ? -1 : 0;
}

/* Keys of maps are written in bytewise order by the callers. */
static void put_key(msgpack_packer *pk, const char *key)
{
	msgpack_pack_str_with_body(pk, key, strlen(key));
}

static struct sn_slice slice_of(const struct sn_buffer *b)
{
	return (struct sn_slice){ b->data, b->size };
}

static void put_prep(msgpack_packer *pk, const struct sn_prep *p)
{
	msgpack_pack_map(pk, 7 + p->mirror);
	put_key(pk, "channels");
	msgpack_pack_uint64(pk, p->c);
	put_key(pk, "deviation");
	msgpack_pack_double(pk, p->deviation);
	put_key(pk, "fill");
	msgpack_pack_uint8(pk, p->fill);
	put_key(pk, "fit");
	put_key(pk, sn_fit_names[p->fit]);
	put_key(pk, "invert");
	p->invert ? msgpack_pack_true(pk) : msgpack_pack_false(pk);
	put_key(pk, "mean");
	msgpack_pack_double(pk, p->mean);
	if (p->mirror) {
		put_key(pk, "mirror");
		msgpack_pack_true(pk);
	}
	put_key(pk, "size");
	msgpack_pack_array(pk, 2);
	msgpack_pack_uint64(pk, p->w);
	msgpack_pack_uint64(pk, p->h);
}

static void put_number(msgpack_packer *pk, const char *key, double v)
{
	put_key(pk, key);
	isnan(v) ? (void)msgpack_pack_nil(pk) : (void)msgpack_pack_double(pk, v);
}

static void put_interval(msgpack_packer *pk, const char *key, const double interval[2])
{
	if (isnan(interval[0]))
		return;
	put_key(pk, key);
	msgpack_pack_array(pk, 2);
	msgpack_pack_double(pk, interval[0]);
	msgpack_pack_double(pk, interval[1]);
}

static void put_probability(msgpack_packer *pk, const struct sn_probability *p)
{
	if (!p->set)
		return;
	put_key(pk, "probability");
	msgpack_pack_map(pk, 3);
	put_number(pk, "offset", p->offset);
	put_number(pk, "prior", p->prior);
	put_number(pk, "slope", p->slope);
}

/* What is not known, because an older version calibrated, is left out. */
static void put_threshold(msgpack_packer *pk, const struct sn_threshold *t)
{
	if (!t->set) {
		msgpack_pack_nil(pk);
		return;
	}
	msgpack_pack_map(pk, 7 + (t->data != 0) + !isnan(t->far_interval[0]) +
				     !isnan(t->frr_interval[0]) + t->probability.set);
	put_number(pk, "d", t->d);
	if (t->data) {
		put_key(pk, "data");
		msgpack_pack_uint64(pk, t->data);
	}
	put_key(pk, "different");
	msgpack_pack_uint64(pk, t->different);
	put_number(pk, "far", t->far);
	put_number(pk, "measured_far", t->measured_far);
	put_interval(pk, "measured_far_interval", t->far_interval);
	put_number(pk, "measured_frr", t->measured_frr);
	put_interval(pk, "measured_frr_interval", t->frr_interval);
	put_probability(pk, &t->probability);
	put_key(pk, "protocol");
	put_key(pk, t->protocol);
	put_key(pk, "same");
	msgpack_pack_uint64(pk, t->same);
}

static int encode_head(struct sn_buffer *b, const struct sn_model *m)
{
	struct sn_tensor t = { 'f', 1, { m->head_size }, m->head_size, m->head };

	if (!m->head)
		return sn_encode_nil(b);
	b->size = 0;
	return sn_tensor_encode(b, &t);
}

static bool is_text(const msgpack_object *o, const char *text)
{
	return o->type == MSGPACK_OBJECT_STR && o->via.str.size == strlen(text) &&
	       memcmp(o->via.str.ptr, text, o->via.str.size) == 0;
}

/* Index in a NULL-terminated list of names; -1 where it is none of them. */
static int name_index(const msgpack_object *o, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (is_text(o, names[i]))
			return i;
	return -1;
}

static bool get_number(const msgpack_object *o, double *v)
{
	switch (o->type) {
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		*v = (double)o->via.u64;
		return true;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		*v = (double)o->via.i64;
		return true;
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		*v = o->via.f64;
		return isfinite(*v);
	default:
		return false;
	}
}

/* A number of a map; *v stays where the key is absent or nil. */
static int map_number(const msgpack_object *map, const char *where, const char *key, double least,
		      double most, double *v)
{
	const msgpack_object *o = sn_map_get(map, key);
	double d;

	if (!o || o->type == MSGPACK_OBJECT_NIL)
		return 0;
	if (!get_number(o, &d) || !(d >= least && d <= most))
		return sn_fail(SN_EDATA, "%s: '%s' is no number from %g to %g", where, key, least,
			       most);
	*v = d;
	return 0;
}

static int map_count(const msgpack_object *map, const char *where, const char *key, uint64_t *v)
{
	const msgpack_object *o = sn_map_get(map, key);

	if (!o || o->type == MSGPACK_OBJECT_NIL)
		return 0;
	if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
		return sn_fail(SN_EDATA, "%s: '%s' is no whole number", where, key);
	*v = o->via.u64;
	return 0;
}

static int map_flag(const msgpack_object *map, const char *where, const char *key, bool *v)
{
	const msgpack_object *o = sn_map_get(map, key);

	if (!o)
		return 0;
	if (o->type != MSGPACK_OBJECT_BOOLEAN)
		return sn_fail(SN_EDATA, "%s: '%s' is not true or false", where, key);
	*v = o->via.boolean;
	return 0;
}

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

static int parse_prep(struct sn_prep *p, const msgpack_object *map)
{
	const msgpack_object *o;
	double mean = p->mean, deviation = p->deviation, fill = p->fill;
	uint64_t channels = p->c;
	int fit, st;

	if (map->type != MSGPACK_OBJECT_MAP)
		return sn_fail(SN_EDATA, "prep is no map");
	if ((st = map_number(map, "prep", "mean", -1e30, 1e30, &mean)) < 0 ||
	    (st = map_number(map, "prep", "deviation", 1e-30, 1e30, &deviation)) < 0 ||
	    (st = map_number(map, "prep", "fill", 0, 255, &fill)) < 0 ||
	    (st = map_count(map, "prep", "channels", &channels)) < 0)
		return st;
	p->mean = (float)mean;
	p->deviation = (float)deviation;
	p->fill = (uint8_t)fill;
	if (channels != p->c)
		return sn_fail(SN_EDATA, "prep: 'channels' is %llu, the network's input has %zu",
			       (unsigned long long)channels, p->c);
	if ((o = sn_map_get(map, "fit"))) {
		if ((fit = name_index(o, sn_fit_names)) < 0)
			return sn_fail(SN_EDATA, "prep: 'fit' is not stretch, pad or crop");
		p->fit = (enum sn_fit)fit;
	}
	if ((st = map_flag(map, "prep", "invert", &p->invert)) < 0 ||
	    (st = map_flag(map, "prep", "mirror", &p->mirror)) < 0)
		return st;
	if ((o = sn_map_get(map, "size"))) {
		const msgpack_object *side = o->via.array.ptr;
		if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size != 2 ||
		    side[0].type != MSGPACK_OBJECT_POSITIVE_INTEGER ||
		    side[1].type != MSGPACK_OBJECT_POSITIVE_INTEGER)
			return sn_fail(SN_EDATA, "prep: 'size' is not [width, height]");
		if (side[0].via.u64 != p->w || side[1].via.u64 != p->h)
			return sn_fail(SN_EDATA,
				       "prep: 'size' is %llux%llu, the network's input %zux%zu",
				       (unsigned long long)side[0].via.u64,
				       (unsigned long long)side[1].via.u64, p->w, p->h);
	}
	return 0;
}

static int parse_interval(double interval[2], const msgpack_object *map, const char *key)
{
	const msgpack_object *o = sn_map_get(map, key);
	double end[2];

	if (!o || o->type == MSGPACK_OBJECT_NIL)
		return 0;
	if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size != 2 ||
	    !get_number(&o->via.array.ptr[0], &end[0]) ||
	    !get_number(&o->via.array.ptr[1], &end[1]) ||
	    !(end[0] >= 0 && end[0] <= end[1] && end[1] <= 1))
		return sn_fail(SN_EDATA, "threshold: '%s' is not [lower, upper] from 0 to 1", key);
	memcpy(interval, end, sizeof end);
	return 0;
}

/* Of a threshold, or of what embeddings say of their model; absent or nil: none. */
static int parse_probability(struct sn_probability *p, const msgpack_object *map)
{
	const msgpack_object *o = sn_map_get(map, "probability");
	int st;

	if (!o || o->type == MSGPACK_OBJECT_NIL)
		return 0;
	p->slope = p->offset = p->prior = NAN;
	if (o->type != MSGPACK_OBJECT_MAP)
		return sn_fail(SN_EDATA, "probability is not nil or a map");
	if ((st = map_number(o, "probability", "offset", -1e300, 1e300, &p->offset)) < 0 ||
	    (st = map_number(o, "probability", "prior", 0, 1, &p->prior)) < 0 ||
	    (st = map_number(o, "probability", "slope", 0, 1e300, &p->slope)) < 0)
		return st;
	if (isnan(p->offset) || isnan(p->slope) || isnan(p->prior))
		return sn_fail(SN_EDATA,
			       "probability lacks one of its numbers: 'offset', 'prior', 'slope'");
	p->set = true;
	return 0;
}

static int parse_threshold(struct sn_threshold *t, const msgpack_object *map)
{
	const msgpack_object *o;
	int st;

	if (map->type == MSGPACK_OBJECT_NIL)
		return 0;
	if (map->type != MSGPACK_OBJECT_MAP || !(o = sn_map_get(map, "d")) || !get_number(o, &t->d))
		return sn_fail(SN_EDATA, "threshold is not nil or a map with a number 'd'");
	t->set = true;
	if ((st = map_number(map, "threshold", "far", 0, 1, &t->far)) < 0 ||
	    (st = map_number(map, "threshold", "measured_far", 0, 1, &t->measured_far)) < 0 ||
	    (st = map_number(map, "threshold", "measured_frr", 0, 1, &t->measured_frr)) < 0 ||
	    (st = map_count(map, "threshold", "same", &t->same)) < 0 ||
	    (st = map_count(map, "threshold", "different", &t->different)) < 0 ||
	    (st = map_count(map, "threshold", "data", &t->data)) < 0 ||
	    (st = parse_interval(t->far_interval, map, "measured_far_interval")) < 0 ||
	    (st = parse_interval(t->frr_interval, map, "measured_frr_interval")) < 0 ||
	    (st = parse_probability(&t->probability, map)) < 0)
		return st;
	if ((o = sn_map_get(map, "protocol"))) {
		if (o->type != MSGPACK_OBJECT_STR || o->via.str.size >= sizeof t->protocol)
			return sn_fail(SN_EDATA,
				       "threshold: 'protocol' is no str of less than %zu bytes",
				       sizeof t->protocol);
		memcpy(t->protocol, o->via.str.ptr, o->via.str.size);
	}
	return 0;
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

static int parse_distance(enum sn_distance *distance, const msgpack_object *o)
{
	int i = name_index(o, sn_distance_names);

	if (i < 0)
		return sn_fail(SN_EDATA, "the model's distance is not one of this version's");
	*distance = (enum sn_distance)i;
	return 0;
}

/* nil, a tensor <f4 [n] or an array of numbers. */
static int read_head(float **head, size_t *size, struct sn_slice value)
{
	struct sn_tensor t;
	float *copy;

	if (!value.data || (value.size == 1 && value.data[0] == 0xc0))
		return 0;
	if (sn_tensor_decode(&t, value) < 0 || t.type != 'f' || t.rank != 1 || t.count == 0)
		return sn_fail(SN_EDATA, "head is not nil or a tensor <f4 [n]");
	if (!(copy = sn_alloc(t.count, sizeof *copy)))
		return SN_ENOMEM;
	memcpy(copy, t.data, t.count * sizeof *copy);
	for (size_t i = 0; i < t.count; i++) {
		if (!isfinite(copy[i])) {
			free(copy);
			return sn_fail(SN_EDATA, "head holds a number that is not finite");
		}
	}
	*head = copy;
	*size = t.count;
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
	return parse_prep(&m->prep, o);
}

static int key_threshold(struct sn_model *m, const msgpack_object *o)
{
	return parse_threshold(&m->threshold, o);
}

static int key_distance(struct sn_model *m, const msgpack_object *o)
{
	return parse_distance(&m->distance, o);
}

static int key_margin(struct sn_model *m, const msgpack_object *o)
{
	if (!get_number(o, &m->margin) || !(m->margin > 0))
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
	    (st = read_head(&m->head, &m->head_size, sn_header_get(m->header, "head"))) < 0)
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

/* What put writes of m; the caller releases e->b, whatever is returned. */
static int encode(struct encoding *e, void (*put)(msgpack_packer *pk, const struct sn_model *m),
		  const struct sn_model *m)
{
	msgpack_packer pk;

	memset(e, 0, sizeof *e);
	msgpack_packer_init(&pk, e, encoding_write);
	put(&pk, m);
	return e->failed ? sn_fail_memory() : 0;
}

static void put_model_prep(msgpack_packer *pk, const struct sn_model *m)
{
	put_prep(pk, &m->prep);
}

static void put_model_threshold(msgpack_packer *pk, const struct sn_model *m)
{
	put_threshold(pk, &m->threshold);
}

static void put_model_loss(msgpack_packer *pk, const struct sn_model *m)
{
	m->loss[0] ? put_key(pk, m->loss) : (void)msgpack_pack_nil(pk);
}

/*
 * XXH3 of the encoded net, prep and param records, as this version writes them: so a model has one
 * sum, whoever wrote it.
 */
static int sum_model(struct sn_model *m)
{
	XXH3_state_t *sum = XXH3_createState();
	struct sn_buffer b = { 0 };
	struct encoding prep = { 0 };
	struct sn_writer *w = NULL;
	int st;

	if (!sum)
		return sn_fail_memory();
	XXH3_64bits_reset(sum);
	if ((st = sn_encode_str(&b, sn_net_text(m->net), strlen(sn_net_text(m->net)))) < 0)
		goto out;
	XXH3_64bits_update(sum, b.data, b.size);
	if ((st = encode(&prep, put_model_prep, m)) < 0)
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

static int set_key(struct sn_header *h, const char *key,
		   void (*put)(msgpack_packer *pk, const struct sn_model *m),
		   const struct sn_model *m)
{
	struct encoding e;
	int st = encode(&e, put, m);

	if (st == 0)
		st = sn_header_set(h, key, slice_of(&e.b));
	sn_buffer_release(&e.b);
	return st;
}

static int set_header(const struct sn_model *m, struct sn_header *h)
{
	struct sn_buffer head = { 0 };
	int st;

	if ((st = encode_head(&head, m)) == 0)
		st = sn_header_set(h, "head", slice_of(&head));
	sn_buffer_release(&head);
	if (st < 0 || (st = sn_header_set_str(h, "net", sn_net_text(m->net))) < 0 ||
	    (st = sn_header_set_str(h, "distance", sn_distance_names[m->distance])) < 0 ||
	    (st = sn_header_set_f8(h, "margin", m->margin)) < 0 ||
	    (st = set_key(h, "prep", put_model_prep, m)) < 0 ||
	    (st = set_key(h, "loss", put_model_loss, m)) < 0)
		return st;
	return set_key(h, "threshold", put_model_threshold, m);
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

/* ---- what embeddings say of their model --------------------------------------------- */

static void put_note(msgpack_packer *pk, const struct sn_model *m)
{
	struct sn_buffer head = { 0 };

	msgpack_pack_map(pk, 6 + m->threshold.probability.set);
	put_key(pk, "dim");
	msgpack_pack_uint64(pk, sn_net_dim(m->net));
	put_key(pk, "distance");
	put_key(pk, sn_distance_names[m->distance]);
	put_key(pk, "head");
	if (encode_head(&head, m) < 0)
		((struct encoding *)pk->data)->failed = true;
	else
		pk->callback(pk->data, (const char *)head.data, head.size);
	sn_buffer_release(&head);
	put_key(pk, "margin");
	msgpack_pack_double(pk, m->margin);
	put_probability(pk, &m->threshold.probability);
	put_key(pk, "threshold");
	m->threshold.set ? msgpack_pack_double(pk, m->threshold.d) : msgpack_pack_nil(pk);
	put_key(pk, "xxh3");
	/* of weights that are still moving nobody knows it */
	m->xxh3 ? (void)msgpack_pack_uint64(pk, m->xxh3) : (void)msgpack_pack_nil(pk);
}

int sn_model_announce(const struct sn_model *m, struct sn_header *h)
{
	return set_key(h, "model", put_note, m);
}

static int parse_note(struct sn_model_note *note, const msgpack_object *map)
{
	const msgpack_object *o;
	uint64_t dim = 0;
	int st;

	if (map->type != MSGPACK_OBJECT_MAP)
		return sn_fail(SN_EDATA, "header: model is no map");
	note->present = true;
	note->margin = 1;
	if ((st = map_count(map, "model", "dim", &dim)) < 0 ||
	    (st = map_number(map, "model", "margin", 0, 1e300, &note->margin)) < 0)
		return st;
	note->dim = dim;
	if ((o = sn_map_get(map, "distance")) && (st = parse_distance(&note->distance, o)) < 0)
		return st;
	if ((o = sn_map_get(map, "xxh3")) && o->type == MSGPACK_OBJECT_POSITIVE_INTEGER) {
		note->has_xxh3 = true;
		note->xxh3 = o->via.u64;
	}
	if ((o = sn_map_get(map, "threshold")) && o->type != MSGPACK_OBJECT_NIL) {
		if (!get_number(o, &note->threshold))
			return sn_fail(SN_EDATA, "model: threshold is not nil or a number");
		note->has_threshold = true;
	}
	return parse_probability(&note->probability, map);
}

/* The head is a tensor, which msgpack-c's objects do not keep as bytes: encode it again. */
static int note_head(struct sn_model_note *note, const msgpack_object *map)
{
	const msgpack_object *o = sn_map_get(map, "head");
	struct sn_buffer b = { 0 };
	msgpack_packer pk;
	int st;

	if (!o || o->type == MSGPACK_OBJECT_NIL)
		return 0;
	msgpack_packer_init(&pk, &b, sn_buffer_write);
	if (msgpack_pack_object(&pk, *o) < 0)
		st = sn_fail_memory();
	else
		st = read_head(&note->head, &note->head_size, slice_of(&b));
	sn_buffer_release(&b);
	return st;
}

int sn_model_note_read(struct sn_model_note *note, const struct sn_header *h)
{
	struct sn_slice value = sn_header_get(h, "model");
	msgpack_object o;
	msgpack_zone zone;
	int st;

	memset(note, 0, sizeof *note);
	note->distance = SN_EUCLIDEAN;
	note->margin = 1;
	if (!value.data)
		return 0;
	if (!msgpack_zone_init(&zone, 2048))
		return sn_fail_memory();
	if ((st = sn_unpack(&o, &zone, value)) == 0 && (st = parse_note(note, &o)) == 0)
		st = note_head(note, &o);
	msgpack_zone_destroy(&zone);
	if (st < 0)
		sn_model_note_release(note);
	return st;
}

void sn_model_note_release(struct sn_model_note *note)
{
	free(note->head);
	note->head = NULL;
}
