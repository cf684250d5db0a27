/* compare - two encoded values, side by side */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sn/compare.h>
#include "private.h"

#define PATH 256

static void differ(struct sn_comparison *c, const char *where, const char *a, const char *b)
{
	c->differences++;
	if (c->differ)
		c->differ(c->context, where, a, b);
}

/* A value for the message: short ones whole, long ones by what they are. */
static void describe(char text[96], const uint8_t *p)
{
	struct sn_slice s;
	uint64_t u;
	int64_t i;
	double v;
	bool single;
	if (!p)
		strcpy(text, "(absent)");
	else if (sn_str_value(p, &s))
		snprintf(text, 96, "\"%.*s\"", (int)(s.size > 80 ? 80 : s.size),
			 (const char *)s.data);
	else if (sn_uint_value(p, &u))
		snprintf(text, 96, "%llu", (unsigned long long)u);
	else if (sn_negative_value(p, &i))
		snprintf(text, 96, "%lld", (long long)i);
	else if (sn_float_value(p, &v, &single))
		snprintf(text, 96, single ? "%.9g" : "%.17g", v);
	else if (*p == 0xc0)
		strcpy(text, "nil");
	else if (*p == 0xc2 || *p == 0xc3)
		strcpy(text, *p == 0xc3 ? "true" : "false");
	else
		snprintf(text, 96, "%s", sn_type_text(p));
}

static void differ_values(struct sn_comparison *c, const char *where, const uint8_t *a,
			  const uint8_t *b)
{
	char x[96], y[96];
	describe(x, a);
	describe(y, b);
	differ(c, where, x, y);
}

static bool near(struct sn_comparison *c, double a, double b)
{
	double gap = fabs(a - b), size = fmax(fabs(a), fabs(b));
	if (a == b)
		return true; /* infinities too */
	if (gap > c->worst_abs || isnan(gap))
		c->worst_abs = gap;
	if (gap / size > c->worst_rel || isnan(gap))
		c->worst_rel = gap / size;
	/* this way round a NaN differs; nothing but itself is near infinity */
	return isfinite(size) && (gap <= c->abs || gap <= c->rel * size);
}

static void tensors(struct sn_comparison *c, const char *where, const struct sn_tensor *a,
		    const struct sn_tensor *b)
{
	const uint8_t *p = a->data, *q = b->data;
	if (a->type != b->type || a->rank != b->rank ||
	    memcmp(a->shape, b->shape, a->rank * sizeof *a->shape) != 0) {
		char x[112], y[112], shape[96];
		snprintf(x, sizeof x, "%s %s", a->type == 'f' ? "<f4" : "|u1",
			 sn_shape_text(shape, a->shape, a->rank));
		snprintf(y, sizeof y, "%s %s", b->type == 'f' ? "<f4" : "|u1",
			 sn_shape_text(shape, b->shape, b->rank));
		differ(c, where, x, y);
		return;
	}
	for (size_t i = 0; i < a->count; i++) {
		char x[32], y[32], place[PATH + 24];
		double v, w;
		if (a->type == 'f') {
			float f, g;
			memcpy(&f, p + 4 * i, 4);
			memcpy(&g, q + 4 * i, 4);
			v = f;
			w = g;
		} else {
			v = p[i];
			w = q[i];
		}
		if (near(c, v, w))
			continue;
		snprintf(place, sizeof place, "%s[%zu]", where, i);
		snprintf(x, sizeof x, "%.9g", v);
		snprintf(y, sizeof y, "%.9g", w);
		differ(c, place, x, y);
	}
}

static void values(struct sn_comparison *c, const char *where, const uint8_t *a, const uint8_t *b);

static bool ignored(const struct sn_comparison *c, struct sn_slice key)
{
	for (const char *const *k = c->ignore; k && *k; k++)
		if (sn_slice_is(key, *k))
			return true;
	return false;
}

/* Strings and bytes are the same however their heads are written. */
static bool same_bytes(struct sn_slice a, struct sn_slice b)
{
	struct sn_slice s, t;
	if (sn_str_value(a.data, &s) && sn_str_value(b.data, &t))
		return sn_slice_equal(s, t);
	if (sn_bin_value(a.data, &s) && sn_bin_value(b.data, &t))
		return sn_slice_equal(s, t);
	return sn_slice_equal(a, b);
}

