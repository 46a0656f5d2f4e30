# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Several uplinks: FAR exists behind both gateways, the default route leads to pub0. Whoever asks by
pub1 is answered by pub1."""

import socket

import pytest

import netns
import traffic
from vpc import H1, ISP2, PUB0, PUB1, snat_everywhere
from wait import DEADLINE_S

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


def kernel_socket(site, kind, address, port):
    """A socket of the router's kernel, bound."""
    with netns.entered(site.router.mirrors):
        made = socket.socket(socket.AF_INET, kind)
    made.settimeout(DEADLINE_S)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    return made


@pytest.mark.parametrize("source", [FAR, ISP2])
def test_ping_of_the_router(site, far, source):
    assert traffic.ping(far, PUB1, 3, "-I", source).ok


@pytest.mark.parametrize("source", [FAR, ISP2])
def test_tcp_to_the_router(site, far, source):
    """A TCP connection to a listener of the kernel on the second uplink's address."""
    with kernel_socket(site, socket.SOCK_STREAM, PUB1, 20000) as listener, \
            far.socket() as client:
        listener.listen()
        client.bind((source, 0))
        client.connect((PUB1, 20000))
        served, peer = listener.accept()
        with served:
            assert peer[0] == source
            served.sendall(b"welcome")
            assert client.recv(100) == b"welcome"


def test_each_uplink_by_its_own_address(site, far):
    """The same far address asks by both uplinks: who asked is answered, the other hears nothing."""
    for host, address in ((site.inet, PUB0), (site.isp2, PUB1)):
        assert traffic.ping(host, address, 3, "-I", FAR).ok


@pytest.mark.parametrize("address", [PUB1, VIP1])
@pytest.mark.parametrize("to", [FAR, ISP2])
def test_the_kernel_sends_by_the_uplink_of_the_address(site, far, address, to):
    with kernel_socket(site, socket.SOCK_DGRAM, address, 0) as sender, \
            site.isp2.socket(socket.SOCK_DGRAM, 9000) as here, \
            site.inet.socket(socket.SOCK_DGRAM, 9000) as elsewhere:
        sender.sendto(b"from the kernel", (to, 9000))
        assert here.recvfrom(100)[1][0] == address
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.recvfrom(100)


def test_private_hosts_are_answered_from_an_uplinks_address(site, far):
    assert traffic.ping(site.h1, PUB1).ok
    with kernel_socket(site, socket.SOCK_DGRAM, PUB1, 0) as sender, \
            site.h1.socket(socket.SOCK_DGRAM, 9000) as here:
        sender.sendto(b"from the kernel", (H1, 9000))
        assert here.recvfrom(100)[1][0] == PUB1
