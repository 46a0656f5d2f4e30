#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Instructions per packet of the graph, counted by callgrind, beside those of instructions.json.

    instructions.py [--build DIRECTORY] [--update] [-k TEXT]

Unlike cycles, the count repeats within a fraction of a percent; it fails above LIMIT only.
--update writes what was counted into instructions.json. Ends with "N passed, N failed"."""

import argparse
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BASELINE = os.path.join(HERE, "instructions.json")
SCENARIOS = ["forward", "eip-in", "eip-out", "port-forward-1k", "snat-1k"]
PACKETS = 4096  # measured by --rounds 1
LIMIT = 1.05


def count(binary, scenario):
    """Instructions per packet."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         "--toggle-collect=measured_walk", binary, "--rounds", "1", "--sessions", "8192",
         "--scenario", scenario],
        capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        sys.exit(f"{scenario}: {done.stderr}")
    return int(found[1]) / PACKETS


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("-k", default="", help="only scenarios with this in their name")
    args = parser.parse_args()
    binary = os.path.join(args.build, "tests", "perf", "graph-bench")
    with open(BASELINE, encoding="utf-8") as f:
        baseline = json.load(f)
    scenarios = [s for s in SCENARIOS if args.k in s]
    failed = 0
    print(f"{'instructions/packet':20} {'now':>7} {'kept':>7} {'change':>8}")
    for scenario in scenarios:
        now = count(binary, scenario)
        kept = baseline.get(scenario, now)
        over = now > kept * LIMIT and not args.update
        failed += over
        print(f"{scenario:20} {now:7.1f} {kept:7.1f} {100 * (now / kept - 1):+7.1f} %"
              f"{'  TOO MANY' if over else ''}", flush=True)
        baseline[scenario] = round(now, 1)
    if args.update:
        with open(BASELINE, "w", encoding="utf-8") as f:
            json.dump(baseline, f, indent=2)
            f.write("\n")
    print(f"{len(scenarios) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
