/* load - the pictures of all operands as items: read and decoded by several threads, handed out in
 * order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/file.h>
#include <sn/threads.h>
#include "private.h"

#define MAX_FILE ((size_t)1 << 30)  /* bytes of a picture file */
#define IDX_BLOCK ((size_t)1 << 18) /* bytes of small pictures that one job takes */

/* A picture file, or a run of pictures of an IDX file: what a worker does, and what comes of it. */
struct job {
	const struct source *source;
	uint64_t first; /* IDX: number of the first */
	size_t n;	/* pictures [h][w][c] */
	size_t w, h, c;
	uint8_t *pixels;
	uint8_t *label;	 /* IDX: a byte for each; NULL: nil */
	unsigned factor; /* reduced by */
	uint64_t bytes;	 /* of a picture as it was, with its type and size */
	const char *type;
	size_t file_w, file_h;
	uint64_t lost; /* pictures that cannot be read, for the reason in `fault` */
	int code;
	char *fault;
};

struct sn_loader {
	const struct sn_load_options *options;
	struct found found;
	struct labels labels;
	struct sn_queue *queue;
	size_t depth;

	/* where putting is */
	size_t source;
	struct idx *idx;

	/* where taking is */
	struct job *job;
	size_t at; /* next picture of the job */
	uint64_t number, failed;
	struct sn_buffer key, label, file;
};

static void job_free(struct job *j)
{
	if (!j)
		return;
	free(j->pixels);
	free(j->label);
	free(j->fault);
	free(j);
}

static const char *source_name(const struct source *s)
{
	return s->standard ? "<stdin>" : s->path;
}

/* ---- workers -------------------------------------------------------------------------- */

static int read_picture(struct job *j)
{
	struct sn_image image = { 0 };
	uint8_t *data;
	size_t size;
	const char *path = j->source->standard ? "-" : j->source->path;
	int st;

	/* only the first operand `-` is standard input: a file of that name in a list is one */
	if (!j->source->standard && strcmp(path, "-") == 0)
		path = "./-";
	if ((st = sn_file_read(path, MAX_FILE, &data, &size)) < 0)
		return st;
	st = sn_image_decode(&image, &j->factor, data, size, j->source->path);
	free(data);
	if (st < 0)
		return st == SN_ENOMEM
			       ? st
			       : sn_fail_at(st, "cannot decode '%s'", source_name(j->source));
	j->n = 1;
	j->w = image.w;
	j->h = image.h;
	j->c = image.c;
	j->pixels = image.pixels;
	j->bytes = image.file.bytes;
	j->type = image.file.type;
	j->file_w = image.file.w;
	j->file_h = image.file.h;
	return 0;
}

/* Grey and the size that is wanted. */
static int prepare(struct job *j, const struct sn_load_options *o)
{
	size_t c = o->grey ? 1 : j->c, w = o->w ? o->w : j->w, h = o->h ? o->h : j->h;
	size_t old = j->w * j->h * j->c, size = w * h * c;
	uint8_t *out;

	if (j->n == 0 || (w == j->w && h == j->h && c == j->c))
		return 0;
	out = malloc(j->n * size);
	if (!out)
		return sn_fail_memory();
	for (size_t i = 0; i < j->n; i++) {
		int st = sn_image_fit(out + i * size, w, h, c, j->pixels + i * old, j->w, j->h,
				      j->c, o->fit, o->fill);

		if (st < 0) {
			free(out);
			return st;
		}
	}
	free(j->pixels);
	j->pixels = out;
	j->w = w;
	j->h = h;
	j->c = c;
	return 0;
}

static int work(void *context, void *job)
{
	const struct sn_loader *l = context;
	struct job *j = job;
	int st = 0;

	if (!j->source->idx) {
		if ((st = read_picture(j)) < 0)
			j->lost = 1;
	}
	return st < 0 ? st : prepare(j, l->options);
}

/* ---- putting -------------------------------------------------------------------------- */

/* Tell the message left last, in its turn, and count what is lost. */
static int fail_job(struct job *j, int code, uint64_t lost)
{
	j->code = code;
	j->lost = lost;
	j->fault = strdup(sn_message());
	return j->fault ? 0 : sn_fail_memory();
}

