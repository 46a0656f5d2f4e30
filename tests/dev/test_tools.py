# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The tools that judge the code: they find what they look for, and count what ran."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lint")]

import common  # noqa: E402
import layers  # noqa: E402
import results  # noqa: E402
import rules  # noqa: E402
import sizes  # noqa: E402
from results import Counts  # noqa: E402

TABLE = layers.load("""
dataplane/packet: dataplane/stats   # the core
dataplane/nat: dataplane/packet dataplane/fib/adj.h
control: dataplane/api/proto.h
""")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Makes a tree of files and lets the checks see it as the tracked one."""
    def make(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        monkeypatch.setattr(common, "ROOT", str(tmp_path))
        monkeypatch.setattr(common, "tracked", lambda *ext: [
            f for f in files if not ext or f.endswith(ext)])
        common.text.cache_clear()
        common.c_code.cache_clear()
    yield make
    common.text.cache_clear()
    common.c_code.cache_clear()


@pytest.mark.parametrize("path, include, allowed", [
    ("dataplane/packet/parse.c", "dataplane/packet/parse.h", True),
    ("dataplane/packet/parse.c", "dataplane/stats/reason.h", True),
    ("dataplane/packet/parse.c", "dataplane/nat/snat.h", False),
    ("dataplane/nat/snat.c", "dataplane/fib/adj.h", True),
    ("dataplane/nat/snat.c", "dataplane/fib/fib.h", False),
    ("control/api/http.c", "dataplane/api/proto.h", True),
    ("control/api/http.c", "dataplane/packet/parse.h", False),
    ("control/api/http.c", "control/api/http.h", True),
    ("elsewhere/x.c", "stdio/x.h", False),
])
def test_layers(path, include, allowed):
    found = list(layers.findings(TABLE, path, f'#include <stdio.h>\n#include "{include}"\n'))
    assert (not found) == allowed, found


def test_a_file_without_includes_needs_a_row_too():
    assert list(layers.findings(TABLE, "elsewhere/x.c", "")) == [
        f"elsewhere/x.c:1: no row of {layers.TABLE} covers this file"]


def test_sizes(tree):
    body = "\n".join("\tx++;" for _ in range(90))
    tree({"a.c": f"int f(int x)\n{{\n{body}\n\treturn x;\n}}\n", "b.c": "\n" * 501,
          "c.c": "int g(void)\n{\n\treturn 0;\n}\n"})
    found = list(sizes.check())
    assert [f.split(":")[0] for f in found] == ["b.c", "a.c"]
    assert "f() has 94 lines" in found[1]


@pytest.mark.parametrize("rule, path, content", [
    (rules.checksums, "dataplane/nat/x.c", "s = rte_raw_cksum(p, n);"),
    (rules.checksums, "dataplane/ip4/x.c", "ip->hdr_checksum = ~sum;"),
    (rules.no_sleep_in_tests, "tests/unit/x.c", "usleep(10);"),
    (rules.no_sleep_in_tests, "tests/system/x.py", "time.sl" "eep(1)"),
    (rules.no_abort_in_product, "control/x.c", "assert(p);"),
    (rules.no_unfinished_work, "dataplane/x.c", "// TO" "DO"),
    (rules.headers_have_guards, "control/x.h", "int f(void);"),
    (rules.python_compiles, "tests/x.py", "def f(:"),
    (rules.licence, "control/x.c", "int f(void);"),
])
def test_rules_find(tree, rule, path, content):
    tree({path: content})
    assert [f.split(":")[0] for f in rule()] == [path]


@pytest.mark.parametrize("rule, path, content", [
    (rules.checksums, "dataplane/packet/csum.c", "s = rte_raw_cksum(p, n);"),
    (rules.checksums, "dataplane/nat/x.c", "// no rte_raw_cksum() here"),
    (rules.checksums, "dataplane/nat/x.c", "if (~flags & META_CSUM_PARTIAL)"),
    (rules.no_sleep_in_tests, "tests/unit/x.c", 'printf("usleep(10)");'),
    (rules.no_abort_in_product, "control/x.h", "static_assert(sizeof(x) == 4);"),
    (rules.licence, "control/x.c", "// SPDX-License-Identifier: BSD-3-Clause\n"),
])
def test_rules_leave_alone(tree, rule, path, content):
    tree({path: content})
    assert not list(rule())


@pytest.mark.parametrize("result, output, expected", [
    ("OK", "[  PASSED  ] 5 test(s).", Counts(passed=5)),
    ("OK", "[  PASSED  ] 5 test(s).\n[  PASSED  ] 2 test(s).", Counts(passed=7)),
    ("FAIL", "[  PASSED  ] 5 test(s).\n[  FAILED  ] 1 test(s), listed below:",
     Counts(passed=5, failed=1)),
    ("FAIL", "[  PASSED  ] 5 test(s).\n==1==ERROR: AddressSanitizer", Counts(passed=5, failed=1)),
    ("TIMEOUT", "", Counts(failed=1)),
    ("OK", "no cases", Counts(passed=1)),
    ("SKIP", "", Counts(skipped=1)),
])
def test_cases_of_a_program(result, output, expected):
    assert results.of_program(result, output) == expected


def test_a_suite_that_runs_nothing_has_failed(tmp_path):
    assert results.of_meson(str(tmp_path / "none.json"), 0) == Counts(failed=1)
    assert results.of_junit(str(tmp_path / "none.xml"), 0) == Counts(failed=1)


def test_cases_of_pytest(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text('<testsuites><testsuite tests="9" failures="1" errors="1" skipped="2"/>'
                      "</testsuites>", encoding="ascii")
    assert results.of_junit(str(report), 1) == Counts(passed=5, failed=2, skipped=2)


@pytest.mark.parametrize("line, status, expected", [
    ("3 passed, 0 failed\n", 0, Counts(3)),
    ("3 passed, 2 failed\n", 1, Counts(3, 2)),
    ("3 passed, 0 failed\n", 1, Counts(3, 1)),
    ("Segmentation fault\n", 139, Counts(failed=1)),
    ("", 0, Counts(failed=1)),
])
def test_a_program_that_counts(line, status, expected):
    assert results.of_closing_line(line, status) == expected


def test_the_closing_line():
    assert str(Counts(3, 0)) == "3 passed, 0 failed"
    assert str(Counts(3, 1, 2)) == "3 passed, 1 failed, 2 skipped"
