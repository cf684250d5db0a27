/* error - how libsn reports: a negative code, and one sentence for the user. */
#ifndef SN_ERROR_H
#define SN_ERROR_H

#include <stdarg.h>

#define SN_MUST_CHECK __attribute__((warn_unused_result))
#define SN_PRINTF(string, first) __attribute__((format(printf, string, first)))

/*
 * Every function of libsn that can fail returns one of these (0 or more is
 * success) and leaves a message.  Programs map SN_EUSAGE to exit status 2 and
 * all others to 1 (comparers: 2).
 */
enum sn_error {
	SN_EDATA = -1,	/* input that is damaged or does not fit */
	SN_EIO = -2,	/* the system refused: open, read, write, close */
	SN_ENOMEM = -3, /* no memory */
	SN_EUSAGE = -4, /* what the caller asked for makes no sense */
	SN_ENAN = -5,	/* NaN or infinity where a number was wanted */
};

/**
 * Leave a message for the user and return the code.
 *   code    in  one of enum sn_error
 *   format  in  printf's; lower case, error first, subject quoted, no full stop
 * The message belongs to the calling thread and lives until its next sn_fail.
 */
int sn_fail(int code, const char *format, ...) SN_PRINTF(2, 3);

/** Like sn_fail(SN_EIO, ...), followed by ": " and errno in words. */
int sn_fail_errno(const char *format, ...) SN_PRINTF(1, 2);

/** Put "<format>: " before the message left last; returns code. */
int sn_fail_at(int code, const char *format, ...) SN_PRINTF(2, 3);

/** sn_fail(SN_ENOMEM, "out of memory"). */
int sn_fail_memory(void);

/*
 * The value of these calls is their code, which compilers and analysers shall see: a function
 * that returns sn_fail(SN_EIO, ...) has not succeeded.  `code` is looked at twice.
 */
static inline int sn_code(int code, int same)
{
	(void)same;
	return code;
}
#define sn_fail(code, ...) sn_code(code, sn_fail(code, __VA_ARGS__))
#define sn_fail_errno(...) sn_code(SN_EIO, sn_fail_errno(__VA_ARGS__))
#define sn_fail_at(code, ...) sn_code(code, sn_fail_at(code, __VA_ARGS__))
#define sn_fail_memory() sn_code(SN_ENOMEM, sn_fail_memory())

/** The message left last by this thread; "" before the first.  Borrowed until the next sn_fail. */
const char *sn_message(void);

/**
 * Remarks that are no errors ("picture reduced to half") go to one listener, which a
 * program sets before it starts threads; without one they are dropped.  The listener may
 * be called from any thread, one call at a time.
 */
void sn_on_note(void (*listener)(const char *message));
void sn_note(const char *format, ...) SN_PRINTF(1, 2);

#endif
