/* join - all sections of a stream, or of several, as one set */
#include <stdlib.h>
#include <string.h>
#include "private.h"

struct sn_join {
	struct sn_reader *r;
	struct sn_header *first; /* NULL: no section yet */
	bool inside, finished;
	uint64_t item, trial, batch;		    /* what this section's numbers are raised by */
	uint64_t next_item, next_trial, next_batch; /* the least that are free behind it */
	uint64_t records, failed, sections;
};

int sn_join_new(struct sn_join **j, struct sn_reader *r)
{
	*j = sn_alloc(1, sizeof **j);
	if (!*j)
		return SN_ENOMEM;
	(*j)->r = r;
	return 0;
}

void sn_join_free(struct sn_join *j)
{
	if (!j)
		return;
	sn_header_free(j->first);
	free(j);
}

void sn_join_continue(struct sn_join *j, struct sn_reader *r)
{
	j->r = r;
	j->finished = false;
}

/* What all records of a section were made with: joined, they would be taken for what they are not.
 */
static const char *const shared_keys[] = { "model",  "distance", "threshold", "loss",
					   "margin", "form",	 "window" };

static int fits(const struct sn_header *a, const struct sn_header *b)
{
	const char *kind = sn_header_kind(a);
	if (strcmp(kind, sn_header_kind(b)) != 0)
		return sn_fail(SN_EDATA, "a section of %s behind one of %s: these do not join",
			       sn_header_kind(b), kind);
	if (strcmp(kind, "model") == 0 || strcmp(kind, "checkpoint") == 0 ||
	    strcmp(kind, "matches") == 0)
		return sn_fail(SN_EDATA, "two of kind %s do not join", kind);
	for (size_t i = 0; i < sizeof shared_keys / sizeof *shared_keys; i++) {
		struct sn_slice x = sn_header_get(a, shared_keys[i]);
		if (!sn_slice_equal(x, sn_header_get(b, shared_keys[i])))
			return sn_fail(SN_EDATA, "a section of another %s: these do not join",
				       shared_keys[i]);
	}
	return 0;
}

/* Returns SN_HEADER for the first section, SN_RECORD ("go on") for the others. */
static int enter(struct sn_join *j, const struct sn_record *rec)
{
	struct sn_header *h;
	int st;
	j->inside = true;
	j->item = j->next_item;
	j->trial = j->next_trial;
	j->batch = j->next_batch;
	j->sections++;
	st = sn_header_parse(&h, rec);
	if (st < 0)
		return sn_reader_blame_last(j->r, st);
	if (!j->first) {
		j->first = h;
		return SN_HEADER;
	}
	st = fits(j->first, h);
	sn_header_free(h);
	return st < 0 ? sn_reader_blame_last(j->r, st) : SN_RECORD;
}

/* *number += offset, and the next free one behind it. */
static int raise(uint64_t *number, uint64_t offset, uint64_t *next)
{
	if (*number >= SN_NONE - offset)
		return sn_fail(SN_EDATA, "number %llu is too large to join",
			       (unsigned long long)*number);
	*number += offset;
	if (*number >= *next)
		*next = *number + 1;
	return 0;
}

static int renumber(struct sn_join *j, struct sn_record *rec)
{
	struct sn_pair *p = &rec->pair;
	uint64_t ignored = SN_NONE;
	rec->renumbered = j->item || j->trial || j->batch;
	if (rec->map == SN_MAP_ITEM)
		return raise(&rec->item.number, j->item, &j->next_item);
	if (rec->map != SN_MAP_PAIR)
		return 0;
	if (raise(&p->a, j->item, &ignored) < 0 || raise(&p->b, j->item, &ignored) < 0 ||
	    (p->trial != SN_NONE && raise(&p->trial, j->trial, &j->next_trial) < 0) ||
	    (p->batch != SN_NONE && raise(&p->batch, j->batch, &j->next_batch) < 0))
		return SN_EDATA;
	return 0;
}

int sn_join_read(struct sn_join *j, struct sn_record *rec)
{
	for (;;) {
		int st;
		if (j->finished)
			return SN_EOF;
		st = sn_read(j->r, rec);
		switch (st) {
		case SN_HEADER:
			st = enter(j, rec);
			if (st != SN_RECORD)
				return st;
			break;
		case SN_RECORD:
			j->records++;
			st = renumber(j, rec);
			return st < 0 ? sn_reader_blame_last(j->r, st) : SN_RECORD;
		case SN_END:
			if (rec->end.failed >= SN_NONE - j->failed) {
				sn_fail(SN_EDATA, "'failed' adds up to too large a number");
				return sn_reader_blame_last(j->r, SN_EDATA);
			}
			j->failed += rec->end.failed;
			break;
		case SN_EOF:
			j->finished = true;
			if (!j->first)
				return SN_EOF;
			rec->map = SN_MAP_END;
			rec->bytes = (struct sn_slice){ 0 };
			rec->fields = 0;
			rec->end.records = j->records;
			rec->end.failed = j->failed;
			return SN_END;
		default:
			return st;
		}
	}
}
