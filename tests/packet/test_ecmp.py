# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Routes with several next hops: flows are spread and stay where they are, fragments follow their
datagram, and translated flows never leave by an uplink whose address they do not have."""

import copy
from collections import Counter

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment

from router import Host, expect, hop, sent

FAR = "192.0.2.9"
SNAT, SNAT1 = "203.0.113.1", "198.51.100.1"
EIP = "203.0.113.20"
INSIDE = "10.9.0.7"  # behind several private hosts


def ip(src, dst, l4, **fields):
    return IP(bytes(IP(src=src, dst=dst, **fields) / l4))


def route(destination, next_hop):
    return {"destination": destination, "type": "static", "next_hop": next_hop}


@pytest.fixture
def two(net):
    """The world outside is behind a gateway on each uplink."""
    config = copy.deepcopy(net.config)
    config["routes"] += [route("192.0.2.0/24", "203.0.113.253"),
                         route("192.0.2.0/24", "198.51.100.254")]
    net.gw0 = Host(net.router, "pub0", "203.0.113.253", "02:00:00:00:01:76")
    net.gw1 = Host(net.router, "pub1", "198.51.100.254", "02:00:00:00:01:77")
    net.config = config
    assert net.router.configure(config) == ""
    for gw in (net.gw0, net.gw1):  # gateways are known only since there is a route by them
        net.router.neighbour(gw.port, gw.ip, gw.mac)
    return net


@pytest.fixture
def inside(net):
    """A network behind four private hosts, one of them on another port."""
    net.hops = [Host(net.router, "vpc2", f"192.168.11.{n}", f"02:00:00:00:02:{n:02x}")
                for n in (61, 62, 63)]
    net.hops.append(Host(net.router, "vpc1", "192.168.10.61", "02:00:00:00:02:71"))
    set_hops(net, net.hops)
    return net


def set_hops(net, hops):
    config = copy.deepcopy(net.config)
    config["routes"] += [route("10.9.0.0/16", h.ip) for h in hops]
    assert net.router.configure(config) == ""
    for h in hops:
        net.router.neighbour(h.port, h.ip, h.mac)


def where(net, outputs):
    """The next hop that the only output went to."""
    out = sent(outputs)
    return next(h.ip for h in net.hops if out.frame[:6] == bytes.fromhex(h.mac.replace(":", "")))


def spread(net, count=400, packet=lambda n: UDP(sport=1024 + n, dport=53)):
    return [where(net, net.h1.send(ip(net.h1.ip, INSIDE, packet(n)))) for n in range(count)]


@pytest.mark.parametrize("packet", [
    lambda n: UDP(sport=1024 + n, dport=53),
    lambda n: TCP(sport=80, dport=1024 + n, flags="A"),
    lambda n: ICMP(id=n),
], ids=["udp", "tcp", "icmp"])
def test_flows_are_spread_and_stay(inside, packet):
    first = spread(inside, packet=packet)
    assert spread(inside, packet=packet) == first
    shares = Counter(first)
    assert len(shares) == 4
    # 400 flows, 100 each expected, deviation 8.7: five of them.
    assert all(56 <= n <= 144 for n in shares.values()), shares


def test_other_protocols_are_spread_by_address(inside):
    seen = Counter()
    for n in range(200):
        p = ip(inside.h1.ip, f"10.9.1.{n}", b"\0" * 24, proto=47)
        seen[where(inside, inside.h1.send(p))] += 1
    assert len(seen) == 4 and min(seen.values()) >= 20, seen


def test_what_leaves_is_the_packet(inside):
    p = ip(inside.h1.ip, INSIDE, TCP(sport=7, dport=22, flags="S"))
    out = inside.h1.send(p)
    to = next(h for h in inside.hops if h.ip == where(inside, out))
    expect(out, to, hop(p))


@pytest.mark.parametrize("name", ["h1", "h1b"], ids=["may-have-sessions", "plain"])
def test_fragments_go_the_way_of_their_datagram(inside, name):
    host = getattr(inside, name)
    ways = set()
    for n in range(60):
        p = ip(host.ip, f"10.9.2.{n}", UDP(sport=1, dport=2) / bytes(3000), id=n + 1)
        pieces = [where(inside, host.send(f)) for f in fragment(p, 1000)]
        assert len(pieces) > 2 and len(set(pieces)) == 1
        ways.add(pieces[0])
    assert len(ways) == 4


def test_a_dead_next_hop_is_avoided_and_the_others_keep_their_flows(inside):
    before = spread(inside)
    dead = inside.hops[1]
    inside.router.neighbour_failed(dead.port, dead.ip)
    during = spread(inside)
    assert dead.ip not in during
    assert all(b == d for b, d in zip(before, during) if b != dead.ip)
    inside.router.neighbour(dead.port, dead.ip, dead.mac)
    after = spread(inside)
    assert dead.ip in after
    assert all(d == a for d, a in zip(during, after) if a != dead.ip)


def test_a_next_hop_that_is_removed_takes_only_its_flows(inside):
    before = spread(inside)
    gone = inside.hops[2]
    set_hops(inside, [h for h in inside.hops if h is not gone])
    during = spread(inside)
    assert gone.ip not in during
    assert all(b == d for b, d in zip(before, during) if b != gone.ip)
    set_hops(inside, inside.hops)
    after = spread(inside)
    assert all(d == a for d, a in zip(during, after) if a != gone.ip)
    assert Counter(after)[gone.ip] > 50


def test_all_dead_says_so(inside):
    for h in inside.hops:
        inside.router.neighbour_failed(h.port, h.ip)
    out = inside.h1.send(ip(inside.h1.ip, INSIDE, UDP(sport=9, dport=9)))
    error = IP(sent(out).frame[14:])
    assert (error[ICMP].type, error[ICMP].code) == (3, 1)
    assert inside.router.stats()["drops"]["neighbour_failed"] == 1


def test_forwarded_flows_are_spread_behind_a_port_forward(inside):
    """The target is behind the four; a session's packets choose as others do."""
    config = copy.deepcopy(inside.router.config)
    config["port_forwards"][2]["target"] = INSIDE
    assert inside.router.configure(config) == ""
    for h in inside.hops:
        inside.router.neighbour(h.port, h.ip, h.mac)
    def round_trip():
        return [where(inside, inside.inet.send(ip(inside.inet.ip, "203.0.113.21",
                                                  UDP(sport=1024 + n, dport=53))))
                for n in range(100)]
    first = round_trip()
    assert len(set(first)) == 4
    assert round_trip() == first
    dead = inside.hops[0]
    inside.router.neighbour_failed(dead.port, dead.ip)
    during = round_trip()
    assert dead.ip not in during
    assert all(b == d for b, d in zip(first, during) if b != dead.ip)
    assert inside.router.stats()["sessions"] == 100


