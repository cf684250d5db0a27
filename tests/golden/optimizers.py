#!/usr/bin/python3
"""Steps of PyTorch's optimisers, for tests/unit/test_optimizer.c:

    tests/golden/optimizers.py >tests/golden/optimizers.h
"""
import torch

N, STEPS = 5, 6
torch.manual_seed(1)
start, gradient = torch.randn(N), torch.randn(STEPS, N)
RUNS = [
    # kind, rate, momentum (Adam: beta1), decay, nesterov
    ("sgd", 0.1, 0, 0, False),
    ("sgd", 0.1, 0.9, 0.01, False),
    ("sgd", 0.1, 0.9, 0.01, True),
    ("adam", 0.05, 0.9, 0, False),
    ("adam", 0.05, 0.8, 0.1, False),
    ("adamw", 0.05, 0.9, 0.01, False),
    ("adamw", 0.05, 0.8, 0.5, False),
    ("rmsprop", 0.01, 0, 0, False),
    ("rmsprop", 0.01, 0.9, 0.1, False),
]


def make(kind, w, rate, momentum, decay, nesterov):
    if kind == "sgd":
        return torch.optim.SGD([w], rate, momentum=momentum, weight_decay=decay, nesterov=nesterov)
    if kind == "adam":
        return torch.optim.Adam([w], rate, betas=(momentum, 0.999), weight_decay=decay)
    if kind == "adamw":
        return torch.optim.AdamW([w], rate, betas=(momentum, 0.999), weight_decay=decay)
    return torch.optim.RMSprop([w], rate, momentum=momentum, weight_decay=decay)


def floats(values):
    return "{ " + ", ".join("%.9g" % v for v in values.tolist()) + " }"


print("/* made by optimizers.py with PyTorch %s */" % torch.__version__)
print("enum { GOLDEN_N = %d, GOLDEN_STEPS = %d };" % (N, STEPS))
print("static const float golden_start[GOLDEN_N] = %s;" % floats(start))
print("static const float golden_gradient[GOLDEN_STEPS][GOLDEN_N] = {")
for g in gradient:
    print("\t%s," % floats(g))
print("};")
print("""static const struct golden {
	const char *kind;
	double rate, momentum, decay;
	bool nesterov;
	float weight[GOLDEN_N]; /* after all steps */
} golden[] = {""")
for run in RUNS:
    w = start.clone().requires_grad_()
    optimizer = make(run[0], w, *run[1:])
    for g in gradient:
        w.grad = g.clone()
        optimizer.step()
    print('\t{ "%s", %g, %g, %g, %s,\n\t  %s },' % (*run[:4], str(run[4]).lower(), floats(w.detach())))
print("};")
