# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""OSPF with tuned timers (hello 1 s, dead 4 s, no throttling, point-to-point links) while packets
flow: how fast ways change, that floods at the router's own addresses change nothing, and that
thousands of routes that come and go are the same everywhere at the end."""

import contextlib
import json
import os
import socket
import threading
import time

import netns
import pytest
from frames import Wire
from ospf import HOST1, HOST3, NET1, NET3, R1, R2, R3, PointToPointSite
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw
from stream import Stream
from wait import DEADLINE_S, wait_until

P1, P2, P3 = "10.1.0.2", "10.2.0.2", "10.3.0.2"
OWN3 = "10.3.0.1"
ROUTES, MORE = 5000, 100
# 5 s and 2 s on a machine that has time for it; far less than the dead interval of 40 s and the
# throttling of 11 s that FRR has by default.
SILENCE_WITHIN_S, ADJACENCY_WITHIN_S = 15, 8
KERNEL_PORT = 20000  # the kernel has it to itself: what listens there is reached


@pytest.fixture(scope="module")
def site(lab):
    made = PointToPointSite(lab)
    made.put()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def settled(site):
    site.wait_full()
    site.wait_route(NET1, P1)
    site.wait_route(NET3, P3)


def changes(site):
    """{neighbour: how often its state changed}: the same ones are as they were all the time."""
    return {n["router_id"]: n["state_changes"] for n in site.state()["neighbours"]}


SILENCE = """table netdev silence {
 chain in { type filter hook ingress device eth0 priority 0; policy drop; }
}
table ip silence {
 chain out {
  type filter hook postrouting priority 300
  oifname eth0 drop
 }
}
"""


@contextlib.contextmanager
def silence(site, peer):
    """Nothing passes between the router and the peer, and no carrier tells of it."""
    namespace = site.hosts[peer].netns
    netns.run(["nft", SILENCE], netns=namespace)
    try:
        yield
    finally:
        netns.run(["nft", "flush", "ruleset"], netns=namespace)


def test_silent_failure_and_return(site, figure):
    with Stream(site.h1, site.hosts["r1"], HOST1) as stream:
        stream.flows()
        begin = time.monotonic()
        with silence(site, "r1"):
            back = stream.flows(15)
            assert site.routes()[NET1] == [P2]
        site.wait_full()
        site.wait_route(NET1, P1)
        mended = time.monotonic()
        stream.flows()
    figure(f"silent failure: packets flow by another way {back - begin:.2f} s later; "
           f"{len(stream.lost(mended - 20, mended))} packets of 100 a second lost")
    assert back - begin < SILENCE_WITHIN_S
    assert stream.lost(mended) == []


def test_pulled_cable(site, figure):
    with Stream(site.h1, site.hosts["r1"], HOST1) as stream:
        stream.flows()
        ends = site.ends(R1)
        begin = time.monotonic()
        site.cut("r1")
        try:
            outage = stream.flows() - begin
            wait_until(lambda: site.ends(R1) == ends + ["KillNbr"],
                       what="ospfd says that it was the interface")  # not the dead interval
        finally:
            site.mend("r1")
    figure(f"pulled cable: packets flow by another way {outage:.2f} s later")


def test_new_adjacency(site, figure):
    """From the moment that the link is there to packets by it."""
    with Stream(site.h1, site.hosts["r3"], HOST3) as stream:
        stream.flows()
        site.cut("r3")
        site.wait_route(NET3, None)
        begin = time.monotonic()
        site.mend("r3")
        took = stream.flows() - begin
    figure(f"new adjacency: packets flow {took:.2f} s after the link is up")
    assert took < ADJACENCY_WITHIN_S


def own_traffic(site, mac):
    """Frames for an address of the router, of every kind that its kernel is told of."""
    source = {"src": "10.3.0.2", "dst": OWN3}
    to = Ether(src=mac, dst=site.hosts["r3"].neighbour(OWN3))
    garbage = IP(src="10.3.0.2", dst="224.0.0.5", proto=89, ttl=1) / Raw(b"\x02\x01" + bytes(42))
    return {
        "udp": to / IP(**source) / UDP(dport=KERNEL_PORT) / b"x",
        "closed": to / IP(**source) / UDP(dport=9) / b"x",
        "syn": to / IP(**source) / TCP(dport=KERNEL_PORT, sport=4444, flags="S"),
        "ping": to / IP(**source) / ICMP(),
        "arp": Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=mac, psrc="10.3.0.2",
                                                             pdst=OWN3),
        "ospf": Ether(src=mac, dst="01:00:5e:00:00:05") / garbage,
        "ospf-own": to / IP(**source, proto=89) / Raw(bytes(44)),
    }


@contextlib.contextmanager
def flood(site, kinds, rate=20000):
    """From r3, about `rate` frames a second of the kinds in turn."""
    stop, sent = threading.Event(), []
    with Wire(site.hosts["r3"]) as wire:
        made = own_traffic(site, wire.mac)
        frames = [bytes(made[kind]) for kind in kinds]

        def run():
            burst = rate // 100
            while not stop.wait(0.01):
                for n in range(burst):
                    with contextlib.suppress(OSError):
                        wire.send(frames[n % len(frames)])
                        sent.append(None)
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield sent
        finally:
            stop.set()
            thread.join()


class Session:
    """A TCP connection of h1 with a server beside the mirrors."""

    def __init__(self, site):
        with netns.entered(site.router.mirrors):
            listener = socket.socket()
        with listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("192.168.10.1", KERNEL_PORT + 1))
            listener.listen()
            self.client = site.h1.socket()
            self.client.connect(("192.168.10.1", KERNEL_PORT + 1))
            self.server = listener.accept()[0]
        self.server.settimeout(DEADLINE_S)

    def talk(self):
        """A word each way, each within its timeout."""
        for one, other in ((self.client, self.server), (self.server, self.client)):
            one.sendall(b"word")
            assert other.recv(100) == b"word"

    def close(self):
        self.client.close()
        self.server.close()


@pytest.mark.parametrize("kinds", [["udp", "closed", "syn", "ping", "arp"], ["ospf", "ospf-own"]],
                         ids=["own-addresses", "ospf-garbage"])
def test_adjacencies_stay_while_own_addresses_are_flooded(site, kinds, figure):
    """Longer than the dead interval. The flooder's own link is as full as it makes it, but for
    OSPF's share of it."""
    before = changes(site)
    with contextlib.closing(Session(site)) as session:
        with flood(site, kinds) as sent:
            begin = time.monotonic()
            wait_until(lambda: session.talk() is None and time.monotonic() > begin + 6)
            site.h1.ip("neighbour", "flush", "dev", "eth0")
            session.talk()  # ARP is answered
            took = time.monotonic() - begin
            after = changes(site)
    assert len(sent) > 6 * 2000, "that was no flood"
    figure(f"{len(sent) / took:.0f} frames a second of {', '.join(kinds)}")
    watched = (R1, R2, R3) if "ospf" not in kinds else (R1, R2)
    assert {i: after.get(i) for i in watched} == {i: before[i] for i in watched}


