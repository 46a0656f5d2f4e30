# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""A router all of whose ports are AF_XDP: what the demonstration shows, and that nothing passes
around the router when it is dead or a port is removed."""

import json
import os
import signal
import sys

import pytest

from carrier import Carrier
import netns
from topology import ROOT, Router
import traffic
from vpc import H1, H2, INET, OPTIONS, VPC1, VPC2
from wait import wait_until
from xdp import XdpHost

sys.path.insert(0, os.path.join(ROOT, "demo"))

from scenario import HOSTS, Scenario  # noqa: E402


CARRIER_WITHIN_S = 5.0  # 10 ms and a very busy machine: the figure says how long it takes


class XdpSite:
    """The demonstration's router and hosts."""

    def __init__(self, lab):
        self.lab = lab
        # Two workers: what one of them sends by the other's queue is handed over.
        self.router = Router(lab, cores="0,1", options=OPTIONS)
        self.router.start()
        self.hosts = {name: XdpHost(lab, self.router, name, *a) for name, a in HOSTS.items()}
        self.h1, self.h2, self.inet, self.isp2 = self.hosts.values()
        with open(os.path.join(ROOT, "demo", "router.json"), encoding="utf-8") as f:
            self.config = json.load(f)
        for interface, host in zip(self.config["interfaces"], self.hosts.values()):
            interface["port"] = host.port
        self.apply(self.config)
        for host in self.hosts.values():
            host.attach()
        wait_until(self.router.links_up, what="every link and its mirror is up")

    def apply(self, config):
        reply = self.router.api.request("PUT", "/v1/config", config)
        assert reply.status == 200, reply.text

    def changed(self, name, **fields):
        """The configuration with other fields in one interface."""
        config = json.loads(json.dumps(self.config))
        next(i for i in config["interfaces"] if i["name"] == name).update(fields)
        return config

    def refused(self, config):
        """The text of the refusal; what was applied stays."""
        before = self.router.api.get("config")
        reply = self.router.api.request("PUT", "/v1/config", config)
        assert reply.status >= 400, reply.text
        assert self.router.api.get("config") == before
        return reply.text

    def restart_dataplane(self):
        self.router.start_dataplane()
        wait_until(lambda: self.router.api.get("state")["status"] == "ok",
                   what="control configures the new data plane")
        wait_until(self.router.links_up, what="every link is up")

    def works(self):
        assert traffic.ping(self.h1, H2).ok
        assert traffic.ping(self.h2, INET).ok

    def describe(self):
        return self.lab.logs()


@pytest.fixture(scope="module")
def site(lab):
    try:
        made = XdpSite(lab)
    except Exception:
        print(lab.logs())
        raise
    yield made
    made.router.stop()
    assert not any(host.program() for host in made.hosts.values())


def test_everything_that_the_demonstration_shows(site):
    rows = list(Scenario(site.router, site.hosts).rows())
    assert len(rows) > 20
    # The kernel takes its time to attach a program: how soon is not the question here.
    assert not [row for row in rows if not row.ok and not row.seen.startswith("after ")]


def test_nothing_passes_a_dead_data_plane(site):
    """Not even where the kernel would forward."""
    site.works()
    site.router.dataplane.stop(signal.SIGKILL)
    gateways = {site.h1: VPC1, site.h2: VPC2}
    netns.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], site.router.management)
    for host, address in gateways.items():
        assert host.program()
        host.near("address", "add", f"{address}/24", "dev", host.netdev)
    assert traffic.ping(site.h1, H2, timeout_s=1).received == 0
    assert traffic.ping(site.h2, H1, timeout_s=1).received == 0
    netns.run(["sysctl", "-qw", "net.ipv4.ip_forward=0"], site.router.management)
    for host in gateways:
        host.near("address", "flush", "dev", host.netdev)
    site.restart_dataplane()
    site.works()


def test_killed_again_and_again(site):
    for _ in range(3):
        site.router.dataplane.stop(signal.SIGKILL)
        site.restart_dataplane()
        site.works()


def test_the_mirror_follows_the_carrier_at_once(site, figure):
    with Carrier(site.router.mirrors, "vpc2") as carrier:
        lost = carrier.seconds_until(False, lambda: site.h2.ip("link", "set", "eth0", "down"))
        found = carrier.seconds_until(True, lambda: site.h2.attach())
    figure(f"AF_XDP: carrier of the mirror lost after {lost * 1000:.0f} ms, back after "
           f"{found * 1000:.0f} ms, ip(8) included")
    assert lost < CARRIER_WITHIN_S
    wait_until(site.router.links_up)
    site.works()


def test_a_port_is_removed_and_added(site):
    for _ in range(5):
        without = dict(site.config)
        without["interfaces"] = [i for i in site.config["interfaces"] if i["name"] != "vpc1"]
        for part in ("snat", "eips"):
            without[part] = [o for o in site.config[part] if "vpc1" not in o["name"] and
                             o.get("target") != H1]
        site.apply(without)
        assert site.h1.program()
        assert traffic.ping(site.h1, INET, 1, timeout_s=1).received == 0
        site.apply(site.config)
        wait_until(site.router.links_up, what="every link is up")
        site.works()


def test_refusals(site):
    """A netdev that cannot be a port is refused in words, and the running ports do not notice."""
    router = site.router.management
    netns.run(["ip", "-n", router, "link", "add", "used", "type", "veth", "peer", "name", "used1"])
    netns.run(["ip", "-n", router, "address", "add", "10.0.0.1/24", "dev", "used"])
    config = json.loads(json.dumps(site.config))
    extra = {"name": "vpc3", "role": "private", "addresses": ["192.168.12.1/24"]}
    config["interfaces"].append(extra)
    extra["port"] = {"driver": "af_xdp", "address": "used"}
    assert "netdev \\\"used\\\" has IP addresses" in site.refused(config)
    extra["port"]["address"] = "nothere"
    assert "there is no netdev \\\"nothere\\\"" in site.refused(config)
    netns.run(["ip", "-n", router, "link", "del", "used"])
    assert "carries at most 1774 bytes" in site.refused(site.changed("vpc1", mtu=1775))
    site.works()
