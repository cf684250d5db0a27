/* head - the weights of the distance weighted-l1, trained with the network */
#ifndef HEAD_H
#define HEAD_H

#include <sn/train.h>

/** The head as two parameters of the network, "head.weight" [dim] and "head.bias" [1]. */
struct head {
	struct sn_param weight, bias;
	float *grad; /* [dim + 1] of both; NULL: no head is trained */
};

/** SN_EUSAGE where the distance wants a head and the model has none. */
SN_MUST_CHECK int head_check(const struct sn_model *model, const struct sn_objective *objective);
/** Lend it to the network (sn_net_lend), where the objective's distance has one. */
SN_MUST_CHECK int head_lend(struct head *head, struct sn_model *model,
			    const struct sn_objective *objective);
void head_return(struct head *head, struct sn_model *model);

/** Is the loss pushing until a distance is reached, which is its margin? */
bool sn_objective_is_far(const struct sn_objective *objective);
/** Write loss, margin and distance into the model. */
void sn_objective_note(const struct sn_objective *objective, struct sn_model *model);

#endif
