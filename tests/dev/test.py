#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""`./dev test`: builds what the suites need, runs them, prints each one's time against its budget
of docs/testing.md, and ends with the number of test cases that passed and failed."""

import argparse
import os
import re
import subprocess
import sys
import time

import results

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUDGETS = os.path.join(ROOT, "docs", "testing.md")
LONG_FACTOR = 4  # --long runs more of everything
SANITIZERS = {"ASAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
              "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
              "TSAN_OPTIONS": "halt_on_error=1"}


def budgets():
    """Seconds by suite, from the table in docs/testing.md: `| unit | 120 s | ...`."""
    with open(BUDGETS, encoding="utf-8") as f:
        rows = re.finditer(r"^\| *(\w+) *\| *(\d+) s *\|", f.read(), re.M)
        return {row[1]: int(row[2]) for row in rows}


def build(variant):
    print(f"== build {variant or 'build'}", flush=True)
    option = [f"--{variant}"] if variant else []
    return subprocess.run(["./dev", "build", *option], cwd=ROOT, check=False).returncode == 0


def meson_suite(directory, suite, args):
    """One meson suite in one build directory."""
    log = os.path.join(ROOT, directory, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    env = {**SANITIZERS, **os.environ, **({"VROUTER_TEST_LONG": "1"} if args.long else {})}
    status = subprocess.run(
        ["meson", "test", "-C", directory, "--suite", suite, "--no-rebuild", "--print-errorlogs",
         "--timeout-multiplier", str(LONG_FACTOR if args.long else 1)],
        cwd=ROOT, env=env, check=False).returncode
    return results.of_meson(log, status)


def pytest_suite(directory, suite, args):
    report = os.path.join(ROOT, directory, f"{suite}.xml")
    if os.path.exists(report):
        os.unlink(report)
    command = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-ra",
               "--durations=5", f"--junitxml={report}", PYTEST_FOLDERS[suite]]
    command += [] if args.long else ["-m", "not long"]
    command += ["-k", args.k] if args.k else []
    status = subprocess.run(command, cwd=ROOT, env={
        **SANITIZERS, **os.environ, "PYTHONDONTWRITEBYTECODE": "1",
        "VROUTER_BUILD": os.path.join(ROOT, directory)}, check=False).returncode
    return results.of_junit(report, status)


def script_suite(directory, suite, args):
    """A program that tells what it does, and ends with "N passed, N failed"."""
    last = ""
    options = ["--long"] if args.long and suite in LONG_SCRIPTS else []
    options += ["-k", args.k] if args.k and suite not in LONG_SCRIPTS else []
    with subprocess.Popen(["/usr/bin/python3", SCRIPTS[suite], *options], cwd=ROOT,
                          stdout=subprocess.PIPE, text=True, errors="replace") as process:
        for last in process.stdout:
            print(last, end="", flush=True)
    return results.of_closing_line(last, process.returncode)


SCRIPTS = {"image": "tests/image/smoke.py", "perf": "tests/perf/instructions.py",
           "differential": "tests/differential/run.py", "faults": "tests/faults/run.py",
           "fuzz": "tests/fuzz/run.py"}
LONG_SCRIPTS = {"differential"}  # these know --long, and no -k
PYTEST_FOLDERS = {"packet": "tests/packet", "tools": "tests/dev", "system": "tests/system"}

# suite: (how it is run, the variants of the build that it runs on)
SUITES = {
    "unit": (meson_suite, ["asan"]),
    "tsan": (meson_suite, ["tsan"]),
    "packet": (pytest_suite, ["asan", ""]),
    "stress": (meson_suite, ["", "asan", "tsan"]),
    "tools": (pytest_suite, [""]),
    "system": (pytest_suite, [""]),
    "image": (script_suite, [""]),
    "perf": (script_suite, [""]),
    "differential": (script_suite, [""]),
    "faults": (script_suite, [""]),
    "fuzz": (script_suite, ["fuzz"]),
}


# With --long, these run on more variants.
LONG_VARIANTS = {"system": ["asan"]}


def variants_of(suite, args):
    return SUITES[suite][1] + (LONG_VARIANTS.get(suite, []) if args.long else [])


def run_suite(suite, args):
    runner = SUITES[suite][0]
    counted = results.Counts()
    start = time.monotonic()
    for variant in variants_of(suite, args):
        directory = f"build-{variant}" if variant else "build"
        print(f"== {suite} ({directory})", flush=True)
        counted += runner(directory, suite, args)
    return counted, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}")
    parser.add_argument("--long", action="store_true", help="the long variants of tests, too")
    parser.add_argument("-k", metavar="EXPRESSION", help="of the system tests and the faults, only these")
    args = parser.parse_args()
    if unknown := set(args.suites) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    suites = args.suites or list(SUITES)
    budget = budgets()
    start = time.monotonic()
    total = results.Counts()
    lines = []
    built = [build(v) for v in dict.fromkeys(v for s in suites for v in variants_of(s, args))]
    if not all(built):
        print("the build failed: no test ran\n0 passed, 1 failed")
        return 1
    lines.append(f"{'build':12} {'':24} {time.monotonic() - start:6.1f} s")
    for suite in suites:
        counts, seconds = run_suite(suite, args)
        total += counts
        limit = budget[suite] * (LONG_FACTOR if args.long else 1)
        over = "" if seconds <= limit else "  OVER BUDGET"
        lines.append(f"{suite:12} {str(counts):24} {seconds:6.1f} s of {limit} s{over}")
    lines.append(f"{'total':12} {'':24} {time.monotonic() - start:6.1f} s of {budget['total']} s")
    print("\n" + "\n".join(lines))
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
