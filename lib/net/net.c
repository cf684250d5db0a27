/* net - a network: from its text to layers, parameters, listing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/blas.h>
#include "layer.h"
#include "pass.h"

/* ---- parameters --------------------------------------------------------------------- */

int sn_layer_floats(float **array, size_t n)
{
	*array = sn_alloc(n, sizeof **array);
	return *array ? 0 : SN_ENOMEM;
}

int sn_layer_param(struct sn_layer *l, const char *suffix, const size_t *shape, unsigned rank,
		   bool trained, bool decay)
{
	struct sn_param *p = &l->param[l->params];
	size_t size = strlen(l->name) + strlen(suffix) + 2;
	char *name;

	if (!sn_product(&p->count, shape, rank) || p->count > SN_MAX_WEIGHTS)
		return sn_fail(SN_EDATA, "more than %u weights", SN_MAX_WEIGHTS);
	l->params++; /* from here on the layer's end frees it */
	p->rank = rank;
	memcpy(p->shape, shape, rank * sizeof *shape);
	p->decay = decay;
	if (!(p->name = name = malloc(size)))
		return sn_fail_memory();
	snprintf(name, size, "%s.%s", l->name, suffix);
	if (!(p->value = sn_alloc(p->count, sizeof *p->value)))
		return SN_ENOMEM;
	/* calloc: pages that no training touches take no memory */
	if (trained && !(p->grad = calloc(p->count, sizeof *p->grad)))
		return sn_fail_memory();
	return 0;
}

/* ---- parsing ------------------------------------------------------------------------ */

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

static void layer_free(struct sn_layer *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->params; i++) {
		free((char *)l->param[i].name);
		free(l->param[i].value);
		free(l->param[i].grad);
	}
	if (l->kind->release && l->own)
		l->kind->release(l);
	free(l->own);
	free(l);
}

