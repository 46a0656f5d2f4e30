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


def test_no_port_below_1024_is_given(net, rule):
    rule(port_range="1-1025", max_sessions_per_host=10)
    ports = {snat(net, net.h1, udp(net.h1, net.inet, sport, 1), net.inet) for sport in (53, 80)}
    assert ports == {1024, 1025}


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


def from_outside(net, host, sport, dport, l4=UDP, flags="S"):
    """A packet to port `dport` of the SNAT address, and what comes out."""
    fields = {"flags": flags} if l4 is TCP else {}
    p = ip(host.ip, SNAT, l4(sport=sport, dport=dport, **fields))
    return p, host.send(p)


def drops(net, reason):
    return net.router.stats()["drops"][reason]


@pytest.mark.parametrize("l4", [UDP, TCP])
@pytest.mark.parametrize("filtering, same_address, anybody",
                         [("address_and_port_dependent", 0, 0), ("address", 1, 0),
                          ("endpoint_independent", 1, 1)])
def test_filtering_by_mode(net, rule, l4, filtering, same_address, anybody):
    rule(filtering=filtering)
    snat(net, net.h1, ip(net.h1.ip, net.inet.ip, l4(sport=5000, dport=80)), net.inet)
    for host, passes in ((net.inet, same_address), (net.office, anybody)):
        p, outs = from_outside(net, host, 81, 5000, l4)
        if passes:
            expect(outs, net.h1, hop(p, dst=net.h1.ip))
            answer = ip(net.h1.ip, host.ip, l4(sport=5000, dport=81))
            expect(net.h1.send(answer), host, hop(answer, src=SNAT))
        else:
            assert outs == []
    stats = net.router.stats()
    assert stats["sessions"] == 1 + same_address + anybody
    assert stats["drops"]["nat_filtered"] == 2 - same_address - anybody
    assert stats["hosts"] == 1
    net.router.advance(8000)
    stats = net.router.stats()
    assert (stats["sessions"], stats["mappings"], stats["hosts"]) == (0, 0, 0)


def test_what_is_not_forwarded_opens_no_session_from_outside(net, rule):
    rule(filtering="endpoint_independent")
    snat(net, net.h1, udp(net.h1, net.inet, 5000, 80), net.inet)
    late = ip(net.office.ip, SNAT, UDP(sport=9, dport=5000), ttl=1)
    out = IP(sent(net.office.send(late)).frame[14:])
    assert (out.dst, out[ICMP].type) == (net.office.ip, 11)
    late = ip(net.h1b.ip, SNAT, UDP(sport=9, dport=5000), ttl=1)
    out = IP(sent(net.h1b.send(late)).frame[14:])
    assert (out.dst, out[ICMP].type) == (net.h1b.ip, 11)
    assert net.router.stats()["sessions"] == 1


def test_address_filtering_ends_with_the_last_session(net, rule):
    rule(filtering="address")
    snat(net, net.h1, udp(net.h1, net.inet, 5000, 80), net.inet)
    net.router.advance(200)
    snat(net, net.h1, udp(net.h1, net.office, 5000, 80), net.office)  # keeps the mapping
    net.router.advance(150)
    assert from_outside(net, net.inet, 81, 5000)[1] == []  # its permission has expired
    p, outs = from_outside(net, net.office, 81, 5000)
    expect(outs, net.h1, hop(p, dst=net.h1.ip))
    assert drops(net, "nat_filtered") == 1


def test_packets_from_outside_refresh_the_mapping(net, rule):
    """RFC 4787 REQ-6: they refresh the session that they belong to, and by it the mapping."""
    rule(filtering="endpoint_independent")
    snat(net, net.h1, udp(net.h1, net.inet, 5000, 80), net.inet)
    for _ in range(4):
        net.router.advance(200)
        p, outs = from_outside(net, net.office, 81, 5000)
        expect(outs, net.h1, hop(p, dst=net.h1.ip))
    assert net.router.stats()["sessions"] == 1


