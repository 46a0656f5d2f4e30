# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""docs/operator-guide.md tells the truth: every command of its `console` blocks is run in order on one
router, with the documents of configs/examples/, and prints what the guide shows."""

import json
import os
import re
import shutil
import stat
import time

import pytest

import example
import netns
import traffic
from frr import Frr
from topology import ROOT
from vpc import EIP, H1, INET, LINKS, VIP
from wait import wait_until

with open(os.path.join(ROOT, "docs", "operator-guide.md"), encoding="utf-8") as f:
    GUIDE = f.read()
SETTLED_S = 60  # counters, next hops and adjacencies follow what was applied
LOG = "/var/log/vrouter-nat.log"
CHANGES = re.compile(r"vrctl (commit|confirm|rollback|config p)|-X DELETE")
# What hosts do after a document was applied, so that there is something to see.
TRAFFIC = {
    "snat": lambda site: traffic.ping(site.h1, INET, 1),
    "eip": lambda site: traffic.ping(site.inet, EIP, 1),
    "port-forwards": lambda site: traffic.fetch(site.inet, VIP, 2222),
    "nat-log": lambda site: traffic.ping(site.h1, INET, 1),
}


def blocks():
    """[(title, [(command, [shown line, ...]), ...])]"""
    found = []
    for section in re.split(r"^## ", GUIDE, flags=re.M):
        for block in re.findall(r"^```console\n(.*?)^```", section, re.M | re.S):
            steps = []
            for line in block.splitlines():
                # "# HELP" and "# TYPE" begin lines of the metrics.
                if line.startswith("# ") and not line.startswith(("# HELP", "# TYPE")):
                    steps.append((line[2:], []))
                else:
                    steps[-1][1].append(line)
            found.append((section.splitlines()[0], steps))
    return found


def matches(shown, printed):
    """Whether the lines are those shown: `*` is any text, `...` any lines, white space is one space."""
    pattern = "".join(r"(.*\n)*" if line == "..." else
                      ".*".join(map(re.escape, " ".join(line.split()).split("*"))) + r"\n"
                      for line in shown)
    text = "".join(" ".join(line.split()) + "\n" for line in printed.splitlines() if line.strip())
    return re.fullmatch(pattern, text) is not None


class Shell:
    """Runs the commands of the guide where the documents are, against the router of the test."""

    def __init__(self, site):
        self.site = site
        self.directory = os.path.join(site.lab.directory, "guide")
        os.makedirs(self.directory)
        ports = {name: site.hosts[host].port for name, _, _, host, _, _ in LINKS}
        for name in example.names():
            self._save(name, ports)
        self._install_vrctl()

    def _path(self, name):
        return os.path.join(self.directory, name)

    def real(self, text):
        """The guide's paths, in the lab."""
        return (text.replace("/run/vrouter/api.sock", self.site.router.api_socket)
                .replace("/var/lib/vrouter", self.site.router.state_directory)
                .replace(LOG, self._path("nat.log")))

    def _save(self, name, ports):
        document = example.read(name)
        for interface in document["interfaces"]:
            if interface.pop("mac", None) and interface["name"] in ports:
                interface["port"] = ports[interface["name"]]
        with open(self._path(f"{name}.json"), "w", encoding="ascii") as f:
            f.write(self.real(json.dumps(document, indent="\t")))

    def _install_vrctl(self):
        os.makedirs(self._path("bin"))
        path = self._path("bin/vrctl")
        with open(path, "w", encoding="ascii") as f:
            f.write(f'#!/bin/sh\nexec {self.site.router.vrctl_program()} --socket '
                    f'{self.site.router.api_socket} "$@"\n')
        os.chmod(path, stat.S_IRWXU)

    def run(self, command):
        script = f"cd {self.directory} && PATH={self.directory}/bin:$PATH && {self.real(command)} 2>&1"
        return netns.run(["bash", "-o", "pipefail", "-c", script], check=False)

    def step(self, command, shown):
        refused = any(line.startswith("vrctl: ") for line in shown)
        done = self.run(command)
        end = time.monotonic() + SETTLED_S
        while (not matches(shown, done.stdout) and not CHANGES.search(command)
               and time.monotonic() < end):
            done = self.run(command)
        assert (done.returncode != 0) == refused, done.stdout
        assert matches(shown, done.stdout), f"# {command}\n{done.stdout}"
        self._applied(command)

    def _applied(self, command):
        """Hosts whose link appeared get their addresses; then there is traffic."""
        document = re.search(r"vrctl commit (?:confirm \d+ )?([\w-]+)\.json", command)
        if not document:
            return
        present = {i["name"] for i in self.site.api.items("state/interfaces")}
        for name, _, _, host, _, _ in LINKS:
            if name in present:
                self.site.hosts[host].attach()
        wait_until(self.site.router.links_up, what="every link and its mirror is up")
        TRAFFIC.get(document[1], lambda _: None)(self.site)


@pytest.fixture(scope="module")
def shell(site):
    Frr(site.lab, "vr", site.router.mirrors).start()
    return Shell(site)


@pytest.mark.parametrize("steps", [pytest.param(steps, id=f"{i}-{title}")
                                   for i, (title, steps) in enumerate(blocks())])
def test_commands(shell, steps):
    for command, shown in steps:
        shell.step(command, shown)


def test_a_backup_is_a_configuration(site, shell):
    """The guide's backup, in an empty directory of states: the router has its document again."""
    before = site.api.get("config")
    site.router.control.stop()
    shutil.rmtree(site.router.state_directory)
    os.mkdir(site.router.state_directory, mode=0o700)
    restored = shell.run("tar -C /var/lib/vrouter -xf backup.tar")
    assert restored.returncode == 0, restored.stdout
    site.router.start_control()
    wait_until(lambda: site.api.get("config") == before, what="the document is there again")
    wait_until(lambda: site.api.get("state")["status"] == "ok")
    assert traffic.ping(site.h1, INET).ok and H1 in str(site.sessions())


def test_every_example_is_in_the_guide():
    linked = set(re.findall(r"\(\.\./configs/examples/([\w-]+)\.json\)", GUIDE))
    assert linked == set(example.names())
