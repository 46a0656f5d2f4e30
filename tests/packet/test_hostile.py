# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Input that nobody should send: each malformed packet is dropped for its own reason, and whatever
comes, the books balance and the graph goes on."""

import random

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from conftest import check_books
from router import expect, hop

H1, H2, VIP, SNAT = "192.168.10.10", "192.168.11.10", "203.0.113.20", "203.0.113.1"


def udp(**fields):
    return IP(**{"src": H1, "dst": H2, **fields}) / UDP(sport=1, dport=2) / b"12345678"


def cut(packet, length):
    return bytes(packet)[:length]


# reason, what follows the Ethernet header
MALFORMED = [
    ("ip_short", cut(udp(), 19)),
    ("ip_version", udp(version=6)),
    ("ip_header_length", udp(ihl=4)),
    ("ip_header_length", cut(udp(ihl=15, len=28), 28)),
    ("ip_total_length", udp(len=200)),
    ("ip_total_length", udp(len=10)),
    ("ip_checksum", udp(chksum=0x1234)),
    ("ip_source", udp(src="127.0.0.1")),
    ("ip_source", udp(src="224.0.0.1")),
    ("ip_source", udp(src="0.1.2.3")),
    ("ip_source", udp(src="255.255.255.255")),
    ("ip_destination", udp(dst="127.0.0.1")),
    ("ip_destination", udp(dst="240.0.0.1")),
    ("ip_broadcast", udp(dst="255.255.255.255")),
    ("ip_broadcast", udp(dst="192.168.11.255")),
    ("ip_broadcast", udp(dst="192.168.11.0")),
    ("ip_multicast", udp(dst="239.1.2.3")),
    ("ip_source_route", IP(src=H1, dst=H2, options=b"\x83\x07\x04\x0a\x00\x00\x01\x00") / UDP()),
    ("ip_options", IP(src=H1, dst=H2, options=b"\x07\x28\x04\x00") / UDP()),
    ("l4_short", IP(src=H1, dst=H2, proto=6) / Raw(b"x" * 19)),
    ("l4_length", IP(src=H1, dst=H2, proto=6) / Raw(bytes(TCP(dataofs=15)))),
    ("l4_length", IP(src=H1, dst=H2) / UDP(len=4)),
    ("l4_length", IP(src=H1, dst=H2) / UDP(len=400) / b"x"),
    ("fragment_bad", IP(src=H1, dst=H2, proto=6, frag=1) / Raw(b"x" * 32)),
    ("fragment_bad", IP(src=H1, dst=H2, proto=17, frag=8191) / Raw(b"x" * 64)),
    ("icmp_invalid", IP(src=H1, dst=H2) / ICMP(type=3, code=1) / Raw(b"\x45\x00\x00")),
]


@pytest.mark.parametrize("reason,packet", MALFORMED, ids=[f"{n}-{r}" for n, (r, _) in enumerate(MALFORMED)])
def test_malformed_is_dropped_for_its_reason(net, reason, packet):
    frame = bytes(Ether(src=net.h1.mac, dst=net.router.mac("vpc1"), type=0x800)) + bytes(packet)
    assert net.router.send("vpc1", frame) == []
    drops = {k: v for k, v in net.router.stats()["drops"].items() if v}
    assert drops == {reason: 1}


def test_frames_that_are_not_for_us(net):
    mac = net.router.mac("vpc1")
    frames = {
        "eth_short": b"\x02" * 13,
        "eth_not_ours": bytes(Ether(src=net.h1.mac, dst="02:de:ad:be:ef:00") / udp()),
        "eth_type": bytes(Ether(src=net.h1.mac, dst=mac, type=0x86dd)) + b"x" * 40,
        "ip_broadcast": bytes(Ether(src=net.h1.mac, dst="ff:ff:ff:ff:ff:ff") / udp()),
    }
    for frame in frames.values():
        assert net.router.send("vpc1", frame) == []
    drops = {k: v for k, v in net.router.stats()["drops"].items() if v}
    assert drops == dict.fromkeys(frames, 1)


def valid_packets(net):
    quoted = bytes(IP(src=SNAT, dst=net.inet.ip) / UDP(sport=5000, dport=80) / b"data")
    return [
        (net.h1, IP(src=net.h1.ip, dst=net.inet.ip) / TCP(sport=5000, dport=80)),
        (net.h1, IP(src=net.h1.ip, dst=net.h2.ip, options=b"\x94\x04\x00\x00") / UDP() / b"abc"),
        (net.inet, IP(src=net.inet.ip, dst="203.0.113.21") / TCP(dport=8080)),
        (net.inet, IP(src=net.inet.ip, dst=VIP) / ICMP()),
        (net.gw, IP(src=net.gw.ip, dst=SNAT) / ICMP(type=11) / quoted),
        (net.inet, IP(src=net.inet.ip, dst=VIP, flags="MF") / UDP() / (b"x" * 64)),
        (net.inet, IP(src=net.inet.ip, dst=VIP, frag=9, proto=17) / Raw(b"x" * 64)),
    ]


def test_every_truncation(net):
    for host, packet in valid_packets(net):
        frame = bytes(host.to_router(packet))
        frames = [(host.port, frame[:n]) for n in range(1, len(frame))]
        for start in range(0, len(frames), 100):
            net.router.send_frames(frames[start:start + 100])
            net.router.send_frames(frames[start:start + 100], segment=16)
    check_books(net.router)


def test_random_damage(net):
    """Ten thousand damaged packets; a fixed seed, so that a failure can be repeated."""
    rng = random.Random(20261121)
    bases = [(h.port, bytes(h.to_router(p))) for h, p in valid_packets(net)]
    for _ in range(100):
        frames = []
        for _ in range(100):
            port, frame = rng.choice(bases)
            frame = bytearray(frame)
            for _ in range(rng.randint(1, 6)):
                frame[rng.randrange(12, len(frame))] = rng.randrange(256)
            if rng.random() < 0.5:  # a correct header checksum lets the damage get deeper
                frame[24:26] = b"\0\0"
                total = sum(int.from_bytes(frame[i:i + 2], "big") for i in range(14, 34, 2))
                total = (total & 0xffff) + (total >> 16)
                total = (total & 0xffff) + (total >> 16)
                frame[24:26] = (0xffff - total).to_bytes(2, "big")
            frames.append((port, bytes(frame)))
        net.router.send_frames(frames, partial=rng.random() < 0.2,
                               segment=rng.choice([0, 0, 20, 64]))
    net.router.advance(10)
    check_books(net.router)
    p = IP(bytes(IP(src=net.h1.ip, dst=net.h2.ip) / UDP(sport=7, dport=8) / b"alive"))
    expect(net.h1.send(p), net.h2, hop(p))
