/* table - the loops of one instruction set. */
#include "vector.h"
#include "../sweeps.h"

void SN_NAME(sn_rows_by_panel)(const struct sn_rows *job);
void SN_NAME(sn_taps_by_panel)(const struct sn_taps *job);
void SN_NAME(sn_outer)(const struct sn_outer *job);
void SN_NAME(sn_dots)(const struct sn_dots *job);
void SN_NAME(sn_dots_finish)(const float *sum, size_t n, const struct sn_finish *finish, float *y);
void SN_NAME(sn_product)(const struct sn_product *job);
void SN_NAME(sn_outer_sums)(const struct sn_outer_sums *job);
void SN_NAME(sn_tiles)(enum sn_transform what, size_t n, const struct sn_lines *job);
void SN_NAME(sn_fft_forward)(const struct sn_fft_tile *t);
void SN_NAME(sn_fft_inverse)(const struct sn_fft_tile *t);
void SN_NAME(sn_fft_product)(const struct sn_spectra *s);
void SN_NAME(sn_fft_turned_product)(const struct sn_spectra *s);
void SN_NAME(sn_lanes_in)(const float *const *from, size_t n, float *to);
void SN_NAME(sn_lanes_out)(const float *from, size_t n, float *const *to);
void SN_NAME(sn_lanes_product)(const struct sn_lanes_product *job);
void SN_NAME(sn_lanes_outer)(const struct sn_lanes_outer *job);
void SN_NAME(sn_lanes_add)(const float *from, size_t n, float *sum);
void SN_NAME(sn_lane_tiles_in)(const struct sn_lane_tiles *t, const struct sn_lane_tiles_in *job);
void SN_NAME(sn_lane_tiles_spread)(const struct sn_lane_tiles *t,
				   const struct sn_lane_tiles_in *job);
void SN_NAME(sn_lane_tiles_out)(const struct sn_lane_tiles *t, const struct sn_lane_tiles_out *job);
void SN_NAME(sn_lane_tiles_product)(const struct sn_lane_tiles_product *job);
void SN_NAME(sn_lane_tiles_outer)(const struct sn_lane_tiles_outer *job);
void SN_NAME(sn_lane_tiles_weights)(const struct sn_lane_tiles *t, const float *w, size_t n,
				    float *u, size_t step);
void SN_NAME(sn_lane_tiles_unweights)(const struct sn_lane_tiles *t, const float *u, size_t step,
				      size_t n, float *w);

static const struct sn_fft_loops fft_loops = {
	.forward = SN_NAME(sn_fft_forward),
	.inverse = SN_NAME(sn_fft_inverse),
	.product = SN_NAME(sn_fft_product),
	.turned_product = SN_NAME(sn_fft_turned_product),
};

extern const struct sn_sweeps SN_NAME(sn_sweeps);
#if SN_LANES == 16
extern const struct sn_low_loops sn_bf16_v4, sn_int8_v4;
#endif

extern const struct sn_simd SN_NAME(sn_simd);
const struct sn_simd SN_NAME(sn_simd) = {
	.isa = SN_SIMD_NAME,
	.lanes = SN_LANES,
	.columns = WIDE,
	.rows = ROWS,
	.dot_rows = SN_LANES == 16 ? 4 : 2,
	.dot_columns = 6,
	.dot_sums = SN_LANES == 16 ? 32 : SN_LANES == 8 ? 16 : 12,
	.rows_by_panel = SN_NAME(sn_rows_by_panel),
	.taps_by_panel = SN_NAME(sn_taps_by_panel),
	.outer = SN_NAME(sn_outer),
	.dots = SN_NAME(sn_dots),
	.dots_finish = SN_NAME(sn_dots_finish),
	.fft = &fft_loops,
	.sweeps = &SN_NAME(sn_sweeps),
	.product = SN_NAME(sn_product),
	.outer_sums = SN_NAME(sn_outer_sums),
	.tiles = SN_NAME(sn_tiles),
#if SN_LANES == 16
	.bf16 = &sn_bf16_v4,
	.int8 = &sn_int8_v4,
#endif
	.lanes_rows = LANES_ROWS,
	.lanes_outputs = LANES_OUTPUTS,
	.lanes_in = SN_NAME(sn_lanes_in),
	.lanes_out = SN_NAME(sn_lanes_out),
	.lanes_product = SN_NAME(sn_lanes_product),
	.lanes_outer = SN_NAME(sn_lanes_outer),
	.lanes_add = SN_NAME(sn_lanes_add),
	.lane_tiles_in = SN_NAME(sn_lane_tiles_in),
	.lane_tiles_spread = SN_NAME(sn_lane_tiles_spread),
	.lane_tiles_out = SN_NAME(sn_lane_tiles_out),
	.lane_tiles_product = SN_NAME(sn_lane_tiles_product),
	.lane_tiles_outer = SN_NAME(sn_lane_tiles_outer),
	.lane_tiles_weights = SN_NAME(sn_lane_tiles_weights),
	.lane_tiles_unweights = SN_NAME(sn_lane_tiles_unweights),
};
