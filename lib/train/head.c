/* head - the weights of the distance weighted-l1, trained with the network */
#include <stdlib.h>
#include <sn/memory.h>
#include "head.h"

int head_check(const struct sn_model *model, const struct sn_objective *o)
{
	if (o->distance == SN_WEIGHTED_L1 && !model->head)
		return sn_fail(SN_EUSAGE,
			       "the distance weighted-l1 wants a model with its weights; "
			       "sn-init -d weighted-l1 makes one");
	return 0;
}

int head_lend(struct head *head, struct sn_model *model, const struct sn_objective *o)
{
	size_t dim = sn_net_dim(model->net);
	int st;

	if (o->distance != SN_WEIGHTED_L1)
		return 0;
	if (!(head->grad = sn_alloc(dim + 1, sizeof *head->grad)))
		return SN_ENOMEM;
	head->weight = (struct sn_param){ .name = "head.weight",
					  .rank = 1,
					  .shape = { dim },
					  .count = dim,
					  .value = model->head,
					  .grad = head->grad,
					  .decay = true };
	head->bias = (struct sn_param){ .name = "head.bias",
					.rank = 1,
					.shape = { 1 },
					.count = 1,
					.value = model->head + dim,
					.grad = head->grad + dim };
	if ((st = sn_net_lend(model->net, &head->weight)) < 0)
		return st;
	return sn_net_lend(model->net, &head->bias);
}

void head_return(struct head *head, struct sn_model *model)
{
	sn_net_return(model->net);
	free(head->grad);
	head->grad = NULL;
}
