/* sn-train - a model and pictures in, a trained model out */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/progress.h>
#include <sn/train.h>
#include "cli.h"
#include "loss_options.h"

static const char *const select_names[] = { "loss", "eer", NULL };

static struct options {
	struct cli_common common;
	const char *model, *out, *validate, *log, *filter, *augment, *schedule, *per_layer,
		*checkpoint, *every, *resume;
	uint64_t epochs, pairs, patience, turns, warm_up;
	size_t batch[2];
	struct loss_options loss;
	unsigned distance, optimizer, mean, select;
	bool nesterov;
	double rate, momentum, decay, clip, average;
} o = { .common = CLI_COMMON_INIT,
	.epochs = 10,
	.pairs = 64,
	.batch = { 16, 8 },
	.optimizer = SN_ADAM,
	.mean = LOSS_BALANCED,
	.loss = LOSS_OPTIONS_INIT,
	.rate = NAN,
	.momentum = NAN,
	.decay = NAN };

/* not const: what a run has no use for is left out of its history */
static struct cli_option table[] = {
	{ 'm', "model", CLI_FILE, &o.model, "FILE", "start from this model", 0, 0, NULL,
	  CLI_INPUT },
	{ 'o', "output", CLI_FILE, &o.out, "FILE", "write the trained model to FILE", 0, 0, NULL,
	  CLI_SILENT },
	{ 'e', "epochs", CLI_COUNT, &o.epochs, "N", "passes over the input", 1, 1000000, NULL, 0 },
	{ 'b', "pairs", CLI_COUNT, &o.pairs, "N", "input of pairs: pairs a step", 1, 10000000, NULL,
	  0 },
	{ 0, "batch", CLI_SIZE, o.batch, "PxK", "input of items: P classes by K items a step", 1,
	  100000, NULL, 0 },
	LOSS_OPTIONS(o.loss),
	{ 'd', "distance", CLI_CHOICE, &o.distance, "NAME",
	  "distance; the loss's or the model's if not given", 0, 0, sn_distance_names, CLI_OMIT },
	{ 0, "loss-filter", CLI_TEXT, &o.filter, "COMMAND",
	  "the loss is another program's: embeddings and pairs in, gradients out", 0, 0, NULL,
	  CLI_OMIT },
	{ 0, "mean", CLI_CHOICE, &o.mean, "NAME",
	  "mean of a batch, if not given balanced for items, plain for pairs", 0, 0, loss_means,
	  CLI_OMIT },
	{ 0, "optimizer", CLI_CHOICE, &o.optimizer, "NAME", "how weights follow gradients", 0, 0,
	  sn_optimizer_names, 0 },
	{ 'r', "rate", CLI_REAL, &o.rate, "X",
	  "learning rate; if not given, 0.01 for sgd and rmsprop, else 0.001", 1e-12, 1000, NULL,
	  0 },
	{ 0, "schedule", CLI_TEXT, &o.schedule, "SPEC",
	  "how the rate changes, as 'step:every=10,factor=0.1' or 'cosine'", 0, 0, NULL, CLI_OMIT },
	{ 0, "warm-up", CLI_COUNT, &o.warm_up, "N", "let the rate rise over the first N steps", 0,
	  1000000000, NULL, CLI_OMIT },
	{ 0, "momentum", CLI_REAL, &o.momentum, "X",
	  "momentum of sgd and rmsprop, beta1 of adam and adamw; 0 for rmsprop, else 0.9", 0,
	  0.9999, NULL, 0 },
	{ 0, "nesterov", CLI_FLAG, &o.nesterov, NULL, "sgd: look ahead by the momentum", 0, 0, NULL,
	  CLI_OMIT },
	{ 0, "decay", CLI_REAL, &o.decay, "X",
	  "decay of the weights, not of biases and norms; 0.01 for adamw, else 0", 0, 1, NULL, 0 },
	{ 0, "per-layer", CLI_TEXT, &o.per_layer, "SPEC",
	  "what is otherwise in some layers, as 'conv*:rate=0.5 fc1:decay=0.01,momentum=0.5'", 0, 0,
	  NULL, CLI_OMIT },
	{ 0, "clip", CLI_REAL, &o.clip, "X", "scale gradients down to this norm, 0: never", 0, 1e12,
	  NULL, CLI_OMIT },
	{ 0, "average", CLI_REAL, &o.average, "X",
	  "keep the exponential average of the weights, which decays by X, 0: none", 0, 0.999999,
	  NULL, CLI_OMIT },
	{ 0, "validate", CLI_TEXT, &o.validate, "FILE|class:F|image:F",
	  "keep the best epoch by these, or by a share of the input that is kept for it", 0, 0,
	  NULL, CLI_OMIT },
	{ 0, "select", CLI_CHOICE, &o.select, "NAME", "by what validation knows the best epoch", 0,
	  0, select_names, CLI_OMIT },
	{ 0, "patience", CLI_COUNT, &o.patience, "N", "stop after N epochs without gain, 0: never",
	  0, 1000000, NULL, CLI_OMIT },
	{ 0, "augment", CLI_TEXT, &o.augment, "SPEC",
	  "change the pictures of each step, as 'affine:rotate=10 noise'", 0, 0, NULL, CLI_OMIT },
	{ 0, "rotate-classes", CLI_OPTIONAL_COUNT, &o.turns, "4|8",
	  "quarter turns as new classes; 8: those of the mirror image, too", 0, 0, NULL, CLI_OMIT },
	{ 0, "checkpoint", CLI_FILE, &o.checkpoint, "FILE",
	  "write all that --resume needs to FILE, again and again", 0, 0, NULL, CLI_SILENT },
	{ 0, "every", CLI_TEXT, &o.every, "N|Nm",
	  "a checkpoint every N steps or N minutes; 10m if not given", 0, 0, NULL, CLI_SILENT },
	{ 0, "resume", CLI_FILE, &o.resume, "FILE", "go on from this checkpoint", 0, 0, NULL,
	  CLI_SILENT },
	{ 0, "log", CLI_FILE, &o.log, "FILE", "write a table of the steps to FILE", 0, 0, NULL,
	  CLI_SILENT },
	CLI_SEED(o.common),
	CLI_THREADS(o.common),
	CLI_QUIET(o.common),
	CLI_VERBOSE(o.common),
	CLI_END,
};

