/* eval_set - reading distances, and telling whether two sets of them go together. */
#include <math.h>
#include <string.h>
#include <sn/progress.h>
#include "eval_set.h"

static int read_header(struct eval_set *set, const struct sn_record *rec)
{
	struct sn_slice name = { 0 };
	uint64_t window = 0;
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);
	if (st < 0)
		return st;
	if ((st = sn_header_expect(h, "distances losses")) == 0)
		st = sn_model_note_read(&set->note, h);
	if (sn_header_get_str(h, "distance", &name) && name.size < sizeof(set->distance))
		memcpy(set->distance, name.data, name.size);
	if (!set->folding) /* it is one of two items */
		sn_header_get_f8(h, "threshold", &set->threshold);
	sn_header_get_uint(h, "window", &window);
	set->e.items.window = window;
	sn_header_free(h);
	return st;
}

int eval_set_fold(struct eval_set *set, enum sn_fold how)
{
	return sn_folding_new(&set->folding, how);
}

/* What is folded is a pair like any other: the trial was its references. */
static int add_folded(struct eval_set *set, struct sn_pair *folded)
{
	folded->trial = SN_NONE;
	return sn_evaluation_pair(&set->e, folded);
}

static int add_pair(struct eval_set *set, const struct sn_pair *pair)
{
	struct sn_pair folded;
	int st;

	if (!set->folding)
		return sn_evaluation_pair(&set->e, pair);
	st = sn_folding_pair(set->folding, pair, &folded);
	return st == 1 ? add_folded(set, &folded) : st;
}

static int end_pairs(struct eval_set *set)
{
	struct sn_pair folded;
	int st = set->folding ? sn_folding_end(set->folding, &folded) : 0;

	return st == 1 ? add_folded(set, &folded) : st;
}

int eval_set_read(struct eval_set *set, const char *path, const struct cli_common *c)
{
	struct sn_reader *r = cli_reader(path);
	struct sn_evaluation *e = &set->e;
	struct sn_progress *progress;
	struct sn_join *join;
	struct sn_record rec;
	bool seen = false;
	int st = sn_join_new(&join, r), got;
	if (st < 0)
		return st;
	set->name = strcmp(path, "-") == 0 ? "<stdin>" : path;
	progress = sn_progress_begin("pairs", 0, c->quiet);
	while ((got = st = sn_join_read(join, &rec)) > SN_EOF) {
		st = 0;
		if (got == SN_HEADER) {
			seen = true;
			st = read_header(set, &rec);
		} else if (got == SN_END) {
			e->failed = rec.end.failed;
		} else if (rec.map == SN_MAP_ITEM) {
			st = sn_evaluation_item(e, &rec.item);
		} else if (rec.map == SN_MAP_PAIR) {
			st = add_pair(set, &rec.pair);
			sn_progress_read(progress, sn_reader_offset(r), sn_reader_size(r));
			sn_progress_show(progress, e->pairs, NULL);
		}
		if (st == SN_EDATA || st == SN_ENAN)
			st = sn_reader_blame_last(r, st);
		if (st < 0)
			break;
	}
	if (st == 0)
		st = cli_check_empty(r, seen, c);
	if (st == 0 && seen && (st = end_pairs(set)) == 0)
		st = sn_evaluation_finish(e);
	if (st == 0 && e->all.counted)
		sn_note("%s: more than %zu pairs: distances are counted in bins of 1/%.0f of their "
			"size",
			set->name, SN_EXACT_PAIRS, 1 / SN_BIN_WIDTH);
	sn_progress_end(progress);
	sn_join_free(join);
	sn_reader_close(r);
	return st < 0 ? st : seen;
}

int eval_set_check_model(const struct eval_set *set, const struct sn_model *m)
{
	const struct sn_model_note *note = &set->note;
	if (!note->present || !note->has_xxh3)
		return sn_fail(SN_EDATA, "the distances do not say which model they come from; "
					 "make them by sn-embed -m and sn-dist");
	if (note->xxh3 != m->xxh3)
		return sn_fail(
			SN_EDATA,
			"the distances come from another model (%016llx, this one is %016llx)",
			(unsigned long long)note->xxh3, (unsigned long long)m->xxh3);
	if (strcmp(set->distance, sn_distance_names[m->distance]) != 0)
		return sn_fail(SN_EDATA,
			       "the distances are %s, the model's is %s; give sn-dist no -d",
			       set->distance[0] ? set->distance : "of an unknown kind",
			       sn_distance_names[m->distance]);
	if (m->distance == SN_WEIGHTED_L1 &&
	    (note->head_size != m->head_size || !note->head || !m->head ||
	     memcmp(note->head, m->head, m->head_size * sizeof(float)) != 0))
		return sn_fail(SN_EDATA,
			       "the distances were made with other weights than the model has");
	return 0;
}

int eval_set_check_dev(const struct eval_set *set, const struct eval_set *dev)
{
	bool known = set->note.present && set->note.has_xxh3;
	bool dev_known = dev->note.present && dev->note.has_xxh3;
	if (known && dev_known && set->note.xxh3 != dev->note.xxh3)
		return sn_fail(SN_EDATA,
			       "%s: its distances come from another model (%016llx) than those of "
			       "%s (%016llx); a threshold holds for one model",
			       dev->name, (unsigned long long)dev->note.xxh3, set->name,
			       (unsigned long long)set->note.xxh3);
	if (strcmp(set->distance, dev->distance) != 0)
		return sn_fail(SN_EDATA,
			       "%s: its distances are %s, those of %s are %s; a threshold holds "
			       "for one kind",
			       dev->name, dev->distance[0] ? dev->distance : "of an unknown kind",
			       set->name, set->distance[0] ? set->distance : "of an unknown kind");
	if (known != dev_known)
		sn_note("%s does not say which model its distances come from: it is taken to be "
			"that of %s",
			known ? dev->name : set->name, known ? set->name : dev->name);
	return 0;
}

void eval_set_release(struct eval_set *set)
{
	sn_folding_free(set->folding);
	sn_evaluation_release(&set->e);
	sn_model_note_release(&set->note);
}
