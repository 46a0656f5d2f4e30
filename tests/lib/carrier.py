# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""When the carrier of a netdev comes and goes, to the millisecond: by rtnetlink, as routing daemons
hear of it."""

import socket
import struct
import time

import netns
from wait import DEADLINE_S

RTMGRP_LINK, RTM_NEWLINK = 1, 16
IFF_LOWER_UP = 1 << 16
MESSAGE = struct.Struct("=IHHII")  # nlmsghdr
LINK = struct.Struct("=BxHiII")  # ifinfomsg


class Carrier:
    """Follows a netdev of a namespace from now on."""

    def __init__(self, namespace, name):
        with netns.entered(namespace):
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            self.index = socket.if_nametoindex(name)
        self.socket.bind((0, RTMGRP_LINK))
        self.socket.settimeout(DEADLINE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _states(self):
        """The netdev's carrier in each message of the next datagram."""
        data = self.socket.recv(65536)
        while len(data) >= MESSAGE.size + LINK.size:
            length, kind = MESSAGE.unpack_from(data)[:2]
            _, _, index, flags, _ = LINK.unpack_from(data, MESSAGE.size)
            if kind == RTM_NEWLINK and index == self.index:
                yield bool(flags & IFF_LOWER_UP)
            data = data[(length + 3) & ~3:]

    def seconds_until(self, up, event):
        """Seconds from the beginning of event() until the carrier is `up`."""
        begin = time.monotonic()
        event()
        while up not in self._states():
            pass
        return time.monotonic() - begin
