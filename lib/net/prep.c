/* prep - from any picture to the network's input. */
#include <math.h>
#include <string.h>
#include <sn/model.h>

int sn_prep_pixels(const struct sn_prep *p, const struct sn_tensor *x, uint8_t *pixels)
{
	char text[96];

	if (x->type == 'f')
		return sn_fail(SN_EDATA,
			       "x is an embedding, <f4 %s, wanted a picture: |u1 [h][w][1 or 3]",
			       sn_shape_text(text, x->shape, x->rank));
	if (x->type != 'u' || x->rank != 3 || x->count == 0 ||
	    (x->shape[2] != 1 && x->shape[2] != 3))
		return sn_fail(SN_EDATA, "x is |u1 %s, wanted a picture: |u1 [h][w][1 or 3]",
			       sn_shape_text(text, x->shape, x->rank));
	return sn_image_fit(pixels, p->w, p->h, p->c, x->data, x->shape[1], x->shape[0],
			    x->shape[2], p->fit, p->fill);
}

void sn_prep_table_init(struct sn_prep_table *t, const struct sn_prep *p)
{
	t->n = p->h * p->w * p->c;
	for (int v = 0; v < 256; v++) {
		double u = v / 255.0;
		t->x[v] = (float)(((p->invert ? 1 - u : u) - p->mean) / p->deviation);
	}
}

void sn_prep_floats(const struct sn_prep_table *t, const uint8_t *pixels, float *x)
{
	for (size_t i = 0; i < t->n; i++)
		x[i] = t->x[pixels[i]];
}

void sn_measurement_add(struct sn_measurement *m, const uint8_t *pixels, size_t n)
{
	for (size_t i = 0; i < n; i++)
		m->count[pixels[i]]++;
}

int sn_measurement_end(const struct sn_measurement *m, struct sn_prep *p)
{
	double n = 0, sum = 0, squares = 0, mean;

	for (int v = 0; v < 256; v++) {
		n += (double)m->count[v];
		sum += (double)m->count[v] * v;
	}
	if (!(n > 0))
		return sn_fail(SN_EDATA, "no pictures to measure");
	mean = sum / n;
	for (int v = 0; v < 256; v++)
		squares += (double)m->count[v] * ((v - mean) * (v - mean));
	if (!(squares > 0))
		return sn_fail(SN_EDATA, "all pixels are %g: there is no deviation to measure",
			       mean);
	p->mean = (float)(p->invert ? 1 - mean / 255 : mean / 255);
	p->deviation = (float)(sqrt(squares / n) / 255);
	return 0;
}
