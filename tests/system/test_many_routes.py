# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Thousands of routes in the kernel of the mirrors' namespace: the data plane follows, through
changes, lost notifications, restarts, and a table that was full. tests/perf/routes.py has the
million."""

import os
import signal

import pytest

import routes
from traffic import ping
from vpc import INET, OPTIONS, Site
from wait import wait_until

COUNT, OTHER = 20000, "203.0.113.11"


@pytest.fixture(scope="module")
def site(lab):
    site = Site(lab, options=[*OPTIONS, "--routes", str(COUNT + 1000)], cores="0")
    site.inet.ip("route", "add", "192.168.0.0/16", "via", "203.0.113.1")
    yield site
    site.stop()


@pytest.fixture(scope="module")
def base(site):
    """Routes that are there anyway."""
    return routes.metrics(site.router, "kernel_routes")[0]


@pytest.fixture(scope="module")
def nets():
    return routes.prefixes(COUNT)


@pytest.fixture(scope="module")
def writer(site):
    writer = routes.Writer(site.router.mirrors)
    yield writer
    writer.close()


@pytest.fixture(scope="module")
def full(site, base, nets):
    """The routes, written by ip -batch."""
    routes.Batch(f"route add {p} via {INET} proto {routes.PROTO}" for p in nets).run(
        site.router.mirrors)
    routes.wait_complete(site.router, COUNT + base)


def wait_same(site):
    """The counts may be right for a moment before the last changes are told."""
    wait_until(lambda: routes.differences(site.router) == [], 60,
               "the data plane has the kernel's routes")


def test_all_are_there(site, full):
    wait_same(site)


def test_churn_under_traffic(site, base, full, nets, writer):
    """Five seconds' worth of 5000 changes each, as fast as the kernel takes them."""
    assert ping(site.h1, INET).ok
    for n in range(5):
        writer.write([routes.message(p, None if n % 2 == 0 and i % 10 == 0 else
                                     (INET, OTHER)[n & 1])
                      for i, p in enumerate(nets[:5000])])
    assert ping(site.h1, INET).ok
    assert n % 2 == 0  # so that a tenth of them is away
    routes.wait_complete(site.router, COUNT + base - 500)
    wait_same(site)
    writer.write([routes.message(p, INET) for p in nets[:5000]])
    routes.wait_complete(site.router, COUNT + base)
    wait_same(site)


def test_control_missed_it_all(site, base, full, nets, writer):
    """While it is stopped its receive buffer overflows, or not: the result is the same."""
    os.kill(site.router.control.pid, signal.SIGSTOP)
    try:
        writer.write([routes.message(p) for p in nets[:7000]])
        writer.write([routes.message(p, OTHER) for p in nets[7000:]])
    finally:
        os.kill(site.router.control.pid, signal.SIGCONT)
    routes.wait_complete(site.router, COUNT + base - 7000)
    wait_same(site)
    writer.write([routes.message(p, INET) for p in nets])
    routes.wait_complete(site.router, COUNT + base)
    wait_same(site)


def test_restarts(site, base, full):
    site.router.kill_control()
    site.router.start_control()
    routes.wait_complete(site.router, COUNT + base)
    wait_same(site)
    site.router.dataplane.stop(signal.SIGKILL)
    site.router.start_dataplane()
    routes.wait_complete(site.router, COUNT + base)
    wait_same(site)


def limit(site):
    return next(x for x in site.api.items("state/limits") if x["name"] == "routes")


def test_a_full_table_and_room_again(site, full, nets, writer):
    known = set(nets)
    more = [p for p in routes.prefixes(4000, seed=2) if p not in known][:2000]
    writer.write([routes.message(p, INET) for p in more])
    wait_until(lambda: routes.metrics(site.router, "kernel_routes_refused_total")[0] > 0,
               what="the table is full")
    assert limit(site)["used"] == limit(site)["max"] and limit(site)["alarm"]
    assert len(routes.differences(site.router)) > 0
    writer.write([routes.message(p) for p in nets[:2000]])
    wait_same(site)
    wait_until(lambda: routes.metrics(site.router, "kernel_routes_missing")[0] == 0,
               what="nothing is missing any more")
    assert routes.metrics(site.router, "kernel_routes_drift_total")[0] == 0
