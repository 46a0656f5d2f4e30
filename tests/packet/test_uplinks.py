# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Several uplinks, and flows from outside that nothing translates: a reply leaves by the uplink that
its flow came in by, with the address that it came in with. The default route leads to pub0; FAR is
behind both gateways."""

import copy

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Raw

from router import Host, expect, hop, sent

FAR = "192.0.2.9"
SNAT, SNAT1 = "203.0.113.1", "198.51.100.1"
VIP_PF, VIP_PF1 = "203.0.113.21", "198.51.100.21"
VIP_EIP, VIP_EIP1 = "203.0.113.20", "198.51.100.20"


def ip(src, dst, l4, **fields):
    return IP(bytes(IP(src=src, dst=dst, **fields) / l4))


def two_uplinks(config):
    config = copy.deepcopy(config)
    config["interfaces"][3]["gateway"] = "198.51.100.254"
    config["vips"] += [{"name": "vip-eip1", "address": VIP_EIP1, "interface": "pub1"},
                       {"name": "vip-pf1", "address": VIP_PF1, "interface": "pub1"}]
    config["eips"].append({"name": "eip1", "vip": "vip-eip1", "target": "192.168.10.20"})
    config["port_forwards"] += [
        {"name": "web1", "vip": "vip-pf1", "protocol": "tcp", "ports": "8080",
         "target": "192.168.11.10", "target_ports": "80"},
        {"name": "dns1", "vip": "vip-pf1", "protocol": "udp", "ports": "53",
         "target": "192.168.10.10"}]
    return config


@pytest.fixture
def up(net):
    net.one = net.config
    net.config = two_uplinks(net.config)
    assert net.router.configure(net.config) == ""
    net.gw1 = Host(net.router, "pub1", "198.51.100.254", "02:00:00:00:01:77")
    return net


def back(l4, sport, dport, **fields):
    """The answer of L4, with its ports."""
    answer = l4.copy()
    if isinstance(l4, ICMP):
        answer.type = 0
        return answer
    answer.sport, answer.dport = sport, dport
    for field, value in fields.items():
        setattr(answer, field, value)
    return answer


def test_port_forward_answers_by_the_uplink_of_arrival(up):
    for gw, vip, port in ((up.gw, VIP_PF, 4000), (up.gw1, VIP_PF1, 4001)):
        p = ip(FAR, vip, TCP(sport=port, dport=8080, flags="S"))
        expect(gw.send(p), up.h2, hop(p, dst=up.h2.ip, dport=80))
        for flags in ("SA", "A"):
            reply = ip(up.h2.ip, FAR, TCP(sport=80, dport=port, flags=flags))
            expect(up.h2.send(reply), gw, hop(reply, src=vip, sport=8080))


def test_an_address_of_the_other_uplink_answers_where_it_was_asked(up):
    p = ip(FAR, VIP_PF, UDP(sport=4000, dport=53))
    expect(up.gw1.send(p), up.h1, hop(p, dst=up.h1.ip))
    reply = ip(up.h1.ip, FAR, UDP(sport=53, dport=4000))
    expect(up.h1.send(reply), up.gw1, hop(reply, src=VIP_PF))


L4 = [TCP(sport=7, dport=22, flags="S"), UDP(sport=7, dport=22) / b"q", ICMP(id=5) / b"abc",
      Raw(b"\x00" * 24)]
L4_IDS = ["tcp", "udp", "icmp", "gre"]


def answer_of(l4):
    if isinstance(l4, Raw):
        return l4
    return back(l4, 22, 7, **({"flags": "SA"} if isinstance(l4, TCP) else {}))


@pytest.mark.parametrize("l4", L4, ids=L4_IDS)
@pytest.mark.parametrize("uplink", ["gw", "gw1"])
def test_eip_answers_by_the_uplink_of_arrival(up, uplink, l4):
    gw, vip = getattr(up, uplink), VIP_EIP if uplink == "gw" else VIP_EIP1
    fields = {"proto": 47} if isinstance(l4, Raw) else {}
    p = ip(FAR, vip, l4, **fields)
    expect(gw.send(p), up.eip, hop(p, dst=up.eip.ip))
    reply = ip(up.eip.ip, FAR, answer_of(l4), **fields)
    expect(up.eip.send(reply), gw, hop(reply, src=vip))
    # What the target begins leaves by the default route.
    own = ip(up.eip.ip, FAR, UDP(sport=1, dport=2))
    expect(up.eip.send(own), up.gw, hop(own, src=VIP_EIP))
    # Only what must be led back has a session.
    assert up.router.stats()["sessions"] == (uplink == "gw1")


def test_answers_to_the_targets_own_flow_lead_nowhere_else(up):
    """They come by the other uplink; the flow is still the target's own."""
    p = ip(up.eip.ip, FAR, TCP(sport=5, dport=80, flags="S"))
    expect(up.eip.send(p), up.gw, hop(p, src=VIP_EIP))
    reply = ip(FAR, VIP_EIP, TCP(sport=80, dport=5, flags="SA"))
    expect(up.gw1.send(reply), up.eip, hop(reply, dst=up.eip.ip))
    p = ip(up.eip.ip, FAR, TCP(sport=5, dport=80, flags="A"))
    expect(up.eip.send(p), up.gw, hop(p, src=VIP_EIP))
    assert up.router.stats()["sessions"] == 0


