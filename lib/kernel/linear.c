/*
 * Linear layers by OpenBLAS.  Its products give the same row other bits at other places of large
 * tiles, but not within 8 rows: so exactly 8 rows go in, zero where there is no image.
 */
#include <string.h>
#include <cblas.h>
#include <sn/kernel.h>

size_t sn_linear_scratch(const struct sn_linear *s)
{
	return SN_LINEAR_ROWS * (s->in + s->out);
}

size_t sn_linear_packed(const struct sn_linear *s)
{
	return s->in * s->out;
}

void sn_linear_pack(const struct sn_linear *s, const float *weight, float *packed)
{
	for (size_t o = 0; o < s->out; o++)
		for (size_t i = 0; i < s->in; i++)
			packed[i * s->out + o] = weight[o * s->in + i];
}

/* y [n][columns] = a [n][k] b [k][columns] + bias */
static void rows(const float *a, size_t n, size_t k, const float *b, size_t columns,
		 const float *bias, float *y, float *scratch)
{
	float *product = y;

	if (n < SN_LINEAR_ROWS) {
		memcpy(scratch, a, n * k * sizeof *a);
		memset(scratch + n * k, 0, (SN_LINEAR_ROWS - n) * k * sizeof *a);
		a = scratch;
		product = scratch + SN_LINEAR_ROWS * k;
	}
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SN_LINEAR_ROWS, (int)columns, (int)k,
		    1, a, (int)k, b, (int)columns, 0, product, (int)columns);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < columns; j++)
			y[i * columns + j] = product[i * columns + j] + (bias ? bias[j] : 0);
}

void sn_linear_forward(const struct sn_linear *s, const float *x, size_t n, const float *packed,
		       const float *bias, float *y, float *scratch)
{
	rows(x, n, s->in, packed, s->out, bias, y, scratch);
}

void sn_linear_input_gradient(const struct sn_linear *s, const float *dy, size_t n,
			      const float *weight, float *dx, float *scratch)
{
	rows(dy, n, s->out, weight, s->in, NULL, dx, scratch);
}

void sn_linear_weight_gradient(const struct sn_linear *s, const float *x, const float *dy, size_t n,
			       size_t from, size_t to, float *dw)
{
	cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)(to - from), (int)s->in, (int)n,
		    1, dy + from, (int)s->out, x, (int)s->in, 0, dw, (int)s->in);
}
