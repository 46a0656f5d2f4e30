# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Datagrams in fragments through every kind of NAT: in any order, overlapping, too many, too late,
hostile. What is expected is scapy's translated whole packet, cut at the same places."""

import copy
import itertools
import random
import struct

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Raw
from scapy.utils import checksum

from router import expect, hop, sent

SNAT, VIP_EIP, VIP_PF = "203.0.113.1", "203.0.113.20", "203.0.113.21"
PER_DATAGRAM, HELD, RANGES = 64, 256, 32  # dataplane/main/limits.h; HELD: of one side
DATAGRAMS = 2048                          # of one side
REMEMBERED_S = 5                          # dataplane/ip4/vfr.h
DATA = bytes(range(256)) * 2


def datagram(src, dst, l4, ident=77):
    return IP(bytes(IP(src=src, dst=dst, id=ident) / l4))


def piece(whole, start, end=None):
    """The fragment with these bytes of the IP payload."""
    payload = bytes(whole)[20:]
    head = IP(bytes(whole)[:20])
    end = len(payload) if end is None else min(end, len(payload))
    head.frag = start // 8
    head.flags = "MF" if end < len(payload) else 0
    del head.chksum
    del head.len
    return IP(bytes(head / Raw(payload[start:end])))


def cut(whole, size=64):
    return [piece(whole, at, at + size) for at in range(0, len(whole) - 20, size)]


def with_id(frame, ident):
    """The frame with another IP id: scapy takes too long for thousands."""
    raw = bytearray(frame)
    raw[18:20], raw[24:26] = struct.pack(">H", ident), b"\0\0"
    raw[24:26] = struct.pack(">H", checksum(bytes(raw[14:34])))
    return bytes(raw)


def send_all(host, pieces):
    """One after the other; all that comes out."""
    return [out for p in pieces for out in host.send(p)]


def frames(outs, host):
    assert all(out.port == host.port and out.kind == "sent" for out in outs)
    return sorted(out.frame for out in outs)


def expect_datagram(outs, host, whole, size=64):
    assert frames(outs, host) == sorted(host.from_router(p) for p in cut(whole, size))


def expect_drops(net, **drops):
    counted = net.router.stats()["drops"]
    assert {name: n for name, n in counted.items() if n} == drops


UDP_OUT, TCP_OUT = UDP(sport=5000, dport=80) / DATA, TCP(sport=5000, dport=80, flags="PA") / DATA
PING = ICMP(id=4711, seq=3) / DATA
ORDERS = {
    "in order": lambda pieces: pieces,
    "last first": lambda pieces: pieces[::-1],
    "first last": lambda pieces: pieces[1:] + pieces[:1],
    "shuffled": lambda pieces: random.Random(4).sample(pieces, len(pieces)),
}
orders = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())


@orders
@pytest.mark.parametrize("l4", [UDP_OUT, TCP_OUT, PING, UDP(sport=5000, dport=80, chksum=0) / DATA],
                         ids=["udp", "tcp", "ping", "udp-no-checksum"])
def test_snat_there_and_back(net, order, l4):
    # Another host has the port: it must be changed, which the first fragment alone shows.
    field = "id" if l4.haslayer(ICMP) else "sport"
    taken = l4.copy()
    net.h1b.send(datagram(net.h1b.ip, net.inet.ip, taken))
    whole = datagram(net.h1.ip, net.inet.ip, l4)
    outs = send_all(net.h1, order(cut(whole)))
    first = next(f for f in (IP(o.frame[14:]) for o in outs) if f.frag == 0)
    port = getattr(first[type(l4)], field)
    assert port != getattr(l4, field)
    expect_datagram(outs, net.inet, hop(whole, src=SNAT, **{field: port}))

    back = l4.copy()
    if field == "id":
        back.type, back.id = 0, port
        restored = {"id": l4.id}
    else:
        back.sport, back.dport = 80, port
        restored = {"dport": l4.sport}
    reply = datagram(net.inet.ip, SNAT, back)
    outs = send_all(net.inet, order(cut(reply)))
    expect_datagram(outs, net.h1, hop(reply, dst=net.h1.ip, **restored))
    expect_drops(net)


@orders
def test_port_forward_there_and_back(net, order):
    whole = datagram(net.inet.ip, VIP_PF, TCP(sport=999, dport=8080, flags="S") / DATA)
    expect_datagram(send_all(net.inet, order(cut(whole))), net.h2,
                    hop(whole, dst=net.h2.ip, dport=80))
    reply = datagram(net.h2.ip, net.inet.ip, TCP(sport=80, dport=999, flags="SA") / DATA)
    expect_datagram(send_all(net.h2, order(cut(reply))), net.inet,
                    hop(reply, src=VIP_PF, sport=8080))
    expect_drops(net)