def test_neighbours_on_an_uplink_need_no_session(up):
    p = ip(up.isp2.ip, VIP_EIP1, UDP(sport=7, dport=22))
    expect(up.isp2.send(p), up.eip, hop(p, dst=up.eip.ip))
    reply = ip(up.eip.ip, up.isp2.ip, UDP(sport=22, dport=7))
    expect(up.eip.send(reply), up.isp2, hop(reply, src=VIP_EIP1))
    assert up.router.stats()["sessions"] == 0


def test_errors_follow_the_flow_to_its_uplink(up):
    p = ip(FAR, VIP_EIP1, UDP(sport=7, dport=22) / b"data")
    inside = hop(p, dst=up.eip.ip)
    expect(up.gw1.send(p), up.eip, inside)
    error = ip(up.eip.ip, FAR, ICMP(type=3, code=3) / bytes(inside))
    want = ip(VIP_EIP1, FAR, ICMP(type=3, code=3) / bytes(hop(p)), ttl=63)
    expect(up.eip.send(error), up.gw1, want)


def test_unresolved_gateway_is_waited_for(up):
    p = ip(FAR, VIP_PF1, UDP(sport=4000, dport=53))
    expect(up.gw1.send(p), up.h1, hop(p, dst=up.h1.ip))
    config = copy.deepcopy(up.config)
    config["interfaces"][3]["gateway"] = "198.51.100.253"
    assert up.router.configure(config) == ""
    reply = ip(up.h1.ip, FAR, UDP(sport=53, dport=4000))
    assert up.h1.send(reply) == []
    assert up.router.stats()["accounts"]["held"] == 1
    late = Host(up.router, "pub1", "198.51.100.253", "02:00:00:00:01:78")
    expect(up.router.advance(1), late, hop(reply, src=VIP_PF1))


def test_dead_gateway_leads_nowhere_else(up):
    p = ip(FAR, VIP_PF1, UDP(sport=4000, dport=53))
    expect(up.gw1.send(p), up.h1, hop(p, dst=up.h1.ip))
    up.router.neighbour_failed("pub1", up.gw1.ip)
    reply = ip(up.h1.ip, FAR, UDP(sport=53, dport=4000))
    assert up.h1.send(reply) == []
    assert up.router.stats()["drops"]["neighbour_failed"] == 1
    up.router.neighbour("pub1", up.gw1.ip, up.gw1.mac)
    expect(up.h1.send(reply), up.gw1, hop(reply, src=VIP_PF1))


def test_new_gateway_counts_at_once(up):
    p = ip(FAR, VIP_PF1, UDP(sport=4000, dport=53))
    expect(up.gw1.send(p), up.h1, hop(p, dst=up.h1.ip))
    config = copy.deepcopy(up.config)
    config["interfaces"][3]["gateway"] = up.isp2.ip
    assert up.router.configure(config) == ""
    reply = ip(up.h1.ip, FAR, UDP(sport=53, dport=4000))
    expect(up.h1.send(reply), up.isp2, hop(reply, src=VIP_PF1))
    del config["interfaces"][3]["gateway"]  # pins nothing: as the FIB says
    assert up.router.configure(config) == ""
    expect(up.h1.send(reply), up.gw, hop(reply, src=VIP_PF1))


