# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Configured routes and links: a lost carrier reaches the mirror at once, and with it the kernel's
routes, the data plane's, and the traffic."""

import json
import time

import pytest

from carrier import Carrier
import netns
import traffic
from upstream import Stream
from vpc import H1, INET, ISP2, PUB0, PUB1
from wait import wait_until

FAR = "172.31.0.9"
# 10 ms, 0.1 s and 0.5 s, and a very busy machine: the figures say how long it takes.
CARRIER_WITHIN_S, TRAFFIC_WITHIN_S = 5.0, 10.0
MANY, MANY_WITHIN_S = 5000, 25.0

SITE = {"routes": [
    {"destination": "172.31.0.0/24", "type": "static", "next_hop": INET, "priority": 10},
    {"destination": "172.31.0.0/24", "type": "static", "next_hop": ISP2, "priority": 20},
    {"destination": "172.31.0.0/16", "type": "blackhole", "priority": 5}]}


@pytest.fixture(scope="module")
def far(site):
    """FAR behind both uplinks; nothing translates, so that both know the way back."""
    for host, way in ((site.inet, PUB0), (site.isp2, PUB1)):
        host.ip("address", "replace", f"{FAR}/32", "dev", "lo")
        host.ip("route", "replace", "192.168.0.0/16", "via", way)
    return {"pub0": site.inet, "pub1": site.isp2}


@pytest.fixture
def plugged(site, far):
    """Every link is up, again at the end."""
    yield
    for host, way in ((site.inet, PUB0), (site.isp2, PUB1), (site.h1, None)):
        plug(host, way)
    wait_until(site.router.links_up)


def plug(host, way=None):
    host.ip("link", "set", "eth0", "up")
    if way:
        host.ip("route", "replace", "192.168.0.0/16", "via", way)
    if host.gateway:
        host.ip("route", "replace", "default", "via", host.gateway)


def unplug(host):
    host.ip("link", "set", "eth0", "down")


def routes(site, prefix):
    return [r for r in site.api.items("state/routes") if r["prefix"] == prefix]


def test_the_mirror_follows_the_link_at_once(site, plugged, figure):
    with Carrier(site.router.mirrors, "vpc1") as carrier:
        lost = carrier.seconds_until(False, lambda: unplug(site.h1))
        found = carrier.seconds_until(True, lambda: plug(site.h1))
    figure(f"TAP: carrier of the mirror lost after {lost * 1000:.0f} ms, back after "
           f"{found * 1000:.0f} ms, ip(8) included")
    assert lost < CARRIER_WITHIN_S and found < CARRIER_WITHIN_S


def test_the_next_distance_carries_without_the_carrier(site, far, plugged, figure):
    with Stream(site.h1, FAR, far) as flow:
        flow.wait_by("pub0", H1)
        left = flow.wait_by("pub1", H1, lambda: unplug(site.inet))
        assert left < TRAFFIC_WITHIN_S
        assert routes(site, "172.31.0.0/24")[0]["interface"] == "pub1"
        # Both stay in the kernel: it knows that one is dead.
        kernel = [r for r in site.router.kernel_routes() if r.startswith("172.31.0.0/24")]
        assert len(kernel) == 2 and sum("linkdown" in r for r in kernel) == 1
        back = flow.wait_by("pub0", H1, lambda: plug(site.inet, PUB0))
        assert routes(site, "172.31.0.0/24")[0]["interface"] == "pub0"
    figure(f"carrier of the better next hop: traffic by the other one after {left * 1000:.0f} ms, "
           f"back after {back * 1000:.0f} ms")


def test_discarded_when_no_next_hop_is_left(site, far, plugged):
    """The route stays with its dead next hops: a covering one, here a blackhole, is not used."""
    unplug(site.inet)
    unplug(site.isp2)
    wait_until(lambda: not any(i["link_up"] for i in site.api.items("state/interfaces")
                               if i["role"] == "public"))
    assert not traffic.ping(site.h1, FAR, 1, timeout_s=1).ok
    plug(site.isp2, PUB1)
    with Stream(site.h1, FAR, far) as flow:
        flow.wait_by("pub1", H1)


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
def test_discarding_route_by_distance(site, far, kind):
    """Behind the next hops it waits; before them it wins."""
    def with_priority(priority):
        return site.changed(routes=SITE["routes"] + [
            {"destination": f"{FAR}/32", "type": "static", "next_hop": INET, "priority": 10},
            {"destination": f"{FAR}/32", "type": kind, "priority": priority}])

    def wait_types(*types):
        wait_until(lambda: [r["type"] for r in routes(site, f"{FAR}/32")] == list(types),
                   what=f"the data plane has routes to {FAR}: {types}")
    site.router.put(with_priority(11))
    wait_types("unicast")
    assert traffic.ping(site.h1, FAR).ok
    site.router.put(with_priority(9))
    wait_types(kind)
    said = traffic.ping(site.h1, FAR, 1).text
    assert {"blackhole": "100% packet loss", "unreachable": "Destination Host Unreachable",
            "prohibit": "Packet filtered"}[kind] in said
    site.router.put(site.config)
    wait_types()
    assert traffic.ping(site.h1, FAR).ok


def test_a_route_waits_for_its_mirror(site, far, plugged):
    """The netdev of an interface vanishes, and with it the kernel's routes; all come back."""
    with Stream(site.h1, FAR, far) as flow:
        flow.wait_by("pub0", H1)
        netns.run(["ip", "-n", site.router.mirrors, "link", "set", "pub0", "down"])
        wait_until(lambda: "pub0" in str(site.router.kernel_routes()))
        flow.wait_by("pub0", H1)
        # Addresses flushed by somebody: the routes went with them, nobody said so.
        netns.run(["ip", "-n", site.router.mirrors, "address", "flush", "dev", "pub0"])
        wait_until(lambda: any(r.startswith("172.31.0.0/24") and "pub0" in r
                               for r in site.router.kernel_routes()))
        flow.wait_by("pub0", H1)


def test_commit_of_many(site, far, figure):
    """Each by an uplink, so that it stands in two tables."""
    many = [{"destination": f"10.{i // 250}.{i % 250}.0/24", "type": "static", "next_hop": ISP2}
            for i in range(MANY)]
    begin = time.monotonic()
    site.router.put(site.changed(routes=SITE["routes"] + many))
    added = time.monotonic() - begin
    wait_until(lambda: site.api.get("state")["dataplane"]["routes"] > MANY)
    in_kernel = netns.run(["ip", "-n", site.router.mirrors, "-j", "route", "show", "proto", "201"])
    assert len(json.loads(in_kernel.stdout)) > MANY
    begin = time.monotonic()
    site.router.put(site.changed(routes=SITE["routes"] + many[:-1]))
    one = time.monotonic() - begin
    begin = time.monotonic()
    site.router.put(site.config)
    removed = time.monotonic() - begin
    assert added < MANY_WITHIN_S and one < MANY_WITHIN_S and removed < MANY_WITHIN_S
    figure(f"{MANY} static routes by an uplink: added in {added:.2f} s, one of them removed in "
           f"{one:.2f} s, all removed in {removed:.2f} s")
