/* features - what anybody sees of a picture without looking at what it shows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sn/leak.h>
#include <sn/memory.h>

const char *const sn_feature_names[SN_FEATURES] = {
	"mean-grey", "median-grey", "contrast", "ink",	 "sharpness", "colour",
	"width",     "height",	    "pixels",	"bytes", "type",
};

static const char *const types[] = { "png", "jpeg", "bmp", "gif", "tga", "pnm", "idx" };
enum { TYPES = sizeof(types) / sizeof(types[0]) };

/* [h][w] grey, and the mean colour. */
static uint8_t *to_grey(const struct sn_tensor *x, double *colour)
{
	const uint8_t *p = x->data;
	size_t n = x->shape[0] * x->shape[1];
	uint64_t sum = 0;
	uint8_t *grey = sn_alloc_unset(n, 1);
	*colour = 0;
	if (!grey || x->shape[2] == 1)
		return grey ? memcpy(grey, p, n) : NULL;
	for (size_t i = 0; i < n; i++, p += 3) {
		unsigned most = p[0] > p[1] ? p[0] : p[1], least = p[0] < p[1] ? p[0] : p[1];
		most = p[2] > most ? p[2] : most;
		least = p[2] < least ? p[2] : least;
		sum += most - least;
		grey[i] = (uint8_t)((299u * p[0] + 587u * p[1] + 114u * p[2] + 500u) / 1000u);
	}
	*colour = (double)sum / (double)n;
	return grey;
}

/* The share of pixels on the dark side of the threshold between two greys that parts them best. */
static double ink(const uint64_t count[256], double n, double mean)
{
	double share = 0, dark = 0, sum = 0, best = 0;
	for (int t = 0; t < 255; t++) {
		double apart;
		dark += (double)count[t];
		sum += t * (double)count[t];
		if (dark == 0 || dark == n)
			continue;
		apart = mean * dark - sum;
		apart = apart / dark * apart / (n - dark);
		if (apart > best) {
			best = apart;
			share = dark / n;
		}
	}
	return share;
}

static void of_counts(double value[SN_FEATURES], const uint64_t count[256], uint64_t n)
{
	double sum = 0, squares = 0, mean;
	uint64_t below = 0;
	int median[2] = { -1, -1 };
	for (int i = 0; i < 256; i++) {
		sum += i * (double)count[i];
		below += count[i];
		/* the two in the middle, which are one where n is odd */
		if (median[0] < 0 && 2 * below >= n)
			median[0] = i;
		if (median[1] < 0 && 2 * below > n)
			median[1] = i;
	}
	mean = sum / (double)n;
	for (int i = 0; i < 256; i++)
		squares += (i - mean) * (i - mean) * (double)count[i];
	value[SN_MEAN_GREY] = mean;
	value[SN_MEDIAN_GREY] = (median[0] + median[1]) / 2.0;
	value[SN_CONTRAST] = sqrt(squares / (double)n);
	value[SN_INK] = ink(count, (double)n, mean);
}

static double sharpness(const uint8_t *grey, size_t h, size_t w)
{
	int64_t sum = 0, squares = 0;
	double n = (double)(h - 2) * (double)(w - 2), mean;
	if (h < 3 || w < 3)
		return 0;
	for (size_t y = 1; y + 1 < h; y++)
		for (size_t x = 1; x + 1 < w; x++) {
			const uint8_t *p = grey + y * w + x;
			int v = p[1] + *(p - 1) + p[w] + *(p - w) - 4 * *p;
			sum += v;
			squares += v * v;
		}
	mean = (double)sum / n;
	return (double)squares / n - mean * mean;
}

static double number_of(const msgpack_object *file, const char *key)
{
	const msgpack_object *v = sn_map_get(file, key);
	return v && v->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? (double)v->via.u64 : NAN;
}

/* What sn-load says of the file. */
static int of_file(double value[SN_FEATURES], const struct sn_item *item)
{
	msgpack_object file;
	const msgpack_object *type;
	msgpack_zone zone;
	double w, h;
	int st;
	if (!item->file.data)
		return 0;
	if (!msgpack_zone_init(&zone, 1024))
		return sn_fail_memory();
	if ((st = sn_unpack(&file, &zone, item->file)) == 0) {
		w = number_of(&file, "w");
		h = number_of(&file, "h");
		if (!isnan(w) && !isnan(h)) {
			value[SN_WIDTH] = w;
			value[SN_HEIGHT] = h;
		}
		value[SN_BYTES] = number_of(&file, "bytes");
		type = sn_map_get(&file, "type");
		for (int i = 0; i < TYPES && type && type->type == MSGPACK_OBJECT_STR; i++)
			if (type->via.str.size == strlen(types[i]) &&
			    memcmp(type->via.str.ptr, types[i], type->via.str.size) == 0)
				value[SN_TYPE] = i;
	}
	msgpack_zone_destroy(&zone);
	return st;
}

int sn_features(double value[SN_FEATURES], const struct sn_item *item)
{
	const struct sn_tensor *x = &item->x;
	uint64_t count[256] = { 0 };
	uint8_t *grey;
	char shape[96];
	int st;
	if (x->type != 'u' || x->rank != 3 || x->count == 0 ||
	    (x->shape[2] != 1 && x->shape[2] != 3))
		return sn_fail(SN_EDATA,
			       "item %llu: x is %s %s, wanted a picture u1 [h][w][1 or 3]",
			       (unsigned long long)item->number,
			       x->type == 'u' ? "u1"
			       : x->type      ? "f4"
					      : "absent",
			       x->type ? sn_shape_text(shape, x->shape, x->rank) : "");
	grey = to_grey(x, &value[SN_COLOUR]);
	if (!grey)
		return SN_ENOMEM;
	for (size_t i = 0; i < x->shape[0] * x->shape[1]; i++)
		count[grey[i]]++;
	of_counts(value, count, x->shape[0] * x->shape[1]);
	value[SN_SHARPNESS] = sharpness(grey, x->shape[0], x->shape[1]);
	free(grey);
	value[SN_WIDTH] = (double)x->shape[1];
	value[SN_HEIGHT] = (double)x->shape[0];
	value[SN_BYTES] = value[SN_TYPE] = NAN;
	st = of_file(value, item);
	value[SN_PIXELS] = value[SN_WIDTH] * value[SN_HEIGHT];
	return st;
}
