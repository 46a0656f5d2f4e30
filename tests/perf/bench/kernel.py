# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The Linux kernel as a router: forwarding, and nftables masquerade, between two veth pairs. Receive
packet steering moves its work to core 1, the generator has core 0 and sends by AF_PACKET; what one
core forwards is what comes out when more is sent than that."""

import json
import os
import subprocess

import netns
from scenarios import INSIDE, INSIDE_GATEWAY, OUTSIDE, OUTSIDE_GATEWAY, snat_flows
from wire import MAC

N_FLOWS = 792 * 63  # of one address's ports
ENDS = (("in", INSIDE, INSIDE_GATEWAY, 24), ("out", OUTSIDE, OUTSIDE_GATEWAY, 16))
NFT = """
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname "out" masquerade
    }
}
"""
LIMIT_S = 120


def set_up(lab, masquerade):
    router, generator = lab.namespace("kernel"), lab.namespace("generator", ipv6=False)
    for i, (name, ip, gateway, plen) in enumerate(ENDS):
        netns.run(["ip", "link", "add", name, "netns", router, "type", "veth", "peer", "name", name,
                   "netns", generator])
        for where in (router, generator):
            netns.run(["ip", "-n", where, "link", "set", name, "up"])
        netns.run(["ip", "-n", router, "address", "add", f"{gateway}/{plen}", "dev", name])
        netns.run(["ip", "-n", router, "neighbour", "replace", ip, "lladdr", MAC[i], "dev", name])
        netns.run(["sh", "-c", f"echo 2 >/sys/class/net/{name}/queues/rx-0/rps_cpus"], router)
    netns.run(["ip", "-n", router, "route", "add", "default", "via", OUTSIDE])
    netns.run(["ip", "-n", router, "route", "add", "10.0.0.0/8", "via", INSIDE])
    netns.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0",
               "net.ipv4.conf.in.rp_filter=0", "net.ipv4.conf.out.rp_filter=0"], router)
    if masquerade:
        path = os.path.join(lab.directory, "masquerade.nft")
        with open(path, "w", encoding="ascii") as f:
            f.write(NFT)
        netns.run(["nft", "-f", path], router)
    return router, generator


def measure(lab, build, masquerade, seconds):
    """Packets per second and cycles per packet of the core that forwards."""
    router, generator = set_up(lab, masquerade)
    argv = ["ip", "netns", "exec", generator,
            os.environ.get("VROUTER_PKTGEN", os.path.join(build, "tests/perf/pktgen/vrouter-pktgen")),
            "--no-huge", "--memory", "512", "--file-prefix", f"{lab.prefix}-pg", "--core", "0", "--rate",
            "0", "--check", "none", "--learn-rate", "100000", "--seconds", str(seconds), "--drain",
            "0.5", "--json", "-", "--quiet"]
    for i, (name, ip, gateway, plen) in enumerate(ENDS):
        mac = json.loads(netns.run(["ip", "-n", router, "-j", "link", "show", name]).stdout)
        argv += ["--port", f"{'ab'[i]},ip={ip}/{plen},router-mac={mac[0]['address']},mac={MAC[i]},"
                           f"device=net_af_packet{i},iface={name},blocksz=65536,framesz=1024,"
                           "framecnt=2048,qpairs=1,qdisc_bypass=1"]
    argv += ["--flows", snat_flows(N_FLOWS)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"vrouter-pktgen: {done.stderr[-1000:]}")
    finally:
        lab.clean()
    report = json.loads(done.stdout)
    pps = report["total"]["pps_received"]
    return {"mpps": pps / 1e6, "loss": report["total"]["loss"],
            "median": report["conditions"]["tsc_hz"] / pps if pps else None}
