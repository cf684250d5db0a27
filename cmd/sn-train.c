/* sn-train - a model and pictures in, a trained model out */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/train.h>
#include "cli.h"
#include "loss_options.h"
#include "train_show.h"

static const char *const select_names[] = { "loss", "eer", "accuracy", NULL };

static struct options {
	struct cli_common common;
	const char *model, *out, *validate, *log, *filter, *augment, *schedule, *per_layer,
		*checkpoint, *every, *resume, *across;
	uint64_t epochs, pairs, patience, turns, warm_up, trials, way, shot, within, groups;
	size_t batch[2];
	struct loss_options loss;
	unsigned distance, optimizer, mean, select;
	bool nesterov, check_grad;
	double rate, momentum, decay, clip, average, tolerance;
} o = { .common = CLI_COMMON_INIT,
	.epochs = 10,
	.pairs = 64,
	.batch = { 16, 8 },
	.way = 5,
	.shot = 1,
	.groups = 1,
	.tolerance = 0.05,
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
	{ 0, "within", CLI_COUNT, &o.within, "LEVEL",
	  "classes of a batch, and of a trial, share the first LEVEL parts of the label", 0, 65535,
	  NULL, CLI_OMIT },
	{ 0, "groups", CLI_COUNT, &o.groups, "G",
	  "--within: the classes of a batch come from G such groups, 0: from anywhere", 0, 100000,
	  NULL, CLI_OMIT },
	{ 0, "across", CLI_TEXT, &o.across, "REGEX",
	  "the K items of a batch's classes are of the same K conditions (drawers, sessions), "
	  "which "
	  "REGEX finds in the key",
	  0, 0, NULL, CLI_OMIT },
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
	{ 0, "trials", CLI_COUNT, &o.trials, "N",
	  "validate by N questions: which of some classes is it?", 1, 1e9, NULL, CLI_OMIT },
	{ 0, "way", CLI_COUNT, &o.way, "W", "classes of a trial", 2, 1e9, NULL, CLI_OMIT },
	{ 0, "shot", CLI_COUNT, &o.shot, "K", "items of each class of a trial", 1, 1e9, NULL,
	  CLI_OMIT },
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
	{ 0, "check-grad", CLI_FLAG, &o.check_grad, NULL,
	  "train nothing: hold the gradients of the first step against differences", 0, 0, NULL,
	  CLI_SILENT },
	{ 0, "tolerance", CLI_REAL, &o.tolerance, "X",
	  "--check-grad: the largest relative error that is none", 1e-9, 1e9, NULL, CLI_SILENT },
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
	.synopsis = "-m MODEL {-o FILE | --check-grad} [options] [STREAM]",
	.summary =
		"Train a twin network on pictures.\n"
		"in:   items with x u1 [h][w][c] (pairs are sampled by label), or items and pairs\n"
		"out:  the model with trained weights\n",
	.example = "sn-load faces | sn-train -m w.bin -o trained.bin -e 5",
	.options = table,
};

/* ---- options --------------------------------------------------------------------------- */

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

/* Trials are what they are made for: the best epoch is that which answers most of them. */
static void check_trials(void)
{
	if (!o.trials && (cli_given("way") || cli_given("shot")))
		cli_usage_error("--way and --shot go with --trials");
	if (!o.trials)
		return;
	if (!o.validate)
		cli_usage_error("--trials needs --validate, whose classes they ask for");
	if (!cli_given("select"))
		o.select = SN_SELECT_ACCURACY;
	remember("select");
	remember("way");
	remember("shot");
}

static void check_groups(void)
{
	if (cli_given("groups") && !o.within)
		cli_usage_error("--groups counts what --within LEVEL tells apart; give both");
	if (o.groups && o.batch[0] % o.groups)
		cli_usage_error("--batch %zux%zu, --groups %" PRIu64
				": wanted as many classes of each group",
				o.batch[0], o.batch[1], o.groups);
	if (o.within) {
		remember("within");
		remember("groups");
	}
}