/* The value of an encoded key among n pairs at p; NULL where absent. */
static const uint8_t *lookup(const uint8_t *p, size_t n, const uint8_t *key)
{
	struct sn_slice wanted = { key, sn_extent(key) };
	for (size_t i = 0; i < n; i++) {
		const uint8_t *value = p + sn_extent(p);
		if (same_bytes((struct sn_slice){ p, (size_t)(value - p) }, wanted))
			return value;
		p = value + sn_extent(value);
	}
	return NULL;
}

/* All of a's keys; and, with only_missing, those of a that b lacks. */
static void map_keys(struct sn_comparison *c, const char *where, const uint8_t *a, size_t n,
		     const uint8_t *b, size_t m, bool only_missing, bool top)
{
	for (size_t i = 0; i < n; i++) {
		const uint8_t *value = a + sn_extent(a), *other = lookup(b, m, a);
		struct sn_slice key;
		char place[PATH];
		bool named = sn_str_value(a, &key) || sn_bin_value(a, &key);
		if (!named)
			key = (struct sn_slice){ (const uint8_t *)"?", 1 };
		snprintf(place, sizeof place, "%s%s%.*s", where, *where ? "." : "",
			 (int)(key.size > 64 ? 64 : key.size), (const char *)key.data);
		if (!(top && ignored(c, key))) {
			if (!only_missing)
				values(c, place, value, other);
			else if (!other)
				values(c, place, NULL, value);
		}
		a = value + sn_extent(value);
	}
}

static void maps(struct sn_comparison *c, const char *where, const uint8_t *a, const uint8_t *b,
		 bool top)
{
	size_t head_a, head_b, n, m;
	sn_map_head(a, &head_a, &n);
	sn_map_head(b, &head_b, &m);
	map_keys(c, where, a + head_a, n, b + head_b, m, false, top);
	map_keys(c, where, b + head_b, m, a + head_a, n, true, top);
}

static void arrays(struct sn_comparison *c, const char *where, const uint8_t *a, const uint8_t *b)
{
	size_t head, n, m;
	char x[32], y[32];
	sn_array_head(b, &head, &m);
	b += head;
	sn_array_head(a, &head, &n);
	a += head;
	if (n != m) {
		snprintf(x, sizeof x, "%zu values", n);
		snprintf(y, sizeof y, "%zu values", m);
		differ(c, where, x, y);
		return;
	}
	for (size_t i = 0; i < n; i++, a += sn_extent(a), b += sn_extent(b)) {
		char place[PATH];
		snprintf(place, sizeof place, "%.200s[%zu]", where, i);
		values(c, place, a, b);
	}
}

struct number {
	bool whole, negative;
	uint64_t u;
	int64_t i;
	double value;
};

static bool number(struct number *v, const uint8_t *p)
{
	bool single;
	*v = (struct number){ .whole = true };
	if (sn_uint_value(p, &v->u))
		return v->value = (double)v->u, true;
	v->negative = sn_negative_value(p, &v->i);
	if (v->negative)
		return v->value = (double)v->i, true;
	v->whole = false;
	return sn_float_value(p, &v->value, &single);
}

/* Whole numbers exactly; where one of them is a float, within the tolerance. */
static bool same_number(struct sn_comparison *c, const struct number *a, const struct number *b)
{
	if (!a->whole || !b->whole)
		return near(c, a->value, b->value);
	return a->negative == b->negative && a->u == b->u && a->i == b->i;
}

static void values(struct sn_comparison *c, const char *where, const uint8_t *a, const uint8_t *b)
{
	struct sn_slice one, two;
	struct sn_tensor s, t;
	struct number x, y;
	size_t head, n;
	if (!a || !b) {
		differ_values(c, where, a, b);
		return;
	}
	one = (struct sn_slice){ a, sn_extent(a) };
	two = (struct sn_slice){ b, sn_extent(b) };
	if (sn_map_head(a, &head, &n) && sn_map_head(b, &head, &n)) {
		if (sn_tensor_decode(&s, one) == 0 && sn_tensor_decode(&t, two) == 0)
			tensors(c, where, &s, &t);
		else
			maps(c, where, a, b, false);
	} else if (sn_array_head(a, &head, &n) && sn_array_head(b, &head, &n)) {
		arrays(c, where, a, b);
	} else if (number(&x, a) && number(&y, b)) {
		if (!same_number(c, &x, &y))
			differ_values(c, where, a, b);
	} else if (!same_bytes(one, two)) {
		differ_values(c, where, a, b);
	}
}

int sn_compare(struct sn_comparison *c, struct sn_slice a, struct sn_slice b)
{
	maps(c, "", a.data, b.data, true);
	return 0;
}
