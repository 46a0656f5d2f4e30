# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Control is killed at random points of commits: every revision that was acknowledged is there, one
that was not is whole or absent, and what runs at last is the newest of them. What a disk may lose
besides is enumerated by the unit test of the store (config_power)."""

import http.client
import os
import random
import signal
import threading
import time

import pytest
from vpc import H1, VIP, snat_everywhere, vips
from wait import wait_until

SITE = {"vips": vips(), "snat": snat_everywhere()}
FORWARDS = 50  # in each document, so that it is not written at once
KEPT = 900  # of the 1000 revisions that the store keeps
KILLED_WITHIN_S = 0.06  # of the first commit; one takes 5 to 10 ms


def document(site, number):
    """One that says its number in each of its parts: a mixture would be seen."""
    return site.changed(hostname=f"commit{number}", port_forwards=[
        {"name": f"f{number}-{i}", "vip": "vip-web", "protocol": "tcp", "ports": str(1000 + i),
         "target": H1, "target_ports": str(1 + number)} for i in range(FORWARDS)])


class Killer:
    """Kills control some time after it was told to."""

    def __init__(self, process, delay_s):
        self.process = process
        self.timer = threading.Timer(delay_s, self.kill)

    def kill(self):
        self.process.send(signal.SIGKILL)

    def __enter__(self):
        self.timer.start()
        return self

    def __exit__(self, *_):
        self.timer.join()
        self.process.popen.wait()


def commit(site, number):
    """The revision that was acknowledged, None when none was."""
    try:
        reply = site.api.request("PUT", "/v1/config", document(site, number))
    except (OSError, http.client.HTTPException):
        return None
    assert reply.status == 200, reply.text
    return reply.json()["revision"]


def kept(acknowledged):
    """The newest of them, which no later commit made room from."""
    return {r: n for r, n in acknowledged.items() if r > max(acknowledged) - KEPT}


def check_stored(site, acknowledged, tried):
    """After a restart: what runs, and what the revisions are."""
    listed = [i["revision"] for i in site.api.get("config/revisions?limit=1000")["items"]]
    assert listed == sorted(listed, reverse=True)
    assert set(kept(acknowledged)) <= set(listed)
    now = site.api.get("config")
    number = int(now["hostname"].removeprefix("commit"))
    assert now == document(site, number)
    newest = acknowledged[max(acknowledged)]
    assert number >= newest and number in tried
    current = int(site.api.request("GET", "/v1/config").headers["ETag"].strip('"'))
    assert current >= max(acknowledged)
    acknowledged[current] = number  # known from now on


def check_contents(site, acknowledged, tried):
    """Each revision is whole, those that nobody acknowledged, too."""
    for item in site.api.get("config/revisions?limit=1000")["items"]:
        found = site.api.get(f"config/revisions/{item['revision']}")
        if not found.get("hostname", "").startswith("commit"):
            continue  # of the site's own beginning
        number = int(found["hostname"].removeprefix("commit"))
        assert found == document(site, number) and number in tried
        assert acknowledged.get(item["revision"], number) == number


@pytest.mark.parametrize("commits", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_kills_lose_nothing_that_was_acknowledged(site, figure, commits):
    seed = int(os.environ.get("VROUTER_SEED", time.time_ns() % 100000))
    chance = random.Random(seed)
    acknowledged, tried = {commit(site, 0): 0}, {0}
    number = kills = cut = 0
    while number < commits:
        with Killer(site.router.control, chance.uniform(0, KILLED_WITHIN_S)):
            while True:
                number += 1
                tried.add(number)
                revision = commit(site, number)
                if revision is None:
                    cut += 1
                    break
                acknowledged[revision] = number
        kills += 1
        site.router.start_control()
        check_stored(site, acknowledged, tried)
    check_contents(site, acknowledged, tried)
    wait_until(lambda: site.api.get("state")["status"] == "ok", what="all of it is applied")
    assert VIP in " ".join(site.router.kernel_addresses())
    figure(f"{number} commits, {kills} kills, {cut} commits cut, {len(acknowledged)} revisions "
           f"(seed {seed})")