static const struct cli_program program = {
	.name = "sn-train",
	.synopsis = "-m MODEL -o FILE [options] [STREAM]",
	.summary =
		"Train a twin network on pictures.\n"
		"in:   items with x u1 [h][w][c] (pairs are sampled by label), or items and pairs\n"
		"out:  the model with trained weights\n",
	.example = "sn-load faces | sn-train -m w.bin -o trained.bin -e 5",
	.options = table,
};

/* ---- options --------------------------------------------------------------------------- */

/* "class:0.1": a part of the input.  Anything else is a file; ./class:0.1 also is. */
static bool parse_share(enum sn_split_by *by, double *share)
{
	const char *number;
	int end = 0;

	if (strncmp(o.validate, "class:", 6) == 0)
		*by = SN_SPLIT_CLASS;
	else if (strncmp(o.validate, "image:", 6) == 0)
		*by = SN_SPLIT_ITEM;
	else
		return false;
	number = o.validate + 6;
	if (number[strspn(number, "0123456789.e-")] || sscanf(number, "%lf%n", share, &end) != 1 ||
	    number[end] || !(*share > 0 && *share < 1))
		cli_usage_error("--validate: '%s' is not a share between 0 and 1, as in %.5s:0.1",
				number, o.validate);
	return true;
}

/* The defaults are PyTorch's, but for sgd, which wants a rate there and has no momentum. */
static void settle_optimizer(void)
{
	const bool adam = o.optimizer == SN_ADAM || o.optimizer == SN_ADAMW;

	if (isnan(o.rate))
		o.rate = adam ? 0.001 : 0.01;
	if (isnan(o.momentum))
		o.momentum = o.optimizer == SN_RMSPROP ? 0 : 0.9;
	if (isnan(o.decay))
		o.decay = o.optimizer == SN_ADAMW ? 0.01 : 0;
	if (o.nesterov && o.optimizer != SN_SGD)
		cli_usage_error("--nesterov is of --optimizer sgd");
	if (o.nesterov && o.momentum == 0)
		cli_usage_error("--nesterov needs a --momentum over 0");
}

