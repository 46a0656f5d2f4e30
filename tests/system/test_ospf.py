# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""OSPF with real FRR routers as neighbours: adjacencies, routes, traffic."""

import pytest
import traffic
from ospf import H1, HOST1, HOST2, HOST3, NET2, R1, R2, R3, ROUTER_ID, OspfSite
from wait import wait_until


@pytest.fixture(scope="module")
def site(lab):
    made = OspfSite(lab)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def settled(site):
    """Every test begins with all neighbours and ends with the site's configuration."""
    site.put()
    site.wait_full()
    yield
    site.put()


def test_networks_behind_routers_reach_each_other(site):
    """The two-router walk-through: a network each, no SNAT, area 0."""
    for address in (HOST1, HOST2, HOST3):
        wait_until(lambda: traffic.ping(site.h1, address, 1).ok, what=f"h1 reaches {address}")
    assert traffic.ping(site.hosts["r3"], H1).ok
    assert site.api.get("state")["status"] == "ok"
