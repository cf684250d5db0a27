/* find - which pictures there are: folders walked in byte order of names, lists of names, single
 * files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sn/file.h>
#include "private.h"

#define MAX_LIST ((size_t)1 << 30)

/* Does a name say that the file is a picture?  Then it is lost, and not passed over, where it
 * cannot be read. */
static bool picture_name(const char *name)
{
	static const char *const ending[] = {
		"png",	"jpg",	"jpeg", "jpe",	"jfif", "bmp", "dib", "gif",
		"tga",	"pnm",	"pbm",	"pgm",	"ppm",	"pam", "tif", "tiff",
		"webp", "heic", "heif", "avif", "jp2",	"jxl", "psd",
	};
	const char *dot = strrchr(name, '.');

	if (strncmp(name, "._", 2) ==
	    0) /* what some systems keep beside each file has its name, too */
		return false;
	for (size_t i = 0; dot && i < sizeof ending / sizeof *ending; i++)
		if (strcasecmp(dot + 1, ending[i]) == 0)
			return true;
	return strstr(name, "idx3-ubyte") != NULL;
}

/* ---- the list ------------------------------------------------------------------------- */

static int add_source(struct found *f, size_t origin, const char *path, uint64_t count, bool idx,
		      bool standard)
{
	struct source s = { NULL, origin, count, idx, standard };
	int st = sn_grow(&f->source, &f->source_capacity, f->sources + 1, sizeof *f->source);

	if (st < 0)
		return st;
	s.path = strdup(path);
	if (!s.path)
		return sn_fail_memory();
	f->source[f->sources++] = s;
	f->count += count;
	return 0;
}

void found_release(struct found *f)
{
	for (size_t i = 0; i < f->origins; i++)
		free(f->origin[i].name);
	for (size_t i = 0; i < f->sources; i++)
		free(f->source[i].path);
	free(f->origin);
	free(f->source);
	memset(f, 0, sizeof *f);
}

static void skip(struct found *f, const struct sn_load_options *options, const char *path)
{
	f->skipped++;
	if (options->name_skipped)
		sn_note("'%s' is no picture", path);
}

/* ---- one file ------------------------------------------------------------------------- */

/* The first bytes of a file; *size 0 where it cannot be read, which loading it will say. */
static bool read_head(const char *path, uint8_t head[256], size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	*size = 0;
	if (fd < 0)
		return false;
	n = read(fd, head, 256);
	close(fd);
	if (n < 0)
		return false;
	*size = (size_t)n;
	return true;
}

static int add_idx(struct found *f, const struct sn_load_options *options, size_t origin,
		   const char *path)
{
	bool dir = !options->label || strcmp(options->label, "dir") == 0, missing;
	struct idx *x;
	uint64_t n;
	int st;

	/* opened once here, so that a file of labels that does not fit is known before anything is
	 * written */
	if ((st = idx_open(&x, path, dir, &missing)) < 0)
		return st;
	n = x->n;
	idx_close(x);
	if (missing)
		sn_note("no file of labels beside '%s': its pictures have none", path);
	return add_source(f, origin, path, n, true, false);
}

/* A regular file; `named`: it was asked for by name. */
static int add_file(struct found *f, const struct sn_load_options *options, size_t origin,
		    const char *path, bool named)
{
	const char *slash = strrchr(path, '/');
	bool listed = picture_name(slash ? slash + 1 : path);
	uint8_t head[256];
	size_t size;

	/* most pictures are known by their names: they are opened once, by who decodes them */
	if (listed && !strstr(slash ? slash + 1 : path, "idx3-ubyte"))
		return add_source(f, origin, path, 1, false, false);
	if (!read_head(path, head, &size))
		return add_source(f, origin, path, 1, false, false);
	if (idx_probe(path, head, size) == IDX_PICTURES)
		return add_idx(f, options, origin, path);
	if (named || listed || sn_image_type(head, size, path) || foreign_type(head, size))
		return add_source(f, origin, path, 1, false, false);
	skip(f, options, path);
	return 0;
}

/* ---- folders -------------------------------------------------------------------------- */

struct name {
	char *text;
	unsigned char type; /* d_type */
};

struct names {
	struct name *name;
	size_t n, capacity;
};

