/*
 * fuzz_json - any text at all, read as JSON lines.  What is taken is a good stream: written in
 * binary, it is read again, whole.
 */
#include <stdlib.h>
#include <sn/json.h>
#include "../../lib/stream/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int st)
{
	if (st < 0) {
		fprintf(stderr, "not so: %s\n", sn_message());
		abort();
	}
}

/* Read to the end; the maps as they came, one behind the other, to *maps unless it is NULL. */
static int drain(struct sn_slice bytes, unsigned flags, struct sn_buffer *maps)
{
	static struct sn_record rec;
	struct sn_reader *r;
	int st;
	must(sn_reader_open_memory(&r, bytes, "fuzz", flags));
	while ((st = sn_read(r, &rec)) > 0)
		if (maps)
			must(sn_buffer_add(maps, rec.bytes.data, rec.bytes.size));
	sn_reader_close(r);
	return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sn_buffer maps = { 0 };
	if (drain((struct sn_slice){ data, size }, SN_READ_JSON, &maps) == SN_EOF)
		must(drain((struct sn_slice){ maps.data, maps.size }, 0, NULL));
	sn_buffer_release(&maps);
	return 0;
}
