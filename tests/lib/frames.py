# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Frames as they are: an AF_PACKET socket on a host's netdev sends bytes that no kernel would, and
sees what arrives before a kernel judges it."""

import select
import socket
import struct
import time

import netns
from wait import DEADLINE_S

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_CSUMNOTREADY = 1 << 3


class Wire:
    """The wire of a host, as a context."""

    def __init__(self, host, netdev="eth0"):
        self.mac = host.mac()
        with netns.entered(host.netns):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self.socket.bind((netdev, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, frame):
        self.socket.send(bytes(frame))

    def receive(self, wanted, deadline_s=DEADLINE_S):
        """The first frame for which wanted(bytes) is true, and whether its checksum is partial;
        (None, False) when none comes in time."""
        end = time.monotonic() + deadline_s
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                break
            frame, ancillary, _, _ = self.socket.recvmsg(65535, 128)
            status = next((struct.unpack_from("I", data)[0] for level, kind, data in ancillary
                           if (level, kind) == (SOL_PACKET, PACKET_AUXDATA)), 0)
            if wanted(frame):
                return frame, bool(status & TP_STATUS_CSUMNOTREADY)
        return None, False
