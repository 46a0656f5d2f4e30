# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Routing without translation: hosts reach each other, every kind of route does what it says, and
the router answers for itself."""

import socket

import pytest

import traffic
from vpc import H1, H2, INET, ISP2, PUB0, VPC1, VPC2
from wait import wait_until

BEHIND = "10.99.0.1"  # an address of isp2 that a static route leads to

SITE = {"routes": [
    {"destination": "10.99.0.0/24", "type": "static", "next_hop": ISP2},
    {"destination": "172.30.0.0/16", "type": "blackhole"},
    {"destination": "172.31.0.0/16", "type": "unreachable"},
    {"destination": "172.29.0.0/16", "type": "prohibit"},
]}


@pytest.fixture(scope="module", autouse=True)
def return_routes(site):
    """Without NAT the public hosts need a way back to the private subnets."""
    site.inet.ip("route", "replace", "192.168.0.0/16", "via", PUB0)
    site.isp2.ip("route", "replace", "192.168.0.0/16", "via", "198.51.100.1")
    site.isp2.ip("address", "replace", f"{BEHIND}/32", "dev", "lo")


def test_every_first_packet_arrives(site):
    """The first packet to an unknown neighbour waits for it and is not lost."""
    assert traffic.ping(site.h1, H2).ok
    assert traffic.ping(site.h2, H1).ok
    assert traffic.ping(site.h1, INET).ok
    assert traffic.ping(site.isp2, H2).ok


def test_a_private_source_is_unchanged_without_snat(site):
    web = site.web(site.inet)
    answer = traffic.fetch(site.h1, INET)
    assert answer.body == "inet"
    assert traffic.seen_client(web, answer) == H1


def test_tcp_transfer_is_whole(site):
    result = traffic.iperf3(site.h1, H2, 1, port=traffic.Iperf3Server(site.h2).port)
    assert traffic.received_mbps(result) > 1, result.get("error")


@pytest.mark.parametrize("address", [VPC1, VPC2, PUB0])
def test_the_router_answers_ping_on_each_address(site, address):
    assert traffic.ping(site.h1, address).ok


def test_a_closed_port_of_the_router_is_refused(site):
    with site.h1.socket() as s, pytest.raises(ConnectionRefusedError):
        s.connect((VPC1, 81))


def test_static_route(site):
    assert traffic.ping(site.h1, BEHIND).ok
    assert traffic.traceroute(site.h1, BEHIND) == [VPC1, BEHIND]


def test_default_route_follows_the_first_uplink(site):
    site.inet.ip("address", "replace", "192.0.2.1/32", "dev", "lo")
    assert traffic.ping(site.h1, "192.0.2.1").ok
    assert traffic.traceroute(site.h1, "192.0.2.1") == [VPC1, "192.0.2.1"]


def test_blackhole_is_silent_and_counted(site):
    before = site.drops()
    got = traffic.ping(site.h1, "172.30.1.1", timeout_s=1)
    assert got.received == 0 and "errors" not in got.text
    site.wait_drops(before, "blackhole", 3)


@pytest.mark.parametrize("destination, reason, text", [
    ("172.31.1.1", "unreachable", "Destination Host Unreachable"),
    ("172.29.1.1", "prohibit", "Packet filtered"),
])
def test_unreachable_and_prohibit_say_so(site, destination, reason, text):
    before = site.drops()
    got = traffic.ping(site.h1, destination)
    assert got.received == 0
    assert f"From {VPC1}" in got.text and text in got.text
    site.wait_drops(before, reason, got.sent)


def test_a_host_that_does_not_exist_is_reported(site):
    got = traffic.ping(site.h1, "192.168.11.77", 1, timeout_s=20)
    assert got.received == 0
    assert "Destination Host Unreachable" in got.text


def test_ip_options_pass_and_source_routes_do_not(site):
    """Record route needs no router support to pass; loose source routes are refused."""
    assert traffic.ping(site.h1, H2, 2, "-R").ok
    before = site.drops()
    with site.h1.socket(socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS,
                     bytes([131, 7, 4]) + socket.inet_aton(H2) + b"\0")
        s.sendto(b"x", (VPC1, 9))
    site.wait_drops(before, "ip_source_route", 1)


def test_a_moved_neighbour_is_followed(site):
    """Another MAC address for the same host: its gratuitous ARP is believed."""
    old = site.h2.mac()
    assert traffic.ping(site.h1, H2).ok
    site.h2.ip("link", "set", "dev", "eth0", "address", "02:00:00:00:00:77")
    try:
        site.h2.run("ping", "-c", "1", "-W", "2", VPC2)
        wait_until(lambda: traffic.ping(site.h1, H2, 1, timeout_s=1).ok)
    finally:
        site.h2.ip("link", "set", "dev", "eth0", "address", old)
    site.h2.run("ping", "-c", "1", "-W", "2", VPC2)
    wait_until(lambda: traffic.ping(site.h1, H2, 1, timeout_s=1).ok)


def test_state_shows_interfaces_routes_and_neighbours(site):
    interfaces = {i["name"]: i for i in site.api.items("state/interfaces")}
    assert set(interfaces) >= {"vpc1", "vpc2", "pub0", "pub1"}
    assert interfaces["vpc1"]["link_up"] is True
    neighbours = {n["address"] for n in site.api.items("state/neighbours")}
    assert {H1, H2} <= neighbours
    routes = {r["prefix"]: r["type"] for r in site.api.items("state/routes")}
    assert routes["172.30.0.0/16"] == "blackhole"
    assert "192.168.10.0/24" in routes
