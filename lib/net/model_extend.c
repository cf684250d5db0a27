/* model_extend - more layers behind those of a model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/model.h>

/* The network's text and the lines, ended by a line feed; the caller frees it. */
static char *longer_text(const struct sn_net *net, const char *lines)
{
	const char *text = sn_net_text(net);
	size_t size = strlen(text);
	const char *between = size && text[size - 1] == '\n' ? "" : "\n";
	char *longer;

	if (asprintf(&longer, "%s%s%s", text, between, lines) < 0) {
		(void)sn_fail_memory();
		return NULL;
	}
	return longer;
}

int sn_model_extend(struct sn_model **out, const struct sn_model *m, const char *lines)
{
	struct sn_model *to;
	char *text;
	int st;

	*out = NULL;
	if (m->head)
		return sn_fail(SN_EDATA, "the model's distance weighs each number of its "
					 "embeddings: no layers can follow");
	if (!(text = longer_text(m->net, lines)))
		return SN_ENOMEM;
	st = sn_model_new(&to, text);
	free(text);
	if (st < 0)
		return st;
	to->prep = m->prep;
	to->distance = m->distance;
	to->margin = m->margin;
	memcpy(to->loss, m->loss, sizeof to->loss);
	for (size_t i = 0; i < sn_net_params(m->net); i++) {
		const struct sn_param *from = sn_net_param(m->net, i);
		memcpy(sn_net_param(to->net, i)->value, from->value,
		       from->count * sizeof *from->value);
	}
	sn_header_free(to->header);
	to->header = NULL;
	if ((st = sn_header_copy(&to->header, m->header)) < 0) {
		sn_model_free(to);
		return st;
	}
	*out = to;
	return 0;
}
