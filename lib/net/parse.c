/*
 * parse - from a network's text to its layers, a line at a time.
 *
 *     residual            opens a block, whose layers begin with what the block gets
 *     shortcut            begins there again
 *     end                 a layer of its own: the sum of what both lists give
 */
#include <stdlib.h>
#include <string.h>
#include "layer.h"

/* A block that is open. */
struct block {
	unsigned line;
	char name[SN_LAYER_NAME];
	size_t from;	       /* what it gets: a layer, or SN_INPUT */
	size_t first;	       /* its first layer */
	size_t main, shortcut; /* the last layer of its main list, the first one of its shortcut */
	unsigned shortcut_line;
};

struct parser {
	struct sn_net *net;
	size_t last; /* what the next layer reads: a layer, or SN_INPUT */
	size_t depth;
	struct block block[SN_MAX_DEPTH];
};

/* ---- kinds and names ------------------------------------------------------------------------ */

static const struct sn_layer_kind *find_kind(const char *name)
{
	for (size_t i = 0; sn_layer_kinds[i]; i++)
		if (strcmp(sn_layer_kinds[i]->name, name) == 0)
			return sn_layer_kinds[i];
	return NULL;
}

static int unknown_kind(const struct sn_words *w)
{
	char list[512] = "";
	size_t used = 0;

	for (size_t i = 0; sn_layer_kinds[i] && used < sizeof list; i++)
		used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
					 sn_layer_kinds[i]->name);
	return sn_fail(SN_EDATA, "line %u: unknown layer '%.64s'; there are %s", w->line,
		       w->word[0], list);
}

/* name=NAME -> name; "" where there is none. */
static int parse_name(char name[SN_LAYER_NAME], struct sn_words *w)
{
	const char *text = sn_words_option(w, "name");
	size_t size;

	name[0] = '\0';
	if (!text)
		return 0;
	size = strlen(text);
	if (size == 0 || size >= SN_LAYER_NAME ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") !=
		    size)
		return sn_fail(SN_EDATA,
			       "line %u: name '%.64s', wanted at most %d of A-Z a-z 0-9 _ .",
			       w->line, text, SN_LAYER_NAME - 1);
	memcpy(name, text, size + 1);
	return 0;
}

/* The name, or without one the kind's prefix and its count. */
static int name_layer(const struct sn_net *net, struct sn_layer *l, const char *name)
{
	size_t count = 1;

	for (size_t i = 0; i < net->layers; i++)
		count += net->layer[i]->kind == l->kind;
	if (name[0])
		strcpy(l->name, name); /* of the same size */
	else
		snprintf(l->name, sizeof l->name, "%s%zu", l->kind->prefix, count);
	for (size_t i = 0; i < net->layers; i++)
		if (strcmp(net->layer[i]->name, l->name) == 0)
			return sn_fail(SN_EDATA, "line %u: there is another layer '%s', in line %u",
				       l->line, l->name, net->layer[i]->line);
	return 0;
}

/* ---- layers -----------------------------------------------------------------------------------
 */

static int size_of(const struct sn_shape *s, size_t *size)
{
	if (!sn_product(size, (size_t[]){ s->h, s->w, s->c }, 3) || *size > SN_MAX_ACTIVATION)
		return sn_fail(SN_EDATA, "%zux%zux%zu are more than %u numbers", s->w, s->h, s->c,
			       SN_MAX_ACTIVATION);
	return 0;
}

/* What comes out of a layer, or goes into the network. */
static struct sn_shape shape_of(const struct sn_net *net, size_t layer)
{
	return layer == SN_INPUT ? net->input : net->layer[layer]->out;
}

/* Layer `reader` reads what layer `from` gives, which is held where that is not just behind it. */
static int read_from(struct sn_net *net, size_t from, size_t reader)
{
	struct sn_layer *l;

	if (from == SN_INPUT) {
		net->last_read = reader;
		return 0;
	}
	l = net->layer[from];
	l->last_read = reader;
	if (l->held || from + 1 == reader)
		return 0;
	if (net->held + l->out_size > SN_MAX_HELD)
		return sn_fail(SN_EDATA,
			       "line %u: the residual blocks hold more than %u numbers of a "
			       "picture for later",
			       net->layer[reader]->line, SN_MAX_HELD);
	l->held = true;
	l->place = net->held;
	net->held += l->out_size;
	return 0;
}

