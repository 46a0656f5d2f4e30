# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Jumbo frames of 9000 bytes in several segments, and the partial checksums that a kernel leaves to
its network card: whole transfers, right checksums, fragments where a link is smaller."""

import hashlib
import os
import socket
import threading

import pytest
from scapy.all import IP, Ether, TCP, UDP
from scapy.utils import checksum

from frames import Wire
import traffic
from vpc import EIP, H1, H2, INET, ISP2, PUB0, VPC1, snat_everywhere, vips

SITE = {"vips": vips(), "snat": snat_everywhere(),
        "eips": [{"name": "eip-h1", "vip": "vip-eip", "target": H1}],
        "mtu": {"vpc1": 9000, "vpc2": 9000, "pub0": 9000, "pub1": 1500}}

SIZE = 8 << 20  # bytes of a transfer


def transmit_checksums(host, on):
    host.run("ethtool", "-K", "eth0", "tx", "on" if on else "off", check=True)


@pytest.fixture(params=["partial", "complete"])
def checksums(request, site):
    """With and without the kernel leaving checksums to the device."""
    for host in site.hosts.values():
        transmit_checksums(host, request.param == "partial")
    yield request.param
    for host in site.hosts.values():
        transmit_checksums(host, True)


def transfer(client, server, address, port, data):
    """Sends data over TCP; returns the digest of what the server read."""
    digest = hashlib.sha256()
    with server.socket(port=port) as listener, client.socket(timeout_s=20) as sender:
        listener.listen(1)

        def send():
            sender.connect((address, port))
            sender.sendall(data)
            sender.shutdown(socket.SHUT_WR)
        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        connection = listener.accept()[0]
        with connection:
            connection.settimeout(20)
            while chunk := connection.recv(1 << 16):
                digest.update(chunk)
        thread.join(20)
    return digest.hexdigest()


@pytest.mark.parametrize("source, destination", [("h1", H2), ("h2", H1), ("h1", INET),
                                                 ("h2", INET), ("inet", EIP), ("h1", VPC1)])
def test_a_whole_jumbo_frame(site, source, destination):
    """Routed, EIP, SNAT, EIP inwards, and answered by the router's kernel."""
    got = traffic.ping(site.hosts[source], destination, 3, "-s", 8972, "-M", "do")
    assert got.ok, got.text


@pytest.mark.parametrize("size", [1960, 1961, 2020, 2048, 4000, 6100, 8141, 8900])
def test_sizes_around_segment_boundaries(site, size):
    got = traffic.ping(site.h2, INET, 2, "-s", size, "-M", "do")
    assert got.ok, got.text


@pytest.mark.parametrize("source, server, address, port", [
    ("h1", "h2", H2, 6001), ("h2", "inet", INET, 6002), ("h1", "inet", INET, 6003),
    ("inet", "h1", EIP, 6004), ("h2", "isp2", ISP2, 6005)])
def test_tcp_transfer_is_identical(site, checksums, source, server, address, port):
    data = os.urandom(SIZE)
    got = transfer(site.hosts[source], site.hosts[server], address, port, data)
    assert got == hashlib.sha256(data).hexdigest()


def pseudo_header(packet):
    return (socket.inet_aton(packet.src) + socket.inet_aton(packet.dst) + b"\0" +
            bytes([packet.proto]) + (packet.len - packet.ihl * 4).to_bytes(2, "big"))


def assert_checksum(frame, partial):
    """Complete: the whole sums to zero. Partial: the field holds the pseudo header's sum."""
    packet = Ether(frame)[IP]
    header, l4 = bytes(packet)[:packet.ihl * 4], bytes(packet)[packet.ihl * 4:packet.len]
    assert checksum(header) == 0
    if partial:
        assert packet.payload.chksum == checksum(pseudo_header(packet)) ^ 0xffff
    else:
        assert checksum(pseudo_header(packet) + l4) == 0


@pytest.mark.parametrize("layer, size", [(UDP, 0), (UDP, 1), (UDP, 700), (UDP, 8900), (TCP, None)],
                         ids=["UDP 0", "UDP 1", "UDP 700", "UDP 8900", "TCP SYN"])
def test_the_checksum_on_the_wire(site, checksums, layer, size):
    """Read from inet's wire after SNAT: no kernel would notice a wrong partial checksum."""
    kind = socket.SOCK_STREAM if layer is TCP else socket.SOCK_DGRAM
    with Wire(site.inet) as wire, site.h2.socket(kind, timeout_s=1) as client:
        client.setblocking(False)
        if layer is TCP:
            client.connect_ex((INET, 6100))
        else:
            client.sendto(b"z" * size, (INET, 6100))

        def ours(frame):
            packet = Ether(frame)
            return packet.haslayer(layer) and packet[layer].dport == 6100
        frame, partial = wire.receive(ours)
        assert frame, "nothing arrived"
        assert Ether(frame)[IP].src == PUB0
        assert partial == (checksums == "partial")
        assert_checksum(frame, partial)


def test_a_jumbo_datagram_is_fragmented_to_a_smaller_link(site, checksums):
    """9000 to 1500 without DF: the router completes the checksum first, isp2's kernel verifies."""
    data = os.urandom(8000)
    with site.isp2.socket(socket.SOCK_DGRAM, 6200) as server, \
            site.h2.socket(socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER, IP_PMTUDISC_DONT
        client.sendto(data, (ISP2, 6200))
        assert server.recvfrom(9000)[0] == data


def test_a_jumbo_packet_with_df_is_refused_with_the_mtu(site):
    got = traffic.ping(site.h2, ISP2, 2, "-s", 8900, "-M", "do")
    assert got.received == 0
    assert "mtu = 1500" in got.text or "mtu=1500" in got.text, got.text


def test_a_frame_above_the_mtu_of_the_port_is_not_sent(site):
    """The host's own netdev has the port's MTU."""
    assert "mtu 9000" in site.h1.ip("link", "show", "eth0").stdout
    assert "mtu 1500" in site.isp2.ip("link", "show", "eth0").stdout
