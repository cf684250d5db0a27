/* sn-init - a network with fresh weights -> model */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/file.h>
#include <sn/model.h>
#include <sn/progress.h>
#include "cli.h"

static struct cli_common common = CLI_COMMON_INIT;
static bool list, show, invert, mirror;
static const char *measure;
static unsigned distance = SN_EUCLIDEAN, fit = SN_FIT_STRETCH;
static double margin = 1;
static uint64_t fill = 255;

static const struct cli_option options[] = {
	{ 0, "list", CLI_FLAG, &list, NULL, "list the presets", 0, 0, NULL, CLI_SILENT },
	{ 0, "show", CLI_FLAG, &show, NULL, "print the layers of a preset, a text or a model", 0, 0,
	  NULL, CLI_SILENT },
	{ 0, "measure", CLI_TEXT, &measure, "STREAM",
	  "set mean and deviation to those of the stream's pictures", 0, 0, NULL, CLI_OMIT },
	{ 'd', "distance", CLI_CHOICE, &distance, "NAME",
	  "the model's distance; the preset's unless given, else the default", 0, 0,
	  sn_distance_names, 0 },
	{ 'M', "margin", CLI_REAL, &margin, "M",
	  "the margin of its loss; the preset's unless given, else the default", 1e-6, 1e6, NULL,
	  0 },
	{ 0, "invert", CLI_FLAG, &invert, NULL,
	  "x = 1 - u1/255: dark ink on paper counts, not the paper", 0, 0, NULL, 0 },
	{ 0, "fit", CLI_CHOICE, &fit, "HOW", "how pictures of another size are fitted", 0, 0,
	  sn_fit_names, 0 },
	{ 0, "fill", CLI_COUNT, &fill, "N", "grey value of padding", 0, 255, NULL, 0 },
	{ 0, "mirror", CLI_FLAG, &mirror, NULL,
	  "embed the mean of a picture and of its mirror image", 0, 0, NULL, CLI_OMIT },
	CLI_SEED(common),
	CLI_OUT(common),
	{ 't', "text", CLI_FLAG, &common.text, NULL, "listings are text always, a model never is",
	  0, 0, NULL, CLI_SILENT },
	CLI_THREADS(common),
	CLI_QUIET(common),
	CLI_VERBOSE(common),
	CLI_END,
};

static const struct cli_program program = {
	.name = "sn-init",
	.synopsis = "[--measure STREAM] [-d NAME] [-M M] [--invert] [-o FILE] PRESET|FILE.net",
	.summary =
		"Makes a model: a network with fresh weights, and how pictures become its input.\n"
		"in:   a preset (--list) or the text of a network, sn-net(5)\n"
		"out:  a model\n",
	.example = "sn-load faces | sn-init --measure - lenet -o w.bin",
	.options = options,
};

/* A preset's text, or a file's; the caller frees it. */
static char *read_text(const char *name)
{
	const struct sn_preset *preset = sn_preset_find(name);
	uint8_t *data;
	size_t size;
	char *text;
	int st;

	if (preset) {
		if (!(text = strdup(preset->text)))
			cli_die(sn_fail_memory());
		return text;
	}
	if ((st = sn_file_read(name, SN_MAX_STRING, &data, &size)) < 0) {
		if (st == SN_EIO && !strpbrk(name, "./"))
			cli_usage_error("'%s' is neither a preset (see sn-init --list) nor a file",
					name);
		cli_die(st);
	}
	if (memchr(data, 0, size))
		cli_die(sn_fail(SN_EDATA, "%s: no text of a network", name));
	return (char *)data;
}

/* A model is a stream, whose first map starts with "sn"; a text is not. */
static bool is_model(const char *name)
{
	unsigned char head[6] = { 0 };
	FILE *f;

	if (strcmp(name, "-") == 0 || sn_preset_find(name) || !(f = fopen(name, "rb")))
		return false;
	size_t n = fread(head, 1, sizeof head, f);
	fclose(f);
	return n == sizeof head && (head[0] & 0xc0) == 0x80 &&
	       memmem(head, sizeof head, "\xa2sn", 3);
}

static struct sn_model *open_model(const char *name)
{
	struct sn_model *m;
	int st;

	if (is_model(name)) {
		if (!show)
			cli_usage_error("'%s' is a model already; --show prints it", name);
		st = sn_model_load(&m, name);
	} else {
		char *text = read_text(name);
		if ((st = sn_model_new(&m, text)) < 0)
			st = sn_fail_at(st, "%s", strcmp(name, "-") ? name : "<stdin>");
		free(text);
	}
	if (st < 0)
		cli_die(st);
	return m;
}

/* Distance and margin of a preset, where none is given. */
static void take_preset(const char *name)
{
	const struct sn_preset *preset = sn_preset_find(name);

	if (!preset)
		return;
	if (!cli_given("distance"))
		distance = preset->distance;
	if (!cli_given("margin"))
		margin = preset->margin;
}

/* ---- listings ----------------------------------------------------------------------- */

static int print(const char *text)
{
	struct sn_output *o;
	int st = sn_output_open(&o, common.out);

	if (st < 0)
		return st;
	if ((st = sn_output_write(o, text, strlen(text))) < 0) {
		sn_output_discard(o);
		return st;
	}
	return sn_output_commit(o);
}

static void list_presets(FILE *f)
{
	for (const struct sn_preset *p = sn_presets; p->name; p++)
		fprintf(f, "%s\t%s\n", p->name, p->summary);
}

