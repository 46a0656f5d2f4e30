# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Every document of configs/examples/ is applied to a running router and does what it is there to
show: the operator's guide is made of them."""

import socket

import pytest

import example
import netns
import traffic
from example import exchange
from frr import Frr
from topology import Router
from wait import wait_until

OPTIONS = ["--sessions", "65536", "--nat-addresses", "8", "--idle-sleep-us", "50"]
FAR = "192.0.2.9"


@pytest.fixture(scope="module")
def router(lab):
    made = Router(lab, options=OPTIONS)
    Frr(lab, "vr", made.mirrors).start()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def shown(router, request):
    """The example that the test is named after."""
    made = example.Example(router, request.node.name.removeprefix("test_").replace("_", "-"))
    try:
        made.apply()
        yield made
        assert router.api.get("state")["status"] == "ok"
    except BaseException:
        print(router.lab.logs(20))
        raise
    finally:
        made.remove()


def test_every_example_has_a_test():
    tests = {name.removeprefix("test_").replace("_", "-") for name in globals()}
    assert set(example.names()) <= tests


def test_vpc_minimal(shown):
    seen = exchange(shown.hosts["vpc1"], shown.hosts["pub0"], "203.0.113.1", 7000)
    assert seen[0] == "203.0.113.10"


def test_vpc(shown):
    """The document with every part: its EIP both ways, and what this version only stores."""
    vm, inet = shown.hosts["vpc1"], shown.hosts["pub0"]
    assert exchange(inet, vm, "10.108.12.198", 7000)[0] == inet.address
    assert exchange(vm, inet, inet.address, 7000)[0] == "10.108.12.198"
    assert {"/ipsec", "/load_balancers"} <= set(shown.warnings())


def test_nat_gateway(shown):
    inet = shown.hosts["pub0"]
    assert exchange(inet, shown.hosts["vpc1"], "203.0.113.22", 7000)[0] == inet.address
    assert exchange(shown.hosts["pub1"], shown.hosts["vpc2"], "198.51.100.10", 53,
                    kind=socket.SOCK_DGRAM)[0] == "198.51.100.1"


