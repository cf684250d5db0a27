/* eval_set - the distances that sn-eval judges, and what their header says of where they are from.
 */
#ifndef EVAL_SET_H
#define EVAL_SET_H

#include <sn/evaluation.h>
#include <sn/fold.h>
#include <sn/model.h>
#include "cli.h"

struct eval_set {
	struct sn_evaluation e;
	const char *name; /* of the file, for messages; borrowed */
	char distance[32];
	double threshold; /* the stream's; NaN: none */
	struct sn_model_note note;
	struct sn_folding *folding; /* trials against several references become pairs; NULL: none */
};
#define EVAL_SET_INIT                                                                              \
	{                                                                                          \
		.threshold = NAN                                                                   \
	}

/**
 * Read all sections of a file as one set, and finish the evaluation.  Returns 1, 0 for an empty
 * input that is allowed, or a negative code with a message that says where.
 */
SN_MUST_CHECK int eval_set_read(struct eval_set *set, const char *path, const struct cli_common *c);

/** Before reading: each trial against several references is one pair. */
SN_MUST_CHECK int eval_set_fold(struct eval_set *set, enum sn_fold how);

/** Are these distances ones of this model, by the kind of distance that it has? SN_EDATA: no. */
SN_MUST_CHECK int eval_set_check_model(const struct eval_set *set, const struct sn_model *m);
/** Are both of one model and kind, as far as they say? SN_EDATA: no. */
SN_MUST_CHECK int eval_set_check_dev(const struct eval_set *set, const struct eval_set *dev);

void eval_set_release(struct eval_set *set);

#endif
