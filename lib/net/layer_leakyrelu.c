/* leakyrelu - y = x where x > 0, else a x with a fixed slope a */
#include "layer.h"
#include "../kernel/sweeps.h"

struct leakyrelu {
	double slope;
};

static int parse(struct sn_layer *l, struct sn_words *w)
{
	struct leakyrelu *v = l->own;

	v->slope = 0.01;
	return sn_words_real(w, "slope", sn_words_option(w, "slope"), 0, 1, &v->slope);
}

static float slope(const struct sn_layer *l)
{
	return (float)((const struct leakyrelu *)l->own)->slope;
}

static void forward(const struct sn_call *c)
{
	sn_sweeps()->leaky(c->x, c->n * c->layer->in_size, slope(c->layer), c->y);
}

static void backward(const struct sn_call *c)
{
	if (c->dx)
		sn_sweeps()->leaky_back(c->x, c->dy, c->n * c->layer->in_size, slope(c->layer),
					c->dx);
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	float a = slope(l);

	if (r->least < 0) /* no 0 times infinity */
		r->least = a > 0 ? a * r->least : 0;
	if (r->most < 0)
		r->most = a > 0 ? a * r->most : 0;
	r->unit = false;
}

const struct sn_layer_kind sn_layer_leakyrelu = {
	.name = "leakyrelu",
	.prefix = "leakyrelu",
	.synopsis = "leakyrelu [slope=0.01] [name=NAME]",
	.size = sizeof(struct leakyrelu),
	.flags = SN_LAYER_KEEPS_X,
	.parse = parse,
	.range = range,
	.forward = forward,
	.backward = backward,
};
