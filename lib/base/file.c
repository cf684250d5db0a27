/*
 * file - output that is whole or not there.
 *
 * Temporary files stand in a list that is only ever added to, so that a signal handler can walk
 * it at any moment, in any thread: entries are reused, never freed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sn/file.h>
#include <sn/memory.h>

/* ---- temporary files that must not stay ----------------------------------------------- */

struct temporary {
	struct temporary *next;
	atomic_bool used; /* somebody's; free to be taken otherwise */
	atomic_bool live; /* path is a file to be removed */
	char path[PATH_MAX];
};

static _Atomic(struct temporary *) temporaries;
static atomic_int creating; /* threads between creating a file and marking it */
static atomic_bool ending;  /* a signal came: nothing is created any more */

static void remove_temporaries(void)
{
	for (struct temporary *t = atomic_load(&temporaries); t; t = t->next)
		if (atomic_load(&t->live))
			unlink(t->path);
}

/* SA_RESETHAND has put back the default action and SA_NODEFER lets it happen at once. */
static void end_by_signal(int number)
{
	int saved = errno;

	/* this may be any thread, also one that a library started; those that create have
	   signals blocked, so it is never one that we wait for */
	atomic_store(&ending, true);
	while (atomic_load(&creating))
		sched_yield();
	remove_temporaries();
	errno = saved;
	raise(number);
}

static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGXCPU, SIGXFSZ };

/* Create the file and mark it in one step, as the handler sees it: what it does not know would
 * stay.
 */
static int create_temporary(struct temporary *t, mode_t mode)
{
	sigset_t ends, old;
	int fd;

	sigemptyset(&ends);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(&ends, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &ends, &old);
	atomic_fetch_add(&creating, 1);
	if (atomic_load(&ending)) {
		atomic_fetch_sub(&creating, 1);
		for (;;)
			pause(); /* the process is about to end */
	}
	fd = open(t->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd >= 0)
		atomic_store(&t->live, true);
	atomic_fetch_sub(&creating, 1);
	pthread_sigmask(SIG_SETMASK, &old, NULL); /* errno stays: it returns its error */
	return fd;
}

static void watch_signals(void)
{
	struct sigaction now, act = { .sa_handler = end_by_signal };

	act.sa_flags = (int)(SA_RESETHAND | SA_NODEFER);
	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		/* what is ignored (nohup) or somebody else's stays so */
		if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
			sigaction(numbers[i], &act, NULL);
	atexit(remove_temporaries);
}

static struct temporary *temporary_get(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct temporary *t;

	pthread_once(&once, watch_signals);
	for (t = atomic_load(&temporaries); t; t = t->next)
		if (!atomic_exchange(&t->used, true))
			return t;
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	atomic_store(&t->used, true);
	t->next = atomic_load(&temporaries);
	while (!atomic_compare_exchange_weak(&temporaries, &t->next, t))
		;
	return t;
}

static void temporary_put(struct temporary *t)
{
	if (!t)
		return;
	atomic_store(&t->live, false);
	atomic_store(&t->used, false);
}

/* ---- output --------------------------------------------------------------------------- */

struct sn_output {
	int fd;
	char *name;		/* for messages: "<stdout>" or the path */
	char *subject;		/* the same, the path in quotes */
	char *target;		/* what the temporary file becomes; NULL: written directly */
	struct temporary *temp; /* where target is set */
};

/* The file that a path stands for, links of its last part followed, there or not; NULL with errno.
 */
static char *follow_links(const char *path)
{
	char *p = strdup(path), *to, *next;
	struct stat st;

	for (int links = 0; p; links++) {
		const char *slash;
		ssize_t n;

		if (lstat(p, &st) < 0 || !S_ISLNK(st.st_mode))
			return p;
		to = links < 40 ? calloc(1, PATH_MAX) : NULL;
		n = to ? readlink(p, to, PATH_MAX - 1) : -1;
		slash = strrchr(p, '/');
		next = NULL;
		if (n < 0)
			errno = links < 40 ? errno : ELOOP;
		else if (to[0] == '/' || !slash)
			next = strdup(to);
		else if (asprintf(&next, "%.*s/%s", (int)(slash - p), p, to) < 0)
			next = NULL;
		free(to);
		free(p);
		p = next;
	}
	return NULL;
}

