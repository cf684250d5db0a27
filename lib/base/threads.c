/* threads - one pool for loops, one queue for ordered work; who waits, sleeps. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sn/memory.h>
#include <sn/threads.h>

unsigned sn_processors(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
	else
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}

/* Signals that end a program are the first thread's business; SIGPIPE belongs to whoever writes. */
static int start_thread(pthread_t *id, void *(*run)(void *), void *argument)
{
	sigset_t ends, old;
	int error;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, &old);
	error = pthread_create(id, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

/* ---- pool ----------------------------------------------------------------------------- */

struct worker {
	struct sn_pool *pool;
	unsigned number;
	pthread_t id;
};

struct sn_pool {
	pthread_mutex_t lock;
	pthread_cond_t start, done;
	unsigned threads;    /* the caller counted */
	unsigned busy;	     /* workers within the loop */
	unsigned long round; /* counts loops */
	bool open;	     /* workers may still join the loop */
	bool stop;

	/* the loop */
	int (*work)(void *context, size_t index, unsigned thread);
	void *context;
	size_t n;
	atomic_size_t next;
	atomic_size_t failed; /* the lowest index that failed; SIZE_MAX: none */
	int code;	      /* of `failed`; with its message under the lock */
	char *message;

	struct worker worker[];
};

/* Pieces go out in rising order, so all below a failed one are out already: whoever fails ends the
   loop for the pieces above alone, and the lowest failure is the same for any number of threads. */
static void take_pieces(struct sn_pool *p, unsigned thread)
{
	size_t i;

	while ((i = atomic_fetch_add(&p->next, 1)) < p->n && i < atomic_load(&p->failed)) {
		int code = p->work(p->context, i, thread);

		if (code >= 0)
			continue;
		pthread_mutex_lock(&p->lock);
		if (i < atomic_load(&p->failed)) {
			atomic_store(&p->failed, i);
			p->code = code;
			free(p->message);
			p->message = strdup(sn_message());
		}
		pthread_mutex_unlock(&p->lock);
	}
}

static void *pool_worker(void *argument)
{
	struct worker *me = argument;
	struct sn_pool *p = me->pool;
	unsigned long seen = 0;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->stop && !(p->open && seen != p->round))
			pthread_cond_wait(&p->start, &p->lock);
		if (p->stop)
			break;
		seen = p->round;
		p->busy++;
		pthread_mutex_unlock(&p->lock);
		take_pieces(p, me->number);
		pthread_mutex_lock(&p->lock);
		if (--p->busy == 0)
			pthread_cond_signal(&p->done);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

int sn_pool_new(struct sn_pool **pool, unsigned threads)
{
	struct sn_pool *p;

	if (threads == 0)
		threads = sn_processors();
	p = calloc(1, sizeof *p + (threads - 1) * sizeof p->worker[0]);
	if (!p)
		return sn_fail_memory();
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->start, NULL);
	pthread_cond_init(&p->done, NULL);
	/* where the system gives fewer threads the work is done by fewer: results are the same */
	for (p->threads = 1; p->threads < threads; p->threads++) {
		struct worker *w = &p->worker[p->threads - 1];

		w->pool = p;
		w->number = p->threads;
		if (start_thread(&w->id, pool_worker, w) != 0)
			break;
	}
	*pool = p;
	return 0;
}

void sn_pool_free(struct sn_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->start);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i + 1 < p->threads; i++)
		pthread_join(p->worker[i].id, NULL);
	pthread_cond_destroy(&p->start);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	free(p->message);
	free(p);
}

unsigned sn_pool_threads(const struct sn_pool *p)
{
	return p ? p->threads : 1;
}

int sn_pool_run(struct sn_pool *p, size_t n,
		int (*work)(void *context, size_t index, unsigned thread), void *context)
{
	int code = 0;

	if (!p || p->threads == 1 || n <= 1) {
		for (size_t i = 0; i < n; i++)
			if ((code = work(context, i, 0)) < 0)
				return code;
		return 0;
	}
	pthread_mutex_lock(&p->lock);
	p->work = work;
	p->context = context;
	p->n = n;
	p->code = 0;
	atomic_store(&p->next, 0);
	atomic_store(&p->failed, SIZE_MAX);
	p->round++;
	p->open = true;
	pthread_cond_broadcast(&p->start);
	pthread_mutex_unlock(&p->lock);

	take_pieces(p, 0);

	/* a worker that has not woken by now has missed nothing */
	pthread_mutex_lock(&p->lock);
	p->open = false;
	while (p->busy)
		pthread_cond_wait(&p->done, &p->lock);
	if (p->code < 0)
		code = sn_fail(p->code, "%s", p->message ? p->message : "out of memory");
	pthread_mutex_unlock(&p->lock);
	return code;
}

