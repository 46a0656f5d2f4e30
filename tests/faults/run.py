#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Tests the tests: puts each fault of table.py, alone, into a copy of the sources and runs the one
test that must notice. The copy and its build are in build/faults/; the tree itself is not touched."""

import argparse
import os
import re
import subprocess
import sys
import time

import table

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = os.path.join(ROOT, "build", "faults")
TREE, BUILD = os.path.join(WORK, "tree"), os.path.join(WORK, "build")
TEST_SECONDS = 60  # a fault may make a test hang: that is noticed, too
PACKET_HARNESS = "tests/packet/packet-harness"
DIFFERENTIAL = "tests/differential/differential"


class Broken(Exception):
    """The fault, its test or the build is wrong: nothing can be said about the test."""


def sources():
    """Everything that belongs to the tree, committed or not yet."""
    out = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"], cwd=ROOT, capture_output=True, check=True).stdout
    return {f for f in out.decode().split("\0") if f and os.path.isfile(os.path.join(ROOT, f))}


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)


def synchronize():
    """Only what differs is written, so that ninja builds only that."""
    wanted = sources()
    for folder, folders, files in os.walk(TREE):
        folders[:] = [f for f in folders if f != "__pycache__"]
        for name in files:
            if os.path.relpath(os.path.join(folder, name), TREE) not in wanted:
                os.unlink(os.path.join(folder, name))
    for name in wanted:
        content = read(os.path.join(ROOT, name))
        if content != read(os.path.join(TREE, name)):
            write(os.path.join(TREE, name), content)


def run(command, seconds=None, **kwargs):
    """(status, output); the status of what took too long is None."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace", start_new_session=True, **kwargs)
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        return None, process.communicate()[0]


def target(test):
    kind, program, _ = test.split()
    return {"packet": PACKET_HARNESS, "differential": DIFFERENTIAL}.get(kind, f"tests/unit/{program}")


def build(targets):
    status, output = run(["ninja", "-C", BUILD, *sorted(targets)])
    if status != 0:
        raise Broken("it does not build:\n" + output[-2000:])


def pytest_verdict(program, function):
    status, output = run(
        ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-x",
         os.path.join("tests", "packet", program), "-k", f"{function} and 1worker"],
        TEST_SECONDS, cwd=TREE,
        env={**os.environ, "VROUTER_BUILD": BUILD, "PYTHONDONTWRITEBYTECODE": "1"})
    return {0: True, 1: False, None: False}.get(status), output


def cmocka_verdict(program, function):
    """The whole program runs; what counts is the one function, which may end the program, too."""
    _, output = run([os.path.join(BUILD, "tests", "unit", program)], TEST_SECONDS)
    if re.search(rf"^\[       OK \] {function}$", output, re.M):
        return True, output
    started = re.findall(r"^\[ RUN      \] (\w+)$", output, re.M)
    failed = re.findall(r"^\[  FAILED  \] (\w+)$", output, re.M)
    return False if function in [*failed, *started[-1:]] else None, output


def differential_verdict(seed, sequences):
    """What counts is a difference that it found, not why else it may have failed."""
    status, output = run([os.path.join(BUILD, DIFFERENTIAL), "--seed", seed, "--sequences",
                          sequences], TEST_SECONDS)
    return True if status == 0 else False if "\ndiffers: " in f"\n{output}" else None, output


VERDICTS = {"packet": pytest_verdict, "unit": cmocka_verdict, "differential": differential_verdict}


def passes(test):
    """(whether one test passes, its output); that it did not run at all is an error."""
    kind, program, function = test.split()
    passed, output = VERDICTS[kind](program, function)
    if passed is None:
        raise Broken(f"the test did not run:\n{output[-2000:]}")
    return passed, output


def apply(fault):
    """Puts the fault into the copy; the sound text of the file."""
    path = os.path.join(TREE, fault.file)
    sound = read(path)
    found = (sound or b"").count(fault.old.encode())
    if found != 1:
        raise Broken(f"{fault.file}: the text of the fault is there {found} times, not once: "
                     "bring the row in tests/faults/table.py up to date")
    write(path, sound.replace(fault.old.encode(), fault.new.encode()))
    return sound


def name_of(test):
    kind, _, function = test.split()
    return f"the {kind} test" if kind == "differential" else function


def check_sound(faults):
    """Without a fault, every test passes; those that do not."""
    print(f"building {len({target(f.test) for f in faults})} programs without a fault", flush=True)
    build({target(f.test) for f in faults})
    failing = set()
    for test in sorted({f.test for f in faults}):
        ok, output = passes(test)
        if not ok:
            failing.add(test)
            print(f"fails without any fault: {test}\n{output[-2000:]}", flush=True)
    return failing


def caught(fault):
    sound = apply(fault)
    try:
        build([target(fault.test)])
        return not passes(fault.test)[0]
    finally:
        write(os.path.join(TREE, fault.file), sound)


def check(fault):
    """The verdict on one fault, "" when it was caught."""
    try:
        return "" if caught(fault) else "NOT CAUGHT"
    except Broken as e:
        return str(e)


def prepare():
    synchronize()
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        status, output = run(["meson", "setup", BUILD, TREE, "-Doptimization=0", "-Ddebug=false",
                              "-Dwerror=false"])
        if status != 0:
            raise Broken(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", help="only faults with this in their name, file or test")
    args = parser.parse_args()
    faults = [f for f in table.FAULTS if args.k in " ".join(f)]
    prepare()
    failing = check_sound(faults)
    failed = 0
    for n, fault in enumerate(faults, 1):
        start = time.monotonic()
        verdict = "its test fails anyway" if fault.test in failing else check(fault)
        failed += bool(verdict)
        print(f"[{n:2}/{len(faults)}] {time.monotonic() - start:5.1f} s  {fault.name}: "
              f"{verdict or 'caught by ' + name_of(fault.test)}", flush=True)
    print(f"{len(faults) - failed} passed, {failed} failed")
    return 1 if failed or not faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as error:
        sys.exit(f"faults: {error}")
