# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What ./dev bench makes of readings and rounds, and that the document's tables are those of the
JSON beside it."""

import ipaddress
import json
import os
import re
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests/perf/bench"), os.path.join(ROOT, "tests/lib")]

import cycles  # noqa: E402
import render  # noqa: E402
import rows  # noqa: E402
from scenarios import BY_NAME, SCENARIOS  # noqa: E402
import wire  # noqa: E402

NAMES = ["forward-1", "forward-1m", "eip-1", "eip-10k", "pf-1", "pf-10k", "snat-64k",
                "snat-258k", "snat-1m", "snat-4m", "session-setup", "mix"]


def test_buckets_are_as_wide_as_in_the_data_plane():
    """dataplane/stats/cycles.h: exact below 64 cycles, then a bucket is 1/32 of a power of two."""
    assert [cycles.width(n) for n in (0, 31, 32, 63, 64, 126, 128, 148, 16384)] == [
        1, 1, 1, 1, 2, 2, 4, 4, 512]


def test_quantiles_of_a_window():
    before = [[100, 50], [200, 1]]
    after = [[100, 60], [148, 10], [200, 1]]
    window = cycles.difference(before, after)
    assert window == [(100, 10), (148, 10)]
    assert cycles.samples(window) == 20
    assert cycles.quantile(window, 0.5) == 102
    assert cycles.quantile(window, 0.1) == pytest.approx(100.4)
    assert cycles.quantile(window, 0.75) == 150
    assert cycles.quantile([], 0.5) is None
    with pytest.raises(ValueError):
        cycles.difference(after, before)


def reading(sent, created, counts):
    return {"workers": [{"accounts": {"sent": sent, "dropped": 7}, "sessions_created": created,
                         "burst_cycles": {"counts": counts}}] * 2}


def test_between_two_readings_all_workers_count():
    made = wire.between((10.0, reading(1000, 10, [])), (12.0, reading(2001000, 110, [[100, 4]])))
    assert made == {"median": 101.0, "p10": pytest.approx(100.2), "walks": 8, "mpps": 2.0,
                    "dropped": 0, "sessions_per_s": 100}


def test_a_row_is_of_medians():
    graph = [{"median": m, "p10": 90.0, "bare_median": 40.0} for m in (100.0, 130.0, 101.0)]
    ours = [{"median": m + 9, "calm": m, "mpps": 8.0, "loss": 0.1, "distance": 200}
            for m in (260.0, 250.0, 900.0)]
    bare = [{"median": 135.0, "calm": 125.0, "mpps": 16.0, "distance": 210},
            {"median": 300.0, "calm": 280.0, "mpps": 4.0, "distance": 801}]  # apart
    row = rows.scenario("snat-64k", 64512, graph, ours, bare)
    assert (row["graph_cycles"], row["graph_p10"], row["graph_bare_cycles"]) == (101, 90, 40)
    assert (row["io_cycles"], row["bare_loop_cycles"], row["ratio_to_bare_loop"]) == (250, 125, 0.5)
    assert (row["io_all_cycles"], row["bare_loop_all_cycles"]) == (269, 135)
    assert (row["mpps"], row["bare_loop_mpps"], row["loss"]) == (8, 16, 0.1)
    kernel = rows.kernel([], [{"mpps": 0.5, "median": 5200}], 100, [row])
    assert kernel == [{"name": "kernel-masquerade", "flows": 100, "mpps": 0.5, "cycles": 5200,
                       "vrouter_ratio": 16}]


def test_what_was_measured_apart_counts_when_there_is_nothing_else():
    far = [{"median": 300.0, "calm": 290.0, "mpps": 4.0, "distance": 801}]
    near = [{"median": 500.0, "calm": 480.0, "mpps": 4.0, "distance": 200}]
    row = rows.scenario("snat-64k", 64512, [], near, far)
    assert (row["io_cycles"], row["bare_loop_cycles"]) == (480, 290)


def test_the_calmest_slice_has_enough_walks():
    slices = [{"median": m, "walks": n} for m, n in ((120.0, 5000), (90.0, 3), (180.0, 4000))]
    assert wire.calmest(slices) == {"calm": 120}
    assert wire.calmest(slices[1:2]) == {"calm": None}


def test_what_did_not_run_is_empty():
    row = rows.scenario("mix", 5, [], [], [{"median": None, "mpps": 1.0}])
    assert row["io_cycles"] is None and row["ratio_to_bare_loop"] is None
    report = {"conditions": {"date": "D", "cpu": "C", "cores": 2, "kernel": "6", "pages": "P",
                             "commit": "abc", "changed": True, "load_before": [1, 2],
                             "load_after": [3, 4], "rounds": 3, "seconds": 5},
              "scenarios": [{**row, "flows": 4128768}]}
    text = render.render(report)
    assert "commit abc with changes; load 1 2 before and 3 4 after; 3 rounds of 5 s." in text
    assert "| mix | 4 128 768 |  |  |  |  |  |  |  |  | 1.0 |" in text


def test_the_scenarios_have_their_names():
    assert set(NAMES) <= set(BY_NAME)


def size(text):
    """Of a range of addresses or ports, as the generator reads it."""
    if "/" in text:
        return ipaddress.ip_network(text).num_addresses
    first, _, last = text.partition("-")
    number = (lambda t: int(ipaddress.ip_address(t))) if "." in text else int
    return number(last or first) - number(first) + 1


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_there_are_as_many_tuples_as_flows(scenario):
    flows = 0
    for text in scenario.flows:
        keys = dict(part.split("=") for part in text.split(",")[1:])
        step = int(keys.get("dst-step", 1))
        tuples = (size(keys["src"]) * size(keys.get("sport", "1")) * size(keys["dport"]) *
                  -(-size(keys["dst"]) // step))
        assert tuples >= int(keys["count"]) * (2 if "new" in keys else 1), text
        flows += int(keys["count"])
    assert flows == scenario.n_flows


def test_the_tables_of_the_document_are_those_of_the_run():
    with open(os.path.join(ROOT, "docs/performance.md"), encoding="utf-8") as f:
        text = f.read()
    blocks = re.findall(render.BLOCK, text, re.S)
    assert blocks
    for path, table in blocks:
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            assert table == render.render(json.load(f)), f"tests/perf/bench.py --render {path}"
