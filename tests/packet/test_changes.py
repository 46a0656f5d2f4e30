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
        Flow("b", net.inet, udp(net.inet.ip, pf, 4000, 5905), net.h2, (net.inet.ip, 4000)),
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
    "a longer pool": (lambda c: entry(c, "snat", "out2").update(
        addresses=["203.0.113.1", "vip-bare"]), []),
    "a removed": (lambda c: remove(c, "port_forwards", "a"), ["a"]),
    "b's ports": (lambda c: entry(c, "port_forwards", "b").update(ports="5900-5920"), ["b"]),
    "c's target": (lambda c: entry(c, "port_forwards", "c").update(target="192.168.10.11"), ["c"]),
    "the address of the forwards": (lambda c: entry(c, "vips", "vip-pf").update(
        address="203.0.113.99"), ["a", "b", "c"]),
    "out1's ports": (lambda c: entry(c, "snat", "out1").update(port_range="2000-9000"),
                     ["out1", "out1 other host", "eip and out1"]),
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
    answer = udp(flow.peer.ip, ip, 80 if "e" in flow.name or "o" in flow.name else
                 p[UDP].dport, port)
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
        net.router.advance(1)
        assert net.router.stats()["sessions"] == len(running) - len(over), names
        for f in running:
            if f.name not in over:
                assert lives(net, f), (names, f.name)


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
