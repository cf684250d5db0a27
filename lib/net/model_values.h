/*
 * model_values - the values of a model's header, written and read.  Private to lib/net.
 *
 * What put_ functions write goes into an encoding; what parse_ and map_ functions read leaves the
 * default where a key is absent or nil, and is SN_EDATA, naming the key, where it is of another
 * kind.
 */
#ifndef SN_MODEL_VALUES_H
#define SN_MODEL_VALUES_H

#include <sn/model.h>

/* What is being encoded; a failed write is remembered, so that the many small ones need no checks.
 */
struct sn_encoding {
	struct sn_buffer b;
	bool failed;
};

/* What put writes of m; the caller releases e->b, whatever is returned. */
SN_MUST_CHECK int sn_encode_model(struct sn_encoding *e,
				  void (*put)(msgpack_packer *pk, const struct sn_model *m),
				  const struct sn_model *m);
/* The same as a key of a header. */
SN_MUST_CHECK int sn_set_model_key(struct sn_header *h, const char *key,
				   void (*put)(msgpack_packer *pk, const struct sn_model *m),
				   const struct sn_model *m);
/* Into b, which is emptied: nil where there is none. */
SN_MUST_CHECK int sn_encode_head(struct sn_buffer *b, const struct sn_model *m);

/* Keys of maps are written in bytewise order by the callers. */
void sn_put_key(msgpack_packer *pk, const char *key);
void sn_put_prep(msgpack_packer *pk, const struct sn_prep *p);
void sn_put_threshold(msgpack_packer *pk, const struct sn_threshold *t);
void sn_put_probability(msgpack_packer *pk, const struct sn_probability *p); /* with its key */

bool sn_get_number(const msgpack_object *o, double *v);
SN_MUST_CHECK int sn_map_number(const msgpack_object *map, const char *where, const char *key,
				double least, double most, double *v);
SN_MUST_CHECK int sn_map_count(const msgpack_object *map, const char *where, const char *key,
			       uint64_t *v);

SN_MUST_CHECK int sn_parse_prep(struct sn_prep *p, const msgpack_object *map);
SN_MUST_CHECK int sn_parse_threshold(struct sn_threshold *t, const msgpack_object *map);
/* Of a threshold, or of what embeddings say of their model. */
SN_MUST_CHECK int sn_parse_probability(struct sn_probability *p, const msgpack_object *map);
SN_MUST_CHECK int sn_parse_distance(enum sn_distance *distance, const msgpack_object *o);
/* nil, a tensor <f4 [n] or an array of numbers; *head is the caller's. */
SN_MUST_CHECK int sn_read_head(float **head, size_t *size, struct sn_slice value);

static inline struct sn_slice sn_slice_of(const struct sn_buffer *b)
{
	return (struct sn_slice){ b->data, b->size };
}

#endif