static int add_params(struct sn_net *net, struct sn_layer *l)
{
	int st;

	for (size_t i = 0; i < l->params; i++) {
		net->weights += l->param[i].count;
		if (net->weights > SN_MAX_WEIGHTS)
			return sn_fail(SN_EDATA, "line %u: %s: more than %u weights in all",
				       l->line, l->name, SN_MAX_WEIGHTS);
		if ((st = sn_grow(&net->param, &net->param_capacity, net->params + 1,
				  sizeof(struct sn_param *))) < 0)
			return st;
		net->param[net->params++] = &l->param[i];
	}
	return 0;
}

/* A layer behind the last one.  w: its words but for the name; from2: of a sum. */
static int add_layer(struct parser *p, const struct sn_layer_kind *kind, unsigned line,
		     const char *name, struct sn_words *w, size_t from2)
{
	struct sn_net *net = p->net;
	struct sn_layer *l;
	int st;

	if (net->layers == SN_MAX_LAYERS)
		return sn_fail(SN_EDATA, "line %u: more than %d layers", line, SN_MAX_LAYERS);
	if ((st = sn_grow(&net->layer, &net->capacity, net->layers + 1,
			  sizeof(struct sn_layer *))) < 0)
		return st;
	if (!(l = sn_alloc(1, sizeof *l)))
		return SN_ENOMEM;
	l->kind = kind;
	if (!(l->own = sn_alloc(1, kind->size))) {
		sn_layer_free(l);
		return SN_ENOMEM;
	}
	l->line = line;
	st = name_layer(net, l, name);
	l->index = net->layers;
	net->layer[net->layers++] = l;
	if (st < 0)
		return st;
	l->from = p->last;
	l->from2 = from2;
	l->in = shape_of(net, l->from);
	l->in2 = shape_of(net, l->from2);
	l->out = l->in;
	if ((kind->parse && (st = kind->parse(l, w)) < 0) ||
	    (st = sn_words_end(w, kind->synopsis)) < 0)
		return st;
	if ((st = size_of(&l->in, &l->in_size)) < 0 || (kind->shape && (st = kind->shape(l)) < 0) ||
	    (st = size_of(&l->out, &l->out_size)) < 0)
		return st == SN_EDATA ? sn_fail_at(st, "line %u: %s", l->line, l->name) : st;
	if ((st = read_from(net, l->from, l->index)) < 0 ||
	    (kind->flags & SN_LAYER_TWO && (st = read_from(net, l->from2, l->index)) < 0))
		return st;
	p->last = l->index;
	return add_params(net, l);
}

/* ---- residual blocks ----------------------------------------------------------------------------
 */

static int open_block(struct parser *p, struct sn_words *w, const char *name)
{
	struct block *b = &p->block[p->depth];
	int st;

	if ((st = sn_words_end(w, "residual [name=NAME]")) < 0)
		return st;
	if (p->depth == SN_MAX_DEPTH)
		return sn_fail(SN_EDATA, "line %u: more than %d residual blocks within each other",
			       w->line, SN_MAX_DEPTH);
	*b = (struct block){ .line = w->line, .from = p->last, .first = p->net->layers };
	strcpy(b->name, name);
	p->depth++;
	return 0;
}

static int open_shortcut(struct parser *p, struct sn_words *w)
{
	struct block *b;
	int st;

	if ((st = sn_words_end(w, "shortcut")) < 0)
		return st;
	if (p->depth == 0)
		return sn_fail(SN_EDATA, "line %u: 'shortcut' without 'residual' before it",
			       w->line);
	b = &p->block[p->depth - 1];
	if (b->shortcut_line)
		return sn_fail(SN_EDATA, "line %u: the block of line %u has a shortcut, in line %u",
			       w->line, b->line, b->shortcut_line);
	if (p->net->layers == b->first)
		return sn_fail(SN_EDATA,
			       "line %u: no layer between 'residual' in line %u and 'shortcut'",
			       w->line, b->line);
	b->shortcut_line = w->line;
	b->main = p->last;
	b->shortcut = p->net->layers;
	p->last = b->from;
	return 0;
}

