/*
 * presets - networks of the literature, as texts of sn-net(5), initialised as their authors did
 * where that is known and does as well.
 */
#include <string.h>
#include <sn/net.h>

/* clang-format off */
const struct sn_preset sn_presets[] = {
	{ "lenet", "28x28 grey, LeNet twins with an embedding of 2 (LeCun 1998, Chopra 2005)",
	  "# LeNet as a twin: two convolutions, three linear layers, an embedding in the plane\n"
	  "input 28x28x1\n"
	  "conv 20 size=5\n"
	  "maxpool size=2\n"
	  "conv 50 size=5\n"
	  "maxpool size=2\n"
	  "flatten\n"
	  "linear 500\n"
	  "relu\n"
	  "linear 10\n"
	  "linear 2\n",
	  SN_EUCLIDEAN, 1 },
	{ "hadsell", "28x28 grey, an embedding of 2 (Hadsell, Chopra, LeCun 2006)",
	  "# dimensionality reduction by learning an invariant mapping: 28x28 in a border to 32x32\n"
	  "input 28x28x1\n"
	  "conv 15 size=6 pad=2 init=lecun\n"
	  "tanh\n"
	  "avgpool size=3\n"
	  "conv 30 size=9 init=lecun\n"
	  "tanh\n"
	  "flatten\n"
	  "linear 2 init=lecun\n",
	  SN_EUCLIDEAN, 1 },
	{ "conv4", "28x28 grey, the four blocks of few-shot learning, 64 numbers (Vinyals 2016, Snell 2017)",
	  "# four blocks of convolution, batch norm, relu and pooling\n"
	  "input 28x28x1\n"
	  "conv 64 size=3 pad=1\n"
	  "batchnorm\n"
	  "relu\n"
	  "maxpool size=2\n"
	  "conv 64 size=3 pad=1\n"
	  "batchnorm\n"
	  "relu\n"
	  "maxpool size=2\n"
	  "conv 64 size=3 pad=1\n"
	  "batchnorm\n"
	  "relu\n"
	  "maxpool size=2\n"
	  "conv 64 size=3 pad=1\n"
	  "batchnorm\n"
	  "relu\n"
	  "maxpool size=2\n"
	  "flatten\n",
	  SN_EUCLIDEAN, 1 },
	{ "faces", "100x100 grey, 5 numbers: the tutorial on the AT&T faces",
	  "# three convolutions in mirrored borders, three linear layers\n"
	  "input 100x100x1\n"
	  "conv 4 size=3 pad=1 pad-mode=reflect\n"
	  "relu\n"
	  "batchnorm\n"
	  "conv 8 size=3 pad=1 pad-mode=reflect\n"
	  "relu\n"
	  "batchnorm\n"
	  "conv 8 size=3 pad=1 pad-mode=reflect\n"
	  "relu\n"
	  "batchnorm\n"
	  "flatten\n"
	  "linear 500\n"
	  "relu\n"
	  "linear 500\n"
	  "relu\n"
	  "linear 5\n",
	  SN_EUCLIDEAN, 2 },
	{ "koch", "105x105 grey, 4096 numbers and a head, for one-shot recognition (Koch, Zemel, Salakhutdinov 2015)",
	  "# Siamese networks for one-shot image recognition; the distance is weighted-l1\n"
	  "input 105x105x1\n"
	  "conv 64 size=10 init=normal:0.01 bias-init=normal:0.01,0.5\n"
	  "relu\n"
	  "maxpool size=2\n"
	  "conv 128 size=7 init=normal:0.01 bias-init=normal:0.01,0.5\n"
	  "relu\n"
	  "maxpool size=2\n"
	  "conv 128 size=4 init=normal:0.01 bias-init=normal:0.01,0.5\n"
	  "relu\n"
	  "maxpool size=2\n"
	  "conv 256 size=4 init=normal:0.01 bias-init=normal:0.01,0.5\n"
	  "relu\n"
	  "flatten\n"
	  "linear 4096 init=normal:0.2 bias-init=normal:0.01,0.5\n"
	  "sigmoid\n",
	  SN_WEIGHTED_L1, 1 },
	{ "signet", "220x155 grey, signatures, 128 numbers, as in the author's code (Dey 2017)",
	  "# SigNet with steps of 4 and batch norm\n"
	  "input 220x155x1\n"
	  "conv 96 size=11 stride=4 init=xavier\n"
	  "relu\n"
	  "batchnorm\n"
	  "maxpool size=3 stride=2\n"
	  "conv 256 size=5 pad=2 init=xavier\n"
	  "relu\n"
	  "batchnorm\n"
	  "maxpool size=3 stride=2\n"
	  "dropout 0.3\n"
	  "conv 384 size=3 pad=1 init=xavier\n"
	  "relu\n"
	  "conv 256 size=3 pad=1 init=xavier\n"
	  "relu\n"
	  "maxpool size=3 stride=2\n"
	  "dropout 0.3\n"
	  "flatten\n"
	  "linear 1024 init=xavier\n"
	  "relu\n"
	  "dropout 0.5\n"
	  "linear 128 init=xavier\n"
	  "relu\n",
	  SN_EUCLIDEAN, 1 },
	{ "signet-paper", "220x155 grey, signatures, 128 numbers, with the sizes of the paper (Dey 2017)",
	  "# SigNet with steps of 1 and local response normalisation: large and slow\n"
	  "input 220x155x1\n"
	  "conv 96 size=11 init=xavier\n"
	  "relu\n"
	  "lrn n=5 alpha=1e-4 beta=0.75 k=2\n"
	  "maxpool size=3 stride=2\n"
	  "conv 256 size=5 pad=2 init=xavier\n"
	  "relu\n"
	  "lrn n=5 alpha=1e-4 beta=0.75 k=2\n"
	  "maxpool size=3 stride=2\n"
	  "dropout 0.3\n"
	  "conv 384 size=3 pad=1 init=xavier\n"
	  "relu\n"
	  "conv 256 size=3 pad=1 init=xavier\n"
	  "relu\n"
	  "maxpool size=3 stride=2\n"
	  "dropout 0.3\n"
	  "flatten\n"
	  "linear 1024 init=xavier\n"
	  "relu\n"
	  "dropout 0.5\n"
	  "linear 128 init=xavier\n",
	  SN_EUCLIDEAN, 1 },
	{ "resnet", "48x48 grey, three residual blocks, 128 numbers of length 1: small and modern",
	  "# three residual blocks (He 2016; shortcuts as in ResNet-D, He 2019), a unit embedding\n"
	  "input 48x48x1\n"
	  "conv 24 size=5 stride=2 pad=2 bias=no\n"
	  "batchnorm\n"
	  "relu\n"
	  "residual\n"
	  "  conv 48 size=3 pad=1 bias=no\n"
	  "  batchnorm\n"
	  "  relu\n"
	  "  conv 48 size=3 pad=1 bias=no\n"
	  "  batchnorm\n"
	  "shortcut\n"
	  "  conv 48 size=1 bias=no\n"
	  "  batchnorm\n"
	  "end\n"
	  "relu\n"
	  "residual\n"
	  "  conv 96 size=3 stride=2 pad=1 bias=no\n"
	  "  batchnorm\n"
	  "  relu\n"
	  "  conv 96 size=3 pad=1 bias=no\n"
	  "  batchnorm\n"
	  "shortcut\n"
	  "  avgpool size=2 ceil=yes\n"
	  "  conv 96 size=1 bias=no\n"
	  "  batchnorm\n"
	  "end\n"
	  "relu\n"
	  "residual\n"
	  "  conv 192 size=3 stride=2 pad=1 bias=no\n"
	  "  batchnorm\n"
	  "  relu\n"
	  "  conv 192 size=3 pad=1 bias=no\n"
	  "  batchnorm\n"
	  "shortcut\n"
	  "  avgpool size=2 ceil=yes\n"
	  "  conv 192 size=1 bias=no\n"
	  "  batchnorm\n"
	  "end\n"
	  "relu\n"
	  "flatten\n"
	  "linear 128\n"
	  "l2norm\n",
	  SN_EUCLIDEAN, 1 },
	{ NULL, NULL, NULL, SN_EUCLIDEAN, 0 },
};
/* clang-format on */

const struct sn_preset *sn_preset_find(const char *name)
{
	for (const struct sn_preset *p = sn_presets; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}
