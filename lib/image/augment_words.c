/* augment_words - the text of a specification: parsed, checked, and spelled out */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include "augment.h"

enum type {
	AROUND, /* N is -N..N */
	EXACT,	/* N is N..N */
	PROBABILITY,
	EACH,
	FILL,
	AXIS,
};

struct parameter {
	const char *name;
	enum type type;
	unsigned part, parts; /* it sets this one and so many more of the step's numbers */
	double least, most;
	double most_percent;   /* 0: no percent */
	const char *otherwise; /* the default; NULL: none, that is no such change */
};

static const struct parameter affine[] = {
	{ "rotate", AROUND, ROTATE, 1, -360, 360, 0, "10" },
	{ "scale", EXACT, SCALE, 1, 0.1, 10, 0, "0.9..1.1" },
	{ "stretch", EXACT, STRETCH_X, 2, 0.1, 10, 0, NULL },
	{ "stretch-x", EXACT, STRETCH_X, 1, 0.1, 10, 0, NULL },
	{ "stretch-y", EXACT, STRETCH_Y, 1, 0.1, 10, 0, NULL },
	{ "shear", AROUND, SHEAR_X, 2, -2, 2, 0, "0.1" },
	{ "shear-x", AROUND, SHEAR_X, 1, -2, 2, 0, NULL },
	{ "shear-y", AROUND, SHEAR_Y, 1, -2, 2, 0, NULL },
	{ "shift", AROUND, SHIFT_X, 2, -100000, 100000, 100, "5%" },
	{ "shift-x", AROUND, SHIFT_X, 1, -100000, 100000, 100, NULL },
	{ "shift-y", AROUND, SHIFT_Y, 1, -100000, 100000, 100, NULL },
	{ "fill", FILL, 0, 0, 0, 255, 0, "border" },
	{ "each", EACH, 0, 0, 0, 1, 0, "1" },
	{ "p", PROBABILITY, 0, 0, 0, 1, 0, "1" },
	{ 0 },
};
static const struct parameter elastic[] = {
	{ "alpha", EXACT, ALPHA, 1, 0, 100000, 0, NULL },
	{ "sigma", EXACT, SIGMA, 1, 0.5, 1000, 100, "14%" },
	{ "fill", FILL, 0, 0, 0, 255, 0, "border" },
	{ "p", PROBABILITY, 0, 0, 0, 1, 0, "1" },
	{ 0 },
};
static const struct parameter crop[] = {
	{ "share", EXACT, SHARE, 1, 0.01, 1, 0, "0.7..1" },
	{ "p", PROBABILITY, 0, 0, 0, 1, 0, "1" },
	{ 0 },
};
static const struct parameter flip[] = {
	{ "axis", AXIS, 0, 0, 0, 0, 0, "x" },
	{ "p", PROBABILITY, 0, 0, 0, 1, 0, "0.5" },
	{ 0 },
};
static const struct parameter noise[] = {
	{ "sd", EXACT, BY, 1, 0, 128, 0, "8" },
	{ "p", PROBABILITY, 0, 0, 0, 1, 0, "1" },
	{ 0 },
};
static const struct parameter blurring[] = {
	{ "sigma", EXACT, BY, 1, 0, 100, 0, "0..1" },
	{ "p", PROBABILITY, 0, 0, 0, 1, 0, "1" },
	{ 0 },
};
static const struct parameter brightness[] = {
	{ "by", AROUND, BY, 1, -255, 255, 0, "25" },
	{ "p", PROBABILITY, 0, 0, 0, 1, 0, "1" },
	{ 0 },
};
static const struct parameter contrast[] = {
	{ "by", EXACT, BY, 1, 0.01, 100, 0, "0.8..1.25" },
	{ "p", PROBABILITY, 0, 0, 0, 1, 0, "1" },
	{ 0 },
};
static const struct parameter erasing[] = {
	{ "share", EXACT, SHARE, 1, 0, 1, 0, "0.02..0.2" },
	{ "aspect", EXACT, ASPECT, 1, 0.01, 100, 0, "0.33..3" },
	{ "fill", FILL, 0, 0, 0, 255, 0, "mean" },
	{ "p", PROBABILITY, 0, 0, 0, 1, 0, "0.5" },
	{ 0 },
};