/* name=NAME, or the kind's prefix and its count. */
static int name_layer(const struct sn_net *net, struct sn_layer *l, struct sn_words *w)
{
	const char *name = sn_words_option(w, "name");
	size_t count = 1;

	for (size_t i = 0; i < net->layers; i++)
		count += net->layer[i]->kind == l->kind;
	if (!name) {
		snprintf(l->name, sizeof l->name, "%s%zu", l->kind->prefix, count);
	} else {
		size_t size = strlen(name);
		if (size == 0 || size >= sizeof l->name ||
		    strspn(name,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") !=
			    size)
			return sn_fail(
				SN_EDATA,
				"line %u: name '%.64s', wanted at most %d of A-Z a-z 0-9 _ .",
				w->line, name, SN_LAYER_NAME - 1);
		memcpy(l->name, name, size + 1);
	}
	for (size_t i = 0; i < net->layers; i++)
		if (strcmp(net->layer[i]->name, l->name) == 0)
			return sn_fail(SN_EDATA, "line %u: there is another layer '%s', in line %u",
				       w->line, l->name, net->layer[i]->line);
	return 0;
}

static int size_of(const struct sn_shape *s, size_t *size)
{
	if (!sn_product(size, (size_t[]){ s->h, s->w, s->c }, 3) || *size > SN_MAX_ACTIVATION)
		return sn_fail(SN_EDATA, "%zux%zux%zu are more than %u numbers", s->w, s->h, s->c,
			       SN_MAX_ACTIVATION);
	return 0;
}

static int add_layer(struct sn_net *net, struct sn_words *w)
{
	const struct sn_layer_kind *kind = find_kind(w->word[0]);
	struct sn_layer *l;
	int st;

	if (!kind)
		return unknown_kind(w);
	if (net->layers == SN_MAX_LAYERS)
		return sn_fail(SN_EDATA, "line %u: more than %d layers", w->line, SN_MAX_LAYERS);
	if ((st = sn_grow(&net->layer, &net->capacity, net->layers + 1,
			  sizeof(struct sn_layer *))) < 0)
		return st;
	if (!(l = sn_alloc(1, sizeof *l)))
		return SN_ENOMEM;
	l->kind = kind;
	if (!(l->own = sn_alloc(1, kind->size))) {
		layer_free(l);
		return SN_ENOMEM;
	}
	st = name_layer(net, l, w);
	l->line = w->line;
	l->index = net->layers;
	net->layer[net->layers++] = l;
	if (st < 0)
		return st;
	l->in = l->index ? net->layer[l->index - 1]->out : net->input;
	l->out = l->in;
	if ((kind->parse && (st = kind->parse(l, w)) < 0) ||
	    (st = sn_words_end(w, kind->synopsis)) < 0)
		return st;
	if ((st = size_of(&l->in, &l->in_size)) < 0 || (kind->shape && (st = kind->shape(l)) < 0) ||
	    (st = size_of(&l->out, &l->out_size)) < 0)
		return st == SN_EDATA ? sn_fail_at(st, "line %u: %s", l->line, l->name) : st;

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
	if ((st = sn_words_extent(w, "input", text, &s->w, &s->h)) < 0 ||
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

static int parse_lines(struct sn_net *net, char *text)
{
	unsigned line = 0;
	char *rest = text;
	int st;

	for (char *at; (at = strsep(&rest, "\n"));) {
		struct sn_words w;
		if ((st = sn_words_split(&w, at, ++line)) < 0)
			return st;
		if (w.n == 0)
			continue;
		if ((st = net->input.w ? add_layer(net, &w) : parse_input(net, &w)) < 0)
			return st;
	}
	if (!net->input.w)
		return sn_fail(SN_EDATA,
			       "an empty network, wanted first: input WIDTHxHEIGHTxCHANNELS");
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

int sn_net_parse(struct sn_net **out, const char *text)
{
	struct sn_net *net;
	char *copy = NULL;
	int st;

	*out = NULL;
	if (strlen(text) > SN_MAX_STRING)
		return sn_fail(SN_EDATA, "a network's text of more than %u bytes", SN_MAX_STRING);
	if (!(net = sn_alloc(1, sizeof *net)))
		return SN_ENOMEM;
	if (!(net->text = strdup(text)) || !(copy = strdup(text)))
		st = sn_fail_memory();
	else if ((st = parse_lines(net, copy)) == 0 && (st = sn_net_changed(net)) == 0)
		*out = net;
	free(copy);
	if (st < 0)
		sn_net_free(net);
	return st;
}

void sn_net_free(struct sn_net *net)
{
	if (!net)
		return;
	for (size_t i = 0; i < net->layers; i++)
		layer_free(net->layer[i]);
	sn_benches_free(net->benches);
	free(net->layer);
	free(net->param);
	free(net->text);
	free(net);
}

/* ---- what there is ------------------------------------------------------------------ */

const char *sn_net_text(const struct sn_net *net)
{
	return net->text;
}

struct sn_shape sn_net_input(const struct sn_net *net)
{
	return net->input;
}

size_t sn_net_dim(const struct sn_net *net)
{
	return net->layer[net->layers - 1]->out_size;
}

bool sn_net_is_stochastic(const struct sn_net *net)
{
	for (size_t i = 0; i < net->layers; i++)
		if (net->layer[i]->kind->flags & SN_LAYER_CHANCE)
			return true;
	return false;
}

void sn_net_range(const struct sn_net *net, float *least, float *most, bool *unit)
{
	struct sn_range r = { -INFINITY, INFINITY, false };

	for (size_t i = 0; i < net->layers; i++) {
		const struct sn_layer *l = net->layer[i];
		if (l->kind->range)
			l->kind->range(l, &r);
		else
			r = (struct sn_range){ -INFINITY, INFINITY, false };
	}
	*least = r.least;
	*most = r.most;
	*unit = r.unit;
}

size_t sn_net_layers(const struct sn_net *net)
{
	return net->layers;
}

struct sn_layer_info sn_net_layer(const struct sn_net *net, size_t i)
{
	const struct sn_layer *l = net->layer[i];
	struct sn_layer_info info = { l->name, l->kind->name, l->out, 0, l->multiply_adds };

	for (size_t p = 0; p < l->params; p++)
		info.parameters += l->param[p].count;
	return info;
}

size_t sn_net_params(const struct sn_net *net)
{
	return net->params;
}

struct sn_param *sn_net_param(struct sn_net *net, size_t i)
{
	return net->param[i];
}

int sn_net_lend(struct sn_net *net, struct sn_param *param)
{
	int st = sn_grow(&net->param, &net->param_capacity, net->params + 1,
			 sizeof(struct sn_param *));

	if (st < 0)
		return st;
	net->param[net->params++] = param;
	net->lent++;
	return 0;
}

void sn_net_return(struct sn_net *net)
{
	net->params -= net->lent;
	net->lent = 0;
}

int sn_net_changed(struct sn_net *net)
{
	for (size_t i = 0; i < net->layers; i++)
		if (net->layer[i]->kind->changed)
			net->layer[i]->kind->changed(net->layer[i]);
	return 0;
}

int sn_net_init(struct sn_net *net, uint64_t seed)
{
	for (size_t i = 0; i < net->layers; i++)
		if (net->layer[i]->kind->init)
			net->layer[i]->kind->init(net->layer[i], seed);
	return sn_net_changed(net);
}
