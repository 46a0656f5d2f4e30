# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Frames for the tests of TAPs, built by scapy: as they are with a partial checksum, and as they
must be once it is completed. Writes a C header."""

import struct
import sys

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

ETHER = Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
V4 = IP(src="10.9.0.10", dst="10.9.0.11")
PAYLOAD = Raw(bytes(range(101)))  # odd length

FIELD = {TCP: 16, UDP: 6}


def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def partial(frame, layer):
    """The frame with the pseudo-header's sum in the checksum field, where it starts, the field."""
    whole = bytes(frame)
    built = Ether(whole)
    start = len(whole) - len(bytes(built[layer]))
    length = len(whole) - start
    proto = {TCP: 6, UDP: 17}[layer]
    if IPv6 in built:
        pseudo = whole[start - 32:start] + struct.pack("!II", length, proto)
    else:
        pseudo = whole[start - 8:start] + struct.pack("!HH", proto, length)
    field = start + FIELD[layer]
    before = whole[:field] + struct.pack("!H", ones_sum(pseudo)) + whole[field + 2:]
    return before, whole, start, FIELD[layer]


FRAMES = {
    "udp4": partial(ETHER / V4 / UDP(sport=4000, dport=5000) / PAYLOAD, UDP),
    "tcp4": partial(ETHER / V4 / TCP(sport=4000, dport=5000, flags="PA") / PAYLOAD, TCP),
    "udp6": partial(ETHER / IPv6(src="fd00::a", dst="fd00::b") / UDP(sport=1, dport=2) / PAYLOAD,
                    UDP),
    "vlan": partial(ETHER / Dot1Q(vlan=5) / V4 / TCP(sport=1, dport=2) / PAYLOAD, TCP),
    "ipip": partial(ETHER / IP(src="10.1.0.1", dst="10.1.0.2") / V4 / UDP(sport=1, dport=2) /
                    PAYLOAD, UDP),
}


def array(data):
    return "{ " + ", ".join(str(b) for b in data) + " }"


def main(path):
    with open(path, "w", encoding="ascii") as out:
        out.write("#pragma once\n#include <stdint.h>\n"
                  "struct tap_vector { const char *name; uint16_t start, offset, len;"
                  " uint8_t partial[256], whole[256]; };\n"
                  "static const struct tap_vector tap_vectors[] = {\n")
        for name, (before, whole, start, offset) in FRAMES.items():
            out.write(f'{{ "{name}", {start}, {offset}, {len(whole)}, {array(before)}, '
                      f"{array(whole)} }},\n")
        out.write("};\n")


main(sys.argv[1])
