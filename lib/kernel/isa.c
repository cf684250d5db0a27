/* isa - which of the compiled instruction sets runs here. */
#include <stdlib.h>
#include <string.h>
#include <sn/error.h>
#include <sn/kernel.h>
#include "simd.h"
#include "sweeps.h"

extern const struct sn_simd sn_simd_generic;
#ifdef __x86_64__
extern const struct sn_simd sn_simd_v2, sn_simd_v3, sn_simd_v4;
#endif

/* Best first. */
static size_t runnable(const struct sn_simd *list[4])
{
	size_t n = 0;
#ifdef __x86_64__
	__builtin_cpu_init();
	/* the features that tell the levels apart; clang 14 does not know the levels' names here */
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl"))
		list[n++] = &sn_simd_v4;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	    __builtin_cpu_supports("bmi2"))
		list[n++] = &sn_simd_v3;
	if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
		list[n++] = &sn_simd_v2;
#endif
	list[n++] = &sn_simd_generic;
	return n;
}

const struct sn_simd *const *sn_simd_all(void)
{
	static const struct sn_simd *list[5];
	if (!list[0])
		runnable(list);
	return list;
}

static const struct sn_simd *choose(void)
{
	const struct sn_simd *list[4];
	const char *wanted = getenv("SN_ISA");
	size_t n = runnable(list);
	for (size_t i = 0; wanted && *wanted && i < n; i++) {
		const char *name = list[i]->isa;
		const char *end = strrchr(name, '-');
		if (strcmp(wanted, name) == 0 || (end && strcmp(wanted, end + 1) == 0))
			return list[i];
	}
	if (wanted && *wanted)
		sn_note("SN_ISA=%s is not among the instruction sets that this processor runs; %s "
			"is used",
			wanted, list[0]->isa);
	return list[0];
}

const struct sn_simd *sn_simd(void)
{
	static const struct sn_simd *_Atomic chosen;
	const struct sn_simd *s = chosen;
	if (!s)
		chosen = s = choose(); /* twice at once gives the same */
	return s;
}

const struct sn_sweeps *sn_sweeps(void)
{
	return sn_simd()->sweeps;
}

const char *sn_kernel_isa(void)
{
	return sn_simd()->isa;
}