/* ---- queue ---------------------------------------------------------------------------- */

struct slot {
	void *job;
	bool done;
	int status;
	char *message; /* where status < 0; NULL: there was no memory for it */
};

struct sn_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, finished;
	int (*work)(void *context, void *job);
	void *context;
	size_t depth;
	uint64_t put, started,
		taken; /* jobs so far; put and taken are changed by the caller alone */
	bool stop;
	struct slot *slot; /* [depth], job n in slot n % depth */
	unsigned threads;
	pthread_t id[];
};

static void *queue_worker(void *argument)
{
	struct sn_queue *q = argument;

	pthread_mutex_lock(&q->lock);
	for (;;) {
		struct slot *s;
		char *message;
		int status;

		while (!q->stop && q->started == q->put)
			pthread_cond_wait(&q->filled, &q->lock);
		if (q->stop)
			break;
		s = &q->slot[q->started++ % q->depth];
		pthread_mutex_unlock(&q->lock);
		status = q->work(q->context, s->job);
		message = status < 0 ? strdup(sn_message()) : NULL;
		pthread_mutex_lock(&q->lock);
		s->status = status;
		s->message = message;
		s->done = true;
		if (s == &q->slot[q->taken % q->depth])
			pthread_cond_signal(&q->finished);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

int sn_queue_new(struct sn_queue **queue, unsigned threads, size_t depth,
		 int (*work)(void *context, void *job), void *context)
{
	struct sn_queue *q;
	int error = 0;

	if (depth == 0)
		return sn_fail(SN_EUSAGE, "a queue of depth 0 holds nothing");
	if (threads == 0)
		threads = sn_processors();
	q = calloc(1, sizeof *q + threads * sizeof q->id[0]);
	if (!q)
		return sn_fail_memory();
	q->slot = calloc(depth, sizeof *q->slot);
	if (!q->slot) {
		free(q);
		return sn_fail_memory();
	}
	q->work = work;
	q->context = context;
	q->depth = depth;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, NULL);
	pthread_cond_init(&q->finished, NULL);
	for (q->threads = 0; q->threads < threads; q->threads++)
		if ((error = start_thread(&q->id[q->threads], queue_worker, q)) != 0)
			break;
	if (q->threads == 0) { /* fewer than asked for will do, none will not */
		sn_queue_free(q);
		return sn_fail(SN_EIO, "cannot start a thread: %s", strerror(error));
	}
	*queue = q;
	return 0;
}

void sn_queue_free(struct sn_queue *q)
{
	if (!q)
		return;
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
	for (unsigned i = 0; i < q->threads; i++)
		pthread_join(q->id[i], NULL);
	pthread_cond_destroy(&q->filled);
	pthread_cond_destroy(&q->finished);
	pthread_mutex_destroy(&q->lock);
	for (size_t i = 0; i < q->depth; i++)
		free(q->slot[i].message);
	free(q->slot);
	free(q);
}

size_t sn_queue_pending(const struct sn_queue *q)
{
	return (size_t)(q->put - q->taken);
}

int sn_queue_put(struct sn_queue *q, void *job)
{
	if (q->put - q->taken >= q->depth)
		return sn_fail(SN_EUSAGE, "the queue is full");
	pthread_mutex_lock(&q->lock);
	q->slot[q->put++ % q->depth] = (struct slot){ .job = job };
	pthread_cond_signal(&q->filled);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

void sn_queue_take(struct sn_queue *q, void **job, int *status)
{
	struct slot *s;

	pthread_mutex_lock(&q->lock);
	s = &q->slot[q->taken % q->depth];
	while (!s->done)
		pthread_cond_wait(&q->finished, &q->lock);
	*job = s->job;
	*status = s->status;
	if (s->status < 0)
		sn_fail(s->status, "%s", s->message ? s->message : "out of memory");
	free(s->message);
	*s = (struct slot){ 0 };
	q->taken++;
	pthread_mutex_unlock(&q->lock);
}
