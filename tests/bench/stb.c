/*
 * stb - pictures a second that stb_image decodes on one thread, reading the files included
 *
 *   stb FILE...      the best of three runs, as Debian's library of it is compiled
 */
#include <fcntl.h>
#include <stb_image.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 3 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const char *path, const char *why)
{
	fprintf(stderr, "stb: %s: %s\n", path, why);
	exit(1);
}

static void decode(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC), w, h, c;
	struct stat s;
	if (file < 0 || fstat(file, &s) < 0)
		die(path, "cannot be opened");
	uint8_t *data = malloc((size_t)s.st_size + 1), *pixels;
	if (!data || read(file, data, (size_t)s.st_size) != s.st_size)
		die(path, "cannot be read");
	close(file);
	pixels = stbi_load_from_memory(data, (int)s.st_size, &w, &h, &c, 0);
	if (!pixels)
		die(path, stbi_failure_reason());
	stbi_image_free(pixels);
	free(data);
}

int main(int argc, char **argv)
{
	double best = 0;
	if (argc < 2) {
		fputs("usage: stb FILE...\n", stderr);
		return 2;
	}
	for (int run = 0; run < RUNS; run++) {
		double begin = now(), rate;
		for (int i = 1; i < argc; i++)
			decode(argv[i]);
		rate = (argc - 1) / (now() - begin);
		if (rate > best)
			best = rate;
	}
	printf("%.3f\n", best);
	return 0;
}
