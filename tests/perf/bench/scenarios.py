# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The scenarios over vhost-user: two ports, what the router is configured with, which flows the
generator sends, and the routes that the bare loop needs for the same packets."""

from dataclasses import dataclass, field, replace

# The generator's stations at the ports, and the router's addresses there.
INSIDE, OUTSIDE = "192.168.10.10", "203.0.255.254"
INSIDE_GATEWAY, OUTSIDE_GATEWAY = "192.168.10.1", "203.0.0.1"
SIDE, SIDE_GATEWAY = "192.168.20.10", "192.168.20.1"
INTERNET = "16.0.0.0"
PER_HOST = 63  # flows of SNAT: CSIT's ladder


def dotted(number):
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def number(address):
    value = 0
    for part in address.split("."):
        value = value << 8 | int(part)
    return value


def addresses(first, count):
    """A range as the generator writes it."""
    return first if count == 1 else f"{first}-{dotted(number(first) + count - 1)}"


@dataclass
class Scenario:
    """`flows` are the generator's --flows, from port a (inside) or b; `config` is the rest of the
    configuration; `routes` is how many /24 prefixes from 16.0.0.0 the router has."""
    name: str
    n_flows: int
    flows: list
    config: dict = field(default_factory=dict)
    private: bool = False  # the other port is a private one, too
    routes: int = 0
    sessions: int = 0      # of the table; 0: the default
    memory: int = 1024     # MiB, of the router
    packets: int = 0       # at most; 0: as many as there is time for
    graph: bool = True     # is one of graph-bench, too
    workers: int = 1       # the second one has the generator's core, so no packet rate means much

    def options(self):
        made = ["--nat-addresses", 256 if self.sessions else 64]
        if self.sessions:
            made += ["--sessions", self.sessions, "--hosts", 1 << 17]
        if self.routes:
            made += ["--routes", self.routes + 65536]
        return made


def vips(kind, first, count):
    return [{"name": f"{kind}{i}", "address": dotted(number(first) + i), "interface": "pub0"}
            for i in range(count)]


def flow_set(name, tx="a", rx="b", **keys):
    return ",".join([name, f"tx={tx}", f"rx={rx}", *(f"{k}={v}" for k, v in keys.items())])


def eips(count):
    return {"vips": vips("e", "203.0.1.0", count),
            "eips": [{"name": f"e{i}", "vip": f"e{i}", "target": dotted(number("10.66.0.0") + i)}
                     for i in range(count)]}


def eip_flows(rules, **keys):
    """Up to 65 536, each EIP as often as the others."""
    return flow_set("eip", "b", "a", src=addresses(INTERNET, -(-65536 // rules)), sport=1024,
                    dst=addresses("203.0.1.0", rules), dport=443, **keys)


def forwards(count):
    """One of nearly all ports of its address, or a hundred of seven ports each on an address."""
    if count == 1:
        rules = [("f0", "1024-65535")]
    else:
        rules = [(f"f{i // 100}", f"{4096 + i % 100 * 7}-{4102 + i % 100 * 7}")
                 for i in range(count)]
    return {"vips": vips("f", "203.0.64.0", -(-count // 100)),
            "port_forwards": [{"name": f"r{i}", "vip": vip, "protocol": "udp", "ports": ports,
                               "target": dotted(number("10.67.0.0") + i)}
                              for i, (vip, ports) in enumerate(rules)]}


def forward_flows(rules, **keys):
    vips_used, ports = (1, 4096) if rules == 1 else (rules // 100, 700)
    made = {"src": addresses(INTERNET, 16 if rules == 1 else 1), "sport": 1024,
            "dst": addresses("203.0.64.0", vips_used), "dport": f"4096-{4095 + ports}"}
    return flow_set("forward", "b", "a", **{**made, **keys})


def snat(pools=1, mapping=None):
    """A rule for each pool of 64 addresses; `mapping`: one address and that mapping."""
    more = {"mapping": mapping} if mapping else {}
    size = 1 if mapping else 64
    nets = ["10.64.0.0/16"] if pools == 1 else ["10.64.0.0/17", "10.64.128.0/17"]
    return {"vips": vips("s", "203.0.128.0", pools * size),
            "snat": [{"name": f"out{i}", "source": net, "interface": "pub0", **more,
                      "max_sessions_per_host": 1000,
                      "addresses": [f"s{n}" for n in range(i * size, (i + 1) * size)]}
                     for i, net in enumerate(nets)]}


def snat_flows(flows, **keys):
    """63 of each host."""
    made = {"src": addresses("10.64.0.0", flows // PER_HOST), "sport": "1024-1086",
            "dst": "16.0.0.1", "dport": 443, "count": flows}
    return flow_set("snat", **{**made, **keys})


def ladder(name, flows, pools=1, **more):
    return Scenario(name, flows, [snat_flows(flows)], snat(pools), **more)


def dependent(name, flows, **more):
    """By one address: a port serves one flow to each destination. The flows to a destination take
    half of the ports."""
    hosts = 1 << 15
    flow = snat_flows(flows, src=addresses("10.64.0.0", hosts), sport=1024,
                      dst=addresses("16.0.0.1", flows // hosts))
    return Scenario(name, flows, [flow], snat(1, "endpoint_dependent"), **more)


def merged(*configs):
    made = {}
    for config in configs:
        for key, value in config.items():
            made.setdefault(key, []).extend(value)
    return made


def forward(name, routes, flows, **keys):
    return Scenario(name, flows, [flow_set("forward", count=flows, dport=443, **keys)],
                    private=True, routes=routes, memory=2800 if routes else 1024)


MIX = {"direction": "both", "size": "imix", "new": "1%"}
LARGE = {"sessions": 5 << 20, "memory": 3400}

SCENARIOS = [
    forward("forward-1", 0, 65536, src=addresses("10.64.0.0", 1024), sport="1024-1087",
            dst="172.16.0.1"),
    forward("forward-1m", 1000000, 1000000, src="10.64.0.1", sport=1024,
            dst=addresses(INTERNET, 256 * 999999 + 1), learn="no",
            **{"dst-step": 256}),
    Scenario("eip-1", 65536, [eip_flows(1, count=65536)], eips(1)),
    Scenario("eip-10k", 65536, [eip_flows(10000, count=65536)], eips(10000)),
    Scenario("pf-1", 65536, [forward_flows(1, count=65536)], forwards(1)),
    Scenario("pf-10k", 65536, [forward_flows(10000, count=65536)], forwards(10000)),
    ladder("snat-1k", 1008),
    ladder("snat-64k", 64512),
    ladder("snat-258k", 258048),
    ladder("snat-1m", 1032192, sessions=3 << 19),
    ladder("snat-4m", 4128768, pools=2, **LARGE),
    dependent("snat-4m-dependent", 4128768, **LARGE),
    Scenario("session-setup", 1, [snat_flows(1 << 16, src="10.64.0.0/16", count=1, new="100%",
                                             learn="no")],
             snat(2), packets=4000000, **LARGE),
    Scenario("mix", 92160, [snat_flows(64512, weight=70, sport="1024-1149", **MIX),
                            eip_flows(1000, count=18432, weight=20, **MIX),
                            forward_flows(1000, count=9216, weight=10, sport="1024-1027", **MIX)],
             merged(snat(), eips(1000), forwards(1000))),
]


def named(name):
    return next(s for s in SCENARIOS if s.name == name)


def imix(name):
    """A scenario with other sizes, which make no difference in process."""
    of = named(name)
    return replace(of, name=f"{name}-imix", flows=[f + ",size=imix" for f in of.flows], graph=False)


SCENARIOS += [imix(name) for name in ("forward-1", "eip-1", "pf-1", "snat-64k")]
SCENARIOS.append(replace(named("mix"), name="mix-2-workers", graph=False, workers=2))
BY_NAME = {s.name: s for s in SCENARIOS}
