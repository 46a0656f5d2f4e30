# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The lab itself: it cleans up after a killed run, and touches nothing that is not its own."""

import os
import subprocess
import sys

import pytest

import netns
from processes import Process, end_left_over
from topology import Host, Lab, RUN_DIRECTORY
from traffic import WebServer
from wait import Timeout, wait_until

NAME = os.environ.get("VROUTER_LAB", "vrsys") + "lab"  # not the lab of the run

KILLED_RUN = f"""
import os, signal
from topology import Host, Lab
lab = Lab("{NAME}")
host = Host(lab, "h1", "192.0.2.1/24", None)
print(lab.spawn("tail", ["tail", "-f", "/dev/null"], host.netns).pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_cleans_up_after_a_killed_run():
    done = subprocess.run([sys.executable, "-c", KILLED_RUN], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": ":".join(sys.path)}, check=False)
    assert done.returncode == -9, done.stderr
    left = int(done.stdout)
    assert os.path.exists(f"/proc/{left}")
    assert f"{NAME}-h1" in netns.names()
    with Lab(NAME) as lab:
        assert not os.path.exists(f"/proc/{left}/cwd")
        assert f"{NAME}-h1" not in netns.names()
        assert os.listdir(lab.directory) == []
    assert not os.path.exists(os.path.join(RUN_DIRECTORY, NAME))


def test_leaves_a_process_alone_that_reused_the_pid(tmp_path):
    other = Process(str(tmp_path), "other", ["tail", "-f", "/dev/null"])
    try:
        text = (tmp_path / "other.pid").read_text(encoding="ascii")
        stale = tmp_path / "stale.pid"
        stale.write_text(text.replace('"program": "tail"', '"program": "iperf3"'),
                         encoding="ascii")
        assert not end_left_over(str(stale))
        assert other.alive()
        assert not stale.exists()
    finally:
        other.stop()


def test_a_name_is_used_by_one_run_at_a_time():
    with Lab(NAME):
        with pytest.raises(RuntimeError, match=f"another run uses the name {NAME}"):
            Lab(NAME)


def test_a_server_is_waited_for_until_it_listens():
    with Lab(NAME) as lab:
        host = Host(lab, "h1", "192.0.2.1/24", None)
        WebServer(host)
        assert host.run("curl", "-sS", "http://127.0.0.1/", check=True).stdout == "h1"


def test_wait_until_names_what_did_not_happen():
    with pytest.raises(Timeout, match="the moon"):
        wait_until(lambda: False, 0.05, "the moon")
