#!/usr/bin/env python3
"""Writes the reference figures that package evaluate is tested against: evaluate/testdata/reference.

Two small sets of made-up flows, real.csv and synthetic.csv, and expected.json: the measures of both computed here a
second time, with numpy, scipy, scikit-learn and statsmodels, from the definitions in docs/format/evaluation.md and from no Go code.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 statsmodels==0.15.0
    venv/bin/python scripts/evaluate_reference.py evaluate/testdata/reference
"""
import csv
import ipaddress
import json
import functools
import itertools
import math
import sys
from collections import Counter

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.special import kolmogorov
from scipy.stats import entropy, ks_2samp, rankdata, wasserstein_distance
from sklearn.metrics import normalized_mutual_info_score
from statsmodels.tsa.stattools import acf

COLUMNS = "host,start,end,src_addr,dst_addr,src_port,dst_port,proto,tcp_flags,tos,packets,bytes".split(",")
DAY = 1_700_006_400_000_000  # 2023-11-15 00:00 UTC, µs
HOUR = 3_600_000_000


def make(seed, hosts, rows, peers):
    """Returns flows of the columns above: hosts that talk to a few peers each, with replies, and some broken rows."""
    g = np.random.default_rng(seed)
    flows = []
    for h in range(hosts):
        host = f"10.1.{seed}.{h + 1}" if h else f"10.2.{seed}.1"  # the first lies outside the internal network
        mine = [f"{g.integers(1, 255)}.{g.integers(0, 256)}.7.{i}" for i in range(peers)]
        mine += ["2001:db8::5", "10.1.0.9", host]
        time = DAY + int(g.integers(0, 6)) * HOUR
        reply = None
        for _ in range(rows + 20 * h):
            time -= 5000 if g.random() < 0.01 else 0
            time += int(g.choice([0, 0, 1000, 137_000, 2_000_000, 60_000_000 * (h + 1)])) + int(g.integers(0, 3)) * 1000
            if reply is not None and g.random() < 0.5:
                src, dst, sport, dport, proto = reply[1], reply[0], reply[3], reply[2], reply[4]
                reply = None
            else:
                peer = mine[int(g.integers(0, len(mine)))]
                proto = int(g.choice([6, 6, 6, 17, 17, 1, 47, 58]))
                service = int(g.choice([80, 443, 53, 25, 137, 8080, 30000, 0]))
                own = int(g.integers(1024, 65536))
                src, dst, sport, dport = host, peer, own, service
                if proto in (1, 58):
                    sport, dport = 0, 2048
                elif proto == 47 and g.random() < 0.9:
                    sport, dport = 0, 0
                if g.random() < 0.3:
                    src, dst, sport, dport = dst, src, dport, sport
                reply = (src, dst, sport, dport, proto)
            packets = int(g.choice([0, 1, 1, 1, 2, 5, 40, 1000]))
            size = int(g.choice([19, 28, 40, 41, 60, 576, 1500, 70000], p=[.02, .05, .3, .1, .2, .2, .12, .01]))
            duration = 0 if packets <= 1 and g.random() < 0.95 else int(g.choice([0, 4, 100, 5000, 400_000])) * 1000
            flows.append([host, time - duration, time, src, dst, sport, dport, proto,
                          int(g.choice([0, 2, 3, 18, 24, 27])) if g.random() < 0.9 else 0, int(g.choice([0, 0, 40, 184])),
                          packets, packets * size + int(g.integers(0, 3))])
    return flows


def v4(address):
    return ipaddress.ip_address(address).version == 4


def octets(address):
    return list(ipaddress.ip_address(address).packed[:4])


def log_bin(v):
    """Exact below 128, then 16 bins a doubling, numbered by their lower end (any one-to-one numbering will do)."""
    if v < 128:
        return v
    width = 2 ** (v.bit_length() - 1) // 16
    return v // width * width


