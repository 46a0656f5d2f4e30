# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Several uplinks: FAR exists behind both gateways, the default route leads to pub0. Whoever asks by
pub1 is answered by pub1."""

import socket

import pytest

from vpc import H1, ISP2, PUB1, snat_everywhere

FAR, VIP1, EIP1 = "192.0.2.9", "198.51.100.21", "198.51.100.20"

SITE = {
    "vips": [{"name": "vip1", "address": VIP1, "interface": "pub1"},
             {"name": "eip1", "address": EIP1, "interface": "pub1"}],
    "snat": snat_everywhere(),
    "eips": [{"name": "h2", "vip": "eip1", "target": "192.168.11.10"}],
    "port_forwards": [{"name": "echo", "vip": "vip1", "protocol": "udp", "ports": "5353",
                       "target": H1, "target_ports": "53"}],
}


@pytest.fixture
def far(site):
    """FAR on the host behind pub1, whose way back is the router. The host behind pub0 has it, too:
    an answer that takes the default route comes to nobody who waits for it."""
    for host in (site.inet, site.isp2):
        host.ip("address", "replace", f"{FAR}/32", "dev", "lo")
    site.isp2.ip("route", "replace", "192.168.0.0/16", "via", PUB1)
    yield site.isp2
    for host in (site.inet, site.isp2):
        host.ip("address", "del", f"{FAR}/32", "dev", "lo")


def ask(host, source, server, address, port, inside=53):
    """Sends a datagram from `source` and has it answered; who asked, as the server sees it."""
    with server.socket(socket.SOCK_DGRAM, inside) as s, \
            host.socket(socket.SOCK_DGRAM) as client:
        client.bind((source, 0))
        client.sendto(b"question", (address, port))
        question, peer = s.recvfrom(100)
        assert question == b"question"
        s.sendto(b"answer", peer)
        answer, sender = client.recvfrom(100)
        assert (answer, sender) == (b"answer", (address, port))
    return peer[0]


@pytest.mark.parametrize("source", [FAR, ISP2])
def test_port_forward(site, far, source):
    assert ask(far, source, site.h1, VIP1, 5353) == source


@pytest.mark.parametrize("source", [FAR, ISP2])
def test_eip(site, far, source):
    assert ask(far, source, site.h2, EIP1, 53) == source


@pytest.mark.parametrize("source", [FAR, ISP2])
def test_without_nat(site, far, source):
    assert ask(far, source, site.h1, H1, 53) == source
