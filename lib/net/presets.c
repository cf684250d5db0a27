/* presets - networks of the literature, as texts of sn-net(5). */
#include <string.h>
#include <sn/net.h>

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
	  "linear 2\n" },
	{ "conv4",
	  "28x28 grey, the four blocks of few-shot learning, 64 numbers (Vinyals 2016, Snell 2017)",
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
	  "flatten\n" },
	{ NULL, NULL, NULL },
};

const struct sn_preset *sn_preset_find(const char *name)
{
	for (const struct sn_preset *p = sn_presets; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}
