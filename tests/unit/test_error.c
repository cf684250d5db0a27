/* test_error - messages: kept, prefixed, each thread's own. */
#include <errno.h>
#include <pthread.h>
#include <sn/error.h>
#include "test.h"

static void test_messages(void)
{
	CHECK(strcmp(sn_message(), "") == 0);
	CHECK(sn_fail(SN_EDATA, "'%s' is %d", "x", 3) == SN_EDATA);
	CHECK(strcmp(sn_message(), "'x' is 3") == 0);
	CHECK(sn_fail_at(SN_EIO, "record %d", 12) == SN_EIO);
	CHECK(strcmp(sn_message(), "record 12: 'x' is 3") == 0);
	/* the old message as an argument of the new one */
	CHECK(sn_fail(SN_ENAN, "(%s)", sn_message()) == SN_ENAN);
	CHECK(strcmp(sn_message(), "(record 12: 'x' is 3)") == 0);
	CHECK(sn_fail_memory() == SN_ENOMEM);
	CHECK(strcmp(sn_message(), "out of memory") == 0);
}

static void test_errno(void)
{
	errno = ENOENT;
	CHECK(sn_fail_errno("cannot open '%s'", "a") == SN_EIO);
	CHECK(errno == ENOENT);
	CHECK(strcmp(sn_message(), "cannot open 'a': no such file or directory") == 0);
}

static void test_long(void)
{
	static char big[100000];

	memset(big, 'a', sizeof big - 1);
	sn_fail(SN_EDATA, "%s", big);
	CHECK(strlen(sn_message()) > 100 && strlen(sn_message()) < sizeof big - 1);
	sn_fail_at(SN_EDATA, "%s", big);
	sn_fail_at(SN_EDATA, "b");
	CHECK(strncmp(sn_message(), "b: aaaa", 7) == 0);
}

static void *other(void *first)
{
	CHECK(strcmp(sn_message(), "") == 0);
	sn_fail(SN_EDATA, "other");
	*(int *)first = strcmp(sn_message(), "other") == 0;
	return NULL;
}

static void test_threads(void)
{
	pthread_t id;
	int ok = 0;

	sn_fail(SN_EDATA, "mine");
	CHECK(pthread_create(&id, NULL, other, &ok) == 0);
	pthread_join(id, NULL);
	CHECK(ok);
	CHECK(strcmp(sn_message(), "mine") == 0);
}

static char heard[64];
static int times;

static void listen(const char *message)
{
	snprintf(heard, sizeof heard, "%s", message);
	times++;
}

static void test_notes(void)
{
	sn_note("nobody hears %d", 1);
	sn_on_note(listen);
	sn_note("picture reduced to %d/%d", 1, 2);
	CHECK(strcmp(heard, "picture reduced to 1/2") == 0);
	sn_on_note(NULL);
	sn_note("nobody");
	CHECK(times == 1);
	CHECK(strcmp(sn_message(), "mine") == 0); /* a note is no error */
}

int main(void)
{
	test_messages();
	test_errno();
	test_long();
	test_threads();
	test_notes();
	return TEST_END();
}
