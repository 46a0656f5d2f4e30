# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""vrouter-pktgen beside a router: its ports are the peers of the router's ports."""

import json
import os
import subprocess

TIMEOUT_S = 180.0  # of a run that is bounded itself


class Pktgen:
    """`ports` maps names to what --port says of them; `huge`: on huge pages."""

    def __init__(self, router, ports, core=0, huge=False):
        self.program = os.path.join(router.build, "tests/perf/pktgen/vrouter-pktgen")
        self.arguments = [] if huge else ["--no-huge"]
        self.arguments += ["--file-prefix", f"{router.lab.prefix}-pg", "--core", core, "--json", "-"]
        for name, text in ports.items():
            self.arguments += ["--port", f"{name},{text}"]

    def argv(self, *arguments):
        return [self.program, *map(str, [*self.arguments, *arguments])]

    def start(self, *arguments):
        """The CompletedProcess, whatever its status."""
        return subprocess.run(self.argv(*arguments), capture_output=True, text=True,
                              timeout=TIMEOUT_S, check=False)

    @staticmethod
    def report(done):
        return json.loads(done.stdout)

    def run(self, *arguments):
        """The report of a run without an error."""
        done = self.start(*arguments)
        assert done.returncode == 0, done.stderr
        return self.report(done)
