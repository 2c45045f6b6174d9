#!/usr/bin/env python3
"""Makes captures of other kinds of UGR'16's, a host a file, gzipped CSV in and CSV out.

    other_data.py ipv6 OUT FILE...        IPv6 addresses: 42.219.1.2 becomes 2001:db8:2adb:102::1, its /16 a /48
    other_data.py mixed OUT FILE...       the same for every other host, without flows between the two families
    other_data.py ctu13 OUT FILE...   bidirectional records as Argus wrote those of CTU-13
    other_data.py attacks OUT FILE...     three kinds of attack as in UGR'16, three hosts in four have one of them

Prints nothing; attacks take 5, 10 or 15 % of a host's flows and carry their kind as label.
"""
import csv
import datetime
import functools
import gzip
import ipaddress
import os
import random
import sys

INTERNAL = "42.219."
HEADER = "te,td,sa,da,sp,dp,pr,flg,fwd,stos,pkt,byt,lable".split(",")
BINETFLOW = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label".split(",")
ICMPV6 = {0: 129, 3: 1, 8: 128, 11: 3}  # types of ICMP (RFC 792) and of ICMPv6 (RFC 4443)
ANSWER_TIME = 60  # s after which a reply is a record of its own
ATTACKS = ("scan11", "dos", "anomaly-spam", None)
RATES = (0.05, 0.10, 0.15)


def read(path):
    with gzip.open(path, "rt") as f:
        return list(csv.DictReader(f))


def write(path, header, rows):
    with open(path, "w", newline="") as f:
        w = csv.DictWriter(f, header, lineterminator="\n")
        w.writeheader()
        w.writerows(rows)


@functools.cache
def six(address):
    if ":" in address:
        return address
    a = ipaddress.ip_address(address).packed
    return str(ipaddress.ip_address(f"2001:db8:{a[0]:02x}{a[1]:02x}:{a[2]:02x}{a[3]:02x}::1"))


def ipv6(row):
    """The same flow over IPv6: a header of 40 bytes, not 20, and ICMPv6."""
    out = dict(row, sa=six(row["sa"]), da=six(row["da"]), byt=min(int(row["byt"]) + 20 * int(row["pkt"]), 1500 * int(row["pkt"])))
    if row["pr"] == "ICMP":
        kind, code = divmod(int(row["dp"]), 256)
        out.update(pr="ICMP6", dp=ICMPV6.get(kind, 1) * 256 + (0 if kind not in (3, 11) else min(code, 6)))
    return out


def is_six(host):
    """Every other host of the mixed set has IPv6."""
    return int(host.rsplit(".", 1)[1]) % 2 == 1


def mixed(rows):
    for r in rows:
        ends = {is_six(a) for a in (r["sa"], r["da"]) if a.startswith(INTERNAL)}
        if len(ends) == 1:
            yield ipv6(r) if ends.pop() else r


def started(row):
    end = datetime.datetime.strptime(row["te"], "%Y-%m-%d %H:%M:%S")
    return end - datetime.timedelta(milliseconds=round(1000 * float(row["td"])))


def frames(row):
    """Argus counts whole Ethernet frames, none below 60 bytes."""
    return max(int(row["byt"]) + 14 * int(row["pkt"]), 60 * int(row["pkt"]))


def letters(row):
    return "".join(x for x in "FSRPAUEC" if x in row["flg"])