/* The next run of an IDX file; what goes wrong is told behind the pictures before it. */
static int fill_idx(struct sn_loader *l, struct job *j)
{
	struct idx *x = l->idx;
	size_t size = x->w * x->h * x->c;
	size_t n = IDX_BLOCK / size ? IDX_BLOCK / size : 1;
	uint64_t left = x->n - x->next;
	int st;

	if (n > left)
		n = (size_t)left;
	if (n == 0)
		n = 1; /* no pictures at all: the end is looked at all the same */
	j->pixels = malloc(n * size);
	j->label = x->label.size ? malloc(n) : NULL;
	if (!j->pixels || (x->label.size && !j->label))
		return sn_fail_memory();
	j->first = x->next;
	if (j->label)
		memcpy(j->label, x->label.data + x->next, n < left ? n : left);
	st = idx_read(x, j->pixels, n, &j->n);
	if (st == SN_ENOMEM)
		return st;
	j->w = x->w;
	j->h = x->h;
	j->c = x->c;
	j->bytes = size;
	j->type = "idx";
	j->file_w = x->w;
	j->file_h = x->h;
	/* all the rest of the file; where only its end is damaged, that counts as one */
	if (st < 0 && fail_job(j, st, x->n > x->next ? x->n - x->next : 1) < 0)
		return SN_ENOMEM;
	if (st < 0 || x->next == x->n) {
		idx_close(x);
		l->idx = NULL;
		l->source++;
	}
	return 0;
}

static int put_next(struct sn_loader *l)
{
	const struct source *s = &l->found.source[l->source];
	struct job *j = sn_alloc(1, sizeof *j);
	bool missing;
	int st = 0;

	if (!j)
		return SN_ENOMEM;
	j->source = s;
	j->factor = 1;
	if (!s->idx) {
		l->source++;
	} else if (l->idx || (st = idx_open(&l->idx, s->path, l->labels.dir, &missing)) == 0) {
		st = fill_idx(l, j);
	} else if (st != SN_ENOMEM) { /* it was there a moment ago */
		st = fail_job(j, st, s->count ? s->count : 1);
		l->source++;
	}
	if (st == 0)
		st = sn_queue_put(l->queue, j);
	if (st < 0)
		job_free(j);
	return st;
}

/* ---- opening -------------------------------------------------------------------------- */

int sn_loader_open(struct sn_loader **out, const struct sn_load_options *options,
		   char *const *operand, size_t operands)
{
	struct sn_loader *l = sn_alloc(1, sizeof *l);
	unsigned threads = options->threads ? options->threads : sn_processors();
	int st = 0;

	if (!l)
		return SN_ENOMEM;
	l->options = options;
	if (!options->w != !options->h || options->w > MAX_SIDE || options->h > MAX_SIDE ||
	    options->w * options->h > SN_MAX_PICTURE / 3) {
		st = sn_fail(
			SN_EUSAGE,
			"pictures of %zux%zu are too large: at most %u along a side and %u pixels",
			options->w, options->h, MAX_SIDE, SN_MAX_PICTURE / 3);
		goto fail;
	}
	for (size_t i = 0; options->files_from && i < operands; i++)
		if (strcmp(operand[i], "-") == 0 && strcmp(options->files_from, "-") == 0) {
			st = sn_fail(SN_EUSAGE,
				     "standard input cannot be both the list and a picture");
			goto fail;
		}
	if ((st = labels_open(&l->labels, options->label, options->forged)) < 0)
		goto fail;
	for (size_t i = 0; st == 0 && i < operands; i++)
		st = find_operand(&l->found, options, operand[i]);
	if (st == 0 && options->files_from)
		st = find_listed(&l->found, options);
	if (st < 0)
		goto fail;
	l->depth = 4 * (size_t)threads;
	if ((st = sn_queue_new(&l->queue, threads, l->depth, work, l)) < 0)
		goto fail;
	*out = l;
	return 0;
fail:
	sn_loader_close(l);
	return st;
}

uint64_t sn_loader_count(const struct sn_loader *l)
{
	return l->found.count;
}

uint64_t sn_loader_skipped(const struct sn_loader *l)
{
	return l->found.skipped;
}

uint64_t sn_loader_failed(const struct sn_loader *l)
{
	return l->failed;
}

void sn_loader_close(struct sn_loader *l)
{
	if (!l)
		return;
	while (l->queue && sn_queue_pending(l->queue) > 0) {
		void *job;
		int status;

		sn_queue_take(l->queue, &job, &status);
		job_free(job);
	}
	sn_queue_free(l->queue);
	job_free(l->job);
	idx_close(l->idx);
	labels_release(&l->labels);
	found_release(&l->found);
	sn_buffer_release(&l->key);
	sn_buffer_release(&l->label);
	sn_buffer_release(&l->file);
	free(l);
}

/* ---- taking --------------------------------------------------------------------------- */

/* The label that its place gives a picture file: the folder below the operand, or the operand's own
 * name. */
