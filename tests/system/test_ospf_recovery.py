# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""OSPF when something fails: daemons that are away or restart under traffic, lines that FRR
refuses, and neighbours that misbehave."""

import os
import re
import signal
import socket

import netns
import pytest
import traffic
from ospf import HOST1, NET1, R1, R2, R3, ROUTER_ID, OspfSite
from wait import wait_until

P1 = "10.1.0.2"
PASSIVE = {"name": "vpc1", "passive": True}


@pytest.fixture(scope="module")
def site(lab):
    made = OspfSite(lab)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def settled(site):
    site.put()
    site.wait_full()
    site.wait_route(NET1, P1)
    yield
    site.put()


def status(site):
    return site.api.get("state")["subsystems"]["frr"]


def reaches(site, address):
    wait_until(lambda: traffic.ping(site.h1, address, 1, timeout_s=1).ok,
               what=f"h1 reaches {address}")


def test_ospfd_absent_at_commit_and_back(site):
    site.frr.ospfd.stop()
    wait_until(lambda: status(site) == "ospfd cannot be reached")
    changed = site.ospf(areas=[{"id": 0, "interfaces": [PASSIVE, "pub0", "pub1", {
        "name": "vpc2", "cost": 55}]}])
    reply = site.api.request("PUT", "/v1/config", site.changed(ospf=changed))
    assert reply.status == 200, reply.text
    assert not site.state()["running"]
    assert site.problems(None) == ["ospfd does not answer"]
    site.frr.start_ospfd()
    wait_until(lambda: status(site) is None, what="the subsystem is well again")
    site.wait_full()
    assert "ip ospf cost 55" in site.frr.lines("interface vpc2")
    reaches(site, HOST1)


def test_zebra_away_is_told(site):
    site.frr.zebra.stop(signal.SIGKILL)
    wait_until(lambda: status(site) == "zebra cannot be reached")
    site.frr.start_zebra()
    wait_until(lambda: status(site) is None)


def repairs(site):
    text = site.api.request("GET", "/metrics").text
    return int(re.search(r"^vrouter_frr_repairs_total (\d+)$", text, re.M)[1])


def test_what_hands_changed_is_repaired(site):
    """By the audit, which a hangup brings forward."""
    before = repairs(site)
    site.frr.vtysh("configure terminal", "interface vpc2", "ip ospf cost 99", "exit",
                   "router ospf", "no log-adjacency-changes", daemon="ospfd")
    site.router.control.send(signal.SIGHUP)
    wait_until(lambda: repairs(site) > before)
    assert "ip ospf cost 10" in site.frr.lines("interface vpc2")
    assert "log-adjacency-changes" in site.frr.lines("router ospf")


WRAPPER = """#!/bin/sh
# A vtysh that spoils one line on its way to ospfd: FRR itself refuses it.
case "$*" in
*ospfd*-f*) sed 's/ip ospf cost 7777/ip ospf cost nonsense/' | exec vtysh "$@" ;;
*) exec vtysh "$@" ;;
esac
"""


@pytest.fixture
def wrapped(site):
    """Control runs another vtysh."""
    path = os.path.join(site.lab.directory, "vtysh")
    with open(path, "w", encoding="ascii") as f:
        f.write(WRAPPER)
    os.chmod(path, 0o700)
    restart_control(site, ["--vtysh", path])
    yield
    restart_control(site, [])


def restart_control(site, options):
    site.router.control.stop()
    site.router.control_options = options
    site.router.start_control()
    wait_until(lambda: site.api.get("state")["status"] == "ok")


def test_a_refused_line_undoes_the_commit(site, wrapped):
    before = site.frr.lines("interface vpc2"), site.frr.lines("router ospf")
    changes = site.neighbour(R1)["state_changes"]
    config = site.changed(
        routes=[{"destination": "172.30.0.0/16", "type": "blackhole"}],
        ospf=site.ospf(redistribute=["static"], areas=[{"id": 0, "interfaces": [
            PASSIVE, "pub0", "pub1", {"name": "vpc2", "cost": 7777}]}]))
    reply = site.api.request("PUT", "/v1/config", config)
    assert reply.status == 500
    assert "interface vpc2: ip ospf cost 7777" in reply.errors()["/ospf"]
    assert (site.frr.lines("interface vpc2"), site.frr.lines("router ospf")) == before
    site.wait_route("172.30.0.0/16", None)
    assert site.api.get("config") == site.config
    assert site.neighbour(R1)["state_changes"] == changes
    assert status(site) is None


def test_a_router_with_the_same_id(site):
    changes = {i: site.neighbour(i)["state_changes"] for i in (R1, R2)}
    site.r3.ospf(ROUTER_ID, {"eth0": 0})
    site.r3.vtysh("clear ip ospf process", daemon="ospfd")
    try:
        wait_until(lambda: site.neighbour(R3) is None)
        wait_until(lambda: any("router's id" in text for text in site.problems("vpc2")))
        assert {i: site.neighbour(i)["state_changes"] for i in (R1, R2)} == changes
        reaches(site, HOST1)
    finally:
        site.r3.ospf(R3, {"eth0": 0})
        site.r3.vtysh("clear ip ospf process", daemon="ospfd")


def test_garbage_on_protocol_89(site):
    changes = {i: site.neighbour(i)["state_changes"] for i in (R1, R2, R3)}
    with netns.entered(site.hosts["r3"].netns):
        s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 89)
    with s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        for n in range(400):
            body = os.urandom(n % 120)
            if n % 2:
                body = b"\x02" + bytes([n % 7]) + len(body).to_bytes(2, "big") + body
            for group in ("224.0.0.5", "10.3.0.1"):
                s.sendto(body, (group, 0))
    reaches(site, HOST1)
    site.wait_full()
    assert {i: site.neighbour(i)["state_changes"] for i in (R1, R2, R3)} == changes
    assert site.frr.ospfd.alive()


def test_a_flapping_neighbour(site):
    changes = {i: site.neighbour(i)["state_changes"] for i in (R1, R2)}
    for _ in range(5):
        site.cut("r3")
        wait_until(lambda: site.neighbour(R3) is None)
        site.mend("r3")
        site.hosts["r3"].ip("address", "replace", "10.3.0.2/24", "dev", "eth0")
        wait_until(lambda: site.frr.full(R3))
    assert {i: site.neighbour(i)["state_changes"] for i in (R1, R2)} == changes
    reaches(site, HOST1)


TOLD = "zebra is there again and is told all routes"


class Watch:
    """OSPF's routes that the kernel of the mirrors lost, and a ping that runs meanwhile."""

    def __init__(self, site):
        self.site = site

    def __enter__(self):
        self.monitor = self.site.lab.spawn("monitor", [
            "stdbuf", "-oL", "ip", "-4", "monitor", "route"], self.site.router.mirrors)
        self.begin = len(self.monitor.output())
        self.ping = self.site.lab.spawn("ping", [
            "ping", "-n", "-i", "0.05", "-W", 1, HOST1], self.site.h1.netns)
        self.ping_begin = len(self.ping.output())
        wait_until(lambda: "ttl=" in self.ping.output()[self.ping_begin:])
        return self

    def deleted(self):
        return re.findall(r"^Deleted ([\d./]+) .*proto ospf", self.monitor.output()[self.begin:],
                          re.M)

    def lost(self):
        """Echo requests without an answer; the last ones may be under way."""
        seen = [int(n) for n in re.findall(r"icmp_seq=(\d+) ttl",
                                           self.ping.output()[self.ping_begin:])]
        return seen[-1] - len(seen)

    def answers(self, more):
        """Waits for so many further answers."""
        count = self.ping.output().count("ttl=")
        wait_until(lambda: self.ping.output().count("ttl=") >= count + more)

    def __exit__(self, *_):
        self.ping.stop(signal.SIGINT)
        self.monitor.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_zebra_restarts_under_traffic(site, number, figure):
    told = site.router.control.output().count(TOLD)
    with Watch(site) as watch:
        site.frr.zebra.stop(number)
        watch.answers(20)
        site.frr.start_zebra()
        site.wait_full()
        # ospfd withdraws and announces all its routes; the data plane keeps them meanwhile.
        wait_until(lambda: site.router.control.output().count(TOLD) > told, what=TOLD)
        watch.answers(40)
        lost = watch.lost()
    figure(f"zebra ended by {number.name} and back: {lost} echo requests lost")
    assert lost == 0