static void check_options(void)
{
	enum sn_split_by by;
	double share;

	if (!o.model)
		cli_usage_error("which network? -m MODEL gives it, and sn-init makes one");
	if (!o.out)
		cli_usage_error("where shall the trained model go? -o FILE says it");
	if (o.batch[0] < 2 || o.batch[1] < 2)
		cli_usage_error(
			"--batch: different pairs need two classes, same ones two items of each");
	if (o.patience && !o.validate)
		cli_usage_error(
			"--patience needs --validate: without it there is no gain to wait for");
	if (cli_given("select") && !o.validate)
		cli_usage_error("--select needs --validate: without it there is one model");
	if (o.log && strcmp(o.log, "-") == 0 && strcmp(o.out, "-") == 0)
		cli_usage_error("--log and -o cannot both be standard output");
	if (o.validate && !parse_share(&by, &share) && strcmp(o.validate, "-") == 0)
		cli_usage_error("--validate: standard input is what is trained on");
	if (o.filter && !*o.filter)
		cli_usage_error("--loss-filter: '' is no command");
	loss_options_check(&o.loss);
	if (o.turns == UINT64_MAX)
		o.turns = 4;
	if (cli_given("rotate-classes") && o.turns != 4 && o.turns != SN_TURNS)
		cli_usage_error("--rotate-classes: '%" PRIu64 "' is not 4 or 8", o.turns);
	settle_optimizer();
}

/* NULL where none is asked for. */
static struct sn_augment *parse_augment(void)
{
	struct sn_augment *augment = NULL;

	if (o.augment && sn_augment_parse(&augment, o.augment) < 0)
		cli_usage_error("--augment: %s", sn_message());
	if (augment)
		o.augment = sn_augment_text(augment); /* for the history */
	return augment;
}

static struct sn_schedule parse_schedule(void)
{
	static char text[128];
	struct sn_schedule schedule = { .warm_up = o.warm_up };

	if (!o.schedule)
		return schedule;
	if (sn_schedule_parse(&schedule, o.schedule) < 0)
		cli_usage_error("--schedule: %s", sn_message());
	if (schedule.kind == SN_SCHEDULE_PLATEAU && !o.validate)
		cli_usage_error("--schedule plateau needs --validate: without it there is none to "
				"see");
	o.schedule = sn_schedule_text(text, &schedule); /* for the history */
	return schedule;
}

/* NULL where none are asked for. */
static struct sn_rules *parse_rules(void)
{
	struct sn_rules *rules = NULL;

	if (o.per_layer && sn_rules_parse(&rules, o.per_layer) < 0)
		cli_usage_error("--per-layer: %s", sn_message());
	return rules;
}

/* "100": steps, "5m": minutes. */
static struct sn_checkpoint_options parse_checkpoint(void)
{
	struct sn_checkpoint_options c = { .path = o.checkpoint,
					   .resume = o.resume,
					   .seconds = 600 };
	unsigned long n;
	char *end;

	if ((o.checkpoint && strcmp(o.checkpoint, "-") == 0) ||
	    (o.resume && strcmp(o.resume, "-") == 0))
		cli_usage_error("a checkpoint is a file, not '-'");
	if (!o.every)
		return c;
	if (!o.checkpoint)
		cli_usage_error("--every needs --checkpoint, which says where to");
	n = strtoul(o.every, &end, 10);
	if (strspn(o.every, "0123456789") != (size_t)(end - o.every) || end == o.every ||
	    strlen(o.every) > 10 || n < 1 || (*end && strcmp(end, "m") != 0))
		cli_usage_error("--every: '%s' is no number of steps, as 100, or minutes, as 5m",
				o.every);
	if (*end)
		c.seconds = 60.0 * (double)n;
	else
		c.steps = n;
	return c;
}

static void forget(const char *name)
{
	for (struct cli_option *c = table; c->name; c++)
		if (strcmp(c->name, name) == 0)
			c->flags |= CLI_SILENT;
}

