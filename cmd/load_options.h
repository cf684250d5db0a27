/*
 * load_options - how pictures are loaded, for every program that takes a folder of them: rows for
 * its table of options, and the loop around the loader that tells and counts what could not be
 * decoded.
 */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <sn/image.h>
#include "cli.h"

struct load_options {
	size_t size[2]; /* w, h; 0: as they are */
	unsigned fit;	/* enum sn_fit */
	uint64_t fill;
	bool grey;
	const char *label, *forged;
	bool strict;
	uint64_t allow_failed; /* pictures that may fail; UINT64_MAX: all */
	const char *files_from;
	bool null_separated;
};
/* clang-format off */
#define LOAD_OPTIONS_INIT { { 0, 0 }, SN_FIT_STRETCH, 255, false, "dir", NULL, false, 0, NULL, false }

/* Rows of a table of options: what becomes of a picture, and which pictures there are. */
#define LOAD_OPTIONS(l) \
	{ 0, "size", CLI_SIZE, (l).size, "WxH", "bring all pictures to W x H pixels", 1, 1 << 20, NULL, CLI_OMIT }, \
	{ 0, "fit", CLI_CHOICE, &(l).fit, "NAME", "change the aspect, add margins or cut off", 0, 0, sn_fit_names, 0 }, \
	{ 0, "fill", CLI_COUNT, &(l).fill, "N", "grey of the margins that pad adds", 0, 255, NULL, 0 }, \
	{ 0, "grey", CLI_FLAG, &(l).grey, NULL, "make all pictures grey", 0, 0, NULL, 0 }, \
	{ 0, "label", CLI_TEXT, &(l).label, "RULE", \
	  "dir, none, or an expression whose groups, found in the key, make the label", 0, 0, NULL, 0 }, \
	{ 0, "forged", CLI_TEXT, &(l).forged, "REGEX", \
	  "keys that match are forged; its groups name whom they claim to be", 0, 0, NULL, CLI_OMIT }, \
	{ 0, "strict", CLI_FLAG, &(l).strict, NULL, \
	  "stop at the first picture that cannot be decoded", 0, 0, NULL, CLI_SILENT }, \
	{ 0, "allow-failed", CLI_OPTIONAL_COUNT, &(l).allow_failed, "N", \
	  "exit 0 though pictures (at most N) cannot be decoded", 0, 0, NULL, CLI_SILENT }, \
	{ 0, "files-from", CLI_FILE, &(l).files_from, "LIST", \
	  "load the files named in LIST, too (-: standard input)", 0, 0, NULL, CLI_SILENT }, \
	{ '0', "null", CLI_FLAG, &(l).null_separated, NULL, \
	  "names in LIST end with a zero byte, not with a line", 0, 0, NULL, CLI_SILENT }
/* clang-format on */

/** Refuse contradictions (exit 2), and say it in the library's terms. `to` borrows from l. */
void load_options_set(struct sn_load_options *to, const struct load_options *l,
		      const struct cli_common *c);

/**
 * The next item: 1, or 0 where there are no more.  Pictures that cannot be decoded are named on
 * standard error and passed over; negative where that ends it (--strict, no memory), which has been
 * said.
 */
SN_MUST_CHECK int load_next(struct sn_loader *loader, const struct load_options *l,
			    struct sn_item *item);

/** After the last: sum up what failed on standard error; the exit status. */
int load_status(const struct sn_loader *loader, const struct load_options *l);

#endif
