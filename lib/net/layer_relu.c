/* relu - y = max(0, x); NaN stays NaN. */
#include "layer.h"

static void forward(const struct sn_call *c)
{
	size_t n = c->n * c->layer->in_size;
	const float *restrict x = c->x;
	float *restrict y = c->y;

	for (size_t i = 0; i < n; i++)
		y[i] = x[i] < 0 ? 0 : x[i];
}

static void backward(const struct sn_call *c)
{
	size_t n = c->n * c->layer->in_size;
	const float *restrict y = c->y, *restrict dy = c->dy;
	float *restrict dx = c->dx;

	if (!dx)
		return;
	for (size_t i = 0; i < n; i++) {
		float d = dy[i]; /* read whether it is wanted or not, so that the loop becomes
				    vectors */
		dx[i] = y[i] > 0 ? d : 0;
	}
}

static void range(const struct sn_layer *l, struct sn_range *r)
{
	(void)l;
	r->least = r->least < 0 ? 0 : r->least;
	r->most = r->most < 0 ? 0 : r->most;
	r->unit = false;
}

const struct sn_layer_kind sn_layer_relu = {
	.name = "relu",
	.prefix = "relu",
	.synopsis = "relu [name=NAME]",
	.flags = SN_LAYER_KEEPS_Y,
	.range = range,
	.forward = forward,
	.backward = backward,
};