static const struct operation {
	const char *name;
	const struct parameter *parameter;
} operations[] = {
	[AFFINE] = { "affine", affine },
	[ELASTIC] = { "elastic", elastic },
	[CROP] = { "crop", crop },
	[FLIP] = { "flip", flip },
	[NOISE] = { "noise", noise },
	[BLUR] = { "blur", blurring },
	[BRIGHTNESS] = { "brightness", brightness },
	[CONTRAST] = { "contrast", contrast },
	[ERASE] = { "erase", erasing },
};
#define OPERATIONS (sizeof operations / sizeof operations[0])

/* What each kind of operation knows to fill with, besides a grey value. */
static const struct fill {
	const char *name;
	int fill;
	bool erase; /* for erase; else for what moves pixels */
} fills[] = {
	{ "border", FILL_BORDER, false },
	{ "mean", FILL_MEAN, true },
	{ "noise", FILL_NOISE, true },
};

/* ---- numbers --------------------------------------------------------------------------- */

/* A decimal number at the beginning of text[size], perhaps followed by %, and nothing else. */
static bool number(const char *text, size_t size, double *v, bool *percent)
{
	char copy[48], *end;

	*percent = size > 0 && text[size - 1] == '%';
	size -= *percent;
	if (size == 0 || size >= sizeof copy)
		return false;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (copy[strspn(copy, "0123456789+-.eE")])
		return false;
	*v = strtod(copy, &end);
	return !*end && isfinite(*v);
}

static bool range(struct range *r, const struct parameter *q, const char *text)
{
	const char *dots = strstr(text, "..");
	bool percent;

	if (dots) {
		if (!number(text, (size_t)(dots - text), &r->from, &r->percent) ||
		    !number(dots + 2, strlen(dots + 2), &r->to, &percent))
			return false;
		/* 5..10% is 5%..10% */
		if (r->percent && !percent)
			return false;
		r->percent = percent;
	} else {
		if (!number(text, strlen(text), &r->to, &r->percent))
			return false;
		r->from = q->type == AROUND ? -r->to : r->to;
		if (q->type == AROUND && r->to < 0)
			return false;
	}
	r->set = true;
	if (r->percent)
		return r->from <= r->to && r->to <= q->most_percent &&
		       r->from >= (q->least < 0 ? -q->most_percent : 0);
	return r->from <= r->to && r->from >= q->least && r->to <= q->most;
}

/* ---- one parameter --------------------------------------------------------------------- */

static void wanted_text(char text[256], const struct parameter *q, enum kind kind)
{
	char percent[64] = "";

	switch (q->type) {
	case AROUND:
	case EXACT:
		if (q->most_percent > 0)
			snprintf(percent, sizeof percent, ", or in %% up to %g%%", q->most_percent);
		if (q->type == AROUND)
			snprintf(text, 256, "N for -N..N with N from 0 to %g, or A..B%s", q->most,
				 percent);
		else
			snprintf(text, 256, "a number from %g to %g, or A..B within them%s",
				 q->least, q->most, percent);
		break;
	case PROBABILITY:
	case EACH:
		strcpy(text, "a number from 0 to 1");
		break;
	case FILL:
		strcpy(text, "a grey value from 0 to 255");
		for (size_t i = 0; i < sizeof fills / sizeof fills[0]; i++)
			if (fills[i].erase == (kind == ERASE)) {
				strcat(text, " or ");
				strcat(text, fills[i].name);
			}
		break;
	case AXIS:
		strcpy(text, "x (left and right) or y (top and bottom)");
		break;
	}
}