def log_bin_middle(v):
    width = max(1, 2 ** (max(v, 1).bit_length() - 1) // 16) if v >= 128 else 1
    return v // width * width + (width - 1) / 2


NAMED = [1080, 1194, 1433, 1434, 1521, 1701, 1723, 1812, 1813, 1883, 1900, 2049, 2082, 2083, 2086, 2087, 2095, 2096, 3074,
         3128, 3306, 3389, 3478, 4500, 5060, 5061, 5222, 5228, 5353, 5432, 5900, 6379, 6667, 6881, 8000, 8080, 8081, 8333,
         8443, 8888, 9000, 9090, 9200, 11211, 25565, 27017, 51413]


def port_bin(row, port):
    if row["proto"] in (1, 58):
        return "icmp", row["dst_port"] // 256
    if row["proto"] not in (6, 17, 33, 132, 136):
        return "none"
    return port if port < 1024 or port in NAMED else ("from", port // 1024)


class Rows(list):
    """A list that stands for itself, so that what is worked out of it can be kept."""
    __hash__ = object.__hash__


def table(flows):
    """Adds what a host sees to each row."""
    rows, before = [], None
    for f in flows:
        r = dict(zip(COLUMNS, f))
        r["out"] = r["src_addr"] == r["host"]
        r["remote"] = r["dst_addr"] if r["out"] else r["src_addr"]
        r["lport"], r["rport"] = (r["src_port"], r["dst_port"]) if r["out"] else (r["dst_port"], r["src_port"])
        r["before"] = before if before and before["host"] == r["host"] else None
        r["gap"] = r["end"] - r["before"]["end"] if r["before"] else None
        r["talk"] = (r["remote"], r["lport"], r["rport"], r["proto"])
        rows.append(r)
        before = r
    return Rows(rows)


def hour(r):
    return r["end"] // HOUR % 24


ATTRIBUTES = {
    "gap": lambda r: None if r["gap"] is None else log_bin(max(r["gap"], 0) // 1000),
    "duration": lambda r: log_bin((r["end"] - r["start"]) // 1000),
    "packets": lambda r: log_bin(r["packets"]),
    "bytes": lambda r: log_bin(r["bytes"]),
    "bytes_per_packet": lambda r: log_bin(r["bytes"] // r["packets"]) if r["packets"] else None,
    "protocol": lambda r: r["proto"],
    "direction": lambda r: r["out"],
    "tcp_flags": lambda r: r["tcp_flags"],
    "tos": lambda r: r["tos"],
    "local_port": lambda r: port_bin(r, r["lport"]),
    "remote_port": lambda r: port_bin(r, r["rport"]),
    "octet1": lambda r: (v4(r["remote"]), octets(r["remote"])[0]),
    "octet2": lambda r: (v4(r["remote"]), octets(r["remote"])[1]),
    "octet3": lambda r: (v4(r["remote"]), octets(r["remote"])[2]),
    "octet4": lambda r: (v4(r["remote"]), octets(r["remote"])[3]),
    "hour": hour,
}


def ln(x):
    return math.log(x) if x > 0 else 0


def port_class(p):
    return p if p < 1024 else 1024 + (p - 1024) // 100


PAPER = {
    "gap": lambda r: None if r["gap"] is None else r["gap"] / 1e6 / 1430,
    "duration": lambda r: (r["end"] - r["start"]) / 1e6 / 363,
    "packets": lambda r: ln(r["packets"]) / 12.83,
    "bytes": lambda r: ln(r["bytes"]) / 20.129,
    "protocol": lambda r: {6: 0, 17: 1 / 3}.get(r["proto"], 2 / 3),
    "direction": lambda r: r["out"] / 2,
    "local_port": lambda r: port_class(r["lport"]) / 1670,
    "remote_port": lambda r: port_class(r["rport"]) / 1670,
    "octet1": lambda r: octets(r["remote"])[0] / 256,
    "octet2": lambda r: octets(r["remote"])[1] / 256,
    "octet3": lambda r: octets(r["remote"])[2] / 256,
    "octet4": lambda r: octets(r["remote"])[3] / 256,
    "hour": lambda r: hour(r) / 24,
}


def divergence(a, b):
    """Of two lists of values: the square of scipy's distance."""
    values = sorted(set(a) | set(b), key=repr)
    place = {v: i for i, v in enumerate(values)}
    p = np.bincount([place[v] for v in a], minlength=len(values))
    q = np.bincount([place[v] for v in b], minlength=len(values))
    return float(jensenshannon(p, q, base=2) ** 2)


def paper_divergence(a, b):
    edges = np.linspace(0, 1, 305)
    p, _ = np.histogram(np.clip(a, 0, 1), edges)
    q, _ = np.histogram(np.clip(b, 0, 1), edges)
    return float(jensenshannon(p + 1, q + 1, base=2) ** 2)


# Earth mover's distance is in ln(1 + v); the gap counts in seconds.
MOVED = {
    "gap": lambda r: None if r["gap"] is None else math.log1p(log_bin_middle(max(r["gap"], 0) // 1000) / 1000),
    "duration": lambda r: math.log1p(log_bin_middle((r["end"] - r["start"]) // 1000)),
    "packets": lambda r: math.log1p(log_bin_middle(r["packets"])),
    "bytes": lambda r: math.log1p(log_bin_middle(r["bytes"])),
}

ATOMS = {
    "duration": lambda r: (r["end"] - r["start"]) // 1000,
    "packets": lambda r: r["packets"],
    "bytes": lambda r: r["bytes"],
    "bytes_per_packet": lambda r: r["bytes"] // r["packets"] if r["packets"] else None,
}


def present(f, rows):
    return [f(r) for r in rows if f(r) is not None]


def atoms(f, real, other):
    """The shares in other of real's 20 commonest values."""
    common = sorted(Counter(present(f, real)).items(), key=lambda item: (-item[1], item[0]))[:20]
    counts = Counter(present(f, other))
    return np.array([counts[value] for value, _ in common]) / counts.total()


def internal(address):
    return ipaddress.ip_address(address) in ipaddress.ip_network("10.1.0.0/16") if v4(address) else False


def uses(r, low, high):
    return r["proto"] not in (1, 58) and any(low <= p <= high for p in (r["src_port"], r["dst_port"]))


def header(r):
    base = 20 if v4(r["src_addr"]) else 40
    return base + {6: 20, 17: 8, 1: 8, 58: 8}.get(r["proto"], 0)


def reserved(address):
    first = octets(address)[0]
    return (first in (0, 127) or first >= 240) if v4(address) else int(ipaddress.ip_address(address)) < 2


def ported(r):
    return r["proto"] in (6, 17, 33, 132, 136)


RULES = {
    "no_internal": lambda r: not internal(r["src_addr"]) and not internal(r["dst_addr"]),
    "web_not_tcp": lambda r: r["proto"] != 6 and (uses(r, 80, 80) or uses(r, 443, 443)),
    "dns_not_udp": lambda r: r["proto"] != 17 and uses(r, 53, 53),
    "source_multicast": lambda r: ipaddress.ip_address(r["src_addr"]).is_multicast,
    "source_reserved": lambda r: reserved(r["src_addr"]),
    "netbios_external": lambda r: uses(r, 137, 139) and not (internal(r["src_addr"]) and internal(r["dst_addr"])),
    "bytes_paper": lambda r: not 41 * r["packets"] <= r["bytes"] <= 65536 * r["packets"],
    "bytes_header": lambda r: r["bytes"] < header(r) * r["packets"],
    "bytes_maximum": lambda r: r["bytes"] > 65535 * r["packets"],
    "no_packets": lambda r: r["packets"] == 0,
    "one_packet_lasts": lambda r: r["packets"] == 1 and r["end"] != r["start"],
    "ports_without": lambda r: not ported(r) and (r["src_port"] != 0 or r["dst_port"] != 0 and r["proto"] not in (1, 58)),
    "port_zero": lambda r: r["proto"] in (6, 17) and 0 in (r["src_port"], r["dst_port"]),
    "flags_not_tcp": lambda r: r["tcp_flags"] != 0 and r["proto"] != 6,
    "tcp_no_flags": lambda r: r["tcp_flags"] == 0 and r["proto"] == 6,
    "syn_and_end": lambda r: r["proto"] == 6 and r["packets"] == 1 and r["tcp_flags"] & 2 and r["tcp_flags"] & 5,
    "ip_versions": lambda r: v4(r["src_addr"]) != v4(r["dst_addr"]) or r["proto"] == (58 if v4(r["src_addr"]) else 1),
    "to_itself": lambda r: r["src_addr"] == r["dst_addr"],
    "time_back": lambda r: r["gap"] is not None and r["gap"] < 0 or r["end"] < r["start"],
}


SERVICES = [(20, 21, 22, 23), (25, 465, 587), (53,), (80, 8000, 8080), (443, 8443), (110, 143, 993, 995), (123,),
            (137, 138, 139, 445), (3389, 5900)]


def port_kind(r, port):
    if not ported(r):
        return "none"
    for ports in SERVICES:
        if port in ports:
            return ports
    return "from", sum(port >= edge for edge in (1024, 4096, 16384, 32768, 49152))


def doublings(v, below, most):
    """0 below `below`, then a bin for each doubling, up to `most`."""
    return min(most, sum(v >= below * 2 ** k for k in range(64)))


def fourfolds(v):
    """0 for 0, then a bin for each factor of four."""
    return min(15, sum(v >= 4 ** k for k in range(32)))


# Coarse bins for pairs of attributes.
PAIRED = {
    "gap": lambda r: None if r["gap"] is None else fourfolds(max(r["gap"], 0) // 1000),
    "duration": lambda r: fourfolds((r["end"] - r["start"]) // 1000),
    "packets": lambda r: doublings(r["packets"], 1, 15),
    "bytes": lambda r: doublings(r["bytes"], 32, 15),
    "bytes_per_packet": lambda r: min(15, r["bytes"] // r["packets"] // 100) if r["packets"] else None,
    "protocol": lambda r: {6: 6, 17: 17, 1: 1, 58: 1}.get(r["proto"], 0),
    "direction": lambda r: r["out"],
    "tcp_flags": lambda r: [bool(r["tcp_flags"] & f) for f in (1, 2, 4, 16)],
    "tos": lambda r: r["tos"] // 32,
    "local_port": lambda r: port_kind(r, r["lport"]),
    "remote_port": lambda r: port_kind(r, r["rport"]),
    "octet1": lambda r: octets(r["remote"])[0] // 16 if v4(r["remote"]) else 15,
    "hour": lambda r: hour(r) // 2,
}


def numbered(values):
    names = {}
    return [names.setdefault(repr(v), len(names)) for v in values]


@functools.cache
def information(rows, lag):
    """The matrix of normalised mutual information of attributes with those of the same row, or of the row before."""
    names = list(PAIRED)
    pairs = [(r, r["before"] if lag else r) for r in rows if r["before"] or not lag]
    matrix = np.zeros((len(names), len(names)))
    first = {a: [PAIRED[a](now) for now, _ in pairs] for a in names}
    second = {b: [PAIRED[b](then) for _, then in pairs] for b in names}
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            both = list(zip(first[a], second[b]))
            both = [(x, y) for x, y in both if x is not None and y is not None]
            x, y = numbered([x for x, _ in both]), numbered([y for _, y in both])
            matrix[i, j] = normalized_mutual_info_score(x, y)
    return matrix


def pairs_mean(matrix, lag):
    return float(matrix.mean() if lag else matrix[np.tril_indices(len(matrix), -1)].mean())


def by_host(rows):
    hosts = {}
    for r in rows:
        hosts.setdefault(r["host"], []).append(r)
    return list(hosts.values())


def mean_acf(series):
    """Mean over hosts; series of fewer than 64 values or without variance are left out."""
    fit = [s for s in series if len(s) >= 64 and np.var(s) > 0]
    return np.mean([acf(s, nlags=20, adjusted=False, fft=False)[1:] for s in fit], axis=0)


def bytes_acf(rows):
    return mean_acf([[math.log1p(r["bytes"]) for r in h] for h in by_host(rows)])


def gaps_acf(rows):
    return mean_acf([[math.log1p(max(r["gap"], 0) / 1e6) for r in h[1:]] for h in by_host(rows)])


def tie(r):
    b = r["before"]
    if r["remote"] != b["remote"]:
        kind = "none"
    elif r["talk"] != b["talk"]:
        kind = "remote"
    else:
        kind = "same" if r["out"] == b["out"] else "reverse"
    return kind, (max(r["gap"], 0) // 1000).bit_length()


def service(r):
    known = [p for p in (r["src_port"], r["dst_port"]) if p < 1024 or p in NAMED]
    if r["proto"] in (1, 58):
        return r["proto"], r["dst_port"] // 256
    if not ported(r):
        return r["proto"], 0
    return r["proto"], min(known or (r["src_port"], r["dst_port"]))


RUNS = {"remote": lambda r: r["remote"], "service": service, "protocol": lambda r: r["proto"]}


def runs(rows, kind):
    """The lengths of the runs of rows of a host that are of one kind."""
    return [len(list(run)) for h in by_host(rows) for _, run in itertools.groupby(h, kind)]


def sessions(rows):
    """For each host, the flows of its sessions."""
    out = []
    for h in by_host(rows):
        starts = [i for i, r in enumerate(h) if r["gap"] is None or r["gap"] > 60_000_000] + [len(h)]
        out.append(np.diff(starts))
    return out


def length_bin(n):
    """Half doublings, numbered by their lower end."""
    width = max(1, 2 ** (int(n).bit_length() - 2))
    return n // width * width


def hour_shares(rows):
    return np.mean([np.bincount([hour(r) for r in h], minlength=24) / len(h) for h in by_host(rows)], axis=0)


def met(rows):
    """For each host, how often it meets each remote address, local port and remote port."""
    return {name: [np.array(list(Counter(r[key] for r in h if key == "remote" or ported(r)).values())) for h in by_host(rows)]
            for name, key in (("remote", "remote"), ("local_port", "lport"), ("remote_port", "rport"))}


def figures(rows):
    """What a host has, for all hosts."""
    out = {name + "s": [len(n) for n in hosts] for name, hosts in met(rows).items()}
    out["flows"] = [len(h) for h in by_host(rows)]
    out["bytes"] = [sum(r["bytes"] for r in h) for h in by_host(rows)]
    out["sessions"] = [len(s) for s in sessions(rows)]
    return out


def p_values(a, b):
    """Of the Kolmogorov-Smirnov tests: the limit distribution with Stephens' correction."""
    fa, fb, out = figures(a), figures(b), {}
    for name in fa:
        m, n = len(fa[name]), len(fb[name])
        size = math.sqrt(m * n / (m + n))
        out["ks_" + name] = float(kolmogorov((size + 0.12 + 0.11 / size) * ks_2samp(fa[name], fb[name]).statistic))
    return out


def hour_ranks(rows):
    return np.sum([rankdata([sum(hour(r) == k for r in h) for k in range(24)]) for h in by_host(rows)], axis=0)


def waves(hours):
    """The part of values by hour that repeats every 24, 12 and 8 hours."""
    spectrum = np.fft.rfft(hours)
    spectrum[0] = spectrum[4:] = 0
    return np.fft.irfft(spectrum, 24)


def values(rows, real):
    """Every measure that one set has a value of."""
    hosts, followers = by_host(rows), [r for r in rows if r["before"]]
    out = {"rule_" + name: float(np.mean([bool(broken(r)) for r in rows])) for name, broken in RULES.items()}
    out["acf_bytes"], out["acf_gaps"] = float(bytes_acf(rows)[0]), float(gaps_acf(rows)[0])
    first, last = min(r["end"] for r in rows) // HOUR, max(r["end"] for r in rows) // HOUR
    spread = []
    for h in hosts:
        n = np.bincount([r["end"] // HOUR - first for r in h], minlength=last - first + 1)
        spread.append(n.std() / n.mean())
    out["host_hour_dispersion"] = float(np.median(spread))
    for name, p in (("q10", 0.1), ("median", 0.5), ("q90", 0.9)):
        out["flows_per_host_" + name] = float(np.quantile([len(h) for h in hosts], p))
    back = {1: 0, 5: 0, 20: 0}
    talks = 0
    for h in hosts:
        recent = []  # different conversations, latest first
        for i, r in enumerate(h):
            for n in back:
                back[n] += i > 0 and r["remote"] in [b["remote"] for b in h[max(0, i - n):i]]
            talks += r["talk"] in recent
            recent = [r["talk"]] + [t for t in recent if t != r["talk"]]
            recent = recent[:16]
    for n, count in back.items():
        out[f"repeat_remote_{n}"] = count / len(followers)
    out["repeat_conversation_16"] = talks / len(followers)
    out["reverse_previous"] = float(np.mean([tie(r)[0] == "reverse" for r in followers]))
    out["direction_flips"] = float(np.mean([r["out"] != r["before"]["out"] for r in followers]))
    out["both_internal"] = float(np.mean([internal(r["src_addr"]) and internal(r["dst_addr"]) for r in rows]))
    for name, counts in met(rows).items():
        counts = [n for n in counts if len(n)]
        out[name + "s_per_host"] = float(np.median(figures(rows)[name + "s"]))
        out["top_" + name] = float(np.median([n.max() / n.sum() for n in counts]))
        out["evenness_" + name] = float(np.median([entropy(n) / math.log(len(n)) if len(n) > 1 else 0 for n in counts]))
    for name, kind in RUNS.items():
        out["run_" + name] = float(np.mean(runs(rows, kind)))
    out["session_flows"] = float(np.mean(np.concatenate(sessions(rows))))
    out["sessions_per_host"] = float(np.median([len(s) for s in sessions(rows)]))
    for name in ("service", "protocol"):
        out[f"repeat_{name}_1"] = float(np.mean([RUNS[name](r) == RUNS[name](r["before"]) for r in followers]))
    volumes = Counter()
    for r in rows:
        volumes[r["remote"]] += r["bytes"]
    v = np.sort(list(volumes.values()))
    tail = len(v) // 10
    out["volume_exponent"] = float(1 + 1 / np.mean(np.log(v[-tail:] / v[-tail - 1])))
    for name, f in ATOMS.items():
        out["atoms_" + name] = float(atoms(f, real, rows).sum())
    out["pairs_same"], out["pairs_lag"] = (pairs_mean(information(rows, lag), lag) for lag in (False, True))
    return out


def differences(a, b):
    """Every measure that compares two sets without a value in each."""
    out = {}
    for name, f in ATTRIBUTES.items():
        out["js_" + name] = divergence([f(r) for r in a if f(r) is not None], [f(r) for r in b if f(r) is not None])
    out["js_mean"] = float(np.mean(list(out.values())))
    papers = {}
    for name, f in PAPER.items():
        papers["js_paper_" + name] = paper_divergence([f(r) for r in a if f(r) is not None],
                                                      [f(r) for r in b if f(r) is not None])
    out |= papers
    out["js_paper_mean"] = float(np.mean(list(papers.values())))
    for name, f in MOVED.items():
        out["emd_" + name] = float(wasserstein_distance(present(f, a), present(f, b)))
    out["emd_mean"] = float(np.mean([out["emd_" + name] for name in MOVED]))
    for name, f in ATOMS.items():
        out["atoms_" + name] = float(np.abs(atoms(f, a, a) - atoms(f, a, b)).mean())
    va, vb = values(a, a), values(b, a)
    out["rules_excess"] = float(np.mean([max(0, vb[n] - va[n]) for n in va if n.startswith("rule_")]))
    same, lag = (np.abs(information(a, lag) - information(b, lag)) for lag in (False, True))
    out["pairs_same"], out["pairs_lag"] = pairs_mean(same, False), pairs_mean(lag, True)
    for i, name in enumerate(PAIRED):
        out["pairs_" + name] = float(np.mean(np.concatenate([np.delete(same[i], i), lag[i], np.delete(lag[:, i], i)])))
    out["acf_bytes"] = float(np.abs(bytes_acf(a) - bytes_acf(b)).mean())
    out["acf_gaps"] = float(np.abs(gaps_acf(a) - gaps_acf(b)).mean())
    out["js_gap_tie"] = divergence([tie(r) for r in a if r["before"]], [tie(r) for r in b if r["before"]])
    out["hour_profile"] = float(1 - np.corrcoef(waves(hour_ranks(a)), waves(hour_ranks(b)))[0, 1])
    out["hour_shares"] = float(np.abs(hour_shares(a) - hour_shares(b)).sum() / 2)
    repeats = ["repeat_remote_1", "repeat_service_1", "repeat_protocol_1", "direction_flips"]
    out["temporal_mean"] = float(np.mean([out["acf_bytes"], out["acf_gaps"], out["hour_shares"]]
                                         + [abs(va[n] - vb[n]) for n in repeats]))
    for name, kind in RUNS.items():
        out["run_" + name] = divergence([length_bin(n) for n in runs(a, kind)], [length_bin(n) for n in runs(b, kind)])
    out["session_flows"] = divergence(*([length_bin(n) for n in np.concatenate(sessions(s))] for s in (a, b)))
    fa, fb = figures(a), figures(b)
    for name in fa:
        out["ks_" + name] = float(ks_2samp(fa[name], fb[name]).statistic)
    return out


def main(folder):
    sets = {"real": make(1, 6, 150, 18), "synthetic": make(2, 5, 130, 23)}
    for name, flows in sets.items():
        with open(f"{folder}/{name}.csv", "w", newline="") as f:
            csv.writer(f, lineterminator="\n").writerows([COLUMNS] + flows)
    real, synthetic = table(sets["real"]), table(sets["synthetic"])
    expected = {"real": values(real, real), "synthetic": values(synthetic, real), "difference": differences(real, synthetic),
                "p_value": p_values(real, synthetic)}
    with open(f"{folder}/expected.json", "w") as f:
        json.dump(expected, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
