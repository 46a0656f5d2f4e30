# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What coturn's natdiscovery (RFC 5780), asking a STUN server with two addresses, finds the SNAT
rules to be: the mapping and the filtering that are configured."""

import os

import pytest

from vpc import H1, INET, snat_everywhere
from wait import wait_until

SITE = {"snat": snat_everywhere()}
INET2 = "203.0.113.11"

MAPPING = {"endpoint_independent": "NAT with Endpoint Independent Mapping!",
           "endpoint_dependent": "NAT with Address and Port Dependent Mapping!"}
FILTERING = {"endpoint_independent": "NAT with Endpoint Independent Filtering!",
             "address": "NAT with Address Dependent Filtering!",
             "address_and_port_dependent": "NAT with Address and Port Dependent Filtering!"}
MODES = [("endpoint_independent", filtering) for filtering in FILTERING] + [
    ("endpoint_dependent", "address_and_port_dependent")]


@pytest.fixture(scope="module")
def stun(site):
    """A STUN server on two addresses and two ports of each."""
    site.inet.ip("address", "add", f"{INET2}/24", "dev", "eth0")
    server = site.inet.serve(
        "turnserver", "turnserver", "-c", "/dev/null", "--stun-only", "--no-auth", "--no-cli",
        "--no-tls", "--no-dtls", "--no-tcp", "--listening-ip", INET, "--listening-ip", INET2,
        "--log-file", "stdout", "--simple-log", "--pidfile",
        os.path.join(site.lab.directory, "turnserver-own-pid"),
        "--db", os.path.join(site.lab.directory, "turndb"), udp=3478)
    wait_until(lambda: len(udp_listeners(site.inet)) >= 4, what="turnserver listens")
    return server


def udp_listeners(host):
    """Addresses and ports of STUN (and its alternative port, one higher)."""
    seen = host.run("ss", "-lunH").stdout.split()
    return {s for s in seen if s.endswith((":3478", ":3479")) and s.startswith("203.")}


def discover(site, what, port):
    run = site.h1.run("turnutils_natdiscovery", what, "-L", H1, "-l", str(port), INET, timeout=60)
    return run.stdout + run.stderr


@pytest.mark.parametrize("mapping, filtering", MODES)
def test_natdiscovery(site, stun, mapping, filtering):
    config = site.changed(snat=[{**rule, "mapping": mapping, "filtering": filtering,
                                 "port_range": "50000-60000"} for rule in snat_everywhere()])
    site.router.put(config)
    # Ports outside the range: a kept port would look like endpoint-independent mapping.
    base = 41000 + 10 * MODES.index((mapping, filtering))
    assert MAPPING[mapping] in discover(site, "-m", base)
    assert FILTERING[filtering] in discover(site, "-f", base + 1)


def test_hairpin(site, stun):
    """RFC 4787 REQ-9: the host reaches itself by its external address and port."""
    site.router.put(site.changed(snat=[{**rule, "filtering": "endpoint_independent"}
                                       for rule in snat_everywhere()]))
    assert "Received a request (maybe a successful hairpinning)" in discover(site, "-H", 42000)
