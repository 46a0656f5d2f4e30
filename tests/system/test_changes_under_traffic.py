# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Flows lose no packet while the configuration changes around them a thousand times: objects that
do not concern them are added, altered and removed."""

import itertools
import select
import socket
import struct
import threading
import time

import traffic
from vpc import EIP, H1, H2, INET, VIP, snat_everywhere, vips

CHANGES = 1000
GAP_S = 0.002  # between the packets of a flow
WAIT_S = 5.0
HEAD = struct.Struct("!4sI")
EIPS = [{"name": "eip-h1", "vip": "vip-eip", "target": H1}]
FORWARDS = [{"name": "echo", "vip": "vip-web", "protocol": "udp", "ports": "7000", "target": H2,
             "target_ports": "7001"}]
SITE = {"vips": vips(), "snat": snat_everywhere(), "eips": EIPS, "port_forwards": FORWARDS,
        "routes": []}


class Flow:
    """Numbered datagrams to a server, each of which is sent back: both directions count."""

    def __init__(self, name, client, server, address, port, inside=None):
        self.name = name
        self.client = client.socket(socket.SOCK_DGRAM)
        self.server = server.socket(socket.SOCK_DGRAM, inside or port)
        self.destination = (address, port)
        self.sent = 0
        self.came, self.back = set(), set()
        self.peers = set()

    def send(self):
        self.client.sendto(HEAD.pack(b"flow", self.sent), self.destination)
        self.sent += 1

    def answer(self):
        packet, peer = self.server.recvfrom(100)
        self.came.add(HEAD.unpack(packet)[1])
        self.peers.add(peer)
        self.server.sendto(packet, peer)

    def take(self):
        self.back.add(HEAD.unpack(self.client.recv(100))[1])

    def close(self):
        self.client.close()
        self.server.close()

    def lost(self):
        return self.sent - len(self.came), self.sent - len(self.back)


class Traffic(threading.Thread):
    """Sends on all flows until it is told to stop, then waits for what is under way."""

    def __init__(self, flows):
        super().__init__()
        self.flows = flows
        self.stopping = threading.Event()
        self.poll = select.poll()
        self.handlers = {}
        for flow in flows:
            for side, handler in ((flow.server, flow.answer), (flow.client, flow.take)):
                self.handlers[side.fileno()] = handler
                self.poll.register(side, select.POLLIN)

    def receive_until(self, end):
        while (left := end - time.monotonic()) > 0:
            for fd, _ in self.poll.poll(left * 1000):
                self.handlers[fd]()
            if self.stopping.is_set() and not any(any(f.lost()) for f in self.flows):
                return

    def run(self):
        while not self.stopping.is_set():
            for flow in self.flows:
                flow.send()
            self.receive_until(time.monotonic() + GAP_S)
        self.receive_until(time.monotonic() + WAIT_S)

    def stop(self):
        self.stopping.set()
        self.join()


def changes():
    """Merge patches: of each list an object comes, is altered and goes."""
    vip = {"name": "vip-other", "address": "203.0.113.99", "interface": "pub0"}
    for n in itertools.count():
        spare = [{"name": "other", "vip": "vip-spare", "protocol": "tcp", "ports": "80",
                  "target": f"192.168.10.{20 + n % 50}"}]
        more = [{"name": "eip-other", "vip": "vip-other", "target": f"192.168.11.{20 + n % 50}"}]
        yield {"port_forwards": FORWARDS + spare}
        yield {"port_forwards": FORWARDS + [{**spare[0], "ports": "81-90"}]}
        yield {"vips": vips() + [vip], "eips": EIPS + more}
        yield {"eips": EIPS + [{**more[0], "target": "192.168.11.99"}]}
        yield {"routes": [{"destination": "172.30.0.0/16", "type": "static", "next_hop": INET}]}
        yield {"snat": snat_everywhere() + [{"name": "other", "source": "172.20.0.0/16",
                                             "interface": "pub0"}]}
        yield {"routes": [{"destination": "172.30.0.0/16", "type": "blackhole"}]}
        yield {"port_forwards": FORWARDS}
        yield {"snat": snat_everywhere(), "eips": EIPS, "vips": vips()}
        yield {"routes": []}


def test_no_packet_is_lost(site, figure):
    for host, address in ((site.h1, INET), (site.h2, INET), (site.h1, H2), (site.inet, H2)):
        traffic.ping(host, address, 1)  # the neighbours are known
    flows = [Flow("routed", site.h1, site.h2, H2, 6000), Flow("SNAT", site.h2, site.inet, INET, 6001),
             Flow("EIP in", site.inet, site.h1, EIP, 6002),
             Flow("EIP out", site.h1, site.inet, INET, 6003),
             Flow("forward", site.inet, site.h2, VIP, 7000, 7001)]
    running = Traffic(flows)
    running.start()
    begin = time.monotonic()
    try:
        for patch in itertools.islice(changes(), CHANGES):
            reply = site.api.request("PATCH", "/v1/config", patch,
                                     {"Content-Type": "application/merge-patch+json"})
            assert reply.status == 200 and reply.json()["changed"], reply.text
    finally:
        took = time.monotonic() - begin
        running.stop()
        for flow in flows:
            flow.close()
    figure(f"{CHANGES} changes in {took:.1f} s under "
           f"{sum(2 * f.sent for f in flows)} packets of {len(flows)} flows")
    assert {f.name: f.lost() for f in flows} == {f.name: (0, 0) for f in flows}
    assert all(len(f.peers) == 1 for f in flows)
    assert all(f.sent > CHANGES / 10 for f in flows)