static void names_release(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->name[i].text);
	free(l->name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static int list_folder(struct names *l, const char *path)
{
	DIR *dir = opendir(*path ? path : "/");
	struct dirent *e;
	int st = 0;

	if (!dir)
		return sn_fail_errno("cannot open folder '%s'", path);
	while ((errno = 0, e = readdir(dir)) != NULL) {
		struct name name = { NULL, e->d_type };

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if ((st = sn_grow(&l->name, &l->capacity, l->n + 1, sizeof *l->name)) < 0)
			break;
		name.text = strdup(e->d_name);
		if (!name.text) {
			st = sn_fail_memory();
			break;
		}
		l->name[l->n++] = name;
	}
	if (st == 0 && !e && errno)
		st = sn_fail_errno("cannot read folder '%s'", path);
	closedir(dir);
	if (l->n > 1)
		qsort(l->name, l->n, sizeof *l->name, compare_names);
	return st;
}

static int walk(struct found *f, const struct sn_load_options *options, size_t origin,
		const char *path);

static int walk_entry(struct found *f, const struct sn_load_options *options, size_t origin,
		      const char *path, const struct name *name)
{
	struct stat s;
	mode_t kind;

	switch (name->type) {
	case DT_REG:
		kind = S_IFREG;
		break;
	case DT_DIR:
		kind = S_IFDIR;
		break;
	default:
		if (lstat(path, &s) < 0)
			return sn_fail_errno("cannot look at '%s'", path);
		kind = s.st_mode & S_IFMT;
	}
	if (kind == S_IFLNK) {
		/* a link to a file is that file; a folder would be walked twice, or for ever */
		if (stat(path, &s) < 0)
			kind = picture_name(name->text)
				       ? S_IFREG
				       : S_IFLNK; /* lost, and loading it will say so */
		else
			kind = S_ISDIR(s.st_mode) ? S_IFLNK : s.st_mode & S_IFMT;
	}
	if (kind == S_IFDIR)
		return walk(f, options, origin, path);
	if (kind == S_IFREG)
		return add_file(f, options, origin, path, false);
	skip(f, options, path);
	return 0;
}

static int walk(struct found *f, const struct sn_load_options *options, size_t origin,
		const char *path)
{
	struct names names = { 0 };
	size_t length = strlen(path);
	char *inner = NULL;
	int st = list_folder(&names, path);

	for (size_t i = 0; st == 0 && i < names.n; i++) {
		size_t n = strlen(names.name[i].text);
		char *longer = realloc(inner, length + n + 2);

		if (!longer) {
			st = sn_fail_memory();
			break;
		}
		inner = longer;
		memcpy(inner, path, length);
		inner[length] = '/';
		memcpy(inner + length + 1, names.name[i].text, n + 1);
		st = walk_entry(f, options, origin, inner, &names.name[i]);
	}
	free(inner);
	names_release(&names);
	return st;
}

/* ---- operands ------------------------------------------------------------------------- */

/* The last name of a folder; of "", "." and the like the one that the system knows it by.  NULL: no
 * memory, or none. */
static char *last_name(const char *path, size_t length)
{
	char *copy = strndup(path, length), *whole, *slash, *name = NULL;

	if (!copy)
		return NULL;
	slash = strrchr(copy, '/');
	name = slash ? slash + 1 : copy;
	if (*name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
		name = strdup(name);
		free(copy);
		return name;
	}
	whole = realpath(*copy ? copy : path[0] == '/' ? "/" : ".", NULL);
	free(copy);
	if (!whole)
		return NULL;
	slash = strrchr(whole, '/');
	name = strdup(slash && slash[1] ? slash + 1 : whole);
	free(whole);
	return name;
}

static int find_path(struct found *f, const struct sn_load_options *options, const char *operand,
		     bool listed)
{
	struct origin origin = { 0 };
	uint64_t before = f->count, skipped = f->skipped;
	size_t length = strlen(operand);
	bool standard = !listed && strcmp(operand, "-") == 0;
	struct stat s = { 0 };
	char *path;
	int st = sn_grow(&f->origin, &f->origin_capacity, f->origins + 1, sizeof *f->origin);

	if (st < 0)
		return st;
	if (!standard && stat(operand, &s) < 0)
		return sn_fail_errno("cannot open '%s'", operand);
	while (length > 0 && operand[length - 1] == '/')
		length--;
	path = strndup(operand, length);
	if (!path)
		return sn_fail_memory();
	if (!standard) {
		const char *slash = strrchr(path, '/');

		origin.folder = S_ISDIR(s.st_mode);
		origin.root = length;
		if (origin.folder)
			origin.name = last_name(operand, length);
		else
			origin.name = last_name(operand, slash ? (size_t)(slash - path) : 0);
	}
	f->origin[f->origins++] = origin;
	if (origin.folder)
		st = walk(f, options, f->origins - 1, path);
	else if (S_ISREG(s.st_mode))
		st = add_file(f, options, f->origins - 1, path, true);
	else
		st = add_source(f, f->origins - 1, path, 1, false, standard);
	free(path);
	if (st == 0 && f->count == before && !options->allow_empty) {
		skipped = f->skipped - skipped;
		if (!origin.folder)
			return sn_fail(SN_EDATA, "no picture in '%s'", operand);
		st = sn_fail(SN_EDATA, "no picture in folder '%s' (%llu %s)", operand,
			     (unsigned long long)skipped,
			     skipped == 1 ? "file is none" : "files are none");
	}
	return st;
}

int find_operand(struct found *f, const struct sn_load_options *options, const char *operand)
{
	return find_path(f, options, operand, false);
}

int find_listed(struct found *f, const struct sn_load_options *options)
{
	char end = options->null_separated ? 0 : '\n';
	uint8_t *data;
	size_t size, at = 0, names = 0;
	const char *list = strcmp(options->files_from, "-") ? options->files_from : "<stdin>";
	int st = sn_file_read(options->files_from, MAX_LIST, &data, &size);

	if (st < 0)
		return st;
	while (st == 0 && at < size) {
		uint8_t *stop = memchr(data + at, end, size - at);
		size_t n = stop ? (size_t)(stop - data) - at : size - at;

		data[at + n] = 0; /* in place of the separator, or behind the last byte */
		if (strlen((char *)data + at) != n)
			st = sn_fail(SN_EDATA,
				     "a name in '%s' holds a zero byte: it is a list for -0", list);
		else if (n > 0) {
			names++;
			st = find_path(f, options, (char *)data + at, true);
		}
		at += n + 1;
	}
	free(data);
	if (st == 0 && names == 0 && !options->allow_empty)
		st = sn_fail(SN_EDATA, "no name in list '%s'", list);
	return st;
}
