# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Connections from their first packet to the end of their session, whoever ends them, and what comes
late; a rule that has no port left; a forward's target that is also used directly."""

import copy

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.packet import Raw

from router import expect, hop, sent

SNAT, VIP_PF = "203.0.113.1", "203.0.113.21"
TRANSITORY_S = 240


def flows_since(net, before):
    """What was counted by rule: sorted (kind, created, refused), without those with nothing."""
    now = net.router.stats()["rules"]
    rows = [(rule.split("/")[0], *(n - b for n, b in zip(now[rule], before.get(rule, (0, 0)))))
            for rule in now]
    return sorted(row for row in rows if row[1:] != (0, 0))


class Connection:
    """A TCP connection of h1 to inet, seen from both sides of SNAT."""

    def __init__(self, net, sport=5000):
        self.net, self.sport = net, sport
        self.host("S")
        self.inet("SA")
        self.host("A")

    def host(self, flags):
        p = IP(bytes(IP(src=self.net.h1.ip, dst=self.net.inet.ip) /
                     TCP(sport=self.sport, dport=80, flags=flags)))
        expect(self.net.h1.send(p), self.net.inet, hop(p, src=SNAT))

    def inet(self, flags):
        p = IP(bytes(IP(src=self.net.inet.ip, dst=SNAT) /
                     TCP(sport=80, dport=self.sport, flags=flags)))
        expect(self.net.inet.send(p), self.net.h1, hop(p, dst=self.net.h1.ip))

    def ends_after(self, seconds):
        """The session is there until its idle time has passed, and then it is not."""
        self.net.router.advance(seconds - 1)
        assert self.net.router.stats()["sessions"] == 1
        self.net.router.advance(3)
        assert self.net.router.stats()["sessions"] == 0


CLOSES = {
    "host first": [("host", "FA"), ("inet", "A"), ("inet", "FA"), ("host", "A")],
    "remote first": [("inet", "FA"), ("host", "A"), ("host", "FA"), ("inet", "A")],
    "crossed": [("host", "FA"), ("inet", "FA"), ("host", "A"), ("inet", "A")],
    "repeated": [("host", "FA"), ("host", "FA"), ("inet", "FA"), ("inet", "FA"), ("host", "A"),
                 ("host", "A")],
}


@pytest.mark.parametrize("close", CLOSES.values(), ids=CLOSES.keys())
def test_closed_connection_leaves_after_the_transitory_time(net, close):
    connection = Connection(net)
    for side, flags in close:
        getattr(connection, side)(flags)
    connection.ends_after(TRANSITORY_S)


def test_half_closed_connection_stays(net):
    connection = Connection(net)
    connection.host("FA")
    connection.inet("A")
    net.router.advance(TRANSITORY_S + 60)
    connection.inet("PA")  # the other half may send for as long as it likes
    assert net.router.stats()["sessions"] == 1


@pytest.mark.parametrize("side", ["host", "inet"])
def test_reset_connection_leaves_after_the_transitory_time(net, side):
    connection = Connection(net)
    getattr(connection, side)("R")
    connection.ends_after(TRANSITORY_S)
    Connection(net, sport=5001)


def test_data_after_a_reset_restores_the_connection(net):
    connection = Connection(net)
    connection.inet("R")
    connection.host("A")
    net.router.advance(TRANSITORY_S + 60)
    connection.inet("PA")
    assert net.router.stats()["sessions"] == 1


def test_late_segment_from_outside_meets_nothing(net):
    connection = Connection(net)
    connection.inet("R")
    connection.ends_after(TRANSITORY_S)
    late = IP(bytes(IP(src=net.inet.ip, dst=SNAT) / TCP(sport=80, dport=5000, flags="FA")))
    assert net.inet.send(late) == []
    assert net.router.stats()["sessions"] == 0


def test_forwarded_connection_closes_and_its_tuple_is_used_again(net):
    def client(flags):
        p = IP(bytes(IP(src=net.inet.ip, dst=VIP_PF) / TCP(sport=4000, dport=8080, flags=flags)))
        expect(net.inet.send(p), net.h2, hop(p, dst=net.h2.ip, dport=80))

    def server(flags):
        p = IP(bytes(IP(src=net.h2.ip, dst=net.inet.ip) / TCP(sport=80, dport=4000, flags=flags)))
        expect(net.h2.send(p), net.inet, hop(p, src=VIP_PF, sport=8080))

    for _ in range(2):  # RFC 6191: the second time in the first one's transitory time
        for side, flags in ((client, "S"), (server, "SA"), (client, "A"), (server, "FA"),
                            (client, "A"), (client, "FA"), (server, "A")):
            side(flags)
        assert net.router.stats()["sessions"] == 1
    net.router.advance(TRANSITORY_S + 2)
    assert net.router.stats()["sessions"] == 0


