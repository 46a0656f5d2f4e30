# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The scenarios in process: tests/perf/graph_bench.c, on pages of its own."""

import json
import os
import subprocess
import tempfile

from pages import huge_pages

LARGE = {"forward-1m", "snat-4m", "snat-4m-dependent"}  # of gigabytes
LIMIT_S = 500


def run(build, names, rounds, core="1"):
    """Median and p10 of the graph and of its bare loop, by scenario."""
    results = {}
    for group, mib in (([n for n in names if n not in LARGE], 2300),
                       ([n for n in names if n in LARGE], 5200)):
        if group:
            results.update(_run_group(build, group, rounds, core, mib))
    return results


def _run_group(build, names, rounds, core, mib):
    with huge_pages(mib), tempfile.NamedTemporaryFile("r", suffix=".json") as out:
        done = subprocess.run(
            [os.path.join(build, "tests/perf/graph-bench"), "--huge", "--core", core, "--rounds",
             str(rounds), "--scenario", ",".join(names), "--json", out.name],
            capture_output=True, text=True, timeout=LIMIT_S, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"graph-bench: {done.stderr[-1000:]}")
        return {r["scenario"]: r for r in json.load(out)["results"]}
