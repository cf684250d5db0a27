/* file - output that is whole or not there. */
#ifndef SN_FILE_H
#define SN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sn/error.h>

struct sn_output;

/**
 * Open `path` for writing.  "-" is standard output; a device or FIFO is written directly; a
 * regular file (links followed) is written as a temporary file beside it, which takes its
 * name, and an existing file's mode, only at sn_output_commit.  Where a signal ends the program,
 * the temporary file is removed.  SN_EIO where it cannot be.
 */
SN_MUST_CHECK int sn_output_open(struct sn_output **o, const char *path);

/** "<stdout>" or the path, for messages; borrowed. */
const char *sn_output_name(const struct sn_output *o);
bool sn_output_is_terminal(const struct sn_output *o);

/** Write all of it; SN_EIO otherwise.  Unbuffered. */
SN_MUST_CHECK int sn_output_write(struct sn_output *o, const void *data, size_t size);

/** Make it last: fsync, close, rename.  Ends o, also where it fails. */
SN_MUST_CHECK int sn_output_commit(struct sn_output *o);

/** Drop it: an existing file stays as it was.  Ends o; NULL is allowed. */
void sn_output_discard(struct sn_output *o);

/**
 * Read a whole file ("-": standard input) of at most `limit` bytes; *data is the caller's, with
 * a 0 byte behind it.
 */
SN_MUST_CHECK int sn_file_read(const char *path, size_t limit, uint8_t **data, size_t *size);

#endif
