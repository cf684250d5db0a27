/* rules - which parameter is moved how, and what is refused */
#include <stdint.h>
#include <sn/rules.h>
#include "test.h"

#define TEXT                                                                                       \
	"input 6x6x1\nconv 2 size=3\nbatchnorm\nrelu\nflatten\nlinear 3\nlinear 2 name=last.one\n"

static struct sn_net *net;
static const struct sn_update_options options = { .kind = SN_SGD, .momentum = 0.9, .decay = 0.1 };

static struct sn_param *find(const char *name)
{
	for (size_t i = 0; i < sn_net_params(net); i++)
		if (strcmp(sn_net_param(net, i)->name, name) == 0)
			return sn_net_param(net, i);
	fprintf(stderr, "no '%s'\n", name);
	exit(1);
}

static void is(const char *text, const char *name, double rate, double momentum, double decay)
{
	struct sn_rules *rules = NULL;
	struct sn_update_rule u;

	if (text)
		MUST(sn_rules_parse(&rules, text));
	if (text)
		MUST(sn_rules_check(rules, net, false));
	u = sn_rules_of(rules, find(name), &options);
	if (u.rate != rate || u.momentum != momentum || u.decay != decay) {
		test_failures++;
		fprintf(stderr, "'%s': %s: rate %g momentum %g decay %g\n", text ? text : "", name,
			u.rate, u.momentum, u.decay);
	}
	sn_rules_free(rules);
}

static void whom_they_fit(void)
{
	is(NULL, "conv1.weight", 1, 0.9, 0.1);
	is(NULL, "conv1.bias", 1, 0.9, 0);
	is("conv1:rate=0.5", "conv1.weight", 0.5, 0.9, 0.1);
	is("conv1:rate=0.5", "conv1.bias", 0.5, 0.9, 0);
	is("conv1:rate=0.5", "fc1.weight", 1, 0.9, 0.1);
	/* a layer's decay is that of its weights, a parameter's is its own */
	is("*:decay=0.5", "fc1.weight", 1, 0.9, 0.5);
	is("*:decay=0.5", "fc1.bias", 1, 0.9, 0);
	is("*:decay=0.5", "bn1.weight", 1, 0.9, 0);
	is("*.bias:decay=0.5,rate=2", "fc1.bias", 2, 0.9, 0.5);
	is("*.bias:decay=0.5,rate=2", "fc1.weight", 1, 0.9, 0.1);
	/* the last word that says something of it holds */
	is("*:rate=3,momentum=0.5 fc?:rate=0 fc1.bias:rate=4", "conv1.weight", 3, 0.5, 0.1);
	is("*:rate=3,momentum=0.5 fc?:rate=0 fc1.bias:rate=4", "fc1.weight", 0, 0.5, 0.1);
	is("*:rate=3,momentum=0.5 fc?:rate=0 fc1.bias:rate=4", "fc1.bias", 4, 0.5, 0);
	is(" last.one:rate=7\t", "last.one.bias", 7, 0.9, 0);
	is("[a-k]*:rate=7", "last.one.bias", 1, 0.9, 0);
}

static void refused(void)
{
	static const char *const text[] = { "",
					    " ",
					    "conv1",
					    "conv1:",
					    ":rate=1",
					    "conv1:rate",
					    "conv1:rate=",
					    "conv1:rate=x",
					    "conv1:rate=-1",
					    "conv1:rate=1x",
					    "conv1:rate=nan",
					    "conv1:rate=1,",
					    "conv1:speed=1",
					    "conv1:decay=2",
					    "conv1:rate= 0.5",
					    "conv1:momentum=1",
					    "conv1:rate=1 fc" };
	struct sn_rules *rules;

	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		CHECK(sn_rules_parse(&rules, text[i]) == SN_EUSAGE);
	MUST(sn_rules_parse(&rules, "conv1:rate=1 fc7:rate=1"));
	CHECK(sn_rules_check(rules, net, false) == SN_EUSAGE);
	CHECK(strstr(sn_message(), "'fc7'") && strstr(sn_message(), "conv1, bn1, fc1, last.one"));
	sn_rules_free(rules);
	/* what is not trained has no rate, and the head is there where there is one */
	MUST(sn_rules_parse(&rules, "bn1.running_mean:rate=1"));
	CHECK(sn_rules_check(rules, net, false) == SN_EUSAGE);
	sn_rules_free(rules);
	MUST(sn_rules_parse(&rules, "head:rate=1 head.bias:decay=0.1"));
	CHECK(sn_rules_check(rules, net, false) == SN_EUSAGE);
	MUST(sn_rules_check(rules, net, true));
	sn_rules_free(rules);
}

/* One step of gradient 1 everywhere: each parameter by its own rate and decay. */
static void moved(void)
{
	struct sn_update_options how = { .kind = SN_SGD };
	struct sn_rules *rules;
	struct sn_update *u;

	MUST(sn_rules_parse(&rules, "conv1:rate=0 fc1.weight:rate=2,decay=0.5 last*:decay=1"));
	how.rules = rules;
	MUST(sn_update_new(&u, net, &how));
	for (size_t i = 0; i < sn_net_params(net); i++) {
		struct sn_param *p = sn_net_param(net, i);
		for (size_t k = 0; k < p->count; k++) {
			p->value[k] = 4;
			if (p->grad)
				p->grad[k] = 1;
		}
	}
	MUST(sn_update_step(u, 0.25, NULL));
	CHECK(find("conv1.weight")->value[3] == 4 && find("conv1.bias")->value[1] == 4);
	CHECK(find("bn1.weight")->value[0] == 3.75f && find("fc1.bias")->value[0] == 3.75f);
	CHECK(find("fc1.weight")->value[5] == 4 - 0.5f * (1 + 2));
	CHECK(find("last.one.weight")->value[0] == 4 - 0.25f * (1 + 4));
	CHECK(find("last.one.bias")->value[0] == 3.75f);
	sn_update_free(u);
	sn_rules_free(rules);
}

int main(void)
{
	MUST(sn_net_parse(&net, TEXT));
	whom_they_fit();
	refused();
	moved();
	sn_net_free(net);
	return TEST_END();
}
