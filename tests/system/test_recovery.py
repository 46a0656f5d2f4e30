# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""How soon traffic is forwarded again after kill -9 of a data plane that has the tables of an
appliance: no size is an option."""

import select
import signal
import socket
import statistics
import time

import traffic
from vpc import EIP, H1, H2, INET, PUB0, snat_everywhere, vips
from wait import POLL_S, wait_until

SITE = {"options": ["--idle-sleep-us", "50"], "vips": vips(), "snat": snat_everywhere(),
        "eips": [{"name": "eip-h1", "vip": "vip-eip", "target": H1}],
        "routes": [{"destination": "172.30.0.0/16", "type": "blackhole"}]}
RESTARTS = 5
FORWARDS_WITHIN_S = 1.0  # of READY=1
DEADLINE_S = 30.0


class Flow:
    """Datagrams to a port that nothing was sent to before, one with every poll."""

    def __init__(self, name, source, target, address, port):
        self.name = name
        self.destination = (address, port)
        self.receiver = target.socket(socket.SOCK_DGRAM, port)
        self.sender = source.socket(socket.SOCK_DGRAM)
        self.seen_from = None

    def send(self):
        try:
            self.sender.sendto(b"x", self.destination)
        except OSError:
            pass  # the host's link is not up yet

    def receive(self):
        self.seen_from = self.receiver.recvfrom(64)[1][0]

    def close(self):
        self.sender.close()
        self.receiver.close()


def flows(site, port):
    return [Flow("routed", site.h1, site.h2, H2, port), Flow("SNAT", site.h2, site.inet, INET, port),
            Flow("EIP", site.inet, site.h1, EIP, port)]


def first_arrivals(waiting):
    """{flow: when its first datagram arrived}; sends on all that wait."""
    arrived = {}
    poll = select.poll()
    by_fd = {f.receiver.fileno(): f for f in waiting}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)

    def all_arrived():
        for flow in waiting:
            if flow.name not in arrived:
                flow.send()
        for fd, _ in poll.poll(POLL_S * 1000 / 4):
            by_fd[fd].receive()
            arrived.setdefault(by_fd[fd].name, time.monotonic())
        return len(arrived) == len(waiting)
    wait_until(all_arrived, DEADLINE_S, "every flow is forwarded")
    return arrived


def restart(site, port):
    """(seconds from the start of the program to READY=1, {flow: seconds from then on})."""
    site.router.dataplane.stop(signal.SIGKILL)
    made = flows(site, port)
    try:
        start = time.monotonic()
        site.router.start_dataplane()
        ready = time.monotonic()
        arrived = first_arrivals(made)
    finally:
        for flow in made:
            flow.close()
    assert [f.seen_from for f in made] == [H1, PUB0, INET]
    return ready - start, {name: at - ready for name, at in arrived.items()}


def test_forwards_within_a_second_of_readiness(site, figure):
    limits = {limit["name"]: limit for limit in site.api.items("state/limits")}
    assert limits["sessions"]["max"] == 1048576
    assert traffic.ping(site.h1, H2).ok
    seen = [restart(site, 7000 + n) for n in range(RESTARTS)]
    starts = [start for start, _ in seen]
    waits = [max(arrived.values()) for _, arrived in seen]
    figure(f"kill -9 of the data plane, default table sizes (1048576 sessions, --no-huge, 1 worker, "
           f"TAP ports, 4 interfaces), {RESTARTS} restarts: READY=1 to the first datagram of the "
           f"last of 3 flows (routed, SNAT, EIP): median {statistics.median(waits):.2f} s, worst "
           f"{max(waits):.2f} s; start of the program to READY=1: median "
           f"{statistics.median(starts):.2f} s, worst {max(starts):.2f} s")
    # What the router itself waits for is in all of them, what a busy machine takes is not.
    assert min(waits) < FORWARDS_WITHIN_S, seen
