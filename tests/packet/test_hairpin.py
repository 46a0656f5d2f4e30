# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Private hosts that reach private hosts by public addresses: every pair of places, TCP, UDP and
ICMP, there and back, from a flow's first packet to its last. (Errors: test_nat_errors.py.)"""

import copy
from collections import namedtuple

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP

from router import expect, hop

SNAT = "203.0.113.1"
VIP_EIP, VIP_PF, VIP_EIP2, VIP_BARE = ("203.0.113.20", "203.0.113.21", "203.0.113.22",
                                       "203.0.113.23")

# Who asks, which address, who answers, and whether the asker is seen as itself.
Case = namedtuple("Case", "client vip server itself")

CASES = {
    "same subnet": Case("h1", VIP_EIP, "eip", False),
    "other subnet": Case("h2", VIP_EIP, "eip", True),
    "own EIP": Case("eip", VIP_EIP, "eip", False),
    "EIP to EIP of the same subnet": Case("eip", VIP_BARE, "h1b", False),
    "EIP to EIP of another subnet": Case("eip", VIP_EIP2, "eip2", True),
    "forward, same subnet": Case("eip2", VIP_PF, "h2", False),
    "forward, other subnet": Case("h1", VIP_PF, "h2", True),
    "forward to itself": Case("h2", VIP_PF, "h2", False),
}


def packets(name, vip):
    """L4 from the client, as the server gets it, from the server, as the client gets it."""
    outside, inside = (8080, 80) if vip == VIP_PF else (80, 80)
    if name == "icmp":
        return (ICMP(id=4000) / b"q",) * 2 + (ICMP(type=0, id=4000) / b"a",) * 2
    make = {"tcp": lambda s, d, flags: TCP(sport=s, dport=d, flags=flags) / b"x",
            "udp": lambda s, d, flags: UDP(sport=s, dport=d) / b"x"}[name]
    return (make(4000, outside, "S"), make(4000, inside, "S"),
            make(inside, 4000, "SA"), make(outside, 4000, "SA"))


def site(config):
    """With an EIP of a third host, and the forward of TCP's port for UDP, too."""
    config = copy.deepcopy(config)
    config["eips"].append({"name": "eip3", "vip": "vip-bare", "target": "192.168.10.11"})
    config["port_forwards"].append({"name": "web-udp", "vip": "vip-pf", "protocol": "udp",
                                    "ports": "8080", "target": "192.168.11.10",
                                    "target_ports": "80"})
    return config


CELLS = [(case, name) for case in CASES for name in ("tcp", "udp", "icmp")
         if not (case.startswith("forward") and name == "icmp")]


@pytest.mark.parametrize("case, name", CELLS)
def test_every_pair_of_places(net, case, name):
    assert net.router.configure(site(net.config)) == ""
    c = CASES[case]
    client, server = getattr(net, c.client), getattr(net, c.server)
    there, arrived, back, answered = packets(name, c.vip)
    source = client.ip if c.itself else SNAT
    for _ in range(2):  # with the session's first packet, and with a later one
        p = IP(bytes(IP(src=client.ip, dst=c.vip) / there))
        expect(client.send(p), server, hop(IP(bytes(IP(src=source, dst=server.ip) / arrived))))
        p = IP(bytes(IP(src=server.ip, dst=source) / back))
        expect(server.send(p), client, hop(IP(bytes(IP(src=c.vip, dst=client.ip) / answered))))
    assert net.router.stats()["sessions"] == 1
    net.router.advance(7500)
    stats = net.router.stats()
    assert (stats["sessions"], stats["mappings"], stats["hosts"]) == (0, 0, 0)


@pytest.mark.parametrize("client", ["h1", "h2", "eip"])
def test_with_source_nat_inbound_the_target_sees_the_router(net, client):
    config = site(net.config)
    config["eips"][0]["source_nat_inbound"] = True
    assert net.router.configure(config) == ""
    host = getattr(net, client)
    p = IP(bytes(IP(src=host.ip, dst=VIP_EIP) / UDP(sport=4000, dport=80)))
    expect(host.send(p), net.eip, hop(p, src="192.168.10.1", dst=net.eip.ip))
    p = IP(bytes(IP(src=net.eip.ip, dst="192.168.10.1") / UDP(sport=80, dport=4000)))
    expect(net.eip.send(p), host, hop(p, src=VIP_EIP, dst=host.ip))
