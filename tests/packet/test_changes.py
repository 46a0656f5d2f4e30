# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What a change of the configuration ends: random pairs of configurations, and of the flows that
run through the first one exactly those that the second one invalidates are over."""

import copy
import random
from collections import namedtuple

from scapy.layers.inet import IP, UDP

from router import expect, hop

SNAT = "203.0.113.1"

# A flow of each rule: who begins it, with what, and what the other side gets.
Flow = namedtuple("Flow", "name host packet peer arrives")


def udp(src, dst, sport, dport):
    return IP(bytes(IP(src=src, dst=dst) / UDP(sport=sport, dport=dport)))


def base(config):
    config = copy.deepcopy(config)
    config["port_forwards"] = [
        {"name": name, "vip": "vip-pf", "protocol": "udp", "ports": port, "target": target}
        for name, port, target in (("a", "53", "192.168.11.10"), ("b", "5900-5910", "192.168.11.10"),
                                   ("c", "60", "192.168.10.10"))]
    return config


def flows(net):
    pf, eip = "203.0.113.21", "203.0.113.20"
    return [
        Flow("a", net.inet, udp(net.inet.ip, pf, 4000, 53), net.h2, (net.inet.ip, 4000)),
        Flow("a office", net.office, udp(net.office.ip, pf, 4000, 53), net.h2,
             (net.office.ip, 4000)),
        Flow("b", net.inet, udp(net.inet.ip, pf, 4000, 5905), net.h2, (net.inet.ip, 4000)),
        Flow("b low", net.inet, udp(net.inet.ip, pf, 4000, 5904), net.h2, (net.inet.ip, 4000)),
        Flow("c", net.office, udp(net.office.ip, pf, 4000, 60), net.h1, (net.office.ip, 4000)),
        Flow("out1", net.h1, udp(net.h1.ip, net.inet.ip, 5000, 80), net.inet, (SNAT, 5000)),
        Flow("out1 other host", net.h1b, udp(net.h1b.ip, net.inet.ip, 5001, 80), net.inet,
             (SNAT, 5001)),
        Flow("out2", net.h2, udp(net.h2.ip, net.inet.ip, 5002, 80), net.inet, (SNAT, 5002)),
        Flow("eip", net.h2, udp(net.h2.ip, eip, 4003, 80), net.eip, (net.h2.ip, 4003)),
        Flow("eip and out1", net.h1, udp(net.h1.ip, eip, 4004, 80), net.eip, (SNAT, 4004)),
    ]


def entry(config, kind, name):
    return next(e for e in config[kind] if e["name"] == name)


def remove(config, kind, name):
    config[kind].remove(entry(config, kind, name))


# Each: what it does to the configuration, and the flows that are over by it.
CHANGES = {
    "the same again": (lambda c: None, []),
    "order": (lambda c: [c[k].reverse() for k in ("port_forwards", "eips")], []),
    "another rule": (lambda c: c["port_forwards"].append(
        {"name": "new", "vip": "vip-bare", "protocol": "udp", "ports": "70",
         "target": "192.168.10.10"}), []),
    "a route": (lambda c: c["routes"].append(
        {"destination": "172.28.0.0/16", "type": "blackhole"}), []),
    "a gateway": (lambda c: c["interfaces"][3].update(gateway="198.51.100.254"), []),
    "a limit": (lambda c: entry(c, "snat", "out1").update(max_sessions_per_host=77), []),
    "blocks of another rule": (lambda c: entry(c, "snat", "out1b").update(port_block_size=64), []),
    "blocks": (lambda c: [entry(c, "snat", name).update(port_block_size=512)
                          for name in ("out1", "out2")],
               ["out1", "out1 other host", "out2", "eip and out1"]),
    "a longer pool": (lambda c: entry(c, "snat", "out2").update(
        addresses=["203.0.113.1", "vip-bare"]), []),
    "another order of the pool": (lambda c: entry(c, "snat", "out1").update(
        addresses=["vip-bare", "203.0.113.1"]), []),
    "a removed": (lambda c: remove(c, "port_forwards", "a"), ["a", "a office"]),
    "a's clients": (lambda c: entry(c, "port_forwards", "a").update(
        allowed_cidr="203.0.113.128/25"), ["a"]),
    "b's ports": (lambda c: entry(c, "port_forwards", "b").update(ports="5905-5920"), ["b low"]),
    "c's target": (lambda c: entry(c, "port_forwards", "c").update(target="192.168.10.11"), ["c"]),
    "the address of the forwards": (lambda c: entry(c, "vips", "vip-pf").update(
        address="203.0.113.99"), ["a", "a office", "b", "b low", "c"]),
    "out1's ports": (lambda c: entry(c, "snat", "out1").update(port_range="5001-9000"),
                     ["out1", "eip and out1"]),
    "out1's filtering": (lambda c: entry(c, "snat", "out1").update(filtering="address"),
                         ["out1", "out1 other host", "eip and out1"]),
    "out1's hosts": (lambda c: entry(c, "snat", "out1").update(source="192.168.10.10/32"),
                     ["out1 other host"]),
    "out2 removed": (lambda c: remove(c, "snat", "out2"), ["out2"]),
    "the EIP's target": (lambda c: entry(c, "eips", "eip").update(target="192.168.10.30"),
                         ["eip", "eip and out1"]),
    "an EIP of h1b": (lambda c: (c["vips"].append(
        {"name": "vip-new", "address": "203.0.113.24", "interface": "pub0"}), c["eips"].append(
        {"name": "new", "vip": "vip-new", "target": "192.168.10.11"})), ["out1 other host"]),
}


def lives(net, flow):
    """Whether the flow's session is there: its answer is translated back."""
    (ip, port), p = flow.arrives, flow.packet
    answer = udp(flow.peer.ip, ip, p[UDP].dport, port)
    out = flow.peer.send(answer)
    want = hop(answer, src=p.dst, dst=p.src, sport=p[UDP].dport, dport=p[UDP].sport)
    return [o.frame for o in out if o.kind == "sent"] == [flow.host.from_router(want)]


