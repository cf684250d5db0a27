#!/usr/bin/python3
"""PyTorch: images a second of networks of sn-net(5), in the columns of tests/bench/nets.

    torch_rows.py FOLDER NET...     FOLDER holds NET.net and the batches, as nets --write leaves them

Prints net, mode, batch, images/s (the median of runs).  fwd: evaluation mode, no gradient; train: a
twin step, that is two towers of a batch each with shared weights, contrastive loss, gradient, and
SGD with momentum.  BENCH_SECONDS for each row, BENCH_THREADS.
"""
import os
import statistics
import sys
import time
import torch
import torch.nn.functional as F
from torch_texts import read

SECONDS = float(os.environ.get('BENCH_SECONDS', 4))


def rate(images, run):
    run()
    rates, end = [], time.perf_counter() + SECONDS
    while len(rates) < 3 or time.perf_counter() < end:
        begin = time.perf_counter()
        run()
        rates.append(images / (time.perf_counter() - begin))
    return statistics.median(rates)


def forward(net, batch, shape):
    net.eval()
    x = torch.rand(batch, *shape)
    with torch.no_grad():
        return rate(batch, lambda: net(x))


def train(net, batch, shape):
    net.train()
    a, b = torch.rand(batch, *shape), torch.rand(batch, *shape)
    same = (torch.arange(batch) % 2 == 0).float()
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)

    def step():
        optimizer.zero_grad()
        d = F.pairwise_distance(net(a), net(b))
        (same * d.pow(2) + (1 - same) * F.relu(1 - d).pow(2)).mean().div(2).backward()
        optimizer.step()
    return rate(2 * batch, step)


if len(sys.argv) < 3:
    sys.exit(__doc__)
torch.set_num_threads(int(os.environ.get('BENCH_THREADS', 2)))
torch.manual_seed(1)
for name in sys.argv[2:]:
    net, batch, shape = read(sys.argv[1], name)
    for mode in forward, train:
        word = 'fwd' if mode is forward else 'train'
        print(name, word, batch, f'{mode(net, batch, shape):.1f}', sep='\t', flush=True)
