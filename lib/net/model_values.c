/* model_values - the values of a model's header: prep, threshold, head and their parts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "model_values.h"

/* ---- writing ------------------------------------------------------------------------ */

static int encoding_write(void *context, const char *data, size_t size)
{
	struct sn_encoding *e = context;

	if (sn_buffer_add(&e->b, data, size) < 0)
		e->failed = true;
	return e->failed ? -1 : 0;
}

void sn_put_key(msgpack_packer *pk, const char *key)
{
	msgpack_pack_str_with_body(pk, key, strlen(key));
}

void sn_put_prep(msgpack_packer *pk, const struct sn_prep *p)
{
	msgpack_pack_map(pk, 7 + p->mirror);
	sn_put_key(pk, "channels");
	msgpack_pack_uint64(pk, p->c);
	sn_put_key(pk, "deviation");
	msgpack_pack_double(pk, p->deviation);
	sn_put_key(pk, "fill");
	msgpack_pack_uint8(pk, p->fill);
	sn_put_key(pk, "fit");
	sn_put_key(pk, sn_fit_names[p->fit]);
	sn_put_key(pk, "invert");
	p->invert ? msgpack_pack_true(pk) : msgpack_pack_false(pk);
	sn_put_key(pk, "mean");
	msgpack_pack_double(pk, p->mean);
	if (p->mirror) {
		sn_put_key(pk, "mirror");
		msgpack_pack_true(pk);
	}
	sn_put_key(pk, "size");
	msgpack_pack_array(pk, 2);
	msgpack_pack_uint64(pk, p->w);
	msgpack_pack_uint64(pk, p->h);
}

static void put_number(msgpack_packer *pk, const char *key, double v)
{
	sn_put_key(pk, key);
	isnan(v) ? (void)msgpack_pack_nil(pk) : (void)msgpack_pack_double(pk, v);
}

static void put_interval(msgpack_packer *pk, const char *key, const double interval[2])
{
	if (isnan(interval[0]))
		return;
	sn_put_key(pk, key);
	msgpack_pack_array(pk, 2);
	msgpack_pack_double(pk, interval[0]);
	msgpack_pack_double(pk, interval[1]);
}

void sn_put_probability(msgpack_packer *pk, const struct sn_probability *p)
{
	if (!p->set)
		return;
	sn_put_key(pk, "probability");
	msgpack_pack_map(pk, 3);
	put_number(pk, "offset", p->offset);
	put_number(pk, "prior", p->prior);
	put_number(pk, "slope", p->slope);
}

/* What is not known, because an older version calibrated, is left out. */
void sn_put_threshold(msgpack_packer *pk, const struct sn_threshold *t)
{
	if (!t->set) {
		msgpack_pack_nil(pk);
		return;
	}
	msgpack_pack_map(pk, 7 + (t->data != 0) + !isnan(t->far_interval[0]) +
				     !isnan(t->frr_interval[0]) + t->probability.set);
	put_number(pk, "d", t->d);
	if (t->data) {
		sn_put_key(pk, "data");
		msgpack_pack_uint64(pk, t->data);
	}
	sn_put_key(pk, "different");
	msgpack_pack_uint64(pk, t->different);
	put_number(pk, "far", t->far);
	put_number(pk, "measured_far", t->measured_far);
	put_interval(pk, "measured_far_interval", t->far_interval);
	put_number(pk, "measured_frr", t->measured_frr);
	put_interval(pk, "measured_frr_interval", t->frr_interval);
	sn_put_probability(pk, &t->probability);
	sn_put_key(pk, "protocol");
	sn_put_key(pk, t->protocol);
	sn_put_key(pk, "same");
	msgpack_pack_uint64(pk, t->same);
}

int sn_encode_head(struct sn_buffer *b, const struct sn_model *m)
{
	struct sn_tensor t = { 'f', 1, { m->head_size }, m->head_size, m->head };

	if (!m->head)
		return sn_encode_nil(b);
	b->size = 0;
	return sn_tensor_encode(b, &t);
}

/* ---- reading ------------------------------------------------------------------------ */

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

bool sn_get_number(const msgpack_object *o, double *v)
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
int sn_map_number(const msgpack_object *map, const char *where, const char *key, double least,
		  double most, double *v)
{
	const msgpack_object *o = sn_map_get(map, key);
	double d;

	if (!o || o->type == MSGPACK_OBJECT_NIL)
		return 0;
	if (!sn_get_number(o, &d) || !(d >= least && d <= most))
		return sn_fail(SN_EDATA, "%s: '%s' is no number from %g to %g", where, key, least,
			       most);
	*v = d;
	return 0;
}

int sn_map_count(const msgpack_object *map, const char *where, const char *key, uint64_t *v)
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

