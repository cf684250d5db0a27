/*
 * random - value n of a stream is mix(key + n * golden): SplitMix64 with a key in place of its
 * start, so that any value depends on (seed, purpose, a, b, n) and on nothing drawn before.
 */
#include <math.h>
#include <sn/random.h>

static const uint64_t golden = 0x9e3779b97f4a7c15; /* 2^64 / golden ratio, odd */

uint64_t sn_random_mix(uint64_t x)
{
	x += golden;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

struct sn_random sn_random(uint64_t seed, enum sn_purpose purpose, uint64_t a, uint64_t b)
{
	uint64_t key = sn_random_mix(seed);

	/* each step is one to one in what it takes in: two streams of one seed never share a key
	   unless by a collision of 64 bits */
	key = sn_random_mix(key ^ (uint64_t)purpose);
	key = sn_random_mix(key ^ a);
	key = sn_random_mix(key ^ b);
	return (struct sn_random){ key, 0 };
}

uint64_t sn_random_next(struct sn_random *r)
{
	return sn_random_mix(r->key + golden * r->count++);
}

/* Lemire (2019): the upper half of next * n, drawn anew where the lower half says that it would be
   biased. */
uint64_t sn_random_below(struct sn_random *r, uint64_t n)
{
	unsigned __int128 m = (unsigned __int128)sn_random_next(r) * n;

	if ((uint64_t)m < n) {
		uint64_t least = -n % n;

		while ((uint64_t)m < least)
			m = (unsigned __int128)sn_random_next(r) * n;
	}
	return (uint64_t)(m >> 64);
}

double sn_random_unit(struct sn_random *r)
{
	return (double)(sn_random_next(r) >> 11) * 0x1p-53;
}

/* Box and Muller (1958), the cosine alone: the state stays a counter. */
double sn_random_normal(struct sn_random *r)
{
	double u = 1 - sn_random_unit(r); /* (0, 1]: its logarithm is finite */
	double v = sn_random_unit(r);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

void sn_random_shuffle(struct sn_random *r, size_t *a, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = sn_random_below(r, i);
		size_t t = a[i - 1];

		a[i - 1] = a[j];
		a[j] = t;
	}
}
