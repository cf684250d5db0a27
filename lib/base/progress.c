/* progress - one line on a terminal: count, share, rate, time left. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <sn/progress.h>

struct sn_progress {
	const char *unit;
	uint64_t total;
	uint64_t at, size;   /* bytes of the input, where the total is not known */
	double begun, drawn; /* seconds; drawn < 0: nothing yet */
	int width;	     /* of what stands on the line now */
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct sn_progress *sn_progress_begin(const char *unit, uint64_t total, int quiet)
{
	struct sn_progress *p;

	if (quiet || isatty(STDERR_FILENO) != 1)
		return NULL;
	p = calloc(1, sizeof *p);
	if (!p)
		return NULL; /* the work matters more than the line about it */
	p->unit = unit;
	p->total = total;
	p->begun = seconds();
	p->drawn = -1;
	return p;
}

/* Replace the line: blanks wipe what is left of a longer one, on any terminal. */
static void draw(struct sn_progress *p, const char *text)
{
	char line[1024];
	struct winsize size;
	int columns = 80, length, n;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		columns = size.ws_col;
	if (columns > 500)
		columns = 500;
	length = (int)strnlen(text, (size_t)columns - 1);
	n = snprintf(line, sizeof line, "\r%.*s%*s\r%.*s", length, text,
		     p->width > length && p->width < columns ? p->width - length : 0, "", length,
		     text);
	/* a terminal that went away is no reason to stop */
	p->width = n > 0 && write(STDERR_FILENO, line, (size_t)n) == n ? length : 0;
}

void sn_progress_read(struct sn_progress *p, uint64_t at, uint64_t size)
{
	if (!p)
		return;
	p->at = at;
	p->size = size;
}

/* The share that is done, NaN where nobody knows. */
static double part(const struct sn_progress *p, uint64_t done)
{
	double a = p->total ? (double)done : (double)p->at;
	double b = p->total ? (double)p->total : (double)p->size;

	return b > 0 ? fmin(a / b, 1) : NAN;
}

void sn_progress_show(struct sn_progress *p, uint64_t done, const char *format, ...)
{
	char text[512], total[32] = "", share[16] = "", left[64] = "", more[256] = "";
	double now, rate, is_done;
	va_list args;

	if (!p)
		return;
	now = seconds();
	if (p->drawn >= 0 && now - p->drawn < 0.1)
		return;
	p->drawn = now;
	rate = now > p->begun ? (double)done / (now - p->begun) : 0;
	is_done = part(p, done);
	if (p->total)
		snprintf(total, sizeof total, "/%" PRIu64, p->total);
	if (!isnan(is_done))
		snprintf(share, sizeof share, " (%.0f%%)", 100 * is_done);
	if (is_done > 0 && is_done < 1) {
		double s = (now - p->begun) * (1 - is_done) / is_done;

		if (s < 360000)
			snprintf(left, sizeof left, ", %u:%02u left", (unsigned)s / 60,
				 (unsigned)s % 60);
	}
	if (format && *format) {
		va_start(args, format);
		vsnprintf(more, sizeof more, format, args);
		va_end(args);
	}
	snprintf(text, sizeof text, "%" PRIu64 "%s%s %s, %.*f/s%s%s%s", done, total, share, p->unit,
		 rate < 10 ? 1 : 0, rate, left, *more ? ", " : "", more);
	draw(p, text);
}

void sn_progress_end(struct sn_progress *p)
{
	if (!p)
		return;
	if (p->width > 0) {
		draw(p, "");
		if (write(STDERR_FILENO, "\r", 1) < 0)
			p->width = 0;
	}
	free(p);
}
