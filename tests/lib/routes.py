# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Many routes in the namespace of the mirrors, and whether the data plane has them all."""

import json
import os
import random
import re
import socket
import struct
import subprocess
import tempfile

import netns
from wait import wait_until

PROTO = "186"  # not one of the router's own


def prefixes(count, seed=1, lengths=((24, 60), (23, 10), (22, 10), (20, 10), (19, 5), (16, 5))):
    """`count` different prefixes, distributed over lengths about as those of the internet are."""
    rng = random.Random(seed)
    lens, weights = zip(*lengths)
    made = {}
    while len(made) < count:
        plen = rng.choices(lens, weights)[0]
        # Not private networks, and not those of the site.
        address = rng.randrange(11 << 24, 126 << 24) >> (32 - plen) << (32 - plen)
        made[f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"
             f"/{plen}"] = None
    return list(made)


class Batch:
    """A file for ip -batch."""

    def __init__(self, lines):
        with tempfile.NamedTemporaryFile("w", suffix=".routes", delete=False) as f:
            f.writelines(line + "\n" for line in lines)
            self.path = f.name

    def start(self, namespace):
        return subprocess.Popen(["ip", "-n", namespace, "-batch", self.path])

    def run(self, namespace, timeout=300):
        assert self.start(namespace).wait(timeout) == 0

    def __del__(self):
        os.unlink(self.path)


NEWROUTE, DELROUTE, MAIN = 24, 25, 254
REQUEST, REPLACE, CREATE = 0x1, 0x100, 0x400
DST, GATEWAY, PRIORITY = 1, 5, 6


def message(prefix, gateway=None):
    """rtnetlink(7): puts the route, or without a gateway takes it away; no answer is asked for."""
    address, plen = prefix.split("/")
    body = struct.pack("=BBBBBBBBI", socket.AF_INET, int(plen), 0, 0, MAIN, int(PROTO), 0, 1, 0)
    body += struct.pack("=HH4s", 8, DST, socket.inet_aton(address))
    if gateway is not None:
        body += struct.pack("=HH4s", 8, GATEWAY, socket.inet_aton(gateway))
    head = struct.pack("=IHHII", 16 + len(body), NEWROUTE if gateway else DELROUTE,
                       REQUEST | (REPLACE | CREATE if gateway else 0), 0, 0)
    return head + body


class Writer:
    """Writes routes as fast as the kernel takes them, as a routing daemon does: ip -batch waits for
    the answer to each."""

    def __init__(self, namespace):
        with netns.entered(namespace):
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.socket.bind((0, 0))

    def write(self, messages, at_once=500):
        for i in range(0, len(messages), at_once):
            self.socket.send(b"".join(messages[i:i + at_once]))

    def close(self):
        self.socket.close()


def metrics(router, *names):
    """Values of the router's metrics without labels, by name."""
    text = router.api.request("GET", "/metrics").text
    found = dict(re.findall(r"^vrouter_([a-z0-9_]+) ([0-9.e+]+)$", text, re.M))
    return [int(float(found[name])) if name in found else None for name in names]


def complete(router, count):
    """Whether control has told `count` prefixes and the data plane has done all."""
    told, pending = metrics(router, "kernel_routes", "routes_pending")
    return told == count and pending == 0


def wait_complete(router, count, deadline_s=60):
    wait_until(lambda: complete(router, count), deadline_s, f"{count} routes are in the data plane")


def kernel(namespace):
    """The main table's routes but for connected ones: {prefix: {gateway, ...}}."""
    shown = netns.run(["ip", "-n", namespace, "-j", "-4", "route", "show", "table", "main"],
                      timeout=120).stdout
    routes = {}
    for r in json.loads(shown):
        if r.get("protocol") == "kernel":
            continue
        prefix = "0.0.0.0/0" if r["dst"] == "default" else r["dst"]
        prefix = prefix if "/" in prefix else prefix + "/32"
        hops = [r["gateway"]] if "gateway" in r else [h["gateway"] for h in r.get("nexthops", [])]
        routes.setdefault(prefix, set(hops))  # the best one comes first
    return routes


def dataplane(router, page=10000):
    """The same of the data plane."""
    routes, cursor = {}, 0
    while True:
        reply = router.api.get(f"state/routes?limit={page}&cursor={cursor}")
        for r in reply["items"]:
            if r["source"] == "route":
                routes[r["prefix"]] = {h["next_hop"] for h in r["next_hops"]}
        cursor = reply["next"]
        if cursor is None:
            return routes


def differences(router):
    ours, theirs = dataplane(router), kernel(router.mirrors)
    return sorted(p for p in ours.keys() | theirs.keys() if ours.get(p) != theirs.get(p))
