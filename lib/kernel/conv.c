/*
 * Convolution by lowering: the patches of one image become the rows of a matrix A [oh ow][kh kw c],
 * so that y  = A W + b        W [kh kw c][k], packed; b is its last row dW = A^T dy         dA = dy
 * W^T, added back to the pixels it came from One product per image: its shape, and with it the
 * order of its additions, is the same for every image.
 */
#include <string.h>
#include <cblas.h>
#include <sn/kernel.h>

static size_t taps(const struct sn_conv *s)
{
	return s->kh * s->kw * s->c;
}

/* A 1x1 convolution of stride 1: the image is the matrix. */
static int is_plain(const struct sn_conv *s)
{
	return s->kh == 1 && s->kw == 1 && s->stride == 1 && s->pad == 0;
}

size_t sn_conv_scratch(const struct sn_conv *s)
{
	return is_plain(s) ? 0 : s->oh * s->ow * taps(s);
}

size_t sn_conv_packed(const struct sn_conv *s)
{
	return (taps(s) + 1) * s->k;
}

void sn_conv_pack(const struct sn_conv *s, const float *weight, const float *bias, float *packed)
{
	size_t area = s->kh * s->kw;

	for (size_t o = 0; o < s->k; o++)
		for (size_t c = 0; c < s->c; c++)
			for (size_t t = 0; t < area; t++)
				packed[(t * s->c + c) * s->k + o] =
					weight[(o * s->c + c) * area + t];
	for (size_t o = 0; o < s->k; o++)
		packed[area * s->c * s->k + o] = bias ? bias[o] : 0;
}

void sn_conv_unpack(const struct sn_conv *s, const float *packed, float *weight, float *bias)
{
	size_t area = s->kh * s->kw;

	for (size_t o = 0; o < s->k; o++)
		for (size_t c = 0; c < s->c; c++)
			for (size_t t = 0; t < area; t++)
				weight[(o * s->c + c) * area + t] =
					packed[(t * s->c + c) * s->k + o];
	for (size_t o = 0; bias && o < s->k; o++)
		bias[o] = packed[area * s->c * s->k + o];
}

/*
 * The part of a patch's row that lies within the picture: patch columns [from, to) of kw, for the
 * patch whose left edge is at `left` of the padded picture.
 */
static void inside(const struct sn_conv *s, size_t left, size_t *from, size_t *to)
{
	size_t end = s->w + s->pad; /* first padded column right of the picture */

	*from = left < s->pad ? s->pad - left : 0;
	if (*from > s->kw)
		*from = s->kw;
	*to = left + s->kw <= end ? s->kw : end > left ? end - left : 0;
	if (*to < *from)
		*to = *from;
}

static const float *lower(const struct sn_conv *s, const float *x, float *a)
{
	size_t run = s->kw * s->c, c = s->c;

	if (is_plain(s))
		return x;
	float *row = a;
	for (size_t oy = 0; oy < s->oh; oy++) {
		for (size_t ox = 0; ox < s->ow; ox++) {
			size_t from, to;
			inside(s, ox * s->stride, &from, &to);
			for (size_t i = 0; i < s->kh; i++, row += run) {
				size_t y = oy * s->stride + i;
				if (y < s->pad || y >= s->h + s->pad || from == to) {
					memset(row, 0, run * sizeof *row);
					continue;
				}
				const float *p =
					x +
					((y - s->pad) * s->w + ox * s->stride + from - s->pad) * c;
				size_t j = 0, n = to * c;
				for (; j < from * c; j++)
					row[j] = 0;
				for (; j < n; j++)
					row[j] = *p++;
				for (; j < run; j++)
					row[j] = 0;
			}
		}
	}
	return a;
}

static void raise_back(const struct sn_conv *s, const float *a, float *dx)
{
	size_t run = s->kw * s->c, c = s->c;

	memset(dx, 0, s->h * s->w * c * sizeof *dx);
	for (size_t oy = 0; oy < s->oh; oy++) {
		for (size_t ox = 0; ox < s->ow; ox++) {
			size_t from, to;
			inside(s, ox * s->stride, &from, &to);
			for (size_t i = 0; i < s->kh; i++, a += run) {
				size_t y = oy * s->stride + i;
				if (y < s->pad || y >= s->h + s->pad || from == to)
					continue;
				float *p =
					dx +
					((y - s->pad) * s->w + ox * s->stride + from - s->pad) * c;
				const float *q = a + from * c;
				for (size_t j = 0; j < (to - from) * c; j++)
					p[j] += q[j];
			}
		}
	}
}

void sn_conv_forward(const struct sn_conv *s, const float *x, const float *packed, float *y,
		     float *scratch)
{
	size_t m = s->oh * s->ow, t = taps(s);
	const float *a = lower(s, x, scratch), *bias = packed + t * s->k;

	for (size_t p = 0; p < m; p++)
		memcpy(y + p * s->k, bias, s->k * sizeof *y);
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)s->k, (int)t, 1, a,
		    (int)t, packed, (int)s->k, 1, y, (int)s->k);
}

void sn_conv_input_gradient(const struct sn_conv *s, const float *dy, const float *packed,
			    float *dx, float *scratch)
{
	size_t m = s->oh * s->ow, t = taps(s);
	float *a = is_plain(s) ? dx : scratch;

	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)t, (int)s->k, 1, dy,
		    (int)s->k, packed, (int)s->k, 0, a, (int)t);
	if (a != dx)
		raise_back(s, a, dx);
}

void sn_conv_weight_gradient(const struct sn_conv *s, const float *x, const float *dy, float *dp,
			     float *scratch)
{
	size_t m = s->oh * s->ow, t = taps(s);
	const float *a = lower(s, x, scratch);
	float *bias = dp + t * s->k;

	cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)t, (int)s->k, (int)m, 1, a,
		    (int)t, dy, (int)s->k, 1, dp, (int)s->k);
	for (size_t p = 0; p < m; p++)
		for (size_t o = 0; o < s->k; o++)
			bias[o] += dy[p * s->k + o];
}
