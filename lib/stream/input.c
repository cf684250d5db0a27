/* input - bytes from a descriptor or from memory */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "private.h"

static ssize_t read_memory(struct sn_input *in, void *to, size_t n)
{
	n = n < in->memory.size ? n : in->memory.size;
	if (n == 0)
		return 0; /* there may be no memory to point at */
	memcpy(to, in->memory.data, n);
	in->memory.data += n;
	in->memory.size -= n;
	return (ssize_t)n;
}

/* Where nothing can be read as yet, what waits for more goes out first.  0: now reading may wait.
 */
static int before_wait(const struct sn_input *in)
{
	struct pollfd p[2] = { { .fd = in->fd, .events = POLLIN },
			       { .fd = in->watch, .events = POLLIN } };
	while (poll(p, 1, 0) == 0) {
		int st = in->wait(in->wait_context);
		if (st <= 0)
			return st;
		poll(p, 2, -1); /* the work's end, or bytes, whichever comes first */
	}
	return 0;
}

ssize_t sn_input_read(struct sn_input *in, void *to, size_t n)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };
	if (in->fd < 0)
		return read_memory(in, to, n);
	if (in->wait && !in->regular) {
		int st = before_wait(in);
		if (st < 0)
			return st;
	}
	for (;;) {
		ssize_t got = read(in->fd, to, n);
		if (got >= 0)
			return got;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			poll(&p, 1, -1); /* somebody made our standard input non-blocking */
		else if (errno != EINTR)
			return sn_fail_errno("%s: cannot read", in->name);
	}
}
