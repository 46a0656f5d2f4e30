# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Include direction: who may include whom is in layers.txt, and nothing else is allowed."""

import os
import re

import common

TABLE = os.path.join("tests", "lint", "layers.txt")


def load(content):
    """{folder or file: [allowed folders, files or * patterns]} from the table's text."""
    table = {}
    for line in content.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, allowed = line.partition(":")
        table.setdefault(name.strip(), []).extend(allowed.split())
    return table


def row_of(table, path):
    """The table's row for a source file: its own, else that of the nearest folder above it."""
    name = path
    while name:
        if name in table:
            return name
        name = os.path.dirname(name)
    return None


def covered(included, allowed):
    return included == allowed or included.startswith(allowed + "/")


def findings(table, path, content):
    row = row_of(table, path)
    if row is None:
        yield f"{path}:1: no row of {TABLE} covers this file"
        return
    own = os.path.dirname(path)
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', content, re.M):
        included = match[1]
        line = common.line_of(content, match.start())
        if "/" not in included:
            # Only generated headers have no folder; they exist in no source folder.
            if any(os.path.basename(f) == included for f in common.tracked(".h")):
                yield f"{path}:{line}: include \"{included}\" by its path from the root"
        elif os.path.dirname(included) != own and not any(
                covered(included, a) for a in table[row]):
            yield f"{path}:{line}: {row} may not include {included} ({TABLE})"


def check():
    table = load(common.text(TABLE))
    for path in common.tracked(".c", ".h"):
        yield from findings(table, path, common.text(path))