def test_wider_range_serves_at_once(net):
    config = copy.deepcopy(net.config)
    config["snat"][0].update(port_range="2000-2001", max_sessions_per_host=100,
                             mapping="endpoint_dependent")
    assert net.router.configure(config) == ""
    flows = [IP(bytes(IP(src=net.h1.ip, dst=net.inet.ip) / UDP(sport=5000 + n, dport=80)))
             for n in range(3)]
    assert [sent(net.h1.send(p)).port for p in flows] == ["pub0", "pub0", "vpc1"]
    assert net.router.stats()["drops"]["nat_no_port"] == 1
    config["snat"][0]["port_range"] = "2000-2100"
    assert net.router.configure(config) == ""
    for l4 in (UDP(sport=5002, dport=80), TCP(sport=5002, dport=80, flags="S"), ICMP(id=5002)):
        p = IP(bytes(IP(src=net.h1.ip, dst=net.inet.ip) / l4))
        assert IP(sent(net.h1.send(p)).frame[14:]).src == SNAT
    assert net.router.stats()["drops"]["nat_no_port"] == 1


def test_errors_about_a_forward_with_another_port(net):
    request = IP(bytes(IP(src=net.inet.ip, dst=VIP_PF) / TCP(sport=4000, dport=8080, flags="S")))
    inside = hop(request, dst=net.h2.ip, dport=80)
    expect(net.inet.send(request), net.h2, inside)
    # From the target: quotes what it got, must quote what the client sent.
    error = IP(bytes(IP(src=net.h2.ip, dst=net.inet.ip) / ICMP(type=3, code=3) / bytes(inside)))
    quoted = hop(request)
    want = IP(bytes(IP(src=VIP_PF, dst=net.inet.ip, ttl=63) / ICMP(type=3, code=3) /
                    bytes(quoted)))
    expect(net.h2.send(error), net.inet, want)
    # From the client about the reply.
    reply = IP(bytes(IP(src=net.h2.ip, dst=net.inet.ip) / TCP(sport=80, dport=4000, flags="SA")))
    outside = hop(reply, src=VIP_PF, sport=8080)
    expect(net.h2.send(reply), net.inet, outside)
    error = IP(bytes(IP(src=net.inet.ip, dst=VIP_PF) / ICMP(type=3, code=1) / bytes(outside)))
    want = IP(bytes(IP(src=net.inet.ip, dst=net.h2.ip, ttl=63) / ICMP(type=3, code=1) /
                    bytes(hop(reply))))
    expect(net.inet.send(error), net.h2, want)


def test_target_of_a_forward_is_reached_directly_as_well(net):
    request = IP(bytes(IP(src=net.isp2.ip, dst=net.h2.ip) / TCP(sport=4000, dport=80, flags="S")))
    expect(net.isp2.send(request), net.h2, hop(request))
    reply = IP(bytes(IP(src=net.h2.ip, dst=net.isp2.ip) / TCP(sport=80, dport=4000, flags="SA")))
    expect(net.h2.send(reply), net.isp2, hop(reply))


def test_reply_with_a_trailer_is_translated_without_it(net):
    p = IP(bytes(IP(src=net.h1.ip, dst=net.inet.ip) / ICMP(id=4711, seq=1) / b"abc"))
    expect(net.h1.send(p), net.inet, hop(p, src=SNAT))
    reply = IP(bytes(IP(src=net.inet.ip, dst=SNAT) / ICMP(type=0, id=4711, seq=1) / b"abc"))
    out = net.router.send("pub0", bytes(net.inet.to_router(reply)) + b"0123456789")
    expect(out, net.h1, hop(reply, dst=net.h1.ip))


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "last first"])
@pytest.mark.parametrize("l4", [TCP(sport=5, dport=6), UDP(sport=5, dport=6), ICMP(id=5)],
                         ids=["tcp", "udp", "icmp"])
def test_fragments_that_nothing_translates_pass_as_they_are(net, l4, order):
    for source, target in ((net.h1, net.h2), (net.h2, net.h1), (net.h2, net.isp2)):
        whole = IP(bytes(IP(src=source.ip, dst=target.ip, id=77) / l4 / Raw(b"A" * 60)))
        pieces = [IP(bytes(piece)) for piece in fragment(whole, 24)]
        # Their flow could be a forward's, which the first fragment tells: the others wait for it.
        outs = [out for piece in pieces[::order] for out in source.send(piece)]
        want = [IP(bytes(piece)) for piece in pieces]
        for piece in want:
            piece.ttl -= 1
            del piece.chksum
        assert {out.port for out in outs} == {target.port}
        assert sorted(o.frame for o in outs) == sorted(target.from_router(w) for w in want)