static void remember(const char *name)
{
	for (struct cli_option *c = table; c->name; c++)
		if (strcmp(c->name, name) == 0)
			c->flags &= ~CLI_OMIT;
}

static struct sn_objective settle_objective(const struct sn_model *model)
{
	const struct loss_options given = o.loss;
	const enum sn_distance distance = (enum sn_distance)o.distance;
	struct sn_objective objective;

	if (loss_options_settle(&objective, &o.loss, &given, table,
				cli_given("distance") ? &distance : NULL, model->distance,
				model->margin > 0 ? model->margin : 1) < 0 ||
	    (isfinite(objective.margin) && sn_objective_check(&objective, model->net) < 0))
		cli_die(SN_EUSAGE);
	if (objective.distance == SN_WEIGHTED_L1 && !model->head)
		cli_usage_error("the distance weighted-l1 wants a model with its weights: sn-init "
				"-d weighted-l1 makes one");
	o.distance = objective.distance;
	remember("distance");
	return objective;
}

/* -M auto: from the distances that the untrained network makes. */
static void find_margin(struct sn_train_options *t, struct sn_model *model,
			const struct sn_dataset *data, struct sn_pool *pool)
{
	struct loss_options given = o.loss;
	const enum sn_distance distance = t->objective.distance;
	int st;

	if (isfinite(given.margin))
		return;
	if ((st = sn_train_margin(&given.margin, model, data, t, pool)) < 0 ||
	    (st = loss_options_settle(&t->objective, &o.loss, &given, table, &distance, distance,
				      1)) < 0 ||
	    (st = sn_objective_check(&t->objective, model->net)) < 0)
		cli_die(st);
	if (o.common.verbose)
		cli_warn("margin %.9g", o.loss.margin);
}

/* What makes a batch depends on what came. */
static void settle_batch(const struct sn_dataset *data)
{
	if (data->has_pairs && cli_given("batch"))
		cli_usage_error("--batch samples from items, and this is pairs: -b says how many "
				"make a step");
	if (data->has_pairs && o.turns)
		cli_usage_error("--rotate-classes samples from more classes, and this is pairs: "
				"put sn-augment --rotate-classes before sn-pair");
	if (!data->has_pairs && cli_given("pairs"))
		cli_usage_error(
			"-b is for pairs, and this is items, which --batch PxK samples from");
	if (data->has_batches && cli_given("pairs"))
		cli_usage_error("these pairs carry their batches: -b cannot change them");
	if (data->has_pairs && !cli_given("mean"))
		o.mean = LOSS_PLAIN;
	forget(data->has_pairs ? "batch" : "pairs");
	if (data->has_batches)
		forget("pairs");
	remember("mean");
}

/* ---- input ----------------------------------------------------------------------------- */

static void read_stream(struct sn_dataset *data, const char *path, const struct sn_prep *prep,
			struct sn_pool *pool)
{
	struct sn_reader *r = cli_reader(path);
	int st = sn_dataset_read(data, r, prep, pool);

	if (st == 0)
		st = sn_fail(SN_EDATA, "%s: empty input, not even a header", sn_reader_name(r));
	if (st < 0)
		cli_die(st);
	sn_reader_close(r);
}

struct validation {
	struct sn_dataset file;
	struct sn_pairs pairs; /* drawn; those of the file are its own */
	uint8_t *held;	       /* items of the input that are not trained on */
};

static int hold_part(struct validation *v, const struct sn_dataset *data, enum sn_split_by by,
		     double share)
{
	int st;

	if (!(v->held = sn_alloc(data->items.n, 1)))
		return SN_ENOMEM;
	if ((st = sn_split(v->held, &data->items, by, share, o.common.seed)) < 0 ||
	    (st = sn_dataset_pairs(&v->pairs, data, v->held, o.common.seed)) < 0)
		return sn_fail_at(st, "validation part");
	return 0;
}

static void prepare_validation(struct validation *v, struct sn_train_options *t,
			       const struct sn_dataset *data, const struct sn_prep *prep,
			       struct sn_pool *pool)
{
	enum sn_split_by by;
	double share;
	int st = 0;