@orders
def test_eip_needs_no_datagram(net, order):
    whole = datagram(net.inet.ip, VIP_EIP, UDP_OUT)
    outs = [sent(net.inet.send(p)) for p in order(cut(whole))]  # each at once
    expect_datagram(outs, net.eip, hop(whole, dst=net.eip.ip))
    reply = datagram(net.eip.ip, net.inet.ip, UDP(sport=80, dport=5000) / DATA)
    expect_datagram(send_all(net.eip, order(cut(reply))), net.inet, hop(reply, src=VIP_EIP))
    expect_drops(net)


@orders
def test_hairpin_both_ways(net, order):
    whole = datagram(net.h1.ip, VIP_EIP, UDP_OUT)
    expect_datagram(send_all(net.h1, order(cut(whole))), net.eip,
                    hop(whole, src=SNAT, dst=net.eip.ip))
    reply = datagram(net.eip.ip, SNAT, UDP(sport=80, dport=5000) / DATA)
    expect_datagram(send_all(net.eip, order(cut(reply))), net.h1,
                    hop(reply, src=VIP_EIP, dst=net.h1.ip))
    expect_drops(net)


def test_every_order_of_four(net):
    for ident, order in enumerate(itertools.permutations(range(4))):
        whole = datagram(net.h1.ip, net.inet.ip, UDP(sport=5000, dport=80) / DATA[:240], ident)
        pieces = cut(whole)
        expect_datagram(send_all(net.h1, [pieces[i] for i in order]), net.inet,
                        hop(whole, src=SNAT))
    assert net.router.stats()["accounts"]["held"] == 0
    expect_drops(net)


def test_in_one_burst(net):
    """Received together, by any worker; two datagrams mixed."""
    a = datagram(net.h1.ip, net.inet.ip, UDP_OUT, 1)
    b = datagram(net.h1.ip, net.inet.ip, TCP_OUT, 2)
    pieces = [p for pair in itertools.zip_longest(cut(a)[::-1], cut(b)) for p in pair if p]
    outs = net.router.send_frames([("vpc1", net.h1.to_router(p)) for p in pieces])
    want = [net.inet.from_router(p) for whole in (a, b) for p in cut(hop(whole, src=SNAT))]
    assert frames(outs, net.inet) == sorted(want)


def test_fragments_are_handed_to_one_worker(net):
    for ident in range(40):
        whole = datagram(net.h1.ip, net.inet.ip, UDP_OUT, ident)
        outs = net.router.send_frames([("vpc1", net.h1.to_router(p)) for p in cut(whole)])
        expect_datagram(outs, net.inet, hop(whole, src=SNAT))
    a = net.router.stats()["accounts"]
    assert a["handed_over"] == a["taken_over"]
    assert (a["handed_over"] > 40) == (net.router.workers == 2)


def test_the_longest_datagram(net):
    """65535 bytes, cut as Ethernet cuts them, last first."""
    whole = datagram(net.h1.ip, net.inet.ip, UDP(sport=5000, dport=80) / (b"x" * 65507))
    expect_datagram(send_all(net.h1, cut(whole, 1480)[::-1]), net.inet, hop(whole, src=SNAT), 1480)


def test_fragment_that_is_too_big_is_cut_again(net):
    """Offsets go on where they were, more fragments follow all but the last."""
    whole = datagram(net.h1.ip, net.inet.ip, UDP(sport=5000, dport=80) / (b"0123456" * 1000))
    size = 2960
    want = [net.inet.from_router(p) for p in cut(hop(whole, src=SNAT), 1480)]
    assert frames(send_all(net.h1, cut(whole, size)[::-1]), net.inet) == sorted(want)


def test_overlap_ends_the_datagram(net):
    whole = datagram(net.h1.ip, net.inet.ip, UDP_OUT)
    assert len(send_all(net.h1, [piece(whole, 0, 64), piece(whole, 64, 128)])) == 2
    assert send_all(net.h1, [piece(whole, 120, 184), piece(whole, 184, 248), piece(whole, 248)]) == []
    expect_drops(net, fragment_overlap=3)
    net.router.advance(REMEMBERED_S)
    expect_datagram(send_all(net.h1, cut(whole)), net.inet, hop(whole, src=SNAT))


