/* progress - one line on a terminal, nothing anywhere else. */
#ifndef SN_PROGRESS_H
#define SN_PROGRESS_H

#include <stdint.h>
#include <sn/error.h>

struct sn_progress;

/**
 * A line on standard error where that is a terminal and `quiet` is 0; else all calls do nothing.
 *   unit   what is counted, e.g. "images"; borrowed until sn_progress_end
 *   total  how many there will be, 0 where it is not known (no percentage, no time left)
 */
struct sn_progress *sn_progress_begin(const char *unit, uint64_t total, int quiet);
/**
 * Where the total is not known: `at` of `size` bytes of the input were read, which gives percentage
 * and time left; a size of 0 (a pipe) gives none.  p may be NULL.
 */
void sn_progress_read(struct sn_progress *p, uint64_t at, uint64_t size);
/**
 * done so far; `format` (or NULL) adds words of the caller's.  At most ten lines a second are
 * drawn.  p may be NULL.
 */
void sn_progress_show(struct sn_progress *p, uint64_t done, const char *format, ...)
	SN_PRINTF(3, 4);
/** Wipe the line; p may be NULL. */
void sn_progress_end(struct sn_progress *p);

#endif
