/*
 * blas - OpenBLAS with one thread, and what it says of itself.
 *
 * It is opened when it is first asked for and not linked: it starts its threads as soon as it is
 * loaded, and they turn round for a while, which is more work than a small program has to do.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <stdbool.h>
#include <sn/blas.h>

enum { ONE_THREAD, PTHREADS, OPENMP }; /* what openblas_get_parallel says */

static struct {
	void (*set_num_threads)(int);
	int (*get_parallel)(void);
	char *(*get_config)(void);
	char *(*get_corename)(void);
	void (*sgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
		      const float *a, int lda, const float *b, int ldb, float beta, float *c,
		      int ldc);
} blas; /* all of them, or none */

/* ISO C knows no cast from an object to a function. */
static bool look_up(void *library, const char *name, void *function)
{
	void *symbol = dlsym(library, name);

	memcpy(function, &symbol, sizeof symbol);
	return symbol != NULL;
}

static void open_library(void)
{
	void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_GLOBAL);

	if (library && (!look_up(library, "openblas_set_num_threads", &blas.set_num_threads) ||
			!look_up(library, "openblas_get_parallel", &blas.get_parallel) ||
			!look_up(library, "openblas_get_config", &blas.get_config) ||
			!look_up(library, "openblas_get_corename", &blas.get_corename) ||
			!look_up(library, "cblas_sgemm", &blas.sgemm)))
		memset(&blas, 0, sizeof blas);
}

static bool have_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, open_library);
	return blas.get_config != NULL;
}

void sn_blas_single(void)
{
	if (!have_library())
		return;
	blas.set_num_threads(1);
	/* OpenMP builds take OpenMP's number for the calling thread instead; the runtime is there
	   when they are, and is not linked by name because the other builds come without */
	if (blas.get_parallel() == OPENMP) {
		void (*set)(int) = NULL;

		if (look_up(RTLD_DEFAULT, "omp_set_num_threads", &set))
			set(1);
	}
}

enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 }; /* cblas.h's */

void sn_blas_product(float *c, const float *a, const float *b, size_t m, size_t n, size_t k)
{
	if (have_library()) {
		blas.sgemm(ROW_MAJOR, PLAIN, TRANSPOSED, (int)m, (int)n, (int)k, 1, a, (int)k, b,
			   (int)k, 0, c, (int)n);
		return;
	}
	for (size_t i = 0; i < m; i++) {
		for (size_t j = 0; j < n; j++) {
			float sum = 0;

			for (size_t l = 0; l < k; l++)
				sum += a[i * k + l] * b[j * k + l];
			c[i * n + j] = sum;
		}
	}
}

const char *sn_blas_text(char text[128])
{
	static const char *const mode[] = { "one thread", "pthreads", "OpenMP" };
	const char *config, *blank;
	int parallel;
	size_t n;

	if (!have_library()) {
		snprintf(text, 128, "none (libopenblas.so.0 is not installed)");
		return text;
	}
	config = blas.get_config(); /* "OpenBLAS 0.3.21 DYNAMIC_ARCH ..." */
	parallel = blas.get_parallel();
	blank = strchr(config, ' ');
	n = blank ? strcspn(blank + 1, " ") + (size_t)(blank + 1 - config) : strlen(config);
	snprintf(text, 128, "%.*s %.40s, %s", n < 60 ? (int)n : 60, config, blas.get_corename(),
		 parallel >= ONE_THREAD && parallel <= OPENMP ? mode[parallel] : "threads unknown");
	return text;
}
