# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""A commit whose n-th step fails, for every n and every kind of step: netlink messages, objects and
messages to the data plane, lines and programs of FRR, calls of the store. It is refused and the
tables are what they were, or it is accepted and the router gets there by itself. refuse.c is what
fails the steps."""

import contextlib
import ctypes
import mmap
import os
import stat

from frr import Frr
import pytest
from tables import SITE as EVERYTHING, differences, digest, more, tables  # noqa: F401
from wait import wait_until

SETTLED_S = 60
# Without graceful restart: else, just after ospfd's start, the data plane keeps routes for its sake.
OSPF = {"graceful_restart_s": 0}
SITE = {**EVERYTHING, "ospf": {**EVERYTHING["ospf"], **OSPF}}
# As in refuse.c.
KINDS = ["nothing", "kernel change", "kernel read", "data plane", "connection", "store", "program",
         "announcement"]
# Which must refuse at some step, at least that often: the change has that many things of the kind.
REFUSES = {"kernel change": 5, "data plane": 7, "store": 5}
CONTROL = """#!/bin/sh
LD_PRELOAD={shim} VROUTER_REFUSE={plan} VROUTER_REFUSE_STATES={states} \\
ASAN_OPTIONS=verify_asan_link_order=0 exec {control} "$@"
"""
# FRR never takes the n-th of the lines that a commit enters first.
VTYSH = """#!/bin/sh
case " $* " in
*" -d ospfd -f "*)
    if [ -e {directory}/refused-line ]; then
        cat > {directory}/script
        [ -s {directory}/refused-line ] ||
            sed -n "$(cat {directory}/line)p" {directory}/script > {directory}/refused-line
        grep -vxF -f {directory}/refused-line {directory}/script | vtysh "$@"
        exit
    fi ;;
esac
exec vtysh "$@"
"""


class Plan(ctypes.Structure):
    """What refuse.c reads and writes."""
    _fields_ = [("kind", ctypes.c_uint32), ("at", ctypes.c_uint32), ("seen", ctypes.c_uint32),
                ("hit", ctypes.c_uint32)]


def script(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, stat.S_IRWXU)
    return path


class Steps:
    """The router of which one step fails."""

    def __init__(self, site, frr):
        self.site, self.frr, self.directory = site, frr, site.lab.directory
        router, path = site.router, os.path.join(self.directory, "plan")
        with open(path, "w+b") as f:
            f.truncate(ctypes.sizeof(Plan))
            self.plan = Plan.from_buffer(mmap.mmap(f.fileno(), ctypes.sizeof(Plan)))
        program = router.control_program()
        wrapped = script(os.path.join(self.directory, "control"), CONTROL.format(
            shim=os.path.join(router.build, "tests/system/refuse.so"), plan=path,
            states=router.state_directory, control=program))
        router.control_program = lambda: wrapped
        router.control_options = ["--vtysh", script(os.path.join(self.directory, "vtysh"),
                                                    VTYSH.format(directory=self.directory))]

    @contextlib.contextmanager
    def failing(self, kind, at):
        self.plan.hit = self.plan.seen = 0
        self.plan.at = at
        self.plan.kind = KINDS.index(kind)
        try:
            yield
        finally:
            self.plan.kind = 0

    def settled(self):
        """Nothing is to be done any more; the data plane hears of routes by the kernel."""
        wait_until(lambda: self.site.api.get("state")["status"] == "ok", SETTLED_S, "all is well")
        wait_until(lambda: self._nowhere() == sorted(
            r.split()[1] for r in self.site.router.kernel_routes() if r.startswith("blackhole")),
            SETTLED_S, "the data plane has the kernel's routes")

    def _nowhere(self):
        return sorted(r["prefix"] for r in self.site.api.items("state/routes")
                      if r["type"] == "blackhole")

    def tables(self):
        return tables(self.site, self.frr)

    def same(self, wanted, parts):
        """Waits until the tables are those wanted; what came by netlink may take its time."""
        def found():
            now = self.tables()
            return digest({k: wanted[k] for k in parts}) == digest({k: now[k] for k in parts})
        try:
            wait_until(found, SETTLED_S, "the tables are as wanted")
        except AssertionError:
            print(differences(wanted, self.tables()))
            raise

    def judge(self, reply, before, after):
        """Whether the commit was refused; all must be as before, else all must come to be as after."""
        self.settled()
        if reply.status != 200:
            assert reply.json()["errors"], reply.text
            self.same(before, before.keys())
            return True
        self.same(after, WORLD)
        self.site.router.put(self.site.config)
        self.same(before, WORLD)
        return False


# What is the same each time that a configuration is applied: ids and revisions are new.
WORLD = ["ports", "use of tables", "kernel addresses", "kernel routes", "kernel rules", "FRR"]


def change(site, frr=True):
    """Everything changes; a port with its mirror and addresses, and a subnet of an uplink are new.
    vtysh takes most of the time of a commit: not where it is not needed."""
    config = more(site, **({} if frr else {"ospf": site.config["ospf"]}))
    config["ospf"] = {**config["ospf"], **OSPF}
    config["interfaces"][3]["addresses"].append("198.51.101.1/24")
    config["interfaces"].append({
        "name": "vpc3", "role": "private", "addresses": ["192.168.12.1/24"],
        "port": {"driver": "tap", "address": f"eth1@{site.h1.netns}"}})
    return config


@pytest.fixture(scope="module")
def steps(lab, site):
    frr = Frr(lab, "vr", site.router.mirrors).start()
    assert site.router.control.stop() == 0
    made = Steps(site, frr)
    site.router.start_control()
    site.router.put(site.config)
    made.settled()
    return made


@pytest.fixture(autouse=True)
def begin(site, steps):
    site.router.put(site.config)
    steps.settled()


def without_failure(steps, config):
    """The tables when nothing fails."""
    steps.site.router.put(config)
    steps.settled()
    found = steps.tables()
    steps.site.router.put(steps.site.config)
    steps.settled()
    return found


@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_step(site, steps, kind, figure):
    config = change(site, kind == "program")
    after = without_failure(steps, config)
    refused = at = 0
    while True:
        at += 1
        before = steps.tables()
        with steps.failing(kind, at):
            reply = site.api.request("PUT", "/v1/config", config)
        if not steps.plan.hit:
            break
        refused += steps.judge(reply, before, after)
    assert reply.status == 200, reply.text
    figure(f"{at - 1} steps of kind \"{kind}\" failed, {refused} refused the commit")
    assert at > 1 and refused >= REFUSES.get(kind, 0)


def test_every_line_of_frr(site, steps, figure):
    config = change(site)
    after = without_failure(steps, config)
    refused = at = 0
    line, pattern = (os.path.join(steps.directory, name) for name in ("line", "refused-line"))
    while True:
        at += 1
        before = steps.tables()
        with open(line, "w", encoding="ascii") as f:
            f.write(str(at))
        with open(pattern, "w", encoding="ascii"):
            pass
        reply = site.api.request("PUT", "/v1/config", config)
        beyond = os.path.getsize(pattern) == 0
        os.unlink(pattern)
        if beyond:
            break
        refused += steps.judge(reply, before, after)
    assert reply.status == 200, reply.text
    figure(f"{at - 1} lines were not taken, {refused} refused the commit")
    assert refused >= 2
