# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Two ways to one far address: a stream of datagrams that says which one is taken, and since
when."""

import contextlib
import select
import socket
import time

from wait import POLL_S, wait_until


class Stream:
    """Datagrams from a host to an address that hosts behind several interfaces have, one with each
    poll. `ends` are these hosts by interface."""

    def __init__(self, source, address, ends, port=7000):
        self.closing = contextlib.ExitStack()
        self.sender = self.closing.enter_context(source.socket(socket.SOCK_DGRAM))
        self.ends = {name: self.closing.enter_context(host.socket(socket.SOCK_DGRAM, port))
                     for name, host in ends.items()}
        self.to = (address, port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.close()

    def arrivals(self):
        """{interface: source of the last datagram that came}, one more sent before."""
        self.sender.sendto(b"x", self.to)
        readable, _, _ = select.select(self.ends.values(), [], [], POLL_S / 4)
        return {name: end.recvfrom(64)[1][0] for name, end in self.ends.items()
                if end in readable}

    def drain(self):
        while (readable := select.select(self.ends.values(), [], [], 0)[0]):
            for end in readable:
                end.recv(64)

    def wait_by(self, name, source, event=None):
        """Seconds from event() on until a datagram came by the interface, with that source."""
        begin = time.monotonic()
        if event:
            event()
        self.drain()
        wait_until(lambda: self.arrivals().get(name) == source, what=f"traffic by {name}")
        return time.monotonic() - begin

    def stays_by(self, name, source, datagrams=20):
        """That many datagrams arrive by the interface, none by another."""
        self.drain()
        seen = 0

        def enough():
            nonlocal seen
            came = self.arrivals()
            assert set(came) <= {name}, came
            seen += came.get(name) == source
            return seen >= datagrams
        return wait_until(enough, what=f"{datagrams} datagrams by {name}")
