/*
 * The loss as a filter: another program, behind a pair of pipes.
 *
 * A section goes out for each step, a section of gradients comes back.  The program may read all
 * before it writes, or write while it reads, and sections may be larger than what a pipe holds; so
 * whenever an answer would have to be waited for, what is still to be written goes out as the
 * program takes it.  Nothing is read beyond an answer's end before the next step.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <sn/train.h>
#include "loss_private.h"

#define GRACE                                                                                      \
	100 /* times 20 ms for a program that has closed its output to end, before SIGTERM         \
	     */

extern char **environ;

struct sn_loss_filter {
	const struct sn_model *model;
	char command[64]; /* the beginning, for messages */
	pid_t pid;	  /* 0: no longer ours to wait for */
	int to, from;	  /* to: -1 where it takes no more */
	struct sn_reader *reader;
	struct sn_writer *writer; /* into out */
	struct sn_buffer out;
	size_t sent;  /* of out */
	bool closing; /* what is in out is the last */
	char name[32];
	double margin;
	int distance;
};

/* ---- the program -------------------------------------------------------------------------- */

static int start(struct sn_loss_filter *f, const char *command, int in, int out)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int failed;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return sn_fail_memory();
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return sn_fail_memory();
	}
	sigemptyset(&none);
	failed = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO) ||
		 posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) ||
		 posix_spawnattr_setsigmask(&attributes, &none) ||
		 posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	if (!failed &&
	    (errno = posix_spawn(&f->pid, "/bin/sh", &actions, &attributes, argv, environ)) != 0) {
		f->pid = 0;
		failed = true;
	}
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return failed ? sn_fail_errno("cannot run the loss filter '%s'", f->command) : 0;
}

static int open_pipes(struct sn_loss_filter *f, const char *command)
{
	int in[2], out[2], st;

	if (pipe2(in, O_CLOEXEC) < 0)
		return sn_fail_errno("cannot make a pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		st = sn_fail_errno("cannot make a pipe");
		close(in[0]);
		close(in[1]);
		return st;
	}
	f->to = in[1];
	f->from = out[0];
	if (fcntl(f->to, F_SETFL, O_NONBLOCK) < 0)
		st = sn_fail_errno("cannot set up a pipe");
	else
		st = start(f, command, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	return st;
}

static void stop_writing(struct sn_loss_filter *f)
{
	if (f->to >= 0)
		close(f->to);
	f->to = -1;
	f->out.size = f->sent = 0;
}

/* write(2) without the signal that a closed pipe sends: the program's end is told otherwise. */
static ssize_t write_quietly(int fd, const void *data, size_t size)
{
	const struct timespec now = { 0, 0 };
	sigset_t pipe, old, pending;
	bool was_pending;
	ssize_t n;
	int saved;

	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	n = write(fd, data, size);
	saved = errno;
	if (n < 0 && saved == EPIPE && !was_pending)
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return n;
}

/* Write what the pipe takes just now. */
static int send_some(struct sn_loss_filter *f)
{
	while (f->to >= 0 && f->sent < f->out.size) {
		ssize_t n = write_quietly(f->to, f->out.data + f->sent, f->out.size - f->sent);
		if (n >= 0)
			f->sent += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return 0;
		else if (errno == EPIPE)
			stop_writing(f); /* it may have an answer all the same */
		else if (errno != EINTR)
			return sn_fail_errno("cannot write to the loss filter '%s'", f->command);
	}
	f->out.size = f->sent = 0;
	return 0;
}

/* Until there is something to read (or the program's end), write. */
static int wait_for_answer(void *context)
{
	struct sn_loss_filter *f = context;
	struct pollfd p[2] = { { .fd = f->from, .events = POLLIN }, { .events = POLLOUT } };
	int st;

	for (;;) {
		if ((st = send_some(f)) < 0)
			return st;
		if (f->closing && f->out.size == 0)
			stop_writing(f);
		p[1].fd = f->out.size ? f->to : -1;
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return sn_fail_errno("cannot wait for the loss filter '%s'", f->command);
		if (p[0].revents)
			return 0;
		p[0].revents = p[1].revents = 0;
	}
}

/* ---- its end ------------------------------------------------------------------------------- */

static pid_t wait_gracefully(pid_t pid, int *status)
{
	const struct timespec moment = { 0, 20000000 };

	for (int i = 0; i < GRACE; i++) {
		pid_t got = waitpid(pid, status, WNOHANG);
		if (got != 0 && !(got < 0 && errno == EINTR))
			return got;
		nanosleep(&moment, NULL);
	}
	return 0;
}

static void close_pipes(struct sn_loss_filter *f)
{
	stop_writing(f);
	if (f->from >= 0)
		close(f->from);
	f->from = -1;
}

/*
 * The program after its output has ended (or is not wanted any more): how it ended, as waitpid
 * says it; -1 where it had to be stopped.
 */
static int reap(struct sn_loss_filter *f)
{
	int status = -1;
	pid_t got, pid = f->pid;

	close_pipes(f);
	if (!pid)
		return -1;
	f->pid = 0;
	got = wait_gracefully(pid, &status);
	if (got > 0)
		return status;
	if (got == 0) {
		kill(pid, SIGTERM);
		if (wait_gracefully(pid, &status) == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
		}
	}
	return -1;
}

static int blame_status(const struct sn_loss_filter *f, int status)
{
	if (status != -1 && WIFSIGNALED(status))
		return sn_fail(SN_EDATA, "the loss filter '%s' was ended by signal %d (%s)",
			       f->command, WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status))
		return sn_fail(SN_EDATA, "the loss filter '%s' failed with exit status %d%s",
			       f->command, WEXITSTATUS(status),
			       WEXITSTATUS(status) == 127 ? ": there is no such program" : "");
	if (status == -1)
		return sn_fail(SN_EDATA, "the loss filter '%s' closed its output", f->command);
	return 0;
}

