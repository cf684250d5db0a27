/* Search against a naive one: every distance, ties, copies, sizes that overflow float, threads. */
#include <math.h>
#include <unistd.h>
#include <sn/random.h>
#include <sn/search.h>
#include "test.h"

#define MOST 3000

/* How a gallery's numbers lie. */
enum lie { NORMAL, GRID, FAR_OFF, HUGE_ONES, TINY, MIXED, FALLING, LIES };

static float number(struct sn_random *r, enum lie lie, size_t i, size_t n)
{
	double x = sn_random_normal(r);
	switch (lie) {
	case GRID: /* ties and copies in plenty */
		return (float)sn_random_below(r, 2);
	case FAR_OFF: /* close together, far from 0 */
		return (float)(1e4 + x / 100);
	case HUGE_ONES: /* whose squares no float holds */
		return (float)(x * 1e25);
	case TINY:
		return (float)(x * 1e-30);
	case MIXED:
		return (float)(x * pow(10, (double)sn_random_below(r, 12) - 6));
	case FALLING: /* each nearer than those before it */
		return (float)(x + 50.0 * (double)(n - i) / (double)n);
	default:
		return (float)x;
	}
}

static void write_gallery(const char *path, const float *x, size_t n, size_t dim)
{
	struct sn_writer *w;
	struct sn_header *h;
	MUST(sn_writer_open(&w, path, SN_FORM_BINARY));
	MUST(sn_header_new(&h, "items"));
	MUST(sn_write_header(w, h));
	for (size_t i = 0; i < n; i++) {
		char key[16];
		int size = snprintf(key, sizeof key, "k%zu", i % 1000);
		struct sn_item item = { .number = i,
					.key = { (const uint8_t *)key, (size_t)size },
					.x = { 'f', 1, { dim }, dim, x + i * dim } };
		MUST(sn_write_item(w, &item));
	}
	MUST(sn_write_end(w, 0));
	MUST(sn_writer_close(w, true));
	sn_header_free(h);
}

/* The next nearest behind `last`, looked for among all. */
static bool next(struct sn_match *m, const struct sn_match *last, const float *d, size_t n)
{
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		if (isnan(d[i]) ||
		    (last && (d[i] < last->d || (d[i] == last->d && i <= last->index))))
			continue;
		if (!any || d[i] < m->d)
			*m = (struct sn_match){ d[i], i };
		any = true;
	}
	return any;
}

static size_t wrong(const struct sn_match *match, size_t found, size_t k, const float *d, size_t n)
{
	struct sn_match want, last;
	size_t i;
	for (i = 0; i < k && next(&want, i ? &last : NULL, d, n); i++) {
		if (i >= found || match[i].d != want.d || match[i].index != want.index)
			return 1;
		last = want;
	}
	return found != i;
}

