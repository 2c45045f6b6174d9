#!/usr/bin/env python3
"""Makes testdata/captures: a small packet capture of documentation addresses, and what nfdump's own tools make of it.

Needs nfpcapd and nfdump (Debian's package nfdump, 1.7.1), softflowd (1.1.0) and tshark (4.0.17) on the PATH:

    scripts/capture_samples.py testdata/captures
"""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

START = 1704164645.678901  # 2024-01-02 03:04:05.678901 UTC


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(source, destination, proto, payload, tos=0):
    """Returns an Ethernet frame."""
    if ":" in source:
        head = struct.pack("!IHBB", 6 << 28 | tos << 20, len(payload), proto, 64)
        head += socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
        ethertype = 0x86DD
    else:
        head = struct.pack("!BBHHHBBH", 0x45, tos, 20 + len(payload), 1, 0, 64, proto, 0)
        head += socket.inet_aton(source) + socket.inet_aton(destination)
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        ethertype = 0x0800
    return bytes.fromhex("020000000002020000000001") + struct.pack("!H", ethertype) + head + payload


def tcp(sport, dport, flags, size):
    return struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 5 << 4, flags, 8192, 0, 0) + b"x" * size


def udp(sport, dport, size):
    return struct.pack("!HHHH", sport, dport, 8 + size, 0) + b"x" * size


def icmp(kind, code, size):
    body = struct.pack("!BBHHH", kind, code, 0, 7, 1) + b"x" * size
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER, RESOLVER, SIX, SIX2 = "192.0.2.1", "198.51.100.7", "203.0.113.53", "2001:db8::1", "2001:db8:1::2"
PACKETS = [  # seconds after START, frame
    (0.000, packet(CLIENT, SERVER, 6, tcp(40000, 443, SYN, 0))),
    (0.020, packet(SERVER, CLIENT, 6, tcp(443, 40000, SYN | ACK, 0))),
    (0.021, packet(CLIENT, SERVER, 6, tcp(40000, 443, ACK, 0))),
    (0.022, packet(CLIENT, SERVER, 6, tcp(40000, 443, PSH | ACK, 300))),
    (0.050, packet(SERVER, CLIENT, 6, tcp(443, 40000, PSH | ACK, 1400))),
    (0.051, packet(SERVER, CLIENT, 6, tcp(443, 40000, FIN | ACK, 0))),
    (0.052, packet(CLIENT, SERVER, 6, tcp(40000, 443, FIN | ACK, 0))),
    (0.100, packet(CLIENT, RESOLVER, 17, udp(53000, 53, 30), tos=8)),
    (0.110, packet(RESOLVER, CLIENT, 17, udp(53, 53000, 120))),
    (0.200, packet(CLIENT, SERVER, 1, icmp(8, 0, 56))),
    (0.210, packet(SERVER, CLIENT, 1, icmp(0, 0, 56))),
    (0.300, packet(SERVER, CLIENT, 1, icmp(3, 3, 28))),
    (0.400, packet(SIX, SIX2, 17, udp(5353, 5353, 40))),
    (0.500, packet(SIX, SIX2, 6, tcp(50000, 22, SYN, 0))),
    (0.501, packet(SIX2, SIX, 6, tcp(22, 50000, RST | ACK, 0))),
]


def write_pcap(path, start):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for after, frame in PACKETS:
            micros = round((start + after) * 1e6)
            out.write(struct.pack("<IIII", micros // 10**6, micros % 10**6, len(frame), len(frame)) + frame)


def export(pcap, version):
    """Returns the messages that softflowd sends of a capture."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("127.0.0.1", 0))
        collector.settimeout(2)
        target = "127.0.0.1:%d" % collector.getsockname()[1]
        subprocess.run(["softflowd", "-r", pcap, "-n", target, "-v", str(version)], check=True, stdout=subprocess.DEVNULL)
        messages = []
        try:
            while True:
                messages.append(collector.recv(65535))
        except socket.timeout:
            return messages


def write_exports(path, messages):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, message in enumerate(messages):
            datagram = struct.pack("!HHHH", 9995, 2055, 8 + len(message), 0) + message
            frame = packet("192.0.2.254", "192.0.2.253", 17, datagram)
            out.write(struct.pack("<IIII", int(START) + 60, i, len(frame), len(frame)) + frame)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    pcap = os.path.join(folder, "packets.pcap")
    write_pcap(pcap, START)
    subprocess.run(["tshark", "-r", pcap, "-F", "pcapng", "-w", pcap + "ng"], check=True)
    with tempfile.TemporaryDirectory() as spool:
        # softflowd tells times since it was started, in 32 bits of ms: packets of another year would be lost in time.
        recent = os.path.join(spool, "recent.pcap")
        write_pcap(recent, time.time() - 600)
        exports = []
        for version, name in ((5, "netflow5"), (9, "netflow9"), (10, "ipfix")):
            messages = export(recent, version)
            exports += messages
            with open(os.path.join(folder, "softflowd-" + name + ".bin"), "wb") as out:
                out.write(b"".join(messages))
        write_exports(os.path.join(folder, "exports.pcap"), exports)
    with tempfile.TemporaryDirectory() as spool:
        subprocess.run(["nfpcapd", "-r", pcap, "-w", spool], check=True)
        for name, zone, extra in (
            ("nfdump-1.7.1.csv", "UTC", []),
            ("nfdump-1.7.1-madrid.csv", "Europe/Madrid", []),
            ("nfdump-1.7.1-biflow.csv", "UTC", ["-B"]),
        ):
            with open(os.path.join(folder, name), "w") as out:
                command = ["nfdump", "-R", spool, "-o", "csv"] + extra
                subprocess.run(command, check=True, env=dict(os.environ, TZ=zone), stdout=out)


main(sys.argv[1])
