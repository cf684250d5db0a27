#!/usr/bin/python3
"""Measures by scikit-learn and SciPy, for tests/unit/test_metric.c:

    tests/golden/metrics.py >tests/golden/metrics.h

The hull is drawn here in whole numbers, minDCF and d' are spelt out from their definitions.
"""
import numpy as np
import scipy
import sklearn
from fractions import Fraction
from scipy.stats import beta
from sklearn.metrics import det_curve, roc_auc_score, roc_curve

random = np.random.default_rng(1)
SETS = [
    # name, same, different
    ("normal", random.normal(1, 0.4, 90), random.normal(2, 0.5, 130)),
    ("ties", random.integers(0, 12, 60), random.integers(5, 20, 45)),
    ("apart", random.uniform(0, 1, 20), random.uniform(1.5, 2, 30)),
    ("backwards", random.normal(2, 0.5, 40), random.normal(1.5, 0.5, 25)),
]


def turn(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def corners(points):
    """Without the points on the line between those beside them, the last kept one counted."""
    kept = [points[0]]
    for held, after in zip(points[1:], points[2:]):
        if turn(kept[-1], held, after) != 0:
            kept.append(held)
    return kept + [points[-1]]


def hull_eer(points):
    hull = []
    for p in points:
        while len(hull) > 1 and turn(hull[-2], hull[-1], p) <= 0:
            hull.pop()
        hull.append(p)
    for a, b in zip(hull, hull[1:]):
        if b[0] >= b[1]:
            before, behind = a[1] - a[0], b[0] - b[1]
            return float(a[0] + before / (before + behind) * (b[0] - a[0]))


def eer(far, frr, thresholds):
    order = sorted(zip(abs(far - frr), far + frr, thresholds))
    return order[0][1] / 2, order[0][2]


def array(values, form="%.9g"):
    return "{ " + ", ".join(form % v for v in values) + " }"


print("/* made by metrics.py with scikit-learn %s and SciPy %s */" % (sklearn.__version__, scipy.__version__))
for name, same, different in SETS:
    same, different = np.float32(same), np.float32(different)
    d = np.concatenate([same, different]).astype(np.float64)
    truth = np.concatenate([np.ones(len(same)), np.zeros(len(different))])
    far, tar, t = roc_curve(truth, -d, drop_intermediate=False)
    frr = 1 - tar
    # det_curve leaves out the ends: what it has must be on the curve
    for a, b in zip(*det_curve(truth, -d)[:2]):
        assert np.min(np.abs(far - a) + np.abs(frr - b)) < 1e-12
    exact = [
        (Fraction(round(a * len(different)), len(different)), Fraction(round(b * len(same)), len(same)))
        for a, b in zip(far, frr)
    ]
    found, at = eer(far[1:], frr[1:], -t[1:])
    dcf = [min(p * frr + (1 - p) * far) / min(p, 1 - p) for p in (0.01, 0.001)]
    shares = [max([a for f, a in zip(far, tar) if f <= most]) for most in (0.1, 0.01, 0.001)]
    spread = np.sqrt((same.astype(float).var(ddof=1) + different.astype(float).var(ddof=1)) / 2)
    wrong = int(sum(different <= np.float32(at)))
    print("static const float %s_same[] = %s;" % (name, array(same)))
    print("static const float %s_different[] = %s;" % (name, array(different)))
    print("static const double %s_roc[][2] = %s;" % (name, "{ " + ", ".join(array(map(float, p), "%.17g") for p in corners(exact)) + " }"))
    print("static const struct golden %s = {" % name)
    for key, value in [
        ("auc", roc_auc_score(truth, -d)), ("eer", found), ("eer_threshold", at),
        ("eer_hull", hull_eer(exact)), ("best", max(1 - (far + frr) / 2)),
        ("dprime", (different.astype(float).mean() - same.astype(float).mean()) / spread),
        ("far_lower", beta.ppf(0.025, wrong, len(different) - wrong + 1) if wrong else 0),
        ("far_upper", beta.ppf(0.975, wrong + 1, len(different) - wrong) if wrong < len(different) else 1),
    ]:
        print("\t.%s = %.17g," % (key, value))
    print("\t.dcf = %s,\n\t.tar = %s," % (array(dcf, "%.17g"), array(shares, "%.17g")))
    print("};")
