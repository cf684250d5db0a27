/* plan - batches out of pairs as they came, or sampled from items */
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include <sn/random.h>
#include "part.h"
#include "plan.h"

struct run {
	size_t from, n; /* pairs of `use` */
};

struct plan {
	const struct sn_dataset *data;
	const struct sn_train_options *options;
	size_t most; /* images of a batch */

	struct sn_sampler *sampler; /* items: of the part to be trained on */
	struct part part;

	size_t *use; /* pairs: [n_use] indexes of those to be trained on, in their order */
	size_t n_use;
	struct run *run; /* each is a step where the pairs carry batch */
	size_t runs;
	size_t *order; /* of the pairs of `use`, or of the runs, in the epoch `shuffled` */
	uint64_t shuffled;

	size_t *row; /* [items] of an item in the batch under way */
	struct batch batch;
	size_t capacity; /* of batch.pair */
};

void plan_free(struct plan *p)
{
	if (!p)
		return;
	sn_sampler_free(p->sampler);
	part_release(&p->part);
	free(p->use);
	free(p->run);
	free(p->order);
	free(p->row);
	free(p->batch.image);
	free(p->batch.pair);
	free(p);
}

static bool is_held(const struct plan *p, size_t item)
{
	return p->options->held && p->options->held[item];
}

/* ---- pairs as they came ---------------------------------------------------------------- */

static int collect_pairs(struct plan *p)
{
	const struct sn_pairs *pairs = &p->data->pairs;

	if (!(p->use = sn_alloc(pairs->n, sizeof *p->use)))
		return SN_ENOMEM;
	for (size_t i = 0; i < pairs->n; i++)
		if (!is_held(p, pairs->pair[i].a) && !is_held(p, pairs->pair[i].b))
			p->use[p->n_use++] = i;
	if (!p->n_use)
		return sn_fail(
			SN_EDATA,
			"no pairs are left to train on: each has an item of the validation part");
	return 0;
}

static int collect_runs(struct plan *p)
{
	const struct sn_index_pair *pair = p->data->pairs.pair;
	size_t longest = 0;

	if (!(p->run = sn_alloc(p->n_use, sizeof *p->run)))
		return SN_ENOMEM;
	for (size_t i = 0; i < p->n_use; i++) {
		if (i == 0 || pair[p->use[i]].batch != pair[p->use[i - 1]].batch)
			p->run[p->runs++].from = i;
		if (++p->run[p->runs - 1].n > longest)
			longest = p->run[p->runs - 1].n;
	}
	p->most = longest;
	return 0;
}

static int plan_pairs(struct plan *p)
{
	size_t n;
	int st;

	if ((st = collect_pairs(p)) < 0)
		return st;
	p->most = p->options->batch < p->n_use ? p->options->batch : p->n_use;
	if (p->data->has_batches && (st = collect_runs(p)) < 0)
		return st;
	/* two images a pair, each image once */
	p->most = p->most < p->data->items.n / 2 ? 2 * p->most : p->data->items.n;
	n = p->runs ? p->runs : p->n_use;
	if (!(p->order = sn_alloc(n, sizeof *p->order)))
		return SN_ENOMEM;
	for (size_t i = 0; i < n; i++)
		p->order[i] = i;
	return 0;
}

/* The first epoch takes the pairs as they come, each later one has a shuffle of its own. */
static void shuffle(struct plan *p, uint64_t epoch)
{
	size_t n = p->runs ? p->runs : p->n_use;
	struct sn_random random = sn_random(p->options->seed, SN_RANDOM_SAMPLE, epoch, 0);

	if (p->shuffled == epoch)
		return;
	p->shuffled = epoch;
	for (size_t i = 0; i < n; i++)
		p->order[i] = i;
	if (epoch)
		sn_random_shuffle(&random, p->order, n);
}

static void take_image(struct plan *p, size_t item)
{
	if (p->row[item] != SIZE_MAX)
		return;
	p->row[item] = 0;
	p->batch.image[p->batch.images++] = item;
}

static int compare_sizes(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return (x > y) - (x < y);
}

static int batch_of_pairs(struct plan *p, uint64_t step)
{
	size_t steps = plan_steps(p), from, n, at = (size_t)(step % steps);
	struct batch *b = &p->batch;
	int st;

	shuffle(p, step / steps);
	if (p->runs) {
		from = p->run[p->order[at]].from;
		n = p->run[p->order[at]].n;
	} else {
		from = at * p->options->batch;
		n = p->n_use - from < p->options->batch ? p->n_use - from : p->options->batch;
	}
	if ((st = sn_grow(&b->pair, &p->capacity, n, sizeof *b->pair)) < 0)
		return st;
	b->pairs = n;
	b->images = 0;
	for (size_t i = 0; i < n; i++) {
		size_t which = p->use[p->runs ? from + i : p->order[from + i]];
		b->pair[i] = p->data->pairs.pair[which];
		take_image(p, b->pair[i].a);
		take_image(p, b->pair[i].b);
	}
	qsort(b->image, b->images, sizeof *b->image, compare_sizes);
	for (size_t i = 0; i < b->images; i++)
		p->row[b->image[i]] = i;
	for (size_t i = 0; i < n; i++) {
		b->pair[i].a = p->row[b->pair[i].a];
		b->pair[i].b = p->row[b->pair[i].b];
	}
	for (size_t i = 0; i < b->images; i++)
		p->row[b->image[i]] = SIZE_MAX;
	return 0;
}