def test_snat(shown):
    """Two flows of a host have ports of one block of 256; the other subnet has another address."""
    inet = shown.hosts["pub0"]
    seen = [exchange(shown.hosts["vpc1"], inet, inet.address, port) for port in (7000, 7001)]
    assert [address for address, _ in seen] == ["203.0.113.20"] * 2
    assert len({(port - 1024) // 256 for _, port in seen}) == 1
    assert exchange(shown.hosts["vpc2"], inet, inet.address, 7000)[0] == "203.0.113.1"


def test_eip(shown):
    vm1, vm2, inet = shown.hosts["vpc1"], shown.hosts["vpc2"], shown.hosts["pub0"]
    assert traffic.ping(inet, "203.0.113.20").ok
    assert exchange(inet, vm1, "203.0.113.20", 7000)[0] == inet.address
    assert exchange(vm1, inet, inet.address, 7000)[0] == "203.0.113.20"
    # source_nat_inbound: the target sees the router.
    assert exchange(inet, vm2, "203.0.113.21", 7000)[0] == "192.168.11.1"


def test_port_forwards(shown):
    vm, inet = shown.hosts["vpc1"], shown.hosts["pub0"]
    assert exchange(inet, vm, "203.0.113.21", 8080, listen=80)[0] == inet.address
    assert exchange(inet, vm, "203.0.113.21", 5910)[0] == inet.address
    assert exchange(inet, vm, "203.0.113.1", 53, kind=socket.SOCK_DGRAM)[0] == inet.address
    before = shown.drops("not_allowed")
    with pytest.raises(ConnectionRefusedError):
        exchange(inet, vm, "203.0.113.21", 2222, listen=22)
    wait_until(lambda: shown.drops("not_allowed") == before + 1, what="a drop as not_allowed")


def uplink(shown, name):
    return next(i["uplink"] for i in shown.router.api.items("state/interfaces")
                if i["name"] == name)


def test_uplinks(shown):
    """The monitored address of the first uplink goes away: the second one carries."""
    vm, first, second = (shown.hosts[n] for n in ("vpc1", "pub0", "pub1"))
    for host in (first, second):
        host.ip("address", "add", f"{FAR}/32", "dev", "lo")

    def wait_carried_by(name, host):
        wait_until(lambda: uplink(shown, name)["in_use"] and any(
            r["prefix"] == "0.0.0.0/0" and r["next_hop"] == host.address
            for r in shown.router.api.items("state/routes")), what=f"{name} carries")
    wait_carried_by("pub0", first)
    assert exchange(vm, first, FAR, 7000)[0] == "203.0.113.1"
    first.ip("address", "del", first.interface_address, "dev", "eth0")
    wait_carried_by("pub1", second)
    assert uplink(shown, "pub0")["state"] == "down"
    assert exchange(vm, second, FAR, 7001)[0] == "198.51.100.1"


def test_routes(shown):
    vm, gateway = shown.hosts["vpc1"], shown.hosts["vpc2"]
    for host, address in ((gateway, "10.20.0.1"), (gateway, "10.30.0.1"), (vm, "10.30.0.1")):
        host.ip("address", "add", f"{address}/32", "dev", "lo")
    assert traffic.ping(vm, "10.20.0.1").ok
    shown.hosts["pub0"].ip("route", "add", "10.30.0.0/16", "via", "203.0.113.1")
    assert traffic.ping(shown.hosts["pub0"], "10.30.0.1").ok

    def hops():
        return {h["next_hop"] for r in shown.router.api.items("state/routes")
                if r["prefix"] == "10.30.0.0/16" for h in r["next_hops"]}
    wait_until(lambda: hops() == {vm.address, gateway.address}, what="both next hops are used")
    before = shown.drops("blackhole")
    assert traffic.ping(vm, "172.30.0.1", 1, timeout_s=1).received == 0
    wait_until(lambda: shown.drops("blackhole") == before + 1, what="a drop as blackhole")
    assert "Destination Host Unreachable" in traffic.ping(vm, "172.31.0.1", 1).text
    assert "Packet filtered" in traffic.ping(vm, "172.29.0.1", 1).text


def test_ospf(shown):
    """An FRR router with the same key becomes a neighbour, and its network is reached."""
    host = shown.hosts["pub0"]
    netns.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], netns=host.netns)
    host.ip("address", "add", f"{FAR}/32", "dev", "lo")
    peer = Frr(shown.router.lab, "peer", host.netns).start()
    peer.ospf("1.1.1.1", {"lo": 0, "eth0": (
        0, " ip ospf message-digest-key 1 md5 change-me\n ip ospf authentication message-digest\n")})

    def state():
        return {n["router_id"]: n["state"] for n in shown.router.api.get("state/ospf")["neighbours"]}
    wait_until(lambda: state() == {"1.1.1.1": "Full"}, 60, "the neighbour is Full")
    wait_until(lambda: any(r["prefix"] == f"{FAR}/32"
                           for r in shown.router.api.items("state/routes")), 60, "its route is here")
    # The peer, too, has to learn its way back.
    wait_until(lambda: traffic.ping(shown.hosts["vpc1"], FAR, 1, timeout_s=1).ok,
               what="vpc1 reaches the network")


@pytest.fixture
def stored_only(shown):
    """SNAT works beside a part that this version stores and does not apply."""
    inet = shown.hosts["pub0"]
    assert exchange(shown.hosts["vpc1"], inet, inet.address, 7000)[0] == "203.0.113.1"
    return shown.warnings()


def test_ipsec(stored_only):
    assert stored_only["/ipsec"] == "stored, not applied: this version has no IPsec"


def test_load_balancer(stored_only):
    assert stored_only["/load_balancers"] == (
        "stored, not applied: this version has no load balancer")


def test_nat_log(shown):
    inet = shown.hosts["pub0"]
    _, port = exchange(shown.hosts["vpc1"], inet, inet.address, 7000)

    def logged():
        with open(shown.log, encoding="ascii") as f:
            return [line for line in f if f"nat_src=203.0.113.1:{port} " in line]
    line = wait_until(logged, what="the session is in the log")[0]
    assert " start proto=tcp " in line and f" dst={inet.address}:7000 " in line