def test_a_change_ends_what_it_invalidates(net):
    rng = random.Random(4711)
    alone = [[name] for name in CHANGES]
    pairs = [rng.sample(sorted(CHANGES), rng.randint(2, 4)) for _ in range(25)]
    for names in alone + pairs:
        net.router.reset(base(net.config))
        running = flows(net)
        for f in running:
            expect(f.host.send(f.packet), f.peer,
                   hop(f.packet, dst=f.peer.ip, src=f.arrives[0]))
        assert net.router.stats()["sessions"] == len(running)
        config, over = base(net.config), set()
        for name in sorted(names, key=lambda name: "removed" in name):
            CHANGES[name][0](config)
            over.update(CHANGES[name][1])
        assert net.router.configure(config) == "", names
        stay = [f for f in running if f.name not in over]
        assert all(lives(net, f) for f in stay), names
        net.router.advance(1)
        assert net.router.stats()["sessions"] == len(stay), names
        assert [f.name for f in stay if not lives(net, f)] == [], names


def test_a_pool_keeps_the_hosts_of_the_addresses_that_stay(net):
    vips = [f"203.0.113.{n}" for n in range(30, 36)]
    hosts = [f"192.168.10.{n}" for n in range(40, 140)]  # enough for every address
    rng = random.Random(4712)

    def with_pool(pool):
        config = base(net.config)
        config["vips"] += [{"name": f"v{v}", "address": v, "interface": "pub0"} for v in vips]
        entry(config, "snat", "out1")["addresses"] = [f"v{v}" for v in pool]
        return config

    for _ in range(8):
        pool = rng.sample(vips, 4)
        net.router.reset(with_pool(pool))
        seen = {h: send_out(net, h, 5000, 80) for h in hosts}
        assert {src for src, _ in seen.values()} == set(pool)
        pool = rng.sample(vips, rng.randint(1, 5))
        config = with_pool(pool)
        if rng.random() < 0.5:  # addresses that nobody needs go with the same change
            config["vips"] = [v for v in config["vips"]
                              if v["address"] in pool or v["address"] not in vips]
        assert net.router.configure(config) == ""
        later = {h: send_out(net, h, 5000, 81) for h in hosts}  # before anything has ended
        net.router.advance(1)
        stay = [h for h in hosts if seen[h][0] in pool]
        assert net.router.stats()["sessions"] == len(stay) + len(hosts)
        assert [h for h in stay if later[h] != seen[h]] == []
        assert {src for src, _ in later.values()} <= set(pool)
        assert {h: send_out(net, h, 5000, 82) for h in hosts} == later


def send_out(net, host, sport, dport):
    """The address and port that a host's packet to the Internet leaves with."""
    (out,) = net.h1.send(udp(host, net.inet.ip, sport, dport))
    assert out.kind == "sent", out
    p = IP(out.frame[14:])
    return p.src, p[UDP].sport


def test_an_address_that_joins_a_pool_keeps_its_forwards_ports(net):
    config = base(net.config)
    entry(config, "snat", "out1")["addresses"] = ["203.0.113.1", "vip-pf"]
    net.router.reset(base(net.config))
    assert net.router.configure(config) == ""
    seen = {send_out(net, f"192.168.10.{n}", 5905, 80) for n in range(40, 60)}
    assert {src for src, _ in seen} == {"203.0.113.1", "203.0.113.21"}
    assert [port for src, port in seen if src == "203.0.113.21" and 5900 <= port <= 5910] == []


def test_new_flows_of_a_mapping_outside_of_the_new_range(net):
    """The host's next flow has a port of the new range, though its mapping is still there."""
    assert send_out(net, net.h1.ip, 5000, 80) == (SNAT, 5000)
    config = copy.deepcopy(net.config)
    entry(config, "snat", "out1")["port_range"] = "6000-6099"
    assert net.router.configure(config) == ""
    assert send_out(net, net.h1.ip, 5000, 80) == (SNAT, 5000)  # it ends within a second
    _, port = send_out(net, net.h1.ip, 5000, 81)
    assert 6000 <= port <= 6099
    net.router.advance(1)
    assert net.router.stats()["sessions"] == 1
    assert send_out(net, net.h1.ip, 5000, 80) == (SNAT, port)


