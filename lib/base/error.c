/* error - the message of each thread, and the one listener for notes. */
#include <errno.h>
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sn/error.h>

/* the functions themselves */
#undef sn_fail
#undef sn_fail_errno
#undef sn_fail_at
#undef sn_fail_memory

enum { MESSAGE_SIZE = 2048 };

static _Thread_local char message[MESSAGE_SIZE];

static pthread_mutex_t note_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*note_listener)(const char *message);

/* Arguments may point into the old message: everything is put together beside it first. */
int sn_fail(int code, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	int saved = errno;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	memcpy(message, text, strlen(text) + 1);
	errno = saved;
	return code;
}

int sn_fail_errno(const char *format, ...)
{
	char text[MESSAGE_SIZE], number[128];
	int saved = errno;
	const char *why = strerror_r(saved, number, sizeof number); /* GNU's */
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* "Permission denied" begins in lower case within a sentence */
	sn_fail(SN_EIO, "%s: %c%s", text, tolower((unsigned char)why[0]), why[0] ? why + 1 : "");
	errno = saved;
	return SN_EIO;
}

int sn_fail_at(int code, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return sn_fail(code, "%s: %s", text, message);
}

int sn_fail_memory(void)
{
	return sn_fail(SN_ENOMEM, "out of memory");
}

const char *sn_message(void)
{
	return message;
}

void sn_on_note(void (*listener)(const char *message))
{
	pthread_mutex_lock(&note_lock);
	note_listener = listener;
	pthread_mutex_unlock(&note_lock);
}

void sn_note(const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	pthread_mutex_lock(&note_lock);
	if (note_listener)
		note_listener(text);
	pthread_mutex_unlock(&note_lock);
}