/* Create ".name.RANDOM" beside target, removed by any end of the program until it is committed. */
static int open_temporary(struct sn_output *o)
{
	const char *slash = strrchr(o->target, '/');
	const char *base = slash ? slash + 1 : o->target;
	int folder = (int)(base - o->target);
	struct temporary *t = o->temp;
	struct stat st;
	bool there = stat(o->target, &st) == 0;

	if (!*base) {
		errno = folder ? EISDIR : ENOENT;
		return sn_fail_errno("cannot write %s", o->subject);
	}
	/* a file that may not be written is not replaced either */
	if (there && access(o->target, W_OK) < 0)
		return sn_fail_errno("cannot write %s", o->subject);
	for (int attempt = 0; attempt < 100; attempt++) {
		uint64_t random;
		int n;

		if (getrandom(&random, sizeof random, 0) != sizeof random)
			return sn_fail_errno("cannot write %s", o->subject);
		/* a name may have 255 bytes, this one's additions included */
		n = snprintf(t->path, sizeof t->path, "%.*s.%.200s.%06llx", folder, o->target, base,
			     (unsigned long long)(random & 0xffffff));
		if (n < 0 || (size_t)n >= sizeof t->path) {
			errno = ENAMETOOLONG;
			break;
		}
		/* 0666: the system takes the umask off; where a file is replaced, its mode counts
		 */
		o->fd = create_temporary(t, there ? 0600 : 0666);
		if (o->fd >= 0 || errno != EEXIST)
			break;
	}
	if (o->fd < 0)
		return sn_fail_errno("cannot create a file beside %s", o->subject);
	/* the owner can only be kept by root; without that right the file is the user's own */
	if (there && (st.st_uid != geteuid() || st.st_gid != getegid()) &&
	    fchown(o->fd, st.st_uid, st.st_gid) < 0 && errno != EPERM)
		return sn_fail_errno("cannot set the owner of %s", o->subject);
	if (there && fchmod(o->fd, st.st_mode & 0777) < 0)
		return sn_fail_errno("cannot set the mode of %s", o->subject);
	return 0;
}

/* Names of descriptors that are open already: standard output's number, another's, or -1. */
static int named_descriptor(const char *path)
{
	static const char *const folder[] = { "/dev/fd/", "/proc/self/fd/" };

	if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0)
		return STDOUT_FILENO;
	if (strcmp(path, "/dev/stderr") == 0)
		return STDERR_FILENO;
	for (size_t i = 0; i < sizeof folder / sizeof *folder; i++)
		if (strncmp(path, folder[i], strlen(folder[i])) == 0) {
			const char *digits = path + strlen(folder[i]);
			size_t n = strspn(digits, "0123456789");

			if (n > 0 && n < 7 && digits[n] == 0)
				return atoi(digits);
		}
	return -1;
}

#define PIPE_SIZE (1 << 20)

/* Written as it is: a device, a pipe, a descriptor of the caller's. */
static int open_direct(struct sn_output *o, int fd)
{
	struct stat st;

	o->fd = fd;
	if (fd < 0)
		return sn_fail_errno("cannot write %s", o->subject);
#ifdef F_SETPIPE_SZ
	/* who writes and who reads wait for each other less often; a refusal changes nothing */
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && fcntl(fd, F_GETPIPE_SZ) < PIPE_SIZE)
		(void)fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
#endif
	return 0;
}

