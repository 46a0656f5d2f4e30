# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""One route by two gateways: both carry flows, and when one of them fails its flows take the other
one while the others stay where they are. FAR exists behind both."""

import contextlib
import socket

import pytest

import netns
from vpc import INET, ISP2, snat_everywhere
from wait import wait_until

FAR, NET = "192.0.2.9", "192.0.2.0/24"
FLOWS, PORT = 32, 7777

SITE = {
    "snat": snat_everywhere(),
    "routes": [{"destination": NET, "type": "static", "next_hop": INET},
               {"destination": NET, "type": "static", "next_hop": ISP2}],
}


@pytest.fixture
def far(site):
    for host in (site.inet, site.isp2):
        host.ip("address", "replace", f"{FAR}/32", "dev", "lo")
    wait_until(lambda: usable(site) == {INET, ISP2}, what="both next hops answer")
    yield
    for host in (site.inet, site.isp2):
        host.ip("address", "del", f"{FAR}/32", "dev", "lo")


def route(site):
    return next(r for r in site.api.items("state/routes") if r["prefix"] == NET)


def usable(site):
    return {h["next_hop"] for h in route(site)["next_hops"] if h["usable"]}


class Flows:
    """UDP flows of h1 to FAR, each from a port of its own, and two servers that say who they are."""

    def __init__(self, site, stack):
        self.asked = 0
        self.clients = [stack.enter_context(site.h1.socket(socket.SOCK_DGRAM))
                        for _ in range(FLOWS)]
        self.servers = {name: stack.enter_context(host.socket(socket.SOCK_DGRAM))
                        for name, host in ((INET, site.inet), (ISP2, site.isp2))}
        for server in self.servers.values():
            server.bind((FAR, PORT))
            server.setblocking(False)

    def _answer(self):
        for name, server in self.servers.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    question, peer = server.recvfrom(100)
                    server.sendto(question + name.encode(), peer)

    def way(self, client):
        """Where a packet of the flow arrives; it is sent again until its answer comes."""
        client.setblocking(False)
        self.asked += 1
        question = b"%d:" % self.asked

        def answered():
            client.sendto(question, (FAR, PORT))
            self._answer()
            with contextlib.suppress(BlockingIOError):
                while True:
                    answer = client.recv(100)
                    if answer.startswith(question):  # none that is left over
                        return answer[len(question):].decode()
        return wait_until(answered, what="the flow is answered")

    def ways(self):
        return [self.way(client) for client in self.clients]


@pytest.fixture
def flows(site, far):
    with contextlib.ExitStack() as stack:
        yield Flows(site, stack)


def test_state_shows_every_next_hop(site, far):
    shown = route(site)
    assert {(h["next_hop"], h["interface"], h["weight"]) for h in shown["next_hops"]} == {
        (INET, "pub0", 1), (ISP2, "pub1", 1)}
    table = site.router.vrctl("show", "routes").stdout
    row = next(line for line in table.splitlines() if line.startswith(NET))
    assert INET in row and ISP2 in row and "pub0" in row and "pub1" in row


def test_both_carry_flows_and_each_stays(flows):
    first = flows.ways()
    assert set(first) == {INET, ISP2}
    assert flows.ways() == first


def test_pulled_cable(site, flows):
    before = flows.ways()
    site.isp2.ip("link", "set", "eth0", "down")
    wait_until(lambda: usable(site) == {INET}, what="the route is by one gateway")
    assert set(flows.ways()) == {INET}
    site.isp2.ip("link", "set", "eth0", "up")
    wait_until(lambda: usable(site) == {INET, ISP2}, what="the route is by both again")
    # Flows have settled by the other one; those that were there all the time still are.
    after = flows.ways()
    assert all(a == INET for a, b in zip(after, before) if b == INET)


def test_gateway_that_does_not_answer(site, flows):
    before = flows.ways()
    site.isp2.ip("address", "del", f"{ISP2}/24", "dev", "eth0")
    netns.run(["ip", "neigh", "change", ISP2, "dev", "pub1", "nud", "failed"],
              netns=site.router.mirrors)
    wait_until(lambda: usable(site) == {INET}, what="the silent gateway is avoided")
    assert set(flows.ways()) == {INET}
    site.isp2.ip("address", "add", f"{ISP2}/24", "dev", "eth0")
    wait_until(lambda: usable(site) == {INET, ISP2}, what="it answers again")
    assert all(a == INET for a, b in zip(flows.ways(), before) if b == INET)