static void check_options(void)
{
	enum sn_split_by by;
	double share;

	if (!o.model)
		cli_usage_error("which network? -m MODEL gives it, and sn-init makes one");
	if (o.check_grad && (o.out || o.log || o.checkpoint || o.resume || o.validate))
		cli_usage_error("--check-grad trains nothing, and prints its table: no -o, --log, "
				"--checkpoint, --resume, --validate");
	if (cli_given("tolerance") && !o.check_grad)
		cli_usage_error("--tolerance is of --check-grad");
	if (!o.out && !o.check_grad)
		cli_usage_error("where shall the trained model go? -o FILE says it");
	if (o.batch[0] < 2 || o.batch[1] < 2)
		cli_usage_error(
			"--batch: different pairs need two classes, same ones two items of each");
	if (o.patience && !o.validate)
		cli_usage_error(
			"--patience needs --validate: without it there is no gain to wait for");
	if (cli_given("select") && !o.validate)
		cli_usage_error("--select needs --validate: without it there is one model");
	check_groups();
	check_trials();
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
	if (data->has_pairs && (cli_given("groups") || ((o.across || o.within) && !o.trials)))
		cli_usage_error("--within and --across choose what a batch samples from items, and "
				"this is pairs");
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

/* Default pairs, or the trials that are asked for. */
static int draw_pairs(struct sn_pairs *pairs, const struct sn_dataset *data, const uint8_t *of)
{
	const struct sn_pair_options how = { .selection =
						     o.trials ? SN_PAIR_TRIALS : SN_PAIR_DEFAULT,
					     .seed = o.common.seed,
					     .count = o.trials,
					     .way = o.way,
					     .shot = o.shot,
					     .within = (unsigned)o.within,
					     .across = o.trials ? o.across : NULL };

	return sn_dataset_pairs(pairs, data, of, &how);
}

static int hold_part(struct validation *v, const struct sn_dataset *data, enum sn_split_by by,
		     double share)
{
	int st;

	if (!(v->held = sn_alloc(data->items.n, 1)))
		return SN_ENOMEM;
	if ((st = sn_split(v->held, &data->items, by, share, o.common.seed)) < 0 ||
	    (st = draw_pairs(&v->pairs, data, v->held)) < 0)
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
		if (v->file.has_pairs && o.trials)
			cli_usage_error("--trials draws from items, and '%s' is pairs: 'sn-pair "
					"--trials' makes some with trials",
					o.validate);
		if (v->file.has_pairs)
			t->validation_pairs = &v->file.pairs;
		else if ((st = draw_pairs(&v->pairs, &v->file, NULL)) < 0)
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

/* ---- the gradient's check -------------------------------------------------------------- */

struct check {
	char worst[64];
	double error;
};

static int tell_check(void *context, const struct sn_gradient_row *row)
{
	struct check *check = context;

	if (!(row->error <= check->error)) {
		check->error = row->error;
		snprintf(check->worst, sizeof check->worst, "%s", row->name);
	}
	printf("%s\t%zu\t%.6g\t%.6g\t%.2g\n", row->name, row->numbers, row->predicted,
	       row->measured, row->error);
	return 0;
}

static int check_gradient(struct sn_model *model, const struct sn_dataset *data,
			  const struct sn_train_options *t, struct sn_pool *pool)
{
	struct check check = { .error = -1 };
	int st;

	printf("tensor\tnumbers\tpredicted\tmeasured\terror\n");
	if ((st = sn_train_check_gradient(model, data, t, pool, tell_check, &check)) < 0)
		return st;
	if (fflush(stdout) != 0 || ferror(stdout))
		return sn_fail_errno("cannot write the table");
	if (!(check.error <= o.tolerance))
		return sn_fail(SN_EDATA,
			       "the gradient of '%s' is off by %.2g of itself, which is more than "
			       "%g",
			       check.worst, check.error, o.tolerance);
	return 0;
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
		.within = (unsigned)o.within,
		.groups = (size_t)o.groups,
		.across = o.across,
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
		 struct sn_pool *pool, struct train_show *show)
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
	st = o.check_grad ? check_gradient(model, &data, &t, pool)
			  : sn_train(model, &data, &t, pool, train_show_row, show);
	st = close_filter(t.objective.filter, st);
	release_validation(&validation);
	sn_dataset_release(&data);
	return st;
}

int main(int argc, char **argv)
{
	const char *input;
	struct sn_train_options options;
	struct sn_writer *w = NULL;
	struct sn_model *model;
	struct sn_pool *pool;
	struct train_show show;
	int st, first = cli_parse(&program, argc, argv);

	check_options();
	options = parse_training();
	input = cli_input(argc, argv, first);
	if (strcmp(o.model, "-") == 0 && strcmp(input, "-") == 0)
		cli_usage_error("model and pictures cannot both be standard input");
	if (!o.check_grad)
		w = open_output();
	if (sn_model_load(&model, o.model) < 0 ||
	    sn_pool_new(&pool, (unsigned)o.common.threads) < 0)
		cli_die(SN_EDATA);
	cli_input_sum("model", model->xxh3);
	show = (struct train_show){ .path = o.log,
				    .epochs = o.epochs,
				    .quiet = o.common.quiet,
				    .verbose = o.common.verbose };
	train_show_open(&show);
	st = train(model, input, options, pool, &show);
	train_show_end(&show);
	if (st == 0 && w)
		st = sn_model_write(model, w, cli_history());
	if (st == 0)
		st = train_show_close(&show);
	if (w && sn_writer_close(w, st == 0) < 0 && st == 0)
		st = SN_EIO;
	if (st < 0)
		cli_die(st);
	train_show_kept(&show);
	sn_pool_free(pool);
	sn_model_free(model);
	sn_augment_free((struct sn_augment *)options.augment);
	sn_rules_free((struct sn_rules *)options.rules);
	return CLI_OK;
}
