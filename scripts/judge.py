#!/usr/bin/env python3
"""Tells synthetic flows from real ones by LightGBM, as a second opinion on the discriminators of `stan evaluate`.

    judge.py SYNTHETIC REAL [REAL ...]     folders of flows, as stan ingest and stan generate write them

Prints the AUC of rows, and of windows of five rows of a host, with and without addresses and ports, and what tells most:
0.5 is not told apart. Up to 1,200 rows or windows of each host, folds by host. Needs numpy, pandas, pyarrow, lightgbm and
scikit-learn.
"""
import glob
import sys

import lightgbm
import numpy
import pandas
import pyarrow.parquet
from sklearn.metrics import roc_auc_score

ROWS_A_HOST, WINDOW, FOLDS = 1200, 5, 5
ROW = ["hour", "gap", "outbound", "proto", "flags", "tos", "duration", "packets", "bytes", "bytes a packet"]
ADDRESS = ["local port", "remote port", "octet 1", "octet 2", "octet 3", "octet 4"]
MARKS = ["same remote", "same local port", "same remote port"]


def octets(address):
    return [int(x) for x in address.split(".")] if "." in address else [-1] * 4


def hosts(folder, random):
    """Yields rows and windows of each host."""
    files = sorted(glob.glob(folder + "/bucket=*/*.parquet"))
    flows = pandas.concat([pyarrow.parquet.read_table(f).to_pandas() for f in files], ignore_index=True)
    for host, g in flows.groupby("host", sort=False):
        if len(g) < 50:
            continue
        end = g["end"].to_numpy().astype("datetime64[us]").astype("int64") / 1e6
        outbound = (g.src_addr == host).to_numpy()
        remote = numpy.where(outbound, g.dst_addr, g.src_addr)
        local_port = numpy.where(outbound, g.src_port, g.dst_port)
        remote_port = numpy.where(outbound, g.dst_port, g.src_port)
        columns = [end % 86400 / 3600, numpy.diff(end, prepend=end[0]), outbound, g.proto, g.tcp_flags, g.tos, g.duration,
                   g.packets, g.bytes, g.bytes / numpy.maximum(g.packets, 1), local_port, remote_port]
        rows = numpy.column_stack([numpy.asarray(c, float) for c in columns] + [numpy.array([octets(a) for a in remote], float)])
        same = [numpy.r_[0, x[1:] == x[:-1]] for x in (remote, local_port, remote_port)]
        marked = numpy.column_stack([rows] + same)
        last = numpy.arange(WINDOW - 1, len(g))
        if len(last) > ROWS_A_HOST:
            last = numpy.sort(random.choice(last, ROWS_A_HOST, replace=False))
        yield rows[last], numpy.column_stack([marked[last - WINDOW + 1 + k] for k in range(WINDOW)])


def judge(real, synthetic, names):
    """Returns the mean AUC over folds, and the features by gain."""
    random = numpy.random.default_rng(1)
    sets = [(x, 1) for x in real] + [(x, 0) for x in synthetic]
    fold = numpy.zeros(len(sets), int)
    for label in (0, 1):
        of = [i for i, (_, y) in enumerate(sets) if y == label]
        random.shuffle(of)
        for k, i in enumerate(of):
            fold[i] = k % FOLDS
    x = numpy.concatenate([x for x, _ in sets])
    y = numpy.concatenate([numpy.full(len(x), label) for x, label in sets])
    f = numpy.concatenate([numpy.full(len(x), k) for (x, _), k in zip(sets, fold)])
    weight = numpy.where(y == 1, 1 / (y == 1).sum(), 1 / (y == 0).sum()) * len(y) / 2
    gain, auc = numpy.zeros(x.shape[1]), []
    for k in range(FOLDS):
        model = lightgbm.LGBMClassifier(n_estimators=150, num_leaves=31, learning_rate=0.08, min_child_samples=40,
                                        colsample_bytree=0.7, subsample=0.8, subsample_freq=1, verbose=-1, n_jobs=1,
                                        random_state=1, importance_type="gain")
        model.fit(x[f != k], y[f != k], sample_weight=weight[f != k])
        auc.append(roc_auc_score(y[f == k], model.predict_proba(x[f == k])[:, 1], sample_weight=weight[f == k]))
        gain += model.feature_importances_
    telling = sorted(zip(gain / gain.sum(), names), reverse=True)[:6]
    return numpy.mean(auc), ", ".join(f"{name} {share:.0%}" for share, name in telling)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    random = numpy.random.default_rng(0)
    real = [h for folder in sys.argv[2:] for h in hosts(folder, random)]
    synthetic = list(hosts(sys.argv[1], random))
    windows = [f"{name} {k + 1}" for k in range(WINDOW) for name in ROW + ADDRESS + MARKS]
    for what, at, names in (("rows", 0, ROW + ADDRESS), ("windows", 1, windows)):
        for title, without in (("", ()), (", no addresses and ports", tuple(ADDRESS + MARKS))):
            keep = [i for i, name in enumerate(names) if not name.startswith(without)] if without else list(range(len(names)))
            auc, telling = judge([h[at][:, keep] for h in real], [h[at][:, keep] for h in synthetic], [names[i] for i in keep])
            print(f"{what + title:32} {auc:.3f}  {telling}", flush=True)


if __name__ == "__main__":
    main()