static int open_named(struct sn_output *o, const char *path)
{
	int fd = named_descriptor(path);
	struct stat st;

	if (fd >= 0)
		return open_direct(o, fcntl(fd, F_DUPFD_CLOEXEC, 3));
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return open_direct(o, open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
	o->target = follow_links(path);
	if (!o->target)
		return sn_fail_errno("cannot write %s", o->subject);
	o->temp = temporary_get();
	if (!o->temp)
		return sn_fail_memory();
	return open_temporary(o);
}

int sn_output_open(struct sn_output **output, const char *path)
{
	struct sn_output *o = calloc(1, sizeof *o);
	bool standard = strcmp(path, "-") == 0;
	int st;

	if (!o)
		return sn_fail_memory();
	o->fd = -1;
	o->name = strdup(standard ? "<stdout>" : path);
	if (!o->name || asprintf(&o->subject, standard ? "%s" : "'%s'", o->name) < 0) {
		o->subject = NULL;
		st = sn_fail_memory();
	} else {
		st = open_named(o, path);
	}
	if (st < 0) {
		sn_output_discard(o);
		return st;
	}
	*output = o;
	return 0;
}

const char *sn_output_name(const struct sn_output *o)
{
	return o->name;
}

bool sn_output_is_terminal(const struct sn_output *o)
{
	return isatty(o->fd) == 1;
}

int sn_output_write(struct sn_output *o, const void *data, size_t size)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = write(o->fd, p, size);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			/* somebody made the other end of our pipe non-blocking */
			struct pollfd wait = { .fd = o->fd, .events = POLLOUT };

			poll(&wait, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return sn_fail_errno("cannot write %s", o->subject);
		} else if (n > 0) {
			p += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

int sn_output_commit(struct sn_output *o)
{
	int st = 0, fd = o->fd;

	/* What has no disk behind it cannot be synced, and a file that the shell opened is the
	   shell's to sync; closing our copy of its descriptor still tells of delayed errors. */
	if (o->target && fsync(fd) < 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		st = sn_fail_errno("cannot write %s", o->subject);
	o->fd = -1;
	if (close(fd) < 0 && errno != EINTR && st == 0)
		st = sn_fail_errno("cannot write %s", o->subject);
	if (o->target && st == 0) {
		if (rename(o->temp->path, o->target) < 0)
			st = sn_fail_errno("cannot write %s", o->subject);
		else
			atomic_store(&o->temp->live, false);
	}
	sn_output_discard(o);
	return st;
}

void sn_output_discard(struct sn_output *o)
{
	if (!o)
		return;
	if (o->fd >= 0)
		close(o->fd);
	if (o->temp && atomic_load(&o->temp->live))
		unlink(o->temp->path);
	temporary_put(o->temp);
	free(o->target);
	free(o->name);
	free(o->subject);
	free(o);
}

/* ---- input ---------------------------------------------------------------------------- */

/* quote: what stands around the name, "'" or "" */
static int read_all(int fd, const char *name, const char *quote, size_t limit, struct sn_buffer *b)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return sn_fail_errno("cannot read %s%s%s", quote, name, quote);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size <= limit &&
	    sn_buffer_reserve(b, (size_t)st.st_size + 2) < 0)
		return SN_ENOMEM;
	for (;;) {
		ssize_t n;

		if (b->size > limit)
			return sn_fail(SN_EDATA, "%s%s%s is larger than %zu bytes", quote, name,
				       quote, limit);
		/* room for the 0 behind it, and for one byte that tells the end from the limit */
		if (b->capacity - b->size < 2 &&
		    sn_buffer_reserve(b, b->size < 65536 ? 65536 : 2) < 0)
			return SN_ENOMEM;
		n = read(fd, b->data + b->size, b->capacity - b->size - 1);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			struct pollfd wait = { .fd = fd, .events = POLLIN };

			poll(&wait, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return sn_fail_errno("cannot read %s%s%s", quote, name, quote);
		} else if (n == 0) {
			b->data[b->size] = 0;
			return 0;
		} else if (n > 0) {
			b->size += (size_t)n;
		}
	}
}

int sn_file_read(const char *path, size_t limit, uint8_t **data, size_t *size)
{
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? "<stdin>" : path;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct sn_buffer b = { 0 };
	int st;

	if (fd < 0)
		return sn_fail_errno("cannot open '%s'", path);
	st = read_all(fd, name, standard ? "" : "'", limit, &b);
	if (!standard)
		close(fd);
	if (st < 0) {
		sn_buffer_release(&b);
		return st;
	}
	*data = b.data;
	*size = b.size;
	return 0;
}
