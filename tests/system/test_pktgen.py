# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The packet generator and the router beside each other, over vhost-user and memif: every packet is
accounted for."""

import json
import os

import pytest

from pktgen import Pktgen
from topology import Router
from wait import wait_until

OPTIONS = ["--sessions", "65536", "--nat-addresses", "4", "--idle-sleep-us", "50"]
PORTS = {"vpc1": ("192.168.10.1", "private", "vhost_user"),
         "vpc2": ("192.168.11.1", "private", "memif"),
         "pub0": ("203.0.113.1", "public", "vhost_user")}
PEERS = {"vhost_user": "virtio-user", "memif": "memif"}
QUEUES = {"vhost_user": 2, "memif": 1}
HOSTS = {"vpc1": "192.168.10.10", "vpc2": "192.168.11.10", "pub0": "203.0.113.10"}
PUB0, EIP, INET = "203.0.113.1", "203.0.113.20", "203.0.113.100-203.0.113.101"
EIP_HOST = "192.168.10.200"
PROTOCOLS = ("udp", "tcp", "icmp")

# Fewer packets than a ring holds: however long one of the two processes waits for the CPU, nothing
# overflows.
PACKETS = 900
RUN = ("--rate", 5000, "--packets", PACKETS, "--learn-rate", 5000, "--learn-rounds", 20, "--drain", 10)
INSIDE = {"tx": "vpc1", "src": "192.168.10.100-192.168.10.109", "sport": "1000-1009"}


class SharedMemorySite:
    """The router with vhost-user and memif ports, two workers; the generator is all hosts."""

    def __init__(self, lab):
        self.lab = lab
        self.router = Router(lab, cores="0,1", options=OPTIONS)
        self.api = self.router.api
        self.router.start()
        self.sockets = {name: os.path.join(lab.directory, f"{name}.sock") for name in PORTS}
        self.router.put({
            "version": 1, "interfaces": [self._interface(name) for name in PORTS],
            "vips": [{"name": "eip", "address": EIP, "interface": "pub0"}],
            "eips": [{"name": "eip", "vip": "eip", "target": EIP_HOST}],
            "snat": [{"name": "all", "source": "192.168.10.0/24", "interface": "pub0"}]})
        ports = {name: f"ip={HOSTS[name]}/24,gateway={address},arp={EIP_HOST},"
                       f"queues={QUEUES[driver]},{PEERS[driver]}={self.sockets[name]}"
                 for name, (address, _, driver) in PORTS.items()}
        self.pktgen = Pktgen(self.router, ports)
        del ports["vpc2"]  # memif has no jumbo frames
        self.jumbo = Pktgen(self.router, ports)

    def _interface(self, name):
        address, role, driver = PORTS[name]
        made = {"name": name, "role": role, "addresses": [f"{address}/24"],
                "mtu": 1500 if driver == "memif" else 9000,
                "queues": QUEUES[driver],
                "port": {"driver": driver, "address": self.sockets[name]}}
        return {**made, "gateway": HOSTS[name]} if role == "public" else made

    def describe(self):
        drops = {d["reason"]: d["packets"] for d in self.api.items("state/drops") if d["packets"]}
        return f"drops {drops}\n{self.lab.logs()}"


@pytest.fixture(scope="module")
def site(lab):
    made = SharedMemorySite(lab)
    yield made
    made.router.stop()


def flows(name, **keys):
    return "--flows", ",".join([name, *(f"{k}={v}" for k, v in keys.items())])


def protocols(**keys):
    """A set for each protocol."""
    return [a for p in PROTOCOLS for a in flows(p, proto=p, **keys)]


def assert_exact(counts, sent):
    """Nothing was lost, came twice or late, damaged, or with another translation than before."""
    assert counts["sent"] == sent
    assert counts["received"] == sent
    for bad in ("lost", "reordered", "duplicated", "corrupt", "mistranslated", "skipped",
                "flows_with_loss"):
        assert counts[bad] == 0, bad
    assert counts["latency_us"]["samples"] == sent
    assert counts["bytes_sent"] == counts["bytes_received"]


def directions(report):
    """{(set, direction): counts}"""
    return {(s["name"], d): counts for s in report["sets"] for d, counts in s["directions"].items()}


def test_forwarding_both_ways(site):
    report = site.pktgen.run(*RUN, *protocols(rx="vpc2", dst="192.168.11.100-192.168.11.109",
                                              count=100, direction="both", size="imix", **INSIDE))
    assert report["learn"]["missing"] == 0
    assert report["run"]["stopped_by"] == "packets"
    assert_exact(report["total"], PACKETS)
    found = directions(report)
    assert len(found) == 6
    for counts in found.values():
        assert abs(counts["sent"] - PACKETS / 6) < PACKETS / 20
        assert_exact(counts, counts["sent"])
    assert report["total"]["bytes_sent"] > 200 * PACKETS  # IMIX


def test_snat_and_back(site):
    """Jumbo frames too; the answers go to ports that the router chose."""
    report = site.jumbo.run(*RUN, *protocols(rx="pub0", dst=INET, count=100, direction="both",
                                             size="64-9018", **INSIDE))
    assert [s["learned"] for s in report["sets"]] == [100, 100, 100]
    assert_exact(report["total"], PACKETS)
    sessions = site.api.items("state/nat/sessions?limit=1000")
    assert len(sessions) == 300
    # The generator opened TCP at both ends.
    assert {s.get("state") for s in sessions if s["protocol"] == "tcp"} == {"established"}


def test_an_eip_from_outside(site):
    """Stateless, in both directions; ARP is answered for the target, which no set has."""
    report = site.pktgen.run(*RUN, *protocols(tx="pub0", rx="vpc1", src=INET, dst=EIP,
                                              sport="1000-1099", count=100, direction="both"))
    assert_exact(report["total"], PACKETS)
    arp = {p["name"]: p["arp_replies"] for p in report["ports"]}
    assert arp["vpc1"] >= 1


def test_new_flows(site):
    """Each TCP packet opens a connection, after it closed another one; of UDP half of the packets."""
    # One destination, which the router knows once the first flow has been learned.
    to = {"rx": "pub0", "dst": "203.0.113.100", "dport": "1-100", "count": 50, **INSIDE}
    report = site.pktgen.run(
        "--rate", 2000, "--packets", 400, "--drain", 10, "--learn-rounds", 20,
        *flows("tcp", proto="tcp", new="100%", **to), *flows("udp", new="50%", **to))
    tcp, udp = (s["new"] for s in report["sets"])
    found = directions(report)
    assert abs(tcp["opened"] - 200) < 50
    assert found["tcp", "forward"]["sent"] == 0
    assert tcp["opened"] + udp["opened"] + found["udp", "forward"]["sent"] == 400
    assert abs(udp["opened"] - found["udp", "forward"]["sent"]) <= 1
    for counts in (tcp, udp):
        assert counts["arrived"] == counts["opened"]
        assert counts["close_arrived"] == counts["closing"]
        assert counts["reused"] == 0
    assert tcp["answered"] == tcp["closed"] == tcp["closing"] == tcp["opened"]
    assert_exact(found["udp", "forward"], found["udp", "forward"]["sent"])


def test_a_signal_ends_the_run(site):
    """The report is written as ever."""
    path = os.path.join(site.lab.directory, "report.json")
    process = site.lab.spawn("pktgen", site.pktgen.argv(
        "--rate", 1000, "--seconds", 600, "--json", path,
        *flows("f", rx="vpc2", dst="192.168.11.100", **INSIDE)))
    wait_until(lambda: "measuring" in process.output())
    assert process.stop() == 0
    with open(path, encoding="utf-8") as f:
        report = json.load(f)
    assert report["run"]["stopped_by"] == "signal"
    assert report["run"]["duration_s"] < 600
    assert "(until: signal)" in process.output()


def test_what_the_router_drops_is_lost(site):
    """Nobody is at this address: a set that is learned is an error, one that is not is all lost."""
    nowhere = {"rx": "pub0", "dst": "192.168.11.77", "count": 10, **INSIDE}
    done = site.pktgen.start("--learn-rounds", 1, *flows("nowhere", **nowhere))
    assert done.returncode == 1
    assert "flows nowhere: nothing of 10 packets came out of port pub0" in done.stderr
    done = site.pktgen.start("--packets", 100, "--rate", 5000, "--drain", 0.1, "--max-loss", 0.5,
                             *flows("nowhere", learn="no", **nowhere))
    assert done.returncode == 3
    counts = site.pktgen.report(done)["total"]
    assert (counts["sent"], counts["received"], counts["lost"], counts["loss"]) == (100, 0, 100, 1)
    assert (counts["flows_with_loss"], counts["max_lost_of_a_flow"]) == (10, 10)
