# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""A scenario over vhost-user: the router, or the bare loop, with one worker on core 1, and
vrouter-pktgen on core 0. What a packet costs is what the one that forwards says of itself: over the
whole run, and in the calmest tenth of a second of it. Where the host puts the two cores of a
virtual machine decides what a cache line costs that goes from one to the other; it changes every
few seconds, by more than twice, and for both systems alike."""

import json
import os
import re
import signal
import subprocess
import threading
import time

import cycles
from pages import huge_pages
import routes
from scenarios import (INSIDE, INSIDE_GATEWAY, OUTSIDE, OUTSIDE_GATEWAY, SIDE, SIDE_GATEWAY, INTERNET,
                       dotted, number)
from topology import Router
from wait import wait_until

GENERATOR_MIB = 768
SPARE_MIB = 64
SLICE_S = 0.1
SLICE_WALKS = 50  # with fewer, a median says little
SESSION_BYTES = 400  # of the table, which takes pages of its own
DEFAULT_SESSIONS = 1 << 20
RUN_LIMIT_S = 300
LEARN_RATE = 1500000
TRAIN = 1000  # packets: what a ring has room for, so that walks are full
MAC = ("02:00:00:70:67:0a", "02:00:00:70:67:0b")  # of the generator
BARE_MAC = ("02:00:00:00:00:01", "02:00:00:00:00:02")


def other_side(scenario):
    return (SIDE, SIDE_GATEWAY, 24) if scenario.private else (OUTSIDE, OUTSIDE_GATEWAY, 16)


def pages_mib(scenario):
    """What router or bare loop, their sessions and the generator take."""
    sessions = (scenario.sessions or DEFAULT_SESSIONS) * SESSION_BYTES >> 20
    return max(scenario.memory, 512) + sessions + GENERATOR_MIB + SPARE_MIB


class Generator:
    """vrouter-pktgen at the two ports; `router_macs`: not asked by ARP."""

    def __init__(self, system, router_macs=None, rate=0):
        lab, build = system.lab, system.build
        address, gateway, plen = other_side(system.scenario)
        self.argv = [os.environ.get("VROUTER_PKTGEN",
                                    os.path.join(build, "tests/perf/pktgen/vrouter-pktgen"))]
        ends = ((INSIDE, INSIDE_GATEWAY, 24), (address, gateway, plen))
        for i, (ip, router, length) in enumerate(ends):
            known = f"router-mac={router_macs[i]}" if router_macs else f"gateway={router}"
            self.argv += ["--port", f"{'ab'[i]},ip={ip}/{length},{known},mac={MAC[i]},"
                                    f"queues={system.scenario.workers},"
                                    f"virtio-user={system.sockets[i]}"]
        self.argv += ["--memory", str(GENERATOR_MIB), "--file-prefix", f"{lab.prefix}-pg",
                      "--core", "0", "--rate", str(rate), "--check", "sample", "--learn-rate",
                      str(LEARN_RATE), "--drain", "30" if rate else "0.5", "--json", "-"]
        self.argv += ["--learn-rounds", "20"] if rate else ["--train", str(TRAIN)]
        self.argv += [] if system.huge else ["--no-huge"]
        self.log = os.path.join(lab.directory, "pktgen.log")

    def run(self, flows, seconds, packets, on_start, on_end):
        """The report; the callbacks run when the measured part begins (they are given the process)
        and ends. When the first one says True, the generator ends at once."""
        argv = self.argv + ["--seconds", str(seconds)]
        argv += ["--packets", str(packets)] if packets else []
        for text in flows:
            argv += ["--flows", text]
        with open(self.log, "a+", encoding="utf-8") as log, subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                self._follow(process, log, on_start, on_end)
                report, _ = process.communicate(timeout=RUN_LIMIT_S)
            except BaseException:
                process.kill()
                raise
            log.seek(0)
            text = log.read()
        if process.returncode != 0:
            raise RuntimeError(f"vrouter-pktgen: {text[-1000:]}")
        return json.loads(report)

    @staticmethod
    def _follow(process, log, on_start, on_end):
        for line in process.stderr:
            log.write(line)
            if line.startswith("vrouter-pktgen: measuring"):
                if on_start(process):
                    process.terminate()
            elif line.startswith("vrouter-pktgen: done"):
                on_end()
                return


class Ours:
    """The router: both processes, vhost-user ports, the scenario's configuration."""
    name = "vrouter"

    def __init__(self, lab, build, scenario, huge=True, options=()):
        self.scenario = scenario
        self.huge = huge
        self.sockets = [os.path.join(lab.directory, f"{name}.sock") for name in ("inside", "other")]
        self.lab = lab
        self.build = build
        self.router = Router(lab, build, cores="1,0" if scenario.workers == 2 else "1", memory=scenario.memory, hugepages=huge,
                             options=[str(o) for o in [*scenario.options(), *options]])

    def configuration(self):
        address, gateway, plen = other_side(self.scenario)
        ports = [{"driver": "vhost_user", "address": s} for s in self.sockets]
        queues = {"queues": self.scenario.workers}
        other = {"name": "vpc2", "role": "private"} if self.scenario.private else {
            "name": "pub0", "role": "public", "gateway": address}
        static = [("10.0.0.0/8", INSIDE)] + ([("172.16.0.0/12", SIDE)] if self.scenario.private
                                             else [])
        return {"version": 1, "interfaces": [
            {"name": "vpc1", "role": "private", "port": ports[0], **queues,
             "addresses": [f"{INSIDE_GATEWAY}/24"]},
            {**other, "port": ports[1], **queues, "addresses": [f"{gateway}/{plen}"]}],
            "routes": [{"destination": d, "type": "static", "next_hop": n} for d, n in static],
            **self.scenario.config}

    def __enter__(self):
        self.router.start()
        self.router.put(self.configuration())
        wait_until(lambda: all(map(os.path.exists, self.sockets)), what="the ports are there")
        return self

    def __exit__(self, *_):
        self.router.stop()
        self.lab.clean()

    def add_routes(self, generator):
        """While the generator, which takes a core, stands still: it keeps the links up, without
        which there would be no routes."""
        generator.send_signal(signal.SIGSTOP)
        told = routes.metrics(self.router, "kernel_routes")[0]
        nets = [f"{dotted(number(INTERNET) + 256 * i)}/24" for i in range(self.scenario.routes)]
        routes.Writer(self.router.mirrors).write([routes.message(p, SIDE) for p in nets])
        routes.wait_complete(self.router, told + len(nets), 200)
        generator.send_signal(signal.SIGCONT)

    def reading(self):
        return time.monotonic(), self.router.get("state/dataplane")

    def measure(self, seconds, rate=0, work=None):
        """One run. `work` is called when the measured part begins."""
        generator = Generator(self, rate=rate)
        readings, over = [], threading.Event()

        def read():
            while not over.wait(SLICE_S):
                readings.append(self.reading())
        reader = threading.Thread(target=read)

        def begin(process):
            if self.scenario.routes:
                self.add_routes(process)
            readings.append(self.reading())
            reader.start()
            if work:
                work()
                return True
            if self.scenario.routes:
                threading.Event().wait(seconds)
                end()
            return bool(self.scenario.routes)  # which took their time

        def end():
            if not over.is_set():
                over.set()
                reader.join()
                readings.append(self.reading())
        try:
            report = generator.run(self.scenario.flows,
                                   RUN_LIMIT_S if self.scenario.routes else seconds,
                                   self.scenario.packets, begin, end)
        finally:
            over.set()
        slices = [between(*pair) for pair in zip(readings, readings[1:])]
        return {**between(readings[0], readings[-1]), **calmest(slices),
                "loss": report["total"]["loss"], "report": report}