def uplink(two, outputs, packet):
    """By which gateway it left; it must have the address of that uplink."""
    out = sent(outputs)
    gw, src = (two.gw0, SNAT) if out.port == "pub0" else (two.gw1, SNAT1)
    expect(outputs, gw, hop(packet, src=src, sport=IP(out.frame[14:]).sport))
    return gw, IP(out.frame[14:])


def start(two, count=60):
    """Flows of h1 to FAR: packet, gateway, what came out."""
    flows = []
    for n in range(count):
        p = ip(two.h1.ip, FAR, UDP(sport=2000 + n, dport=80))
        gw, out = uplink(two, two.h1.send(p), p)
        flows.append((p, gw, out))
    return flows


def test_snat_takes_the_address_of_the_uplink_that_the_flow_chose(two):
    flows = start(two)
    assert {gw.port for _, gw, _ in flows} == {"pub0", "pub1"}
    for p, gw, out in flows:
        assert uplink(two, two.h1.send(p), p) == (gw, out)
        reply = ip(FAR, out.src, UDP(sport=80, dport=out.sport))
        expect(gw.send(reply), two.h1, hop(reply, dst=two.h1.ip, dport=p.sport))
    assert two.router.stats()["sessions"] == len(flows)


def test_snat_flow_stays_on_its_uplink_when_another_next_hop_joins(two):
    flows = start(two)
    late = Host(two.router, "pub1", "198.51.100.99", "02:00:00:00:01:7b")
    two.config["routes"].append(route("192.0.2.0/24", late.ip))
    assert two.router.configure(two.config) == ""
    two.router.neighbour(late.port, late.ip, late.mac)
    for p, gw, out in flows:
        again = sent(two.h1.send(p))
        assert again.port == gw.port
        assert bytes(IP(again.frame[14:])) == bytes(out)
    assert two.router.stats()["sessions"] == len(flows)


