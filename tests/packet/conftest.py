# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""A router with two private networks and two uplinks, its hosts, and the balance of its books: after
each test every packet and every buffer must be accounted for."""

import copy
import os
import sys
from types import SimpleNamespace

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from router import Host, Router  # noqa: E402


def interface(name, n, role, address, **more):
    return {"name": name, "mac": f"02:00:00:00:00:{n:02x}", "role": role, "addresses": [address],
            "port": {"driver": "tap", "address": f"{name}@test"}, "queues": 2, **more}


CONFIG = {
    "version": 1,
    "interfaces": [
        interface("vpc1", 1, "private", "192.168.10.1/24"),
        interface("vpc2", 2, "private", "192.168.11.1/24"),
        interface("pub0", 3, "public", "203.0.113.1/24", gateway="203.0.113.254"),
        interface("pub1", 4, "public", "198.51.100.1/24"),
    ],
    "vips": [
        {"name": "vip-eip", "address": "203.0.113.20", "interface": "pub0"},
        {"name": "vip-pf", "address": "203.0.113.21", "interface": "pub0"},
        {"name": "vip-eip2", "address": "203.0.113.22", "interface": "pub0"},
        {"name": "vip-bare", "address": "203.0.113.23", "interface": "pub0"},
    ],
    "snat": [
        {"name": "out1", "source": "192.168.10.0/24", "interface": "pub0"},
        {"name": "out2", "source": "192.168.11.0/24", "interface": "pub0"},
        {"name": "out1b", "source": "192.168.10.0/24", "interface": "pub1"},
    ],
    "eips": [{"name": "eip", "vip": "vip-eip", "target": "192.168.10.20"},
             {"name": "eip2", "vip": "vip-eip2", "target": "192.168.11.20"}],
    "port_forwards": [
        {"name": "web", "vip": "vip-pf", "protocol": "tcp", "ports": "8080",
         "target": "192.168.11.10", "target_ports": "80"},
        {"name": "range", "vip": "vip-pf", "protocol": "tcp", "ports": "5900-6200",
         "target": "192.168.11.10"},
        {"name": "dns", "vip": "vip-pf", "protocol": "udp", "ports": "53",
         "target": "192.168.10.10"},
        {"name": "closed", "vip": "vip-pf", "protocol": "tcp", "ports": "22",
         "target": "192.168.10.10", "allowed_cidr": "203.0.113.128/25"},
    ],
    "routes": [
        {"destination": "172.30.0.0/16", "type": "blackhole"},
        {"destination": "172.31.0.0/16", "type": "unreachable"},
        {"destination": "172.29.0.0/16", "type": "prohibit"},
        {"destination": "192.168.101.0/24", "type": "static", "next_hop": "192.168.11.10"},
    ],
}


def check_books(router):
    stats = router.stats()
    a = stats["accounts"]
    sources = a["received"] + a["injected"] + a["generated"] + a["taken_over"]
    sinks = (a["sent"] + a["punted"] + a["dropped"] + a["consumed"] + a["handed_over"] + a["held"])
    assert sources == sinks, a
    assert a["dropped"] == sum(stats["drops"].values())
    assert stats["drops"]["none"] == 0
    assert stats["buffers"] == a["held"], "a packet buffer leaked"


def make_net(router):
    hosts = {
        "h1": ("vpc1", "192.168.10.10"), "h1b": ("vpc1", "192.168.10.11"),
        "eip": ("vpc1", "192.168.10.20"),
        "h2": ("vpc2", "192.168.11.10"), "eip2": ("vpc2", "192.168.11.20"),
        "inet": ("pub0", "203.0.113.10"), "office": ("pub0", "203.0.113.200"),
        "gw": ("pub0", "203.0.113.254"), "isp2": ("pub1", "198.51.100.10"),
    }
    net = SimpleNamespace(router=router, config=CONFIG)
    for n, (name, (port, ip)) in enumerate(hosts.items()):
        setattr(net, name, Host(router, port, ip, f"02:00:00:00:01:{n:02x}"))
    return net


@pytest.fixture(scope="session")
def routers():
    """One process for each number of workers: starting one takes longer than most tests."""
    routers = {}
    yield routers
    for router in routers.values():
        router.close()


@pytest.fixture(params=[1, 2], ids=["1worker", "2workers"])
def net(request, routers):
    router = routers.pop(request.param, None)
    if router is None:
        router = Router(copy.deepcopy(CONFIG), request.param)
    else:
        router.reset(copy.deepcopy(CONFIG))
    yield make_net(router)
    check_books(router)
    routers[request.param] = router  # a test that failed leaves none behind
