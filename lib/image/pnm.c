/*
 * pnm - the portable anymap formats P1 to P7.
 *
 * A header of decimal numbers parted by blanks and comments (# to the end of the line), one blank,
 * the samples.  P1 to P3 write the samples as digits, P4 as bits (1 is black), P5 to P7 as bytes,
 * or as two, high one first, where the largest sample is over 255.
 */
#include <stdlib.h>
#include <string.h>
#include "private.h"

struct text {
	const uint8_t *at, *end;
};

static bool is_blank(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Over blanks and comments; false at the end. */
static bool skip_blanks(struct text *t)
{
	while (t->at < t->end) {
		if (*t->at == '#')
			while (t->at < t->end && *t->at != '\n' && *t->at != '\r')
				t->at++;
		else if (is_blank(*t->at))
			t->at++;
		else
			return true;
	}
	return false;
}

/* A decimal number of at most 9 digits. */
static int number(struct text *t, size_t *value)
{
	size_t v = 0;
	int digits = 0;

	if (!skip_blanks(t))
		return sn_fail(SN_EDATA, "cut short");
	while (t->at < t->end && is_digit(*t->at)) {
		if (++digits > 9)
			return sn_fail(SN_EDATA, "a number in it is too large");
		v = v * 10 + (size_t)(*t->at++ - '0');
	}
	if (digits == 0)
		return sn_fail(SN_EDATA, "byte %u where a number was wanted", *t->at);
	*value = v;
	return 0;
}

/* The one blank between header and raw samples; a comment with its end of line counts as one. */
static int one_blank(struct text *t)
{
	if (t->at < t->end && *t->at == '#')
		while (t->at < t->end && *t->at != '\n')
			t->at++;
	if (t->at == t->end)
		return sn_fail(SN_EDATA, "cut short");
	if (!is_blank(*t->at))
		return sn_fail(SN_EDATA, "byte %u behind the header, where a blank was wanted",
			       *t->at);
	t->at++;
	return 0;
}

bool pnm_looks(const uint8_t *data, size_t size)
{
	struct text t;

	if (size < 4 || data[0] != 'P' || data[1] < '1' || data[1] > '7')
		return false;
	t = (struct text){ data + 2, data + size };
	if (!is_blank(data[2]) && data[2] != '#')
		return false;
	if (data[1] == '7')
		return data[2] == '\n';
	/* a header that is all comment so far may go on behind the bytes seen */
	return !skip_blanks(&t) || is_digit(*t.at);
}

/* P7: lines of a word and a value, up to ENDHDR. */
static int pam_header(struct text *t, struct raw *raw, size_t *max)
{
	static const char *const name[] = { "WIDTH", "HEIGHT", "DEPTH", "MAXVAL" };
	size_t value[4] = { 0 };
	bool seen[4] = { 0 };

	for (;;) {
		const uint8_t *word;
		size_t n, k;
		int st;

		if (!skip_blanks(t))
			return sn_fail(SN_EDATA, "cut short");
		for (word = t->at; t->at < t->end && !is_blank(*t->at);)
			t->at++;
		n = (size_t)(t->at - word);
		if (n == 6 && memcmp(word, "ENDHDR", 6) == 0) {
			while (t->at < t->end && *t->at != '\n')
				t->at++;
			if (t->at == t->end)
				return sn_fail(SN_EDATA, "cut short");
			t->at++;
			break;
		}
		for (k = 0; k < 4; k++)
			if (n == strlen(name[k]) && memcmp(word, name[k], n) == 0)
				break;
		if (k < 4) {
			if (seen[k])
				return sn_fail(SN_EDATA, "two lines of %s", name[k]);
			if ((st = number(t, &value[k])) < 0)
				return st;
			seen[k] = true;
		} else if (n == 8 && memcmp(word, "TUPLTYPE", 8) == 0) {
			/* what the samples mean is told by their number */
			while (t->at < t->end && *t->at != '\n')
				t->at++;
		} else {
			return sn_fail(SN_EDATA, "a line of its header is unknown");
		}
	}
	for (size_t k = 0; k < 4; k++)
		if (!seen[k])
			return sn_fail(SN_EDATA, "no line of %s", name[k]);
	if (value[2] < 1 || value[2] > 4)
		return sn_fail(SN_EDATA, "%zu samples a pixel, wanted 1 to 4", value[2]);
	raw->w = value[0];
	raw->h = value[1];
	raw->c = value[2];
	*max = value[3];
	return 0;
}

static int plain_bits(struct text *t, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!skip_blanks(t))
			return sn_fail(SN_EDATA, "cut short: %zu of %zu samples", i, n);
		if (*t->at != '0' && *t->at != '1')
			return sn_fail(SN_EDATA, "byte %u where 0 or 1 was wanted", *t->at);
		out[i] = *t->at++ == '0';
	}
	return 0;
}

