/* train_show - what sn-train tells of the training: a table, a line of progress, notes. */
#ifndef TRAIN_SHOW_H
#define TRAIN_SHOW_H

#include <stdio.h>
#include <sn/progress.h>
#include <sn/train.h>

/** Zero-initialised but for the first four is ready. */
struct train_show {
	const char *path; /* of the table; "-": standard output; NULL: none */
	uint64_t epochs;
	bool quiet, verbose;
	FILE *log;
	struct sn_progress *progress;
	uint64_t best_epoch; /* 0: none yet */
	struct sn_validation best;
	bool begun;
};

/** Begin the table; dies where it cannot be written. */
void train_show_open(struct train_show *show);
/** Tell of a step; `row` of sn_train. */
SN_MUST_CHECK int train_show_row(void *show, const struct sn_train_row *row);
/** The progress line is over. */
void train_show_end(struct train_show *show);
/** -v's last word: which epoch was kept. */
void train_show_kept(const struct train_show *show);
/** Close the table: SN_EIO where it was not written. */
SN_MUST_CHECK int train_show_close(struct train_show *show);

#endif
