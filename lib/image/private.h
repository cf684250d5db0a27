/* private - what the files of lib/image share. */
#ifndef SN_IMAGE_PRIVATE_H
#define SN_IMAGE_PRIVATE_H

#include <regex.h>
#include <sn/image.h>

#define MAX_SIDE (1u << 20)   /* samples along one side of a picture */
#define MAX_PIXELS (1u << 28) /* of one picture, before it is reduced */

/* Samples as a decoder leaves them: [h][w][c] of 8 bits, or of 16 in the machine's order where max
 * > 255. */
struct raw {
	size_t w, h, c; /* c: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha */
	unsigned max;	/* the sample that means white, or opaque */
	void *data;	/* owned: free() */
};

/* What the structure of a file says before stb_image sees a copy of it that leaves no room for its
 * weaknesses. */
struct outline {
	size_t w, h;
	unsigned bits;		    /* of a sample: 8 or 16 */
	bool opaque;		    /* what looks like alpha is none */
	bool mirrored;		    /* rows run from right to left */
	struct sn_slice exif;	    /* TIFF structure; data NULL: none */
	struct sn_buffer rewritten; /* owned; empty: the file as it is, up to `size` */
	size_t size;
};

/* "TIFF" and the like: a picture by its first bytes, of a type that cannot be decoded; NULL: none
 * of those. */
const char *foreign_type(const uint8_t *data, size_t size);

/* Check a file of this type; refuses what is cut short, too large, or of a kind that cannot be
 * decoded. */
SN_MUST_CHECK int outline_read(struct outline *o, const char *type, const uint8_t *data,
			       size_t size);

/* Decode a file whose outline was read: raw->data becomes the caller's. */
SN_MUST_CHECK int stb_read(struct raw *raw, const struct outline *o, const uint8_t *data);

/* 0, or SN_EDATA where a picture of this size is none or too large. */
SN_MUST_CHECK int check_size(size_t w, size_t h);

SN_MUST_CHECK int pnm_read(struct raw *raw, const uint8_t *data, size_t size);
bool pnm_looks(const uint8_t *data, size_t size);

/* The EXIF orientation of a TIFF structure: 1 (upright) to 8. */
unsigned exif_orientation(struct sn_slice tiff);
/* Turn and mirror the pixels as the orientation says. */
SN_MUST_CHECK int orient(struct sn_image *image, unsigned orientation);

static inline uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}
static inline uint32_t be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}
static inline uint32_t le16(const uint8_t *p)
{
	return (uint32_t)p[1] << 8 | p[0];
}
static inline uint32_t le32(const uint8_t *p)
{
	return le16(p + 2) << 16 | le16(p);
}

/* ---- IDX: a file of many pictures of one size ------------------------------------------ */

struct idx {
	void *file; /* gzFile */
	char *path;
	uint64_t n, next; /* pictures; the one that comes next */
	size_t w, h, c;
	struct sn_buffer label; /* one byte a picture; size 0: none known */
};

enum idx_probe { IDX_NONE, IDX_PICTURES, IDX_OTHER };
/* What an IDX file, plain or gzipped, holds by its first bytes; IDX_NONE where it is not one or
 * cannot be read. */
enum idx_probe idx_probe(const char *path, const uint8_t *head, size_t size);
/* Open it; labels: look for the file of labels beside it, too (*missing says that there is none).
 */
SN_MUST_CHECK int idx_open(struct idx **x, const char *path, bool labels, bool *missing);
/* Read up to n pictures into pixels [n][h][w][c]; *got says how many.  Checks the file's end behind
 * the last. */
SN_MUST_CHECK int idx_read(struct idx *x, uint8_t *pixels, size_t n, size_t *got);
void idx_close(struct idx *x);

/* ---- what there is to load ------------------------------------------------------------- */

/* An operand. */
struct origin {
	char *name;  /* label of what lies directly in it: the folder's last name; NULL: none */
	size_t root; /* length of its path, where it is a folder: paths within begin behind root and
			'/' */
	bool folder;
};

struct source {
	char *path;	/* bytes as typed, without '/' at the end */
	size_t origin;	/* index */
	uint64_t count; /* pictures in it, 1 but for IDX */
	bool idx;
	bool standard; /* standard input: the operand `-`; a `-` in a list is a file */
};

struct found {
	struct origin *origin;
	size_t origins, origin_capacity;
	struct source *source;
	size_t sources, source_capacity;
	uint64_t count;	  /* pictures */
	uint64_t skipped; /* files in folders that are no pictures */
};
SN_MUST_CHECK int find_operand(struct found *f, const struct sn_load_options *options,
			       const char *operand);
SN_MUST_CHECK int find_listed(struct found *f, const struct sn_load_options *options);
void found_release(struct found *f);

/* ---- whose picture it is --------------------------------------------------------------- */

struct labels {
	bool dir, none;
	bool has_label, has_forged; /* compiled */
	regex_t label, forged;
	regmatch_t *match;
};
SN_MUST_CHECK int labels_open(struct labels *l, const char *label, const char *forged);
/*
 * Label of a picture.
 *   key    in  its key, ends with 0
 *   own    in  the label that its place gives: characters; data NULL: none
 *   out    out the label, appended; *known false: nil
 */
SN_MUST_CHECK int labels_apply(const struct labels *l, const char *key, struct sn_slice own,
			       struct sn_buffer *out, bool *known, bool *forged);
void labels_release(struct labels *l);

#endif