static int own_label(struct sn_buffer *b, const struct origin *o, const struct source *s)
{
	const char *slash = strrchr(s->path, '/');

	b->size = 0;
	if (o->folder && slash && (size_t)(slash - s->path) > o->root)
		return sn_name_escape(b, s->path + o->root + 1,
				      (size_t)(slash - s->path) - o->root - 1);
	return o->name ? sn_name_escape(b, o->name, strlen(o->name)) : 0;
}

static int file_map(struct sn_buffer *b, const struct job *j)
{
	static const char *const key[] = { "bytes", "type", "w", "h" };
	const uint64_t value[] = { j->bytes, 0, j->file_w, j->file_h };
	msgpack_packer pk;
	int bad = 0;

	b->size = 0;
	msgpack_packer_init(&pk, b, sn_buffer_write);
	bad |= msgpack_pack_map(&pk, 4);
	for (int i = 0; i < 4; i++) {
		bad |= msgpack_pack_str_with_body(&pk, key[i], strlen(key[i]));
		if (i == 1)
			bad |= msgpack_pack_str_with_body(&pk, j->type, strlen(j->type));
		else
			bad |= msgpack_pack_uint64(&pk, value[i]);
	}
	return bad ? sn_fail_memory() : 0;
}

/* The next picture of the job in hand as an item. */
static int item_of(struct sn_loader *l, struct sn_item *item)
{
	struct job *j = l->job;
	const struct source *s = j->source;
	size_t i = l->at++, size = j->w * j->h * j->c;
	const char *name = source_name(s);
	struct sn_slice own = { NULL, 0 };
	struct sn_buffer place = { 0 };
	char text[32];
	bool known;
	int st;

	memset(item, 0, sizeof *item);
	l->key.size = l->label.size = 0;
	if ((st = sn_name_escape(&l->key, name, strlen(name))) < 0)
		return st;
	if (s->idx) {
		int n = snprintf(text, sizeof text, "#%llu", (unsigned long long)(j->first + i));

		if ((st = sn_buffer_add(&l->key, text, (size_t)n)) < 0)
			return st;
		if (j->label) {
			n = snprintf(text, sizeof text, "%u", j->label[i]);
			own = (struct sn_slice){ (const uint8_t *)text, (size_t)n };
		}
	} else if (l->labels.dir) {
		if ((st = own_label(&place, &l->found.origin[s->origin], s)) < 0)
			goto out;
		own = (struct sn_slice){ place.data, place.size };
	}
	if ((st = sn_buffer_add(&l->key, "", 1)) < 0) /* the 0 that regexec wants */
		goto out;
	l->key.size--;
	st = labels_apply(&l->labels, (const char *)l->key.data, own, &l->label, &known,
			  &item->forged);
	if (st < 0 || (st = file_map(&l->file, j)) < 0)
		goto out;
	item->number = l->number++;
	item->key = (struct sn_slice){ l->key.data, l->key.size };
	if (known)
		item->label = (struct sn_slice){ l->label.data, l->label.size };
	item->file = (struct sn_slice){ l->file.data, l->file.size };
	item->x.type = 'u';
	item->x.rank = 3;
	item->x.shape[0] = j->h;
	item->x.shape[1] = j->w;
	item->x.shape[2] = j->c;
	item->x.count = size;
	item->x.data = j->pixels + i * size;
	st = 1;
out:
	sn_buffer_release(&place);
	return st;
}

int sn_loader_next(struct sn_loader *l, struct sn_item *item)
{
	for (;;) {
		struct job *j = l->job;
		void *job;
		int st;

		if (j && l->at < j->n)
			return item_of(l, item);
		if (j) {
			uint64_t lost = j->lost;
			int code = j->code;

			if (lost) {
				l->failed += lost;
				sn_fail(code, "%s", j->fault);
			}
			l->job = NULL;
			job_free(j);
			if (lost)
				return code;
		}
		while (l->source < l->found.sources && sn_queue_pending(l->queue) < l->depth)
			if ((st = put_next(l)) < 0)
				return SN_ENOMEM;
		if (sn_queue_pending(l->queue) == 0)
			return 0;
		sn_queue_take(l->queue, &job, &st);
		j = job;
		if (st == SN_ENOMEM) {
			job_free(j);
			return st;
		}
		if (st < 0) {
			l->failed += j->lost;
			job_free(j);
			return st;
		}
		if (j->factor > 1)
			sn_note("'%s' is over %u MiB: reduced to 1/%u of its width and height",
				source_name(j->source), SN_MAX_PICTURE >> 20, j->factor);
		l->job = j;
		l->at = 0;
	}
}
