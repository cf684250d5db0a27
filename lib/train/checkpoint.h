/* checkpoint - a training under way as a stream of kind `checkpoint` */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <sn/train.h>

/** All that the next step depends on, but for tensors, data and options. */
struct standing {
	uint64_t step; /* done so far; sampler, dropout and augmentation go by it */
	uint64_t updates;
	uint64_t best_epoch; /* 0: none yet */
	struct sn_validation best;
	uint64_t waited, drops; /* of plateaus: epochs without a better one */
	double first_spread, first_distance;
	uint64_t together; /* steps in a row that look collapsed */
	uint64_t told;
};

/** A tensor of each parameter. */
struct checkpoint_part {
	const char *name; /* the tensors are called "name:conv1.weight" */
	float **value;	  /* [params], each NULL or of the parameter's shape; NULL: none at all */
};

/** XXH3 of all that a training takes from its data: pictures, numbers, classes, pairs. */
SN_MUST_CHECK int checkpoint_sum(uint64_t *sum, const struct sn_dataset *data,
				 const struct sn_train_options *options);

SN_MUST_CHECK int checkpoint_write(const char *path, const struct standing *standing,
				   struct sn_slice options, uint64_t data, struct sn_net *net,
				   const struct checkpoint_part *part, size_t parts);

/** SN_EDATA where it is of other data or options, which the message names. */
SN_MUST_CHECK int checkpoint_open(struct sn_reader **r, const char *path, struct standing *standing,
				  struct sn_slice options, uint64_t data);
/** The tensors, every one that the parts have room for; closes r, also after an error. */
SN_MUST_CHECK int checkpoint_read(struct sn_reader *r, struct sn_net *net,
				  const struct checkpoint_part *part, size_t parts);

#endif
