# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Two of these routers, a network behind each, a link between them, no NAT: hosts reach each other
by static routes, and by OSPF in area 0."""

import os

import pytest

import netns
import traffic
from frr import Frr
from topology import Host, Lab, Router
from wait import wait_until

OPTIONS = ["--sessions", "4096", "--nat-addresses", "4", "--idle-sleep-us", "50"]
LEFT, RIGHT = "192.168.10.10", "192.168.20.10"
NETS = {"left": "192.168.10.0/24", "right": "192.168.20.0/24"}
LINK = {"left": "10.255.0.1", "right": "10.255.0.2"}


class Side:
    """One router with its FRR and the host behind it; eth-NAME of the link's namespace is its
    other interface."""

    def __init__(self, lab, name, host, link):
        self.name = name
        gateway = host.rpartition(".")[0] + ".1"
        self.router = Router(lab, options=OPTIONS, memory=512)
        self.frr = Frr(lab, "vr", self.router.mirrors).start()
        self.router.start()
        self.host = Host(lab, f"host-{name}", f"{host}/24", gateway)
        self.config = {"version": 1, "hostname": name, "interfaces": [
            {"name": "lan", "role": "private", "port": self.host.port,
             "addresses": [f"{gateway}/24"]},
            {"name": "wan", "role": "public", "addresses": [f"{LINK[name]}/24"],
             "port": {"driver": "tap", "address": f"eth-{name}@{link}"}}]}
        self.router.put(self.config)
        self.host.attach()

    def put(self, **parts):
        self.router.put({**self.config, **parts})

    def route_to(self, prefix):
        found = [r for r in self.router.api.items("state/routes") if r["prefix"] == prefix]
        return found[0]["next_hop"] if found else None


@pytest.fixture(scope="module")
def sides(lab):
    """Both routers; their TAPs on the link are joined by a bridge, as a switch would."""
    link = lab.namespace("link", ipv6=False)
    with Lab(f"{os.path.basename(lab.directory)}2") as other:
        made = {"left": Side(lab, "left", LEFT, link), "right": Side(other, "right", RIGHT, link)}
        netns.run(["ip", "link", "add", "switch", "type", "bridge"], netns=link)
        for name in ("eth-left", "eth-right", "switch"):
            if name != "switch":
                netns.run(["ip", "link", "set", name, "master", "switch"], netns=link)
            netns.run(["ip", "link", "set", name, "up"], netns=link)
        for side in made.values():
            wait_until(side.router.links_up, what=f"the links of {side.name} are up")
        yield made
        for side in made.values():
            side.router.stop()


def reach_each_other(sides, port):
    left, right = sides["left"].host, sides["right"].host
    wait_until(lambda: traffic.ping(left, RIGHT, 1, timeout_s=1).ok, 60, "left reaches right")
    assert traffic.ping(right, LEFT).ok
    assert traffic.traceroute(left, RIGHT) == ["192.168.10.1", LINK["right"], RIGHT]
    web = traffic.WebServer(right, port)
    answer = traffic.fetch(left, RIGHT, port)
    assert answer.ok and traffic.seen_client(web, answer) == LEFT


def test_without_routes_they_do_not(sides):
    assert not traffic.ping(sides["left"].host, RIGHT, 1, timeout_s=1).ok


def test_static_routes(sides):
    for name, other in (("left", "right"), ("right", "left")):
        sides[name].put(routes=[{"destination": NETS[other], "type": "static",
                                 "next_hop": LINK[other]}])
    reach_each_other(sides, 8001)
    for side in sides.values():
        side.put()
    wait_until(lambda: sides["left"].route_to(NETS["right"]) is None)
    assert not traffic.ping(sides["left"].host, RIGHT, 1, timeout_s=1).ok


def test_ospf(sides):
    for side in sides.values():
        side.put(ospf={"router_id": LINK[side.name], "hello_interval_s": 1, "dead_interval_s": 4,
                       "convergence": "fast", "areas": [{"id": 0, "interfaces": [
                           "wan", {"name": "lan", "passive": True}]}]})
    for name, other in (("left", "right"), ("right", "left")):
        wait_until(lambda: sides[name].route_to(NETS[other]) == LINK[other], 60,
                   f"{name} knows the way to {other}")
    reach_each_other(sides, 8002)
    for side in sides.values():
        assert [n["state"] for n in side.router.api.get("state/ospf")["neighbours"]] == ["Full"]
    for side in sides.values():
        side.put()
    wait_until(lambda: sides["left"].route_to(NETS["right"]) is None, 60)
    assert not traffic.ping(sides["left"].host, RIGHT, 1, timeout_s=1).ok
