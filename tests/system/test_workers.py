# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Two workers: the same translation whoever takes the packet, under parallel flows, with exact
accounting at the end."""

import socket

import traffic
from vpc import EIP, H1, H2, INET, ISP2, PUB0, PUB1, VIP, snat_everywhere, vips
from wait import wait_until

FLOWS = 300
SOURCES = ("received", "injected", "generated", "taken_over")
SINKS = ("sent", "punted", "dropped", "consumed", "handed_over", "held")

SITE = {"cores": "0,1", "vips": vips(), "snat": snat_everywhere(),
        "eips": [{"name": "eip-h1", "vip": "vip-eip", "target": H1}],
        "port_forwards": [{"name": "web", "vip": "vip-web", "protocol": "tcp", "ports": "8080",
                           "target": H2, "target_ports": "80"}]}


def workers(site):
    return site.api.get("state/dataplane")["workers"]


def assert_accounts_balance(site):
    for worker in workers(site):
        accounts = worker["accounts"]
        assert sum(accounts[a] for a in SOURCES) == sum(accounts[a] for a in SINKS), accounts


def test_there_are_two(site):
    assert len(workers(site)) == 2


def test_every_kind_of_flow(site):
    web = {h.name: site.web(h) for h in site.hosts.values()}
    for source, address, port, server, seen in (
            (site.h1, H2, 80, "h2", H1), (site.h2, INET, 80, "inet", PUB0),
            (site.h2, ISP2, 80, "isp2", PUB1), (site.h1, INET, 80, "inet", EIP),
            (site.inet, EIP, 80, "h1", INET), (site.inet, VIP, 8080, "h2", INET),
            (site.h1, EIP, 80, "h1", PUB0), (site.h2, VIP, 8080, "h2", PUB0)):
        answer = traffic.fetch(source, address, port)
        assert answer.body == server, (source.name, address, answer.error)
        assert traffic.seen_client(web[server], answer) == seen


def test_many_flows_each_get_their_own_answer(site):
    """Both workers create sessions at the same time; no answer goes to another flow."""
    with site.inet.socket(socket.SOCK_DGRAM, 7300) as server:
        clients = [site.h2.socket(socket.SOCK_DGRAM) for _ in range(FLOWS)]
        try:
            for i, client in enumerate(clients):
                client.sendto(str(i).encode(), (INET, 7300))
            peers = {}
            for _ in clients:
                text, peer = server.recvfrom(100)
                peers[peer] = text
            assert len(peers) == FLOWS
            assert {p[0] for p in peers} == {PUB0}
            for peer, text in peers.items():
                server.sendto(b"answer " + text, peer)
            for i, client in enumerate(clients):
                assert client.recvfrom(100)[0] == b"answer %d" % i
        finally:
            for client in clients:
                client.close()
    wait_until(lambda: len(site.sessions(protocol="udp", limit=1000)) >= FLOWS)


def test_parallel_transfers(site):
    server = traffic.Iperf3Server(site.inet)
    for options in (["-P", 8], ["-P", 8, "-R"], ["-P", 8, "--bidir"]):
        result = traffic.iperf3(site.h2, INET, 2, *options, port=server.port)
        assert "error" not in result, result["error"]


def test_the_accounts_balance_to_the_packet(site):
    site.router.wait_published()
    assert_accounts_balance(site)
    moved = [w["accounts"]["received"] for w in workers(site)]
    assert all(moved), f"a worker received nothing: {moved}"


def test_the_accounts_balance_under_load(site):
    """A reader sees a consistent copy at any time, not only when nothing moves."""
    server = traffic.Iperf3Server(site.isp2, 5202)
    client = site.lab.spawn("load", ["iperf3", "-c", ISP2, "-p", server.port, "-t", 3, "-P", 4],
                            site.h2.netns)
    before = workers(site)[0]["accounts"]["received"]
    wait_until(lambda: workers(site)[0]["accounts"]["received"] > before)
    reads = 0
    while client.alive():
        assert_accounts_balance(site)
        reads += 1
    assert client.popen.returncode == 0, client.tail()
    assert reads >= 3  # some hundred on a machine that has time for it


def test_changes_under_load_lose_no_flow(site):
    """The configuration changes all the time while a transfer runs; it does not notice."""
    server = traffic.Iperf3Server(site.isp2, 5203)
    client = site.lab.spawn("transfer", ["iperf3", "-J", "-c", ISP2, "-p", server.port, "-t", 3],
                            site.h2.netns)
    commits = 0
    while client.alive():
        extra = {"name": "extra", "vip": "vip-web", "protocol": "udp", "ports": str(9000 + commits),
                 "target": H2}
        site.router.put(site.changed(port_forwards=site.config["port_forwards"] + [extra]))
        commits += 1
    site.router.put(site.config)
    assert client.popen.returncode == 0, client.tail()
    assert commits >= 2
