# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What the rounds of a run say together: medians, and ratios of medians. Over vhost-user the median
of the calmest part of all rounds (wire.py)."""

import statistics

from distance import near


def median(rounds, key):
    """Of the rounds that have the figure; None when none has."""
    values = [r[key] for r in rounds if r.get(key) is not None]
    return statistics.median(values) if values else None


def least(rounds, key):
    values = [r[key] for r in rounds if r.get(key) is not None]
    return min(values) if values else None


def rounded(value, digits=1):
    return None if value is None else round(value, digits) if digits else round(value)


def ratio(of, to):
    return round(of / to, 2) if of and to else None


def scenario(name, n_flows, graph, ours, bare):
    """The row of a scenario from the figures of its rounds; each list may be empty."""
    ours, bare = near(ours, bare), near(bare, ours)
    io, loop = least(ours, "calm"), least(bare, "calm")
    row = {"name": name, "flows": n_flows,
           "graph_cycles": rounded(median(graph, "median")),
           "graph_p10": rounded(median(graph, "p10")),
           "graph_bare_cycles": rounded(median(graph, "bare_median")),
           "io_cycles": rounded(io), "io_all_cycles": rounded(median(ours, "median")),
           "bare_loop_cycles": rounded(loop),
           "bare_loop_all_cycles": rounded(median(bare, "median")),
           "ratio_to_bare_loop": ratio(loop, io),
           "mpps": rounded(median(ours, "mpps"), 3),
           "bare_loop_mpps": rounded(median(bare, "mpps"), 3),
           "loss": rounded(median(ours, "loss"), 4)}
    if name == "session-setup":
        row["sessions_per_s"] = median(ours, "sessions_per_s")
    return row


def kernel(forward, masquerade, masquerade_flows, rows):
    """The kernel's two rows; how much more one core of ours carries: forward-1 and snat-64k."""
    ours = {r["name"]: r["mpps"] for r in rows}
    return [{"name": name, "flows": masquerade_flows, "mpps": rounded(median(rounds, "mpps"), 3),
             "cycles": rounded(median(rounds, "median"), 0),
             "vrouter_ratio": ratio(ours.get(beside), median(rounds, "mpps"))}
            for name, rounds, beside in (("kernel-forward", forward, "forward-1"),
                                         ("kernel-masquerade", masquerade, "snat-64k"))
            if rounds]
