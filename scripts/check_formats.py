#!/usr/bin/env python3
"""Checks our formats with the tools that they are of: these read what we write, and we read what they write of it.

Needs bin/stan and, as Debian and Ubuntu package them, nfdump, tshark and zeek-cut (package bro-aux has it as bro-cut). A
tool that is missing is a failure. Prints every command.

    scripts/check_formats.py
"""
import datetime
import glob
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

FLOWS = "testdata/flows/42.219.153.187.csv.gz"  # of UGR'16
PACKETS = "testdata/captures/packets.pcap"  # IPv4 and IPv6, TCP, UDP, ICMP
KEY = "32-char-str-for-AES-key-and-pad."
ENVIRONMENT = dict(os.environ, TZ="UTC")


def run(*command, stdin=os.devnull):
    """Returns the lines that a command prints."""
    print("$", shlex.join(command), "" if stdin == os.devnull else "<" + stdin, flush=True)
    with open(stdin, "rb") as source:
        done = subprocess.run(command, stdin=source, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    if done.returncode:
        sys.exit("%s: status %d: %s" % (command[0], done.returncode, done.stderr[-2000:]))
    return done.stdout.splitlines()


def convert(source, output, to, *flags):
    return run("bin/stan", "convert", "--to", to, *flags, source, output)


def same(what, got, want):
    if got != want:
        there, here = set(want), set(got)
        sys.exit("%s: differs: %d lines, want %d; not wanted %s; missing %s" % (
            what, len(got), len(want), [x for x in got if x not in there][:3], [x for x in want if x not in here][:3]))
    print("ok: %s: %d" % (what, len(want)), flush=True)


def flows_of(work, table):
    """Returns the flows of a table of 48 columns as we read and write them, sorted, with the header: whole seconds."""
    path = os.path.join(work, "table.csv")
    with open(path, "w", encoding="ascii") as out:
        out.write("\n".join(table) + "\n")
    return sorted(convert(path, "-", "nfdump-1.6"))


def nfdump_flows(work, *arguments):
    return flows_of(work, run("nfdump", *arguments, "-o", "csv"))


def our_flows(work, source, *flags):
    return flows_of(work, convert(source, "-", "nfdump-1.6", *flags))


def collect(work, source):
    """Sends flows to nfcapd and returns the folder that it writes."""
    spool = tempfile.mkdtemp(dir=work)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = str(s.getsockname()[1])
    command = ["nfcapd", "-b", "127.0.0.1", "-p", port, "-w", spool]
    print("$", shlex.join(command), "&", flush=True)
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as nfcapd:
        time.sleep(3)  # until it listens
        convert(source, "udp://127.0.0.1:" + port, "ipfix", "--rate", "1000")
        time.sleep(3)  # until it has read what was sent
        nfcapd.send_signal(signal.SIGTERM)
    return spool


def check_nfdump(work):
    for source in (FLOWS, PACKETS):
        spool = collect(work, source)
        same("nfcapd takes our IPFIX, we read nfdump's table of it, " + source, nfdump_flows(work, "-R", spool), our_flows(work, source))
    # IPv4 alone: nfanon's IPv6 was wrong until 2026.
    key, anonymous = os.path.join(work, "key"), os.path.join(work, "anonymous")
    with open(key, "w", encoding="ascii") as out:
        out.write(KEY)
    (spooled,) = glob.glob(collect(work, FLOWS) + "/nfcapd.2*")
    run("nfanon", "-q", "-K", KEY, "-r", spooled, "-w", anonymous)
    same("nfanon gives the same pseudonyms", nfdump_flows(work, "-r", anonymous), our_flows(work, FLOWS, "--anonymize", key))


def check_nfpcapd(work):
    spool = tempfile.mkdtemp(dir=work)
    run("nfpcapd", "-r", PACKETS, "-w", spool)
    got, want = nfdump_flows(work, "-R", spool), our_flows(work, PACKETS)
    same("nfpcapd makes the same flows of packets, but for ToS", without_tos(got), without_tos(want))


def without_tos(lines):
    """Leaves the eleventh column out: nfpcapd 1.7.1 does not read it."""
    return [",".join(v for i, v in enumerate(line.split(",")) if i != 10) for line in lines]


# What tshark calls a part of a flow, and where ECS, which loses nothing, has it.
PARTS = {
    "cflow.srcaddr": lambda r: r["source"]["ip"] if ":" not in r["source"]["ip"] else None,
    "cflow.dstaddr": lambda r: r["destination"]["ip"] if ":" not in r["source"]["ip"] else None,
    "cflow.srcaddrv6": lambda r: r["source"]["ip"] if ":" in r["source"]["ip"] else None,
    "cflow.dstaddrv6": lambda r: r["destination"]["ip"] if ":" in r["source"]["ip"] else None,
    "cflow.srcport": lambda r: r["source"]["port"],
    "cflow.dstport": lambda r: r["destination"]["port"],
    "cflow.protocol": lambda r: int(r["network"]["iana_number"]),
    "cflow.packets": lambda r: r["source"]["packets"],
    "cflow.octets": lambda r: r["source"]["bytes"],
    "cflow.tos": lambda r: "0x%02x" % r["netflow"]["ip_class_of_service"],
    "cflow.abstimestart": lambda r: milliseconds(r["event"]["start"]),
    "cflow.abstimeend": lambda r: milliseconds(r["event"]["end"]),
}


def milliseconds(text):
    """Writes an ISO time as tshark does, to the millisecond that our IPFIX has."""
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return "%s %2d, %s.%03d000000 UTC" % (
        moment.strftime("%b"), moment.day, moment.strftime("%Y %H:%M:%S"), moment.microsecond // 1000)


def check_tshark(work):
    for source in (FLOWS, PACKETS):
        path = os.path.join(work, "flows.ipfix")
        convert(source, path, "ipfix", "--force")
        faults = run("tshark", "-r", path, "-Y", "_ws.malformed || _ws.expert.severity >= 6291456")
        same("tshark finds no fault in our IPFIX, " + source, faults, [])
        flags = [flag for name in PARTS for flag in ("-e", name)]
        rows = [line.split("\t") for line in run("tshark", "-r", path, "-T", "fields", "-E", "aggregator=;", *flags)]
        records = [json.loads(line) for line in convert(source, "-", "ecs-ndjson")]
        for column, (name, part) in enumerate(PARTS.items()):
            got = [value for row in rows for value in row[column].split(";") if value]
            want = [str(part(r)) for r in records if part(r) is not None]
            same("tshark reads %s, %s" % (name, source), got, want)


def check_zeek(work):
    columns = ("id.orig_h", "id.orig_p", "id.resp_h", "orig_pkts", "orig_ip_bytes", "conn_state", "uid")
    cut = "zeek-cut" if shutil.which("zeek-cut") else "bro-cut"
    for source in (FLOWS, PACKETS):
        path = os.path.join(work, "conn.log")
        convert(source, path, "zeek-tsv", "--force")
        records = [json.loads(line) for line in convert(source, "-", "zeek-json")]
        want = ["\t".join(str(r[c]) if c in r else "-" for c in columns) for r in records]
        same(cut + " reads our conn.log, " + source, run(cut, *columns, stdin=path), want)


def main():
    with tempfile.TemporaryDirectory() as work:
        for check in (check_tshark, check_zeek, check_nfpcapd, check_nfdump):
            check(work)


main()
