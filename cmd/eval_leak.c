/* eval_leak - reading pictures, and saying what they give away. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "eval_leak.h"
#include "load_options.h"

static int read_folder(struct sn_leak *leak, char *path, const struct cli_common *c)
{
	struct load_options load = LOAD_OPTIONS_INIT;
	struct sn_load_options options;
	struct sn_loader *loader;
	struct sn_item item;
	int st, got;
	load.label = "none";
	load.allow_failed = UINT64_MAX;
	load_options_set(&options, &load, c);
	if ((st = sn_loader_open(&loader, &options, &path, 1)) < 0)
		return st;
	while (st == 0 && (got = load_next(loader, &load, &item)) != 0)
		st = got < 0 ? got : sn_leak_picture(leak, &item);
	sn_loader_close(loader);
	return st;
}

static int read_stream(struct sn_leak *leak, const char *path)
{
	struct sn_reader *r = cli_reader(path);
	struct sn_record rec;
	struct sn_header *h;
	int st, got;
	while ((got = st = sn_read(r, &rec)) > SN_EOF) {
		st = 0;
		if (got == SN_HEADER && (st = sn_header_parse(&h, &rec)) == 0) {
			st = sn_header_expect(h, "items pairs");
			sn_header_free(h);
		} else if (got == SN_RECORD && rec.map == SN_MAP_ITEM && rec.item.x.type) {
			st = sn_leak_picture(leak, &rec.item);
		}
		if (st == SN_EDATA)
			st = sn_reader_blame_last(r, st);
		if (st < 0)
			break;
	}
	sn_reader_close(r);
	return st;
}

/* A header begins with its key "sn"; whatever else a file holds, the loader knows or says. */
static bool is_stream(const char *path)
{
	uint8_t head[8] = { 0 };
	struct stat s;
	FILE *f;
	if (strcmp(path, "-") == 0 || stat(path, &s) < 0)
		return true; /* the reader says why not */
	if (S_ISDIR(s.st_mode))
		return false;
	if (!S_ISREG(s.st_mode))
		return true;
	if (!(f = fopen(path, "rb")))
		return true;
	if (fread(head, 1, sizeof(head), f) < 4)
		head[0] = 0x80;
	fclose(f);
	return head[0] >> 4 == 8 || head[0] == 0xde;
}

int eval_leak_read(struct sn_leak **leak, const char *path, const struct cli_common *c)
{
	int st = sn_leak_new(leak);
	if (st < 0)
		return st;
	st = is_stream(path) ? read_stream(*leak, path)
			     : read_folder(*leak, (char *)(uintptr_t)path, c);
	if (st == 0 && sn_leak_pictures(*leak) == 0)
		return sn_fail(SN_EDATA, "%s: no pictures to look for leaks in", path);
	return st;
}

void eval_leak_warn(const struct sn_leak *leak, double limit)
{
	static const char *const question[SN_LEAK_VIEWS] = {
		[SN_LEAK_ALL] = "same from different pairs",
		[SN_LEAK_RANDOM] = "same from random different pairs",
		[SN_LEAK_SKILLED] = "genuine from forged pairs",
		[SN_LEAK_FORGED] = "genuine from forged pictures",
	};
	struct sn_scores of_forgeries;
	bool forgeries = sn_leak_scores(leak, SN_MEAN_GREY, SN_LEAK_SKILLED, &of_forgeries);
	for (int view = 0; view < SN_LEAK_VIEWS; view++) {
		enum sn_feature feature = SN_MEAN_GREY;
		double area = sn_leak_worst(leak, (enum sn_leak_view)view, &feature);
		if (view == SN_LEAK_RANDOM && !forgeries)
			continue; /* they are all there are */
		if (area > (isnan(limit) ? sn_leak_limits[view] : limit))
			cli_warn("warning: %s alone tells %s with an area of %.2f: what the "
				 "network tells may be no more; see the rows leak-%s",
				 sn_feature_names[feature], question[view], area,
				 sn_feature_names[feature]);
	}
}
