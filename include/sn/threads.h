/* threads - one pool for loops, one queue for ordered work.  Results keep their order. */
#ifndef SN_THREADS_H
#define SN_THREADS_H

#include <stddef.h>
#include <sn/error.h>

/** The processors this process may run on, at least 1. */
unsigned sn_processors(void);

struct sn_pool;

/**
 * A pool of `threads` (0: all processors), the caller counted; so 1 starts none.  Idle threads
 * sleep.  Where the system gives fewer, there are fewer.
 */
SN_MUST_CHECK int sn_pool_new(struct sn_pool **pool, unsigned threads);
void sn_pool_free(struct sn_pool *pool);	      /* NULL is allowed */
unsigned sn_pool_threads(const struct sn_pool *pool); /* NULL: 1 */

/**
 * Call work(context, index, thread) once for each index in [0, n), several at a time.
 *   index   which piece; pieces are handed out in rising order
 *   thread  in [0, threads), for scratch memory
 * Returns 0, or the code of the lowest index that failed, with its message; all pieces below it
 * were done, some above it may have been.  pool NULL: in this thread, in order.  Not reentrant.
 */
SN_MUST_CHECK int sn_pool_run(struct sn_pool *pool, size_t n,
			      int (*work)(void *context, size_t index, unsigned thread),
			      void *context);

/** Jobs done in parallel, taken out in the order in which they were put in. */
struct sn_queue;

/**
 *   threads  workers (0: all processors); 1 still has one worker beside the caller
 *   depth    jobs under way at most, > 0
 *   work     what is done to a job, in a worker; its code and message come out with the job
 */
SN_MUST_CHECK int sn_queue_new(struct sn_queue **q, unsigned threads, size_t depth,
			       int (*work)(void *context, void *job), void *context);
/** Waits for all jobs under way; jobs not taken stay the caller's. NULL is allowed. */
void sn_queue_free(struct sn_queue *q);

/** Jobs put and not yet taken. */
size_t sn_queue_pending(const struct sn_queue *q);

/** Hand over a job; the caller takes one first where `depth` are pending (else SN_EUSAGE). */
SN_MUST_CHECK int sn_queue_put(struct sn_queue *q, void *job);

/**
 * Wait for the oldest job: *job and *status (work's code; its message is sn_message()'s).
 * Needs pending > 0.
 */
void sn_queue_take(struct sn_queue *q, void **job, int *status);

#endif
