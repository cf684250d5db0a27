#!/usr/bin/python3
"""Make losses.jsonl: every loss and its gradient, by PyTorch in double precision from the published
formulas, independent of the library's code.

    /usr/bin/python3 tests/golden/losses.py > tests/golden/losses.jsonl     (PyTorch 1.13)

A line is a case: the options of sn-loss, items and pairs, the mean loss, the loss of each pair where
it is a sum over them, the gradient at each item (and at the head)."""
import json
import torch
import torch.nn.functional as F

CLASSES, EACH, DIM = 4, 3, 5


def batch(seed, scale):
    torch.manual_seed(seed)
    x = (torch.randn(CLASSES * EACH, DIM) * scale).float().double()
    label = [i % CLASSES for i in range(len(x))]
    pairs = [(a, b, label[a] == label[b]) for b in range(len(x)) for a in range(b)]
    return x, pairs


def euclidean(x, p):
    return torch.stack([(x[a] - x[b]).pow(2).sum().sqrt() for a, b, _ in p])


def cosine(x, p):
    return torch.stack([F.cosine_similarity(x[a], x[b], dim=0) for a, b, _ in p])


def same(p):
    return torch.tensor([float(s) for _, _, s in p], dtype=torch.double)


# --- sums over pairs: (mean, each) ---------------------------------------------------------------

def hadsell(x, p, m):  # Hadsell, Chopra, LeCun 2006, with 1 for same
    d, y = euclidean(x, p), same(p)
    each = y * d.pow(2) / 2 + (1 - y) * F.relu(m - d).pow(2) / 2
    return each.mean(), each


def caffe_legacy(x, p, m):
    d, y = euclidean(x, p), same(p)
    each = (y * d.pow(2) + (1 - y) * F.relu(m - d.pow(2))) / 2
    return each.mean(), each


def keras(x, p, m):
    d = torch.stack([(x[a] - x[b]).pow(2).sum() for a, b, _ in p]).clamp(min=1e-7).sqrt()
    y = same(p)
    each = y * d.pow(2) + (1 - y) * F.relu(m - d).pow(2)
    return each.mean(), each


def pml(x, p, m, inner):
    d, y = euclidean(F.normalize(x), p), same(p)
    each = y * F.relu(d - inner) + (1 - y) * F.relu(m - d)
    mean = 0
    for kind in (0, 1):  # each kind's mean over what is not zero
        some = each[(y == kind) & (each > 0)]
        mean = mean + (some.mean() if len(some) else 0)
    return mean, each


def st(x, p, m):
    d, y = 1 - cosine(x, p), same(p)
    each = 0.5 * (y * d.pow(2) + (1 - y) * F.relu(m - d).pow(2))
    return each.mean(), each


def dlib(x, p, m):
    d, y = euclidean(x, p), same(p)
    each = y * F.relu(d - (0.6 - m)) + (1 - y) * F.relu(0.6 + m - d)
    return 0.5 / y.sum() * each.sum(), each


def double_margin(x, p, m, inner):
    d, y = euclidean(x, p), same(p)
    each = 0.5 * (y * F.relu(d - inner).pow(2) + (1 - y) * F.relu(m - d).pow(2))
    return each.mean(), each


def cosine_embedding(x, p, m):
    a = torch.stack([x[i] for i, _, _ in p])
    b = torch.stack([x[j] for _, j, _ in p])
    each = F.cosine_embedding_loss(a, b, 2 * same(p) - 1, margin=m, reduction="none")
    return each.mean(), each


def cross_entropy(x, p, head):
    z = torch.stack([(head[:-1] * (x[a] - x[b]).abs()).sum() + head[-1] for a, b, _ in p])
    each = F.binary_cross_entropy_with_logits(z, same(p), reduction="none")
    return each.mean(), each


def balanced(x, p, m):
    _, each = hadsell(x, p, m)
    y = same(p)
    return each[y == 1].mean() / 2 + each[y == 0].mean() / 2, each


