# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What a commit costs with 10 000 objects: real processes, a real kernel namespace, the steps as
vrouter-control logs them. A figure is the median of the rounds, `cold` of fewer."""

import argparse
import copy
import glob
import ipaddress
import json
import os
import re
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "lib"))

from frr import DAEMONS, Frr  # noqa: E402
from topology import Host, Lab, Router  # noqa: E402
from wait import wait_until  # noqa: E402

EIPS, FORWARD_VIPS, FORWARDS, ROUTES = 2000, 500, 3500, 2000  # with a VIP for each EIP: 10 000
PUBLIC = ipaddress.ip_address("10.1.0.1")
PRIVATE = ipaddress.ip_address("10.2.0.1")
GATEWAY = str(PUBLIC + 1)
STEP = re.compile(r"[:,] ([a-z][a-z -]*) ([\d.]+)")
# With FRR: OSPF on the private side, the static routes told to its neighbours.
OSPF = {"router_id": str(PUBLIC), "redistribute": ["static"],
        "areas": [{"id": 0, "interfaces": [{"name": "vpc", "cost": 10}]}]}
# Beside the way from the document to the data plane's flip.
APART = ["read", "store", "apply kernel-add", "apply kernel-remove", "apply garp", "prepare frr",
         "apply frr", "apply nat_log"]


def interfaces(hosts):
    return [{"name": "vpc", "role": "private", "addresses": [f"{PRIVATE}/16"],
             "port": hosts[0].port},
            {"name": "pub", "role": "public", "addresses": [f"{PUBLIC}/16"], "gateway": GATEWAY,
             "port": hosts[1].port}]


def site(hosts):
    """The document of 10 000 objects."""
    vips = [{"name": f"vip{i}", "address": str(PUBLIC + 100 + i), "interface": "pub"}
            for i in range(EIPS + FORWARD_VIPS)]
    eips = [{"name": f"eip{i}", "vip": f"vip{i}", "target": str(PRIVATE + 100 + i)}
            for i in range(EIPS)]
    forwards = [{"name": f"forward{i}", "vip": f"vip{EIPS + i % FORWARD_VIPS}", "protocol": "tcp",
                 "ports": str(1000 + i // FORWARD_VIPS), "target": str(PRIVATE + 5000 + i),
                 "target_ports": "80"} for i in range(FORWARDS)]
    routes = [{"destination": f"{ipaddress.ip_address('172.16.0.0') + 256 * i}/24",
               "type": "static", "next_hop": GATEWAY} for i in range(ROUTES)]
    return {"version": 1, "interfaces": interfaces(hosts), "vips": vips, "eips": eips,
            "port_forwards": forwards, "routes": routes}


class Bench:
    """The router; commit() gives the milliseconds of each step."""

    def __init__(self, lab, with_frr):
        self.router = Router(lab, options=["--sessions", "65536", "--idle-sleep-us", "500"])
        self.router.start()
        self.hosts = [Host(lab, "private", str(PRIVATE + 1) + "/16", None),
                      Host(lab, "public", GATEWAY + "/16", None)]
        self.empty = {"version": 1, "interfaces": interfaces(self.hosts)}
        self.frr = None
        if with_frr:
            self.frr = Frr(lab, "vr", self.router.mirrors).start()
            self.empty["ospf"] = OSPF
        self.router.put(self.empty)
        for host in self.hosts:
            host.attach()
        wait_until(self.router.links_up, what="the links are up")
        if with_frr:
            wait_until(lambda: self.frr.lines("router ospf"), what="FRR has the configuration")
        self.told = 0

    def set_real_time(self):
        """Others do not delay control and the thread of the data plane that it talks to."""
        data_plane = self.router.dataplane.pid
        tasks = glob.glob(f"/proc/{self.router.control.pid}/task/*")
        for task in [int(os.path.basename(path)) for path in tasks] + [data_plane]:
            os.sched_setscheduler(task, os.SCHED_FIFO, os.sched_param(5))

    def schedule(self):
        """Milliseconds that the commit thread ran, and that it waited for a processor."""
        for task in glob.glob(f"/proc/{self.router.control.pid}/task/*"):
            with open(f"{task}/comm", encoding="ascii") as f:
                if f.read().strip() != "commit":
                    continue
            with open(f"{task}/schedstat", encoding="ascii") as f:
                return [int(ns) / 1e6 for ns in f.read().split()[:2]]
        raise LookupError("no commit thread")

    def commit(self, document):
        body = json.dumps(document)
        before = self.schedule()
        begin = time.monotonic()
        self.router.put(body)
        converged = (time.monotonic() - begin) * 1e3
        lines = wait_until(lambda: [line for line in self.router.control.output().splitlines()
                                    if " in " in line and "commit: revision" in line][self.told:],
                           what="the commit is in the log")
        self.told += len(lines)
        told = lines[-1].partition(" ms:")[2]
        steps = {name: float(ms) for name, ms in STEP.findall(f":{told}")}
        steps["flip"] = sum(ms for name, ms in steps.items() if name not in APART)
        steps["converged"] = converged
        ran, waited = (now - then for now, then in zip(self.schedule(), before))
        steps["on a processor"] = ran
        steps["waiting for one"] = waited
        return steps


def one_object(document, i):
    """The document with one object more, other or less, of each kind in turn."""
    changed = copy.copy(document)
    key = ["port_forwards", "eips", "vips", "routes", "port_forwards"][i % 5]
    items = changed[key] = list(document[key])
    if i % 5 == 0:
        items.append({"name": "more", "vip": "vip2499", "protocol": "udp", "ports": "53",
                      "target": str(PRIVATE + 5000), "target_ports": "53"})
    elif i % 5 == 1:
        items[i] = {**items[i], "target": str(PRIVATE + 50)}
    elif i % 5 == 2:
        items.append({"name": "more", "address": str(PUBLIC + 5000), "interface": "pub"})
    elif i % 5 == 3:
        items.append({"destination": "192.0.2.0/24", "type": "blackhole"})
    else:
        items.pop()
    return changed


def one_cost(document, i):
    """The document with another OSPF cost: FRR has lines to take."""
    ospf = copy.deepcopy(document["ospf"])
    ospf["areas"][0]["interfaces"][0]["cost"] = 20 + i
    return {**document, "ospf": ospf}


def medians(rounds):
    names = dict.fromkeys(name for steps in rounds for name in steps)
    result = {name: round(statistics.median(steps.get(name, 0.0) for steps in rounds), 2)
              for name in names}
    # What the commit thread needs when nobody else has the processor.
    result["flip, the fastest"] = round(min(steps["flip"] for steps in rounds), 2)
    return result


def measure(bench, rounds):
    document = site(bench.hosts)
    if bench.frr:
        document["ospf"] = OSPF
    cold, no_op, one, cost = [], [], [], []
    for _ in range(max(3, rounds // 5)):
        bench.commit(bench.empty)
        cold.append(bench.commit(document))
    for i in range(rounds):
        no_op.append(bench.commit(document))
        one.append(bench.commit(one_object(document, i)))
        bench.commit(document)
        if bench.frr:
            cost.append(bench.commit(one_cost(document, i)))
            bench.commit(document)
    result = {"cold": medians(cold), "no_op": medians(no_op), "one_object": medians(one)}
    return {**result, "one_ospf_cost": medians(cost)} if cost else result


def load():
    with open("/proc/loadavg", encoding="ascii") as f:
        return " ".join(f.read().split()[:2])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--without-frr", action="store_true")
    parser.add_argument("--real-time", action="store_true", help="on a busy machine: SCHED_FIFO")
    parser.add_argument("--json", help="file for the results")
    args = parser.parse_args()
    result = {"objects": 2 * EIPS + FORWARD_VIPS + FORWARDS + ROUTES, "cores": os.cpu_count(),
              "frr": os.path.exists(f"{DAEMONS}/ospfd") and not args.without_frr,
              "real_time": args.real_time, "load_before": load()}
    with Lab(os.environ.get("VROUTER_LAB", "vrbench")) as lab:
        bench = Bench(lab, result["frr"])
        if args.real_time:
            bench.set_real_time()
        result["milliseconds"] = measure(bench, args.rounds)
        bench.router.stop()
    result["load_after"] = load()
    for case, steps in result["milliseconds"].items():
        print(case, *(f"{name} {ms:.1f}" for name, ms in steps.items()), sep="\n    ")
    print(f"load {result['load_before']} before, {result['load_after']} after")
    if args.json:
        with open(args.json, "w", encoding="ascii") as f:
            json.dump(result, f, indent=2)
            f.write("\n")


if __name__ == "__main__":
    main()
