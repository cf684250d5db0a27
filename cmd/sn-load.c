/* sn-load - folders and files of pictures in, items out */
#include <inttypes.h>
#include <sn/progress.h>
#include <sn/stream.h>
#include "cli.h"
#include "load_options.h"

static struct cli_common common = CLI_COMMON_INIT;
static struct load_options load = LOAD_OPTIONS_INIT;

static const struct cli_option options[] = {
	LOAD_OPTIONS(load),
	{ 0, "allow-empty", CLI_FLAG, &common.allow_empty, NULL,
	  "a folder or list without pictures is no error", 0, 0, NULL, CLI_SILENT },
	CLI_OUT(common),
	CLI_TEXTUAL(common),
	CLI_QUIET(common),
	CLI_VERBOSE(common),
	CLI_THREADS(common),
	CLI_END,
};

static const struct cli_program program = {
	.name = "sn-load",
	.synopsis =
		"[--size WxH] [--grey] [--label dir|none|REGEX] [--forged REGEX] [-o FILE] PATH...",
	.summary = "  in:   folders of pictures, pictures (PNG, JPEG, BMP, GIF, TGA, PNM), IDX "
		   "files; - is a picture\n"
		   "  out:  items with x u1 [h][w][c] and, from its folder or by RULE, the label "
		   "of each\n",
	.example = "sn-load --size 28x28 --grey faces > faces.sn",
	.options = options,
};

static int write_header(struct sn_writer *w)
{
	struct sn_header *h;
	int st = sn_header_new(&h, "items");

	if (st < 0)
		return st;
	st = sn_header_add_history(h, cli_history());
	if (st == 0)
		st = sn_write_header(w, h);
	sn_header_free(h);
	return st;
}

/* All items, and the end that tells how many are missing.  *told: what went wrong has been said. */
static int run(struct sn_loader *loader, struct sn_writer *w, struct sn_progress *progress,
	       bool *told)
{
	struct sn_item item;
	uint64_t done = 0;
	int st = write_header(w);

	if (st < 0)
		return st;
	while ((st = load_next(loader, &load, &item)) == 1) {
		if ((st = sn_write_item(w, &item)) < 0)
			return st;
		sn_progress_show(progress, ++done + sn_loader_failed(loader), "%s", "");
	}
	*told = st < 0;
	return st < 0 ? st : sn_write_end(w, sn_loader_failed(loader));
}

int main(int argc, char **argv)
{
	struct sn_load_options how;
	struct sn_loader *loader;
	struct sn_writer *w;
	struct sn_progress *progress;
	uint64_t skipped;
	int first = cli_parse(&program, argc, argv), st, status;
	bool told = false;

	load_options_set(&how, &load, &common);
	if (first == argc && !load.files_from)
		cli_usage_error("no folder or picture is named");
	if ((st = sn_loader_open(&loader, &how, argv + first, (size_t)(argc - first))) < 0)
		cli_die(st);
	w = cli_writer(&common, NULL);
	progress = sn_progress_begin("images", sn_loader_count(loader), common.quiet);
	st = run(loader, w, progress, &told);
	sn_progress_end(progress);
	if (st < 0 && !told)
		cli_warn("%s", sn_message());
	/* pictures that failed are told in the stream: it is whole all the same */
	if (sn_writer_close(w, st >= 0) < 0) {
		if (st >= 0)
			cli_warn("%s", sn_message());
		st = SN_EIO;
	}
	if ((skipped = sn_loader_skipped(loader)) > 0)
		sn_note("%" PRIu64 " %s and %s passed over", skipped,
			skipped == 1 ? "file is no picture" : "files are no pictures",
			skipped == 1 ? "was" : "were");
	status = st < 0 ? CLI_FAILED : load_status(loader, &load);
	sn_loader_close(loader);
	return status;
}
