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
void SN_NAME(sn_maxpool)(const struct sn_window *w, const struct sn_norm *n, bool relu,
			 const float *x, float *y, uint8_t *tap, float *from);
void SN_NAME(sn_maxpool_back)(const struct sn_window *w, const struct sn_norm *n,
			      const uint8_t *tap, const float *dy, const float *x, float *dx,
			      float *line);
void SN_NAME(sn_maxpool_sums)(const uint8_t *tap, const float *from, const float *dy, size_t pixels,
			      size_t c, double *sum, double *slopes);
void SN_NAME(sn_relu)(const float *x, size_t n, float *y);
void SN_NAME(sn_relu_back)(const float *y, const float *dy, size_t n, float *dx);
void SN_NAME(sn_add)(const float *a, const float *b, size_t n, bool relu, float *y);
void SN_NAME(sn_accumulate)(float *to, const float *from, size_t n);

extern const struct sn_sweeps SN_NAME(sn_sweeps);
const struct sn_sweeps SN_NAME(sn_sweeps) = {
	.moments = SN_NAME(sn_moments),
	.sums = SN_NAME(sn_sums),
	.norm = SN_NAME(sn_norm),
	.norm_sums = SN_NAME(sn_norm_sums),
	.norm_back = SN_NAME(sn_norm_back),
	.maxpool = SN_NAME(sn_maxpool),
	.maxpool_back = SN_NAME(sn_maxpool_back),
	.maxpool_sums = SN_NAME(sn_maxpool_sums),
	.relu = SN_NAME(sn_relu),
	.relu_back = SN_NAME(sn_relu_back),
	.add = SN_NAME(sn_add),
	.accumulate = SN_NAME(sn_accumulate),
};
