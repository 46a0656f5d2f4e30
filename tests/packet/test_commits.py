# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What packets see of a configuration that is on its way: all of the old one until its flip, all of
the new one from there on. And packets that waited while it changed."""

import copy

import pytest
from scapy.layers.inet import IP, UDP

from router import expect, hop, sent

SNAT, SNAT1 = "203.0.113.1", "198.51.100.1"
FAR = "192.0.2.9"
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


def is_translated_until_the_end(net, target, source, commit):
    """Of a transaction that is committed, or given up: translated then, too."""
    p = udp(net.h1.ip, target.ip, 4000)
    expect(net.h1.send(p), target, hop(p, src=source))
    net.router.end_stage()
    p = udp(net.h1.ip, target.ip, 4001)
    expect(net.h1.send(p), target, hop(p) if commit else hop(p, src=source))


def routed_by(net, gateway):
    config = copy.deepcopy(net.config)
    config["routes"].append({"destination": "192.0.2.0/24", "type": "static", "next_hop": gateway})
    return config


@pytest.mark.parametrize("commit", STAGES.values(), ids=STAGES)
def test_hosts_stay_private_until_their_port_is_public(net, commit):
    stage(net, role(net.config, "vpc1", "public"), commit)
    is_translated_until_the_end(net, net.inet, SNAT, commit)


@pytest.mark.parametrize("commit", STAGES.values(), ids=STAGES)
def test_an_uplink_translates_until_it_is_private(net, commit):
    stage(net, role(net.config, "pub1", "private"), commit)
    is_translated_until_the_end(net, net.isp2, SNAT1, commit)


def test_a_private_port_becomes_an_uplink_with_its_rules(net):
    private = role(net.config, "pub1", "private")
    assert net.router.configure(private) == ""
    stage(net, net.config, True)
    p = udp(net.h1.ip, net.isp2.ip, 4000)
    expect(net.h1.send(p), net.isp2, hop(p))
    net.router.end_stage()
    p = udp(net.h1.ip, net.isp2.ip, 4001)
    expect(net.h1.send(p), net.isp2, hop(p, src=SNAT1))


def test_what_waits_for_a_new_uplink_meets_its_rules(net):
    """Its prefix is in the FIB before the flip."""
    without = role(net.config, "pub1", "private")
    del without["interfaces"][3]
    assert net.router.configure(without) == ""
    stage(net, net.config, True)
    p = udp(net.h1.ip, "198.51.100.151", 4000)
    assert net.h1.send(p) == []
    assert net.router.stats()["accounts"]["held"] == 1
    net.router.end_stage()
    assert net.router.configure(net.config) == ""
    net.router.neighbour("pub1", "198.51.100.151", "02:00:00:00:09:01")
    out = sent(net.router.advance(0))
    assert (out.port, out.frame[14:]) == ("pub1", bytes(hop(p, src=SNAT1)))


def test_what_waited_inside_is_translated_where_it_goes_instead(net):
    assert net.router.configure(routed_by(net, "192.168.11.151")) == ""
    p = udp(net.h1.ip, FAR, 4000)
    assert net.h1.send(p) == []
    assert net.router.stats()["accounts"]["held"] == 1
    assert net.router.configure(net.config) == ""
    net.router.neighbour("vpc2", "192.168.11.151", "02:00:00:00:09:02")
    expect(net.router.advance(0), net.gw, hop(p, src=SNAT))


def test_what_waited_for_an_uplink_leaves_by_no_other_one(net):
    assert net.router.configure(routed_by(net, "203.0.113.151")) == ""
    assert net.h1.send(udp(net.h1.ip, FAR, 4000)) == []
    assert net.router.stats()["accounts"]["held"] == 1
    assert net.router.configure(routed_by(net, net.isp2.ip)) == ""
    net.router.neighbour("pub0", "203.0.113.151", "02:00:00:00:09:03")
    assert net.router.advance(0) == []
    assert net.router.stats()["drops"]["nat_uplink"] == 1
    # The flow goes on with the address of its new uplink.
    p = udp(net.h1.ip, FAR, 4000)
    expect(net.h1.send(p), net.isp2, hop(p, src=SNAT1))


def test_an_address_keeps_its_rules_until_another_vip_has_it(net):
    """A VIP keeps its id when its address changes, and the FIB has that before the rules."""
    moved = copy.deepcopy(net.config)
    moved["vips"][0]["address"], moved["vips"][2]["address"] = "203.0.113.40", "203.0.113.20"
    stage(net, moved, True)
    p = udp(net.inet.ip, "203.0.113.20", 4000)
    expect(net.inet.send(p), net.eip, hop(p, dst=net.eip.ip))
    # Nobody's yet, for one more moment.
    assert net.inet.send(udp(net.inet.ip, "203.0.113.40", 4000)) == []
    assert net.router.stats()["drops"]["local_silent"] == 1
    net.router.end_stage()
    expect(net.inet.send(p), net.eip2, hop(p, dst=net.eip2.ip))
    p = udp(net.inet.ip, "203.0.113.40", 4000)
    expect(net.inet.send(p), net.eip, hop(p, dst=net.eip.ip))


def test_a_host_is_not_sought_where_its_network_was(net):
    """Two networks change their ports. The rules are not in force before the host routes of the
    neighbours have followed, which they do one after another: there are many before this one."""
    config = copy.deepcopy(net.config)
    config["interfaces"][0]["addresses"].append("10.9.0.1/16")
    config["eips"][0]["target"] = "192.168.10.152"
    assert net.router.configure(config) == ""
    others = [f"10.9.{n // 250 + 1}.{n % 250 + 1}" for n in range(1500)]
    for host in [*others, "192.168.10.152"]:
        net.router.neighbour("vpc1", host, "02:00:00:00:09:04")
    vpc1, vpc2 = config["interfaces"][:2]
    vpc1["addresses"], vpc2["addresses"] = vpc2["addresses"], vpc1["addresses"]
    assert net.router.stage(config, True, settle=False) == ""
    net.router.end_stage()
    assert net.inet.send(udp(net.inet.ip, "203.0.113.20", 4000)) == []
    assert net.router.stats()["accounts"]["held"] == 1
    for host in [*others, "192.168.10.152"]:
        net.router.neighbour_forgotten("vpc1", host)
