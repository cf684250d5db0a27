#!/usr/bin/python3
"""PyTorch: how long a plain twin training takes to an equal error rate on Fashion-MNIST.

    torch_fashion.py FOLDER pairs|classes EER [SECONDS]

FOLDER holds lenet.net, as nets --write leaves it.
pairs:    random pairs, half of them of one kind, 64 a step, each image through the network on its own
classes:  12 images of each kind a step, each through the network once, all pairs of them

Contrastive loss with margin 1, Adam at 0.001.  Every 60,000 images (pairs: 100,000) it prints
images, seconds, EER of 20,000 pairs of test images, half of them of one kind; seconds are those of
training alone.  It ends when the rate, a share such as 0.08, is reached, or after SECONDS (600).
"""
import gzip
import os
import sys
import time
import numpy as np
import torch
import torch.nn.functional as F
from torch_texts import read

DATA = os.environ.get('FASHION', '/usr/share/datasets/fashion-mnist')
PAIRS, TEST_PAIRS, EACH = 64, 20000, 12


def images(part):
    """Images [n][1][28][28] in [0, 1], and the indexes of each kind."""
    with gzip.open(f'{DATA}/{part}-images-idx3-ubyte.gz') as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(f'{DATA}/{part}-labels-idx1-ubyte.gz') as f:
        label = np.frombuffer(f.read(), np.uint8, offset=8)
    return torch.from_numpy(x.astype(np.float32) / 255), [np.flatnonzero(label == c) for c in range(10)]


def draw(kinds, n, random):
    """n pairs: first image, second, and whether they are of one kind, as every other pair is."""
    kind = random.integers(10, size=n)
    same = np.arange(n) % 2 == 0
    other = np.where(same, kind, (kind + random.integers(1, 10, size=n)) % 10)
    first, further = random.integers(2**31, size=n), random.integers(2**31, size=n)
    a = [kinds[c][i % len(kinds[c])] for c, i in zip(kind, first)]
    # another image than the first, also where it is of the same kind
    b = [kinds[c][(i + 1 + f % (len(kinds[c]) - 1)) % len(kinds[c])] for c, i, f in zip(other, first, further)]
    return np.array(a), np.array(b), torch.from_numpy(same)


def contrastive(d, same):
    """Half of the loss for the pairs of one kind, half for the others, whatever their numbers."""
    return (d[same].pow(2).mean() + F.relu(1 - d[~same]).pow(2).mean()) / 4


def equal_error_rate(net, x, pairs):
    net.eval()
    with torch.no_grad():
        y = torch.cat([net(part) for part in x.split(1000)])
        d = F.pairwise_distance(y[pairs[0]], y[pairs[1]]).numpy()
    same = pairs[2].numpy()[np.argsort(d, kind='stable')]
    false_reject = 1 - np.cumsum(same) / same.sum()
    false_accept = np.cumsum(~same) / (~same).sum()
    at = np.argmin(np.abs(false_accept - false_reject))
    return (false_accept[at] + false_reject[at]) / 2


def by_pairs(net, x, kinds, random):
    """A step by pairs, which were drawn before; yields images seen."""
    a, b, same = draw(kinds, 50000, random)
    for i in range(0, len(a) - PAIRS + 1, PAIRS):
        of = slice(i, i + PAIRS)
        yield contrastive(F.pairwise_distance(net(x[a[of]]), net(x[b[of]])), same[of]), 2 * PAIRS


def by_classes(net, x, kinds, random):
    first, second = torch.triu_indices(10 * EACH, 10 * EACH, 1)
    kind = torch.arange(10).repeat_interleave(EACH)
    same = kind[first] == kind[second]
    for _ in range(60000 // (10 * EACH)):
        y = net(x[np.concatenate([random.choice(of, EACH, replace=False) for of in kinds])])
        # |a - b|^2 = aa + bb - 2 ab: one product in place of thousands of differences
        square = y.pow(2).sum(1)
        d2 = (square[:, None] + square - 2 * y @ y.T)[first, second].clamp_min(1e-9)
        yield contrastive(d2.sqrt(), same), 10 * EACH


if len(sys.argv) not in (4, 5) or sys.argv[2] not in ('pairs', 'classes'):
    sys.exit(__doc__)
steps = by_pairs if sys.argv[2] == 'pairs' else by_classes
goal, most = float(sys.argv[3]), float(sys.argv[4] if len(sys.argv) == 5 else 600)
torch.set_num_threads(int(os.environ.get('BENCH_THREADS', 2)))
torch.manual_seed(1)
random = np.random.default_rng(1)
net = read(sys.argv[1], 'lenet')[0]
optimizer = torch.optim.Adam(net.parameters(), 1e-3)
x, kinds = images('train')
test, test_kinds = images('t10k')
test_pairs = draw(test_kinds, TEST_PAIRS, random)
seen, seconds, rate = 0, 0.0, 1.0
while rate > goal and seconds < most:
    net.train()
    begin = time.perf_counter()
    for loss, n in steps(net, x, kinds, random):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen += n
    seconds += time.perf_counter() - begin
    rate = equal_error_rate(net, test, test_pairs)
    print(seen, f'{seconds:.1f}', f'{rate:.4f}', sep='\t', flush=True)
