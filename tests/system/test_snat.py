# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Source NAT out of two uplinks: what servers see, that answers come back, and that nobody outside
gets in."""

import socket

from scapy.all import Ether, IP, UDP, Raw

from frames import Wire
import traffic
from vpc import H1, H2, INET, ISP2, PUB0, PUB1, VIP, snat_everywhere, vips
from wait import wait_until

SITE = {"vips": vips(), "snat": snat_everywhere()}


def test_each_uplink_has_its_own_address(site):
    for host, address, seen in ((site.inet, INET, PUB0), (site.isp2, ISP2, PUB1)):
        web = site.web(host)
        for source in (site.h1, site.h2):
            answer = traffic.fetch(source, address)
            assert answer.body == host.name, answer.error
            assert traffic.seen_client(web, answer) == seen


def test_private_traffic_is_not_translated(site):
    web = site.web(site.h2)
    answer = traffic.fetch(site.h1, H2)
    assert traffic.seen_client(web, answer) == H1


def test_ping_through(site):
    assert traffic.ping(site.h1, INET).ok
    assert traffic.ping(site.h2, ISP2).ok


def test_udp_both_ways_and_the_source_port_is_kept(site):
    with site.inet.socket(socket.SOCK_DGRAM, 7777) as server, \
            site.h1.socket(socket.SOCK_DGRAM, 45678) as client:
        client.sendto(b"question", (INET, 7777))
        question, peer = server.recvfrom(100)
        assert (question, peer) == (b"question", (PUB0, 45678))
        server.sendto(b"answer", peer)
        assert client.recvfrom(100) == (b"answer", (INET, 7777))


def test_two_hosts_with_the_same_source_port(site):
    with site.inet.socket(socket.SOCK_DGRAM, 7778) as server, \
            site.h1.socket(socket.SOCK_DGRAM, 45679) as one, \
            site.h2.socket(socket.SOCK_DGRAM, 45679) as two:
        peers = {}
        for client, text in ((one, b"one"), (two, b"two")):
            client.sendto(text, (INET, 7778))
            got, peers[text] = server.recvfrom(100)
            assert got == text
        assert peers[b"one"] != peers[b"two"]
        for client, text in ((one, b"one"), (two, b"two")):
            server.sendto(b"to " + text, peers[text])
            assert client.recvfrom(100)[0] == b"to " + text


def test_mapping_is_endpoint_independent(site):
    """RFC 4787 REQ-1: one internal endpoint has one external one, whatever the destination."""
    with site.inet.socket(socket.SOCK_DGRAM, 7001) as first, \
            site.inet.socket(socket.SOCK_DGRAM, 7002) as second, \
            site.h2.socket(socket.SOCK_DGRAM, 40001) as client:
        client.sendto(b"x", (INET, 7001))
        client.sendto(b"x", (INET, 7002))
        assert first.recvfrom(10)[1] == second.recvfrom(10)[1]


def test_filtering_is_address_and_port_dependent(site):
    """RFC 4787 5: only the endpoint that was asked may answer."""
    with site.inet.socket(socket.SOCK_DGRAM, 7003) as asked, \
            site.inet.socket(socket.SOCK_DGRAM, 7004) as other, \
            site.h1.socket(socket.SOCK_DGRAM, 40002) as client:
        client.sendto(b"x", (INET, 7003))
        peer = asked.recvfrom(10)[1]
        other.sendto(b"intruder", peer)
        asked.sendto(b"answer", peer)
        assert client.recvfrom(100)[0] == b"answer"


def test_an_unknown_packet_to_the_snat_address_is_dropped_silently(site):
    before = site.drops()
    with site.inet.socket(socket.SOCK_DGRAM) as s:
        s.sendto(b"hello", (PUB0, 50000))
        site.wait_drops(before, "local_silent", 1)


def test_a_host_outside_cannot_use_the_forward_key(site):
    """A packet from outside with the inside tuple of a session is routed, not translated as the
    session's own are."""
    with site.inet.socket(socket.SOCK_DGRAM, 7005) as server, \
            site.h1.socket(socket.SOCK_DGRAM, 40003) as client, Wire(site.inet) as wire:
        client.sendto(b"x", (INET, 7005))
        assert server.recvfrom(10)[1] == (PUB0, 40003)
        wire.send(Ether(src=wire.mac, dst=site.inet.neighbour(PUB0)) / IP(src=H1, dst=INET) /
                  UDP(sport=40003, dport=7005) / Raw(b"forged"))
        assert server.recvfrom(100) == (b"forged", (H1, 40003))


def test_sessions_are_listed_with_their_rule(site):
    with site.inet.socket(socket.SOCK_DGRAM, 7006) as server, \
            site.h1.socket(socket.SOCK_DGRAM, 40004) as client:
        client.sendto(b"x", (INET, 7006))
        server.recvfrom(10)
        found = wait_until(lambda: [s for s in site.sessions(protocol="udp")
                                    if s["destination_port"] == 7006])
        assert len(found) == 1
        assert found[0]["source"] == H1 and found[0]["source_port"] == 40004
        assert found[0]["translated_source"] == PUB0
        assert found[0]["rule"] == "vpc1-pub0"


def test_tcp_transfer_both_ways(site):
    server = traffic.Iperf3Server(site.inet)
    for options in ([], ["-R"]):
        result = traffic.iperf3(site.h1, INET, 1, *options, port=server.port)
        assert traffic.received_mbps(result) > 1, result.get("error")


def test_a_removed_rule_ends_its_sessions(site):
    with site.isp2.socket(socket.SOCK_DGRAM, 7007) as server, \
            site.h1.socket(socket.SOCK_DGRAM, 40005) as client:
        client.sendto(b"x", (ISP2, 7007))
        peer = server.recvfrom(10)[1]
        assert peer == (PUB1, 40005)
        site.router.put(site.changed(snat=[s for s in site.config["snat"]
                                           if s["name"] != "vpc1-pub1"]))
        try:
            wait_until(lambda: not site.sessions(rule="vpc1-pub1"))
            # Without a rule the packet leaves as it is.
            client.sendto(b"y", (ISP2, 7007))
            assert server.recvfrom(10) == (b"y", (H1, 40005))
        finally:
            site.router.put(site.config)


def test_a_pool_of_vips(site):
    """SNAT on a VIP instead of the interface's address."""
    pool = [{**s, "addresses": [VIP]} if s["name"] == "vpc2-pub0" else s
            for s in site.config["snat"]]
    site.router.put(site.changed(snat=pool))
    try:
        answer = traffic.fetch(site.h2, INET)
        assert traffic.seen_client(site.web(site.inet), answer) == VIP
    finally:
        site.router.put(site.config)
