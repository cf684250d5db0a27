/* loss_options - which loss, for the programs that measure it and those that train by it. */
#include <string.h>
#include "loss_options.h"

const char *const loss_means[] = { "plain", "balanced", NULL };

/* Which options a loss has a use for; form is remembered only where it was given. */
static const struct use {
	const char *option;
	unsigned losses; /* bits */
	bool remember;
} uses[] = {
	{ "form", 1u << SN_LOSS_CONTRASTIVE, false },
	{ "same-margin", 1u << SN_LOSS_DOUBLE_MARGIN | 1u << SN_LOSS_CONTRASTIVE, false },
	{ "mining", 1u << SN_LOSS_TRIPLET, true },
	{ "temperature", 1u << SN_LOSS_NT_XENT | 1u << SN_LOSS_SUPCON, true },
	{ "alpha", 1u << SN_LOSS_MULTI_SIMILARITY, true },
	{ "beta", 1u << SN_LOSS_MULTI_SIMILARITY, true },
	{ "base", 1u << SN_LOSS_MULTI_SIMILARITY, true },
	{ "epsilon", 1u << SN_LOSS_MULTI_SIMILARITY, true },
};

static bool has_same_margin(const struct loss_options *l)
{
	return l->loss == SN_LOSS_DOUBLE_MARGIN ||
	       (l->loss == SN_LOSS_CONTRASTIVE && l->form == SN_CONTRASTIVE_PML);
}

static void fill(struct sn_objective *o, struct loss_options *l)
{
	if (isnan(l->same_margin) && isfinite(l->margin))
		l->same_margin = l->loss == SN_LOSS_DOUBLE_MARGIN ? l->margin / 2 : 0;
	*o = (struct sn_objective){ .loss = (enum sn_loss)l->loss,
				    .margin = l->margin,
				    .distance = o->distance,
				    .form = (enum sn_contrastive_form)l->form,
				    .mining = (enum sn_mining)l->mining,
				    .same_margin = l->same_margin,
				    .temperature = l->temperature,
				    .alpha = l->alpha,
				    .beta = l->beta,
				    .base = l->base,
				    .epsilon = l->epsilon };
}

void loss_options_check(const struct loss_options *given)
{
	struct loss_options l = *given;
	struct sn_objective o;

	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
		if (cli_given(uses[i].option) && !(uses[i].losses & 1u << l.loss))
			cli_usage_error("--%s is no option of the loss %s", uses[i].option,
					sn_loss_names[l.loss]);
	if (cli_given("same-margin") && !has_same_margin(&l))
		cli_usage_error("--same-margin goes with -l double-margin or --form pml");
	if (isnan(l.margin) || isinf(l.margin))
		l.margin = sn_loss_margin((enum sn_loss)l.loss, (enum sn_contrastive_form)l.form);
	if (isnan(l.margin))
		return; /* the model's, or auto */
	o.distance = sn_loss_distance((enum sn_loss)l.loss, (enum sn_contrastive_form)l.form,
				      SN_EUCLIDEAN);
	fill(&o, &l);
	if (sn_loss_check(&o) < 0)
		cli_usage_error("--margin: %s", sn_message());
}

static void remember(struct cli_option *table, const char *name)
{
	for (struct cli_option *c = table; c->name; c++)
		if (strcmp(c->name, name) == 0)
			c->flags &= ~CLI_OMIT;
}

static void forget(struct cli_option *table, const char *name)
{
	for (struct cli_option *c = table; c->name; c++)
		if (strcmp(c->name, name) == 0)
			c->flags |= CLI_SILENT;
}

int loss_options_settle(struct sn_objective *o, struct loss_options *l,
			const struct loss_options *as_given, struct cli_option *table,
			const enum sn_distance *distance, enum sn_distance otherwise, double margin)
{
	double usual;

	*l = *as_given;
	if (!cli_given("loss") && (distance ? *distance : otherwise) == SN_WEIGHTED_L1)
		l->loss = SN_LOSS_CROSS_ENTROPY;
	usual = sn_loss_margin((enum sn_loss)l->loss, (enum sn_contrastive_form)l->form);
	if (isnan(l->margin))
		l->margin = isnan(usual) ? margin : usual;
	o->distance = distance ? *distance
			       : sn_loss_distance((enum sn_loss)l->loss,
						  (enum sn_contrastive_form)l->form, otherwise);
	fill(o, l);
	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
		if (uses[i].remember && uses[i].losses & 1u << l->loss)
			remember(table, uses[i].option);
	if (has_same_margin(l))
		remember(table, "same-margin");
	if (!sn_loss_has_margin((enum sn_loss)l->loss))
		forget(table, "margin");
	return isinf(l->margin) ? 0 : sn_loss_check(o);
}