def test_snat_flow_leaves_an_uplink_whose_gateway_is_dead(two):
    flows = start(two)
    two.router.neighbour_failed("pub1", two.gw1.ip)
    for p, gw, out in flows:
        now, again = uplink(two, two.h1.send(p), p)
        assert now is two.gw0
        if gw is two.gw0:
            assert bytes(again) == bytes(out)
    two.router.neighbour("pub1", two.gw1.ip, two.gw1.mac)
    for p, _, _ in flows:  # none has a reason to go back
        assert uplink(two, two.h1.send(p), p)[0] is two.gw0
    two.router.advance(1)
    assert two.router.stats()["sessions"] == len(flows)


def test_fragments_of_a_snat_flow_have_its_uplink(two):
    for n in range(20):
        p = ip(two.h1.ip, FAR, UDP(sport=3000 + n, dport=80) / b"x")
        gw, out = uplink(two, two.h1.send(p), p)
        big = ip(two.h1.ip, FAR, UDP(sport=3000 + n, dport=80) / bytes(3000), id=n + 1)
        outs = [o for f in fragment(big, 1000) for o in two.h1.send(f)]
        assert len(outs) == 4 and {o.port for o in outs} == {gw.port}
        assert {IP(o.frame[14:]).src for o in outs} == {out.src}


def test_a_packet_that_waited_leaves_by_the_uplink_of_its_address(two):
    """Neither gateway is resolved: what was translated waits, and its hash is another one now."""
    config = copy.deepcopy(two.config)
    config["routes"][-2:] = [route("192.0.2.0/24", "203.0.113.77"),
                             route("192.0.2.0/24", "198.51.100.77")]
    assert two.router.configure(config) == ""
    for n in range(40):
        assert two.h1.send(ip(two.h1.ip, FAR, UDP(sport=4000 + n, dport=80))) == []
    held = two.router.stats()["accounts"]["held"]
    assert held == 8  # as many as may wait for each
    Host(two.router, "pub0", "203.0.113.77", "02:00:00:00:01:79")
    Host(two.router, "pub1", "198.51.100.77", "02:00:00:00:01:7a")
    outs = two.router.advance(1)
    assert len(outs) == held and {o.port for o in outs} == {"pub0", "pub1"}
    for out in outs:
        assert IP(out.frame[14:]).src == (SNAT if out.port == "pub0" else SNAT1)


def test_a_host_with_an_eip_leaves_where_that_is(two):
    for n in range(40):
        p = ip(two.eip.ip, FAR, UDP(sport=5000 + n, dport=80))
        expect(two.eip.send(p), two.gw0, hop(p, src=EIP))
    assert two.router.stats()["sessions"] == 0


def test_eip_and_forward_answer_by_the_uplink_of_arrival(two):
    config = copy.deepcopy(two.config)
    config["interfaces"][3]["gateway"] = two.gw1.ip
    assert two.router.configure(config) == ""
    for n in range(20):
        p = ip(FAR, EIP, UDP(sport=6000 + n, dport=53))
        for gw in (two.gw0, two.gw1):
            expect(gw.send(p), two.eip, hop(p, dst=two.eip.ip))
            reply = ip(two.eip.ip, FAR, UDP(sport=53, dport=6000 + n))
            # Its session leads the flow to where it came in first.
            expect(two.eip.send(reply), two.gw0, hop(reply, src=EIP))
        p = ip(FAR, "203.0.113.21", TCP(sport=6000 + n, dport=8080, flags="S"))
        expect(two.gw1.send(p), two.h2, hop(p, dst=two.h2.ip, dport=80))
        reply = ip(two.h2.ip, FAR, TCP(sport=80, dport=6000 + n, flags="SA"))
        expect(two.h2.send(reply), two.gw1, hop(reply, src="203.0.113.21", sport=8080))


def test_flow_from_outside_without_nat_is_answered_without_nat(two):
    for n in range(20):
        p = ip(FAR, two.h1.ip, UDP(sport=7000 + n, dport=53))
        expect(two.gw1.send(p), two.h1, hop(p))
        reply = ip(two.h1.ip, FAR, UDP(sport=53, dport=7000 + n))
        out = sent(two.h1.send(reply))
        assert IP(out.frame[14:]).src == two.h1.ip