	if (!o.validate)
		return;
	t->validation_pairs = &v->pairs;
	if (parse_share(&by, &share)) {
		st = hold_part(v, data, by, share);
		t->validation = data;
		t->held = v->held;
	} else {
		read_stream(&v->file, o.validate, prep, pool);
		t->validation = &v->file;
		if (v->file.has_pairs)
			t->validation_pairs = &v->file.pairs;
		else if ((st = sn_dataset_pairs(&v->pairs, &v->file, NULL, o.common.seed)) < 0)
			st = sn_fail_at(st, "%s", o.validate);
		o.validate = "file"; /* in the history, which has no paths */
	}
	if (st < 0)
		cli_die(st);
}

static void release_validation(struct validation *v)
{
	sn_dataset_release(&v->file);
	sn_pairs_release(&v->pairs);
	free(v->held);
}

/* ---- what is told of the training ------------------------------------------------------ */

struct show {
	FILE *log;
	struct sn_progress *progress;
	uint64_t best_epoch;
	double best_loss, best_eer;
	bool begun;
};

static void open_log(struct show *show)
{
	if (!o.log)
		return;
	show->log = strcmp(o.log, "-") == 0 ? stdout : fopen(o.log, "we");
	if (!show->log)
		cli_die(sn_fail_errno("cannot write '%s'", o.log));
	/* a row is there to be read when its step is done */
	setvbuf(show->log, NULL, _IOLBF, 0);
	fprintf(show->log, "step\tepoch\tloss\tsame\tdifferent\tactive\tspread\trate\timages_s"
			   "\tvalidation_loss\tvalidation_eer\n");
}

static int check_log(struct show *show, bool close)
{
	bool failed;

	if (!show->log)
		return 0;
	failed = fflush(show->log) != 0 || ferror(show->log);
	if (close && show->log != stdout)
		failed |= fclose(show->log) != 0;
	return failed ? sn_fail_errno("cannot write '%s'", o.log) : 0;
}

static void log_number(FILE *f, const char *format, double v)
{
	fputc('\t', f);
	if (isnan(v))
		fputc('-', f);
	else
		fprintf(f, format, v);
}

static int log_row(struct show *show, const struct sn_train_row *row)
{
	FILE *f = show->log;

	if (!f)
		return 0;
	fprintf(f, "%" PRIu64 "\t%" PRIu64, row->step, row->epoch);
	log_number(f, "%.17g", row->loss);
	log_number(f, "%.9g", row->same);
	log_number(f, "%.9g", row->different);
	log_number(f, "%.9g", row->active);
	log_number(f, "%.9g", row->spread);
	log_number(f, "%.9g", row->rate);
	log_number(f, "%.0f", row->images);
	log_number(f, "%.17g", row->validated ? row->validation_loss : NAN);
	log_number(f, "%.9g", row->validated ? row->validation_eer : NAN);
	fputc('\n', f);
	return check_log(show, false);
}

static int tell(void *context, const struct sn_train_row *row)
{
	struct show *show = context;

	if (!show->begun)
		show->progress = sn_progress_begin("steps", row->steps, o.common.quiet);
	show->begun = true;
	sn_progress_show(show->progress, row->step,
			 "epoch %" PRIu64 "/%" PRIu64 ", loss %.3g, %.0f images/s", row->epoch,
			 o.epochs, row->loss, row->images);
	if (row->collapsed)
		cli_warn("step %" PRIu64 ": collapse: all embeddings have become one point, "
			 "nothing can be told apart "
			 "any more; try a smaller rate (-r), more classes in a batch (--batch), "
			 "batch norm in the "
			 "network, or pictures with another preparation (sn-init --measure)",
			 row->step);
	if (row->validated && row->best) {
		show->best_epoch = row->epoch;
		show->best_loss = row->validation_loss;
		show->best_eer = row->validation_eer;
	}
	if (o.common.verbose && row->validated)
		cli_warn("epoch %" PRIu64 ": validation loss %.6g, equal error rate %.4g%s",
			 row->epoch, row->validation_loss, row->validation_eer,
			 row->best ? ", the best so far" : "");
	return log_row(show, row);
}

/* ---- the program ----------------------------------------------------------------------- */

