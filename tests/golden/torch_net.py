"""Networks of sn-net(5) in PyTorch, made from the same text."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Residual(nn.Module):
    def __init__(self, main, shortcut):
        super().__init__()
        self.main, self.shortcut = nn.Sequential(*main), nn.Sequential(*shortcut)

    def forward(self, x):
        return self.main(x) + self.shortcut(x)


class Unit(nn.Module):
    def forward(self, x):
        return F.normalize(x)


def from_text(text):
    """The network in training mode, and its input's (height, width, channels)."""
    lines = [words for words in (line.split('#')[0].split() for line in text.split('\n')) if words]
    w, h, c = map(int, lines[0][1].split('x'))
    stack, blocks, x = [[]], [], torch.zeros(2, c, h, w)

    def pair(s):
        a = [int(v) for v in s.split('x')]
        return (a[-1], a[0])

    for kind, *words in lines[1:]:
        o = dict(v.split('=') for v in words if '=' in v)
        a = [v for v in words if '=' not in v]
        if kind == 'residual':
            blocks.append([stack, x, None])
            stack = [[]]
            continue
        if kind == 'shortcut':
            blocks[-1][2], stack, x = stack[0], [[]], blocks[-1][1]
            continue
        if kind == 'end':
            outer, _, main = blocks.pop()
            layer = Residual(main if main is not None else stack[0], stack[0] if main is not None else [])
            stack = outer
            stack[0].append(layer)
            continue
        size = pair(o.get('size', '1'))
        stride = int(o.get('stride', size[0]))
        if kind == 'conv':
            layer = nn.Conv2d(x.shape[1], int(a[0]), size, int(o.get('stride', 1)), pair(o.get('pad', '0')),
                              groups=int(o.get('groups', 1)), bias=o.get('bias', 'yes') == 'yes',
                              padding_mode=o.get('pad-mode', 'zeros'))
        elif kind == 'batchnorm':
            layer = nn.BatchNorm2d(x.shape[1]) if x.dim() == 4 else nn.BatchNorm1d(x.shape[1])
        elif kind == 'linear':
            layer = nn.Linear(x.shape[1], int(a[0]), bias=o.get('bias', 'yes') == 'yes')
        elif kind == 'maxpool':
            layer = nn.MaxPool2d(size, stride)
        elif kind == 'avgpool':
            layer = nn.AvgPool2d(size, stride, ceil_mode=o.get('ceil', 'no') == 'yes')
        elif kind == 'globalavg':
            layer = nn.AdaptiveAvgPool2d(1)
        elif kind == 'lrn':
            layer = nn.LocalResponseNorm(int(o.get('n', 5)), float(o.get('alpha', 1e-4)),
                                         float(o.get('beta', 0.75)), float(o.get('k', 2)))
        elif kind == 'dropout':
            layer = nn.Dropout(float(a[0]))
        elif kind == 'prelu':
            layer = nn.PReLU(x.shape[1] if o.get('each', 'no') == 'yes' else 1)
        else:
            layer = {'relu': nn.ReLU, 'sigmoid': nn.Sigmoid, 'tanh': nn.Tanh, 'flatten': nn.Flatten,
                     'l2norm': Unit, 'leakyrelu': lambda: nn.LeakyReLU(float(o.get('slope', 0.01)))}[kind]()
        stack[0].append(layer)
        x = layer.eval()(x)
    return nn.Sequential(*stack[0]).train(), (h, w, c)
