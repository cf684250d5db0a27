/*
 * Pairs go through in runs: the caller copies their records with room for a distance, a thread puts
 * the distances there, and the caller writes the runs in the order of the pairs.
 */
#include <stdlib.h>
#include <string.h>
#include <sn/pairwise.h>
#include <sn/threads.h>

enum {
	RUN = 4096, /* pairs of a run */
	FEW = 256,  /* as many are measured here rather than by another thread */
	VALUE = 5,  /* bytes of an encoded float */
	KEY = 2,    /* of a key of one letter */
};

struct run {
	struct sn_buffer maps; /* their records, one after another */
	size_t n;
	size_t at[RUN + 1];  /* where each begins; [n]: the end */
	uint32_t value[RUN]; /* where its distance goes, from there; 0: it is nil already */
	uint32_t p[RUN];     /* the same of its probability; 0 also where none is told */
	struct sn_pair_numbers pair[RUN];
	float d[RUN];
	size_t done; /* pairs measured; fewer than n: the next one failed */
};

struct sn_pairwise {
	const struct sn_twins *twins;
	struct sn_writer *w;
	unsigned threads;
	struct sn_queue *queue; /* NULL: not needed so far */
	size_t depth;
	struct run *run; /* [depth + 1], of which the queue has some */
	size_t next;	 /* the one being filled */
};

/* ---- in any thread -------------------------------------------------------------------- */

static void put_value(uint8_t *p, float d)
{
	uint32_t bits;
	memcpy(&bits, &d, sizeof bits);
	p[0] = 0xca;
	for (int i = 0; i < 4; i++)
		p[1 + i] = (uint8_t)(bits >> (24 - 8 * i));
}

static int measure(void *context, void *job)
{
	const struct sn_pairwise *p = context;
	struct run *r = job;
	int st = sn_twins_distances(p->twins, r->pair, r->n, r->d, &r->done);
	for (size_t i = 0; i < r->done; i++) {
		if (r->value[i])
			put_value(r->maps.data + r->at[i] + r->value[i], r->d[i]);
		if (r->p[i])
			put_value(r->maps.data + r->at[i] + r->p[i],
				  sn_probability(&p->twins->note.probability, r->d[i]));
	}
	return st;
}

/* ---- in the caller's ------------------------------------------------------------------ */

int sn_pairwise_new(struct sn_pairwise **out, const struct sn_twins *twins, struct sn_writer *w,
		    unsigned threads)
{
	struct sn_pairwise *p = sn_alloc(1, sizeof *p);
	*out = NULL;
	if (!p)
		return SN_ENOMEM;
	p->twins = twins;
	p->w = w;
	p->threads = threads ? threads : sn_processors();
	p->depth = p->threads > 1 ? 2 * (size_t)p->threads : 0;
	/* calloc: most of them are never touched where there are few pairs */
	p->run = calloc(p->depth + 1, sizeof *p->run);
	if (!p->run) {
		free(p);
		return sn_fail_memory();
	}
	*out = p;
	return 0;
}

void sn_pairwise_free(struct sn_pairwise *p)
{
	if (!p)
		return;
	while (p->queue && sn_queue_pending(p->queue)) {
		void *run;
		int st;
		sn_queue_take(p->queue, &run, &st);
	}
	sn_queue_free(p->queue);
	for (size_t i = 0; i <= p->depth; i++)
		sn_buffer_release(&p->run[i].maps);
	free(p->run);
	free(p);
}

/* What was measured of it, also before a pair that failed; st is measure's. */
static int write_run(struct sn_pairwise *p, struct run *r, int st)
{
	int written = 0;
	if (st < 0)
		st = sn_fail_at(st, "pair [%llu, %llu]", (unsigned long long)r->pair[r->done].a,
				(unsigned long long)r->pair[r->done].b);
	if (r->done)
		written = sn_write_maps(p->w, (struct sn_slice){ r->maps.data, r->at[r->done] },
					r->done);
	r->n = r->maps.size = 0;
	return st < 0 ? st : written;
}

