# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Numbered UDP packets at a steady pace from one host to another: which were lost, and for how long
nothing came. The clock is CLOCK_MONOTONIC; times are in seconds."""

import contextlib
import socket
import threading
import time

from wait import Timeout, wait_until

END_S = 10.0  # a flow that is dead has no end
LAST = -1  # the number behind all others


class Stream:
    """Begins with the `with`. Every number that is sent is either lost or has a time of arrival."""

    def __init__(self, source, sink, address, port=7000, interval_s=0.01):
        self.to = (address, port)
        self.interval_s = interval_s
        self.sent = []  # when each number was sent
        self.arrived = {}  # number: when
        self._stop, self._over = threading.Event(), threading.Event()
        self._sender = source.socket(socket.SOCK_DGRAM)
        self._sink = sink.socket(socket.SOCK_DGRAM, port, timeout_s=0.2)
        self._threads = [threading.Thread(target=t) for t in (self._send, self._receive)]

    def _send(self):
        while not self._stop.wait(self.interval_s):
            number = len(self.sent)
            self.sent.append(time.monotonic())
            with contextlib.suppress(OSError):  # refused: it counts as lost
                self._sender.sendto(b"%d" % number, self.to)

    def _receive(self):
        while not self._over.is_set():
            try:
                number = int(self._sink.recv(100))
            except TimeoutError:
                continue
            if number == LAST:
                self._over.set()
            else:
                self.arrived.setdefault(number, time.monotonic())

    def _last_came(self):
        self._sender.sendto(b"%d" % LAST, self.to)
        return self._over.is_set()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()
        self._sender.close()
        self._sink.close()

    def end(self):
        """No more is sent; what was under way has arrived: packets of a flow keep their order, and one
        that was sent behind them has come."""
        sender, receiver = self._threads
        self._stop.set()
        sender.join()
        if not self._over.is_set():
            with contextlib.suppress(Timeout):
                wait_until(self._last_came, END_S)
            self._over.set()
        receiver.join()

    def flows(self, deadline_s=30.0):
        """Waits until packets that are sent from now on arrive; when the first of them was sent."""
        first = len(self.sent)
        wait_until(lambda: any(n >= first for n in list(self.arrived)[-50:]), deadline_s,
                   f"packets to {self.to[0]} arrive")
        return self.sent[min(n for n in list(self.arrived)[-200:] if n >= first)]

    def lost(self, begin=0.0, end=float("inf")):
        """The numbers sent in that time that have not arrived."""
        return [n for n, at in enumerate(self.sent)
                if begin <= at < end and n not in self.arrived]

    def outage(self, begin=0.0, end=float("inf")):
        """The longest time from a lost packet to the next one that arrived, as they were sent."""
        longest, since = 0.0, None
        for n, at in enumerate(self.sent):
            if not begin <= at < end:
                continue
            if n not in self.arrived:
                since = at if since is None else since
            elif since is not None:
                longest, since = max(longest, at - since), None
        return longest if since is None else float("inf")
