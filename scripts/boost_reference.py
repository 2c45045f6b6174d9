#!/usr/bin/env python3
"""Writes evaluate/boost/testdata: a small data set and what scikit-learn makes of it, for the tests of the package.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 scikit-learn==1.9.1
    venv/bin/python scripts/boost_reference.py
"""

import csv
import json
import os

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import f1_score, log_loss, mean_squared_error, roc_auc_score

FOLDER = os.path.join(os.path.dirname(__file__), "..", "evaluate", "boost", "testdata")
ROWS, TRAIN = 2400, 1600


def data(random):
    """Six features, two of them with missing values; three kinds of labels that depend on them."""
    a, b, c = (random.normal(size=ROWS) for _ in range(3))
    size = np.round(np.exp(random.normal(3, 1.5, ROWS)))
    kind = random.integers(0, 12, ROWS)
    flag = random.integers(0, 3, ROWS)
    lucky = np.isin(kind, [2, 5, 11])
    score = 1.2 * np.abs(a + 0.5 * b) + 0.5 * b + np.where(lucky, 1.0, -0.5) + np.sin(2 * c) + 0.3 * np.log1p(size) * (flag == 1)
    gone = random.random(ROWS) < np.where(score > 0.5, 0.3, 0.1)  # being missing tells something
    binary = (score + random.logistic(size=ROWS) * 0.5 > 0.3).astype(int)
    classes = np.digitize(score + random.normal(size=ROWS) * 0.4, [-0.8, 0.4, 1.5])
    number = 10 * score + random.normal(size=ROWS) * 3
    a = np.where(gone, np.nan, a)
    c = np.where(random.random(ROWS) < 0.1, np.nan, c)
    x = np.column_stack([a, b, c, size, kind, flag]).round(4)
    return x, binary, classes, number.round(4)


def main():
    random = np.random.default_rng(1)
    x, binary, classes, number = data(random)
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, "data.csv"), "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["a", "b", "c", "size", "kind", "flag", "binary", "class", "number"])
        for row, *labels in zip(x, binary, classes, number):
            out.writerow(["" if np.isnan(v) else f"{v:g}" for v in row] + [f"{v:g}" for v in labels])

    settings = {"max_iter": 60, "max_leaf_nodes": 15, "early_stopping": False}
    train, test = slice(0, TRAIN), slice(TRAIN, None)
    expected = {"train": TRAIN, "rounds": 60, "leaves": 15}
    model = HistGradientBoostingClassifier(**settings).fit(x[train], binary[train])
    p = model.predict_proba(x[test])
    expected["auc"] = roc_auc_score(binary[test], p[:, 1])
    expected["log_loss"] = log_loss(binary[test], p)
    model = HistGradientBoostingClassifier(**settings).fit(x[train], classes[train])
    expected["macro_f1"] = f1_score(classes[test], model.predict(x[test]), average="macro")
    expected["multiclass_log_loss"] = log_loss(classes[test], model.predict_proba(x[test]))
    model = HistGradientBoostingRegressor(**settings).fit(x[train], number[train])
    expected["mse"] = mean_squared_error(number[test], model.predict(x[test]))

    # Figures of metrics alone, from scores with ties and classes of unequal size.
    scores = np.round(random.normal(size=300) + 0.5 * binary[:300], 1)
    predicted = np.where(random.random(300) < 0.6, classes[:300], random.integers(0, 6, 300))
    expected["metrics"] = {
        "scores": scores.tolist(),
        "positive": binary[:300].astype(bool).tolist(),
        "auc": roc_auc_score(binary[:300], scores),
        "predicted": predicted.tolist(),
        "actual": classes[:300].tolist(),
        "macro_f1": f1_score(classes[:300], predicted, average="macro"),
        "mse": mean_squared_error(classes[:300], scores),
    }
    with open(os.path.join(FOLDER, "expected.json"), "w") as file:
        json.dump(expected, file)
        file.write("\n")


main()
