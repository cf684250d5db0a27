/* gallery - an index over the bytes of a stream of embeddings. */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sn/file.h>
#include <sn/gallery.h>

/* Where an item's parts lie: `at` in the file, the others from there. */
struct place {
	uint64_t number, at;
	uint32_t x, key, key_size, label, label_size;
};
#define NO_LABEL UINT32_MAX

struct sn_gallery {
	char *name;
	const uint8_t *bytes; /* the whole file */
	size_t size;
	bool mapped;
	struct place *place; /* [n] */
	size_t n, capacity, dim, missing;
	float most;
	struct sn_model_note note;
};

/* ---- the bytes ------------------------------------------------------------------------ */

static int map_file(struct sn_gallery *g, int fd, size_t size)
{
	void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return sn_fail_errno("%s: cannot map", g->name);
	g->bytes = bytes;
	g->size = size;
	g->mapped = true;
	return 0;
}

/* A reader over them: of a file by its descriptor, so that the map is not touched before it is
 * wanted. */
static int open_bytes(struct sn_gallery *g, const char *path, int *fd, struct sn_reader **r)
{
	struct stat about;
	uint8_t *bytes;
	int st;
	if (strcmp(path, "-") != 0) {
		*fd = open(path, O_RDONLY | O_CLOEXEC);
		if (*fd < 0 || fstat(*fd, &about) < 0)
			return sn_fail_errno("cannot open '%s'", path);
		if (S_ISREG(about.st_mode) && about.st_size > 0) {
			if ((st = map_file(g, *fd, (size_t)about.st_size)) < 0)
				return st;
			return sn_reader_open_fd(r, *fd, g->name, 0);
		}
	}
	if ((st = sn_file_read(path, SIZE_MAX / 2, &bytes, &g->size)) < 0)
		return st;
	g->bytes = bytes;
	return sn_reader_open_memory(r, (struct sn_slice){ g->bytes, g->size }, g->name, 0);
}

/* ---- the index ------------------------------------------------------------------------ */

static int check_embedding(struct sn_gallery *g, const struct sn_item *item)
{
	const struct sn_tensor *x = &item->x;
	char shape[96];
	if (x->type != 'f' || x->rank != 1 || x->count == 0)
		return sn_fail(
			SN_EDATA,
			"item %llu: x is %s %s, wanted an embedding f4 [d], made by sn-embed",
			(unsigned long long)item->number, x->type == 'u' ? "u1" : "f4",
			sn_shape_text(shape, x->shape, x->rank));
	if (g->dim == 0)
		g->dim = x->count;
	if (x->count != g->dim)
		return sn_fail(SN_EDATA, "item %llu: x is [%zu], wanted [%zu] like those before it",
			       (unsigned long long)item->number, x->count, g->dim);
	return 0;
}

/* The largest |x| so far, by the bits of the floats, which order as they do. */
static void look_at(struct sn_gallery *g, const struct sn_tensor *x)
{
	const uint8_t *p = x->data;
	uint32_t most = 0, bits;
	float f;
	for (size_t i = 0; i < x->count; i++) {
		memcpy(&bits, p + i * sizeof bits, sizeof bits);
		bits &= 0x7fffffffu;
		most = bits > most ? bits : most;
	}
	memcpy(&f, &most, sizeof f);
	g->most = f > g->most ? f : g->most;
}

static int add_item(struct sn_gallery *g, const struct sn_reader *r, const struct sn_record *rec)
{
	const struct sn_item *item = &rec->item;
	const uint8_t *start = rec->bytes.data;
	struct place *p;
	int st;
	if (!item->x.type) {
		g->missing++;
		return 0;
	}
	if ((st = check_embedding(g, item)) < 0 ||
	    (st = sn_grow(&g->place, &g->capacity, g->n + 1, sizeof *g->place)) < 0)
		return st;
	look_at(g, &item->x);
	p = &g->place[g->n++];
	*p = (struct place){ .number = item->number,
			     .at = sn_reader_offset(r) - rec->bytes.size,
			     .x = (uint32_t)((const uint8_t *)item->x.data - start),
			     .key = (uint32_t)(item->key.data - start),
			     .key_size = (uint32_t)item->key.size,
			     .label = NO_LABEL };
	if (item->label.data) {
		p->label = (uint32_t)(item->label.data - start);
		p->label_size = (uint32_t)item->label.size;
	}
	return 0;
}

