# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Protocols without ports that NAT could translate: SNAT and hairpin by address."""

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.packet import Raw

from router import expect, hop, sent
from test_nat import SNAT, VIP_EIP, ip


@pytest.mark.parametrize("proto", [47, 50, 132], ids=["gre", "esp", "sctp"])
def test_other_protocols_by_address(net, proto):
    p = ip(net.h1.ip, net.inet.ip, Raw(b"x" * 40), proto=proto)
    expect(net.h1.send(p), net.inet, hop(p, src=SNAT))
    reply = ip(net.inet.ip, SNAT, Raw(b"y" * 40), proto=proto)
    expect(net.inet.send(reply), net.h1, hop(reply, dst=net.h1.ip))
    other = ip(net.h1b.ip, net.inet.ip, Raw(b"x" * 40), proto=proto)  # whose would answers be?
    out = IP(sent(net.h1b.send(other)).frame[14:])
    assert (out[ICMP].type, out[ICMP].code) == (3, 13)
    assert net.router.stats()["drops"]["nat_protocol"] == 1
    other = ip(net.h1b.ip, net.office.ip, Raw(b"x" * 40), proto=proto)  # another remote
    expect(net.h1b.send(other), net.office, hop(other, src=SNAT))
    assert net.office.send(ip(net.office.ip, SNAT, Raw(b"y" * 40), proto=254)) == []
    net.router.advance(602)
    stats = net.router.stats()
    assert (stats["sessions"], stats["hosts"]) == (0, 0)


def test_hairpin_of_other_protocols(net):
    p = ip(net.h1.ip, VIP_EIP, Raw(b"x" * 40), proto=47)
    expect(net.h1.send(p), net.eip, hop(p, src=SNAT, dst=net.eip.ip))
    reply = ip(net.eip.ip, SNAT, Raw(b"y" * 40), proto=47)
    expect(net.eip.send(reply), net.h1, hop(reply, src=VIP_EIP, dst=net.h1.ip))
    p = ip(net.h2.ip, VIP_EIP, Raw(b"x" * 40), proto=47)  # of another subnet: the source is kept
    expect(net.h2.send(p), net.eip, hop(p, dst=net.eip.ip))