def test_uplink_that_is_gone(up):
    p = ip(FAR, VIP_PF, UDP(sport=4000, dport=53))  # by pub1, whose removal leaves the rule alone
    expect(up.gw1.send(p), up.h1, hop(p, dst=up.h1.ip))
    config = copy.deepcopy(up.one)
    del config["interfaces"][3]
    config["snat"] = [s for s in config["snat"] if s["interface"] != "pub1"]
    assert up.router.configure(config) == ""
    reply = ip(up.h1.ip, FAR, UDP(sport=53, dport=4000))
    assert up.h1.send(reply) == []
    assert up.router.stats()["drops"]["nat_uplink"] == 1
    up.router.advance(1)
    assert up.router.stats()["sessions"] == 0


def test_a_route_that_moves_takes_new_flows_along(up):
    """The address of one uplink is never seen on another one; a host that keeps sending follows."""
    p = ip(up.h1.ip, FAR, UDP(sport=5000, dport=80))
    expect(up.h1.send(p), up.gw, hop(p, src=SNAT))
    config = copy.deepcopy(up.config)
    config["routes"].append({"destination": "192.0.2.0/24", "type": "static",
                             "next_hop": up.gw1.ip})
    assert up.router.configure(config) == ""
    expect(up.h1.send(p), up.gw1, hop(p, src=SNAT1))
    reply = ip(FAR, SNAT1, UDP(sport=80, dport=5000))
    expect(up.gw1.send(reply), up.h1, hop(reply, dst=up.h1.ip))
    up.router.advance(1)
    assert up.router.stats()["sessions"] == 1  # the one that the route left is over


@pytest.mark.parametrize("l4", L4, ids=L4_IDS)
def test_flow_from_outside_without_nat_is_answered_without_nat(net, l4):
    fields = {"proto": 47} if isinstance(l4, Raw) else {}
    p = ip(net.inet.ip, net.h1.ip, l4, **fields)
    expect(net.inet.send(p), net.h1, hop(p))
    reply = ip(net.h1.ip, net.inet.ip, answer_of(l4), **fields)
    expect(net.h1.send(reply), net.inet, hop(reply))
    expect(net.inet.send(p), net.h1, hop(p))
    assert net.router.stats()["sessions"] == 1
    own = ip(net.h1.ip, net.inet.ip, UDP(sport=1234, dport=22))  # its own flow: translated
    expect(net.h1.send(own), net.inet, hop(own, src=SNAT))


def test_error_about_a_flow_from_outside_without_nat_is_left_alone(net):
    p = ip(net.inet.ip, net.h1.ip, UDP(sport=7, dport=22) / b"data")
    expect(net.inet.send(p), net.h1, hop(p))
    error = ip(net.h1.ip, net.inet.ip, ICMP(type=3, code=3) / bytes(hop(p)))
    expect(net.h1.send(error), net.inet, hop(error))


def test_flow_from_outside_to_a_network_without_rules_has_no_session(net):
    p = ip(net.isp2.ip, net.h2.ip, UDP(sport=7, dport=22))  # no rule of its network there
    expect(net.isp2.send(p), net.h2, hop(p))
    error = ip(net.inet.ip, net.h1.ip,
               ICMP(type=3, code=1) / bytes(ip(net.h1.ip, net.inet.ip, UDP(sport=1, dport=2))))
    expect(net.inet.send(error), net.h1, hop(error))
    reset = ip(net.inet.ip, net.h1.ip, TCP(sport=7, dport=22, flags="R"))
    expect(net.inet.send(reset), net.h1, hop(reset))
    assert net.router.stats()["sessions"] == 0


def test_flow_from_outside_without_nat_is_led_back(up):
    for host in (up.h1, up.h2):  # with a rule on pub1, and without
        p = ip(FAR, host.ip, TCP(sport=7, dport=22, flags="S"))
        expect(up.gw1.send(p), host, hop(p))
        reply = ip(host.ip, FAR, TCP(sport=22, dport=7, flags="SA"))
        expect(host.send(reply), up.gw1, hop(reply))


def test_flow_to_a_mapping_is_led_back(up):
    """With looser filtering, a flow from outside may come to a host's mapping by any uplink."""
    config = copy.deepcopy(up.config)
    config["snat"][0]["filtering"] = "endpoint_independent"
    assert up.router.configure(config) == ""
    p = ip(up.h1.ip, up.inet.ip, UDP(sport=5000, dport=80))
    expect(up.h1.send(p), up.inet, hop(p, src=SNAT))
    p = ip(FAR, SNAT, UDP(sport=9, dport=5000))
    expect(up.gw1.send(p), up.h1, hop(p, dst=up.h1.ip))
    reply = ip(up.h1.ip, FAR, UDP(sport=5000, dport=9))
    expect(up.h1.send(reply), up.gw1, hop(reply, src=SNAT))
