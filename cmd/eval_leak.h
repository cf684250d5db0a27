/* eval_leak - the pictures that sn-eval --leak looks at. */
#ifndef EVAL_LEAK_H
#define EVAL_LEAK_H

#include <sn/leak.h>
#include "cli.h"

/**
 * All pictures of a folder, an IDX file or a stream of items ("-": standard input), by their keys.
 * Pictures that cannot be decoded are named on standard error and passed over.
 */
SN_MUST_CHECK int eval_leak_read(struct sn_leak **leak, const char *path,
				 const struct cli_common *c);

/** A warning on standard error for each question that a feature answers better than `limit`; NaN:
 * sn_leak_limits. */
void eval_leak_warn(const struct sn_leak *leak, double limit);

#endif
