# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Waiting for a condition with a deadline: the only place of the tests that polls, so that none of
them sleeps for a guessed time."""

import select
import time

POLL_S = 0.02
DEADLINE_S = 30.0  # for what takes no time on an idle machine: a busy one is no failure


class Timeout(AssertionError):
    """A condition did not become true before its deadline."""


def wait_until(condition, deadline_s=DEADLINE_S, what=None):
    """Polls condition() until it is true and returns its value. An OSError or a LookupError counts
    as "not yet": the thing that is asked for may not exist so far."""
    end = time.monotonic() + deadline_s
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except (OSError, LookupError) as e:
            last = e
        if time.monotonic() >= end:
            name = what or getattr(condition, "__name__", "condition")
            raise Timeout(f"not within {deadline_s} s: {name} (last: {last!r})")
        select.select([], [], [], POLL_S)
