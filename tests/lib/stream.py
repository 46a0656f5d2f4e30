# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Numbered UDP packets at a steady pace from one host to another: which were lost, and for how long
nothing came. The clock is CLOCK_MONOTONIC; times are in seconds."""

import contextlib
import socket
import threading
import time

from wait import wait_until


class Stream:
    """Begins with the `with`. Every number that is sent is either lost or has a time of arrival."""

    def __init__(self, source, sink, address, port=7000, interval_s=0.01):
        self.to = (address, port)
        self.interval_s = interval_s
        self.sent = []  # when each number was sent
        self.arrived = {}  # number: when
        self._stop = threading.Event()
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
        while True:
            try:
                number = int(self._sink.recv(100))
            except TimeoutError:
                if self._stop.is_set():
                    return
                continue
            self.arrived.setdefault(number, time.monotonic())

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()
        self._sender.close()
        self._sink.close()

    def end(self):
        """No more is sent; what is under way has arrived."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

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
