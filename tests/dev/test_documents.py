# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The check of docs/architecture.md finds what the tables do not say, and what is no longer true."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lint"))

import common  # noqa: E402
import documents  # noqa: E402

DOCUMENT = """
## Nodes

| node | file |
| --- | --- |
| rx | main/rx.c |

## Threads

| thread | process | runs |
| --- | --- | --- |
| main | both | `main()` |
| worker | data plane | `work()` |
| sweeper | data plane | `sweep()` |

## Locks

| lock |
| --- |
| the queue, `control/jobs.c` |

## Messages of the transaction socket

| message | direction | answer |
| --- | --- | --- |
| HELLO: the TAP | both | WELCOME, or none |

## Limits

| limit | value |
| --- | --- |
| `LIMIT_RING` | 1024 |
| `DEFAULT_SESSIONS` | 1048576 |
"""

SOURCES = {
    documents.DOCUMENT: DOCUMENT,
    "dataplane/ip4/nodes.h": '#define NODE_RX\t"rx"\n',
    "dataplane/main/rx.c": "struct n r = {\n\t.name = NODE_RX,\n};\nRTE_NODE_REGISTER(r);\n",
    "dataplane/main/sweep.c": 'rte_ctrl_thread_create(&t, "a, b", NULL, sweep, dp);\n',
    "dataplane/main/main.c": "rte_eal_remote_launch(work, dp, 1);\n",
    "dataplane/main/limits.h": "#define LIMIT_RING\t1024 // 8 B\n"
                               "#define DEFAULT_SESSIONS (1u << 20)\n",
    "dataplane/api/proto.h": "enum msg_type {\n\tMSG_HELLO = 1,\n\tMSG_WELCOME,\n"
                             "\tMSG_TYPE_COUNT,\n};\n",
    **{name: "" for name in documents.NAMING_TESTS},
    documents.NAMING_TESTS[0]: "| REQ-1 | `test_mapping` `test_filter` |\n",
    "tests/packet/test_nat.py": "def test_mapping(net):\n",
    "tests/unit/nat_test.c": "static void test_filter(void **state)\n",
    "control/jobs.c": "struct q {\n\tpthread_mutex_t lock;\n};\n",
}


@pytest.fixture
def findings(tmp_path, monkeypatch):
    """The findings in SOURCES with one file changed."""
    def check(path=None, old="", new=""):
        assert path is None or old in SOURCES[path]
        for name, content in SOURCES.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content.replace(old, new) if name == path else content)
        monkeypatch.setattr(common, "ROOT", str(tmp_path))
        monkeypatch.setattr(common, "tracked", lambda *ext: [
            f for f in SOURCES if not ext or f.endswith(ext)])
        common.text.cache_clear()
        common.c_code.cache_clear()
        return list(documents.check())
    yield check
    common.text.cache_clear()
    common.c_code.cache_clear()


def test_true_tables_are_left_alone(findings):
    assert findings() == []


@pytest.mark.parametrize("path, old, new, said", [
    ("dataplane/ip4/nodes.h", '"rx"', '"receive"', ["have receive", "has rx"]),
    ("dataplane/main/rx.c", "RTE_NODE_REGISTER", "FORGOTTEN", ["rx has a name", "has rx"]),
    (documents.DOCUMENT, "main/rx.c", "main/other.c", ["says main/other.c of rx"]),
    ("dataplane/main/main.c", "work,", "drive,", ["have drive", "has work"]),
    ("dataplane/main/sweep.c", "sweep,", "brush,", ["have brush", "has sweep"]),
    (documents.DOCUMENT, "`control/jobs.c`", "nowhere", ["have the one of control/jobs.c"]),
    (documents.DOCUMENT, "`control/jobs.c`", "`control/jobs.c` `control/old.c`",
     ["names control/old.c"]),
    ("dataplane/api/proto.h", "MSG_WELCOME,", "MSG_WELCOME,\n\tMSG_BYE,", ["have BYE"]),
    (documents.DOCUMENT, "WELCOME, or", "WELCOME BYE, or", ["has BYE"]),
    ("dataplane/main/limits.h", "1024", "2048", ["says 1024 of LIMIT_RING, the code 2048"]),
    ("dataplane/main/limits.h", "20", "21", ["of DEFAULT_SESSIONS"]),
    ("tests/packet/test_nat.py", "test_mapping", "test_map", ["no test called test_mapping"]),
    ("tests/unit/nat_test.c", "test_filter(", "test_filters(", ["no test called test_filter"]),
    (documents.DOCUMENT, "## Limits", "## Bounds", ["have DEFAULT_SESSIONS", "have LIMIT_RING"]),
])
def test_a_difference_is_found(findings, path, old, new, said):
    found = findings(path, old, new)
    assert len(found) == len(said), found
    for finding, text in zip(found, said):
        assert text in finding