@pytest.mark.parametrize("flags", ["SA", "A", "R", "F", "SF", "SR", "", "PA"])
def test_only_a_syn_opens_from_outside(net, rule, flags):
    rule(filtering="endpoint_independent")
    snat(net, net.h1, ip(net.h1.ip, net.inet.ip, TCP(sport=5000, dport=80, flags="S")), net.inet)
    assert from_outside(net, net.office, 81, 5000, TCP, flags)[1] == []
    assert (net.router.stats()["sessions"], drops(net, "nat_filtered")) == (1, 1)


def test_unsolicited_syn_is_silent_and_does_not_hinder(net):
    """RFC 5382 REQ-4: no answer, and the SYN from inside that crosses it opens the connection."""
    snat(net, net.h1, ip(net.h1.ip, net.inet.ip, TCP(sport=5000, dport=1, flags="S")), net.inet)
    assert from_outside(net, net.inet, 80, 5000, TCP)[1] == []
    snat(net, net.h1, ip(net.h1.ip, net.inet.ip, TCP(sport=5000, dport=80, flags="S")), net.inet)
    p, outs = from_outside(net, net.inet, 80, 5000, TCP)
    expect(outs, net.h1, hop(p, dst=net.h1.ip))


def test_icmp_from_outside_opens_nothing(net, rule):
    rule(filtering="endpoint_independent")
    snat(net, net.h1, ip(net.h1.ip, net.inet.ip, ICMP(id=5000, seq=1)), net.inet)
    for type_ in (0, 8):
        net.office.send(ip(net.office.ip, SNAT, ICMP(type=type_, id=5000, seq=1)))
    assert net.router.stats()["sessions"] == 1


def test_limit_counts_flows_from_outside(net, rule):
    rule(filtering="endpoint_independent", max_sessions_per_host=3)
    snat(net, net.h1, udp(net.h1, net.inet, 5000, 80), net.inet)
    for n in range(4):
        p, outs = from_outside(net, net.office, 100 + n, 5000)
        if n < 2:
            expect(outs, net.h1, hop(p, dst=net.h1.ip))
        else:
            assert outs == []  # outsiders are not told
    stats = net.router.stats()
    assert (stats["sessions"], stats["drops"]["nat_host_limit"]) == (3, 2)


def test_altered_rule_forgets_who_may_come_in(net, rule):
    rule(filtering="endpoint_independent")
    snat(net, net.h1, udp(net.h1, net.inet, 5000, 80), net.inet)
    rule(filtering="address_and_port_dependent")
    assert from_outside(net, net.office, 81, 5000)[1] == []
    net.router.advance(2)
    assert from_outside(net, net.office, 81, 5000)[1] == []
    assert net.router.stats()["sessions"] == 0


def test_port_forward_wins_over_a_mapping(net, rule):
    rule(filtering="endpoint_independent")
    config = copy.deepcopy(net.router.config)
    snat(net, net.h1, udp(net.h1, net.inet, 5000, 80), net.inet)
    config["port_forwards"].append({"name": "late", "vip": "pub0", "protocol": "udp",
                                    "ports": "5000", "target": net.h2.ip})
    assert net.router.configure(config) == ""
    p, outs = from_outside(net, net.office, 81, 5000)
    expect(outs, net.h2, hop(p, dst=net.h2.ip))


@pytest.mark.parametrize("l4", [UDP, TCP])
@pytest.mark.parametrize("client", ["h1b", "h2"], ids=["same subnet", "other subnet"])
def test_hairpin_by_mapping(net, l4, client):
    """RFC 4787 REQ-9, RFC 5382 REQ-8: the source is the client's own external address and port."""
    config = copy.deepcopy(net.config)
    for snat_rule in config["snat"][:2]:
        snat_rule["filtering"] = "endpoint_independent"
    assert net.router.configure(config) == ""
    host = getattr(net, client)
    snat(net, net.h1, ip(net.h1.ip, net.inet.ip, l4(sport=5000, dport=80)), net.inet)
    outside = snat(net, host, ip(host.ip, net.inet.ip, l4(sport=5000, dport=80)), net.inet)
    p = ip(host.ip, SNAT, l4(sport=5000, dport=5000))
    expect(host.send(p), net.h1, hop(p, src=SNAT, dst=net.h1.ip, sport=outside))
    reply = ip(net.h1.ip, SNAT, l4(sport=5000, dport=outside))
    expect(net.h1.send(reply), host, hop(reply, src=SNAT, dst=host.ip, dport=5000))
    net.router.advance(8000)
    stats = net.router.stats()
    assert (stats["sessions"], stats["mappings"], stats["hosts"]) == (0, 0, 0)


