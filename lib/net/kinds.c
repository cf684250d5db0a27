/* kinds - the table of layers. */
#include "layer.h"

extern const struct sn_layer_kind sn_layer_conv, sn_layer_avgpool, sn_layer_globalavg, sn_layer_lrn,
	sn_layer_prelu, sn_layer_leakyrelu, sn_layer_sigmoid, sn_layer_tanh, sn_layer_dropout,
	sn_layer_flatten, sn_layer_linear, sn_layer_l2norm, sn_layer_residual;

const struct sn_layer_kind *const sn_layer_kinds[] = {
	&sn_layer_conv,
	&sn_layer_maxpool,
	&sn_layer_avgpool,
	&sn_layer_globalavg,
	&sn_layer_batchnorm,
	&sn_layer_lrn,
	&sn_layer_relu,
	&sn_layer_prelu,
	&sn_layer_leakyrelu,
	&sn_layer_sigmoid,
	&sn_layer_tanh,
	&sn_layer_dropout,
	&sn_layer_flatten,
	&sn_layer_linear,
	&sn_layer_l2norm,
	&sn_layer_residual,
	NULL,
};