/* ---- batches sampled from items -------------------------------------------------------- */

/* What a user can do about a set that gives no pairs is best said before the sampler sees it. */
static int check_classes(const struct sn_items *items)
{
	size_t *count = sn_alloc(items->labels + 1, sizeof *count);
	size_t classes = 0, most = 0;

	if (!count)
		return SN_ENOMEM;
	for (size_t i = 0; i < items->n; i++) {
		const struct sn_entry *e = &items->entry[i];
		if (e->label == SN_NO_CLASS || e->forged)
			continue;
		classes += count[e->label] == 0;
		if (++count[e->label] > most)
			most = count[e->label];
	}
	free(count);
	if (items->labels == 0)
		return sn_fail(SN_EDATA,
			       "no item has a label, so that there are no pairs to train on: "
			       "load with sn-load --label, or give pairs by sn-pair --list");
	if (classes == 0)
		return sn_fail(SN_EDATA,
			       "all items are forgeries: there are no same pairs to train on");
	if (classes < 2)
		return sn_fail(SN_EDATA,
			       "all items are of one class, '%s': there are no different pairs to "
			       "train on",
			       items->label[0]);
	if (most < 2)
		return sn_fail(SN_EDATA,
			       "every class has one item: there are no same pairs to train on");
	return 0;
}

static int plan_items(struct plan *p)
{
	const struct sn_train_options *o = p->options;
	const struct sn_items *part = &p->part.items;
	struct sn_sampler_options how = { .p = o->p,
					  .k = o->k,
					  .seed = o->seed,
					  .within = o->within,
					  .groups = o->groups,
					  .across = o->across };
	uint8_t *version = NULL;
	int st = part_take(&p->part, &p->data->items, o->held, false);

	if (st == 0 && o->version && !(version = sn_alloc(part->n + 1, 1)))
		st = SN_ENOMEM;
	for (size_t i = 0; st == 0 && version && i < part->n; i++)
		version[i] = o->version[p->part.index[i]];
	how.version = version;
	if (st == 0 && (st = check_classes(part)) == 0)
		st = sn_sampler_new(&p->sampler, part, NULL, part->n, &how);
	free(version);
	if (st < 0)
		return st;
	if (!sn_multiply(&p->most, o->p, o->k) || p->most > part->n)
		p->most = part->n;
	return 0;
}

/* All pairs of the sampled items, in the order of sn-pair --all: by b, then a. */
static int batch_of_items(struct plan *p, uint64_t step)
{
	const struct sn_entry *entry = p->data->items.entry;
	struct batch *batch = &p->batch;
	int st;

	if ((st = sn_sampler_batch(p->sampler, step, batch->image, &batch->images)) < 0)
		return st;
	for (size_t i = 0; i < batch->images; i++)
		batch->image[i] = p->part.index[batch->image[i]];
	batch->pairs = 0;
	for (size_t b = 1; b < batch->images; b++) {
		if ((st = sn_grow(&batch->pair, &p->capacity, batch->pairs + b,
				  sizeof *batch->pair)) < 0)
			return st;
		for (size_t a = 0; a < b; a++) {
			bool paired;
			enum sn_same same = sn_pair_relation(&entry[batch->image[a]],
							     &entry[batch->image[b]], &paired);
			if (paired && same != SN_UNKNOWN)
				batch->pair[batch->pairs++] =
					(struct sn_index_pair){ a, b, same, SN_NONE, SN_NONE };
		}
	}
	if (!batch->pairs)
		return sn_fail(SN_EDATA, "no two of the %zu items of a batch make a pair",
			       batch->images);
	return 0;
}

/* ---- both ------------------------------------------------------------------------------ */

int plan_new(struct plan **plan, const struct sn_dataset *data,
	     const struct sn_train_options *options)
{
	struct plan *p = sn_alloc(1, sizeof *p);
	int st = SN_ENOMEM;

	if (!p)
		return st;
	p->data = data;
	p->options = options;
	st = data->has_pairs ? plan_pairs(p) : plan_items(p);
	if (st == 0 && (!(p->row = sn_alloc(data->items.n, sizeof *p->row)) ||
			!(p->batch.image = sn_alloc(p->most, sizeof *p->batch.image))))
		st = SN_ENOMEM;
	if (st < 0) {
		plan_free(p);
		return st;
	}
	for (size_t i = 0; i < data->items.n; i++)
		p->row[i] = SIZE_MAX;
	*plan = p;
	return 0;
}

size_t plan_steps(const struct plan *p)
{
	if (p->sampler)
		return sn_sampler_steps(p->sampler);
	if (p->runs)
		return p->runs;
	return (p->n_use - 1) / p->options->batch + 1;
}

size_t plan_most_images(const struct plan *p)
{
	return p->most;
}

int plan_batch(struct plan *p, uint64_t step, struct batch *batch)
{
	int st = p->sampler ? batch_of_items(p, step) : batch_of_pairs(p, step);

	*batch = p->batch;
	return st;
}
