# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Sizes: files of at most 500 lines, C functions of at most 80 (measured with ctags)."""

import json
import subprocess

import common

FILE_LINES = 500
FUNCTION_LINES = 80


def long_files():
    for path in common.tracked(".c", ".h", ".py", ".sh"):
        lines = common.text(path).count("\n")
        if lines > FILE_LINES:
            yield f"{path}:1: {lines} lines; at most {FILE_LINES}"


def long_functions(paths):
    if not paths:
        return
    tags = subprocess.run(
        ["ctags", "--languages=C,C++", "--langmap=C:+.h", "--kinds-C=f", "--fields=+ne",
         "--output-format=json", "-f", "-", "-L", "-"], cwd=common.ROOT,
        input="\n".join(paths), capture_output=True, text=True, check=True).stdout
    for tag in map(json.loads, tags.splitlines()):
        lines = tag.get("end", tag["line"]) - tag["line"] + 1
        if tag.get("kind") == "function" and lines > FUNCTION_LINES:
            yield (f"{tag['path']}:{tag['line']}: {tag['name']}() has {lines} lines; "
                   f"at most {FUNCTION_LINES}")


def check():
    yield from long_files()
    yield from long_functions(common.tracked(".c", ".h"))
