/* model_note - what embeddings say of the model that made them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "model_values.h"

static void put_note(msgpack_packer *pk, const struct sn_model *m)
{
	struct sn_buffer head = { 0 };

	msgpack_pack_map(pk, 6 + m->threshold.probability.set);
	sn_put_key(pk, "dim");
	msgpack_pack_uint64(pk, sn_net_dim(m->net));
	sn_put_key(pk, "distance");
	sn_put_key(pk, sn_distance_names[m->distance]);
	sn_put_key(pk, "head");
	if (sn_encode_head(&head, m) < 0)
		((struct sn_encoding *)pk->data)->failed = true;
	else
		pk->callback(pk->data, (const char *)head.data, head.size);
	sn_buffer_release(&head);
	sn_put_key(pk, "margin");
	msgpack_pack_double(pk, m->margin);
	sn_put_probability(pk, &m->threshold.probability);
	sn_put_key(pk, "threshold");
	m->threshold.set ? msgpack_pack_double(pk, m->threshold.d) : msgpack_pack_nil(pk);
	sn_put_key(pk, "xxh3");
	/* of weights that are still moving nobody knows it */
	m->xxh3 ? (void)msgpack_pack_uint64(pk, m->xxh3) : (void)msgpack_pack_nil(pk);
}

int sn_model_announce(const struct sn_model *m, struct sn_header *h)
{
	return sn_set_model_key(h, "model", put_note, m);
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
	if ((st = sn_map_count(map, "model", "dim", &dim)) < 0 ||
	    (st = sn_map_number(map, "model", "margin", 0, 1e300, &note->margin)) < 0)
		return st;
	note->dim = dim;
	if ((o = sn_map_get(map, "distance")) && (st = sn_parse_distance(&note->distance, o)) < 0)
		return st;
	if ((o = sn_map_get(map, "xxh3")) && o->type == MSGPACK_OBJECT_POSITIVE_INTEGER) {
		note->has_xxh3 = true;
		note->xxh3 = o->via.u64;
	}
	if ((o = sn_map_get(map, "threshold")) && o->type != MSGPACK_OBJECT_NIL) {
		if (!sn_get_number(o, &note->threshold))
			return sn_fail(SN_EDATA, "model: threshold is not nil or a number");
		note->has_threshold = true;
	}
	return sn_parse_probability(&note->probability, map);
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
		st = sn_read_head(&note->head, &note->head_size, sn_slice_of(&b));
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
