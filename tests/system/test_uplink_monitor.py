# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Uplinks that are watched: pub0 by an address behind its gateway, pub1 by one behind its own. FAR
exists behind both. An uplink that leads nowhere is left, and used again when it leads somewhere."""

import contextlib
import copy
import signal
import socket

import pytest

import traffic
from upstream import Stream
from vpc import H1, PUB0, PUB1, snat_everywhere
from wait import wait_until

FAR, WATCHED0, WATCHED1 = "192.0.2.9", "192.0.2.1", "192.0.2.2"
VIP1, EIP1 = "198.51.100.21", "198.51.100.20"
INTERVAL_S, FAILURES, SUCCESSES = 0.1, 5, 2
# A round may have begun just before the loss; the rest is for a busy machine.
LEFT_WITHIN_S = (FAILURES + 1) * INTERVAL_S + 10.0
CARRIER_WITHIN_S = 10.0

SITE = {
    "vips": [{"name": "vip1", "address": VIP1, "interface": "pub1"},
             {"name": "eip1", "address": EIP1, "interface": "pub1"}],
    "snat": snat_everywhere(),
    "eips": [{"name": "h2", "vip": "eip1", "target": "192.168.11.10"}],
    "port_forwards": [{"name": "echo", "vip": "vip1", "protocol": "udp", "ports": "5353",
                       "target": H1, "target_ports": "53"}],
}


class Upstream:
    """What is behind an uplink: the host on its link, with an address that is watched."""

    def __init__(self, name, host, router, watched):
        self.name, self.host, self.router, self.watched = name, host, router, watched

    def lose_requests(self):
        self.host.ip("address", "del", f"{self.watched}/32", "dev", "lo")

    def lose_answers(self):
        """What comes is received, and the answers to the router's pings vanish."""
        self.host.ip("route", "replace", "blackhole", f"{self.router}/32")

    def unplug(self):
        self.host.ip("link", "set", "eth0", "down")

    def heal(self):
        self.host.ip("link", "set", "eth0", "up")
        self.host.ip("route", "replace", "192.168.0.0/16", "via", self.router)
        self.host.ip("route", "del", "blackhole", f"{self.router}/32", check=False)
        for address in (self.watched, FAR):
            self.host.ip("address", "replace", f"{address}/32", "dev", "lo")


def watched_config(site, **parts):
    config = copy.deepcopy(site.config)
    for i, address in ((2, WATCHED0), (3, WATCHED1)):
        config["interfaces"][i]["monitor"] = {
            "addresses": [address], "interval_ms": int(INTERVAL_S * 1000), "failures": FAILURES,
            "successes": SUCCESSES}
    config.update(parts)
    return config


def uplink(site, name):
    return next(i["uplink"] for i in site.api.items("state/interfaces") if i["name"] == name)


def answers(site, name):
    state = uplink(site, name)
    return state["state"] == "up" and state["probes"]["sent"] - state["probes"]["lost"] > 2


def is_carried_by(site, name):
    return uplink(site, name)["in_use"]


def wait_carried_by(site, name):
    wait_until(lambda: is_carried_by(site, name) and
               site.router.route_interfaces("0.0.0.0/0") == {name},
               what=f"the default route leads to {name}")


@pytest.fixture(scope="module")
def ups(site):
    made = (Upstream("pub0", site.inet, PUB0, WATCHED0),
            Upstream("pub1", site.isp2, PUB1, WATCHED1))
    for up in made:
        up.heal()
    return made


@pytest.fixture
def watched(site, ups):
    """Both uplinks watched, up, without a history."""
    site.router.put(site.config)
    site.router.put(watched_config(site))
    for name in ("pub0", "pub1"):
        wait_until(lambda name=name: answers(site, name), what=f"{name} is up and answers")
    wait_carried_by(site, "pub0")
    yield ups
    for up in ups:
        up.heal()
    site.router.put(site.config)
    wait_until(site.router.links_up)


def stream(site):
    return Stream(site.h1, FAR, {"pub0": site.inet, "pub1": site.isp2})


class Neighbourhood:
    """A forward and an EIP on pub1, asked by FAR behind it: nothing of theirs is ever lost."""

    def __init__(self, site):
        self.closing = contextlib.ExitStack()
        enter = self.closing.enter_context
        self.servers = [enter(h.socket(socket.SOCK_DGRAM, 53)) for h in (site.h1, site.h2)]
        self.clients = [enter(site.isp2.socket(socket.SOCK_DGRAM)) for _ in self.servers]
        for client, to in zip(self.clients, ((VIP1, 5353), (EIP1, 53))):
            client.bind((FAR, 0))
            client.connect(to)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.close()

    def works(self):
        for client, server in zip(self.clients, self.servers):
            client.send(b"question")
            question, peer = server.recvfrom(64)
            assert question == b"question"
            assert peer[0] == FAR
            server.sendto(b"answer", peer)
            assert client.recv(64) == b"answer"
        return True


@pytest.mark.parametrize("loss, reason, within", [
    ("lose_requests", "no answer", LEFT_WITHIN_S), ("lose_answers", "no answer", LEFT_WITHIN_S),
    ("unplug", "no carrier", CARRIER_WITHIN_S)])
