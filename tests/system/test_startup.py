# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Starting: what is wrong with the machine or the options is said, with what to do about it; with
hugepages the same router runs as without."""

import contextlib

import pytest

import netns
from topology import Host, Router
import traffic
from wait import wait_until

HUGEPAGES = "/proc/sys/vm/nr_hugepages"
NEEDED_PAGES = 640  # of 2 MiB: 1024 MiB for DPDK and the session arena


@pytest.fixture(scope="module")
def router(lab):
    """A router that is not started."""
    return Router(lab)


@contextlib.contextmanager
def reserved_hugepages(count):
    with open(HUGEPAGES, encoding="ascii") as f:
        before = f.read()
    try:
        with open(HUGEPAGES, "w", encoding="ascii") as f:
            f.write(str(count))
        with open(HUGEPAGES, encoding="ascii") as f:
            yield int(f.read())
    finally:
        with open(HUGEPAGES, "w", encoding="ascii") as f:
            f.write(before)


def dataplane(router, *options):
    """The exit status and messages of a data plane that must not start."""
    argv = [router.dataplane_program(), "--netns", router.mirrors, "--socket",
            router.dataplane_socket, "--file-prefix", router.lab.prefix, *options]
    done = netns.run(argv, router.management, timeout=60, check=False)
    assert "ready" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("options, told", [
    (["--no-huge", "--netns", "vr-absent"], "ip netns add vr-absent"),
    (["--no-huge", "--cores", "4000"], "--cores"),
    (["--no-huge", "--memory", "64"], "raise --memory"),
    (["--no-huge", "--socket", "/nonexistent/x.sock"], "/nonexistent/x.sock"),
    (["--no-huge", "--sessions", "many"], "--sessions"),
    (["--unknown"], "--unknown"),
    (["argument"], "argument"),
], ids=["namespace", "CPU", "memory", "socket", "number", "option", "argument"])
def test_a_data_plane_that_cannot_start_says_why(router, options, told):
    status, text = dataplane(router, *options)
    assert status in (1, 2)
    assert told in text


def test_without_hugepages_it_says_how_to_get_them(router):
    with reserved_hugepages(0) as count:
        if count:
            pytest.skip("hugepages of others are in use")
        status, text = dataplane(router)
    assert status == 1
    assert "sysctl -w vm.nr_hugepages=" in text and "--no-huge" in text


@pytest.mark.parametrize("options, told", [
    (["--netns", "vr-absent"], "--netns vr-absent: No such file or directory; create it: "
                               "ip netns add vr-absent"),
    (["--netns", "../netns/vr"], "--netns ../netns/vr: Invalid argument"),
    (["--netns", ""], "--netns : Invalid argument"),
    (["--netns", "n" * 64], "n: Invalid argument"),
    (["--listen", "127.0.0.1:8480"], "--listen needs --tokens"),
    (["--listen", "0.0.0.0:8480", "--tokens", "/dev/null"], "loopback"),
    (["--listen", "127.0.0.1:99999", "--tokens", "/dev/null"], "--listen"),
    (["--tokens", "/dev/null"], "need --listen"),
    (["--listen", "127.0.0.1:8480", "--tokens", "/dev/null", "--tls-key", "/dev/null"],
     "go together"),
    (["--listen", "127.0.0.1:8480", "--tokens", "/dev/null", "--tls-key", "/dev/null",
      "--tls-certificate", "/nonexistent"], "--tls-certificate /nonexistent: No such file"),
    (["--api-socket", "/nonexistent/api.sock"], "/nonexistent/api.sock"),
    (["--state-dir", "/proc/vrouter"], "/proc/vrouter"),
    (["--unknown"], "--unknown"),
], ids=["namespace", "path as namespace", "no name", "long name", "listen without tokens",
        "listen on all addresses", "port", "tokens alone", "key alone", "certificate", "socket", "state directory", "option"])
def test_a_control_that_cannot_start_says_why(router, options, told):
    argv = [router.control_program(), "--state-dir", router.state_directory, "--api-socket",
            router.api_socket, "--dataplane-socket", router.dataplane_socket, "--netns",
            router.mirrors, *options]
    done = netns.run(argv, router.management, timeout=60, check=False)
    assert done.returncode in (1, 2)
    assert told in done.stderr


def test_vrctl_without_a_router(router):
    done = router.vrctl("show", "status", check=False)
    assert done.returncode == 3
    assert router.api_socket in done.stderr


def test_the_router_runs_on_hugepages(lab, router):
    with reserved_hugepages(NEEDED_PAGES) as count:
        if count < NEEDED_PAGES:
            pytest.skip(f"the machine has memory for {count} hugepages only")
        router.hugepages = True
        router.options = ["--sessions", "65536", "--idle-sleep-us", "50"]
        router.start()
        one, two = (Host(lab, f"h{i}", f"192.168.1{i}.10/24", f"192.168.1{i}.1") for i in (0, 1))
        router.put({"version": 1, "interfaces": [
            {"name": f"vpc{i}", "role": "private", "port": host.port,
             "addresses": [f"192.168.1{i}.1/24"]} for i, host in enumerate((one, two))]})
        for host in (one, two):
            host.attach()
        wait_until(router.links_up)
        assert traffic.ping(one, two.address).ok
        router.stop()
