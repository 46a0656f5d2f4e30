# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Background processes with a pid file each, so that a later run can end what a killed one left:
only the process that the file names, when its start time and program are still the same."""

import json
import os
import select
import signal
import socket
import subprocess
import time

from wait import DEADLINE_S, wait_until


def _start_ticks(pid):
    """Clock ticks from boot to the start of the process: with the pid, its identity."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        return int(f.read().rpartition(")")[2].split()[19])


def _wait_exit(pidfd, deadline_s):
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(deadline_s * 1000))


def _command_line(pid, pidfd):
    """The arguments. There are none for a moment while a program starts, and after the end."""
    def seen():
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as f:
            arguments = f.read()
        return arguments or _wait_exit(pidfd, 0)
    text = wait_until(seen)
    return text.split("\0") if isinstance(text, str) else []


class Process:
    """A process of the lab; its output is in `log`."""

    def __init__(self, directory, name, argv, netns=None, env=None):
        self.name = name
        self.log = os.path.join(directory, f"{name}.log")
        self.pid_file = os.path.join(directory, f"{name}.pid")
        argv = [str(a) for a in argv]
        prefix = ["ip", "netns", "exec", netns] if netns else []
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(prefix + argv, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, env={**os.environ, **(env or {})},
                                          start_new_session=True)
        self.pid = self.popen.pid
        with open(self.pid_file, "w", encoding="ascii") as f:
            json.dump({"pid": self.pid, "start": _start_ticks(self.pid), "program": argv[0]}, f)

    def alive(self):
        return self.popen.poll() is None

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def tail(self, lines=30):
        return "\n".join(self.output().splitlines()[-lines:])

    def send(self, number):
        self.popen.send_signal(number)

    def stop(self, number=signal.SIGTERM, deadline_s=DEADLINE_S):
        """Signals, waits, kills when the deadline passes. Returns the exit status, as Popen does;
        raises when it had to be killed."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        try:
            status = self.popen.wait(deadline_s)
        except subprocess.TimeoutExpired as e:
            self.popen.kill()
            self.popen.wait()
            raise RuntimeError(f"{self.name} did not end {deadline_s} s after signal {number}; "
                               f"its log:\n{self.tail()}") from e
        finally:
            self._forget()
        return status

    def _forget(self):
        if os.path.exists(self.pid_file):
            os.unlink(self.pid_file)


def end_left_over(pid_file):
    """Ends the process of a pid file that an earlier run left. True when there was one."""
    try:
        with open(pid_file, encoding="ascii") as f:
            left = json.load(f)
        pidfd = os.pidfd_open(left["pid"])
    except (OSError, ValueError, KeyError):
        os.unlink(pid_file)
        return False
    try:
        ours = (_start_ticks(left["pid"]) == left["start"] and
                left["program"] in _command_line(left["pid"], pidfd))
        if ours:
            for number in (signal.SIGTERM, signal.SIGKILL):
                signal.pidfd_send_signal(pidfd, number)
                if _wait_exit(pidfd, DEADLINE_S):
                    break
    except (FileNotFoundError, ProcessLookupError):
        ours = False
    finally:
        os.close(pidfd)
    os.unlink(pid_file)
    return ours


class Readiness:
    """The receiving end of sd_notify(): a process that is given `env` says READY=1 here."""

    def __init__(self, directory, name):
        self.path = os.path.join(directory, f"{name}.notify")
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(self.path)
        self.env = {"NOTIFY_SOCKET": self.path}

    def wait(self, process, deadline_s):
        """Returns when `process` is ready; raises with its log when it ends or is late."""
        pidfd = os.pidfd_open(process.pid)
        end = time.monotonic() + deadline_s
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        poll.register(pidfd, select.POLLIN)
        try:
            while (left := end - time.monotonic()) > 0:
                for fd, _ in poll.poll(left * 1000):
                    if fd == pidfd:
                        process.popen.wait()
                        raise RuntimeError(f"{process.name} ended before it was ready, status "
                                           f"{process.popen.returncode}:\n{process.tail()}")
                    if b"READY=1" in self.socket.recv(4096).split(b"\n"):
                        return
            raise RuntimeError(f"{process.name} was not ready within {deadline_s} s:\n"
                               f"{process.tail()}")
        finally:
            os.close(pidfd)

    def close(self):
        self.socket.close()
        if os.path.exists(self.path):
            os.unlink(self.path)
