# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The conditions of a run: what its figures mean little without."""

import datetime
import os
import platform
import subprocess


def cpu():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def git(root, *argv):
    done = subprocess.run(["git", "-C", root, *argv], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def load():
    return [round(n, 2) for n in os.getloadavg()[:2]]


def read(root, rounds, seconds):
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "cpu": cpu(), "cores": os.cpu_count(), "kernel": platform.release(),
            "commit": git(root, "rev-parse", "--short=12", "HEAD"),
            "changed": bool(git(root, "status", "--porcelain", "--untracked-files=no")),
            "pages": "2 MiB", "ports": "vhost-user", "workers": 1, "rounds": rounds,
            "seconds": seconds, "load_before": load()}