/* Has its output ended?  Then nothing more comes, whatever was there. */
static bool has_ended(const struct sn_loss_filter *f)
{
	struct pollfd p = { .fd = f->from, .events = POLLIN };

	return f->from < 0 || (poll(&p, 1, 0) == 1 && !(p.revents & POLLIN));
}

/* An answer that is none: where the program has ended, that is the reason. */
static int blame(struct sn_loss_filter *f, int st)
{
	int told;

	if (st >= 0 || !has_ended(f))
		return sn_fail_at(st, "the loss filter '%s'", f->command);
	if ((told = blame_status(f, reap(f))) < 0)
		return told;
	return sn_fail(SN_EDATA,
		       "the loss filter '%s' ended, with exit status 0, before it had "
		       "answered",
		       f->command);
}

/* ---- a step -------------------------------------------------------------------------------- */

static int write_head(struct sn_loss_filter *f, const struct sn_objective *o,
		      const struct sn_loss_batch *b)
{
	struct sn_model told = *f->model;
	struct sn_header *h;
	int st = sn_header_new(&h, "pairs");

	if (st < 0)
		return st;
	told.xxh3 = 0; /* moving: nil */
	told.distance = o->distance;
	if (o->margin > 0)
		told.margin = o->margin;
	sn_threshold_clear(&told.threshold);
	if ((st = sn_model_announce(&told, h)) == 0 &&
	    (st = sn_header_set_str(h, "mean", b->balance ? "balanced" : "plain")) == 0 &&
	    (!b->step || (st = sn_header_set_uint(h, "step", b->step)) == 0))
		st = sn_write_header(f->writer, h);
	sn_header_free(h);
	return st;
}

static void name_item(struct sn_item *item, const struct sn_loss_batch *b, size_t i)
{
	const struct sn_entry *e = &b->items->entry[b->image[i]];

	item->number = e->number;
	item->key = (struct sn_slice){ (const uint8_t *)e->key, e->key_size };
	if (e->label != SN_NO_CLASS)
		item->label = (struct sn_slice){ (const uint8_t *)b->items->label[e->label],
						 b->items->label_size[e->label] };
	item->forged = e->forged;
}

