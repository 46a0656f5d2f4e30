# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The tables of docs/architecture.md against the sources: nodes, threads, locks, messages, limits. A
table that says less than the code, or something else, is a finding. So is a test that a document
names and that does not exist."""

import os
import re

import common

DOCUMENT = os.path.join("docs", "architecture.md")
NAMING_TESTS = [os.path.join("docs", name) for name in ("nat.md", "ports.md", "uplinks.md")]
LIMITS = "dataplane/main/limits.h"
PROTOCOL = "dataplane/api/proto.h"


def product():
    return [f for f in common.tracked(".c", ".h") if f.startswith(("dataplane/", "control/"))]


def rows(title):
    """The cells of the rows of the table below a heading; [] when there is none."""
    found = re.search(rf"^## {re.escape(title)}[^\n]*\n(.*?)(?=^## |\Z)", common.text(DOCUMENT),
                      re.M | re.S)
    lines = re.findall(r"^\|(.*)\|$", found[1], re.M) if found else []
    return [[cell.strip() for cell in line.split("|")] for line in lines[2:]]


def differences(title, code, table):
    """`code` and `table`: {name: what is said of it}."""
    for name in sorted(code.keys() - table.keys()):
        yield f"{DOCUMENT}:1: the table of {title} does not have {name}"
    for name in sorted(table.keys() - code.keys()):
        yield f"{DOCUMENT}:1: the table of {title} has {name}, which the code has not"
    for name in sorted(code.keys() & table.keys()):
        if code[name] != table[name]:
            yield (f"{DOCUMENT}:1: the table of {title} says {table[name]} of {name}, "
                   f"the code {code[name]}")


def nodes():
    names, code = {}, {}
    for path in product():
        if os.path.basename(path) == "nodes.h":
            names.update(re.findall(r'#define (NODE_\w+)\s+"(\w+)"', common.text(path)))
    for path in product():
        if "RTE_NODE_REGISTER(" in common.c_code(path):
            for symbol in re.findall(r"\.name = (\w+),", common.c_code(path)):
                code[names.get(symbol, symbol)] = path.removeprefix("dataplane/")
    for name in sorted(set(names.values()) - code.keys()):
        yield f"{DOCUMENT}:1: node {name} has a name and is not registered"
    yield from differences("nodes", code, {r[0]: r[1] for r in rows("Nodes")})


def threads():
    """By the function that a thread runs; what main() itself becomes is not launched."""
    started = re.compile(r"\b(?:rte_ctrl_thread_create|pthread_create)\s*\([^;]*?,[^;]*?,\s*(\w+),"
                         r"\s*[^,;]+\)|\brte_eal_remote_launch\s*\((\w+),")
    code = {a or b: "" for path in product()
            for a, b in started.findall(common.c_code(path))}
    table = {name: "" for r in rows("Threads") for name in re.findall(r"`(\w+)\(\)`", r[2])}
    table.pop("main", None)
    yield from differences("threads", code, table)


def locks():
    declared = re.compile(r"\b(?:pthread_(?:mutex|rwlock|spinlock)_t|rte_(?:spin|rw)lock_t)\s+\w")
    code = {path: "" for path in product() if declared.search(common.c_code(path))}
    table = {path: "" for r in rows("Locks") for path in re.findall(r"`([\w/]+\.[ch])`", r[0])}
    for path in sorted(code.keys() - table.keys()):
        yield f"{DOCUMENT}:1: the table of locks does not have the one of {path}"
    for path in sorted(table.keys() - set(product())):
        yield f"{DOCUMENT}:1: the table of locks names {path}, which does not exist"


def nat_tests():
    """docs/nat.md and others name the test of each requirement."""
    known = set()
    for path in common.tracked(".c", ".py"):
        if path.startswith("tests/"):
            known.update(re.findall(r"\b(?:def|static void|void) (test_\w+)\(", common.text(path)))
    for path in NAMING_TESTS:
        for name in sorted(set(re.findall(r"`(test_\w+)`", common.text(path))) - known):
            yield f"{path}:1: there is no test called {name}"


def messages():
    """A message is a request or event (first cell, before the colon) or an answer."""
    enum = re.search(r"enum msg_type \{(.*?)\}", common.c_code(PROTOCOL), re.S)[1]
    code = {m: "" for m in re.findall(r"\bMSG_(\w+)", enum) if m != "TYPE_COUNT"}
    told = " ".join(r[0].split(":")[0] + " " + r[2].split(",")[0]
                    for r in rows("Messages of the transaction socket"))
    yield from differences("messages", code, {m: "" for m in re.findall(r"\b[A-Z_]{2,}\b", told)})


def number(text):
    """The value of "8", "0x10" or "(1u << 20)"."""
    shift = re.fullmatch(r"\(?(\d+)u? << (\d+)\)?", text)
    return int(shift[1]) << int(shift[2]) if shift else int(text.rstrip("u"), 0)


def limits():
    defined = re.findall(r"^#define ((?:LIMIT|DEFAULT)_\w+)[ \t]+(\([^)]*\)|\w+)",
                         common.c_code(LIMITS), re.M)
    table = {r[0].strip("`"): r[1].replace(" ", "") for r in rows("Limits")}
    yield from differences("limits", {n: str(number(v)) for n, v in defined}, table)


CHECKS = (nodes, threads, locks, messages, limits, nat_tests)


def check():
    for rule in CHECKS:
        yield from rule()
