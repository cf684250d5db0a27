/* sweeps - the table of one instruction set's. */
#include "vector.h"
#include "../sweeps.h"

void SN_NAME(sn_moments)(const float *x, size_t pixels, size_t c, double *sum, double *squares);
void SN_NAME(sn_sums)(const float *x, size_t pixels, size_t c, double *sum);
void SN_NAME(sn_norm)(const struct sn_norm *n, const float *x, size_t pixels, float *y);
void SN_NAME(sn_norm_sums)(const struct sn_norm *n, const float *x, const float *dy, size_t pixels,
			   double *sum, double *slopes);
void SN_NAME(sn_norm_back)(const struct sn_norm *n, const float *x, const float *dy, size_t pixels,
			   float *dx);
void SN_NAME(sn_prelu)(const float *w, size_t c, const float *x, size_t pixels, float *y);
void SN_NAME(sn_prelu_back)(const float *w, size_t c, const float *x, const float *dy,
			    size_t pixels, float *dx);
void SN_NAME(sn_prelu_sums)(const float *x, const float *dy, size_t pixels, size_t c, double *sum);
void SN_NAME(sn_maxpool)(const struct sn_window *w, const struct sn_norm *n, bool relu,
			 const float *x, float *y, uint8_t *tap, float *from);
void SN_NAME(sn_maxpool_back)(const struct sn_window *w, const struct sn_norm *n,
			      const uint8_t *tap, const float *dy, const float *x, float *dx,
			      float *line);
void SN_NAME(sn_maxpool_sums)(const uint8_t *tap, const float *from, const float *dy, size_t pixels,
			      size_t c, double *sum, double *slopes);
void SN_NAME(sn_patch_moments)(const struct sn_patches *p, const float *x, double *sum);
void SN_NAME(sn_patch_slopes)(const struct sn_patches *p, const struct sn_window *w, const float *x,
			      const uint8_t *tap, const float *dy, float *sum);
void SN_NAME(sn_relu)(const float *x, size_t n, float *y);
void SN_NAME(sn_relu_back)(const float *y, const float *dy, size_t n, float *dx);
void SN_NAME(sn_add)(const float *a, const float *b, size_t n, bool relu, float *y);
void SN_NAME(sn_accumulate)(float *to, const float *from, size_t n);
void SN_NAME(sn_leaky)(const float *x, size_t n, float slope, float *y);
void SN_NAME(sn_leaky_back)(const float *x, const float *dy, size_t n, float slope, float *dx);
void SN_NAME(sn_chance)(uint64_t key, uint32_t limit, size_t n, uint8_t *keep);
void SN_NAME(sn_drop)(const float *x, const uint8_t *keep, size_t n, float scale, float *y);
void SN_NAME(sn_sigmoid)(const float *x, size_t n, float *y);
void SN_NAME(sn_sigmoid_back)(const float *y, const float *dy, size_t n, float *dx);
void SN_NAME(sn_tanh)(const float *x, size_t n, float *y);
void SN_NAME(sn_tanh_back)(const float *y, const float *dy, size_t n, float *dx);
void SN_NAME(sn_lrn)(const struct sn_lrn *l, const float *x, size_t pixels, float *y,
		     float *memory);
void SN_NAME(sn_lrn_back)(const struct sn_lrn *l, const float *x, const float *dy, size_t pixels,
			  float *dx, float *memory);
void SN_NAME(sn_lrn_maxpool)(const struct sn_window *w, const struct sn_lrn *l, const float *x,
			     float *y, uint8_t *tap, float *memory);
void SN_NAME(sn_lrn_maxpool_back)(const struct sn_window *w, const struct sn_lrn *l,
				  const uint8_t *tap, const float *dy, const float *x, float *dx,
				  float *memory);
void SN_NAME(sn_average)(const struct sn_window *w, const float *x, float *y);
void SN_NAME(sn_average_back)(const struct sn_window *w, const float *dy, float *dx);
void SN_NAME(sn_transpose)(const float *x, size_t rows, size_t columns, float *y);
bool SN_NAME(sn_finite)(const float *x, size_t n);
void SN_NAME(sn_scale)(float *x, size_t n, float scale);
double SN_NAME(sn_square)(const float *x, size_t n);
bool SN_NAME(sn_step_sgd)(float *w, float *v, const float *g, size_t n, float rate, float momentum,
			  float decay, bool nesterov);
bool SN_NAME(sn_step_adam)(const struct sn_adam *a, float *w, float *m, float *v, const float *g,
			   size_t n);
bool SN_NAME(sn_step_rmsprop)(float *w, float *s, float *v, const float *g, size_t n, float rate,
			      float momentum, float decay, float alpha, float rest, float epsilon);

extern const struct sn_sweeps SN_NAME(sn_sweeps);
const struct sn_sweeps SN_NAME(sn_sweeps) = {
	.moments = SN_NAME(sn_moments),
	.sums = SN_NAME(sn_sums),
	.norm = SN_NAME(sn_norm),
	.norm_sums = SN_NAME(sn_norm_sums),
	.norm_back = SN_NAME(sn_norm_back),
	.prelu = SN_NAME(sn_prelu),
	.prelu_back = SN_NAME(sn_prelu_back),
	.prelu_sums = SN_NAME(sn_prelu_sums),
	.maxpool = SN_NAME(sn_maxpool),
	.maxpool_back = SN_NAME(sn_maxpool_back),
	.maxpool_sums = SN_NAME(sn_maxpool_sums),
	.patch_moments = SN_NAME(sn_patch_moments),
	.patch_slopes = SN_NAME(sn_patch_slopes),
	.relu = SN_NAME(sn_relu),
	.relu_back = SN_NAME(sn_relu_back),
	.add = SN_NAME(sn_add),
	.accumulate = SN_NAME(sn_accumulate),
	.leaky = SN_NAME(sn_leaky),
	.leaky_back = SN_NAME(sn_leaky_back),
	.chance = SN_NAME(sn_chance),
	.drop = SN_NAME(sn_drop),
	.sigmoid = SN_NAME(sn_sigmoid),
	.sigmoid_back = SN_NAME(sn_sigmoid_back),
	.tanh = SN_NAME(sn_tanh),
	.tanh_back = SN_NAME(sn_tanh_back),
	.lrn = SN_NAME(sn_lrn),
	.lrn_back = SN_NAME(sn_lrn_back),
	.lrn_maxpool = SN_NAME(sn_lrn_maxpool),
	.lrn_maxpool_back = SN_NAME(sn_lrn_maxpool_back),
	.average = SN_NAME(sn_average),
	.average_back = SN_NAME(sn_average_back),
	.transpose = SN_NAME(sn_transpose),
	.finite = SN_NAME(sn_finite),
	.scale = SN_NAME(sn_scale),
	.square = SN_NAME(sn_square),
	.sgd = SN_NAME(sn_step_sgd),
	.adam = SN_NAME(sn_step_adam),
	.rmsprop = SN_NAME(sn_step_rmsprop),
};
