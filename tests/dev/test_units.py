# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The units of the daemons take what they do not need: what docs/security.md says of all of them, and
systemd's own judgement."""

import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = os.path.join(ROOT, "configs", "systemd")
DAEMONS = ["vrouter-control", "vrouter-dataplane", "vrouter-zebra", "vrouter-ospfd"]
EXPOSURE = 4.3  # of 10, by systemd-analyze; SYS_ADMIN, for namespaces, is the most of it
EVERYWHERE = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "ProtectControlGroups": "yes", "ProtectKernelModules": "yes", "ProtectKernelLogs": "yes",
    "ProtectClock": "yes", "ProtectHostname": "yes", "RestrictNamespaces": "net",
    "RestrictSUIDSGID": "yes", "RestrictRealtime": "yes", "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes", "SystemCallArchitectures": "native", "UMask": "0027",
}


def path(unit):
    return os.path.join(UNITS, f"{unit}.service")


def settings(unit):
    """{setting: [value, ...]} of a unit."""
    found = {}
    with open(path(unit), encoding="ascii") as f:
        for line in f:
            name, is_setting, value = line.strip().partition("=")
            if is_setting and not line.startswith("#"):
                found.setdefault(name, []).append(value)
    return found


def analyze(*argv):
    return subprocess.run(["systemd-analyze", *argv], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("unit", DAEMONS)
def test_what_no_daemon_may(unit):
    found = settings(unit)
    assert {name: found.get(name) for name in EVERYWHERE} == {
        name: [value] for name, value in EVERYWHERE.items()}
    assert found["PrivateDevices"] == ["yes"] if "PrivateDevices" in found else \
        found["DevicePolicy"] == ["closed"]
    for name in ("CapabilityBoundingSet", "RestrictAddressFamilies", "SystemCallFilter"):
        assert len(found[name]) == 1 and not found[name][0].startswith("~"), name


@pytest.mark.parametrize("unit", DAEMONS)
def test_what_systemd_says(unit):
    said = analyze("security", "--offline=true", path(unit))
    exposure = re.search(r"Overall exposure level .*: ([\d.]+)", said.stdout)
    assert exposure, said.stdout + said.stderr
    assert float(exposure[1]) <= EXPOSURE
    assert not said.stderr, said.stderr  # a value that systemd does not know


def test_the_capabilities_are_those_of_the_document():
    with open(os.path.join(ROOT, "docs", "security.md"), encoding="utf-8") as f:
        rows = [[c.strip() for c in line.split("|")[1:3]] for line in f if line.startswith("|")]
    told = {}
    for daemon, capabilities in rows:
        last = daemon or last
        told.setdefault(last, set()).update(re.findall(r"[A-Z_]{4,}", capabilities))
    for unit in DAEMONS:
        given = {c.removeprefix("CAP_") for c in settings(unit)["CapabilityBoundingSet"][0].split()}
        assert told[unit if unit in told else "zebra, ospfd"] == given, unit
