# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Private hosts that send to each other's external address and port: each has a session of its own,
as if the packets went outside and came back (RFC 4787 REQ-9, RFC 5382 REQ-8)."""

import copy

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.packet import Raw

from router import expect, hop, sent
from test_nat import SNAT, ip, snat

MODES = [("endpoint_independent", "address_and_port_dependent"),
         ("endpoint_independent", "address"),
         ("endpoint_dependent", "address_and_port_dependent")]
A_PORT, B_PORT = 5000, 6000


@pytest.fixture
def site(net):
    """Sets the mapping, filtering and more of both networks' rules by pub0."""
    def change(mapping, filtering, **more):
        config = copy.deepcopy(net.config)
        for rule in config["snat"][:2]:
            rule.update(mapping=mapping, filtering=filtering, **more)
        assert net.router.configure(config) == ""
    return change


def drops(net, reason):
    return net.router.stats()["drops"].get(reason, 0)


def known(net, a, b, l4=UDP):
    """Both have asked a server outside which endpoints they have: their own ports."""
    for host, port in ((a, A_PORT), (b, B_PORT)):
        assert snat(net, host, ip(host.ip, net.inet.ip, l4(sport=port, dport=3478)),
                    net.inet) == port


def there(a, l4=UDP, ttl=64, **fields):
    """From A to the external endpoint of B."""
    return ip(a.ip, SNAT, l4(sport=A_PORT, dport=B_PORT, **fields) / b"x", ttl=ttl)


def back(b, l4=UDP, **fields):
    return ip(b.ip, SNAT, l4(sport=B_PORT, dport=A_PORT, **fields) / b"x")


def nothing_left(net):
    net.router.advance(8000)
    stats = net.router.stats()
    return (stats["sessions"], stats["mappings"], stats["hosts"]) == (0, 0, 0)


@pytest.mark.parametrize("other", ["h1b", "h2"])
@pytest.mark.parametrize("mapping, filtering", MODES)
def test_udp_hole_punching(net, site, mapping, filtering, other):
    site(mapping, filtering)
    a, b = net.h1, getattr(net, other)
    known(net, a, b)
    for n in range(2):  # B has not sent to A: as from anybody outside
        assert a.send(there(a)) == []
        assert drops(net, "nat_filtered") == n + 1
    assert net.router.stats()["sessions"] == 3
    for _ in range(3):  # the source is always the external endpoint
        expect(b.send(back(b)), a, hop(back(b), src=SNAT, dst=a.ip))
        expect(a.send(there(a)), b, hop(there(a), src=SNAT, dst=b.ip))
        net.router.advance(100)
    assert drops(net, "nat_filtered") == 2
    assert nothing_left(net)


@pytest.mark.parametrize("other", ["h1b", "h2"])
@pytest.mark.parametrize("mapping, filtering", MODES)
def test_tcp_simultaneous_open(net, site, mapping, filtering, other):
    site(mapping, filtering)
    a, b = net.h1, getattr(net, other)
    known(net, a, b, TCP)
    assert a.send(there(a, TCP, flags="S")) == []
    assert drops(net, "nat_filtered") == 1
    for flags in ("S", "SA", "A"):
        p = back(b, TCP, flags=flags)
        expect(b.send(p), a, hop(p, src=SNAT, dst=a.ip))
        p = there(a, TCP, flags=flags)
        expect(a.send(p), b, hop(p, src=SNAT, dst=b.ip))
    # Established, on both sides: longer than what is only being opened.
    net.router.advance(7000)
    p = there(a, TCP, flags="A")
    expect(a.send(p), b, hop(p, src=SNAT, dst=b.ip))
    assert nothing_left(net)


def test_address_filtering_lets_in_the_other_ports_of_the_address(net, site):
    site("endpoint_independent", "address")
    known(net, net.h1, net.h1b)
    assert net.h1.send(there(net.h1)) == []
    # h2 looks like h1b to h1: another port of the address that h1 has sent to.
    p = ip(net.h2.ip, SNAT, UDP(sport=7000, dport=A_PORT))
    expect(net.h2.send(p), net.h1, hop(p, src=SNAT, dst=net.h1.ip))


