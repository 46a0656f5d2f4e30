# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Mapping, filtering and limits of SNAT rules, packet by packet: docs/nat.md."""

import copy

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP

from router import expect, hop, sent
from test_nat import SNAT, ip, snat


@pytest.fixture
def rule(net):
    """Changes the first SNAT rule (vpc1 by pub0) and applies the configuration."""
    def change(**fields):
        config = copy.deepcopy(net.config)
        config["snat"][0].update(fields)
        assert net.router.configure(config) == ""
    return change


def refused(outputs, host):
    """The host is told, and nothing else is sent."""
    out = sent(outputs)
    assert out.port == host.port
    error = IP(out.frame[14:])
    assert (error.dst, error[ICMP].type, error[ICMP].code) == (host.ip, 3, 13)


def udp(host, to, sport, dport):
    return ip(host.ip, to.ip, UDP(sport=sport, dport=dport) / b"q")


@pytest.mark.parametrize("l4", [UDP, TCP])
def test_endpoint_dependent_flows_share_a_port(net, rule, l4):
    rule(mapping="endpoint_dependent")
    flows = [(net.h1, net.inet, 1), (net.h1, net.inet, 2), (net.h1b, net.inet, 3),
             (net.h1b, net.office, 1)]
    for host, to, dport in flows:
        assert snat(net, host, ip(host.ip, to.ip, l4(sport=5000, dport=dport)), to) == 5000
    other = snat(net, net.h1b, ip(net.h1b.ip, net.inet.ip, l4(sport=5000, dport=1)), net.inet)
    assert other != 5000
    for host, to, dport in flows:
        reply = ip(to.ip, SNAT, l4(sport=dport, dport=5000))
        expect(to.send(reply), host, hop(reply, dst=host.ip))
    reply = ip(net.inet.ip, SNAT, l4(sport=1, dport=other))
    expect(net.inet.send(reply), net.h1b, hop(reply, dst=net.h1b.ip, dport=5000))
    assert net.router.stats()["mappings"] == 0


def test_endpoint_dependent_pings_share_an_id(net, rule):
    rule(mapping="endpoint_dependent")
    for host, to in ((net.h1, net.inet), (net.h1b, net.office)):
        assert snat(net, host, ip(host.ip, to.ip, ICMP(id=4711, seq=1)), to) == 4711
    assert snat(net, net.h1b, ip(net.h1b.ip, net.inet.ip, ICMP(id=4711, seq=1)), net.inet) != 4711
    reply = ip(net.office.ip, SNAT, ICMP(type=0, id=4711, seq=1))
    expect(net.office.send(reply), net.h1b, hop(reply, dst=net.h1b.ip))


def test_endpoint_dependent_keeps_off_kernel_ports(net, rule):
    rule(mapping="endpoint_dependent")
    for sport in (80, 10240, 32767):
        port = snat(net, net.h1, udp(net.h1, net.inet, sport, 1), net.inet)
        assert 1024 <= port <= 10239 or port >= 32768


def test_exhausted_ports_are_reused_by_destination(net, rule):
    rule(port_range="2000-2003", max_sessions_per_host=100)
    ports = [snat(net, net.h1, udp(net.h1, net.inet, 5000 + n, 1), net.inet) for n in range(4)]
    assert sorted(ports) == [2000, 2001, 2002, 2003]
    stats = net.router.stats()
    assert (stats["mappings"], stats["degraded"]) == (4, 0)
    more = [snat(net, net.h1b, udp(net.h1b, net.inet, 5000 + n, 2), net.inet) for n in range(4)]
    assert sorted(more) == [2000, 2001, 2002, 2003]
    stats = net.router.stats()
    assert (stats["mappings"], stats["degraded"]) == (4, 4)
    for n, port in enumerate(more):  # replies find their host
        reply = ip(net.inet.ip, SNAT, UDP(sport=2, dport=port) / b"a")
        expect(net.inet.send(reply), net.h1b, hop(reply, dst=net.h1b.ip, dport=5000 + n))
    refused(net.h1b.send(udp(net.h1b, net.inet, 6000, 2)), net.h1b)  # none is left for it
    assert net.router.stats()["drops"]["nat_no_port"] == 1


def test_degraded_flow_does_not_disturb_a_mapping(net, rule):
    """The mapping's port is in use for the destination by somebody else: another one is found."""
    rule(port_range="2000-2001", max_sessions_per_host=100)
    first = snat(net, net.h1, udp(net.h1, net.inet, 5000, 1), net.inet)
    snat(net, net.h1, udp(net.h1, net.inet, 5001, 1), net.inet)
    taken = snat(net, net.h1b, udp(net.h1b, net.inet, 5000, 2), net.inet)
    host, sport = (net.h1, 5000) if taken == first else (net.h1, 5001)
    assert snat(net, host, udp(host, net.inet, sport, 2), net.inet) != taken
    assert snat(net, host, udp(host, net.inet, sport, 3), net.inet) == taken  # still its mapping


def test_first_host_cannot_take_all_ports(net, rule):
    rule(port_range="2000-2063")
    outs = [o for n in range(64) for o in net.h1.send(udp(net.h1, net.inet, 5000 + n, 1))]
    assert sum(o.port == "pub0" for o in outs) == 32  # half of the ports, by default
    assert net.router.stats()["drops"]["nat_host_limit"] == 32
    for n in range(32):
        snat(net, net.h1b, udp(net.h1b, net.inet, 5000 + n, 1), net.inet)
    assert net.router.stats()["degraded"] == 0
