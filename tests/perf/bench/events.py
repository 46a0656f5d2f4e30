# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What happens to traffic beside work: changes of rules, listing and ending sessions, a full table, a
flood of new flows; and what sleeping when idle costs."""

import copy
import re
import threading
import time

from pages import huge_pages
from scenarios import (BY_NAME, INSIDE, Scenario, eip_flows, eips, merged, snat, snat_flows)
import wire

RATE = 200000  # packets per second, far less than what is lost for lack of speed
CALM_RATE = 10000
CHANGES, PAGE = 1000, 10000
LIMIT_S = 120  # of an event, at most
ASK_S, CALM_S = 10, 5
COLUMNS = [("beside traffic", "name"), ("packets", "sent"), ("lost", "lost"),
           ("latency p50, µs", "p50"), ("p99", "p99"), ("longest", "max"), ("", "detail")]
MILLION = 1032192
COUNT = 7  # of everything()

WATCHED = eip_flows(1, count=4096, weight=90)
FLOOD = snat_flows(1 << 16, src="10.64.0.0/16", count=1, new="100%", learn="no", weight=90)


def watched(name, flows, **rule):
    """EIP traffic, whose packets are counted, beside flows of SNAT."""
    config = merged(eips(1), copy.deepcopy(snat()))
    config["snat"][0].update(rule)
    return Scenario(name, 0, [WATCHED, flows], config, memory=2048)


class Work:
    """Does something with the router while packets flow; `detail` says how it went."""

    def __init__(self, router):
        self.router = router
        self.slowest = 0.0

    def timed(self, call):
        began = time.monotonic()
        result = call()
        self.slowest = max(self.slowest, time.monotonic() - began)
        return result

    def changes(self, config):
        began = time.monotonic()
        for i in range(CHANGES):
            changed = {**config, "hostname": f"bench-{i}"}
            changed["routes"] = config["routes"] + ([{"destination": "192.0.2.0/24", "type": "static",
                                                      "next_hop": INSIDE}] if i % 2 else [])
            changed["snat"] = config["snat"] + ([{"name": "other", "source": "10.99.0.0/16",
                                                  "interface": "pub0",
                                                  "addresses": ["s0"]}] if i % 2 else [])
            self.timed(lambda c=changed: self.router.put(c))
        return (f"{CHANGES} changes in {time.monotonic() - began:.1f} s, the slowest "
                f"{self.slowest * 1e3:.0f} ms")

    def list_all(self):
        began, listed, cursor = time.monotonic(), 0, 0
        while cursor is not None:
            page = self.timed(lambda c=cursor: self.router.get(
                f"state/nat/sessions?limit={PAGE}&cursor={c}"))
            listed += len(page["items"])
            cursor = page["next"]
        return (f"{listed} sessions in {time.monotonic() - began:.1f} s, the slowest page "
                f"{self.slowest * 1e3:.0f} ms")

    def end_all(self):
        began = time.monotonic()
        self.router.api.request("DELETE", "/v1/state/nat/sessions?rule=out0")
        answered = time.monotonic() - began
        while self.router.get("state")["dataplane"]["sessions"] > MILLION // 10:
            if time.monotonic() - began > 60:
                return "not ended within 60 s"
        return f"answered after {answered:.2f} s, gone after {time.monotonic() - began:.2f} s"

    @staticmethod
    def nothing(seconds):
        threading.Event().wait(seconds)
        return ""

    def ask(self, seconds):
        end, asked = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            self.timed(lambda: self.router.get("state"))
            asked += 1
        state = self.router.get("state")["dataplane"]
        return (f"{state['sessions']} sessions of {state['sessions_max']}; {asked} answers of the API, "
                f"the slowest {self.slowest * 1e3:.0f} ms")


def of_eip(report):
    """The counts of the set that is watched; of all when there is none."""
    for one in report["sets"]:
        if one["name"] == "eip":
            return one["directions"]["forward"]
    return report["total"]


def event(lab, build, name, scenario, work, rate, options):
    with huge_pages(wire.pages_mib(scenario)):
        with wire.Ours(lab, build, scenario, options=options) as ours:
            details = []
            made = ours.measure(
                LIMIT_S, rate, lambda: details.append(work(Work(ours.router), ours)))
    counts = of_eip(made["report"])
    latency = counts["latency_us"]
    return {"name": name, "sent": counts["sent"], "lost": counts["lost"],
            **{key: round(latency[key]) for key in ("p50", "p99", "max")}, "detail": details[0]}


def everything(lab, build, step):
    """All events; `step` is told of each."""
    million = watched("million", snat_flows(MILLION, weight=10))
    flood = watched("flood", FLOOD)
    few = re.sub(r"src=[^,]*,sport=[^,]*", "src=10.64.0.0/28,sport=1024-65535", FLOOD)
    limited = watched("limited", few, max_session_rate_per_host=10)
    calm = BY_NAME["snat-1k"]
    made = []
    for name, scenario, work, rate, options in (
            ("1 000 changes of rules", watched("changes", snat_flows(64512, weight=10)),
             lambda w, ours: w.changes(ours.configuration()), RATE, ()),
            ("listing 1 M sessions", million, lambda w, _: w.list_all(), RATE, ()),
            ("ending 1 M sessions", million, lambda w, _: w.end_all(), RATE, ()),
            ("new flows, the table is full", flood, lambda w, _: w.ask(ASK_S), 5 * RATE,
             ("--sessions", 65536)),
            ("new flows over the rate of their hosts", limited, lambda w, _: w.ask(ASK_S),
             5 * RATE, ()),
            ("10 000 packets a second, never asleep", calm, lambda w, _: w.nothing(CALM_S),
             CALM_RATE, ()),
            ("the same, asleep for 50 µs when idle", calm, lambda w, _: w.nothing(CALM_S),
             CALM_RATE,
             ("--idle-sleep-us", 50))):
        step(name, lambda n=name, s=scenario, w=work, r=rate, o=options: made.append(
            event(lab, build, n, s, w, r, o)))
    return made
