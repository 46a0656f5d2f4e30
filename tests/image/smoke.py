#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Boots the image in QEMU (no KVM needed) with two NICs on PCI, gives it a configuration that names
them by MAC address, sends traffic between two hosts through it, and presses the power button. Ends with
"N passed, N failed".

        inside 192.168.10.10, 192.168.20.10 | vpc1   guest   pub0 | outside 203.0.113.10
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

from frr import Frr  # noqa: E402
import netns  # noqa: E402
import traffic  # noqa: E402
from topology import Host, Lab  # noqa: E402
from wait import wait_until  # noqa: E402

IMAGE = os.path.join(ROOT, "build", "image")
BUILD_DEADLINE_S = 300.0
BOOT_DEADLINE_S = 400.0
OSPF_DEADLINE_S = 200.0
API_DEADLINE_S = 60.0
POWER_OFF_DEADLINE_S = 120.0
MONITOR_DEADLINE_S = 20.0
NICS = {"pub0": ("52:54:00:00:00:05", "0x5"), "vpc1": ("52:54:00:00:00:06", "0x6")}
API = "127.0.0.1:8443"  # in QEMU's namespace; the management NIC has an address by DHCP
CONFIG = {
    "version": 1,
    "hostname": "smoke",
    "interfaces": [
        {"name": "pub0", "role": "public", "mac": NICS["pub0"][0], "addresses": ["203.0.113.1/24"]},
        {"name": "vpc1", "role": "private", "mac": NICS["vpc1"][0],
         "addresses": ["192.168.10.1/24", "192.168.20.1/24"]},
    ],
    "snat": [{"name": "out", "source": "192.168.10.0/24", "interface": "pub0"}],
    "ospf": {"router_id": "203.0.113.1", "hello_interval_s": 2, "dead_interval_s": 20, "areas": [
        {"id": 0, "interfaces": ["pub0"]}]},
}