def test_hairpin_keeps_the_mapping_of_its_target(net, rule):
    rule(filtering="endpoint_independent")
    snat(net, net.h1, udp(net.h1, net.inet, 5000, 80), net.inet)
    p = ip(net.h1b.ip, SNAT, UDP(sport=6000, dport=5000))
    for _ in range(3):
        out = net.h1b.send(p)
        assert sent(out).port == "vpc1"
        net.router.advance(200)
    assert net.router.stats()["sessions"] == 2  # each host's; that to inet has ended
    p, outs = from_outside(net, net.office, 81, 5000)  # others still find it there
    expect(outs, net.h1, hop(p, dst=net.h1.ip))


def test_hairpin_is_filtered(net, rule):
    rule(filtering="address")
    snat(net, net.h1, udp(net.h1, net.inet, 5000, 80), net.inet)
    p = ip(net.h1b.ip, SNAT, UDP(sport=6000, dport=5000))
    assert net.h1b.send(p) == []
    assert drops(net, "nat_filtered") == 1
    assert net.router.stats()["sessions"] == 2  # the second is what lets an answer in


def test_session_rate_of_a_host(net, rule):
    rule(max_session_rate_per_host=3)
    for second in range(3):
        ports = [5000 + 10 * second + n for n in range(5)]
        outs = [sent(net.h1.send(udp(net.h1, net.inet, port, 1))).port for port in ports]
        assert outs == ["pub0"] * 3 + ["vpc1"] * 2  # the host is told
        snat(net, net.h1, udp(net.h1, net.inet, ports[0], 1), net.inet)  # is no new session
        snat(net, net.h1b, udp(net.h1b, net.inet, ports[0], 2), net.inet)  # is another host's
        stats = net.router.stats()
        assert stats["sessions"] == 4 * (second + 1)
        assert stats["drops"]["nat_host_rate"] == 2 * (second + 1)
        net.router.advance(1)


def test_session_rate_counts_flows_from_outside(net, rule):
    rule(filtering="endpoint_independent", max_session_rate_per_host=2)
    snat(net, net.h1, udp(net.h1, net.inet, 5000, 80), net.inet)
    outs = [len(from_outside(net, net.office, 100 + n, 5000)[1]) for n in range(3)]
    assert (outs, drops(net, "nat_host_rate")) == ([1, 0, 0], 2)


@pytest.mark.parametrize("taken", ["h1", "h1b"])
def test_new_eip_ends_hairpin_flows_by_mapping(net, rule, taken):
    """Of its target as the client (h1b) and as the server (h1)."""
    rule(filtering="endpoint_independent")
    snat(net, net.h1, udp(net.h1, net.inet, 5000, 80), net.inet)
    p = ip(net.h1b.ip, SNAT, UDP(sport=6000, dport=5000))
    assert sent(net.h1b.send(p)).port == "vpc1"
    assert net.router.stats()["sessions"] == 3  # one of them for each end of the hairpin
    config = copy.deepcopy(net.router.config)
    config["eips"].append({"name": "new", "vip": "vip-bare", "target": getattr(net, taken).ip})
    config["port_forwards"] = []
    assert net.router.configure(config) == ""
    net.router.advance(1)
    assert net.router.stats()["sessions"] == (1 if taken == "h1" else 2)
    net.router.advance(1)
    if taken == "h1":
        assert net.h1b.send(p) == []  # the mapping has gone, too
