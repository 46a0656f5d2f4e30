# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""How far apart the two cores are (core_distance.c). On a virtual machine that changes every few
seconds, and a figure over vhost-user means something only with its distance beside it."""

import os
import subprocess
import threading
import time

FAR = 1.5  # times the least distance that was seen
WAIT_S = 6
PAUSE_S = 0.2


class Distance:
    def __init__(self, build):
        self.program = os.path.join(build, "tests/perf/core-distance")
        self.least = None

    def read(self):
        """Cycles to the other core and back, now."""
        done = subprocess.run([self.program, "0", "1"], capture_output=True, text=True, timeout=60,
                              check=True)
        now = int(done.stdout)
        self.least = min(now, self.least or now)
        return now

    def is_near(self, cycles):
        return cycles <= FAR * self.least

    def wait_near(self):
        """Waits a while for the cores to be near each other, if they ever were; the distance."""
        end = time.monotonic() + WAIT_S
        while not self.is_near(now := self.read()) and time.monotonic() < end:
            threading.Event().wait(PAUSE_S)
        return now

    def beside(self, measure):
        """What measure() made, with the larger one of the distances before and after it."""
        before = self.wait_near()
        made = measure()
        return {**made, "distance": max(before, self.read())}


def near(figures, beside):
    """Those that were measured while the cores were as near as for any of both lists; all of them
    when none was."""
    known = [f["distance"] for f in [*figures, *beside] if "distance" in f]
    return [f for f in figures if "distance" in f and f["distance"] <= FAR * min(known)] or figures
