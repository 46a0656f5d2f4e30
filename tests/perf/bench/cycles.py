# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Histograms of cycles per packet, as dataplane/stats/cycles.h has them: lists of the least number
of a bucket and its samples."""

LINEAR_BITS = 5


def width(floor):
    return 1 << max(0, floor.bit_length() - LINEAR_BITS - 1)


def difference(before, after):
    """The samples between two readings."""
    gone = dict(map(tuple, before))
    made = [(floor, n - gone.get(floor, 0)) for floor, n in after]
    if any(n < 0 for _, n in made):
        raise ValueError("the second reading has fewer samples than the first one")
    return [(floor, n) for floor, n in made if n]


def samples(counts):
    return sum(n for _, n in counts)


def quantile(counts, share):
    """As if the samples of a bucket were evenly spread in it; None without samples."""
    left = share * samples(counts)
    for floor, n in sorted(counts):
        if n >= left:
            return floor + left / n * width(floor)
        left -= n
    return None
