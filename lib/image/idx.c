/*
 * idx - IDX files, plain or gzipped: bytes 0 0, type (8: u1), rank, rank sizes of 4 bytes with the
 * high one first, the data.  Pictures are [n][h][w] or [n][h][w][c]; labels are [n], in a file of
 * their own.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "private.h"

static const uint8_t magic[3] = { 0, 0, 8 };

static enum idx_probe probe(const uint8_t *head, size_t size)
{
	if (size < 4 || memcmp(head, magic, 3) != 0 || head[3] == 0)
		return IDX_NONE;
	return head[3] == 3 || head[3] == 4 ? IDX_PICTURES : IDX_OTHER;
}

enum idx_probe idx_probe(const char *path, const uint8_t *head, size_t size)
{
	uint8_t unpacked[4];
	gzFile f;
	int n;

	if (size < 2 || head[0] != 0x1f || head[1] != 0x8b)
		return probe(head, size);
	f = gzopen(path, "rbe");
	if (!f)
		return IDX_NONE;
	n = gzread(f, unpacked, sizeof unpacked);
	gzclose(f);
	return n == 4 ? probe(unpacked, 4) : IDX_NONE;
}

/* Read size bytes; *got fewer at the end.  Damage of the gzip layer is SN_EDATA. */
static int pull(gzFile f, const char *path, void *to, size_t size, size_t *got)
{
	*got = 0;
	while (*got < size) {
		size_t part = size - *got < (1u << 30) ? size - *got : 1u << 30;
		int n = gzread(f, (uint8_t *)to + *got, (unsigned)part), error;
		const char *why;

		if (n > 0) {
			*got += (size_t)n;
			continue;
		}
		why = gzerror(f, &error);
		if (error == Z_ERRNO)
			return sn_fail_errno("cannot read '%s'", path);
		if (error == Z_MEM_ERROR)
			return sn_fail_memory();
		if (error == Z_BUF_ERROR)
			return sn_fail(SN_EDATA, "'%s' is cut short", path);
		if (n < 0 || (error != Z_OK && error != Z_STREAM_END)) {
			size_t prefix = strlen(path); /* zlib puts the name before its words */

			if (strncmp(why, path, prefix) == 0 && why[prefix] == ':')
				why += prefix + 2;
			return sn_fail(SN_EDATA, "'%s' is damaged: %s", path, why);
		}
		break;
	}
	return 0;
}

static int open_file(gzFile *f, const char *path)
{
	*f = gzopen(path, "rbe");
	if (!*f)
		return sn_fail_errno("cannot open '%s'", path);
	gzbuffer(*f, 256u << 10);
	return 0;
}

/* Where the labels of a file of pictures are: "images-idx3" in its last name is "labels-idx1". */
static char *label_path(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *at = NULL;
	size_t size;
	char *other;

	for (const char *p = name; (p = strstr(p, "images")) != NULL; p++)
		if (strlen(p) >= 11 && strncmp(p + 7, "idx", 3) == 0 &&
		    (p[10] == '3' || p[10] == '4'))
			at = p;
	if (!at)
		return NULL;
	size = strlen(path);
	other = malloc(size + sizeof ".gz");
	if (!other)
		return NULL;
	memcpy(other, path, size + 1);
	memcpy(other + (at - path), "labels", 6); /* what parts it from "idx" stays */
	other[at - path + 10] = '1';
	if (access(other, F_OK) != 0) {
		/* one of the two may be packed and the other not */
		if (size > 3 && strcmp(other + size - 3, ".gz") == 0)
			other[size - 3] = 0;
		else
			memcpy(other + size, ".gz", sizeof ".gz");
		if (access(other, F_OK) != 0) {
			free(other);
			return NULL;
		}
	}
	return other;
}

