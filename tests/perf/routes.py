#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""How fast routes get from the kernel of the mirrors' namespace into the data plane.

    routes.py [--build DIRECTORY] [--count N] [--churn SECONDS] [--json FILE]

Real processes in network namespaces: routes are written by rtnetlink; then control, then the data
plane is killed and started again; then routes change for a while, under traffic. What was measured
is printed as JSON."""

import argparse
import json
import os
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

import routes  # noqa: E402
from topology import Host, Lab, Router  # noqa: E402
from wait import wait_until  # noqa: E402

GATEWAYS = ["203.0.113.10", "203.0.113.11"]
STEP = 5000  # changes a second of the churn


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return next(int(line.split()[1]) // 1024 for line in f if line.startswith("VmRSS"))


def cpu_s(process, main_thread=False):
    """Processor time so far; the data plane's main thread is the one that writes the FIB."""
    path = f"/proc/{process.pid}/{f'task/{process.pid}/' if main_thread else ''}stat"
    with open(path, encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return round((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 2)


def start(lab, options):
    router = Router(lab, cores="1", memory=options.memory, options=[
        "--sessions", "65536", "--nat-addresses", "16", "--idle-sleep-us", "50",
        "--routes", str(options.count * 11 // 10 + 1024)])
    router.start()
    hosts = {"vpc1": Host(lab, "h1", "192.168.10.10/24", "192.168.10.1"),
             "pub0": Host(lab, "inet", "203.0.113.10/24", "203.0.113.1")}
    router.put({"version": 1, "hostname": "bench", "interfaces": [
        {"name": name, "role": "private" if name == "vpc1" else "public", "port": host.port,
         "addresses": ["192.168.10.1/24" if name == "vpc1" else "203.0.113.1/24"]}
        for name, host in hosts.items()]})
    for host in hosts.values():
        host.attach()
    wait_until(router.links_up, what="links are up")
    return router, hosts


def say(text):
    """Progress, beside the result."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def seconds(begin):
    return round(time.monotonic() - begin, 2)


def fill(router, nets, result):
    say(f"{len(nets)} routes into the kernel")
    writer = routes.Writer(router.mirrors)
    messages = [routes.message(p, GATEWAYS[0]) for p in nets]
    begin = time.monotonic()
    writer.write(messages)
    last = time.monotonic()
    say("the kernel has them, the data plane follows")
    routes.wait_complete(router, len(nets), 120)
    result["kernel_s"] = round(last - begin, 2)
    result["behind_kernel_s"] = seconds(last)
    result["control_cpu_s"] = cpu_s(router.control)
    result["dataplane_cpu_s"] = cpu_s(router.dataplane, main_thread=True)
    result["routes_per_s"] = int(len(nets) / (time.monotonic() - begin))
    result["control_mib"] = resident_mib(router.control.pid)
    result["dataplane_mib"] = resident_mib(router.dataplane.pid)


def restarts(router, count, result):
    say("control starts again")
    router.kill_control()
    begin = time.monotonic()
    router.start_control()
    routes.wait_complete(router, count, 120)
    result["control_start_s"] = seconds(begin)
    result["control_start_cpu_s"] = cpu_s(router.control)
    say("the data plane starts again")
    router.dataplane.stop(9)
    begin = time.monotonic()
    router.start_dataplane()
    result["dataplane_ready_s"] = seconds(begin)
    routes.wait_complete(router, count, 120)
    result["dataplane_start_s"] = seconds(begin)
    result["dataplane_start_cpu_s"] = cpu_s(router.dataplane, main_thread=True)


def slowest_commit(router, stop, result):
    """Commits all the time; the slowest one."""
    config = router.api.get("config")
    config, slowest, n = config.get("config", config), 0, 0
    while not stop.is_set():
        config["hostname"] = f"bench-{n}"
        begin = time.monotonic()
        router.put(config)
        slowest, n = max(slowest, time.monotonic() - begin), n + 1
        stop.wait(0.2)
    result["slowest_commit_s"], result["commits"] = round(slowest, 3), n


def churn(router, hosts, nets, duration, stop, result):
    """STEP changes a second: routes move to the other gateway and back, go and come. `stop` is set
    when the data plane has them all."""
    ping = subprocess.Popen(["ip", "netns", "exec", hosts["vpc1"].netns, "ping", "-q", "-i",
                             "0.01", "203.0.113.10"], stdout=subprocess.PIPE, text=True)
    writer = routes.Writer(router.mirrors)
    begin, away = time.monotonic(), set()
    for n in range(duration):
        if n % 10 == 0:
            say(f"{STEP} changes a second: {n} s of {duration}")
        some = [nets[(n * STEP + i) % len(nets)] for i in range(STEP)]
        gone = set(some[::10] if n % 2 == 0 else [])
        writer.write([routes.message(p, None if p in gone else GATEWAYS[n & 1]) for p in some])
        away = away.difference(some) | gone
        threading.Event().wait(max(0, begin + n + 1 - time.monotonic()))
    result["churn_s"] = seconds(begin)
    last = time.monotonic()
    routes.wait_complete(router, len(nets) - len(away))
    result["churn_behind_s"] = seconds(last)
    stop.set()
    say("the kernel's routes are compared with the data plane's")
    ping.send_signal(2)
    result["ping"] = ping.communicate()[0].strip().splitlines()[-2:]
    result["differences"] = len(routes.differences(router))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--count", type=int, default=1000000)
    parser.add_argument("--memory", type=int, default=4096)
    parser.add_argument("--churn", type=int, default=60)
    parser.add_argument("--json")
    options = parser.parse_args()
    os.environ["VROUTER_BUILD"] = options.build
    nets = routes.prefixes(options.count)
    result = {"routes": options.count, "load_before": os.getloadavg()[0]}
    with Lab(os.environ.get("VROUTER_LAB", "routes")) as lab:
        router, hosts = start(lab, options)
        fill(router, nets, result)
        print(json.dumps(result), flush=True)
        restarts(router, len(nets), result)
        print(json.dumps(result), flush=True)
        if options.churn:
            stop = threading.Event()
            commits = threading.Thread(target=slowest_commit, args=(router, stop, result))
            commits.start()
            try:
                churn(router, hosts, nets, options.churn, stop, result)
            finally:
                stop.set()
                commits.join()
        router.stop()
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            f.write(text + "\n")


main()
