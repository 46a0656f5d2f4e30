#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Instructions per packet of the graph, counted by callgrind: beside those of instructions.json, and
with 10 000 EIPs and 10 000 port forwards beside one of each.

    instructions.py [--build DIRECTORY] [--update] [-k TEXT]

Unlike cycles, the count repeats within a fraction of a percent; it fails above LIMIT and
RULES_LIMIT only. --update writes what was counted into instructions.json. Ends with "N passed, N
failed"."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BASELINE = os.path.join(HERE, "instructions.json")
# In the order of scenario.c; of some the number of rules is compared, too.
RULED = ["forward", "eip-in", "eip-out", "port-forward-1k", "snat-1k", "creation-forward"]
SCENARIOS = ["forward", "eip-in", "eip-out", "port-forward-1k", "snat-1k", "snat-64k",
             "creation-forward", "session-setup", "mix"]
PACKETS = 4096  # measured by --rounds 1
LIMIT = 1.05
RULES = 10000
RULES_LIMIT = 1.02


def totals(directory):
    """The counts of what callgrind wrote at the end of each scenario, oldest first."""
    for part in range(1, len(os.listdir(directory))):
        with open(os.path.join(directory, f"out.{part}"), encoding="utf-8") as f:
            yield int(re.search(r"^totals: (\d+)", f.read(), re.M)[1])


def count(binary, scenarios, *options):
    """Instructions per packet by scenario. One process runs them all: it starts but once."""
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out",
             "--toggle-collect=measured_walk", "--dump-after=measure", binary, "--rounds", "1",
             "--sessions", "131072", "--scenario", ",".join(scenarios), *options],
            capture_output=True, text=True, check=False)
        counts = list(totals(directory))
    if done.returncode != 0 or len(counts) != len(scenarios) or 0 in counts:
        sys.exit(f"{scenarios}: {done.stderr}")
    return {s: n / PACKETS for s, n in zip(scenarios, counts)}


def compare(title, now, before, limit):
    """Prints both and returns how many are above the limit."""
    failed = 0
    print(f"{'instructions/packet':20} {title[0]:>11} {title[1]:>11} {'change':>8}")
    for scenario, n in now.items():
        over = n > before[scenario] * limit
        failed += over
        print(f"{scenario:20} {n:11.1f} {before[scenario]:11.1f}"
              f" {100 * (n / before[scenario] - 1):+7.1f} %{'  TOO MANY' if over else ''}",
              flush=True)
    return failed


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
    if not scenarios:
        sys.exit(f"no scenario with {args.k} in its name")
    now = count(binary, scenarios)
    if args.update:
        baseline.update({s: round(n, 1) for s, n in now.items()})
        with open(BASELINE, "w", encoding="utf-8") as f:
            json.dump(baseline, f, indent=2)
            f.write("\n")
    failed = compare(("now", "kept"), now, baseline, LIMIT)
    ruled = [s for s in scenarios if s in RULED]
    if ruled:
        one, many = (count(binary, ruled, "--rules", str(n)) for n in (1, RULES))
        failed += compare((f"{RULES} rules", "1 rule"), many, one, RULES_LIMIT)
    print(f"{len(scenarios) + len(ruled) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