static int ask(struct sn_loss_filter *f, const struct sn_objective *o,
	       const struct sn_loss_batch *b)
{
	int st = write_head(f, o, b);

	for (size_t i = 0; st == 0 && i < b->n; i++) {
		struct sn_item item = { .x = { 'f', 1, { b->dim }, b->dim, b->y + i * b->dim } };
		name_item(&item, b, i);
		st = sn_write_item(f->writer, &item);
	}
	for (size_t i = 0; st == 0 && i < b->pairs; i++) {
		const struct sn_index_pair *p = &b->pair[i];
		st = sn_write_pair(f->writer,
				   &(struct sn_pair){ .a = b->items->entry[b->image[p->a]].number,
						      .b = b->items->entry[b->image[p->b]].number,
						      .same = p->same,
						      .trial = SN_NONE,
						      .batch = SN_NONE });
	}
	return st < 0 ? st : sn_write_end(f->writer, 0);
}

/* The head's gradient, where the answer has one; without it the head stays as it is. */
static int read_head_gradient(const struct sn_header *h, const struct sn_loss_batch *b,
			      float *dhead)
{
	struct sn_slice value = sn_header_get(h, "head");
	struct sn_tensor t;
	int st;

	memset(dhead, 0, (b->dim + 1) * sizeof *dhead);
	if (!value.data || (value.size == 1 && value.data[0] == 0xc0))
		return 0;
	if ((st = sn_tensor_decode(&t, value)) < 0)
		return st;
	if (t.type != 'f' || t.count != b->dim + 1)
		return sn_fail(SN_EDATA, "head, the gradient of the head, wants f4 [%zu]",
			       b->dim + 1);
	memcpy(dhead, t.data, t.count * sizeof *dhead);
	for (size_t i = 0; i < t.count; i++)
		if (!isfinite(dhead[i]))
			return sn_fail(SN_ENAN, "the gradient of the head is not finite");
	return 0;
}

static int read_header(struct sn_loss_filter *f, struct sn_loss_result *result,
		       const struct sn_loss_batch *b, const struct sn_record *rec)
{
	struct sn_slice name;
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);

	if (st < 0)
		return st;
	if ((st = sn_header_expect(h, "items")) < 0)
		goto out;
	if (!sn_header_get_f8(h, "loss", &result->loss)) {
		st = sn_fail(SN_EDATA, "a header without 'loss', a number f8");
		goto out;
	}
	if (!isfinite(result->loss)) {
		st = sn_fail(SN_ENAN, "the loss is not finite");
		goto out;
	}
	if (sn_header_get_str(h, "objective", &name) && name.size < sizeof f->name) {
		memcpy(f->name, name.data, name.size);
		f->name[name.size] = 0;
	}
	sn_header_get_f8(h, "margin", &f->margin);
	if (sn_header_get_str(h, "distance", &name))
		for (int k = 0; sn_distance_names[k]; k++)
			if (name.size == strlen(sn_distance_names[k]) &&
			    memcmp(name.data, sn_distance_names[k], name.size) == 0)
				f->distance = k;
	if (result->dhead)
		st = read_head_gradient(h, b, result->dhead);
out:
	sn_header_free(h);
	return st;
}

static int read_item(struct sn_loss_result *result, const struct sn_loss_batch *b, size_t n,
		     const struct sn_item *item)
{
	const struct sn_tensor *x = &item->x;
	char shape[96];

	if (n == b->n)
		return sn_fail(SN_EDATA, "item %llu is one more than the %zu of the step",
			       (unsigned long long)item->number, b->n);
	if (item->number != b->items->entry[b->image[n]].number)
		return sn_fail(SN_EDATA, "item %llu, wanted %llu: all items of the step, in order",
			       (unsigned long long)item->number,
			       (unsigned long long)b->items->entry[b->image[n]].number);
	if (x->type != 'f' || x->rank != 1 || x->count != b->dim)
		return sn_fail(SN_EDATA, "item %llu: x is %s %s, wanted its gradient, f4 [%zu]",
			       (unsigned long long)item->number,
			       x->type == 'f' ? "f4"
			       : x->type      ? "u1"
					      : "nothing",
			       x->type ? sn_shape_text(shape, x->shape, x->rank) : "", b->dim);
	if (result->dy)
		memcpy(result->dy + n * b->dim, x->data, b->dim * sizeof(float));
	return 0;
}

