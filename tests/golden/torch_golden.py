#!/usr/bin/python3
"""Golden vectors of networks: what PyTorch gives for the layers and presets of sn-net(5).

    tests/golden/torch_golden.py layers  > tests/golden/layers.txt
    tests/golden/torch_golden.py presets > tests/golden/presets.txt
    tests/golden/torch_golden.py steps   > tests/golden/steps.txt

Made with PyTorch 1.13 (Debian's python3-torch).  Weights and pictures are no data: both sides compute
them from a name and an index (see chance), so that networks of 100 million weights need no files.
tests/unit/test_golden.c reads the results.

layers:  each text of LAYERS as a network, training mode: y, dL/dx and the gradient of every parameter
         for L = sum of g y.
presets: the embeddings of the presets, whose networks are built here by hand, not from their texts.
steps:   the losses of ten steps of gradient descent, and the embeddings after them; of every preset,
         without its dropout (whose masks are each library's own), and of some texts.
"""
import sys
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch_net import Residual, Unit, from_text

torch.set_num_threads(2)


# ---- numbers that both sides compute -------------------------------------------------------------

def unit(name, n):
    """n numbers in [0, 1) that depend on name and index: SplitMix64 of FNV-1a(name) + index."""
    h = 14695981039346656037
    for b in name.encode():
        h = (h ^ b) * 1099511628211 % 2**64
    with np.errstate(over='ignore'):
        z = np.arange(n, dtype=np.uint64) + np.uint64(h)
        z += np.uint64(0x9e3779b97f4a7c15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


def chance(name, shape):
    """A parameter: scaled by its fan-in, norms around 1, biases small, variances positive."""
    n = int(np.prod(shape))
    u = unit(name, n)
    if name.endswith('running_var') or (name.endswith('weight') and len(shape) == 1):
        v = 0.5 + u
    elif name.endswith('bias') or name.endswith('running_mean'):
        v = 0.2 * (2 * u - 1)
    else:
        v = (2 * u - 1) * np.sqrt(3 / np.prod(shape[1:]))
    return torch.from_numpy(v.astype(np.float32).reshape(shape))


def pictures(name, n, h, w, c, signed=False):
    """[n][h][w][c] in [0, 1), or in [-1, 1), as PyTorch wants them."""
    u = unit(name, n * h * w * c)
    x = (2 * u - 1 if signed else u).astype(np.float32).reshape(n, h, w, c)
    return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))


# ---- networks ----------------------------------------------------------------------------------------

PREFIX = {nn.Conv2d: 'conv', nn.BatchNorm2d: 'bn', nn.BatchNorm1d: 'bn', nn.Linear: 'fc', nn.PReLU: 'prelu'}


def parameters(net):
    """The parameters and buffers by sn's names, in sn's order."""
    count, out = {}, {}
    for m in net.modules():
        if type(m) in PREFIX:
            prefix = PREFIX[type(m)]
            count[prefix] = count.get(prefix, 0) + 1
            for name, p in list(m.named_parameters()) + list(m.named_buffers()):
                if name != 'num_batches_tracked':
                    out[f'{prefix}{count[prefix]}.{name}'] = p
    return out


def fill(net):
    with torch.no_grad():
        for name, p in parameters(net).items():
            p.copy_(chance(name, tuple(p.shape)))
    return net


# ---- presets: the definitions, not the texts -----------------------------------------------------------

def lenet():
    return nn.Sequential(nn.Conv2d(1, 20, 5), nn.MaxPool2d(2, 2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2, 2),
                         nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10), nn.Linear(10, 2)), 28, 28


def hadsell():
    return nn.Sequential(nn.ZeroPad2d(2), nn.Conv2d(1, 15, 6), nn.Tanh(), nn.AvgPool2d(3), nn.Conv2d(15, 30, 9),
                         nn.Tanh(), nn.Flatten(), nn.Linear(30, 2)), 28, 28


def conv4():
    def block(i):
        return [nn.Conv2d(i, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2, 2)]
    return nn.Sequential(*block(1), *block(64), *block(64), *block(64), nn.Flatten()), 28, 28


def faces():
    def block(i, o):
        return [nn.ReflectionPad2d(1), nn.Conv2d(i, o, 3), nn.ReLU(), nn.BatchNorm2d(o)]
    return nn.Sequential(*block(1, 4), *block(4, 8), *block(8, 8), nn.Flatten(), nn.Linear(80000, 500), nn.ReLU(),
                         nn.Linear(500, 500), nn.ReLU(), nn.Linear(500, 5)), 100, 100


def koch():
    return nn.Sequential(nn.Conv2d(1, 64, 10), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Conv2d(64, 128, 7), nn.ReLU(),
                         nn.MaxPool2d(2, 2), nn.Conv2d(128, 128, 4), nn.ReLU(), nn.MaxPool2d(2, 2),
                         nn.Conv2d(128, 256, 4), nn.ReLU(), nn.Flatten(), nn.Linear(9216, 4096), nn.Sigmoid()), 105, 105