def test_overlap_drops_what_waits(net):
    whole = datagram(net.h1.ip, net.inet.ip, UDP_OUT)
    assert send_all(net.h1, [piece(whole, 64, 128), piece(whole, 192, 256)]) == []
    assert net.router.stats()["accounts"]["held"] == 2
    assert send_all(net.h1, [piece(whole, 120, 200), piece(whole, 0, 64)]) == []
    expect_drops(net, fragment_overlap=4)


@pytest.mark.parametrize("again", [(0, 64), (64, 128), (8, 32), (32, 120)],
                         ids=["first", "second", "inside", "across"])
def test_duplicates_are_dropped_alone(net, again):
    whole = datagram(net.h1.ip, net.inet.ip, UDP_OUT)
    outs = send_all(net.h1, [piece(whole, 0, 64), piece(whole, 64, 128), piece(whole, *again)]
                    + cut(whole)[2:])
    expect_datagram(outs, net.inet, hop(whole, src=SNAT))
    expect_drops(net, fragment_duplicate=1)


def test_contradictions_about_the_length(net):
    whole, longer = (datagram(net.h1.ip, net.inet.ip, UDP(sport=5000, dport=80, len=8 + n, chksum=0) /
                              DATA[:n]) for n in (232, 296))
    for ident, pieces in enumerate([
            [piece(whole, 192), piece(longer, 256)],            # two ends
            [piece(whole, 192), piece(longer, 256, 288)],       # more behind the end
            [piece(longer, 256, 288), piece(whole, 192)]], 1):  # an end before others
        for p in pieces:
            p.id = ident
            del p.chksum
        assert send_all(net.h1, [IP(bytes(p)) for p in pieces]) == []
    expect_drops(net, fragment_overlap=6)


def test_timeout(net):
    whole = datagram(net.h1.ip, net.inet.ip, UDP_OUT)
    send_all(net.h1, cut(whole)[1:])
    n = len(cut(whole)) - 1
    assert net.router.advance(REMEMBERED_S - 1) == []
    assert net.router.stats()["accounts"]["held"] == n
    assert net.router.advance(1) == []
    assert net.router.stats()["accounts"]["held"] == 0
    expect_drops(net, fragment_timeout=n)


def test_an_id_can_be_used_again(net):
    """At once when the datagram before is complete, else after some time."""
    for data in (b"a" * 200, b"b" * 300, b"c" * 100):
        whole = datagram(net.h1.ip, net.inet.ip, UDP(sport=len(data), dport=80) / data)
        outs = send_all(net.h1, cut(whole)[::-1])
        first = IP(sorted(o.frame for o in outs if IP(o.frame[14:]).frag == 0)[0][14:])
        expect_datagram(outs, net.inet, hop(whole, src=SNAT, sport=first[UDP].sport))
    send_all(net.h1, [piece(whole, 0, 64)])
    net.router.advance(REMEMBERED_S)
    other = datagram(net.h1.ip, net.inet.ip, UDP_OUT)
    expect_datagram(send_all(net.h1, cut(other)), net.inet, hop(other, src=SNAT))


def test_too_many_of_one_datagram(net):
    whole = datagram(net.h1.ip, net.inet.ip, UDP(sport=5000, dport=80) / (b"x" * 8 * 80))
    pieces = cut(whole, 8)
    assert send_all(net.h1, pieces[1:1 + PER_DATAGRAM]) == []
    assert net.router.stats()["accounts"]["held"] == PER_DATAGRAM
    assert send_all(net.h1, pieces[1 + PER_DATAGRAM:] + pieces[:1]) == []
    expect_drops(net, fragment_limit=len(pieces))


def test_too_many_gaps(net):
    whole = datagram(net.h1.ip, net.inet.ip, UDP(sport=5000, dport=80) / (b"x" * 8 * 80))
    pieces = cut(whole, 8)
    outs = send_all(net.h1, pieces[0:2 * RANGES:2])
    assert len(outs) == RANGES
    assert send_all(net.h1, pieces[2 * RANGES:]) == []
    expect_drops(net, fragment_limit=len(pieces) - 2 * RANGES)