static int read_labels(struct idx *x, const char *path)
{
	uint8_t head[8], block[4096];
	size_t got;
	gzFile f;
	int st;

	if ((st = open_file(&f, path)) < 0)
		return st;
	if ((st = pull(f, path, head, sizeof head, &got)) < 0)
		goto out;
	if (got < sizeof head || memcmp(head, magic, 3) != 0 || head[3] != 1) {
		st = sn_fail(SN_EDATA, "'%s' holds no labels", path);
		goto out;
	}
	if (be32(head + 4) != x->n) {
		st = sn_fail(SN_EDATA, "'%s' holds %u labels, but '%s' %llu pictures", path,
			     be32(head + 4), x->path, (unsigned long long)x->n);
		goto out;
	}
	/* as much as there is, however much is announced */
	do {
		if ((st = pull(f, path, block, sizeof block, &got)) < 0)
			goto out;
		if (x->label.size + got > x->n)
			break;
		if ((st = sn_buffer_add(&x->label, block, got)) < 0)
			goto out;
	} while (got > 0);
	if (x->label.size != x->n || got > 0)
		st = sn_fail(SN_EDATA, "'%s' holds %s labels than it says", path,
			     got ? "more" : "fewer");
out:
	gzclose(f);
	return st;
}

int idx_open(struct idx **out, const char *path, bool labels, bool *missing)
{
	struct idx *x = sn_alloc(1, sizeof *x);
	uint8_t head[20] = { 0 };
	size_t got, rank;
	gzFile f = NULL;
	int st;

	if (!x)
		return SN_ENOMEM;
	*missing = false;
	x->path = strdup(path);
	if (!x->path) {
		st = sn_fail_memory();
		goto fail;
	}
	if ((st = open_file(&f, path)) < 0)
		goto fail;
	x->file = f;
	if ((st = pull(f, path, head, 4, &got)) < 0)
		goto fail;
	rank = head[3];
	if (got < 4 || probe(head, 4) != IDX_PICTURES) {
		st = sn_fail(SN_EDATA, "'%s' holds no pictures", path);
		goto fail;
	}
	if ((st = pull(f, path, head + 4, 4 * rank, &got)) < 0)
		goto fail;
	if (got < 4 * rank) {
		st = sn_fail(SN_EDATA, "'%s' is cut short", path);
		goto fail;
	}
	x->n = be32(head + 4);
	x->h = be32(head + 8);
	x->w = be32(head + 12);
	x->c = rank == 4 ? be32(head + 16) : 1;
	if ((st = check_size(x->w, x->h)) < 0) {
		st = sn_fail_at(st, "'%s'", path);
		goto fail;
	}
	if ((x->c != 1 && x->c != 3) || x->w * x->h * x->c > SN_MAX_PICTURE) {
		st = sn_fail(SN_EDATA, "'%s': pictures of %zux%zux%zu cannot be read", path, x->w,
			     x->h, x->c);
		goto fail;
	}
	if (labels) {
		char *other = label_path(path);

		*missing = !other;
		st = other ? read_labels(x, other) : 0;
		free(other);
		if (st < 0)
			goto fail;
	}
	*out = x;
	return 0;
fail:
	idx_close(x);
	return st;
}

int idx_read(struct idx *x, uint8_t *pixels, size_t n, size_t *got)
{
	size_t size = x->w * x->h * x->c, bytes;
	uint8_t more;
	int st;

	if (n > x->n - x->next)
		n = (size_t)(x->n - x->next);
	st = pull(x->file, x->path, pixels, n * size, &bytes);
	*got = bytes / size;
	x->next += *got;
	if (st < 0)
		return st;
	if (*got < n)
		return sn_fail(SN_EDATA, "'%s' is cut short", x->path);
	if (x->next == x->n) {
		/* the packed data's own sum comes behind the last byte */
		if ((st = pull(x->file, x->path, &more, 1, &bytes)) < 0)
			return st;
		if (bytes > 0)
			return sn_fail(SN_EDATA, "'%s' holds more than its %llu pictures", x->path,
				       (unsigned long long)x->n);
	}
	return 0;
}

void idx_close(struct idx *x)
{
	if (!x)
		return;
	if (x->file)
		gzclose(x->file);
	sn_buffer_release(&x->label);
	free(x->path);
	free(x);
}
