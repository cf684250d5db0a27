/* load_options - how pictures are loaded, for every program that takes a folder of them. */
#include <inttypes.h>
#include "load_options.h"

void load_options_set(struct sn_load_options *to, const struct load_options *l,
		      const struct cli_common *c)
{
	if (l->strict && cli_given("allow-failed"))
		cli_usage_error("--strict and --allow-failed contradict each other");
	if (l->null_separated && !l->files_from)
		cli_usage_error("--null goes with --files-from");
	*to = (struct sn_load_options){
		.w = l->size[0],
		.h = l->size[1],
		.fit = (enum sn_fit)l->fit,
		.fill = (uint8_t)l->fill,
		.grey = l->grey,
		.label = l->label,
		.forged = l->forged,
		.strict = l->strict,
		.files_from = l->files_from,
		.null_separated = l->null_separated,
		.allow_empty = c->allow_empty,
		.name_skipped = c->verbose,
		.threads = (unsigned)c->threads,
	};
}

int load_next(struct sn_loader *loader, const struct load_options *l, struct sn_item *item)
{
	for (;;) {
		int st = sn_loader_next(loader, item);

		if (st >= 0)
			return st;
		cli_warn("%s", sn_message());
		if (st == SN_ENOMEM || l->strict)
			return st;
	}
}

int load_status(const struct sn_loader *loader, const struct load_options *l)
{
	uint64_t failed = sn_loader_failed(loader), count = sn_loader_count(loader);

	if (failed == 0)
		return CLI_OK;
	if (failed <= l->allow_failed) {
		sn_note("%" PRIu64 " of %" PRIu64 " pictures could not be read", failed, count);
		return CLI_OK;
	}
	cli_warn("%" PRIu64 " of %" PRIu64 " pictures could not be read", failed, count);
	return CLI_FAILED;
}
