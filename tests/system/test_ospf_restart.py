# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""zebra, ospfd, control and the data plane die and return in any order while numbered packets flow:
by OSPF's routes, by SNAT and between private networks. Nothing but the data plane's own death costs
packets."""

import itertools
import random
import signal
import time

import pytest
from ospf import HOST1, NET1, NET3, PointToPointSite
from stream import Stream
from wait import wait_until

P1, P3 = "10.1.0.2", "10.3.0.2"
PARTS = ["zebra", "ospfd", "control", "dataplane"]
NEW = "172.24.0.0/24"
# Until new routes flow: ospfd looks for zebra every 10 s; in a planned restart neighbours and ospfd
# stay with the old routes until it is over. The figures say how long it takes.
RETURN_S = 60
SEED, SEQUENCES = 1, 3


@pytest.fixture(scope="module")
def site(lab):
    made = PointToPointSite(lab)
    made.config["snat"] = [{"name": "out", "source": "192.168.10.0/24", "interface": "pub1"}]
    made.put()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def settled(site):
    well(site)


def well(site):
    wait_until(lambda: site.api.get("state")["status"] == "ok", what="all is well")
    wait_until(site.router.links_up, what="every link is up")
    site.wait_full()
    site.wait_route(NET1, P1)
    site.wait_route(NET3, P3)


def kill(site, part, number):
    process = {"zebra": site.frr.zebra, "ospfd": site.frr.ospfd, "control": site.router.control,
               "dataplane": site.router.dataplane}[part]
    if part == "ospfd" and number == signal.SIGTERM:  # as its unit stops it
        site.frr.vtysh("graceful-restart prepare ip ospf", daemon="ospfd")
    process.stop(number)


def start(site, part):
    {"zebra": lambda: site.frr.start_zebra("-K", 60, "-r"), "ospfd": site.frr.start_ospfd,
     "control": site.router.start_control, "dataplane": site.router.start_dataplane}[part]()


class Streams:
    """`ospf`: by a route of OSPF, one way. `snat`: an established flow by a connected network."""

    def __init__(self, site):
        self.ospf = Stream(site.h1, site.hosts["r1"], HOST1)
        self.snat = Stream(site.h1, site.hosts["r2"], "10.2.0.2", port=7001)
        self.all = {"ospf": self.ospf, "snat": self.snat}

    def __enter__(self):
        for stream in self.all.values():
            stream.__enter__()
            stream.flows()
        return self

    def __exit__(self, *_):
        for stream in self.all.values():
            stream.__exit__()

    def flow(self):
        for stream in self.all.values():
            stream.flows(15)

    def lost(self):
        for stream in self.all.values():
            stream.end()
        return {name: len(stream.lost()) for name, stream in self.all.items()}


def new_route(site, verb):
    site.hosts["r3"].ip("route", verb, "blackhole", NEW)


def restart(site, parts, number):
    """All of them die, in this order, and return in the same order."""
    for part in parts:
        kill(site, part, number)
    for part in parts:
        start(site, part)


def together(one, other):
    """control and the data plane keep each other's TAPs: without both the links are gone."""
    return {one, other} == {"control", "dataplane"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("part", PARTS)
def test_one(site, part, number, figure):
    with Streams(site) as streams:
        restart(site, [part], number)
        new_route(site, "add")
        try:
            begin = time.monotonic()
            site.wait_route(NEW, P3, RETURN_S)
            took = time.monotonic() - begin
            well(site)
            streams.flow()
            assert site.routes()[NEW] == [P3]
        finally:
            new_route(site, "del")
        lost = streams.lost()
    figure(f"{part} ended by {number.name}: lost of 100 packets a second {lost}; a new route after "
           f"{took:.1f} s")
    if part != "dataplane":
        assert lost == {"ospf": 0, "snat": 0}
    site.wait_route(NEW, None)


def test_zebra_is_told_all_routes(site):
    """Else zebra removes them some time after its start."""
    site.frr.zebra.stop(signal.SIGKILL)
    site.frr.start_zebra("-K", 15, "-r")
    begin = time.monotonic()
    with Streams(site) as streams:
        wait_until(lambda: time.monotonic() > begin + 17)
        well(site)
        assert streams.lost() == {"ospf": 0, "snat": 0}
    assert site.frr.vtysh("show ip route ospf", daemon="zebra").count("O>") >= 4
    assert "distance 110" not in site.frr.lines("router ospf")


@pytest.mark.parametrize("one,other", itertools.permutations(PARTS, 2))
def test_two(site, one, other, figure):
    with Streams(site) as streams:
        if together(one, other):
            restart(site, [one], signal.SIGKILL)
            well(site)
            restart(site, [other], signal.SIGKILL)
        else:
            restart(site, [one, other], signal.SIGKILL)
        well(site)
        streams.flow()
        lost = streams.lost()
    figure(f"{one} and {other}: lost of 100 packets a second {lost}")
    if "dataplane" not in (one, other):
        assert lost == {"ospf": 0, "snat": 0}


@pytest.mark.parametrize("seed", range(SEED, SEED + SEQUENCES))
def test_any_order(site, seed, figure):
    """One after the other, while those before may not have settled."""
    chosen = random.Random(seed)
    parts = [chosen.choice(PARTS[:3]) for _ in range(6)]
    with Streams(site) as streams:
        for part in parts:
            restart(site, [part], chosen.choice([signal.SIGKILL, signal.SIGTERM]))
        well(site)
        streams.flow()
        lost = streams.lost()
    figure(f"{' '.join(parts)}: lost of 100 packets a second {lost}")
    assert lost == {"ospf": 0, "snat": 0}