class Guest:
    """QEMU in a namespace of its own, where its TAPs are made; its console is in the log."""

    def __init__(self, lab):
        self.lab = lab
        self.netns = lab.namespace("qemu")
        self.monitor = os.path.join(lab.directory, "monitor")
        config = os.path.join(lab.directory, "config.json")
        with open(config, "w", encoding="ascii") as f:
            json.dump(CONFIG, f)
        self.process = lab.spawn("qemu", self._command(config), self.netns)

    def _command(self, config):
        command = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot",
                   "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", 2,
                   "-m", 1280, "-serial", "stdio",
                   "-monitor", f"unix:{self.monitor},server=on,wait=off",
                   "-kernel", f"{IMAGE}/vmlinuz", "-initrd", f"{IMAGE}/initrd", "-append",
                   "root=/dev/vda rw console=ttyS0 quiet loglevel=3 systemd.show_status=0 "
                   "fsck.mode=skip mitigations=off no_timer_check "
                   "systemd.journald.forward_to_console=1",
                   "-drive", "if=none,id=disk,format=raw,snapshot=on,cache=unsafe,"
                   f"file={IMAGE}/root.ext4",
                   "-device", "virtio-blk-pci,drive=disk,addr=0x3",
                   "-fw_cfg", f"name=opt/vrouter/config,file={config}"]
        command += ["-netdev", f"user,id=management,hostfwd=tcp:{API}-:443",
                    "-device", "virtio-net-pci,netdev=management,addr=0x7"]
        for name, (mac, slot) in NICS.items():
            self.lab_ip("tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr")
            command += ["-netdev", f"tap,id={name},ifname={name},script=no,downscript=no",
                        "-device", f"virtio-net-pci,netdev={name},mac={mac},addr={slot}"]
        return command

    def lab_ip(self, *argv):
        return netns.run(["ip", "-n", self.netns, *argv], check=True).stdout

    def lab_run(self, *argv):
        return netns.run(argv, self.netns, timeout=60, check=False)

    def plug(self, name, host):
        """The other end of a NIC becomes the host's eth0; QEMU keeps it once it has opened it."""
        self.lab_ip("link", "set", "dev", name, "up")
        wait_until(lambda: "LOWER_UP" in self.lab_ip("link", "show", "dev", name), 20.0,
                   f"QEMU opens {name}")
        self.lab_ip("link", "set", "dev", name, "name", "eth0", "netns", host.netns)

    def console(self):
        return self.process.output()

    def wait_for(self, text, deadline_s):
        def seen():
            if not self.process.alive():
                raise RuntimeError("QEMU ended")
            return text in self.console()
        wait_until(seen, deadline_s, f"the console says {text!r}")

    def press_power_button(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(MONITOR_DEADLINE_S)
            s.connect(self.monitor)
            for command in (b"", b"system_powerdown\n"):  # QEMU forgets it when we hang up early
                s.sendall(command)
                answer = b""
                while not answer.endswith(b"(qemu) "):
                    answer += s.recv(4096)


class Checks:
    def __init__(self):
        self.passed = self.failed = 0
        self.start = time.monotonic()

    def __call__(self, name, ok, detail=""):
        self.passed += bool(ok)
        self.failed += not ok
        print(f"{time.monotonic() - self.start:6.1f} s  {'ok  ' if ok else 'FAIL'}  {name}"
              + ("" if ok else f": {detail}"), flush=True)


def check_traffic(check, inside, outside):
    web = traffic.WebServer(outside)
    wait_until(lambda: traffic.ping(inside, "192.168.10.1", 1).ok, 20.0, "the router answers")
    for what, destination, options in (
            ("ping the router", "203.0.113.1", ()),
            ("ping through it, translated", outside.address, ()),
            ("ping through it, routed", outside.address, ("-I", "192.168.20.10")),
            ("ping with fragments, routed", outside.address,
             ("-s", 4000, "-I", "192.168.20.10"))):
        ping = traffic.ping(inside, destination, 3, *options)
        check(what, ping.ok, ping.text)
    answer = traffic.fetch(inside, outside.address)
    check("HTTP through SNAT", answer.ok and answer.body == "outside", answer.error)
    seen = traffic.seen_client(web, answer) if answer.ok else None
    check("the server sees the router's address", seen == "203.0.113.1", seen)
    inside.ip("address", "del", "192.168.10.10/24", "dev", "eth0")
    inside.ip("route", "replace", "default", "via", "192.168.20.1")
    answer = traffic.fetch(inside, outside.address)
    check("HTTP, routed", answer.ok and answer.body == "outside", answer.error)
    seen = traffic.seen_client(web, answer) if answer.ok else None
    check("the server sees the host's own address", seen == "192.168.20.10", seen)


def check_api(check, guest):
    """From outside, with what the console told at the first boot."""
    pin, token = (re.search(rf"vrouter-access: {what} (\S+)", guest.console())[1]
                  for what in ("key", "token"))

    def get(*argv):
        return guest.lab_run("curl", "-sSk", "-m", 20, *argv, f"https://{API}/v1/config")
    known = ("--pinnedpubkey", pin)
    bearer = ("-H", f"Authorization: Bearer {token}")
    wait_until(lambda: get(*known).returncode == 0, API_DEADLINE_S, "the API answers")
    answer = get(*known, *bearer)
    check("the API over TLS, by key and token", '"smoke"' in answer.stdout, answer.stderr)
    answer = get(*known)
    check("the API knows nobody without a token", '"status": 401' in answer.stdout, answer.stdout)
    answer = get("--pinnedpubkey", "sha256//" + "A" * 43 + "=", *bearer)
    check("another key is not taken for the router's", answer.returncode == 90, answer.stderr)


def check_ospf(check, lab, outside):
    """zebra and ospfd of the image, among the mirrors: a router outside becomes their neighbour."""
    frr = Frr(lab, "outside", outside.netns).start()
    frr.ospf(outside.address, {"eth0": 0}, hello=2, dead=20)
    wait_until(lambda: frr.neighbours().get("203.0.113.1") == "Full", OSPF_DEADLINE_S,
               "the guest is a full neighbour")
    check("an OSPF adjacency", True)


def check_power_button(check, guest):
    """The guest shuts itself down, as a host that stops its virtual machines wants it to."""
    guest.press_power_button()
    wait_until(lambda: not guest.process.alive(), POWER_OFF_DEADLINE_S, "QEMU ends by itself")
    check("the power button ends the guest", guest.process.popen.returncode == 0,
          f"status {guest.process.popen.returncode}")
    for service in ("vrouter-dataplane", "vrouter-control"):
        check(f"{service} stopped cleanly",
              f"{service}.service: Deactivated successfully" in guest.console() and
              f"{service}.service: Failed" not in guest.console())


def run(check, lab):
    build()
    check("build the image", True)
    outside = Host(lab, "outside", "203.0.113.10/24", None)
    inside = Host(lab, "inside", "192.168.10.10/24", "192.168.10.1")
    guest = Guest(lab)
    guest.plug("pub0", outside)
    guest.plug("vpc1", inside)
    for host in (outside, inside):
        host.attach()
    inside.ip("address", "add", "192.168.20.10/24", "dev", "eth0")
    outside.ip("route", "add", "192.168.20.0/24", "via", "203.0.113.1")
    guest.wait_for("vrouter-bootstrap: applied", BOOT_DEADLINE_S)
    check("boot, configuration by MAC addresses applied", True)
    check("the devices are in use", guest.console().count("uio_pci_generic") >= 2, guest.console())
    check_api(check, guest)
    check_traffic(check, inside, outside)
    check_ospf(check, lab, outside)
    check_power_button(check, guest)


def build():
    """The image of the programs in VROUTER_BUILD; Debian's part of it is kept from run to run."""
    programs = os.environ.get("VROUTER_BUILD", os.path.join(ROOT, "build"))
    subprocess.run([os.path.join(ROOT, "image", "build.sh"), programs, IMAGE],
                   stdin=subprocess.DEVNULL, timeout=BUILD_DEADLINE_S, check=True)


def main():
    check = Checks()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the lab is removed
    with Lab(os.environ.get("VROUTER_LAB", "vrimg")) as lab:
        try:
            run(check, lab)
        except Exception as e:  # whatever it was, the console tells more
            check("the rest", False, f"{type(e).__name__}: {e}")
        if check.failed:
            print(lab.logs())
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
