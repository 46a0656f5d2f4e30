# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Hostile frames from a host: each is dropped and counted under its reason, none reaches anybody,
and the router goes on."""

import random

import pytest
from scapy.all import ARP, Ether, ICMP, IP, IPv6, Raw, TCP, UDP, fragment
from scapy.utils import checksum

from frames import Wire
import traffic
from vpc import EIP, H1, H2, INET, PUB0, VPC1, snat_everywhere, vips
from wait import wait_until

SITE = {"vips": vips(), "snat": snat_everywhere(),
        "eips": [{"name": "eip-h1", "vip": "vip-eip", "target": H1}],
        "port_forwards": [{"name": "web", "vip": "vip-web", "protocol": "tcp", "ports": "8080",
                           "target": H2, "target_ports": "80"}]}


def ip(**fields):
    return IP(**{"src": H1, "dst": H2, **fields})


def with_options(options):
    """A UDP packet with these bytes as its IPv4 options."""
    header = bytearray(bytes(ip(ihl=5 + len(options) // 4, len=28 + len(options), proto=17,
                                chksum=0)) + options)
    header[10:12] = checksum(bytes(header)).to_bytes(2, "big")
    return Raw(bytes(header) + bytes(UDP(sport=1000, dport=2000)))


ECHO = ICMP(type=8, id=1, seq=1)
DATAGRAM = UDP(sport=1000, dport=2000)

# Name, what follows the Ethernet header, how much of it is sent (None: all), the reason.
FRAMES = [
    ("short header", ip() / DATAGRAM, 19, "ip_short"),
    ("nothing after Ethernet", ip() / DATAGRAM, 0, "ip_short"),
    ("header checksum", ip(chksum=0x1234) / DATAGRAM, None, "ip_checksum"),
    ("version 5", ip(version=5) / DATAGRAM, None, "ip_version"),
    ("header length 16", ip(ihl=4) / DATAGRAM, None, "ip_header_length"),
    ("header length beyond the packet", ip(ihl=15) / DATAGRAM, 28, "ip_header_length"),
    ("total length beyond the frame", ip(len=2000) / DATAGRAM, None, "ip_total_length"),
    ("total length below the header", ip(len=19) / DATAGRAM, None, "ip_total_length"),
    ("source loopback", ip(src="127.0.0.1") / DATAGRAM, None, "ip_source"),
    ("source multicast", ip(src="224.0.0.1") / DATAGRAM, None, "ip_source"),
    ("source broadcast", ip(src="255.255.255.255") / DATAGRAM, None, "ip_source"),
    ("source 0.0.0.0", ip(src="0.0.0.0") / DATAGRAM, None, "ip_source"),
    ("destination loopback", ip(dst="127.0.0.1") / DATAGRAM, None, "ip_destination"),
    ("destination 0.0.0.0", ip(dst="0.0.0.0") / DATAGRAM, None, "ip_destination"),
    ("destination class E", ip(dst="240.0.0.1") / DATAGRAM, None, "ip_destination"),
    ("limited broadcast", ip(dst="255.255.255.255") / DATAGRAM, None, "ip_broadcast"),
    ("directed broadcast", ip(dst="192.168.11.255") / DATAGRAM, None, "ip_broadcast"),
    ("multicast", ip(dst="239.1.2.3") / DATAGRAM, None, "ip_multicast"),
    ("loose source route", with_options(b"\x83\x07\x04\xc0\xa8\x0b\x0a\0"), None,
     "ip_source_route"),
    ("option of length 0", with_options(b"\x07\x00\x04\x00"), None, "ip_options"),
    ("option beyond the header", with_options(b"\x07\x20\x04\x00"), None, "ip_options"),
    ("UDP header cut", ip(len=24) / DATAGRAM, 24, "l4_short"),
    ("TCP header cut", ip(len=30, proto=6) / TCP(), 30, "l4_short"),
    ("TCP data offset 4", ip() / TCP(dataofs=4), None, "l4_length"),
    ("TCP data offset beyond the packet", ip() / TCP(dataofs=15), None, "l4_length"),
    ("UDP length 7", ip() / UDP(sport=1, dport=2, len=7), None, "l4_length"),
    ("UDP length beyond the packet", ip() / UDP(sport=1, dport=2, len=99), None, "l4_length"),
    ("ICMP header cut", ip(len=22, proto=1) / ECHO, 22, "l4_short"),
    ("tiny first fragment", ip(flags="MF", len=24, proto=6) / Raw(b"\0" * 4), None, "fragment_bad"),
    ("TCP fragment at offset 8", ip(frag=1, proto=6) / Raw(b"\0" * 16), None, "fragment_bad"),
    ("fragment beyond 65535", ip(frag=8191) / Raw(b"\0" * 64), None, "fragment_bad"),
    ("ICMP error with a cut quote", ip() / ICMP(type=3, code=1) / Raw(b"\x45" + b"\0" * 11), None,
     "icmp_invalid"),
    ("ICMP error that quotes version 6", ip() / ICMP(type=3, code=1) / Raw(b"\x65" + b"\0" * 27),
     None, "icmp_invalid"),
    ("TTL 0", ip(ttl=0) / DATAGRAM, None, "ttl"),
]


def frame(wire, router, packet, length):
    return Ether(src=wire.mac, dst=router, type=0x0800) / Raw(bytes(packet)[:length])


@pytest.mark.parametrize("packet, length, reason", [f[1:] for f in FRAMES],
                         ids=[f[0] for f in FRAMES])
def test_malformed_packets_are_counted_by_reason(site, packet, length, reason):
    router = site.h1.neighbour(VPC1)
    before = site.drops()
    with Wire(site.h1) as wire, Wire(site.h2) as other:
        wire.send(frame(wire, router, packet, length))
        site.wait_drops(before, reason, 1)
        assert other.receive(from_h1, 0) == (None, False)


def from_h1(data):
    return data[12:14] == b"\x08\x00" and data[26:30] == bytes(map(int, H1.split(".")))


def test_frames_to_another_station(site):
    before = site.drops()
    with Wire(site.h1) as wire:
        wire.send(Ether(src=wire.mac, dst="02:00:00:00:00:99") / ip() / DATAGRAM)
    site.wait_drops(before, "eth_not_ours", 1)


def test_unicast_in_a_broadcast_frame(site):
    before = site.drops()
    with Wire(site.h1) as wire:
        wire.send(Ether(src=wire.mac, dst="ff:ff:ff:ff:ff:ff") / ip() / DATAGRAM)
    site.wait_drops(before, "ip_broadcast", 1)


def test_other_ethertypes(site):
    router = site.h1.neighbour(VPC1)
    before = site.drops()
    with Wire(site.h1) as wire:
        wire.send(Ether(src=wire.mac, dst=router) / IPv6(src="fe80::1", dst="fe80::2"))
        wire.send(Ether(src=wire.mac, dst=router, type=0x88cc) / Raw(b"\0" * 50))
    site.wait_drops(before, "eth_type", 2)


def test_padding_is_not_payload(site):
    """A short packet in a padded frame of 60 bytes arrives with its own length."""
    router = site.h1.neighbour(VPC1)
    with Wire(site.h1) as wire, Wire(site.h2) as other:
        packet = ip() / UDP(sport=1000, dport=2001) / Raw(b"abc")
        wire.send(bytes(Ether(src=wire.mac, dst=router) / packet) + b"\xaa" * 15)
        got, _ = other.receive(lambda f: f[12:14] == b"\x08\x00" and f[36:38] == b"\x07\xd1")
        assert got and len(got) == 14 + 20 + 8 + 3


def test_all_fragments_of_a_large_datagram_reach_an_eip(site):
    """In any order, and the last one first."""
    pieces = fragment(IP(src=INET, dst=EIP, id=77) / ICMP(type=8, id=5) / Raw(b"x" * 4000), 1400)
    router = site.inet.neighbour(PUB0)
    for order in (pieces, pieces[::-1]):
        with Wire(site.inet) as wire:
            for piece in order:
                wire.send(Ether(src=wire.mac, dst=router) / piece)
            # h1 answers the whole datagram, so all of it arrived.
            answer, _ = wire.receive(lambda f: f[12:14] == b"\x08\x00" and f[23] == 1 and
                                     f[26:30] == bytes(map(int, EIP.split("."))))
            assert answer is not None


def test_random_bytes(site):
    """20 000 frames of noise behind valid Ethernet headers: accounted for, and no harm."""
    chance = random.Random(20_000)
    router = bytes.fromhex(site.h1.neighbour(VPC1).replace(":", ""))
    with Wire(site.h1) as wire:
        source = bytes.fromhex(wire.mac.replace(":", ""))
        for i in range(20_000):
            body = bytearray(chance.randbytes(chance.randrange(0, 200)))
            if i % 2 and len(body) >= 20:
                body[0] = 0x45
                body[2:4] = len(body).to_bytes(2, "big")
                body[9] = chance.choice((1, 6, 17))
                body[10:12] = b"\0\0"
                body[10:12] = checksum(bytes(body[:20])).to_bytes(2, "big")
            wire.send(router + source + b"\x08\x00" + bytes(body))
    wait_until(lambda: traffic.ping(site.h1, H2).ok)  # behind what waits in the TAP's queue
    assert_balanced(site)


def test_hostile_arp(site):
    """A flood of ARP requests from made-up hosts is policed; neighbours keep working."""
    with Wire(site.h1) as wire:
        for i in range(5000):
            wire.send(Ether(src=wire.mac, dst="ff:ff:ff:ff:ff:ff") /
                      ARP(op=1, hwsrc=wire.mac, psrc=f"192.168.10.{i % 200 + 20}", pdst=VPC1))
    wait_until(lambda: traffic.ping(site.h1, H2, 1, timeout_s=1).ok)
    assert site.api.get("state/dataplane")["connected"]


def test_a_scan_of_silent_addresses_leaves_others_alone(site):
    """Packets to 250 hosts that do not exist; the neighbour that exists is reached all along."""
    router = site.h1.neighbour(VPC1)
    with Wire(site.h1) as wire:
        for i in range(11, 255):
            wire.send(Ether(src=wire.mac, dst=router) / ip(dst=f"192.168.11.{i}") / DATAGRAM)
        assert traffic.ping(site.h1, H2).ok
    assert traffic.ping(site.inet, EIP).ok


def assert_balanced(site):
    for worker in site.api.get("state/dataplane")["workers"]:
        a = worker["accounts"]
        assert (a["received"] + a["injected"] + a["generated"] + a["taken_over"] ==
                a["sent"] + a["punted"] + a["dropped"] + a["consumed"] + a["handed_over"] +
                a["held"]), a


def test_the_accounts_balance_after_all_of_it(site):
    assert_balanced(site)
    assert traffic.ping(site.h1, H2).ok and traffic.ping(site.inet, EIP).ok
