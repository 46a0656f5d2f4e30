# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""ICMP errors about translated packets: every kind of NAT, both directions, every quoted protocol,
and quotes as routers really make them. Each quotes the packet as it left; it must come to the
sender about the packet as it was sent."""

import copy
from collections import namedtuple

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_Router_Alert
from scapy.packet import Raw

from router import expect, hop, sent

SNAT, VIP_EIP, VIP_PF = "203.0.113.1", "203.0.113.20", "203.0.113.21"

# A flow: who sends, to which address, and who answers.
Flow = namedtuple("Flow", "client to server")

FLOWS = {
    "snat": lambda net: Flow(net.h1, net.inet.ip, net.inet),
    "eip out": lambda net: Flow(net.eip, net.inet.ip, net.inet),
    "eip in": lambda net: Flow(net.inet, VIP_EIP, net.eip),
    "forward": lambda net: Flow(net.inet, VIP_PF, net.h2),  # of UDP another one: exchange()
    "hairpin same subnet": lambda net: Flow(net.h1, VIP_EIP, net.eip),
    "hairpin other subnet": lambda net: Flow(net.h2, VIP_EIP, net.eip),
    "hairpin forward": lambda net: Flow(net.eip2, VIP_PF, net.h2),
    "hairpin own eip": lambda net: Flow(net.eip, VIP_EIP, net.eip),
}

# The first packet's L4 and the answer's, by the ports of the flow.
L4 = {
    "tcp": lambda s, d, first: TCP(sport=s, dport=d, flags="S" if first else "SA") / b"data",
    "udp": lambda s, d, first: UDP(sport=s, dport=d) / b"data",
    "udp0": lambda s, d, first: UDP(sport=s, dport=d, chksum=0) / b"data",
    "icmp": lambda s, d, first: ICMP(type=8 if first else 0, id=s if first else d) / b"data",
    "gre": lambda s, d, first: Raw(b"\x00" * 24),
}


def build(src, dst, l4, **fields):
    if isinstance(l4, Raw):
        fields["proto"] = 47
    return IP(bytes(IP(src=src, dst=dst, **fields) / l4))


def ports(packet):
    """The tuple of a packet; an ICMP query's id is its source port, a reply's the destination."""
    for layer in (TCP, UDP):
        if packet.haslayer(layer):
            return packet[layer].sport, packet[layer].dport
    if packet.haslayer(ICMP):
        return (packet[ICMP].id, 0) if packet[ICMP].type == 8 else (0, packet[ICMP].id)
    return 0, 0


def exchange(net, flow, name, **fields):
    """Sends a packet and its answer: (sender, as sent, receiver, as received) of both."""
    dport = 80
    if flow.to == VIP_PF:
        dport = 8080 if name == "tcp" else 53
    if dport == 53:
        client = net.eip if flow.client is net.eip2 else flow.client
        flow = Flow(client, VIP_PF, net.h1)
    first = build(flow.client.ip, flow.to, L4[name](5000, dport, True), **fields)
    there = IP(sent(flow.client.send(first)).frame[14:])
    sport, dport = ports(there)
    second = build(there.dst, there.src, L4[name](dport, sport, False), **fields)
    back = IP(sent(flow.server.send(second)).frame[14:])
    return (flow.client, first, flow.server, there), (flow.server, second, flow.client, back)


def cut(packet, length):
    return bytes(packet)[:length]


def error(src, dst, quote, kind=(3, 3), **fields):
    return IP(bytes(IP(src=src, dst=dst, **fields) / ICMP(type=kind[0], code=kind[1]) / quote))


def check(net, exchanged, quote_of=bytes, kind=(3, 3)):
    """The receiver reports an error about what it got; the sender must get it, about what it sent,
    from whom it had sent it to."""
    sender, as_sent, receiver, as_received = exchanged
    got = error(as_received.dst, as_received.src, quote_of(as_received), kind)
    want = error(as_sent.dst, as_sent.src, quote_of(hop(as_sent)), kind, ttl=63)
    expect(receiver.send(got), sender, want)


def cases(names):
    """Every kind with every protocol; port forwards have those with ports."""
    return [(kind, name) for kind in FLOWS for name in names
            if not (kind.endswith("forward") and name in ("icmp", "gre"))]


@pytest.mark.parametrize("kind, name", cases(L4))
def test_error_both_ways(net, kind, name):
    there, back = exchange(net, FLOWS[kind](net), name)
    before = net.router.stats()["sessions"]
    for exchanged in (there, back):
        check(net, exchanged)
        check(net, exchanged, kind=(11, 0))
        check(net, exchanged, kind=(12, 0))
        check(net, exchanged, lambda p: cut(p, 28))  # RFC 792: header and 8 bytes
    assert net.router.stats()["sessions"] == before


@pytest.mark.parametrize("kind, name", cases(["tcp", "udp", "icmp"]))
def test_error_about_a_packet_with_options(net, kind, name):
    for exchanged in exchange(net, FLOWS[kind](net), name, options=[IPOption_Router_Alert()]):
        check(net, exchanged)
        check(net, exchanged, lambda p: cut(p, 32))


@pytest.mark.parametrize("kind", FLOWS)
def test_error_about_a_first_fragment(net, kind):
    """Its ports are there; the checksum covers what the quote does not have."""
    there, back = exchange(net, FLOWS[kind](net), "udp")
    for sender, as_sent, receiver, as_received in (there, back):
        as_sent, as_received = IP(bytes(as_sent)), IP(bytes(as_received))
        for p in (as_sent, as_received):
            p.flags = "MF"
            del p.chksum
        quote = bytes(as_received)
        want = hop(as_sent)
        want = IP(bytes(want))
        got = error(as_received.dst, as_received.src, quote)
        expect(receiver.send(got), sender,
               error(as_sent.dst, as_sent.src, bytes(want), ttl=63))


@pytest.mark.parametrize("length", [0, 7, 19, 20, 21, 27])
@pytest.mark.parametrize("kind", ["snat", "eip in", "forward", "hairpin same subnet"])
def test_short_quotes_lead_nowhere(net, kind, length):
    _, back = exchange(net, FLOWS[kind](net), "udp")
    there, _ = exchange(net, FLOWS[kind](net), "udp")
    for _, _, receiver, as_received in (there, back):
        p = error(as_received.dst, as_received.src, cut(as_received, length))
        assert receiver.send(p) == []
    assert net.router.stats()["drops"]["icmp_invalid"] == 2


def test_errors_neither_refresh_nor_make_sessions(net):
    there, back = exchange(net, FLOWS["snat"](net), "udp")
    net.router.advance(290)
    check(net, there)
    check(net, back)
    net.router.advance(12)
    assert net.router.stats()["sessions"] == 0
    for sender, as_sent, receiver, as_received in (there, back):
        out = receiver.send(error(as_received.dst, as_received.src, bytes(as_received)))
        assert out == []
    assert net.router.stats()["sessions"] == 0


def test_error_of_a_router_on_the_way(net):
    """From inside, it must not show a private address; from outside, it keeps its own."""
    there, back = exchange(net, FLOWS["snat"](net), "udp")
    _, as_sent, _, as_received = there
    p = error(net.gw.ip, as_received.src, bytes(as_received), (11, 0))
    expect(net.gw.send(p), net.h1, error(net.gw.ip, as_sent.src, bytes(hop(as_sent)), (11, 0), ttl=63))
    _, as_sent, _, as_received = back
    p = error(net.h1b.ip, as_received.src, bytes(as_received), (11, 0))
    expect(net.h1b.send(p), net.inet,
           error(as_sent.dst, as_sent.src, bytes(hop(as_sent)), (11, 0), ttl=63))


def test_errors_of_an_eip_with_source_nat_inbound(net):
    config = copy.deepcopy(net.config)
    config["eips"][0]["source_nat_inbound"] = True
    assert net.router.configure(config) == ""
    for name in ("tcp", "udp", "icmp"):
        for exchanged in exchange(net, FLOWS["eip in"](net), name):
            check(net, exchanged)