static void raw_bits(const uint8_t *in, uint8_t *out, size_t w, size_t h)
{
	size_t stride = (w + 7) / 8;

	for (size_t y = 0; y < h; y++)
		for (size_t x = 0; x < w; x++)
			out[y * w + x] = !(in[y * stride + x / 8] >> (7 - x % 8) & 1);
}

static int too_large(size_t value, size_t max)
{
	return sn_fail(SN_EDATA, "a sample of %zu, but the largest should be %zu", value, max);
}

static int plain_numbers(struct text *t, struct raw *raw, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t v;

		if (!skip_blanks(t))
			return sn_fail(SN_EDATA, "cut short: %zu of %zu samples", i, n);
		if (number(t, &v) < 0)
			return SN_EDATA;
		if (v > raw->max)
			return too_large(v, raw->max);
		if (raw->max > 255)
			((uint16_t *)raw->data)[i] = (uint16_t)v;
		else
			((uint8_t *)raw->data)[i] = (uint8_t)v;
	}
	return 0;
}

static int raw_numbers(const uint8_t *in, struct raw *raw, size_t n)
{
	if (raw->max == 255) {
		memcpy(raw->data, in, n);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned v = raw->max > 255 ? be16(in + 2 * i) : in[i];

		if (v > raw->max)
			return too_large(v, raw->max);
		if (raw->max > 255)
			((uint16_t *)raw->data)[i] = (uint16_t)v;
		else
			((uint8_t *)raw->data)[i] = (uint8_t)v;
	}
	return 0;
}

int pnm_read(struct raw *raw, const uint8_t *data, size_t size)
{
	struct text t;
	char kind;
	bool plain;
	size_t max = 1, n, need, left;
	int st;

	memset(raw, 0, sizeof *raw);
	if (!pnm_looks(data, size))
		return sn_fail(SN_EDATA, "the header is damaged");
	t = (struct text){ data + 2, data + size };
	kind = (char)data[1];
	plain = kind <= '3';
	if (kind == '7') {
		if ((st = pam_header(&t, raw, &max)) < 0)
			return st;
	} else {
		raw->c = kind == '3' || kind == '6' ? 3 : 1;
		if ((st = number(&t, &raw->w)) < 0 || (st = number(&t, &raw->h)) < 0)
			return st;
		if (kind != '1' && kind != '4' && (st = number(&t, &max)) < 0)
			return st;
		if (!plain && (st = one_blank(&t)) < 0)
			return st;
	}
	if (max < 1 || max > 65535)
		return sn_fail(SN_EDATA, "the largest sample is %zu, wanted 1 to 65535", max);
	raw->max = (unsigned)max;
	if ((st = check_size(raw->w, raw->h)) < 0)
		return st;

	/* w, h and c are bounded by now: no product below can overflow */
	n = raw->w * raw->h * raw->c;
	left = (size_t)(t.end - t.at);
	if (kind == '1')
		need = n;
	else if (kind == '4')
		need = (raw->w + 7) / 8 * raw->h;
	else if (plain)
		need = 2 * n - 1;
	else
		need = max > 255 ? 2 * n : n;
	if (left < need)
		return sn_fail(SN_EDATA, "cut short: %zu bytes of samples, wanted %s%zu", left,
			       plain ? "at least " : "", need);
	raw->data = malloc(max > 255 ? 2 * n : n);
	if (!raw->data)
		return sn_fail_memory();
	if (kind == '1')
		st = plain_bits(&t, raw->data, n);
	else if (kind == '4')
		raw_bits(t.at, raw->data, raw->w, raw->h);
	else if (plain)
		st = plain_numbers(&t, raw, n);
	else
		st = raw_numbers(t.at, raw, n);
	if (st < 0) {
		free(raw->data);
		raw->data = NULL;
	}
	return st;
}
