# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""A run's JSON as text, for the terminal and for docs/performance.md: no figure is typed by hand."""

import json
import re

# What --render FILE --into DOCUMENT writes, and tests/dev/test_bench.py compares.
BLOCK = r"<!-- made of (\S+) -->\n(.*?)<!-- end -->"

COLUMNS = [
    ("scenario", "name"), ("flows", "flows"), ("graph", "graph_cycles"), ("p10", "graph_p10"),
    ("vhost-user", "io_cycles"), ("all", "io_all_cycles"), ("bare loop", "bare_loop_cycles"),
    ("all", "bare_loop_all_cycles"), ("ratio", "ratio_to_bare_loop"), ("Mpps", "mpps"), ("bare Mpps", "bare_loop_mpps")]
KERNEL = [("kernel", "name"), ("flows", "flows"), ("Mpps", "mpps"), ("cycles", "cycles"),
          ("vrouter carries, times", "vrouter_ratio")]


def cell(value):
    if value is None:
        return ""
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else str(value)


def markdown(columns, rows):
    lines = ["| " + " | ".join(title for title, _ in columns) + " |",
             "| --- |" + " ---: |" * (len(columns) - 1)]
    lines += ["| " + " | ".join(cell(r.get(key)) for _, key in columns) + " |" for r in rows]
    return "\n".join(lines)


def conditions(c):
    return (f"{c['date']}, {c['cpu']}, {c['cores']} cores, kernel {c['kernel']}, {c['pages']} pages, "
            f"commit {c['commit']}{' with changes' if c['changed'] else ''}; load "
            f"{' '.join(map(str, c['load_before']))} before and "
            f"{' '.join(map(str, c['load_after']))} after; {c['rounds']} rounds of {c['seconds']} s.")


def render(report):
    """The conditions and the tables of a run."""
    parts = [conditions(report["conditions"])]
    if report["scenarios"]:
        parts.append(markdown(COLUMNS, report["scenarios"]))
    setup = [r for r in report["scenarios"] if r.get("sessions_per_s")]
    parts += [f"New sessions per second, one worker: {cell(r['sessions_per_s'])}." for r in setup]
    if report.get("kernel"):
        parts.append(markdown(KERNEL, report["kernel"]))
    if report.get("events"):
        from events import COLUMNS as EVENTS  # pylint: disable=import-outside-toplevel
        parts.append(markdown(EVENTS, report["events"]))
    return "\n\n".join(parts) + "\n"


def into(document, path):
    """Writes the tables of the run into the block of the document that is made of it."""
    with open(path, encoding="utf-8") as f:
        text = render(json.load(f))
    with open(document, encoding="utf-8") as f:
        before = f.read()
    after, n = re.subn(BLOCK.replace(r"(\S+)", f"({re.escape(path)})"),
                       lambda m: f"<!-- made of {path} -->\n{text}<!-- end -->", before, flags=re.S)
    if n != 1:
        raise ValueError(f"{document} has {n} blocks that are made of {path}")
    with open(document, "w", encoding="utf-8") as f:
        f.write(after)