static bool set_fill(struct step *s, const char *value)
{
	double v;
	bool percent;

	for (size_t i = 0; i < sizeof fills / sizeof fills[0]; i++)
		if (fills[i].erase == (s->kind == ERASE) && strcmp(fills[i].name, value) == 0) {
			s->fill = fills[i].fill;
			return true;
		}
	if (!number(value, strlen(value), &v, &percent) || percent || !(v >= 0 && v <= 255) ||
	    v != floor(v))
		return false;
	s->fill = (int)v;
	return true;
}

static bool set(struct step *s, const struct parameter *q, const char *value)
{
	struct range r;
	bool percent;
	double v;

	switch (q->type) {
	case AROUND:
	case EXACT:
		if (!range(&r, q, value))
			return false;
		for (unsigned i = 0; i < q->parts; i++)
			s->part[q->part + i] = r;
		return true;
	case PROBABILITY:
	case EACH:
		if (!number(value, strlen(value), &v, &percent) || percent || !(v >= 0 && v <= 1))
			return false;
		*(q->type == EACH ? &s->each : &s->p) = v;
		return true;
	case FILL:
		return set_fill(s, value);
	case AXIS:
		s->axis = value[0] == 'y';
		return strcmp(value, "x") == 0 || strcmp(value, "y") == 0;
	}
	return false;
}

/* ---- one word -------------------------------------------------------------------------- */

static int unknown_operation(const char *word, const char *name)
{
	char names[256] = "";

	for (size_t i = 0; i < OPERATIONS; i++) {
		strcat(names, i == 0 ? "" : i + 1 < OPERATIONS ? ", " : " or ");
		strcat(names, operations[i].name);
	}
	return sn_fail(SN_EUSAGE, "'%.64s': '%.64s' is not %s", word, name, names);
}

static int unknown_parameter(const char *word, const char *name, const struct operation *op)
{
	char names[256] = "";

	for (const struct parameter *q = op->parameter; q->name; q++) {
		strcat(names, q == op->parameter ? "" : q[1].name ? ", " : " or ");
		strcat(names, q->name);
	}
	return sn_fail(SN_EUSAGE, "'%.64s': %s has no '%.64s', but %s", word, op->name, name,
		       names);
}

/* name=value: *given gets a bit for each of the step's numbers and other settings. */
static int assign(struct step *s, const char *word, char *text, unsigned *given)
{
	const struct operation *op = &operations[s->kind];
	const struct parameter *q;
	char *value = strchr(text, '='), wanted[256];
	unsigned bits;

	if (value)
		*value++ = '\0';
	for (q = op->parameter; q->name && strcmp(q->name, text) != 0; q++)
		;
	if (!q->name)
		return unknown_parameter(word, text, op);
	wanted_text(wanted, q, s->kind);
	if (!value)
		return sn_fail(SN_EUSAGE, "'%.64s': '%s' lacks a value, as in %s=%s; wanted %s",
			       word, text, text, q->otherwise ? q->otherwise : "1", wanted);
	if (!set(s, q, value))
		return sn_fail(SN_EUSAGE, "'%.64s': %s '%.64s', wanted %s", word, text, value,
			       wanted);
	bits = q->parts ? ((1u << q->parts) - 1) << q->part : 1u << (PARTS + q->type);
	if (*given & bits)
		return sn_fail(SN_EUSAGE, "'%.64s': '%s' is said twice", word, text);
	*given |= bits;
	return 0;
}

/*
 * The defaults of what was not given.  Affine moves what it is told to: its own defaults are those
 * of the bare word.
 */
static void complete(struct step *s, unsigned given)
{
	bool told = s->kind == AFFINE && (given & ((1u << PARTS) - 1));

	for (const struct parameter *q = operations[s->kind].parameter; q->name; q++) {
		unsigned bits = q->parts ? 1u << q->part : 1u << (PARTS + q->type);
		if (q->otherwise && !(given & bits) && !(told && q->parts))
			set(s, q, q->otherwise);
	}
}

