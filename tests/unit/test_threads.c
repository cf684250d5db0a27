/* test_threads - every piece once, the lowest failure, jobs out in order: for any number of
 * threads. */
#include <sched.h>
#include <stdatomic.h>
#include <sn/random.h>
#include <sn/threads.h>
#include "test.h"

enum { PIECES = 1000 };

struct loop {
	atomic_int done[PIECES];
	unsigned threads;
	size_t fail_from; /* this piece and every third after it fail */
};

static int piece(void *context, size_t i, unsigned thread)
{
	struct loop *l = context;

	CHECK(i < PIECES && thread < l->threads);
	atomic_fetch_add(&l->done[i], 1);
	if (i % 7 == 0)
		sched_yield();
	if (i >= l->fail_from && (i - l->fail_from) % 3 == 0)
		return sn_fail(i == l->fail_from ? SN_ENAN : SN_EDATA, "piece %zu", i);
	return 0;
}

static void test_pool(unsigned threads)
{
	static struct loop l;
	struct sn_pool *p = NULL;

	MUST(sn_pool_new(&p, threads));
	l.threads = sn_pool_threads(p);
	CHECK(threads == 0 ? l.threads == sn_processors() : l.threads == threads);
	for (size_t n = 0; n <= PIECES; n += n < 5 ? 1 : 199) {
		memset(&l.done, 0, sizeof l.done);
		l.fail_from = PIECES;
		CHECK(sn_pool_run(p, n, piece, &l) == 0);
		for (size_t i = 0; i < PIECES; i++)
			CHECK(l.done[i] == (i < n));
	}
	for (size_t fail = 0; fail < PIECES; fail += 37) {
		char wanted[32];

		memset(&l.done, 0, sizeof l.done);
		l.fail_from = fail;
		CHECK(sn_pool_run(p, PIECES, piece, &l) == SN_ENAN);
		snprintf(wanted, sizeof wanted, "piece %zu", fail);
		CHECK(strcmp(sn_message(), wanted) == 0);
		for (size_t i = 0; i <= fail; i++)
			CHECK(l.done[i] == 1);
	}
	/* the pool is whole after failures, and fit for many short loops */
	l.fail_from = PIECES;
	for (int i = 0; i < 2000; i++)
		CHECK(sn_pool_run(p, 3, piece, &l) == 0);
	sn_pool_free(p);
}

static void test_no_pool(void)
{
	static struct loop l = { .threads = 1, .fail_from = 10 };

	CHECK(sn_pool_threads(NULL) == 1);
	CHECK(sn_pool_run(NULL, PIECES, piece, &l) == SN_ENAN);
	CHECK(l.done[10] == 1 && l.done[11] == 0);
	sn_pool_free(NULL);
}

struct job {
	size_t number;
	int done;
};

static int work(void *context, void *job)
{
	struct job *j = job;

	CHECK(*(int *)context == 42);
	/* later jobs are done sooner */
	for (size_t i = j->number % 5; i < 5; i++)
		sched_yield();
	j->done++;
	if (j->number % 11 == 3)
		return sn_fail(SN_EDATA, "job %zu", j->number);
	return (int)(j->number % 2);
}

static void take(struct sn_queue *q, struct job *jobs, size_t i)
{
	char wanted[32];
	void *job = NULL;
	int status = 99;

	sn_queue_take(q, &job, &status);
	CHECK(job == &jobs[i] && jobs[i].done == 1);
	if (i % 11 == 3) {
		snprintf(wanted, sizeof wanted, "job %zu", i);
		CHECK(status == SN_EDATA && strcmp(sn_message(), wanted) == 0);
	} else {
		CHECK(status == (int)(i % 2));
	}
}

static void test_queue(unsigned threads, size_t depth)
{
	static struct job jobs[500];
	struct sn_queue *q = NULL;
	size_t taken = 0;
	int context = 42;

	MUST(sn_queue_new(&q, threads, depth, work, &context));
	for (size_t i = 0; i < 500; i++) {
		jobs[i] = (struct job){ i, 0 };
		if (sn_queue_pending(q) == depth) {
			CHECK(sn_queue_put(q, &jobs[i]) == SN_EUSAGE);
			take(q, jobs, taken++);
		}
		MUST(sn_queue_put(q, &jobs[i]));
		CHECK(sn_queue_pending(q) == i + 1 - taken);
	}
	while (sn_queue_pending(q))
		take(q, jobs, taken++);
	CHECK(taken == 500);
	/* jobs left behind: none is done twice, none is worked on after the queue has gone */
	for (size_t i = 0; i < depth; i++) {
		jobs[i] = (struct job){ i, 0 };
		MUST(sn_queue_put(q, &jobs[i]));
	}
	sn_queue_free(q);
	for (size_t i = 0; i < depth; i++)
		CHECK(jobs[i].done <= 1);
}

int main(void)
{
	struct sn_queue *q;

	CHECK(sn_processors() >= 1);
	for (unsigned threads = 0; threads < 6; threads++)
		test_pool(threads);
	test_no_pool();
	for (unsigned threads = 1; threads < 5; threads++)
		for (size_t depth = 1; depth < 20; depth += 6)
			test_queue(threads, depth);
	test_queue(0, 64);
	CHECK(sn_queue_new(&q, 1, 0, work, NULL) == SN_EUSAGE);
	sn_queue_free(NULL);
	return TEST_END();
}
