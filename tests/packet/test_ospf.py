# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What the kernel gets of OSPF: the packets of interfaces that run it, to the router itself and to
224.0.0.0/24, and nothing else."""

import copy

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

HELLO = Raw(b"\x02\x01" + bytes(42))


@pytest.fixture
def ospf(net):
    """OSPF runs on vpc1 and pub0; vpc2 is passive."""
    config = copy.deepcopy(net.config)
    config["ospf"] = {"areas": [{"id": 0, "interfaces": [
        "vpc1", "pub0", {"name": "vpc2", "passive": True}]}]}
    assert net.router.configure(config) == ""
    return net


def packet(src, dst, proto=89, ttl=1):
    return IP(src=src, dst=dst, proto=proto, ttl=ttl) / HELLO


def group(host, p):
    """The frame of a packet to a group, from the host."""
    low = bytes(int(n) for n in p.dst.split("."))[1:]
    mac = "01:00:5e:%02x:%02x:%02x" % (low[0] & 0x7f, low[1], low[2])
    return Ether(src=host.mac, dst=mac) / p


def punted(net, host, frame):
    outs = [o for o in net.router.send(host.port, frame) if o.kind == "punted"]
    assert all((o.port, o.frame) == (host.port, bytes(frame)) for o in outs)
    return len(outs) == 1


@pytest.mark.parametrize("address", ["224.0.0.5", "224.0.0.6"])
def test_the_groups_of_ospf(ospf, address):
    for host in (ospf.h1, ospf.inet):
        assert punted(ospf, host, group(host, packet(host.ip, address)))
    for host in (ospf.h2, ospf.isp2):
        assert not punted(ospf, host, group(host, packet(host.ip, address)))
    assert ospf.router.stats()["drops"]["ip_multicast"] == 2


def test_unicast_to_the_router(ospf):
    assert punted(ospf, ospf.h1, ospf.h1.to_router(packet(ospf.h1.ip, "192.168.10.1")))
    assert punted(ospf, ospf.inet, ospf.inet.to_router(packet(ospf.inet.ip, "203.0.113.1")))
    # A VIP is no address of a router for its neighbours.
    assert not punted(ospf, ospf.inet, ospf.inet.to_router(packet(ospf.inet.ip, "203.0.113.23")))
    assert ospf.router.stats()["drops"]["local_reject"] == 1


def test_other_groups_and_protocols_are_dropped(ospf):
    for p in (packet(ospf.h1.ip, "224.0.1.5"), packet(ospf.h1.ip, "239.0.0.5"),
              packet(ospf.h1.ip, "224.0.0.5", proto=88), packet(ospf.h1.ip, "224.0.0.5", proto=17)):
        assert not punted(ospf, ospf.h1, group(ospf.h1, p))
    drops = ospf.router.stats()["drops"]
    assert drops["ip_multicast"] + drops["l4_length"] == 4


def test_without_ospf_there_is_none(net):
    assert not punted(net, net.h1, group(net.h1, packet(net.h1.ip, "224.0.0.5")))
    assert net.router.stats()["drops"]["ip_multicast"] == 1