static int close_block(struct parser *p, struct sn_words *w)
{
	struct block *b;
	size_t other;
	int st;

	if ((st = sn_words_end(w, "end")) < 0)
		return st;
	if (p->depth == 0)
		return sn_fail(SN_EDATA, "line %u: 'end' without 'residual' before it", w->line);
	b = &p->block[p->depth - 1];
	if (p->net->layers == b->first)
		return sn_fail(SN_EDATA,
			       "line %u: no layer between 'residual' in line %u and 'end'", w->line,
			       b->line);
	if (b->shortcut_line && p->net->layers == b->shortcut)
		return sn_fail(SN_EDATA,
			       "line %u: a shortcut without layers: leave line %u out, and it "
			       "passes what the block gets",
			       w->line, b->shortcut_line);
	other = b->shortcut_line ? b->main : b->from;
	struct sn_shape s = shape_of(p->net, b->shortcut_line ? b->main : p->last),
			t = shape_of(p->net, b->shortcut_line ? p->last : b->from);
	if (s.h != t.h || s.w != t.w || s.c != t.c)
		return sn_fail(SN_EDATA,
			       "line %u: the block of line %u gives %zux%zux%zu, and %s "
			       "%zux%zux%zu: wanted the same%s",
			       w->line, b->line, s.w, s.h, s.c,
			       b->shortcut_line ? "its shortcut" : "gets", t.w, t.h, t.c,
			       b->shortcut_line ? "" : ", or a 'shortcut' that makes it so");
	p->depth--;
	return add_layer(p, find_kind("residual"), b->line, b->name, w, other);
}

/* ---- lines -------------------------------------------------------------------------------------
 */

/* input WIDTHxHEIGHTxCHANNELS */
static int parse_input(struct sn_net *net, struct sn_words *w)
{
	const char *text;
	char *second;
	struct sn_shape *s = &net->input;
	size_t size;
	int st;

	if (strcmp(w->word[0], "input") != 0)
		return sn_fail(SN_EDATA,
			       "line %u: '%.64s', wanted first: input WIDTHxHEIGHTxCHANNELS",
			       w->line, w->word[0]);
	if (!(text = sn_words_operand(w)) || !(second = strrchr(text, 'x')) ||
	    second == strchr(text, 'x'))
		return sn_fail(SN_EDATA, "line %u: input '%.64s', wanted WIDTHxHEIGHTxCHANNELS",
			       w->line, text ? text : "");
	*second = '\0'; /* the words are our own */
	if ((st = sn_words_extent(w, "input", text, 1, &s->w, &s->h)) < 0 ||
	    (st = sn_words_count(w, "channels", second + 1, 1, &s->c)) < 0 ||
	    (st = sn_words_end(w, "input WIDTHxHEIGHTxCHANNELS")) < 0)
		return st;
	if (s->c != 1 && s->c != 3)
		return sn_fail(SN_EDATA,
			       "line %u: input of %zu channels, wanted 1 (grey) or 3 (colour)",
			       w->line, s->c);
	if ((st = size_of(s, &size)) < 0)
		return sn_fail_at(st, "line %u", w->line);
	return 0;
}

static int parse_line(struct parser *p, struct sn_words *w)
{
	const struct sn_layer_kind *kind = find_kind(w->word[0]);
	char name[SN_LAYER_NAME];
	int st;

	if (!p->net->input.w)
		return parse_input(p->net, w);
	if (strcmp(w->word[0], "shortcut") == 0)
		return open_shortcut(p, w);
	if (strcmp(w->word[0], "end") == 0)
		return close_block(p, w);
	if (!kind)
		return unknown_kind(w);
	if ((st = parse_name(name, w)) < 0)
		return st;
	if (kind->flags & SN_LAYER_TWO)
		return open_block(p, w, name);
	return add_layer(p, kind, w->line, name, w, SN_INPUT);
}

int sn_net_parse_lines(struct sn_net *net, char *text)
{
	struct parser p = { .net = net, .last = SN_INPUT };
	unsigned line = 0;
	char *rest = text;
	int st;

	for (char *at; (at = strsep(&rest, "\n"));) {
		struct sn_words w;
		if ((st = sn_words_split(&w, at, ++line)) < 0)
			return st;
		if (w.n && (st = parse_line(&p, &w)) < 0)
			return st;
	}
	if (!net->input.w)
		return sn_fail(SN_EDATA,
			       "an empty network, wanted first: input WIDTHxHEIGHTxCHANNELS");
	if (p.depth)
		return sn_fail(SN_EDATA, "line %u: 'residual' without 'end' after it",
			       p.block[p.depth - 1].line);
	if (net->layers == 0)
		return sn_fail(SN_EDATA, "a network without layers");
	const struct sn_layer *last = net->layer[net->layers - 1];
	if (last->out.h != 1 || last->out.w != 1)
		return sn_fail(SN_EDATA,
			       "line %u: the last layer gives %zux%zux%zu, wanted a flat "
			       "embedding: add 'flatten'",
			       last->line, last->out.w, last->out.h, last->out.c);
	return 0;
}
