# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Counts test cases, not programs: from meson's log (cmocka and pytest say in their output how many
ran) and from pytest's JUnit report."""

import dataclasses
import json
import re
import xml.etree.ElementTree

_CMOCKA = {"passed": r"\[  PASSED  \] (\d+) test", "failed": r"\[  FAILED  \] (\d+) test",
           "skipped": r"\[  SKIPPED \] (\d+) test"}


@dataclasses.dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Counts(self.passed + other.passed, self.failed + other.failed,
                      self.skipped + other.skipped)

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def _checked(counts, status):
    """A run that ended badly, or that ran nothing, has failed whatever it counted."""
    if counts.failed == 0 and (status != 0 or counts.passed + counts.skipped == 0):
        counts.failed = 1
    return counts


def of_program(result, output):
    """One test program's cases; a program that counts none is one case. A program that fails has
    at least one failed case, whatever it printed: it may have died."""
    counts = Counts(**{k: sum(map(int, re.findall(p, output))) for k, p in _CMOCKA.items()})
    if counts == Counts():
        counts = Counts(passed=1) if result == "OK" else Counts()
    if result == "SKIP":
        return Counts(skipped=1)
    if result != "OK" and counts.failed == 0:
        counts.failed = 1
    return counts


def of_meson(log, status):
    """All programs of one `meson test`."""
    counts = Counts()
    try:
        with open(log, encoding="utf-8") as f:
            for line in f:
                test = json.loads(line)
                output = test.get("stdout", "") + test.get("stderr", "")
                counts += of_program(test["result"], output)
    except FileNotFoundError:
        pass
    return _checked(counts, status)


def of_junit(report, status):
    """All cases of one pytest run."""
    counts = Counts()
    try:
        for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
            tests, skipped = int(suite.get("tests")), int(suite.get("skipped"))
            failed = int(suite.get("failures")) + int(suite.get("errors"))
            counts += Counts(tests - failed - skipped, failed, skipped)
    except (FileNotFoundError, xml.etree.ElementTree.ParseError):
        pass
    return _checked(counts, status)


def of_closing_line(line, status):
    """A program that counts by itself: its last line is str(Counts)."""
    found = re.match(r"(\d+) passed, (\d+) failed", line)
    return _checked(Counts(int(found[1]), int(found[2])) if found else Counts(), status)
