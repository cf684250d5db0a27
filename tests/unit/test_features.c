/* Features of small pictures by hand, and how well they tell pairs apart. */
#include <sn/leak.h>
#include "test.h"

static struct sn_item item_of(const uint8_t *pixels, size_t h, size_t w, size_t c, const char *key)
{
	return (struct sn_item){ .key = { (const uint8_t *)key, strlen(key) },
				 .x = { 'u', 3, { h, w, c }, h * w * c, pixels } };
}

static void by_hand(void)
{
	const uint8_t grey[] = { 0, 0, 0, 0, 255, 0, 0, 0, 255 };
	const uint8_t colours[] = { 255, 0, 0, 10, 20, 30 };
	const uint8_t even[] = { 1, 2, 4, 9 };
	struct sn_item item = item_of(grey, 3, 3, 1, "a");
	double v[SN_FEATURES];
	MUST(sn_features(v, &item));
	CHECK_NEAR(v[SN_MEAN_GREY], 510.0 / 9, 1e-12);
	CHECK(v[SN_MEDIAN_GREY] == 0);
	CHECK_NEAR(v[SN_CONTRAST], 255 * sqrt(2.0 / 9 * 7 / 9), 1e-9);
	CHECK_NEAR(v[SN_INK], 7.0 / 9, 1e-15);
	CHECK(v[SN_SHARPNESS] == 0); /* one place has no variance */
	CHECK(v[SN_COLOUR] == 0 && v[SN_WIDTH] == 3 && v[SN_HEIGHT] == 3 && v[SN_PIXELS] == 9);
	CHECK(isnan(v[SN_BYTES]) && isnan(v[SN_TYPE]));
	item = item_of(colours, 1, 2, 3, "a");
	MUST(sn_features(v, &item));
	/* 76 and 18; the larger less the smaller: 255 and 20 */
	CHECK(v[SN_MEAN_GREY] == 47 && v[SN_MEDIAN_GREY] == 47 && v[SN_CONTRAST] == 29);
	CHECK(v[SN_COLOUR] == 137.5 && v[SN_INK] == 0.5 && v[SN_SHARPNESS] == 0);
	item = item_of(even, 2, 2, 1, "a");
	MUST(sn_features(v, &item));
	CHECK(v[SN_MEDIAN_GREY] == 3 && v[SN_MEAN_GREY] == 4);
	CHECK(v[SN_INK] == 0.75);
	item.x.shape[2] = 2;
	item.x.shape[1] = 1;
	CHECK(sn_features(v, &item) == SN_EDATA);
	item.x.type = 'f';
	CHECK(sn_features(v, &item) == SN_EDATA);
	item.x = (struct sn_tensor){ 0 };
	CHECK(sn_features(v, &item) == SN_EDATA);
}

/* Laplacians of a 3 by 4 picture: two places. */
static void sharpness(void)
{
	const uint8_t grey[] = { 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0 };
	const uint8_t plain[12] = { 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7 };
	struct sn_item item = item_of(grey, 3, 4, 1, "a");
	double v[SN_FEATURES];
	MUST(sn_features(v, &item));
	/* -40 and 10: mean -15 */
	CHECK_NEAR(v[SN_SHARPNESS], 625, 1e-12);
	item = item_of(plain, 3, 4, 1, "a");
	MUST(sn_features(v, &item));
	CHECK(v[SN_SHARPNESS] == 0 && v[SN_CONTRAST] == 0 && v[SN_INK] == 0);
}

static void pairs(void)
{
	static const uint8_t value[] = { 10, 12, 30, 32, 60 };
	struct sn_leak *l;
	struct sn_scores s;
	enum sn_feature worst = SN_FEATURES;
	char key[] = "0";
	MUST(sn_leak_new(&l));
	CHECK(sn_leak_find(l, "0", 1) == SIZE_MAX);
	for (int i = 0; i < 5; i++) {
		struct sn_item item = item_of(&value[i], 1, 1, 1, key);
		key[0] = (char)('0' + i);
		MUST(sn_leak_picture(l, &item));
	}
	key[0] = '0';
	{
		struct sn_item item = item_of(&value[1], 1, 1, 1, key);
		CHECK(sn_leak_picture(l, &item) == SN_EDATA && strstr(sn_message(), "'0'"));
		item = item_of(&value[0], 1, 1, 1, key);
		MUST(sn_leak_picture(l, &item));
	}
	CHECK(sn_leak_pictures(l) == 5 && sn_leak_find(l, "3", 1) == 3);
	CHECK(sn_leak_find(l, "7", 1) == SIZE_MAX);
	/* genuine ones are darker than forged: turned, so that the area is 1 */
	for (size_t i = 0; i < 5; i++)
		MUST(sn_leak_item(l, i, i < 2));
	MUST(sn_leak_pair(l, 0, 1, SN_KIND_SAME));
	MUST(sn_leak_pair(l, 2, 3, SN_KIND_SAME));
	MUST(sn_leak_pair(l, 2, 4, SN_KIND_SAME));
	MUST(sn_leak_pair(l, 0, 2, SN_KIND_RANDOM));
	MUST(sn_leak_pair(l, 1, 3, SN_KIND_RANDOM));
	MUST(sn_leak_pair(l, 1, 4, SN_KIND_SKILLED));
	MUST(sn_leak_finish(l));
	/* 2 2 30 against 20 20 48 */
	CHECK(sn_leak_scores(l, SN_MEAN_GREY, SN_LEAK_ALL, &s));
	CHECK_NEAR(sn_auc(&s), 7.0 / 9, 1e-15);
	CHECK(sn_leak_scores(l, SN_MEAN_GREY, SN_LEAK_RANDOM, &s));
	CHECK_NEAR(sn_auc(&s), 4.0 / 6, 1e-15);
	CHECK(sn_leak_scores(l, SN_MEAN_GREY, SN_LEAK_SKILLED, &s) && sn_auc(&s) == 1);
	CHECK(sn_leak_scores(l, SN_MEDIAN_GREY, SN_LEAK_FORGED, &s) && sn_auc(&s) == 1);
	CHECK(sn_leak_scores(l, SN_CONTRAST, SN_LEAK_FORGED, &s) && sn_auc(&s) == 0.5);
	CHECK(!sn_leak_scores(l, SN_TYPE, SN_LEAK_FORGED, &s));
	CHECK(!sn_leak_scores(l, SN_BYTES, SN_LEAK_ALL, &s));
	CHECK_NEAR(sn_leak_worst(l, SN_LEAK_ALL, &worst), 7.0 / 9, 1e-15);
	CHECK(worst == SN_MEAN_GREY);
	sn_leak_free(l);
	MUST(sn_leak_new(&l));
	MUST(sn_leak_finish(l));
	CHECK(isnan(sn_leak_worst(l, SN_LEAK_ALL, &worst)));
	sn_leak_free(l);
	sn_leak_free(NULL);
}

int main(void)
{
	by_hand();
	sharpness();
	pairs();
	return TEST_END();
}
