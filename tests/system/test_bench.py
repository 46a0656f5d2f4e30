# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""./dev bench, a little of it: the router and the bare loop are started, measured and ended. How
fast they are is no matter here."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/perf/bench"))

from scenarios import PER_HOST, Scenario, snat, snat_flows  # noqa: E402
from wait import wait_until  # noqa: E402
import wire  # noqa: E402

FLOWS, PACKETS, RATE = 2 * PER_HOST, 500, 5000
SCENARIO = Scenario("little", FLOWS, [snat_flows(FLOWS)], snat(), packets=PACKETS)


def test_a_scenario(lab):
    build = os.environ.get("VROUTER_BUILD", os.path.join(ROOT, "build"))
    with wire.Ours(lab, build, SCENARIO, huge=False) as ours:
        made = ours.measure(60, rate=RATE)
        wait_until(lambda: ours.router.get("state")["dataplane"]["sessions"] == FLOWS,
                   what="the session of each flow is counted")
        # All may have come out before the first reading, or before a worker tells: no rate is asked for.
        assert made["report"]["total"]["received"] > 0
        ours.router.wait_published()
        _, state = ours.reading()
        assert [w["sessions_created"] for w in state["workers"]] == [FLOWS]  # none of them twice
        assert state["accounts"]["sent"] >= PACKETS
    with wire.BareLoop(lab, build, SCENARIO, huge=False) as bare:
        made = bare.measure(60, rate=RATE)
        assert made["loss"] == 0
        assert made["mpps"] > 0