def test_nobody_comes_in_by_a_mapping_outside_of_the_new_range(net):
    config = copy.deepcopy(net.config)
    entry(config, "snat", "out1")["filtering"] = "endpoint_independent"
    assert net.router.configure(config) == ""
    assert send_out(net, net.h1.ip, 5000, 80) == (SNAT, 5000)
    config = copy.deepcopy(config)
    entry(config, "snat", "out1")["port_range"] = "6000-6099"
    assert net.router.configure(config) == ""
    assert net.office.send(udp(net.office.ip, SNAT, 7, 5000)) == []
    net.router.advance(1)
    assert net.router.stats()["sessions"] == 0
    assert net.router.stats()["drops"]["nat_filtered"] == 1


def test_hairpin_flows_end_with_the_mapping_of_their_target(net):
    config = copy.deepcopy(net.config)
    entry(config, "snat", "out1")["filtering"] = "endpoint_independent"
    assert net.router.configure(config) == ""
    assert send_out(net, net.h1.ip, 5000, 80) == (SNAT, 5000)
    assert send_out(net, net.h1.ip, 7000, 80) == (SNAT, 7000)
    for port in (5000, 7000):
        p = udp(net.h1b.ip, SNAT, 7500, port)
        expect(net.h1b.send(p), net.h1, hop(p, src=SNAT, dst=net.h1.ip))
    config = copy.deepcopy(config)
    entry(config, "snat", "out1")["port_range"] = "7000-7999"
    assert net.router.configure(config) == ""
    net.router.advance(1)
    # What is left of the flow to the old port is its client's, which finds nobody any more.
    assert net.router.stats()["sessions"] == 4
    assert net.h1b.send(udp(net.h1b.ip, SNAT, 7500, 5000)) == []
    net.router.advance(1)
    assert net.router.stats()["sessions"] == 3
    answer = udp(net.h1.ip, SNAT, 7000, 7500)
    expect(net.h1.send(answer), net.h1b, hop(answer, src=SNAT, dst=net.h1b.ip))


def test_clients_of_a_private_address_are_judged_where_they_come_in(net):
    """allowed_cidr binds the forward's own interface: clients of another one stay."""
    config = copy.deepcopy(net.config)
    forward = {"name": "in", "vip": "vpc1", "protocol": "udp", "ports": "90", "target": net.h2.ip}
    config["port_forwards"] = [forward]
    assert net.router.configure(config) == ""
    for host in (net.h1, net.h1b, net.inet):
        p = udp(host.ip, "192.168.10.1", 4000, 90)
        expect(host.send(p), net.h2, hop(p, dst=net.h2.ip))
    config = copy.deepcopy(config)
    config["port_forwards"][0]["allowed_cidr"] = "192.168.10.11/32"
    assert net.router.configure(config) == ""
    net.router.advance(1)
    assert net.router.stats()["sessions"] == 2
    for host in (net.h1b, net.inet):
        answer = udp(net.h2.ip, host.ip, 90, 4000)
        expect(net.h2.send(answer), host, hop(answer, src="192.168.10.1"))


def test_several_new_eips_end_the_flows_of_each_target(net):
    hosts = [f"192.168.10.{n}" for n in range(40, 44)]
    for host in [*hosts, net.h1b.ip]:
        p = udp(host, net.inet.ip, 5000, 80)
        assert [o.kind for o in net.h1.send(p)] == ["sent"]
    config = copy.deepcopy(net.config)
    for n, host in enumerate(hosts, 40):
        config["vips"].append({"name": f"v{n}", "address": f"203.0.113.{n}", "interface": "pub0"})
        config["eips"].append({"name": f"e{n}", "vip": f"v{n}", "target": host})
    assert net.router.configure(config) == ""
    net.router.advance(0)
    assert net.router.stats()["sessions"] == 1


def test_ports_of_a_service_are_no_translated_ports(net):
    """It listens on an address of a pool, and the hosts' own ports are its ports."""
    assert send_out(net, net.h1.ip, 7000, 80) == (SNAT, 7000)
    net.router.service(17, SNAT, 6990, 7100)
    assert net.router.configure(net.config) == ""
    assert send_out(net, net.h1.ip, 7000, 80) == (SNAT, 7000)  # it has it since before
    # Before a port is picked at random, which may be the first one behind those.
    assert send_out(net, net.h1b.ip, 7101, 80) == (SNAT, 7101)
    _, port = send_out(net, net.h1b.ip, 7001, 80)
    assert not 6990 <= port <= 7100
    net.router.service()
    assert net.router.configure(net.config) == ""
    assert send_out(net, net.h1b.ip, 7002, 80) == (SNAT, 7002)