def test_port_filtering_does_not(net, site):
    site("endpoint_independent", "address_and_port_dependent")
    known(net, net.h1, net.h1b)
    assert net.h1.send(there(net.h1)) == []
    for host, sport in ((net.h2, 7000), (net.h1b, B_PORT + 1)):
        assert host.send(ip(host.ip, SNAT, UDP(sport=sport, dport=A_PORT))) == []
    # From outside, in the name of h1b: it never comes from there.
    assert net.inet.send(ip(SNAT, SNAT, UDP(sport=B_PORT, dport=A_PORT))) == []
    expect(net.h1b.send(back(net.h1b)), net.h1, hop(back(net.h1b), src=SNAT, dst=net.h1.ip))


def test_forged_own_address_from_outside_does_not_stand_in_the_way(net, site):
    site("endpoint_independent", "endpoint_independent")
    known(net, net.h1, net.h1b)
    assert net.inet.send(ip(SNAT, SNAT, UDP(sport=B_PORT, dport=A_PORT))) == []
    assert net.router.stats()["sessions"] == 2
    expect(net.h1b.send(back(net.h1b)), net.h1, hop(back(net.h1b), src=SNAT, dst=net.h1.ip))
    expect(net.h1.send(there(net.h1)), net.h1b, hop(there(net.h1), src=SNAT, dst=net.h1b.ip))


@pytest.mark.parametrize("mapping, filtering", MODES[:2])
def test_host_reaches_itself(net, site, mapping, filtering):
    """By its own external endpoint: it has sent there, so its filtering lets it in. Once."""
    site(mapping, filtering)
    snat(net, net.h1, ip(net.h1.ip, net.inet.ip, UDP(sport=A_PORT, dport=80)), net.inet)
    p = ip(net.h1.ip, SNAT, UDP(sport=A_PORT, dport=A_PORT))
    for _ in range(2):
        expect(net.h1.send(p), net.h1, hop(p, src=SNAT, dst=net.h1.ip))
    assert net.router.stats()["sessions"] == 2
    assert nothing_left(net)


def test_dependent_port_is_never_the_one_that_it_sends_to(net, site):
    site("endpoint_dependent", "address_and_port_dependent")
    p = ip(net.h1.ip, SNAT, UDP(sport=A_PORT, dport=A_PORT))
    for _ in range(2):
        assert net.h1.send(p) == []
    assert drops(net, "nat_filtered") == 2


@pytest.mark.parametrize("mapping, filtering", MODES)
def test_errors_cross_over(net, site, mapping, filtering):
    site(mapping, filtering)
    a, b = net.h1, net.h2
    known(net, a, b)
    assert a.send(there(a)) == []
    expect(b.send(back(b)), a, hop(back(b), src=SNAT, dst=a.ip))
    arrived = hop(back(b), src=SNAT, dst=a.ip)
    error = ip(a.ip, SNAT, ICMP(type=3, code=3) / Raw(bytes(arrived)))
    quoted = hop(back(b))  # as B sent it, a hop on
    want = IP(bytes(IP(src=SNAT, dst=b.ip, id=error.id, ttl=error.ttl - 1) /
                    ICMP(type=3, code=3) / Raw(bytes(quoted))))
    expect(a.send(error), b, want)
    about_nothing = hop(back(b), src=SNAT, dst=a.ip, sport=B_PORT + 1)
    assert a.send(ip(a.ip, SNAT, ICMP(type=3, code=3) / Raw(bytes(about_nothing)))) == []


def test_fragments_cross_over(net, site):
    site(*MODES[0])
    a, b = net.h1, net.h2
    known(net, a, b)
    assert a.send(there(a)) == []
    whole = ip(b.ip, SNAT, UDP(sport=B_PORT, dport=A_PORT) / (b"0123456789abcdef" * 100), id=7)
    pieces = [IP(bytes(f)) for f in fragment(whole, 800)]
    got = [IP(sent(b.send(f)).frame[14:]) for f in pieces]
    want = hop(whole, src=SNAT, dst=a.ip)
    assert [(g.src, g.dst, g.frag) for g in got] == [(SNAT, a.ip, f.frag) for f in pieces]
    assert b"".join(bytes(g.payload) for g in got) == bytes(want.payload)


@pytest.mark.parametrize("mapping, filtering", MODES)
def test_ttl_ends_it(net, site, mapping, filtering):
    """With endpoint-dependent mapping nobody knows whether the packet would have gone on."""
    site(mapping, filtering)
    known(net, net.h1, net.h1b)
    outs = net.h1.send(there(net.h1, ttl=1))
    if mapping == "endpoint_independent":
        assert IP(sent(outs).frame[14:])[ICMP].type == 11
    assert (len(outs), net.router.stats()["sessions"]) == (mapping == "endpoint_independent", 2)
    assert drops(net, "ttl") == 1