static void compare(const char *path, enum lie lie, enum sn_distance distance, size_t n, size_t dim,
		    size_t probes, size_t k, unsigned threads, bool skip)
{
	static float d[MOST];
	struct sn_random r = sn_random(1, SN_RANDOM_TEST, (uint64_t)lie, dim);
	float *x = sn_alloc(n * dim, sizeof *x), *p = sn_alloc(probes * dim, sizeof *p);
	float *head = sn_alloc(dim + 1, sizeof *head);
	struct sn_match *match = sn_alloc(probes * k, sizeof *match);
	size_t *found = sn_alloc(probes, sizeof *found), bad = 0;
	struct sn_slice *key = sn_alloc(probes, sizeof *key);
	struct sn_gallery *g;
	struct sn_search *s;
	struct sn_pool *pool;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < dim; j++)
			x[i * dim + j] = number(&r, lie, i, n);
	for (size_t i = 0; i <= dim; i++)
		head[i] = (float)(sn_random_normal(&r) * 0.1);
	for (size_t i = 0; i < probes; i++) {
		/* some are of the gallery, one is nothing */
		for (size_t j = 0; j < dim; j++)
			p[i * dim + j] =
				i % 3 == 0 ? x[(i * 37 % n) * dim + j] : number(&r, lie, n, n);
		key[i] = (struct sn_slice){ (const uint8_t *)"k37", 3 };
	}
	if (lie == NORMAL) {
		memset(p, 0, dim * sizeof *p);
		memset(x + n / 2 * dim, 0, dim * sizeof *x);
	}
	write_gallery(path, x, n, dim);
	MUST(sn_gallery_open(&g, path));
	CHECK(sn_gallery_size(g) == n && sn_gallery_dim(g) == dim);
	MUST(sn_pool_new(&pool, threads));
	MUST(sn_search_new(&s, g, distance, head, k, pool));
	CHECK(probes <= sn_search_batch(s));
	MUST(sn_search_run(s, p, probes, skip ? key : NULL, match, found));
	for (size_t i = 0; i < probes; i++) {
		for (size_t j = 0; j < n; j++)
			d[j] = skip && j % 1000 == 37
				       ? NAN
				       : sn_distance(distance, x + j * dim, p + i * dim, dim, head);
		bad += wrong(match + i * k, found[i], k, d, n);
	}
	if (bad)
		fprintf(stderr, "lie %d, %s, %zu of %zu, k %zu, %u threads: ", (int)lie,
			sn_distance_names[distance], n, dim, k, threads);
	CHECK(bad == 0);
	sn_search_free(s);
	sn_pool_free(pool);
	sn_gallery_close(g);
	free(x);
	free(p);
	free(head);
	free(match);
	free(found);
	free(key);
}

static void refused(const char *path)
{
	const float x[] = { 3e38F, 0, -3e38F, 0 }, p[] = { -3e38F, 0 };
	struct sn_match match[2];
	size_t found;
	struct sn_gallery *g;
	struct sn_search *s;
	write_gallery(path, x, 2, 2);
	MUST(sn_gallery_open(&g, path));
	MUST(sn_search_new(&s, g, SN_EUCLIDEAN, NULL, 1, NULL));
	MUST(sn_search_run(s, p, 1, NULL, match, &found));
	CHECK(found == 1 && match[0].index == 1 && match[0].d == 0);
	sn_search_free(s);
	MUST(sn_search_new(&s, g, SN_EUCLIDEAN, NULL, 2, NULL));
	CHECK(sn_search_run(s, p, 1, NULL, match, &found) == SN_ENAN);
	sn_search_free(s);
	CHECK(sn_search_new(&s, g, SN_EUCLIDEAN, NULL, 0, NULL) == SN_EUSAGE);
	CHECK(sn_search_new(&s, g, SN_WEIGHTED_L1, NULL, 1, NULL) == SN_EDATA);
	sn_gallery_close(g);
	write_gallery(path, x, 0, 2);
	CHECK(sn_gallery_open(&g, path) == SN_EDATA);
	CHECK(strstr(sn_message(), "without embeddings") != NULL);
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "gallery.sn";
	for (int lie = 0; lie < LIES; lie++) {
		for (int d = SN_EUCLIDEAN; d <= SN_WEIGHTED_L1; d++) {
			/* squares of huge ones are no distances */
			if (lie == HUGE_ONES && d == SN_SQEUCLIDEAN)
				continue;
			compare(path, (enum lie)lie, (enum sn_distance)d, MOST, 16, 30, 5, 3,
				false);
			compare(path, (enum lie)lie, (enum sn_distance)d, 700, 3, 40, 1, 1, true);
			compare(path, (enum lie)lie, (enum sn_distance)d, 5, 1, 7, 20, 2, false);
		}
		compare(path, (enum lie)lie, SN_EUCLIDEAN, 2500, 130, 300, 10, 2, false);
	}
	refused(path);
	unlink(path);
	return TEST_END();
}
