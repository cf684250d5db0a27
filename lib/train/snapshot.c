/* snapshot - copied, mixed and exchanged parameter by parameter */
#include <stdlib.h>
#include <string.h>
#include <sn/memory.h>
#include "snapshot.h"

bool snapshot_is_taken(const struct snapshot *s)
{
	return s->value != NULL;
}

int snapshot_take(struct snapshot *s, struct sn_net *net)
{
	if (!s->value) {
		if (!(s->value = sn_alloc(sn_net_params(net), sizeof *s->value)))
			return SN_ENOMEM;
		s->params = sn_net_params(net);
	}
	for (size_t i = 0; i < s->params; i++) {
		const struct sn_param *p = sn_net_param(net, i);
		if (!s->value[i] && !(s->value[i] = sn_alloc(p->count, sizeof(float))))
			return SN_ENOMEM;
		memcpy(s->value[i], p->value, p->count * sizeof(float));
	}
	return 0;
}

int snapshot_mix(struct snapshot *s, struct sn_net *net, double decay)
{
	const float old = (float)decay, new = (float)(1 - decay);

	if (!s->value)
		return snapshot_take(s, net);
	for (size_t i = 0; i < s->params; i++) {
		const struct sn_param *p = sn_net_param(net, i);
		for (size_t j = 0; j < p->count; j++)
			s->value[i][j] = old * s->value[i][j] + new * p->value[j];
	}
	return 0;
}

int snapshot_swap(struct snapshot *s, struct sn_net *net)
{
	for (size_t i = 0; i < s->params; i++) {
		const struct sn_param *p = sn_net_param(net, i);
		for (size_t j = 0; j < p->count; j++) {
			float other = p->value[j];
			p->value[j] = s->value[i][j];
			s->value[i][j] = other;
		}
	}
	return sn_net_changed(net);
}

void snapshot_release(struct snapshot *s)
{
	for (size_t i = 0; s->value && i < s->params; i++)
		free(s->value[i]);
	free(s->value);
	s->value = NULL;
}
