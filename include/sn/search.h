/* search - the nearest embeddings of a gallery, exactly. */
#ifndef SN_SEARCH_H
#define SN_SEARCH_H

#include <sn/gallery.h>
#include <sn/threads.h>

struct sn_match {
	float d;      /* sn_distance of probe and item */
	size_t index; /* in the gallery */
};

struct sn_search;

/**
 *   k     in  neighbours wanted, > 0
 *   head  in  weights of weighted-l1, [dim + 1]; borrowed
 * Borrows gallery and pool (NULL: this thread alone), whose threads each keep k matches a probe.
 */
SN_MUST_CHECK int sn_search_new(struct sn_search **s, const struct sn_gallery *g,
				enum sn_distance distance, const float *head, size_t k,
				struct sn_pool *pool);
void sn_search_free(struct sn_search *s); /* NULL is allowed */

/** The most probes of one sn_search_run: more at once are faster, each takes memory. */
size_t sn_search_batch(const struct sn_search *s);

/**
 * The k nearest items of n probes, nearest first; at one distance the earlier in the gallery comes
 * first.  Which they are follows from sn_distance alone, whatever was computed on the way.
 *   x      in   [n][dim]
 *   skip   in   [n] keys whose items are left out, data NULL: none; NULL: of no probe
 *   match  out  [n][k]
 *   found  out  [n] how many each has: k, or all there are
 * SN_ENAN where one of them is infinitely far.
 */
SN_MUST_CHECK int sn_search_run(struct sn_search *s, const float *x, size_t n,
				const struct sn_slice *skip, struct sn_match *match, size_t *found);

#endif
