# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The pool of packet buffers runs empty: what needs a new buffer is refused and counted, what does
not is forwarded, and everything works again when buffers come back."""

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment

from router import expect, hop, sent


@pytest.fixture
def pool(net):
    """Sets how many buffers are free; all come back after the test."""
    yield net.router.leave_buffers
    net.router.leave_buffers(None)


def udp(src, dst, payload=b"payload"):
    return IP(bytes(IP(src=src, dst=dst, id=77) / UDP(sport=1000, dport=2000) / payload))


@pytest.mark.parametrize("free", range(2, 5))
def test_no_buffers_to_fragment_into(net, pool, free):
    """A packet of 2 buffers, 3 fragments: none comes out unless all do."""
    big = udp(net.h1.ip, net.h2.ip, b"ab" * 1600)
    pool(free)
    assert net.h1.send(big) == []
    stats = net.router.stats()
    assert stats["drops"]["fragment_memory"] == stats["accounts"]["dropped"] == 1
    assert stats["accounts"]["generated"] == stats["accounts"]["consumed"] == 0
    pool(5)
    want = [net.h2.from_router(IP(bytes(f))) for f in fragment(hop(big), fragsize=1480)]
    assert [o.frame for o in net.h1.send(big)] == want
    assert net.router.stats()["drops"]["fragment_memory"] == 1


def test_the_last_buffer_is_enough_to_forward_translate_and_refuse(net, pool):
    pool(1)
    p = udp(net.h1.ip, net.h2.ip)
    expect(net.h1.send(p), net.h2, hop(p))
    syn = IP(bytes(IP(src=net.h1.ip, dst=net.inet.ip) / TCP(sport=1000, dport=80, flags="S")))
    assert IP(sent(net.h1.send(syn)).frame[14:]).src == "203.0.113.1"
    late = IP(bytes(IP(src=net.h1.ip, dst=net.h2.ip, ttl=1) / UDP(sport=1, dport=2) / b"x"))
    assert IP(sent(net.h1.send(late)).frame[14:])[ICMP].type == 11
    pool(0)
    assert net.h1.send(p) == []
    net.router.advance(1)  # what a device has lost is read about once a second
    assert net.router.stats()["lost"] == 1


def test_packets_that_wait_take_all_buffers(net, pool):
    """Neighbours that do not answer hold packets until no frame can be received; with the answers,
    or without them in time, everything goes on."""
    absent = [f"192.168.11.{n}" for n in range(100, 110)]
    waiting = [udp(net.h1.ip, a) for a in absent for _ in range(3)]
    pool(20)
    assert net.router.send_frames([(net.h1.port, net.h1.to_router(p)) for p in waiting]) == []
    stats = net.router.stats()
    assert (stats["accounts"]["held"], stats["buffers"]) == (20, 20)
    p = udp(net.h1.ip, net.h2.ip)
    assert net.h1.send(p) == []
    net.router.neighbour("vpc2", absent[0], "02:00:00:00:09:09")
    outs = net.router.advance(0)
    assert [o.frame[14:] for o in outs] == [bytes(hop(waiting[0]))] * 3
    expect(net.h1.send(p), net.h2, hop(p))
    errors = net.router.advance(5)
    assert [IP(o.frame[14:])[ICMP].code for o in errors] == [1] * 17
    stats = net.router.stats()
    assert (stats["accounts"]["held"], stats["lost"], stats["buffers"]) == (0, 11, 0)
    assert stats["accounts"]["received"] == 21
    assert stats["drops"]["neighbour_timeout"] == stats["accounts"]["generated"] == 17
