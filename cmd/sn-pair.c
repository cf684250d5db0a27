/* sn-pair - items in, the same items and pairs of them out */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sn/pair.h>
#include <sn/progress.h>
#include "cli.h"
#include "load_options.h"

static const char *const impostor_names[] = { "default", "random", "forged", "both", NULL };

static struct cli_common common = CLI_COMMON_INIT;
static struct load_options load = LOAD_OPTIONS_INIT;
static bool all, runs;
static const char *list_file, *across;
static uint64_t count, trials, way = 5, shot = 1, within, window, references;
static double balance = 0.5;
static size_t batch[2];
static unsigned impostors;

/* clang-format off */
static struct cli_option options[] = {
	{ 'n', "count", CLI_COUNT, &count, "N", "N pairs, the class drawn first", 1, 1e18, NULL, CLI_OMIT },
	{ 0, "balance", CLI_REAL, &balance, "F", "share of same pairs among -n", 0, 1, NULL, CLI_OMIT },
	{ 0, "all", CLI_FLAG, &all, NULL, "all pairs", 0, 0, NULL, CLI_OMIT },
	{ 0, "list", CLI_FILE, &list_file, "FILE",
	  "pairs by key: lines 'key key same|different [trial]', Kaldi's trials, LFW's pairs", 0, 0, NULL, CLI_INPUT },
	{ 0, "runs", CLI_FLAG, &runs, NULL,
	  "Lake's one-shot runs: a folder of runNN/class_labels.txt and the pictures that they name", 0, 0, NULL,
	  CLI_OMIT },
	{ 0, "trials", CLI_COUNT, &trials, "N", "N questions: which of some classes is it?", 1, 1e18, NULL, CLI_OMIT },
	{ 0, "way", CLI_COUNT, &way, "W", "classes of a trial", 2, 1e18, NULL, CLI_OMIT },
	{ 0, "shot", CLI_COUNT, &shot, "K", "items of each class of a trial", 1, 1e18, NULL, CLI_OMIT },
	{ 0, "within", CLI_COUNT, &within, "LEVEL",
	  "classes of a trial, or of a pair, share the first LEVEL parts of the label", 0, 65535, NULL, CLI_OMIT },
	{ 0, "across", CLI_TEXT, &across, "REGEX",
	  "a pair, or a trial's query and others, differ in what REGEX finds in the key, such as the drawer", 0, 0, NULL,
	  CLI_OMIT },
	{ 0, "references", CLI_COUNT, &references, "R",
	  "verification against R references of each class: a trial for each claim", 1, 1e9, NULL, CLI_OMIT },
	{ 0, "batch", CLI_SIZE, batch, "PxK", "batches of P classes by K items, all pairs of each", 2, 1e18, NULL, CLI_OMIT },
	{ 0, "impostors", CLI_CHOICE, &impostors, "KIND",
	  "different pairs: of two labels, of an item and its forgery, or half each (the default where there are forgeries)",
	  0, 0, impostor_names, 0 },
	{ 0, "window", CLI_COUNT, &window, "N", "pair each item at once with some of the N before it", 1, 1e18, NULL, CLI_OMIT },
	LOAD_OPTIONS(load),
	CLI_SEED(common),
	CLI_OUT(common),
	CLI_TEXTUAL(common),
	CLI_QUIET(common),
	CLI_VERBOSE(common),
	CLI_THREADS(common),
	CLI_EMPTY(common),
	CLI_END,
};
/* clang-format on */

static const struct cli_program program = {
	.name = "sn-pair",
	.synopsis =
		"[-n N | --all | --list FILE | --runs | --trials N | --references R | --batch PxK] "
		"[-s SEED] [-o FILE] [STREAM | DIR | A B]",
	.summary = "  in:   items, a folder of pictures (loaded as by sn-load), or two pictures\n"
		   "  out:  the items as they come, then pairs of them: without a selection "
		   "neighbours in\n"
		   "        shuffled classes, and as many different ones\n",
	.example = "sn-pair faces | sn-embed -m w.bin | sn-dist",
	.options = options,
};

enum source { STREAM, PICTURES, TWO_PICTURES };

/* ---- the command line ------------------------------------------------------------------ */

/* An option that this selection uses is in the history with its default, too. */
static void remember(const char *name)
{
	for (struct cli_option *o = options; o->name; o++)
		if (strcmp(o->name, name) == 0)
			o->flags &= ~CLI_OMIT;
}

static enum sn_selection selection(void)
{
	int given = cli_given("count") + all + (list_file != NULL) + cli_given("trials") +
		    cli_given("batch") + cli_given("references") + runs;

