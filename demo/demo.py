#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Shows the router at work: starts it between four hosts, configures it over HTTP, sends real
traffic, and prints what was tried and seen. It uses documented interfaces only. `./dev demo` runs
it."""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "tests", "lib"))

from scenario import HOSTS, Scenario  # noqa: E402
from topology import Host, Lab, Router  # noqa: E402
from wait import wait_until  # noqa: E402

PREFIX = "vrdemo"
CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "router.json")
OPTIONS = ["--sessions", "65536", "--nat-addresses", "16", "--idle-sleep-us", "50"]


class Progress:
    def __init__(self):
        self.start = time.monotonic()

    def __call__(self, text):
        print(f"[{time.monotonic() - self.start:5.1f} s] {text}", flush=True)


def bring_up(lab, say, hugepages):
    say("start vrouter-dataplane and vrouter-control")
    router = Router(lab, hugepages=hugepages, options=OPTIONS)
    router.start()
    hosts = {name: Host(lab, name, *address) for name, address in HOSTS.items()}
    say(f"PUT {os.path.relpath(CONFIG)} to /v1/config")
    with open(CONFIG, encoding="utf-8") as f:
        answer = router.put(json.load(f))
    say(f"revision {answer['revision']} is applied; set the hosts up")
    for host in hosts.values():
        host.attach()
    wait_until(router.links_up, what="every link is up")
    return router, hosts


def table(rows):
    cells = [("what was tried", "expected", "seen", "ok")]
    cells += [(r.tried, r.expected, r.seen, "yes" if r.ok else "NO") for r in rows]
    widths = [max(len(c[i]) for c in cells) for i in range(4)]
    lines = [" | ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in cells]
    return "\n".join([lines[0], "-+-".join("-" * w for w in widths), *lines[1:]])


def show_state(router):
    for words in (["show", "interfaces"], ["show", "routes"], ["nat", "sessions"],
                  ["show", "drops"], ["show", "limits"]):
        done = router.vrctl(*words, check=False)
        print(f"\n$ vrctl {' '.join(words)}\n{(done.stdout + done.stderr).rstrip()}")


def explain(lab, router):
    socket = router.api_socket
    print(f"""
Left running. Enter a host:        ip netns exec {PREFIX}-h1 bash   (or -h2, -inet, -isp2)
The kernel's view of the router:   ip -n {router.mirrors} address
Ask the router:                    {router.vrctl_program()} --socket {socket} show interfaces
The API:                           curl --unix-socket {socket} http://localhost/v1/state
Logs:                              {lab.directory}/dataplane.log, control.log
The next ./dev demo ends all of it.""")


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the router and hosts running")
    parser.add_argument("--hugepages", action="store_true",
                        help="use hugepages, which must be reserved")
    args = parser.parse_args()
    say = Progress()
    with Lab(PREFIX) as lab:
        say("make namespaces for the router's mirrors and four hosts")
        try:
            router, hosts = bring_up(lab, say, args.hugepages)
            rows = []
            for row in Scenario(router, hosts).rows():
                say(f"{'ok ' if row.ok else 'BAD'} {row.tried}: {row.seen}")
                rows.append(row)
        except (RuntimeError, AssertionError, OSError) as e:
            print(f"\n{e}\n{lab.logs()}", file=sys.stderr)
            return 1
        print(f"\n{table(rows)}")
        show_state(router)
        bad = sum(not row.ok for row in rows)
        print(f"\n{len(rows) - bad} of {len(rows)} as expected")
        lab.keep = args.keep
        if args.keep:
            explain(lab, router)
        else:
            router.stop()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