static int read_header(struct sn_gallery *g, const struct sn_record *rec)
{
	struct sn_header *h;
	int st = sn_header_parse(&h, rec);
	if (st < 0)
		return st;
	if ((st = sn_header_expect(h, "items")) == 0)
		st = sn_model_note_read(&g->note, h);
	sn_header_free(h);
	return st;
}

static int read_all(struct sn_gallery *g, struct sn_reader *r)
{
	struct sn_record rec;
	struct sn_join *join;
	int st = sn_join_new(&join, r), got;
	if (st < 0)
		return st;
	while ((got = st = sn_join_read(join, &rec)) > SN_EOF) {
		st = 0;
		if (got == SN_HEADER)
			st = read_header(g, &rec);
		else if (got == SN_RECORD && rec.map == SN_MAP_ITEM)
			st = add_item(g, r, &rec);
		if (st == SN_EDATA || st == SN_ENAN)
			st = sn_reader_blame_last(r, st);
		if (st < 0)
			break;
	}
	sn_join_free(join);
	return st;
}

/* ---- public --------------------------------------------------------------------------- */

int sn_gallery_open(struct sn_gallery **out, const char *path)
{
	struct sn_gallery *g = sn_alloc(1, sizeof *g);
	struct sn_reader *r = NULL;
	int fd = -1, st;
	*out = NULL;
	if (!g)
		return SN_ENOMEM;
	g->name = strdup(strcmp(path, "-") == 0 ? "<stdin>" : path);
	st = g->name ? open_bytes(g, path, &fd, &r) : sn_fail_memory();
	if (st == 0)
		st = read_all(g, r);
	sn_reader_close(r);
	if (fd >= 0)
		close(fd);
	if (st == 0 && g->n == 0)
		st = sn_fail(SN_EDATA, "%s: a gallery without embeddings; make one by sn-embed",
			     g->name);
	if (st < 0)
		sn_gallery_close(g);
	else
		*out = g;
	return st;
}

void sn_gallery_close(struct sn_gallery *g)
{
	if (!g)
		return;
	if (g->mapped)
		munmap((void *)(uintptr_t)g->bytes, g->size);
	else
		free((void *)(uintptr_t)g->bytes);
	sn_model_note_release(&g->note);
	free(g->place);
	free(g->name);
	free(g);
}

const char *sn_gallery_name(const struct sn_gallery *g)
{
	return g->name;
}

size_t sn_gallery_size(const struct sn_gallery *g)
{
	return g->n;
}

size_t sn_gallery_dim(const struct sn_gallery *g)
{
	return g->dim;
}

size_t sn_gallery_missing(const struct sn_gallery *g)
{
	return g->missing;
}

float sn_gallery_most(const struct sn_gallery *g)
{
	return g->most;
}

const struct sn_model_note *sn_gallery_note(const struct sn_gallery *g)
{
	return &g->note;
}

const void *sn_gallery_x(const struct sn_gallery *g, size_t index)
{
	return g->bytes + g->place[index].at + g->place[index].x;
}

struct sn_gallery_item sn_gallery_item(const struct sn_gallery *g, size_t index)
{
	const struct place *p = &g->place[index];
	const uint8_t *start = g->bytes + p->at;
	struct sn_gallery_item item = { p->number, { start + p->key, p->key_size }, { 0 } };
	if (p->label != NO_LABEL)
		item.label = (struct sn_slice){ start + p->label, p->label_size };
	return item;
}