	if (given > 1)
		cli_usage_error("choose one of -n, --all, --list, --runs, --trials, "
				"--references and --batch");
	if (cli_given("balance") && !cli_given("count"))
		cli_usage_error("--balance goes with -n");
	if (!trials && (cli_given("way") || cli_given("shot")))
		cli_usage_error("--way and --shot go with --trials");
	if ((cli_given("within") || across) && (window || (!trials && !count && !all)))
		cli_usage_error(
			"--within and --across go with --trials, -n and --all without --window");
	if (impostors && (trials || list_file || runs))
		cli_usage_error("--impostors goes with none of --trials, --list and --runs");
	if (window && given && !all)
		cli_usage_error("--window goes with the default selection or --all");
	if (count)
		remember("balance");
	if (trials) {
		remember("way");
		remember("shot");
		remember("within");
	}
	return all		   ? SN_PAIR_ALL
	       : list_file || runs ? SN_PAIR_LIST
	       : trials		   ? SN_PAIR_TRIALS
	       : references	   ? SN_PAIR_REFERENCES
	       : batch[0]	   ? SN_PAIR_BATCH
	       : count		   ? SN_PAIR_COUNT
				   : SN_PAIR_DEFAULT;
}

static bool is_folder(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* What a file is that is no stream: pictures (an IDX file), one picture (refused), or neither. */
static bool holds_pictures(const char *path)
{
	uint8_t head[64];
	struct stat s;
	FILE *f;
	size_t n;

	if (stat(path, &s) < 0 || !S_ISREG(s.st_mode) || !(f = fopen(path, "rb")))
		return false; /* the reader says why */
	n = fread(head, 1, sizeof head, f);
	fclose(f);
	if (n >= 4 && ((head[0] == 0x1f && head[1] == 0x8b) || !memcmp(head, "\0\0\x08", 3)))
		return true;
	if (sn_image_type(head, n, path))
		cli_usage_error("'%s' is one picture: name two, or a folder", path);
	return false;
}

static enum source find_source(int n, char **operand)
{
	if (load.files_from)
		return PICTURES;
	if (n == 2) {
		for (int i = 0; i < 2; i++)
			if (is_folder(operand[i]))
				cli_usage_error("'%s' is a folder: two operands are two pictures; "
						"'sn-load %s %s | sn-pair' pairs all of them",
						operand[i], operand[0], operand[1]);
		return TWO_PICTURES;
	}
	if (n > 2)
		cli_usage_error("one stream or folder, or two pictures, and '%s' is a third",
				operand[2]);
	return n == 1 && strcmp(operand[0], "-") != 0 &&
			       (is_folder(operand[0]) || holds_pictures(operand[0]))
		       ? PICTURES
		       : STREAM;
}

/* How pictures are loaded is of no consequence for a stream: an error, and not in its history. */
static void forget_load_options(void)
{
	for (struct cli_option *o = options; o->name; o++) {
		if ((char *)o->value < (char *)&load || (char *)o->value >= (char *)(&load + 1))
			continue;
		if (cli_given(o->name))
			cli_usage_error("--%s goes with folders and pictures, not with a stream",
					o->name);
		o->flags |= CLI_SILENT;
	}
}

/* ---- the two ways ------------------------------------------------------------------------ */

/* The section's header; h is ended. */
static int begin(struct sn_pairing *p, struct sn_header *h, struct sn_writer *w)
{
	int st = sn_pairing_begin(p, h, w);

	if (st == 0)
		st = sn_header_add_history(h, cli_history());
	if (st == 0)
		st = sn_write_header(w, h);
	sn_header_free(h);
	return st;
}

static int pass(struct sn_pairing *p, const struct sn_record *rec, struct sn_writer *w)
{
	struct sn_header *h;
	int st;

	switch (rec->map) {
	case SN_MAP_HEADER:
		if ((st = sn_header_parse(&h, rec)) < 0)
			return st;
		if ((st = sn_header_expect(h, "items")) == 0)
			return begin(p, h, w);
		sn_header_free(h);
		return st;
	case SN_MAP_END:
		st = sn_pairing_end(p);
		return st < 0 ? st : sn_write_end(w, rec->end.failed);
	case SN_MAP_ITEM:
		st = sn_write_record(w, rec);
		return st < 0 ? st : sn_pairing_item(p, &rec->item);
	default:
		return sn_write_record(w, rec);
	}
}

/* One section out for each one in. */
static int run_stream(struct sn_pairing *p, struct sn_reader *r, struct sn_writer *w)
{
	struct sn_record rec;
	bool any = false;
	int st;

	while ((st = sn_read(r, &rec)) > 0) {
		any = true;
		if ((st = pass(p, &rec, w)) < 0)
			return st == SN_EDATA ? sn_fail_at(st, "%s", sn_reader_name(r)) : st;
	}
	return st < 0 ? st : cli_check_empty(r, any, &common);
}

/* One section of what is loaded; *told: what went wrong has been said. */
static int run_pictures(struct sn_pairing *p, struct sn_loader *loader, enum source source,
			struct sn_writer *w, bool *told)
{
	struct sn_progress *progress;
	struct sn_header *h;
	struct sn_item item;
	int st = sn_header_new(&h, "items"), next = 1;

	if (st < 0 || (st = begin(p, h, w)) < 0)
		return st;
	progress = sn_progress_begin("images", sn_loader_count(loader), common.quiet);
	while (st == 0 && (next = load_next(loader, &load, &item)) == 1) {
		if ((st = sn_write_item(w, &item)) == 0)
			st = sn_pairing_item(p, &item);
		sn_progress_show(progress, item.number, "%s", "");
	}
	sn_progress_end(progress);
	*told = next < 0;
	if (st == 0 && next < 0)
		st = next;
	if (st == 0 && source == TWO_PICTURES && p->items.n != 2)
		st = sn_fail(SN_EDATA, "%zu pictures were read, a pair wants two", p->items.n);
	if (st == 0)
		st = sn_pairing_end(p);
	return st < 0 ? st : sn_write_end(w, sn_loader_failed(loader));
}

/* Say what went wrong, and make what did not last. */
static int close_writer(struct sn_writer *w, int st, bool told)
{
	if (st < 0 && !told)
		cli_warn("%s", sn_message());
	if (sn_writer_close(w, st == 0) == 0 || st < 0)
		return st;
	cli_warn("%s", sn_message());
	return SN_EIO;
}

static int from_stream(struct sn_pairing *p, const char *path)
{
	struct sn_reader *r;
	struct sn_writer *w;
	int st;

	forget_load_options();
	r = cli_reader(path);
	w = cli_writer(&common, r);
	st = close_writer(w, run_stream(p, r, w), false);
	sn_reader_close(r);
	return st < 0 ? CLI_FAILED : CLI_OK;
}

static int from_pictures(struct sn_pairing *p, enum source source, int n, char **operand)
{
	struct sn_load_options how;
	struct sn_loader *loader;
	struct sn_writer *w;
	uint64_t skipped;
	bool told = false;
	int st, status;

	if (source == TWO_PICTURES) {
		if (p->options.selection != SN_PAIR_DEFAULT || window || impostors)
			cli_usage_error("two pictures are one pair: nothing is selected from them");
		p->options.selection = SN_PAIR_ALL;
		/* the folder of a picture that is named itself says nothing about the pair */
		if (!cli_given("label"))
			load.label = "none";
	}
	load_options_set(&how, &load, &common);
	if ((st = sn_loader_open(&loader, &how, operand, (size_t)n)) < 0)
		cli_die(st);
	w = cli_writer(&common, NULL);
	st = run_pictures(p, loader, source, w, &told);
	st = close_writer(w, st, told);
	skipped = sn_loader_skipped(loader);
	if (skipped)
		sn_note("%" PRIu64 " %s and %s passed over", skipped,
			skipped == 1 ? "file is no picture" : "files are no pictures",
			skipped == 1 ? "was" : "were");
	status = st < 0 ? CLI_FAILED : load_status(loader, &load);
	sn_loader_close(loader);
	return status;
}

/* What --list or --runs name. */
static struct sn_pair_list *read_list(enum source source, int argc, char **argv, int first)
{
	struct sn_pair_list *list;
	uint64_t sum;
	int st;

	if (runs && (source != PICTURES || first == argc || !is_folder(argv[first])))
		cli_usage_error("--runs wants a folder of runNN/class_labels.txt; for a stream, "
				"join these files and give them to --list");
	if (list_file && strcmp(list_file, "-") == 0 && source == STREAM &&
	    strcmp(cli_input(argc, argv, first), "-") == 0)
		cli_usage_error("standard input is either the stream or the list");
	st = runs ? sn_pair_list_read_runs(&list, argv[first], &sum)
		  : sn_pair_list_read(&list, list_file, &sum);
	if (st < 0)
		cli_die(st);
	cli_input_sum(runs ? "runs" : "list", sum);
	/* the folder of a picture says whether it is asked about, not what it shows */
	if (runs && !cli_given("label"))
		load.label = "none";
	return list;
}

int main(int argc, char **argv)
{
	struct sn_pairing p = { 0 };
	struct sn_pair_list *list = NULL;
	int first = cli_parse(&program, argc, argv), st, status;
	enum source source;

	p.options = (struct sn_pair_options){
		.selection = selection(),
		.seed = common.seed,
		.count = trials ? trials : count,
		.balance = balance,
		.impostors = (enum sn_impostors)impostors,
		.p = batch[0],
		.k = batch[1],
		.way = way,
		.shot = references ? references : shot,
		.within = (unsigned)within,
		.across = across,
	};
	if (across && (st = sn_across_check(across)) < 0)
		cli_die(st);
	p.window = window;
	p.allow_empty = common.allow_empty;
	source = find_source(argc - first, argv + first);
	if (list_file || runs)
		p.list = list = read_list(source, argc, argv, first);
	status = source == STREAM ? from_stream(&p, cli_input(argc, argv, first))
				  : from_pictures(&p, source, argc - first, argv + first);
	sn_pairing_release(&p);
	sn_pair_list_free(list);
	return status;
}
