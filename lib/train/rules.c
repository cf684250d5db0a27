/* rules - parsed, matched against names, and applied in their order */
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include <sn/rules.h>

#define NAME 256

/* NaN: as it is. */
struct rule {
	const char *pattern;
	double rate, decay, momentum;
};

struct sn_rules {
	char *text; /* the patterns are parts of it */
	struct rule *rule;
	size_t n, capacity;
};

/* ---- text ------------------------------------------------------------------------------ */

static int parse_setting(struct rule *r, const char *setting)
{
	const struct {
		const char *name;
		double *value, most;
	} keys[] = { { "rate", &r->rate, 1e6 },
		     { "decay", &r->decay, 1 },
		     { "momentum", &r->momentum, 0.9999 } };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		size_t n = strlen(keys[i].name);
		const char *number = setting + n + 1;
		char *end;
		if (strncmp(setting, keys[i].name, n) != 0 || setting[n] != '=')
			continue;
		*keys[i].value = strtod(number, &end);
		if (!*number || number[strspn(number, "0123456789.e-")] || *end ||
		    !(*keys[i].value >= 0 && *keys[i].value <= keys[i].most))
			return sn_fail(SN_EUSAGE, "'%.64s': %s is a number from 0 to %g", setting,
				       keys[i].name, keys[i].most);
		return 0;
	}
	return sn_fail(SN_EUSAGE, "'%.64s' is none of rate=X, decay=X, momentum=X", setting);
}

static int parse_word(struct rule *r, char *word)
{
	char *colon = strchr(word, ':'), *rest;
	int st = 0;

	*r = (struct rule){ word, NAN, NAN, NAN };
	if (!colon || colon == word || !colon[1])
		return sn_fail(SN_EUSAGE,
			       "'%.64s' is no layer and what is otherwise there, as in "
			       "conv1:rate=0.5,decay=0.01",
			       word);
	*colon = '\0';
	rest = colon + 1;
	for (char *setting; st == 0 && (setting = strsep(&rest, ","));)
		st = parse_setting(r, setting);
	return st;
}

int sn_rules_parse(struct sn_rules **rules, const char *text)
{
	struct sn_rules *r = sn_alloc(1, sizeof *r);
	char *rest;
	int st = 0;

	if (!r)
		return SN_ENOMEM;
	if (!(rest = r->text = strdup(text)))
		st = sn_fail_memory();
	for (char *word; st == 0 && (word = strtok_r(rest, " \t\n", &rest));)
		if ((st = sn_grow(&r->rule, &r->capacity, r->n + 1, sizeof *r->rule)) == 0)
			st = parse_word(&r->rule[r->n++], word);
	if (st == 0 && r->n == 0)
		st = sn_fail(SN_EUSAGE, "'' says nothing; conv1:rate=0.5,decay=0.01 would");
	if (st < 0)
		sn_rules_free(r);
	else
		*rules = r;
	return st;
}

void sn_rules_free(struct sn_rules *r)
{
	if (!r)
		return;
	free(r->text);
	free(r->rule);
	free(r);
}

/* ---- names ----------------------------------------------------------------------------- */

enum fit { NOT, LAYER, PARAMETER };

/* A parameter's name is its layer's, a dot, and what it is. */
static enum fit fits(const struct rule *r, const char *name)
{
	char layer[NAME];
	const char *dot = strrchr(name, '.');

	snprintf(layer, sizeof layer, "%.*s", (int)(dot ? dot - name : 0), name);
	if (fnmatch(r->pattern, layer, 0) == 0)
		return LAYER;
	return fnmatch(r->pattern, name, 0) == 0 ? PARAMETER : NOT;
}

struct sn_update_rule sn_rules_of(const struct sn_rules *rules, const struct sn_param *param,
				  const struct sn_update_options *o)
{
	struct sn_update_rule u = { 1, o->momentum, param->decay ? o->decay : 0 };

	for (size_t i = 0; rules && i < rules->n; i++) {
		const struct rule *r = &rules->rule[i];
		enum fit fit = fits(r, param->name);
		if (fit == NOT)
			continue;
		if (!isnan(r->rate))
			u.rate = r->rate;
		if (!isnan(r->momentum))
			u.momentum = r->momentum;
		if (!isnan(r->decay) && (fit == PARAMETER || param->decay))
			u.decay = r->decay;
	}
	return u;
}

/* "conv1, fc1, head": the layers that have something to train. */
static const char *list_layers(char list[512], struct sn_net *net, bool head)
{
	size_t used = 0, before = 0;

	list[0] = '\0';
	for (size_t i = 0; i < sn_net_params(net) && used < 400; i++) {
		const char *name = sn_net_param(net, i)->name;
		size_t n = (size_t)(strrchr(name, '.') - name);
		if (!sn_net_param(net, i)->grad ||
		    (n == used - before && strncmp(list + before, name, n) == 0))
			continue;
		used += (size_t)snprintf(list + used, 512 - used, "%s", used ? ", " : "");
		before = used;
		used += (size_t)snprintf(list + used, 512 - used, "%.*s", (int)(n < 64 ? n : 64),
					 name);
	}
	snprintf(list + used, 512 - used, "%s%s", used >= 400 ? ", ..." : "", head ? ", head" : "");
	return list;
}

int sn_rules_check(const struct sn_rules *rules, struct sn_net *net, bool head)
{
	char list[512];

	for (size_t k = 0; k < rules->n; k++) {
		const struct rule *r = &rules->rule[k];
		bool found = head && (fits(r, "head.weight") || fits(r, "head.bias"));
		for (size_t i = 0; !found && i < sn_net_params(net); i++)
			found = sn_net_param(net, i)->grad && fits(r, sn_net_param(net, i)->name);
		if (!found)
			return sn_fail(SN_EUSAGE,
				       "'%.64s' is no layer with weights, nor a parameter such as "
				       "%s; there are %s",
				       r->pattern,
				       sn_net_params(net) ? sn_net_param(net, 0)->name : "fc1.bias",
				       list_layers(list, net, head));
	}
	return 0;
}
