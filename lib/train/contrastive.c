/*
 * The contrastive loss of a pair, s = 1 same, 0 different, at distance D with margin m:
 *
 *   hadsell       1/2 s D^2 + 1/2 (1-s) max(0, m-D)^2          Hadsell, Chopra, LeCun 2006
 *   caffe         the same; its gradient for different pairs is smaller by D / (D + 1e-4)
 *   caffe-legacy  1/2 s D^2 + 1/2 (1-s) max(0, m-D^2)
 *   keras         s D'^2 + (1-s) max(0, m-D')^2, D' = max(D, sqrt 1e-7)
 *   pml           s max(0, D-p) + (1-s) max(0, m-D), over unit embeddings: where the distance is
 *                 the cosine's C, D = sqrt(2C) is theirs
 *   st            as hadsell, by the cosine distance
 *   dlib          s max(0, D-(0.6-m)) + (1-s) max(0, (0.6+m)-D), gradient for different pairs
 *                 by max(D, 0.001)
 *
 * and with two margins, p for same pairs:  1/2 s max(0, D-p)^2 + 1/2 (1-s) max(0, m-D)^2.
 *
 * Comparisons are such that a NaN survives.
 */
#include <math.h>
#include "loss_private.h"

#define CAFFE_EPSILON 1e-4
#define KERAS_EPSILON 1e-7
#define DLIB_THRESHOLD 0.6
#define DLIB_LEAST 1e-3

/* max(0, x), which keeps a NaN */
static double positive(double x)
{
	return x <= 0 ? 0 : x;
}

double sn_contrastive(double *slope, float d, int same, double m)
{
	double D = (double)d;
	double gap = D >= m ? 0 : m - D; /* this way round a NaN survives */
	if (slope)
		*slope = same ? D : -gap;
	return same ? 0.5 * D * D : 0.5 * gap * gap;
}

static double caffe_legacy(double *slope, double d, bool same, double m)
{
	double gap = positive(m - d * d);

	*slope = same || gap > 0 || isnan(gap) ? d : 0;
	if (!same)
		*slope = -*slope;
	return same ? 0.5 * d * d : 0.5 * gap;
}

static double keras(double *slope, double d, bool same, double m)
{
	double least = sqrt(KERAS_EPSILON), gap;
	bool held = d < least;

	if (held)
		d = least;
	gap = positive(m - d);
	*slope = held ? 0 : same ? 2 * d : -2 * gap;
	return same ? d * d : gap * gap;
}

/* max(0, D - from) for same, max(0, to - D) for different pairs */
static double hinges(double *slope, double d, bool same, double from, double to)
{
	double l = positive(same ? d - from : to - d);

	*slope = l > 0 ? (same ? 1 : -1) : l;
	return l;
}

static double pml(double *slope, const struct sn_objective *o, double d, bool same)
{
	double unit = o->distance == SN_COSINE ? sqrt(2 * d) : d;
	double l = hinges(slope, unit, same, o->same_margin, o->margin);

	/* dD/dC = 1/D; at D = 0 the subgradient 0 */
	if (o->distance == SN_COSINE)
		*slope = unit == 0 ? 0 : *slope / unit;
	return l;
}

double contrastive_pair(double *slope, const struct sn_objective *o, double d, bool same)
{
	double l;

	switch (o->form) {
	case SN_CONTRASTIVE_HADSELL:
	case SN_CONTRASTIVE_ST:
		break;
	case SN_CONTRASTIVE_CAFFE:
		l = sn_contrastive(slope, (float)d, same, o->margin);
		if (!same)
			*slope *= d / (d + CAFFE_EPSILON);
		return l;
	case SN_CONTRASTIVE_CAFFE_LEGACY:
		return caffe_legacy(slope, d, same, o->margin);
	case SN_CONTRASTIVE_KERAS:
		return keras(slope, d, same, o->margin);
	case SN_CONTRASTIVE_PML:
		return pml(slope, o, d, same);
	case SN_CONTRASTIVE_DLIB:
		l = hinges(slope, d, same, DLIB_THRESHOLD - o->margin, DLIB_THRESHOLD + o->margin);
		if (!same && d < DLIB_LEAST)
			*slope *= d / DLIB_LEAST;
		return l;
	}
	return sn_contrastive(slope, (float)d, same, o->margin);
}

double double_margin_pair(double *slope, const struct sn_objective *o, double d, bool same)
{
	double gap = positive(same ? d - o->same_margin : o->margin - d);

	*slope = same ? gap : -gap;
	return 0.5 * gap * gap;
}
