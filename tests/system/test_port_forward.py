# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Port forwards: a single port, a range, TCP and UDP on one VIP, who is admitted, and hairpin."""

import socket

import pytest

import traffic
from vpc import H1, H2, INET, PUB0, VIP, snat_everywhere, vips
from wait import wait_until


def forward(name, ports, target=H2, protocol="tcp", **more):
    return {"name": name, "vip": "vip-web", "protocol": protocol, "ports": ports, "target": target,
            **more}


SITE = {"vips": vips(), "snat": snat_everywhere(), "port_forwards": [
    forward("web", "8080", target_ports="80"),
    forward("range", "5900-5910"),
    forward("inet-only", "8081", target_ports="80", allowed_cidr="203.0.113.0/24"),
    forward("isp2-only", "8082", target_ports="80", allowed_cidr="198.51.100.0/24"),
    forward("dns", "5353", target=H1, protocol="udp", target_ports="53"),
    forward("same-port", "8080", target=H1, protocol="udp"),
    {"name": "on-interface", "vip": "pub0", "protocol": "tcp", "ports": "2222", "target": H1,
     "target_ports": "22"},
]}


def test_single_port_keeps_the_client(site):
    web = site.web(site.h2)
    answer = traffic.fetch(site.inet, VIP, 8080)
    assert answer.body == "h2", answer.error
    assert traffic.seen_client(web, answer) == INET


@pytest.mark.parametrize("port", [5900, 5905, 5910])
def test_range_keeps_the_port(site, port):
    site.web(site.h2, port)
    assert traffic.fetch(site.inet, VIP, port).body == "h2"


@pytest.mark.parametrize("port", [5899, 5911, 80, 8083])
def test_other_ports_are_refused(site, port):
    assert "refused" in traffic.fetch(site.inet, VIP, port).error


def test_allowed_cidr(site):
    site.web(site.h2)
    assert traffic.fetch(site.inet, VIP, 8081).body == "h2"
    before = site.drops()
    assert "refused" in traffic.fetch(site.inet, VIP, 8082).error
    site.wait_drops(before, "not_allowed", 1)


def test_allowed_cidr_does_not_bind_private_hosts(site):
    """It binds packets that arrive by the VIP's interface."""
    site.web(site.h2)
    assert traffic.fetch(site.h1, VIP, 8082).body == "h2"


def test_udp(site):
    with site.h1.socket(socket.SOCK_DGRAM, 53) as server, \
            site.inet.socket(socket.SOCK_DGRAM, 40000) as client:
        client.sendto(b"question", (VIP, 5353))
        assert server.recvfrom(100) == (b"question", (INET, 40000))
        server.sendto(b"answer", (INET, 40000))
        assert client.recvfrom(100) == (b"answer", (VIP, 5353))


def test_protocols_have_their_own_ports(site):
    with site.h1.socket(socket.SOCK_DGRAM, 8080) as server, \
            site.inet.socket(socket.SOCK_DGRAM) as client:
        client.sendto(b"to h1", (VIP, 8080))
        assert server.recvfrom(100)[0] == b"to h1"


def test_an_interface_address_in_place_of_a_vip(site):
    site.web(site.h1, 22)
    assert traffic.fetch(site.inet, PUB0, 2222).body == "h1"


def test_hairpin_in_the_same_subnet(site):
    web = site.web(site.h2)
    answer = traffic.fetch(site.h2, VIP, 8080)
    assert answer.body == "h2", answer.error
    assert traffic.seen_client(web, answer) == PUB0


def test_from_another_subnet_the_source_is_kept(site):
    web = site.web(site.h2)
    answer = traffic.fetch(site.h1, VIP, 8080)
    assert answer.body == "h2", answer.error
    assert traffic.seen_client(web, answer) == H1


def test_a_closed_target_port_is_the_targets_refusal(site):
    site.router.put(site.changed(port_forwards=[forward("closed", "9999")]))
    try:
        assert "refused" in traffic.fetch(site.inet, VIP, 9999).error
    finally:
        site.router.put(site.config)


def test_the_targets_icmp_errors_are_translated(site):
    """A UDP port that nobody has: inet must recognise its datagram in h2's error."""
    site.router.put(site.changed(port_forwards=[forward("udp-closed", "9998", protocol="udp")]))
    try:
        with site.inet.socket(socket.SOCK_DGRAM) as s:
            s.connect((VIP, 9998))
            s.send(b"x")
            with pytest.raises(ConnectionRefusedError):
                s.recv(10)
    finally:
        site.router.put(site.config)


def test_a_changed_target_ends_the_old_sessions(site):
    with site.h2.socket(socket.SOCK_DGRAM, 53) as old, \
            site.h1.socket(socket.SOCK_DGRAM, 53) as new, \
            site.inet.socket(socket.SOCK_DGRAM, 40001) as client:
        client.sendto(b"1", (VIP, 5353))
        assert new.recvfrom(10)[0] == b"1"
        forwards = [{**f, "target": H2} if f["name"] == "dns" else f
                    for f in site.config["port_forwards"]]
        site.router.put(site.changed(port_forwards=forwards))
        try:
            client.sendto(b"2", (VIP, 5353))
            assert old.recvfrom(10)[0] == b"2"
        finally:
            site.router.put(site.config)


def test_an_unrelated_change_leaves_sessions_alone(site):
    site.web(site.h2)
    with site.inet.socket() as client:
        client.connect((VIP, 8080))
        site.router.put(site.changed(port_forwards=site.config["port_forwards"] + [
            forward("unrelated", "10000")]))
        try:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.0 200")
        finally:
            site.router.put(site.config)


def test_rules_show_their_sessions(site):
    site.web(site.h2)
    with site.inet.socket() as client:
        client.connect((VIP, 8080))
        rules = {r["name"]: r for r in site.api.items("state/nat/rules")}
        assert rules["web"]["created"] >= rules["web"]["sessions"] >= 1
        assert rules["web"]["refused"] == 0
        wait_until(lambda: site.sessions(rule="web"))
