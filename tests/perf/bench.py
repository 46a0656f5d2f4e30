#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""`./dev bench`: every scenario in process and over vhost-user, the bare loop over the same ports,
and the Linux kernel, in turn.

    bench.py [--quick] [--scenario NAME[,NAME...]] [--rounds N] [--seconds S] [--json FILE]
    bench.py --render FILE [--into DOCUMENT]

The workers have core 1, the generator has core 0: nothing else should run. --render prints the
tables of a run, or writes them into the document where it says that it is made of that file."""

import argparse
import json
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(HERE, "bench"), os.path.join(ROOT, "tests", "lib")]

import conditions  # noqa: E402
from distance import Distance  # noqa: E402
import events  # noqa: E402
import graph  # noqa: E402
import kernel  # noqa: E402
import rows  # noqa: E402
import render  # noqa: E402
import wire  # noqa: E402
from scenarios import BY_NAME, SCENARIOS  # noqa: E402
from topology import Lab  # noqa: E402

GRAPH_ROUNDS, QUICK_GRAPH_ROUNDS = 40, 10
# Start in seconds each, so --quick does them once.
SLOW = {"forward-1m", "snat-4m", "snat-4m-dependent"}


class Progress:
    def __init__(self, total):
        self.total, self.done, self.began = total, 0, time.monotonic()

    def step(self, text):
        self.done += 1
        print(f"[{self.done}/{self.total}] {time.monotonic() - self.began:4.0f} s  {text}",
              file=sys.stderr, flush=True)


class Run:
    """The figures of all rounds, by scenario and by what was measured."""

    def __init__(self, lab, options, scenarios):
        self.lab, self.options, self.scenarios = lab, options, scenarios
        self.figures = {}
        self.failed = []
        self.distance = Distance(options.build)
        kernel_steps = 2 if options.kernel else 0
        self.progress = Progress(sum(1 + kernel_steps + sum(1 + (s.workers == 1) for s in self.of_round(i))
                                     for i in range(options.rounds)) +
                                 (events.COUNT if options.events else 0))

    def of_round(self, number):
        return [s for s in self.scenarios
                if number == 0 or not (self.options.quick and s.name in SLOW)]

    def keep(self, scenario, what, measure):
        """A run that fails twice leaves its figure out, is told of, and fails the whole at the
        end. One during which the cores were moved apart is kept, and done once more."""
        for last in (False, True):
            try:
                figure = self.distance.beside(measure)
                if not figure["mpps"]:
                    raise RuntimeError("nothing came out")
                if last or self.distance.is_near(figure["distance"]):
                    break
                self.figures.setdefault((scenario, what), []).append(figure)
            except Exception as e:  # pylint: disable=broad-except
                self.lab.clean()
                if last:
                    self.failed.append(f"{scenario}, {what}: {e}")
                    self.progress.step(f"{scenario} {what}: FAILED: {e}")
                    return
        self.figures.setdefault((scenario, what), []).append(figure)
        cycles = figure.get("median")
        self.progress.step(f"{scenario} {what}: {f'{cycles:.1f}' if cycles else 'no'} cycles, "
                           f"{figure.get('mpps', 0):.3f} Mpps, cores {figure['distance']} apart")

    def graph(self, number):
        names = [s.name for s in self.of_round(number) if s.graph]
        rounds = QUICK_GRAPH_ROUNDS if self.options.quick else GRAPH_ROUNDS
        try:
            made = graph.run(self.options.build, names, rounds)
        except (RuntimeError, OSError) as e:
            self.failed.append(str(e))
            made = {}
        for name, figure in made.items():
            self.figures.setdefault((name, "graph"), []).append(figure)
        self.progress.step(f"{len(made)} scenarios in process")

    def round(self, number):
        seconds = self.options.seconds
        self.graph(number)
        for s in self.of_round(number):
            for system in (wire.Ours, wire.BareLoop) if s.workers == 1 else (wire.Ours,):
                self.keep(s.name, system.name, lambda s=s, system=system: wire.run(
                    self.lab, self.options.build, system, s, seconds))
        if self.options.kernel:
            for name, masquerade in (("forward", False), ("masquerade", True)):
                self.keep("kernel", name, lambda m=masquerade: kernel.measure(
                    self.lab, self.options.build, m, seconds))

    def event(self, name, measure):
        try:
            measure()
        except Exception as e:  # pylint: disable=broad-except
            self.failed.append(f"{name}: {e}")
            self.lab.clean()
        self.progress.step(name)

    def of(self, scenario, what):
        return self.figures.get((scenario, what), [])

    def rows(self):
        return [rows.scenario(s.name, s.n_flows, self.of(s.name, "graph"),
                              self.of(s.name, wire.Ours.name),
                              self.of(s.name, wire.BareLoop.name)) for s in self.scenarios]


def measure(options, scenarios):
    os.sched_setaffinity(0, {0})  # what is started is not on the workers' core by chance
    report = {"conditions": conditions.read(ROOT, options.rounds, options.seconds)}
    with Lab(os.environ.get("VROUTER_LAB", "bench")) as lab:
        run = Run(lab, options, scenarios)
        for i in range(options.rounds):
            run.round(i)
        if options.events:
            report["events"] = events.everything(lab, options.build, run.event)
    report["conditions"]["load_after"] = conditions.load()
    report["scenarios"] = run.rows()
    report["kernel"] = rows.kernel(run.of("kernel", "forward"), run.of("kernel", "masquerade"),
                                      kernel.N_FLOWS, report["scenarios"])
    report["failed"] = run.failed
    return report


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--quick", action="store_true", help="in ten minutes")
    parser.add_argument("--scenario", help="names, separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, help="of each measurement (5, quick: 1)")
    parser.add_argument("--no-kernel", dest="kernel", action="store_false")
    parser.add_argument("--no-events", dest="events", action="store_false",
                        help="without traffic beside work, as --quick")
    parser.add_argument("--only-events", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--render", metavar="FILE", help="the tables of a run")
    parser.add_argument("--into", metavar="DOCUMENT", help="that has them")
    options = parser.parse_args()
    options.events = options.only_events or options.events and not options.quick
    options.seconds = options.seconds or (1 if options.quick else 5)
    return parser, options


def main():
    parser, options = arguments()
    if options.render and options.into:
        render.into(options.into, options.render)
        return 0
    if options.render:
        with open(options.render, encoding="utf-8") as f:
            sys.stdout.write(render.render(json.load(f)))
        return 0
    # --quick leaves sizes and the second worker out.
    names = options.scenario.split(",") if options.scenario else [
        s.name for s in SCENARIOS if s.graph or not options.quick]
    if options.only_events:
        names, options.rounds = [], 0
    if unknown := [n for n in names if n not in BY_NAME]:
        parser.error(f"no scenario {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # with all given back
    report = measure(options, [s for s in SCENARIOS if s.name in names])
    sys.stdout.write(render.render(report))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(report, f, indent=2)
            f.write("\n")
    for text in report["failed"]:
        print(f"FAILED: {text}", file=sys.stderr)
    return 1 if report["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
