"""Writes mixture_reference.json: losses and gradients of MixtureBinNLL with 60 digits (pip install mpmath numpy).

Run in this folder: python3 make_mixture_reference.py. Last made with mpmath 1.4.1, numpy 2.4.6. The inputs are float32
values, so that the test feeds exactly what was computed here.
"""
import json

import mpmath as mp
import numpy as np

mp.mp.dps = 60
rng = np.random.default_rng(20261123)


def upper(x):
    return mp.erfc(x / mp.sqrt(2)) / 2


def probability(a, b):
    if a > 0:
        return upper(a) - upper(b)
    if b < 0:
        return upper(-b) - upper(-a)
    return 1 - upper(-a) - upper(b)


def density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def at(x, f):
    return mp.mpf(0) if mp.isinf(x) else x * f


def row(logits, mean, log_sd, lo, hi):
    weights = [mp.exp(x) for x in logits]
    total = sum(weights)
    parts, slopes, spreads = [], [], []
    for w, m, s in zip(weights, mean, log_sd):
        sd = mp.exp(s)
        a, b = (lo - m) / sd, (hi - m) / sd
        p = probability(a, b)
        parts.append(w / total * p)
        slopes.append((density(a) - density(b)) / p / sd)
        spreads.append((at(a, density(a)) - at(b, density(b))) / p)
    hit = sum(parts)
    share = [p / hit for p in parts]
    return (
        -mp.log(hit),
        [w / total - r for w, r in zip(weights, share)],
        [-r * x for r, x in zip(share, slopes)],
        [-r * x for r, x in zip(share, spreads)],
    )


def cases():
    for _ in range(40):
        lo = rng.normal() * 2
        yield "ordinary bins", 4, rng.normal(size=4) * 2, rng.normal(size=4), rng.normal(size=4) - 1, lo, lo + rng.uniform(0.05, 3)
    for _ in range(40):
        lo = rng.normal() * 2
        yield "narrow bins", 4, rng.normal(size=4), rng.normal(size=4), rng.normal(size=4), lo, lo + 10 ** rng.uniform(-6, -2)
    for _ in range(40):
        lo = rng.normal()
        yield "one normal", 1, rng.normal(size=1), rng.normal(size=1) * 2, rng.normal(size=1), lo, lo + 10 ** rng.uniform(-3, 1)
    for _ in range(60):
        sd, width = rng.uniform(0.1, 3), 10 ** rng.uniform(-4, 1)
        yield "up to 40 sd away", 3, rng.normal(size=3), sd * rng.uniform(-40, 40, size=3), np.log([sd] * 3), 0.0, sd * width
    for i in range(40):
        edge = rng.normal() * 3
        lo, hi = (-np.inf, edge) if i % 2 else (edge, np.inf)
        yield "open bins", 4, rng.normal(size=4), rng.normal(size=4), rng.normal(size=4) - 1, lo, hi
    yield "the whole line", 2, np.array([1.0, 2.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0]), -np.inf, np.inf
    # Either side of the seams between the three forms of mixture_math.h.
    for width in (0.49999, 0.50001):
        for start in (-0.25, -1e-4, 0.0, 1e-4, 0.74, 0.76):
            yield "seams", 1, np.zeros(1), np.zeros(1), np.zeros(1), start, start + width
            yield "seams", 1, np.zeros(1), np.zeros(1), np.zeros(1), -start - width, -start


def exact(x):
    return mp.mpf(float(x))


def text(x):
    return repr(float(x)) if np.isfinite(float(x)) else str(float(x))


out = []
for name, k, logits, mean, log_sd, lo, hi in cases():
    logits, mean, log_sd = (np.asarray(v, dtype=np.float32) for v in (logits, mean, log_sd))
    lo, hi = np.float32(lo), np.float32(hi)
    assert lo < hi
    nll, g_logits, g_mean, g_log_sd = row(*([exact(x) for x in v] for v in (logits, mean, log_sd)), exact(lo), exact(hi))
    out.append(
        {
            "name": name,
            "logits": [float(x) for x in logits],
            "mean": [float(x) for x in mean],
            "log_sd": [float(x) for x in log_sd],
            "lo": text(lo),
            "hi": text(hi),
            "nll": float(nll),
            "grad_logits": [float(x) for x in g_logits],
            "grad_mean": [float(x) for x in g_mean],
            "grad_log_sd": [float(x) for x in g_log_sd],
        }
    )
with open("mixture_reference.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(r) for r in out) + "\n]\n")
