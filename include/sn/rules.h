/* rules - learning rates, momenta and decay of single layers or parameters, as a text says. */
#ifndef SN_RULES_H
#define SN_RULES_H

#include <sn/net.h>
#include <sn/optimizer.h>

struct sn_rules;

/**
 * Read words as "conv1:rate=0.5,decay=0.01 *.bias:rate=2 head:rate=10": a pattern, and what of
 * rate, decay and momentum is otherwise there.  A pattern is a shell's (* ? [...]); it fits the
 * name of a layer, or the whole name of a parameter.  SN_EUSAGE names what is wrong and what was
 * wanted.
 */
SN_MUST_CHECK int sn_rules_parse(struct sn_rules **rules, const char *text);
void sn_rules_free(struct sn_rules *rules); /* NULL is allowed */

/**
 * SN_EUSAGE for a pattern that fits nothing, with what there is.
 *   head  in  the network is trained with a head: "head.weight", "head.bias"
 */
SN_MUST_CHECK int sn_rules_check(const struct sn_rules *rules, struct sn_net *net, bool head);

/**
 * What the optimiser does with a parameter: what the options say of all, changed by every word that
 * fits, in their order.  A decay is that of the layer's weights, not of its bias or norm, unless
 * the pattern fits the parameter's name rather than the layer's. rules  in  NULL: none
 */
struct sn_update_rule sn_rules_of(const struct sn_rules *rules, const struct sn_param *param,
				  const struct sn_update_options *options);

#endif
