/* fold - the distances of a questioned item to several references as one. */
#include <stdlib.h>
#include <string.h>
#include <sn/fold.h>
#include <sn/memory.h>

const char *const sn_fold_names[] = { "mean", "min", "excess", NULL };

float sn_fold(enum sn_fold how, const float *d, size_t n, double among)
{
	double sum = 0;
	float least = d[0];

	for (size_t i = 0; i < n; i++) {
		sum += (double)d[i];
		if (d[i] < least)
			least = d[i];
	}
	if (how == SN_FOLD_MIN)
		return least;
	return (float)(sum / (double)n - (how == SN_FOLD_EXCESS ? among : 0));
}

struct sn_folding {
	enum sn_fold how;
	struct sn_pair trial; /* its first pair */
	bool open, any;
	size_t references; /* pairs of the trial */
	float *d;	   /* [n] those that are not nil */
	size_t n, capacity;
	/* the references among themselves */
	double sum;
	size_t among, measured;
};

int sn_folding_new(struct sn_folding **f, enum sn_fold how)
{
	*f = sn_alloc(1, sizeof **f);
	if (!*f)
		return SN_ENOMEM;
	(*f)->how = how;
	return 0;
}

void sn_folding_free(struct sn_folding *f)
{
	if (!f)
		return;
	free(f->d);
	free(f);
}

static int finish(struct sn_folding *f, struct sn_pair *folded)
{
	const size_t n = f->references;

	if (f->how == SN_FOLD_EXCESS && f->among != n * (n - 1) / 2)
		return sn_fail(SN_EDATA,
			       "trial %llu has %zu references, and before it come %zu distances "
			       "among them, wanted %zu: 'sn-pair --references' makes such pairs",
			       (unsigned long long)f->trial.trial, n, f->among, n * (n - 1) / 2);
	f->open = false;
	*folded = f->trial;
	folded->d_nil = f->n == 0;
	folded->d =
		f->n ? sn_fold(f->how, f->d, f->n, f->measured ? f->sum / (double)f->measured : 0)
		     : f->trial.d;
	return 1;
}

static int add_reference(struct sn_folding *f, const struct sn_pair *pair, bool first)
{
	if (first) {
		f->sum = 0;
		f->among = f->measured = 0;
	}
	f->among++;
	if (!pair->has_d)
		return sn_fail(SN_EDATA, "a pair without distance; make it by sn-dist");
	if (pair->d_nil)
		return 0;
	f->measured++;
	f->sum += (double)pair->d;
	return 0;
}

static int add_distance(struct sn_folding *f, const struct sn_pair *pair)
{
	int st;

	if (pair->a != f->trial.a || pair->same != f->trial.same)
		return sn_fail(SN_EDATA,
			       "trial %llu %s: --fold wants trials that ask about one item, as "
			       "'sn-pair --references' makes them",
			       (unsigned long long)pair->trial,
			       pair->a != f->trial.a ? "asks about several items"
						     : "has same and different pairs");
	if (!pair->has_d)
		return sn_fail(SN_EDATA, "a pair without distance; make it by sn-dist");
	f->references++;
	if (pair->d_nil)
		return 0;
	if ((st = sn_grow(&f->d, &f->capacity, f->n + 1, sizeof *f->d)) < 0)
		return st;
	f->d[f->n++] = pair->d;
	return 0;
}

int sn_folding_pair(struct sn_folding *f, const struct sn_pair *pair, struct sn_pair *folded)
{
	const bool ends = f->open && pair->trial != f->trial.trial;
	int st, ended = 0;

	if (ends && (ended = finish(f, folded)) < 0)
		return ended;
	if (pair->trial == SN_NONE) {
		st = add_reference(f, pair, f->any);
		f->any = false;
		return st < 0 ? st : ended;
	}
	if (!f->open) {
		f->trial = *pair;
		f->open = f->any = true;
		f->references = f->n = 0;
	}
	st = add_distance(f, pair);
	return st < 0 ? st : ended;
}

int sn_folding_end(struct sn_folding *f, struct sn_pair *folded)
{
	if (f->open)
		return finish(f, folded);
	if (!f->any)
		return sn_fail(SN_EDATA,
			       "--fold: no pair has a trial: 'sn-pair --references' makes "
			       "trials against several references");
	return 0;
}
