#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Runs the fuzz targets of build-fuzz/, two at a time, from the corpus that is kept in
tests/fuzz/corpus/. What a target finds interesting goes to build-fuzz/corpus/, an input that makes
it fail to build-fuzz/findings/ and, in hexadecimal, to the output."""

import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build-fuzz")
KEPT = os.path.join(ROOT, "tests", "fuzz", "corpus")
SEED = 1
KEPT_BYTES = 150_000  # of a target: all together stay below 1 MB
# target: the longest input, bytes
TARGETS = {"api": 4096, "config_parse": 16384, "graph": 8192, "neighbours": 4096, "packet_parse": 2048,
           "routes": 4096, "server": 8192}
# The leak check does not see pointers in DPDK's memory: these targets count what is in use.
NO_LEAK_CHECK = ("graph", "neighbours", "server")


def environment(target):
    return {"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
            "ASAN_OPTIONS": f"detect_leaks={int(target not in NO_LEAK_CHECK)}", **os.environ}


def folder(*parts):
    path = os.path.join(BUILD, *parts)
    os.makedirs(path, exist_ok=True)
    return path


def seeds(target):
    """Folders with inputs that are in the tree."""
    found = [os.path.join(KEPT, target)]
    if target == "config_parse":
        found += [os.path.join(ROOT, "tests", "unit", "config", "corpus", k) for k in ("good", "bad")]
        found.append(os.path.join(ROOT, "configs", "examples"))
    return [f for f in found if os.path.isdir(f)]


def command(target, *options):
    return [os.path.join(BUILD, "tests", "fuzz", target), f"-max_len={TARGETS[target]}",
            f"-seed={SEED}", "-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={folder('findings')}/{target}-",
            *options]


def fuzz(target, seconds):
    """(the target, whether it found nothing, its output)"""
    done = subprocess.run(
        command(target, f"-max_total_time={seconds}", "-print_final_stats=1",
                folder("corpus", target), *seeds(target)),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        cwd=BUILD, env=environment(target))
    return target, done.returncode == 0, done.stdout


def report(target, ok, output):
    runs = re.search(r"number_of_executed_units: *(\d+)", output)
    coverage = re.findall(r"cov: (\d+)", output)
    print(f"{target:14} {'ok' if ok else 'FAILED'}: {runs[1] if runs else '?'} inputs, "
          f"{coverage[-1] if coverage else '?'} edges", flush=True)
    if ok:
        return
    print(output[-8000:])
    for path in re.findall(r"Test unit written to (\S+)", output):
        with open(path, "rb") as f:
            print(f"{path}:\n{f.read().hex()}")


def minimize(target):
    """Keeps of all that was found what covers the most, the smallest inputs first."""
    with tempfile.TemporaryDirectory() as small:
        subprocess.run(command(target, "-merge=1", small, folder("corpus", target), *seeds(target)),
                       cwd=BUILD, env=environment(target), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        kept = os.path.join(KEPT, target)
        shutil.rmtree(kept, ignore_errors=True)
        os.makedirs(kept)
        size = 0
        for path in sorted(glob.glob(os.path.join(small, "*")), key=os.path.getsize):
            size += os.path.getsize(path)
            if size > KEPT_BYTES:
                break
            shutil.copy(path, os.path.join(kept, os.path.basename(path)[:16] + ".bin"))
    print(f"{target:14} {len(os.listdir(kept))} inputs are kept", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", help="only targets with this in their name")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--minimize", action="store_true",
                        help="do not fuzz: bring the kept corpus up to date")
    args = parser.parse_args()
    targets = [t for t in TARGETS if args.k in t]
    if args.minimize:
        for target in targets:
            minimize(target)
        return 0
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for target, ok, output in pool.map(lambda t: fuzz(t, args.seconds), targets):
            report(target, ok, output)
            failed += not ok
    print(f"{len(targets) - failed} passed, {failed} failed")
    return 1 if failed or not targets else 0


if __name__ == "__main__":
    sys.exit(main())