static int take(struct sn_pairwise *p)
{
	void *run;
	int st;
	sn_queue_take(p->queue, &run, &st);
	return write_run(p, run, st);
}

/* The run that was filled goes to the threads; the next one is one that came back. */
static int hand_over(struct sn_pairwise *p)
{
	struct run *r = &p->run[p->next];
	int st = 0;
	if (!p->queue && (st = sn_queue_new(&p->queue, p->threads, p->depth, measure, p)) < 0)
		return st;
	if (sn_queue_pending(p->queue) == p->depth)
		st = take(p);
	if (st == 0)
		st = sn_queue_put(p->queue, r);
	if (st == 0)
		p->next = (p->next + 1) % (p->depth + 1);
	return st;
}

int sn_pairwise_flush(struct sn_pairwise *p)
{
	struct run *r = &p->run[p->next];
	int st = 0;
	if (r->n > FEW && p->depth) {
		st = hand_over(p);
		r = &p->run[p->next];
	}
	while (st == 0 && p->queue && sn_queue_pending(p->queue))
		st = take(p);
	if (st == 0 && r->n) {
		st = measure(p, r);
		st = write_run(p, r, st);
	}
	return st;
}

/*
 * Where a key's value begins in the edited map of `size` bytes, counted from its end: what follows
 * the old value follows the new one, but for the other key's value, which has another length now,
 * or is new and comes last.
 *   old    the key's value in rec, data NULL: none, it is appended
 *   other  the other key's; `behind` bytes are appended for it behind ours where it is new
 */
static uint32_t place(const struct sn_record *rec, size_t size, struct sn_slice old,
		      struct sn_slice other, size_t behind)
{
	size_t tail = other.data ? 0 : behind;
	if (old.data) {
		tail += (size_t)(rec->bytes.data + rec->bytes.size - (old.data + old.size));
		if (other.data > old.data && behind)
			tail += VALUE - other.size;
	}
	return (uint32_t)(size - tail - VALUE);
}

/* The record with room for d and, where it is told, p.  Nearly always it has none, and is as it was
 * but for the new keys. */
static int add_map(struct run *r, const struct sn_record *rec, struct sn_slice value, bool tell)
{
	const struct sn_edit edit[] = { { "d", value }, { "p", value } };
	struct sn_slice d = sn_record_get(rec, "d"), p = { 0 };
	const size_t appended = KEY + VALUE;
	size_t size;
	int st = sn_record_edit(&r->maps, rec, edit, tell ? 2 : 1);
	if (st < 0)
		return st;
	if (tell)
		p = sn_record_get(rec, "p");
	r->value[r->n] = r->p[r->n] = 0;
	if (value.size < VALUE)
		return 0;
	size = r->maps.size - r->at[r->n];
	r->value[r->n] = place(rec, size, d, p, tell ? appended : 0);
	if (tell) /* d, where it is new, comes before p, where that is */
		r->p[r->n] = place(rec, size, p, d, p.data ? appended : 0);
	return 0;
}

int sn_pairwise_add(struct sn_pairwise *p, const struct sn_record *rec)
{
	static const uint8_t zero[VALUE] = { 0xca }, nil[1] = { 0xc0 };
	struct run *r = &p->run[p->next];
	bool missing = sn_twins_misses(p->twins, &rec->pair);
	int st = add_map(r, rec,
			 missing ? (struct sn_slice){ nil, sizeof nil }
				 : (struct sn_slice){ zero, sizeof zero },
			 p->twins->tell_probability);
	if (st < 0)
		return st;
	r->pair[r->n] = (struct sn_pair_numbers){ rec->pair.a, rec->pair.b };
	r->at[++r->n] = r->maps.size;
	if (r->n < RUN)
		return 0;
	return p->depth ? hand_over(p) : sn_pairwise_flush(p);
}
