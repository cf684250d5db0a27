/* The embeddings of a section's items, each kept once however many pairs it is in. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/twins.h>

static int choose_distance(struct sn_twins *t, const enum sn_distance *wanted)
{
	t->distance = SN_EUCLIDEAN;
	if (t->note.present)
		t->distance = t->note.distance;
	if (wanted)
		t->distance = *wanted;
	if (t->distance == SN_WEIGHTED_L1 && !t->note.head)
		return sn_fail(SN_EDATA, "the distance weighted-l1 wants a model with its weights; "
					 "these embeddings come from none: choose another by -d");
	return 0;
}

static void choose_threshold(struct sn_twins *t, double wanted)
{
	t->threshold = wanted;
	/* a threshold means nothing on another scale */
	if (isnan(wanted) && t->note.present && t->note.has_threshold &&
	    t->distance == t->note.distance)
		t->threshold = t->note.threshold;
}

int sn_twins_begin(struct sn_twins *t, struct sn_header *h, const enum sn_distance *distance,
		   double threshold)
{
	uint64_t window = 0;
	int st;
	sn_twins_release(t);
	if ((st = sn_model_note_read(&t->note, h)) < 0)
		return st;
	if ((st = choose_distance(t, distance)) < 0)
		return st;
	choose_threshold(t, threshold);
	sn_header_get_uint(h, "window", &window);
	t->items.window = window;
	if ((st = sn_header_set_str(h, "distance", sn_distance_names[t->distance])) < 0)
		return st;
	if (!isnan(t->threshold))
		return sn_header_set_f8(h, "threshold", t->threshold);
	sn_header_remove(h, "threshold");
	return 0;
}

int sn_twins_tell_probability(struct sn_twins *t, struct sn_header *h)
{
	const struct sn_probability *p = &t->note.probability;
	const struct {
		const char *key;
		double value;
	} entry[] = { { "offset", p->offset }, { "prior", p->prior }, { "slope", p->slope } };
	struct sn_buffer b = { 0 };
	msgpack_packer pk;
	int st = 0;
	if (!p->set)
		return sn_fail(SN_EDATA,
			       "the model that made the embeddings has no probability: run "
			       "sn-eval --calibrate, then sn-embed with that model");
	if (t->distance != t->note.distance)
		return sn_fail(
			SN_EDATA,
			"the probability is of %s, the model's distance; give no other by -d",
			sn_distance_names[t->note.distance]);
	msgpack_packer_init(&pk, &b, sn_buffer_write);
	st |= msgpack_pack_map(&pk, 3);
	for (int i = 0; i < 3; i++) {
		st |= msgpack_pack_str_with_body(&pk, entry[i].key, strlen(entry[i].key));
		st |= msgpack_pack_double(&pk, entry[i].value);
	}
	t->tell_probability = true;
	st = st ? sn_fail_memory()
		: sn_header_set(h, "probability", (struct sn_slice){ b.data, b.size });
	sn_buffer_release(&b);
	return st;
}

static int check_shape(struct sn_twins *t, const struct sn_item *item)
{
	const struct sn_tensor *x = &item->x;
	char shape[96];
	if (x->type != 'f' || x->rank != 1)
		return sn_fail(
			SN_EDATA,
			"item %llu: x is %s %s, wanted an embedding f4 [d], made by sn-embed",
			(unsigned long long)item->number, x->type == 'u' ? "u1" : "f4",
			sn_shape_text(shape, x->shape, x->rank));
	if (x->count == 0)
		return sn_fail(SN_EDATA, "item %llu: an embedding of no numbers",
			       (unsigned long long)item->number);
	if (t->dim == 0)
		t->dim = x->count;
	if (x->count != t->dim)
		return sn_fail(SN_EDATA, "item %llu: x is [%zu], wanted [%zu] like those before it",
			       (unsigned long long)item->number, x->count, t->dim);
	if (t->distance == SN_WEIGHTED_L1 && t->note.head_size != t->dim + 1)
		return sn_fail(SN_EDATA, "x is [%zu], the model has %zu weights for it, wanted %zu",
			       t->dim, t->note.head_size, t->dim + 1);
	return 0;
}