static int parse_word(struct step *s, const char *word)
{
	char *copy = strdup(word), *rest, *text;
	unsigned given = 0;
	size_t k;
	int st = 0;

	if (!copy)
		return sn_fail_memory();
	rest = strchr(copy, ':');
	if (rest)
		*rest++ = '\0';
	for (k = 0; k < OPERATIONS && strcmp(operations[k].name, copy) != 0; k++)
		;
	if (k == OPERATIONS) {
		st = unknown_operation(word, copy);
		goto out;
	}
	*s = (struct step){ .kind = (enum kind)k, .p = 1, .each = 1, .fill = FILL_NONE };
	while (st == 0 && rest) {
		text = rest;
		rest = strchr(text, ',');
		if (rest)
			*rest++ = '\0';
		st = assign(s, word, text, &given);
	}
	if (st == 0)
		complete(s, given);
out:
	free(copy);
	return st;
}

/* ---- the specification ----------------------------------------------------------------- */

/* As short as it can be and still the same number. */
static void add_number(FILE *f, double v)
{
	char text[32];

	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	fputs(text, f);
}

static void add_parameter(FILE *f, const struct step *s, const struct parameter *q)
{
	const struct range *r = &s->part[q->part];

	switch (q->type) {
	case AROUND:
	case EXACT:
		add_number(f, r->from);
		fputs(r->percent ? "%.." : "..", f);
		add_number(f, r->to);
		fputs(r->percent ? "%" : "", f);
		break;
	case PROBABILITY:
	case EACH:
		add_number(f, q->type == EACH ? s->each : s->p);
		break;
	case FILL:
		if (s->fill >= 0)
			fprintf(f, "%d", s->fill);
		for (size_t i = 0; i < sizeof fills / sizeof fills[0]; i++)
			if (fills[i].fill == s->fill)
				fputs(fills[i].name, f);
		break;
	case AXIS:
		fputc("xy"[s->axis], f);
		break;
	}
}

static int spell(struct sn_augment *a)
{
	size_t size;
	FILE *f = open_memstream(&a->text, &size);

	if (!f)
		return sn_fail_memory();
	for (size_t i = 0; i < a->steps; i++) {
		const struct step *s = &a->step[i];
		const struct operation *op = &operations[s->kind];
		char between = ':';

		fprintf(f, "%s%s", i ? " " : "", op->name);
		for (const struct parameter *q = op->parameter; q->name; q++) {
			/* what stands for two numbers is spelled as both */
			if (q->parts > 1 || (q->parts && !s->part[q->part].set))
				continue;
			fprintf(f, "%c%s=", between, q->name);
			add_parameter(f, s, q);
			between = ',';
		}
	}
	return ferror(f) | fclose(f) ? sn_fail_memory() : 0;
}

int sn_augment_parse(struct sn_augment **augment, const char *specification)
{
	struct sn_augment *a = sn_alloc(1, sizeof *a);
	char *copy = strdup(specification), *rest = copy;
	bool noise = false;
	int st = 0;

	if (!a || !copy) {
		st = sn_fail_memory();
		goto fail;
	}
	for (char *word; (word = strtok_r(rest, " \t\n", &rest));) {
		if (a->steps == MAX_STEPS) {
			st = sn_fail(SN_EUSAGE, "'%.64s': at most %d operations", word, MAX_STEPS);
			goto fail;
		}
		if ((st = parse_word(&a->step[a->steps], word)) < 0)
			goto fail;
		noise |= a->step[a->steps++].kind == NOISE;
	}
	if (a->steps == 0) {
		st = sn_fail(SN_EUSAGE, "nothing is said to be done, as 'affine elastic' would");
		goto fail;
	}
	if ((noise && (st = normal_quantiles(&a->normal)) < 0) || (st = spell(a)) < 0)
		goto fail;
	free(copy);
	*augment = a;
	return 0;
fail:
	free(copy);
	sn_augment_free(a);
	return st;
}

void sn_augment_free(struct sn_augment *a)
{
	if (!a)
		return;
	free(a->text);
	free(a->normal);
	free(a);
}

const char *sn_augment_text(const struct sn_augment *a)
{
	return a->text;
}