def test_oldest_give_way_when_too_many_wait(net):
    """On their own side: what waits on the other one stays."""
    outside = datagram(net.inet.ip, VIP_PF, UDP(sport=999, dport=53) / DATA)
    assert send_all(net.inet, cut(outside)[1:]) == []
    waiting = len(cut(outside)) - 1
    wholes = [datagram(net.h1.ip, net.inet.ip, UDP_OUT, n) for n in range(2 * HELD + 10)]
    late = [("vpc1", net.h1.to_router(piece(w, 64))) for w in wholes]
    assert net.router.send_frames(late) == []
    stats = net.router.stats()
    held = stats["accounts"]["held"] - waiting
    assert held == HELD if net.router.workers == 1 else HELD < held <= 2 * HELD
    expect_drops(net, fragment_limit=len(late) - held)
    outs = net.h1.send(piece(wholes[-1], 0, 64))  # the newest is complete
    want = hop(wholes[-1], src=SNAT)
    assert frames(outs, net.inet) == sorted(net.inet.from_router(p)
                                            for p in (piece(want, 0, 64), piece(want, 64)))
    expect_datagram(net.inet.send(cut(outside)[0]), net.h1, hop(outside, dst=net.h1.ip))


def test_a_full_table_forgets_the_oldest(net):
    """Whose first fragment has come; new ones always get through."""
    whole = datagram(net.h1.ip, net.inet.ip, UDP(sport=5000, dport=80) / DATA[:100])
    first, last = ([("vpc1", with_id(frame, n))
                    for n in range(2 * DATAGRAMS * net.router.workers)]
                   for frame in [bytes(net.h1.to_router(p)) for p in cut(whole)])
    done = 0
    for at in range(0, len(first), 128):
        done += len(net.router.send_frames(first[at:at + 128]))
    assert done == len(first)
    assert len(net.router.send_frames(last[-1:])) == 1
    assert len(net.router.send_frames(last[:32])) < 8
    waiting = net.router.stats()["accounts"]["held"]
    assert waiting > 24  # forgotten
    net.router.advance(REMEMBERED_S)
    expect_drops(net, fragment_timeout=waiting)


def test_later_fragment_makes_no_session(net):
    """The first one was refused: a connection's reset that nobody knows."""
    whole = datagram(net.h1.ip, net.inet.ip, TCP(sport=5000, dport=80, flags="R") / DATA)
    assert send_all(net.h1, cut(whole)) == []
    assert net.router.stats()["sessions"] == 0
    expect_drops(net, nat_no_session=1, fragment_nat=len(cut(whole)) - 1)


def test_fragments_from_outside_that_nothing_claims(net):
    whole = datagram(net.inet.ip, SNAT, UDP(sport=80, dport=40000) / DATA)
    assert send_all(net.inet, cut(whole)[::-1]) == []
    expect_drops(net, local_silent=len(cut(whole)))


def test_fragments_to_the_router_reach_the_kernel_as_they_are(net):
    """On the address that SNAT uses, too: an answer to the kernel's own port."""
    whole = datagram(net.inet.ip, SNAT, UDP(sport=53, dport=10300) / DATA)
    outs = send_all(net.inet, cut(whole)[::-1])
    assert [out.kind for out in outs] == ["punted"] * len(cut(whole))
    assert sorted(out.frame[14:] for out in outs) == sorted(bytes(p) for p in cut(whole))


def test_sides_do_not_mix(net):
    """The same addresses and id from outside, forged: no fragment of the inside datagram."""
    whole = datagram(net.h1.ip, net.inet.ip, UDP_OUT)
    assert len(net.h1.send(piece(whole, 0, 64))) == 1
    net.inet.send(piece(whole, 64, 128))
    rest = send_all(net.h1, cut(whole)[1:])
    assert len(rest) == len(cut(whole)) - 1


HEADERS = {
    "udp at 8": (UDP(sport=1, dport=2) / DATA, 8, 64, "held"),  # held: not dropped at once
    "tcp at 8": (TCP(sport=1, dport=2) / DATA, 8, 64, "fragment_bad"),
    "tcp cut": (TCP(sport=1, dport=2) / DATA, 0, 16, "fragment_bad"),
    "tcp options cut": (TCP(sport=1, dport=2, options=[("MSS", 1460), ("Timestamp", (1, 2))]) /
                        DATA, 0, 24, "fragment_bad"),
}


@pytest.mark.parametrize("l4, start, end, fate", HEADERS.values(), ids=HEADERS.keys())
def test_headers_must_be_in_the_first_fragment(net, l4, start, end, fate):
    assert net.h1.send(piece(datagram(net.h1.ip, net.inet.ip, l4), start, end)) == []
    if fate == "held":
        assert net.router.stats()["accounts"]["held"] == 1
        expect_drops(net)
        net.router.advance(REMEMBERED_S)
    else:
        expect_drops(net, **{fate: 1})


