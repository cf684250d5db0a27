/* eval_text - tables of tab-separated text, whole or not at all. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sn/file.h>
#include <sn/memory.h>
#include "eval_text.h"

static const char *number(char text[32], const char *measure, double v)
{
	if (isnan(v))
		return "-";
	if (strstr(measure, "threshold"))
		return sn_threshold_text(text, v);
	snprintf(text, 32, "%.9g", v);
	return text;
}

/* All of b to path; a negative st is what went wrong before. */
static int write_out(struct sn_buffer *b, const char *path, int st)
{
	struct sn_output *out;
	if (st == 0 && (st = sn_output_open(&out, path)) == 0) {
		st = sn_output_write(out, b->data, b->size);
		if (st == 0)
			st = sn_output_commit(out);
		else
			sn_output_discard(out);
	}
	sn_buffer_release(b);
	return st;
}

int eval_print_rows(const struct sn_row *row, int rows, const char *path)
{
	static const char title[] = "measure\tvalue\tlower\tupper\tn\n";
	char line[256], value[32], lower[32], upper[32];
	struct sn_buffer b = { 0 };
	int st = sn_buffer_add(&b, title, strlen(title));
	for (int i = 0; i < rows && st == 0; i++) {
		int n = snprintf(line, sizeof(line), "%s\t%s\t%s\t%s\t%llu\n", row[i].measure,
				 number(value, row[i].measure, row[i].value),
				 number(lower, row[i].measure, row[i].lower),
				 number(upper, row[i].measure, row[i].upper),
				 (unsigned long long)row[i].n);
		st = sn_buffer_add(&b, line, (size_t)n);
	}
	return write_out(&b, path, st);
}

static int add_point(void *context, const struct sn_roc_point *p)
{
	char line[160], text[32];
	int n = snprintf(line, sizeof(line), "%.9g\t%.9g\t%.9g\t%s\n", p->far, p->frr, 1 - p->frr,
			 sn_threshold_text(text, p->threshold));
	return sn_buffer_add(context, line, (size_t)n);
}

int eval_print_roc(const struct sn_scores *s, const char *path)
{
	static const char title[] = "far\tfrr\ttar\tthreshold\n";
	struct sn_buffer b = { 0 };
	int st = sn_buffer_add(&b, title, strlen(title));
	if (st == 0)
		st = sn_roc(s, add_point, &b);
	return write_out(&b, path, st);
}

int eval_print_cmc(const struct sn_identification *i, const char *path)
{
	static const char title[] = "rank\tshare\n";
	char line[64];
	struct sn_buffer b = { 0 };
	uint64_t mated, found;
	int st = sn_buffer_add(&b, title, strlen(title));
	if (st == 0 && (sn_identified(i, 1, &mated), mated == 0))
		st = sn_fail(SN_EDATA, "no probe has a mate: there is no match curve");
	for (uint64_t k = 1; k <= i->most && st == 0; k++) {
		found = sn_identified(i, k, &mated);
		st = sn_buffer_add(&b, line,
				   (size_t)snprintf(line, sizeof(line), "%llu\t%.9g\n",
						    (unsigned long long)k,
						    (double)found / (double)mated));
	}
	return write_out(&b, path, st);
}
