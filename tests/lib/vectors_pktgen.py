# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Packets of the generator as scapy builds them: tests/unit/pktgen/frame_test.c."""

import struct
import sys

from scapy.config import conf

conf.verb = 0
from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

from vectors import Tables, be16, ip4  # noqa: E402

OWN, ROUTER = "02:00:00:70:67:00", "02:00:00:00:00:01"
MAGIC = 0xa7
REVERSE, CONTROL = 1 << 31, 1 << 30
T = Tables()


def payload(flow, seq, stamp, number, tcp=False):
    words = struct.pack("!I", flow) if tcp else struct.pack("!III", flow, seq, stamp)
    return words + bytes([MAGIC, number])


def frame(proto, ends, tag, length, flags):
    source, destination, sport, dport = ends
    flow, seq, stamp, _ = tag
    head = IP(src=source, dst=destination, ttl=64, id=0, flags="DF")
    if proto == 17:
        l4 = UDP(sport=sport, dport=dport)
    elif proto == 6:
        l4 = TCP(sport=sport, dport=dport, seq=seq, ack=stamp, flags=flags, window=65535)
    else:
        reply = bool(flow & REVERSE)
        l4 = ICMP(type=0 if reply else 8, id=dport if reply else sport, seq=0)
    data = payload(*tag, tcp=proto == 6)
    data += bytes(length - 14 - 20 - len(l4) - len(data))
    return bytes(Ether(src=OWN, dst=ROUTER, type=0x800) / head / l4 / Raw(data))


def add(name, proto, ends, tag, length=60, flags=0x18):
    source, destination, sport, dport = ends
    if proto == 1:  # a query has one number, on its sender's side
        sport, dport = (0, dport) if tag[0] & REVERSE else (sport, 0)
    ends = {"src": ip4(source), "dst": ip4(destination), "sport": be16(sport), "dport": be16(dport)}
    T.add("frame", name, proto=proto, len=length, tuple=ends,
          flow=tag[0], seq=tag[1], stamp=tag[2], set=tag[3], flags=flags if proto == 6 else 0,
          frame=frame(proto, (source, destination, sport, dport), tag, length, flags))


def main():
    ends = ("10.0.0.1", "198.51.100.7", 40000, 443)
    tags = {"first": (0, 0, 0, 0), "some": (0x1234, 7, 0xdeadbeef, 3),
            "last": (0x7fffff | 63 << 24, 0xffffffff, 0xffffffff, 15),
            "control": (5 | CONTROL, 0, 99, 1)}
    for proto, name in ((17, "udp"), (6, "tcp"), (1, "icmp")):
        for kind, tag in tags.items():
            for length in (60, 61, 590, 1514, 9014):
                add(f"{name} {kind} {length}", proto, ends, tag, length)
        add(f"{name} back", proto, ends, (9 | REVERSE, 1, 2, 3))
        add(f"{name} ones", proto, ("255.255.255.255", "255.255.255.255", 65535, 65535), tags["last"])
        # One for each value that a word of the sum can be short of: some make a checksum of 0.
        for i in range(64):
            add(f"{name} carry {i}", proto, ("10.0.0.1", "198.51.100.7", 0xe000 + i * 97, 1),
                (i * 0x10001, i, i * 0x3333, i % 16))
    for flags in (0x01, 0x02, 0x04, 0x10, 0x11, 0x12):
        add(f"tcp flags {flags}", 6, ends, tags["some"], flags=flags)
    udp_zero()
    T.write(sys.argv[1])


def udp_zero():
    """A UDP checksum that comes out as 0 is sent as 0xffff."""
    ends = ["10.0.0.1", "198.51.100.7", 1, 443]
    tag = (1, 2, 3, 4)
    first = struct.unpack_from("!H", frame(17, ends, tag, 60, 0), 40)[0]
    ends[2] = 1 + first if first < 0xffff else 1
    made = frame(17, ends, tag, 60, 0)
    assert struct.unpack_from("!H", made, 40)[0] == 0xffff, made.hex()
    add("udp sum 0", 17, tuple(ends), tag)


if __name__ == "__main__":
    main()
