# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Floods at the router itself, from one host: what other hosts do with it, a TCP connection of the
router's kernel, and established flows through it go on without a loss."""

import contextlib
import functools
import threading

import netns
import pytest
import traffic
from frames import Wire
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether
from vpc import H1, H2, INET, ISP2, PUB0, VPC1, VPC2, snat_everywhere
from wait import wait_until

SITE = {"snat": snat_everywhere()}
FLOOD = 60000  # frames at most


def frames_of(kind, site, source):
    """Frames that the router must see on its way to the kernel."""
    router = site.hosts["h1" if source == "h1" else "inet"].neighbour(
        VPC1 if source == "h1" else PUB0)
    to = Ether(dst=router)
    address = VPC1 if source == "h1" else PUB0
    host = H1 if source == "h1" else INET
    return {
        "ARP": Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(psrc=host, pdst=address),
        "ping": to / IP(src=host, dst=address) / ICMP(),
        "closed port": to / IP(src=host, dst=address) / UDP(dport=9) / b"x",
        "kernel port": to / IP(src=host, dst=address) / UDP(dport=20000) / b"x",
    }[kind]


@contextlib.contextmanager
def flood(site, kind, source):
    """From the background, as fast as one thread sends, for as long as the block runs."""
    stop = threading.Event()
    sent = []
    with Wire(site.hosts[source]) as wire:
        frame = frames_of(kind, site, source)
        frame.src = wire.mac
        if ARP in frame:
            frame[ARP].hwsrc = wire.mac
        raw = bytes(frame)

        def run():
            while not stop.is_set() and len(sent) < FLOOD:
                with contextlib.suppress(BlockingIOError, OSError):
                    wire.send(raw)
                sent.append(None)
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield sent
        finally:
            stop.set()
            thread.join()


def answers(host, address):
    return traffic.ping(host, address, timeout_s=1).ok


@pytest.mark.parametrize("source", ["h1", "inet"])
@pytest.mark.parametrize("kind", ["ARP", "ping", "closed port", "kernel port"])
def test_a_flood_leaves_others_alone(site, kind, source):
    web = site.web(site.h2)
    # Flows by the attacker's own link share what its NIC queue holds: not the router's doing.
    outside = ISP2 if source == "inet" else INET
    site.web(site.isp2 if source == "inet" else site.inet)
    assert traffic.ping(site.h2, outside, 1).ok
    with flood(site, kind, source) as sent:
        # ARP of another port, from nothing.
        site.h2.ip("neighbour", "flush", "dev", "eth0")
        assert traffic.ping(site.h2, VPC2, 5).ok
        # A TCP connection of the router's own kernel.
        answer = netns.run(["curl", "-sS", "--max-time", "10", f"http://{H2}/"],
                           site.router.mirrors, check=False)
        assert answer.stdout == "h2", answer.stderr
        # Flows through the router.
        assert traffic.ping(site.h2, outside, 10).ok
        answer = traffic.fetch(site.h2, outside)
        assert answer.ok, answer.error
    assert len(sent) > 1000, "that was no flood"
    assert web.process.alive()
    for host, address in ((site.h1, VPC1), (site.inet, PUB0)):  # behind what waits in the TAP's queue
        wait_until(functools.partial(answers, host, address))


def test_what_is_over_the_rate_is_counted(site):
    def policed():
        return {p["class"]: p["policed"] for p in site.api.items("state/punts")}
    before = policed()
    with flood(site, "ping", "h1") as sent:
        while len(sent) < 20000:
            assert traffic.ping(site.h2, VPC2, 1).ok
    site.router.wait_published()
    after = policed()
    assert after["icmp"] > before["icmp"]
    assert after["arp"] == before["arp"]
