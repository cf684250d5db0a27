/* net - a network: its layers and parameters, listing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sn/blas.h>
#include "layer.h"
#include "pass.h"

/* ---- parameters --------------------------------------------------------------------- */

int sn_layer_floats(float **array, size_t n)
{
	if (!*array)
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
	if (!(p->value = sn_alloc_unset(p->count, sizeof *p->value)) ||
	    (trained && !(p->grad = sn_alloc_unset(p->count, sizeof *p->grad))))
		return SN_ENOMEM;
	return 0;
}

void sn_layer_free(struct sn_layer *l)
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

/* ---- networks ------------------------------------------------------------------------------ */

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
	pthread_mutex_init(&net->preparing, NULL);
	if (!(net->text = strdup(text)) || !(copy = strdup(text)))
		st = sn_fail_memory();
	else
		st = sn_net_parse_lines(net, copy);
	free(copy);
	if (st < 0) {
		sn_net_free(net);
		return st;
	}
	sn_net_plan(net);
	*out = net;
	return st;
}

void sn_net_free(struct sn_net *net)
{
	if (!net)
		return;
	for (size_t i = 0; i < net->layers; i++)
		sn_layer_free(net->layer[i]);
	sn_benches_free(net->benches);
	pthread_mutex_destroy(&net->preparing);
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
	static const struct sn_range all = { -INFINITY, INFINITY, false };
	struct sn_range range[SN_MAX_LAYERS] = { all };

	for (size_t i = 0; i < net->layers; i++) {
		const struct sn_layer *l = net->layer[i];
		struct sn_range *r = &range[i];
		*r = l->from == SN_INPUT ? all : range[l->from];
		if (l->kind->flags & SN_LAYER_TWO) {
			const struct sn_range *q = l->from2 == SN_INPUT ? &all : &range[l->from2];
			*r = (struct sn_range){ r->least + q->least, r->most + q->most, false };
		} else if (l->kind->range) {
			l->kind->range(l, r);
		} else {
			*r = all;
		}
	}
	*least = range[net->layers - 1].least;
	*most = range[net->layers - 1].most;
	*unit = range[net->layers - 1].unit;
}

size_t sn_net_layers(const struct sn_net *net)
{
	return net->layers;
}

struct sn_layer_info sn_net_layer(const struct sn_net *net, size_t i)
{
	const struct sn_layer *l = net->layer[i];
	struct sn_layer_info info = {
		l->name, l->kind->name, l->out, 0, l->multiply_adds, { NULL }
	};

	for (enum sn_conv_pass pass = 0; l->kind->way && pass < SN_CONV_PASSES; pass++)
		info.way[pass] = l->kind->way(l, pass);
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
	atomic_store(&net->ready[false], false);
	atomic_store(&net->ready[true], false);
	return 0;
}

/* ---- measuring ------------------------------------------------------------------------- */

void sn_net_time(struct sn_net *net, double *forward, double *backward)
{
	net->spent[false] = forward;
	net->spent[true] = backward;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double sn_time_start(const struct sn_net *net, bool back)
{
	return net->spent[back] ? now() : 0;
}

void sn_time_stop(const struct sn_net *net, bool back, size_t i, double start)
{
	if (net->spent[back])
		net->spent[back][i] += now() - start;
}

int sn_net_init(struct sn_net *net, uint64_t seed)
{
	for (size_t i = 0; i < net->layers; i++)
		if (net->layer[i]->kind->init)
			net->layer[i]->kind->init(net->layer[i], seed);
	return sn_net_changed(net);
}
