# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The site of the system tests: one router with two private hosts on two subnets, a host on the
internet behind pub0 and one on a second uplink, pub1."""

import copy

from topology import Host, Router
import traffic
from wait import DEADLINE_S, wait_until

H1, H2, INET, ISP2 = "192.168.10.10", "192.168.11.10", "203.0.113.10", "198.51.100.10"
VPC1, VPC2, PUB0, PUB1 = "192.168.10.1", "192.168.11.1", "203.0.113.1", "198.51.100.1"
EIP, VIP, VIP2 = "203.0.113.20", "203.0.113.21", "203.0.113.22"

OPTIONS = ["--sessions", "65536", "--nat-addresses", "16", "--idle-sleep-us", "50"]

# Interface, role, its address, host behind it, that host's address and gateway.
LINKS = [
    ("vpc1", "private", VPC1, "h1", H1, VPC1),
    ("vpc2", "private", VPC2, "h2", H2, VPC2),
    ("pub0", "public", PUB0, "inet", INET, None),
    ("pub1", "public", PUB1, "isp2", ISP2, None),
]


def snat_everywhere():
    """SNAT of both private subnets by both uplinks."""
    return [{"name": f"{vpc}-{pub}", "source": f"{net}.0/24", "interface": pub}
            for vpc, net in (("vpc1", "192.168.10"), ("vpc2", "192.168.11"))
            for pub in ("pub0", "pub1")]


def vips():
    return [{"name": name, "address": address, "interface": "pub0"}
            for name, address in (("vip-eip", EIP), ("vip-web", VIP), ("vip-spare", VIP2))]


class Site:
    """The running router and its hosts. `extra` are further parts of the configuration, `mtu` maps
    interface names to MTUs, `options` are the data plane's instead of OPTIONS."""

    def __init__(self, lab, cores="0", mtu=None, options=None, **extra):
        self.lab = lab
        self.mtu = mtu or {}
        self.router = Router(lab, cores=cores, options=OPTIONS if options is None else options)
        self.api = self.router.api
        self.router.start()
        self.hosts = {host: Host(lab, host, f"{address}/24", gateway)
                      for _, _, _, host, address, gateway in LINKS}
        self.h1, self.h2, self.inet, self.isp2 = self.hosts.values()
        self.config = {"version": 1, "hostname": "site", "interfaces": self._interfaces(), **extra}
        self.router.put(self.config)
        for host in self.hosts.values():
            host.attach()
        wait_until(self.router.links_up, what="every link and its mirror is up")
        self.router.wait_routes(self.config)
        self._web = {}

    def _interfaces(self):
        made = []
        for name, role, address, host, peer, _ in LINKS:
            interface = {"name": name, "role": role, "port": self.hosts[host].port,
                         "addresses": [f"{address}/24"], "mtu": self.mtu.get(name, 1500)}
            if role == "public":
                interface["gateway"] = peer
            made.append(interface)
        return made

    def changed(self, **parts):
        """The configuration with other parts: a copy, not applied."""
        config = copy.deepcopy(self.config)
        config.update(copy.deepcopy(parts))
        return config

    def web(self, host, port=80):
        """The web server of a host, started at its first use."""
        if (host.name, port) not in self._web:
            self._web[host.name, port] = traffic.WebServer(host, port)
        return self._web[host.name, port]

    def published_drops(self):
        """{reason: packets} that workers have told of so far."""
        return {d["reason"]: d["packets"] for d in self.api.items("state/drops")}

    def drops(self):
        """{reason: packets} of all that happened before."""
        self.router.wait_published()
        return self.published_drops()

    def wait_drops(self, before, reason, count, deadline_s=DEADLINE_S):
        """Waits until exactly `count` more packets than in `before` were dropped for `reason`."""
        wait_until(lambda: self.published_drops()[reason] - before[reason] >= count, deadline_s,
                   f"{count} drops as {reason}")
        assert self.drops()[reason] - before[reason] == count

    def sessions(self, **filters):
        query = "&".join(f"{k}={v}" for k, v in filters.items())
        return self.api.items("state/nat/sessions" + (f"?{query}" if query else ""))

    def describe(self):
        """For the report of a failed test: drops, neighbours and the end of the logs."""
        try:
            seen = {"drops": {k: v for k, v in self.published_drops().items() if v},
                    "neighbours": self.api.items("state/neighbours")}
        except (OSError, AssertionError) as e:
            seen = repr(e)
        return f"{seen}\n{self.lab.logs()}"

    def stop(self):
        self.router.stop()
