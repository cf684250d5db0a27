/* test_progress [quiet] - a loop with a progress line, for unit-base.bats to look at. */
#include <unistd.h>
#include <sn/progress.h>
#include "test.h"

int main(int argc, char **argv)
{
	struct sn_progress *p =
		sn_progress_begin("images", 400, argc > 1 && strcmp(argv[1], "quiet") == 0);

	sn_progress_show(p, 100, "loss %.2f", 0.5);
	sn_progress_show(p, 101, NULL); /* too soon to be drawn, mostly */
	usleep(150000);
	sn_progress_show(p, 400, NULL);
	sn_progress_end(p);
	p = sn_progress_begin("pairs", 0, argc > 1);
	sn_progress_read(p, 30, 40);
	sn_progress_show(p, 5, NULL);
	sn_progress_end(p);
	p = sn_progress_begin("records", 0, argc > 1);
	sn_progress_read(p, 30, 0);
	sn_progress_show(p, 7, "%s", "");
	sn_progress_end(p);
	sn_progress_show(NULL, 1, NULL);
	sn_progress_read(NULL, 1, 2);
	sn_progress_end(NULL);
	return TEST_END();
}