/* With -v also how the passes of convolutions are computed. */
static void show_model(FILE *f, const struct sn_model *m)
{
	struct sn_shape in = sn_net_input(m->net);
	uint64_t parameters = 0, work = 0;

	fprintf(f, "layer\tkind\toutput\tparameters\tmultiply-adds%s\n",
		common.verbose ? "\tforward\tinput\tweight" : "");
	fprintf(f, "-\tinput\t%zux%zux%zu\t0\t0\n", in.w, in.h, in.c);
	for (size_t i = 0; i < sn_net_layers(m->net); i++) {
		struct sn_layer_info l = sn_net_layer(m->net, i);
		fprintf(f, "%s\t%s\t%zux%zux%zu\t%zu\t%" PRIu64, l.name, l.kind, l.out.w, l.out.h,
			l.out.c, l.parameters, l.multiply_adds);
		for (int pass = 0; common.verbose && l.way[0] && pass < 3; pass++)
			fprintf(f, "\t%s", l.way[pass]);
		fputc('\n', f);
		parameters += l.parameters;
		work += l.multiply_adds;
	}
	fprintf(f, "-\ttotal\t%zu\t%" PRIu64 "\t%" PRIu64 "\n", sn_net_dim(m->net), parameters,
		work);
}

static int print_listing(const struct sn_model *m)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int st;

	if (!f)
		return sn_fail_memory();
	if (m)
		show_model(f, m);
	else
		list_presets(f);
	st = fclose(f) == 0 ? print(text) : sn_fail_memory();
	free(text);
	return st;
}

/* ---- measuring ---------------------------------------------------------------------- */

static int measure_stream(struct sn_prep *prep)
{
	struct sn_measurement sum = { { 0 } };
	size_t size = prep->h * prep->w * prep->c;
	struct sn_reader *r = cli_reader(measure);
	uint8_t *pixels = sn_alloc(size, 1);
	struct sn_progress *progress = sn_progress_begin("images", 0, common.quiet);
	struct sn_header *h;
	struct sn_record rec;
	uint64_t n = 0;
	bool any = false;
	int st;

	if (!pixels)
		return SN_ENOMEM;
	while ((st = sn_read(r, &rec)) > 0) {
		any = true;
		if (st == SN_HEADER) {
			if ((st = sn_header_parse(&h, &rec)) == 0) {
				st = sn_header_expect(h, "items pairs");
				sn_header_free(h);
			}
		} else if (st == SN_RECORD && rec.map == SN_MAP_ITEM && rec.item.x.type) {
			if ((st = sn_prep_pixels(prep, &rec.item.x, pixels)) == 0) {
				sn_measurement_add(&sum, pixels, size);
				sn_progress_read(progress, sn_reader_offset(r), sn_reader_size(r));
				sn_progress_show(progress, ++n, NULL);
			}
		}
		if (st < 0) {
			st = sn_reader_blame_last(r, st);
			break;
		}
	}
	sn_progress_end(progress);
	if (st == 0)
		st = cli_check_empty(r, any, &common);
	if (st == 0 && (st = sn_measurement_end(&sum, prep)) < 0)
		st = sn_fail_at(st, "%s", sn_reader_name(r));
	if (st == 0 && common.verbose)
		cli_warn("%" PRIu64 " pictures: mean %.9g, deviation %.9g", n, prep->mean,
			 prep->deviation);
	free(pixels);
	sn_reader_close(r);
	return st;
}

int main(int argc, char **argv)
{
	int first = cli_parse(&program, argc, argv), st;
	struct sn_writer *w;
	struct sn_model *m;

	if (list) {
		if (first < argc)
			cli_usage_error("--list and '%s'", argv[first]);
		if ((st = print_listing(NULL)) < 0)
			cli_die(st);
		return CLI_OK;
	}
	if (argc - first != 1)
		cli_usage_error(argc == first ? "no network: name a preset (see --list) or a file"
					      : "one network at a time");
	if (common.text && !show)
		cli_usage_error(
			"a model has no text: --show prints its layers, sn-cat -t all of it");
	if (show && measure)
		cli_usage_error("--show and --measure");
	if (measure && strcmp(measure, "-") == 0) {
		if (strcmp(argv[first], "-") == 0)
			cli_usage_error(
				"network and pictures cannot both come from standard input");
		cli_refuse_terminal();
	}
	if (strcmp(argv[first], "-") == 0)
		cli_refuse_terminal();
	m = open_model(argv[first]);
	take_preset(argv[first]);
	if (show) {
		if ((st = print_listing(m)) < 0)
			cli_die(st);
		sn_model_free(m);
		return CLI_OK;
	}
	if ((st = sn_writer_open(&w, common.out, SN_FORM_AUTO)) < 0)
		cli_die(st);
	if (sn_writer_is_text(w))
		cli_usage_error("a model does not go to a terminal: name a file with -o");

	m->distance = distance;
	m->margin = margin;
	m->prep.fit = fit;
	m->prep.fill = (uint8_t)fill;
	m->prep.invert = invert;
	m->prep.mirror = mirror;
	if (measure) {
		st = measure_stream(&m->prep);
		measure = "stream"; /* in the history, which has no paths */
	}
	if (st == 0 && (st = sn_net_init(m->net, common.seed)) == 0 &&
	    (st = sn_model_init_head(m, common.seed)) == 0)
		st = sn_model_write(m, w, cli_history());
	if (st < 0)
		cli_warn("%s", sn_message());
	if (sn_writer_close(w, st == 0) < 0 && st == 0) {
		cli_warn("%s", sn_message());
		st = SN_EIO;
	}
	sn_model_free(m);
	return st < 0 ? CLI_FAILED : CLI_OK;
}
