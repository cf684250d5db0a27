/* blas - OpenBLAS with one thread, and what it says of itself. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <cblas.h>
#include <sn/blas.h>

void sn_blas_single(void)
{
	openblas_set_num_threads(1);
	/* OpenMP builds take OpenMP's number for the calling thread instead; the runtime is there
	   when they are, and is not linked by name because the other builds come without */
	if (openblas_get_parallel() == OPENBLAS_OPENMP) {
		void (*set)(int) = NULL;
		void *symbol = dlsym(RTLD_DEFAULT, "omp_set_num_threads");

		memcpy(&set, &symbol, sizeof set); /* ISO C knows no cast from object to function */
		if (set)
			set(1);
	}
}

const char *sn_blas_text(char text[128])
{
	static const char *const mode[] = { "one thread", "pthreads", "OpenMP" };
	const char *config = openblas_get_config(); /* "OpenBLAS 0.3.21 DYNAMIC_ARCH ..." */
	int parallel = openblas_get_parallel();
	const char *blank = strchr(config, ' ');
	size_t n = blank ? strcspn(blank + 1, " ") + (size_t)(blank + 1 - config) : strlen(config);

	snprintf(text, 128, "%.*s %.40s, %s", n < 60 ? (int)n : 60, config, openblas_get_corename(),
		 parallel >= 0 && parallel <= 2 ? mode[parallel] : "threads unknown");
	return text;
}
