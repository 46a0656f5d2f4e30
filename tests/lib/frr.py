# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""FRR's daemons for real, a zebra and an ospfd per namespace: beside the router's mirrors, or as
routers that are its neighbours. Each pair has a run directory of its own, mounted where the daemons
expect it: ospfd keeps the state of a graceful restart at a place that no option names."""

import json
import os
import shutil
import socket

import netns
from wait import wait_until

DAEMONS = "/usr/lib/frr"
RUN = "/run/frr"
# As in the image (image/files/etc/frr/vrouter-zebra.conf says why).
ZEBRA = "no zebra nexthop kernel enable\n"
FAST = """ timers throttle spf 0 50 500
 timers throttle lsa all 0
 timers lsa min-arrival 0
 capability opaque
 graceful-restart helper enable
"""


def listens(path):
    """Whether the vty socket takes connections: its file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        return True


class Frr:
    """zebra and ospfd in a namespace. `directory` has their vty sockets."""

    def __init__(self, lab, name, namespace):
        self.lab = lab
        self.name = name
        self.netns = namespace
        self.directory = os.path.join(lab.directory, f"frr-{name}")
        os.makedirs(self.directory, exist_ok=True)
        shutil.chown(self.directory, "frr", "frr")
        os.makedirs(RUN, exist_ok=True)
        self.zebra = self.ospfd = None

    def _start(self, daemon, *options):
        config = os.path.join(self.directory, f"{daemon}.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write(ZEBRA if daemon == "zebra" else "")
            shutil.chown(config, "frr", "frr")
        vty = os.path.join(self.directory, f"{daemon}.vty")
        if os.path.exists(vty):
            os.unlink(vty)
        # `ip netns exec` gives the process a mount namespace of its own.
        process = self.lab.spawn(f"{self.name}-{daemon}", [
            "/bin/sh", "-c", f"mount --bind \"$1\" {RUN} && shift && exec \"$@\"", "frr",
            self.directory, f"{DAEMONS}/{daemon}", "-f", f"{RUN}/{daemon}.conf",
            "-P", 0, "--log", "stdout", *options], self.netns)
        wait_until(lambda: listens(vty), what=f"{self.name} runs {daemon}")
        return process

    def start_zebra(self, *options):
        self.zebra = self._start("zebra", *(options or ("-K", 60, "-r")))

    def start_ospfd(self):
        self.ospfd = self._start("ospfd")

    def start(self):
        self.start_zebra()
        self.start_ospfd()
        return self

    def vtysh(self, *commands, check=True, daemon=None):
        argv = ["vtysh", "--vty_socket", self.directory]
        argv += ["-d", daemon] if daemon else []
        for command in commands:
            argv += ["-c", command]
        return netns.run(argv, check=check).stdout

    def show(self, command):
        return json.loads(self.vtysh(f"show {command} json", daemon="ospfd"))

    def configure(self, text):
        """Enters lines; raises when FRR refuses one."""
        path = os.path.join(self.directory, "enter.conf")
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        netns.run(["vtysh", "--vty_socket", self.directory, "-d", "ospfd", "-f", path])

    def ospf(self, router_id, interfaces, areas="", hello=1, dead=4):
        """Runs OSPF on {interface: area or (area, more lines)}."""
        text = f"router ospf\n ospf router-id {router_id}\n{FAST}{areas}exit\n"
        for name, area in interfaces.items():
            area, more = area if isinstance(area, tuple) else (area, "")
            text += (f"interface {name}\n ip ospf hello-interval {hello}\n"
                     f" ip ospf dead-interval {dead}\n{more} ip ospf area {area}\nexit\n")
        self.configure(text)

    def lines(self, context):
        """The lines of a context of ospfd's running configuration."""
        text = self.vtysh("show running-config ospfd no-header", daemon="ospfd")
        lines = iter(text.splitlines())
        found = []
        for line in lines:
            if line == context:
                for inner in lines:
                    if not inner.startswith(" "):
                        break
                    found.append(inner.strip())
        return found

    def neighbours(self):
        """{router id: state}, the state without the role: "Full"."""
        found = self.show("ip ospf neighbor")
        found = found.get("neighbors", found)
        return {key: value[0].get("nbrState", value[0].get("state", "")).partition("/")[0]
                for key, value in found.items() if isinstance(value, list)}

    def full(self, router_id):
        return self.neighbours().get(router_id) == "Full"
