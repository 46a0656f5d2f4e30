# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""MSS clamping: SYNs of both directions, whatever translates them; hostile options."""

import pytest
from scapy.layers.inet import IP, TCP

from router import expect, hop, sent

SNAT, VIP_EIP, VIP_PF = "203.0.113.1", "203.0.113.20", "203.0.113.21"
FITS = 1460  # of an MTU of 1500


def syn(src, dst, options, flags="S", **ports):
    return IP(bytes(IP(src=src, dst=dst) / TCP(flags=flags, options=options, **ports)))


def clamped(packet, **changes):
    new = hop(packet, **changes)
    new[TCP].options = [(k, FITS if k == "MSS" else v) for k, v in new[TCP].options]
    del new[TCP].chksum, new.chksum
    return IP(bytes(new))


OPTIONS = {"alone": [("MSS", 8960)],
           "behind others": [("NOP", None), ("NOP", None), ("SAckOK", b""), ("MSS", 8960)],
           "at an odd offset": [("NOP", None), ("MSS", 65535), ("WScale", 7)]}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_mss_is_clamped(net, options):
    p = syn(net.h1.ip, net.inet.ip, options, sport=5000, dport=80)
    expect(net.h1.send(p), net.inet, clamped(p, src=SNAT))
    p = syn(net.inet.ip, SNAT, options, "SA", sport=80, dport=5000)
    expect(net.inet.send(p), net.h1, clamped(p, dst=net.h1.ip))
    p = syn(net.inet.ip, VIP_EIP, options, sport=5000, dport=80)
    expect(net.inet.send(p), net.eip, clamped(p, dst=net.eip.ip))
    p = syn(net.inet.ip, VIP_PF, options, sport=5000, dport=8080)
    expect(net.inet.send(p), net.h2, clamped(p, dst=net.h2.ip, dport=80))
    p = syn(net.h1.ip, net.h2.ip, options, sport=5001, dport=81)
    expect(net.h1.send(p), net.h2, clamped(p))


STAYS = {"fits": [("MSS", FITS)], "smaller": [("MSS", 536)], "none": [("WScale", 7)]}


@pytest.mark.parametrize("options", STAYS.values(), ids=STAYS.keys())
def test_mss_stays(net, options):
    p = syn(net.h1.ip, net.inet.ip, options, sport=5000, dport=80)
    expect(net.h1.send(p), net.inet, hop(p, src=SNAT))


@pytest.mark.parametrize("raw", [b"\x02\x00\x23\x00", b"\x02\x01\x23\x00", b"\x02\x03\xff\x00",
                                 b"\x02\x05\xff\xff", b"\x01\x01\x01\x02", b"\x01\x01\x02\x04",
                                 b"\x08\xff\xff\xff", b"\x08\x00\x02\x04",
                                 b"\x00\x02\x04\x23\x00\x00\x00\x00"], ids=bytes.hex)
def test_malformed_options_stay(net, raw):
    behind = raw + b"\xff\xffdata"
    p = IP(bytes(IP(src=net.h1.ip, dst=net.inet.ip, proto=6) /
                 (bytes(TCP(sport=5000, dport=80, flags="S", dataofs=5 + len(raw) // 4)) + behind)))
    assert sent(net.h1.send(p)).frame[14 + 40:] == behind


def test_only_syns(net):
    net.h1.send(syn(net.h1.ip, net.inet.ip, [], sport=5000, dport=80))
    p = syn(net.h1.ip, net.inet.ip, [("MSS", 8960)], "A", sport=5000, dport=80)
    expect(net.h1.send(p), net.inet, hop(p, src=SNAT))
