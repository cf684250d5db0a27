/* text - records as tab-separated lines, for terminals and -t */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/items.h>
#include "private.h"

enum { KINDS = 5 };

struct sn_text {
	enum { ITEMS, PAIRS, DISTANCES, LOSSES, MATCHES } kind;
	struct sn_items items;
	bool has_threshold, has_probability;
	double threshold;
	struct sn_record rec;
};

int sn_text_new(struct sn_text **t)
{
	*t = sn_alloc(1, sizeof **t);
	return *t ? 0 : SN_ENOMEM;
}

void sn_text_free(struct sn_text *t)
{
	if (t)
		sn_items_clear(&t->items);
	free(t);
}

int sn_text_header(struct sn_text *t, const struct sn_header *h)
{
	static const char *const kinds[] = { "items", "pairs", "distances", "losses", "matches" };
	const char *kind = sn_header_kind(h);
	uint64_t window = 0;
	int k;
	for (k = 0; k < KINDS && strcmp(kind, kinds[k]) != 0; k++)
		;
	if (k == KINDS)
		return sn_fail(SN_EUSAGE, "%s have no text form; write them to a file (-o FILE)",
			       kind);
	t->kind = k;
	sn_items_clear(&t->items);
	sn_header_get_uint(h, "window", &window);
	/* matches follow their probe */
	t->items.window = k == MATCHES ? 1 : window;
	t->has_threshold = sn_header_get_f8(h, "threshold", &t->threshold);
	t->has_probability = sn_header_get(h, "probability").data != NULL;
	return 0;
}

#define ADD(b, literal) sn_buffer_add((b), (literal), sizeof(literal) - 1)

/* Bytes of the control character at s, which may be of two (U+0080 to U+009F); 0: none. */
static size_t control(const uint8_t *s, size_t n)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	return s[0] == 0xc2 && n > 1 && s[1] < 0xa0 ? 2 : 0;
}

/* A name; control characters of foreign writers can neither break the line nor reach a terminal. */
static int add_name(struct sn_buffer *b, const void *name, size_t n)
{
	const uint8_t *s = name;
	int st = 0;
	for (size_t i = 0, plain; i < n && st == 0; i = plain) {
		size_t bytes = 0;
		for (plain = i; plain < n; plain++)
			if ((bytes = control(s + plain, n - plain)))
				break;
		st = sn_buffer_add(b, s + i, plain - i);
		for (; bytes > 0 && st == 0; bytes--) {
			char hex[5];
			snprintf(hex, sizeof hex, "\\x%02x", s[plain++]);
			st = sn_buffer_add(b, hex, 4);
		}
	}
	return st;
}