def signet_tail(flat, last):
    return [nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
            nn.MaxPool2d(3, 2), nn.Dropout(0.3), nn.Flatten(), nn.Linear(flat, 1024), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(1024, 128)] + last


def signet():
    return nn.Sequential(nn.Conv2d(1, 96, 11, stride=4), nn.ReLU(), nn.BatchNorm2d(96), nn.MaxPool2d(3, 2),
                         nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.BatchNorm2d(256), nn.MaxPool2d(3, 2),
                         nn.Dropout(0.3), *signet_tail(3840, [nn.ReLU()])), 155, 220


def signet_paper():
    return nn.Sequential(nn.Conv2d(1, 96, 11), nn.ReLU(), nn.LocalResponseNorm(5, 1e-4, 0.75, 2), nn.MaxPool2d(3, 2),
                         nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.LocalResponseNorm(5, 1e-4, 0.75, 2),
                         nn.MaxPool2d(3, 2), nn.Dropout(0.3), *signet_tail(256 * 17 * 25, [])), 155, 220


def resnet():
    def block(i, o, stride):
        return [Residual([nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(),
                          nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)],
                         ([nn.AvgPool2d(stride, ceil_mode=True)] if stride > 1 else []) +
                         [nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o)]), nn.ReLU()]
    return nn.Sequential(nn.Conv2d(1, 24, 5, 2, 2, bias=False), nn.BatchNorm2d(24), nn.ReLU(), *block(24, 48, 1),
                         *block(48, 96, 2), *block(96, 192, 2), nn.Flatten(), nn.Linear(192 * 36, 128), Unit()), 48, 48


PRESETS = {'lenet': lenet, 'hadsell': hadsell, 'conv4': conv4, 'faces': faces, 'koch': koch, 'signet': signet,
           'signet-paper': signet_paper, 'resnet': resnet}

# ---- texts -----------------------------------------------------------------------------------------------

LAYERS = [
    'input 9x8x3\nconv 4 size=3 stride=2 pad=1\nflatten',
    'input 9x8x3\nconv 4 size=3x2 pad=2x1\nflatten',
    'input 7x5x3\nconv 4 size=3 pad=1 pad-mode=reflect\nflatten',
    'input 7x6x1\nconv 3 size=5x3 stride=2 pad=4x2 pad-mode=reflect bias=no\nflatten',
    'input 6x5x3\nconv 6 size=1\nconv 9 size=3 pad=1 groups=3\nflatten',
    'input 6x5x3\nconv 4 size=3x2 pad=1 groups=1\nconv 4 size=3 pad=1 pad-mode=reflect groups=4 bias=no\nflatten',
    'input 9x7x3\nmaxpool size=3 stride=2\nflatten',
    'input 9x7x3\navgpool size=3\nflatten',
    'input 9x8x3\navgpool size=2 ceil=yes\nflatten',
    'input 9x8x1\navgpool size=3 stride=2 ceil=yes\nflatten',
    'input 8x5x3\navgpool size=2x3 stride=3 ceil=yes\nflatten',
    'input 7x5x3\nglobalavg',
    'input 5x4x3\nconv 7 size=1\nlrn\nflatten',
    'input 5x4x3\nconv 9 size=1\nlrn n=5 alpha=2 beta=0.75 k=1\nflatten',
    'input 5x4x3\nconv 6 size=1\nlrn n=4 alpha=3 beta=0.6 k=0.5\nflatten',
    'input 3x2x3\nlrn n=7 alpha=5 beta=1 k=2\nflatten',
    'input 5x4x3\nprelu\nflatten',
    'input 5x4x3\nconv 5 size=2\nprelu each=yes\nflatten',
    'input 5x4x3\nleakyrelu\nflatten',
    'input 5x4x3\nleakyrelu slope=0.2\nflatten',
    'input 5x4x3\ntanh\nflatten',
    'input 5x4x3\nrelu\nsigmoid\nflatten',
    'input 5x4x3\nbatchnorm\nflatten\nlinear 6\nbatchnorm\nl2norm',
    'input 6x5x3\nresidual\nconv 3 size=3 pad=1\ntanh\nend\nflatten',
    'input 6x5x3\nconv 4 size=3 pad=1 bias=no\nbatchnorm\nrelu\nresidual\nconv 6 size=3 stride=2 pad=1 bias=no\nbatchnorm\n'
    'relu\nconv 6 size=3 pad=1 bias=no\nbatchnorm\nshortcut\navgpool size=2 ceil=yes\nconv 6 size=1 bias=no\nbatchnorm\nend\n'
    'relu\nflatten\nlinear 5\nl2norm',
    'input 4x3x1\nresidual\nresidual\nconv 1 size=3 pad=1\nend\ntanh\nshortcut\nresidual\nconv 1 size=1\nbatchnorm\nshortcut\n'
    'sigmoid\nend\nend\nflatten\nresidual\nlinear 12\nbatchnorm\nend',
]

