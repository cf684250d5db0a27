/* set - pairs of items in a hash table with open addressing. */
#include <stdlib.h>

#include "private.h"

/* A pair as one number, never 0; the same both ways round.  Items are fewer than 2^32. */
static uint64_t pair_key(size_t a, size_t b)
{
	return a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
}

static size_t pair_slot(const struct sn_pair_set *s, uint64_t key)
{
	size_t at = sn_random_mix(key) & (s->slots - 1);

	while (s->slot[at] && s->slot[at] != key)
		at = (at + 1) & (s->slots - 1);
	return at;
}

static int pair_set_grow(struct sn_pair_set *s)
{
	struct sn_pair_set larger = { .slots = s->slots ? s->slots * 2 : 1024, .n = s->n };

	larger.slot = sn_alloc(larger.slots, sizeof *larger.slot);
	if (!larger.slot)
		return SN_ENOMEM;
	for (size_t i = 0; i < s->slots; i++)
		if (s->slot[i])
			larger.slot[pair_slot(&larger, s->slot[i])] = s->slot[i];
	free(s->slot);
	*s = larger;
	return 0;
}

int sn_pair_set_add(struct sn_pair_set *s, size_t a, size_t b)
{
	uint64_t key = pair_key(a, b);
	size_t at;
	int st;

	if (s->n >= s->slots / 2 && (st = pair_set_grow(s)) < 0)
		return st;
	at = pair_slot(s, key);
	if (s->slot[at])
		return 0;
	s->slot[at] = key;
	s->n++;
	return 1;
}

bool sn_pair_set_has(const struct sn_pair_set *s, size_t a, size_t b)
{
	return s->slots && s->slot[pair_slot(s, pair_key(a, b))];
}

void sn_pair_set_release(struct sn_pair_set *s)
{
	free(s->slot);
	*s = (struct sn_pair_set){ 0 };
}
