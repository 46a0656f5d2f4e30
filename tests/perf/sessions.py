#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""`./dev bench --sessions`: a real router with millions of sessions, all of them listed through the
API and then all of them ended, beside a stream of numbered packets. Prints a table; --json FILE."""

import argparse
import json
import os
import pathlib
import platform
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lib"))

import netns  # noqa: E402
from topology import Lab  # noqa: E402
from vpc import H1, INET, VIP, Site, vips  # noqa: E402
from wait import wait_until  # noqa: E402

FILL_PORT, STREAM_PORT = 7000, 7001
FILL_RATE = 150000  # packets per second
ROUNDS = 30
STREAM_RATE = 10000
PAGE = 10000


class Bench:
    def __init__(self, lab, sessions):
        self.wanted = sessions
        self.site = Site(lab, cores="1", options=["--sessions", int(sessions * 1.4)],
                         vips=vips(), port_forwards=[
                             {"name": name, "vip": "vip-web", "protocol": "udp", "ports": str(port),
                              "target": H1} for name, port in (("fill", FILL_PORT),
                                                               ("stream", STREAM_PORT))])
        self.stream = str(self.site.router.build + "/tests/perf/stream")
        self.mac = self.site.inet.neighbour("203.0.113.1")
        self.sinks = [self.sink(port) for port in (FILL_PORT, STREAM_PORT)]

    def sink(self, port):
        """A socket that takes what comes, so that the host answers nothing."""
        with netns.entered(self.site.h1.netns):
            sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sink.bind((H1, port))
            return sink

    def sessions(self):
        return self.site.api.get("state")["dataplane"]["sessions"]

    def fill(self):
        """Sends more flows than are wanted, again and again, because the TAP loses some."""
        started = time.monotonic()
        for _ in range(ROUNDS):
            netns.run([self.stream, "fill", "eth0", self.mac, "100.64.0.1", VIP, FILL_PORT,
                       int(self.wanted * 1.1), FILL_RATE], self.site.inet.netns, timeout=300)
            print(f"  {self.sessions()} sessions after {time.monotonic() - started:.0f} s",
                  flush=True)
            if self.sessions() >= self.wanted:
                return
        raise RuntimeError(f"the table does not fill: {self.site.drops()}")

    def beside(self, work, seconds):
        """The stream's losses while work() runs, and what it returns."""
        receiver = subprocess.Popen(
            ["ip", "netns", "exec", self.site.h1.netns, self.stream, "receive", "eth0",
             str(STREAM_PORT), str(seconds + 5)], stdout=subprocess.PIPE, text=True)
        receiver.stdout.readline()
        sender = subprocess.Popen(
            ["ip", "netns", "exec", self.site.inet.netns, self.stream, "send", "eth0", self.mac,
             INET, VIP, str(STREAM_PORT), str(STREAM_RATE), str(seconds)],
            stdout=subprocess.DEVNULL)
        result = work(time.monotonic() + seconds)
        sender.wait(timeout=seconds + 60)
        seen = json.loads(receiver.communicate(timeout=60)[0])
        return {**seen, **result}

    def list_all(self, end):
        """Pages until all are listed or the time is over; the longest page in milliseconds."""
        listed, cursor, slowest, started = 0, 0, 0, time.monotonic()
        while time.monotonic() < end:
            asked = time.monotonic()
            page = self.site.api.get(f"state/nat/sessions?limit={PAGE}&cursor={cursor}")
            slowest = max(slowest, time.monotonic() - asked)
            listed += len(page["items"])
            cursor = page["next"]
            if cursor is None:
                break
        return {"listed": listed, "complete": cursor is None,
                "listing_s": round(time.monotonic() - started, 3),
                "slowest_page_ms": round(slowest * 1e3, 1)}

    def end_all(self, end):
        started = time.monotonic()
        ended = self.site.api.request("DELETE", "/v1/state/nat/sessions?rule=fill").json()
        answered = time.monotonic() - started
        wait_until(lambda: self.sessions() < 100, end - time.monotonic())
        return {**ended, "answer_s": round(answered, 3)}


def idle(_end):
    return {}


def conditions(sessions):
    cpu = next((line.split(":", 1)[1].strip() for line in
                pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
                if line.startswith("model name")), platform.machine())
    return {"cpu": cpu, "cores": os.cpu_count(), "load_before": os.getloadavg()[:2],
            "sessions": sessions, "stream_pps": STREAM_RATE, "ports": "tap", "workers": 1}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=4 << 20)
    parser.add_argument("--seconds", type=float, default=60, help="of each part at most")
    parser.add_argument("--json")
    options = parser.parse_args()
    report = {"conditions": conditions(options.sessions)}
    with Lab("sessions") as lab:
        bench = Bench(lab, options.sessions)
        print("filling the table", flush=True)
        report["empty"] = bench.beside(idle, 10)
        bench.fill()
        for name, work, seconds in (("full", idle, 10), ("listing", bench.list_all, options.seconds),
                                    ("ending", bench.end_all, options.seconds)):
            report[name] = bench.beside(work, seconds)
            print(f"{name:8} {report[name]}", flush=True)
        bench.site.stop()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent="\t") + "\n",
                                              encoding="utf-8")


if __name__ == "__main__":
    main()
