#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""`./dev lint`: every check on the tracked files; prints findings as path:line: text."""

import re
import subprocess
import sys

import common
import documents
import layers
import rules
import sizes


def formatting():
    files = common.tracked(".c", ".h")
    if not files:
        return
    done = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *files], cwd=common.ROOT,
                          capture_output=True, text=True, check=False)
    found = sorted(set(re.findall(r"^(\S+):\d+:\d+: error", done.stderr, re.M)))
    yield from (f"{path}:1: not formatted: clang-format-14 -i {path}" for path in found)
    if done.returncode != 0 and not found:
        yield f"clang-format-14: {done.stderr.strip()}"


def shell():
    files = ["dev", ".ci/run", *common.tracked(".sh")]
    done = subprocess.run(["shellcheck", "-f", "gcc", *files], cwd=common.ROOT,
                          capture_output=True, text=True, check=False)
    yield from (done.stdout + done.stderr).splitlines()


CHECKS = {"format": formatting, "layers": layers.check, "sizes": sizes.check,
          "rules": rules.check, "shell": shell, "tables": documents.check}


def main():
    total = 0
    for name, check in CHECKS.items():
        found = list(check())
        total += len(found)
        print(f"{name:8} {len(found)} findings" if found else f"{name:8} ok")
        for finding in found:
            print(f"  {finding}")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