def binetflow(rows):
    """Joins each flow with the reply that starts soon after it."""
    records, waiting = [], {}
    for start, r in sorted(((started(r), r) for r in rows), key=lambda x: x[0]):
        if r["pr"] not in ("TCP", "UDP"):
            records.append((start, r, None))
            continue
        key = (r["pr"], r["sa"], r["sp"], r["da"], r["dp"])
        asked = waiting.pop((r["pr"], r["da"], r["dp"], r["sa"], r["sp"]), None)
        if asked is not None and (start - records[asked][0]).total_seconds() < ANSWER_TIME:
            records[asked] = (records[asked][0], records[asked][1], r)
        else:
            waiting[key] = len(records)
            records.append((start, r, None))
    for start, r, reply in records:
        icmp = r["pr"] == "ICMP"
        last = max((started(x) + datetime.timedelta(seconds=float(x["td"])) for x in (r, reply) if x), default=start)
        tcp = f"{letters(r)}_{letters(reply) if reply else ''}"
        yield {
            "StartTime": start.strftime("%Y/%m/%d %H:%M:%S.%f"), "Dur": f"{(last - start).total_seconds():.6f}",
            "Proto": r["pr"].lower(), "SrcAddr": r["sa"], "DstAddr": r["da"], "Dir": "  <->" if reply else "   ->",
            "Sport": f"0x{int(r['dp']) % 256 * 256 + int(r['dp']) // 256:04x}" if icmp else r["sp"], "Dport": "" if icmp else r["dp"],
            "State": tcp if r["pr"] == "TCP" else "CON" if reply else "INT", "sTos": r["stos"], "dTos": reply["stos"] if reply else "",
            "TotPkts": int(r["pkt"]) + (int(reply["pkt"]) if reply else 0), "TotBytes": frames(r) + (frames(reply) if reply else 0),
            "SrcBytes": frames(r), "Label": "flow=Background" if r["lable"] == "background" else "flow=From-Blacklist",
        }


def attack(kind, host, n, draw):
    """n flows of an attack on the host, or from it; asked and answered."""
    def flow(second, out, other, local, remote, flags, packets, size, lasts):
        a, b = ((host, local), (other, remote)) if out else ((other, remote), (host, local))
        at = datetime.datetime(2016, 4, 11) + datetime.timedelta(seconds=min(int(second), 86399))
        return dict(zip(HEADER, (at, f"{lasts:.3f}", a[0], b[0], a[1], b[1], "TCP", flags, 0, 0, packets, size, kind)))

    rows, begin, ports = [], draw.randrange(3600, 80000), draw.sample(range(1, 20000), 6000)
    other = f"198.51.100.{draw.randrange(1, 6)}"
    while len(rows) < n:
        high = draw.randrange(32768, 61000)
        if kind == "scan11":  # one attacker, many ports, as fast as it goes
            port, second = ports[len(rows) % len(ports)], begin + len(rows) / 4
            rows.append(flow(second, False, other, port, high, "....S.", 1, 44, 0))
            if draw.random() < 0.5:
                rows.append(flow(second, True, other, port, high, ".A.R..", 1, 40, 0))
        elif kind == "dos":  # few attackers, one service
            second = begin + draw.choice((0, 900, 1800)) + 180 * draw.random()
            packets = draw.randrange(3, 6)
            rows.append(flow(second, False, other, 80, high, "....S.", packets, 256 * packets, 0.004 * draw.randrange(500, 1000)))
        else:  # the host writes to many mail servers all day
            second, server = draw.randrange(3600, 86000), f"203.0.113.{draw.randrange(1, 250)}"
            packets, lasts = draw.randrange(8, 25), 0.004 * draw.randrange(200, 3000)
            rows.append(flow(second, True, server, high, 25, ".AP.SF", packets, packets * draw.randrange(60, 900), lasts))
            rows.append(flow(second, False, server, high, 25, ".AP.SF", packets, packets * draw.randrange(50, 80), lasts))
    return rows[:n]


def attacks(rows, index):
    kind, share = ATTACKS[index % len(ATTACKS)], RATES[index // len(ATTACKS) % len(RATES)]
    background = [dict(r, lable="background") for r in rows]
    if kind is None:
        return background
    host = next(r[a] for r in rows for a in ("sa", "da") if r[a].startswith(INTERNAL))
    return background + attack(kind, host, round(len(rows) * share / (1 - share)), random.Random(index))


def main(arguments):
    if len(arguments) < 3 or arguments[0] not in ("ipv6", "mixed", "ctu13", "attacks"):
        sys.exit(__doc__)
    kind, out = arguments[:2]
    os.makedirs(out, exist_ok=True)
    for index, path in enumerate(sorted(arguments[2:])):
        rows = read(path)
        made = {"ipv6": lambda: map(ipv6, rows), "mixed": lambda: mixed(rows), "ctu13": lambda: binetflow(rows),
                "attacks": lambda: attacks(rows, index)}[kind]()
        write(os.path.join(out, os.path.basename(path).removesuffix(".gz")), BINETFLOW if kind == "ctu13" else HEADER, made)


if __name__ == "__main__":
    main(sys.argv[1:])