/* The output is opened before any work: what cannot be written had better not be waited for. */
static struct sn_writer *open_output(void)
{
	struct sn_writer *w;
	int st = sn_writer_open(&w, o.out, SN_FORM_AUTO);

	if (st < 0)
		cli_die(st);
	if (sn_writer_is_text(w))
		cli_usage_error("a model is no text for a terminal: -o FILE");
	return w;
}

/* What went wrong in the training is what is told, however its loss filter ends. */
static int close_filter(struct sn_loss_filter *filter, int st)
{
	char message[2048];
	int closed;

	if (!filter)
		return st;
	snprintf(message, sizeof message, "%s", sn_message());
	closed = sn_loss_filter_close(filter, st == 0);
	return st < 0 ? sn_fail(st, "%s", message) : closed;
}

/* What is asked for, but for what depends on the model and the pictures. */
static struct sn_train_options parse_training(void)
{
	return (struct sn_train_options){
		.epochs = o.epochs,
		.batch = (size_t)o.pairs,
		.p = o.batch[0],
		.k = o.batch[1],
		.optimizer = (enum sn_optimizer)o.optimizer,
		.rate = o.rate,
		.momentum = o.momentum,
		.decay = o.decay,
		.nesterov = o.nesterov,
		.clip = o.clip,
		.rules = parse_rules(),
		.average = o.average,
		.select = (enum sn_select)o.select,
		.patience = o.patience,
		.seed = o.common.seed,
		.schedule = parse_schedule(),
		.checkpoint = parse_checkpoint(),
		.augment = parse_augment(),
		.turns = (unsigned)o.turns,
	};
}

static int train(struct sn_model *model, const char *input, struct sn_train_options t,
		 struct sn_pool *pool, struct show *show)
{
	struct sn_dataset data = { 0 };
	struct validation validation = { 0 };
	int st;

	t.objective = settle_objective(model);
	if (t.rules &&
	    sn_rules_check(t.rules, model->net, t.objective.distance == SN_WEIGHTED_L1) < 0)
		cli_usage_error("--per-layer: %s", sn_message());
	read_stream(&data, input, &model->prep, pool);
	settle_batch(&data);
	t.balance = o.mean == LOSS_BALANCED;
	prepare_validation(&validation, &t, &data, &model->prep, pool);
	find_margin(&t, model, &data, pool);
	t.checkpoint.options = cli_history();
	if (o.filter && sn_loss_filter_open(&t.objective.filter, o.filter, model) < 0)
		cli_die(SN_EIO);
	st = close_filter(t.objective.filter, sn_train(model, &data, &t, pool, tell, show));
	release_validation(&validation);
	sn_dataset_release(&data);
	return st;
}

int main(int argc, char **argv)
{
	const char *input;
	struct sn_train_options options;
	struct sn_writer *w;
	struct sn_model *model;
	struct sn_pool *pool;
	struct show show = { 0 };
	int st, first = cli_parse(&program, argc, argv);

	check_options();
	options = parse_training();
	input = cli_input(argc, argv, first);
	if (strcmp(o.model, "-") == 0 && strcmp(input, "-") == 0)
		cli_usage_error("model and pictures cannot both be standard input");
	w = open_output();
	if (sn_model_load(&model, o.model) < 0 ||
	    sn_pool_new(&pool, (unsigned)o.common.threads) < 0)
		cli_die(SN_EDATA);
	cli_input_sum("model", model->xxh3);
	open_log(&show);
	st = train(model, input, options, pool, &show);
	sn_progress_end(show.progress);
	if (st == 0)
		st = sn_model_write(model, w, cli_history());
	if (st == 0)
		st = check_log(&show, true);
	if (sn_writer_close(w, st == 0) < 0 && st == 0)
		st = SN_EIO;
	if (st < 0)
		cli_die(st);
	if (o.common.verbose && show.best_epoch)
		cli_warn("kept epoch %" PRIu64 ": validation loss %.6g, equal error rate %.4g",
			 show.best_epoch, show.best_loss, show.best_eer);
	sn_pool_free(pool);
	sn_model_free(model);
	sn_augment_free((struct sn_augment *)options.augment);
	sn_rules_free((struct sn_rules *)options.rules);
	return CLI_OK;
}
