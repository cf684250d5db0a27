/* json - maps of a stream as JSON lines and back: for eyes, for text tools, for tests. */
#ifndef SN_JSON_H
#define SN_JSON_H

#include <sn/stream.h>

/**
 * One encoded map as one line of JSON, without newline, appended to b.  What JSON lacks is spelt
 *   tensor   {"type":"<f4","shape":[2,3],"data":[...]}     bin   {"bin":"c0ffee"}
 *   float 32 {"f4":0.5} (a pair's d: just the number)      ext   {"ext":[5,"00ff"]}
 *   other maps whose keys are no strings, or that look like one of these: {"map":[[key,value],...]}
 * Floats always show a point or an exponent; NaN, Infinity and -Infinity stand as such.
 */
SN_MUST_CHECK int sn_json_print(struct sn_buffer *b, struct sn_slice map);

/** The way back: one line -> one encoded map appended to b. A tensor's "shape" may be left out
 * where it is one row. SN_EDATA says where. */
SN_MUST_CHECK int sn_json_parse(struct sn_buffer *b, const char *line, size_t size);

/*
 * A reader opened with SN_READ_JSON takes such lines as the maps of a stream.  Empty lines are
 * passed over.  An end needs only its count and `failed`; its sum, which was that of other bytes,
 * is not looked at.
 */

#endif
