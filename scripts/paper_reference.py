#!/usr/bin/env python3
"""Writes the figures that package torchmodel/paper is tested against: torchmodel/paper/testdata/bins.json.

Mixtures of Gaussians, and the negative log-likelihood of the bin of width 1/200 around a value, by scipy.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 scipy==1.17.1
    venv/bin/python scripts/paper_reference.py > torchmodel/paper/testdata/bins.json
"""
import json

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

g = np.random.default_rng(1)
cases = []
for mixtures in (2, 10):
    for value in (0.0, 0.31, 0.5, 0.999, 1.0):
        logits = g.normal(0, 2, mixtures).astype(np.float32)
        mean = g.uniform(-0.1, 1.1, mixtures).astype(np.float32)
        log_sd = g.uniform(-6, 0, mixtures).astype(np.float32)
        z = (value + np.array([[-1], [1]]) / 400 - mean.astype(float)) / np.exp(log_sd.astype(float))
        # Of the two tails the one that holds the bin, in log space: no digit is lost far from a mean.
        z = np.where(z[0] > 0, -z[::-1], z)
        inside = norm.logcdf(z[1]) + np.log1p(-np.exp(norm.logcdf(z[0]) - norm.logcdf(z[1])))
        nll = -logsumexp(logits.astype(float) - logsumexp(logits.astype(float)) + inside)
        cases.append({"value": value, "logits": logits.tolist(), "mean": mean.tolist(), "log_sd": log_sd.tolist(), "nll": nll})
print(json.dumps(cases, indent=1))