def batch(site, verb, count=ROUTES):
    """Adds or removes r3's routes: its ospfd announces them, or takes them back."""
    path = os.path.join(site.lab.directory, f"{verb}.batch")
    with open(path, "w", encoding="ascii") as f:
        f.writelines(f"route {verb} blackhole 10.{64 + n // 256}.{n % 256}.0/24\n"
                     for n in range(count))
    site.hosts["r3"].ip("-batch", path)


def announced(routes):
    return {p for p in routes if p.endswith("/24") and 64 <= int(p.split(".")[1]) < 84
            and p.startswith("10.")}


def in_kernel(site):
    shown = json.loads(netns.run(["ip", "-n", site.router.mirrors, "-j", "-4", "route", "show",
                                  "proto", "ospf"]).stdout)
    return {r["dst"] if "/" in r["dst"] else f"{r['dst']}/32" for r in shown}


def in_dataplane(site):
    page = site.api.get("state/routes?limit=10000")
    assert page["total"] == len(page["items"])
    return {r["prefix"] for r in page["items"]}


def in_zebra(site):
    shown = json.loads(site.frr.vtysh("show ip route ospf json", daemon="zebra"))
    return {p for p, ways in shown.items() if any(w.get("selected") for w in ways)}


def wait_announced(site, count):
    wait_until(lambda: len(announced(in_kernel(site))) == count, 60, f"{count} routes")
    wait_until(lambda: len(announced(in_dataplane(site))) == count, 60, "the data plane has them")


def test_churn(site, figure):
    """What flows by other routes, and by other neighbours, is not touched by it."""
    before = changes(site)
    begin = time.monotonic()
    with Stream(site.h1, site.hosts["r1"], HOST1) as stream:
        stream.flows()
        for _ in range(2):
            batch(site, "add")
            wait_announced(site, ROUTES)
            batch(site, "del")
            wait_announced(site, 0)
        batch(site, "add")
        batch(site, "del")  # while they are still on their way
        batch(site, "add", ROUTES + MORE)  # so many that they are not there before the end
        wait_announced(site, ROUTES + MORE)
        took = time.monotonic() - begin
        wait_until(lambda: in_zebra(site) == in_kernel(site), what="zebra and the kernel agree")
        kernel = in_kernel(site)
        assert kernel <= in_dataplane(site)
        assert announced(in_dataplane(site)) == announced(kernel)
        stream.end()
        assert stream.lost() == []
    batch(site, "del", ROUTES + MORE)
    wait_announced(site, 0)
    assert changes(site) == before
    figure(f"{ROUTES} routes came and went three times in {took:.1f} s; none of "
           f"{len(stream.sent)} packets by another route was lost")
