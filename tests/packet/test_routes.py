# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Sessions and routes: a session remembers where its packets leave, but a changed route counts."""

import copy

from scapy.layers.inet import IP, UDP

from router import expect, hop

VIP_PF, BEHIND = "203.0.113.21", "192.168.101.7"  # behind a static route


def test_session_follows_a_changed_route(net):
    config = copy.deepcopy(net.config)
    config["port_forwards"][2]["target"] = BEHIND
    assert net.router.configure(config) == ""
    p = IP(bytes(IP(src=net.inet.ip, dst=VIP_PF) / UDP(sport=4000, dport=53) / b"q"))
    for _ in range(2):
        expect(net.inet.send(p), net.h2, hop(p, dst=BEHIND))
    config["routes"][3]["next_hop"] = net.eip2.ip
    assert net.router.configure(config) == ""
    expect(net.inet.send(p), net.eip2, hop(p, dst=BEHIND))
    assert net.router.stats()["sessions"] == 1
