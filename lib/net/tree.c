/* tree - sums whose shape depends on the number of terms alone. */
#include <string.h>
#include "layer.h"
#include "../kernel/sweeps.h"

static size_t levels(size_t blocks)
{
	size_t n = 0;

	for (; blocks; blocks >>= 1)
		n++;
	return n;
}

size_t sn_tree_slots(size_t blocks)
{
	return levels(blocks) + 1;
}

void sn_tree_begin(struct sn_tree *t, float *memory, size_t width, size_t blocks)
{
	t->width = width;
	t->levels = levels(blocks);
	t->count = 0;
	for (size_t i = 0; i <= t->levels; i++)
		t->slot[i] = memory + i * width;
}

/* What is on the left is added to, so that the first block's place ends as the sum's. */
void sn_tree_into(struct sn_tree *t, float *sum)
{
	t->slot[t->levels] = sum;
}

float *sn_tree_next(struct sn_tree *t)
{
	return t->slot[t->levels];
}

/* left += right */
static void add(float *left, const float *right, size_t n)
{
	sn_sweeps()->accumulate(left, right, n);
}

static void swap(struct sn_tree *t, size_t i, size_t j)
{
	float *s = t->slot[i];

	t->slot[i] = t->slot[j];
	t->slot[j] = s;
}

/* A binary counter: slot i holds the sum of 2^i blocks where bit i of count is set. */
void sn_tree_add(struct sn_tree *t)
{
	size_t i = 0;

	for (; t->count >> i & 1; i++) {
		add(t->slot[i], t->slot[t->levels], t->width);
		swap(t, i, t->levels);
	}
	swap(t, i, t->levels);
	t->count++;
}

const float *sn_tree_sum(struct sn_tree *t)
{
	size_t right = t->levels;

	for (size_t i = 0; i < t->levels; i++) {
		if (!(t->count >> i & 1))
			continue;
		if (right != t->levels)
			add(t->slot[i], t->slot[right], t->width);
		right = i;
	}
	return t->slot[right];
}

/* The largest power of two below n; n > 1. */
static size_t left_part(size_t n)
{
	size_t p = 1;

	while (p * 2 < n)
		p *= 2;
	return p;
}

void sn_tree_join(float *sums, size_t blocks, size_t width, size_t n)
{
	if (blocks < 2)
		return;
	size_t left = left_part(blocks);
	sn_tree_join(sums, left, width, n);
	sn_tree_join(sums + left * width, blocks - left, width, n);
	add(sums, sums + left * width, n);
}

void sn_tree_join_f8(double *sums, size_t blocks, size_t width)
{
	if (blocks < 2)
		return;
	size_t left = left_part(blocks);
	sn_tree_join_f8(sums, left, width);
	sn_tree_join_f8(sums + left * width, blocks - left, width);
	for (size_t i = 0; i < width; i++)
		sums[i] += sums[left * width + i];
}