static int read_answer(struct sn_loss_filter *f, struct sn_loss_result *result,
		       const struct sn_loss_batch *b)
{
	struct sn_record rec;
	size_t n = 0;
	int st, got;

	for (;;) {
		if ((got = st = sn_read(f->reader, &rec)) < 0)
			return blame(f, st);
		if (got == SN_EOF)
			return blame(f, sn_fail(SN_EDATA, "no answer"));
		if (got == SN_HEADER)
			st = read_header(f, result, b, &rec);
		else if (got == SN_RECORD && rec.map == SN_MAP_ITEM)
			st = read_item(result, b, n++, &rec.item);
		else if (got == SN_END)
			break;
		if (st < 0) {
			st = sn_reader_blame_last(f->reader, st);
			return sn_fail_at(st, "the loss filter '%s'", f->command);
		}
	}
	if (n != b->n)
		return sn_fail(SN_EDATA,
			       "the loss filter '%s': gradients of %zu items, wanted all %zu",
			       f->command, n, b->n);
	return 0;
}

int loss_filter_measure(struct sn_loss_result *result, const struct sn_objective *o,
			const struct sn_loss_batch *b)
{
	int st;

	if ((st = ask(o->filter, o, b)) < 0 || (st = read_answer(o->filter, result, b)) < 0)
		return st;
	result->terms = 1;
	result->active = NAN;
	return 0;
}

/* ---- opening and closing ------------------------------------------------------------------- */

static void release(struct sn_loss_filter *f)
{
	if (f->pid)
		reap(f);
	close_pipes(f);
	sn_reader_close(f->reader);
	if (f->writer && sn_writer_close(f->writer, false) < 0) {
		/* nothing of it is wanted any more */
	}
	sn_buffer_release(&f->out);
	free(f);
}

int sn_loss_filter_open(struct sn_loss_filter **filter, const char *command,
			const struct sn_model *model)
{
	struct sn_loss_filter *f = sn_alloc(1, sizeof *f);
	int st;

	if (!f)
		return SN_ENOMEM;
	f->model = model;
	f->to = f->from = -1;
	f->margin = NAN;
	f->distance = -1;
	strncpy(f->command, command, sizeof f->command - 1);
	if ((st = open_pipes(f, command)) < 0 ||
	    (st = sn_reader_open_fd(&f->reader, f->from, "<its output>", 0)) < 0 ||
	    (st = sn_writer_open_buffer(&f->writer, &f->out)) < 0) {
		release(f);
		return st;
	}
	sn_reader_before_wait(f->reader, wait_for_answer, f);
	*filter = f;
	return 0;
}

const char *sn_loss_filter_name(const struct sn_loss_filter *f)
{
	return f->name[0] ? f->name : NULL;
}

double sn_loss_filter_margin(const struct sn_loss_filter *f)
{
	return f->margin;
}

int sn_loss_filter_distance(const struct sn_loss_filter *f)
{
	return f->distance;
}

/* Give it the rest, read on to its end. */
static int drain(struct sn_loss_filter *f)
{
	char nothing[1 << 16];
	int st;

	f->closing = true;
	for (;;) {
		ssize_t n;
		if ((st = wait_for_answer(f)) < 0)
			return st;
		n = read(f->from, nothing, sizeof nothing);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return sn_fail_errno("cannot read from the loss filter '%s'", f->command);
	}
}

int sn_loss_filter_close(struct sn_loss_filter *f, bool ok)
{
	int st =
		f->pid || !ok ? 0 : sn_fail(SN_EDATA, "the loss filter '%s' has ended", f->command);
	int status;

	if (ok && st == 0 && (st = drain(f)) == 0) {
		pid_t pid = f->pid;
		/* its output has ended: so will it, however long it takes to tidy up */
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		f->pid = 0;
		st = blame_status(f, status);
	}
	release(f);
	return st;
}