# A name of PRESETS, or a text; where it is not 10 images at a rate of 0.01: images, rate.  Rates are such that
# rounding does not grow from step to step: losses in float and in double agree to 1e-5 (see steps).
STEPS = {
    'lenet': None,
    'conv4': None,
    'hadsell': None,
    'resnet': None,
    'faces': None,
    'koch': None,
    'signet': None,
    'signet-paper': None,
    'resnet-like': 'input 17x14x1\nconv 8 size=5 stride=2 pad=2 bias=no\nbatchnorm\nrelu\nresidual\nconv 8 size=3 pad=1 bias=no\n'
    'batchnorm\nrelu\nconv 8 size=3 pad=1 bias=no\nbatchnorm\nend\nrelu\nresidual\nconv 12 size=3 stride=2 pad=1 bias=no\n'
    'batchnorm\nrelu\nconv 12 size=3 pad=1 bias=no\nbatchnorm\nshortcut\navgpool size=2 ceil=yes\nconv 12 size=1 bias=no\n'
    'batchnorm\nend\nrelu\nflatten\nlinear 16\nl2norm',
    'koch-like': 'input 29x29x1\nconv 6 size=6\nrelu\nmaxpool size=2\nconv 8 size=5\nrelu\nmaxpool size=2\nconv 10 size=3\nrelu\n'
    'flatten\nlinear 24\nsigmoid',
    'signet-like': 'input 31x27x1\nconv 6 size=5 stride=2\nrelu\nlrn alpha=1\nmaxpool size=3 stride=2\nconv 8 size=3 pad=1\n'
    'prelu each=yes\nbatchnorm\nmaxpool size=3 stride=2\nflatten\nlinear 12',
}

SETTINGS = {'conv4': (10, 0.001), 'faces': (10, 0.00003), 'koch': (4, 0.001), 'signet': (8, 0.000003),
            'signet-paper': (4, 0.0001)}


# ---- results ---------------------------------------------------------------------------------------------

def show(what, x):
    print(what, x.numel())
    values = x.detach().reshape(-1).tolist()
    for i in range(0, len(values), 12):
        print(' '.join('%.7g' % v for v in values[i:i + 12]))


def layers():
    for text in LAYERS:
        net, (h, w, c) = from_text(text)
        fill(net).train()
        n = 3
        x = pictures('x', n, h, w, c, signed=True).requires_grad_(True)
        y = net(x).reshape(n, -1)
        g = torch.from_numpy((2 * unit('g', y.numel()) - 1).astype(np.float32).reshape(y.shape))
        (y * g).sum().backward()
        print('network', text.count('\n') + 1)
        print(text)
        print('images', n)
        show('y', y)
        show('dx', x.grad.permute(0, 2, 3, 1))
        grads = [(name, p.grad) for name, p in parameters(net).items() if p.requires_grad]
        print('gradients', len(grads))
        for name, grad in grads:
            show(name, grad)


def presets():
    for name, make in PRESETS.items():
        net, h, w = make()
        fill(net).eval()
        with torch.no_grad():
            y = net(pictures('picture', 2, h, w, 1))
        print('preset', name)
        show('y', y)


def descend(net, x, rate, margin=1.0):
    """The losses of ten steps in the precision of x, and the embeddings after them."""
    n = len(x)
    fill(net.to(x.dtype)).train()
    for m in net.modules():
        if isinstance(m, nn.Dropout):
            m.p = 0
    optimiser = torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)
    a = torch.arange(n)
    b = (a + 1) % n
    same = (a % 2 == 0).to(x.dtype)
    losses = []
    for _ in range(10):
        y = net(x).reshape(n, -1)
        d = (y[a] - y[b]).pow(2).sum(1).sqrt()
        loss = (0.5 * same * d.pow(2) + 0.5 * (1 - same) * F.relu(margin - d).pow(2)).mean()
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        return losses, net.eval()(x[:3]).reshape(min(n, 3), -1)


def steps():
    """Images 0 and 1, 2 and 3 ... are the same; 1 and 2, 3 and 4 ..., and the last and the first, different."""
    for name, text in STEPS.items():
        if text:
            net, (h, w, c) = from_text(text)
        else:
            net, h, w = PRESETS[name]()
            c = 1
        n, rate = SETTINGS.get(name, (10, 0.01))
        x = pictures('picture', n, h, w, c)
        exact, _ = descend(net, x.double(), rate)
        losses, y = descend(net, x, rate)
        print(name, max(abs(l - e) / max(1, e) for l, e in zip(losses, exact)), losses[0], losses[-1], file=sys.stderr)
        if text:
            print('network', text.count('\n') + 1)
            print(text)
        else:
            print('preset', name)
        print('images', n)
        show('rate', torch.tensor([rate], dtype=torch.float64))
        show('losses', torch.tensor(losses, dtype=torch.float64))
        show('y', y[:3] if y.shape[1] <= 128 else y[:1])


if len(sys.argv) != 2 or sys.argv[1] not in ('layers', 'presets', 'steps'):
    sys.exit(__doc__)
{'layers': layers, 'presets': presets, 'steps': steps}[sys.argv[1]]()