# --- losses over an image's partners -------------------------------------------------------------

def partners(p, n):
    pos, neg = [[] for _ in range(n)], [[] for _ in range(n)]
    for a, b, s in p:
        (pos if s else neg)[a].append(b)
        (pos if s else neg)[b].append(a)
    return pos, neg


def triplet(x, p, m, mining, squared=False):
    pos, neg = partners(p, len(x))
    d = lambda i, j: (x[i] - x[j]).pow(2).sum() if squared else (x[i] - x[j]).pow(2).sum().sqrt()
    terms = []
    for i in range(len(x)):
        if not pos[i] or not neg[i]:
            continue
        dp, dn = [d(i, j) for j in pos[i]], [d(i, j) for j in neg[i]]
        if mining == "batch-all":
            terms += [F.relu(u - v + m) for u in dp for v in dn]
        elif mining == "batch-hard":
            terms.append(F.relu(max(dp) - min(dn) + m))
        else:
            for u in dp:
                beyond = [v for v in dn if v > u]
                terms.append(F.relu(u - (min(beyond) if beyond else max(dn)) + m))
    return torch.stack(terms).mean(), None


def nt_xent(x, p, t):
    pos, neg = partners(p, len(x))
    u = F.normalize(x)
    terms = []
    for i in range(len(x)):
        for j in pos[i]:
            logits = torch.stack([u[i] @ u[j]] + [u[i] @ u[k] for k in neg[i]]) / t
            terms.append(torch.logsumexp(logits, 0) - logits[0])
    return torch.stack(terms).mean(), None


def supcon(x, p, t):
    pos, neg = partners(p, len(x))
    u = F.normalize(x)
    terms = []
    for i in range(len(x)):
        if not pos[i]:
            continue
        logits = torch.stack([u[i] @ u[k] for k in pos[i] + neg[i]]) / t
        terms.append(-F.log_softmax(logits, 0)[: len(pos[i])].mean())
    return torch.stack(terms).mean(), None


def multi_similarity(x, p, alpha, beta, base, epsilon):
    pos, neg = partners(p, len(x))
    u = F.normalize(x)
    total = 0
    for i in range(len(x)):
        if not pos[i] or not neg[i]:
            continue
        sp, sn = [u[i] @ u[j] for j in pos[i]], [u[i] @ u[j] for j in neg[i]]
        hard_p = [s for s in sp if s < max(sn) + epsilon]
        hard_n = [s for s in sn if s > min(sp) - epsilon]
        if hard_p:
            total = total + torch.log(1 + sum(torch.exp(-alpha * (s - base)) for s in hard_p)) / alpha
        if hard_n:
            total = total + torch.log(1 + sum(torch.exp(beta * (s - base)) for s in hard_n)) / beta
    return total / len(x), None


# --- cases ---------------------------------------------------------------------------------------

def case(options, loss, x, p, gradient=None, head=None, **more):
    x = x.clone().requires_grad_(True)
    args = (x, p) if head is None else (x, p, head)
    mean, each = loss(*args)
    mean.backward()
    out = {"options": options, "items": x.detach().tolist(), "pairs": p, "mean": mean.item()}
    if each is not None:
        out["each"] = each.tolist()
    out["gradient"] = (x.grad if gradient is None else gradient).tolist()
    if head is not None:
        out["head"], out["head_gradient"] = head.tolist(), head.grad.tolist()
    out.update(more)
    print(json.dumps(out, separators=(",", ":")))


def caffe_gradient(x, p, m):
    """Backward as Caffe's layer has it, which is not quite the loss's derivative."""
    g = torch.zeros_like(x)
    for a, b, s in p:
        diff = x[a] - x[b]
        d = diff.pow(2).sum().sqrt()
        if s:
            step = diff / len(p)
        elif m - d > 0:
            step = -(m - d) / (d + 1e-4) * diff / len(p)
        else:
            continue
        g[a] += step
        g[b] -= step
    return g


