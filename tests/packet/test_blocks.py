# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""SNAT rules with port blocks, packet by packet: docs/nat.md."""

import copy

import pytest
from scapy.layers.inet import UDP

from router import expect, hop
from test_mapping import refused, udp
from test_nat import SNAT, ip, snat


@pytest.fixture
def rules(net):
    """Changes both SNAT rules of pub0, which have its address, and applies the configuration."""
    def change(**fields):
        config = copy.deepcopy(net.config)
        for rule in config["snat"][:2]:
            rule.update(fields)
        assert net.router.configure(config) == ""
    return change


def flow(net, host, sport, dport=1):
    return snat(net, host, udp(host, net.inet, sport, dport), net.inet)


def reply(net, host, sport, port, dport=1):
    """The answer to a flow finds its host."""
    p = ip(net.inet.ip, SNAT, UDP(sport=dport, dport=port) / b"a")
    expect(net.inet.send(p), host, hop(p, dst=host.ip, dport=sport))


def test_hosts_have_blocks_of_their_own(net, rules):
    rules(port_block_size=64, max_sessions_per_host=1000)
    ports = {host.ip: [flow(net, host, 5000 + n) for n in range(70)]
             for host in (net.h1, net.h1b, net.h2)}
    blocks = {ip: {port // 64 for port in of_host} for ip, of_host in ports.items()}
    assert [len(of_host) for of_host in blocks.values()] == [2, 2, 2]
    assert len(set().union(*blocks.values())) == 6
    for of_host in ports.values():
        assert len(set(of_host)) == 70
        assert all(1024 <= port <= 10239 or port >= 32768 for port in of_host)
    for host in (net.h1, net.h1b, net.h2):
        reply(net, host, 5069, ports[host.ip][69])
    own = ports[net.h1.ip][69] // 64 * 64
    free = next(p for p in range(own, own + 64) if p not in ports[net.h1.ip])
    assert flow(net, net.h1b, free) != free  # somebody else's
    assert flow(net, net.h1, free) == free
    assert net.router.stats()["degraded"] == 0


def test_a_host_without_a_block_is_refused(net, rules):
    rules(port_block_size=64, port_range="2048-2175", max_port_blocks_per_host=1)
    flow(net, net.h1, 5000)
    flow(net, net.h1b, 5000)
    refused(net.h2.send(udp(net.h2, net.inet, 5000, 1)), net.h2)
    assert net.router.stats()["drops"]["nat_no_port"] == 1
    flow(net, net.h1, 5001)


@pytest.mark.parametrize("filtering", ["address_and_port_dependent", "endpoint_independent"])
def test_sharing_by_destination_stays_in_own_blocks(net, rules, filtering):
    rules(port_block_size=64, port_range="2048-4095", max_port_blocks_per_host=1,
          max_sessions_per_host=1000, filtering=filtering)
    ports = [flow(net, net.h1, 5000 + n) for n in range(64)]
    assert {port // 64 for port in ports} == {ports[0] // 64}
    if filtering == "endpoint_independent":
        refused(net.h1.send(udp(net.h1, net.inet, 6000, 2)), net.h1)
    else:
        shared = flow(net, net.h1, 6000, 2)
        assert shared in ports
        reply(net, net.h1, 6000, shared, 2)
        refused(net.h1.send(udp(net.h1, net.inet, 6001, 1)), net.h1)
        assert net.router.stats()["degraded"] == 1
    assert flow(net, net.h1b, 6000) // 64 != ports[0] // 64
    assert net.router.stats()["drops"]["nat_no_port"] == 1


def test_endpoint_dependent_rule_with_blocks(net, rules):
    rules(port_block_size=64, mapping="endpoint_dependent", max_sessions_per_host=1000)
    first = flow(net, net.h1, 5000)
    own = first // 64 * 64
    port = own + 7 if first != own + 7 else own + 8
    assert flow(net, net.h1, port, 1) == port
    assert flow(net, net.h1, port, 2) == port  # one port, two destinations
    other = flow(net, net.h1b, port, 3)
    assert other // 64 != own // 64  # free for that destination, but not its block
    reply(net, net.h1b, port, other, 3)
    stats = net.router.stats()
    assert (stats["mappings"], stats["degraded"]) == (0, 0)


@pytest.mark.parametrize("mapping", ["endpoint_independent", "endpoint_dependent"])
def test_a_block_goes_back_with_its_last_session(net, rules, mapping):
    rules(port_block_size=64, port_range="2048-2111", mapping=mapping)
    flow(net, net.h1, 5000)
    refused(net.h1b.send(udp(net.h1b, net.inet, 5000, 1)), net.h1b)
    net.router.advance(200)
    flow(net, net.h1, 5001)
    net.router.advance(200)  # the first flow is over, the second is not
    assert net.router.stats()["sessions"] == 1
    refused(net.h1b.send(udp(net.h1b, net.inet, 5000, 1)), net.h1b)
    net.router.advance(200)
    flow(net, net.h1b, 5000)
    refused(net.h1.send(udp(net.h1, net.inet, 5000, 1)), net.h1)


def test_a_narrower_range_ends_cut_blocks(net, rules):
    rules(port_block_size=128, port_range="2048-2303")
    own = flow(net, net.h1, 5000) // 128 * 128
    port, cut = (own + 100, "2112-2303") if own == 2048 else (own + 10, "2048-2239")
    assert flow(net, net.h1, port) == port  # in the new range, but its block is not
    other = flow(net, net.h1b, 5000)
    rules(port_block_size=128, port_range=cut)
    net.router.advance(1)
    assert net.router.stats()["sessions"] == 1
    reply(net, net.h1b, 5000, other)
    refused(net.h1.send(udp(net.h1, net.inet, own + 64, 1)), net.h1)  # the other block is taken


def test_another_block_size_serves_at_once(net, rules):
    """The block of the old size is still there when the first flow with the new size comes."""
    rules(port_block_size=64, port_range="2048-2303")
    old = flow(net, net.h1, 5000) // 64
    rules(port_block_size=128, port_range="2048-2303")
    port = flow(net, net.h1b, 5000)
    assert port // 128 != old // 2
    net.router.advance(1)
    stats = net.router.stats()
    assert (stats["sessions"], stats["hosts"]) == (1, 1)
    reply(net, net.h1b, 5000, port)
    flow(net, net.h1, 5000)


def test_rules_of_one_address_have_one_block_size(net):
    config = copy.deepcopy(net.config)
    config["snat"][0]["port_block_size"] = 64
    assert "/snat/1/port_block_size" in net.router.configure(config)
