# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The NAT log: what is written, rotation, and that forwarding needs neither the log nor control."""

import os
import re
import signal
import socket

from vpc import H1, INET, PUB0, snat_everywhere, vips
from wait import wait_until

SITE = {"vips": vips(), "snat": snat_everywhere()}

LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (start|stop) proto=\w+ .* uplink=pub\d"
                  r"( cause=\w+)?$")


BLOCK = re.compile(r"^\d{4}-\d\d-\d\dT\S+Z block_start src=\S+ nat_src=\S+:(?P<first>\d+)-")


def log_to(site, **log):
    site.router.put(site.changed(nat={"log": log}))


def flow(site, sport, port):
    with site.inet.socket(socket.SOCK_DGRAM, port) as server, \
            site.h1.socket(socket.SOCK_DGRAM, sport) as client:
        client.sendto(b"x", (INET, port))
        assert server.recvfrom(10)[0] == b"x"


def end(site, query):
    reply = site.api.request("DELETE", f"/v1/state/nat/sessions?{query}")
    assert reply.status == 200 and reply.json()["ended"] == 1, reply.text


def lines(path, text):
    with open(path, encoding="ascii") as f:
        found = f.read().splitlines()
    assert all(LINE.match(line) for line in found), found
    return [line for line in found if text in line]


def test_start_and_stop(site):
    path = os.path.join(site.lab.directory, "nat.log")
    log_to(site, file=path)
    flow(site, 47000, 7500)
    end(site, "source=:47000")
    start, stop = wait_until(lambda: len(found := lines(path, ":47000")) == 2 and found)
    rule = next(r["id"] for r in site.api.items("state/nat/rules") if r["name"] == "vpc1-pub0")
    assert start.split(" ", 1)[1] == (
        f"start proto=udp src={H1}:47000 nat_src={PUB0}:47000 rule=snat/{rule} uplink=pub0")
    assert " stop " in stop and stop.endswith(" cause=request")
    assert INET not in start + stop
    log_to(site, file=path, destinations=True)
    flow(site, 47001, 7500)
    wait_until(lambda: lines(path, f" dst={INET}:7500 "))

    def counted():
        return site.api.get("state/dataplane")["nat_log"]
    wait_until(lambda: counted()["written"] >= 3, what="the lines are counted")
    assert counted()["failed"] == counted()["lost"] == 0
    log_to(site)
    flow(site, 47002, 7500)
    end(site, "source=:47002")
    assert not lines(path, ":47002")


def test_blocks_in_the_log(site):
    """A line when a host gets a block and one when it has lost it, none for its sessions."""
    path = os.path.join(site.lab.directory, "blocks.log")
    rules = [{**s, "port_block_size": 256} if s["interface"] == "pub0" else s
             for s in site.config["snat"]]
    site.router.put(site.changed(nat={"log": {"file": path}}, snat=rules))
    rule = next(r["id"] for r in site.api.items("state/nat/rules") if r["name"] == "vpc1-pub0")

    def text():
        with open(path, encoding="ascii") as f:
            return f.read()

    try:
        flow(site, 47050, 7504)
        flow(site, 47051, 7504)
        end(site, "source=:47050")
        end(site, "source=:47051")
        wait_until(lambda: "block_stop" in text())
        start, stop = [line for line in text().splitlines() if " block_" in line]
        assert ":4705" not in text()  # a line of a session would have its port
        first = int(BLOCK.match(start)["first"])
        assert first % 256 == 0
        what = f"src={H1} nat_src={PUB0}:{first}-{first + 255} rule=snat/{rule}"
        assert start.split(" ", 1)[1] == f"block_start {what}"
        assert stop.split(" ", 1)[1] == f"block_stop {what}"
        assert start.split(" ")[0] <= stop.split(" ")[0]
        # 1024-10239 and 32768-65535.
        free = {"address": PUB0, "protocol": "blocks", "used": 0, "max": 164, "alarm": False}
        wait_until(lambda: free in site.api.items("state/nat/ports"))
        assert "blocks" in site.router.vrctl("nat", "ports").stdout
    finally:
        site.router.put(site.config)


def test_rotation(site):
    path = os.path.join(site.lab.directory, "rotated.log")
    log_to(site, file=path)
    flow(site, 47010, 7501)
    wait_until(lambda: lines(path, ":47010"))
    os.rename(path, path + ".1")
    flow(site, 47011, 7501)  # nothing is lost between the two
    wait_until(lambda: lines(path + ".1", ":47011"))
    os.kill(site.router.control.pid, signal.SIGHUP)
    wait_until(lambda: os.path.exists(path))
    sport = iter(range(47012, 47100))

    def in_the_new_file():
        flow(site, next(sport), 7501)
        return lines(path, ":470")

    wait_until(in_the_new_file)
    site.router.put(site.config)


def test_a_log_that_cannot_be_opened_refuses_the_change(site):
    for path in ("/proc/nothing/nat.log", site.lab.directory, "/dev/null"):
        reply = site.api.request("PUT", "/v1/config", site.changed(nat={"log": {"file": path}}))
        assert reply.status == 422, reply.text
        assert list(reply.errors()) == ["/nat/log/file"]
    flow(site, 47020, 7502)


def test_the_log_goes_on_without_control(site):
    path = os.path.join(site.lab.directory, "alone.log")
    log_to(site, file=path)
    site.router.kill_control()
    try:
        flow(site, 47030, 7503)
        wait_until(lambda: lines(path, ":47030"))
    finally:
        site.router.start_control()
        wait_until(lambda: site.api.get("state")["status"] == "ok")
    site.router.put(site.config)