def test_only_what_may_open_a_connection_makes_a_session(net, site):
    site("endpoint_independent", "endpoint_independent")
    known(net, net.h1, net.h1b, TCP)
    for flags in ("R", "F", "SA"):
        assert net.h1.send(there(net.h1, TCP, flags=flags)) == []
    assert net.router.stats()["sessions"] == 2


@pytest.mark.parametrize("mapping, filtering", MODES)
def test_limit_of_the_sender(net, site, mapping, filtering):
    """What the other side does not let in counts all the same: it holds a session."""
    site(mapping, filtering, max_sessions_per_host=3)
    known(net, net.h1, net.h2)
    for n in range(2):
        p = ip(net.h1.ip, SNAT, UDP(sport=A_PORT + 1 + n, dport=B_PORT))
        assert net.h1.send(p) == []
    error = IP(sent(net.h1.send(there(net.h1))).frame[14:])
    assert (error.dst, error[ICMP].type, error[ICMP].code) == (net.h1.ip, 3, 13)
    assert (net.router.stats()["sessions"], drops(net, "nat_host_limit")) == (4, 1)


def test_limit_of_the_receiver(net, site):
    """It learns nothing, and the sender no more than from a host outside."""
    site("endpoint_independent", "endpoint_independent", max_sessions_per_host=2)
    known(net, net.h1, net.h2)
    p = ip(net.h1b.ip, SNAT, UDP(sport=9, dport=A_PORT))
    expect(net.h1b.send(p), net.h1, hop(p, src=SNAT, dst=net.h1.ip, sport=sport_of(net.h1b.send(p))))
    assert net.h2.send(back(net.h2)) == []
    assert drops(net, "nat_host_limit") == 1


def sport_of(outs):
    return IP(sent(outs).frame[14:])[UDP].sport


def test_host_without_snat_is_refused(net, site):
    """It would not be translated outside: there is no external endpoint to answer to."""
    config = copy.deepcopy(net.config)
    config["snat"] = [{**config["snat"][0], "filtering": "endpoint_independent"}]
    assert net.router.configure(config) == ""
    snat(net, net.h1, ip(net.h1.ip, net.inet.ip, UDP(sport=A_PORT, dport=80)), net.inet)
    assert net.h2.send(back(net.h2)) == []
    assert (drops(net, "nat_filtered"), net.router.stats()["sessions"]) == (1, 1)


def test_ports_of_the_router_stay_its_own(net, site):
    """With endpoint-dependent mapping any port may be somebody's, but for these."""
    site("endpoint_dependent", "address_and_port_dependent")
    for port in (53, 1023, 10240, 32767, 4500):
        net.h1.send(ip(net.h1.ip, SNAT, UDP(sport=A_PORT, dport=port)))
    stats = net.router.stats()
    assert (stats["sessions"], stats["drops"].get("nat_filtered", 0)) == (0, 0)


@pytest.mark.parametrize("to", ["eip", "outside"])
def test_external_address_that_moves(net, site, to):
    """Hosts that still send to it find what it is by now, at once or with the next packet."""
    config = copy.deepcopy(net.config)
    config["snat"][0]["addresses"] = ["vip-bare"]
    assert net.router.configure(config) == ""
    outside = net.config["vips"][3]["address"]
    p = ip(net.h1.ip, net.inet.ip, UDP(sport=B_PORT, dport=80))
    expect(net.h1.send(p), net.inet, hop(p, src=outside))
    p = ip(net.h2.ip, outside, UDP(sport=A_PORT, dport=B_PORT))
    assert net.h2.send(p) == []
    assert net.router.stats()["sessions"] == 2
    config = copy.deepcopy(net.config)
    if to == "eip":
        config["eips"].append({"name": "eip3", "vip": "vip-bare", "target": net.h1b.ip})
        assert net.router.configure(config) == ""
        assert net.h2.send(p) == []  # its session leaves
        expect(net.h2.send(p), net.h1b, hop(p, dst=net.h1b.ip))
        return
    config["vips"] = [v for v in config["vips"] if v["name"] != "vip-bare"]
    config["routes"].append({"destination": outside + "/32", "type": "static",
                             "next_hop": net.gw.ip})
    assert net.router.configure(config) == ""
    expect(net.h2.send(p), net.gw, hop(p, src=SNAT))
