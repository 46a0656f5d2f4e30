# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The ICMP errors that the router makes and passes on: time exceeded, fragmentation needed, and
fragmentation itself, across links of different MTU."""

import re
import socket

import pytest
from scapy.all import Ether, ICMP, IP, UDP

from frames import Wire
import traffic
from vpc import EIP, H1, H2, INET, PUB0, VIP, VPC1, VPC2, snat_everywhere, vips
from wait import wait_until

IP_MTU_DISCOVER, IP_PMTUDISC_DONT, IP_PMTUDISC_DO = 10, 0, 2
IP_MTU = 14

SITE = {"vips": vips(), "snat": snat_everywhere(), "mtu": {"pub0": 1400},
        "eips": [{"name": "eip-h1", "vip": "vip-eip", "target": H1}],
        "port_forwards": [{"name": "udp", "vip": "vip-web", "protocol": "udp", "ports": "7000-7100",
                           "target": H2}]}


@pytest.mark.parametrize("method", ["-U", "-I", "-T"])
def test_traceroute_between_private_networks(site, method):
    assert traffic.traceroute(site.h1, H2, method) == [VPC1, H2]


@pytest.mark.parametrize("method", ["-U", "-I"])
def test_traceroute_through_snat(site, method):
    assert traffic.traceroute(site.h2, INET, method) == [VPC2, INET]


@pytest.mark.parametrize("method", ["-U", "-I"])
def test_traceroute_through_eip_both_ways(site, method):
    assert traffic.traceroute(site.h1, INET, method) == [VPC1, INET]
    assert traffic.traceroute(site.inet, EIP, method) == [PUB0, EIP]


def test_ttl_exceeded(site):
    before = site.drops()
    got = traffic.ping(site.h1, H2, 2, "-t", 1)
    assert got.received == 0
    assert f"From {VPC1}" in got.text and "Time to live exceeded" in got.text
    site.wait_drops(before, "ttl", 2)
    assert traffic.ping(site.h1, H2, 2, "-t", 2).ok


def test_ttl_is_decremented_once(site):
    answer = re.search(r"ttl=(\d+)", traffic.ping(site.h1, H2, 1).text)
    assert int(answer[1]) == 63


def test_fragmentation_needed_names_the_mtu(site):
    got = traffic.ping(site.h2, INET, 2, "-s", 1400, "-M", "do")
    assert got.received == 0
    assert "mtu = 1400" in got.text or "mtu=1400" in got.text, got.text


def test_without_df_the_router_fragments(site):
    """Out by the EIP, which translates the fragments of the answer, too."""
    got = traffic.ping(site.h1, INET, 3, "-s", 1450, "-M", "dont")
    assert got.ok, got.text
    site.h2.ip("route", "flush", "cache")  # else h2 itself fragments, for it has met "mtu 1400"
    with site.inet.socket(socket.SOCK_DGRAM, 7201) as server, \
            site.h2.socket(socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
        client.sendto(b"z" * 1450, (INET, 7201))
        assert server.recvfrom(2000)[0] == b"z" * 1450


def test_path_mtu_discovery_of_udp(site):
    """The kernel of the sender learns 1400 from the error, through SNAT."""
    site.h2.ip("route", "flush", "cache")
    with site.inet.socket(socket.SOCK_DGRAM, 7200) as server, \
            site.h2.socket(socket.SOCK_DGRAM, 42000) as client:
        client.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        client.connect((INET, 7200))
        client.send(b"x" * 1472)

        def learned():
            return client.getsockopt(socket.IPPROTO_IP, IP_MTU) == 1400
        wait_until(learned, what="the path MTU")
        with pytest.raises(OSError):
            client.send(b"x" * 1400)
        client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # the error is told once more
        client.send(b"y" * 1372)
        assert server.recvfrom(2000)[0] == b"y" * 1372


def test_tcp_over_the_smaller_link(site):
    """A transfer settles on segments that fit."""
    server = traffic.Iperf3Server(site.inet)
    for options in ([], ["-R"]):
        result = traffic.iperf3(site.h2, INET, 1, *options, port=server.port)
        assert traffic.received_mbps(result) > 1, result.get("error")


def test_an_error_from_the_internet_reaches_the_snat_host(site):
    """inet answers a closed UDP port: h2's kernel recognises its own datagram in the quote."""
    with site.h2.socket(socket.SOCK_DGRAM) as s:
        s.connect((INET, 9))
        s.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            s.recv(10)


def test_an_error_from_a_forwarded_host_reaches_the_client(site):
    with site.inet.socket(socket.SOCK_DGRAM) as s:
        s.connect((VIP, 7050))
        s.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            s.recv(10)


def test_errors_about_nothing_known_are_dropped(site):
    """An ICMP error from outside that quotes a flow which does not exist goes nowhere."""
    before = site.drops()
    quoted = IP(src=PUB0, dst=INET) / UDP(sport=44444, dport=55555)
    with Wire(site.inet) as wire:
        wire.send(Ether(src=wire.mac, dst=site.inet.neighbour(PUB0)) / IP(src=INET, dst=PUB0) /
                  ICMP(type=3, code=3) / quoted)
    site.wait_drops(before, "nat_no_session", 1)


def test_pings_to_own_addresses_of_any_size(site):
    assert traffic.ping(site.h1, VPC1, 2, "-s", 1472, "-M", "do").ok
    assert traffic.ping(site.h1, VPC1, 2, "-s", 4000).ok