def test_forward_whose_target_is_outside(net):
    config = copy.deepcopy(net.config)
    config["port_forwards"].append({"name": "away", "vip": "vip-bare", "protocol": "tcp",
                                    "ports": "8080", "target": net.isp2.ip, "target_ports": "80"})
    assert net.router.configure(config) == ""
    request = IP(bytes(IP(src=net.h1.ip, dst="203.0.113.23") / TCP(sport=4000, dport=8080, flags="S")))
    # Leaves by pub1, where SNAT of the host's network applies, too.
    expect(net.h1.send(request), net.isp2,
           hop(request, src="198.51.100.1", dst=net.isp2.ip, dport=80))
    reply = IP(bytes(IP(src=net.isp2.ip, dst="198.51.100.1") /
                     TCP(sport=80, dport=4000, flags="SA")))
    expect(net.isp2.send(reply), net.h1, hop(reply, src="203.0.113.23", dst=net.h1.ip, sport=8080))


def test_forward_takes_its_port_back(net):
    """The target keeps sending to a client whose session by the forward has ended."""
    own = IP(bytes(IP(src=net.h1.ip, dst=net.inet.ip) / UDP(sport=53, dport=5000) / b"keepalive"))
    assert IP(sent(net.h1.send(own)).frame[14:]).src == SNAT
    request = IP(bytes(IP(src=net.inet.ip, dst=VIP_PF) / UDP(sport=5000, dport=53) / b"query"))
    expect(net.inet.send(request), net.h1, hop(request, dst=net.h1.ip))
    expect(net.h1.send(own), net.inet, hop(own, src=VIP_PF))
    expect(net.inet.send(request), net.h1, hop(request, dst=net.h1.ip))
    net.router.advance(1)
    assert net.router.stats()["sessions"] == 1
    net.router.advance(302)
    stats = net.router.stats()
    assert (stats["sessions"], stats["mappings"], stats["hosts"]) == (0, 0, 0)


def test_forward_leaves_an_established_connection(net):
    """RFC 5382 REQ-5: a packet that anybody could send ends no connection."""
    def tcp(src, dst, sport, dport, flags):
        return IP(bytes(IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, flags=flags)))

    def out(flags, src):
        p = tcp(net.h2.ip, net.inet.ip, 80, 5000, flags)
        expect(net.h2.send(p), net.inet, hop(p, src=src, sport=8080 if src == VIP_PF else ext))

    first = tcp(net.h2.ip, net.inet.ip, 80, 5000, "S")
    ext = IP(sent(net.h2.send(first)).frame[14:])[TCP].sport
    reply = tcp(net.inet.ip, SNAT, 5000, ext, "SA")
    assert sent(net.inet.send(reply)).port == net.h2.port
    out("A", SNAT)
    drops = net.router.stats()["drops"].get("nat_no_port", 0)
    for flags in ("S", "A"):
        assert net.inet.send(tcp(net.inet.ip, VIP_PF, 5000, 8080, flags)) == []
    assert net.router.stats()["drops"]["nat_no_port"] == drops + 2
    out("A", SNAT)
    out("R", SNAT)  # it is over: the forward takes its port back
    request = tcp(net.inet.ip, VIP_PF, 5000, 8080, "S")
    expect(net.inet.send(request), net.h2, hop(request, dst=net.h2.ip, dport=80))
    out("SA", VIP_PF)


def test_rules_count_their_new_flows(net):
    config = copy.deepcopy(net.config)
    config["snat"][0]["max_sessions_per_host"] = 3
    assert net.router.configure(config) == ""
    before = net.router.stats()["rules"]

    def out(host, sport, dport=80):
        host.send(IP(src=host.ip, dst=net.inet.ip) / UDP(sport=sport, dport=dport))

    def to_closed(host):
        host.send(IP(src=host.ip, dst=VIP_PF) / TCP(sport=4000, dport=22, flags="S"))

    for _ in range(2):  # what belongs to a session counts once
        for sport in range(5000, 5003):
            out(net.h1, sport)
    assert flows_since(net, before) == [("snat", 3, 0)]
    out(net.h1, 5003)
    out(net.h1, 5003)
    out(net.h2, 5000)
    assert flows_since(net, before) == [("snat", 1, 0), ("snat", 3, 2)]
    to_closed(net.inet)
    to_closed(net.office)
    net.h1.send(IP(src=net.h1.ip, dst=VIP_PF) / UDP(sport=4000, dport=53))  # to itself, refused
    assert flows_since(net, before) == [("port_forward", 0, 1), ("port_forward", 1, 1),
                                        ("snat", 1, 0), ("snat", 3, 3)]


def test_a_rule_counts_from_when_it_came(net):
    """Another rule that gets the id of one that is gone, as it must when all ids are in use."""
    before = net.router.stats()["rules"]
    net.h1.send(IP(src=net.h1.ip, dst=net.inet.ip) / UDP(sport=5000, dport=80))
    (rule,) = [r for r, n in net.router.stats()["rules"].items() if n != before.get(r)]
    config = copy.deepcopy(net.config)
    config["snat"] = []
    assert net.router.configure(config) == ""
    config = copy.deepcopy(config)
    config["snat"] = [{"name": f"r{n}", "source": f"10.0.{n // 256}.{n % 256}/32",
                       "interface": "pub0"} for n in range(1023)]
    assert net.router.configure(config) == ""
    assert net.router.stats()["rules"][rule] == [0, 0]