def main():
    x, p = batch(1, 0.4)
    some = p[::3]  # not all pairs
    near = x.clone()
    near[4] = near[0] + 5e-5  # a same pair within keras' epsilon
    near = near.float().double()
    for m in (1.0, 1.7):
        opt = ["-M", str(m)]
        case(opt, lambda x, p: hadsell(x, p, m), x, p)
        case(opt + ["--form", "caffe"], lambda x, p: hadsell(x, p, m), x, p, caffe_gradient(x, p, m))
        case(opt + ["--form", "caffe-legacy"], lambda x, p: caffe_legacy(x, p, m), x, p)
        case(opt + ["--form", "keras"], lambda x, p: keras(x, p, m), x, p)
        case(opt + ["--form", "pml"], lambda x, p: pml(x, p, m, 0), x, p)
    case(["--form", "keras"], lambda x, p: keras(x, p, 1), near, p)
    case(["--form", "pml", "-M", "1.2", "--same-margin", "0.7"], lambda x, p: pml(x, p, 1.2, 0.7), x, p)
    case(["--form", "st"], lambda x, p: st(x, p, 0.5), x, p)
    case(["--form", "st", "-M", "1.1"], lambda x, p: st(x, p, 1.1), x, p)
    case(["--form", "dlib"], lambda x, p: dlib(x, p, 0.04), x, p)
    case(["--form", "dlib", "-M", "0.2"], lambda x, p: dlib(x, p, 0.2), x, some)
    case(["-M", "1.5", "--mean", "balanced"], lambda x, p: balanced(x, p, 1.5), x, p)
    case(["-l", "double-margin", "-M", "1.5"], lambda x, p: double_margin(x, p, 1.5, 0.75), x, p)
    case(["-l", "double-margin", "-M", "1.5", "--same-margin", "0.5"],
         lambda x, p: double_margin(x, p, 1.5, 0.5), x, some)
    case(["-l", "cosine"], lambda x, p: cosine_embedding(x, p, 0.0), x, p)
    case(["-l", "cosine", "-M", "0.3"], lambda x, p: cosine_embedding(x, p, 0.3), x, some)
    torch.manual_seed(9)
    for scale in (0.5, 2):
        head = (torch.randn(DIM + 1) * scale).float().double().requires_grad_(True)
        case(["-l", "cross-entropy"], lambda x, p, h: cross_entropy(x, p, h), x, p, head=head)
    for mining in ("batch-all", "batch-hard", "semi-hard"):
        opt = ["-l", "triplet", "--mining", mining]
        case(opt + ["-M", "0.3"], lambda x, p: triplet(x, p, 0.3, mining), x, p)
        case(opt + ["-M", "1"], lambda x, p: triplet(x, p, 1, mining), x, some)
        case(opt + ["-M", "0.5", "-d", "sqeuclidean"],
             lambda x, p: triplet(x, p, 0.5, mining, True), x, p)
    for t in (0.1, 0.05, 1):
        case(["-l", "nt-xent", "--temperature", str(t)], lambda x, p: nt_xent(x, p, t), x, p)
        case(["-l", "supcon", "--temperature", str(t)], lambda x, p: supcon(x, p, t), x, p)
    case(["-l", "nt-xent"], lambda x, p: nt_xent(x, p, 0.1), x, some)
    case(["-l", "supcon"], lambda x, p: supcon(x, p, 0.1), x, some)
    case(["-l", "multi-similarity"], lambda x, p: multi_similarity(x, p, 2, 50, 0.5, 0.1), x, p)
    case(["-l", "multi-similarity", "--alpha", "3", "--beta", "20", "--base", "0.2", "--epsilon", "0"],
         lambda x, p: multi_similarity(x, p, 3, 20, 0.2, 0), x, p)


main()
