/* eval_text - what sn-eval found, as tab-separated text. */
#ifndef EVAL_TEXT_H
#define EVAL_TEXT_H

#include <sn/evaluation.h>

/** The table of measures, to a file or "-". */
SN_MUST_CHECK int eval_print_rows(const struct sn_row *row, int rows, const char *path);
/** The cumulative match curve: rank, share. SN_EDATA where no probe has a mate. */
SN_MUST_CHECK int eval_print_cmc(const struct sn_identification *i, const char *path);
/** The ROC curve: far, frr, tar, threshold. */
SN_MUST_CHECK int eval_print_roc(const struct sn_scores *s, const char *path);

#endif