int sn_twins_add(struct sn_twins *t, const struct sn_item *item)
{
	struct sn_entry *entry;
	int st;
	if (item->x.type && (st = check_shape(t, item)) < 0)
		return st;
	if ((st = sn_items_add(&t->items, item, &entry)) < 0)
		return st;
	entry->missing = !item->x.type;
	t->missing += entry->missing;
	if (entry->missing)
		return 0;
	entry->data = sn_alloc(t->dim, sizeof(float));
	if (!entry->data)
		return SN_ENOMEM;
	memcpy(entry->data, item->x.data, t->dim * sizeof(float));
	return 0;
}

bool sn_twins_misses(const struct sn_twins *t, const struct sn_pair *pair)
{
	const struct sn_entry *a, *b;
	if (t->missing == 0)
		return false;
	a = sn_items_find(&t->items, pair->a);
	b = sn_items_find(&t->items, pair->b);
	return a && b && (a->missing || b->missing);
}

/* Of two entries, either NULL where the item was forgotten. */
static int measure(const struct sn_twins *t, const struct sn_pair_numbers *pair,
		   const struct sn_entry *a, const struct sn_entry *b, float *d)
{
	if (!a || !b)
		return sn_fail(SN_EDATA,
			       "item %llu is not among the last %zu that the window keeps",
			       (unsigned long long)(a ? pair->b : pair->a), t->items.window);
	*d = 0;
	if (a->missing || b->missing)
		return 0;
	*d = sn_distance(t->distance, a->data, b->data, t->dim, t->note.head);
	if (!isfinite(*d))
		return sn_fail(SN_ENAN,
			       "the distance of '%s' and '%s' is %s; the embeddings are too large",
			       a->key, b->key, isnan(*d) ? "not a number" : "infinite");
	return 1;
}

int sn_twins_distance(const struct sn_twins *t, const struct sn_pair *pair, float *d)
{
	const struct sn_pair_numbers numbers = { pair->a, pair->b };
	return measure(t, &numbers, sn_items_find(&t->items, pair->a),
		       sn_items_find(&t->items, pair->b), d);
}

#define LINE 64
enum {
	TOGETHER = 8, /* pairs whose memory is asked for before the first is measured */
	LINES = 16,   /* of each embedding; what is longer, the processor sees coming */
};

static void fetch_entry(const struct sn_items *s, uint64_t number)
{
	uint64_t place = s->n ? number - s->entry[0].number : 0;
	if (place < s->n)
		__builtin_prefetch(&s->entry[place]);
}

static void fetch_embedding(const struct sn_twins *t, const struct sn_entry *e)
{
	size_t lines = (t->dim * sizeof(float) + LINE - 1) / LINE;
	if (!e || !e->data)
		return;
	for (size_t i = 0; i < lines && i < LINES; i++)
		__builtin_prefetch((const char *)e->data + i * LINE);
}

/* The pairs of many items lie all over the memory: it is asked for a block of pairs ahead. */
int sn_twins_distances(const struct sn_twins *t, const struct sn_pair_numbers *pair, size_t n,
		       float *d, size_t *done)
{
	const struct sn_entry *a[TOGETHER], *b[TOGETHER];
	for (*done = 0; *done < n;) {
		size_t first = *done, block = n - first < TOGETHER ? n - first : TOGETHER;
		for (size_t i = 0; i < block; i++) {
			fetch_entry(&t->items, pair[first + i].a);
			fetch_entry(&t->items, pair[first + i].b);
		}
		for (size_t i = 0; i < block; i++) {
			a[i] = sn_items_find(&t->items, pair[first + i].a);
			b[i] = sn_items_find(&t->items, pair[first + i].b);
			fetch_embedding(t, a[i]);
			fetch_embedding(t, b[i]);
		}
		for (size_t i = 0; i < block; i++, ++*done) {
			int st = measure(t, &pair[*done], a[i], b[i], &d[*done]);
			if (st < 0)
				return st;
		}
	}
	return 0;
}

void sn_twins_release(struct sn_twins *t)
{
	sn_items_clear(&t->items);
	sn_model_note_release(&t->note);
	memset(t, 0, sizeof(*t));
}