class BareLoop:
    """tests/perf/bare_loop.c with routes for the scenario's packets."""
    name = "bare-loop"

    def __init__(self, lab, build, scenario, huge=True):
        self.lab = lab
        self.build = build
        self.scenario = scenario
        self.huge = huge
        self.sockets = [os.path.join(lab.directory, f"bare{i}.sock") for i in range(2)]
        self.process = None

    def routes(self):
        """Inside is what the hosts are, and in turn the addresses that stand for them."""
        inside = ["10.0.0.0/8", "203.0.0.0/16"]
        made = [f"{net},0,{MAC[0]}" for net in inside] + [f"0.0.0.0/0,1,{MAC[1]}"]
        if self.scenario.routes:
            made.append(f"{INTERNET}/24,1,{MAC[1]},{self.scenario.routes}")
        return made

    def __enter__(self):
        argv = [os.path.join(self.build, "tests/perf/bare-loop"), "--core", "1", "--memory", "512",
                "--file-prefix", f"{self.lab.prefix}-bare"]
        argv += [] if self.huge else ["--no-huge"]
        for path in self.sockets:
            argv += ["--port", path]
        for text in self.routes():
            argv += ["--route", text]
        self.process = self.lab.spawn("bare-loop", argv)
        wait_until(lambda: "ready" in self.process.output() or not self.process.alive(), 120,
                   "the bare loop is ready")
        if not self.process.alive():
            raise RuntimeError(f"bare-loop: {self.process.tail()}")
        return self

    def __exit__(self, *_):
        if self.process.alive():
            self.process.stop()
        self.lab.clean()

    def measure(self, seconds, rate=0):
        generator = Generator(self, BARE_MAC, rate)
        flows = [re.sub(r",(new|learn)=[^,]*", "", f) for f in self.scenario.flows]
        report = generator.run(
            flows, seconds, self.scenario.packets,
            lambda _: self.process.send(signal.SIGUSR1), lambda: None)
        self.process.stop()  # not before what was under way has come out
        said = json.loads(self.process.output().splitlines()[-1])
        return {**of_counts(said["counts"]), **calmest(said["slices"]), "mpps": report["total"]["pps_received"] / 1e6,
                "loss": report["total"]["loss"]}


def calmest(slices):
    """The median of the slice in which a packet cost least; of none when all had few walks."""
    medians = [s["median"] for s in slices if s["walks"] >= SLICE_WALKS]
    return {"calm": min(medians) if medians else None}


def of_counts(counts):
    return {"median": cycles.quantile(counts, 0.5), "p10": cycles.quantile(counts, 0.1),
            "walks": cycles.samples(counts)}


def between(first, second):
    """What the router's workers did between two readings."""
    (began, before), (ended, after) = first, second
    counts, sent, created, unsent = {}, 0, 0, 0
    for b, a in zip(before["workers"], after["workers"]):
        for floor, n in cycles.difference(b["burst_cycles"]["counts"], a["burst_cycles"]["counts"]):
            counts[floor] = counts.get(floor, 0) + n
        sent += a["accounts"]["sent"] - b["accounts"]["sent"]
        unsent += a["accounts"]["dropped"] - b["accounts"]["dropped"]
        created += a["sessions_created"] - b["sessions_created"]
    took = ended - began
    return {**of_counts(list(counts.items())), "mpps": sent / took / 1e6,
            "dropped": unsent, "sessions_per_s": round(created / took)}


def run(lab, build, system, scenario, seconds):
    """One run of one system, from its start to its end, on pages of its own."""
    with huge_pages(pages_mib(scenario)):
        with system(lab, build, scenario) as running:
            return running.measure(seconds)
