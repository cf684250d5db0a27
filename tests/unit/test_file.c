/* test_file FOLDER - output that is whole or not there, whatever ends the program. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sn/file.h>
#include "test.h"

/* Files in the working folder whose names begin with a dot: temporary ones. */
static int leftovers(void)
{
	DIR *d = opendir(".");
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] == '.' && strcmp(e->d_name, ".") != 0 &&
		     strcmp(e->d_name, "..") != 0;
	if (d)
		closedir(d);
	return n;
}

static int holds(const char *path, const char *wanted)
{
	uint8_t *data;
	size_t size;
	int same;

	if (sn_file_read(path, 1000, &data, &size) < 0)
		return 0;
	same = size == strlen(wanted) && memcmp(data, wanted, size) == 0 && data[size] == 0;
	free(data);
	return same;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void put(const char *path, const char *text)
{
	struct sn_output *o;

	MUST(sn_output_open(&o, path));
	CHECK(strcmp(sn_output_name(o), path) == 0);
	CHECK(!sn_output_is_terminal(o));
	MUST(sn_output_write(o, text, strlen(text)));
	MUST(sn_output_commit(o));
}

static void test_commit(void)
{
	struct sn_output *o;
	struct stat st;

	umask(027);
	put("new", "one");
	CHECK(holds("new", "one") && mode_of("new") == 0640);
	CHECK(chmod("new", 0604) == 0);
	MUST(sn_output_open(&o, "new"));
	MUST(sn_output_write(o, "tw", 2));
	CHECK(holds("new", "one") && leftovers() == 1);
	MUST(sn_output_write(o, "o", 1));
	MUST(sn_output_commit(o));
	CHECK(holds("new", "two") && mode_of("new") == 0604 && leftovers() == 0);
	/* what was begun and dropped leaves no trace */
	MUST(sn_output_open(&o, "new"));
	MUST(sn_output_write(o, "three", 5));
	sn_output_discard(o);
	CHECK(holds("new", "two") && leftovers() == 0);
	MUST(sn_output_open(&o, "never"));
	sn_output_discard(o);
	CHECK(stat("never", &st) < 0 && errno == ENOENT);
	sn_output_discard(NULL);
	/* nothing written is an empty file */
	put("empty", "");
	CHECK(holds("empty", ""));
	umask(022);
}

static void test_links(void)
{
	struct stat st;
	char name[256];

	CHECK(mkdir("folder", 0755) == 0);
	CHECK(symlink("../target", "folder/link") == 0);
	CHECK(symlink("folder/link", "chain") == 0);
	put("chain", "first"); /* target is not there yet */
	CHECK(holds("target", "first"));
	put("folder/link", "second");
	CHECK(holds("target", "second"));
	CHECK(lstat("chain", &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(lstat("folder/link", &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(lstat("target", &st) == 0 && S_ISREG(st.st_mode));
	/* the longest name that a file can have */
	memset(name, 'n', 255);
	name[255] = 0;
	put(name, "long");
	CHECK(holds(name, "long"));
	CHECK(leftovers() == 0);
}

static void test_refusals(void)
{
	struct sn_output *o;
	uint8_t *data;
	size_t size;

	CHECK(sn_output_open(&o, "no/such/folder") == SN_EIO);
	CHECK(strstr(sn_message(), "'no/such/folder': no such file") != NULL);
	CHECK(sn_output_open(&o, "") == SN_EIO);
	CHECK(sn_output_open(&o, "folder") == SN_EIO);
	CHECK(symlink("loop", "loop") == 0);
	CHECK(sn_output_open(&o, "loop") == SN_EIO);
	if (geteuid() != 0) { /* root may write everything */
		put("fixed", "mine");
		CHECK(chmod("fixed", 0444) == 0);
		CHECK(sn_output_open(&o, "fixed") == SN_EIO);
		CHECK(holds("fixed", "mine"));
	}
	CHECK(leftovers() == 0);

	MUST(sn_output_open(&o, "/dev/full"));
	CHECK(sn_output_write(o, "x", 1) == SN_EIO);
	CHECK(strcmp(sn_message(), "cannot write '/dev/full': no space left on device") == 0);
	sn_output_discard(o);
	put("/dev/null", "gone");

	CHECK(sn_file_read("new", 2, &data, &size) == SN_EDATA);
	CHECK(strcmp(sn_message(), "'new' is larger than 2 bytes") == 0);
	MUST(sn_file_read("new", 3, &data, &size));
	CHECK(size == 3);
	free(data);
	CHECK(sn_file_read("absent", 10, &data, &size) == SN_EIO);
	CHECK(sn_file_read("folder", 10, &data, &size) == SN_EIO);
	CHECK(sn_file_read("/dev/zero", 100000, &data, &size) == SN_EDATA);
}

/* A child opens two outputs, writes and ends in the given way (0: exit without a commit). */
static void end_child(int number)
{
	struct sn_output *a, *b;
	int status = 0;
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		MUST(sn_output_open(&a, "new"));
		MUST(sn_output_open(&b, "other"));
		MUST(sn_output_write(a, "bad", 3));
		if (leftovers() != 2)
			_exit(99);
		if (number == 0)
			exit(3);
		raise(number);
		_exit(98);
	}
	CHECK(waitpid(child, &status, 0) == child);
	if (number == 0)
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	else
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == number);
	CHECK(leftovers() == 0);
	CHECK(holds("new", "two") && access("other", F_OK) < 0);
}

static void test_ends(void)
{
	static const int number[] = { 0, SIGTERM, SIGINT, SIGHUP, SIGPIPE };

	for (size_t i = 0; i < sizeof number / sizeof *number; i++)
		end_child(number[i]);
}

/* What was ignored when the program began (nohup) stays ignored. */
static void test_ignored(void)
{
	struct sn_output *o;
	int status = 0;
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		signal(SIGHUP, SIG_IGN);
		MUST(sn_output_open(&o, "hup"));
		raise(SIGHUP);
		MUST(sn_output_write(o, "alive", 5));
		MUST(sn_output_commit(o));
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(holds("hup", "alive"));
}

/* More than a pipe holds at once, into a pipe that blocks and into one that does not. */
static void test_pipe(int flags)
{
	enum { SIZE = 1 << 20 };
	static char data[SIZE];
	int end[2], status = 0;
	pid_t child;

	for (int i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7);
	CHECK(pipe2(end, flags) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		char name[32];
		struct sn_output *o;

		close(end[0]);
		snprintf(name, sizeof name, "/dev/fd/%d", end[1]);
		MUST(sn_output_open(&o, name));
		MUST(sn_output_write(o, data, SIZE));
		MUST(sn_output_commit(o));
		_exit(0);
	}
	close(end[1]);
	{
		char name[32];
		uint8_t *got = NULL;
		size_t size = 0;

		/* by way of the name that the system has for an open descriptor */
		snprintf(name, sizeof name, "/proc/self/fd/%d", end[0]);
		MUST(sn_file_read(name, SIZE, &got, &size));
		CHECK(size == SIZE && memcmp(got, data, SIZE) == 0);
		free(got);
	}
	close(end[0]);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]) < 0)
		return 2;
	test_commit();
	test_links();
	test_refusals();
	test_ends();
	test_ignored();
	test_pipe(0);
	test_pipe(O_NONBLOCK);
	return TEST_END();
}