SN_PRINTF(2, 3) static int add(struct sn_buffer *b, const char *format, ...)
{
	char line[256];
	va_list ap;
	int n;
	va_start(ap, format);
	n = vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	return sn_buffer_add(b, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static int item(struct sn_text *t, struct sn_buffer *b)
{
	const struct sn_item *i = &t->rec.item;
	struct sn_entry *entry;
	char shape[96];
	int st;
	if (t->kind != ITEMS)
		return sn_items_add(&t->items, i, &entry);
	st = add(b, "%llu\t", (unsigned long long)i->number);
	st |= add_name(b, i->key.data, i->key.size) | ADD(b, "\t");
	st |= i->label.data ? add_name(b, i->label.data, i->label.size) : ADD(b, "-");
	st |= add(b, "\t%s\t%s\n", i->forged ? "forged" : "-",
		  i->x.type ? sn_shape_text(shape, i->x.shape, i->x.rank) : "-");
	return st;
}

/* Of a key with an f4, which the stream writes as one. */
static int add_f4(struct sn_buffer *b, struct sn_slice value)
{
	uint32_t bits = 0;
	float f;
	if (value.size != 5 || value.data[0] != 0xca)
		return ADD(b, "\t-");
	for (int i = 1; i < 5; i++)
		bits = bits << 8 | value.data[i];
	memcpy(&f, &bits, sizeof f);
	return add(b, "\t%.9g", (double)f);
}

static int pair(struct sn_text *t, struct sn_buffer *b)
{
	static const char *const same[] = { "different", "same", "-" };
	const struct sn_pair *p = &t->rec.pair;
	const struct sn_entry *one = sn_items_find(&t->items, p->a),
			      *two = sn_items_find(&t->items, p->b);
	int st;
	if (t->kind == ITEMS)
		return 0;
	if (!one || !two)
		return sn_fail(SN_EDATA, "a pair of items that are no longer known");
	st = add_name(b, one->key, one->key_size) | ADD(b, "\t");
	st |= add_name(b, two->key, two->key_size) |
	      (ADD(b, "\t") | sn_buffer_add(b, same[p->same], strlen(same[p->same])));
	if (t->kind == PAIRS && p->trial != SN_NONE)
		st |= add(b, "\t%llu", (unsigned long long)p->trial);
	if (t->kind != PAIRS) {
		if (!p->has_d || p->d_nil)
			st |= ADD(b, "\t-");
		else
			st |= add(b, "\t%.9g", (double)p->d);
		if (t->has_threshold)
			st |= add(b, "\t%s",
				  !p->has_d || p->d_nil	 ? "-"
				  : p->d <= t->threshold ? "yes"
							 : "no");
	}
	if (t->kind == DISTANCES && t->has_probability)
		st |= add_f4(b, sn_record_get(&t->rec, "p"));
	if (t->kind == LOSSES)
		st |= p->has_loss ? add(b, "\t%.17g", p->loss) : ADD(b, "\t-");
	return st | ADD(b, "\n");
}

/* A str, or - for anything else. */
static int add_str(struct sn_buffer *b, struct sn_slice value)
{
	struct sn_slice s;
	if (!value.data || !sn_str_value(value.data, &s))
		return ADD(b, "-");
	return add_name(b, s.data, s.size);
}

/* probe's key, rank, key, distance, label; nobody where the rank is 0 */
static int match(const struct sn_text *t, struct sn_buffer *b)
{
	struct sn_slice number = sn_record_get(&t->rec, "probe"),
			value = sn_record_get(&t->rec, "rank");
	uint64_t n, rank = 0;
	const struct sn_entry *probe;
	bool ranked;
	int st;
	if (!number.data)
		return 0; /* something else, which has no text */
	if (!sn_uint_value(number.data, &n) || !(probe = sn_items_find(&t->items, n)))
		return sn_fail(SN_EDATA, "a match of a probe that does not come before it");
	ranked = value.data && sn_uint_value(value.data, &rank);
	st = add_name(b, probe->key, probe->key_size);
	st |= rank ? add(b, "\t%llu\t", (unsigned long long)rank) : ADD(b, "\t-\t");
	st |= ranked && rank == 0 ? ADD(b, "nobody") : add_str(b, sn_record_get(&t->rec, "key"));
	st |= add_f4(b, sn_record_get(&t->rec, "d")) | ADD(b, "\t");
	return st | add_str(b, sn_record_get(&t->rec, "label")) | ADD(b, "\n");
}

int sn_text_record(struct sn_text *t, struct sn_buffer *b, struct sn_slice map)
{
	int st = sn_record_parse_map(&t->rec, map, true);
	if (st < 0)
		return st;
	switch (t->rec.map) {
	case SN_MAP_ITEM:
		st = item(t, b);
		break;
	case SN_MAP_PAIR:
		st = pair(t, b);
		break;
	case SN_MAP_MEAN:
		st = add(b, "mean\t%.17g\n", t->rec.mean.mean);
		break;
	case SN_MAP_OTHER:
		if (t->kind == MATCHES)
			st = match(t, b);
		break;
	default:
		break;
	}
	return st < 0 ? (st == SN_EDATA ? st : sn_fail_memory()) : 0;
}
