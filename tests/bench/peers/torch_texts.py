"""A benchmarked network by its text: the one that our programs run."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'golden'))
from torch_net import from_text  # noqa: E402


def read(folder, name):
    """The network, its batch, and (channels, height, width) of its input."""
    with open(os.path.join(folder, 'batches.tsv')) as f:
        batches = dict(line.split() for line in f)
    with open(os.path.join(folder, name + '.net')) as f:
        net, (h, w, c) = from_text(f.read())
    return net, int(batches[name]), (c, h, w)
