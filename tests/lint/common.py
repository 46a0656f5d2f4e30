# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What the checks share: the tracked files and C text without comments and strings."""

import functools
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@functools.cache
def tracked(*extensions):
    """Tracked files with one of the extensions (".c", ".py"; none: all), relative to the root."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [f for f in out.split("\0") if f and os.path.isfile(os.path.join(ROOT, f)) and
            (not extensions or f.endswith(extensions))]


@functools.cache
def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()


@functools.cache
def c_code(path):
    """C text with comments and the content of literals blanked; lines stay where they are."""
    def blank(match):
        token = match[0]
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", blank,
                  text(path), flags=re.S)


def line_of(content, position):
    return content.count("\n", 0, position) + 1


def matches(paths, pattern, message, content=text, flags=0):
    """One finding "path:line: message" for each match."""
    compiled = re.compile(pattern, flags)
    for path in paths:
        body = content(path)
        for match in compiled.finditer(body):
            found = message.format(match[0].strip())
            yield f"{path}:{line_of(body, match.start())}: {found}"
