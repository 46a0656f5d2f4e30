# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""A router and hosts on one machine: the real processes, and network namespaces as hosts, each with
the netdev of one of the router's TAP ports. The system tests and the demonstration build on it.
Everything carries the lab's prefix, and only what carries it is ever removed."""

import contextlib
import fcntl
import glob
import json
import os
import shutil
import signal
import socket

from api import Api
import netns
from processes import Process, Readiness, end_left_over
from wait import DEADLINE_S, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUN_DIRECTORY = "/run/vrouter-lab"
START_DEADLINE_S = 60.0  # sanitizer builds start slowly
PYTHON = "/usr/bin/python3"
SO_RCVBUFFORCE, RECEIVE_BYTES = 33, 4 << 20  # the default has room for 300 small datagrams
SANITIZER = {"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}  # a finding is the end


class InUse(RuntimeError):
    """Another run uses the lab's prefix now."""


class Lab:
    """What one run makes: a run directory, namespaces and processes. `keep` leaves all of it."""

    def __init__(self, prefix, keep=False):
        self.prefix = prefix
        self.keep = keep
        self.directory = os.path.join(RUN_DIRECTORY, prefix)
        self.processes = []
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        self._lock()
        self.clean()

    def _lock(self):
        self.lock = open(f"{self.directory}.lock", "w", encoding="ascii")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise InUse(f"another run uses the name {self.prefix} now "
                        f"({self.directory}.lock is locked)") from e

    def clean(self):
        """Ends and removes what an earlier run with this prefix left."""
        for pid_file in glob.glob(os.path.join(self.directory, "*.pid")):
            end_left_over(pid_file)
        for name in netns.names():
            if name.startswith(f"{self.prefix}-"):
                netns.remove(name)
        shutil.rmtree(self.directory)
        os.makedirs(self.directory, mode=0o700)

    def namespace(self, name, ipv6=True):
        """Makes the namespace <prefix>-<name> and returns its full name."""
        full = f"{self.prefix}-{name}"
        netns.create(full, ipv6)
        return full

    def spawn(self, name, argv, netns=None, env=None):
        process = Process(self.directory, name, argv, netns, env)
        self.processes.append(process)
        return process

    def logs(self, lines=60):
        return "\n".join(f"--- {p.name} (pid {p.pid})\n{p.tail(lines)}" for p in self.processes)

    def close(self):
        if not self.keep:
            for process in reversed(self.processes):
                if process.alive():
                    with contextlib.suppress(RuntimeError):
                        process.stop()
            self.clean()
            shutil.rmtree(self.directory)
        self.lock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Host:
    """A namespace with one netdev, eth0: the other end of a TAP port of the router. The netdev
    appears when the router applies a configuration that has `port`; then attach() sets it up."""

    def __init__(self, lab, name, address, gateway):
        self.lab = lab
        self.name = name
        self.interface_address = address
        self.address = address.partition("/")[0]
        self.gateway = gateway
        self.netns = lab.namespace(name, ipv6=False)  # its chatter would be counted
        self.port = {"driver": "tap", "address": f"eth0@{self.netns}"}

    def attach(self, deadline_s=DEADLINE_S):
        wait_until(lambda: os.path.exists(f"/run/netns/{self.netns}") and self.ip(
            "link", "show", "dev", "eth0", check=False).returncode == 0, deadline_s,
            f"the router makes eth0 in {self.netns}")
        self.ip("address", "replace", self.interface_address, "dev", "eth0")
        self.ip("link", "set", "dev", "eth0", "up")
        if self.gateway:
            self.ip("route", "replace", "default", "via", self.gateway)

    def ip(self, *argv, check=True):
        return netns.run(["ip", "-n", self.netns, *argv], check=check)

    def run(self, *argv, timeout=20, check=False):
        """Runs a command on the host; the caller looks at the CompletedProcess."""
        return netns.run(argv, self.netns, timeout, check)

    def serve(self, name, *argv, tcp=None, udp=None):
        """Starts a server on the host and waits until it listens on its TCP or UDP port."""
        process = self.lab.spawn(f"{self.name}-{name}", argv, self.netns)
        flags, port = ("-Hltn", tcp) if tcp else ("-Hlun", udp)
        wait_until(lambda: self.run("ss", flags, f"sport = :{port}").stdout.strip(),
                   what=f"{name} listens on port {port} of {self.name}")
        return process

    def socket(self, kind=socket.SOCK_STREAM, port=None, timeout_s=DEADLINE_S):
        """An IPv4 socket of the host, for the caller's own thread; bound when `port` is given."""
        with netns.entered(self.netns):
            made = socket.socket(socket.AF_INET, kind)
        made.settimeout(timeout_s)
        if kind == socket.SOCK_DGRAM:
            made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
        if port is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(("0.0.0.0", port))
        return made

    def neighbour(self, address):
        """The MAC address that the host has for an on-link address; it asks when it has none."""
        def resolved():
            show = self.ip("neighbour", "show", address).stdout
            return show.split("lladdr ")[1].split()[0] if "lladdr " in show else None
        if not resolved():
            self.run("ping", "-c", 1, "-W", 2, address)
        return wait_until(resolved, what=f"{self.name} resolves {address}")

    def mac(self):
        return self.run("cat", "/sys/class/net/eth0/address", check=True).stdout.strip()


class Router:
    """vrouter-dataplane and vrouter-control, started for real in a namespace of their own."""

    def __init__(self, lab, build=None, cores="0", memory=1024, hugepages=False, options=()):
        self.lab = lab
        self.build = os.path.abspath(build or os.environ.get("VROUTER_BUILD",
                                                             os.path.join(ROOT, "build")))
        self.cores = cores
        self.memory = memory
        self.hugepages = hugepages
        self.options = list(options)
        self.management = lab.namespace("mgmt")
        self.mirrors = lab.namespace("vr")
        self.state_directory = os.path.join(lab.directory, "state")
        self.dataplane_socket = os.path.join(lab.directory, "dataplane.sock")
        self.api_socket = os.path.join(lab.directory, "api.sock")
        self.api = Api(self.api_socket)
        self.frr_directory = os.path.join(lab.directory, "frr-vr")
        self.dataplane = None
        self.control = None
        self.control_options = []
        os.makedirs(self.state_directory, mode=0o700, exist_ok=True)

    def _program(self, *candidates):
        for path in candidates:
            full = os.path.join(self.build, path)
            if os.path.isfile(full) and os.access(full, os.X_OK):
                return full
        raise FileNotFoundError(f"{candidates[0]} is not in {self.build}: run `./dev build`")

    def _start(self, name, argv):
        ready = Readiness(self.lab.directory, name)
        try:
            process = self.lab.spawn(name, argv, self.management, {**SANITIZER, **ready.env})
            ready.wait(process, START_DEADLINE_S)
            return process
        finally:
            ready.close()

    def dataplane_program(self):
        return self._program("dataplane/vrouter-dataplane")

    def control_program(self):
        return self._program("control/vrouter-control")

    def start_dataplane(self):
        argv = [self.dataplane_program(), "--cores", self.cores, "--memory",
                self.memory, "--netns", self.mirrors, "--socket", self.dataplane_socket,
                "--file-prefix", self.lab.prefix, *self.options]
        self.dataplane = self._start("dataplane", argv + ([] if self.hugepages else ["--no-huge"]))

    def start_control(self):
        self.control = self._start("control", [
            self.control_program(), "--state-dir", self.state_directory, "--dataplane-socket",
            self.dataplane_socket, "--api-socket", self.api_socket, "--netns", self.mirrors,
            "--frr-socket-dir", self.frr_directory, *self.control_options])

    def start(self):
        self.start_dataplane()
        self.start_control()
        return self

    def kill_control(self):
        """kill -9, as a crash would."""
        self.control.stop(signal.SIGKILL)

    def stop(self):
        """Ends both in order; an exit status other than 0 is an error."""
        for process in (self.control, self.dataplane):
            if process and process.alive():
                status = process.stop()
                if status != 0:
                    raise RuntimeError(f"{process.name} ended with status {status}:\n"
                                       f"{process.tail()}")

    def put(self, config):
        return self.api.put(config)

    def get(self, path):
        return self.api.get(path)

    def walks(self):
        return [w["walks"] for w in self.api.get("state/dataplane")["workers"]]

    def wait_published(self):
        """Waits until each worker has published its counters once more: it does so about every
        millisecond, or when it has the CPU again. What it did before is counted then."""
        before = self.walks()
        wait_until(lambda: all(now > was for now, was in zip(self.walks(), before)),
                   what="the workers publish their counters")

    def kernel_addresses(self):
        """What is configured in the namespace of the mirrors: "pub0 203.0.113.1/24" ..."""
        shown = json.loads(netns.run(["ip", "-n", self.mirrors, "-j", "-4", "address"]).stdout)
        return sorted(f"{link['ifname']} {a['local']}/{a['prefixlen']}" for link in shown
                      for a in link["addr_info"])

    def kernel_routes(self):
        """The routes in the namespace of the mirrors, as `ip route` prints them."""
        return sorted(netns.run(["ip", "-n", self.mirrors, "-4", "route"]).stdout.splitlines())

    def route_interfaces(self, prefix):
        """The interfaces by which the data plane sends to a prefix; empty: it has no such route."""
        return {r["interface"] for r in self.api.items("state/routes") if r["prefix"] == prefix}

    def wait_routes(self, config):
        """Waits for the routes of an applied configuration, its links being up: the data plane hears
        of them by the kernel, some time after the commit."""
        wanted = {r["destination"] for r in config.get("routes", [])}
        if any(i["role"] == "public" and "gateway" in i for i in config["interfaces"]):
            wanted.add("0.0.0.0/0")
        wait_until(lambda: wanted <= {r["prefix"] for r in self.api.items("state/routes")},
                   what=f"the data plane has the routes {wanted}")

    def links_up(self):
        """A host's netdev is the router's link, and a mirror's carrier follows that."""
        return (all(i["link_up"] for i in self.api.items("state/interfaces")) and
                not any("linkdown" in r for r in self.kernel_routes()))

    def vrctl_program(self):
        return self._program("control/vrctl", "control/vrctl/vrctl")

    def vrctl(self, *argv, check=True, timeout=20):
        argv = [self.vrctl_program(), "--socket", self.api_socket, *argv]
        return netns.run(argv, timeout=timeout, check=check)
