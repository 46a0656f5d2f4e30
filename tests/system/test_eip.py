# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""EIP: one address inside is one address outside, for every protocol, both ways, fragments too."""

import socket

import pytest
from scapy.all import Ether, IP, Raw

from frames import Wire
import traffic
from vpc import EIP, H1, H2, INET, ISP2, PUB0, PUB1, VPC1, snat_everywhere, vips

SITE = {"vips": vips(), "snat": snat_everywhere(),
        "eips": [{"name": "eip-h1", "vip": "vip-eip", "target": H1}]}


def test_in(site):
    assert traffic.ping(site.inet, EIP).ok
    web = site.web(site.h1)
    answer = traffic.fetch(site.inet, EIP)
    assert answer.body == "h1"
    assert traffic.seen_client(web, answer) == INET


def test_out(site):
    web = site.web(site.inet)
    answer = traffic.fetch(site.h1, INET)
    assert traffic.seen_client(web, answer) == EIP
    assert traffic.ping(site.h1, INET).ok


def test_the_other_uplink_uses_snat(site):
    web = site.web(site.isp2)
    answer = traffic.fetch(site.h1, ISP2)
    assert traffic.seen_client(web, answer) == PUB1


def test_other_hosts_still_use_snat(site):
    web = site.web(site.inet)
    answer = traffic.fetch(site.h2, INET)
    assert traffic.seen_client(web, answer) == PUB0


def test_hairpin_to_the_own_eip(site):
    web = site.web(site.h1)
    answer = traffic.fetch(site.h1, EIP)
    assert answer.body == "h1", answer.error
    assert traffic.seen_client(web, answer) == PUB0
    assert traffic.ping(site.h1, EIP).ok


def test_from_another_subnet_the_source_is_kept(site):
    web = site.web(site.h1)
    answer = traffic.fetch(site.h2, EIP)
    assert answer.body == "h1", answer.error
    assert traffic.seen_client(web, answer) == H2


def test_fragments_in_and_out(site):
    """Stateless: 4000 bytes are three fragments each way."""
    assert traffic.ping(site.inet, EIP, 3, "-s", 4000).ok
    assert traffic.ping(site.h1, INET, 3, "-s", 4000).ok


@pytest.mark.parametrize("protocol", [47, 50, 132, 253])
def test_every_protocol(site, protocol):
    """GRE, ESP, SCTP and an experimental protocol: addresses change, the payload does not."""
    payload = bytes(range(64))
    with Wire(site.inet) as outside, Wire(site.h1) as inside:
        outside.send(Ether(src=outside.mac, dst=site.inet.neighbour(PUB0)) /
                     IP(src=INET, dst=EIP, proto=protocol) /
                     Raw(payload))
        frame, _ = inside.receive(lambda f: f[12:14] == b"\x08\x00" and f[23] == protocol)
        assert frame, "nothing arrived"
        packet = Ether(frame)
        assert (packet[IP].src, packet[IP].dst, packet[IP].ttl) == (INET, H1, 63)
        assert bytes(packet[IP].payload)[:64] == payload
        assert packet[IP].chksum == with_own_checksum(packet[IP]).chksum


def with_own_checksum(header):
    """The same IPv4 packet with the checksum that scapy computes for it."""
    copy = header.copy()
    del copy.chksum
    return IP(bytes(copy))


def test_icmp_errors_reach_the_host_with_its_own_address_quoted(site):
    """A closed UDP port of inet: h1's kernel must recognise its own datagram in the error."""
    with site.h1.socket(socket.SOCK_DGRAM) as s:
        s.connect((INET, 9))
        s.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            s.recv(10)


def test_icmp_errors_from_inside_leave_with_the_eip(site):
    with site.inet.socket(socket.SOCK_DGRAM) as s:
        s.connect((EIP, 9))
        s.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            s.recv(10)


def test_traceroute_to_the_eip_shows_the_router(site):
    assert traffic.traceroute(site.inet, EIP, "-I") == [PUB0, EIP]


def test_source_nat_inbound_shows_the_router_as_client(site):
    site.router.put(site.changed(eips=[{"name": "eip-h1", "vip": "vip-eip", "target": H1,
                                        "source_nat_inbound": True}]))
    try:
        web = site.web(site.h1)
        answer = traffic.fetch(site.inet, EIP)
        assert answer.body == "h1", answer.error
        assert traffic.seen_client(web, answer) == VPC1
    finally:
        site.router.put(site.config)


def test_a_new_eip_ends_the_snat_sessions_of_its_target(site):
    site.router.put(site.changed(eips=[]))
    with site.inet.socket(socket.SOCK_DGRAM, 7100) as server, \
            site.h1.socket(socket.SOCK_DGRAM, 41000) as client:
        client.sendto(b"x", (INET, 7100))
        assert server.recvfrom(10)[1] == (PUB0, 41000)
        site.router.put(site.config)
        client.sendto(b"y", (INET, 7100))
        assert server.recvfrom(10) == (b"y", (EIP, 41000))
