# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What packets see of a configuration that is on its way: all of the old one until its flip, all of
the new one from there on."""

import copy

import pytest
from scapy.layers.inet import IP, UDP

from router import expect, hop

SNAT, SNAT1 = "203.0.113.1", "198.51.100.1"
STAGES = {"prepared": False, "committed": True}


def udp(src, dst, sport):
    return IP(bytes(IP(src=src, dst=dst) / UDP(sport=sport, dport=80) / b"data"))


def role(config, name, value):
    config = copy.deepcopy(config)
    next(i for i in config["interfaces"] if i["name"] == name)["role"] = value
    if value == "private":
        config["snat"] = [s for s in config["snat"] if s["interface"] != name]
    return config


def stage(net, config, commit):
    assert net.router.stage(config, commit) == ""


@pytest.mark.parametrize("commit", STAGES.values(), ids=STAGES)
def test_hosts_stay_private_until_their_port_is_public(net, commit):
    stage(net, role(net.config, "vpc1", "public"), commit)
    p = udp(net.h1.ip, net.inet.ip, 4000)
    expect(net.h1.send(p), net.inet, hop(p, src=SNAT))
    net.router.end_stage()
    p = udp(net.h1.ip, net.inet.ip, 4001)
    expect(net.h1.send(p), net.inet, hop(p) if commit else hop(p, src=SNAT))


@pytest.mark.parametrize("commit", STAGES.values(), ids=STAGES)
def test_an_uplink_translates_until_it_is_private(net, commit):
    stage(net, role(net.config, "pub1", "private"), commit)
    p = udp(net.h1.ip, net.isp2.ip, 4000)
    expect(net.h1.send(p), net.isp2, hop(p, src=SNAT1))
    net.router.end_stage()
    p = udp(net.h1.ip, net.isp2.ip, 4001)
    expect(net.h1.send(p), net.isp2, hop(p) if commit else hop(p, src=SNAT1))


def test_a_private_port_becomes_an_uplink_with_its_rules(net):
    private = role(net.config, "pub1", "private")
    assert net.router.configure(private) == ""
    stage(net, net.config, True)
    p = udp(net.h1.ip, net.isp2.ip, 4000)
    expect(net.h1.send(p), net.isp2, hop(p))
    net.router.end_stage()
    p = udp(net.h1.ip, net.isp2.ip, 4001)
    expect(net.h1.send(p), net.isp2, hop(p, src=SNAT1))
