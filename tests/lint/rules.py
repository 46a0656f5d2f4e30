# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The code's rules that a pattern can check: the licence line, where checksums are computed, no
sleeping tests, no unfinished work, no globals in headers, python that compiles."""

import os
import re

import common

C_FILES = (".c", ".h")
LICENCE = "SPDX-License-Identifier: BSD-3-Clause"
LICENCE_FREE = (".md", ".json", ".txt", ".expect", "LICENSE", ".gitignore", ".bin")


def licence():
    for path in common.tracked():
        content = common.text(path)
        if not path.endswith(LICENCE_FREE) and content and \
                LICENCE not in "".join(content.splitlines(True)[:3]):
            yield f"{path}:1: no '{LICENCE}' in the first lines"


def checksums():
    """All checksum arithmetic of the product is in dataplane/packet/."""
    product = [f for f in common.tracked(*C_FILES)
               if f.startswith(("dataplane/", "control/")) and
               not f.startswith("dataplane/packet/")]
    pattern = (r"\brte_(raw_cksum|ipv4_cksum|ipv4_phdr_cksum|ipv4_udptcp_cksum|ipv6_\w*cksum)\w*"
               r"|~\s*\w*(csum|cksum|checksum)\w*|\b\w*(csum|cksum|checksum)\w*\s*[+^|-]?=\s*~"
               r"|&\s*0xffff\s*\)\s*\+\s*\(\s*\w+\s*>>\s*16")
    message = "'{}': checksum arithmetic belongs to dataplane/packet/"
    return common.matches(product, pattern, message, common.c_code, re.I)


def no_sleep_in_tests():
    """Tests wait for a condition with a deadline (tests/lib/wait.py)."""
    c = [f for f in common.tracked(*C_FILES) if f.startswith("tests/")]
    python = [f for f in common.tracked(".py") if not f.startswith("tests/lint/")]
    shell = [f for f in common.tracked(".sh") if f.startswith("tests/")]
    yield from common.matches(c, r"\b(u|nano|clock_nano)?sleep\s*\(|\brte_delay_\w+\s*\(",
                              "'{}': wait for a condition instead", common.c_code)
    yield from common.matches(python, r"\btime\.sleep\b|\bimport sleep\b|[\"']sleep[\"']",
                              "'{}': wait for a condition instead")
    yield from common.matches(shell, r"\bsleep\s+[\d.$]", "'{}': wait for a condition instead")


def no_unfinished_work():
    paths = [f for f in common.tracked(".c", ".h", ".py", ".sh", ".build", ".md")
             if not f.startswith("tests/lint/")]
    yield from common.matches(paths, r"\b(TODO|FIXME|XXX|HACK)\b", "'{}': finish it")
    yield from common.matches(paths, r"\b(issue|milestone|ticket) ?#?\d+\b",
                              "'{}': the tree says what is, not how it came about", flags=re.I)


def no_abort_in_product():
    """Nothing that a user or a packet does may end the process."""
    product = [f for f in common.tracked(*C_FILES) if f.startswith(("dataplane/", "control/"))]
    return common.matches(product, r"(?<!static_)\b(assert|abort|rte_panic|rte_exit)\s*\(",
                          "'{}': return an error instead", common.c_code)


def headers_have_guards():
    for path in common.tracked(".h"):
        if "#pragma once" not in common.text(path):
            yield f"{path}:1: no '#pragma once'"


def python_compiles():
    for path in common.tracked(".py"):
        try:
            compile(common.text(path), path, "exec")
        except SyntaxError as e:
            yield f"{path}:{e.lineno}: {e.msg}"


def scripts_are_executable():
    for path in ("dev", os.path.join(".ci", "run")):
        if not os.access(os.path.join(common.ROOT, path), os.X_OK):
            yield f"{path}:1: not executable"


CHECKS = (licence, checksums, no_sleep_in_tests, no_unfinished_work, no_abort_in_product,
          headers_have_guards, python_compiles, scripts_are_executable)


def check():
    for rule in CHECKS:
        yield from rule()