def test_left_and_used_again(site, watched, figure, loss, reason, within):
    first, _ = watched
    with stream(site) as flow, Neighbourhood(site) as other:
        flow.wait_by("pub0", PUB0)
        assert other.works()
        left = flow.wait_by("pub1", PUB1, getattr(first, loss))
        assert left < within
        wait_until(lambda: uplink(site, "pub0")["state"] == "down")
        state = uplink(site, "pub0")
        assert (state["reason"], state["in_use"]) == (reason, False)
        assert is_carried_by(site, "pub1")
        assert other.works()
        back = flow.wait_by("pub0", PUB0, first.heal)
        assert uplink(site, "pub0")["state"] == "up"
        assert other.works()
    figure(f"{loss}: left after {left * 1000:.0f} ms, used again {back * 1000:.0f} ms after it "
           f"was whole (interval {INTERVAL_S * 1000:.0f} ms, {FAILURES} failures, {SUCCESSES} "
           "successes)")


def test_forwards_go_on_while_the_other_uplink_dies(site, watched):
    """Not one question or answer of the flows on pub1 is lost while pub0 is found dead."""
    first, _ = watched
    with Neighbourhood(site) as other:
        assert other.works()
        first.lose_requests()
        wait_until(lambda: other.works() and uplink(site, "pub0")["state"] == "down")
        assert other.works()


def test_new_connections_leave_by_the_other_uplink(site, watched):
    first, _ = watched
    web = site.web(site.isp2)
    first.lose_requests()
    wait_carried_by(site, "pub1")
    fetch = traffic.fetch(site.h1, FAR)
    assert fetch.body == "isp2"
    assert traffic.seen_client(web, fetch) == PUB1


def test_one_address_that_answers_is_enough(site, watched):
    first, _ = watched
    config = watched_config(site)
    config["interfaces"][2]["monitor"]["addresses"] = ["192.0.2.77", WATCHED0]
    site.router.put(config)
    before = uplink(site, "pub0")["probes"]
    wait_until(lambda: uplink(site, "pub0")["probes"]["lost"] > before["lost"] + 2 * FAILURES)
    assert uplink(site, "pub0")["state"] == "up"
    first.lose_requests()
    wait_carried_by(site, "pub1")


def test_the_last_uplink_is_kept(site, watched):
    first, second = watched
    second.lose_requests()
    wait_until(lambda: uplink(site, "pub1")["state"] == "down")
    first.lose_requests()
    wait_until(lambda: uplink(site, "pub0")["state"] == "down")
    assert is_carried_by(site, "pub0")
    with stream(site) as flow:
        flow.wait_by("pub0", PUB0)
        second.heal()
        flow.wait_by("pub1", PUB1)


def test_configuration_and_monitor_leave_each_other_alone(site, watched):
    first, _ = watched
    revision = site.api.get("state")["revision"]
    document = site.api.get("config")
    first.lose_requests()
    wait_carried_by(site, "pub1")
    assert site.api.get("config") == document
    assert site.api.get("state")["revision"] == revision
    site.router.put(watched_config(site, hostname="renamed"))
    state = uplink(site, "pub0")
    assert (state["state"], state["in_use"]) == ("down", False)
    assert site.api.get("state")["status"] == "ok"
    # Not watched any more: nothing is wrong with it.
    site.router.put(site.config)
    assert uplink(site, "pub0")["state"] == "up"
    wait_carried_by(site, "pub0")


def test_flapping_is_damped(site, watched):
    """Each time it comes back it has had to answer twice as many rounds."""
    first, _ = watched
    for falls in range(1, 4):
        first.lose_requests()
        wait_until(lambda: uplink(site, "pub0")["state"] == "down")
        sent = uplink(site, "pub0")["probes"]["sent"]
        first.heal()
        wait_until(lambda: uplink(site, "pub0")["state"] == "up")
        rounds = uplink(site, "pub0")["probes"]["sent"] - sent
        assert rounds >= SUCCESSES << (falls - 1)
    assert uplink(site, "pub0")["changes"] >= 6


def test_a_restart_of_the_data_plane_is_no_loss(site, watched):
    changes = {name: uplink(site, name)["changes"] for name in ("pub0", "pub1")}
    sent = uplink(site, "pub0")["probes"]["sent"]
    site.router.dataplane.stop(signal.SIGKILL)
    site.router.start_dataplane()
    wait_until(lambda: site.api.get("state")["status"] == "ok")
    wait_until(lambda: uplink(site, "pub0")["probes"]["sent"] > sent + 2 * FAILURES)
    assert {name: uplink(site, name)["changes"] for name in changes} == changes
    wait_carried_by(site, "pub0")


def test_control_restarted_while_an_uplink_is_down(site, watched):
    first, _ = watched
    first.lose_requests()
    wait_carried_by(site, "pub1")
    site.router.kill_control()
    site.router.start_control()
    wait_until(lambda: uplink(site, "pub0")["state"] == "down")
    wait_carried_by(site, "pub1")


def test_people_see_it(site, watched):
    first, _ = watched
    first.lose_requests()
    wait_carried_by(site, "pub1")
    shown = {line.split()[0]: line.split() for line in
             site.router.vrctl("show", "interfaces").stdout.splitlines()}
    assert shown["pub0"][3:6] == ["down", "no", "answer"]
    assert shown["pub1"][3] == "up"
    status = site.router.vrctl("status").stdout.splitlines()
    assert [line for line in status if line.startswith("alarm:")] == [
        "alarm: uplink pub0: no answer"]
    assert site.api.get("state")["alarms"] == [
        {"kind": "uplink", "name": "pub0", "detail": "no answer"}]
    metrics = site.api.request("GET", "/metrics").text.splitlines()
    assert 'vrouter_uplink_up{interface="pub0"} 0' in metrics
    assert 'vrouter_uplink_in_use{interface="pub1"} 1' in metrics
    assert "uplink pub0 is down: no answer" in site.router.control.output()