def test_control_restarts_under_traffic(site):
    changes = {i: site.neighbour(i)["state_changes"] for i in (R1, R2, R3)}
    with Watch(site) as watch:
        site.router.kill_control()
        watch.answers(20)
        site.router.start_control()
        wait_until(lambda: site.api.get("state")["status"] == "ok")
        watch.answers(20)
        assert watch.deleted() == []
        assert watch.lost() == 0
    assert {i: site.neighbour(i)["state_changes"] for i in (R1, R2, R3)} == changes


def test_a_prepared_restart_of_ospfd_withdraws_nothing(site, figure):
    """RFC 3623: neighbours and zebra keep the routes until ospfd is back. A neighbour whose own
    database changed meanwhile stops helping, and withdraws its routes until the adjacency is
    full: a moment, not a dead interval."""
    with Watch(site) as watch:
        site.frr.vtysh("graceful-restart prepare ip ospf", daemon="ospfd")
        site.frr.ospfd.stop()
        watch.answers(40)
        site.frr.start_ospfd()
        site.wait_full()
        watch.answers(100)
        assert watch.deleted() == []
        lost = watch.lost()
    figure(f"prepared restart of ospfd: {lost} echo requests of 20 a second lost")
    assert lost < 20


def test_a_crash_of_ospfd_is_made_good(site, figure):
    """Without preparation FRR 8.4 withdraws the routes with its client; they come back."""
    with Watch(site) as watch:
        site.frr.ospfd.stop(signal.SIGKILL)
        site.frr.start_ospfd()
        site.wait_route(NET1, P1)
        site.wait_full()
        watch.answers(20)
        lost = watch.lost()
    figure(f"crash of ospfd: {lost} echo requests of 20 a second lost")


def test_the_data_plane_restarts(site):
    """The TAPs, and with them routes and adjacencies, stay; traffic goes on with the next one."""
    with Watch(site) as watch:
        site.router.dataplane.stop(signal.SIGKILL)
        site.router.start_dataplane()
        wait_until(lambda: site.api.get("state")["status"] == "ok")
        wait_until(site.router.links_up)
        site.wait_route(NET1, P1)
        site.wait_full()
        watch.answers(20)