def test_an_icmp_error_in_fragments_is_refused(net):
    p = datagram(net.h1.ip, net.inet.ip, UDP_OUT)
    net.h1.send(p)
    error = datagram(net.gw.ip, SNAT, ICMP(type=3, code=1) / hop(p, src=SNAT))
    assert send_all(net.gw, cut(error, 256)) == []
    expect_drops(net, fragment_bad=len(cut(error, 256)))


def test_error_about_a_first_fragment_is_translated(net):
    whole = datagram(net.h1.ip, net.inet.ip, UDP_OUT)
    first = cut(whole)[0]
    seen = IP(sent(net.h1.send(first)).frame[14:])
    error = IP(bytes(IP(src=net.gw.ip, dst=SNAT) / ICMP(type=3, code=4, nexthopmtu=600) / seen))
    inside = IP(bytes(seen))
    inside.src = net.h1.ip
    del inside.chksum
    quoted = bytearray(bytes(IP(bytes(inside))))
    quoted[20:] = bytes(whole)[20:84]
    want = IP(bytes(IP(src=net.gw.ip, dst=net.h1.ip, ttl=63) / ICMP(type=3, code=4, nexthopmtu=600) /
                    bytes(quoted)))
    expect(net.gw.send(error), net.h1, want)


def test_error_about_a_later_fragment(net):
    """By address for an EIP. Of SNAT it is dropped: nobody may send one (RFC 1122 3.2.2)."""
    whole = datagram(net.h1.ip, net.inet.ip, UDP_OUT)
    outs = send_all(net.h1, cut(whole)[:2])
    error = IP(bytes(IP(src=net.gw.ip, dst=SNAT) / ICMP(type=11) / outs[1].frame[14:]))
    assert net.gw.send(error) == []
    expect_drops(net, nat_no_session=1)
    outs = send_all(net.eip, cut(datagram(net.eip.ip, net.inet.ip, UDP_OUT))[:2])
    seen = IP(outs[1].frame[14:])
    error = IP(bytes(IP(src=net.gw.ip, dst=VIP_EIP) / ICMP(type=11) / seen))
    inside = IP(bytes(seen))
    inside.src = net.eip.ip
    del inside.chksum
    want = IP(bytes(IP(src=net.gw.ip, dst=net.eip.ip, ttl=63) / ICMP(type=11) / bytes(inside)))
    expect(net.gw.send(error), net.eip, want)


TOO_BIG = {"snat": ("h1", "inet", 53), "snat back": ("inet", SNAT, 5300),
           "eip in": ("inet", VIP_EIP, 53), "eip out": ("eip", "inet", 53),
           "forward in": ("inet", VIP_PF, 53), "hairpin": ("h1", VIP_EIP, 53)}


@pytest.mark.parametrize("source, to, port", TOO_BIG.values(), ids=TOO_BIG.keys())
def test_too_big_is_cut_or_refused_as_its_sender_knows_it(net, source, to, port):
    """The error goes to the sender and quotes its own packet; what may be cut is cut behind the
    translation, and its checksum is right."""
    opener = datagram(net.h1.ip, net.inet.ip, UDP(sport=5300, dport=80))
    expect(net.h1.send(opener), net.inet, hop(opener, src=SNAT))
    host, dst = getattr(net, source), getattr(net, to).ip if hasattr(net, to) else to
    whole = datagram(host.ip, dst, UDP(sport=80, dport=port) / (b"0123456789" * 160))
    refused = IP(bytes(whole))
    refused.flags = "DF"
    del refused.chksum
    refused = IP(bytes(refused))
    out = sent(host.send(refused))
    error = IP(out.frame[14:])
    assert (out.port, error.dst) == (host.port, host.ip)
    assert (error[ICMP].type, error[ICMP].code, error[ICMP].nexthopmtu) == (3, 4, 1500)
    quoted = bytes(error[ICMP].payload)
    assert len(quoted) >= 28 and quoted == bytes(refused)[:len(quoted)]

    pieces = [IP(out.frame[14:]) for out in host.send(whole)]
    assert [(p.frag, p.flags, len(p)) for p in pieces] == [(0, "MF", 1500), (185, 0, 148)]
    joined = IP(bytes(IP(src=pieces[0].src, dst=pieces[0].dst, proto=17) /
                      Raw(b"".join(bytes(p.payload) for p in pieces))))
    checked = IP(bytes(joined))
    del checked[UDP].chksum
    assert IP(bytes(checked))[UDP].chksum == joined[UDP].chksum
