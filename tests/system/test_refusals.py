# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""A commit that is refused, by whomever and at whichever step, leaves forwarding as it was: what the
data plane, the kernel and FRR have is the same before and after, and so is what traffic meets.
Whoever cannot be reached costs only his own part."""

import concurrent.futures
import contextlib
import os
import stat

from frr import Frr
import netns
import pytest
from tables import SITE, differences, digest, more, tables  # noqa: F401 (SITE: conftest)
import traffic
from vpc import EIP, H2, INET, VIP
from wait import wait_until

# vtysh that refuses when the test says so: a line that FRR's own grammar does not have; and that
# says that it is about to enter lines, and waits until it may.
VTYSH = """#!/bin/sh
case " $* " in
*" -C "*) [ -e {directory}/refuse-check ] && {{ echo "% Unknown command: refused"; exit 2; }} ;;
*" -f "*) [ -e {directory}/refuse-lines ] && {{ cat >/dev/null; echo "% refused"; exit 2; }}
          [ -p {directory}/hold ] && {{ touch {directory}/held; read -r go <{directory}/hold; }} ;;
esac
exec vtysh "$@"
"""
UNREACHABLE = ["unreachable", "203.0.113.88/32", "scope", "link"]  # as wide as a gateway
# Control with its state directory on a small filesystem of its own.
CONTROL = """#!/bin/sh
mount -t tmpfs -o size=128k,mode=700 state {state} && exec {control} "$@"
"""


def script(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, stat.S_IRWXU)
    return path


@pytest.fixture(scope="module")
def frr(lab, site):
    """FRR beside the mirrors, and control with programs and a disk that can be made to fail."""
    router = site.router
    frr = Frr(lab, "vr", router.mirrors).start()
    assert router.control.stop() == 0
    program = router.control_program()
    wrapped = script(os.path.join(lab.directory, "control"),
                     CONTROL.format(state=router.state_directory, control=program))
    router.control_program = lambda: wrapped
    router.control_options = ["--vtysh", script(os.path.join(lab.directory, "vtysh"),
                                                VTYSH.format(directory=lab.directory))]
    router.start_control()
    router.put(site.config)
    wait_until(lambda: frr.lines("router ospf"), what="FRR has the configuration")
    for host, address in ((site.h1, H2), (site.h2, INET), (site.inet, EIP)):
        assert traffic.ping(host, address).ok
    site.web(site.h2)
    return frr


@pytest.fixture(autouse=True)
def settled(site, frr, lab):
    site.router.put(site.config)
    yield
    for name in ("refuse-check", "refuse-lines"):
        if os.path.exists(os.path.join(lab.directory, name)):
            os.unlink(os.path.join(lab.directory, name))
    site.router.put(site.config)


def forwards(site):
    """Every service, with a new flow."""
    assert traffic.ping(site.h1, H2, 1).ok
    assert traffic.ping(site.h2, INET, 1).ok
    assert traffic.ping(site.inet, EIP, 1).ok
    assert traffic.fetch(site.inet, VIP, 8080).body == "h2"


class Step:
    """Who refuses: `arrange` makes it so and gives what ends it."""

    def __init__(self, name, status, arrange):
        self.name, self.status, self.arrange = name, status, arrange


def flag(name):
    def arrange(site, config):
        path = os.path.join(site.lab.directory, name)
        with open(path, "w", encoding="ascii"):
            pass
        return lambda: os.unlink(path)
    return arrange


def conflicting_routes(site, config):
    """One destination that is forwarded and thrown away at once."""
    config["routes"] += [{"destination": "10.9.0.0/16", "type": "static", "next_hop": INET},
                         {"destination": "10.9.0.0/16", "type": "blackhole"}]
    return lambda: None


def an_impossible_gateway(site, config):
    """The kernel takes no route by a gateway that it has no way to; nobody told control."""
    config["routes"].append({"destination": "10.9.0.0/16", "type": "static",
                             "next_hop": "203.0.113.88"})
    netns.run(["ip", "-n", site.router.mirrors, "route", "add", *UNREACHABLE])
    wait_until(lambda: any(r["prefix"] == UNREACHABLE[1] for r in site.api.items("state/routes")),
               what="the data plane has the route")

    def end():
        netns.run(["ip", "-n", site.router.mirrors, "route", "del", *UNREACHABLE])
        wait_until(lambda: all(r["prefix"] != UNREACHABLE[1]
                               for r in site.api.items("state/routes")),
                   what="the data plane lost the route")
    return end


def a_missing_namespace(site, config):
    """A port whose netdev cannot be: only the data plane can know."""
    config["interfaces"].append({"name": "vpc3", "role": "private",
                                 "addresses": ["192.168.12.1/24"],
                                 "port": {"driver": "tap", "address": "eth0@no-such-namespace"}})
    return lambda: None


def pool_addresses(site, config):
    """More addresses with ports than --nat-addresses."""
    names = [f"pool{i}" for i in range(20)]
    config["vips"] += [{"name": name, "address": f"203.0.113.{100 + i}", "interface": "pub0"}
                       for i, name in enumerate(names)]
    config["snat"] = [{**config["snat"][0],
                       "addresses": [f"203.0.113.{100 + i}" for i in range(20)]}]
    return lambda: None


def state_path(site, name):
    """As control sees it: the filesystem is mounted in its namespace alone."""
    return f"/proc/{site.router.control.pid}/root{site.router.state_directory}/{name}"


def a_full_disk(site, config):
    path = state_path(site, "filler")
    with open(path, "wb", buffering=0) as f:
        with contextlib.suppress(OSError):
            while True:
                f.write(b"x" * 4096)
    return lambda: os.unlink(path)


def a_blocked_name(site, config):
    """The rename of the new revision fails, when its bytes are on the disk already."""
    path = state_path(site, f"{site.api.get('config/revisions')['items'][0]['revision'] + 1:012}.json")
    os.mkdir(path)
    return lambda: os.rmdir(path)


STEPS = [
    Step("validation: conflicting routes", 422, conflicting_routes),
    Step("prepare: the data plane has no such port", 422, a_missing_namespace),
    Step("prepare: the data plane has no room", 422, pool_addresses),
    Step("prepare: FRR's grammar", 422, flag("refuse-check")),
    Step("apply: the kernel takes no such route", 500, an_impossible_gateway),
    Step("apply: FRR takes no line", 500, flag("refuse-lines")),
    Step("store: the disk is full", 500, a_full_disk),
    Step("store: the name is taken", 500, a_blocked_name),
]


@pytest.mark.parametrize("step", STEPS, ids=[s.name for s in STEPS])
def test_a_refusal_leaves_everything(site, frr, step):
    config = more(site)
    end = step.arrange(site, config)
    before = tables(site, frr)
    try:
        reply = site.api.request("PUT", "/v1/config", config)
        assert reply.status == step.status, reply.text
        assert reply.json()["errors"], reply.text
        wait_until(lambda: digest(tables(site, frr)) == digest(before),
                   what="everything is as it was")
    except AssertionError:
        print(differences(before, tables(site, frr)))
        raise
    finally:
        end()
    forwards(site)


ASKED = ["/metrics", "/v1/state/interfaces", "/v1/state/routes", "/v1/state/neighbours",
         "/v1/state/limits", "/v1/state/nat/sessions", "/v1/state/nat/rules"]


@contextlib.contextmanager
def held_commit(site, lab):
    """A commit of which FRR is about to be told. It has five seconds to take lines."""
    hold, held = (os.path.join(lab.directory, name) for name in ("hold", "held"))
    os.mkfifo(hold)
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        commit = other.submit(site.api.request, "PUT", "/v1/config", more(site))
        try:
            wait_until(lambda: os.path.exists(held), 30, "FRR is about to be told")
            yield commit
        finally:
            fd = os.open(hold, os.O_RDWR | os.O_NONBLOCK)
            os.unlink(hold)
            os.write(fd, b"go\n")
            reply = commit.result(60)
            os.close(fd)
            os.unlink(held)
    assert reply.status == 200, reply.text


def test_state_is_told_while_a_commit_waits(site, frr, lab):
    """Who asks about the rest does not wait for FRR. A machine that is too busy to answer within
    five seconds may try again."""
    for _ in range(4):
        with held_commit(site, lab) as commit:
            for path in ASKED:
                assert site.api.request("GET", path).status == 200, path
            before = not commit.done()
        site.router.put(site.config)
        wait_until(lambda: site.api.get("state")["status"] == "ok", 60, "FRR is configured")
        if before:
            break
    assert before, "the answers came after the commit"
    forwards(site)


def test_routes_change_before_frr_is_told(site, frr, lab):
    """Their rules are others already: until FRR is done, packets would leave by routes that go."""
    with held_commit(site, lab):
        routes = {r["prefix"] for r in site.api.items("state/routes")}
    assert "172.29.0.0/16" in routes and "172.30.0.0/16" not in routes
    site.router.put(site.config)
    wait_until(lambda: site.api.get("state")["status"] == "ok", 60, "FRR is configured")


def test_what_was_refused_is_accepted_without_its_cause(site, frr):
    """The change itself is good, and its tables differ: the digest can tell."""
    before = tables(site, frr)
    site.router.put(more(site))
    now = tables(site, frr)
    same = {k for k in before if before[k] == now[k]}
    assert same <= {"ports", "kernel rules"}, same


def degraded(site):
    return [name for name, how in site.api.get("state")["subsystems"].items() if how]


def test_unreachable_frr_degrades_only_itself(site, frr):
    frr.ospfd.stop()
    wait_until(lambda: site.api.get("state")["status"] != "ok", what="control notices")
    site.router.put(more(site))
    assert "203.0.113.77/24" in " ".join(site.router.kernel_addresses())
    assert traffic.ping(site.inet, "203.0.113.77").ok
    assert degraded(site) == ["frr"]
    frr.start_ospfd()
    wait_until(lambda: site.api.get("state")["status"] == "ok", what="FRR is configured again")
    assert "ip ospf cost 77" in frr.lines("interface vpc1")


def test_an_unreachable_data_plane_degrades_only_itself(site, frr):
    """The data plane says nothing, as one that hangs would: kernel and FRR have the new
    configuration, and so has it when it is back."""
    site.router.dataplane.stop(9)
    site.router.put(more(site))
    assert "ip ospf cost 77" in frr.lines("interface vpc1")
    assert "dataplane" in degraded(site) and "frr" not in degraded(site)
    site.router.start_dataplane()
    for host in site.hosts.values():
        host.attach()
    wait_until(lambda: site.api.get("state")["status"] == "ok", what="all is applied")
    wait_until(lambda: traffic.ping(site.inet, "203.0.113.77", 1, timeout_s=1).ok,
               what="the new EIP works")
