/* ways - the algorithms that conv.c chooses among. */
#include "way.h"

const struct sn_conv_way *const sn_conv_ways[] = { &sn_way_direct, &sn_way_winograd,   &sn_way_fft,
						   &sn_way_lanes,  &sn_way_lane_tiles, NULL };
