# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Real programs as traffic: ping, curl against python's HTTP server, traceroute, iperf3. Each
function returns what was seen and judges nothing."""

import dataclasses
import itertools
import json
import os
import re

from topology import PYTHON
from wait import DEADLINE_S, wait_until

WEB_SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "webserver.py")

_request = itertools.count(1)


@dataclasses.dataclass
class Ping:
    sent: int
    received: int
    text: str

    @property
    def ok(self):
        return self.sent > 0 and self.sent == self.received


def ping(host, destination, count=3, *options, timeout_s=10):
    """Echo requests, at once. Options are ping's: "-s", 8900, "-M", "do", "-t", 1.
    ping(8) waits for the last answers -W when it has none so far, else -i (or two round trips)."""
    done = host.run("ping", "-n", "-c", count, "-l", count, "-i", timeout_s, "-W", timeout_s,
                    *options, destination, timeout=20 + timeout_s)
    counts = re.search(r"(\d+) packets transmitted, (\d+) received", done.stdout)
    sent, received = (int(counts[1]), int(counts[2])) if counts else (0, 0)
    return Ping(sent, received, done.stdout + done.stderr)


class WebServer:
    """Python's HTTP server on a host; its index page is the host's name, its log names clients."""

    def __init__(self, host, port=80):
        directory = os.path.join(host.lab.directory, f"www-{host.name}")
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, "index.html"), "w", encoding="ascii") as f:
            f.write(host.name)
        self.process = host.serve(f"web{port}", PYTHON, WEB_SERVER, port, directory, tcp=port)

    def client_of(self, request):
        """The address that the server saw a request come from, None when it saw none."""
        found = re.search(rf"^(\S+) .*GET /\?{request} ", self.process.output(), re.M)
        return found[1] if found else None


@dataclasses.dataclass
class Fetch:
    body: str  # None: no answer
    error: str  # "Connection refused", "Operation timed out after ..."
    request: str  # what WebServer.client_of() asks for

    @property
    def ok(self):
        return self.body is not None


def fetch(host, address, port=80, timeout_s=20, source_port=None):
    """GET / with curl."""
    request = f"r{next(_request)}"
    local = ["--local-port", source_port] if source_port else []
    done = host.run("curl", "-sSv", "--max-time", timeout_s, *local,
                    f"http://{address}:{port}/?{request}", timeout=20 + timeout_s)
    why = re.search(r"connect to .* failed: (.*)", done.stderr) or re.search(
        r"^curl: (.*)", done.stderr, re.M)
    body = done.stdout if done.returncode == 0 else None
    return Fetch(body, "" if body else why[1] if why else done.stderr, request)


def seen_client(server, answer, deadline_s=DEADLINE_S):
    """The address from which `server` saw the fetch come; its log line may follow the answer."""
    return wait_until(lambda: server.client_of(answer.request), deadline_s,
                      f"request {answer.request} in the log of {server.process.name}")


def traceroute(host, destination, method="-U"):
    """The addresses of the hops, "*" where nobody answered. -U: UDP probes, -I: ICMP."""
    done = host.run("traceroute", "-n", method, "-q", 1, "-N", 1, "-w", 2, "-m", 5, destination,
                    timeout=30)
    return re.findall(r"^ *\d+ +([\d.]+|\*)", done.stdout, re.M)


class Iperf3Server:
    def __init__(self, host, port=5201):
        self.port = port
        self.process = host.serve(f"iperf{port}", "iperf3", "-s", "-p", port, tcp=port)


def iperf3(host, destination, seconds=3, *options, port=5201):
    """The JSON result of an iperf3 client; "error" is set when it failed."""
    done = host.run("iperf3", "-J", "-c", destination, "-p", port, "-t", seconds,
                    "--connect-timeout", 30000, *options, timeout=seconds + 60)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"error": done.stdout + done.stderr}


def received_mbps(result):
    """Mbit/s that the receiver of an iperf3 TCP test got; 0 when it failed."""
    try:
        return result["end"]["sum_received"]["bits_per_second"] / 1e6
    except KeyError:
        return 0.0
