# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Network namespaces: made, removed, entered by a thread for the time of a `with`, and the commands
that run in them. Root is needed."""

import contextlib
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
DIRECTORY = "/run/netns"

_libc = ctypes.CDLL(None, use_errno=True)


def run(argv, netns=None, timeout=20, check=True, **kwargs):
    """Runs a command (in a namespace) and returns the CompletedProcess with its text output."""
    prefix = ["ip", "netns", "exec", netns] if netns else []
    done = subprocess.run(prefix + [str(a) for a in argv], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout, **kwargs)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, argv))} (in {netns or 'the root namespace'}): "
                           f"exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def names():
    """The namespaces that exist now."""
    try:
        return sorted(os.listdir(DIRECTORY))
    except FileNotFoundError:
        return []


def create(name, ipv6=True):
    """Makes a namespace with its loopback up."""
    run(["ip", "netns", "add", name])
    if not ipv6:
        run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
             "net.ipv6.conf.default.disable_ipv6=1"], netns=name)
    run(["ip", "-n", name, "link", "set", "lo", "up"])


def remove(name):
    if name in names():
        run(["ip", "netns", "del", name])


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


@contextlib.contextmanager
def entered(name):
    """The calling thread is in namespace `name`: sockets that it makes belong there for good."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(f"{DIRECTORY}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(home)
