/* train_show - a row a step, and what a user should know of it */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "cli.h"
#include "train_show.h"

static int check(struct train_show *show, bool close)
{
	bool failed;

	if (!show->log)
		return 0;
	failed = fflush(show->log) != 0 || ferror(show->log);
	if (close && show->log != stdout)
		failed |= fclose(show->log) != 0;
	return failed ? sn_fail_errno("cannot write '%s'", show->path) : 0;
}

void train_show_open(struct train_show *show)
{
	if (!show->path)
		return;
	show->log = strcmp(show->path, "-") == 0 ? stdout : fopen(show->path, "we");
	if (!show->log)
		cli_die(sn_fail_errno("cannot write '%s'", show->path));
	/* a row is there to be read when its step is done */
	setvbuf(show->log, NULL, _IOLBF, 0);
	fprintf(show->log, "step\tepoch\tloss\tsame\tdifferent\tactive\tspread\trate\timages_s"
			   "\tvalidation_loss\tvalidation_eer\tvalidation_accuracy\n");
}

static void log_number(FILE *f, const char *format, double v)
{
	fputc('\t', f);
	if (isnan(v))
		fputc('-', f);
	else
		fprintf(f, format, v);
}

static int log_row(struct train_show *show, const struct sn_train_row *row)
{
	const struct sn_validation none = { NAN, NAN, NAN, false },
				   *v = row->validated ? &row->validation : &none;
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
	log_number(f, "%.17g", v->loss);
	log_number(f, "%.9g", v->eer);
	log_number(f, "%.9g", v->accuracy);
	fputc('\n', f);
	return check(show, false);
}

/* "validation loss 0.1, equal error rate 0.2, 0.8 of the trials right" */
static const char *describe(char text[160], const struct sn_validation *v)
{
	int n = snprintf(text, 160, "validation loss %.6g", v->loss);

	if (!isnan(v->eer))
		n += snprintf(text + n, 160 - (size_t)n, ", equal error rate %.4g", v->eer);
	if (!isnan(v->accuracy))
		snprintf(text + n, 160 - (size_t)n, ", %.4g of the trials right", v->accuracy);
	return text;
}

int train_show_row(void *context, const struct sn_train_row *row)
{
	struct train_show *show = context;
	char text[160];

	if (!show->begun)
		show->progress = sn_progress_begin("steps", row->steps, show->quiet);
	show->begun = true;
	sn_progress_show(show->progress, row->step,
			 "epoch %" PRIu64 "/%" PRIu64 ", loss %.3g, %.0f images/s", row->epoch,
			 show->epochs, row->loss, row->images);
	if (row->collapsed)
		cli_warn(
			"step %" PRIu64 ": collapse: all embeddings have become one point, "
			"nothing can be told apart any more; try a smaller rate (-r), more classes "
			"in a batch (--batch), batch norm in the network, or pictures with another "
			"preparation (sn-init --measure)",
			row->step);
	if (row->validated && row->best) {
		show->best_epoch = row->epoch;
		show->best = row->validation;
	}
	if (show->verbose && row->validated)
		cli_warn("epoch %" PRIu64 ": %s%s", row->epoch, describe(text, &row->validation),
			 row->best ? ", the best so far" : "");
	return log_row(show, row);
}

void train_show_end(struct train_show *show)
{
	sn_progress_end(show->progress);
	show->progress = NULL;
}

void train_show_kept(const struct train_show *show)
{
	char text[160];

	if (show->verbose && show->best_epoch)
		cli_warn("kept epoch %" PRIu64 ": %s", show->best_epoch,
			 describe(text, &show->best));
}

int train_show_close(struct train_show *show)
{
	return check(show, true);
}