int sn_parse_prep(struct sn_prep *p, const msgpack_object *map)
{
	const msgpack_object *o;
	double mean = p->mean, deviation = p->deviation, fill = p->fill;
	uint64_t channels = p->c;
	int fit, st;

	if (map->type != MSGPACK_OBJECT_MAP)
		return sn_fail(SN_EDATA, "prep is no map");
	if ((st = sn_map_number(map, "prep", "mean", -1e30, 1e30, &mean)) < 0 ||
	    (st = sn_map_number(map, "prep", "deviation", 1e-30, 1e30, &deviation)) < 0 ||
	    (st = sn_map_number(map, "prep", "fill", 0, 255, &fill)) < 0 ||
	    (st = sn_map_count(map, "prep", "channels", &channels)) < 0)
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
	    !sn_get_number(&o->via.array.ptr[0], &end[0]) ||
	    !sn_get_number(&o->via.array.ptr[1], &end[1]) ||
	    !(end[0] >= 0 && end[0] <= end[1] && end[1] <= 1))
		return sn_fail(SN_EDATA, "threshold: '%s' is not [lower, upper] from 0 to 1", key);
	memcpy(interval, end, sizeof end);
	return 0;
}

int sn_parse_probability(struct sn_probability *p, const msgpack_object *map)
{
	const msgpack_object *o = sn_map_get(map, "probability");
	int st;

	if (!o || o->type == MSGPACK_OBJECT_NIL)
		return 0;
	p->slope = p->offset = p->prior = NAN;
	if (o->type != MSGPACK_OBJECT_MAP)
		return sn_fail(SN_EDATA, "probability is not nil or a map");
	if ((st = sn_map_number(o, "probability", "offset", -1e300, 1e300, &p->offset)) < 0 ||
	    (st = sn_map_number(o, "probability", "prior", 0, 1, &p->prior)) < 0 ||
	    (st = sn_map_number(o, "probability", "slope", 0, 1e300, &p->slope)) < 0)
		return st;
	if (isnan(p->offset) || isnan(p->slope) || isnan(p->prior))
		return sn_fail(SN_EDATA,
			       "probability lacks one of its numbers: 'offset', 'prior', 'slope'");
	p->set = true;
	return 0;
}

int sn_parse_threshold(struct sn_threshold *t, const msgpack_object *map)
{
	const msgpack_object *o;
	int st;

	if (map->type == MSGPACK_OBJECT_NIL)
		return 0;
	if (map->type != MSGPACK_OBJECT_MAP || !(o = sn_map_get(map, "d")) ||
	    !sn_get_number(o, &t->d))
		return sn_fail(SN_EDATA, "threshold is not nil or a map with a number 'd'");
	t->set = true;
	if ((st = sn_map_number(map, "threshold", "far", 0, 1, &t->far)) < 0 ||
	    (st = sn_map_number(map, "threshold", "measured_far", 0, 1, &t->measured_far)) < 0 ||
	    (st = sn_map_number(map, "threshold", "measured_frr", 0, 1, &t->measured_frr)) < 0 ||
	    (st = sn_map_count(map, "threshold", "same", &t->same)) < 0 ||
	    (st = sn_map_count(map, "threshold", "different", &t->different)) < 0 ||
	    (st = sn_map_count(map, "threshold", "data", &t->data)) < 0 ||
	    (st = parse_interval(t->far_interval, map, "measured_far_interval")) < 0 ||
	    (st = parse_interval(t->frr_interval, map, "measured_frr_interval")) < 0 ||
	    (st = sn_parse_probability(&t->probability, map)) < 0)
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

int sn_parse_distance(enum sn_distance *distance, const msgpack_object *o)
{
	int i = name_index(o, sn_distance_names);

	if (i < 0)
		return sn_fail(SN_EDATA, "the model's distance is not one of this version's");
	*distance = (enum sn_distance)i;
	return 0;
}

int sn_read_head(float **head, size_t *size, struct sn_slice value)
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

int sn_encode_model(struct sn_encoding *e,
		    void (*put)(msgpack_packer *pk, const struct sn_model *m),
		    const struct sn_model *m)
{
	msgpack_packer pk;

	memset(e, 0, sizeof *e);
	msgpack_packer_init(&pk, e, encoding_write);
	put(&pk, m);
	return e->failed ? sn_fail_memory() : 0;
}

int sn_set_model_key(struct sn_header *h, const char *key,
		     void (*put)(msgpack_packer *pk, const struct sn_model *m),
		     const struct sn_model *m)
{
	struct sn_encoding e;
	int st = sn_encode_model(&e, put, m);

	if (st == 0)
		st = sn_header_set(h, key, sn_slice_of(&e.b));
	sn_buffer_release(&e.b);
	return st;
}
