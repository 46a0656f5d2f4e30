# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What the system tests share: the lab, the site fixture, and the router's logs when a test fails.
A module says what its site is like in SITE, a dictionary of Site's arguments."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "lib"))

from vpc import Site  # noqa: E402
from topology import InUse, Lab  # noqa: E402

PREFIX = os.environ.get("VROUTER_LAB", "vrsys")
FIGURES = []


@pytest.fixture(scope="module")
def lab():
    try:
        made = Lab(PREFIX)
    except InUse as e:
        pytest.exit(f"{e}; VROUTER_LAB=name chooses another one", 1)
    with made:
        yield made


@pytest.fixture(scope="module")
def site(request, lab):
    """The running site; at the end both processes must leave with status 0."""
    try:
        made = Site(lab, **getattr(request.module, "SITE", {}))
    except Exception:
        print(lab.logs())
        raise
    yield made
    made.stop()


@pytest.fixture
def figure(request):
    """A function that puts a measured figure, with its conditions, into the output of the run."""
    def tell(text):
        FIGURES.append(f"{request.node.nodeid}: {text}")
    return tell


def pytest_terminal_summary(terminalreporter):
    if FIGURES:
        terminalreporter.section("figures")
        for line in FIGURES:
            terminalreporter.write_line(line)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    made = getattr(item, "funcargs", {}).get("site")
    if report.failed and made:
        report.sections.append(("the router", made.describe()))


def pytest_configure(config):
    config.addinivalue_line("markers", "long: runs with ./dev test --long only")
