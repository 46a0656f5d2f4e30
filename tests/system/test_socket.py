# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The data plane's transaction socket with peers that are wrong, silent or too many: each gets an
answer or the door, forwarding and the real control process go on."""

import contextlib
import errno
import socket
import struct

import pytest

import traffic
from vpc import H2
from wait import DEADLINE_S, wait_until

HEADER = struct.Struct("=IHHIi")  # len, type, pad, seq, status: dataplane/api/proto.h
HELLO, WELCOME, BEGIN, RESULT = 1, 2, 4, 9


def message(kind, body=b"", seq=1):
    return HEADER.pack(HEADER.size + len(body), kind, 0, seq, 0) + body


@contextlib.contextmanager
def peer(site):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(DEADLINE_S)
        s.connect(site.router.dataplane_socket)
        yield s


def answer(s):
    """(type, status) of the next message; None: the other side hung up."""
    try:
        data = s.recv(65536)
    except ConnectionResetError:
        return None
    return (HEADER.unpack_from(data)[1], HEADER.unpack_from(data)[4]) if data else None


@pytest.fixture
def alone(site):
    """Without control, so that the socket is free; control comes back at the end."""
    site.router.kill_control()
    yield site
    site.router.start_control()
    wait_until(lambda: site.api.get("state")["status"] == "ok")
    assert traffic.ping(site.h1, H2).ok


def test_a_second_client_is_told_that_there_is_one(site):
    with peer(site) as s:
        assert answer(s) == (WELCOME, -errno.EBUSY)
        assert answer(s) is None
    assert site.api.get("state/dataplane")["connected"]


def test_another_schema_is_refused(alone):
    with peer(alone) as s:
        s.send(message(HELLO, b"\x00" * 48))
        assert answer(s) == (WELCOME, -errno.EPROTO)
        assert answer(s) is None


@pytest.mark.parametrize("garbage", [
    b"\x00", b"x" * 19, b"x" * 60000, message(BEGIN), message(RESULT), message(0xffff),
    struct.pack("=I", 0xffffffff) + b"\x01" * 60, message(HELLO)[:-1] + b"\xff",
], ids=["byte", "short", "long", "no hello", "reply", "unknown type", "length", "status"])
def test_garbage_closes_the_connection(alone, garbage):
    with peer(alone) as s:
        s.send(garbage)
        got = answer(s)
        assert got is None or got[1] < 0
        assert got is None or answer(s) is None


def test_a_silent_client_keeps_nobody_out(alone):
    with peer(alone):
        alone.router.start_control()
        wait_until(lambda: alone.api.get("state/dataplane")["connected"])
        alone.router.kill_control()
