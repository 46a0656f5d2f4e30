# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The site of the OSPF tests: one router with FRR beside its mirrors, a host on vpc1, and three FRR
routers: r1 and r2 on links of their own (pub0, pub1), with a link between them and a network behind
r2; r3 on vpc2, with a network behind it."""

import copy
import re

from frr import Frr
import netns
from topology import Host, Router
from wait import wait_until

OPTIONS = ["--sessions", "16384", "--nat-addresses", "4", "--idle-sleep-us", "50"]
ROUTER_ID, R1, R2, R3 = "10.0.0.1", "1.1.1.1", "2.2.2.2", "3.3.3.3"
H1 = "192.168.10.10"
NET1, NET2, NET3 = "172.21.0.0/24", "172.22.0.0/24", "172.23.0.0/24"
HOST1, HOST2, HOST3 = "172.21.0.1", "172.22.0.1", "172.23.0.1"
LINKS = [
    ("vpc1", "private", "192.168.10.1/24", "h1", f"{H1}/24", "192.168.10.1"),
    ("pub0", "public", "10.1.0.1/24", "r1", "10.1.0.2/24", None),
    ("pub1", "public", "10.2.0.1/24", "r2", "10.2.0.2/24", None),
    ("vpc2", "private", "10.3.0.1/24", "r3", "10.3.0.2/24", None),
]
CONVERGED_S = 60  # elections, exchange, FRR's retransmissions, on a busy machine


def interface(name, **more):
    return {"name": name, **more}


class OspfSite:
    """`areas` is the router's part of OSPF, all else has values for fast tests."""

    def __init__(self, lab):
        self.lab = lab
        self.router = Router(lab, options=OPTIONS)
        self.api = self.router.api
        self.frr = Frr(lab, "vr", self.router.mirrors).start()
        self.router.start()
        self.hosts = {host: Host(lab, host, address, gateway)
                      for _, _, _, host, address, gateway in LINKS}
        self.h1 = self.hosts["h1"]
        self.config = {"version": 1, "hostname": "site", "interfaces": [
            {"name": name, "role": role, "port": self.hosts[host].port, "addresses": [address]}
            for name, role, address, host, _, _ in LINKS], "ospf": self.ospf()}
        self.router.put({k: v for k, v in self.config.items() if k != "ospf"})
        for host in self.hosts.values():
            host.attach()
        wait_until(self.router.links_up, what="every link and its mirror is up")
        self.r1, self.r2, self.r3 = (self._peer(n) for n in ("r1", "r2", "r3"))
        self._join("r1", "r2")
        self.start_peers()

    def _peer(self, name):
        host = self.hosts[name]
        netns.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], netns=host.netns)
        number = name[1:]
        host.ip("link", "add", "net0", "type", "veth", "peer", "name", "net0-end")
        host.ip("address", "add", f"172.2{number}.0.1/24", "dev", "net0")
        for netdev in ("net0", "net0-end"):
            host.ip("link", "set", netdev, "up")
        return Frr(self.lab, name, host.netns).start()

    def _join(self, one, other):
        """A link between two of the peers: eth1 on both."""
        a, b = self.hosts[one], self.hosts[other]
        a.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth1", "netns", b.netns)
        a.ip("address", "add", "10.12.0.1/24", "dev", "eth1")
        b.ip("address", "add", "10.12.0.2/24", "dev", "eth1")
        for host in (a, b):
            host.ip("link", "set", "eth1", "up")

    def start_peers(self):
        passive = (0, " ip ospf passive\n")
        self.r1.ospf(R1, {"eth0": 0, "eth1": 0, "net0": passive})
        self.r2.ospf(R2, {"eth0": 0, "eth1": 0, "net0": passive})
        self.r3.ospf(R3, {"eth0": 0, "net0": passive})

    def ospf(self, **parts):
        made = {"router_id": ROUTER_ID, "hello_interval_s": 1, "dead_interval_s": 4,
                "convergence": "fast", "areas": [
                    {"id": 0, "interfaces": [{"name": "vpc1", "passive": True}, "pub0", "pub1",
                                             "vpc2"]}]}
        made.update(parts)
        return made

    def changed(self, **parts):
        config = copy.deepcopy(self.config)
        config.update(copy.deepcopy(parts))
        return config

    def put(self, **parts):
        self.router.put(self.changed(**parts))

    def full(self, *ids):
        return all(self.frr.full(i) for i in ids)

    def wait_full(self, *ids):
        ids = ids or (R1, R2, R3)
        wait_until(lambda: self.full(*ids), CONVERGED_S, f"neighbours {', '.join(ids)} are full")

    def routes(self):
        """{prefix: [next hop]} that the data plane has."""
        found = {}
        for r in self.api.items("state/routes"):
            found.setdefault(r["prefix"], []).append(r["next_hop"])
        return found

    def state(self):
        return self.api.get("state/ospf")

    def neighbour(self, router_id):
        """What the router tells of a neighbour, None when it knows of none."""
        return next((n for n in self.state()["neighbours"] if n["router_id"] == router_id), None)

    def ends(self, router_id):
        """Why adjacencies with a neighbour ended so far, as ospfd logs it: "KillNbr" (the interface
        went down), "InactivityTimer" (nothing was heard for the dead interval)."""
        return re.findall(rf"AdjChg: Nbr {re.escape(router_id)},.* Full -> Deleted \((\w+)\)",
                          self.frr.ospfd.output())

    def problems(self, interface):
        return [p["text"] for p in self.state()["problems"] if p["interface"] == interface]

    def wait_route(self, prefix, next_hop, deadline_s=CONVERGED_S):
        """Waits until the data plane sends `prefix` to `next_hop` (None: has no such route)."""
        wanted = [next_hop] if next_hop else None
        wait_until(lambda: self.routes().get(prefix) == wanted, deadline_s,
                   f"{prefix} by {next_hop}")

    def cut(self, peer):
        """Pulls the cable between the router and a peer."""
        self.hosts[peer].ip("link", "set", "eth0", "down")

    def mend(self, peer):
        self.hosts[peer].ip("link", "set", "eth0", "up")

    def describe(self):
        try:
            return f"{self.state()}\n{self.lab.logs(20)}"
        except (OSError, AssertionError) as e:
            return repr(e)

    def stop(self):
        self.router.stop()


class PointToPointSite(OspfSite):
    """Links with routers are point-to-point: nobody waits for an election. r3 announces what it
    has in its kernel."""

    def start_peers(self):
        link = (0, " ip ospf network point-to-point\n")
        passive = (0, " ip ospf passive\n")
        self.r1.ospf(R1, {"eth0": link, "eth1": link, "net0": passive})
        self.r2.ospf(R2, {"eth0": link, "eth1": link, "net0": passive})
        self.r3.ospf(R3, {"eth0": link, "net0": passive}, " redistribute kernel\n")

    def ospf(self, **parts):
        links = [{"name": name, "network_type": "point_to_point"}
                 for name in ("pub0", "pub1", "vpc2")]
        parts.setdefault("areas", [{"id": 0, "interfaces": [
            {"name": "vpc1", "passive": True}, *links]}])
        return super().ospf(**parts)
